//! Groups of parameters that share options, as optimizers keep them and schedulers see them.
//!
//! `optimizer.rs` keeps groups for the rules, `lbfgs.rs` keeps its one group; schedulers know an optimizer as
//! [`ParamGroups`] only.

use std::collections::BTreeMap;
use std::fmt;

use super::options::{Keys, NEW_KEYS};
use crate::parameters::Parameters;
use crate::print::python::float_repr;

/// What an optimizer says of a group with a parameter that is there twice.
pub(super) const DOUBLES: &str = "optimizer contains a parameter group with duplicate parameters, each of which would be stepped twice (a model's parameters() has shared ones once)";

/// Parameters that share options.
///
/// ```
/// use akari::optim::ParamGroup;
/// use akari::prelude::*;
/// let [a, b] = [Var::new(&[1f32], &Device::Cpu)?, Var::new(&[1f32], &Device::Cpu)?];
/// let base = optim::SGDConfig { lr: 0.1, ..Default::default() };
/// let slow = optim::SGDConfig { lr: 0.01, ..base.clone() };
/// let mut sgd = optim::SGD::with_groups(vec![
///     ParamGroup { params: a.into(), config: base },
///     ParamGroup { params: b.into(), config: slow },
/// ])?;
/// assert_eq!(sgd.param_groups()[1].config.lr, 0.01);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ParamGroup<C> {
    /// The parameters, each of which belongs to one group only.
    pub params: Parameters,
    /// The options of these parameters.
    pub config: C,
}

/// An optimizer's groups by name, as schedulers see them; every optimizer here has them.
pub trait ParamGroups {
    /// How many groups there are.
    fn group_count(&self) -> usize;
    /// An option of a group, or what a scheduler noted there, as numbers.
    #[doc(hidden)]
    fn get(&self, group: usize, name: &str) -> Option<Vec<f64>>;
    /// Sets an option of a group.
    #[doc(hidden)]
    fn set(&mut self, group: usize, name: &str, numbers: &[f64]);
    /// Notes a scheduler's number in a group.
    #[doc(hidden)]
    fn note(&mut self, group: usize, name: &'static str, number: f64);
}

/// Writes the groups of an optimizer as PyTorch prints them, with what schedulers noted there.
pub(super) fn write_groups<'a>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    groups: impl Iterator<Item = (Keys, &'a BTreeMap<&'static str, f64>)>,
) -> fmt::Result {
    write!(f, "{name} (")?;
    for (number, (mut keys, notes)) in groups.enumerate() {
        if !f.alternate() {
            keys.retain(|(key, _)| !NEW_KEYS.contains(key));
        }
        keys.extend(notes.iter().map(|(key, number)| (*key, float_repr(*number))));
        keys.sort_unstable();
        writeln!(f, "\nParameter Group {number}")?;
        for (key, value) in keys {
            writeln!(f, "    {key}: {value}")?;
        }
    }
    write!(f, ")")
}
