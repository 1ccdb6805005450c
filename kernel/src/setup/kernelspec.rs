//! The entry by which Jupyter finds the kernel.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// An entry in Jupyter's list of kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    /// Jupyter's name for it, and its folder's.
    pub name: &'static str,
    /// What the learner sees.
    pub display_name: &'static str,
    /// Arguments of `akari kernel`, besides the connection file.
    pub arguments: &'static [&'static str],
}

/// The folder of the default engine's kernelspec under a prefix, or in the user's Jupyter data folder.
pub fn folder(prefix: Option<&Path>) -> Option<PathBuf> {
    let data = match prefix {
        Some(prefix) => prefix.join("share").join("jupyter"),
        None => match std::env::var_os("JUPYTER_DATA_DIR") {
            Some(data) => data.into(),
            None => directories::BaseDirs::new()?.data_dir().join("jupyter"),
        },
    };
    Some(data.join("kernels").join("akari"))
}

/// What all users of a machine share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// The home that learners' kernels only read.
    pub home: PathBuf,
    /// The compiler, so that it is found whatever the learner's `PATH` is; none to look for it.
    pub rustc: Option<PathBuf>,
}

/// The part of `kernel.json` that is read.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub argv: Vec<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

impl Entry {
    pub fn read(folder: &Path) -> Option<Entry> {
        let text = fs::read_to_string(folder.join("kernel.json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// The program that is started.
    pub fn program(&self) -> Option<&Path> {
        self.argv.first().map(Path::new)
    }
}

/// Writes the kernelspec of our own kernel, the whole file or nothing; one for a class names what all share.
pub fn write(
    folder: &Path,
    program: &Path,
    kernel: Kernel,
    class: Option<&Class>,
) -> io::Result<()> {
    let mut argv = vec![program.to_string_lossy().into_owned()];
    argv.extend(["kernel", "--connection-file", "{connection_file}"].map(str::to_owned));
    argv.extend(kernel.arguments.iter().map(ToString::to_string));
    let env = class.map_or_else(environment, of_class);
    write_spec(folder, argv, kernel.display_name, env)
}

/// Writes the kernelspec of evcxr's own kernel, which reads its configuration in a folder.
pub fn write_stock(
    folder: &Path,
    program: &Path,
    kernel: Kernel,
    config: (&'static str, &Path),
) -> io::Result<()> {
    let argv = ["--control_file", "{connection_file}"].map(str::to_owned);
    let argv = [program.to_string_lossy().into_owned()].into_iter().chain(argv).collect();
    let env = BTreeMap::from([(config.0, config.1.to_string_lossy().into_owned())]);
    write_spec(folder, argv, kernel.display_name, env)
}

fn write_spec(
    folder: &Path,
    argv: Vec<String>,
    display_name: &'static str,
    env: BTreeMap<&'static str, String>,
) -> io::Result<()> {
    let spec = Spec {
        argv,
        display_name,
        language: "rust",
        interrupt_mode: "message",
        kernel_protocol_version: "5.5",
        env,
        metadata: Metadata { debugger: false },
    };
    let text = serde_json::to_string_pretty(&spec)?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)?;
    writeln!(file, "{text}")?;
    file.persist(folder.join("kernel.json"))?;
    Ok(())
}

/// `kernel.json`, see <https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs>.
#[derive(Serialize)]
struct Spec {
    argv: Vec<String>,
    display_name: &'static str,
    language: &'static str,
    interrupt_mode: &'static str,
    kernel_protocol_version: &'static str,
    env: BTreeMap<&'static str, String>,
    metadata: Metadata,
}

#[derive(Serialize)]
struct Metadata {
    debugger: bool,
}

/// A learner's kernel only reads what is shared. `AKARI_HOME` would have it write there, which it may not.
fn of_class(class: &Class) -> BTreeMap<&'static str, String> {
    let shared = Some(("AKARI_SHARED", &class.home));
    let rustc = class.rustc.as_ref().map(|it| ("RUSTC", it));
    let named = shared.into_iter().chain(rustc);
    named.map(|(name, path)| (name, path.to_string_lossy().into_owned())).collect()
}

/// The kernel looks for the prelude where this process does, whatever Jupyter's environment is.
fn environment() -> BTreeMap<&'static str, String> {
    let folder = |name| {
        let value = std::env::var_os(name).filter(|it| !it.is_empty())?;
        Some((name, std::path::absolute(value).ok()?.to_str()?.to_owned()))
    };
    ["AKARI_HOME", "AKARI_SHARED"].into_iter().filter_map(folder).collect()
}
