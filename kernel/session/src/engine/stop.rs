//! The wish to stop a cell, on its way from whoever wants that to whatever carries the cell out.
//!
//! A [`Stop`] belongs to one cell (or to one run of a notebook) from the moment the cell arrives
//! until it is answered. The engine sees a wish that was raised before it has begun. A wish that is
//! raised after the answer reaches nobody, not even the next cell, which has a `Stop` of its own.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How a cell is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// The learner wants the cell to stop; the session goes on.
    Interrupt,
    /// The kernel ends, and needs no session any more.
    End,
}

/// Called with each wish, on the thread that raises it.
type Listener = Box<dyn FnMut(Wish) + Send>;

/// One cell's wish to stop; clones are the same one.
#[derive(Clone, Default)]
pub struct Stop {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    wish: Option<Wish>,
    /// How many wishes were raised: a learner may press the button twice.
    raised: u32,
    listener: Option<Listener>,
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").field("wish", &self.wish()).finish()
    }
}

impl Stop {
    /// Raises a wish. The end outranks an interrupt; the listener hears of every one.
    pub fn raise(&self, wish: Wish) {
        let mut state = self.lock();
        let wish = state.wish.map_or(wish, |before| before.max(wish));
        state.wish = Some(wish);
        state.raised += 1;
        if let Some(listener) = &mut state.listener {
            listener(wish);
        }
        self.shared.changed.notify_all();
    }

    pub fn wish(&self) -> Option<Wish> {
        self.lock().wish
    }

    /// How many wishes were raised so far.
    pub fn raised(&self) -> u32 {
        self.lock().raised
    }

    /// Waits for a wish, but not longer than `patience`.
    pub fn wish_within(&self, patience: Duration) -> Option<Wish> {
        let wait =
            self.shared.changed.wait_timeout_while(self.lock(), patience, |it| it.wish.is_none());
        wait.unwrap_or_else(PoisonError::into_inner).0.wish
    }

    /// Calls the listener with every wish until the guard is dropped, and at once with a wish that
    /// was raised before. Once the guard is dropped, no call of the listener is under way. The
    /// listener must not use the `Stop` itself.
    #[must_use]
    pub fn listen(&self, listener: impl FnMut(Wish) + Send + 'static) -> ListenerGuard<'_> {
        self.listen_beyond(0, listener)
    }

    /// The same for the wishes after the first `heard`, which have been dealt with.
    #[must_use]
    pub fn listen_beyond(
        &self,
        heard: u32,
        mut listener: impl FnMut(Wish) + Send + 'static,
    ) -> ListenerGuard<'_> {
        let mut state = self.lock();
        if let Some(wish) = state.wish.filter(|_| state.raised > heard) {
            listener(wish);
        }
        state.listener = Some(Box::new(listener));
        ListenerGuard { stop: self }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener is called as long as its guard lives.
#[derive(Debug)]
pub struct ListenerGuard<'a> {
    stop: &'a Stop,
}

impl Drop for ListenerGuard<'_> {
    fn drop(&mut self) {
        self.stop.lock().listener = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn early_wish_is_heard_and_late_one_is_not() {
        let stop = Stop::default();
        let (sender, heard) = mpsc::channel();
        stop.raise(Wish::Interrupt);
        let listening = stop.listen(move |wish| {
            let _ = sender.send(wish);
        });
        stop.raise(Wish::End);
        drop(listening);
        stop.raise(Wish::Interrupt);
        assert_eq!(heard.iter().collect::<Vec<_>>(), [Wish::Interrupt, Wish::End]);
    }

    #[test]
    fn wish_that_was_dealt_with_is_not_heard_again() {
        let stop = Stop::default();
        stop.raise(Wish::Interrupt);
        let (sender, heard) = mpsc::channel();
        let listening = stop.listen_beyond(stop.raised(), move |wish| {
            let _ = sender.send(wish);
        });
        assert!(heard.try_recv().is_err());
        stop.raise(Wish::Interrupt);
        drop(listening);
        assert_eq!(heard.iter().collect::<Vec<_>>(), [Wish::Interrupt]);
    }

    #[test]
    fn end_outranks_an_interrupt() {
        let stop = Stop::default();
        assert_eq!(stop.wish_within(Duration::ZERO), None);
        stop.raise(Wish::End);
        stop.raise(Wish::Interrupt);
        assert_eq!(stop.wish_within(Duration::from_secs(60)), Some(Wish::End));
    }
}
