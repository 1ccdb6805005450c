//! Attention of several heads as one operation: without masks and dropout, and where nobody asks for the weights.
//!
//! What `attention.rs` makes of single functions has a dozen tensors on its way, each with a gradient of its own. Here a head
//! is cut out of queries, keys and values where they lie; its weights are computed again on the way back.

use candle_core::{Result, Shape, Tensor};

use super::softmax_rows::{Kind, SoftmaxRows};
use crate::compute::beside::Beside;
use crate::compute::loops;
use crate::compute::matrix::{Matrix, Workers, add_product};
use crate::compute::number::Number;
use crate::compute::op::{self, Arguments, Call, Gradients, Op};
use crate::compute::threads;

/// Queries, keys and values, each of `(N, length, E)`, or side by side in one tensor of `(N, length, 3 E)`.
pub(crate) enum Projected {
    Joined(Tensor),
    Apart([Tensor; 3]),
}

/// What each of some heads makes of its part of the last axis, side by side again: `(N, L, E)`. No size may be 0.
pub(crate) fn attend(
    function: &'static str,
    projected: &Projected,
    heads: usize,
) -> Result<Tensor> {
    let (args, [batch, length, keys, width]): (Arguments<&Tensor>, _) = match projected {
        Projected::Joined(all) => {
            let (batch, length, width) = all.dims3()?;
            ([all].into(), [batch, length, length, width / 3])
        }
        Projected::Apart([query, key, value]) => {
            let (batch, length, width) = query.dims3()?;
            ([query, key, value].into(), [batch, length, key.dims()[1], width])
        }
    };
    let shape = Shape::from((batch, length, width));
    op::apply(function, Heads { heads, batch, length, keys, width, shape }, args)
}

struct Heads {
    heads: usize,
    batch: usize,
    /// Queries of a sequence, and its keys.
    length: usize,
    keys: usize,
    /// The numbers of all heads.
    width: usize,
    shape: Shape,
}

/// Some rows that are `step` apart.
#[derive(Clone, Copy)]
struct Rows<'a, T> {
    values: &'a [T],
    count: usize,
    step: usize,
}

impl<T: Number> Rows<'_, T> {
    /// A part of each row, one after the other.
    fn part(&self, first: usize, width: usize, factor: T) -> Vec<T> {
        let mut part = Vec::with_capacity(self.count * width);
        for row in 0..self.count {
            let row = &self.values[row * self.step + first..][..width];
            part.extend(row.iter().map(|x| *x * factor));
        }
        part
    }
}

fn product<T: Number>(rows: usize, columns: usize, a: Matrix<'_, T>, b: Matrix<'_, T>) -> Vec<T> {
    let mut product = vec![T::ZERO; rows * columns];
    add_product(&mut product, a, b, Workers::One);
    product
}

impl Heads {
    /// The numbers of a head.
    fn head(&self) -> usize {
        self.width / self.heads
    }

    /// How many rows queries, keys and values have.
    fn counts(&self) -> [usize; 3] {
        [self.length, self.keys, self.keys]
    }

    /// Queries, keys and values of one sequence.
    fn sequence<'a, T>(&self, args: &[&'a [T]], index: usize) -> [Rows<'a, T>; 3] {
        let is_joined = args.len() == 1;
        let counts = self.counts();
        [0, 1, 2].map(|which: usize| {
            let count = counts[which];
            let (values, first, step) = match is_joined {
                true => (args[0], which * self.width, 3 * self.width),
                false => (args[which], 0, self.width),
            };
            Rows { values: &values[index * count * step + first..], count, step }
        })
    }

    /// Queries (which are scaled), keys and values of one head, and its weights.
    fn head_of<T: Number>(
        &self,
        sequence: &[Rows<'_, T>; 3],
        head: usize,
    ) -> ([Vec<T>; 3], Vec<T>) {
        let (width, scale) = (self.head(), T::of(self.scale()));
        let factors = [scale, T::ONE, T::ONE];
        let parts =
            [0, 1, 2].map(|which: usize| sequence[which].part(head * width, width, factors[which]));
        let [query, key, _] = &parts;
        let scores = product(
            self.length,
            self.keys,
            Matrix::new(query, self.length, width),
            Matrix::new(key, self.keys, width).transposed(),
        );
        let weights = self.softmax().forward(&scores);
        (parts, weights)
    }

    fn scale(&self) -> f64 {
        1.0 / (self.head() as f64).sqrt()
    }

    fn softmax(&self) -> SoftmaxRows {
        SoftmaxRows { kind: Kind::Softmax, is_negated: false, size: self.keys, inner: 1 }
    }

    /// Writes the columns of a head.
    fn put<T: Copy>(&self, part: &[T], head: usize, out: &mut [T]) {
        let width = self.head();
        for (out, row) in out.chunks_exact_mut(self.width).beside(part.chunks_exact(width)) {
            out[head * width..][..width].copy_from_slice(row);
        }
    }

    /// The gradients of queries, keys and values of one sequence.
    fn slopes<T: Number>(&self, args: &[&[T]], grad: &[T], index: usize) -> [Vec<T>; 3] {
        let (width, length, keys) = (self.head(), self.length, self.keys);
        let sequence = self.sequence(args, index);
        let of_all = &grad[index * length * self.width..][..length * self.width];
        let of_all = Rows { values: of_all, count: length, step: self.width };
        let mut slopes = self.counts().map(|count| vec![T::ZERO; count * self.width]);
        for head in 0..self.heads {
            let ([query, key, value], weights) = self.head_of(&sequence, head);
            let grad = of_all.part(head * width, width, T::ONE);
            let (query, key) = (Matrix::new(&query, length, width), Matrix::new(&key, keys, width));
            let value = Matrix::new(&value, keys, width);
            let of_result = Matrix::new(&grad, length, width);
            let of_weights = product(length, keys, of_result, value.transposed());
            let of_scores = self.softmax().backward(&weights, &of_weights);
            let of_scores = Matrix::new(&of_scores, length, keys);
            let weights = Matrix::new(&weights, length, keys);
            let mut of_query = product(length, width, of_scores, key);
            let scale = T::of(self.scale());
            of_query.iter_mut().for_each(|slope| *slope *= scale);
            // The queries have been scaled already.
            let of_key = product(keys, width, of_scores.transposed(), query);
            let of_value = product(keys, width, weights.transposed(), of_result);
            for (slopes, part) in slopes.iter_mut().beside([of_query, of_key, of_value]) {
                self.put(&part, head, slopes);
            }
        }
        slopes
    }
}

