//! Times each loss on a million rows: `cargo bench --bench losses [-- NAME..]`.

mod measure;

use std::hint::black_box;

use akari::prelude::*;
use candle_core::Result;

use self::measure::Bench;

const ROWS: usize = 1_000_000;
const CLASSES: usize = 10;
const RUNS: usize = 11;

/// How often a loss of a few numbers is computed for one row: the clock is too coarse for once.
const TIMES: usize = 1_000;

type Loss = fn(&[Tensor]) -> Result<Tensor>;

/// Deterministic numbers, so that both programs have the same.
fn numbers(seed: usize, shape: &[usize], low: f32, high: f32) -> Tensor {
    let count = shape.iter().product::<usize>();
    let number = |index: usize| {
        let place = (index * 7919 + seed * 104_729) % 100_003;
        low + (high - low) * place as f32 / 100_003.0
    };
    let values = (0..count).map(number).collect::<Vec<_>>();
    Tensor::from_vec(values, shape, &Device::Cpu).expect("as many numbers as the shape has")
}

fn classes(rows: usize) -> Tensor {
    let values = (0..rows).map(|it| ((it * 7) % CLASSES) as i64).collect::<Vec<_>>();
    Tensor::from_vec(values, rows, &Device::Cpu).expect("one for each row")
}

/// A loss: name, inputs, how many of them want a gradient.
#[allow(clippy::type_complexity)] // A table, read in one place.
fn rows() -> Result<Vec<(&'static str, Vec<Tensor>, usize, Loss)>> {
    let flat = |seed| numbers(seed, &[ROWS], -3.0, 3.0);
    let unit = |seed| numbers(seed, &[ROWS], 0.01, 0.99);
    let table = |seed| numbers(seed, &[ROWS, CLASSES], -3.0, 3.0);
    let signs = (unit(9).ge(0.5)?.to_dtype(DType::F32)? * 2.0)?.affine(1.0, -1.0)?;
    let labels = table(5).ge(0.0)?.to_dtype(DType::F32)?;
    let soft = F::softmax(&table(4), 1)?;
    let lists = Tensor::from_vec(
        (0..ROWS * CLASSES)
            .map(|it| if it % CLASSES < 2 { (it % CLASSES * 3) as i64 } else { -1 })
            .collect::<Vec<_>>(),
        (ROWS, CLASSES),
        &Device::Cpu,
    )?;
    Ok(vec![
        ("MSELoss", vec![flat(1), flat(2)], 1, |it| nn::MSELoss::default().forward(&it[0], &it[1])),
        ("MSELoss (both)", vec![flat(1), flat(2)], 2, |it| {
            nn::MSELoss::default().forward(&it[0], &it[1])
        }),
        ("L1Loss", vec![flat(1), flat(2)], 1, |it| nn::L1Loss::default().forward(&it[0], &it[1])),
        ("SmoothL1Loss", vec![flat(1), flat(2)], 1, |it| {
            nn::SmoothL1Loss::default().forward(&it[0], &it[1])
        }),
        ("HuberLoss", vec![flat(1), flat(2)], 1, |it| {
            nn::HuberLoss::default().forward(&it[0], &it[1])
        }),
        ("BCELoss", vec![unit(1), unit(2)], 1, |it| nn::BCELoss::default().forward(&it[0], &it[1])),
        ("BCEWithLogitsLoss", vec![flat(1), unit(2)], 1, |it| {
            nn::BCEWithLogitsLoss::default().forward(&it[0], &it[1])
        }),
        ("KLDivLoss", vec![flat(1), unit(2)], 1, |it| {
            nn::KLDivLoss::default().forward(&it[0], &it[1])
        }),
        ("PoissonNLLLoss", vec![flat(1), unit(2)], 1, |it| {
            nn::PoissonNLLLoss::default().forward(&it[0], &it[1])
        }),
        ("GaussianNLLLoss", vec![flat(1), flat(2), unit(3)], 1, |it| {
            nn::GaussianNLLLoss::default().forward(&it[0], &it[1], &it[2])
        }),
        ("HingeEmbeddingLoss", vec![flat(1), signs.clone()], 1, |it| {
            nn::HingeEmbeddingLoss::default().forward(&it[0], &it[1])
        }),
        ("SoftMarginLoss", vec![flat(1), signs.clone()], 1, |it| {
            nn::SoftMarginLoss::default().forward(&it[0], &it[1])
        }),
        ("MarginRankingLoss", vec![flat(1), flat(2), signs.clone()], 2, |it| {
            nn::MarginRankingLoss::default().forward(&it[0], &it[1], &it[2])
        }),
        ("CrossEntropyLoss", vec![table(1), classes(ROWS)], 1, |it| {
            nn::CrossEntropyLoss::default().forward(&it[0], &it[1])
        }),
        ("CrossEntropyLoss (smoothed)", vec![table(1), classes(ROWS)], 1, |it| {
            nn::CrossEntropyLoss { label_smoothing: 0.1, ..Default::default() }
                .forward(&it[0], &it[1])
        }),
        ("CrossEntropyLoss (probabilities)", vec![table(1), soft], 1, |it| {
            nn::CrossEntropyLoss::default().forward(&it[0], &it[1])
        }),
        ("NLLLoss", vec![table(1), classes(ROWS)], 1, |it| {
            nn::NLLLoss::default().forward(&it[0], &it[1])
        }),
        ("MultiMarginLoss", vec![table(1), classes(ROWS)], 1, |it| {
            nn::MultiMarginLoss::default().forward(&it[0], &it[1])
        }),
        ("MultiLabelMarginLoss", vec![table(1), lists], 1, |it| {
            nn::MultiLabelMarginLoss::default().forward(&it[0], &it[1])
        }),
        ("MultiLabelSoftMarginLoss", vec![table(1), labels], 1, |it| {
            nn::MultiLabelSoftMarginLoss::default().forward(&it[0], &it[1])
        }),
        ("CosineEmbeddingLoss", vec![table(1), table(2), signs], 2, |it| {
            nn::CosineEmbeddingLoss::default().forward(&it[0], &it[1], &it[2])
        }),
        ("TripletMarginLoss", vec![table(1), table(2), table(3)], 3, |it| {
            nn::TripletMarginLoss::default().forward(&it[0], &it[1], &it[2])
        }),
        ("CTCLoss", vec![numbers(1, &[50, 64, 20], -3.0, 3.0)], 1, |it| {
            let labels = (0..64 * 20).map(|it| (it * 7 % 19 + 1) as i64).collect::<Vec<_>>();
            let labels = Tensor::from_vec(labels, (64, 20), &Device::Cpu)?;
            nn::CTCLoss::default().forward(&it[0], &labels, &[50; 64], &[20; 64])
        }),
    ])
}

