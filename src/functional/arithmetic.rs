//! Arithmetic of two operands as PyTorch means it: they broadcast and promote, numbers stand on either side, and
//! gradients don't drift. candle's operators do none of this.
//!
//! A function is a row of `pairs!`: its value and its two gradients. The loops are in `pairing.rs`, comparisons in
//! `compare.rs`.

use candle_core::{DType, Device, Result, Shape, Tensor};

use super::elementary_math::{ln, power};
use super::pairing::{Pairing, Side};
use super::unary_math::like;
use crate::compute::beside::Beside;
use crate::compute::copy::contiguous;
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::{copied, fail};
use crate::tensor::operand::{Operand, Value, common_dtype};

/// A function of two floats, and the gradients of both for the gradient `g` of the result.
pub(crate) trait PairFunction<T> {
    fn value(&self, a: T, b: T) -> T;
    fn left(&self, a: T, b: T, g: T) -> T;
    fn right(&self, a: T, b: T, g: T) -> T;
}

/// One function of two operands.
pub(crate) trait Pair:
    PairFunction<f32> + PairFunction<f64> + Copy + Send + Sync + 'static
{
    /// Whether the gradients take long enough to be worth a loop for each kind of processor. The function itself is: a row or
    /// a column for one operand leaves little to read.
    const IS_LONG: bool;

    /// What the function does with two integers.
    const WHOLE: Whole;

    /// Whether the gradients of the left and the right operand are that of the result.
    const HANDS_ON: [bool; 2];

    /// The function of two integers, which wraps, where it computes one.
    fn integer(&self, a: i64, b: i64) -> i64;
}

/// What a function does with two integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    /// Computes an integer.
    Keep,
    /// The same, and fails where the right one is 0.
    Divide,
    /// The same, and fails where the right one is negative.
    Raise,
    /// Computes `f32`s.
    Promote,
}

