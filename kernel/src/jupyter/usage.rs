//! What a kernel takes of the machine, for `usage_request`: the fields are those of ipykernel.
//!
//! Counted are the kernel itself and all that descends from it: the process that runs cells, what
//! cells have started, compilers. Everything is read from `/proc`; what can't be read is left out,
//! so that a reply is never an error.

use std::collections::HashMap;
use std::time::Instant;

use procfs::process::Process;
use procfs::{Current, CurrentSI, KernelStats, Meminfo, WithCurrentSystemInfo};

use super::message::{HostMemory, Usage};

/// What the last request has seen: use of a processor is a difference of two looks.
#[derive(Debug, Default)]
pub struct Meter {
    last: Option<Look>,
}

#[derive(Debug)]
struct Look {
    at: Instant,
    /// Ticks of each process, by its number and its start, since numbers are used again.
    ticks: HashMap<(i32, u64), u64>,
    /// Ticks of all processors together: busy, and all.
    host: Option<(u64, u64)>,
}

impl Meter {
    /// Looks at the kernel and at the machine. The first look knows no use of processors yet.
    pub fn read(&mut self) -> Usage {
        let processes: Vec<Process> = Process::myself().map(family).unwrap_or_default();
        let kernel_memory = processes.iter().filter_map(memory).sum();
        let ticks = processes.iter().filter_map(ticks).collect();
        let look = Look { at: Instant::now(), ticks, host: host_ticks() };
        let last = self.last.as_ref();
        let usage = Usage {
            hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            pid: std::process::id(),
            kernel_cpu: last.map_or(0.0, |last| kernel_percent(last, &look)),
            kernel_memory,
            host_cpu_percent: last.and_then(|last| host_percent(last, &look)),
            cpu_count: procfs::CpuInfo::current().map_or(1, |it| it.num_cores()),
            host_virtual_memory: Meminfo::current().ok().map(|it| host_memory(&it)),
        };
        self.last = Some(look);
        usage
    }
}

/// The bytes that a kernel and all that descends from it take; pages that several share are counted in parts.
pub fn memory_of(kernel: u32) -> u64 {
    let process = i32::try_from(kernel).ok().and_then(|it| Process::new(it).ok());
    process.map_or(0, |it| family(it).iter().filter_map(memory).sum())
}

/// A kernel's process and all that descend from it.
fn family(kernel: Process) -> Vec<Process> {
    let mut family = vec![kernel];
    let mut next = 0;
    while let Some(process) = family.get(next) {
        let tasks = process.tasks().into_iter().flatten().flatten();
        let children: Vec<u32> = tasks.filter_map(|it| it.children().ok()).flatten().collect();
        let children = children.into_iter().filter_map(|it| i32::try_from(it).ok());
        family.extend(children.filter_map(|it| Process::new(it).ok()));
        next += 1;
    }
    family
}

/// The memory of a process, in which pages that several share are counted in parts.
fn memory(process: &Process) -> Option<u64> {
    let rollup = process.smaps_rollup().ok();
    let shared_in_parts =
        rollup.and_then(|it| it.memory_map_rollup.0.first()?.extension.map.get("Pss").copied());
    shared_in_parts.or_else(|| Some(process.stat().ok()?.rss_bytes().get()))
}

fn ticks(process: &Process) -> Option<((i32, u64), u64)> {
    let stat = process.stat().ok()?;
    Some(((stat.pid, stat.starttime), stat.utime + stat.stime))
}

/// A process that the last look did not see counts from the next one on.
fn kernel_percent(last: &Look, look: &Look) -> f64 {
    let used = look
        .ticks
        .iter()
        .map(|(key, now)| last.ticks.get(key).map_or(0, |before| now.saturating_sub(*before)));
    let seconds = used.sum::<u64>() as f64 / procfs::ticks_per_second() as f64;
    let passed = look.at.duration_since(last.at).as_secs_f64();
    if passed > 0.0 { tenths(100.0 * seconds / passed) } else { 0.0 }
}

fn host_ticks() -> Option<(u64, u64)> {
    let total = KernelStats::current().ok()?.total;
    let idle = total.idle + total.iowait.unwrap_or(0);
    let busy = [total.irq, total.softirq, total.steal].iter().flatten().sum::<u64>()
        + total.user
        + total.nice
        + total.system;
    Some((busy, busy + idle))
}

fn host_percent(last: &Look, look: &Look) -> Option<f64> {
    let ((busy, all), (busy_before, all_before)) = (look.host?, last.host?);
    let passed = all.checked_sub(all_before).filter(|it| *it > 0)?;
    Some(tenths(100.0 * busy.saturating_sub(busy_before) as f64 / passed as f64))
}

fn host_memory(info: &Meminfo) -> HostMemory {
    let total = info.mem_total;
    let available = info.mem_available.unwrap_or(info.mem_free).min(total);
    let used = total - available;
    HostMemory {
        total,
        available,
        percent: tenths(100.0 * used as f64 / total.max(1) as f64),
        used,
        free: info.mem_free,
        active: info.active,
        inactive: info.inactive,
        buffers: info.buffers,
        cached: info.cached,
        shared: info.shmem.unwrap_or(0),
        slab: info.slab,
    }
}

fn tenths(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_new_or_has_anothers_number_costs_nothing_yet() {
        let at = Instant::now();
        let look = |seconds, ticks: &[((i32, u64), u64)]| Look {
            at: at + std::time::Duration::from_secs(seconds),
            ticks: ticks.iter().copied().collect(),
            host: None,
        };
        let second = procfs::ticks_per_second();
        let before = look(0, &[((1, 5), second), ((2, 5), 0)]);
        let after = look(2, &[((1, 5), 2 * second), ((2, 9), 100 * second), ((3, 9), 7 * second)]);
        assert_eq!(kernel_percent(&before, &after), 50.0);
        assert_eq!(kernel_percent(&before, &look(0, &[])), 0.0);
        assert_eq!(host_percent(&before, &after), None);
    }

    #[test]
    fn the_machine_is_read() {
        let mut meter = Meter::default();
        let first = meter.read();
        assert!(first.kernel_memory > 1 << 20 && first.cpu_count > 0, "{first:?}");
        assert_eq!((first.kernel_cpu, first.host_cpu_percent), (0.0, None));
        let memory = first.host_virtual_memory.expect("it is there on Linux");
        assert_eq!(memory.total, memory.used + memory.available);
    }
}
