//! Errors of the prelude: who complains, then what was given and what is needed; and of which kind an error is.
//!
//! All functions return candle's own error. Its variants have candle's texts, and `Msg` nothing but a text; only `Io`
//! shows the text of what it holds and gives that back, so the prelude's errors stand in one, with their kind.

use std::error::Error as StdError;
use std::{fmt, io};

use candle_core::{DType, Error, Result, Tensor};

/// What an error is about, for a program that goes on after some errors and not after others.
///
/// An error of the prelude's functions has the kind that the function gave it, one of candle's that of its variant.
///
/// ```
/// use akari::error::ErrorKind;
/// use akari::prelude::*;
///
/// let scores = tensor!([[1., 2.]]);
/// let loss = nn::CrossEntropyLoss::default();
/// let kind = |target| ErrorKind::of(&loss.forward(&scores, &target).unwrap_err());
/// assert_eq!(kind(tensor!([0, 1])), ErrorKind::Shape);
/// assert_eq!(kind(tensor!([0.5])), ErrorKind::DType);
/// assert_eq!(kind(tensor!([7])), ErrorKind::Index);
/// let loss = nn::CrossEntropyLoss { label_smoothing: 1.5, ..Default::default() };
/// assert_eq!(ErrorKind::of(&loss.forward(&scores, &tensor!([0])).unwrap_err()), ErrorKind::Value);
///
/// // candle's own:
/// let error = (tensor!([1., 2.]) + tensor!([1., 2., 3.])).unwrap_err();
/// assert_eq!(ErrorKind::of(&error), ErrorKind::Shape);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The sizes or the numbers of axes of tensors don't fit the function or each other.
    Shape,
    /// A tensor is of a dtype that the function is not for, or two tensors are of different ones.
    DType,
    /// An axis, a class or a row is out of range (Python's `IndexError`).
    Index,
    /// An option or a number in a tensor is not allowed (Python's `ValueError`).
    Value,
    /// A file can't be read or written, or doesn't hold what is looked for.
    File,
    /// Anything else, also what candle says in a mere text.
    Other,
}

impl ErrorKind {
    /// The kind of an error, also where a context, a path or a backtrace was added to it.
    pub fn of(error: &Error) -> ErrorKind {
        match error {
            Error::ShapeMismatch { .. }
            | Error::ShapeMismatchBinaryOp { .. }
            | Error::ShapeMismatchCat { .. }
            | Error::ShapeMismatchSplit { .. }
            | Error::UnexpectedShape { .. }
            | Error::UnexpectedNumberOfDims { .. }
            | Error::BroadcastIncompatibleShapes { .. }
            | Error::OnlySingleDimension { .. }
            | Error::EmptyTensor { .. }
            | Error::Conv1dInvalidArgs { .. } => ErrorKind::Shape,
            Error::UnexpectedDType { .. }
            | Error::DTypeMismatchBinaryOp { .. }
            | Error::UnsupportedDTypeForOp(..)
            | Error::UnsupportedSafeTensorDtype(_) => ErrorKind::DType,
            Error::DimOutOfRange { .. }
            | Error::DuplicateDimIndex { .. }
            | Error::InvalidIndex { .. }
            | Error::NarrowInvalidArgs { .. } => ErrorKind::Index,
            Error::CannotSetVar { .. }
            | Error::OpRequiresAtLeastOneTensor { .. }
            | Error::OpRequiresAtLeastTwoTensors { .. }
            | Error::ParseInt(_)
            | Error::TryFromIntError(_) => ErrorKind::Value,
            Error::CannotFindTensor { .. }
            | Error::FromUtf8(_)
            | Error::Npy(_)
            | Error::SafeTensor(_)
            | Error::Zip(_) => ErrorKind::File,
            Error::Io(error) => {
                let complaint = error.get_ref().and_then(|inner| inner.downcast_ref::<Complaint>());
                complaint.map_or(ErrorKind::File, |complaint| complaint.kind)
            }
            Error::Context { inner, .. }
            | Error::WithPath { inner, .. }
            | Error::WithBacktrace { inner, .. } => ErrorKind::of(inner),
            Error::WrappedContext { wrapped, .. } => {
                wrapped.downcast_ref::<Error>().map_or(ErrorKind::Other, ErrorKind::of)
            }
            _ => ErrorKind::Other,
        }
    }
}

