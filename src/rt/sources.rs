//! What an error says about its causes.
//!
//! `?` in a cell takes whatever has a `Display`, and only some of that is an `Error` with sources. Which
//! one it is can be told by specialisation alone, which is unstable: the kernel's build of the prelude
//! has it (`cfg(akari_kernel)`), any other build knows no sources.

use std::error::Error;

/// So many causes are told; a circle of them would have no end.
const MOST: usize = 16;

/// The cause of a value, if it is an error; all values have this trait. Each cell compiles it for the
/// errors of its `?`, so it does no more than ask.
pub trait Sources {
    /// The nearest cause.
    fn cause(&self) -> Option<&(dyn Error + 'static)>;
}

/// The texts of a cause and of those behind it.
pub fn texts<'a>(first: Option<&'a (dyn Error + 'static)>) -> Vec<String> {
    let after = |it: &&'a (dyn Error + 'static)| Error::source(*it);
    std::iter::successors(first, after).take(MOST).map(ToString::to_string).collect()
}

#[cfg(not(akari_kernel))]
impl<E> Sources for E {
    fn cause(&self) -> Option<&(dyn Error + 'static)> {
        None
    }
}

#[cfg(akari_kernel)]
mod specialised {
    use std::error::Error;

    use super::Sources;

    impl<E> Sources for E {
        default fn cause(&self) -> Option<&(dyn Error + 'static)> {
            self.boxed()
        }
    }

    impl<E: Error> Sources for E {
        fn cause(&self) -> Option<&(dyn Error + 'static)> {
            self.source()
        }
    }

    /// The cause in a boxed error: the box is no `Error` itself.
    trait Boxed {
        fn boxed(&self) -> Option<&(dyn Error + 'static)>;
    }

    impl<E> Boxed for E {
        default fn boxed(&self) -> Option<&(dyn Error + 'static)> {
            None
        }
    }

    impl Boxed for Box<dyn Error> {
        fn boxed(&self) -> Option<&(dyn Error + 'static)> {
            self.source()
        }
    }

    impl Boxed for Box<dyn Error + Send> {
        fn boxed(&self) -> Option<&(dyn Error + 'static)> {
            self.source()
        }
    }

    impl Boxed for Box<dyn Error + Send + Sync> {
        fn boxed(&self) -> Option<&(dyn Error + 'static)> {
            self.source()
        }
    }
}
