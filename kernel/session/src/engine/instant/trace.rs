//! The line of a cell from which a panic elsewhere came: in std, in candle, in a crate.
//!
//! Cells are compiled without tables of lines, which would cost each of them a tenth of its time. A
//! cell whose call led to such a panic is compiled once more with them. The code is the same, so the
//! offsets of the calls mean the same; where it is not, no line is told.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use addr2line::Loader;
use object::{Object, ObjectSection};

use super::build::Builder;
use super::generate::Source;
use super::places::Generated;
use crate::engine::stop::Stop;
use crate::engine::traceback::Place;

/// A call in a cell's library.
#[derive(Debug, PartialEq, Eq)]
struct Call<'a> {
    library: &'a str,
    offset: u64,
}

impl Builder {
    /// The place in a cell of the innermost of the calls that stands in one.
    pub fn place_of_calls(&self, calls: &str, stop: &Stop) -> Option<Place> {
        let calls: Vec<Call<'_>> = calls.lines().filter_map(call).collect();
        let mut known: Option<(&str, Option<Lines>)> = None;
        for Call { library, offset } in calls {
            if known.as_ref().is_none_or(|(name, _)| *name != library) {
                known = Some((library, self.lines_of(library, stop)));
            }
            let Some((_, Some(lines))) = &known else { continue };
            if let Some(place) = lines.place(offset, &self.generated) {
                return Some(place);
            }
        }
        None
    }

    fn lines_of(&self, library: &str, stop: &Stop) -> Option<Lines> {
        let source = self.generated.of_library(library)?;
        let folder = self.folder();
        let code = code_of(&folder.join(library))?;
        let loader = |is_optimised| {
            let compiled = self.compiler.with_lines(&source, folder, is_optimised, stop).ok()?;
            let is_same = code_of(&compiled.path)? == code;
            let loader = Loader::new(&compiled.path).ok().filter(|_| is_same);
            // The loader has the file in memory.
            let _ = fs::remove_file(&compiled.path);
            loader
        };
        let loader = loader(false).or_else(|| {
            // The library may be the one that was compiled again after a long run.
            self.may_be_optimised(&source.seal).then(|| loader(true)).flatten()
        })?;
        Some(Lines { source, loader })
    }
}

/// The lines of a cell's library.
struct Lines {
    source: Arc<Source>,
    loader: Loader,
}

impl Lines {
    /// The innermost place at an offset that is in a cell: one call may have others inlined.
    fn place(&self, offset: u64, generated: &Generated) -> Option<Place> {
        let mut frames = self.loader.find_frames(offset).ok()?;
        while let Ok(Some(frame)) = frames.next() {
            let Some(location) = frame.location else { continue };
            let (Some(file), Some(line)) = (location.file, location.line) else { continue };
            let place = generated.place(file, line, location.column.unwrap_or(1));
            if self.source.is_file(file) && place.is_some() {
                return place;
            }
        }
        None
    }
}

fn call(line: &str) -> Option<Call<'_>> {
    let (library, offset) = line.split_once(' ')?;
    Some(Call { library, offset: u64::from_str_radix(offset, 16).ok()? })
}

/// The machine code of a library.
fn code_of(library: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(library).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    Some(file.section_by_name(".text")?.data().ok()?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_or_passed_over() {
        assert_eq!(call("cell-a-1.so 1f0"), Some(Call { library: "cell-a-1.so", offset: 0x1f0 }));
        for damaged in ["", "cell-a-1.so", "cell-a-1.so x", "cell-a-1.so 10000000000000000"] {
            assert_eq!(call(damaged), None, "{damaged}");
        }
    }
}
