//! Image sets in memory: MNIST, FashionMNIST and CIFAR-10, read from a folder.
//!
//! Nothing is downloaded: an error says which files are missing, and where they come from. `idx.rs` and `cifar.rs` read
//! the formats, `folder.rs` has sets whose images stay in files.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::cifar;
use super::dataset::{Batch, Dataset, out_of_range};
use super::idx;
use super::tensors::{numbers, select};
use super::transforms::{ToTensor, Transform};

/// Images in memory with their classes: what [`MNIST`], [`FashionMNIST`] and [`CIFAR10`] read.
///
/// An example is an image `(C, H, W)` and its class. Images come as `f32` from 0 to 1, by
/// [`ToTensor`], unless [`transform`](VisionDataset::transform) gives another way.
///
/// See [`MNIST`] for an example.
#[derive(Clone)]
pub struct VisionDataset {
    /// The images as bytes, `(n, C, H, W)`.
    pub data: Tensor,
    /// The class of each image, `(n)`, as `i64`.
    pub targets: Tensor,
    /// The names of the classes.
    pub classes: Vec<String>,
    transform: Arc<dyn Transform>,
}

impl VisionDataset {
    pub(super) fn of(data: Tensor, targets: Tensor, classes: &[&str]) -> Self {
        let classes = classes.iter().map(|name| (*name).to_owned()).collect();
        VisionDataset { data, targets, classes, transform: Arc::new(ToTensor) }
    }

    /// The same images through this transform, which takes bytes `(C, H, W)`.
    ///
    /// ```
    /// use akari::data::transforms::{Compose, Normalize, ToTensor};
    /// # use akari::prelude::*;
    /// # fn normalized(set: data::VisionDataset) -> Result<data::VisionDataset> {
    /// let set = set.transform(Compose::new((ToTensor, Normalize::new([0.1307], [0.3081])?)));
    /// # Ok(set)
    /// # }
    /// ```
    pub fn transform(self, transform: impl Transform + 'static) -> Self {
        VisionDataset { transform: Arc::new(transform), ..self }
    }
}

impl Dataset for VisionDataset {
    type Item = (Tensor, i64);

    fn len(&self) -> usize {
        self.data.dims().first().copied().unwrap_or(0)
    }

    fn get(&self, index: usize) -> Result<(Tensor, i64)> {
        if index >= self.len() {
            return out_of_range("data::VisionDataset", index, self.len());
        }
        let target = self.targets.get(index)?.to_scalar::<i64>()?;
        Ok((self.transform.forward(&self.data.get(index)?)?, target))
    }

    fn batch(&self, indices: &[usize]) -> Result<Batch<Self>> {
        let rows = numbers(indices, self.len())?;
        let images = self.transform.of_batch(&select(&self.data, &rows)?)?;
        Ok((images, select(&self.targets, &rows)?))
    }
}

impl fmt::Debug for VisionDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let VisionDataset { data, classes, .. } = self;
        let debug = &mut f.debug_struct("VisionDataset");
        debug.field("data", &data.dims()).field("classes", &classes.len()).finish_non_exhaustive()
    }
}

/// Handwritten digits, 28 x 28 pixels, 60,000 to learn of and 10,000 to test with (LeCun and others, 1998); torchvision's
/// `MNIST`.
#[derive(Debug)]
pub struct MNIST;

