//! Two languages of one lesson: the same cells with the same code.

use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::sheet::Sheet;

/// The notebook of the other language: `en/01.ipynb` beside `ja/01.ipynb`. None where the folder is of no language.
pub fn sibling(path: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    let other = match folder.file_name()?.to_str()? {
        "ja" => "en",
        "en" => "ja",
        _ => return None,
    };
    Some(folder.with_file_name(other).join(path.file_name()?))
}

/// Where the cells of the two differ; told of the first.
pub fn findings(sheet: &Sheet, other: &Sheet) -> Vec<Finding> {
    let mut findings = Vec::new();
    let beside = other.path.display();
    for (at, cell) in sheet.cells.iter().enumerate() {
        let Some(same) = other.cells.get(at) else {
            findings.push(sheet.finding(&cell.id, format!("`{beside}` has no such cell")));
            break;
        };
        let text = if cell.id != same.id {
            format!("`{beside}` has the cell `{}` at this place", same.id)
        } else if cell.kind != same.kind {
            format!("the cell is {} here and {} in `{beside}`", cell.kind, same.kind)
        } else if cell.kind == "code" && cell.source != same.source {
            format!("the code is another one in `{beside}`")
        } else if cell.tags != same.tags || cell.exercise != same.exercise {
            format!("tags or exercise are others in `{beside}`")
        } else {
            continue;
        };
        let is_shifted = cell.id != same.id;
        findings.push(sheet.finding(&cell.id, text));
        // From there on every cell would differ.
        if is_shifted {
            return findings;
        }
    }
    if let Some(cell) = other.cells.get(sheet.cells.len()) {
        findings.push(sheet.finding(&cell.id, format!("only `{beside}` has this cell")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_language_is_in_the_folder_beside() {
        assert_eq!(sibling(Path::new("n/ja/01.ipynb")), Some(PathBuf::from("n/en/01.ipynb")));
        assert_eq!(sibling(Path::new("n/en/01.ipynb")), Some(PathBuf::from("n/ja/01.ipynb")));
        assert_eq!(sibling(Path::new("n/01.ipynb")), None);
    }
}
