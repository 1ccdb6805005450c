//! A name that may be completed, and what is known of it. Plain data; `names` has all of them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A name that may be completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// `F`, `nn`, ..; empty for names that stand alone.
    pub module: String,
    pub name: String,
    pub kind: Cow<'static, str>,
    /// A type or a signature.
    pub detail: String,
    pub documentation: String,
}
