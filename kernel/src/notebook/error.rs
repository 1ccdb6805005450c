//! Why a notebook can't be read, run or written, in a sentence with the way out.

use std::path::PathBuf;

/// Why a notebook can't be read, run or written.
#[derive(Debug, thiserror::Error)]
pub enum NotebookError {
    #[error("there is no file `{}`", path.display())]
    Missing { path: PathBuf },
    #[error("`{}` is a folder; name a notebook (.ipynb) in it", path.display())]
    Folder { path: PathBuf },
    #[error("could not read `{}`: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not a notebook: {problem}", path.display())]
    Format { path: PathBuf, problem: FormatProblem },
    #[error("`{}` uses format {version} of notebooks, and Akari reads format 4; open and save it in a current JupyterLab", path.display())]
    Version { path: PathBuf, version: u64 },
    #[error("`{}` is for the kernel `{kernel}`, not for `akari`; choose the kernel «Rust (Akari)» for it in JupyterLab and save it", path.display())]
    OtherKernel { path: PathBuf, kernel: String },
    #[error("could not write `{}`: {source}; name another file", path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

/// The reason why a file is no notebook.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatProblem {
    #[error("it holds no text (UTF-8)")]
    Encoding,
    #[error("it is empty")]
    Empty,
    #[error("it is not JSON ({0})")]
    Json(String),
    #[error("it has no `{0}`")]
    Field(&'static str),
    #[error("its cell {cell} has no `{field}`")]
    Cell { cell: usize, field: &'static str },
}
