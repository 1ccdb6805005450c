//! How deep code is nested, told from its tokens alone, before anything recursive reads it.
//!
//! rust-analyzer's parser, and whatever walks or drops its trees, takes stack for every level. The
//! count here errs upwards: brackets, and along the way to each bracket everything that may put one
//! expression, type or pattern into another (operators, keywords, calls). Whoever parses a
//! learner's code calls [`check`] first.

use ra_ap_parser::{Edition, LexedStr, SyntaxKind};

use super::outcome::CellError;
use super::traceback::plain_error;

/// The deepest code that is parsed. A level takes up to 1.2 KB of stack, so code of this depth
/// needs half of the smallest stack that code is parsed on: the 8 MB of `akari run`'s main thread.
const LIMIT: usize = 3_000;

/// The error of code that is nested too deeply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the code is nested too deeply in line {line}: over {LIMIT} brackets, operators or calls one in another; split it with `let`"
)]
pub struct TooDeep {
    /// The number of the line, from 1.
    pub line: usize,
}

impl From<TooDeep> for CellError {
    fn from(error: TooDeep) -> CellError {
        plain_error("CompileError", &error.to_string())
    }
}

/// Refuses code that could overflow the stack of a parser.
pub fn check(code: &str) -> Result<(), TooDeep> {
    let lexed = LexedStr::new(Edition::Edition2024, code);
    let mut path = Path::default();
    for token in (0..lexed.len()).map(|index| (lexed.kind(index), lexed.text_start(index))) {
        path.step(token.0);
        if path.depth > LIMIT {
            let line = code.get(..token.1).map_or(0, |before| before.matches('\n').count()) + 1;
            return Err(TooDeep { line });
        }
    }
    Ok(())
}

/// The open brackets on the way to a token, and the depth inside of each.
#[derive(Debug, Default)]
struct Path {
    outer: Vec<Level>,
    level: Level,
    /// The depth over all levels.
    depth: usize,
    is_after_block: bool,
}

/// The depth inside of one pair of brackets, since the last separator.
#[derive(Debug, Default, Clone, Copy)]
struct Level {
    /// Tokens that nest until the next comma.
    nested: usize,
    /// Tokens `<` and `|`: a comma between two of them separates nothing.
    across: usize,
}

impl Path {
    fn step(&mut self, kind: SyntaxKind) {
        use SyntaxKind::*;
        if kind.is_trivia() {
            return;
        }
        // A statement ended with the block before, unless this token goes on with the block.
        if std::mem::take(&mut self.is_after_block) && (kind == POUND || !binds(kind)) {
            self.separate(true);
        }
        match kind {
            L_CURLY | L_PAREN | L_BRACK => {
                self.outer.push(std::mem::take(&mut self.level));
                self.depth += 1;
            }
            R_CURLY | R_PAREN | R_BRACK => {
                self.separate(true);
                if let Some(level) = self.outer.pop() {
                    // A call or an index nests around the expression before it.
                    self.level = Level { nested: level.nested + 1, ..level };
                }
                self.is_after_block = kind == R_CURLY;
            }
            COMMA => self.separate(false),
            SEMICOLON => self.separate(true),
            L_ANGLE | PIPE => {
                self.level.across += 1;
                self.depth += 1;
            }
            kind if kind.is_punct() || kind.is_keyword(Edition::Edition2024) => {
                self.level.nested += 1;
                self.depth += 1;
            }
            _ => {}
        }
    }

    fn separate(&mut self, is_whole: bool) {
        self.depth -= std::mem::take(&mut self.level.nested);
        if is_whole {
            self.depth -= std::mem::take(&mut self.level.across);
        }
    }
}

/// Whether a token may continue an expression that ends in a block.
fn binds(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::ELSE_KW | SyntaxKind::AS_KW)
        || kind.is_punct() && kind != SyntaxKind::L_CURLY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::syntax::Tree;

    /// Each of these nests once more with each repetition: opener, core, closer.
    pub const KINDS: [(&str, &str, &str); 32] = [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{", "1", "}"),
        ("(", "", ""),
        ("[", "", ""),
        ("{", "", ""),
        ("-", "1", ""),
        ("!", "1", ""),
        ("&", "1", ""),
        ("*", "1", ""),
        ("&mut ", "1", ""),
        ("|| ", "1", ""),
        ("|a, b| ", "1", ""),
        ("move || ", "1", ""),
        ("let _: Vec<", "u8", ">"),
        ("Vec::<", "u8", ">"),
        ("Map<u8, ", "u8", ">"),
        ("if a {} else ", "{}", ""),
        ("if ", "a", " {}"),
        ("match ", "a", " {}"),
        ("return ", "1", ""),
        ("loop { ", "1", " }"),
        ("a = ", "1", ""),
        ("", "a", ".b()"),
        ("", "a", "()"),
        ("", "a", "[0]"),
        ("", "a", "?"),
        ("", "1", " + 1"),
        ("", "1", " as u8"),
        ("", "1", " | 1"),
        ("fn f() -> impl ", "u8", ""),
        ("a!(", "", ")"),
    ];

    fn nested((open, core, close): (&str, &str, &str), count: usize) -> String {
        format!("{}{core}{}", open.repeat(count), close.repeat(count))
    }

    #[test]
    fn f8_nesting_of_every_kind_is_refused() {
        for kind in KINDS {
            assert!(check(&nested(kind, LIMIT + 1)).is_err(), "{kind:?}");
            assert!(check(&nested(kind, 100_000)).is_err(), "{kind:?}");
            assert_eq!(check(&nested(kind, 100)), Ok(()), "{kind:?}");
        }
    }

    #[test]
    fn f8_what_is_not_refused_is_parsed_on_a_small_stack() {
        for kind in KINDS {
            // The most that `check` lets through.
            let (mut low, mut high) = (0, LIMIT + 1);
            while low + 1 < high {
                let middle = usize::midpoint(low, high);
                match check(&nested(kind, middle)) {
                    Ok(()) => low = middle,
                    Err(_) => high = middle,
                }
            }
            let code = nested(kind, low);
            let parsing = std::thread::Builder::new().stack_size(6 << 20).spawn(move || {
                let tree = Tree::parse(&code);
                tree.has_errors() | (tree.root().descendants().count() > 0)
            });
            assert!(parsing.is_ok_and(|it| it.join().is_ok_and(|it| it)), "{kind:?}");
        }
    }

    #[test]
    fn long_code_is_not_deep() {
        let long = |text: &str| text.repeat(100_000);
        for code in [
            format!("[{}]", long("1, ")),
            format!("[{}]", long("-1.0 * f(x)?.y(), ")),
            long("let x = -1 + 2;\n"),
            long("fn f() -> u8 { 1 }\n"),
            long("#[inline]\npub fn f<T: A + B>() -> Vec<u8> { 1 }\n"),
            format!("match x {{ {} }}", long("Some(1) => {}\nNone => {}\n")),
            format!("match x {{ {} }}", long("Some(1) => 1,\n")),
            long("if a { b() } else { c() }\n"),
            format!("\"{}\"", long("(([[{{<")),
            format!("// {}\n", long("(([[{{<")),
            format!("r#\"{}\"#", long("{\"")),
            format!("table! {{ {} }}", long("1 2 3\n")),
        ] {
            assert_eq!(check(&code), Ok(()), "{}", &code[..60]);
        }
    }

    #[test]
    fn error_names_the_line() {
        let error = check(&format!("let a = 1;\n\n{}", "(".repeat(LIMIT + 1)));
        assert_eq!(error, Err(TooDeep { line: 3 }));
    }
}
