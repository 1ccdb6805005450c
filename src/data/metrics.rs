//! How good a classifier is, in counts: accuracy, the confusion matrix, and what is read off it.
//!
//! All of them take logits or classes as predictions, and count in whole numbers, so that nothing rounds.

use candle_core::{Device, Result, Tensor};

use crate::error::fail;
use crate::functional::extreme::argmax;
use crate::tensor::parts;

/// The share of the examples that are classified right, from 0 to 1.
///
/// ```text
/// accuracy = (number of n with argmax over c of logits[n, c] = labels[n]) / N
/// ```
///
/// # Shapes
///
/// Logits (or probabilities) `(N, C, ..)` and labels `(N, ..)`, as for the cross entropy; or classes in the shape of the
/// labels. Masks and `u32` class numbers count as numbers.
///
/// # Errors
///
/// If the shapes don't fit, or there are no examples. See torchmetrics' `accuracy`.
///
/// ```
/// use akari::prelude::*;
/// let logits = tensor!([[2.0, 0.1], [0.3, 0.9], [1.0, 0.0], [0.2, 0.1]]);
/// assert_eq!(data::accuracy(&logits, &tensor!([0, 1, 1, 0]))?, 0.75);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn accuracy(predictions: &Tensor, labels: &Tensor) -> Result<f64> {
    let (predicted, labels) = classes("data::accuracy", predictions, labels)?;
    if labels.is_empty() {
        return fail("data::accuracy", "there are no examples");
    }
    let right = predicted.iter().zip(&labels).filter(|(found, label)| found == label).count();
    Ok(right as f64 / labels.len() as f64)
}

/// How often an example of each class was taken for each class, as `i64` numbers.
///
/// ```text
/// confusion[label, predicted] = number of examples of that label which were taken for that class
/// ```
///
/// # Shapes
///
/// As [`accuracy`]; the result is `(classes, classes)`: a row for each label, as scikit-learn and torchmetrics have it.
///
/// # Errors
///
/// If the shapes don't fit, or a class is not from 0 up to `classes - 1`.
///
/// ```
/// use akari::prelude::*;
/// let (predicted, labels) = (tensor!([0, 1, 1, 1]), tensor!([0, 1, 0, 1]));
/// let confusion = data::confusion_matrix(&predicted, &labels, 2)?;
/// assert_eq!(confusion.to_vec2::<i64>()?, [[1, 1], [0, 2]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn confusion_matrix(predictions: &Tensor, labels: &Tensor, classes: usize) -> Result<Tensor> {
    let counts = counts("data::confusion_matrix", predictions, labels, classes)?;
    Tensor::from_vec(counts, (classes, classes), &Device::Cpu)
}

/// The share of right ones among the examples that were taken for a class; `f64`, one number a class.
///
/// ```text
/// precision[c] = confusion[c, c] / (sum over labels l of confusion[l, c])
/// ```
///
/// A class for which nothing was taken has 0, as in scikit-learn. `torch::mean` of the result is the macro average.
///
/// # Errors
///
/// As [`confusion_matrix`].
///
/// ```
/// use akari::prelude::*;
/// let (predicted, labels) = (tensor!([0, 1, 1, 1]), tensor!([0, 1, 0, 0]));
/// assert_eq!(data::precision(&predicted, &labels, 2)?.to_vec1::<f64>()?, [1.0, 1.0 / 3.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn precision(predictions: &Tensor, labels: &Tensor, classes: usize) -> Result<Tensor> {
    by_class("data::precision", predictions, labels, classes, |class| {
        (class.right, class.predicted)
    })
}

/// The share of a class's examples that were taken for that class; `f64`, one number a class.
///
/// ```text
/// recall[c] = confusion[c, c] / (sum over predictions p of confusion[c, p])
/// ```
///
/// A class without examples has 0, as in scikit-learn.
///
/// # Errors
///
/// As [`confusion_matrix`].
///
/// ```
/// use akari::prelude::*;
/// let (predicted, labels) = (tensor!([0, 1, 1, 1]), tensor!([0, 1, 0, 0]));
/// assert_eq!(data::recall(&predicted, &labels, 2)?.to_vec1::<f64>()?, [1.0 / 3.0, 1.0]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn recall(predictions: &Tensor, labels: &Tensor, classes: usize) -> Result<Tensor> {
    by_class("data::recall", predictions, labels, classes, |class| (class.right, class.labelled))
}

