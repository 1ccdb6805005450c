//! The Rust paths that generated code calls, without a leading `::`, and the name of its crate.
//!
//! The prelude defines the functions and macros under these paths; the kernel writes calls of them
//! into each cell, finds the calls in the compiler's MIR, and keeps the names out of messages.

/// The crate that every cell is compiled as. A type of one cell is the same type in the next only if
/// the crates of both have one name.
pub const CELL_CRATE: &str = "akari_cell_code";

/// How the paths of a cell's own types begin, in what `std::any::type_name` says.
pub const CELL_TYPES: &str = "akari_cell_code::";

/// How the paths of functions begin that only generated code calls.
pub const INTERNALS: &str = "akari::rt::";

/// Runs the body of a cell.
pub const RUN: &str = "akari::rt::run";

/// The error type of a cell's body.
pub const FAILED: &str = "akari::rt::Failed";

/// The trait with the method that notes where a `?` hands an error on.
pub const QUESTIONED: &str = "akari::rt::Questioned";

/// That method.
pub const AT: &str = "__akari_at";

/// Waits for a future at the top level of a cell.
pub const BLOCK_ON: &str = "akari::rt::block_on";

/// Notes what is to be done before the next cell; a crate calls it when it is loaded.
pub const BEFORE_CELLS: &str = "akari::rt::before_cells";

/// Keeps a variable for later cells.
pub const PUT: &str = "akari::rt::put";

/// Asks whether a variable is there with a type.
pub const HAS: &str = "akari::rt::has";

/// Takes a variable out of the store.
pub const TAKE: &str = "akari::rt::take";

/// Puts a variable back after a cell, as it was before if the cell failed.
pub const PUT_BACK: &str = "akari::rt::put_back";

/// Puts a variable back that moved into a cell which failed.
pub const BRING_BACK: &str = "akari::rt::bring_back";

/// The macro that copies a variable before a cell.
pub const BEFORE: &str = "akari::__before";

/// The macro that displays the last value of a cell.
pub const LAST_VALUE: &str = "akari::__last_value";

/// Whether a value of this type, as the compiler prints it, locks stdin, stdout or stderr. A variable
/// would lock it for all later cells, so none is kept.
pub fn locks_a_stream(type_text: &str) -> bool {
    ["StdinLock<", "StdoutLock<", "StderrLock<"].iter().any(|lock| type_text.contains(lock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_belong_together_agree() {
        assert_eq!(CELL_TYPES, format!("{CELL_CRATE}::"));
        for path in [RUN, FAILED, BLOCK_ON, BEFORE_CELLS, PUT, HAS, TAKE, PUT_BACK, BRING_BACK] {
            assert!(path.starts_with(INTERNALS), "{path}");
        }
    }
}
