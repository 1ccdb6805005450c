//! The types of expressions in a cell, without a compiler: from what names are known as, and from signatures.
//!
//! `scope` finds what names mean at a place, `expression` what an expression is, `members` what values of a type
//! have. Nothing here knows the client.

mod expression;
mod iterators;
pub mod members;
pub mod scope;
mod signature;
pub mod types;
