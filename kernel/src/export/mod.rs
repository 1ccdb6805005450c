//! A program as a cargo project in a folder: manifest, versions, sources. `cli::export` has it written.
//!
//! All of it is made in a folder beside the wanted one, and moved there when it is whole. What the program says is the
//! engine's (`engine::exported`).

mod lock;
mod manifest;
mod name;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::engine::exported::Program;

pub use self::manifest::Prelude;
pub use self::name::package_name;

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(
        "`{}` is not empty; name another folder, or let --force write over what is there", .0.display()
    )]
    NotEmpty(PathBuf),
    #[error("`{}` is a file; name a folder", .0.display())]
    File(PathBuf),
    #[error("could not write to `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// What is written, beside the program itself.
#[derive(Debug)]
pub struct Project<'a> {
    /// The notebook's file name.
    pub notebook: &'a str,
    pub title: Option<&'a str>,
    pub prelude: Prelude,
    /// The folder with the prelude's manifest and the versions of its dependencies.
    pub sources: &'a Path,
    /// The folder of the keys of exercises, if there are some.
    pub keys: Option<&'a Path>,
    pub cargo: &'a Path,
}

/// The text of `main.rs`.
pub fn main_text(project: &Project<'_>, program: &Program, formatter: &Path) -> String {
    let text = format!("{}{}", head(project, program), program.code);
    formatted(&text, &program.edition, formatter).unwrap_or(text)
}

/// Writes the project into a folder. One that holds something is refused, unless what it holds may be replaced.
pub fn write(
    folder: &Path,
    may_replace: bool,
    project: &Project<'_>,
    program: &Program,
    main: &str,
) -> Result<(), ExportError> {
    check(folder, may_replace)?;
    let failed = |source| ExportError::Write { path: folder.to_owned(), source };
    let parent = folder.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).map_err(failed)?;
    let unfinished =
        tempfile::Builder::new().prefix(".akari-").tempdir_in(parent).map_err(failed)?;
    fill(unfinished.path(), project, program, main).map_err(failed)?;
    lock::settle(unfinished.path(), project.cargo, project.sources);
    write_manifest(unfinished.path(), project, program).map_err(failed)?;
    take_over(unfinished.path(), folder).map_err(failed)
}

/// Refuses a folder that is none, or is not empty.
pub fn check(folder: &Path, may_replace: bool) -> Result<(), ExportError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) if !may_replace => Err(ExportError::NotEmpty(folder.to_owned())),
            _ => Ok(()),
        },
        Err(_) if folder.symlink_metadata().is_ok() => Err(ExportError::File(folder.to_owned())),
        Err(_) => Ok(()),
    }
}

fn fill(folder: &Path, project: &Project<'_>, program: &Program, main: &str) -> io::Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/main.rs"), main)?;
    let lock = match &program.lock {
        Some(lock) => lock.clone(),
        None => fs::read_to_string(project.sources.join("Cargo.lock"))?,
    };
    fs::write(folder.join("Cargo.lock"), lock)?;
    write_manifest(folder, project, program)?;
    fs::write(folder.join(".gitignore"), "/target\n/displays\n")?;
    if let Prelude::Copied(from) = &project.prelude {
        copy(from, &folder.join(manifest::COPY))?;
    }
    if let Some(keys) = project.keys {
        copy(keys, &folder.join("keys"))?;
    }
    Ok(())
}

/// Writes the manifest for the versions that lie in the folder.
fn write_manifest(folder: &Path, project: &Project<'_>, program: &Program) -> io::Result<()> {
    let lock = fs::read_to_string(folder.join("Cargo.lock"))?;
    let name = package_name(project.notebook, &program.dependencies);
    fs::write(folder.join("Cargo.toml"), manifest::text(&name, project, program, &lock))
}

/// Copies a folder, but for what cargo builds and for notebooks.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name == "notebooks" {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to.join(&name))?,
            // Not the mode: the sources in the cache are its owner's alone.
            false => fs::write(to.join(&name), fs::read(entry.path())?)?,
        }
    }
    Ok(())
}

/// Moves what is in one folder to another, in the place of what has the same names.
fn take_over(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match target.symlink_metadata() {
            Ok(known) if known.is_dir() && entry.file_type()?.is_dir() => {
                fs::remove_dir_all(&target)?
            }
            _ => {}
        }
        fs::rename(entry.path(), target)?;
    }
    Ok(())
}

/// The lines above the program.
fn head(project: &Project<'_>, program: &Program) -> String {
    let title = project.title.unwrap_or(project.notebook);
    let mut text = format!(
        "//! {title}\n//!\n//! Made of `{}` by `akari export`. `cargo run --release` prints what the notebook printed; pictures and\n\
         //! tables go to the folder `displays`. Numbers in brackets are those of the notebook's code cells.\n",
        project.notebook
    );
    if !program.left_out.is_empty() {
        let cells: Vec<String> = program.left_out.iter().map(|it| format!("[{it}]")).collect();
        text.push_str(&format!("//! Left out: {}.\n", cells.join(", ")));
    }
    text.push('\n');
    text
}

/// The text as rustfmt writes it, where there is one.
fn formatted(text: &str, edition: &str, formatter: &Path) -> Option<String> {
    let mut child = Command::new(formatter)
        .args(["--edition", edition, "--emit", "stdout", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .current_dir("/")
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let own = text.to_owned();
    // The formatter may write before it has read all.
    let writer = std::thread::spawn(move || io::Write::write_all(&mut stdin, own.as_bytes()));
    let output = child.wait_with_output().ok()?;
    let is_read = writer.join().is_ok_and(|it| it.is_ok());
    let text = String::from_utf8(output.stdout).ok()?;
    (is_read && output.status.success() && !text.is_empty()).then_some(text)
}
