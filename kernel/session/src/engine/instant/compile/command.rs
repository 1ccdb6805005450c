//! The compiler's arguments: the same for all cells, and those of one.
//!
//! The identity of a compiler, which names everything that a compiled cell depends on besides its
//! source, stands beside the arguments, so that no argument is forgotten in it. The module above
//! runs the compiler.

use std::env::consts::DLL_SUFFIX;
use std::path::Path;
use std::process::{Command, Stdio};

use akari_seam::path::CELL_CRATE;

use super::Compiler;
use crate::platform;

/// The crate of a parked compiler, which includes the cell's file; `answer` does not count it among a
/// cell's inputs.
pub const CRATE: &str = "parked.rs";

/// The file that the compiler makes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// An object file, which `link` links.
    Object,
    /// The library, linked by the compiler.
    Library,
}

const FLAGS: &[&str] = &[
    "--crate-type=cdylib",
    "-Cprefer-dynamic",
    "-Cdebuginfo=0",
    "-Ccodegen-units=1",
    "-Cdebug-assertions=on",
    // What Rust refuses by default is refused, as a number that does not fit its type. A sum that
    // overflows and an index out of range stop the cell where it runs, after what stands before.
    "-Awarnings",
    "-Aarithmetic-overflow",
    "-Aunconditional-panic",
    "-Along-running-const-eval",
    "--error-format=json",
    // Full paths of types, as a later cell must write them; an unstable flag.
    "-Ztrim-diagnostic-paths=no",
    // Dependencies need `--extern force:`, which is unstable.
    "-Zunstable-options",
];

/// A cell that says which lints it denies, `#![deny(warnings)]`, would be refused for what only later
/// cells use; it is compiled without lints.
pub fn cap_of_lints(source: &str) -> Option<&'static str> {
    source.starts_with("#![").then_some("--cap-lints=allow")
}

impl Compiler {
    /// Everything that a compiled cell depends on besides its source.
    pub fn identity(&self, source: &str) -> String {
        // The folder is named by a hash of the prelude and the compiler.
        let prelude = self.prelude.file_name().unwrap_or_default().to_string_lossy();
        let dependencies = self.dependencies.arguments(source);
        let Compiler { opt_level, edition, .. } = self;
        format!("{prelude} {opt_level} {edition} {CELL_CRATE} {FLAGS:?} {dependencies:?}")
    }

    /// The command that compiles `file` in a folder of its own, where temporary files go too.
    /// `stem` is the name of the files that it makes; types of equal `metadata` are the same types.
    pub(super) fn command(
        &self,
        file: &str,
        stem: &str,
        metadata: &str,
        dependencies: &[String],
        product: Product,
        folder: &Path,
    ) -> Command {
        let product = match product {
            Product::Object => format!("obj={stem}.o"),
            Product::Library => format!("link={stem}{DLL_SUFFIX}"),
        };
        let mut command = Command::new(&self.rustc);
        command
            .current_dir(folder)
            .arg(file)
            // One name for all cells: a type defined in one is then the same type in the next, if
            // the metadata are the same too.
            .arg(format!("--crate-name={CELL_CRATE}"))
            .args(FLAGS)
            .arg(format!("--edition={}", self.edition))
            .arg(format!("-Copt-level={}", self.opt_level))
            .arg(format!("-Cmetadata={metadata}"))
            .arg(format!("--emit={product},mir={stem}.mir,dep-info={stem}.d"))
            .env("RUSTC_BOOTSTRAP", "1")
            .env("TMPDIR", folder)
            .arg("--extern")
            .arg(format!("akari={}", self.prelude.join(platform::prelude_file()).display()))
            .arg("-L")
            .arg(format!("dependency={}", self.prelude.display()))
            .args(dependencies)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }
}
