//! `fn main` of a cell that has items alone, as programs have: it runs with its cell. Pure.

use ra_ap_syntax::AstNode;
use ra_ap_syntax::ast::{self, HasAttrs, HasName};

use super::parse::{ItemKey, Parsed, Piece, Statement};
use crate::engine::syntax::Tree;

/// The cell with a call of its `main`, if it does nothing else. An error that `main` returns is the cell's.
pub fn with_main(mut parsed: Parsed) -> Parsed {
    if !parsed.statements.is_empty() || parsed.tail.is_some() {
        return parsed;
    }
    let is_main = |key: &ItemKey| *key == ItemKey::Value("main".to_owned());
    let Some(item) = parsed.items.iter().find(|it| is_main(&it.key)) else { return parsed };
    let tree = Tree::parse(&item.piece.text);
    let functions = tree.root().descendants().filter_map(ast::Fn::cast);
    let Some(main) =
        functions.into_iter().find(|it| it.name().is_some_and(|name| name.text() == "main"))
    else {
        return parsed;
    };
    if main.param_list().is_some_and(|it| it.params().next().is_some()) {
        return parsed;
    }
    let returned = main.ret_type().map(|it| it.syntax().text().to_string()).unwrap_or_default();
    // An attribute such as `#[tokio::main]` makes an ordinary function of it.
    let awaits = main.async_token().is_some() && main.attrs().next().is_none();
    let call = if awaits { "main().await" } else { "main()" };
    let text = match returned.contains("Result") {
        true => format!("{call}?;"),
        false => format!("let _ = {call};"),
    };
    let piece = Piece { text, ..item.piece.clone() };
    parsed.is_async |= awaits;
    parsed.mentions.insert("main".to_owned());
    parsed.statements.push(Statement { piece, variables: Vec::new() });
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::instant::parse::parse;

    fn check(code: &str, expected: &str) {
        let parsed = with_main(parse(code).expect("it is a list of statements"));
        let texts = parsed.statements.iter().map(|it| it.piece.text.as_str());
        assert_eq!(texts.collect::<Vec<_>>().join(" "), expected, "{code}");
    }

    #[test]
    fn main_runs_where_a_cell_is_a_program() {
        check("fn main() { f() } fn f() {}", "let _ = main();");
        check("fn main() -> Result<(), String> { Ok(()) }", "main()?;");
        check("#[tokio::main]\nasync fn main() {}", "let _ = main();");
        check("async fn main() {}", "let _ = main().await;");
        check("fn main() {}\nmain();", "main();");
        check("fn main() {}\nlet x = 1;", "let x = 1;");
        check("fn main(x: u8) {}", "");
        check("mod m { pub fn main() {} }", "");
    }
}
