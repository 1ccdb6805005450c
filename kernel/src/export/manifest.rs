//! The manifest of a notebook's package. Pure but for the prelude's own manifest, whose profile is taken over.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use toml::{Table, Value};

use super::Project;
use crate::engine::exported::Program;

/// Where the prelude's sources are for the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prelude {
    /// In a checkout, which stays where it is.
    Checkout(PathBuf),
    /// In a folder that may go: they are copied into the project.
    Copied(PathBuf),
}

/// Packages with rows in the profile that no program has, also where the lock has them.
const THE_KERNELS: [&str; 2] = ["akari-kernel", "akari-session"];

/// The folder of the copied prelude in the project.
pub const COPY: &str = "akari";

/// What is said of style is not said of cells either.
const LINTS: &str = "\
# Cells are written to be read one by one: a variable is there for whoever tries something next, a line says at length what
# it does. Without these lines, the compiler and clippy say what they think of the cells as a program.
[lints.rust]
warnings = \"allow\"

[lints.clippy]
all = \"allow\"
";

/// The manifest's text.
pub fn text(name: &str, project: &Project<'_>, program: &Program, lock: &str) -> String {
    let path = match &project.prelude {
        Prelude::Checkout(path) => path.to_string_lossy().into_owned(),
        Prelude::Copied(_) => COPY.to_owned(),
    };
    let prelude = Table::from_iter([("path".to_owned(), Value::String(path))]);
    let mut dependencies = program.dependencies.clone();
    dependencies.insert("akari".to_owned(), Value::Table(prelude));
    let dependencies: String =
        dependencies.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    let edition = &program.edition;
    // The copied sources are a workspace of their own.
    let exclude = match &project.prelude {
        Prelude::Checkout(_) => String::new(),
        Prelude::Copied(_) => format!("exclude = [\"{COPY}\"]\n"),
    };
    let mut text = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"{edition}\"\npublish = false\n\n\
         [dependencies]\n{dependencies}\n{LINTS}\n\
         # A package of its own, also inside of another one's folder.\n[workspace]\n{exclude}"
    );
    if let Some(profile) = profile(project, lock) {
        text.push_str("\n# As the prelude is built.\n");
        text.push_str(&profile);
    }
    text
}

/// The prelude's profiles, without what they say of packages that the program does not have.
fn profile(project: &Project<'_>, lock: &str) -> Option<String> {
    let manifest = fs::read_to_string(project.sources.join("Cargo.toml")).ok()?;
    let manifest: Table = manifest.parse().ok()?;
    let mut profiles = manifest.get("profile")?.as_table()?.clone();
    let lock: Table = lock.parse().unwrap_or_default();
    let packages = lock.get("package").and_then(Value::as_array).into_iter().flatten();
    let there: BTreeSet<&str> = packages.filter_map(|it| it.get("name")?.as_str()).collect();
    profiles.retain(|name, _| name == "release");
    for profile in profiles.iter_mut().filter_map(|(_, it)| it.as_table_mut()) {
        // The prelude's build says otherwise than the workspace, too.
        profile.insert("lto".to_owned(), Value::Boolean(false));
        if let Some(overrides) = profile.get_mut("package").and_then(Value::as_table_mut) {
            overrides.retain(|specification, _| {
                let (name, _) = specification.split_once('@').unwrap_or((specification, ""));
                name == "*" || !THE_KERNELS.contains(&name) && there.contains(name)
            });
        }
    }
    let whole = Table::from_iter([("profile".to_owned(), Value::Table(profiles))]);
    toml::to_string(&whole).ok()
}
