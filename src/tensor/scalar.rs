//! Numbers of any type, where PyTorch takes a Python number: whole ones and floats are told apart.

use super::literal::Scalar;

/// A number: an integer makes an `i64` tensor and a float an `f32` one, as in PyTorch.
#[diagnostic::on_unimplemented(message = "a number is needed here, not `{Self}`")]
pub trait IntoScalar {
    #[doc(hidden)]
    fn scalar(self) -> Scalar;
}

impl IntoScalar for Scalar {
    fn scalar(self) -> Scalar {
        self
    }
}

impl IntoScalar for bool {
    fn scalar(self) -> Scalar {
        Scalar::Bool(self)
    }
}

macro_rules! numbers {
    ($($type:ty => $kind:ident as $wide:ty),*) => {$(
        impl IntoScalar for $type {
            fn scalar(self) -> Scalar {
                Scalar::$kind(self as $wide)
            }
        }
    )*};
}

numbers! {
    f64 => Float as f64, f32 => Float as f64, u8 => Integer as i64, u32 => Integer as i64,
    i32 => Integer as i64, i64 => Integer as i64, usize => Integer as i64, isize => Integer as i64
}
