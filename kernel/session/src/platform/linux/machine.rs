//! What `/proc` tells of the machine and of processes.

use std::collections::HashMap;
use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};

use crate::platform::told::{Memory, Processors, Taken};

/// The machine's memory.
pub fn memory() -> Option<Memory> {
    memory_in(&fs::read_to_string("/proc/meminfo").ok()?)
}

fn memory_in(text: &str) -> Option<Memory> {
    let lines: HashMap<&str, u64> = text.lines().filter_map(kilobytes).collect();
    let bytes = |name: &str| lines.get(name).map(|it| it * 1024);
    let any = |name: &str| bytes(name).unwrap_or(0);
    let (total, free) = (bytes("MemTotal")?, bytes("MemFree")?);
    Some(Memory {
        total,
        available: bytes("MemAvailable").unwrap_or(free).min(total),
        free,
        active: any("Active"),
        inactive: any("Inactive"),
        buffers: any("Buffers"),
        cached: any("Cached"),
        shared: any("Shmem"),
        slab: any("Slab"),
    })
}

/// A line such as `MemTotal:   16 kB`.
fn kilobytes(line: &str) -> Option<(&str, u64)> {
    let (name, rest) = line.split_once(':')?;
    Some((name, rest.trim().strip_suffix("kB")?.trim().parse().ok()?))
}

/// What all processors together have done since the machine started.
pub fn processors() -> Option<Processors> {
    processors_in(&fs::read_to_string("/proc/stat").ok()?)
}

/// The first line: `cpu`, then user, nice, system, idle, waiting, interrupts of two kinds, stolen; what follows is in
/// the first two already. Then a line for each processor.
fn processors_in(text: &str) -> Option<Processors> {
    let words = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let numbers: Vec<u64> = words.take(8).map_while(|it| it.parse().ok()).collect();
    let idle = numbers.get(3)? + numbers.get(4)?;
    let count = text.lines().skip(1).take_while(|it| it.starts_with("cpu")).count();
    Some(Processors { busy: numbers.iter().sum::<u64>() - idle, idle, count })
}

/// A process and all that descend from it.
pub fn family(process: u32) -> Vec<Taken> {
    let mut family = vec![process];
    let mut next = 0;
    while let Some(process) = family.get(next) {
        family.extend(children(*process));
        next += 1;
    }
    family.into_iter().filter_map(taken).collect()
}

/// Those that any thread of a process has started.
fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|it| it.split_whitespace().filter_map(|it| it.parse().ok()).collect::<Vec<_>>())
        .collect()
}

fn taken(process: u32) -> Option<Taken> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let stat = Stat::parse(&stat)?;
    // A process of another user tells its pages alone.
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok();
    let lines = rollup.as_deref().map(str::lines).into_iter().flatten();
    let in_parts = lines.filter_map(kilobytes).find(|(name, _)| *name == "Pss");
    Some(Taken {
        process: (process, stat.start),
        seconds: stat.ticks as f64 / clock_ticks_per_second() as f64,
        memory: in_parts.map_or(stat.pages * page_size() as u64, |(_, it)| it * 1024),
    })
}

/// What stands behind the name in `/proc/PID/stat`; the name may contain brackets and blanks.
pub fn after_name(stat: &str) -> Option<&str> {
    stat.rsplit_once(") ").map(|(_, rest)| rest)
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    ticks: u64,
    start: u64,
    pages: u64,
}

impl Stat {
    /// The fields are counted as `proc(5)` does, where the first behind the name has number 3.
    fn parse(text: &str) -> Option<Stat> {
        let fields: Vec<&str> = after_name(text)?.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Stat { ticks: field(14)? + field(15)?, start: field(22)?, pages: field(24)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_processors_is_read_without_what_is_counted_twice() {
        let text = "cpu  10 1 5 80 5 2 2 1 9 9\ncpu0 1 2 3 4\ncpu1 1 2 3 4\nintr 5";
        assert_eq!(processors_in(text), Some(Processors { busy: 21, idle: 85, count: 2 }));
        assert_eq!(processors_in("intr 5"), None);
    }

    #[test]
    fn memory_is_read_in_bytes_and_old_systems_tell_less() {
        let memory =
            memory_in("MemTotal:  16 kB\nMemFree: 2 kB\nActive: 3 kB\nHugePages_Total: 0\n");
        let told =
            Memory { total: 16384, free: 2048, available: 2048, active: 3072, ..Memory::default() };
        assert_eq!(memory, Some(told));
        assert_eq!(memory_in("MemTotal: 16\n"), None);
    }

    #[test]
    fn name_of_a_process_may_look_like_its_fields() {
        let text = "7 (a) Z 1) R 1 2 3 4 5 6 7 8 9 10 40 2 13 14 15 16 17 18 900 20 77 22\n";
        assert_eq!(Stat::parse(text), Some(Stat { ticks: 42, start: 900, pages: 77 }));
        assert_eq!(Stat::parse("7 (a) R 1"), None);
    }

    #[test]
    fn family_of_a_process_has_its_children() {
        let mut child =
            std::process::Command::new("sleep").arg("100").spawn().expect("it is there");
        let family = family(std::process::id());
        let _ = (child.kill(), child.wait());
        assert_eq!(family[0].process.0, std::process::id());
        assert!(family[0].memory > 1 << 20, "{family:?}");
        assert!(family.iter().any(|it| it.process.0 == child.id()), "{family:?}");
    }
}
