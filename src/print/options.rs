//! PyTorch's print options.

use std::sync::RwLock;

/// How tensors are printed; the defaults are PyTorch's, and so are the profiles [`Self::SHORT`] and
/// [`Self::FULL`].
///
/// ```
/// use akari::prelude::*;
///
/// let options = torch::PrintOptions { precision: 2, ..Default::default() };
/// let suffix = akari::print::Suffix::None;
/// let text = akari::print::tensor_text_with(&tensor!([0.12345]), suffix, &options)?;
/// assert_eq!(text, "tensor([0.12])");
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
///
/// Differs from PyTorch, where options that aren't given keep their value: here they are the
/// defaults.
///
/// ```
/// use akari::prelude::*;
///
/// torch::set_printoptions(torch::PrintOptions { sci_mode: Some(true), ..Default::default() });
/// assert_eq!(akari::print::tensor_text(&tensor!([10.0]))?, "tensor([1.0000e+01])");
/// torch::set_printoptions(torch::PrintOptions::default());
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn set_printoptions(options: PrintOptions) {
    // The options are plain numbers: a panic elsewhere can't have left them half written.
    *OPTIONS.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = options;
}

pub(crate) fn current() -> PrintOptions {
    *OPTIONS.read().unwrap_or_else(|poisoned| poisoned.into_inner())
}
