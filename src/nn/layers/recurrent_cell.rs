//! One step of a recurrent layer: [`RNNCell`], [`LSTMCell`] and [`GRUCell`].

use candle_core::{Module, Result, Tensor};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use super::recurrent::RNNNonlinearity;
use super::recurrent_stack::Weights;
use crate::error::fail;
use crate::functional::Cell;

display_as_repr!(RNNCell, LSTMCell, GRUCell);

/// The options of [`RNNCell`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RNNCellConfig {
    /// Whether there are biases. Default: true.
    pub bias: bool,
    /// What becomes of the sum. Default: tanh.
    pub nonlinearity: RNNNonlinearity,
}

impl Default for RNNCellConfig {
    fn default() -> Self {
        RNNCellConfig { bias: true, nonlinearity: RNNNonlinearity::Tanh }
    }
}

/// One step of an [`RNN`](super::RNN).
///
/// # Shapes
///
/// `x` of `(N, input)` or `(input)`, the state of `(N, hidden)` or `(hidden)`.
///
/// # Errors
///
/// If these sizes don't fit. See PyTorch's `RNNCell`.
///
/// ```
/// use akari::prelude::*;
/// let cell = nn::RNNCell::new(3, 4)?;
/// let mut h = cell.forward(&torch::rand((2, 3))?, None)?;
/// for _ in 0..5 {
///     h = cell.forward(&torch::rand((2, 3))?, Some(&h))?;
/// }
/// assert_eq!(h.dims(), &[2, 4]);
/// assert_eq!(cell.to_string(), "RNNCell(3, 4)");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RNNCell {
    /// The options that the layer was made with.
    pub config: RNNCellConfig,
    weights: Weights,
}

impl RNNCell {
    /// A step from `input_size` numbers and a state of `hidden_size`.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn new(input_size: usize, hidden_size: usize) -> Result<Self> {
        RNNCell::with_config(input_size, hidden_size, RNNCellConfig::default())
    }

    /// A step with options.
    ///
    /// # Errors
    ///
    /// If memory runs out.
    pub fn with_config(
        input_size: usize,
        hidden_size: usize,
        config: RNNCellConfig,
    ) -> Result<Self> {
        let cell = config.nonlinearity.cell();
        let sizes = [input_size, hidden_size];
        Ok(RNNCell { weights: weights("nn::RNNCell", cell, sizes, config.bias)?, config })
    }

    /// The state after `h`, or after zeros.
    ///
    /// # Errors
    ///
    /// If the sizes don't fit.
    pub fn forward(&self, x: &Tensor, h: Option<&Tensor>) -> Result<Tensor> {
        let cell = self.config.nonlinearity.cell();
        step("nn::RNNCell", cell, &self.weights, x, h, None).map(|(h, _)| h)
    }
}

/// The state after zeros.
impl Module for RNNCell {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward(x, None)
    }
}

impl Layer for RNNCell {
    fields!(weights);

    fn head(&self) -> String {
        let is_relu = self.config.nonlinearity == RNNNonlinearity::Relu;
        head("RNNCell", &self.weights, if is_relu { ", nonlinearity=relu" } else { "" })
    }
}

macro_rules! gated_cell {
    ($(#[$doc:meta])* $name:ident, $cell:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            weights: Weights,
        }

        impl $name {
            /// A step from `input_size` numbers and a state of `hidden_size`.
            ///
            /// # Errors
            ///
            /// If memory runs out.
            pub fn new(input_size: usize, hidden_size: usize) -> Result<Self> {
                let layer = concat!("nn::", stringify!($name));
                Ok($name { weights: weights(layer, $cell, [input_size, hidden_size], true)? })
            }

            /// A step without biases: PyTorch's `bias=False`.
            ///
            /// # Errors
            ///
            /// If memory runs out.
            pub fn no_bias(input_size: usize, hidden_size: usize) -> Result<Self> {
                let layer = concat!("nn::", stringify!($name));
                Ok($name { weights: weights(layer, $cell, [input_size, hidden_size], false)? })
            }
        }

        impl Layer for $name {
            fields!(weights);

            fn head(&self) -> String {
                head(stringify!($name), &self.weights, "")
            }
        }
    };
}

