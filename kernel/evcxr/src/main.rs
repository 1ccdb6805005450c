//! The program `akari-evcxr`: all of Akari that knows evcxr and its rust-analyzer.
//!
//! The kernel starts it at the other end of a pipe, to run cells (`engine`, with `worker` and
//! `session`) or to answer questions about code (`analyser`); `crates` writes what rust-analyzer reads
//! of the prelude. While cells run, the program starts itself as the process in which they run
//! (`child`), and cargo starts it as the compiler (`compiler`). With anything else on its command
//! line it is evcxr's own kernel, for benches that compare with it.

#![deny(unsafe_code)]

mod analyser;
mod child;
mod compiler;
mod crates;
mod engine;
mod session;
mod worker;

use std::process::ExitCode;

use akari_evcxr_protocol as protocol;

fn main() -> ExitCode {
    // evcxr's own hook must not see these: it would take both processes for its own.
    match std::env::args().nth(1).as_deref() {
        Some(child::ROLE) => return child::main(),
        Some(protocol::CELLS) => return session::main(engine::serve),
        Some(protocol::QUESTIONS) => return session::main(analyser::serve),
        _ => {}
    }
    if let Some(code) = compiler::run() {
        return code;
    }
    match evcxr_jupyter::main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:?}");
            ExitCode::FAILURE
        }
    }
}
