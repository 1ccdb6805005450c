//! The dropout layers beside [`Dropout`](super::Dropout): of whole channels, and for SELU.

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::mode::Mode;
use super::part::fields;
use crate::error::fail;
use crate::functional::{alpha_dropout_named, channel_dropout, dropout1d_named};
use crate::print::python::float_repr;

display_as_repr!(Dropout1d, Dropout2d, AlphaDropout);

macro_rules! dropouts {
    ($($(#[$doc:meta])* $name:ident, $function:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            /// How likely it is left out. Default: 0.5.
            pub p: f64,
            mode: Mode,
        }

        impl $name {
            /// A layer that leaves out the share `p`.
            ///
            /// # Errors
            ///
            /// If `p` is not from 0 to 1.
            pub fn new(p: f64) -> Result<Self> {
                if !(0.0..=1.0).contains(&p) {
                    return fail(
                        concat!("nn::", stringify!($name)),
                        format_args!(
                            "dropout probability has to be between 0 and 1, but got {}",
                            float_repr(p)
                        ),
                    );
                }
                Ok($name { p, mode: Mode::default() })
            }
        }

        impl Default for $name {
            fn default() -> Self {
                $name { p: 0.5, mode: Mode::default() }
            }
        }

        impl Module for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                let name = concat!("nn::", stringify!($name));
                $function(name, x, self.p, self.mode.is_training())
            }
        }

        impl Layer for $name {
            fields!(mode);

            fn head(&self) -> String {
                format!(concat!(stringify!($name), "(p={}, inplace=False)"), float_repr(self.p))
            }
        }
    )*};
}

dropouts! {
    /// Sets whole channels of sequences to 0 at random while the model is trained, and scales up the others; see
    /// [`F::dropout1d`](crate::functional::dropout1d) and PyTorch's `Dropout1d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let layer = nn::Dropout1d::new(0.2)?;
    /// assert_eq!(layer.forward(&torch::rand((2, 3, 4))?)?.dims(), &[2, 3, 4]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    Dropout1d, dropout1d_named;

    /// Sets whole channels of images to 0 at random while the model is trained, and scales up the others; see
    /// [`F::dropout2d`](crate::functional::dropout2d) and PyTorch's `Dropout2d`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let layer = nn::Dropout2d::new(0.2)?;
    /// assert_eq!(layer.forward(&torch::rand((2, 3, 4, 4))?)?.dims(), &[2, 3, 4, 4]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    Dropout2d, channel_dropout;

    /// Sets numbers to the lower end of SELU at random while the model is trained, so that mean and variance stay; see
    /// [`F::alpha_dropout`](crate::functional::alpha_dropout) and PyTorch's `AlphaDropout`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let layer = nn::AlphaDropout::new(0.2)?;
    /// assert_eq!(layer.forward(&torch::rand((2, 3))?)?.dims(), &[2, 3]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    AlphaDropout, alpha_dropout_named;
}
