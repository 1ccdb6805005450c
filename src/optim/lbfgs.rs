//! LBFGS: Newton's method with a few remembered steps in place of second derivatives.

use std::collections::BTreeMap;
use std::fmt;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor};

use super::groups::{DOUBLES, ParamGroup, ParamGroups, write_groups};
use super::line_search::{Point, strong_wolfe};
use super::named::files;
use super::options::{Options, config, first_complaint, not_negative, whole, words};
use super::state_dict::{NOTES, list, numbers};
use super::step::backward;
use super::sums::{add_scaled, dot, largest};
use crate::compute::beside::Beside;
use crate::error::{fail, fail_shape};
use crate::parameters::{Parameters, requires_grad};
use crate::rt::interrupt_point;
use crate::state_dict::StateDict;

words! {
    /// The line searches of [`LBFGS`].
    LineSearch {
        /// A step length that fulfils Wolfe's strong conditions.
        StrongWolfe = "strong_wolfe",
    }
}

config! {
    /// The options of [`LBFGS`].
    LBFGSConfig {
        /// The length of a step, or where the line search begins. Default: 1.
        lr: f64 = 1f64;
        /// How many iterations a step has at most. Default: 20.
        max_iter: usize = 20;
        /// How often a step may ask for the loss; none is 5/4 of `max_iter`. Default: none.
        max_eval: Option<usize> = None;
        /// Ends a step where no element of the gradient is larger. Default: 1e-7.
        tolerance_grad: f64 = 1e-7;
        /// Ends a step where neither parameters nor loss change by more. Default: 1e-9.
        tolerance_change: f64 = 1e-9;
        /// How many iterations are remembered. Default: 100.
        history_size: usize = 100;
        /// Looks for the best length of a step, at the price of more losses. Default: none.
        line_search_fn: Option<LineSearch> = None;
        /// Climbs instead of descending. Default: false.
        maximize: bool = false;
    }
    prints { }
}

/// Newton's method, whose second derivatives are guessed from the last iterations.
///
/// ```text
/// y = g - g₋;  s = t d₋;  kept while yᵀs > 1e-10
/// d = -H g, H from the kept (y, s) by the two-loop recursion, beginning with yᵀs / yᵀy
/// p ← p + t d;  t = lr (first min(1, 1/‖g‖₁) lr), or what the line search finds
/// ```
///
/// A step asks for the loss more than once, so it takes a closure that computes it, and the
/// gradients itself: `lbfgs.step(|| model_loss())?`. For that reason `LBFGS` is no
/// `candle_nn::Optimizer`. Use it for small problems without batches.
///
/// # Errors
///
/// `new` refuses an empty list and a negative `lr`; `with_groups` more than one group.
///
/// *Differs from PyTorch*, where the closure also calls `zero_grad` and `backward`, and in that it
/// computes in f64 for f32 parameters too. See Nocedal,
/// 1980, and PyTorch's `LBFGS`.
///
/// ```
/// use akari::prelude::*;
/// let w = Var::new(&[-1.2f64, 1.0], &Device::Cpu)?;
/// let config = optim::LBFGSConfig {
///     line_search_fn: Some(optim::LineSearch::StrongWolfe),
///     ..Default::default()
/// };
/// let mut lbfgs = optim::LBFGS::new([w.clone()], config)?;
/// for _ in 0..10 {
///     // Rosenbrock's valley: 100 (y - x²)² + (1 - x)²
///     lbfgs.step(|| {
///         let (x, y) = (w.get(0)?, w.get(1)?);
///         ((y - x.sqr()?)?.sqr()? * 100.0)? + (1.0 - x)?.sqr()?
///     })?;
/// }
/// assert!(w.to_vec1::<f64>()?.iter().all(|it| (it - 1.0).abs() < 1e-3));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct LBFGS {
    groups: [ParamGroup<LBFGSConfig>; 1],
    notes: BTreeMap<&'static str, f64>,
    memory: Memory,
}

/// The state between steps; vectors hold all parameters one after the other.
#[derive(Debug, Clone, Default)]
struct Memory {
    func_evals: usize,
    n_iter: usize,
    d: Vec<f64>,
    t: f64,
    old_dirs: Vec<Vec<f64>>,
    old_stps: Vec<Vec<f64>>,
    ro: Vec<f64>,
    h_diag: f64,
    prev_flat_grad: Vec<f64>,
}

const FUNCTION: &str = "optim::LBFGS";

impl LBFGS {
    /// An optimizer of these parameters.
    ///
    /// # Errors
    ///
    /// If there are no parameters, or an option makes no sense.
    pub fn new(params: impl Into<Parameters>, config: LBFGSConfig) -> Result<Self> {
        Self::with_groups(vec![ParamGroup { params: params.into(), config }])
    }

