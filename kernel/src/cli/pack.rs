//! `akari pack-prelude`: the prelude as an installer puts it beside the program; `python/akari-prelude` makes a wheel of it.

use std::process::ExitCode;

use super::config::{Choice, engine_config};
use super::{args, mend_prelude, say};
use crate::engine::index;
use crate::home::manifest::Depth;
use crate::setup::prelude;
use crate::setup::toolchain::Toolchain;

pub fn pack(arguments: &args::PackPrelude) -> anyhow::Result<ExitCode> {
    let toolchain = Toolchain::find()?;
    let built = mend_prelude(&toolchain, Depth::Contents, &mut |_| {})?;
    // Otherwise each kernel of a folder that it can't write would make an index.
    index::keep(&engine_config(Choice::Instant, toolchain.clone(), built.clone())?);
    let folder = prelude::pack(&built, &toolchain, &arguments.dir)?;
    say(&folder.display().to_string());
    Ok(ExitCode::SUCCESS)
}
