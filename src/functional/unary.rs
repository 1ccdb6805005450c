//! The one mechanism behind all elementwise functions: a value, a gradient, and what integers do.
//!
//! candle's own differ from PyTorch at kinks and infinities and panic on integers. Here every
//! function is a row of `activations!`, written once and compiled for `f32` and `f64`; halves are
//! computed in `f32` and rounded once.

use candle_core::cpu_backend::unary_map;
use candle_core::{CpuStorage, DType, Device, Layout, Result, Shape, Storage, Tensor, WithDType};

use crate::compute::beside::Beside;
use crate::compute::loops::{map, map2};
use crate::compute::number::Number;
use crate::compute::op::{self, Call, Gradients, Op};
use crate::error::wrong_dtype;

/// How a function treats an integer tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Integers {
    /// The result has the same dtype.
    Keep,
    /// The result is `f32`.
    Promote,
    /// An error, as in PyTorch.
    Refuse,
}

/// A function of one number, and the gradient at `x` for the gradient `g` of the result.
pub(crate) trait ScalarFunction<T> {
    fn value(&self, x: T) -> T;
    fn gradient(&self, x: T, g: T) -> T;
}

/// One elementwise function.
pub(crate) trait Elementwise:
    ScalarFunction<f32> + ScalarFunction<f64> + Copy + Send + Sync + 'static
{
    const NAME: &'static str;
    const INTEGERS: Integers;
}