    /// As [`LBFGS::new`]; more than one group is an error, since all parameters are one vector.
    ///
    /// # Errors
    ///
    /// As [`LBFGS::new`], and if there is more than one group.
    pub fn with_groups(mut groups: Vec<ParamGroup<LBFGSConfig>>) -> Result<Self> {
        let (Some(mut group), true) = (groups.pop(), groups.is_empty()) else {
            return fail(
                FUNCTION,
                "LBFGS doesn't support per-parameter options (parameter groups)",
            );
        };
        if group.params.is_empty() {
            return fail(FUNCTION, "optimizer got an empty parameter list");
        }
        if group.params.has_doubles() {
            return fail(FUNCTION, DOUBLES);
        }
        if let Some(complaint) = complaint(&group.config) {
            return fail(FUNCTION, complaint);
        }
        let of_iterations = group.config.max_iter * 5 / 4;
        group.config.max_eval.get_or_insert(of_iterations);
        Ok(LBFGS { groups: [group], notes: BTreeMap::new(), memory: Memory::default() })
    }

    /// The one group; options may be changed between steps.
    pub fn param_groups(&mut self) -> &mut [ParamGroup<LBFGSConfig>] {
        &mut self.groups
    }

    /// How often all steps so far asked for the loss.
    pub fn func_evals(&self) -> usize {
        self.memory.func_evals
    }

    /// Several iterations towards a lower loss; returns the loss before them. `closure` computes
    /// the loss of the parameters as they are.
    ///
    /// # Errors
    ///
    /// If `closure` fails (parameters are then where the last iteration left them), or the loss is
    /// not one number that depends on a variable.
    pub fn step(&mut self, mut closure: impl FnMut() -> Result<Tensor>) -> Result<Tensor> {
        let [group] = &self.groups;
        let mut problem = Problem { group, closure: &mut closure };
        self.memory.step(&mut problem)
    }

    /// Everything that the next step depends on; as [`Adam::state_dict`](super::Adam::state_dict).
    /// ///     /// # Errors     ///     /// If memory runs out.
    pub fn state_dict(&self) -> Result<StateDict> {
        let [group] = &self.groups;
        let mut dict = StateDict::new();
        for name in LBFGSConfig::names() {
            let numbers = group.config.numbers(name).unwrap_or_default();
            dict.insert(format!("param_groups.0.{name}"), list(&numbers)?);
        }
        for (name, value) in &self.notes {
            dict.insert(format!("param_groups.0.{name}"), list(&[*value])?);
        }
        let Memory { func_evals, n_iter, d, t, old_dirs, old_stps, ro, h_diag, prev_flat_grad } =
            &self.memory;
        let scalars = [*func_evals as f64, *n_iter as f64, *t, *h_diag];
        dict.insert("state.0.scalars".to_owned(), list(&scalars)?);
        if *n_iter > 0 {
            let vectors = [("d", d), ("ro", ro), ("prev_flat_grad", prev_flat_grad)];
            for (name, vector) in vectors.into_iter().filter(|(_, vector)| !vector.is_empty()) {
                dict.insert(format!("state.0.{name}"), list(vector)?);
            }
            let histories = [("old_dirs", old_dirs), ("old_stps", old_stps)];
            for (name, history) in histories.into_iter().filter(|(_, history)| !history.is_empty())
            {
                let shape = (history.len(), d.len());
                let history = Tensor::from_vec(history.concat(), shape, &Device::Cpu)?;
                dict.insert(format!("state.0.{name}"), history);
            }
        }
        Ok(dict)
    }

    /// Takes up what [`LBFGS::state_dict`] gave.
    ///
    /// # Errors
    ///
    /// If the dict is of other parameters or of another optimizer, or an option makes no sense. The
    /// optimizer is then as before.
    pub fn load_state_dict(&mut self, dict: &StateDict) -> Result<()> {
        const FUNCTION: &str = "optim::LBFGS::load_state_dict";
        let [group] = &self.groups;
        let mut config = group.config.clone();
        for name in LBFGSConfig::names() {
            let key = format!("param_groups.0.{name}");
            let Some(tensor) = dict.get(&key) else { continue };
            if !config.set_numbers(name, &numbers(tensor)?) {
                return fail(FUNCTION, format_args!("{key} holds no value of this option"));
            }
        }
        if let Some(complaint) = complaint(&config) {
            return fail(FUNCTION, complaint);
        }
        let memory = Memory::from_dict(FUNCTION, dict, count(&group.params))?;
        let mut notes = self.notes.clone();
        for name in NOTES {
            let noted = numbers_of(dict, &format!("param_groups.0.{name}"))?;
            notes.extend(noted.first().map(|value| (name, *value)));
        }
        (self.groups[0].config, self.notes, self.memory) = (config, notes, memory);
        Ok(())
    }
}

