//! The memory that is left for learners: the machine's, or less where a control group has a limit, as in containers and
//! in the slices of a hub.

use std::path::PathBuf;

use anyhow::Context;

use crate::platform;

/// Bytes that are free, of how many, and the group whose limit that is.
#[derive(Debug, PartialEq, Eq)]
pub struct Room {
    pub free: u64,
    pub total: u64,
    pub group: Option<PathBuf>,
}

/// The narrowest room that this process is in.
pub fn room() -> anyhow::Result<Room> {
    narrowest(platform::memory(), platform::control_groups()).context(
        "this system doesn't tell how much memory is free, so learners can't be counted here",
    )
}

fn narrowest(memory: Option<platform::Memory>, limits: Vec<platform::Limit>) -> Option<Room> {
    let platform::Memory { total, available, .. } = memory?;
    let below = limits.into_iter().filter(|it| it.total < total && it.free < available);
    let group = below.min_by_key(|it| it.free);
    Some(match group {
        Some(it) => Room { free: it.free, total: it.total, group: Some(it.group) },
        None => Room { free: available, total, group: None },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn narrowest_limit_counts_if_there_is_less_than_the_machine_has() {
        let memory = platform::Memory { total: 100, available: 50, ..Default::default() };
        let limit = |free, total| platform::Limit { free, total, group: "g".into() };
        let free = |limits| narrowest(Some(memory), limits).map(|it| (it.free, it.total));
        assert_eq!(free(vec![limit(30, 60), limit(20, 80)]), Some((20, 80)));
        assert_eq!(free(vec![limit(60, 70), limit(20, 100)]), Some((50, 100)));
        assert_eq!(narrowest(None, vec![limit(20, 80)]), None);
    }

    #[test]
    fn this_machine_has_room() {
        let room = room().unwrap();
        assert!(room.free > 0 && room.free <= room.total, "{room:?}");
    }
}
