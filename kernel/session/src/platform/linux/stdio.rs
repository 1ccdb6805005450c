//! The ways by which all that is in the process reads and writes: libc's `read` and `readv`, and C's streams.
//!
//! The program exports `read` and `readv` (`build/main.rs`), so that the standard library and all that cells load read by
//! the functions here; who is served, and what, is the business of `runtime::stdin`. C's stdio reads by no name that could
//! be taken over, so that a stream that asks the same is put into the place of C's own. What C code in a cell prints stands
//! in order with what Rust code prints: C's `stdout` keeps nothing back, since stdio's own buffer would come out at the end
//! of the cell.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::ptr;
use std::sync::OnceLock;

use crate::platform::told::{Reader, Serve};

static SERVE: OnceLock<Serve> = OnceLock::new();

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

/// Lets every read in this process ask `serve` first. To be called once, before any cell could read.
pub fn serve_reads(serve: Serve) {
    if SERVE.set(serve).is_ok() {
        replace_c_stdin();
    }
}

fn served(fd: c_int, reader: Reader, target: *mut c_void, length: usize) -> Option<isize> {
    SERVE.get()?(fd, reader, target, length)
}

/// libc's `read`, for this program and all libraries in it.
///
/// # Safety
///
/// As for `read(2)`: `length` bytes can be written at `target`.
#[unsafe(no_mangle)]
unsafe extern "C" fn read(fd: c_int, target: *mut c_void, length: usize) -> isize {
    served(fd, Reader::Plain, target, length)
        // SAFETY: the caller's promise.
        .unwrap_or_else(|| unsafe { system_read(fd, target, length) })
}

/// libc's `readv`. A part of what was asked for is enough, so the first place gets all.
///
/// # Safety
///
/// As for `readv(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn readv(fd: c_int, targets: *const libc::iovec, count: c_int) -> isize {
    let parts = usize::try_from(count).unwrap_or(0);
    // Who is never served has its places looked at by the system alone.
    let first = if fd != 0 || targets.is_null() || parts == 0 {
        None
    } else {
        // SAFETY: the caller's promise.
        let targets = unsafe { std::slice::from_raw_parts(targets, parts) };
        targets.iter().find(|target| target.iov_len > 0)
    };
    let (target, length) = first.map_or((ptr::null_mut(), 0), |it| (it.iov_base, it.iov_len));
    served(fd, Reader::Vectored, target, length).unwrap_or_else(|| {
        // SAFETY: the caller's promise.
        unsafe {
            libc::syscall(libc::SYS_readv, c_long::from(fd), targets, c_long::from(count)) as isize
        }
    })
}

/// The system's own `read`.
///
/// # Safety
///
/// As for `read(2)`.
unsafe fn system_read(fd: c_int, target: *mut c_void, length: usize) -> isize {
    // SAFETY: the caller's promise.
    unsafe { libc::syscall(libc::SYS_read, c_long::from(fd), target, length) as isize }
}

/// Lets what C prints go out at once. To be called before any cell could print.
pub fn write_c_stdout_at_once() {
    // SAFETY: nothing was written yet, as `setvbuf` demands.
    unsafe { libc::setvbuf(STDOUT, ptr::null_mut(), libc::_IONBF, 0) };
}

/// Writes what a cell keeps back that has given `stdout` a buffer.
pub fn flush_c_stdout() {
    // SAFETY: the stream is never closed here.
    unsafe { libc::fflush(STDOUT) };
}

/// Lets C's `stdin` read on behind an end. Not under the stream's lock, which a thread may hold that
/// waits for an answer.
pub fn forget_end_of_c_stdin() {
    // SAFETY: the stream is never closed here; only its flags change.
    unsafe { clearerr_unlocked(STDIN) };
}

fn replace_c_stdin() {
    const MODE: &CStr = c"r";
    let functions =
        CookieFunctions { read: Some(read_for_c), write: None, seek: None, close: None };
    // SAFETY: glibc's own way to make a stream; the function needs no cookie.
    unsafe {
        let stream = fopencookie(ptr::null_mut(), MODE.as_ptr(), functions);
        if !stream.is_null() {
            STDIN = stream;
        }
    }
}

unsafe extern "C" fn read_for_c(_: *mut c_void, target: *mut c_char, length: usize) -> isize {
    let target = target.cast();
    served(0, Reader::Stdio, target, length)
        // SAFETY: stdio hands over that many bytes.
        .unwrap_or_else(|| unsafe { system_read(0, target, length) })
}
