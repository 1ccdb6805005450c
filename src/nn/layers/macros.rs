//! `nn::seq!` and `nn::model!`: chains and structs of layers without boxes and impls by hand.
//!
//! Method resolution decides, while the cell is compiled, what an element of `seq!` is taken for,
//! as for `show!`: a [`Layer`] first, else a candle module that prints itself, else a function. In the
//! same way a field of `model!` is a part of the model first, else a plain value. What is neither a
//! layer nor known to hold no tensor doesn't compile, since its tensors would be lost (`part.rs`).

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use candle_core::{Module, Result, Tensor};

use super::copies::Copies;
use super::layer::Layer;
use super::layer::Parts;
use super::part::fields;
use super::part::{HoldsNoTensor, Part};
use crate::error::fail;

/// A [`Sequential`](crate::nn::Sequential) of layers, activations, candle modules and closures.
///
/// ```
/// use akari::prelude::*;
///
/// let model = nn::seq![nn::Linear::new(2, 16)?, F::relu, nn::Linear::new(16, 3)?];
/// assert_eq!(model.forward(&tensor!([[0.5, -1.0]]))?.dims(), &[1, 3]);
/// show!(model);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __seq {
    ($($layer:expr),* $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::nn::layers::{ByFunction as _, ByLayer as _, ByModule as _};
        $crate::nn::Sequential::of_layers(::std::vec::Vec::from([
            $( (&&&$crate::nn::layers::SeqElement::new($layer)).into_layer() ),*
        ]))
    }};
}

