//! What all benches of the prelude share: a row is timed, and told as a line of JSON.
//!
//! `benches/prelude.py` runs them beside the same rows of `benches/torch` and prints the ratios.
#![allow(unsafe_code)] // Two functions of the C library.

use std::time::Instant;

/// A bench: the rows that its command line asks for, or all.
#[derive(Debug)]
pub struct Bench {
    name: &'static str,
    only: Vec<String>,
}

impl Bench {
    /// Memory is managed as in a kernel.
    pub fn new(name: &'static str) -> Bench {
        akari::rt::reuse_memory();
        // cargo passes `--bench`.
        let only = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
        Bench { name, only }
    }

    pub fn wants(&self, row: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|it| row.contains(it.as_str()))
    }

    /// Runs `run` once to warm up, then `runs` times. The memory is what the process had at its
    /// peak beyond what it has when the row begins.
    pub fn row(&self, row: &str, runs: usize, mut run: impl FnMut()) {
        if !self.wants(row) {
            return;
        }
        akari::rt::return_memory();
        // Linux takes the process's peak back to what it has now.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let before = memory("VmRSS:");
        run();
        let mut times = Vec::with_capacity(runs);
        for _ in 0..runs {
            let begin = Instant::now();
            run();
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_unstable_by(f64::total_cmp);
        println!(
            "{{\"row\": \"{}: {row}\", \"ms\": {:.4}, \"least\": {:.4}, \"most\": {:.4}, \"peak_mb\": {:.1}}}",
            self.name,
            times[runs / 2],
            times[0],
            times[runs - 1],
            (memory("VmHWM:") - before).max(0.0) / 1024.0,
        );
    }
}

/// A size in KiB that the system tells of this process; 0 where it doesn't.
fn memory(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|it| it.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
