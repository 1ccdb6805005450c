//! The memory of tensors between their uses, and what candle's threads do between theirs.
//!
//! By itself the C library gives a large block back to the system as soon as it is free, and the
//! next tensor of that size gets it anew, page by page, each cleared by the system: that takes
//! longer than most arithmetic on it. A training step makes the same tensors again and again.
#![allow(unsafe_code)]

use super::platform;

/// Keeps freed memory for the next tensors until [`return_memory`], and lets candle's threads rest. To be called before
/// the process has other threads.
pub fn reuse_memory() {
    rest_between_works();
    platform::keep_freed_memory();
}

/// Lets the threads of candle's own pool, which add gradients up, sleep soon after a work.
///
/// By itself such a thread waits for half a millisecond by spinning, on a core that the next loop of the prelude wants.
fn rest_between_works() {
    const NAME: &str = "CANDLE_BARRIER_POOL_SPIN_LIMIT";
    if std::env::var_os(NAME).is_none() {
        // SAFETY: the caller has no other threads yet, which might read the environment meanwhile.
        unsafe { std::env::set_var(NAME, "200") };
    }
}

/// Gives free memory back to the system.
pub fn return_memory() {
    platform::trim_memory();
}
