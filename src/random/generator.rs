//! A generator as PyTorch's on the CPU: a twister, how far it is, and single numbers.
//!
//! Draws of many numbers are in `draw.rs`. What is skipped costs nothing until the next number is drawn.

use std::f64::consts::PI;

use super::draw::{Draw, Recipe, fraction};
use super::normal::BLOCK;
use super::twister::Twister;

/// PyTorch's generator.
#[derive(Clone)]
pub(crate) struct Generator {
    seed: u64,
    /// How many numbers were taken, with those that the twister is behind.
    drawn: u64,
    /// How many of the numbers taken the twister has still to skip.
    behind: u64,
    twister: Twister,
    /// Few normal numbers come in pairs; the second one waits here.
    spare: Option<f64>,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        // PyTorch uses the low half of the seed.
        let twister = Twister::new(seed as u32);
        Generator { seed, drawn: 0, behind: 0, twister, spare: None }
    }

    /// What it started from.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Its seed, the numbers drawn since, and half a pair of normals.
    pub(super) fn state(&self) -> String {
        let Generator { seed, drawn, spare, .. } = self;
        let spare = spare.map_or(String::new(), |spare| spare.to_bits().to_string());
        format!("{seed} {drawn} {spare}")
    }

    /// The generator that gave this state.
    pub(super) fn at(state: &str) -> Option<Self> {
        let mut parts = state.split(' ').map(|part| part.parse::<u64>().ok());
        let mut generator = Generator::new(parts.next()??);
        generator.skip(parts.next()??);
        generator.spare = parts.next().flatten().map(f64::from_bits);
        Some(generator)
    }

    /// Leaves out `count` of the twister's numbers.
    pub(crate) fn skip(&mut self, count: u64) {
        self.drawn += count;
        self.behind += count;
    }

    /// Begins a draw; its numbers are made later.
    pub(crate) fn begin<T, R: Recipe<T>>(&mut self, count: usize, recipe: R) -> Draw<R> {
        let (draw, taken) = Draw::begin(self.twister(), count, recipe);
        self.drawn += taken;
        draw
    }

    pub(super) fn next_u32(&mut self) -> u32 {
        self.drawn += 1;
        self.twister().next_u32()
    }

    pub(super) fn next_u64(&mut self) -> u64 {
        let high = u64::from(self.next_u32());
        high << 32 | u64::from(self.next_u32())
    }

    pub(super) fn uniform(&mut self) -> f64 {
        fraction(self.next_u64())
    }

    /// Fewer than [`BLOCK`] normal numbers, which are drawn in pairs.
    pub(super) fn few_normals(&mut self, count: usize, mean: f64, deviation: f64) -> Vec<f64> {
        debug_assert!(count < BLOCK, "more are drawn in blocks");
        (0..count).map(|_| self.normal().mul_add(deviation, mean)).collect()
    }

    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let (angle, distance) = (self.uniform(), self.uniform());
        let radius = (-2.0 * (-distance).ln_1p()).sqrt();
        let theta = 2.0 * PI * angle;
        self.spare = Some(radius * theta.sin());
        radius * theta.cos()
    }

    /// The twister where it has to be.
    fn twister(&mut self) -> &mut Twister {
        if self.behind > 0 {
            self.twister.advance(self.behind);
            self.behind = 0;
        }
        &mut self.twister
    }
}
