//! Readers of image files: whole ones, hostile ones, and what the errors say.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use akari::data::transforms::{Compose, Normalize, Resize, ToTensor};
use akari::prelude::*;

/// A folder of its own, which goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("akari-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn idx(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| file.extend(size.to_be_bytes()));
    file.extend(bytes);
    file
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn png(color: png::ColorType, [width, height]: [u32; 2], samples: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.write_header().unwrap().write_image_data(samples).unwrap();
    file
}

/// A grey image of one colour, 153, whose sizes fit into one block.
fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let code = |symbol: u8| [&[1][..], &[0; 15], &[symbol]].concat();
    let ([high, low], [wide, narrow]) = (height.to_be_bytes(), width.to_be_bytes());
    let parts: [&[u8]; 10] = [
        &[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0],
        &[1; 64],
        &[0xff, 0xc0, 0, 11, 8, high, low, wide, narrow, 1, 1, 0x11, 0],
        &[0xff, 0xc4, 0, 20, 0],
        &code(8),
        &[0xff, 0xc4, 0, 20, 0x10],
        &code(0),
        &[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0],
        &[0b0110_0100, 0b0011_1111],
        &[0xff, 0xd9],
    ];
    parts.concat()
}

fn error<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.unwrap_err().to_string()
}

fn mnist(root: &Path, train: bool) -> Result<data::VisionDataset> {
    data::MNIST::new(root, train)
}

#[test]
fn digits_are_read_plain_and_compressed() {
    let folder = Folder::new("digits");
    let pixels = (0..24).map(|pixel| pixel * 10).collect::<Vec<u8>>();
    let (images, labels) = (idx(&[2, 3, 4], &pixels), idx(&[2], &[9, 0]));
    folder.write("train-images-idx3-ubyte", &images);
    folder.write("train-labels-idx1-ubyte", &labels);
    folder.write("FashionMNIST/raw/t10k-images-idx3-ubyte.gz", compressed(&images));
    folder.write("FashionMNIST/raw/t10k-labels-idx1-ubyte.gz", compressed(&labels));
    let fashion = data::FashionMNIST::new(&folder.0, false).unwrap();
    assert_eq!(fashion.classes[9], "Ankle boot");
    for set in [mnist(&folder.0, true).unwrap(), fashion] {
        assert_eq!((set.len(), set.data.dims()), (2, &[2, 1, 3, 4][..]));
        let (image, class) = set.get(1).unwrap();
        assert_eq!((image.dims(), class), (&[1, 3, 4][..], 0));
        let first = image.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0];
        assert_eq!(first, 120.0 / 255.0);
        let set = set.transform(Compose::new((ToTensor, Normalize::new([0.5], [0.25]).unwrap())));
        let (images, classes) = set.batch(&[1, 0, 1]).unwrap();
        assert_eq!(classes.to_vec1::<i64>().unwrap(), [0, 9, 0]);
        let one = set.get(0).unwrap().0.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let same = images.get(1).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(one, same);
        assert!(error(set.get(2)).contains("index 2 is out of range for 2 examples"));
        assert!(error(set.batch(&[2])).contains("index 2 is out of range for 2 examples"));
    }
    let missing = error(mnist(&folder.0, false));
    assert!(
        missing.starts_with("data::MNIST: there is neither t10k-images-idx3-ubyte nor"),
        "{missing}"
    );
    assert!(missing.contains("https://ossci-datasets.s3.amazonaws.com/mnist/"), "{missing}");
}

#[test]
fn digits_that_are_not_whole_are_errors() {
    let good = idx(&[2, 3, 4], &[0; 24]);
    let with = |sizes: &[u32], bytes: usize| idx(sizes, &vec![0; bytes]);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (vec![], "is no idx file"),
        (good[..9].to_vec(), "is no idx file"),
        (good[..39].to_vec(), "has not all of the 24 bytes"),
        (with(&[2, 3, 4], 25), "has more of the 24 bytes"),
        (with(&[2, 3], 6), "is no idx file of bytes with 3 axes"),
        (vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8], "is no idx file of bytes"),
        // Headers that ask for more than there is memory in the world.
        (with(&[u32::MAX, u32::MAX, u32::MAX], 10), "claims sizes"),
        (with(&[60_000, 1 << 20, 28], 10), "claims sizes"),
        (with(&[300_000, 28, 28], 10), "has not all of the 235200000 bytes"),
        (with(&[1_000_000, 28, 28], 10), "claims sizes"),
        (with(&[3, 3, 4], 36), "3 images, but 2 labels"),
    ];
    for (number, (bytes, expected)) in cases.into_iter().enumerate() {
        for is_compressed in [false, true] {
            let folder = Folder::new(&format!("broken-{number}-{is_compressed}"));
            let ending = if is_compressed { ".gz" } else { "" };
            let bytes = if is_compressed { compressed(&bytes) } else { bytes.clone() };
            folder.write(&format!("train-images-idx3-ubyte{ending}"), bytes);
            folder.write("train-labels-idx1-ubyte", idx(&[2], &[1, 2]));
            let text = error(mnist(&folder.0, true));
            assert!(text.starts_with("data::MNIST: ") && text.contains(expected), "{text}");
        }
    }
    let folder = Folder::new("broken-labels");
    folder.write("train-images-idx3-ubyte", &good);
    folder.write("train-labels-idx1-ubyte", idx(&[2], &[1, 10]));
    assert!(error(mnist(&folder.0, true)).contains("the class 10"));
    // A compressed file that ends too early, and one that is none.
    let whole = compressed(&idx(&[2], &[1, 2]));
    fs::remove_file(folder.0.join("train-labels-idx1-ubyte")).unwrap();
    for bytes in [&whole[..whole.len() - 9], b"no gzip at all, but long enough"] {
        folder.write("train-labels-idx1-ubyte.gz", bytes);
        assert!(mnist(&folder.0, true).is_err());
    }
}