impl MNIST {
    /// Reads the digits to learn of, or to test with, from the folder `root`.
    ///
    /// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same of `t10k`, also with `.gz`, in
    /// `root/MNIST/raw`, where torchvision puts them, or in `root` itself.
    ///
    /// *Differs from torchvision*: it never downloads, and images have one channel, `(n, 1, 28, 28)`.
    ///
    /// # Errors
    ///
    /// If a file is missing, which is said together with where to get it, or is not whole.
    ///
    /// ```
    /// use akari::prelude::*;
    /// # let folder = std::env::temp_dir().join(format!("akari-mnist-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2][..], &[255; 8]].concat();
    /// # std::fs::write(folder.join("train-images-idx3-ubyte"), images)?;
    /// # std::fs::write(folder.join("train-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 2, 7, 3])?;
    /// let train = data::MNIST::new(&folder, true)?;
    /// let (image, digit) = train.get(0)?;
    /// assert_eq!((image.dims(), torch::max(&image)?.item()?, digit), (&[1, 2, 2][..], 1.0, 7));
    ///
    /// let config = data::DataLoaderConfig { batch_size: 64, shuffle: true, ..Default::default() };
    /// for batch in &data::DataLoader::new(&train, config)? {
    ///     let (images, digits) = batch?;
    ///     assert_eq!((images.dtype(), digits.dtype()), (DType::F32, DType::I64));
    /// }
    ///
    /// let error = data::MNIST::new(&folder, false).unwrap_err().to_string();
    /// assert!(error.contains("t10k-images-idx3-ubyte.gz"));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::new_ret_no_self, reason = "all image sets in memory are of one type")]
    pub fn new(root: impl AsRef<Path>, train: bool) -> Result<VisionDataset> {
        const FROM: &str = "https://ossci-datasets.s3.amazonaws.com/mnist/";
        let (data, targets) = idx::read("data::MNIST", "MNIST", FROM, root.as_ref(), train)?;
        let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        Ok(VisionDataset::of(data, targets, &digits))
    }
}

/// Pictures of clothes in the format of [`MNIST`] (Xiao, Rasul and Vollgraf, 2017); torchvision's `FashionMNIST`.
#[derive(Debug)]
pub struct FashionMNIST;

impl FashionMNIST {
    /// Reads the pictures to learn of, or to test with, from the folder `root`; as [`MNIST::new`], from
    /// `root/FashionMNIST/raw` or `root`.
    ///
    /// # Errors
    ///
    /// As [`MNIST::new`].
    #[expect(clippy::new_ret_no_self, reason = "all image sets in memory are of one type")]
    pub fn new(root: impl AsRef<Path>, train: bool) -> Result<VisionDataset> {
        const FROM: &str = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";
        let (function, folder) = ("data::FashionMNIST", "FashionMNIST");
        let (data, targets) = idx::read(function, folder, FROM, root.as_ref(), train)?;
        let clothes = [
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ];
        Ok(VisionDataset::of(data, targets, &clothes))
    }
}

/// Small colour photographs of ten kinds, 32 x 32 pixels, 50,000 to learn of and 10,000 to test with (Krizhevsky, 2009);
/// torchvision's `CIFAR10`.
#[derive(Debug)]
pub struct CIFAR10;

impl CIFAR10 {
    /// Reads the photographs to learn of, or to test with, from the folder `root`.
    ///
    /// The files are those of the *binary version*: `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, in
    /// `root/cifar-10-batches-bin` or in `root` itself. Images are `(n, 3, 32, 32)`.
    ///
    /// *Differs from torchvision*: it never downloads, and doesn't read the version for Python.
    ///
    /// # Errors
    ///
    /// If a file is missing, which is said together with where to get it, or is not whole.
    ///
    /// ```
    /// use akari::prelude::*;
    /// # let folder = std::env::temp_dir().join(format!("akari-cifar-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # std::fs::write(folder.join("test_batch.bin"), [&[8][..], &[51; 3072]].concat())?;
    /// let test = data::CIFAR10::new(&folder, false)?;
    /// let (image, class) = test.get(0)?;
    /// assert_eq!((image.dims(), test.classes[class as usize].as_str()), (&[3, 32, 32][..], "ship"));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::new_ret_no_self, reason = "all image sets in memory are of one type")]
    pub fn new(root: impl AsRef<Path>, train: bool) -> Result<VisionDataset> {
        let (data, targets) = cifar::read(root.as_ref(), train)?;
        Ok(VisionDataset::of(data, targets, &cifar::CLASSES))
    }
}
