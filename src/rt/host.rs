//! The C functions that the loading process calls. The way of frames back to it is `wire`.
//!
//! Their names and types are those of the package `akari-seam`, which the kernel uses too.
#![allow(unsafe_code)]

use akari_seam::{ABI_VERSION, symbol};

use super::{failure, hidden, language, memory, values, widgets, wire};

// The kernel calls the functions below by these types.
const _: symbol::Init = init;
const _: symbol::Flush = flush;
const _: symbol::ReturnMemory = return_memory;
const _: symbol::Interrupt = interrupt;
const _: symbol::Random = random;
const _: symbol::MoveWidget = move_widget;
const _: symbol::React = react;
const _: symbol::Describe = describe;
const _: symbol::Language = set_language;
const _: symbol::Hidden = connect_hidden;

/// Connects the prelude to its process, which says the seed of the session. Returns the version of this interface.
#[unsafe(export_name = akari_seam::symbol!(init))]
pub extern "C" fn init(emit: symbol::Emit, seed: u64) -> u32 {
    if wire::connect(emit) {
        crate::random::set_first_seed(seed);
        failure::install_panic_hook();
        memory::reuse_memory();
    }
    ABI_VERSION
}

/// Hands the learner's unfinished line to the pipe; std keeps it until a newline otherwise.
#[unsafe(export_name = akari_seam::symbol!(flush))]
pub extern "C" fn flush() {
    wire::flush();
}

/// Between two cells nobody waits, and what the last one has freed may serve another process.
#[unsafe(export_name = akari_seam::symbol!(return_memory))]
pub extern "C" fn return_memory() {
    memory::return_memory();
}

/// Sets or clears the wish to stop the running cell.
#[unsafe(export_name = akari_seam::symbol!(interrupt))]
pub extern "C" fn interrupt(wish: bool) {
    wire::set_interrupted(wish);
}

/// Brings the random generator to a state that a `Frame::Random` told.
///
/// # Safety
///
/// `state` points at `len` bytes.
#[unsafe(export_name = akari_seam::symbol!(random))]
pub unsafe extern "C" fn random(state: *const u8, len: usize) {
    // SAFETY: the caller's promise.
    let state = unsafe { std::slice::from_raw_parts(state, len) };
    crate::random::restore(&String::from_utf8_lossy(state));
}

/// Notes where the learner has moved a widget.
///
/// # Safety
///
/// `id` points at `len` bytes.
#[unsafe(export_name = akari_seam::symbol!(move_widget))]
pub unsafe extern "C" fn move_widget(id: *const u8, len: usize, to: f64) {
    // SAFETY: the caller's promise.
    let id = unsafe { std::slice::from_raw_parts(id, len) };
    widgets::move_widget(&String::from_utf8_lossy(id), to);
}

/// Calls a reaction, on the thread of the cells.
///
/// # Safety
///
/// `name` points at `len` bytes.
#[unsafe(export_name = akari_seam::symbol!(react))]
pub unsafe extern "C" fn react(name: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let name = unsafe { std::slice::from_raw_parts(name, len) };
    widgets::react(&String::from_utf8_lossy(name))
}

/// Takes the language that the learner reads in.
///
/// # Safety
///
/// `name` points at `len` bytes.
#[unsafe(export_name = akari_seam::symbol!(language))]
pub unsafe extern "C" fn set_language(name: *const u8, len: usize) {
    // SAFETY: the caller's promise.
    let name = unsafe { std::slice::from_raw_parts(name, len) };
    language::set_language(&String::from_utf8_lossy(name));
}

/// Takes the function that loads hidden tests.
#[unsafe(export_name = akari_seam::symbol!(hidden))]
pub extern "C" fn connect_hidden(loader: symbol::LoadTests) {
    hidden::connect(loader);
}

/// Tells a few words on each variable, on the thread of the cells.
#[unsafe(export_name = akari_seam::symbol!(describe))]
pub extern "C" fn describe() {
    values::describe();
}
