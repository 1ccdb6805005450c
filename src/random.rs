//! PyTorch's generator on the CPU: the Mersenne Twister, and what PyTorch makes of its numbers.
//!
//! The same seed gives the numbers that PyTorch gives, so that a lesson's figures can be compared.

use std::f64::consts::PI;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use candle_core::{Device, Result, Shape, Tensor};
use rand_mt::Mt;

/// From this many numbers on, PyTorch draws normals in blocks of sixteen.
const BLOCK: usize = 16;

/// Starts the generator of [`rand`], [`randn`] and the models anew.
///
/// PyTorch draws the same numbers from the same seed.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let first = torch::randn(&[2])?.to_vec1::<f32>()?;
/// torch::manual_seed(0);
/// assert_eq!(torch::randn(&[2])?.to_vec1::<f32>()?, first);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn manual_seed(seed: u64) {
    *generator() = Some(Generator::new(seed));
}

/// Uniform `f32` numbers from 0 up to, but not with, 1; `torch.rand`.
pub fn rand(shape: impl Into<Shape>) -> Result<Tensor> {
    let shape = shape.into();
    let values = with_generator(|generator| {
        (0..shape.elem_count()).map(|_| generator.uniform_f32()).collect::<Vec<_>>()
    });
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// Standard normal `f32` numbers; `torch.randn`.
pub fn randn(shape: impl Into<Shape>) -> Result<Tensor> {
    let shape = shape.into();
    let values = with_generator(|generator| generator.normals(shape.elem_count()));
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// A number that another generator can start from.
pub(crate) fn fresh_seed() -> u64 {
    with_generator(|generator| generator.next_u64())
}

/// Uniform numbers from `low` to `high`: one for each `true`, and `otherwise` for each `false`.
pub(crate) fn uniform_where(
    places: impl Iterator<Item = bool>,
    low: f64,
    high: f64,
    otherwise: f64,
) -> Vec<f64> {
    with_generator(|generator| {
        let draw = |is_drawn| {
            if is_drawn { generator.uniform_f64() * (high - low) + low } else { otherwise }
        };
        places.map(draw).collect()
    })
}

/// `f32` numbers that are exponentially distributed with mean 1; none is 0.
pub(crate) fn exponential(shape: impl Into<Shape>) -> Result<Tensor> {
    let shape = shape.into();
    let values = with_generator(|generator| {
        let mut draw =
            || (-(-generator.uniform_f64()).ln_1p()).max(f64::from(f32::MIN_POSITIVE)) as f32;
        (0..shape.elem_count()).map(|_| draw()).collect::<Vec<_>>()
    });
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// The generator's next numbers of 32 bits, for what `sampling` makes of them.
pub(crate) fn next_u32s(count: usize) -> Vec<u32> {
    with_generator(|generator| (0..count).map(|_| generator.next_u32()).collect())
}

static GENERATOR: Mutex<Option<Generator>> = Mutex::new(None);

fn generator() -> MutexGuard<'static, Option<Generator>> {
    // A panic between two draws leaves a generator that still works.
    GENERATOR.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn with_generator<T>(draw: impl FnOnce(&mut Generator) -> T) -> T {
    draw(generator().get_or_insert_with(|| Generator::new(first_seed())))
}

/// The seed of a session that sets none, which its kernel gave.
static FIRST_SEED: OnceLock<u64> = OnceLock::new();

/// Sets the seed of a session that sets none: a session that is rebuilt after a crash gets the seed of
/// its first process. Only the first call counts.
pub(crate) fn set_first_seed(seed: u64) {
    // Whoever calls twice has the same process.
    let _ = FIRST_SEED.set(seed);
}

/// The seed of a session that sets none; without a kernel `AKARI_SEED`, else one made of the time.
fn first_seed() -> u64 {
    let given = || std::env::var("AKARI_SEED").ok().and_then(|seed| seed.trim().parse().ok());
    FIRST_SEED.get().copied().or_else(given).unwrap_or_else(|| {
        // Unseeded, two runs shall differ, as in PyTorch.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.as_nanos() as u64 ^ u64::from(std::process::id())
    })
}

/// Where the generator stands: its seed, the numbers drawn since, and half a pair of normals.
pub(crate) fn state() -> Option<String> {
    let generator = generator();
    let Generator { seed, drawn, spare, .. } = generator.as_ref()?;
    Some(format!(
        "{seed} {drawn} {}",
        spare.map_or(String::new(), |spare| spare.to_bits().to_string())
    ))
}

/// Brings the generator to where it stood when [`state`] gave this text; ignores any other text.
pub(crate) fn restore(state: &str) {
    let mut parts = state.split(' ').map(|part| part.parse::<u64>().ok());
    let (Some(Some(seed)), Some(Some(drawn))) = (parts.next(), parts.next()) else { return };
    let mut restored = Generator::new(seed);
    for _ in 0..drawn {
        restored.next_u32();
    }
    restored.spare = parts.next().flatten().map(f64::from_bits);
    *generator() = Some(restored);
}

/// The generator itself, for [`put_back`].
pub(crate) fn copy() -> Option<Generator> {
    generator().clone()
}

/// Takes back all that was drawn since [`copy`].
pub(crate) fn put_back(copy: Option<Generator>) {
    *generator() = copy;
}

#[derive(Clone)]
pub(crate) struct Generator {
    seed: u64,
    /// How many numbers the twister gave.
    drawn: u64,
    twister: Mt,
    /// Normals come in pairs; the second one waits here.
    spare: Option<f64>,
}

impl Generator {
    fn new(seed: u64) -> Self {
        // PyTorch uses the low half of the seed.
        Generator { seed, drawn: 0, twister: Mt::new(seed as u32), spare: None }
    }

    fn next_u32(&mut self) -> u32 {
        self.drawn += 1;
        self.twister.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        let high = u64::from(self.next_u32());
        high << 32 | u64::from(self.next_u32())
    }

    fn uniform_f32(&mut self) -> f32 {
        (self.next_u32() & 0xff_ffff) as f32 * (1.0 / 16_777_216.0)
    }

    fn uniform_f64(&mut self) -> f64 {
        (self.next_u64() & ((1 << 53) - 1)) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    fn normals(&mut self, count: usize) -> Vec<f32> {
        if count < BLOCK {
            return (0..count).map(|_| self.normal() as f32).collect();
        }
        let mut values = (0..count).map(|_| self.uniform_f32()).collect::<Vec<_>>();
        let whole = count - count % BLOCK;
        values[..whole].chunks_exact_mut(BLOCK).for_each(to_normals);
        if whole < count {
            // The last sixteen are drawn again, over numbers that are done already.
            let tail = &mut values[count - BLOCK..];
            tail.iter_mut().for_each(|value| *value = self.uniform_f32());
            to_normals(tail);
        }
        values
    }

    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let (angle, distance) = (self.uniform_f64(), self.uniform_f64());
        let radius = (-2.0 * (-distance).ln_1p()).sqrt();
        let theta = 2.0 * PI * angle;
        self.spare = Some(radius * theta.sin());
        radius * theta.cos()
    }
}

/// Box and Muller's transform of sixteen uniform numbers.
fn to_normals(block: &mut [f32]) {
    let (first, second) = block.split_at_mut(BLOCK / 2);
    for (a, b) in first.iter_mut().zip(second) {
        let radius = (-2.0 * f64::from(1.0 - *a).ln()).sqrt();
        let theta = 2.0 * PI * f64::from(*b);
        *a = (radius * theta.cos()) as f32;
        *b = (radius * theta.sin()) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generator_goes_on_where_it_stood() {
        manual_seed(3);
        with_generator(|generator| generator.normals(5));
        let kept = state().expect("it was seeded");
        let expected = with_generator(|generator| generator.normals(20));
        manual_seed(4);
        restore("no state");
        restore(&kept);
        assert_eq!(with_generator(|generator| generator.normals(20)), expected);
    }
}
