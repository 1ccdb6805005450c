//! The recurrent layers: [`RNN`], [`LSTM`] and [`GRU`].
//!
//! What they have in common is in `recurrent_stack.rs`.

use candle_core::{Module, Result, Tensor, Var};

use super::layer::{Layer, display_as_repr};
use super::part::fields;
use super::recurrent_stack::{Stack, StackConfig};
use crate::functional::Cell;

display_as_repr!(RNN, LSTM, GRU);

/// What a simple recurrent layer makes of its sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RNNNonlinearity {
    /// `tanh`.
    #[default]
    Tanh,
    /// `relu`.
    Relu,
}

impl RNNNonlinearity {
    pub(super) fn cell(self) -> Cell {
        match self {
            RNNNonlinearity::Tanh => Cell::Tanh,
            RNNNonlinearity::Relu => Cell::Relu,
        }
    }
}

/// The options of [`RNN`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RNNConfig {
    /// How many layers there are, one on the other. Default: 1.
    pub num_layers: usize,
    /// What becomes of the sum. Default: tanh.
    pub nonlinearity: RNNNonlinearity,
    /// Whether there are biases. Default: true.
    pub bias: bool,
    /// Whether the batch is the first axis, and not the second one. Default: false.
    pub batch_first: bool,
    /// The share of numbers that is left out between layers in training. Default: 0.
    pub dropout: f64,
    /// Whether a second half of each layer goes through the sequence from its end. Default: false.
    pub bidirectional: bool,
}

impl Default for RNNConfig {
    fn default() -> Self {
        RNNConfig {
            num_layers: 1,
            nonlinearity: RNNNonlinearity::Tanh,
            bias: true,
            batch_first: false,
            dropout: 0.0,
            bidirectional: false,
        }
    }
}

/// The options of [`LSTM`] and [`GRU`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LSTMConfig {
    /// How many layers there are, one on the other. Default: 1.
    pub num_layers: usize,
    /// Whether there are biases. Default: true.
    pub bias: bool,
    /// Whether the batch is the first axis, and not the second one. Default: false.
    pub batch_first: bool,
    /// The share of numbers that is left out between layers in training. Default: 0.
    pub dropout: f64,
    /// Whether a second half of each layer goes through the sequence from its end. Default: false.
    pub bidirectional: bool,
}

impl Default for LSTMConfig {
    fn default() -> Self {
        LSTMConfig {
            num_layers: 1,
            bias: true,
            batch_first: false,
            dropout: 0.0,
            bidirectional: false,
        }
    }
}

/// The options of [`GRU`], those of [`LSTM`].
pub type GRUConfig = LSTMConfig;

impl From<RNNConfig> for StackConfig {
    fn from(config: RNNConfig) -> Self {
        let RNNConfig { num_layers, bias, batch_first, dropout, bidirectional, .. } = config;
        StackConfig { num_layers, bias, batch_first, dropout, bidirectional }
    }
}

impl From<LSTMConfig> for StackConfig {
    fn from(config: LSTMConfig) -> Self {
        let LSTMConfig { num_layers, bias, batch_first, dropout, bidirectional } = config;
        StackConfig { num_layers, bias, batch_first, dropout, bidirectional }
    }
}

macro_rules! recurrent {
    ($(#[$doc:meta])* $name:ident, $config:ident, $given:ident => $cell:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            /// The options that the layer was made with.
            pub config: $config,
            stack: Stack,
        }

        impl $name {
            /// A layer of `hidden_size` cells.
            ///
            /// # Errors
            ///
            /// If `hidden_size` is 0, or memory runs out.
            pub fn new(input_size: usize, hidden_size: usize) -> Result<Self> {
                Self::with_config(input_size, hidden_size, $config::default())
            }

            /// Layers with options.
            ///
            /// # Errors
            ///
            /// If `hidden_size` or `num_layers` is 0, `dropout` is not from 0 to 1, or memory runs out.
            pub fn with_config(
                input_size: usize,
                hidden_size: usize,
                $given: $config,
            ) -> Result<Self> {
                let (layer, cell) = (concat!("nn::", stringify!($name)), $cell);
                let stack = Stack::new(layer, cell, [input_size, hidden_size], $given.into())?;
                Ok($name { config: $given, stack })
            }

            /// The parameter of this name: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`,
            /// `weight_ih_l0_reverse`, ..
            pub fn parameter(&self, name: &str) -> Option<Var> {
                let mut all = self.stack.all.iter().flat_map(|weights| weights.named());
                all.find(|(known, _)| known == name).map(|(_, var)| var.clone())
            }
        }

        /// The output alone, from a state of zeros: what a layer in a chain hands on.
        impl Module for $name {
            fn forward(&self, x: &Tensor) -> Result<Tensor> {
                let name = concat!("nn::", stringify!($name));
                self.stack.run(name, x, None, None).map(|(output, ..)| output)
            }
        }

        impl Layer for $name {
            fields!(stack);

            fn head(&self) -> String {
                self.stack.head(stringify!($name))
            }
        }
    };
}

