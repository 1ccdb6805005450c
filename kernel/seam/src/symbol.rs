//! The C functions by which kernel, prelude and compiled cells meet: their names and their types.
//!
//! The prelude and each compiled cell export them, the process that runs cells looks them up.

use std::ffi::c_void;

/// The literal for a C function's name, for `export_name`: an attribute takes no constant.
#[macro_export]
macro_rules! symbol {
    (init) => {
        "akari_rt_init"
    };
    (flush) => {
        "akari_rt_flush"
    };
    (return_memory) => {
        "akari_rt_return_memory"
    };
    (interrupt) => {
        "akari_rt_interrupt"
    };
    (random) => {
        "akari_rt_random"
    };
    (move_widget) => {
        "akari_rt_move_widget"
    };
    (describe) => {
        "akari_rt_describe"
    };
    (language) => {
        "akari_rt_language"
    };
    (react) => {
        "akari_rt_react"
    };
    (hidden) => {
        "akari_rt_hidden"
    };
}

/// Connects the prelude to its process, and returns the prelude's [`ABI_VERSION`](crate::ABI_VERSION).
/// A process calls this function first, and no other one if the version is not its own. The number is
/// the seed of random numbers that no cell seeds.
pub const INIT: &str = symbol!(init);
pub type Init = extern "C" fn(Emit, u64) -> u32;

/// The process's function that takes an encoded [`Frame`](crate::Frame): a pointer to its bytes and
/// their number. The bytes need to live through the call only.
pub type Emit = extern "C" fn(*const u8, usize);

/// Hands a line that the cell has not finished from the standard library's buffer to the pipe.
pub const FLUSH: &str = symbol!(flush);
pub type Flush = extern "C" fn();

/// Gives memory that cells have freed back to the system.
pub const RETURN_MEMORY: &str = symbol!(return_memory);
pub type ReturnMemory = extern "C" fn();

/// Sets or clears the wish to stop the running cell.
pub const INTERRUPT: &str = symbol!(interrupt);
pub type Interrupt = extern "C" fn(bool);

/// Brings the random generator to a state that a [`Frame::Random`](crate::Frame::Random) told. The
/// caller passes a pointer to the state's text and its length in bytes, both valid through the call.
pub const RANDOM: &str = symbol!(random);
pub type Random = unsafe extern "C" fn(*const u8, usize);

/// Tells a widget, by the pointer to its id and the id's length, where the learner has moved it. Any
/// thread may call this at any moment; an id of no widget does nothing.
pub const MOVE_WIDGET: &str = symbol!(move_widget);
pub type MoveWidget = unsafe extern "C" fn(*const u8, usize, f64);

/// Calls a reaction by its name, on the thread of the cells. Returns as an [`Entry`] does: [`MISSING`]
/// where there is no such reaction.
pub const REACT: &str = symbol!(react);
pub type React = unsafe extern "C" fn(*const u8, usize) -> i32;

/// Says the language that the learner reads in, by the pointer to its short name (`ja`) and the name's length. Any thread
/// may call this at any moment.
pub const LANGUAGE: &str = symbol!(language);
pub type Language = unsafe extern "C" fn(*const u8, usize);

/// Tells a few words on each variable whose value can be read without code of a cell, by frames; on the
/// thread of the cells.
pub const DESCRIBE: &str = symbol!(describe);
pub type Describe = extern "C" fn();

/// Hands over the process's function that loads hidden tests.
pub const HIDDEN: &str = symbol!(hidden);
pub type Hidden = extern "C" fn(LoadTests);

/// The process's function that loads the library of hidden tests with this path: a pointer to the path's bytes and their
/// number, both valid through the call. Returns the address of the library's [`TESTS`], or null, after it has told why by
/// one call of the function that follows, to which it passes the last argument on.
pub type LoadTests =
    unsafe extern "C" fn(*const u8, usize, TellFault, *mut c_void) -> *const c_void;

/// Takes one of the [`fault`]s, and the text of one that has a text: a pointer to its bytes and their number.
pub type TellFault = unsafe extern "C" fn(*mut c_void, u32, *const u8, usize);

/// Why a library of hidden tests is not loaded.
pub mod fault {
    /// There is none.
    pub const MISSING: u32 = 1;
    /// Others can write the file or folder that the text names.
    pub const WRITABLE: u32 = 2;
    /// The file or folder that the text names belongs neither to the user nor to root.
    pub const FOREIGN: u32 = 3;
    /// The file is no library of hidden tests, or not as it was made.
    pub const DAMAGED: u32 = 4;
    /// The library was made for another prelude, compiler or system.
    pub const STALE: u32 = 5;
    /// The file can't be read, or the loader refuses it; the text says why.
    pub const UNLOADABLE: u32 = 6;
    /// The user may not read the file, or look into the folder, that the text names.
    pub const CLOSED: u32 = 7;
}

/// The function that a library of hidden tests exports. Its type is the prelude's own, of Rust, so that nobody may call it
/// in a library that was compiled against another prelude.
pub const TESTS: &str = "akari_hidden_tests";

/// The function that a compiled cell exports. It runs the cell and returns [`DONE`], [`MISSING`], or
/// another number if the cell failed, which a frame has told before.
pub const ENTRY: &str = "akari_cell";
pub type Entry = extern "C" fn() -> i32;

/// The cell came to its end: `true as i32` in generated code.
pub const DONE: i32 = 1;

/// A variable that the cell reads is not there with the type that it should have; the cell did not
/// begin.
pub const MISSING: i32 = 2;

/// The beginning of the names of statics that a compiled cell exports for later cells, and the name
/// of the byte that each such library exports.
pub const STATIC: &str = "akari_static";
