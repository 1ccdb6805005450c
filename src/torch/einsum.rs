//! Sums of products that letters describe: `einsum` and `tensordot`.
//!
//! Operands are taken two at a time, from the left. What both have and is summed becomes the inner axis of a matrix
//! product, what both have and is kept its batch.

use candle_core::{Result, Shape, Tensor};

use super::places::{Places, pick};
use crate::compute::beside::Beside;
use crate::compute::recording;
use crate::error::fail;
use crate::functional::matmul::matmul;
use crate::functional::sum::sum_dim;
use crate::tensor::axis::{self, Axes, Axis};
use crate::tensor::list::Tensors;
use crate::tensor::promote::broadcast_to;

/// The name of an axis: a letter, or the place of an axis that an ellipsis stands for, counted from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Hidden(std::cmp::Reverse<usize>),
    Letter(char),
    /// An axis of `tensordot`.
    Number(usize),
}

/// The sum of products of tensors that a formula describes by letters for their axes.
///
/// ```text
/// "ij,jk->ik"      y[i, k] = sum over j of a[i, j] · b[j, k]
/// "bij,bjk->bik"   the same for each b
/// "ii->i"          the diagonal
/// "ij->"           the sum of all elements
/// "...ij->...ji"   axes in front that have no letters
/// ```
///
/// Without `->` the result has the letters that are there once, in alphabetical order.
///
/// # Errors
///
/// In PyTorch's words where letters, operands and sizes don't fit. See PyTorch's `einsum`.
///
/// ```
/// use akari::prelude::*;
/// let (a, b) = (tensor!([[1., 2.], [3., 4.]]), tensor!([[1., 0.], [1., 1.]]));
/// assert_eq!(torch::einsum("ij,jk->ik", (&a, &b))?.to_vec2::<f32>()?, [[3., 2.], [7., 4.]]);
/// assert_eq!(torch::einsum("ii", &[&a])?.to_scalar::<f32>()?, 5.0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn einsum(equation: &str, operands: impl Tensors) -> Result<Tensor> {
    summed(equation, &operands.list())
}

const NAME: &str = "torch::einsum";

/// A tensor whose axes have names.
struct Named {
    tensor: Tensor,
    labels: Vec<Label>,
}

fn summed(equation: &str, operands: &[&Tensor]) -> Result<Tensor> {
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (equation, None),
    };
    let terms = left.split(',').collect::<Vec<_>>();
    if operands.len() != terms.len() {
        let word = if operands.len() < terms.len() { "fewer" } else { "more" };
        return fail(
            NAME,
            format_args!("{word} operands were provided than specified in the equation"),
        );
    }
    if let Some(other) = operands.iter().find(|it| it.dtype() != operands[0].dtype()) {
        return fail(
            NAME,
            format_args!(
                "expected all operands to have one dtype, but they have {:?} and {:?}",
                operands[0].dtype(),
                other.dtype()
            ),
        );
    }
    let mut sizes: Vec<(Label, usize)> = Vec::new();
    let mut named = Vec::new();
    for (index, (term, tensor)) in terms.iter().beside(operands).enumerate() {
        let labels = labels(term, tensor.rank(), index)?;
        let tensor = recording::argument(tensor);
        for (label, size) in labels.iter().beside(tensor.dims()) {
            match sizes.iter_mut().find(|(known, _)| known == label) {
                None => sizes.push((*label, *size)),
                Some((_, known)) if *known == 1 => *known = *size,
                Some((_, known)) if *known != *size && *size != 1 => {
                    let name = match label {
                        Label::Letter(letter) => letter.to_string(),
                        _ => "...".to_owned(),
                    };
                    if labels.iter().filter(|it| *it == label).count() > 1 {
                        return fail(
                            NAME,
                            format_args!(
                                "subscript {name} is repeated for operand {index} but the sizes don't match, {size} != {known}"
                            ),
                        );
                    }
                    return fail(
                        NAME,
                        format_args!(
                            "subscript {name} has size {size} for operand {index} which does not broadcast with previously seen size {known}"
                        ),
                    );
                }
                Some(_) => {}
            }
        }
        named.push(diagonal(Named { tensor, labels })?);
    }
    let output = output(right, &named, &terms)?;
    contract(named, &sizes, &output)
}

