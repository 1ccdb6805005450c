//! What an error says about its causes.
//!
//! `?` in a cell takes whatever has a `Display`, and only some of that is an `Error` with sources. Which
//! one it is can be told by specialisation alone, which is unstable: the kernel's build of the prelude
//! has it (`cfg(akari_kernel)`), any other build knows no sources.

use std::error::Error;

/// So many causes are told; a circle of them would have no end.
const MOST: usize = 16;

/// The causes of a value, if it is an error; all values have this trait.
pub trait Sources {
    /// Tells the text of each cause, the nearest first.
    fn sources(&self, tell: &mut dyn FnMut(String));
}

fn chain(first: Option<&(dyn Error + 'static)>, tell: &mut dyn FnMut(String)) {
    let mut next = first;
    for _ in 0..MOST {
        let Some(error) = next else { return };
        tell(error.to_string());
        next = error.source();
    }
}

#[cfg(not(akari_kernel))]
impl<E> Sources for E {
    fn sources(&self, tell: &mut dyn FnMut(String)) {
        chain(None, tell);
    }
}

#[cfg(akari_kernel)]
mod specialised {
    use std::error::Error;

    use super::{Sources, chain};

    impl<E> Sources for E {
        default fn sources(&self, tell: &mut dyn FnMut(String)) {
            chain(self.boxed(), tell);
        }
    }

    impl<E: Error> Sources for E {
        fn sources(&self, tell: &mut dyn FnMut(String)) {
            chain(self.source(), tell);
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
