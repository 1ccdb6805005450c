//! Losses as structs with PyTorch's options, defaults and printed form.
//!
//! A row of [`losses!`] is all of a loss but for its formula, which is in `functional/loss`.

mod classes;
mod ctc;
mod difference;
mod likelihood;
mod linear;
mod pairs;

pub use classes::{MultiLabelMarginLoss, MultiLabelSoftMarginLoss, MultiMarginLoss, NLLLoss};
pub use ctc::CTCLoss;
pub use difference::{HuberLoss, L1Loss, MSELoss, SmoothL1Loss};
pub use likelihood::{BCELoss, BCEWithLogitsLoss, GaussianNLLLoss, KLDivLoss, PoissonNLLLoss};
pub use linear::{LinearCrossEntropyLoss, LinearCrossEntropyLossConfig};
pub use pairs::{
    CosineEmbeddingLoss, HingeEmbeddingLoss, MarginRankingLoss, SoftMarginLoss, TripletMarginLoss,
    TripletMarginWithDistanceLoss,
};

pub use crate::functional::loss::{CrossEntropyLoss, DistanceFunction, KLDivReduction};

/// PyTorch prints a loss as its name and nothing else, whatever its options.
macro_rules! display {
    ($loss:ident) => {
        impl fmt::Display for $loss {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($loss), "()"))
            }
        }
    };
}
use display;

/// Defines losses: documentation, name, the options with PyTorch's defaults beside the reduction, and the formula
/// that `forward` calls under the loss's own name.
macro_rules! losses {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr),* $(,)? }
        $(#[$forward_doc:meta])*
        forward($($input:ident: $input_type:ty),* $(,)?) |$loss:ident, $function:ident| $formula:expr;
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// How the single losses are reduced. Default: to their mean.
            pub reduction: Reduction,
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $($field: $default,)* reduction: Reduction::Mean }
            }
        }

        impl $name {
            $(#[$forward_doc])*
            pub fn forward(&self, $($input: $input_type),*) -> Result<Tensor> {
                let ($loss, $function) = (self, concat!("nn::", stringify!($name)));
                $formula
            }
        }

        display!($name);
    )*};
}
use losses;