gated_cell! {
    /// One step of an [`LSTM`](super::LSTM): from state and memory to the next ones.
    ///
    /// # Shapes and errors
    ///
    /// As [`RNNCell`]. See PyTorch's `LSTMCell`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let cell = nn::LSTMCell::new(3, 4)?;
    /// let (h, c) = cell.forward(&torch::rand((2, 3))?, None)?;
    /// let (h, c) = cell.forward(&torch::rand((2, 3))?, Some((&h, &c)))?;
    /// assert_eq!((h.dims(), c.dims()), (&[2, 4][..], &[2, 4][..]));
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    LSTMCell, Cell::Lstm
}

gated_cell! {
    /// One step of a [`GRU`](super::GRU).
    ///
    /// # Shapes and errors
    ///
    /// As [`RNNCell`]. See PyTorch's `GRUCell`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let cell = nn::GRUCell::new(3, 4)?;
    /// let h = cell.forward(&torch::rand((2, 3))?, None)?;
    /// assert_eq!(cell.forward(&torch::rand((2, 3))?, Some(&h))?.dims(), &[2, 4]);
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    GRUCell, Cell::Gru
}

impl LSTMCell {
    /// State and memory after those of `state`, or after zeros.
    ///
    /// # Errors
    ///
    /// If the sizes don't fit.
    pub fn forward(
        &self,
        x: &Tensor,
        state: Option<(&Tensor, &Tensor)>,
    ) -> Result<(Tensor, Tensor)> {
        let (h, c) = state.unzip();
        let (h, c) = step("nn::LSTMCell", Cell::Lstm, &self.weights, x, h, c)?;
        let c = c.map_or_else(|| h.zeros_like(), Ok)?;
        Ok((h, c))
    }
}

impl GRUCell {
    /// The state after `h`, or after zeros.
    ///
    /// # Errors
    ///
    /// If the sizes don't fit.
    pub fn forward(&self, x: &Tensor, h: Option<&Tensor>) -> Result<Tensor> {
        step("nn::GRUCell", Cell::Gru, &self.weights, x, h, None).map(|(h, _)| h)
    }
}

/// The state after zeros.
impl Module for LSTMCell {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward(x, None).map(|(h, _)| h)
    }
}

/// The state after zeros.
impl Module for GRUCell {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward(x, None)
    }
}

fn weights(layer: &str, cell: Cell, sizes: [usize; 2], has_bias: bool) -> Result<Weights> {
    if sizes[1] == 0 {
        return fail(layer, "hidden_size must be greater than zero");
    }
    Weights::new(cell, sizes, has_bias, String::new())
}

fn head(name: &str, weights: &Weights, more: &str) -> String {
    let (input, hidden) = (weights.weight_ih.dims()[1], weights.weight_hh.dims()[1]);
    let bias = if weights.biases.is_some() { "" } else { ", bias=False" };
    format!("{name}({input}, {hidden}{bias}{more})")
}

/// One step; the states have as many axes as `x`.
fn step(
    layer: &'static str,
    cell: Cell,
    weights: &Weights,
    x: &Tensor,
    h: Option<&Tensor>,
    c: Option<&Tensor>,
) -> Result<(Tensor, Option<Tensor>)> {
    let (input, hidden) = (weights.weight_ih.dims()[1], weights.weight_hh.dims()[1]);
    let [front @ .., last] = x.dims() else {
        return fail(layer, "Expected input to be 1D or 2D, got 0D tensor instead");
    };
    if front.len() > 1 {
        return fail(
            layer,
            format_args!("Expected input to be 1D or 2D, got {}D tensor instead", x.rank()),
        );
    }
    if *last != input {
        return fail(
            layer,
            format_args!("input has inconsistent input_size: got {last}, expected {input}"),
        );
    }
    let batch = front.first().copied().unwrap_or(1);
    let shape = [front, &[hidden]].concat();
    let state = |state: Option<&Tensor>| match state {
        Some(state) if state.dims() != shape => {
            fail(layer, format_args!("Expected hidden size {shape:?}, got {:?}", state.dims()))
        }
        Some(state) => state.reshape((batch, hidden)),
        None => Tensor::zeros((batch, hidden), x.dtype(), x.device()),
    };
    let h = state(h)?;
    let c = if cell == Cell::Lstm { Some(state(c)?) } else { None };
    let x = x.reshape((1, batch, input))?;
    let (_, h, c) = weights.run(layer, cell, &x, (&h, c.as_ref()), false)?;
    let c = c.map(|c| c.reshape(shape.as_slice())).transpose()?;
    Ok((h.reshape(shape.as_slice())?, c))
}