/// An error of the prelude, as it stands in candle's.
#[derive(Debug)]
struct Complaint {
    kind: ErrorKind,
    text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Complaint {}

/// An error whose text begins with the function as the learner typed it.
fn complaint<T>(kind: ErrorKind, function: &str, text: impl fmt::Display) -> Result<T> {
    let complaint = Complaint { kind, text: format!("{function}: {text}") };
    Err(Error::Io(io::Error::new(io::ErrorKind::InvalidInput, complaint)))
}

/// The error once more, with its text and its kind: candle's errors can't be cloned.
pub(crate) fn copied(error: &Error) -> Error {
    let complaint = Complaint { kind: ErrorKind::of(error), text: error.to_string() };
    Error::Io(io::Error::new(io::ErrorKind::InvalidInput, complaint))
}

/// An option or a number is not allowed.
pub(crate) fn fail<T>(function: &str, text: impl fmt::Display) -> Result<T> {
    complaint(ErrorKind::Value, function, text)
}

/// Sizes or numbers of axes don't fit.
pub(crate) fn fail_shape<T>(function: &str, text: impl fmt::Display) -> Result<T> {
    complaint(ErrorKind::Shape, function, text)
}

/// A dtype is none that the function takes.
pub(crate) fn fail_dtype<T>(function: &str, text: impl fmt::Display) -> Result<T> {
    complaint(ErrorKind::DType, function, text)
}

/// An axis, a class or a row is out of range.
pub(crate) fn fail_index<T>(function: &str, text: impl fmt::Display) -> Result<T> {
    complaint(ErrorKind::Index, function, text)
}

/// A file can't be read or written.
pub(crate) fn fail_file<T>(function: &str, text: impl fmt::Display) -> Result<T> {
    complaint(ErrorKind::File, function, text)
}

/// The error of a function that is not defined for this dtype.
pub(crate) fn wrong_dtype<T>(function: &str, argument: &str, dtype: DType) -> Result<T> {
    fail_dtype(
        function,
        format_args!(
            "not implemented for {argument} of dtype {dtype:?} (convert it with .to_dtype(DType::F32)?)"
        ),
    )
}

/// Refuses a tensor of integers.
pub(crate) fn need_float(function: &str, argument: &str, tensor: &Tensor) -> Result<()> {
    if tensor.dtype().is_float() { Ok(()) } else { wrong_dtype(function, argument, tensor.dtype()) }
}

#[cfg(test)]
mod tests {
    use candle_core::Context as _;

    use super::*;

    #[test]
    fn a_complaint_reads_as_its_text_and_nothing_else() {
        let error = fail_shape::<()>("F::f", "needs [2]").unwrap_err();
        let texts = [format!("{error}"), format!("{error:#}"), format!("{error:?}")];
        assert_eq!(texts, ["F::f: needs [2]"; 3]);
        assert!(error.source().is_none());
    }

    #[test]
    fn what_is_added_to_an_error_leaves_its_kind() {
        let error = || fail_dtype::<()>("F::f", "no").unwrap_err();
        let backtrace = Box::new(std::backtrace::Backtrace::capture());
        for error in [
            error(),
            error().context("while training"),
            error().with_path("weights"),
            Error::WithBacktrace { inner: Box::new(error()), backtrace },
            Err::<(), _>(error()).context("while training").unwrap_err(),
        ] {
            assert_eq!(ErrorKind::of(&error), ErrorKind::DType, "{error}");
        }
    }

    #[test]
    fn every_way_to_fail_has_its_kind() {
        let kind = |result: Result<()>| ErrorKind::of(&result.unwrap_err());
        assert_eq!(kind(fail("f", "")), ErrorKind::Value);
        assert_eq!(kind(fail_shape("f", "")), ErrorKind::Shape);
        assert_eq!(kind(fail_index("f", "")), ErrorKind::Index);
        assert_eq!(kind(fail_file("f", "")), ErrorKind::File);
        assert_eq!(kind(wrong_dtype("f", "x", DType::I64)), ErrorKind::DType);
        assert_eq!(kind(Err(Error::from(io::Error::other("disk full")))), ErrorKind::File);
        assert_eq!(kind(Err(Error::msg("a mere text"))), ErrorKind::Other);
        assert_eq!(kind(Err(Error::wrap("a mere text"))), ErrorKind::Other);
    }
}
