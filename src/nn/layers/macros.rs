//! `nn::seq!` and `nn::model!`: chains and structs of layers without boxes and impls by hand.
//!
//! Method resolution decides, while the cell is compiled, what an element of `seq!` is taken for,
//! as for `show!`: a [`Layer`] first, else any candle module that prints itself (activations are
//! such), else a function.

use std::cell::Cell;
use std::fmt;

use candle_core::{Module, Result, Tensor};

use super::Layer;

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
        $crate::nn::Sequential::from_boxes(::std::vec::Vec::from([
            $( (&&&$crate::nn::layers::SeqElement::new($layer)).into_layer() ),*
        ]))
    }};
}

/// Makes a model of a struct whose fields are layers: [`Layer`](crate::nn::Layer), and `Display` as
/// PyTorch prints it. The fields named are its parts; `forward` is the learner's own.
///
/// ```
/// use akari::prelude::*;
///
/// struct Net {
///     hidden: nn::Linear,
///     out: nn::Linear,
/// }
///
/// nn::model!(Net { hidden, out });
///
/// impl Module for Net {
///     fn forward(&self, x: &Tensor) -> akari::candle_core::Result<Tensor> {
///         self.out.forward(&F::relu(&self.hidden.forward(x)?)?)
///     }
/// }
///
/// let net = Net { hidden: nn::Linear::new(2, 8)?, out: nn::Linear::new(8, 1)? };
/// assert_eq!(net.parameters().len(), 4);
/// assert!(net.to_string().starts_with("Net(\n  (hidden): Linear(in_features=2, "));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __model {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::nn::Layer for $name {
            fn children(&self) -> ::std::vec::Vec<(::std::string::String, &dyn $crate::nn::Layer)> {
                ::std::vec::Vec::from([
                    $( (
                        ::std::string::String::from(::std::stringify!($field)),
                        &self.$field as &dyn $crate::nn::Layer,
                    ) ),*
                ])
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&$crate::nn::Layer::repr(self))
            }
        }
    };
}

/// A layer of any kind, as [`Sequential`](super::Sequential) holds it.
pub type AnyLayer = Box<dyn Layer + Send + Sync>;

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
        Box::new(self.take())
    }
}

#[doc(hidden)]
pub trait ByModule {
    fn into_layer(self) -> AnyLayer;
}

impl<T: Module + fmt::Display + Send + Sync + 'static> ByModule for &&SeqElement<T> {
    fn into_layer(self) -> AnyLayer {
        Box::new(PrintedModule(self.take()))
    }
}

#[doc(hidden)]
pub trait ByFunction {
    fn into_layer(self) -> AnyLayer;
}

impl<T: Module + Send + Sync + 'static> ByFunction for &SeqElement<T> {
    fn into_layer(self) -> AnyLayer {
        Box::new(NamedModule { module: self.take(), name: function_name::<T>() })
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

struct PrintedModule<T>(T);

impl<T: Module> Module for PrintedModule<T> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.0.forward(x)
    }
}

impl<T: Module + fmt::Display> Layer for PrintedModule<T> {
    fn head(&self) -> String {
        self.0.to_string()
    }
}

pub(super) struct NamedModule<T> {
    pub(super) module: T,
    pub(super) name: String,
}

impl<T: Module> Module for NamedModule<T> {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.module.forward(x)
    }
}

impl<T: Module> Layer for NamedModule<T> {
    fn head(&self) -> String {
        self.name.clone()
    }
}
