//! What `t!` makes of a formula: calls of these functions, on the values of its parts.
//!
//! A value may be an error: what is computed with it is the error again, so that a formula has one `?`, at its end.
//! Each function gets the part of the formula that it stands for, as the learner wrote it, for the text of an error.
//! Nobody calls these functions by hand.

pub mod index;

use candle_core::{DType, Result, Tensor, Var};

use crate::error::{fail_dtype, fail_index, fail_shape};
use crate::functional::arithmetic::{self, Add, Div, Maximum, Minimum, Mul, Remainder, Sub};
use crate::functional::compare::{self, Comparison, Logic};
use crate::functional::matmul::matmul;
use crate::tensor::axis::Axis;
pub use crate::tensor::operand::{Operand, Value};
use crate::tensor::promote::broadcast_to;
use crate::tensor::{axis, copy, methods};

/// What joins two parts of a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operator {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`
    Div,
    /// `a % b`
    Remainder,
    /// `a @ b`
    MatMul,
    /// `a.pow(b)`
    Pow,
    /// `a.maximum(b)`
    Maximum,
    /// `a.minimum(b)`
    Minimum,
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a > b`
    Gt,
    /// `a >= b`
    Ge,
    /// `a & b`
    And,
    /// `a | b`
    Or,
    /// `a ^ b`
    Xor,
    /// `a && b`
    LogicalAnd,
    /// `a || b`
    LogicalOr,
}

/// The value of a part that is no formula itself.
pub fn operand<T: Operand + ?Sized>(part: &T) -> Value {
    part.value()
}

/// Two parts that an operator joins.
pub fn binary(text: &'static str, operator: Operator, left: Value, right: Value) -> Value {
    if let (Some(a), Some(b)) = (number(&left), number(&right))
        && let Some(value) = of_numbers(operator, a, b)
    {
        return value;
    }
    of_tensors(text, operator, left, right).into()
}

fn of_tensors(text: &'static str, operator: Operator, left: Value, right: Value) -> Result<Tensor> {
    let compare = |comparison, left, right| compare::compare(comparison, text, left, right);
    match operator {
        Operator::Add => arithmetic::apply(Add, text, left, right),
        Operator::Sub => arithmetic::apply(Sub, text, left, right),
        Operator::Mul => arithmetic::apply(Mul, text, left, right),
        Operator::Div => arithmetic::apply(Div, text, left, right),
        Operator::Remainder => arithmetic::apply(Remainder, text, left, right),
        Operator::Maximum => arithmetic::apply(Maximum, text, left, right),
        Operator::Minimum => arithmetic::apply(Minimum, text, left, right),
        Operator::Pow => arithmetic::pow_of(text, left, right),
        Operator::MatMul => matmul(&left.into_tensor()?, &right.into_tensor()?),
        Operator::Eq => compare(Comparison::Eq, left, right),
        Operator::Ne => compare(Comparison::Ne, left, right),
        Operator::Lt => compare(Comparison::Lt, left, right),
        Operator::Le => compare(Comparison::Le, left, right),
        Operator::Gt => compare(Comparison::Gt, left, right),
        Operator::Ge => compare(Comparison::Ge, left, right),
        Operator::And => compare::bits(Logic::And, text, left, right),
        Operator::Or => compare::bits(Logic::Or, text, left, right),
        Operator::Xor => compare::bits(Logic::Xor, text, left, right),
        Operator::LogicalAnd => compare::combine(Logic::And, text, left, right),
        Operator::LogicalOr => compare::combine(Logic::Or, text, left, right),
    }
}

/// A number of a formula, as Python has two kinds of them.
#[derive(Debug, Clone, Copy)]
enum Plain {
    Int(i64),
    Float(f64),
}

fn number(value: &Value) -> Option<Plain> {
    match value {
        Value::Int(number) => Some(Plain::Int(*number)),
        Value::Float(number) => Some(Plain::Float(*number)),
        _ => None,
    }
}

/// Numbers among themselves, as Python computes them: exact integers while they fit, else `f64`. `None` for what only
/// tensors have.
fn of_numbers(operator: Operator, left: Plain, right: Plain) -> Option<Value> {
    let of_floats = |a: f64, b: f64| match operator {
        Operator::Add => Some(a + b),
        Operator::Sub => Some(a - b),
        Operator::Mul => Some(a * b),
        Operator::Div => Some(a / b),
        Operator::Pow => Some(a.powf(b)),
        _ => None,
    };
    if let (Plain::Int(a), Plain::Int(b)) = (left, right) {
        let whole = match operator {
            Operator::Add => a.checked_add(b),
            Operator::Sub => a.checked_sub(b),
            Operator::Mul => a.checked_mul(b),
            Operator::Pow => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            _ => None,
        };
        if let Some(whole) = whole {
            return Some(Value::Int(whole));
        }
    }
    let float = |number| match number {
        Plain::Int(number) => number as f64,
        Plain::Float(number) => number,
    };
    of_floats(float(left), float(right)).map(Value::Float)
}

/// `-a`
pub fn neg(text: &'static str, part: Value) -> Value {
    match part {
        Value::Int(number) if number != i64::MIN => Value::Int(-number),
        Value::Float(number) => Value::Float(-number),
        // 0 - a would make 0 of 0, where PyTorch has -0.
        part => binary(text, Operator::Mul, part, Value::Int(-1)),
    }
}

/// `!a`: a mask turned around; the bits that other integers haven't.
pub fn not(text: &'static str, part: Value) -> Value {
    match part {
        Value::Tensor(mask) if mask.dtype() == DType::U8 => {
            compare::compare(Comparison::Eq, text, Value::Tensor(mask), Value::Int(0)).into()
        }
        part => compare::bits(Logic::Xor, text, part, Value::Int(-1)).into(),
    }
}

/// A function of the part as a tensor.
pub fn with(part: Value, function: impl FnOnce(&Tensor) -> Result<Tensor>) -> Value {
    match part {
        Value::Tensor(tensor) => function(&tensor).into(),
        Value::Failed(error) => Value::Failed(error),
        part => of_number(part, function).map_or_else(Value::Failed, Value::Float),
    }
}

/// A function of a number, computed in `f64` as Python does.
fn of_number(part: Value, function: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<f64> {
    methods::item(&function(&part.into_tensor()?.to_dtype(DType::F64)?)?)
}

/// The size of an axis, which negative numbers count from the end: `x.size(0)` and `x.shape[0]`.
pub fn size<D: Axis>(text: &'static str, part: Value, dim: D) -> Value {
    size_of_axis(text, part, &dim).unwrap_or_else(Value::Failed)
}

fn size_of_axis(text: &'static str, part: Value, dim: &dyn Axis) -> Result<Value> {
    let tensor = part.into_tensor()?;
    if tensor.rank() == 0 {
        return fail_index(text, "a tensor without axes has no sizes");
    }
    let axis = axis::resolve(text, &tensor, dim)?;
    Ok(Value::Int(tensor.dims()[axis] as i64))
}

/// The tensor that a formula comes to, or the error that came first.
///
/// # Errors
///
/// That of the part that failed.
pub fn finish(formula: Value) -> Result<Tensor> {
    formula.into_tensor()
}

/// The number that a formula comes to.
///
/// # Errors
///
/// That of the part that failed, and for more than one element.
pub fn item(formula: Value) -> Result<f64> {
    methods::item(&formula.into_tensor()?)
}

/// What `t!(a = formula)` and its like write to.
#[diagnostic::on_unimplemented(
    message = "`t!` can't write a tensor into `{Self}`",
    note = "it writes to a Var, to a `let mut` tensor and to a `let mut` number"
)]
pub trait Target {
    /// Takes the value of a formula.
    ///
    /// # Errors
    ///
    /// If the shape or the dtype doesn't fit.
    fn assign_formula(&mut self, text: &'static str, value: Value) -> Result<()>;
}

/// The same for what needn't be `mut`.
pub trait SharedTarget {
    /// Takes the value of a formula.
    ///
    /// # Errors
    ///
    /// If the shape or the dtype doesn't fit.
    fn assign_formula(&self, text: &'static str, value: Value) -> Result<()>;
}

impl SharedTarget for Var {
    fn assign_formula(&self, text: &'static str, value: Value) -> Result<()> {
        // A copy, since the value may be a view of the variable itself.
        self.set(&copy::clone(&fitting(text, value.into_tensor()?, self)?.detach())?)
    }
}

impl Target for Tensor {
    fn assign_formula(&mut self, text: &'static str, value: Value) -> Result<()> {
        *self = fitting(text, value.into_tensor()?, self)?;
        Ok(())
    }
}

impl Target for f64 {
    fn assign_formula(&mut self, _: &'static str, value: Value) -> Result<()> {
        *self = item(value)?;
        Ok(())
    }
}

impl Target for f32 {
    fn assign_formula(&mut self, _: &'static str, value: Value) -> Result<()> {
        *self = item(value)? as f32;
        Ok(())
    }
}

/// The value in the shape and dtype of what it is written to, as PyTorch's operators in place want it.
fn fitting(text: &'static str, value: Tensor, target: &Tensor) -> Result<Tensor> {
    let fits = value.dtype().is_float() <= target.dtype().is_float();
    if !fits {
        return fail_dtype(
            text,
            format_args!(
                "result type {:?} can't be cast to the desired output type {:?}",
                value.dtype(),
                target.dtype()
            ),
        );
    }
    if value.rank() > target.rank() || value.broadcast_as(target.shape()).is_err() {
        return fail_shape(
            text,
            format_args!(
                "output with shape {:?} doesn't match the broadcast shape {:?}",
                target.dims(),
                value.dims()
            ),
        );
    }
    broadcast_to(&value.to_dtype(target.dtype())?, target.shape())
}
