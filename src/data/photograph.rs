//! Image files, PNG and JPEG, as tensors of bytes.
//!
//! The first bytes of a file tell its format, not its name. A header is not believed further than `MOST`, so that no file
//! of a few bytes takes gigabytes. `folder.rs` has the sets of such files.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use candle_core::{Device, Result, Tensor};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::fail;

/// No image takes more bytes than this, in its file or in memory.
const MOST: usize = 256 << 20;

/// An image file, PNG or JPEG, as bytes `(3, H, W)`; torchvision's `read_image` in the mode `RGB`.
///
/// Grey images get three equal channels, and an alpha channel is left out.
///
/// # Errors
///
/// If the file can't be read, is no such image, is not whole, or takes more than 256 MiB.
///
/// ```
/// use akari::prelude::*;
/// # let path = std::env::temp_dir().join(format!("akari-image-{}.png", std::process::id()));
/// # let mut encoder = png::Encoder::new(std::fs::File::create(&path)?, 2, 1);
/// # encoder.set_color(png::ColorType::Rgb);
/// # encoder.write_header()?.write_image_data(&[10, 20, 30, 10, 20, 30])?;
/// let image = data::read_image(&path)?;
/// assert_eq!(image.to_vec3::<u8>()?, [[[10, 10]], [[20, 20]], [[30, 30]]]);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_image(path: impl AsRef<Path>) -> Result<Tensor> {
    read("data::read_image", path.as_ref())
}

/// [`read_image`] for the function of this name.
pub(super) fn read(function: &str, path: &Path) -> Result<Tensor> {
    let decoded = bytes(path).and_then(|bytes| decode(&bytes));
    let Pixels { sizes: [height, width], rgb } = match decoded {
        Ok(pixels) => pixels,
        Err(text) => {
            return fail(
                function,
                format_args!("{} can't be read as PNG or JPEG: {text}", path.display()),
            );
        }
    };
    Tensor::from_vec(rgb, (height, width, 3), &Device::Cpu)?.permute((2, 0, 1))?.contiguous()
}

/// Height and width, and three bytes a pixel, row by row.
struct Pixels {
    sizes: [usize; 2],
    rgb: Vec<u8>,
}

/// What is wrong with a file.
type Complaint = String;

fn bytes(path: &Path) -> std::result::Result<Vec<u8>, Complaint> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST as u64 + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => Err(error.to_string()),
        Ok(_) if bytes.len() > MOST => Err(too_large()),
        Ok(_) => Ok(bytes),
    }
}

fn decode(bytes: &[u8]) -> std::result::Result<Pixels, Complaint> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png(bytes)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        jpeg(bytes)
    } else {
        Err("its first bytes are of another format".to_owned())
    }
}

fn png(bytes: &[u8]) -> std::result::Result<Pixels, Complaint> {
    let text = |error: png::DecodingError| error.to_string();
    let limits = png::Limits { bytes: MOST };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(text)?;
    let size = reader.output_buffer_size().filter(|size| *size <= MOST).ok_or_else(too_large)?;
    let mut samples = vec![0; size];
    let info = reader.next_frame(&mut samples).map_err(text)?;
    samples.truncate(info.buffer_size());
    let of_grey = |grey: &u8| [*grey; 3];
    let rgb = match info.color_type.samples() {
        1 => samples.iter().flat_map(of_grey).collect(),
        2 => samples.chunks_exact(2).flat_map(|pixel| of_grey(&pixel[0])).collect(),
        3 => samples,
        _ => samples.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
    };
    Ok(Pixels { sizes: [info.height as usize, info.width as usize], rgb })
}

fn jpeg(bytes: &[u8]) -> std::result::Result<Pixels, Complaint> {
    let text = |error: zune_jpeg::errors::DecodeErrors| error.to_string();
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(text)?;
    // Never more than the sizes of the header promise, which are looked at before memory is taken for them.
    let (Some(size), Some((width, height))) = (decoder.output_buffer_size(), decoder.dimensions())
    else {
        return Err("it has no sizes".to_owned());
    };
    if size > MOST {
        return Err(too_large());
    }
    let rgb = decoder.decode().map_err(text)?;
    if !has_end(bytes) {
        // The decoder makes grey of what is missing.
        return Err("it ends too early".to_owned());
    }
    if rgb.len() != 3 * width * height {
        return Err("its colours can't be told".to_owned());
    }
    Ok(Pixels { sizes: [height, width], rgb })
}

/// Whether the mark of the end stands behind the last mark of compressed numbers; neither stands among those.
fn has_end(jpeg: &[u8]) -> bool {
    let last = |mark: [u8; 2]| jpeg.windows(2).rposition(|bytes| bytes == mark);
    last([0xff, 0xd9]) > last([0xff, 0xda])
}

fn too_large() -> Complaint {
    format!("it takes more than {} MiB", MOST >> 20)
}
