//! Functions as values: a variable that holds `f32::abs` has a type of that function alone, which no
//! other cell can write. It is kept as a pointer to the function, whose type is the signature.
//!
//! Pure, by the text of the type as the compiler prints it: the signature, and the function's path in
//! braces behind it.

/// The expression for a variable's value with pointers in place of functions, if its type has
/// functions in it and is otherwise one that a later cell can write.
pub fn with_pointers(type_text: &str, value: &str) -> Option<String> {
    type_text.contains('{').then(|| cast(type_text, value)).flatten()
}

fn cast(type_text: &str, value: &str) -> Option<String> {
    let text = type_text.trim();
    if !text.contains('{') {
        return Some(value.to_owned());
    }
    if let Some(pointer) = pointer(text) {
        return Some(format!("{value} as {pointer}"));
    }
    if let Some(inner) = inside(text, "(", ")") {
        let parts = split(inner).into_iter().zip(0..);
        let parts: Option<Vec<String>> =
            parts.map(|(part, number)| cast(part, &format!("{value}.{number}"))).collect();
        return Some(format!("({},)", parts?.join(", ")));
    }
    let each = |inner: &str| Some(format!("|it| {}", cast(inner, "it")?));
    if let Some((inner, _)) = inside(text, "[", "]").and_then(|it| it.rsplit_once("; ")) {
        return Some(format!("{value}.map({})", each(inner)?));
    }
    if let Some(inner) = inside(text, "std::option::Option<", ">") {
        return Some(format!("{value}.map({})", each(inner)?));
    }
    let inner = inside(text, "std::vec::Vec<", ">")?;
    let all = "collect::<::std::vec::Vec<_>>()";
    Some(format!("{value}.into_iter().map({}).{all}", each(inner)?))
}

/// The type of a pointer to the function; none if the type is not that of one function.
fn pointer(text: &str) -> Option<&str> {
    let is_function = ["fn(", "for<", "unsafe ", "extern "].iter().any(|it| text.starts_with(it));
    let (signature, path) = text.strip_suffix('}')?.split_once(" {")?;
    // The path of a function in a closure has braces too, and nothing behind them.
    let is_last = !path.contains(" {") && !path.contains('}') || path.contains("{closure#");
    (is_function && is_last && !signature.contains("impl ")).then_some(signature)
}

fn inside<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

/// The parts of a list between its commas.
fn split(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start, mut before) = (Vec::new(), 0i32, 0, ' ');
    for (at, c) in list.char_indices() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if before != '-' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    if !list[start..].trim().is_empty() {
        parts.push(&list[start..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(type_text: &str, expected: Option<&str>) {
        assert_eq!(with_pointers(type_text, "x").as_deref(), expected, "{type_text}");
    }

    #[test]
    fn functions_become_pointers() {
        check("fn(f32) -> f32 {std::f32::<impl f32>::abs}", Some("x as fn(f32) -> f32"));
        check("fn() {hello}", Some("x as fn()"));
        check(
            "for<'a> fn(&'a str) -> &'a str {m::first}",
            Some("x as for<'a> fn(&'a str) -> &'a str"),
        );
        check("unsafe fn(*const u8) {m::f::<u8>}", Some("x as unsafe fn(*const u8)"));
        check("fn(f32, f32) -> Point {Point}", Some("x as fn(f32, f32) -> Point"));
    }

    #[test]
    fn functions_inside_of_other_values_do_too() {
        check("(&str, fn(f32) -> f32 {half})", Some("(x.0, x.1 as fn(f32) -> f32,)"));
        check(
            "(fn(u8, u8) -> u8 {a}, (u8, fn() {b}))",
            Some("(x.0 as fn(u8, u8) -> u8, (x.1.0, x.1.1 as fn(),),)"),
        );
        check("[fn() {a}; 2]", Some("x.map(|it| it as fn())"));
        check("std::option::Option<fn() {a}>", Some("x.map(|it| it as fn())"));
        check(
            "std::vec::Vec<(u8, fn() {a})>",
            Some("x.into_iter().map(|it| (it.0, it.1 as fn(),)).collect::<::std::vec::Vec<_>>()"),
        );
    }

    #[test]
    fn what_has_no_name_still_has_none() {
        check("{closure@cell.rs:1:1: 1:3}", None);
        check("(i32, {closure@cell.rs:1:1: 1:3})", None);
        check("Wrap<fn() {a}>", None);
        check("fn({closure@cell.rs:1:1: 1:3}) {m::f::<{closure@cell.rs:1:1: 1:3}>}", None);
        check("fn(u8) -> impl Iterator<Item = u8> {f}", None);
        check("f32", None);
    }
}
