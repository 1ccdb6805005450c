//! What a kernel takes of the machine, for `usage_request`: the fields are those of ipykernel.
//!
//! Counted are the kernel itself and all that descends from it: the process that runs cells, what
//! cells have started, compilers. What the machine doesn't tell is left out, so that a reply is
//! never an error.

use std::collections::HashMap;
use std::time::Instant;

use super::message::{HostMemory, Usage};
use crate::platform::{self, Memory, Processors};

/// What the last request has seen: use of a processor is a difference of two looks.
#[derive(Debug, Default)]
pub struct Meter {
    last: Option<Look>,
}

#[derive(Debug)]
struct Look {
    at: Instant,
    /// Seconds of a processor that each process has taken, by its number and its start.
    seconds: HashMap<(u32, u64), f64>,
    host: Option<Processors>,
}

impl Meter {
    /// Looks at the kernel and at the machine. The first look knows no use of processors yet.
    pub fn read(&mut self) -> Usage {
        let family = platform::family(std::process::id());
        let kernel_memory = family.iter().map(|it| it.memory).sum();
        let seconds = family.iter().map(|it| (it.process, it.seconds)).collect();
        let host = platform::processors();
        let look = Look { at: Instant::now(), seconds, host };
        let last = self.last.as_ref();
        let usage = Usage {
            hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            pid: std::process::id(),
            kernel_cpu: last.map_or(0.0, |last| kernel_percent(last, &look)),
            kernel_memory,
            host_cpu_percent: last.and_then(|last| host_percent(last, &look)),
            cpu_count: host.map_or_else(cores, |it| it.count),
            host_virtual_memory: platform::memory().map(host_memory),
        };
        self.last = Some(look);
        usage
    }
}

/// The bytes that a kernel and all that descends from it take; pages that several share are counted in parts.
pub fn memory_of(kernel: u32) -> u64 {
    platform::family(kernel).iter().map(|it| it.memory).sum()
}

/// The processors that this process may use: what is known on every system.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A process that the last look did not see counts from the next one on.
fn kernel_percent(last: &Look, look: &Look) -> f64 {
    let used = |(process, now): (&_, &f64)| {
        last.seconds.get(process).map_or(0.0, |before| (now - before).max(0.0))
    };
    let seconds: f64 = look.seconds.iter().map(used).sum();
    let passed = look.at.duration_since(last.at).as_secs_f64();
    if passed > 0.0 { tenths(100.0 * seconds / passed) } else { 0.0 }
}

fn host_percent(last: &Look, look: &Look) -> Option<f64> {
    let (now, before) = (look.host?, last.host?);
    let busy = now.busy.saturating_sub(before.busy);
    let passed = busy + now.idle.saturating_sub(before.idle);
    (passed > 0).then(|| tenths(100.0 * busy as f64 / passed as f64))
}

fn host_memory(told: Memory) -> HostMemory {
    let used = told.total - told.available;
    HostMemory {
        total: told.total,
        available: told.available,
        percent: tenths(100.0 * used as f64 / told.total.max(1) as f64),
        used,
        free: told.free,
        active: told.active,
        inactive: told.inactive,
        buffers: told.buffers,
        cached: told.cached,
        shared: told.shared,
        slab: told.slab,
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
        let look = |seconds, taken: &[((u32, u64), f64)]| Look {
            at: at + std::time::Duration::from_secs(seconds),
            seconds: taken.iter().copied().collect(),
            host: None,
        };
        let before = look(0, &[((1, 5), 1.0), ((2, 5), 0.0)]);
        let after = look(2, &[((1, 5), 2.0), ((2, 9), 100.0), ((3, 9), 7.0)]);
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
