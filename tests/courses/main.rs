//! Programs as courses have them, written after one page of documentation, beside the same programs in PyTorch.
//!
//! `tests/oracle/courses.py SEED OUT` runs those of PyTorch, in `tests/oracle/courses`; `AKARI_COURSES_ORACLE` names another file
//! than that of seed 1. What stands between `// cells` and `// end` is what a learner types. Losses have to be PyTorch's
//! step by step, and no program may be much longer than PyTorch's.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use akari::candle_core::Result;
use serde_json::Value;

mod char_rnn;
mod lenet;
mod mlp;
mod resnet;
mod softmax;
mod transformer;

/// What every program has: the names of a cell, and what the test hands in and takes out.
mod prelude {
    pub use std::path::Path;

    pub use akari::prelude::*;

    pub use super::Run;
}

/// What a program tells.
#[derive(Debug, Default)]
pub struct Run {
    losses: Vec<f64>,
    accuracy: f64,
    written: String,
}

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    let file = std::env::var("AKARI_COURSES_ORACLE").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/courses-1.json").into()
    });
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
});

/// The generator is the process's own: one program after the other.
static TURN: Mutex<()> = Mutex::new(());

/// The files that the programs read, as `courses.py` makes them; they go away with the test.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("akari-course-{name}-{}", std::process::id()));
        let mut noise = Noise(VECTORS["meta"]["seed"].as_u64().unwrap());
        let write = |path: &str, bytes: &[u8]| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        for (part, count) in [("train", 192u32), ("t10k", 64)] {
            let head = |sizes: &[u32]| sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
            let mut pixels: Vec<u8> = head(&[0x803, count, 28, 28]);
            let mut labels: Vec<u8> = head(&[0x801, count]);
            for _ in 0..count {
                let (label, image) = noise.image(1, 28);
                labels.push(label);
                pixels.extend(image);
            }
            write(&format!("FashionMNIST/raw/{part}-images-idx3-ubyte"), &pixels);
            write(&format!("FashionMNIST/raw/{part}-labels-idx1-ubyte"), &labels);
        }
        for number in 1..=5 {
            let mut records = Vec::new();
            for _ in 0..4 {
                let (label, image) = noise.image(3, 32);
                records.push(label);
                records.extend(image);
            }
            write(&format!("cifar-10-batches-bin/data_batch_{number}.bin"), &records);
        }
        write("text.txt", VECTORS["text"].as_str().unwrap().as_bytes());
        Files(root)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bytes that look like chance.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u8 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 56) as u8
    }

    /// A class, and an image in which there is something of it.
    fn image(&mut self, channels: usize, size: usize) -> (u8, Vec<u8>) {
        let label = self.next() % 10;
        let mut pixels = Vec::new();
        for place in 0..channels * size * size {
            let (channel, y, x) = (place / (size * size), place / size % size, place % size);
            let class = usize::from(label);
            let pattern = (x / 3 * (class + 1) + y / 3 * (class + 3) + channel) % 7 * 20;
            pixels.push(self.next() % 120 + pattern as u8);
        }
        (label, pixels)
    }
}

/// Runs a program, and compares what it tells.
fn check(name: &str, program: fn(&Path, u64) -> Result<Run>, tolerance: impl Fn(usize) -> f64) {
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let files = Files::new(name);
    let expected = &VECTORS["programs"][name];
    let run = program(&files.0, expected["seed"].as_u64().unwrap()).unwrap();
    let losses = expected["losses"].as_array().unwrap();
    assert_eq!(run.losses.len(), losses.len(), "{name}: steps");
    let losses = losses.iter().map(|loss| loss.as_f64().unwrap());
    let both = run.losses.iter().copied().zip(losses).enumerate();
    let differs = |(step, (loss, expected)): &(usize, (f64, f64))| {
        let is_near = (loss - expected).abs() <= tolerance(*step) * expected.abs();
        !is_near
    };
    let differing = both.filter(differs).collect::<Vec<_>>();
    assert!(differing.is_empty(), "{name}: (step, (loss, PyTorch's)) that differ: {differing:?}");
    assert_eq!(run.accuracy, expected["accuracy"].as_f64().unwrap_or(0.0), "{name}: accuracy");
    assert_eq!(run.written, expected["written"].as_str().unwrap_or(""), "{name}: text");
}

#[test]
fn softmax_regression_from_scratch() {
    check("softmax", softmax::run, |_| 1e-5);
}

#[test]
fn multilayer_perceptron() {
    check("mlp", mlp::run, |_| 1e-5);
}

#[test]
fn lenet() {
    check("lenet", lenet::run, |_| 1e-5);
}

#[test]
fn character_rnn() {
    check("char_rnn", char_rnn::run, |_| 1e-5);
}

#[test]
fn transformer_encoder() {
    check("transformer", transformer::run, |_| 1e-5);
}

#[test]
fn resnet18() {
    // The last batch norms see eight numbers of a channel, so that rounding puts single values on the other side of a
    // relu's kink, and from there on the weights part: of another seed, PyTorch's own losses in f32 and in f64 differ by
    // 7e-7 in the second step, 7e-5 in the third and 1e-2 in the fourth.
    check("resnet", resnet::run, |step| [1e-5, 1e-3].get(step).copied().unwrap_or(5e-2));
}

/// Characters of a program, without blanks and comments.
fn characters(text: &str, comment: &str) -> usize {
    let code = text.lines().map(|line| line.split(comment).next().unwrap_or_default());
    code.map(|line| line.chars().filter(|character| !character.is_whitespace()).count()).sum()
}

#[test]
fn programs_are_about_as_short_as_those_of_pytorch() {
    let read = |path: &str| {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        fs::read_to_string(tests.join(path)).unwrap()
    };
    for name in ["softmax", "mlp", "lenet", "char_rnn", "transformer", "resnet"] {
        let rust = read(&format!("courses/{name}.rs"));
        let (_, cells) = rust.split_once("// cells\n").unwrap();
        let (cells, _) = cells.split_once("// end\n").unwrap();
        let here = characters(cells, "//");
        let there = characters(&read(&format!("oracle/courses/{name}.py")), "#");
        let ratio = here as f64 / there as f64;
        println!("{name}: {here} characters, PyTorch {there}, ratio {ratio:.2}");
        assert!(ratio <= 1.4, "{name}: {here} characters beside PyTorch's {there}");
    }
}
