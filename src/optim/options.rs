//! The options of a parameter group: PyTorch's names and defaults, their printed form, and how
//! they travel through a state dict and a scheduler.
//!
//! A config is a struct that [`config!`] writes from one table of fields. The update rules read
//! the fields; everything else goes by the field's name.

use std::fmt;

use crate::print::python::{bool_repr, float_repr};

/// The printed keys of a group, in alphabetical order.
pub(crate) type Keys = Vec<(&'static str, String)>;

/// The keys that PyTorch 1.0 to 1.10.2 does not print.
pub(super) const NEW_KEYS: [&str; 6] =
    ["capturable", "decoupled_weight_decay", "differentiable", "foreach", "fused", "maximize"];

/// The options of an optimizer, also known by name.
pub trait Options: Clone + fmt::Debug + Default + PartialEq + 'static {
    /// As PyTorch 2.15 prints them.
    #[doc(hidden)]
    fn keys(&self) -> Keys;
    /// The names of all options.
    #[doc(hidden)]
    fn names() -> &'static [&'static str];
    /// An option as numbers; none if there is no such option.
    #[doc(hidden)]
    fn numbers(&self, name: &str) -> Option<Vec<f64>>;
    /// Sets an option from numbers; returns whether there is such an option and the numbers are a
    /// value of it.
    #[doc(hidden)]
    fn set_numbers(&mut self, name: &str, numbers: &[f64]) -> bool;
    /// The learning rate.
    #[doc(hidden)]
    fn lr(&mut self) -> &mut f64;
}

/// The type of an option.
pub trait Field: Sized {
    /// The value as Python prints it. `default` is the default as written in the table, where a
    /// suffix `f64` marks a float whose default is an integer in Python.
    fn repr(&self, default: &str) -> String;
    fn numbers(&self) -> Vec<f64>;
    fn from_numbers(numbers: &[f64]) -> Option<Self>;
}

impl Field for f64 {
    fn repr(&self, default: &str) -> String {
        match default.trim().strip_suffix("f64") {
            Some(integer) if integer.parse() == Ok(*self) => integer.to_owned(),
            _ => float_repr(*self),
        }
    }

    fn numbers(&self) -> Vec<f64> {
        vec![*self]
    }

    fn from_numbers(numbers: &[f64]) -> Option<Self> {
        numbers.first().copied()
    }
}

impl Field for usize {
    fn repr(&self, _: &str) -> String {
        self.to_string()
    }

    fn numbers(&self) -> Vec<f64> {
        vec![*self as f64]
    }

    fn from_numbers(numbers: &[f64]) -> Option<Self> {
        whole(*numbers.first()?)
    }
}

impl Field for bool {
    fn repr(&self, _: &str) -> String {
        bool_repr(*self).to_owned()
    }

    fn numbers(&self) -> Vec<f64> {
        vec![f64::from(u8::from(*self))]
    }

    fn from_numbers(numbers: &[f64]) -> Option<Self> {
        match *numbers.first()? {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        }
    }
}

/// The number as a count; none if it is not whole, or below 0, or larger than `f64` counts exactly.
pub(super) fn whole(number: f64) -> Option<usize> {
    let is_count = number.fract() == 0.0 && (0.0..=9e15).contains(&number);
    is_count.then_some(number as usize)
}

/// Nan stands for `None`.
impl<F: Field> Field for Option<F> {
    fn repr(&self, _: &str) -> String {
        self.as_ref().map_or_else(|| "None".to_owned(), |it| it.repr(""))
    }

    fn numbers(&self) -> Vec<f64> {
        self.as_ref().map_or_else(|| vec![f64::NAN], F::numbers)
    }

    fn from_numbers(numbers: &[f64]) -> Option<Self> {
        match numbers.first()?.is_nan() {
            true => Some(None),
            false => F::from_numbers(numbers).map(Some),
        }
    }
}

