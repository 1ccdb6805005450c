//! Products of vectors, matrices and batches.

use akari::prelude::*;

use crate::{
    assert_near, assert_same_on_all_threads, check_gradients, error, numbers, tolerance, values,
};

/// The product by the definition, of tensors with at least two axes.
fn product(a: &Tensor, b: &Tensor) -> Vec<f64> {
    let (n, k, m) = (a.dims()[a.rank() - 2], a.dims()[a.rank() - 1], b.dims()[b.rank() - 1]);
    let front = |x: &Tensor| x.dims()[..x.rank() - 2].to_vec();
    let rank = a.rank().max(b.rank()) - 2;
    let padded = |dims: Vec<usize>| [vec![1; rank - dims.len()], dims].concat();
    let (front_a, front_b) = (padded(front(a)), padded(front(b)));
    let both = front_a.iter().zip(&front_b);
    let both = both.map(|(a, b)| if *a == 1 { *b } else { *a }).collect::<Vec<_>>();
    let wide = |x: &Tensor, rows: usize, columns: usize| {
        let shape = [&both[..], &[rows, columns]].concat();
        values(&x.broadcast_as(shape).unwrap())
    };
    let (a, b) = (wide(a, n, k), wide(b, k, m));
    let mut product = Vec::new();
    for batch in 0..both.iter().product::<usize>() {
        for row in 0..n {
            for column in 0..m {
                let term =
                    |at: usize| a[(batch * n + row) * k + at] * b[(batch * k + at) * m + column];
                product.push((0..k).map(term).sum());
            }
        }
    }
    product
}

const SHAPES: [(&[usize], &[usize]); 14] = [
    (&[2, 3], &[3, 4]),
    (&[1, 1], &[1, 1]),
    (&[5, 2, 3], &[3, 4]),
    (&[2, 3], &[5, 3, 4]),
    (&[5, 2, 3], &[5, 3, 4]),
    (&[1, 2, 3], &[5, 3, 4]),
    (&[2, 1, 2, 3], &[5, 3, 4]),
    (&[2, 1, 2, 3], &[1, 3, 3, 2]),
    (&[6, 5, 2, 3], &[6, 5, 3, 1]),
    (&[0, 3], &[3, 4]),
    (&[2, 0], &[0, 4]),
    (&[2, 3], &[3, 0]),
    (&[0, 2, 3], &[0, 3, 4]),
    (&[0, 2, 3], &[3, 4]),
];

#[test]
fn products_are_those_of_the_definition() {
    for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16, DType::I64] {
        for (shape_a, shape_b) in SHAPES {
            let x = |shape: &[usize], seed| {
                (numbers(shape, seed) * if dtype.is_int() { 10.0 } else { 1.0 })
                    .unwrap()
                    .to_dtype(dtype)
                    .unwrap()
            };
            let (a, b) = (x(shape_a, 1), x(shape_b, 2));
            // The same matrices with their rows as columns in memory.
            let turned = |x: &Tensor| {
                let turned = x.transpose(D::Minus1, D::Minus2).unwrap().contiguous().unwrap();
                turned.transpose(D::Minus1, D::Minus2).unwrap()
            };
            for (a, b) in [
                (a.clone(), b.clone()),
                (turned(&a), b.clone()),
                (a.clone(), turned(&b)),
                (turned(&a), turned(&b)),
            ] {
                let found = torch::matmul(&a, &b).unwrap();
                assert_eq!(found.dtype(), dtype);
                let name = format!("{a:?} and {b:?}");
                assert_near(&name, &values(&found), &product(&a, &b), 3.0 * tolerance(dtype));
            }
        }
    }
}

