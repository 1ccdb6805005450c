//! PyTorch's generator on the CPU, the one of the process: its seed, its state, `rand` and `randn`.
//!
//! The same seed gives the numbers that PyTorch gives, so that a lesson's figures can be compared. Permutations, whole
//! numbers and the filling of variables are in `sampling.rs`.

mod draw;
mod generator;
mod normal;
pub(crate) mod own;
mod twister;

use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use candle_core::{DType, Device, Result, Shape, Tensor};

pub(crate) use self::draw::{Coin, FRACTIONS, Normal, Recipe, Uniform, Whole, WideWhole, Words};
use self::draw::{Draw, Exponential};
pub(crate) use self::generator::Generator;
use self::normal::BLOCK;
pub(crate) use self::own::{PROCESS, Source};
pub(crate) use self::twister::Twister;
use crate::compute::number::Number;
use crate::tensor::size;

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

/// Uniform `f32` numbers from 0 up to, but not with, 1; `torch.rand`, with its numbers.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let x = torch::rand((2, 2))?;
/// assert_eq!(x.to_vec2::<f32>()?, [[0.49625659, 0.7682218], [0.08847743, 0.13203049]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn rand(shape: impl Into<Shape>) -> Result<Tensor> {
    uniform(shape.into())
}

// Not generic, as the functions like it, and so not compiled again in every cell.
fn uniform(shape: Shape) -> Result<Tensor> {
    let count = size::checked("torch::rand", shape.dims(), size_of::<f32>())?;
    Tensor::from_vec(floats::<f32, _>(count, FRACTIONS), shape, &Device::Cpu)
}

/// Standard normal `f32` numbers; `torch.randn`, with its numbers.
///
/// They are those of PyTorch on processors with AVX2 (nearly all of x86-64), to the bit; on others PyTorch rounds
/// some last digits differently.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let x = torch::randn((2, 2))?;
/// assert_eq!(x.to_vec2::<f32>()?, [[1.5409961, -0.2934289], [-2.1787894, 0.56843126]]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn randn(shape: impl Into<Shape>) -> Result<Tensor> {
    standard_normal(shape.into())
}

fn standard_normal(shape: Shape) -> Result<Tensor> {
    let count = size::checked("torch::randn", shape.dims(), size_of::<f32>())?;
    Tensor::from_vec(normals::<f32>(count, STANDARD), shape, &Device::Cpu)
}

/// Mean 0 and deviation 1.
const STANDARD: Normal = Normal { mean: 0.0, deviation: 1.0 };

/// A number that another generator can start from.
pub(crate) fn fresh_seed() -> u64 {
    PROCESS.fresh_seed()
}

/// Uniform numbers from `low` to `high`: one for each `true`, and `otherwise` for each `false`.
pub(crate) fn uniform_where(
    places: impl Iterator<Item = bool>,
    low: f64,
    high: f64,
    otherwise: f64,
) -> Vec<f64> {
    with_generator(|generator| {
        let draw =
            |is_drawn| if is_drawn { generator.uniform() * (high - low) + low } else { otherwise };
        places.map(draw).collect()
    })
}

/// `f32` numbers that are exponentially distributed with mean 1; none is 0.
pub(crate) fn exponential(shape: &Shape) -> Result<Tensor> {
    Tensor::from_vec(floats::<f32, _>(shape.elem_count(), Exponential), shape, &Device::Cpu)
}

/// Numbers of a dtype that are exponentially distributed with mean 1; none is 0.
pub(crate) fn exponentials(function: &str, shape: &Shape, dtype: DType) -> Result<Tensor> {
    let count = size::checked(function, shape.dims(), size_of::<f64>())?;
    match dtype {
        DType::F64 => Tensor::from_vec(floats::<f64, _>(count, Exponential), shape, &Device::Cpu),
        dtype => exponential(shape)?.to_dtype(dtype),
    }
}

/// `f64` numbers that are exponentially distributed with mean 1; none is 0.
pub(crate) fn exponential_f64(count: usize, source: Source) -> Vec<f64> {
    source.floats(count, Exponential)
}

