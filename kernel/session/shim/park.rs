//! A library that stops a compiler where it opens a cell, and lets a fork of it go on with each.
//!
//! This library is loaded before the compiler's own, so that the compiler calls its `open64`. When
//! the compiler opens a cell, it has loaded itself, the standard library and the prelude, which
//! every cell needs. The compiler's stdin is a socket to the kernel, where `compile::parked` is the
//! other end. Whatever goes wrong ends the process, and the kernel starts an ordinary compiler. The
//! library has no `std`, which would get between the compiler and the compiler's own.
#![no_std]

use core::ffi::{c_char, c_int, c_short, c_uint, c_void};
use core::panic::PanicInfo;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

#[link(name = "c")]
unsafe extern "C" {
    fn getenv(name: *const c_char) -> *mut c_char;
    fn setenv(name: *const c_char, value: *const c_char, overwrite: c_int) -> c_int;
    fn unsetenv(name: *const c_char) -> c_int;
    fn strtol(text: *const c_char, end: *mut *mut c_char, base: c_int) -> isize;
    fn strlen(text: *const c_char) -> usize;
    fn strcmp(a: *const c_char, b: *const c_char) -> c_int;
    fn openat64(folder: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int;
    fn read(file: c_int, buffer: *mut c_void, count: usize) -> isize;
    fn send(socket: c_int, data: *const c_void, count: usize, flags: c_int) -> isize;
    fn poll(files: *mut PollFile, count: usize, milliseconds: c_int) -> c_int;
    fn dup2(from: c_int, to: c_int) -> c_int;
    fn close(file: c_int) -> c_int;
    fn chdir(folder: *const c_char) -> c_int;
    fn fork() -> c_int;
    fn getpid() -> c_int;
    fn getppid() -> c_int;
    fn setpgid(process: c_int, group: c_int) -> c_int;
    fn kill(process: c_int, signal: c_int) -> c_int;
    fn prctl(option: c_int, argument: usize) -> c_int;
    fn waitid(kind: c_int, id: c_int, info: *mut c_int, options: c_int) -> c_int;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(code: c_int) -> !;
}

#[repr(C)]
struct PollFile {
    file: c_int,
    wanted: c_short,
    found: c_short,
}

const SOCKET: c_int = 0;
const STDERR: c_int = 2;
const CURRENT_FOLDER: c_int = -100;
const WRITE: c_int = 0o1;
const CREATE: c_int = 0o100;
const EMPTIED: c_int = 0o1000;
const CLOSED_BY_EXEC: c_int = 0o2_000_000;
const READABLE: c_short = 1;
const WITHOUT_SIGNAL: c_int = 0x4000;
const DEATH_SIGNAL: c_int = 1;
const KILL: c_int = 9;
const ONE_PROCESS: c_int = 1;
const EXITED: c_int = 4;
const LEAVE_STATUS: c_int = 0x0100_0000;
/// How a process ended, in what `waitid` tells.
const BY_EXIT: c_int = 1;

/// The number that the kernel reads first; `compile::parked` has the same.
const READY: c_int = 0x414b_0001;

/// The name of the cell's file, at which to stop; null if nothing is to be stopped.
static NAME: AtomicPtr<c_char> = AtomicPtr::new(null_mut());
/// How long to wait for a cell.
static MILLISECONDS: AtomicI32 = AtomicI32::new(0);

#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = start;

/// Reads this library's settings, and removes them from the environment, which cells can read.
extern "C" fn start() {
    // SAFETY: nothing else runs yet; the text lives as long as the process, though the variable is
    // removed.
    unsafe {
        let setting = getenv(c"AKARI_PARKED".as_ptr());
        unsetenv(c"AKARI_PARKED".as_ptr());
        unsetenv(c"LD_PRELOAD".as_ptr());
        if setting.is_null() {
            return;
        }
        let mut rest = setting;
        let milliseconds = strtol(setting, &mut rest, 10);
        MILLISECONDS.store(milliseconds as c_int, Ordering::Relaxed);
        if *rest == b':' as c_char {
            NAME.store(rest.add(1), Ordering::Relaxed);
        }
    }
}

/// Takes the place of C's `open64`, by which rustc opens files.
///
/// # Safety
///
/// As for C's: `path` is a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: the caller promises the same.
    unsafe { open(path, flags, mode) }
}

/// Takes the place of C's `open`, by which LLVM opens files. With 64 bits the two do the same.
///
/// # Safety
///
/// As for C's: `path` is a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    let name = NAME.load(Ordering::Relaxed);
    // SAFETY: both are texts that end with a zero.
    unsafe {
        if !name.is_null() && ends_with(path, name) {
            park();
        }
        openat64(CURRENT_FOLDER, path, flags, mode)
    }
}

