//! What only some systems have: options of the allocator, large pages, and what a thread's calls lie in.
//!
//! Any other system does without, which changes how long something takes and how much is said of a panic, and no result.
//! In the prelude only this file asks which system it is (`tests/tidy` keeps that); the kernel has `platform` for that.
#![allow(unsafe_code)]

#[cfg(any(test, not(all(target_os = "linux", target_env = "gnu"))))]
mod elsewhere {
    pub fn keep_freed_memory() {}

    pub fn trim_memory() {}

    pub fn ask_for_large_pages<T>(_: *const T, _: usize) {}

    pub fn return_addresses() -> Vec<usize> {
        Vec::new()
    }

    pub fn memory_map() -> String {
        String::new()
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod linux {
    use std::ffi::{c_int, c_void};
    use std::fs;

    /// More calls than this, counted from the innermost, are not looked at.
    const MOST: usize = 256;

    unsafe extern "C" {
        fn mallopt(option: c_int, value: c_int) -> c_int;
        fn malloc_trim(pad: usize) -> c_int;
        fn madvise(address: *mut c_void, length: usize, advice: c_int) -> c_int;
        /// Fills the buffer with return addresses, the innermost first.
        fn backtrace(buffer: *mut *mut c_void, size: c_int) -> c_int;
    }

    /// Lets the allocator keep large blocks that are free.
    pub fn keep_freed_memory() {
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

    /// Gives free memory back to the system.
    pub fn trim_memory() {
        // SAFETY: touches only what the allocator knows to be free.
        unsafe { malloc_trim(0) };
    }

    /// Asks for memory in large pages where `len` numbers will be written for the first time.
    ///
    /// The first touch of a page costs more than all arithmetic on its numbers; a page of 2 MiB is
    /// touched once instead of 512 times. Refusal changes nothing.
    pub fn ask_for_large_pages<T>(first: *const T, len: usize) {
        /// Smaller vectors come from memory that has been touched before.
        const LEAST: usize = 8 << 20;
        const PAGE: usize = 2 << 20;
        const MADV_HUGEPAGE: c_int = 14;
        let bytes = len * size_of::<T>();
        let offset = first.addr().next_multiple_of(PAGE) - first.addr();
        if bytes < LEAST || offset > bytes {
            return;
        }
        let whole = (bytes - offset) / PAGE * PAGE;
        // SAFETY: the caller's numbers lie in one allocation, and so does the range, which begins at a page; the advice
        // is about how memory is provided and changes no content.
        unsafe { madvise(first.cast_mut().cast::<u8>().add(offset).cast(), whole, MADV_HUGEPAGE) };
    }

    /// The addresses to which this thread's calls return, the innermost first.
    pub fn return_addresses() -> Vec<usize> {
        let mut buffer = [std::ptr::null_mut(); MOST];
        // SAFETY: the size is that of the buffer.
        let count = unsafe { backtrace(buffer.as_mut_ptr(), MOST as c_int) };
        let count = usize::try_from(count).unwrap_or(0);
        buffer.iter().take(count).map(|address| address.addr()).collect()
    }

    /// Which file lies where in memory: a line for each part, as `proc(5)` has it.
    pub fn memory_map() -> String {
        fs::read_to_string("/proc/self/maps").unwrap_or_default()
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
use self::elsewhere as here;
pub use self::here::{
    ask_for_large_pages, keep_freed_memory, memory_map, return_addresses, trim_memory,
};
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use self::linux as here;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elsewhere_nothing_is_told_and_nothing_changes() {
        let numbers = vec![1.0_f64; 3 << 20];
        for ask in [ask_for_large_pages, elsewhere::ask_for_large_pages] {
            ask(numbers.as_ptr(), numbers.len());
        }
        elsewhere::keep_freed_memory();
        elsewhere::trim_memory();
        trim_memory();
        assert!(numbers.iter().all(|it| *it == 1.0));
        assert_eq!((elsewhere::return_addresses(), elsewhere::memory_map()), (vec![], "".into()));
        let is_told = !return_addresses().is_empty() && memory_map().contains('/');
        assert_eq!(is_told, cfg!(all(target_os = "linux", target_env = "gnu")));
    }
}