/// Losses of a few numbers, of which the graph is most.
#[allow(clippy::type_complexity)]
fn small() -> Vec<(&'static str, Vec<Tensor>, Loss)> {
    let few = |seed| numbers(seed, &[4], 0.01, 0.99);
    let table = numbers(3, &[4, 3], -3.0, 3.0);
    vec![
        ("MSELoss of 4", vec![few(1), few(2)], |it| nn::MSELoss::default().forward(&it[0], &it[1])),
        ("BCELoss of 4", vec![few(1), few(2)], |it| nn::BCELoss::default().forward(&it[0], &it[1])),
        ("CrossEntropyLoss of 4 rows", vec![table, tensor!([0, 1, 2, 0])], |it| {
            nn::CrossEntropyLoss::default().forward(&it[0], &it[1])
        }),
    ]
}

fn main() -> Result<()> {
    let bench = Bench::new("losses");
    for (name, mut inputs, loss) in small() {
        inputs[0] = Var::from_tensor(&inputs[0])?.into_inner();
        let row = format!("{name}, {TIMES} times, and backward");
        let many = || {
            for _ in 0..TIMES {
                drop(black_box(loss(&inputs).and_then(|it| it.backward())));
            }
        };
        let once = || loss(&inputs).expect("the row has run before");
        bench.with_share(&row, RUNS, many, (once, TIMES));
    }
    for (name, inputs, wanted, loss) in rows()? {
        if !bench.wants(name) {
            continue;
        }
        let variable = |(index, it): (usize, &Tensor)| match index < wanted {
            true => Ok(Var::from_tensor(it)?.into_inner()),
            false => Ok(it.clone()),
        };
        let variables = inputs.iter().enumerate().map(variable).collect::<Result<Vec<_>>>()?;
        // An error here is told at once; in a row it could only panic.
        loss(&variables)?.backward()?;
        bench.row(&format!("{name}, forward"), RUNS, || drop(black_box(loss(&inputs))));
        bench.backward(&format!("{name}, and backward"), RUNS, || loss(&variables));
    }
    Ok(())
}
