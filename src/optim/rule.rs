//! The interface of an update rule, and the state that an optimizer keeps for it of each parameter.
//!
//! The rules are in files of their own, `adam.rs` and so on; `step.rs` calls them, `optimizer.rs` keeps their
//! options and states.

use std::fmt;

use candle_core::{Result, Var};

use super::options::Options;
use super::sweep::{Buffers, Sweep};
use crate::compute::number::Number;
use crate::parameters::Parameters;

/// One update rule: its options, their checks, what it remembers, and the step itself.
pub trait Rule: fmt::Debug + Sized + 'static {
    /// The optimizer's name.
    const NAME: &'static str;
    /// The optimizer as typed in a cell.
    #[doc(hidden)]
    const FUNCTION: &'static str;
    /// The numbers that the rule remembers of each element, by the names of PyTorch's state dict.
    #[doc(hidden)]
    const BUFFERS: &'static [&'static str];
    /// The numbers that the rule remembers of a parameter as a whole, beside the number of steps.
    #[doc(hidden)]
    const NUMBERS: &'static [&'static str] = &[];
    /// The rule's options.
    type Config: Options;

    /// The first option that makes no sense, in PyTorch's words.
    fn complaint(config: &Self::Config) -> Option<String>;

    /// Why these parameters can't be optimized.
    #[doc(hidden)]
    fn complaint_about(_params: &Parameters) -> Option<String> {
        None
    }

    /// The first values of [`Rule::NUMBERS`].
    #[doc(hidden)]
    fn begin(_config: &Self::Config) -> Vec<f64> {
        Vec::new()
    }

    /// The shape of a buffer of a parameter of this shape.
    #[doc(hidden)]
    fn buffer_shape(_buffer: usize, dims: &[usize]) -> Vec<usize> {
        dims.to_vec()
    }

    /// One step of one parameter; `time` counts the parameter's steps from 1.
    #[doc(hidden)]
    fn update<T: Number>(
        config: &Self::Config,
        time: u32,
        numbers: &mut [f64],
        sweep: Sweep<'_, T>,
    ) -> Result<()>;
}

/// The state of one parameter.
#[derive(Debug, Clone)]
pub struct State {
    /// The steps in which the parameter had a gradient.
    pub(super) steps: u32,
    pub(super) numbers: Vec<f64>,
    pub(super) buffers: Buffers,
}

impl State {
    pub(super) fn new<R: Rule>(config: &R::Config, var: &Var) -> Result<State> {
        let buffers = Buffers::new(R::FUNCTION, var.dtype(), R::BUFFERS.len())?;
        Ok(State { steps: 0, numbers: R::begin(config), buffers })
    }
}
