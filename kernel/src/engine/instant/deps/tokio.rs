//! A tokio runtime for cells, where tokio is among the crates of a session or behind them.
//!
//! The package of all dependencies gets tokio by a name of its own, and code that tells the prelude
//! (`rt::before_cells`) how to start a runtime. The first cell that loads the package enters the
//! runtime on the thread of the cells, for good: tasks live on from cell to cell, and `spawn` or
//! `Handle::current()` find the runtime outside of `async` code too. Pure.

use akari_seam::path::BEFORE_CELLS;
use cargo_metadata::{Metadata, Package};
use toml::{Table, Value};

use super::manifest::Wanted;

/// The name of tokio in the package of all dependencies.
pub const NAME: &str = "akari_tokio";

/// The tokio that the dependencies have.
#[derive(Debug)]
pub struct Tokio {
    /// The dependency on it, as in a manifest.
    pub entry: Table,
    is_multi_thread: bool,
}

/// The tokio among the packages. Its first versions had runtimes of another kind.
pub fn find(metadata: &Metadata, wanted: &Wanted) -> Option<Tokio> {
    let is_it = |it: &&Package| it.name.as_str() == "tokio" && it.version.major == 1;
    let package = metadata.packages.iter().find(is_it)?;
    let nodes = &metadata.resolve.as_ref()?.nodes;
    let node = nodes.iter().find(|node| node.id == package.id)?;
    let is_multi_thread = node.features.iter().any(|it| it.as_str() == "rt-multi-thread");
    let asked = wanted.of_package("tokio");
    let entry = match &package.source {
        // One that only another crate has by such a way can't be named here.
        Some(source) if source.repr.starts_with("git+") => asked?.clone(),
        None => asked?.clone(),
        Some(_) => {
            let version = Value::String(format!("={}", package.version));
            let registry = asked.and_then(|it| it.get_key_value("registry"));
            let registry = registry.map(|(key, value)| (key.clone(), value.clone()));
            Table::from_iter([("version".to_owned(), version)].into_iter().chain(registry))
        }
    };
    Some(Tokio { entry: with_runtime(entry), is_multi_thread })
}

/// The dependency with the one feature that a runtime needs.
fn with_runtime(mut entry: Table) -> Table {
    let text = |text: &str| Value::String(text.to_owned());
    entry.insert("package".to_owned(), text("tokio"));
    entry.insert("default-features".to_owned(), Value::Boolean(false));
    entry.insert("features".to_owned(), Value::Array(vec![text("rt")]));
    entry
}

impl Tokio {
    /// Code of the package of all dependencies, which runs when a process loads it.
    pub fn code(&self) -> String {
        let (kind, drive) = match self.is_multi_thread {
            true => ("new_multi_thread", "std::mem::forget(runtime);"),
            // Tasks go on between cells, and timers in cells, because somebody waits.
            false => (
                "new_current_thread",
                "let drive = move || runtime.block_on(std::future::pending::<()>()); \
                 let _ = std::thread::Builder::new().name(\"tokio\".into()).spawn(drive);",
            ),
        };
        format!(
            "mod akari_runtime {{
    use ::{NAME}::runtime::{{Builder, Handle}};

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

    use cargo_metadata::MetadataCommand;

    use super::*;

    fn found(version: &str, source: &str, features: &str) -> Option<Tokio> {
        let text = format!(
            r#"{{"packages": [{{"id": "t", "name": "tokio", "version": "{version}", "source": {source},
                "dependencies": [], "features": {{}}, "manifest_path": "/x/Cargo.toml", "targets": []}}],
                "workspace_members": [], "version": 1, "workspace_root": "/x", "target_directory": "/x/t",
                "resolve": {{"root": null, "nodes": [
                    {{"id": "t", "deps": [], "dependencies": [], "features": [{features}]}}]}}}}"#
        );
        let mut wanted = Wanted::default();
        wanted.add("tokio = { git = \"https://example.org/tokio\" }", Path::new("/")).unwrap();
        find(&MetadataCommand::parse(text).unwrap(), &wanted)
    }

    #[test]
    fn runtime_is_of_the_kind_that_was_chosen() {
        let registry = "\"registry+https://example.org/index\"";
        for (features, kind) in [
            ("\"rt\", \"rt-multi-thread\"", "new_multi_thread()"),
            ("\"time\"", "new_current_thread()"),
        ] {
            let tokio = found("1.54.1", registry, features).unwrap();
            assert!(tokio.code().contains(kind), "{features}");
            assert_eq!(tokio.entry["version"].as_str(), Some("=1.54.1"));
            assert_eq!(tokio.entry["package"].as_str(), Some("tokio"));
        }
        let tokio = found("1.54.1", "\"git+https://example.org/tokio#1\"", "").unwrap();
        assert_eq!(tokio.entry["git"].as_str(), Some("https://example.org/tokio"));
        assert!(found("0.2.0", registry, "").is_none());
    }
}