/// Makes a model of a struct: [`Layer`](crate::nn::Layer), and `Display` as PyTorch prints it; `forward` is
/// the learner's own.
///
/// Every field is named, so that none can be forgotten: one that is left out doesn't compile. A field may be
/// a layer, a `Var` that is trained, an [`nn::Mode`](crate::nn::Mode), or a `Vec`, array, tuple, `Option`, map or
/// `Arc` of those; numbers, texts and functions are passed over. `field: buffer` is PyTorch's `register_buffer`: a
/// `Var` that is kept with the model and saved, but is not among the parameters.
/// Another type that may hold tensors doesn't compile, unless `field: _` says that it is no part of the model.
/// A model whose `forward` takes more than one tensor, or gives more, is written `nn::model!(Net { .. }, own forward)`, and
/// has it in an `impl Net`; only in `nn::seq!` it can't stand.
/// A generic struct is written with its bounds: `nn::model!(Net<L: nn::Layer> { body })`.
///
/// ```
/// use akari::candle_core::Result;
/// use akari::prelude::*;
///
/// struct Net {
///     hidden: Vec<nn::Linear>,
///     out: nn::Linear,
///     scale: f64,
/// }
///
/// nn::model!(Net { hidden, out, scale });
///
/// impl Module for Net {
///     fn forward(&self, x: &Tensor) -> Result<Tensor> {
///         let mut x = x.clone();
///         for layer in &self.hidden {
///             x = F::relu(&layer.forward(&x)?)?;
///         }
///         self.out.forward(&x)? * self.scale
///     }
/// }
///
/// let hidden = vec![nn::Linear::new(2, 8)?, nn::Linear::new(8, 8)?];
/// let net = Net { hidden, out: nn::Linear::new(8, 1)?, scale: 0.5 };
/// assert_eq!(net.parameters().len(), 6);
/// assert_eq!(net.named_parameters()[0].0, "hidden.0.weight");
/// assert!(net.to_string().starts_with("Net(\n  (hidden): ModuleList(\n    (0): Linear(in_features=2, "));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// The struct may stand in it, where no field is a buffer; here of a model with a state:
///
/// ```
/// use akari::prelude::*;
///
/// nn::model!(
///     struct Counter {
///         lstm: nn::LSTM,
///         out: nn::Linear,
///     },
///     own forward
/// );
///
/// impl Counter {
///     fn forward(&self, x: &Tensor, state: &Option<(Tensor, Tensor)>) -> Result<(Tensor, (Tensor, Tensor))> {
///         let (y, state) = self.lstm.forward(x, state)?;
///         Ok((self.out.forward(&y)?, state))
///     }
/// }
///
/// let net = Counter { lstm: nn::LSTM::new(2, 8)?, out: nn::Linear::new(8, 1)? };
/// let (y, state) = net.forward(&torch::rand((5, 1, 2))?, &None)?;
/// let (y, _) = net.forward(&torch::rand((1, 1, 2))?, &Some(state))?;
/// assert_eq!((y.dims(), net.parameters().len()), (&[1, 1, 1][..], 6));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// A field that isn't named:
///
/// ```compile_fail,E0063
/// use akari::prelude::*;
///
/// struct Net {
///     hidden: nn::Linear,
///     out: nn::Linear,
/// }
///
/// nn::model!(Net { hidden });
/// # impl Module for Net {
/// #     fn forward(&self, x: &Tensor) -> akari::candle_core::Result<Tensor> { self.hidden.forward(x) }
/// # }
/// ```
///
/// A model without a `forward`:
///
/// ```compile_fail,E0277
/// use akari::prelude::*;
///
/// struct Net {
///     hidden: nn::Linear,
/// }
///
/// nn::model!(Net { hidden }); // `impl Module for Net` is missing: a model needs a `forward`
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __model {
    (
        $(#[$of_struct:meta])* $public:vis struct $name:ident {
            $($(#[$of_field:meta])* $visible:vis $field:ident: $type:ty),* $(,)?
        }
        $(, own $forward:ident)?
    ) => {
        $(#[$of_struct])*
        $public struct $name {
            $($(#[$of_field])* $visible $field: $type),*
        }

        $crate::__model!($name { $($field),* } $(, own $forward)?);
    };
    (
        $name:ident $(< $($param:ident $(: $bound:path)?),+ $(,)? >)?
        { $($field:ident $(: $skipped:tt)?),* $(,)? }, own forward
    ) => {
        $crate::__model!(
            $name $(< $($param $(: $bound)?),+ >)? { $($field $(: $skipped)?),* }
        );

        impl $(< $($param $(: $bound)?),+ >)? $crate::candle_core::Module for $name $(< $($param),+ >)? {
            fn forward(
                &self,
                _: &$crate::candle_core::Tensor,
            ) -> $crate::candle_core::Result<$crate::candle_core::Tensor> {
                $crate::nn::layers::own_forward(::std::stringify!($name))
            }
        }
    };
    (
        $name:ident $(< $($param:ident $(: $bound:path)?),+ $(,)? >)?
        { $($field:ident $(: $skipped:tt)?),* $(,)? }
    ) => {
        // Stands first, so that a missing `forward` is told first, and in these words.
        impl $(< $($param $(: $bound)?),+ >)? ::std::fmt::Display for $name $(< $($param),+ >)?
        where
            $name $(< $($param),+ >)?: $crate::nn::layers::HasForward,
        {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&$crate::nn::Layer::repr(self))
            }
        }

        impl $(< $($param $(: $bound)?),+ >)? $crate::nn::Layer for $name $(< $($param),+ >)? {
            fn children(&self) -> ::std::vec::Vec<(::std::string::String, &dyn $crate::nn::Layer)> {
                $crate::nn::Layer::parts(self).children
            }

            fn parts(&self) -> $crate::nn::layers::Parts<'_> {
                #[allow(unused_imports)]
                use $crate::nn::layers::{ByPart as _, ByValue as _};
                #[allow(unused_mut)]
                let mut parts = $crate::nn::layers::Parts::default();
                $($crate::__model!(@part parts, self.$field, $field $($skipped)?);)*
                parts
            }

            fn copy_with(
                &self,
                _copies: &mut $crate::nn::layers::Copies,
            ) -> $crate::candle_core::Result<Self> {
                #[allow(unused_imports)]
                use $crate::nn::layers::{CopyByClone as _, CopyByPart as _, NoCopy as _};
                // A field that isn't named is an error of the compiler here.
                ::std::result::Result::Ok($name {
                    $($field: $crate::__model!(@copy _copies, self.$field, $field $($skipped)?)),*
                })
            }
        }
    };
    (@part $parts:ident, $value:expr, $field:ident) => {
        (&&$crate::nn::layers::Field(&$value)).add_to(::std::stringify!($field), &mut $parts)
    };
    (@part $parts:ident, $value:expr, $field:ident _) => {};
    (@part $parts:ident, $value:expr, $field:ident buffer) => {{
        let mut of_field = $crate::nn::layers::Parts::default();
        $crate::nn::layers::Part::add_to(&$value, ::std::stringify!($field), &mut of_field);
        $parts.add_buffers(of_field)
    }};
    (@copy $copies:ident, $value:expr, $field:ident) => {
        (&&&$crate::nn::layers::Field(&$value)).copied(::std::stringify!($field), $copies)?
    };
    (@copy $copies:ident, $value:expr, $field:ident buffer) => {
        $crate::nn::layers::Part::copied(&$value, $copies)?
    };
    (@copy $copies:ident, $value:expr, $field:ident _) => {
        (&&$crate::nn::layers::Field(&$value)).copied(::std::stringify!($field), $copies)?
    };
}

/// What a chain gets of a model whose forward takes more than one tensor.
#[doc(hidden)]
pub fn own_forward(model: &str) -> Result<Tensor> {
    fail(
        model,
        "the model's own forward takes other arguments than one tensor, and so it can't stand in nn::seq!",
    )
}

/// What has a `forward`: every candle module. A bound of the macro's own, since candle's can't say what to write.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`impl Module for {Self}` is missing: a model needs a `forward`",
    label = "`{Self}` has no `forward`",
    note = "write `impl Module for {Self} {{ fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {{ .. }} }}` beside `nn::model!`"
)]
pub trait HasForward {}

#[diagnostic::do_not_recommend]
impl<T: Module + ?Sized> HasForward for T {}

/// A field of a model, on its way to where its type belongs.
#[doc(hidden)]
#[derive(Debug)]
pub struct Field<'a, T>(pub &'a T);

#[doc(hidden)]
pub trait ByPart<'a> {
    fn add_to(self, name: &str, parts: &mut Parts<'a>);
}

