"""How many threads compute: candle counts them at each product unless RAYON_NUM_THREADS says it, which the kernel sets."""

import os

import pytest
from apart import environment, run_cells

PRODUCTS = """
fn read_by_this_process() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap();
    text.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}
let (x, before) = (Tensor::ones((2, 2), DType::F32, &Device::Cpu)?, read_by_this_process());
for _ in 0..1000 { x.matmul(&x)?; }
read_by_this_process() - before < 10_000
"""


def test_products_do_not_count_the_cores(session):
    assert session.ok(PRODUCTS).result == "true"


@pytest.mark.parametrize("said, threads", [("3", "3"), ("0", None), ("many", None), ("", None)])
def test_what_the_learner_says_counts(said, threads, tmp_path):
    cell = 'println!("{} {}", torch::get_num_threads(), candle_core::utils::get_num_threads());'
    env = environment(tmp_path / "home", RAYON_NUM_THREADS=said)
    ours, candles = run_cells(tmp_path, cell, env=env).split()
    assert ours == candles
    assert ours == threads if threads else 1 <= int(ours) <= len(os.sched_getaffinity(0))
