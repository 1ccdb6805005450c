//! The one mechanism behind all elementwise functions: a value, a gradient, and what integers do.
//!
//! candle's own differ from PyTorch at kinks and infinities and panic on integers. Here every
//! function is a row of `activations!`, written once and compiled for `f32` and `f64`; halves are
//! computed in `f32` and rounded once.

use candle_core::cpu_backend::unary_map;
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType, bail,
};

use super::loops::{self, Map, Map2};
use super::op::dense;
use super::unary_math::Number;
use crate::error::wrong_dtype;
use crate::rt::interrupt_point;

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
    interrupt_point();
    match x.dtype() {
        DType::F32 | DType::F64 => x.apply_op1(Unary(function)),
        dtype @ (DType::F16 | DType::BF16) => {
            x.to_dtype(DType::F32)?.apply_op1(Unary(function))?.to_dtype(dtype)
        }
        dtype if !dtype.is_int() => wrong_dtype(E::NAME, "an input", dtype),
        dtype => match E::INTEGERS {
            Integers::Keep => x.apply_op1(Unary(function)),
            Integers::Promote => x.to_dtype(DType::F32)?.apply_op1(Unary(function)),
            Integers::Refuse => wrong_dtype(E::NAME, "an input", dtype),
        },
    }
}

#[derive(Clone, Copy)]
struct Unary<E>(E);

impl<E: Elementwise> CustomOp1 for Unary<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let storage = match storage {
            CpuStorage::F32(values) => self.floats(values, layout),
            CpuStorage::F64(values) => self.floats(values, layout),
            CpuStorage::U8(values) => self.integers(values, layout),
            CpuStorage::U32(values) => self.integers(values, layout),
            CpuStorage::I16(values) => self.integers(values, layout),
            CpuStorage::I32(values) => self.integers(values, layout),
            CpuStorage::I64(values) => self.integers(values, layout),
            _ => bail!("{}: not implemented for this dtype", E::NAME),
        };
        Ok((storage, layout.shape().clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let gradient = UnaryGradient(self.0);
        Ok(Some(arg.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &gradient)?))
    }
}

impl<E: Elementwise> Unary<E> {
    fn floats<T: Number>(&self, values: &[T], layout: &Layout) -> CpuStorage
    where
        E: ScalarFunction<T>,
    {
        T::to_cpu_storage_owned(match layout.contiguous_offsets() {
            Some((start, end)) => loops::map(self, &values[start..end]),
            None => loops::map(self, &unary_map(values, layout, |x| x)),
        })
    }

    fn integers<T: WithDType>(&self, values: &[T], layout: &Layout) -> CpuStorage {
        T::to_cpu_storage_owned(unary_map(values, layout, |x| {
            let (before, after) = (x.to_f64(), self.0.value(x.to_f64()));
            // A number that the function leaves alone is not converted back: f64 has no room for
            // all of i64.
            if before == after { x } else { T::from_f64(after) }
        }))
    }
}

impl<T: Number, E: Elementwise + ScalarFunction<T>> Map<T> for Unary<E> {
    #[inline(always)]
    fn at(&self, x: T) -> T {
        self.0.value(x)
    }
}

/// The gradient of the input, from the input and the gradient of the output.
#[derive(Clone, Copy)]
struct UnaryGradient<E>(E);

impl<T: Number, E: Elementwise + ScalarFunction<T>> Map2<T> for UnaryGradient<E> {
    #[inline(always)]
    fn at(&self, x: T, g: T) -> T {
        self.0.gradient(x, g)
    }
}

impl<E: Elementwise> CustomOp2 for UnaryGradient<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        x_layout: &Layout,
        grads: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let storage = match (xs, grads) {
            (CpuStorage::F32(xs), CpuStorage::F32(grads)) => {
                CpuStorage::F32(loops::map2(self, dense(xs, x_layout), dense(grads, grad_layout)))
            }
            (CpuStorage::F64(xs), CpuStorage::F64(grads)) => {
                CpuStorage::F64(loops::map2(self, dense(xs, x_layout), dense(grads, grad_layout)))
            }
            _ => bail!("{}: gradients are floats of the input's dtype", E::NAME),
        };
        Ok((storage, x_layout.shape().clone()))
    }
}