impl<'a, T: Part> ByPart<'a> for &&Field<'a, T> {
    fn add_to(self, name: &str, parts: &mut Parts<'a>) {
        self.0.add_to(name, parts);
    }
}

#[doc(hidden)]
pub trait ByValue<T> {
    fn add_to(self, name: &str, parts: &mut Parts<'_>)
    where
        T: HoldsNoTensor;
}

impl<T> ByValue<T> for &Field<'_, T> {
    fn add_to(self, _name: &str, _parts: &mut Parts<'_>)
    where
        T: HoldsNoTensor,
    {
    }
}

#[doc(hidden)]
pub trait CopyByPart<T> {
    fn copied(self, name: &str, copies: &mut Copies) -> Result<T>;
}

impl<T: Part> CopyByPart<T> for &&&Field<'_, T> {
    fn copied(self, _name: &str, copies: &mut Copies) -> Result<T> {
        self.0.copied(copies)
    }
}

#[doc(hidden)]
pub trait CopyByClone<T> {
    fn copied(self, name: &str, copies: &mut Copies) -> Result<T>;
}

impl<T: Clone> CopyByClone<T> for &&Field<'_, T> {
    fn copied(self, _name: &str, _copies: &mut Copies) -> Result<T> {
        Ok(self.0.clone())
    }
}

#[doc(hidden)]
pub trait NoCopy<T> {
    fn copied(self, name: &str, copies: &mut Copies) -> Result<T>;
}

impl<T> NoCopy<T> for &Field<'_, T> {
    fn copied(self, name: &str, _copies: &mut Copies) -> Result<T> {
        let of = std::any::type_name::<T>();
        fail(
            "nn::Layer::deep_copy",
            format_args!("the field `{name}` can't be copied, since `{of}` is not `Clone`"),
        )
    }
}

/// A layer as [`Sequential`](super::Sequential) holds it: of any kind, and shared by the clones of the
/// chain.
#[doc(hidden)]
pub trait Held: Layer + Send + Sync {
    fn held_copy(&self, copies: &mut Copies) -> Result<AnyLayer>;

    /// The layer as a value of its own type.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Layer + Send + Sync + 'static> Held for T {
    fn held_copy(&self, copies: &mut Copies) -> Result<AnyLayer> {
        Ok(Arc::new(self.copy_with(copies)?))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A layer of any kind.
pub type AnyLayer = Arc<dyn Held>;

/// An element of `seq!`, on its way into the `Sequential`.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct SeqElement<T>(Cell<Option<T>>);

impl<T> SeqElement<T> {
    pub fn new(value: T) -> Self {
        SeqElement(Cell::new(Some(value)))
    }

    fn take(&self) -> T {
        // `seq!` makes a new `SeqElement` for each element, and takes the value once.
        self.0.take().expect("seq! takes each element once")
    }
}

#[doc(hidden)]
pub trait ByLayer {
    fn into_layer(self) -> AnyLayer;
}

impl<T: Layer + Send + Sync + 'static> ByLayer for &&&SeqElement<T> {
    fn into_layer(self) -> AnyLayer {
        Arc::new(self.take())
    }
}

#[doc(hidden)]
pub trait ByModule {
    fn into_layer(self) -> AnyLayer;
}

impl<T: Module + fmt::Display + HoldsNoTensor + Send + Sync + 'static> ByModule
    for &&SeqElement<T>
{
    fn into_layer(self) -> AnyLayer {
        let module = self.take();
        Arc::new(NamedModule::new(module.to_string(), module))
    }
}

#[doc(hidden)]
pub trait ByFunction<T> {
    fn into_layer(self) -> AnyLayer
    where
        T: HoldsNoTensor;
}

impl<T: Module + Send + Sync + 'static> ByFunction<T> for &SeqElement<T> {
    fn into_layer(self) -> AnyLayer
    where
        T: HoldsNoTensor,
    {
        Arc::new(NamedModule::new(function_name::<T>(), self.take()))
    }
}

/// `relu()` of a function, `Lambda()` of a closure, the type's name of everything else.
fn function_name<T>() -> String {
    let path = std::any::type_name::<T>();
    let path = path.split('<').next().unwrap_or(path);
    match path.rsplit("::").next() {
        Some("{{closure}}") | None => "Lambda()".to_owned(),
        Some(name) => format!("{name}()"),
    }
}

/// A function, or a module without tensors, with the text that it is printed as.
pub(super) struct NamedModule<T> {
    name: String,
    module: Arc<T>,
}

impl<T> NamedModule<T> {
    pub(super) fn new(name: String, module: T) -> Self {
        NamedModule { name, module: Arc::new(module) }
    }
}

impl<T> Clone for NamedModule<T> {
    fn clone(&self) -> Self {
        NamedModule { name: self.name.clone(), module: Arc::clone(&self.module) }
    }
}

impl<T: Module> Module for NamedModule<T> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.module.forward(x)
    }
}

impl<T: Module> Layer for NamedModule<T> {
    fields!();

    fn head(&self) -> String {
        self.name.clone()
    }
}