files!(LBFGS);

/// The first option that makes no sense, in PyTorch's words.
fn complaint(config: &LBFGSConfig) -> Option<String> {
    first_complaint([not_negative("learning rate", config.lr)])
}

/// The numbers of a name, none if the dict doesn't have it.
fn numbers_of(dict: &StateDict, name: &str) -> Result<Vec<f64>> {
    dict.get(name).map_or_else(|| Ok(Vec::new()), numbers)
}

impl Memory {
    /// The memory that a state dict holds, of parameters with `len` numbers.
    fn from_dict(function: &str, dict: &StateDict, len: usize) -> Result<Memory> {
        let get = |name: &str| numbers_of(dict, &format!("state.0.{name}"));
        let [func_evals, n_iter, t, h_diag] = get("scalars")?[..] else {
            return fail(function, "this is no state dict of an LBFGS");
        };
        let (Some(func_evals), Some(n_iter)) = (whole(func_evals), whole(n_iter)) else {
            return fail(function, "state.0.scalars holds no counts of losses and iterations");
        };
        let d = get("d")?;
        if n_iter > 0 && d.len() != len {
            return fail_shape(
                function,
                format_args!("the state is of {} numbers, but the parameters are {len}", d.len()),
            );
        }
        let rows = |name: &str| -> Result<Vec<Vec<f64>>> {
            Ok(get(name)?.chunks(d.len().max(1)).map(<[f64]>::to_vec).collect())
        };
        let (old_dirs, old_stps, ro) = (rows("old_dirs")?, rows("old_stps")?, get("ro")?);
        let prev_flat_grad = get("prev_flat_grad")?;
        let is_whole = [&old_dirs, &old_stps]
            .iter()
            .all(|rows| rows.len() == ro.len() && rows.iter().all(|row| row.len() == d.len()));
        if !is_whole || prev_flat_grad.len() != d.len() {
            return fail_shape(function, "the vectors of the state don't have the same lengths");
        }
        Ok(Memory { func_evals, n_iter, d, t, old_dirs, old_stps, ro, h_diag, prev_flat_grad })
    }
}

impl ParamGroups for LBFGS {
    fn group_count(&self) -> usize {
        1
    }

    fn get(&self, _: usize, name: &str) -> Option<Vec<f64>> {
        let noted = || self.notes.get(name).map(|number| vec![*number]);
        self.groups[0].config.numbers(name).or_else(noted)
    }

    fn set(&mut self, _: usize, name: &str, numbers: &[f64]) {
        self.groups[0].config.set_numbers(name, numbers);
    }

    fn note(&mut self, _: usize, name: &'static str, number: f64) {
        self.notes.insert(name, number);
    }
}

/// `{}` prints the form of PyTorch 1.0 to 1.10.2, `{:#}` that of 2.15.
impl fmt::Display for LBFGS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_groups(f, "LBFGS", [(self.groups[0].config.keys(), &self.notes)].into_iter())
    }
}

fn count(params: &Parameters) -> usize {
    params.iter().map(|var| var.elem_count()).sum()
}

/// The loss as a function of one vector.
struct Problem<'a> {
    group: &'a ParamGroup<LBFGSConfig>,
    closure: &'a mut dyn FnMut() -> Result<Tensor>,
}

impl Problem<'_> {
    /// Loss and gradient where the parameters are; of `-loss` if it is to be maximized.
    fn evaluate(&mut self) -> Result<(Tensor, f64, Vec<f64>)> {
        interrupt_point();
        let loss = (self.closure)()?;
        let grads = backward("optim::LBFGS::step", &loss)?;
        let value = loss.to_dtype(DType::F64)?.flatten_all()?.get(0)?.to_scalar::<f64>()?;
        let mut gradient = self.gradient(&grads)?;
        if !self.group.config.maximize {
            return Ok((loss, value, gradient));
        }
        gradient.iter_mut().for_each(|g| *g = -*g);
        Ok((loss, -value, gradient))
    }

    /// Parameters that the loss doesn't depend on have zeros.
    fn gradient(&self, grads: &GradStore) -> Result<Vec<f64>> {
        let mut all = Vec::with_capacity(count(&self.group.params));
        for var in self.group.params.iter() {
            match grads.get(var).filter(|_| requires_grad(var)) {
                Some(grad) => all.extend(numbers(grad)?),
                None => all.resize(all.len() + var.elem_count(), 0.0),
            }
        }
        Ok(all)
    }

    fn position(&self) -> Result<Vec<f64>> {
        let mut all = Vec::new();
        for var in self.group.params.iter() {
            all.extend(numbers(var)?);
        }
        Ok(all)
    }

    /// Puts the parameters at `x + t d`.
    fn place(&self, x: &[f64], t: f64, d: &[f64]) -> Result<()> {
        let mut all = x.to_vec();
        add_scaled(&mut all, d, t);
        let mut rest = all.as_slice();
        for var in self.group.params.iter() {
            let (own, others) = rest.split_at(var.elem_count());
            let tensor = Tensor::from_slice(own, var.dims(), &Device::Cpu)?;
            var.set(&tensor.to_dtype(var.dtype())?)?;
            rest = others;
        }
        Ok(())
    }
}