#[test]
fn cifar_is_read_in_batches_of_records() {
    let folder = Folder::new("cifar");
    let record = |class: u8| [&[class][..], &[class * 20; 3072]].concat();
    for number in 1..=5u8 {
        let name = format!("cifar-10-batches-bin/data_batch_{number}.bin");
        folder.write(&name, [record(number), record(number + 1)].concat());
    }
    let set = data::CIFAR10::new(&folder.0, true).unwrap();
    assert_eq!((set.len(), set.classes.len()), (10, 10));
    assert_eq!(set.targets.to_vec1::<i64>().unwrap(), [1, 2, 2, 3, 3, 4, 4, 5, 5, 6]);
    let set = set.transform(Compose::new((Resize::new(16), ToTensor)));
    let config = data::DataLoaderConfig { batch_size: 4, ..Default::default() };
    let loader = data::DataLoader::new(&set, config).unwrap();
    let shapes = loader.iter().map(|batch| batch.unwrap().0.dims().to_vec()).collect::<Vec<_>>();
    assert_eq!(shapes, [[4, 3, 16, 16], [4, 3, 16, 16], [2, 3, 16, 16]]);
    let missing = error(data::CIFAR10::new(&folder.0, false));
    assert!(missing.contains("test_batch.bin") && missing.contains("cifar-10-binary.tar.gz"));
    for bytes in [vec![], vec![0; 3072], vec![0; 3074], record(10)] {
        folder.write("cifar-10-batches-bin/test_batch.bin", bytes);
        assert!(error(data::CIFAR10::new(&folder.0, false)).contains("(get the file again)"));
    }
}

#[test]
fn folders_are_classes_and_images_are_files() {
    let folder = Folder::new("folders");
    // Three bytes a pixel, of which two tell the place.
    let pixels = (0..6u8).flat_map(|place| [place % 3, place / 3, 7]).collect::<Vec<_>>();
    for name in ["b/2.png", "b/deep/1.PNG", "a/9.png"] {
        folder.write(name, png(png::ColorType::Rgb, [3, 2], &pixels));
    }
    // What a file is called doesn't matter where its bytes tell.
    folder.write("a/1.jpg", png(png::ColorType::Rgb, [3, 2], &pixels));
    folder.write("a/notes.txt", "no image");
    folder.write(".ipynb_checkpoints/a.txt", "no class");
    let set = data::ImageFolder::new(&folder.0).unwrap();
    let found = set.samples().iter().map(|(path, class)| {
        (path.strip_prefix(&folder.0).unwrap().to_string_lossy().into_owned(), *class)
    });
    let found = found.collect::<Vec<_>>();
    let named = |name: &str, class| (name.to_owned(), class);
    let expected =
        [named("a/1.jpg", 0), named("a/9.png", 0), named("b/2.png", 1), named("b/deep/1.PNG", 1)];
    assert_eq!(found, expected);
    let (image, class) = set.get(1).unwrap();
    assert_eq!((image.dims(), class), (&[3, 2, 3][..], 0));
    let bytes = data::read_image(folder.0.join("b/2.png")).unwrap();
    assert_eq!(bytes.get(0).unwrap().to_vec2::<u8>().unwrap(), [[0, 1, 2], [0, 1, 2]]);
    assert_eq!(set.all().unwrap().0.dims(), &[4, 3, 2, 3]);

    // Images of other sizes, files that are none, and a header that promises a giant.
    folder.write("a/0.png", png(png::ColorType::Grayscale, [1, 1], &[0]));
    let set = data::ImageFolder::new(&folder.0).unwrap();
    assert!(error(set.all()).contains("data::transforms::Resize"));
    // Without a Huffman code more than it needs: one block of 8 x 8, whose mean is 200 / 8 above the middle.
    folder.write("b/3.jpeg", jpeg(3, 2));
    let grey = data::read_image(folder.0.join("b/3.jpeg")).unwrap();
    assert_eq!(grey.dims(), &[3, 2, 3]);
    assert_eq!(grey.flatten_all().unwrap().to_vec1::<u8>().unwrap(), [153; 18]);
    let grey_and_alpha = png(png::ColorType::GrayscaleAlpha, [1, 1], &[9, 77]);
    let bytes = data::read_image(folder.write("b/4.png", grey_and_alpha)).unwrap();
    assert_eq!(bytes.flatten_all().unwrap().to_vec1::<u8>().unwrap(), [9; 3]);
    let file = fs::read(folder.0.join("b/2.png")).unwrap();
    let mut giant = file.clone();
    giant[16..24].copy_from_slice(&[0x7f; 8]);
    let giant_jpeg = jpeg(0xffff, 0xffff);
    let (whole, end) = (jpeg(3, 2), b"no image, but long enough to be one".to_vec());
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let broken = [end, file[..40].to_vec(), file[..file.len() - 20].to_vec(), giant, giant_jpeg];
    for bytes in cut.chain(broken) {
        let path = folder.write("a/0.png", bytes);
        let text = error(data::read_image(&path));
        assert!(text.contains("can't be read as PNG or JPEG"), "{text}");
    }

    assert!(error(data::ImageFolder::new(folder.0.join("nowhere"))).contains("can't be read"));
    let empty = Folder::new("empty");
    assert!(error(data::ImageFolder::new(&empty.0)).contains("a folder for each class"));
    empty.write("cat/readme.md", "");
    assert!(error(data::ImageFolder::new(&empty.0)).contains("Found no valid file"));
}
