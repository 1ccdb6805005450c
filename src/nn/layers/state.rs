//! The tensors of a model by name: to files in the safetensors format, and back.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io};

use candle_core::{Device, Result, Tensor, Var};

use crate::error::fail;

/// Tensors by name, as [`Layer::state_dict`](super::Layer::state_dict) gives and takes them.
pub type StateDict = BTreeMap<String, Tensor>;

/// Writes named tensors to a file in the safetensors format, which PyTorch reads as well.
///
/// The file is complete or not there: it takes its name when all is written.
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
    let tensors = tensors
        .into_iter()
        .map(|(name, tensor)| Ok((name.into(), tensor.contiguous()?)))
        .collect::<Result<HashMap<String, Tensor>>>()?;
    write(&tensors, path.as_ref())
}

fn write(tensors: &HashMap<String, Tensor>, path: &Path) -> Result<()> {
    let beside = beside(path);
    let written = candle_core::safetensors::save(tensors, &beside).and_then(|()| {
        // The content must be on the disk before the file gets its name.
        fs::File::open(&beside)?.sync_all()?;
        Ok(fs::rename(&beside, path)?)
    });
    if let Err(error) = written {
        let _ = fs::remove_file(&beside);
        return fail("nn::save", format_args!("{} can't be written: {error}", path.display()));
    }
    Ok(())
}

/// A name in the same folder that nobody else writes to.
fn beside(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}-{number}.tmp", std::process::id()))
}

/// Reads the tensors of a file in the safetensors format.
///
/// # Errors
///
/// If there is no such file, or it is of another format.
pub fn load(path: impl AsRef<Path>) -> Result<StateDict> {
    let path = path.as_ref();
    if !path.exists() {
        let error = io::Error::from(io::ErrorKind::NotFound);
        return fail("nn::load", format_args!("{} can't be read: {error}", path.display()));
    }
    match candle_core::safetensors::load(path, &Device::Cpu) {
        Ok(tensors) => Ok(tensors.into_iter().collect()),
        Err(error) => fail("nn::load", format_args!("{} can't be read: {error}", path.display())),
    }
}

/// Sets the variables from the tensors of the same names.
pub(super) fn take(head: &str, state: &[(String, Var)], given: &StateDict) -> Result<()> {
    let name = head.split('(').next().unwrap_or(head);
    let known = state.iter().map(|(name, _)| name).collect::<Vec<_>>();
    let missing = known.iter().filter(|name| !given.contains_key(**name)).copied();
    let unexpected = given.keys().filter(|name| !known.contains(name));
    let mut complaints = Vec::new();
    for (title, names) in [
        ("Missing", missing.map(quoted).collect::<Vec<_>>()),
        ("Unexpected", unexpected.map(quoted).collect()),
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
