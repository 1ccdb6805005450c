//! The lines in which PyTorch prints a layer with parts.
//!
//! Parts of a list have names such as `layers.0`, and are printed as PyTorch's `ModuleList` is: in
//! brackets of their own, with equal neighbours in one line.

use crate::print::python::module_repr;

/// A layer's head, such as `Net()`, with its children's texts by name.
pub(super) fn with_children(head: &str, children: Vec<(String, String)>) -> String {
    let mut lines = Vec::new();
    let mut rest = children.into_iter().peekable();
    while let Some((name, text)) = rest.next() {
        let Some((list, first)) = name.split_once('.') else {
            lines.push((name, text));
            continue;
        };
        let mut all = vec![(first.to_owned(), text)];
        let in_list = |name: &str| {
            let (of, key) = name.split_once('.')?;
            (of == list).then(|| key.to_owned())
        };
        while let Some(key) = rest.peek().and_then(|(name, _)| in_list(name)) {
            all.extend(rest.next().map(|(_, text)| (key, text)));
        }
        lines.push((list.to_owned(), list_of(all)));
    }
    module_repr(head.strip_suffix("()").unwrap_or(head), &lines)
}

/// A list of layers: `ModuleList`, or `ModuleDict` where the keys aren't numbers.
fn list_of(all: Vec<(String, String)>) -> String {
    let is_number = |key: &str| key.split('.').next().is_some_and(|it| it.parse::<usize>().is_ok());
    let head = match all.iter().all(|(key, _)| is_number(key)) {
        true => "ModuleList()",
        false => "ModuleDict()",
    };
    if head == "ModuleDict()" || all.iter().any(|(key, _)| key.contains('.')) {
        return with_children(head, all);
    }
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut rest = all.into_iter().peekable();
    while let Some((first, text)) = rest.next() {
        let (mut last, mut count) = (first.clone(), 1);
        while let Some((key, _)) = rest.next_if(|(_, other)| *other == text) {
            (last, count) = (key, count + 1);
        }
        if count == 1 {
            lines.push((first, text));
        } else {
            lines.push((format!("{first}-{last}"), format!("{count} x {text}")));
        }
    }
    module_repr("ModuleList", &lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(children: &[(&str, &str)], expected: &str) {
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        assert_eq!(with_children("Net()", children.iter().map(own).collect()), expected);
    }

    #[test]
    fn parts_stand_in_lines_of_their_own() {
        check(&[("a", "ReLU()"), ("b", "Tanh()")], "Net(\n  (a): ReLU()\n  (b): Tanh()\n)");
        let inner = "Sequential(\n  (0): ReLU()\n)";
        check(&[("a", inner)], "Net(\n  (a): Sequential(\n    (0): ReLU()\n  )\n)");
    }

    #[test]
    fn lists_are_printed_as_pytorchs_with_equal_neighbours_in_one_line() {
        let relus = [("l.0", "ReLU()"), ("l.1", "ReLU()"), ("l.2", "Tanh()"), ("out", "GELU()")];
        check(
            &relus,
            "Net(\n  (l): ModuleList(\n    (0-1): 2 x ReLU()\n    (2): Tanh()\n  )\n  (out): GELU()\n)",
        );
        check(
            &[("m.a", "ReLU()"), ("m.b", "ReLU()")],
            "Net(\n  (m): ModuleDict(\n    (a): ReLU()\n    (b): ReLU()\n  )\n)",
        );
        check(
            &[("m.0.0", "ReLU()"), ("m.0.1", "ReLU()")],
            "Net(\n  (m): ModuleList(\n    (0): ModuleList(\n      (0-1): 2 x ReLU()\n    )\n  )\n)",
        );
    }
}
