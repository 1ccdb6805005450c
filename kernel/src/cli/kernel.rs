//! `akari kernel`: what Jupyter starts.

use std::process::ExitCode;

use super::{args, engine_config};
use crate::engine;
use crate::jupyter::{self, KernelInfo};
use crate::setup::prelude;
use crate::setup::toolchain::Toolchain;

pub fn kernel(arguments: &args::Kernel) -> anyhow::Result<ExitCode> {
    let toolchain = Toolchain::find()?;
    let info = KernelInfo { rust_version: toolchain.release().to_owned() };
    let choice = arguments.engine;
    let start = move || {
        let prelude =
            prelude::find_or_build(&toolchain, &mut |_| {}).map_err(|error| error.to_string())?;
        let config =
            engine_config(choice, toolchain, prelude).map_err(|error| error.to_string())?;
        engine::start(&config).map_err(|error| error.to_string())
    };
    jupyter::serve(&arguments.connection_file, Box::new(start), info)?;
    Ok(ExitCode::SUCCESS)
}