/// The harmonic mean of [`precision`] and [`recall`]; `f64`, one number a class.
///
/// ```text
/// f1[c] = 2 confusion[c, c] / (sum over l of confusion[l, c] + sum over p of confusion[c, p])
/// ```
///
/// # Errors
///
/// As [`confusion_matrix`].
///
/// ```
/// use akari::prelude::*;
/// let (predicted, labels) = (tensor!([0, 1, 1, 1]), tensor!([0, 1, 0, 0]));
/// assert_eq!(data::f1_score(&predicted, &labels, 2)?.to_vec1::<f64>()?, [0.5, 0.5]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn f1_score(predictions: &Tensor, labels: &Tensor, classes: usize) -> Result<Tensor> {
    by_class("data::f1_score", predictions, labels, classes, |class| {
        (2 * class.right, class.predicted + class.labelled)
    })
}

/// The counts of one class.
struct OfClass {
    right: i64,
    predicted: i64,
    labelled: i64,
}

fn by_class(
    function: &str,
    predictions: &Tensor,
    labels: &Tensor,
    classes: usize,
    share: impl Fn(OfClass) -> (i64, i64),
) -> Result<Tensor> {
    let counts = counts(function, predictions, labels, classes)?;
    let of_class = |class: usize| {
        let predicted = (0..classes).map(|label| counts[label * classes + class]).sum();
        let labelled = counts[class * classes..][..classes].iter().sum();
        let (part, whole) =
            share(OfClass { right: counts[class * (classes + 1)], predicted, labelled });
        if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
    };
    Tensor::from_vec((0..classes).map(of_class).collect::<Vec<f64>>(), classes, &Device::Cpu)
}

/// A matrix of more classes than this is a mistake, and would fill the memory.
const MOST_CLASSES: usize = 10_000;

/// The rows of the confusion matrix.
fn counts(function: &str, predictions: &Tensor, labels: &Tensor, count: usize) -> Result<Vec<i64>> {
    if count > MOST_CLASSES {
        return fail(function, format_args!("{count} classes are too many (up to {MOST_CLASSES})"));
    }
    let (predicted, labels) = classes(function, predictions, labels)?;
    let mut counts = vec![0; count * count];
    for (found, label) in predicted.into_iter().zip(labels) {
        let place = |class: i64| usize::try_from(class).ok().filter(|class| *class < count);
        match (place(label), place(found)) {
            (Some(label), Some(found)) => counts[label * count + found] += 1,
            (None, _) => {
                return fail(
                    function,
                    format_args!("Target {label} is out of bounds for {count} classes"),
                );
            }
            _ => {
                return fail(
                    function,
                    format_args!(
                        "the predicted class {found} is out of bounds for {count} classes"
                    ),
                );
            }
        }
    }
    Ok(counts)
}

/// Predicted classes and labels as numbers.
fn classes(function: &str, predictions: &Tensor, labels: &Tensor) -> Result<(Vec<i64>, Vec<i64>)> {
    let is_class_of = |dims: &[usize]| match dims {
        [count, _, rest @ ..] => [&[*count], rest].concat() == labels.dims(),
        _ => false,
    };
    let predicted = if predictions.dims() == labels.dims() {
        predictions.clone()
    } else if is_class_of(predictions.dims()) {
        argmax(predictions, 1)?
    } else {
        return fail(
            function,
            format_args!(
                "predictions of shape {:?} don't fit labels of shape {:?} (logits are (N, C), labels (N))",
                predictions.dims(),
                labels.dims()
            ),
        );
    };
    Ok((
        whole_numbers(function, "predictions", &predicted)?,
        whole_numbers(function, "labels", labels)?,
    ))
}

/// Class numbers, which may be stored as floats.
fn whole_numbers(function: &str, argument: &str, tensor: &Tensor) -> Result<Vec<i64>> {
    if !tensor.dtype().is_float() {
        return parts::values(tensor);
    }
    let numbers = parts::values::<f64>(tensor)?;
    match numbers.iter().find(|number| number.fract() != 0.0 || !number.is_finite()) {
        Some(number) => fail(
            function,
            format_args!(
                "{argument} in the shape of the labels are class numbers, but one is {number} (round probabilities first: torch::round(&p)?)"
            ),
        ),
        None => Ok(numbers.into_iter().map(|number| number as i64).collect()),
    }
}
