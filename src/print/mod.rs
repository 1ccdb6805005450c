//! PyTorch's printing of tensors, and the text of any value in `show!`.

mod format;
mod layout;
pub mod options;
pub mod python;
pub mod show;
pub(crate) mod width;

pub use layout::{Suffix, dtype_name, parameter_text, tensor_text, tensor_text_with};
