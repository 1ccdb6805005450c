//! Exponentials, logarithms, roots, powers and angles.

use std::slice::from_ref;

use akari::candle_core::Result;
use akari::prelude::*;

use crate::{assert_near, check_gradients, odd, tolerance, values};

type Function = (&'static str, fn(&Tensor) -> Result<Tensor>, fn(f64) -> f64);

/// The functions that are defined for all numbers, and for positive ones.
const EVERYWHERE: [Function; 9] = [
    ("exp", torch::exp, f64::exp),
    ("expm1", torch::expm1, f64::exp_m1),
    ("square", torch::square, |x| x * x),
    ("reciprocal", torch::reciprocal, |x| 1.0 / x),
    ("sin", torch::sin, f64::sin),
    ("cos", torch::cos, f64::cos),
    ("pow(3)", |x| torch::pow(x, 3.0), |x| x * x * x),
    ("pow(-2)", |x| torch::pow(x, -2.0), |x| 1.0 / (x * x)),
    ("pow(4)", |x| torch::pow(x, 4.0), |x| x.powi(4)),
];
const ABOVE_0: [Function; 9] = [
    ("log", torch::log, f64::ln),
    ("log2", torch::log2, f64::log2),
    ("log10", torch::log10, f64::log10),
    ("log1p", torch::log1p, f64::ln_1p),
    ("sqrt", torch::sqrt, f64::sqrt),
    ("rsqrt", torch::rsqrt, |x| 1.0 / x.sqrt()),
    ("pow(1.5)", |x| torch::pow(x, 1.5), |x| x.powf(1.5)),
    ("pow(-0.5)", |x| torch::pow(x, -0.5), |x| 1.0 / x.sqrt()),
    ("pow(-2.3)", |x| torch::pow(x, -2.3), |x| x.powf(-2.3)),
];

#[test]
fn values_are_those_of_the_formulas() {
    for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
        for x in odd(dtype) {
            let positive = (x.abs().unwrap() + 0.01).unwrap();
            let of = |functions: &[Function], x: &Tensor| {
                for (name, function, formula) in functions {
                    let y = function(x).unwrap();
                    assert_eq!((y.dims(), y.dtype()), (x.dims(), dtype));
                    let expected = values(x).into_iter().map(formula).collect::<Vec<_>>();
                    let expected = Tensor::from_vec(expected, x.dims(), &Device::Cpu).unwrap();
                    let expected = values(&expected.to_dtype(dtype).unwrap());
                    let name = format!("{name} of {x:?}");
                    assert_near(&name, &values(&y), &expected, tolerance(dtype));
                }
            };
            of(&EVERYWHERE, &x);
            of(&ABOVE_0, &positive);
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let x = Tensor::new(&[[-1.5f64, -0.4, 0.7], [0.3, 1.0, 2.0]], &Device::Cpu).unwrap();
    for (name, function, _) in EVERYWHERE {
        check_gradients(name, from_ref(&x), |x| function(x[0]));
    }
    for (name, function, _) in ABOVE_0 {
        check_gradients(name, &[x.abs().unwrap()], |x| function(x[0]));
    }
    check_gradients("of a view", &[x], |x| torch::exp(&x[0].t()?));
}

/// What a function and its gradient give at the ends, printed by
///
/// ```text
/// x = torch.tensor([-1., 0., -0., 2.5, 1e-40, 200000., inf, -inf, nan, -.7], requires_grad=True)
/// y = f(x); y.sum().backward(); print(y.tolist(), x.grad.tolist())
/// ```
#[test]
fn ends_and_their_gradients_are_pytorchs() {
    const INF: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    let ends = [-1.0, 0.0, -0.0, 2.5, 1e-40, 200_000.0, INF, -INF, NAN, -0.7];
    type Row = (&'static str, fn(&Tensor) -> Result<Tensor>, [f32; 10], [f32; 10]);
    #[rustfmt::skip]
    let rows: [Row; 14] = [
        ("exp", torch::exp,
            [0.367_879_45, 1., 1., 12.182_494, 1., INF, INF, 0., NAN, 0.496_585_3],
            [0.367_879_45, 1., 1., 12.182_494, 1., INF, INF, 0., NAN, 0.496_585_3]),
        ("expm1", torch::expm1,
            [-0.632_120_55, 0., -0., 11.182_494, 1e-40, INF, INF, -1., NAN, -0.503_414_7],
            [0.367_879_45, 1., 1., 12.182_494, 1., INF, INF, 0., NAN, 0.496_585_3]),
        ("log", torch::log,
            [NAN, -INF, -INF, 0.916_290_76, -92.103_41, 12.206_072, INF, NAN, NAN, NAN],
            [-1., INF, -INF, 0.4, INF, 5e-6, 0., -0., NAN, -1.428_571_5]),
        ("log2", torch::log2,
            [NAN, -INF, -INF, 1.321_928_1, -132.877_14, 17.609_64, INF, NAN, NAN, NAN],
            [-std::f32::consts::LOG2_E, INF, -INF, 0.577_078, INF, 7.213_475e-6, 0., -0., NAN, -2.060_993]),
        ("log10", torch::log10,
            [NAN, -INF, -INF, 0.397_94, -40.000_004, 5.301_03, INF, NAN, NAN, NAN],
            [-0.434_294_46, INF, -INF, 0.173_717_78, INF, 2.171_472_3e-6, 0., -0., NAN, -0.620_420_7]),
        ("log1p", torch::log1p,
            [-INF, 0., -0., 1.252_763, 1e-40, 12.206_078, INF, NAN, NAN, -1.203_972_8],
            [INF, 1., 1., 0.285_714_3, 1., 4.999_975e-6, 0., -0., NAN, 3.333_333_3]),
        ("sqrt", torch::sqrt,
            [NAN, 0., -0., 1.581_138_8, 9.999_973e-21, 447.213_6, INF, NAN, NAN, NAN],
            [NAN, INF, -INF, 0.316_227_76, 5.000_013e19, 0.001_118_034, 0., NAN, NAN, NAN]),
        ("rsqrt", torch::rsqrt,
            [NAN, INF, -INF, 0.632_455_5, 1.000_002_7e20, 0.002_236_068, 0., NAN, NAN, NAN],
            [NAN, -INF, INF, -0.126_491_11, -INF, -5.590_17e-9, -0., NAN, NAN, NAN]),
        ("reciprocal", torch::reciprocal,
            [-1., INF, -INF, 0.4, INF, 5e-6, 0., -0., NAN, -1.428_571_5],
            [-1., -INF, -INF, -0.16, -INF, -2.5e-11, -0., -0., NAN, -2.040_816_3]),
        ("square", torch::square,
            [1., 0., 0., 6.25, 0., 4e10, INF, INF, NAN, 0.49],
            [-2., 0., -0., 5., 2e-40, 400_000., INF, -INF, NAN, -1.4]),
        ("sin", torch::sin,
            [-0.841_470_96, 0., -0., 0.598_472_1, 1e-40, -0.071_451_895, NAN, NAN, NAN, -0.644_217_7],
            [0.540_302_3, 1., 1., -0.801_143_6, 1., 0.997_444, NAN, NAN, NAN, 0.764_842_2]),
        ("cos", torch::cos,
            [0.540_302_3, 1., 1., -0.801_143_6, 1., 0.997_444, NAN, NAN, NAN, 0.764_842_2],
            [0.841_470_96, -0., 0., -0.598_472_1, -1e-40, 0.071_451_895, NAN, NAN, NAN, 0.644_217_7]),
        ("pow(0)", |x| torch::pow(x, 0.0), [1.; 10], [0.; 10]),
        ("pow(1)", |x| torch::pow(x, 1.0), ends, [1.; 10]),
    ];
    for (name, function, expected, gradients) in rows {
        let x = Var::new(&ends, &Device::Cpu).unwrap();
        let y = function(&x).unwrap();
        let grads = y.sum_all().unwrap().backward().unwrap();
        let wide = |row: &[f32]| row.iter().map(|it| f64::from(*it)).collect::<Vec<_>>();
        assert_near(name, &values(&y), &wide(&expected), 3e-7);
        let found = values(grads.get(&x).unwrap());
        assert_near(&format!("gradient of {name}"), &found, &wide(&gradients), 3e-7);
    }
}

/// x.pow(p) of [-8., 4., 0., -0., inf, -inf, nan, .7], and its gradient
#[test]
fn powers_of_anything_are_pytorchs() {
    const INF: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    #[rustfmt::skip]
    let rows = [
        (0.5, [NAN, 2., 0., -0., INF, NAN, NAN, 0.836_66],
            [NAN, 0.25, INF, -INF, 0., NAN, NAN, 0.597_614_3]),
        (-0.5, [NAN, 0.5, INF, -INF, 0., NAN, NAN, 1.195_228_6],
            [NAN, -0.0625, -INF, -INF, -0., -0., NAN, -0.853_734_7]),
        (2.0, [64., 16., 0., 0., INF, INF, NAN, 0.49], [-16., 8., 0., -0., INF, -INF, NAN, 1.4]),
        (3.0, [-512., 64., 0., -0., INF, -INF, NAN, 0.343], [192., 48., 0., 0., INF, INF, NAN, 1.47]),
        (-1.0, [-0.125, 0.25, INF, -INF, 0., -0., NAN, 1.428_571_5],
            [-0.015_625, -0.0625, -INF, -INF, -0., -0., NAN, -2.040_816_3]),
        (-2.0, [0.015_625, 0.0625, INF, INF, 0., 0., NAN, 2.040_816_3],
            [0.003_906_25, -0.031_25, -INF, INF, -0., 0., NAN, -5.830_904]),
        (1.5, [NAN, 8., 0., 0., INF, INF, NAN, 0.585_662], [NAN, 3., 0., -0., INF, NAN, NAN, 1.254_990_1]),
        (-1.5, [NAN, 0.125, INF, INF, 0., 0., NAN, 1.707_469_5],
            [NAN, -0.046_875, -INF, -INF, -0., -0., NAN, -3.658_863]),
    ];
    for (exponent, expected, gradients) in rows {
        let x = Var::new(&[-8.0, 4.0, 0.0, -0.0, INF, -INF, NAN, 0.7], &Device::Cpu).unwrap();
        let y = torch::pow(&x, exponent).unwrap();
        let grads = y.sum_all().unwrap().backward().unwrap();
        let wide = |row: &[f32]| row.iter().map(|it| f64::from(*it)).collect::<Vec<_>>();
        assert_near(&format!("pow({exponent})"), &values(&y), &wide(&expected), 3e-7);
        let found = values(grads.get(&x).unwrap());
        assert_near(&format!("gradient of pow({exponent})"), &found, &wide(&gradients), 3e-7);
    }
}

/// Far angles need more digits of π: torch.sin(torch.tensor([1e5, 3e6, 1e10, 3e38]))
#[test]
fn far_angles_are_right() {
    let x = tensor!([1e5, 3e6, 1e10, 3e38, 1.0]);
    let expected = [0.035_748_8, 0.973_517_24, -0.487_506_03, 0.004_796_5, 0.841_470_96];
    let found = torch::sin(&x).unwrap().to_vec1::<f32>().unwrap();
    let exact = values(&x).into_iter().map(f64::sin).collect::<Vec<_>>();
    assert_near("sin", &values(&torch::sin(&x).unwrap()), &exact, 1e-7);
    assert!((found[0] - expected[0]).abs() < 1e-6 && (found[2] - expected[2]).abs() < 1e-6);
    let exact = values(&x).into_iter().map(f64::cos).collect::<Vec<_>>();
    assert_near("cos", &values(&torch::cos(&x).unwrap()), &exact, 1e-7);
}

#[test]
fn integers_give_floats_and_squares_stay_whole() {
    let x = tensor!([1, 4, 9]);
    assert_eq!(torch::sqrt(&x).unwrap().to_vec1::<f32>().unwrap(), [1.0, 2.0, 3.0]);
    assert_eq!(torch::pow(&x, 2.0).unwrap().to_vec1::<f32>().unwrap(), [1.0, 16.0, 81.0]);
    assert_eq!(torch::exp(&tensor!([0])).unwrap().dtype(), DType::F32);
    let large = torch::square(&tensor!([94_906_267])).unwrap();
    assert_eq!(large.to_vec1::<i64>().unwrap(), [9_007_199_515_875_289]);
}
