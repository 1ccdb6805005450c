//! The limits of memory that control groups set, as in containers and in the slices of a hub.

use std::fs;
use std::path::{Path, PathBuf};

use crate::platform::told::Limit;

/// Where control groups are.
const GROUPS: &str = "/sys/fs/cgroup";

/// The limits that hold for this process.
pub fn control_groups() -> Vec<Limit> {
    let named = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    groups(&named, Path::new(GROUPS)).iter().filter_map(|it| of_group(it)).collect()
}

/// The folders of the groups that a process is in, as `/proc/self/cgroup` names them, and those above.
fn groups(named: &str, root: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for line in named.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let mount = match controllers {
            // The second version of control groups has one tree for all.
            "" => root.to_owned(),
            it if it.split(',').any(|it| it == "memory") => root.join("memory"),
            _ => continue,
        };
        let folder = mount.join(path.trim_start_matches('/'));
        folders
            .extend(folder.ancestors().take_while(|it| it.starts_with(&mount)).map(Path::to_owned));
    }
    folders
}

/// The limit of one group, if it has any.
fn of_group(folder: &Path) -> Option<Limit> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse().ok();
    let total: u64 = number("memory.max").or_else(|| number("memory.limit_in_bytes"))?;
    let used = number("memory.current").or_else(|| number("memory.usage_in_bytes"))?;
    // The system gives up what it only keeps of files before a limit hurts anybody.
    let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let kept = ["total_inactive_file ", "inactive_file "].into_iter().find_map(|name| {
        stat.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok())
    });
    let free = total.saturating_sub(used.saturating_sub(kept.unwrap_or(0)));
    Some(Limit { free, total, group: folder.to_owned() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn group(folder: &Path, files: &[(&str, &str)]) {
        fs::create_dir_all(folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    #[test]
    fn groups_of_both_versions_are_found_with_those_above() {
        let root = Path::new("/g");
        let paths = |named| -> Vec<String> {
            groups(named, root).iter().map(|it| it.display().to_string()).collect()
        };
        assert_eq!(paths("0::/user.slice/a:b"), ["/g/user.slice/a:b", "/g/user.slice", "/g"]);
        assert_eq!(
            paths("5:cpu,memory:/docker/x\n2:pids:/y"),
            ["/g/memory/docker/x", "/g/memory/docker", "/g/memory"]
        );
        assert_eq!(paths("nonsense"), Vec::<String>::new());
    }

    #[test]
    fn kept_files_count_as_free_and_a_group_may_have_no_limit() {
        let root = tempfile::tempdir().unwrap();
        let (new, old, open) =
            (root.path().join("new"), root.path().join("old"), root.path().join("open"));
        group(
            &new,
            &[
                ("memory.max", "1000\n"),
                ("memory.current", "700\n"),
                ("memory.stat", "anon 1\ninactive_file 300\n"),
            ],
        );
        group(
            &old,
            &[
                ("memory.limit_in_bytes", "1000"),
                ("memory.usage_in_bytes", "900"),
                ("memory.stat", "inactive_file 9\ntotal_inactive_file 100\n"),
            ],
        );
        group(&open, &[("memory.max", "max\n"), ("memory.current", "700\n")]);
        let limit = |folder: &Path| of_group(folder).map(|it| (it.free, it.total));
        assert_eq!(limit(&new), Some((600, 1000)));
        assert_eq!(limit(&old), Some((200, 1000)));
        assert_eq!(limit(&open), None);
    }
}
