//! `x[0]`, `x[1..3]`, `x[(.., -1)]`, `x[mask]` in a formula: PyTorch's indices of a tensor, or Rust's of anything else.
//!
//! The type of what is indexed decides, while the formula is compiled. `t!` calls `part` of `&&&&At`, and the compiler
//! takes the first trait that fits, from the most references to the least: [`OfTensor`], [`OfOther`], [`OfHeld`],
//! [`OfHeldTwice`], and [`OfNothing`] for the words of the error. `t!` writes `x[:, 1]` and `x[..., None]` as places that are defined here.

use std::ops::{
    Deref, Index, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive,
};

use candle_core::{DType, Device, Result, Tensor, Var};

use super::{Operand, Value};
use crate::error::{fail, fail_index};
use crate::tensor::axis::Axis;
use crate::tensor::parts;
use crate::torch;

/// What stands in the brackets, for one axis or several.
#[derive(Debug)]
pub enum Part {
    /// One place, which takes the axis away; negative ones count from the end.
    One(i64),
    /// The places from one to another, as far as there are such.
    Some(Option<i64>, Option<i64>),
    /// As many whole axes as are left over.
    Rest,
    /// A new axis of size 1.
    New,
    /// The places that a mask or a tensor of whole numbers tells.
    Of(Tensor),
}

/// PyTorch's `...` in brackets.
#[derive(Debug, Clone, Copy)]
pub struct Ellipsis;

/// PyTorch's `None` in brackets.
#[derive(Debug, Clone, Copy)]
pub struct NewAxis;

/// What may stand in the brackets behind a tensor.
pub trait Place {
    /// The parts, axis after axis.
    fn parts(&self, parts: &mut Vec<Part>);
}

macro_rules! places {
    ($($type:ty: |$it:ident| $part:expr;)*) => {$(
        impl Place for $type {
            fn parts(&self, parts: &mut Vec<Part>) {
                let $it = self;
                parts.push($part);
            }
        }
    )*};
}

places! {
    i32: |it| Part::One(it.number());
    i64: |it| Part::One(it.number());
    isize: |it| Part::One(it.number());
    usize: |it| Part::One(it.number());
    u32: |it| Part::One(it.number());
    RangeFull: |_it| Part::Some(None, None);
    Ellipsis: |_it| Part::Rest;
    NewAxis: |_it| Part::New;
    Tensor: |it| Part::Of(it.clone());
    Var: |it| Part::Of(it.as_tensor().clone());
}

macro_rules! ranges {
    ($($range:ident: |$it:ident| $from:expr, $to:expr;)*) => {$(
        impl<A: Axis> Place for $range<A> {
            fn parts(&self, parts: &mut Vec<Part>) {
                let $it = self;
                parts.push(Part::Some($from, $to));
            }
        }
    )*};
}

// Behind the last place is the end, which -1 doesn't name.
ranges! {
    Range: |it| Some(it.start.number()), Some(it.end.number());
    RangeFrom: |it| Some(it.start.number()), None;
    RangeTo: |it| None, Some(it.end.number());
    RangeInclusive: |it| Some(it.start().number()), it.end().number().checked_add(1).filter(|end| *end != 0);
    RangeToInclusive: |it| None, it.end.number().checked_add(1).filter(|end| *end != 0);
}

impl<T: Place + ?Sized> Place for &T {
    fn parts(&self, parts: &mut Vec<Part>) {
        (**self).parts(parts);
    }
}

impl Place for Value {
    fn parts(&self, parts: &mut Vec<Part>) {
        match self {
            Value::Int(number) => parts.push(Part::One(*number)),
            // What failed, and a number with a fraction, is told where the tensor is asked for.
            value => parts.extend(value.value().into_tensor().map(Part::Of)),
        }
    }
}

