//! What only some systems have, behind functions that every system has.
//!
//! On Linux the functions are those of `linux`, anywhere else those of `elsewhere`, which take the portable way or say that
//! the machine doesn't tell. The callers know no system: only this folder asks which one it is (`tests/tidy` keeps that).
//! The tests on Linux run both. The prelude has a file of its own for the same end, `src/rt/platform.rs`.

#[cfg(any(test, not(target_os = "linux")))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
mod told;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};

#[cfg(not(target_os = "linux"))]
use self::elsewhere as here;
pub use self::here::{
    LIBRARY_PATHS, LINKING, PRELOADED, control_groups, end_descriptor, end_with_parent, family,
    flush_c_stdout, forget_end_of_c_stdin, is_ending, loaded_library, memory, move_bytes,
    open_pipe, own_program, processors, serve_reads, write_c_stdout_at_once,
};
#[cfg(target_os = "linux")]
use self::linux as here;
pub use self::told::{Limit, Memory, Processors, Reader};

/// The file of the prelude's library.
pub fn prelude_file() -> String {
    library_file("akari")
}

/// The file of the library with this name.
pub fn library_file(name: &str) -> String {
    format!("{DLL_PREFIX}{name}{DLL_SUFFIX}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    use rustix::process::{Pid, getpid};

    use super::*;

    #[test]
    fn names_of_libraries_are_the_systems() {
        assert!(["libakari.so", "libakari.dylib"].contains(&&*prelude_file()));
    }

    #[test]
    fn linker_is_told_something_here_alone() {
        assert_eq!(
            [LINKING, elsewhere::LINKING].map(<[_]>::is_empty),
            [!cfg!(target_os = "linux"), true]
        );
    }

    #[test]
    fn program_is_found_here_and_elsewhere() {
        let found = [own_program(), elsewhere::own_program()].map(|it| it.unwrap().canonicalize());
        let [here, elsewhere] = found.map(Result::unwrap);
        assert_eq!(here, elsewhere);
    }

    #[test]
    fn what_elsewhere_does_not_tell_is_nothing() {
        let me = std::process::id();
        assert_eq!((elsewhere::memory(), elsewhere::processors()), (None, None));
        assert_eq!((elsewhere::family(me), elsewhere::control_groups()), (Vec::new(), Vec::new()));
        assert_eq!(elsewhere::loaded_library("libc"), None);
        assert!(elsewhere::open_pipe(me, 1).is_none());
        assert!(!elsewhere::is_ending(getpid()));
        assert!(elsewhere::end_with_parent(getpid()).is_ok());
        assert_eq!((elsewhere::LIBRARY_PATHS, elsewhere::PRELOADED), (LIBRARY_PATHS, None));
        elsewhere::serve_reads(|_, _, _, _| None);
        elsewhere::forget_end_of_c_stdin();
        elsewhere::write_c_stdout_at_once();
        elsewhere::flush_c_stdout();
    }

    #[test]
    fn end_of_a_child_is_a_descriptor_here_alone() {
        let mut child = Command::new("sleep").arg("100").spawn().unwrap();
        let (here, elsewhere) = (end_descriptor(&child), elsewhere::end_descriptor(&child));
        assert!(!is_ending(Pid::from_child(&child)));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((here.is_some(), elsewhere.is_some()), (cfg!(target_os = "linux"), false));
    }

    #[test]
    fn bytes_are_moved_here_and_left_to_the_caller_elsewhere() {
        let (reader, writer) = std::io::pipe().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        rustix::io::write(&writer, b"abc").unwrap();
        let pipe = File::from(OwnedFd::from(reader));
        assert!(elsewhere::move_bytes(&pipe, &ours, 3).is_err());
        let moved = move_bytes(&pipe, &ours, 3);
        if cfg!(target_os = "linux") {
            assert_eq!(moved.unwrap(), 3);
            let mut bytes = [0; 3];
            theirs.read_exact(&mut bytes).unwrap();
            assert_eq!(&bytes, b"abc");
        }
    }
}
