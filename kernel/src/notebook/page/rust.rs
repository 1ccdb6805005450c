//! A cell's code with colours: the tokens of Rust, told apart by rust-analyzer's lexer, which takes any text.

use std::fmt::Write;

use ra_ap_parser::{Edition, LexedStr, SyntaxKind};

use super::escaped;

/// The code as HTML.
pub fn html(code: &str) -> String {
    let lexed = LexedStr::new(Edition::Edition2024, code);
    let mut out = String::with_capacity(code.len() * 2);
    for at in 0..lexed.len() {
        let text = escaped(lexed.text(at));
        let is_macro = || at + 1 < lexed.len() && lexed.kind(at + 1) == SyntaxKind::BANG;
        let class = match lexed.kind(at) {
            SyntaxKind::COMMENT => "c",
            SyntaxKind::STRING
            | SyntaxKind::BYTE_STRING
            | SyntaxKind::C_STRING
            | SyntaxKind::CHAR
            | SyntaxKind::BYTE => "s",
            SyntaxKind::INT_NUMBER | SyntaxKind::FLOAT_NUMBER => "n",
            SyntaxKind::IDENT if is_macro() => "m",
            SyntaxKind::IDENT if lexed.text(at).starts_with(char::is_uppercase) => "t",
            kind if kind.is_keyword(Edition::Edition2024) => "k",
            _ => {
                out.push_str(&text);
                continue;
            }
        };
        let _ = write!(out, "<span class=\"{class}\">{text}</span>");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_their_classes_and_no_letter_is_lost() {
        assert_eq!(
            html("let x: Vec<u8> = vec![1]; // a\n"),
            "<span class=\"k\">let</span> x: <span class=\"t\">Vec</span>&lt;u8&gt; = <span class=\"m\">vec</span>![<span class=\"n\">1</span>]; <span class=\"c\">// a</span>\n"
        );
        for code in ["", "\"open", "'", ":dep rand", "灯り = \"\\u{zz}\"", "r#\"", "/* open"] {
            let shown = html(code);
            let text = shown.split('<').map(|it| it.split_once('>').map_or(it, |it| it.1));
            assert_eq!(
                text.collect::<String>().replace("&quot;", "\"").replace("&#39;", "'"),
                code
            );
        }
    }
}
