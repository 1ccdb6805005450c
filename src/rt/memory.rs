//! The memory of tensors between their uses, and what candle's threads do between theirs and how many they are.
//!
//! By itself the C library gives a large block back to the system as soon as it is free, and the
//! next tensor of that size gets it anew, page by page, each cleared by the system: that takes
//! longer than most arithmetic on it. A training step makes the same tensors again and again.
#![allow(unsafe_code)]

use super::platform;

/// Keeps freed memory for the next tensors until [`return_memory`], lets candle's threads rest, and counts them once. To
/// be called before the process has other threads.
pub fn reuse_memory() {
    rest_between_works();
    count_threads_once();
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

/// Says how many threads compute, unless the learner has said it.
///
/// By itself candle counts the processor's cores at each product of matrices, by reading all that Linux tells of each
/// core: of small matrices that takes many times as long as the product.
fn count_threads_once() {
    const NAME: &str = "RAYON_NUM_THREADS";
    let is_count = |text: String| text.parse::<usize>().is_ok_and(|count| count > 0);
    if std::env::var(NAME).is_ok_and(is_count) {
        return;
    }
    // candle counts the cores that a container may not use too.
    let most = std::thread::available_parallelism().map_or(usize::MAX, usize::from);
    let count = candle_core::utils::get_num_threads().min(most);
    // SAFETY: the caller has no other threads yet, which might read the environment meanwhile.
    unsafe { std::env::set_var(NAME, count.to_string()) };
}

/// Gives free memory back to the system.
pub fn return_memory() {
    platform::trim_memory();
}