#[test]
fn vectors_are_rows_or_columns() {
    let (a, v) = (tensor!([[1., 2., 3.], [4., 5., 6.]]), tensor!([1., 0., 2.]));
    let w = tensor!([1., 10.]);
    assert_eq!(torch::matmul(&a, &v).unwrap().to_vec1::<f32>().unwrap(), [7., 16.]);
    assert_eq!(torch::matmul(&w, &a).unwrap().to_vec1::<f32>().unwrap(), [41., 52., 63.]);
    assert_eq!(torch::matmul(&v, &v).unwrap().to_scalar::<f32>().unwrap(), 5.);
    let batch = a.unsqueeze(0).unwrap();
    assert_eq!(torch::matmul(&batch, &v).unwrap().to_vec2::<f32>().unwrap(), [[7., 16.]]);
    assert_eq!(torch::matmul(&w, &batch).unwrap().to_vec2::<f32>().unwrap(), [[41., 52., 63.]]);
}

#[test]
fn gradients_agree_with_finite_differences() {
    for (a, b) in SHAPES.iter().filter(|(a, b)| !a.contains(&0) && !b.contains(&0)) {
        let args = [numbers(a, 1), numbers(b, 2)];
        check_gradients(&format!("{a:?} and {b:?}"), &args, |x| torch::matmul(x[0], x[1]));
        let turned = [0, 1].map(|index| args[index].transpose(D::Minus1, D::Minus2).unwrap());
        check_gradients(&format!("{a:?} and {b:?}, turned"), &turned, |x| {
            let back = |x: &Tensor| x.transpose(D::Minus1, D::Minus2);
            torch::matmul(&back(x[0])?, &back(x[1])?)
        });
    }
    let args = [numbers(&[3], 1), numbers(&[3], 2), numbers(&[2, 4, 3], 3)];
    check_gradients("vectors", &args, |x| {
        torch::matmul(x[0], x[1])?.broadcast_add(&torch::matmul(x[2], x[0])?)
    });
}

#[test]
fn large_products_are_right_on_any_number_of_threads() {
    for (a, b) in [
        (&[40, 33, 20][..], &[40, 20, 17][..]),
        (&[300, 200], &[200, 100]),
        (&[3, 300, 200], &[3, 200, 300]),
        (&[40, 33, 20], &[20, 17]),
    ] {
        let (a, b) = [(a, 1), (b, 2)]
            .map(|(shape, seed)| numbers(shape, seed).to_dtype(DType::F32).unwrap())
            .into();
        let name = format!("{a:?} and {b:?}");
        let found = torch::matmul(&a, &b).unwrap();
        assert_near(&name, &values(&found), &product(&a, &b), 1e-4);
        assert_same_on_all_threads(&name, || torch::matmul(&a, &b).unwrap());
        assert_same_on_all_threads(&name, || {
            let (a, b) = (Var::from_tensor(&a).unwrap(), Var::from_tensor(&b).unwrap());
            let y = torch::sum(&torch::square(&torch::matmul(&a, &b).unwrap()).unwrap());
            let grads = y.unwrap().backward().unwrap();
            let flat = |x: &Var| grads.get(x).unwrap().flatten_all().unwrap();
            Tensor::cat(&[flat(&a), flat(&b)], 0).unwrap()
        });
    }
}

#[test]
fn errors_say_which_shapes_do_not_fit() {
    let x = |shape: &[usize]| numbers(shape, 1);
    for (a, b, text) in [
        (&[2, 3][..], &[4, 5][..], "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"),
        (&[3], &[4, 5], "mat1 and mat2 shapes cannot be multiplied (1x3 and 4x5)"),
        (&[2, 2, 3], &[4, 5], "mat1 and mat2 shapes cannot be multiplied (4x3 and 4x5)"),
        (
            &[2, 2, 3],
            &[2, 4, 5],
            "mat1 and mat2 shapes cannot be multiplied: the matrices of [2, 2, 3] have 3 columns, and those of [2, 4, 5] have 4 rows",
        ),
        (
            &[2, 2, 3],
            &[3, 3, 5],
            "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
        ),
        (&[], &[3], "both arguments to matmul need to be at least 1D, but they are 0D and 1D"),
    ] {
        assert_eq!(error(torch::matmul(&x(a), &x(b))), format!("torch::matmul: {text}"));
    }
    assert_eq!(
        error(torch::matmul(&tensor!([1.0]), &tensor!([1]))),
        "torch::matmul: expected m1 and m2 to have the same dtype, but got: F32 != I64 (convert one with .to_dtype(..)?)"
    );
}
