//! Pictures of a notebook that runs without a browser, as files: in a folder beside the notebook, by nbconvert's names.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::engine::outcome::MimeBundle;

/// The kinds of pictures, the one that is written first, and the ends of their files' names.
const KINDS: [(&str, &str); 3] =
    [("image/svg+xml", "svg"), ("image/png", "png"), ("image/jpeg", "jpg")];

/// The folder of a notebook's pictures: `lesson_files` beside `lesson.ipynb`.
#[derive(Debug)]
pub struct Pictures {
    folder: PathBuf,
    /// The stem of the notebook's name, with which the names of files begin.
    stem: String,
    /// The number of the code cell that runs, and how many pictures it has written.
    cell: usize,
    count: usize,
}

impl Pictures {
    pub fn new(notebook: &Path) -> Pictures {
        let stem = notebook
            .file_stem()
            .map_or_else(|| "notebook".into(), |stem| stem.to_string_lossy().into_owned());
        Pictures {
            folder: notebook.with_file_name(format!("{stem}_files")),
            stem,
            cell: 0,
            count: 0,
        }
    }

    /// A cell begins.
    pub fn begin(&mut self, cell: usize) {
        (self.cell, self.count) = (cell, 0);
    }

    /// Writes the picture in a bundle, if there is one; tells the file's name, from the notebook's folder on.
    ///
    /// # Errors
    ///
    /// If the folder or the file can't be written.
    pub fn write(&mut self, data: &MimeBundle) -> std::io::Result<Option<String>> {
        let Some((bytes, end)) =
            KINDS.iter().find_map(|(kind, end)| Some((bytes(kind, data)?, end)))
        else {
            return Ok(None);
        };
        let name = format!("{}_{}_{}.{end}", self.stem, self.cell, self.count);
        fs::create_dir_all(&self.folder)?;
        fs::write(self.folder.join(&name), bytes)?;
        self.count += 1;
        Ok(Some(format!("{}_files/{name}", self.stem)))
    }
}

fn bytes(kind: &str, data: &MimeBundle) -> Option<Vec<u8>> {
    let text = data.get(kind)?.as_str()?;
    match kind {
        "image/svg+xml" => Some(text.as_bytes().to_vec()),
        _ => STANDARD.decode(text.split_whitespace().collect::<String>()).ok(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_numbered_in_their_cell() {
        let folder = tempfile::tempdir().unwrap();
        let mut pictures = Pictures::new(&folder.path().join("lesson.ipynb"));
        let bundle =
            |kind: &str, text: &str| MimeBundle::from_iter([(kind.to_owned(), text.into())]);
        pictures.begin(3);
        assert_eq!(pictures.write(&bundle("text/html", "<b>")).unwrap(), None);
        assert!(!folder.path().join("lesson_files").exists());
        let svg = pictures.write(&bundle("image/svg+xml", "<svg/>")).unwrap();
        assert_eq!(svg.as_deref(), Some("lesson_files/lesson_3_0.svg"));
        let png = pictures.write(&bundle("image/png", "Zm9v\n")).unwrap();
        assert_eq!(png.as_deref(), Some("lesson_files/lesson_3_1.png"));
        assert_eq!(fs::read(folder.path().join("lesson_files/lesson_3_1.png")).unwrap(), b"foo");
        assert_eq!(pictures.write(&bundle("image/png", "no text!")).unwrap(), None);
        pictures.begin(4);
        let svg = pictures.write(&bundle("image/svg+xml", "<svg/>")).unwrap();
        assert_eq!(svg.as_deref(), Some("lesson_files/lesson_4_0.svg"));
    }
}
