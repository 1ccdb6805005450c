//! What PyTorch calls print options.

use std::sync::RwLock;

/// How tensors are printed; the defaults are PyTorch's, and so are the profiles [`Self::SHORT`] and
/// [`Self::FULL`].
///
/// ```
/// use akari::prelude::*;
///
/// torch::set_printoptions(torch::PrintOptions { precision: 2, ..Default::default() });
/// assert_eq!(akari::print::tensor_text(&tensor!([0.12345]))?, "tensor([0.12])");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintOptions {
    /// Digits behind the point.
    pub precision: usize,
    /// Up to how many elements a tensor is printed whole.
    pub threshold: usize,
    /// How many elements of each end of an axis are printed otherwise.
    pub edgeitems: usize,
    /// Columns of a line.
    pub linewidth: usize,
    /// Scientific notation: always, never, or where the numbers ask for it.
    pub sci_mode: Option<bool>,
}

impl PrintOptions {
    const DEFAULT: Self =
        PrintOptions { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80, sci_mode: None };

    /// PyTorch's `profile="short"`.
    pub const SHORT: Self = PrintOptions { precision: 2, edgeitems: 2, ..Self::DEFAULT };

    /// PyTorch's `profile="full"`: no tensor is cut.
    pub const FULL: Self = PrintOptions { threshold: usize::MAX, ..Self::DEFAULT };
}

impl Default for PrintOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

static OPTIONS: RwLock<PrintOptions> = RwLock::new(PrintOptions::DEFAULT);

/// Sets the options of all later prints; `PrintOptions::default()` brings PyTorch's back.
pub fn set_printoptions(options: PrintOptions) {
    // The options are plain numbers: a panic elsewhere can't have left them half written.
    *OPTIONS.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = options;
}

pub(crate) fn current() -> PrintOptions {
    *OPTIONS.read().unwrap_or_else(|poisoned| poisoned.into_inner())
}