recurrent! {
    /// A simple recurrent network: from step to step goes a state.
    ///
    /// ```text
    /// hₜ = tanh(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh)
    /// ```
    ///
    /// All weights begin as uniform numbers between `±1 / √hidden`, PyTorch's very numbers after `torch::manual_seed`.
    ///
    /// # Shapes
    ///
    /// `x` of `(L, N, input)`, of `(N, L, input)` with `batch_first`, or of `(L, input)` without a batch. `output` has
    /// `hidden` in the place of `input`, twice with `bidirectional`. The states are `(layers, N, hidden)`, with a layer
    /// for each direction.
    ///
    /// # Errors
    ///
    /// If these sizes don't fit. See PyTorch's `RNN`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let rnn = nn::RNN::with_config(3, 4, nn::RNNConfig { batch_first: true, ..Default::default() })?;
    /// let (output, h) = rnn.forward(&torch::rand((2, 5, 3))?, None)?;
    /// assert_eq!((output.dims(), h.dims()), (&[2, 5, 4][..], &[1, 2, 4][..]));
    /// // On from where it was:
    /// let (_, h) = rnn.forward(&torch::rand((2, 1, 3))?, Some(&h))?;
    /// assert_eq!(h.dims(), &[1, 2, 4]);
    /// assert_eq!(rnn.to_string(), "RNN(3, 4, batch_first=True)");
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    RNN, RNNConfig, config => config.nonlinearity.cell()
}

recurrent! {
    /// A recurrent network with gates and a memory: long short-term memory.
    ///
    /// ```text
    /// i, f, o = sigmoid(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh)     each with weights of its own
    /// g = tanh(..)                                             likewise
    /// cₜ = f cₜ₋₁ + i g
    /// hₜ = o tanh(cₜ)
    /// ```
    ///
    /// The rows of all weights are those of i, f, g and o, one after the other. They begin as uniform numbers between
    /// `±1 / √hidden`, PyTorch's very numbers after `torch::manual_seed`.
    ///
    /// # Shapes
    ///
    /// `x` of `(L, N, input)`, of `(N, L, input)` with `batch_first`, or of `(L, input)` without a batch. `output` has
    /// `hidden` in the place of `input`, twice with `bidirectional`. The states are `(layers, N, hidden)`, with a layer
    /// for each direction.
    ///
    /// # Errors
    ///
    /// If these sizes don't fit. See PyTorch's `LSTM`; `proj_size` is not there.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let lstm = nn::LSTM::with_config(3, 4, nn::LSTMConfig { num_layers: 2, ..Default::default() })?;
    /// let (output, (h, c)) = lstm.forward(&torch::rand((5, 2, 3))?, None)?;
    /// assert_eq!((output.dims(), h.dims(), c.dims()), (&[5, 2, 4][..], &[2, 2, 4][..], &[2, 2, 4][..]));
    /// let (output, _) = lstm.forward(&torch::rand((1, 2, 3))?, Some((&h, &c)))?;
    /// assert_eq!(output.dims(), &[1, 2, 4]);
    /// assert_eq!(lstm.named_parameters()[0].0, "weight_ih_l0");
    /// assert_eq!(lstm.to_string(), "LSTM(3, 4, num_layers=2)");
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    ///
    /// In `nn::seq!` a recurrent layer hands on its output alone.
    LSTM, LSTMConfig, config => Cell::Lstm
}

