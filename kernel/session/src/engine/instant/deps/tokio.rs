//! A tokio runtime for cells, where tokio is among the crates of a session or behind them.
//!
//! The package of all dependencies gets code that tells the prelude (`rt::before_cells`) how to start
//! a runtime, and tokio's feature `rt`. The first cell that loads the package enters the runtime on
//! the thread of the cells, for good: tasks live on from cell to cell, and `spawn` or
//! `Handle::current()` find the runtime outside of `async` code too. Pure.

use akari_reports::{Metadata, Package};
use akari_seam::path::BEFORE_CELLS;
use toml::{Table, Value};

use super::manifest::Wanted;
use crate::cargo::artifact::Artifact;

/// The name of a tokio that only other crates ask for, in the package of all dependencies.
const NAME: &str = "akari_tokio";

/// The tokio that the dependencies have.
#[derive(Debug)]
pub struct Tokio {
    /// The dependency on it, as in a manifest: its name and what it says.
    pub name: String,
    pub table: Table,
    version: String,
}

/// The tokio among the packages. Its first versions had runtimes of another kind.
pub fn find(metadata: &Metadata, wanted: &Wanted) -> Option<Tokio> {
    let is_it = |it: &&Package| it.name.as_str() == "tokio" && it.version.major == 1;
    let package = metadata.packages.iter().find(is_it)?;
    let all = metadata.packages.iter().filter(|it| it.name == package.name).count();
    let (name, mut table) = match wanted.of_package("tokio") {
        // The one that the learner asks for may be an old one, beside that of another crate.
        Some(_) if all > 1 => return None,
        Some((name, table)) => (name.to_owned(), table.clone()),
        None => (NAME.to_owned(), behind(package)?),
    };
    let features = table.entry("features").or_insert_with(|| Value::Array(Vec::new()));
    features.as_array_mut()?.push(Value::String("rt".to_owned()));
    Some(Tokio { name, table, version: package.version.to_string() })
}

/// A dependency on the tokio that another crate asks for. One that is in no registry can't be named.
fn behind(package: &Package) -> Option<Table> {
    let source = package.source.as_ref()?;
    let text = |text: &str| Value::String(text.to_owned());
    let table = [
        ("package", text("tokio")),
        ("version", text(&format!("={}", package.version))),
        ("default-features", Value::Boolean(false)),
    ];
    let table = table.map(|(key, value)| (key.to_owned(), value));
    (!source.repr.starts_with("git+")).then(|| Table::from_iter(table))
}

impl Tokio {
    /// Code of the package of all dependencies, which runs when a process loads it. What was built
    /// tells the features; those in the metadata may be of another system.
    pub fn code(&self, built: &[Artifact]) -> String {
        let is_it = |it: &&Artifact| it.package == "tokio" && it.version == self.version;
        let mut features = built.iter().filter(is_it).flat_map(|it| &it.features);
        let (kind, drive) = match features.any(|it| it == "rt-multi-thread") {
            true => ("new_multi_thread", "std::mem::forget(runtime);"),
            // Tasks go on between cells, and timers in cells, because somebody waits.
            false => (
                "new_current_thread",
                "let drive = move || runtime.block_on(std::future::pending::<()>()); \
                 let _ = std::thread::Builder::new().name(\"tokio\".into()).spawn(drive);",
            ),
        };
        let name = self.name.replace('-', "_");
        format!(
            "mod akari_runtime {{
    use ::{name}::runtime::{{Builder, Handle}};

    #[used]
    #[cfg_attr(target_vendor = \"apple\", unsafe(link_section = \"__DATA,__mod_init_func\"))]
    #[cfg_attr(not(target_vendor = \"apple\"), unsafe(link_section = \".init_array\"))]
    static REGISTER: extern \"C\" fn() = register;

    extern \"C\" fn register() {{
        ::{BEFORE_CELLS}(start);
    }}

    fn start() {{
        if Handle::try_current().is_ok() {{
            return;
        }}
        let Ok(runtime) = Builder::{kind}().enable_all().build() else {{ return }};
        let handle = runtime.handle().clone();
        {drive}
        std::mem::forget(handle.enter());
    }}
}}
"
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;

    fn found(line: &str, version: &str, source: &str) -> Option<Tokio> {
        let text = format!(
            r#"{{"packages": [{{"id": "t", "name": "tokio", "version": "{version}", "source": "{source}",
                "dependencies": [], "features": {{}}, "manifest_path": "/x/Cargo.toml", "targets": []}}],
                "workspace_members": [], "version": 1, "workspace_root": "/x", "target_directory": "/x/t",
                "resolve": null}}"#
        );
        let mut wanted = Wanted::default();
        wanted.add(line, Path::new("/")).unwrap();
        find(&akari_reports::metadata(&text).unwrap(), &wanted)
    }

    fn built(features: &[&str]) -> [Artifact; 1] {
        let features = features.iter().map(ToString::to_string).collect();
        let (package, version) = ("tokio".to_owned(), "1.54.1".to_owned());
        [Artifact { package, version, features, is_linked: true, files: Vec::new() }]
    }

    const REGISTRY: &str = "registry+https://example.org/index";

    #[test]
    fn runtime_is_of_the_kind_that_was_built() {
        let tokio = found("reqwest = \"1\"", "1.54.1", REGISTRY).unwrap();
        let code = |features: &[&str]| tokio.code(&built(features));
        assert!(code(&["rt", "rt-multi-thread"]).contains("new_multi_thread()"));
        assert!(code(&["rt", "time"]).contains("new_current_thread()"));
        assert_eq!(tokio.table["version"].as_str(), Some("=1.54.1"));
        assert_eq!(tokio.name, NAME);
    }

    #[test]
    fn learners_dependency_gets_the_feature_that_a_runtime_needs() {
        let line = "t-1 = { package = \"tokio\", version = \"1\", features = [\"time\"] }";
        let tokio = found(line, "1.54.1", REGISTRY).unwrap();
        let features = Value::Array(["time", "rt"].map(|it| Value::String(it.into())).to_vec());
        assert_eq!((tokio.name.as_str(), &tokio.table["features"]), ("t-1", &features));
        assert!(tokio.code(&[]).contains("::t_1::runtime"));
    }

    #[test]
    fn tokio_of_another_kind_has_no_runtime_of_ours() {
        assert!(found("a = \"1\"", "0.2.0", REGISTRY).is_none());
        assert!(found("a = \"1\"", "1.0.0", "git+https://example.org/tokio#1").is_none());
    }
}