/// The names of an operand's axes.
fn labels(term: &str, rank: usize, operand: usize) -> Result<Vec<Label>> {
    let (before, after) = match term.split_once("...") {
        Some((before, after)) => (before, Some(after)),
        None => (term, None),
    };
    let before = letters(before)?;
    let after = after.map(letters).transpose()?;
    let count = before.len() + after.as_ref().map_or(0, Vec::len);
    if count > rank || (after.is_none() && count < rank) {
        let rest = if after.is_some() { "" } else { " and no ellipsis was given" };
        return fail(
            NAME,
            format_args!(
                "the number of subscripts in the equation ({count}) does not match the number of dimensions ({rank}) for operand {operand}{rest}"
            ),
        );
    }
    let hidden = (0..rank - count).rev().map(|place| Label::Hidden(std::cmp::Reverse(place)));
    Ok(before.into_iter().chain(hidden).chain(after.into_iter().flatten()).collect())
}

fn letters(text: &str) -> Result<Vec<Label>> {
    let mut labels = Vec::new();
    for (index, letter) in text.chars().enumerate().filter(|(_, letter)| *letter != ' ') {
        if !letter.is_ascii_alphabetic() {
            return fail(
                NAME,
                format_args!(
                    "invalid subscript given at index {index} in the equation string, subscripts must be in [a-zA-Z]"
                ),
            );
        }
        labels.push(Label::Letter(letter));
    }
    Ok(labels)
}

/// The names of the result's axes.
fn output(right: Option<&str>, operands: &[Named], terms: &[&str]) -> Result<Vec<Label>> {
    let all = || operands.iter().flat_map(|it| it.labels.iter().copied());
    let mut hidden = all().filter(|label| matches!(label, Label::Hidden(_))).collect::<Vec<_>>();
    hidden.sort();
    hidden.dedup();
    let Some(right) = right else {
        let count = |letter: char| terms.concat().chars().filter(|it| *it == letter).count();
        let is_once = |label: &Label| matches!(label, Label::Letter(it) if count(*it) == 1);
        let mut once = all().filter(is_once).collect::<Vec<_>>();
        once.sort();
        return Ok([hidden, once].concat());
    };
    let (before, after) = right.split_once("...").map_or((right, None), |(a, b)| (a, Some(b)));
    let mut labels = letters(before)?;
    if let Some(after) = after {
        labels.extend(hidden);
        labels.extend(letters(after)?);
    }
    for (index, label) in labels.iter().enumerate() {
        let Label::Letter(letter) = label else { continue };
        if labels[..index].contains(label) {
            return fail(
                NAME,
                format_args!("output subscript {letter} appears more than once in the output"),
            );
        }
        if !all().any(|it| it == *label) {
            return fail(
                NAME,
                format_args!(
                    "output subscript {letter} does not appear in the equation for any input operand"
                ),
            );
        }
    }
    Ok(labels)
}

/// The operand with each name once: the elements whose numbers along axes of one name are the same.
fn diagonal(operand: Named) -> Result<Named> {
    let Named { tensor, labels } = operand;
    let mut names: Vec<(Label, usize, usize)> = Vec::new();
    let mut stride = tensor.elem_count();
    for (label, size) in labels.iter().beside(tensor.dims()) {
        stride = stride.checked_div(*size).unwrap_or_default();
        match names.iter_mut().find(|(known, ..)| known == label) {
            Some((_, _, known)) => *known += stride,
            None => names.push((*label, *size, stride)),
        }
    }
    if names.len() == labels.len() {
        return Ok(Named { tensor, labels });
    }
    let mut starts = vec![0];
    for (_, size, stride) in &names {
        let longer = |start: &usize| {
            let start = *start;
            (0..*size).map(move |at| start + at * stride)
        };
        starts = starts.iter().flat_map(longer).collect();
    }
    let shape = names.iter().map(|(_, size, _)| *size).collect::<Vec<_>>();
    let tensor = pick(NAME, &tensor, Places::distinct(starts), shape)?;
    Ok(Named { tensor, labels: names.into_iter().map(|(label, ..)| label).collect() })
}