/// Defines functions of two operands: for each a documented function, what it does with integers, the value, and the
/// gradients of the left and the right operand.
macro_rules! pairs {
    ($(
        $(#[$doc:meta])*
        $name:literal $struct:ident $function:ident $whole:ident $(($of_integers:expr))?
            example $example:literal => $text:literal;
            |$a:ident, $b:ident, $g:ident| $value:expr, $left:expr, $right:expr;
    )*) => {$(
        pairs!(@pair $struct false $whole $(($of_integers))?; |$a, $b, $g| $value, $left, $right);

        $(#[$doc])*
        ///
        /// # Shapes
        ///
        /// `a` and `b` broadcast; each is a tensor, a variable or a number. Dtypes are promoted as in PyTorch: of two
        /// the wider, floats before integers; a number with a fraction makes `f32` of integers.
        ///
        /// # Errors
        ///
        /// If the shapes don't broadcast.
        ///
        /// # Examples
        ///
        /// ```
        /// use akari::prelude::*;
        #[doc = concat!("let y = ", $example, ";")]
        #[doc = concat!("assert_eq!(akari::print::tensor_text(&y)?, \"", $text, "\");")]
        /// # Ok::<(), akari::candle_core::Error>(())
        /// ```
        pub fn $function(a: impl Operand, b: impl Operand) -> Result<Tensor> {
            // What is generic is compiled anew by every cell; this is not.
            #[inline(never)]
            fn of_values(a: Value, b: Value) -> Result<Tensor> {
                apply($struct, $name, a, b)
            }
            of_values(a.value(), b.value())
        }
    )*};
    (@pair $struct:ident $is_long:literal $whole:ident $(($of_integers:expr))?; |$a:ident, $b:ident, $g:ident| $value:expr, $left:expr, $right:expr) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $struct;

        pairs!(@row f32 $struct |$a, $b, $g| $value, $left, $right);
        pairs!(@row f64 $struct |$a, $b, $g| $value, $left, $right);

        impl Pair for $struct {
            const IS_LONG: bool = $is_long;
            const WHOLE: Whole = Whole::$whole;
            const HANDS_ON: [bool; 2] = [
                is_same(stringify!($left), stringify!($g)),
                is_same(stringify!($right), stringify!($g)),
            ];

            #[inline(always)]
            fn integer(&self, a: i64, b: i64) -> i64 {
                pairs!(@integer (a, b) $($of_integers)?)
            }
        }
    };
    (@integer ($a:ident, $b:ident) $of_integers:expr) => {{
        let of: fn(i64, i64) -> i64 = $of_integers;
        of($a, $b)
    }};
    (@integer ($a:ident, $b:ident)) => { $a | $b };
    (@row $type:ident $struct:ident |$a:ident, $b:ident, $g:ident| $value:expr, $left:expr, $right:expr) => {
        // A gradient may depend on one of the operands, or on none.
        #[allow(unused_variables)]
        impl PairFunction<$type> for $struct {
            #[inline(always)]
            fn value(&self, $a: $type, $b: $type) -> $type {
                $value
            }

            #[inline(always)]
            fn left(&self, $a: $type, $b: $type, $g: $type) -> $type {
                $left
            }

            #[inline(always)]
            fn right(&self, $a: $type, $b: $type, $g: $type) -> $type {
                $right
            }
        }
    };
}

/// Whether two formulas are the same, letter by letter.
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

pairs! {
    /// `a + b` of each pair of elements.
    ///
    /// Differs from candle's `+`, which takes equal shapes and dtypes. Source: PyTorch's `torch.add`.
    "torch::add" Add add Keep(i64::wrapping_add)
        example "torch::add(&tensor!([1, 2]), 0.5)?" => "tensor([1.5000, 2.5000])";
        |a, b, g| a + b, g, g;

    /// `a - b` of each pair of elements.
    ///
    /// Differs from candle's `-`, which takes equal shapes and dtypes. Source: PyTorch's `torch.sub`.
    "torch::sub" Sub sub Keep(i64::wrapping_sub)
        example "torch::sub(1.0, &tensor!([0.25, 2.0]))?" => "tensor([ 0.7500, -1.0000])";
        |a, b, g| a - b, g, -g;

    /// `a b` of each pair of elements.
    ///
    /// Differs from candle's `*`, which takes equal shapes and dtypes, and which rounds a factor to an integer beside
    /// integers. Source: PyTorch's `torch.mul`.
    "torch::mul" Mul mul Keep(i64::wrapping_mul)
        example "torch::mul(&tensor!([[1.0], [2.0]]), &tensor!([3.0, 4.0]))?"
            => "tensor([[3., 4.],\\n        [6., 8.]])";
        |a, b, g| a * b, g * b, g * a;

    /// `a / b` of each pair of elements; integers give `f32`.
    ///
    /// Differs from candle's `/`, which takes equal shapes and dtypes, and which divides integers to integers.
    /// Source: PyTorch's `torch.div`.
    "torch::div" Div div Promote
        example "torch::div(&tensor!([5, 7]), 2)?" => "tensor([2.5000, 3.5000])";
        |a, b, g| a / b, g / b, -g * ((a / b) / b);

    /// What is left of `a` when `b` is taken from it as often as it goes; it has the sign of `b`, as in Python.
    ///
    /// ```text
    /// remainder(a, b) = a - b floor(a / b)
    /// ```
    ///
    /// An integer 0 for `b` is an error. Source: PyTorch's `torch.remainder`.
    "torch::remainder" Remainder remainder Divide(|a, b| a.wrapping_rem(b).wrapping_add(b).wrapping_rem(b))
        example "torch::remainder(&tensor!([5, -7]), 3)?" => "tensor([2, 2])";
        |a, b, g| {
            let rest = a % b;
            if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
        }, g, -g * (a / b).floor();

    /// The largest whole number that is not above `a / b`.
    ///
    /// ```text
    /// floor_divide(a, b) = floor(a / b)
    /// ```
    ///
    /// It has no gradient but 0. An integer 0 for `b` is an error. Source: PyTorch's `torch.floor_divide`.
    "torch::floor_divide" FloorDivide floor_divide Divide(floor_of_quotient)
        example "torch::floor_divide(&tensor!([5, -7]), 3)?" => "tensor([ 1, -3])";
        |a, b, g| {
            // The remainder first: of 1 and 0.1 the quotient rounds to 10, though 0.1 goes 9 times into 1.
            let rest = a % b;
            let quotient = (a - rest) / b;
            let quotient =
                if rest != 0.0 && (rest < 0.0) != (b < 0.0) { quotient - 1.0 } else { quotient };
            if b == 0.0 {
                a / b
            } else if quotient == 0.0 {
                like(a, 0.0).copysign(a / b)
            } else {
                let floor = quotient.floor();
                if quotient - floor > 0.5 { floor + 1.0 } else { floor }
            }
        }, like(g, 0.0), like(g, 0.0);

    /// The larger of each pair of elements; nan if one is. Equal ones share the gradient.
    ///
    /// Source: PyTorch's `torch.maximum`.
    "torch::maximum" Maximum maximum Keep(std::cmp::max)
        example "torch::maximum(&tensor!([1.0, -3.0]), 0)?" => "tensor([1., 0.])";
        |a, b, g| if a.is_nan() || a > b { a } else { b },
        if a > b { g } else if a == b { g / 2.0 } else { like(g, 0.0) },
        if b > a { g } else if a == b { g / 2.0 } else { like(g, 0.0) };

    /// The smaller of each pair of elements; nan if one is. Equal ones share the gradient.
    ///
    /// Source: PyTorch's `torch.minimum`.
    "torch::minimum" Minimum minimum Keep(std::cmp::min)
        example "torch::minimum(&tensor!([1.0, -3.0]), 0)?" => "tensor([ 0., -3.])";
        |a, b, g| if a.is_nan() || a < b { a } else { b },
        if a < b { g } else if a == b { g / 2.0 } else { like(g, 0.0) },
        if b < a { g } else if a == b { g / 2.0 } else { like(g, 0.0) };

    /// The angle of the point `(b, a)`, from -π to π.
    ///
    /// Source: PyTorch's `torch.atan2`.
    "torch::atan2" Atan2 atan2 Promote
        example "torch::atan2(&tensor!([1.0, -1.0]), &tensor!([0.0, 1.0]))?"
            => "tensor([ 1.5708, -0.7854])";
        |a, b, g| a.atan2(b), g * b / (a * a + b * b), -g * a / (a * a + b * b);
}

pairs! {
    @pair Power true Raise(whole_power);
    |a, b, g| power(a, b),
    if b == 0.0 { like(g, 0.0) } else { g * (b * power(a, b - 1.0)) },
    if a == 0.0 && b >= 0.0 { like(g, 0.0) } else { g * (power(a, b) * ln(a)) }
}

fn floor_of_quotient(a: i64, b: i64) -> i64 {
    let quotient = a.wrapping_div(b);
    if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}

/// Squares and multiplies, so that any exponent takes at most 64 steps.
fn whole_power(base: i64, exponent: i64) -> i64 {
    let (mut result, mut base, mut left) = (1i64, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        left >>= 1;
    }
    result
}

/// Each element to the power of `exponent`: a number, or a tensor that broadcasts.
///
/// ```text
/// pow(x, p) = x^p        pow'(x, p) = p x^(p - 1)
/// ```
///
/// A negative number has no power but whole ones: others give nan. Integers to the power of integers are integers, and
/// wrap.
///
/// # Shapes
///
/// `x` and `exponent` broadcast; each is a tensor, a variable or a number. Dtypes are promoted as in PyTorch.
///
/// # Errors
///
/// If the shapes don't broadcast, and for integers to the power of negative integers.
///
/// Differs from candle, whose `powf` panics on integers, and whose `pow` of two tensors gives nan for
/// negative numbers. Source: PyTorch's `torch.pow`.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// assert_eq!(torch::pow(&tensor!([-2.0, 3.0]), 2)?.to_vec1::<f32>()?, [4.0, 9.0]);
/// assert_eq!(torch::pow(2, &tensor!([3, 10]))?.to_vec1::<i64>()?, [8, 1024]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn pow(x: impl Operand, exponent: impl Operand) -> Result<Tensor> {
    pow_of("torch::pow", x.value(), exponent.value())
}

