//! The binary version of CIFAR-10: records of a class and 3 x 32 x 32 bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use candle_core::{Device, Result, Tensor};

use crate::error::fail;

const FUNCTION: &str = "data::CIFAR10";

pub(super) const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const PIXELS: usize = 3 * 32 * 32;
const RECORD: usize = 1 + PIXELS;

/// More records than this in a file are no CIFAR-10, whose files have 10,000.
const MOST: usize = 100_000;

/// Images `(n, 3, 32, 32)` and their classes.
pub(super) fn read(root: &Path, train: bool) -> Result<(Tensor, Tensor)> {
    let names = if train {
        (1..=5).map(|number| format!("data_batch_{number}.bin")).collect()
    } else {
        vec!["test_batch.bin".to_owned()]
    };
    let folder = root.join("cifar-10-batches-bin");
    let folder = if folder.is_dir() { folder } else { root.to_owned() };
    let (mut pixels, mut classes) = (Vec::new(), Vec::new());
    for name in names {
        for record in records(&folder.join(name))?.chunks_exact(RECORD) {
            classes.push(i64::from(record[0]));
            pixels.extend_from_slice(&record[1..]);
        }
    }
    let count = classes.len();
    let pixels = Tensor::from_vec(pixels, (count, 3, 32, 32), &Device::Cpu)?;
    Ok((pixels, Tensor::from_vec(classes, count, &Device::Cpu)?))
}

/// The whole records of a file.
fn records(path: &Path) -> Result<Vec<u8>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => {
            return fail(
                FUNCTION,
                format_args!(
                    "{} can't be opened: {error} (unpack https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz, the binary version, there)",
                    path.display()
                ),
            );
        }
    };
    let mut bytes = Vec::new();
    let read = file.take((MOST * RECORD) as u64 + 1).read_to_end(&mut bytes);
    let is_whole = !bytes.is_empty() && bytes.len().is_multiple_of(RECORD);
    let complaint = match read {
        Err(error) => format!("can't be read: {error}"),
        Ok(_) if !is_whole => {
            format!("has {} bytes, which are no whole records of {RECORD}", bytes.len())
        }
        Ok(_) => match bytes.chunks_exact(RECORD).find(|record| record[0] > 9) {
            Some(record) => format!("has a record of class {}", record[0]),
            None => return Ok(bytes),
        },
    };
    fail(FUNCTION, format_args!("{} {complaint} (get the file again)", path.display()))
}
