//! What all benches of the prelude share: a row is timed, and told as a line of JSON.
//!
//! `benches/prelude.py` runs them beside the same rows of `benches/torch` and prints the ratios.
#![allow(unsafe_code)] // Two functions of the C library.

use std::time::Instant;

use akari::candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

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

/// A number whose `backward` is candle's own work and no more: that of a function from `x` to something like `y`, and of
/// a sum over that. The gradients are there before it begins.
#[allow(dead_code)] // Not all benches have such rows.
pub fn candles_share(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    given(&given(x, y)?, &Tensor::new(0f32, y.device())?)
}

/// As [`candles_share`], of one function.
#[allow(dead_code)]
pub fn given(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    x.apply_op1(Given { result: y.detach(), gradient: x.zeros_like()?.detach() })
}

struct Given {
    result: Tensor,
    gradient: Tensor,
}

impl CustomOp1 for Given {
    fn name(&self) -> &'static str {
        "given"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = self.result.flatten_all()?.to_vec1::<f32>()?;
        Ok((CpuStorage::F32(values), self.result.shape().clone()))
    }

    fn bwd(&self, _arg: &Tensor, _res: &Tensor, _grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(self.gradient.clone()))
    }
}

/// A size in KiB that the system tells of this process; 0 where it doesn't.
fn memory(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|it| it.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