/// Defines elementwise functions: for each a documented `F::` function, its parameters, what
/// integers do, an example with what it prints, a complaint about the parameters, the value, and
/// the gradient. The macro adds what the documentation of all of them says alike.
macro_rules! activations {
    ($(
        $(#[$doc:meta])*
        $name:literal $struct:ident $visible:vis $function:ident($($parameter:ident),*) $integers:ident
            $(example $example:literal => $text:literal;)?
            $(check $complaint:expr;)?
            value |$x:ident| $value:expr;
            gradient |$gx:ident, $g:ident| $gradient:expr;
    )*) => {$(
        #[derive(Clone, Copy)]
        struct $struct { $($parameter: f64),* }

        impl $crate::functional::unary::Elementwise for $struct {
            const NAME: &'static str = $name;
            const INTEGERS: $crate::functional::unary::Integers =
                $crate::functional::unary::Integers::$integers;
        }

        activations! {
            @row f32, $struct($($parameter),*), |$x| $value, |$gx, $g| $gradient
        }
        activations! {
            @row f64, $struct($($parameter),*), |$x| $value, |$gx, $g| $gradient
        }

        $(#[$doc])*
        #[doc = ""]
        #[doc = "The result has the shape of `x`."]
        #[doc = $crate::functional::unary::about_integers!($integers)]
        $(
            #[doc = "\n# Examples\n\n```"]
            #[doc = "use akari::prelude::*;\n"]
            #[doc = concat!("let y = ", $example, ";")]
            #[doc = concat!("assert_eq!(akari::print::tensor_text(&y)?, \"", $text, "\");")]
            #[doc = "# Ok::<(), akari::candle_core::Error>(())\n```"]
        )?
        $visible fn $function(
            x: &candle_core::Tensor $(, $parameter: f64)*
        ) -> candle_core::Result<candle_core::Tensor> {
            $(
                let complaint: Option<String> = $complaint;
                if let Some(complaint) = complaint {
                    return $crate::error::fail($name, complaint);
                }
            )?
            $crate::functional::unary::apply($struct { $($parameter),* }, x)
        }
    )*};
    (@row
        $type:ident, $struct:ident($($parameter:ident),*),
        |$x:ident| $value:expr, |$gx:ident, $g:ident| $gradient:expr
    ) => {
        // A parameter may matter for the value alone.
        #[allow(unused_variables, unused_assignments)]
        impl $crate::functional::unary::ScalarFunction<$type> for $struct {
            #[inline(always)]
            fn value(&self, $x: $type) -> $type {
                $(let $parameter = self.$parameter as $type;)*
                $value
            }

            #[inline(always)]
            fn gradient(&self, $gx: $type, $g: $type) -> $type {
                $(let $parameter = self.$parameter as $type;)*
                $gradient
            }
        }
    };
}
pub(super) use activations;

/// The sentence of the documentation about a function's integers.
macro_rules! about_integers {
    (Keep) => {
        "Integers keep their dtype."
    };
    (Promote) => {
        "Integers give `f32`."
    };
    (Refuse) => {
        "Integers are an error, as in PyTorch."
    };
}
pub(super) use about_integers;

pub(crate) fn apply<E: Elementwise>(function: E, x: &Tensor) -> Result<Tensor> {
    let of_floats =
        |x: &Tensor| op::apply(E::NAME, Unary { function, shape: x.shape().clone() }, [x]);
    if !x.dtype().is_int() {
        return of_floats(x);
    }
    match E::INTEGERS {
        Integers::Keep => of_integers(E::NAME, x, &|numbers| {
            numbers.iter_mut().for_each(|number| *number = function.value(*number));
        }),
        Integers::Promote => of_floats(&x.to_dtype(DType::F32)?),
        Integers::Refuse => wrong_dtype(E::NAME, "an input", x.dtype()),
    }
}

struct Unary<E> {
    function: E,
    shape: Shape,
}

impl<E: Elementwise> Op for Unary<E> {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let function = self.function;
        let values =
            T::either(args, |args| values(function, args[0]), |args| values(function, args[0]));
        Ok((values, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let function = self.function;
        let gradients = T::either(
            &[call.args[0], call.grad],
            |args| gradients(function, args[0], args[1]),
            |args| gradients(function, args[0], args[1]),
        );
        Ok(vec![Some(gradients)])
    }
}

fn values<T: Number, E: Elementwise + ScalarFunction<T>>(function: E, xs: &[T]) -> Vec<T> {
    map(
        xs,
        #[inline(always)]
        move |x| function.value(x),
    )
}

/// The gradients of the input, from the input and the gradients of the output.
fn gradients<T: Number, E: Elementwise + ScalarFunction<T>>(
    function: E,
    xs: &[T],
    gs: &[T],
) -> Vec<T> {
    map2(
        xs,
        gs,
        #[inline(always)]
        move |x, g| function.gradient(x, g),
    )
}

/// The function of integers as integers.
///
/// The function stands behind a pointer and gets some numbers at a time, to be changed in place, so that the loops over
/// integers are compiled once, and not for each function and dtype.
fn of_integers(name: &'static str, x: &Tensor, function: &dyn Fn(&mut [f64])) -> Result<Tensor> {
    let (storage, layout) = x.storage_and_layout();
    match &*storage {
        Storage::Cpu(CpuStorage::U8(values)) => whole(values, layout, function),
        Storage::Cpu(CpuStorage::U32(values)) => whole(values, layout, function),
        Storage::Cpu(CpuStorage::I16(values)) => whole(values, layout, function),
        Storage::Cpu(CpuStorage::I32(values)) => whole(values, layout, function),
        Storage::Cpu(CpuStorage::I64(values)) => whole(values, layout, function),
        _ => wrong_dtype(name, "an input", x.dtype()),
    }
}

fn whole<T: WithDType>(
    values: &[T],
    layout: &Layout,
    function: &dyn Fn(&mut [f64]),
) -> Result<Tensor> {
    const SOME: usize = 256;
    let mut values = unary_map(values, layout, |x| x);
    for values in values.chunks_mut(SOME) {
        let mut after = [0.0; SOME];
        let after = &mut after[..values.len()];
        for (after, value) in after.iter_mut().beside(&*values) {
            *after = value.to_f64();
        }
        function(after);
        for (value, after) in values.iter_mut().beside(after) {
            // A number that the function leaves alone is not converted back: f64 has no room for all of i64.
            if value.to_f64() != *after {
                *value = T::from_f64(*after);
            }
        }
    }
    Tensor::from_vec(values, layout.shape(), &Device::Cpu)
}
