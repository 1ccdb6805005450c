//! What all benches of the prelude share: a row is timed, and told as a line of JSON.
//!
//! `benches/prelude.py` runs them beside the same rows of `benches/torch` and prints the ratios.
#![allow(unsafe_code)] // Two functions of the C library.
#![allow(dead_code)] // Not all benches have rows of all kinds.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use akari::candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Tensor, bail,
};

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
    pub fn row(&self, row: &str, runs: usize, run: impl FnMut()) {
        if self.wants(row) {
            self.told(row, runs, run, None);
        }
    }

    /// The row of a number and its `backward`.
    pub fn backward(&self, row: &str, runs: usize, loss: impl Fn() -> Result<Tensor>) {
        let run = || drop(loss().unwrap().backward().unwrap());
        self.with_share(row, runs, run, (|| loss().unwrap(), 1));
    }

    /// A row in which `backward` runs from a number, some times; beside it stands candle's share of that.
    ///
    /// The share is timed after a forward pass whose tensors are still there, as in the row itself: by itself it would
    /// find all of its memory in the processor's caches.
    pub fn with_share(
        &self,
        row: &str,
        runs: usize,
        run: impl FnMut(),
        (loss, times): (impl Fn() -> Tensor, usize),
    ) {
        if !self.wants(row) {
            return;
        }
        let share = candles_share(&loss()).unwrap();
        let backward = |_: &Tensor| (0..times).for_each(|_| drop(share.backward().unwrap()));
        let share = timed_after(runs, &loss, backward);
        self.told(row, runs, run, Some(share[runs / 2]));
    }

    fn told(&self, row: &str, runs: usize, mut run: impl FnMut(), share: Option<f64>) {
        akari::rt::return_memory();
        // Linux takes the process's peak back to what it has now.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let before = memory("VmRSS:");
        let times = timed(runs, &mut run);
        let share = share.map_or_else(|| "null".to_owned(), |share| format!("{share:.4}"));
        println!(
            "{{\"row\": \"{}: {row}\", \"ms\": {:.4}, \"least\": {:.4}, \"most\": {:.4}, \"share\": {share}, \"peak_mb\": {:.1}}}",
            self.name,
            times[runs / 2],
            times[0],
            times[runs - 1],
            (memory("VmHWM:") - before).max(0.0) / 1024.0,
        );
    }
}

/// The milliseconds of some runs after a first one, from the least to the most.
fn timed(runs: usize, mut run: impl FnMut()) -> Vec<f64> {
    timed_after(runs, || (), |_| run())
}

/// The milliseconds of `run` alone, which is handed what `before` makes and doesn't drop it.
fn timed_after<T>(runs: usize, before: impl Fn() -> T, mut run: impl FnMut(&T)) -> Vec<f64> {
    run(&before());
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let made = before();
        let begin = Instant::now();
        run(&made);
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_unstable_by(f64::total_cmp);
    times
}

/// A number whose `backward` is candle's own work and no more, and of that as much as the `backward` of `loss` has at
/// the least: the ones to begin with, and zeros and a sum for each of the tensors that a gradient comes to.
///
/// The number has the tensors of the graph of `loss`, each made of the one before it (and of variables) by an operation that
/// computes nothing. A tensor that goes into several functions has as many sums there, and one here.
pub fn candles_share(loss: &Tensor) -> Result<Tensor> {
    let nodes = loss.sorted_nodes();
    let (variables, made) = nodes.into_iter().partition::<Vec<_>, _>(|node| node.is_variable());
    let mut variables = variables.into_iter();
    let Some(mut last) = variables.next().cloned() else { bail!("nothing of this is a variable") };
    for node in made.iter().rev() {
        let more = [variables.next(), variables.next()];
        last = given(node, &last, more)?;
    }
    if variables.next().is_some() {
        bail!("more variables than the operations of this graph could take");
    }
    Ok(last)
}

/// Something like `result`, made of up to three tensors, whose gradients are there before anybody asks for them.
fn given(result: &Tensor, first: &Tensor, more: [Option<&Tensor>; 2]) -> Result<Tensor> {
    let gradient = |argument: &Tensor| {
        let ones = |shape: &Shape| Tensor::ones(shape, argument.dtype(), argument.device());
        // What adds up can hand on a view, which leaves a sum less to read.
        if result.elem_count() < argument.elem_count() {
            ones(&Shape::from(()))?.broadcast_as(argument.shape())
        } else {
            ones(argument.shape())
        }
    };
    let arguments = std::iter::once(first).chain(more.into_iter().flatten());
    let gradients = arguments.map(gradient).collect::<Result<Vec<_>>>()?;
    let given = Given { shape: result.shape().clone(), dtype: result.dtype(), gradients };
    match more {
        [None, _] => first.apply_op1(given),
        [Some(second), None] => first.apply_op2(second, given),
        [Some(second), Some(third)] => first.apply_op3(second, third, given),
    }
}

struct Given {
    shape: Shape,
    dtype: DType,
    gradients: Vec<Tensor>,
}

impl Given {
    fn result(&self) -> Result<(CpuStorage, Shape)> {
        let count = self.shape.elem_count();
        let storage = match self.dtype {
            DType::F64 => CpuStorage::F64(vec![0.0; count]),
            DType::F32 => CpuStorage::F32(vec![0.0; count]),
            dtype => bail!("no row has results of {dtype:?}"),
        };
        Ok((storage, self.shape.clone()))
    }

    fn gradient(&self, at: usize) -> Option<Tensor> {
        self.gradients.get(at).cloned()
    }
}

impl CustomOp1 for Given {
    fn name(&self) -> &'static str {
        "given"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.result()
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> Result<Option<Tensor>> {
        Ok(self.gradient(0))
    }
}

impl CustomOp2 for Given {
    fn name(&self) -> &'static str {
        "given"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.result()
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((self.gradient(0), self.gradient(1)))
    }
}

impl CustomOp3 for Given {
    fn name(&self) -> &'static str {
        "given"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.result()
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        Ok((self.gradient(0), self.gradient(1), self.gradient(2)))
    }
}

/// A size in KiB that the system tells of this process; 0 where it doesn't.
fn memory(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|it| it.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