unsafe fn ends_with(path: *const c_char, name: *const c_char) -> bool {
    // SAFETY: the caller's texts.
    unsafe {
        let (path_length, name_length) = (strlen(path), strlen(name));
        path_length >= name_length && strcmp(path.add(path_length - name_length), name) == 0
    }
}

/// Returns in a fork of the process, once for each cell.
unsafe fn park() {
    let mut folder = [0 as c_char; 4096];
    let mut before = 0;
    // SAFETY: plain calls on our own memory. The process has no thread that runs but this one, so
    // that a fork finds no lock held.
    unsafe {
        tell(READY);
        loop {
            wait_for_cell(&mut folder);
            // The kernel needed the group of the last fork until now.
            if before != 0 {
                kill(-before, KILL);
                waitpid(before, null_mut(), 0);
            }
            let parent = getpid();
            let child = fork();
            match child {
                0 => return become_compiler(parent, &folder),
                -1 => _exit(1),
                _ => {}
            }
            // The fork does the same: whichever process is first makes the group.
            setpgid(child, child);
            tell(child);
            tell(end_of(child));
            before = child;
        }
    }
}

/// Reads the folder of a cell: its length, and its name with a zero at the end.
unsafe fn wait_for_cell(folder: &mut [c_char; 4096]) {
    // SAFETY: the folder has room for what is read, which is checked before.
    unsafe {
        let mut files = PollFile { file: SOCKET, wanted: READABLE, found: 0 };
        if poll(&mut files, 1, MILLISECONDS.load(Ordering::Relaxed)) <= 0 {
            _exit(0);
        }
        let mut length = 0u32;
        read_whole((&raw mut length).cast(), size_of::<u32>());
        if length == 0 || length as usize > folder.len() {
            _exit(1);
        }
        read_whole(folder.as_mut_ptr().cast(), length as usize);
        // A pointer, since a checked index may panic, which would bring in half of `core`.
        *folder.as_mut_ptr().add(length as usize - 1) = 0;
    }
}

unsafe fn read_whole(buffer: *mut c_void, count: usize) {
    let mut done = 0;
    while done < count {
        // SAFETY: the caller's memory has room for `count` bytes.
        match unsafe { read(SOCKET, buffer.add(done), count - done) } {
            // SAFETY: a plain call. The kernel has ended, so the compiler is to write nothing.
            0 | -1 => unsafe { _exit(0) },
            more => done += more as usize,
        }
    }
}

/// Gives the fork the folder, the stderr and the process group of its cell.
unsafe fn become_compiler(parent: c_int, folder: &[c_char; 4096]) {
    // SAFETY: plain calls with texts that end with a zero.
    unsafe {
        setpgid(0, 0);
        prctl(DEATH_SIGNAL, KILL as usize);
        // If the parent ended before the call above, no signal will come.
        if getppid() != parent || chdir(folder.as_ptr()) != 0 {
            _exit(1);
        }
        replace(SOCKET, c"/dev/null", CLOSED_BY_EXEC);
        replace(STDERR, c"messages", WRITE | CREATE | EMPTIED | CLOSED_BY_EXEC);
        setenv(c"TMPDIR".as_ptr(), folder.as_ptr(), 1);
        NAME.store(null_mut(), Ordering::Relaxed);
    }
}

unsafe fn replace(file: c_int, path: &core::ffi::CStr, flags: c_int) {
    // SAFETY: plain calls; the text ends with a zero.
    unsafe {
        let opened = openat64(CURRENT_FOLDER, path.as_ptr(), flags, 0o600);
        if opened < 0 || dup2(opened, file) < 0 {
            _exit(1);
        }
        close(opened);
    }
}

/// Waits for the end of a child; returns its status as `waitpid` would, which can still be asked
/// afterwards.
unsafe fn end_of(child: c_int) -> c_int {
    let mut info = [0 as c_int; 32];
    loop {
        // SAFETY: the system writes 128 bytes at most, which are there.
        if unsafe { waitid(ONE_PROCESS, child, info.as_mut_ptr(), EXITED | LEAVE_STATUS) } == 0 {
            break;
        }
    }
    let (how, status) = (info[2], info[6]);
    if how == BY_EXIT { status << 8 } else { status }
}

unsafe fn tell(number: c_int) {
    // SAFETY: the four bytes are on this stack. If the kernel has ended, the next read tells.
    unsafe { send(SOCKET, (&raw const number).cast(), size_of::<c_int>(), WITHOUT_SIGNAL) };
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: a plain call.
    unsafe { _exit(1) }
}
