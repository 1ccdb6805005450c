//! The tensors that a deep copy of a model has made.

use std::collections::HashMap;

use candle_core::{Result, TensorId, Var};

use super::mode::Mode;
use crate::parameters::{requires_grad, set_requires_grad};

/// The copies that were made so far: what is shared in a model is shared in its copy.
#[derive(Debug, Default)]
pub struct Copies {
    vars: HashMap<TensorId, Var>,
    modes: Vec<(Mode, Mode)>,
}

impl Copies {
    /// The variable's copy, the same one each time.
    pub(crate) fn var(&mut self, var: &Var) -> Result<Var> {
        if let Some(copy) = self.vars.get(&var.id()) {
            return Ok(copy.clone());
        }
        let copy = Var::from_tensor(&var.as_detached_tensor())?;
        if !requires_grad(var) {
            set_requires_grad(&copy, false);
        }
        self.vars.insert(var.id(), copy.clone());
        Ok(copy)
    }

    /// The copy of a training mode, the same one each time.
    pub(super) fn mode(&mut self, mode: &Mode) -> Mode {
        if let Some((_, copy)) = self.modes.iter().find(|(known, _)| known.is_same(mode)) {
            return copy.clone();
        }
        let copy = Mode::default();
        copy.set(mode.is_training());
        self.modes.push((mode.clone(), copy.clone()));
        copy
    }
}
