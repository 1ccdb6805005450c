//! What a cell's source tells about running the cell again: what it may change on the way, and
//! what else than the session its values come from.
//!
//! Pure, and by words: a name that means something else only makes a claim more careful.

use ra_ap_syntax::{NodeOrToken, SyntaxKind, SyntaxToken};

use super::parse::words;
use crate::engine::syntax::Tree;

/// What to expect of a second run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Habits {
    /// The cell writes into the memory of tensors, which otherwise never change.
    pub writes_tensors: bool,
    /// What the cell asks outside the session, which may answer otherwise the next time.
    pub asks: Option<&'static str>,
    /// The cell starts what may go on after it: threads, programs, alarms.
    pub leaves_running: bool,
}

/// candle's operations on tensors in place.
const WRITES: &[&str] = &[
    "slice_set",
    "scatter_set",
    "scatter_add_set",
    "zero_set",
    "one_set",
    "const_set",
    "inplace_op1",
    "inplace_op2",
    "inplace_op3",
];

const ASKS: &[(&str, &str)] = &[
    ("Instant", "the clock"),
    ("SystemTime", "the clock"),
    ("Utc", "the clock"),
    ("Local", "the clock"),
    ("RandomState", "the system for a random seed"),
    ("ThreadRng", "the system for a random seed"),
    ("thread_rng", "the system for a random seed"),
    ("OsRng", "the system for a random seed"),
    ("from_os_rng", "the system for a random seed"),
    ("from_entropy", "the system for a random seed"),
    ("getrandom", "the system for a random seed"),
    ("File", "files"),
    ("fs", "files"),
    ("TcpStream", "the network"),
    ("UdpSocket", "the network"),
    ("reqwest", "the network"),
    ("ureq", "the network"),
    ("Command", "another program"),
    ("env", "the environment"),
];

const LEAVES: &[&str] = &["spawn", "fork", "alarm", "setitimer", "timer_create", "Builder"];

impl Habits {
    /// Those of a source, the items that it needs included.
    pub fn of(source: &str) -> Habits {
        let mut habits = Habits::default();
        for word in words(source) {
            let word = word.as_str();
            habits.writes_tensors |= WRITES.contains(&word);
            habits.leaves_running |= LEAVES.contains(&word);
            let asked = || ASKS.iter().find(|(name, _)| *name == word).map(|(_, what)| *what);
            habits.asks = habits.asks.or_else(asked);
        }
        if habits.asks.is_none() && source.contains("rand::rng()") {
            habits.asks = Some("the system for a random seed");
        }
        habits
    }
}

/// Methods that leave a number, a text or a collection of std as it is.
const READERS: &[&str] = &[
    "as_bytes",
    "as_ref",
    "as_slice",
    "as_str",
    "chars",
    "clone",
    "contains",
    "contains_key",
    "copied",
    "ends_with",
    "enumerate",
    "first",
    "get",
    "is_empty",
    "is_none",
    "is_some",
    "iter",
    "join",
    "keys",
    "last",
    "len",
    "lines",
    "max",
    "min",
    "starts_with",
    "sum",
    "to_owned",
    "to_string",
    "to_vec",
    "trim",
    "values",
    "windows",
    "chunks",
    "powi",
    "powf",
    "sqrt",
    "abs",
];

/// Whether a cell may change a variable that holds plain values; a mention that is not seen to
/// only read counts as a change.
pub fn may_write(code: &str, name: &str) -> bool {
    let tree = Tree::parse(code);
    let tokens = tree.root().descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let tokens: Vec<SyntaxToken> = tokens.filter(|it| !it.kind().is_trivia()).collect();
    let mentions = |token: &SyntaxToken| token.kind() == SyntaxKind::IDENT && token.text() == name;
    (0..tokens.len()).any(|at| mentions(&tokens[at]) && !only_reads(&tokens, at))
}

fn only_reads(tokens: &[SyntaxToken], at: usize) -> bool {
    use SyntaxKind::*;
    let kind = |at: usize| tokens.get(at).map_or(EOF, SyntaxToken::kind);
    let before = at.checked_sub(1).map_or(EOF, kind);
    if before == MUT_KW {
        return false;
    }
    let mut next = at + 1;
    // `name[index]`, which an assignment may follow.
    while kind(next) == L_BRACK {
        next = behind_bracket(tokens, next);
    }
    match kind(next) {
        DOT => {
            let is_reader = tokens.get(next + 1).is_some_and(|it| READERS.contains(&it.text()));
            is_reader && kind(next + 2) == L_PAREN
        }
        EQ => kind(next + 1) == EQ,
        PLUS | MINUS | STAR | SLASH | PERCENT | AMP | PIPE | CARET => kind(next + 1) != EQ,
        PLUSEQ | MINUSEQ | STAREQ | SLASHEQ | PERCENTEQ | AMPEQ | PIPEEQ | CARETEQ | SHLEQ
        | SHREQ | QUESTION => false,
        _ => true,
    }
}

fn behind_bracket(tokens: &[SyntaxToken], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind() {
            SyntaxKind::L_BRACK => depth += 1,
            SyntaxKind::R_BRACK => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_told_from_writing() {
        for code in [
            "v.len()",
            "show!(v, \"a\");",
            "format!(\"{v:?}\")",
            "let w = v.clone();",
            "f(&v);",
            "v[0] + v[v.len() - 1]",
            "v == w",
            "if v.is_empty() { 1 } else { 2 }",
            "v",
            "v + 1",
            "for x in v.iter() {}",
            "for x in &v {}",
            "w.push(v);",
        ] {
            assert!(!may_write(code, "v"), "{code}");
        }
        for code in [
            "v.push(1);",
            "v = 2;",
            "v += 1;",
            "f(&mut v);",
            "v[0] = 1;",
            "v[0][1] -= 1;",
            "v.sort();",
            "v.x = 1;",
            "let f = || v.push(1);",
            "vec.map(|x| v.insert(x))",
            "v <<= 1;",
            "assert_eq!(v.pop(), None);",
            "v.iter_mut().for_each(|x| *x = 0);",
        ] {
            assert!(may_write(code, "v"), "{code}");
        }
    }

    #[test]
    fn sources_tell_what_they_ask() {
        for (source, asks) in [
            ("let t = std::time::Instant::now();", Some("the clock")),
            ("let text = std::fs::read_to_string(path)?;", Some("files")),
            ("let mut rng = rand::rng();", Some("the system for a random seed")),
            ("let instant = torch::rand(&[2])?;", None),
        ] {
            assert_eq!(Habits::of(source).asks, asks, "{source}");
        }
        assert!(Habits::of("x.slice_set(&y, 0, 1)?;").writes_tensors);
        assert!(Habits::of("std::thread::spawn(|| {});").leaves_running);
        assert_eq!(Habits::of("let y = F::relu(&x)?;"), Habits::default());
    }
}
