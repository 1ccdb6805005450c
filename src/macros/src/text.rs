//! A part of a formula as the learner wrote it, for the text of an error.

use quote::ToTokens;

/// Longer texts end in dots: an error is one line.
const LONGEST: usize = 60;

/// The part on one line, with the spaces that a person would write.
pub(crate) fn of(part: &impl ToTokens, marker: &str) -> String {
    let product = format!("* {marker} *");
    let mut text = part.to_token_stream().to_string().replace(&product, "@").replace('\n', " ");
    for (spaced, tight) in [
        (" . ", "."),
        (" ( ", "("),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" ,", ","),
        (" ;", ";"),
        ("& ", "&"),
        (" :: ", "::"),
        (":: ", "::"),
        (" ::", "::"),
        (" ?", "?"),
        (" [", "["),
        ("[ ", "["),
        (" ]", "]"),
        ("! (", "!("),
        (" !(", "!("),
    ] {
        text = text.replace(spaced, tight);
    }
    // An operator or comma before a bracket has lost its space above.
    for operator in ["+", "-", "*", "/", "%", "@", "==", "!=", "<", ">", "=", ","] {
        for bracket in ["(", "["] {
            text = text.replace(&format!("{operator}{bracket}"), &format!("{operator} {bracket}"));
        }
    }
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(part: &str) -> String {
        of(&syn::parse_str::<syn::Expr>(part).unwrap(), "__at")
    }

    #[test]
    fn texts_are_as_a_person_writes_them() {
        for part in [
            "w * x + b",
            "x.sum(0) / 2.5",
            "(prediction - y).pow(2).mean()",
            "model.forward(&x)? - F::relu(&y)",
            "a * (b + c)",
            "net.layers[0].weight",
            "x += tensor!([[1.], [2.]])",
            "f(a, (b, c))",
        ] {
            assert_eq!(written(part), part);
        }
        assert_eq!(written("x * __at * w"), "x @ w");
    }

    #[test]
    fn long_texts_end_in_dots() {
        let text = written(&["x"; 40].join(" + "));
        assert!(text.chars().count() == LONGEST && text.ends_with("..."));
    }
}
