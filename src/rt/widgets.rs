//! What the process keeps of widgets: their values, which any thread may set, and the functions that the
//! thread of the cells calls when one was moved.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use akari_seam::symbol::{DONE, MISSING};

use super::failure::{Failed, run_body};
use crate::random;

/// The value of a widget, which the learner may change at any moment.
#[derive(Debug, Default)]
pub(crate) struct Shared(AtomicU64);

impl Shared {
    pub(crate) fn new(value: f64) -> Arc<Shared> {
        Arc::new(Shared(AtomicU64::new(value.to_bits())))
    }

    pub(crate) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

/// Widgets that somebody still asks for their values.
static VALUES: Mutex<Option<HashMap<String, Weak<Shared>>>> = Mutex::new(None);

fn values() -> MutexGuard<'static, Option<HashMap<String, Weak<Shared>>>> {
    VALUES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets the kernel move the widget of this id.
pub(crate) fn keep_value(id: &str, value: &Arc<Shared>) {
    let mut values = values();
    let values = values.get_or_insert_default();
    values.retain(|_, it| it.strong_count() > 0);
    values.insert(id.to_owned(), Arc::downgrade(value));
}

pub(super) fn move_widget(id: &str, to: f64) {
    let value = values().as_ref().and_then(|it| it.get(id)).and_then(Weak::upgrade);
    if let Some(value) = value {
        value.set(to);
    }
}

/// What is called when a widget was moved.
pub(crate) type Reaction = Box<dyn FnMut() -> Result<(), Failed>>;

/// A reaction that is being called is not in its place.
type Place = (Option<Reaction>, Option<random::Generator>);

thread_local! {
    static REACTIONS: RefCell<HashMap<String, Place>> = RefCell::default();
}

/// Keeps a reaction, for which random numbers begin the same each time that it is called.
pub(crate) fn keep_reaction(name: &str, random: Option<random::Generator>, reaction: Reaction) {
    let place = (Some(reaction), random);
    REACTIONS.with_borrow_mut(|it| it.insert(name.to_owned(), place));
}

/// Calls a reaction as a cell is called, with the random numbers of its beginning; those of later
/// cells don't depend on how often a widget was moved.
pub(super) fn react(name: &str) -> i32 {
    let taken = REACTIONS.with_borrow_mut(|it| {
        let (reaction, generator) = it.get_mut(name)?;
        Some((reaction.take()?, generator.clone()))
    });
    let Some((mut reaction, generator)) = taken else { return MISSING };
    let of_session = random::copy();
    random::put_back(generator);
    let is_done = run_body(&mut reaction, false);
    random::put_back(of_session);
    REACTIONS.with_borrow_mut(|it| {
        if let Some((place, _)) = it.get_mut(name) {
            place.get_or_insert(reaction);
        }
    });
    if is_done { DONE } else { 0 }
}
