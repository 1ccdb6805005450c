//! Why the prelude can't be had, each with the way out.

use std::io;
use std::path::PathBuf;

use crate::home::HomeError;
use crate::home::manifest::Damaged;
use crate::home::trust::TrustError;

#[derive(Debug, thiserror::Error)]
pub enum PreludeError {
    #[error("the prelude's sources are not at `{}`; `cargo install --path kernel` in a checkout makes a program that carries them", path.display())]
    Sources { path: PathBuf },
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("cargo would obey a file that is not safe: {0}")]
    Configuration(#[from] TrustError),
    #[error("cargo was not found ({0}); install Rust from https://rustup.rs")]
    NoCargo(#[source] io::Error),
    #[error(
        "no linker (`cc`) was found, which Rust needs; install a C compiler (on Debian and Ubuntu: sudo apt install gcc)"
    )]
    Linker,
    #[error("the crates that the prelude needs could not be downloaded; connect to the internet and try again (cargo's messages are in `{}`)", log.display())]
    Network { log: PathBuf },
    #[error("the prelude could not be built; cargo's messages are in `{}` and end with\n{tail}", log.display())]
    Build { log: PathBuf, tail: String },
    #[error(
        "the prelude's sources or cargo's configuration changed while it was built; run `akari install` when they are at rest"
    )]
    Moved,
    #[error("{0}; run `akari install`, which builds it again")]
    Damaged(#[source] Damaged),
    #[error("{damaged}; it is the shared one, which its owner mends by `AKARI_HOME={} akari install --shared`", shared.display())]
    SharedDamaged { damaged: Damaged, shared: PathBuf },
}