pub(crate) fn pow_of(function: &'static str, x: Value, exponent: Value) -> Result<Tensor> {
    let number = match exponent {
        Value::Int(number) => number as f64,
        Value::Float(number) => number,
        _ => return apply(Power, function, x, exponent),
    };
    match &x {
        // A fixed exponent has quicker formulas, and an exact gradient.
        Value::Tensor(tensor) if tensor.dtype().is_float() => {
            super::elementary::power_of_all(tensor, number)
        }
        Value::Tensor(tensor) if matches!(exponent, Value::Float(_)) => {
            super::elementary::power_of_all(tensor, number)
        }
        _ => apply(Power, function, x, exponent),
    }
}

/// `function` is what a learner typed, for the texts of errors.
pub(crate) fn apply<P: Pair>(
    pair: P,
    function: &'static str,
    left: Value,
    right: Value,
) -> Result<Tensor> {
    let (left, right) = match (left, right) {
        (Value::Failed(error), _) | (_, Value::Failed(error)) => return Err(error),
        sides => sides,
    };
    let (left, right) = match (left, right) {
        (left @ (Value::Int(_) | Value::Float(_)), right @ (Value::Int(_) | Value::Float(_))) => {
            (Value::Tensor(left.into_tensor()?), right)
        }
        sides => sides,
    };
    let dtype = common_dtype(&left, &right);
    let dtype = match P::WHOLE {
        Whole::Promote if dtype.is_int() => DType::F32,
        _ if dtype.is_float() => dtype,
        _ => return of_integers(pair, function, dtype, &left, &right),
    };
    let pairing = Pairing::new(function, dims(&left), dims(&right))?;
    let mut args = Vec::with_capacity(2);
    let sources = [source(left, dtype, &mut args)?, source(right, dtype, &mut args)?];
    let op = Arithmetic { pair, pairing, sources };
    match args.as_slice() {
        [a] => op::apply(function, op, [a]),
        [a, b] => op::apply(function, op, [a, b]),
        _ => fail(function, "needs a tensor"),
    }
}

