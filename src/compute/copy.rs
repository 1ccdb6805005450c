//! Copies in which elements lie in the order of their axes: what an operation takes that wants neighbours.
//!
//! A copy goes block by block, so that reading and writing both find what a core's cache has just taken in; candle's goes
//! element by element. `op.rs` copies its arguments with it, and `torch::contiguous` is its name for a learner.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType, bail};

use super::beside::Beside;
use super::room::Room;
use super::{loops, threads};

/// The tensor itself if its elements lie in the order of its axes, else a copy in which they do.
pub(crate) fn contiguous(x: &Tensor) -> Result<Tensor> {
    if x.is_contiguous() { Ok(x.clone()) } else { x.apply_op1(Copied) }
}

/// The elements of a contiguous tensor of these dims with its axes in another order.
pub(crate) fn permuted<T: WithDType>(xs: &[T], dims: &[usize], axes: &[usize]) -> Vec<T> {
    let strides = Layout::contiguous(dims).stride().to_vec();
    let in_order = |of: &[usize]| axes.iter().map(|axis| of[*axis]).collect::<Vec<_>>();
    let layout = Layout::new(Shape::from(in_order(dims)), in_order(&strides), 0);
    Plan::new(&layout).copied_on_all_cores(xs)
}

struct Copied;

/// The elements from a view's first one on; none where a part of an empty tensor begins behind the end of its storage.
fn from<'a, T>(source: &'a [T], layout: &Layout) -> &'a [T] {
    source.get(layout.start_offset()..).unwrap_or_default()
}

impl CustomOp1 for Copied {
    fn name(&self) -> &'static str {
        "torch::contiguous"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let plan = Plan::new(layout);
        macro_rules! copy {
            ($($dtype:ident),*; $($other:ident),*) => {
                match storage {
                    $(CpuStorage::$dtype(source) => {
                        CpuStorage::$dtype(plan.copied_on_all_cores(from(source, layout)))
                    })*
                    $(CpuStorage::$other(source) => {
                        CpuStorage::$other(plan.copied(from(source, layout)))
                    })*
                    _ => bail!("torch::contiguous: not implemented for this dtype"),
                }
            };
        }
        let copy = copy!(F32, F64; U8, U32, I16, I32, I64, F16, BF16);
        Ok((copy, layout.shape().clone()))
    }

    fn bwd(&self, _arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.clone()))
    }
}

/// An axis: how many steps there are, and how far the source moves with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Steps {
    count: usize,
    stride: usize,
}

/// The order of a copy: lines, of which there is one for each step of the outer axes.
#[derive(Debug)]
struct Plan {
    outer: Vec<Steps>,
    /// The axes of a line.
    inner: Vec<Steps>,
    /// The elements of a line.
    line: usize,
}

/// How many lines, and how many elements of each, are copied as one block.
const BLOCK: usize = 16;

impl Plan {
    fn new(layout: &Layout) -> Plan {
        let mut axes: Vec<Steps> = Vec::new();
        for (count, stride) in layout.dims().iter().copied().beside(layout.stride().iter().copied())
        {
            match axes.last_mut() {
                _ if count == 1 => {}
                // Two axes that lie one within the other are one.
                Some(last) if last.stride == count * stride => {
                    *last = Steps { count: last.count * count, stride };
                }
                _ => axes.push(Steps { count, stride }),
            }
        }
        // Lines that are neighbours in the source are copied in blocks.
        let last = axes.len().saturating_sub(1);
        let beside = axes.iter().position(|steps| steps.stride == 1).filter(|place| *place < last);
        let inner = axes.split_off(beside.map_or(last, |place| place + 1));
        let line = inner.iter().map(|steps| steps.count).product();
        Plan { outer: axes, inner, line }
    }

    fn len(&self) -> usize {
        self.outer.iter().map(|steps| steps.count).product::<usize>() * self.line
    }

    /// How many lines one thread copies at a time.
    fn lines_at_once(&self) -> usize {
        (loops::PIECE / self.line.max(1)).next_multiple_of(BLOCK).max(BLOCK)
    }

    fn copied<T: WithDType>(&self, source: &[T]) -> Vec<T> {
        let mut copy = vec![T::zero(); self.len()];
        let lines = self.lines_at_once();
        let size = (lines * self.line).max(1);
        threads::pieces(&mut copy, size, 1, &|index, out| self.copy(source, index * lines, out));
        copy
    }

    fn copied_on_all_cores<T: WithDType>(&self, source: &[T]) -> Vec<T> {
        let lines = self.lines_at_once();
        let size = (lines * self.line).max(1);
        if self.are_beside() {
            return loops::by_pieces(self.len(), size, |index, out| {
                self.copy(source, index * lines, out);
            });
        }
        let lines = self.outer.last().copied().unwrap_or(Steps { count: 1, stride: 0 });
        loops::appended(self.len(), size, |start, room| {
            let first = start / self.line;
            let (mut offset, mut steps) = (self.offset(first), first % lines.count);
            for line in first + 1.. {
                append_line(&self.inner, &source[offset..], room);
                if room.left() == 0 {
                    break;
                }
                (offset, steps) = (offset + lines.stride, steps + 1);
                if steps == lines.count {
                    (offset, steps) = (self.offset(line), 0);
                }
            }
        })
    }

