//! Waiting for a future at the top level of a cell, without a runtime crate.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::interrupt_point;

/// How often a waiting cell looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(50);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future: polls it on this thread until it is ready. A cell that awaits something does this by itself.
///
/// ```
/// async fn double(x: i32) -> i32 {
///     x * 2
/// }
/// assert_eq!(akari::block_on(double(2)), 4);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park_timeout(LOOK);
        interrupt_point();
    }
}