/// The shape beneath a value; numbers have none.
pub(super) fn dims(value: &Value) -> &[usize] {
    match value {
        Value::Tensor(tensor) => tensor.dims(),
        _ => &[],
    }
}

/// The values of both in `i64`, in which the integers of all dtypes fit, and back again.
fn of_integers<P: Pair>(
    pair: P,
    function: &'static str,
    dtype: DType,
    left: &Value,
    right: &Value,
) -> Result<Tensor> {
    let pairing = Pairing::new(function, dims(left), dims(right))?;
    let values = integers(left, |left| {
        integers(right, |right| {
            if P::WHOLE == Whole::Divide && right.contains(&0) {
                return fail(function, "division of integers by zero");
            }
            if P::WHOLE == Whole::Raise && right.iter().any(|exponent| *exponent < 0) {
                return fail(
                    function,
                    "Integers to negative integer powers are not allowed (write one of them with a fraction: 2.0)",
                );
            }
            Ok(pairing.map(left, right, move |a, b| pair.integer(a, b)))
        })
    })?;
    Tensor::from_vec(values, pairing.shape, &Device::Cpu)?.to_dtype(dtype)
}

/// Hands the elements of a value as integers to `visit`: its own where it has them.
pub(super) fn integers<R>(value: &Value, visit: impl FnOnce(&[i64]) -> Result<R>) -> Result<R> {
    match value {
        Value::Tensor(tensor) => {
            op::with_elements(&contiguous(&tensor.to_dtype(DType::I64)?)?, visit)
        }
        Value::Int(number) => visit(&[*number]),
        Value::Float(number) => visit(&[*number as i64]),
        Value::Failed(error) => Err(copied(error)),
    }
}

/// Where an operand of floats comes from: the place among the tensors of candle's graph, or a number.
#[derive(Debug, Clone, Copy)]
enum Source {
    Argument(usize),
    Number(f64),
}

