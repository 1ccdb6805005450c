//! PyTorch's keyword arguments: `nn::Conv2d!(1, 8, 3, padding = 1)`.
//!
//! A constructor that has options has a macro of its type's name, which puts the options that are named into the
//! constructor's config and leaves the others at their defaults. The macros are made by the tables of `nn/keywords.rs`,
//! `optim/keywords.rs` and so on; they are names alone, and cost a cell nothing.

/// A value that is given for an option of type `T`: of that type, or one that is typed more shortly.
///
/// | the option is | and takes |
/// |---|---|
/// | `f64` | `0.5`, also `1` |
/// | `Option<T>` | a `T` as well |
/// | `Vec<T>` | `[1, 2]` as well |
/// | a size of images | `3` or `(3, 1)` |
#[diagnostic::on_unimplemented(
    message = "this option can't be given as `{Self}`",
    label = "a value of type `{T}` is expected here"
)]
pub trait Argument<T> {
    /// The value in the option's own type.
    fn into_option(self) -> T;
}

impl<T> Argument<T> for T {
    fn into_option(self) -> T {
        self
    }
}

impl<T> Argument<Option<T>> for T {
    fn into_option(self) -> Option<T> {
        Some(self)
    }
}

/// A whole number for a real one, as Python takes it.
impl Argument<f64> for i32 {
    fn into_option(self) -> f64 {
        f64::from(self)
    }
}

impl Argument<Option<f64>> for i32 {
    fn into_option(self) -> Option<f64> {
        Some(f64::from(self))
    }
}

impl<T, const N: usize> Argument<Vec<T>> for [T; N] {
    fn into_option(self) -> Vec<T> {
        self.into()
    }
}

impl<T: Clone> Argument<Option<T>> for &T {
    fn into_option(self) -> Option<T> {
        Some(self.clone())
    }
}

/// Types that a value may also be given in by its `From`.
macro_rules! from {
    ($($given:ty => $option:ty),* $(,)?) => {$(
        impl $crate::keywords::Argument<$option> for $given {
            fn into_option(self) -> $option {
                <$option>::from(self)
            }
        }
    )*};
}
pub(crate) use from;

/// Calls a constructor with what is given by position, and a config of what is given by name.
#[doc(hidden)]
#[macro_export]
macro_rules! __keywords {
    (@call [new [$($new:tt)*] [$($config:tt)*]] [$($given:expr),*] []) => {
        $($new)*($($given,)* <$($config)* as ::std::default::Default>::default())
    };
    (@call [new [$($new:tt)*] [$($config:tt)*]] [$($given:expr),*] $options:tt) => {
        $($new)*(
            $($given,)*
            $crate::__keywords!(
                @fill [$($config)*] $options <$($config)* as ::std::default::Default>::default()
            )
        )
    };
    // What has its options as fields of its own: the others are those of another one.
    (@call [like [$($new:tt)*] $type:tt] [$($given:expr),*] []) => { $($new)*($($given),*) };
    (@call [like [$($new:tt)*] $type:tt] [$($given:expr),*] $options:tt) => {
        $crate::__keywords!(@fill $type $options $($new)*($($given),*))
    };
    // Options by their places, as far as they are given so, and the others by name.
    (
        @fields [$($type:tt)*] [$($name:ident)*] [$($set:ident = $given:expr,)*]
        $($option:ident = $value:expr),* $(,)?
    ) => {
        $crate::__keywords!(
            @call [like [<$($type)* as ::std::default::Default>::default] [$($type)*]] []
            [$($set = $given,)* $($option = $value),*]
        )
    };
    (@fields $type:tt [$name:ident $($names:ident)*] [$($set:tt)*] $next:expr $(, $($rest:tt)*)?) => {
        $crate::__keywords!(@fields $type [$($names)*] [$($set)* $name = $next,] $($($rest)*)?)
    };
    (@fields $type:tt [] $set:tt $($rest:tt)+) => { ::std::compile_error!("there is no further option") };
    (@fill [$($type:tt)*] [$($option:ident = $value:expr),+ $(,)?] $others:expr) => {{
        // All options may have been named.
        #[allow(clippy::needless_update)]
        let options = $($type)* {
            $($option: $crate::__keywords!(@value $option $value),)+
            ..$others
        };
        options
    }};
    // A function becomes a pointer where it is given as such alone.
    (@value activation $value:expr) => { $value };
    (@value $option:ident $value:expr) => { $crate::keywords::Argument::into_option($value) };
    (@ $of:tt [$($given:expr),*] $($option:ident = $value:expr),* $(,)?) => {
        $crate::__keywords!(@call $of [$($given),*] [$($option = $value),*])
    };
    (@ $of:tt [$($given:expr),*] $next:expr $(, $($rest:tt)*)?) => {
        $crate::__keywords!(@ $of [$($given,)* $next] $($($rest)*)?)
    };
}

/// Makes the macro of each type in the table, in the module where the table stands. `$` is handed in, since a macro can't
/// write one into another otherwise.
macro_rules! keywords {
    ($d:tt in $module:tt: $($hidden:ident as $name:ident: $way:ident $new:ident, $config:ident;)*) => {
        $($crate::keywords::keywords!(@row $d $module $hidden $name $way $new $config);)*
    };
    (@row $d:tt [$($module:ident)::+] $hidden:ident $name:ident $way:ident $new:ident $config:ident) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $hidden {
            ($d($d given:tt)*) => {
                $d crate::__keywords!(
                    @ [
                        $way [$d crate::$($module)::+::$name::$new] [$d crate::$($module)::+::$config]
                    ] [] $d($d given)*
                )
            };
        }
        #[cfg(not(doc))]
        pub use $hidden as $name;
    };
}
pub(crate) use keywords;

/// The same for types whose options are their fields, which may also be given by place.
macro_rules! fields_by_place {
    ($d:tt in $module:tt: $($hidden:ident as $name:ident: $($field:ident),+;)*) => {
        $($crate::keywords::fields_by_place!(@row $d $module $hidden $name [$($field)+]);)*
    };
    (@row $d:tt [$($module:ident)::+] $hidden:ident $name:ident $fields:tt) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $hidden {
            ($d($d given:tt)*) => {
                $d crate::__keywords!(@fields [$d crate::$($module)::+::$name] $fields [] $d($d given)*)
            };
        }
        #[cfg(not(doc))]
        pub use $hidden as $name;
    };
}
pub(crate) use fields_by_place;

/// The same for types with one number, which `new` takes: by place, by name, or left out.
macro_rules! single {
    ($d:tt in $module:tt: $($hidden:ident as $name:ident: $option:ident = $default:expr;)*) => {
        $($crate::keywords::single!(@row $d $module $hidden $name $option $default);)*
    };
    (@row $d:tt [$($module:ident)::+] $hidden:ident $name:ident $option:ident $default:expr) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $hidden {
            () => { $d crate::$($module)::+::$name!($default) };
            ($option = $d value:expr $d(,)?) => { $d crate::$($module)::+::$name!($d value) };
            ($d value:expr $d(,)?) => {
                $d crate::$($module)::+::$name::new($d crate::keywords::Argument::into_option($d value))
            };
        }
        #[cfg(not(doc))]
        pub use $hidden as $name;
    };
}
pub(crate) use single;
