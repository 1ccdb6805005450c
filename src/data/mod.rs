//! `data`: sets of examples, of one's own, from files, or made on the spot; batches of them, and counts of what a
//! classifier gets right.
//!
//! A set is a [`Dataset`]; a [`DataLoader`] cuts it into batches. Nothing is downloaded. All chance comes from the generator
//! that `torch::manual_seed` starts, or one of its own (`torch::Generator`), so that a run can be repeated; shuffled batches
//! are those of PyTorch's `DataLoader` after the same seed.

mod cifar;
mod collate;
mod dataset;
mod digits;
mod folder;
mod handwritten;
mod idx;
mod images;
mod keywords;
mod loader;
mod metrics;
mod parts;
mod photograph;
mod sampler;
mod shapes;
mod tensors;
pub mod transforms;

#[cfg(not(doc))] // A link to a type would mean two things.
pub use self::keywords::DataLoader;
pub use collate::Collate;
pub use dataset::{Batch, Dataset};
pub use digits::digits;
pub use folder::ImageFolder;
pub use handwritten::load_digits;
pub use images::{CIFAR10, FashionMNIST, MNIST, VisionDataset};
pub use loader::{Batches, DataLoader, DataLoaderConfig};
pub use metrics::{accuracy, confusion_matrix, f1_score, precision, recall};
pub use parts::{ConcatDataset, Subset, random_split, random_split_with};
pub use photograph::read_image;
pub use sampler::{
    AnySampler, Indices, RandomSampler, RandomSamplerConfig, Sampler, SequentialSampler,
    WeightedRandomSampler,
};
pub use shapes::{blobs, circles, moons, spirals};
pub use tensors::{Borrowed, TensorDataset, Tensors};
