//! What code of an older edition of Rust runs into in a newer one. Pure.

use super::compile::Diagnostic;

/// Words of errors that code of an older edition has in a newer one, with what that one wants.
const WANTS: &[(&str, &str, &str)] = &[
    ("reserved keyword `gen`", "2024", "has the keyword `gen`; write `r#gen`"),
    ("extern blocks must be unsafe", "2024", "wants `unsafe extern`"),
    ("unsafe attribute used without unsafe", "2024", "wants `#[unsafe(..)]` around this attribute"),
    (
        "call to unsafe function `std::env::set_var`",
        "2024",
        "wants `unsafe { std::env::set_var(..) }`; `:env NAME=value` does the same",
    ),
    (
        "call to unsafe function `std::env::remove_var`",
        "2024",
        "wants `unsafe { std::env::remove_var(..) }`",
    ),
    ("expected a type, found a trait", "2021", "wants `dyn` before a trait: `Box<dyn Trait>`"),
    ("`...` range patterns are not allowed", "2021", "wants `..=` in patterns"),
    ("reserved keyword `try`", "2018", "has the keyword `try`; write `r#try`"),
    ("reserved keyword `async`", "2018", "has the keyword `async`; write `r#async`"),
    ("reserved keyword `dyn`", "2018", "has the keyword `dyn`; write `r#dyn`"),
];

/// What the edition wants where an error comes of the edition, in one line.
pub fn hint(diagnostic: &Diagnostic) -> Option<String> {
    if let Some((_, year, wants)) = WANTS.iter().find(|it| diagnostic.message.contains(it.0)) {
        let older = match *year {
            "2024" => "2021",
            "2021" => "2018",
            // No cell is of an edition before it.
            _ => return Some(format!("Rust {wants} since edition {year}")),
        };
        return Some(format!(
            "edition {year} {wants}; `:edition {older}` at the top of the cell takes the code as it is"
        ));
    }
    let speaks_of_2024 = |it: &Diagnostic| it.message.contains("2024");
    let is_of_2024 = speaks_of_2024(diagnostic) || diagnostic.children.iter().any(speaks_of_2024);
    is_of_2024.then(|| {
        "this is so since edition 2024; `:edition 2021` at the top of the cell takes the code as it was"
            .to_owned()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hint_of(message: &str, note: &str) -> Option<String> {
        let child = json!({ "message": note, "level": "note", "code": null, "rendered": null });
        let text = json!({
            "message": message, "level": "error", "code": null, "rendered": null, "children": [child]
        });
        hint(&serde_json::from_value(text).unwrap())
    }

    #[test]
    fn errors_of_an_edition_say_what_it_wants() {
        let keyword = hint_of("expected identifier, found reserved keyword `gen`", "").unwrap();
        assert!(keyword.contains("`r#gen`") && keyword.contains("`:edition 2021`"), "{keyword}");
        let found = hint_of("expected a type, found a trait", "").unwrap();
        assert!(found.contains("`:edition 2018`"), "{found}");
        assert!(hint_of("x", "for more information, see <../rust-2024/x.html>").is_some());
        assert_eq!(hint_of("mismatched types", "expected `u8`"), None);
    }
}
