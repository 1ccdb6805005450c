//! Loops over the elements of tensors of any dtype: what moves or compares numbers needs no formula for each type.
//!
//! A loop is written once, generic over candle's `WithDType`; the macros here compile it for each of the dtypes.

/// Evaluates an expression with the elements of a contiguous storage as a slice of their own type.
macro_rules! any_storage {
    ($function:expr, $storage:expr, $layout:expr, $elements:ident => $work:expr) => {
        $crate::compute::any::any_storage! {
            @of $function, $storage, $layout, $elements => $work;
            U8, U32, I16, I32, I64, BF16, F16, F32, F64
        }
    };
    (
        @of $function:expr, $storage:expr, $layout:expr, $elements:ident => $work:expr;
        $($dtype:ident),*
    ) => {
        match $storage {
            $(candle_core::CpuStorage::$dtype(values) => {
                let $elements = $crate::compute::parts::part(values, $layout);
                $work
            })*
            other => {
                use candle_core::backend::BackendStorage;
                $crate::error::wrong_dtype($function, "an input", other.dtype())
            }
        }
    };
}

/// Evaluates an expression with the elements of a contiguous tensor as a slice of their own type.
macro_rules! any_tensor {
    ($function:expr, $tensor:expr, $elements:ident => $work:expr) => {{
        let (storage, layout) = $tensor.storage_and_layout();
        let storage = $crate::compute::op::on_cpu(&storage)?;
        $crate::compute::any::any_storage!($function, storage, layout, $elements => $work)
    }};
}

pub(crate) use any_storage;
pub(crate) use any_tensor;
