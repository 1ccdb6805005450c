//! Displays of a program: what a notebook shows below a cell goes to files, and the words for it to stdout.
//!
//! `akari export` writes programs that call [`to_files`] at their beginning and [`cell`] where a cell of the notebook
//! began. What may still change is kept until the cell ends, and then shown once, as it is in the end.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::place;
use crate::rt;

/// Where displays go, and those of the present cell that may still change.
#[derive(Debug, Default)]
struct Files {
    folder: PathBuf,
    cell: usize,
    /// How many files the cell has.
    count: usize,
    changing: Vec<(String, Shown)>,
    /// The files of displays that ended with their cells, which a later cell may change.
    known: Vec<(String, String)>,
    /// Whether a file could not be written, which is said once.
    has_failed: bool,
}

/// What is shown.
#[derive(Debug)]
struct Shown {
    mime_type: String,
    content: String,
    text: Option<String>,
}

static FILES: Mutex<Option<Files>> = Mutex::new(None);

fn files() -> MutexGuard<'static, Option<Files>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets a program show pictures, tables and the like: each goes to a file in a folder, and the line of words that goes
/// with it to stdout, until what this returns is dropped. Nothing changes in a notebook.
///
/// ```
/// use akari::prelude::*;
/// let folder = std::env::temp_dir().join("akari-displays");
/// {
///     let _displays = display::to_files(&folder);
///     plot::line(&[2.3, 1.1, 0.7]).title("loss").show()?; // loss: 1 line, 3 points; 2.3 → 0.7
/// }
/// assert!(std::fs::read_to_string(folder.join("0-1.svg"))?.starts_with("<svg"));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "displays go to files until this is dropped"]
pub fn to_files(folder: impl Into<PathBuf>) -> ToFiles {
    if !rt::is_connected() {
        *files() = Some(Files { folder: folder.into(), ..Files::default() });
    }
    ToFiles(())
}

/// Displays go to files while this lives; see [`to_files`].
#[derive(Debug)]
pub struct ToFiles(());

impl Drop for ToFiles {
    fn drop(&mut self) {
        end_cell();
        *files() = None;
    }
}

/// Says that the code of a cell begins: the names of its files have this number.
pub fn cell(number: usize) {
    end_cell();
    if let Some(files) = &mut *files() {
        (files.cell, files.count) = (number, 0);
    }
}

/// Whether displays go to files.
pub(super) fn is_on() -> bool {
    files().is_some()
}

/// Shows content; says whether displays go to files at all.
pub(super) fn put(
    id: Option<&str>,
    is_update: bool,
    mime_type: &str,
    content: &str,
    plain: Option<&str>,
) -> bool {
    if !is_on() {
        return false;
    }
    let (own, is_update) = place::found(id, is_update);
    let text = if mime_type == "text/plain" { Some(content) } else { plain };
    let shown = Shown {
        mime_type: mime_type.to_owned(),
        content: content.to_owned(),
        text: text.map(str::to_owned),
    };
    let mut files = files();
    let Some(files) = &mut *files else { return false };
    match own.as_deref().or(id) {
        Some(id) => files.change(id, is_update, shown),
        None => drop(files.show(&shown)),
    }
    true
}

/// What may change no more is shown.
fn end_cell() {
    if !is_on() {
        return;
    }
    rt::end_cell();
    let mut files = files();
    let Some(files) = &mut *files else { return };
    for (id, shown) in std::mem::take(&mut files.changing) {
        if let Some(name) = files.show(&shown) {
            files.known.push((id, name));
        }
    }
}

impl Files {
    fn change(&mut self, id: &str, is_update: bool, shown: Shown) {
        if let Some(changing) = self.changing.iter_mut().find(|it| it.0 == id) {
            changing.1 = shown;
            return;
        }
        match self.known.iter().find(|it| it.0 == id).map(|it| it.1.clone()) {
            // What was printed stays; the file is the new one.
            Some(name) if is_update => self.write(&name, &shown),
            _ => self.changing.push((id.to_owned(), shown)),
        }
    }

    /// Prints the words and writes the file, whose name is returned.
    fn show(&mut self, shown: &Shown) -> Option<String> {
        if let Some(text) = &shown.text {
            println!("{}", text.trim_end_matches('\n'));
        }
        let end = end_of_name(&shown.mime_type)?;
        self.count += 1;
        let name = format!("{}-{}.{end}", self.cell, self.count);
        self.write(&name, shown);
        Some(name)
    }

    fn write(&mut self, name: &str, shown: &Shown) {
        let path = self.folder.join(name);
        let written = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            fs::write(&path, page(shown))
        };
        if let Err(error) = written()
            && !std::mem::replace(&mut self.has_failed, true)
        {
            eprintln!("`{}` could not be written: {error}", path.display());
        }
    }
}

/// The end of a file's name; none for text, which is printed.
fn end_of_name(mime_type: &str) -> Option<&'static str> {
    match mime_type {
        "text/plain" => None,
        "image/svg+xml" => Some("svg"),
        "text/markdown" => Some("md"),
        "text/latex" => Some("tex"),
        "application/json" => Some("json"),
        _ => Some("html"),
    }
}

/// The content as a file has it. Pictures in base64 become a page that shows them.
fn page(shown: &Shown) -> String {
    let Shown { mime_type, content, .. } = shown;
    match mime_type.split_once('/') {
        Some(("image", kind)) if kind != "svg+xml" => {
            let data: String = content.split_whitespace().collect();
            format!("<img src=\"data:{mime_type};base64,{data}\">\n")
        }
        Some(("text", "html")) => format!("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n{content}\n"),
        _ => content.clone(),
    }
}
