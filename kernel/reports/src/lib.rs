//! What cargo and rustdoc write in JSON, as types.
//!
//! serde makes some thousand functions of those types. They are a crate of their own so that they are compiled beside
//! others, and quickly: the kernel's own code, which comes last and is optimised, calls three functions.
#![forbid(unsafe_code)]

pub use cargo_metadata::{Artifact, Metadata, NodeDep, Package, PackageId};
pub use rustdoc_types as rustdoc;

use cargo_metadata::{Message, MetadataCommand};

/// What one line of `cargo build --message-format json` says of a crate that was compiled or found compiled; `None` for
/// any other line.
pub fn artifact(line: &str) -> Option<Artifact> {
    match serde_json::from_str(line) {
        Ok(Message::CompilerArtifact(artifact)) => Some(artifact),
        _ => None,
    }
}

/// What `cargo metadata --format-version 1` has printed.
pub fn metadata(text: &str) -> cargo_metadata::Result<Metadata> {
    MetadataCommand::parse(text)
}

/// What `rustdoc --output-format json` has written about a crate.
pub fn document(text: &[u8]) -> serde_json::Result<rustdoc::Crate> {
    serde_json::from_slice(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_crates_are_artifacts() {
        for line in ["", "warning: unused", "{}", r#"{"reason":"build-finished","success":true}"#] {
            assert_eq!(artifact(line), None);
        }
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        for text in ["", "{", "[]", r#"{"packages":[]}"#] {
            assert!(metadata(text).is_err());
            assert!(document(text.as_bytes()).is_err());
        }
    }
}