recurrent! {
    /// A recurrent network with gates: the gated recurrent unit.
    ///
    /// ```text
    /// r, z = sigmoid(W_ih xₜ + b_ih + W_hh hₜ₋₁ + b_hh)        each with weights of its own
    /// n = tanh(W_ih xₜ + b_ih + r (W_hh hₜ₋₁ + b_hh))          likewise
    /// hₜ = (1 - z) n + z hₜ₋₁
    /// ```
    ///
    /// The rows of all weights are those of r, z and n, one after the other. They begin as uniform numbers between
    /// `±1 / √hidden`, PyTorch's very numbers after `torch::manual_seed`.
    ///
    /// # Shapes
    ///
    /// `x` of `(L, N, input)`, of `(N, L, input)` with `batch_first`, or of `(L, input)` without a batch. `output` has
    /// `hidden` in the place of `input`, twice with `bidirectional`. The states are `(layers, N, hidden)`, with a layer
    /// for each direction.
    ///
    /// # Errors
    ///
    /// If these sizes don't fit. See PyTorch's `GRU`.
    ///
    /// ```
    /// use akari::prelude::*;
    /// let gru = nn::GRU::with_config(3, 4, nn::GRUConfig { bidirectional: true, ..Default::default() })?;
    /// let (output, h) = gru.forward(&torch::rand((5, 2, 3))?, None)?;
    /// assert_eq!((output.dims(), h.dims()), (&[5, 2, 8][..], &[2, 2, 4][..]));
    /// assert_eq!(gru.to_string(), "GRU(3, 4, bidirectional=True)");
    /// # Ok::<(), akari::candle_core::Error>(())
    /// ```
    GRU, GRUConfig, config => Cell::Gru
}

impl RNN {
    /// The output of all steps and the last state, beginning with state `h`, or zeros.
    ///
    /// # Errors
    ///
    /// If the sizes don't fit.
    pub fn forward(&self, x: &Tensor, h: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        self.stack.run("nn::RNN", x, h, None).map(|(output, h, _)| (output, h))
    }
}

impl LSTM {
    /// The output of all steps, and the last state and memory, beginning with `state`, or zeros: `None`,
    /// `Some((&h, &c))`, or a reference to what another call gave, also in an `Option`.
    ///
    /// # Errors
    ///
    /// If the sizes don't fit.
    pub fn forward<'a>(
        &self,
        x: &Tensor,
        state: impl LSTMState<'a>,
    ) -> Result<(Tensor, (Tensor, Tensor))> {
        self.run(x, state.pair())
    }

    fn run(
        &self,
        x: &Tensor,
        state: Option<(&Tensor, &Tensor)>,
    ) -> Result<(Tensor, (Tensor, Tensor))> {
        let (h, c) = state.unzip();
        let (output, h, c) = self.stack.run("nn::LSTM", x, h, c)?;
        let c = c.map_or_else(|| h.zeros_like(), Ok)?;
        Ok((output, (h, c)))
    }
}

/// A state and a memory, as [`LSTM::forward`] takes them, or neither.
pub trait LSTMState<'a> {
    #[doc(hidden)]
    fn pair(self) -> Option<(&'a Tensor, &'a Tensor)>;
}

impl<'a> LSTMState<'a> for Option<(&'a Tensor, &'a Tensor)> {
    fn pair(self) -> Option<(&'a Tensor, &'a Tensor)> {
        self
    }
}

impl<'a> LSTMState<'a> for &'a (Tensor, Tensor) {
    fn pair(self) -> Option<(&'a Tensor, &'a Tensor)> {
        Some((&self.0, &self.1))
    }
}

impl<'a> LSTMState<'a> for &'a Option<(Tensor, Tensor)> {
    fn pair(self) -> Option<(&'a Tensor, &'a Tensor)> {
        self.as_ref().map(|(h, c)| (h, c))
    }
}

impl GRU {
    /// The output of all steps and the last state, beginning with state `h`, or zeros.
    ///
    /// # Errors
    ///
    /// If the sizes don't fit.
    pub fn forward(&self, x: &Tensor, h: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        self.stack.run("nn::GRU", x, h, None).map(|(output, h, _)| (output, h))
    }
}