/// Floats of the generator.
pub(crate) fn floats<T: Number, R: Recipe<T>>(count: usize, recipe: R) -> Vec<T> {
    begin(count, recipe).floats()
}

/// Numbers of the generator that are no floats.
pub(crate) fn others<T: Copy + Default + Send, R: Recipe<T> + Send>(
    count: usize,
    recipe: R,
) -> Vec<T> {
    begin(count, recipe).others()
}

/// Normal numbers of the generator.
pub(crate) fn normals<T: Number>(count: usize, normal: Normal) -> Vec<T>
where
    Normal: Recipe<T>,
{
    if count < BLOCK { few_normals(count, normal) } else { floats(count, normal) }
}

/// Normal numbers as PyTorch rounds them to a type of 16 bits. If they aren't whole blocks, their last block is drawn
/// in the place of the last numbers, and not after them.
pub(crate) fn normals_for_halves(count: usize, normal: Normal) -> Vec<f32> {
    if count < BLOCK || count.is_multiple_of(BLOCK) {
        return normals(count, normal);
    }
    let (whole, last) = with_generator(|generator| {
        let whole = generator.begin::<f32, _>(count - count % BLOCK, normal);
        (whole, generator.begin::<f32, _>(BLOCK, normal))
    });
    let mut numbers = whole.floats();
    numbers.truncate(count - BLOCK);
    numbers.extend(last.floats::<f32>());
    numbers
}

fn few_normals<T: Number>(count: usize, Normal { mean, deviation }: Normal) -> Vec<T> {
    let numbers = with_generator(|generator| generator.few_normals(count, mean, deviation));
    numbers.into_iter().map(T::of).collect()
}

fn begin<T, R: Recipe<T>>(count: usize, recipe: R) -> Draw<R> {
    PROCESS.begin(count, recipe)
}

/// A generator that stands where this one does, which itself skips `count` of the twister's numbers: what the copy
/// draws later is what would have been drawn now.
pub(crate) fn reserve(count: u64) -> Generator {
    with_generator(|generator| {
        let copy = generator.clone();
        generator.skip(count);
        copy
    })
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

/// Where the generator stands, as a text; also what it skips without having done so yet.
pub(crate) fn state() -> Option<String> {
    generator().as_ref().map(Generator::state)
}

/// Brings the generator to where it stood when [`state`] gave this text; ignores any other text.
pub(crate) fn restore(state: &str) {
    if let Some(restored) = Generator::at(state) {
        *generator() = Some(restored);
    }
}

/// The generator itself, for [`put_back`].
pub(crate) fn copy() -> Option<Generator> {
    generator().clone()
}

/// Takes back all that was drawn since [`copy`].
pub(crate) fn put_back(copy: Option<Generator>) {
    *generator() = copy;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of each way to draw, which tell where the generator stands.
    fn some() -> (Vec<f32>, Vec<f64>, u64) {
        (normals(5, STANDARD), normals(20, STANDARD), fresh_seed())
    }

    #[test]
    fn generator_goes_on_where_it_stood() {
        manual_seed(3);
        some();
        // A model whose weights nobody has looked at.
        reserve(1_000_001);
        let (kept, copied) = (state().expect("it was seeded"), copy());
        let expected = some();
        put_back(copied);
        assert_eq!(some(), expected);
        manual_seed(4);
        restore("no state");
        restore(&kept);
        assert_eq!(state(), Some(kept));
        assert_eq!(some(), expected);
    }

    #[test]
    fn skipped_numbers_are_those_that_the_copy_draws() {
        manual_seed(3);
        let expected = (floats::<f32, _>(1000, FRACTIONS), some());
        manual_seed(3);
        let mut reserved = reserve(1000);
        assert_eq!(some(), expected.1);
        assert_eq!(reserved.begin::<f32, _>(1000, FRACTIONS).floats::<f32>(), expected.0);
    }
}