impl Op for Heads {
    fn forward<T: Number>(&self, args: &[&[T]]) -> Result<(Vec<T>, Shape)> {
        let (width, len) = (self.head(), self.shape.elem_count());
        let results = loops::by_pieces(len, self.length * self.width, |index, out: &mut [T]| {
            let sequence = self.sequence(args, index);
            for head in 0..self.heads {
                let ([_, _, value], weights) = self.head_of(&sequence, head);
                let weights = Matrix::new(&weights, self.length, self.keys);
                let value = Matrix::new(&value, self.keys, width);
                self.put(&product(self.length, width, weights, value), head, out);
            }
        });
        Ok((results, self.shape.clone()))
    }

    fn backward<T: Number>(&self, call: Call<'_, T>) -> Result<Gradients<T>> {
        let slopes =
            threads::collect(self.batch, 1, |index| self.slopes(call.args, call.grad, index));
        if let [all] = call.args {
            let step = 3 * self.width;
            let grads = loops::by_pieces(all.len(), self.length * step, |index, out: &mut [T]| {
                for (row, out) in out.chunks_exact_mut(step).enumerate() {
                    for (out, slopes) in out.chunks_exact_mut(self.width).beside(&slopes[index]) {
                        out.copy_from_slice(&slopes[row * self.width..][..self.width]);
                    }
                }
            });
            return Ok(vec![Some(grads)]);
        }
        let of = |which: usize| {
            let parts = slopes.iter().map(|slopes| slopes[which].as_slice());
            Some(parts.collect::<Vec<_>>().concat())
        };
        Ok(vec![of(0), of(1), of(2)])
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::*;
    use crate::functional::scaled_dot_product_attention;
    use crate::functional::sum::sum;

    fn var(dims: &[usize], seed: usize) -> Var {
        let count = dims.iter().product::<usize>();
        let values = (0..count).map(|at| ((at * 37 + seed) % 101) as f64 / 50.0 - 1.0);
        Var::from_vec(values.collect(), dims, &Device::Cpu).unwrap()
    }

    /// The same by functions that know one head at a time.
    fn by_heads([query, key, value]: [&Tensor; 3], heads: usize) -> Tensor {
        let width = query.dims()[2] / heads;
        let results = (0..heads).map(|head| {
            let [query, key, value] =
                [query, key, value].map(|x| x.narrow(2, head * width, width).unwrap());
            scaled_dot_product_attention(&query, &key, &value, Default::default()).unwrap()
        });
        Tensor::cat(&results.collect::<Vec<_>>(), 2).unwrap()
    }

    fn numbers(x: &Tensor) -> Vec<f64> {
        x.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[track_caller]
    fn assert_alike(found: &Tensor, expected: &Tensor, vars: &[&Var]) {
        let weights = var(expected.dims(), 7);
        let grads =
            |y: &Tensor| sum(&(y * weights.as_tensor()).unwrap()).unwrap().backward().unwrap();
        let (of_found, of_expected) = (grads(found), grads(expected));
        let mut pairs = vec![(numbers(found), numbers(expected))];
        for var in vars {
            let [found, expected] = [&of_found, &of_expected].map(|grads| grads.get(var).unwrap());
            pairs.push((numbers(found), numbers(expected)));
        }
        for (found, expected) in pairs {
            assert_eq!(found.len(), expected.len());
            let close = |(x, y): (&f64, &f64)| (x - y).abs() < 1e-12;
            assert!(found.iter().zip(&expected).all(close), "{found:?} for {expected:?}");
        }
    }

    #[test]
    fn heads_and_their_gradients_are_those_of_single_functions() {
        for (batch, length, keys, width, heads) in
            [(2, 5, 7, 6, 3), (1, 1, 4, 2, 2), (3, 4, 1, 5, 1), (40, 35, 30, 64, 2)]
        {
            let query = var(&[batch, length, width], 1);
            let (key, value) = (var(&[batch, keys, width], 2), var(&[batch, keys, width], 3));
            let all = [&query, &key, &value].map(|var| var.as_tensor());
            let found = attend("f", &Projected::Apart(all.map(Tensor::clone)), heads).unwrap();
            assert_alike(&found, &by_heads(all, heads), &[&query, &key, &value]);
            let joined = var(&[batch, length, 3 * width], 4);
            let parts = [0, 1, 2].map(|at| joined.narrow(2, at * width, width).unwrap());
            let found = attend("f", &Projected::Joined(joined.as_tensor().clone()), heads).unwrap();
            let expected = by_heads([&parts[0], &parts[1], &parts[2]], heads);
            assert_alike(&found, &expected, &[&joined]);
        }
    }
}
