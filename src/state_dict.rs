//! Named tensors: the state of a model or an optimizer, and the files that keep it.
//!
//! Layers (`nn/layers`) and optimizers (`optim/state_dict.rs`) say what belongs to their state and take it
//! back; `torch::save` and `torch::load` are the functions that a notebook calls. Files are in the safetensors
//! format, and complete or not there: a file takes its name when all of it is on the disk.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io};

use candle_core::{Device, Result, Tensor};

use crate::error::fail_file;

/// Tensors by name: what `state_dict()` gives and `load_state_dict` takes, for layers and optimizers alike, and
/// what candle's `safetensors::save` and `load` take and give.
///
/// *Differs from PyTorch*, whose dict keeps an order; [`Layer::state`](crate::nn::Layer::state) has the names and
/// variables of a layer in PyTorch's order.
///
/// ```
/// use akari::prelude::*;
/// let state = nn::Linear::new(2, 1)?.state_dict()?;
/// assert_eq!(state["weight"].dims(), &[1, 2]);
/// assert!(state.contains_key("bias"));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub type StateDict = HashMap<String, Tensor>;

/// What [`torch::save`](crate::torch::save) writes to a file: layers, optimizers, state dicts, a tensor.
#[diagnostic::on_unimplemented(
    message = "`torch::save` writes layers, optimizers, state dicts and tensors, not `{Self}`",
    note = "a struct of layers becomes a layer by `nn::model!(Name {{ field, other }})`"
)]
pub trait Save {
    /// The tensors by name.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    #[doc(hidden)]
    fn named_tensors(&self) -> Result<StateDict>;
}

impl Save for StateDict {
    fn named_tensors(&self) -> Result<StateDict> {
        Ok(self.clone())
    }
}

impl Save for BTreeMap<String, Tensor> {
    fn named_tensors(&self) -> Result<StateDict> {
        Ok(self.clone().into_iter().collect())
    }
}

impl Save for Tensor {
    fn named_tensors(&self) -> Result<StateDict> {
        Ok([("tensor".to_owned(), self.clone())].into())
    }
}

impl Save for candle_core::Var {
    fn named_tensors(&self) -> Result<StateDict> {
        self.as_tensor().named_tensors()
    }
}

/// Writes a layer, an optimizer, a state dict or a tensor to a file in the safetensors format.
///
/// The file is complete or not there: it takes its name when all is written. A layer takes it back by
/// `model.load(path)?`, an optimizer by `optimizer.load(path)?`; [`load`] reads any such file, a single tensor
/// under the name `tensor`.
///
/// *Differs from PyTorch*, whose files hold Python objects; PyTorch reads this one by
/// `safetensors.torch.load_file`. See PyTorch's `torch.save`.
///
/// # Errors
///
/// If the file can't be written.
///
/// ```
/// use akari::prelude::*;
/// # let folder = std::env::temp_dir().join(format!("akari-torch-save-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("model.safetensors");
/// let model = nn::seq![nn::Linear::new(2, 4)?, nn::PReLU::default(), nn::Linear::new(4, 1)?];
/// torch::save(&model, &path)?;
///
/// let again = nn::seq![nn::Linear::new(2, 4)?, nn::PReLU::default(), nn::Linear::new(4, 1)?];
/// again.load(&path)?;
/// let x = tensor!([[0.5, -1.0]]);
/// assert_eq!(again.forward(&x)?.to_vec2::<f32>()?, model.forward(&x)?.to_vec2::<f32>()?);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save<T: Save + ?Sized>(value: &T, path: impl AsRef<Path>) -> Result<()> {
    write("torch::save", &value.named_tensors()?, path.as_ref())
}

/// Reads the tensors of a file in the safetensors format, which [`save`] or PyTorch's safetensors wrote.
///
/// # Errors
///
/// If there is no such file, or it is of another format.
///
/// ```
/// use akari::prelude::*;
/// # let folder = std::env::temp_dir().join(format!("akari-torch-load-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("x.safetensors");
/// torch::save(&tensor!([1.0, 2.0]), &path)?;
/// assert_eq!(torch::load(&path)?["tensor"].to_vec1::<f32>()?, [1.0, 2.0]);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load(path: impl AsRef<Path>) -> Result<StateDict> {
    read("torch::load", path.as_ref())
}

/// Writes the tensors to a file for a function of this name.
pub(crate) fn write(function: &str, tensors: &StateDict, path: &Path) -> Result<()> {
    let contiguous = tensors.iter().map(|(name, tensor)| Ok((name.clone(), tensor.contiguous()?)));
    let contiguous = contiguous.collect::<Result<HashMap<String, Tensor>>>()?;
    let beside = beside(path);
    let written = candle_core::safetensors::save(&contiguous, &beside).and_then(|()| {
        // The content must be on the disk before the file gets its name.
        fs::File::open(&beside)?.sync_all()?;
        Ok(fs::rename(&beside, path)?)
    });
    if let Err(error) = written {
        let _ = fs::remove_file(&beside);
        return fail_file(function, format_args!("{} can't be written: {error}", path.display()));
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

/// Reads the tensors of a file for a function of this name.
pub(crate) fn read(function: &str, path: &Path) -> Result<StateDict> {
    let refused = |error: &dyn fmt::Display| {
        fail_file(function, format_args!("{} can't be read: {error}", path.display()))
    };
    if !path.exists() {
        return refused(&io::Error::from(io::ErrorKind::NotFound));
    }
    match candle_core::safetensors::load(path, &Device::Cpu) {
        Ok(tensors) => Ok(tensors),
        Err(error) => refused(&error),
    }
}
