//! `akari install` and `akari uninstall`: the kernel's entry in Jupyter.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context;

use super::words::told;
use super::{args, evcxr_program, lessons, mend_prelude, say};
use crate::home;
use crate::home::manifest::Depth;
use crate::setup::toolchain::Toolchain;
use crate::setup::{kernelspec, python, stock};

/// Below it, Jupyter looks for what all users have.
pub const SYSTEM: &str = "/usr/local";

/// The home of what a whole machine uses, unless `AKARI_HOME` names another.
const SYSTEM_HOME: &str = "/srv/akari";

/// Begins a command for the whole machine anew with the home of the machine in its environment, so that all that it
/// starts sees the same home. Does nothing where that is so already.
pub fn enter_home_of_the_machine(place: &args::Place) -> anyhow::Result<()> {
    let is_named = std::env::var_os("AKARI_HOME").is_some_and(|it| !it.is_empty());
    if !place.system || is_named {
        return Ok(());
    }
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).env("AKARI_HOME", SYSTEM_HOME);
    // What is shared already is what this command is to build or to mend.
    command.env_remove("AKARI_SHARED");
    Err(command.exec()).context("could not start `akari` again for the whole machine")
}

pub fn install(arguments: &args::Install) -> anyhow::Result<ExitCode> {
    let folder = folder(&arguments.place)?;
    let toolchain = Toolchain::find()?;
    let unwritten =
        || format!("could not write `{}`; name a folder of yours with --prefix", folder.display());
    let kernel = arguments.place.engine.kernel();
    let Some(choice) = arguments.place.engine.choice() else {
        // evcxr builds the prelude by itself.
        let program = match stock::program() {
            Some(program) => program,
            None => evcxr_program::find_or_build(&toolchain)?,
        };
        let config = stock::configure()?;
        kernelspec::write_stock(&folder, &program, kernel, (stock::CONFIG, &config))
            .with_context(unwritten)?;
        say(&told("installed the kernel `{}` in {}", &[kernel.name, &folder.to_string_lossy()]));
        return Ok(ExitCode::SUCCESS);
    };
    let class = match arguments.shared || arguments.place.system {
        true => Some(class(&toolchain, arguments.place.system)?),
        false => None,
    };
    let prelude = mend_prelude(&toolchain, Depth::Contents, &mut |_| {})?;
    evcxr_program::prepare(choice, &toolchain)?;
    kernelspec::write(&folder, &std::env::current_exe()?, kernel, class.as_ref())
        .with_context(unwritten)?;
    lessons::prepare(toolchain.clone(), &prelude, lessons::processors());
    evcxr_program::ask_for(&toolchain);
    say(&told("installed the kernel `{}` in {}", &[kernel.name, &folder.to_string_lossy()]));
    if let Some(class) = class {
        let home = class.home.to_string_lossy();
        say(&told("others on this machine use it with AKARI_SHARED={}", &[&home]));
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the home to all users. A machine set up as a whole must also have a compiler that all can start: rustup's usual
/// place is a home that is closed to others.
fn class(toolchain: &Toolchain, is_whole_machine: bool) -> anyhow::Result<kernelspec::Class> {
    let rustc = toolchain.rustc.clone();
    if let Some(closed) = home::closed_above(&rustc).filter(|_| is_whole_machine) {
        anyhow::bail!(
            "others can't start `{}`, since `{}` is closed to them; install a toolchain with RUSTUP_HOME=/opt/rust/rustup and CARGO_HOME=/opt/rust/cargo, and name its `rustc` in RUSTC",
            rustc.display(),
            closed.display()
        );
    }
    let home = home::share_home()?;
    let rustc = is_whole_machine.then_some(rustc);
    Ok(kernelspec::Class { home, rustc })
}

pub fn uninstall(arguments: &args::Uninstall) -> anyhow::Result<ExitCode> {
    let folder = folder(&arguments.place)?;
    if !folder.join("kernel.json").is_file() {
        anyhow::bail!(
            "the kernel is not installed in `{}`; `akari doctor` says where it is",
            folder.display()
        );
    }
    std::fs::remove_dir_all(&folder)
        .with_context(|| format!("could not remove `{}`", folder.display()))?;
    say(&told("removed {}", &[&folder.to_string_lossy()]));
    let home = home::home()?;
    if home.is_dir() {
        let left =
            "left: builds and Python environment in {}; remove that folder to be rid of them";
        say(&told(left, &[&home.to_string_lossy()]));
    }
    Ok(ExitCode::SUCCESS)
}

fn folder(place: &args::Place) -> anyhow::Result<PathBuf> {
    let prefix = match place {
        args::Place { system: true, .. } => Some(PathBuf::from(SYSTEM)),
        args::Place { sys_prefix: true, .. } => {
            let none = "no Python environment is active; activate one, or name it with --prefix";
            Some(python::active_prefix().context(none)?)
        }
        args::Place { prefix, .. } => prefix.clone(),
    };
    kernelspec::folder(prefix.as_deref())
        .map(|it| it.with_file_name(place.engine.kernel().name))
        .context("this user has no data folder for Jupyter; use --prefix DIR")
}
