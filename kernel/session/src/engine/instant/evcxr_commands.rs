//! Commands that notebooks written for evcxr have and that do nothing here: each says why.
//!
//! "Run all" goes through such a notebook, since the note is no error. Commands with a meaning are
//! in `command`, which asks here last.

/// Each command with the one line that it answers.
const NOTES: &[(&str, &str)] = &[
    (
        ":allow_static_linking",
        "crates of `:dep` are always linked into one shared object, so there is nothing to choose",
    ),
    (
        ":build_env",
        "cells see the environment that the kernel was started in; set the variable before you start Jupyter",
    ),
    (":cache", "compiled cells are always kept, up to 512 MB for all notebooks (`AKARI_CELLS_MB`)"),
    (
        ":clear_cache",
        "compiled cells are kept under a hash of all that made them, so none is ever out of date",
    ),
    (
        ":codegen_backend",
        "cells are compiled by rustc's own backend, which the prelude was built with",
    ),
    (":efmt", "an error of `?` is shown by its `Display`, with its causes"),
    (
        ":fmt",
        "a last value is shown by its `Debug`, tensors as PyTorch prints them; `format!` shows a value another way",
    ),
    (":internal_debug", "`AKARI_LOG=debug` makes the kernel tell what it does"),
    (
        ":last_error_json",
        "errors are drawn from the compiler's messages; `:explain` tells more about the last one",
    ),
    (":linker", "cells are linked by the toolchain's own rust-lld, which is the fastest at hand"),
    (":load_config", "there is no configuration file to load; `:help` lists what can be set"),
    (":lsp", "Tab and Shift-Tab need no language server of yours"),
    (
        ":offline",
        "cargo reaches the network only for a crate of a `:dep` line that was never downloaded",
    ),
    (":preserve_vars_on_panic", "variables are always kept when a cell panics"),
    (
        ":quit",
        "a notebook's kernel is ended by its client (Kernel, Shut Down); all variables are still there",
    ),
    (":sccache", "compiled cells and dependencies are always kept, without sccache"),
    (":shutdown_lsp", "Tab and Shift-Tab need no language server of yours"),
    (":time_passes", "`:timing` shows the time that each cell takes"),
    (
        ":toolchain",
        "cells are compiled by the toolchain that the prelude was built with; `akari doctor` names it",
    ),
    (":types", "`:vars` and `:type NAME` tell the types of variables"),
];

/// The commands that are answered here.
pub fn names() -> impl Iterator<Item = &'static str> {
    NOTES.iter().map(|(name, _)| *name)
}

/// The answer to a command that does nothing here.
pub fn note(word: &str) -> Option<String> {
    let (_, note) = NOTES.iter().find(|(name, _)| *name == word)?;
    Some(format!("{word} is not needed: {note}"))
}