    /// Whether neighbours in the source are in different lines.
    fn are_beside(&self) -> bool {
        self.outer.last().is_some_and(|lines| lines.stride == 1)
    }

    /// Where a line begins in the source.
    fn offset(&self, line: usize) -> usize {
        let (mut offset, mut steps) = (0, line);
        for axis in self.outer.iter().rev() {
            offset += steps % axis.count * axis.stride;
            steps /= axis.count;
        }
        offset
    }

    /// Writes some lines, of which `first` is the number of the first one.
    fn copy<T: Copy>(&self, source: &[T], first: usize, out: &mut [T]) {
        let Some((lines, front)) = self.outer.split_last() else {
            return copy_line(&self.inner, source, out);
        };
        let (mut first, mut out) = (first, out);
        while !out.is_empty() {
            // The lines up to the next step of the axes in front.
            let (mut steps, place) = (first / lines.count, first % lines.count);
            let count = (lines.count - place).min(out.len() / self.line);
            let mut offset = place * lines.stride;
            for axis in front.iter().rev() {
                offset += steps % axis.count * axis.stride;
                steps /= axis.count;
            }
            let (some, rest) = out.split_at_mut(count * self.line);
            let source = &source[offset..];
            if lines.stride == 1 {
                copy_neighbours(&self.inner, source, some, self.line, count);
            } else {
                for (index, out) in some.chunks_exact_mut(self.line).enumerate() {
                    copy_line(&self.inner, &source[index * lines.stride..], out);
                }
            }
            (first, out) = (first + count, rest);
        }
    }
}

/// Writes a line by itself, where nothing has been written before.
fn append_line<T: Copy>(inner: &[Steps], source: &[T], room: &mut Room<'_, T>) {
    match *inner {
        [] => room.copy(&source[..1]),
        [Steps { count, stride: 1 }] => room.copy(&source[..count]),
        [Steps { count, stride: 0 }] => room.fill(count, source[0]),
        [Steps { count, stride }] => {
            let source = &source[..(count - 1) * stride + 1];
            room.each(source.iter().step_by(stride), |x| *x);
        }
        [Steps { count, stride }, ref rest @ ..] => {
            for index in 0..count {
                append_line(rest, &source[index * stride..], room);
            }
        }
    }
}

/// Writes a line by itself.
fn copy_line<T: Copy>(inner: &[Steps], source: &[T], out: &mut [T]) {
    match inner {
        [] => out.copy_from_slice(&source[..out.len()]),
        [Steps { stride: 1, .. }] => out.copy_from_slice(&source[..out.len()]),
        [Steps { stride: 0, .. }] => out.fill(source[0]),
        [Steps { stride, .. }] => {
            out.iter_mut().beside(source.iter().step_by(*stride)).for_each(|(out, x)| *out = *x);
        }
        [axis, rest @ ..] => {
            let part = (out.len() / axis.count).max(1);
            for (index, out) in out.chunks_exact_mut(part).enumerate() {
                copy_line(rest, &source[index * axis.stride..], out);
            }
        }
    }
}

/// Writes lines whose elements lie side by side in the source; `out` begins with the first element of the first line,
/// and `line` leads from line to line.
fn copy_neighbours<T: Copy>(
    inner: &[Steps],
    source: &[T],
    out: &mut [T],
    line: usize,
    count: usize,
) {
    match inner {
        [] => {}
        [last] => copy_blocks(*last, source, out, line, count),
        [axis, rest @ ..] => {
            let part = rest.iter().map(|axis| axis.count).product::<usize>();
            for index in 0..axis.count {
                let source = &source[index * axis.stride..];
                copy_neighbours(rest, source, &mut out[index * part..], line, count);
            }
        }
    }
}

fn copy_blocks<T: Copy>(
    Steps { count: size, stride }: Steps,
    source: &[T],
    out: &mut [T],
    line: usize,
    count: usize,
) {
    for column in (0..size).step_by(BLOCK) {
        for row in (0..count).step_by(BLOCK) {
            let (width, height) = (BLOCK.min(size - column), BLOCK.min(count - row));
            let source = &source[column * stride + row..];
            let out = &mut out[row * line + column..];
            if (width, height) == (BLOCK, BLOCK) && stride > 0 {
                copy_block(source, stride, out, line);
                continue;
            }
            for index in 0..height {
                let out = &mut out[index * line..][..width];
                out.iter_mut().enumerate().for_each(|(at, out)| *out = source[at * stride + index]);
            }
        }
    }
}

/// A whole block: its columns are rows of the source.
#[inline(always)]
fn copy_block<T: Copy>(source: &[T], stride: usize, out: &mut [T], line: usize) {
    let mut block = [[source[0]; BLOCK]; BLOCK];
    for (row, source) in block.iter_mut().beside(source.chunks(stride)) {
        row.copy_from_slice(&source[..BLOCK]);
    }
    for (index, out) in out.chunks_mut(line).take(BLOCK).enumerate() {
        let out = &mut out[..BLOCK];
        out.iter_mut().beside(&block).for_each(|(out, row)| *out = row[index]);
    }
}
