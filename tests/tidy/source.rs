//! One source file as the rules see it: its tokens without comments and without the code of tests,
//! and the paths that it names.
//!
//! Nothing is compiled and no macro is expanded, so what a macro of ours names at its user's is
//! left out (`$crate`), and paths in code that only tests compile do not count.

use ra_ap_parser::{Edition, LexedStr, SyntaxKind};

/// A token; of a text (a string literal) all of it, with its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub kind: SyntaxKind,
}

impl Token {
    fn is_name(&self) -> bool {
        let is_path_word = matches!(self.text.as_str(), "crate" | "self" | "super");
        self.kind == SyntaxKind::IDENT || is_path_word
    }
}

/// The tokens of a text, without comments and space.
pub fn tokens(text: &str) -> Vec<Token> {
    let lexed = LexedStr::new(Edition::Edition2024, text);
    let all = (0..lexed.len()).map(|index| (lexed.kind(index), lexed.text(index)));
    all.filter(|(kind, _)| !kind.is_trivia())
        .map(|(kind, text)| Token { text: text.to_owned(), kind })
        .collect()
}

/// Takes the items out that only tests compile. Returns the rest, and the modules among those items
/// whose code is in files of their own.
pub fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let (mut rest, mut modules) = (Vec::new(), Vec::new());
    let mut index = 0;
    while index < tokens.len() {
        if !is_sequence(&tokens[index..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            rest.push(tokens[index].clone());
            index += 1;
            continue;
        }
        let end = index + item_length(&tokens[index..]);
        let item = &tokens[index..end];
        if item.last().is_some_and(|last| last.text == ";")
            && let Some(at) = item.iter().position(|token| token.text == "mod")
            && let Some(name) = item.get(at + 1)
        {
            modules.push(name.text.clone());
        }
        index = end;
    }
    (rest, modules)
}

/// How many tokens an item has, its attributes included: up to its `;`, or to the end of its block.
fn item_length(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth -= 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return index + 1;
                }
            }
            ";" if depth == 0 => return index + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Whether the tokens begin with these texts.
pub fn is_sequence(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.text == *text)
}

/// The tokens behind these texts, if they begin with them.
pub fn without<'a>(tokens: &'a [Token], texts: &[&str]) -> Option<&'a [Token]> {
    is_sequence(tokens, texts).then(|| &tokens[texts.len()..])
}

/// A name that a `use` brings into its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// As code knows it; `*` for all of a module.
    pub name: String,
    pub path: Vec<String>,
    pub is_public: bool,
}

/// What a file names: by `use`, and by paths of at least two names in its code.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub imports: Vec<Import>,
    pub paths: Vec<Vec<String>>,
}

impl Names {
    pub fn of(tokens: &[Token]) -> Names {
        let mut names = Names::default();
        let mut index = 0;
        while index < tokens.len() {
            let before = index.checked_sub(1).map(|before| tokens[before].text.as_str());
            let is_continued = is_sequence(&tokens[index.saturating_sub(2)..], &[":", ":"]);
            if tokens[index].text == "use" && before != Some("+") {
                let mut imports = Vec::new();
                index = tree(tokens, index + 1, Vec::new(), &mut imports);
                let is_public = matches!(before, Some("pub" | ")"));
                let public = imports.into_iter().map(|import| Import { is_public, ..import });
                names.imports.extend(public);
            } else if tokens[index].is_name() && !is_continued && !matches!(before, Some("." | "$"))
            {
                let path = path(&tokens[index..]);
                index += 3 * path.len() - 2;
                if path.len() > 1 {
                    names.paths.push(path);
                }
            } else {
                index += 1;
            }
        }
        names
    }
}

/// The path that the tokens begin with.
fn path(tokens: &[Token]) -> Vec<String> {
    let mut path = vec![tokens[0].text.clone()];
    let mut rest = &tokens[1..];
    while is_sequence(rest, &[":", ":"]) && rest.get(2).is_some_and(Token::is_name) {
        path.push(rest[2].text.clone());
        rest = &rest[3..];
    }
    path
}

/// Reads the tree of a `use` from a place on; returns the place behind it.
fn tree(tokens: &[Token], at: usize, mut prefix: Vec<String>, imports: &mut Vec<Import>) -> usize {
    let mut at = at;
    let mut name = None;
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            ":" => at += 1,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token.text != "}") {
                    at = tree(tokens, at, prefix.clone(), imports);
                    at += usize::from(tokens.get(at).is_some_and(|token| token.text == ","));
                }
                return at + 1;
            }
            "as" => {
                name = tokens.get(at + 1).map(|token| token.text.clone());
                at += 2;
            }
            "*" => {
                name = Some("*".to_owned());
                at += 1;
            }
            "self" if !prefix.is_empty() => at += 1,
            text if token.is_name() => {
                prefix.push(text.to_owned());
                at += 1;
            }
            _ => break,
        }
    }
    if let Some(last) = prefix.last() {
        let name = name.unwrap_or_else(|| last.clone());
        imports.push(Import { name, path: prefix, is_public: false });
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Names {
        Names::of(&tokens(text))
    }

    fn imports(text: &str) -> Vec<(String, String)> {
        let imports = names(text).imports.into_iter();
        imports.map(|import| (import.name, import.path.join("::"))).collect()
    }

    #[test]
    fn trees_of_imports_are_taken_apart() {
        let text = "use crate::a::{self, B, c::{D as E, *}}; pub(crate) use super::f; use g::H;";
        let expected = [
            ("a", "crate::a"),
            ("B", "crate::a::B"),
            ("E", "crate::a::c::D"),
            ("*", "crate::a::c"),
            ("f", "super::f"),
            ("H", "g::H"),
        ];
        let expected = expected.map(|(name, path)| (name.to_owned(), path.to_owned()));
        assert_eq!(imports(text), expected);
        let public: Vec<bool> = names(text).imports.iter().map(|it| it.is_public).collect();
        assert_eq!(public, [false, false, false, false, true, false]);
    }

    #[test]
    fn paths_in_code_are_seen_and_those_in_comments_texts_and_macros_are_not() {
        let text = "// crate::a::B\nfn f(x: crate::c::D) { \"crate::e\"; g::h::<crate::i::J>(); \
                    k.l(); $crate::m::N }";
        let paths: Vec<String> = names(text).paths.iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["crate::c::D", "g::h", "crate::i::J"]);
    }

    #[test]
    fn tests_are_left_out() {
        let text = "fn a() {} #[cfg(test)] #[allow(x)] mod tests { fn b() { json!({}) } } fn c() {} \
                    #[cfg(test)] mod d; #[cfg(test)] use e::F;";
        let (rest, modules) = without_tests(&tokens(text));
        assert_eq!(rest, tokens("fn a() {} fn c() {}"));
        assert_eq!(modules, ["d"]);
    }
}
