//! What a linker says, without the command that called it.
//!
//! Pure.

use crate::engine::instant::compile::Diagnostic;
use crate::engine::traceback::Message;

/// The message for a cell that could not be linked; none for any other error.
pub fn message(diagnostic: &Diagnostic) -> Option<Message> {
    if !diagnostic.message.starts_with("linking with ") {
        return None;
    }
    let lines = diagnostic.children.iter().flat_map(|child| child.message.lines());
    let faults = lines.filter_map(|line| {
        let (_, fault) = line.split_once("error: ").or_else(|| line.split_once("ld: "))?;
        (!fault.contains("ld returned")).then(|| fault.trim().to_owned())
    });
    let faults: Vec<String> = faults.collect();
    let missing = faults.iter().find_map(|fault| {
        let name =
            fault.split("-l").nth(1)?.split(|c: char| c.is_whitespace() || c == ':').next()?;
        (fault.contains("find")).then_some(name)
    });
    let (text, helps) = match (missing, faults.first()) {
        (Some(name), _) => (
            format!("the library `{name}` was not found"),
            vec![format!(
                "install it (its `-dev` package has what is linked), or mend the name in `#[link(name = \"{name}\")]`"
            )],
        ),
        (None, Some(fault)) => (format!("the cell can't be linked: {fault}"), Vec::new()),
        (None, None) => ("the cell can't be linked".to_owned(), Vec::new()),
    };
    let notes = match faults.is_empty() {
        true => diagnostic.children.iter().map(|child| child.message.clone()).collect(),
        false => Vec::new(),
    };
    Some(Message { text, notes, helps, ..Message::default() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(note: &str, expected: &str) {
        let note = json!({ "message": note, "level": "note", "code": null, "spans": [] });
        let error = json!({
            "message": "linking with `cc` failed: exit status: 1", "level": "error", "code": null,
            "spans": [], "children": [note],
        });
        let error: Diagnostic = serde_json::from_value(error).expect("it has all fields");
        let text = message(&error).map(|message| message.text);
        assert_eq!(text.as_deref(), Some(expected));
    }

    #[test]
    fn the_fault_stands_alone() {
        let end = "\ncollect2: error: ld returned 1 exit status";
        check(
            &format!("rust-lld: error: unable to find library -lnowhere{end}"),
            "the library `nowhere` was not found",
        );
        check(
            "/usr/bin/ld: cannot find -lnowhere: No such file",
            "the library `nowhere` was not found",
        );
        check(
            &format!("rust-lld: error: duplicate symbol: f{end}"),
            "the cell can't be linked: duplicate symbol: f",
        );
        check("something else", "the cell can't be linked");
    }
}
