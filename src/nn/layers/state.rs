//! The state dict of a model: taken back whole or not at all; and `nn`'s own ways to files.
//!
//! The dict itself and its files are in `state_dict.rs` at the root.

use std::path::Path;

use candle_core::{Result, Tensor, Var};

use crate::error::fail;
use crate::state_dict::{self, StateDict};

/// Writes named tensors to a file in the safetensors format, which PyTorch reads as well.
///
/// [`torch::save`](crate::torch::save) does the same for layers and state dicts.
///
/// # Errors
///
/// If the file can't be written.
///
/// ```
/// use akari::prelude::*;
/// # let folder = std::env::temp_dir().join(format!("akari-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("x.safetensors");
/// nn::save([("x", &tensor!([1.0, 2.0]))], &path)?;
/// assert_eq!(nn::load(&path)?["x"].to_vec1::<f32>()?, [1.0, 2.0]);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save<'a, N: Into<String>>(
    tensors: impl IntoIterator<Item = (N, &'a Tensor)>,
    path: impl AsRef<Path>,
) -> Result<()> {
    let tensors = tensors.into_iter().map(|(name, tensor)| (name.into(), tensor.clone())).collect();
    state_dict::write("nn::save", &tensors, path.as_ref())
}

/// Reads the tensors of a file in the safetensors format.
///
/// # Errors
///
/// If there is no such file, or it is of another format.
pub fn load(path: impl AsRef<Path>) -> Result<StateDict> {
    state_dict::read("nn::load", path.as_ref())
}

/// Sets the variables from the tensors of the same names.
pub(super) fn take(name: &str, state: &[(String, Var)], given: &StateDict) -> Result<()> {
    let known = state.iter().map(|(name, _)| name).collect::<Vec<_>>();
    let missing = known.iter().filter(|name| !given.contains_key(**name)).copied();
    // PyTorch sorts these, and lists the others in the model's order.
    let mut unexpected = given.keys().filter(|name| !known.contains(name)).collect::<Vec<_>>();
    unexpected.sort();
    let mut complaints = Vec::new();
    for (title, names) in [
        ("Missing", missing.map(quoted).collect::<Vec<_>>()),
        ("Unexpected", unexpected.into_iter().map(quoted).collect()),
    ] {
        if !names.is_empty() {
            complaints.push(format!("{title} key(s) in state_dict: {}. ", names.join(", ")));
        }
    }
    for (name, var) in state {
        if let Some(tensor) = given.get(name).filter(|tensor| tensor.dims() != var.dims()) {
            complaints.push(format!(
                "size mismatch for {name}: copying a param with shape torch.Size({:?}) from checkpoint, the shape in current model is torch.Size({:?}).",
                tensor.dims(),
                var.dims()
            ));
        }
    }
    if !complaints.is_empty() {
        return fail(
            &format!("nn::{name}"),
            format_args!(
                "Error(s) in loading state_dict for {name}:\n\t{}",
                complaints.join("\n\t")
            ),
        );
    }
    for (name, var) in state {
        if let Some(tensor) = given.get(name) {
            // A variable's own memory can't be copied onto itself.
            var.set(&tensor.to_dtype(var.dtype())?.copy()?)?;
        }
    }
    Ok(())
}

fn quoted(name: &String) -> String {
    format!("\"{name}\"")
}
