//! C's stdio in the process that runs cells: where its `stdin` comes from, and when it writes.
//!
//! What C code in a cell prints stands in order with what Rust code prints: C's `stdout` keeps nothing
//! back, since stdio's own buffer would come out at the end of the cell. `stdin` has what C's streams
//! read, and this module puts a stream with that into the place of C's own.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem;
use std::ptr;

/// Reads at most that many bytes to a place; -1 with `errno` if that fails.
pub type ReadBytes = fn(*mut c_void, usize) -> isize;

#[repr(C)]
struct CookieFunctions {
    read: Option<unsafe extern "C" fn(*mut c_void, *mut c_char, usize) -> isize>,
    write: Option<unsafe extern "C" fn(*mut c_void, *const c_char, usize) -> isize>,
    seek: Option<unsafe extern "C" fn(*mut c_void, *mut i64, c_int) -> c_int>,
    close: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
}

unsafe extern "C" {
    #[link_name = "stdin"]
    static mut STDIN: *mut libc::FILE;
    #[link_name = "stdout"]
    static mut STDOUT: *mut libc::FILE;
    fn fopencookie(
        cookie: *mut c_void,
        mode: *const c_char,
        functions: CookieFunctions,
    ) -> *mut libc::FILE;
    fn clearerr_unlocked(stream: *mut libc::FILE);
}

/// Lets what C prints go out at once. To be called before any cell could print.
pub fn write_at_once() {
    // SAFETY: nothing was written yet, as `setvbuf` demands.
    unsafe { libc::setvbuf(STDOUT, ptr::null_mut(), libc::_IONBF, 0) };
}

/// Lets C's `stdin` read by this function. To be called before any cell could read.
pub fn read_stdin_by(read: ReadBytes) {
    const MODE: &CStr = c"r";
    let functions = CookieFunctions { read: Some(read_by), write: None, seek: None, close: None };
    // SAFETY: glibc's own way to make a stream. The cookie is the function, which lives for ever.
    unsafe {
        let stream = fopencookie(read as *mut c_void, MODE.as_ptr(), functions);
        if !stream.is_null() {
            STDIN = stream;
        }
    }
}

unsafe extern "C" fn read_by(cookie: *mut c_void, target: *mut c_char, length: usize) -> isize {
    // SAFETY: the cookie is a function of this type, as `read_stdin_by` made it.
    let read = unsafe { mem::transmute::<*mut c_void, ReadBytes>(cookie) };
    read(target.cast(), length)
}

/// Lets C's `stdin` read on behind an end. Not under the stream's lock, which a thread may hold that
/// waits for an answer.
pub fn forget_end_of_stdin() {
    // SAFETY: the stream is never closed here; only its flags change.
    unsafe { clearerr_unlocked(STDIN) };
}

/// Writes what a cell keeps back that has given `stdout` a buffer.
pub fn flush_stdout() {
    // SAFETY: the stream is never closed here.
    unsafe { libc::fflush(STDOUT) };
}

/// Writes what all streams keep back, also those to files.
pub fn flush_all() {
    // SAFETY: a null pointer asks for all open streams.
    unsafe { libc::fflush(ptr::null_mut()) };
}
