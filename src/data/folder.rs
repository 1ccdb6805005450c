//! Images in files, a folder for each class: `ImageFolder`.
//!
//! Files are read when an example is asked for, by `photograph.rs`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::dataset::{Dataset, out_of_range};
use super::photograph::read;
use super::transforms::{ToTensor, Transform};
use crate::error::fail;

const FUNCTION: &str = "data::ImageFolder";

/// The endings of files that are taken for images.
const ENDINGS: [&str; 3] = ["jpg", "jpeg", "png"];

/// A folder for each class, with images in it: torchvision's `ImageFolder`.
///
/// ```text
/// root/cat/1.jpg, root/cat/2.jpg, ..   class 0
/// root/dog/old/7.png, ..               class 1
/// ```
///
/// Classes are the folders in alphabetical order. An example is an image of three channels `(3, H, W)`, as `f32` from 0
/// to 1 by [`ToTensor`] unless [`transform`](ImageFolder::transform) gives another way, and its class. Batches need images
/// of one size: `Resize` and `CenterCrop` make them so.
///
/// *Differs from torchvision*: PNG and JPEG alone are read, and a folder whose name begins with a dot is no class.
///
/// # Errors
///
/// If there are no folders, or one has no images; where an example is taken, if its file is no image.
///
/// ```
/// use akari::data::transforms::{Compose, Resize, ToTensor};
/// use akari::prelude::*;
/// # let root = std::env::temp_dir().join(format!("akari-folder-{}", std::process::id()));
/// # for (name, grey) in [("cat/1.png", 255u8), ("dog/1.png", 51)] {
/// #     std::fs::create_dir_all(root.join(name).parent().unwrap())?;
/// #     let file = std::fs::File::create(root.join(name))?;
/// #     png::Encoder::new(file, 4, 6).write_header()?.write_image_data(&[grey; 24])?;
/// # }
/// let set = data::ImageFolder::new(&root)?.transform(Compose::new((Resize::new((2, 2)), ToTensor)));
/// assert_eq!((set.len(), set.classes()), (2, &["cat".to_owned(), "dog".to_owned()][..]));
/// let (images, classes) = set.all()?;
/// assert_eq!((images.dims(), classes.to_vec1::<i64>()?), (&[2, 3, 2, 2][..], vec![0, 1]));
/// assert_eq!(images.get(1)?.flatten_all()?.to_vec1::<f32>()?, [0.2; 12]);
/// # std::fs::remove_dir_all(&root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ImageFolder {
    classes: Arc<[String]>,
    samples: Arc<[(PathBuf, i64)]>,
    transform: Arc<dyn Transform>,
}

impl ImageFolder {
    /// The images of this folder.
    ///
    /// # Errors
    ///
    /// If there are no folders, or one has no images.
    pub fn new(root: impl AsRef<Path>) -> Result<Self> {
        let (classes, samples) = find(root.as_ref())?;
        let (classes, samples) = (classes.into(), samples.into());
        Ok(ImageFolder { classes, samples, transform: Arc::new(ToTensor) })
    }

    /// The same images through this transform, which takes bytes `(3, H, W)`.
    pub fn transform(self, transform: impl Transform + 'static) -> Self {
        ImageFolder { transform: Arc::new(transform), ..self }
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The file of each image with its class.
    pub fn samples(&self) -> &[(PathBuf, i64)] {
        &self.samples
    }
}

impl Dataset for ImageFolder {
    type Item = (Tensor, i64);

    fn len(&self) -> usize {
        self.samples.len()
    }

    fn get(&self, index: usize) -> Result<(Tensor, i64)> {
        let Some((path, class)) = self.samples.get(index) else {
            return out_of_range(FUNCTION, index, self.len());
        };
        Ok((self.transform.forward(&read(FUNCTION, path)?)?, *class))
    }
}

impl fmt::Debug for ImageFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ImageFolder { classes, samples, .. } = self;
        let debug = &mut f.debug_struct("ImageFolder");
        debug.field("classes", classes).field("images", &samples.len()).finish_non_exhaustive()
    }
}

type Found = (Vec<String>, Vec<(PathBuf, i64)>);

/// The classes and files of a folder.
fn find(root: &Path) -> Result<Found> {
    let (mut classes, mut samples) = (Vec::new(), Vec::new());
    for folder in entries(root)?.into_iter().filter(|entry| entry.is_dir() && !is_hidden(entry)) {
        let before = samples.len();
        let class = classes.len() as i64;
        let mut files = Vec::new();
        images_in(&folder, DEPTH, &mut files)?;
        samples.extend(files.into_iter().map(|file| (file, class)));
        if samples.len() == before {
            return fail(
                FUNCTION,
                format_args!(
                    "Found no valid file for the class {} (its folder needs files that end in .png, .jpg or .jpeg)",
                    folder.display()
                ),
            );
        }
        classes.push(folder.file_name().unwrap_or_default().to_string_lossy().into_owned());
    }
    if classes.is_empty() {
        return fail(
            FUNCTION,
            format_args!(
                "Couldn't find any class folder in {} (it needs a folder for each class, with the images in it)",
                root.display()
            ),
        );
    }
    Ok((classes, samples))
}

/// What Jupyter puts beside notebooks, `.ipynb_checkpoints`, is no class.
fn is_hidden(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// Folders deeper than this are links that lead in a circle.
const DEPTH: usize = 32;

fn images_in(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let (folders, found) =
        entries(folder)?.into_iter().partition::<Vec<_>, _>(|path| path.is_dir());
    let is_image = |path: &PathBuf| {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
    };
    files.extend(found.into_iter().filter(is_image));
    if depth > 0 {
        folders.iter().try_for_each(|folder| images_in(folder, depth - 1, files))?;
    }
    Ok(())
}

/// What is in a folder, in alphabetical order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()
    });
    match entries {
        Ok(mut entries) => {
            entries.sort();
            Ok(entries)
        }
        Err(error) => fail(FUNCTION, format_args!("{} can't be read: {error}", folder.display())),
    }
}
