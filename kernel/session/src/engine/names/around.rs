//! What a place in code lies inside of: the arguments of a call, or the fields of a struct. Told from tokens.

use ra_ap_parser::{Edition, LexedStr, SyntaxKind};

/// An open bracket, and what stands in front of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around<'a> {
    /// The path in front of the bracket: `nn::Linear::new`. A macro's has its `!`.
    pub path: &'a str,
    /// Where the path ends.
    pub end: usize,
    pub bracket: char,
    /// The first names of the parts between commas that are written in front of the place.
    pub given: Vec<&'a str>,
    /// Whether nothing of the part that the place is in stands in front of the place.
    pub is_at_start: bool,
    /// Whether the bracket begins what is defined, and not a value.
    is_definition: bool,
}

/// The brackets that are open at the end of the code, the innermost first.
pub fn around(code: &str) -> Vec<Around<'_>> {
    let lexed = LexedStr::new(Edition::Edition2024, code);
    let mut open: Vec<(usize, Vec<usize>)> = vec![];
    for at in 0..lexed.len() {
        match lexed.kind(at) {
            SyntaxKind::L_PAREN | SyntaxKind::L_BRACK | SyntaxKind::L_CURLY => {
                open.push((at, vec![at]));
            }
            SyntaxKind::R_PAREN | SyntaxKind::R_BRACK | SyntaxKind::R_CURLY => {
                open.pop();
            }
            SyntaxKind::COMMA | SyntaxKind::SEMICOLON => {
                if let Some((_, separators)) = open.last_mut() {
                    separators.push(at);
                }
            }
            _ => {}
        }
    }
    let before = open.iter().rev();
    before
        .filter_map(|(bracket, separators)| of_bracket(code, &lexed, *bracket, separators))
        .collect()
}

fn of_bracket<'a>(
    code: &'a str,
    lexed: &LexedStr<'a>,
    bracket: usize,
    separators: &[usize],
) -> Option<Around<'a>> {
    let is_trivia = |at: usize| lexed.kind(at).is_trivia();
    let before = |at: usize| (0..at).rev().find(|at| !is_trivia(*at));
    let end = before(bracket)?;
    let mut start = end;
    if lexed.kind(start) == SyntaxKind::BANG {
        start = start.checked_sub(1)?;
    }
    if lexed.kind(start) != SyntaxKind::IDENT && lexed.text(start) != "Self" {
        return None;
    }
    // The lexer gives `::` as two tokens, as `->`.
    let is_colon = |at: usize| lexed.kind(at) == SyntaxKind::COLON;
    while let Some(name) = start.checked_sub(3)
        && is_colon(start - 1)
        && is_colon(start - 2)
        && (lexed.kind(name) == SyntaxKind::IDENT || lexed.text(name) == "Self")
    {
        start = name;
    }
    let is_definition = before(start).is_some_and(|at| {
        use SyntaxKind::*;
        matches!(
            lexed.kind(at),
            STRUCT_KW | ENUM_KW | UNION_KW | TRAIT_KW | IMPL_KW | FOR_KW | MOD_KW | FN_KW
        ) || lexed.kind(at) == R_ANGLE && at > 0 && lexed.kind(at - 1) == MINUS
    });
    let first_after = |at: usize| (at + 1..lexed.len()).find(|it| !is_trivia(*it));
    let mut given: Vec<&str> = separators
        .iter()
        .filter_map(|at| first_after(*at))
        .filter(|at| lexed.kind(*at) == SyntaxKind::IDENT)
        .map(|at| &code[lexed.text_range(at)])
        .collect();
    let is_at_start = separators.last().is_some_and(|at| first_after(*at).is_none());
    if !is_at_start && given.len() == separators.len() {
        given.pop();
    }
    let place = |at: usize| lexed.text_range(at);
    Some(Around {
        path: &code[place(start).start..place(end).end],
        end: place(if lexed.kind(end) == SyntaxKind::BANG { end - 1 } else { end }).end,
        bracket: lexed.text(bracket).chars().next().unwrap_or('('),
        given,
        is_at_start,
        is_definition,
    })
}

impl<'a> Around<'a> {
    /// The type whose field may be named at the place, if it is one where fields are.
    pub fn record(&self) -> Option<&'a str> {
        let last = self.path.rsplit("::").next()?;
        let is_type = last.starts_with(char::is_uppercase) && !self.is_definition;
        (self.bracket == '{' && self.is_at_start && is_type).then_some(last)
    }

    /// The type that a macro with keyword arguments makes, if the place may be the name of one.
    pub fn keywords(&self) -> Option<&'a str> {
        let name = self.path.rsplit("::").next()?.strip_suffix('!')?;
        let is_type = name.starts_with(char::is_uppercase);
        (self.bracket == '(' && self.is_at_start && is_type).then_some(name)
    }

    /// Whether the path is called, or makes a value.
    pub fn is_use(&self) -> bool {
        !self.is_definition
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(code: &str) -> Option<(&str, Vec<&str>)> {
        let all = around(code);
        let first = all.into_iter().next()?;
        first.record().map(|name| (name, first.given))
    }

    #[test]
    fn records_are_found_with_what_they_have() {
        assert_eq!(record("optim::SGDConfig { "), Some(("SGDConfig", vec![])));
        assert_eq!(record("f(x, C { lr: g(1, 2), n,\n  "), Some(("C", vec!["lr", "n"])));
        assert_eq!(record("値(Config {"), Some(("Config", vec![])));
        for code in [
            "C { lr: ",
            "struct C { ",
            "impl C { ",
            "if x { ",
            "fn f() -> C { ",
            "C(",
            "for C {",
            "",
        ] {
            assert_eq!(record(code), None, "{code}");
        }
    }

    #[test]
    fn calls_are_found_from_the_inside() {
        let paths: Vec<&str> = around("show!(F::softmax(&x, ").iter().map(|it| it.path).collect();
        assert_eq!(paths, ["F::softmax", "show!"]);
        let all = around("nn::seq![a, ");
        assert_eq!((all[0].path, all[0].end), ("nn::seq!", 7));
        assert!(around("(1 + ").is_empty());
    }
}
