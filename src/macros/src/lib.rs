//! Procedural macros of the Akari prelude, which re-exports them: what `macro_rules` can't see.
#![deny(missing_docs)]

mod brackets;
mod formula;
mod methods;
mod text;

use proc_macro::TokenStream;

/// Arithmetic of tensors as PyTorch means it; the prelude documents it.
#[proc_macro]
pub fn t(input: TokenStream) -> TokenStream {
    formula::expand(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