fn source(value: Value, dtype: DType, args: &mut Vec<Tensor>) -> Result<Source> {
    let number = match value {
        Value::Tensor(tensor) => {
            args.push(tensor.to_dtype(dtype)?);
            return Ok(Source::Argument(args.len() - 1));
        }
        Value::Int(number) => number as f64,
        Value::Float(number) => number,
        Value::Failed(error) => return Err(error),
    };
    // Halves are computed in f64, and their numbers are f32's in PyTorch.
    let is_half = matches!(dtype, DType::F16 | DType::BF16);
    Ok(Source::Number(if is_half { f64::from(number as f32) } else { number }))
}

struct Arithmetic<P> {
    pair: P,
    pairing: Pairing,
    sources: [Source; 2],
}

impl<P: Pair> Arithmetic<P> {
    /// The numbers among the operands, in the type to compute in.
    fn numbers<T: Number>(&self) -> [T; 2] {
        self.sources.map(|source| match source {
            Source::Argument(_) => T::ZERO,
            Source::Number(number) => T::of(number),
        })
    }

    /// The elements of both operands.
    fn operands<'a, T>(&self, args: &[&'a [T]], numbers: &'a [T; 2]) -> [&'a [T]; 2] {
        [0, 1].map(|side: usize| match self.sources[side] {
            Source::Argument(index) => args[index],
            Source::Number(_) => std::slice::from_ref(&numbers[side]),
        })
    }
}

impl<P: Pair> Op for Arithmetic<P> {
    // A gradient of half precision is rounded once, after all of its terms have been added.
    const HALVES: DType = DType::F64;

    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let numbers = self.numbers();
        let operands = self.operands(args, &numbers);
        let values = T::either(
            &operands,
            |sides| values(self.pair, &self.pairing, sides),
            |sides| values(self.pair, &self.pairing, sides),
        );
        Ok((values, self.pairing.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let numbers = self.numbers();
        let [left, right] = self.operands(call.args, &numbers);
        let mut grads = vec![None; call.args.len()];
        for (side, source) in [Side::Left, Side::Right].into_iter().beside(self.sources) {
            let Source::Argument(index) = source else { continue };
            if call.wanted[index] {
                let terms = T::either(
                    &[left, right, call.grad],
                    |sides| terms(self.pair, &self.pairing, side, sides),
                    |sides| terms(self.pair, &self.pairing, side, sides),
                );
                grads[index] = Some(self.pairing.gathered(side, terms));
            }
        }
        Ok(grads)
    }

    fn view(&self, argument: usize, shape: &Shape, grad: &Tensor) -> Result<Option<Tensor>> {
        let is_argument =
            |source: &Source| matches!(source, Source::Argument(at) if *at == argument);
        let hands_on = self
            .sources
            .iter()
            .beside(P::HANDS_ON)
            .any(|(source, hands_on)| hands_on && is_argument(source));
        Ok((hands_on && shape == grad.shape()).then(|| grad.clone()))
    }
}

fn values<T: Number, P: Pair + PairFunction<T>>(
    pair: P,
    pairing: &Pairing,
    sides: &[&[T]],
) -> Vec<T> {
    let nothing = vec![(); pairing.shape.elem_count()];
    pairing.map_wide(
        sides[0],
        sides[1],
        &nothing,
        #[inline(always)]
        move |a, b, ()| pair.value(a, b),
    )
}

/// What each element of the result gives to the gradient of one operand.
fn terms<T: Number, P: Pair + PairFunction<T>>(
    pair: P,
    pairing: &Pairing,
    side: Side,
    sides: &[&[T]],
) -> Vec<T> {
    macro_rules! of {
        ($map:ident $gradient:ident) => {
            pairing.$map(
                sides[0],
                sides[1],
                sides[2],
                #[inline(always)]
                move |a, b, g| pair.$gradient(a, b, g),
            )
        };
    }
    match (side, P::IS_LONG) {
        (Side::Left, false) => of!(map_with left),
        (Side::Right, false) => of!(map_with right),
        (Side::Left, true) => of!(map_wide left),
        (Side::Right, true) => of!(map_wide right),
    }
}
