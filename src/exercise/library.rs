//! The library of hidden tests: asked for by its path, and called as what it is.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::path::Path;

use akari_seam::symbol::fault;

use super::hidden::Table;
use crate::rt;

/// Why there are no tests: one of the seam's faults with its text, or no kernel.
#[derive(Debug, PartialEq, Eq)]
pub enum NoTests {
    Outside,
    Fault(u32, String),
}

/// The tests of a library.
pub fn load(path: &Path) -> Result<Table, NoTests> {
    let Some(load) = rt::loader_of_tests() else { return Err(NoTests::Outside) };
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut told = (fault::UNLOADABLE, String::new());
    // SAFETY: the path and `told` live through the call, and `tell` takes `told` for what it is.
    let table = unsafe { load(bytes.as_ptr(), bytes.len(), tell, (&raw mut told).cast()) };
    if table.is_null() {
        return Err(NoTests::Fault(told.0, told.1));
    }
    // SAFETY: the process gives the address only if the library's stamp says that it was compiled against this very
    // prelude by its compiler, and there `hidden!` defines the symbol as a function of this type.
    Ok(unsafe { std::mem::transmute::<*const c_void, Table>(table) })
}

/// Notes a fault, for `load`.
unsafe extern "C" fn tell(told: *mut c_void, fault: u32, text: *const u8, length: usize) {
    // SAFETY: `load` passes its own variable, and the process a text that lives through the call.
    let (told, text) =
        unsafe { (&mut *told.cast::<(u32, String)>(), std::slice::from_raw_parts(text, length)) };
    *told = (fault, String::from_utf8_lossy(text).into_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_of_a_kernel_there_are_no_tests() {
        assert_eq!(load(Path::new("/a/09.hidden.so")).err(), Some(NoTests::Outside));
    }

    #[test]
    fn faults_are_noted() {
        let mut told = (0, String::new());
        // SAFETY: both live through the call.
        unsafe { tell((&raw mut told).cast(), fault::STALE, "古い".as_ptr(), 6) };
        assert_eq!(told, (fault::STALE, "古い".to_owned()));
    }
}