impl Memory {
    fn step(&mut self, problem: &mut Problem<'_>) -> Result<Tensor> {
        let LBFGSConfig { lr, max_iter, max_eval, tolerance_grad, tolerance_change, .. } =
            problem.group.config;
        let max_eval = max_eval.unwrap_or(max_iter * 5 / 4);
        let (first_loss, mut loss, mut g) = problem.evaluate()?;
        let mut evals = 1;
        self.func_evals += 1;
        let mut is_optimal = largest(&g) <= tolerance_grad;
        if is_optimal {
            return Ok(first_loss);
        }
        for iteration in 1..=max_iter {
            self.n_iter += 1;
            self.choose_direction(&g, problem.group.config.history_size);
            self.prev_flat_grad.clone_from(&g);
            let previous_loss = loss;
            let of_size = g.iter().map(|g| g.abs()).sum::<f64>();
            self.t = if self.n_iter == 1 { (1.0 / of_size).min(1.0) * lr } else { lr };
            let slope = dot(&g, &self.d);
            if slope > -tolerance_change {
                break;
            }
            let x = problem.position()?;
            let mut asked = 0;
            if problem.group.config.line_search_fn.is_some() {
                let start = Point { t: 0.0, f: loss, g, slope };
                let limit = max_eval as i64 - evals as i64;
                let (d, t) = (&self.d, self.t);
                let mut evaluate = |t: f64| {
                    problem.place(&x, t, d)?;
                    problem.evaluate().map(|(_, loss, g)| (loss, g))
                };
                let found = strong_wolfe(&mut evaluate, d, start, t, tolerance_change, limit);
                let (point, count) = match found {
                    Ok(found) => found,
                    Err(error) => {
                        // Parameters must not stay where the search only tried them.
                        problem.place(&x, 0.0, d)?;
                        return Err(error);
                    }
                };
                problem.place(&x, point.t, d)?;
                (self.t, loss, g, asked) = (point.t, point.f, point.g, count);
                is_optimal = largest(&g) <= tolerance_grad;
            } else {
                problem.place(&x, self.t, &self.d)?;
                // After the last iteration nobody needs the loss.
                if iteration != max_iter {
                    (_, loss, g) = problem.evaluate()?;
                    is_optimal = largest(&g) <= tolerance_grad;
                    asked = 1;
                }
            }
            evals += asked;
            self.func_evals += asked;
            if evals >= max_eval
                || is_optimal
                || largest(&self.d) * self.t.abs() <= tolerance_change
                || (loss - previous_loss).abs() < tolerance_change
            {
                break;
            }
        }
        Ok(first_loss)
    }

    fn choose_direction(&mut self, g: &[f64], history_size: usize) {
        if self.n_iter == 1 {
            self.d = g.iter().map(|g| -g).collect();
            self.h_diag = 1.0;
            return;
        }
        let y = g.iter().beside(&self.prev_flat_grad).map(|(g, old)| g - old).collect::<Vec<_>>();
        let s = self.d.iter().map(|d| d * self.t).collect::<Vec<_>>();
        let curvature = dot(&y, &s);
        if curvature > 1e-10 && history_size > 0 {
            if self.ro.len() == history_size {
                self.old_dirs.remove(0);
                self.old_stps.remove(0);
                self.ro.remove(0);
            }
            self.h_diag = curvature / dot(&y, &y);
            self.old_dirs.push(y);
            self.old_stps.push(s);
            self.ro.push(1.0 / curvature);
        }
        let mut q = g.iter().map(|g| -g).collect::<Vec<_>>();
        let pairs = || self.old_dirs.iter().beside(&self.old_stps).beside(&self.ro);
        let mut factors = Vec::with_capacity(self.ro.len());
        for ((y, s), ro) in pairs().rev() {
            let factor = dot(s, &q) * ro;
            add_scaled(&mut q, y, -factor);
            factors.push(factor);
        }
        q.iter_mut().for_each(|q| *q *= self.h_diag);
        for (((y, s), ro), factor) in pairs().beside(factors.iter().rev()) {
            let back = dot(y, &q) * ro;
            add_scaled(&mut q, s, factor - back);
        }
        self.d = q;
    }
}
