//! A built prelude that came with the program: an installer put it beside the program, so that nothing is compiled.
//!
//! Such a prelude has the form of those in a home, and is believed as they are: by its name, which is a hash of all that makes a build,
//! and by its manifest. One that doesn't fit is no error, since the prelude can be built; but it is told why.
//! `pack` makes what the installer has.

use std::fs;
use std::path::{Path, PathBuf};

use crate::home::manifest::{self, Damaged, Depth};
use crate::setup::toolchain::Toolchain;

/// The prelude beside the program.
#[derive(Debug)]
pub enum Prebuilt {
    Missing,
    Whole(PathBuf),
    Unfit(Unfit),
}

/// Why the prelude that came with the program is not used.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error(
        "the prelude that came with the program is not used: it is for {built}, and this is {found}"
    )]
    Toolchain { built: String, found: String },
    #[error(
        "the prelude that came with the program is not used: it is another version's, or cargo's configuration changes what is built here"
    )]
    Sources,
    #[error(
        "the prelude that came with the program is not used: {0}; install the package `akari-prelude` anew to mend it"
    )]
    Damaged(#[source] Damaged),
}

/// The prelude of this name in a folder such as `share/akari`.
pub fn look(place: &Path, name: &str, toolchain: &Toolchain, depth: Depth) -> Prebuilt {
    let preludes = place.join("prelude");
    let folder = preludes.join(name);
    if folder.symlink_metadata().is_ok() {
        return match manifest::check(&folder, depth) {
            Ok(folder) => Prebuilt::Whole(folder),
            Err(damaged) => Prebuilt::Unfit(Unfit::Damaged(damaged)),
        };
    }
    let Some(other) = fs::read_dir(preludes).into_iter().flatten().flatten().next() else {
        return Prebuilt::Missing;
    };
    let folder = other.path();
    Prebuilt::Unfit(match manifest::read(&folder) {
        Err(damage) => Unfit::Damaged(Damaged { folder, damage }),
        Ok(manifest) if manifest.toolchain == toolchain.version => Unfit::Sources,
        Ok(manifest) => {
            Unfit::Toolchain { built: short(&manifest.toolchain), found: short(&toolchain.version) }
        }
    })
}

/// `rustc 1.95.0 (59807616e 2026-04-14) for x86_64-unknown-linux-gnu` of what `rustc -vV` says.
fn short(version: &str) -> String {
    let first = version.lines().next().unwrap_or_default();
    match version.lines().find_map(|line| line.strip_prefix("host: ")) {
        Some(host) => format!("{first} for {host}"),
        None => first.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::platform::prelude_file;

    /// A prelude `key` of this toolchain in a folder `prelude`.
    fn installed(version: &str) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("prelude/key");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(prelude_file()), "library").unwrap();
        manifest::write(&folder, "key", version, &[]).unwrap();
        place
    }

    fn told(place: &Path, name: &str, depth: Depth) -> String {
        match look(place, name, &Toolchain::of_nobody(), depth) {
            Prebuilt::Missing => "missing".to_owned(),
            Prebuilt::Whole(folder) => folder.file_name().unwrap().to_string_lossy().into_owned(),
            Prebuilt::Unfit(why) => why.to_string(),
        }
    }

    #[test]
    fn fitting_prelude_is_found_and_another_one_told_why() {
        let ours = installed(&Toolchain::of_nobody().version);
        assert_eq!(told(ours.path(), "key", Depth::Contents), "key");
        assert!(told(ours.path(), "other", Depth::Sizes).contains("another version's"));
        let theirs = installed("rustc 2\nhost: moon");
        let why = told(theirs.path(), "other", Depth::Sizes);
        assert!(why.contains("it is for rustc 2 for moon, and this is rustc 1"), "{why}");
        let nothing = tempfile::tempdir().unwrap();
        assert_eq!(told(nothing.path(), "key", Depth::Sizes), "missing");
    }

    #[test]
    fn damaged_or_half_installed_prelude_is_told() {
        type Harm = fn(&Path);
        let rows: [(Harm, Depth, &str); 4] = [
            (|it| fs::write(it.join(prelude_file()), "").unwrap(), Depth::Sizes, "key"),
            (|it| fs::write(it.join(prelude_file()), "LIBRARY").unwrap(), Depth::Contents, "key"),
            (|it| fs::remove_file(it.join("manifest.json")).unwrap(), Depth::Sizes, "key"),
            (|it| fs::remove_file(it.join("manifest.json")).unwrap(), Depth::Sizes, "other"),
        ];
        for (number, (harm, depth, name)) in rows.into_iter().enumerate() {
            let place = installed(&Toolchain::of_nobody().version);
            harm(&place.path().join("prelude/key"));
            let why = told(place.path(), name, depth);
            assert!(why.contains("is damaged") && why.contains("akari-prelude"), "{number}: {why}");
        }
    }
}
