//! Named tensors: the state of a model or an optimizer, and the files that keep it.
//!
//! Layers (`nn/layers`) and optimizers (`optim/state_dict.rs`) say what belongs to their state and take it
//! back; `torch::save` and `torch::load` are the functions that a notebook calls. Files are in the safetensors
//! format, and complete or not there: a file takes its name when all of it is on the disk.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io};

use candle_core::{Device, Result, Tensor};

use crate::error::fail;

/// Tensors by name, in the order in which they were put in: what `state_dict()` gives and
/// `load_state_dict` takes, for layers and optimizers alike.
///
/// It can be used as a `HashMap<String, Tensor>`, for example with candle's `safetensors::save`.
///
/// ```
/// use akari::prelude::*;
/// let state = nn::Linear::new(2, 1)?.state_dict()?;
/// assert_eq!(state.names(), ["weight", "bias"]);
/// assert_eq!(state["weight"].dims(), &[1, 2]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct StateDict {
    names: Vec<String>,
    tensors: HashMap<String, Tensor>,
}

impl StateDict {
    /// A dict without tensors.
    pub fn new() -> Self {
        StateDict::default()
    }

    /// The names, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.names.iter()
    }

    /// The tensors, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &Tensor> {
        self.iter().map(|(_, tensor)| tensor)
    }

    /// Names and tensors, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Tensor)> {
        self.names.iter().filter_map(|name| Some((name, self.tensors.get(name)?)))
    }

    /// Puts a tensor in; gives back the one that had the name, whose place it takes.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) -> Option<Tensor> {
        let name = name.into();
        let before = self.tensors.insert(name.clone(), tensor);
        if before.is_none() {
            self.names.push(name);
        }
        before
    }

    /// Takes a tensor out.
    pub fn remove(&mut self, name: &str) -> Option<Tensor> {
        let tensor = self.tensors.remove(name)?;
        self.names.retain(|other| other != name);
        Some(tensor)
    }
}

impl Deref for StateDict {
    type Target = HashMap<String, Tensor>;

    fn deref(&self) -> &HashMap<String, Tensor> {
        &self.tensors
    }
}

impl fmt::Debug for StateDict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: Into<String>> Extend<(N, Tensor)> for StateDict {
    fn extend<I: IntoIterator<Item = (N, Tensor)>>(&mut self, tensors: I) {
        for (name, tensor) in tensors {
            self.insert(name, tensor);
        }
    }
}

impl<N: Into<String>> FromIterator<(N, Tensor)> for StateDict {
    fn from_iter<I: IntoIterator<Item = (N, Tensor)>>(tensors: I) -> Self {
        let mut dict = StateDict::new();
        dict.extend(tensors);
        dict
    }
}

impl IntoIterator for StateDict {
    type Item = (String, Tensor);
    type IntoIter = std::vec::IntoIter<(String, Tensor)>;

    fn into_iter(mut self) -> Self::IntoIter {
        let names = std::mem::take(&mut self.names).into_iter();
        let named = names.filter_map(|name| self.tensors.remove_entry(&name));
        named.collect::<Vec<_>>().into_iter()
    }
}

impl<'a> IntoIterator for &'a StateDict {
    type Item = (&'a String, &'a Tensor);
    type IntoIter = std::vec::IntoIter<(&'a String, &'a Tensor)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter().collect::<Vec<_>>().into_iter()
    }
}

impl From<&StateDict> for StateDict {
    fn from(dict: &StateDict) -> Self {
        dict.clone()
    }
}

/// By the order of the names, since a map of this kind has another one in each process.
impl From<HashMap<String, Tensor>> for StateDict {
    fn from(tensors: HashMap<String, Tensor>) -> Self {
        let mut names = tensors.keys().cloned().collect::<Vec<_>>();
        names.sort();
        StateDict { names, tensors }
    }
}

impl From<&HashMap<String, Tensor>> for StateDict {
    fn from(tensors: &HashMap<String, Tensor>) -> Self {
        tensors.clone().into()
    }
}

impl From<BTreeMap<String, Tensor>> for StateDict {
    fn from(tensors: BTreeMap<String, Tensor>) -> Self {
        tensors.into_iter().collect()
    }
}

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

impl Save for HashMap<String, Tensor> {
    fn named_tensors(&self) -> Result<StateDict> {
        Ok(self.into())
    }
}

impl Save for BTreeMap<String, Tensor> {
    fn named_tensors(&self) -> Result<StateDict> {
        Ok(self.clone().into())
    }
}

impl Save for Tensor {
    fn named_tensors(&self) -> Result<StateDict> {
        Ok([("tensor", self.clone())].into_iter().collect())
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
        return fail(function, format_args!("{} can't be written: {error}", path.display()));
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
        fail(function, format_args!("{} can't be read: {error}", path.display()))
    };
    if !path.exists() {
        return refused(&io::Error::from(io::ErrorKind::NotFound));
    }
    match candle_core::safetensors::load(path, &Device::Cpu) {
        Ok(tensors) => Ok(tensors.into()),
        Err(error) => refused(&error),
    }
}
