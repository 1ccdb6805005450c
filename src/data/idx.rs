//! The idx format of MNIST: four numbers that say the type and the sizes, then bytes; plain or compressed.
//!
//! A file is believed only as far as it goes: memory is taken for what was read, not for what a header promises.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use candle_core::{Device, Result, Tensor};
use flate2::read::GzDecoder;

use crate::error::fail;

/// More bytes than this are no MNIST: its largest file has 47 million.
const MOST: usize = 1 << 28;

/// Images `(n, 1, h, w)` and classes of a set in this format.
pub(super) fn read(
    function: &str,
    folder: &str,
    from: &str,
    root: &Path,
    train: bool,
) -> Result<(Tensor, Tensor)> {
    let part = if train { "train" } else { "t10k" };
    let images = find(function, folder, from, root, &format!("{part}-images-idx3-ubyte"))?;
    let labels = find(function, folder, from, root, &format!("{part}-labels-idx1-ubyte"))?;
    let (sizes, pixels) = bytes::<3>(function, &images)?;
    let ([count], classes) = bytes::<1>(function, &labels)?;
    let [images, height, width] = sizes;
    if images != count {
        return fail(
            function,
            format_args!("{images} images, but {count} labels, in {}", labels.display()),
        );
    }
    if let Some(class) = classes.iter().find(|class| **class > 9) {
        return fail(function, format_args!("the class {class} in {}", labels.display()));
    }
    let pixels = Tensor::from_vec(pixels, (images, 1, height, width), &Device::Cpu)?;
    let classes = classes.into_iter().map(i64::from).collect::<Vec<_>>();
    Ok((pixels, Tensor::from_vec(classes, count, &Device::Cpu)?))
}

/// The file of this name, plain or compressed, in one of the folders where it may be.
fn find(function: &str, folder: &str, from: &str, root: &Path, name: &str) -> Result<PathBuf> {
    let folders = [root.join(folder).join("raw"), root.to_owned()];
    let names = [name.to_owned(), format!("{name}.gz")];
    let places = folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name)));
    let mut found = places.filter(|place| place.is_file());
    match found.next() {
        Some(place) => Ok(place),
        None => fail(
            function,
            format_args!(
                "there is neither {name} nor {name}.gz in {} or {} (get the four .gz files from {from} and put them there)",
                folders[0].display(),
                folders[1].display()
            ),
        ),
    }
}

/// The first number of a file, which tells what it holds, and so many sizes.
fn head<const AXES: usize>(reader: &mut dyn Read) -> io::Result<(usize, [usize; AXES])> {
    let mut word = || -> io::Result<usize> {
        let mut word = [0; 4];
        reader.read_exact(&mut word)?;
        Ok(u32::from_be_bytes(word) as usize)
    };
    let kind = word()?;
    let mut sizes = [0; AXES];
    for size in &mut sizes {
        *size = word()?;
    }
    Ok((kind, sizes))
}

/// The sizes and the bytes of a file of so many axes.
fn bytes<const AXES: usize>(function: &str, path: &Path) -> Result<([usize; AXES], Vec<u8>)> {
    let wrong =
        |what: &str| fail(function, format_args!("{} {what} (get the file again)", path.display()));
    let file = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(error) => return wrong(&format!("can't be opened: {error}")),
    };
    let is_compressed = path.extension().is_some_and(|extension| extension == "gz");
    let mut reader: Box<dyn Read> =
        if is_compressed { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    let (kind, sizes) = match head::<AXES>(&mut reader) {
        Ok(head) => head,
        Err(error) => return wrong(&format!("is no idx file: {error}")),
    };
    // 8 stands for bytes, and the last byte counts the axes.
    if kind != 0x800 + AXES {
        return wrong(&format!(
            "is no idx file of bytes with {AXES} axes (it begins with {kind:#x})"
        ));
    }
    let count = sizes.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
    let Some(count) = count.filter(|count| *count <= MOST) else {
        return wrong(&format!("claims sizes of {sizes:?}"));
    };
    let mut bytes = Vec::new();
    // One byte more tells whether the file goes on.
    if let Err(error) = reader.take(count as u64 + 1).read_to_end(&mut bytes) {
        return wrong(&format!("can't be read: {error}"));
    }
    if bytes.len() != count {
        let more = if bytes.len() > count { "more" } else { "not all" };
        return wrong(&format!("has {more} of the {count} bytes that {sizes:?} promises"));
    }
    Ok((sizes, bytes))
}
