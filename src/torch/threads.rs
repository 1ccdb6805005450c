//! How many threads loops are shared between: those of rayon's pool, which candle uses too.

use candle_core::Result;

use crate::error::fail;

/// How many threads compute. See PyTorch's `get_num_threads`.
///
/// ```
/// use akari::prelude::*;
/// assert!(torch::get_num_threads() >= 1);
/// ```
pub fn get_num_threads() -> usize {
    rayon::current_num_threads()
}

/// Sets how many threads compute, which must come before anything is computed on several.
///
/// No number depends on it. See PyTorch's `set_num_threads`.
///
/// # Errors
///
/// For 0, and if the threads have started already and are another number: then the environment variable
/// `RAYON_NUM_THREADS` sets it for the next start.
///
/// ```no_run
/// use akari::prelude::*;
/// torch::set_num_threads(2)?;
/// assert_eq!(torch::get_num_threads(), 2);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn set_num_threads(count: usize) -> Result<()> {
    const NAME: &str = "torch::set_num_threads";
    if count == 0 {
        return fail(NAME, "expects a positive integer");
    }
    let is_set = rayon::ThreadPoolBuilder::new().num_threads(count).build_global().is_ok();
    if is_set || rayon::current_num_threads() == count {
        return Ok(());
    }
    fail(
        NAME,
        format_args!(
            "{} threads have started already; set RAYON_NUM_THREADS={count} before the program starts",
            rayon::current_num_threads()
        ),
    )
}