macro_rules! tuple {
    ($($name:ident $index:tt),+) => {
        impl<$($name: Field),+> Field for ($($name,)+) {
            fn repr(&self, default: &str) -> String {
                let inner = default.trim().trim_matches(['(', ')']);
                let defaults = inner.split(',').collect::<Vec<_>>();
                let texts = [$(self.$index.repr(defaults.get($index).unwrap_or(&""))),+];
                format!("({})", texts.join(", "))
            }

            fn numbers(&self) -> Vec<f64> {
                [$(self.$index.numbers()),+].concat()
            }

            fn from_numbers(numbers: &[f64]) -> Option<Self> {
                Some(($($name::from_numbers(numbers.get($index..)?)?,)+))
            }
        }
    };
}

tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);

/// A config: its fields with their docs and defaults, and the keys that print a fixed text because
/// the option only chooses between PyTorch's own implementations.
macro_rules! config {
    (
        $(#[$doc:meta])*
        $name:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr;)*
        }
        prints { $($fixed:ident: $text:literal),* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $($field: $default,)* }
            }
        }

        impl $crate::optim::options::Options for $name {
            fn keys(&self) -> $crate::optim::options::Keys {
                use $crate::optim::options::Field;
                let mut keys = vec![
                    $((stringify!($field), self.$field.repr(stringify!($default))),)*
                    $((stringify!($fixed), $text.to_owned()),)*
                ];
                keys.sort_unstable();
                keys
            }

            fn names() -> &'static [&'static str] {
                &[$(stringify!($field)),*]
            }

            fn numbers(&self, name: &str) -> Option<Vec<f64>> {
                use $crate::optim::options::Field;
                match name {
                    $(stringify!($field) => Some(self.$field.numbers()),)*
                    _ => None,
                }
            }

            fn set_numbers(&mut self, name: &str, numbers: &[f64]) -> bool {
                use $crate::optim::options::Field;
                match name {
                    $(stringify!($field) => match Field::from_numbers(numbers) {
                        Some(value) => {
                            self.$field = value;
                            true
                        }
                        None => false,
                    },)*
                    _ => false,
                }
            }

            fn lr(&mut self) -> &mut f64 {
                &mut self.lr
            }
        }
    };
}

pub(super) use config;

/// An option that is one of several words, which Python gives as text.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$word_doc])* $word,)*
        }

        impl $crate::optim::options::Field for $name {
            fn repr(&self, _: &str) -> String {
                match self { $($name::$word => $text,)* }.to_owned()
            }

            fn numbers(&self) -> Vec<f64> {
                vec![*self as u8 as f64]
            }

            fn from_numbers(numbers: &[f64]) -> Option<Self> {
                let index = $crate::optim::options::whole(*numbers.first()?)?;
                [$($name::$word),*].get(index).copied()
            }
        }
    };
}

pub(super) use words;

/// PyTorch's checks: the first option that is not in its range, in PyTorch's words.
pub(super) fn first_complaint<const N: usize>(checks: [(bool, String); N]) -> Option<String> {
    checks.into_iter().find(|(is_right, _)| !is_right).map(|(_, text)| text)
}

/// The checks that almost every optimizer has; nan is wrong everywhere.
pub(super) fn not_negative(what: &str, value: f64) -> (bool, String) {
    (value >= 0.0, format!("Invalid {what}: {value}"))
}

/// The checks of Adam and its relatives, in PyTorch's order.
pub(super) fn of_two_means(
    lr: f64,
    eps: f64,
    betas: (f64, f64),
    weight_decay: f64,
) -> [(bool, String); 5] {
    [
        not_negative("learning rate", lr),
        not_negative("epsilon value", eps),
        fraction(0, betas.0),
        fraction(1, betas.1),
        not_negative("weight_decay value", weight_decay),
    ]
}

/// The check of one of the two `betas`.
fn fraction(index: usize, beta: f64) -> (bool, String) {
    let is_right = (0.0..1.0).contains(&beta);
    (is_right, format!("Invalid beta parameter at index {index}: {}", float_repr(beta)))
}
