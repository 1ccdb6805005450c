//! The memory of tensors between their uses.
//!
//! By itself the C library gives a large block back to the system as soon as it is free, and the
//! next tensor of that size gets it anew, page by page, each cleared by the system: that takes
//! longer than most arithmetic on it. A training step makes the same tensors again and again.
#![allow(unsafe_code)]

/// Keeps freed memory for the next tensors until [`return_memory`]. To be called before the
/// process has other threads.
pub fn reuse_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// All threads share one heap: in those of other threads, blocks of over 64 MiB would still
        /// come from the system.
        const M_ARENA_MAX: c_int = -8;
        const M_MMAP_THRESHOLD: c_int = -3;
        const M_TRIM_THRESHOLD: c_int = -1;
        for (option, value) in
            [(M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, c_int::MAX), (M_TRIM_THRESHOLD, c_int::MAX)]
        {
            // SAFETY: sets an option of the allocator; one that it doesn't take changes nothing.
            unsafe { mallopt(option, value) };
        }
    }
}

/// Gives free memory back to the system.
pub fn return_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: touches only what the allocator knows to be free.
    unsafe {
        malloc_trim(0);
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::ffi::c_int;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
unsafe extern "C" {
    fn mallopt(option: c_int, value: c_int) -> c_int;
    fn malloc_trim(pad: usize) -> c_int;
}