/// The sum of the products of all operands, with the axes of `output` in their order.
fn contract(operands: Vec<Named>, sizes: &[(Label, usize)], output: &[Label]) -> Result<Tensor> {
    let mut rest = operands.into_iter();
    let Some(mut result) = rest.next() else {
        return fail(NAME, "must provide at least one operand");
    };
    while let Some(next) = rest.next() {
        let later = rest.as_slice().iter().flat_map(|it| it.labels.iter());
        let wanted = later.chain(output).copied().collect::<Vec<_>>();
        result = multiply(result, next, sizes, &wanted)?;
    }
    let result = widen(without(result, output)?, sizes, output)?;
    let place = |label: &Label| result.labels.iter().position(|it| it == label);
    let order = output.iter().filter_map(place).collect::<Vec<_>>();
    if order.is_sorted() { Ok(result.tensor) } else { result.tensor.permute(order) }
}

/// The operand without the axes that nobody wants, which are added up.
fn without(operand: Named, wanted: &[Label]) -> Result<Named> {
    let (kept, gone): (Vec<usize>, Vec<usize>) =
        (0..operand.labels.len()).partition(|at| wanted.contains(&operand.labels[*at]));
    if gone.is_empty() {
        return Ok(operand);
    }
    let dtype = operand.tensor.dtype();
    let tensor = sum_dim(&operand.tensor, gone)?.to_dtype(dtype)?;
    Ok(Named { tensor, labels: kept.into_iter().map(|at| operand.labels[at]).collect() })
}

/// The operand with those of its axes that have one of these names at their full sizes.
fn widen(operand: Named, sizes: &[(Label, usize)], labels: &[Label]) -> Result<Named> {
    let size = |(at, label): (usize, &Label)| {
        let own = operand.tensor.dims()[at];
        let known = sizes.iter().find(|(known, _)| known == label);
        known.filter(|_| labels.contains(label)).map_or(own, |(_, size)| *size)
    };
    let dims = operand.labels.iter().enumerate().map(size).collect::<Vec<_>>();
    let tensor = broadcast_to(&operand.tensor, &Shape::from(dims))?;
    Ok(Named { tensor, ..operand })
}

/// The product of two operands, summed over the names that both have and nobody wants.
fn multiply(a: Named, b: Named, sizes: &[(Label, usize)], wanted: &[Label]) -> Result<Named> {
    let needed = |other: &Named| [wanted, other.labels.as_slice()].concat();
    let (for_a, for_b) = (needed(&b), needed(&a));
    let (a, b) = (without(a, &for_a)?, without(b, &for_b)?);
    let (labels_of_a, labels_of_b) = (a.labels.clone(), b.labels.clone());
    let (a, b) = (widen(a, sizes, &labels_of_b)?, widen(b, sizes, &labels_of_a)?);
    let is_shared = |label: &&Label| b.labels.contains(label);
    let (batch, inner): (Vec<Label>, Vec<Label>) =
        a.labels.iter().filter(is_shared).copied().partition(|label| wanted.contains(label));
    let own = |x: &Named, other: &Named| {
        x.labels.iter().copied().filter(|label| !other.labels.contains(label)).collect::<Vec<_>>()
    };
    let (rows, columns) = (own(&a, &b), own(&b, &a));
    let arranged = |x: &Named, parts: [&[Label]; 3]| {
        let order = parts.concat();
        let axes = order.iter().filter_map(|label| x.labels.iter().position(|it| it == label));
        let axes = axes.collect::<Vec<_>>();
        let mut dims = axes.iter().map(|axis| x.tensor.dims()[*axis]);
        let shape = parts.map(|part| dims.by_ref().take(part.len()).product::<usize>());
        let tensor = if axes.is_sorted() { x.tensor.clone() } else { x.tensor.permute(axes)? };
        Ok::<_, candle_core::Error>((tensor, shape))
    };
    let (left, [count, n, k]) = arranged(&a, [&batch, &rows, &inner])?;
    let (right, [_, _, m]) = arranged(&b, [&batch, &inner, &columns])?;
    let labels = [batch.as_slice(), &rows, &columns].concat();
    let size = |label: &Label| {
        let of = |x: &Named| {
            x.labels.iter().position(|it| it == label).map(|axis| x.tensor.dims()[axis])
        };
        of(&a).or_else(|| of(&b)).unwrap_or(1)
    };
    let dims = labels.iter().map(size).collect::<Vec<_>>();
    let product = if n == 1 && m == 1 && count > 1 {
        // Many numbers: each a sum of a few products.
        let (left, right) = (left.reshape((count, k))?, right.reshape((count, k))?);
        let products = (left * right)?;
        let dtype = products.dtype();
        if k == 1 { products } else { sum_dim(&products, 1)?.to_dtype(dtype)? }
    } else {
        matmul(&left.reshape((count, n, k))?, &right.reshape((count, k, m))?)?
    };
    Ok(Named { tensor: product.reshape(dims)?, labels })
}

