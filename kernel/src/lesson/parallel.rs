//! Two languages of one lesson: the same cells with the same code.

use std::path::{Path, PathBuf};

use super::finding::{Fault, Finding};
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
    let beside = || other.path.clone();
    for (at, cell) in sheet.cells.iter().enumerate() {
        let Some(same) = other.cells.get(at) else {
            findings.push(sheet.finding(&cell.id, Fault::NoCellBeside { beside: beside() }));
            break;
        };
        let fault = if cell.id != same.id {
            Fault::OtherCellBeside { beside: beside(), id: same.id.clone() }
        } else if cell.kind != same.kind {
            let kinds = [cell.kind.clone(), same.kind.clone()];
            Fault::OtherKindBeside { beside: beside(), kinds }
        } else if cell.kind == "code" && cell.source != same.source {
            Fault::OtherCodeBeside { beside: beside() }
        } else if cell.tags != same.tags || cell.exercise != same.exercise {
            Fault::OtherTagsBeside { beside: beside() }
        } else {
            continue;
        };
        let is_shifted = cell.id != same.id;
        findings.push(sheet.finding(&cell.id, fault));
        // From there on every cell would differ.
        if is_shifted {
            return findings;
        }
    }
    if let Some(cell) = other.cells.get(sheet.cells.len()) {
        findings.push(sheet.finding(&cell.id, Fault::OnlyBeside { beside: beside() }));
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