macro_rules! tuples {
    ($(($($part:ident $place:tt),*))*) => {$(
        impl<$($part: Place),*> Place for ($($part,)*) {
            fn parts(&self, parts: &mut Vec<Part>) {
                $(self.$place.parts(parts);)*
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, E 3)
    (A 0, B 1, C 2, E 3, F 4)
}

/// Something with an index behind it.
#[allow(missing_debug_implementations)]
pub struct At<'a, T: ?Sized, I>(&'a T, &'a I);

impl<'a, T: ?Sized, I> At<'a, T, I> {
    /// `of[index]`
    pub fn new(of: &'a T, index: &'a I) -> Self {
        At(of, index)
    }
}

/// The index of a tensor.
pub trait OfTensor {
    /// The part of the tensor.
    fn part(&self, text: &'static str) -> Value;
}

impl<T: Operand + ?Sized, I: Place> OfTensor for &&&At<'_, T, I> {
    fn part(&self, text: &'static str) -> Value {
        let mut parts = Vec::new();
        self.1.parts(&mut parts);
        match self.0.value() {
            Value::Failed(error) => Value::Failed(error),
            value => indexed(text, value, parts).into(),
        }
    }
}

/// The index of anything else.
pub trait OfOther<'a> {
    /// What Rust finds there.
    type Found: ?Sized;

    /// What stands there. Panics if nothing does, as Rust's brackets.
    fn part(&self, text: &'static str) -> &'a Self::Found;
}

impl<'a, T: Index<I> + ?Sized, I: Clone> OfOther<'a> for &&&&At<'a, T, I> {
    type Found = T::Output;

    fn part(&self, _: &'static str) -> &'a T::Output {
        &self.0[self.1.clone()]
    }
}

/// The index of what a reference, a box or an `Arc` holds.
pub trait OfHeld<'a> {
    /// What Rust finds there.
    type Found: ?Sized;

    /// What stands there. Panics if nothing does, as Rust's brackets.
    fn part(&self, text: &'static str) -> &'a Self::Found;
}

impl<'a, T: Deref<Target: Index<I>>, I: Clone> OfHeld<'a> for &&At<'a, T, I> {
    type Found = <T::Target as Index<I>>::Output;

    fn part(&self, _: &'static str) -> &'a Self::Found {
        &(**self.0)[self.1.clone()]
    }
}

/// The same through two of them, such as a reference to a box.
pub trait OfHeldTwice<'a> {
    /// What Rust finds there.
    type Found: ?Sized;

    /// What stands there. Panics if nothing does, as Rust's brackets.
    fn part(&self, text: &'static str) -> &'a Self::Found;
}

impl<'a, T: Deref<Target: Deref<Target: Index<I>>>, I: Clone> OfHeldTwice<'a> for &At<'a, T, I> {
    type Found = <<T::Target as Deref>::Target as Index<I>>::Output;

    fn part(&self, _: &'static str) -> &'a Self::Found {
        &(***self.0)[self.1.clone()]
    }
}

/// That something can be indexed so. Nothing has it: it is asked for where nothing else fits, for the compiler's words.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be indexed by `{I}` in a formula",
    label = "no index of a tensor",
    note = "a tensor takes numbers, ranges, masks, tensors of whole numbers and tuples of them"
)]
pub trait IndexedBy<I> {}

/// The index of what has none.
pub trait OfNothing<T: ?Sized, I> {
    /// Doesn't compile.
    fn part(&self, text: &'static str) -> Value
    where
        T: IndexedBy<I>;
}

impl<T: ?Sized, I> OfNothing<T, I> for At<'_, T, I> {
    fn part(&self, text: &'static str) -> Value
    where
        T: IndexedBy<I>,
    {
        unreachable!("{text} doesn't compile")
    }
}

/// What an index has given, as a place for another index: `x[order[0]]`.
pub trait Taken {
    /// A value of a formula, or what Rust has found.
    type Place;

    /// The place.
    fn taken(self) -> Self::Place;
}

impl Taken for Value {
    type Place = Value;

    fn taken(self) -> Value {
        self
    }
}

impl<T: Clone> Taken for &T {
    type Place = T;

    fn taken(self) -> T {
        self.clone()
    }
}

/// What an index has given, as a place for another index.
pub fn taken<T: Taken>(found: T) -> T::Place {
    found.taken()
}

/// What an index has given, where no formula takes it: a tensor of its own, or a reference to what Rust has found.
#[derive(Debug)]
pub struct Held<T>(T);

impl Held<Tensor> {
    /// What is held.
    pub fn get(&self) -> &Tensor {
        &self.0
    }
}

impl<T: ?Sized> Held<&T> {
    /// What is held.
    pub fn get(&self) -> &T {
        self.0
    }
}

/// What can be held so.
pub trait Holdable {
    /// A tensor or a reference.
    type Held;

    /// Fails if the formula before has failed.
    fn hold(self) -> Result<Held<Self::Held>>;
}

impl Holdable for Value {
    type Held = Tensor;

    fn hold(self) -> Result<Held<Tensor>> {
        self.into_tensor().map(Held)
    }
}

impl<'a, T: ?Sized> Holdable for &'a T {
    type Held = &'a T;

    fn hold(self) -> Result<Held<&'a T>> {
        Ok(Held(self))
    }
}

/// What an index has given, where a method or a function that is no formula takes it.
///
/// # Errors
///
/// The formula's own.
pub fn held<T: Holdable>(found: T) -> Result<Held<T::Held>> {
    found.hold()
}

fn indexed(text: &'static str, value: Value, parts: Vec<Part>) -> Result<Tensor> {
    let mut x = match value {
        Value::Int(_) | Value::Float(_) => return fail(text, "a number has no elements"),
        value => value.into_tensor()?,
    };
    let width = |part: &Part| match part {
        Part::One(_) | Part::Some(..) => 1,
        Part::Of(mask) if is_mask(mask) => mask.rank(),
        Part::Of(_) => 1,
        Part::Rest | Part::New => 0,
    };
    let named = parts.iter().map(width).sum::<usize>();
    if named > x.rank() {
        return fail_index(
            text,
            format_args!("too many indices for tensor of dimension {}", x.rank()),
        );
    }
    if parts.iter().filter(|part| matches!(part, Part::Rest)).count() > 1 {
        return fail_index(text, "an index can only have a single ellipsis ('...')");
    }
    if parts.iter().filter(|part| matches!(part, Part::Of(_))).count() > 1 {
        return fail(text, "a formula takes one mask or tensor of places (see torch::gather)");
    }
    let rest = x.rank() - named;
    let mut axis = 0;
    for part in &parts {
        match part {
            Part::Rest => axis += rest,
            Part::New => {
                x = torch::unsqueeze(&x, axis)?;
                axis += 1;
            }
            Part::One(at) => {
                let size = x.dims()[axis];
                let len = size as i64;
                if !(-len..len).contains(at) {
                    return fail_index(
                        text,
                        format_args!(
                            "index {at} is out of bounds for dimension {axis} with size {size}"
                        ),
                    );
                }
                x = torch::select(&x, axis, *at)?;
            }
            Part::Some(from, to) => {
                x = cut(&x, axis, *from, *to)?;
                axis += 1;
            }
            Part::Of(index) => {
                let (found, axes) = picked(text, &x, axis, index)?;
                (x, axis) = (found, axis + axes);
            }
        }
    }
    Ok(x)
}

fn is_mask(index: &Tensor) -> bool {
    index.dtype() == DType::U8
}

/// The places from one to another, which may lie outside, as Python's slices.
fn cut(x: &Tensor, axis: usize, from: Option<i64>, to: Option<i64>) -> Result<Tensor> {
    if from.is_none() && to.is_none() {
        return Ok(x.clone());
    }
    let len = x.dims()[axis] as i64;
    let place = |at: i64| (if at < 0 { at + len } else { at }).clamp(0, len);
    let (from, to) = (from.map_or(0, place), to.map_or(len, place));
    torch::narrow(x, axis, from, usize::try_from(to - from).unwrap_or(0))
}

/// The places that a tensor tells, from an axis on, and how many axes they have in the result.
fn picked(text: &'static str, x: &Tensor, axis: usize, index: &Tensor) -> Result<(Tensor, usize)> {
    if !index.dtype().is_int() {
        return fail(
            text,
            "tensors used as indices must be masks (u8) or whole numbers (convert with .long()?)",
        );
    }
    if !is_mask(index) {
        let flat = torch::index_select(x, axis, &wrapped(&index.flatten_all()?, x.dims()[axis])?)?;
        let dims = [&x.dims()[..axis], index.dims(), &x.dims()[axis + 1..]].concat();
        return Ok((flat.reshape(dims)?, index.rank()));
    }
    let of = &x.dims()[axis..axis + index.rank()];
    if of != index.dims() {
        return fail_index(
            text,
            format_args!(
                "The shape of the mask {:?} does not match the shape of the indexed tensor {:?} at index 0",
                index.dims(),
                x.dims()
            ),
        );
    }
    let dims = [&x.dims()[..axis], &[index.elem_count()], &x.dims()[axis + index.rank()..]];
    let flat = x.reshape(dims.concat())?;
    let places = torch::nonzero(&index.flatten_all()?)?.flatten_all()?;
    Ok((torch::index_select(&flat, axis, &places)?, 1))
}

/// Places of which negative ones count from the end.
fn wrapped(places: &Tensor, len: usize) -> Result<Tensor> {
    let places = parts::values::<i64>(places)?;
    let wrap = |at: i64| if at < 0 { at + len as i64 } else { at };
    Tensor::new(places.into_iter().map(wrap).collect::<Vec<_>>(), &Device::Cpu)
}
