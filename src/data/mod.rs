//! `data`: batches of examples, and example sets that are made on the spot, without a download.
//!
//! All chance comes from the generator that `torch::manual_seed` starts, so that a run can be
//! repeated; shuffled batches are those of PyTorch's `DataLoader` after the same seed.

mod collate;
mod dataset;
mod digits;
mod loader;
mod metrics;
mod parts;
mod sampler;
mod shapes;
mod tensors;
pub mod transforms;

pub use collate::Collate;
pub use dataset::{Batch, Dataset};
pub use digits::digits;
pub use loader::{Batches, DataLoader, DataLoaderConfig};
pub use metrics::{accuracy, confusion_matrix, f1_score, precision, recall};
pub use parts::{ConcatDataset, Subset, random_split, random_split_with};
pub use sampler::{
    AnySampler, Indices, RandomSampler, RandomSamplerConfig, Sampler, SequentialSampler,
    WeightedRandomSampler,
};
pub use shapes::{blobs, circles, moons, spirals};
pub use tensors::{Borrowed, TensorDataset, Tensors};
