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

/// What is no name that could be typed, but a fact about the values of a type: what they are looked
/// through as, what one goes through, the traits that they implement.
pub const TARGET: &str = "<Target>";
pub const ITEM: &str = "<Item>";
pub const ITEM_OF_REFERENCE: &str = "<&Item>";
/// What a data set has of examples.
pub const EXAMPLE: &str = "<Example>";
pub const TRAIT: &str = "<Trait>";

/// The module of the members that values of a type have.
pub fn of_values(type_name: &str) -> String {
    format!(".{type_name}")
}

impl Name {
    /// Whether this can be typed.
    pub fn is_name(&self) -> bool {
        !self.name.starts_with('<')
    }
}