/// The axes over which [`tensordot`] sums: a number, or two lists of axes.
pub trait Contraction {
    #[doc(hidden)]
    fn pairs(&self, ranks: (usize, usize)) -> Result<(Vec<i64>, Vec<i64>)>;
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Contraction for $integer {
            fn pairs(&self, ranks: (usize, usize)) -> Result<(Vec<i64>, Vec<i64>)> {
                last_and_first(Axis::number(self), ranks)
            }
        }
    )*};
}

integers!(i32, i64, usize);

impl<A: Axes, B: Axes> Contraction for (A, B) {
    fn pairs(&self, _ranks: (usize, usize)) -> Result<(Vec<i64>, Vec<i64>)> {
        Ok((self.0.numbers(), self.1.numbers()))
    }
}

fn last_and_first(count: i64, (a, b): (usize, usize)) -> Result<(Vec<i64>, Vec<i64>)> {
    const NAME: &str = "torch::tensordot";
    if count < 0 {
        return fail(NAME, format_args!("tensordot expects dims >= 0, but got dims={count}"));
    }
    if count > a.min(b) as i64 {
        return fail(
            NAME,
            format_args!("tensordot expects dims < ndim_a or ndim_b, but got dims={count}"),
        );
    }
    Ok(((-count..0).collect(), (0..count).collect()))
}

/// The sum of products over some axes of both tensors: the last `dims` of `a` and the first of `b`, or those of two lists.
///
/// # Shapes
///
/// The result has the axes of `a` that are left, and then those of `b`.
///
/// # Errors
///
/// If an axis isn't there, or the sizes don't fit. See PyTorch's `tensordot`.
///
/// ```
/// use akari::prelude::*;
/// let (a, b) = (tensor!([[1., 2.], [3., 4.]]), tensor!([[1., 0.], [1., 1.]]));
/// assert_eq!(torch::tensordot(&a, &b, 1)?.to_vec2::<f32>()?, [[3., 2.], [7., 4.]]);
/// assert_eq!(torch::tensordot(&a, &b, ([0], [1]))?.to_vec2::<f32>()?, [[1., 4.], [2., 6.]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn tensordot(a: &Tensor, b: &Tensor, dims: impl Contraction) -> Result<Tensor> {
    let (left, right) = dims.pairs((a.rank(), b.rank()))?;
    contracted(a, b, &left, &right)
}

fn contracted(a: &Tensor, b: &Tensor, left: &[i64], right: &[i64]) -> Result<Tensor> {
    const NAME: &str = "torch::tensordot";
    if left.len() != right.len() {
        return fail(NAME, "both dimension lists should have same length");
    }
    let mut labels_of_b =
        (0..b.rank()).map(|axis| Label::Number(a.rank() + axis)).collect::<Vec<_>>();
    let labels_of_a = (0..a.rank()).map(Label::Number).collect::<Vec<_>>();
    for (first, second) in left.iter().beside(right) {
        let (at, other) = (axis::resolve(NAME, a, first)?, axis::resolve(NAME, b, second)?);
        let (size, other_size) = (a.dims().get(at), b.dims().get(other));
        if size != other_size {
            return fail(
                NAME,
                format_args!(
                    "contracted dimensions need to match, but first has size {} in dim {first} and second has size {} in dim {second}",
                    size.unwrap_or(&1),
                    other_size.unwrap_or(&1)
                ),
            );
        }
        if labels_of_b.contains(&Label::Number(at)) {
            return fail(NAME, format_args!("dim {at} appears multiple times in the list of dims"));
        }
        labels_of_b[other] = Label::Number(at);
    }
    let is_summed = |label: &&Label| labels_of_a.contains(label) && labels_of_b.contains(label);
    let all = labels_of_a.iter().chain(&labels_of_b);
    let output = all.filter(|label| !is_summed(label)).copied().collect::<Vec<_>>();
    let operands = [(a, labels_of_a.clone()), (b, labels_of_b.clone())];
    let named =
        |(x, labels): (&Tensor, Vec<Label>)| Named { tensor: recording::argument(x), labels };
    contract(operands.map(named).into(), &[], &output)
}
