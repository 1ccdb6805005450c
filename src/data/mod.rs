//! `data`: batches of examples, and example sets that are made on the spot, without a download.
//!
//! All chance comes from the generator that `torch::manual_seed` starts, so that a run can be
//! repeated; shuffled batches are those of PyTorch's `DataLoader` after the same seed.

mod dataset;
mod digits;
mod loader;
mod shapes;

pub use dataset::{TensorDataset, random_split};
pub use digits::digits;
pub use loader::{Batches, DataLoader, DataLoaderConfig};
pub use shapes::{blobs, circles, moons, spirals};
