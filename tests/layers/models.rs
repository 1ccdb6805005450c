//! Section `layer`: how layers begin and print; and whole runs of training.

use akari::candle_core::Result;
use akari::prelude::*;
use serde_json::Value;

use crate::vectors::{compare, difference, tensor, values};
use crate::{section, seeded};

/// An activation as another module of the prelude has it: candle's trait and a text.
#[derive(Debug)]
struct ReLU;

impl Module for ReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        F::relu(x)
    }
}

impl std::fmt::Display for ReLU {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReLU()")
    }
}

fn layer(id: &str) -> Result<Box<dyn nn::Layer>> {
    let conv = nn::Conv2dConfig::default();
    let norm = nn::BatchNormConfig::default();
    Ok(match id {
        "Linear(3, 2)" => Box::new(nn::Linear::new(3, 2)?),
        "Linear(20, 4, bias=False)" => Box::new(nn::Linear::no_bias(20, 4)?),
        "Conv2d(2, 3, 3)" => Box::new(nn::Conv2d::new(2, 3, 3, conv)?),
        "Conv2d(4, 8, (3, 5), stride=2, dilation=2, groups=2, bias=False)" => {
            let config =
                nn::Conv2dConfig { stride: 2, dilation: 2, groups: 2, bias: false, ..conv };
            Box::new(nn::Conv2d::new(4, 8, (3, 5), config)?)
        }
        "Conv2d(1, 8, 3, padding=1)" => {
            Box::new(nn::Conv2d::new(1, 8, 3, nn::Conv2dConfig { padding: 1, ..conv })?)
        }
        "BatchNorm1d(3)" => Box::new(nn::BatchNorm1d::new(3)?),
        "BatchNorm2d(2)" => Box::new(nn::BatchNorm2d::new(2)?),
        "BatchNorm1d(2, affine=False)" => {
            let config = nn::BatchNormConfig { affine: false, ..norm };
            Box::new(nn::BatchNorm1d::with_config(2, config)?)
        }
        "BatchNorm2d(2, track_running_stats=False)" => {
            let config = nn::BatchNormConfig { track_running_stats: false, ..norm };
            Box::new(nn::BatchNorm2d::with_config(2, config)?)
        }
        "LayerNorm(4)" => Box::new(nn::LayerNorm::new([4])?),
        "LayerNorm([3, 4], bias=False)" => {
            let config = nn::LayerNormConfig { bias: false, ..Default::default() };
            Box::new(nn::LayerNorm::with_config([3, 4], config)?)
        }
        "LayerNorm(4, elementwise_affine=False)" => {
            let config = nn::LayerNormConfig { elementwise_affine: false, ..Default::default() };
            Box::new(nn::LayerNorm::with_config([4], config)?)
        }
        "Dropout(0.25)" => Box::new(nn::Dropout::new(0.25)?),
        "Identity()" => Box::new(nn::Identity),
        "Flatten()" => Box::new(nn::Flatten::default()),
        "Embedding(5, 4)" => Box::new(nn::Embedding::new(5, 4)?),
        "Embedding(3, 4)" => Box::new(nn::Embedding::new(3, 4)?),
        "Embedding(4, 2, padding_idx=1)" => {
            let config = nn::EmbeddingConfig { padding_idx: Some(1) };
            Box::new(nn::Embedding::with_config(4, 2, config)?)
        }
        "MaxPool2d(2)" => Box::new(nn::MaxPool2d::new(2)),
        "MaxPool2d((2, 3), padding=1)" => {
            Box::new(nn::MaxPool2d { padding: 1.into(), ..nn::MaxPool2d::new((2, 3)) })
        }
        "AvgPool2d(2)" => Box::new(nn::AvgPool2d::new(2)),
        "AdaptiveAvgPool2d(1)" => Box::new(nn::AdaptiveAvgPool2d::new(1)),
        "AdaptiveAvgPool2d((7, 7))" => Box::new(nn::AdaptiveAvgPool2d::new((7, 7))),
        id if id.starts_with("Sequential(") => Box::new(nn::seq![
            nn::Linear::new(3, 4)?,
            ReLU,
            nn::seq![nn::Linear::new(4, 2)?, nn::BatchNorm1d::new(2)?],
        ]),
        other => panic!("nobody knows {other}"),
    })
}

#[test]
fn layers_begin_and_print_as_pytorchs() {
    let _seeded = seeded();
    for case in section("layer") {
        let id = case["id"].as_str().unwrap();
        torch::manual_seed(0);
        let layer = layer(id).unwrap();
        assert_eq!(layer.repr(), case["repr"].as_str().unwrap(), "{id}");
        assert_eq!(layer.num_parameters() as u64, case["num_parameters"].as_u64().unwrap(), "{id}");
        let expected = case["state"].as_array().unwrap();
        let state = layer.state();
        let names = |it: &Value| it[0].as_str().unwrap().to_owned();
        assert_eq!(
            state.iter().map(|it| it.0.clone()).collect::<Vec<_>>(),
            expected.iter().map(names).collect::<Vec<_>>(),
            "{id}"
        );
        for ((name, var), expected) in state.iter().zip(expected) {
            assert_eq!(compare(var, &expected[1], false), None, "{id} {name}");
        }
    }
}

#[test]
fn batch_norms_keep_running_moments_and_use_them_after_eval() {
    let _seeded = seeded();
    let norm = nn::BatchNorm1d::new(1).unwrap();
    let x = tensor!([[1.0], [3.0]]);
    let y = values(&norm.forward(&x).unwrap());
    assert!((y[1] - 1.0).abs() < 1e-4, "{y:?}");
    let state = norm.state_dict().unwrap();
    let number = |name: &str| values(&state[name])[0];
    // PyTorch: 0.9 · 0 + 0.1 · 2, and 0.9 · 1 + 0.1 · 2, by the variance over n - 1.
    assert!((number("running_mean") - 0.2).abs() < 1e-6);
    assert!((number("running_var") - 1.1).abs() < 1e-6);
    assert_eq!(number("num_batches_tracked"), 1.0);
    norm.eval();
    let y = values(&norm.forward(&x).unwrap());
    assert!((y[0] - 0.8 / 1.1f64.sqrt()).abs() < 1e-5, "{y:?}");
    assert_eq!(values(&norm.state_dict().unwrap()["num_batches_tracked"]), [1.0]);
    assert!(norm.forward(&tensor!([[1.0]])).is_ok(), "one number is enough after eval()");
}

struct Net {
    hidden: nn::Linear,
    drop: nn::Dropout,
    out: nn::Sequential,
}

nn::model!(Net { hidden, drop, out });

impl Module for Net {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = F::relu(&self.hidden.forward(x)?)?;
        self.out.forward(&self.drop.forward(&x)?)
    }
}

#[test]
fn a_struct_of_layers_is_a_model() {
    let _seeded = seeded();
    let net = Net {
        hidden: nn::Linear::new(2, 3).unwrap(),
        drop: nn::Dropout::new(0.5).unwrap(),
        out: nn::seq![nn::Linear::no_bias(3, 1).unwrap(), |x: &Tensor| x.tanh()],
    };
    let names = net.named_parameters().into_iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(names, ["hidden.weight", "hidden.bias", "out.0.weight"]);
    assert_eq!(net.num_parameters(), 12);
    assert_eq!(
        net.to_string(),
        "Net(
  (hidden): Linear(in_features=2, out_features=3, bias=True)
  (drop): Dropout(p=0.5, inplace=False)
  (out): Sequential(
    (0): Linear(in_features=3, out_features=1, bias=False)
    (1): Lambda()
  )
)"
    );
    net.eval();
    let x = tensor!([[1.0, -1.0]]);
    assert_eq!(values(&net.forward(&x).unwrap()), values(&net.forward(&x).unwrap()));
    assert!(format!("{:?}", net.drop).contains("eval"));
    net.train();
    assert!(format!("{:?}", net.drop).contains("training"));
}

fn flat(vars: &[Var]) -> Tensor {
    let parts = vars.iter().map(|it| it.flatten_all().unwrap()).collect::<Vec<_>>();
    Tensor::cat(&parts, 0).unwrap()
}

/// The run of section `train`: parameters at the beginning and at the end, and the last loss.
fn run() -> Result<(Tensor, Tensor, Tensor)> {
    torch::manual_seed(0);
    let x = torch::randn((40, 3))?;
    let y = x.sum(1)?.gt(0.0)?.to_dtype(DType::I64)?;
    let model =
        nn::seq![nn::Linear::new(3, 8)?, ReLU, nn::Dropout::new(0.2)?, nn::Linear::new(8, 2)?];
    let init = flat(&model.parameters());
    let config = optim::SGDConfig { lr: 0.1, momentum: 0.9, ..Default::default() };
    let mut sgd = optim::SGD::new(model.parameters(), config)?;
    let config = data::DataLoaderConfig { batch_size: 10, shuffle: true, ..Default::default() };
    let loader = data::DataLoader::new(&data::TensorDataset::new(&x, &y)?, config)?;
    let mut last = tensor!(0.0);
    for _ in 0..5 {
        for batch in &loader {
            let (x, y) = batch?;
            last = nn::CrossEntropyLoss::default().forward(&model.forward(&x)?, &y)?;
            sgd.backward_step(&last)?;
        }
    }
    Ok((init, flat(&model.parameters()), last))
}

#[test]
fn a_whole_run_has_pytorchs_numbers() {
    let _seeded = seeded();
    let (init, last, loss) = run().unwrap();
    let expected = &section("train")[0];
    assert_eq!(compare(&init, &expected["init"], false), None);
    let near = |found: &Tensor, expected: &Value| {
        difference(&values(found), &values(&tensor(expected)), 2e-5, 2e-6)
    };
    assert_eq!(near(&last, &expected["final"]), None);
    assert_eq!(near(&loss, &expected["loss"]), None);
}

#[test]
fn a_seed_repeats_a_run_to_the_bit_on_one_thread_or_two() {
    let _seeded = seeded();
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (_, last, loss) = pool.install(run).unwrap();
        (last.to_vec1::<f32>().unwrap(), loss.to_scalar::<f32>().unwrap())
    };
    let first = bits(1);
    assert_eq!(first, bits(1));
    assert_eq!(first, bits(2));
}

fn accuracy(model: &impl Module, x: &Tensor, y: &Tensor) -> f64 {
    let found = torch::argmax(&model.forward(x).unwrap(), 1).unwrap();
    torch::mean(&found.eq(y).unwrap().to_dtype(DType::F64).unwrap())
        .unwrap()
        .to_scalar::<f64>()
        .unwrap()
}

#[test]
fn an_mlp_learns_the_spirals() {
    let _seeded = seeded();
    torch::manual_seed(0);
    let (x, y) = data::spirals(100, 3, 0.2).unwrap();
    let model = nn::seq![nn::Linear::new(2, 64).unwrap(), F::relu, nn::Linear::new(64, 3).unwrap()];
    let config = optim::AdamConfig { lr: 0.02, ..Default::default() };
    let mut adam = optim::Adam::new(model.parameters(), config).unwrap();
    for _ in 0..300 {
        let logits = model.forward(&x).unwrap();
        let loss = nn::CrossEntropyLoss::default().forward(&logits, &y).unwrap();
        adam.backward_step(&loss).unwrap();
    }
    let accuracy = accuracy(&model, &x, &y);
    assert!(accuracy > 0.95, "{accuracy}");
}

/// Trains on the digits; gives the share of test digits that are recognised.
fn train_digits(model: &nn::Sequential, epochs: usize, lr: f64) -> f64 {
    let (x, y) = data::digits(2500, 28).unwrap();
    let set = data::TensorDataset::new(&x, &y).unwrap();
    let [train, test] = data::random_split(&set, [2000.0, 500.0]).unwrap();
    let config = data::DataLoaderConfig { batch_size: 50, shuffle: true, ..Default::default() };
    let loader = data::DataLoader::new(&train, config).unwrap();
    let config = optim::AdamConfig { lr, ..Default::default() };
    let mut adam = optim::Adam::new(model.parameters(), config).unwrap();
    for _ in 0..epochs {
        for batch in &loader {
            let (x, y) = batch.unwrap();
            let logits = model.forward(&x).unwrap();
            let loss = nn::CrossEntropyLoss::default().forward(&logits, &y).unwrap();
            adam.backward_step(&loss).unwrap();
        }
    }
    model.eval();
    let (x, y) = test.all().unwrap();
    accuracy(model, &x, &y)
}

#[test]
fn a_cnn_learns_the_digits_and_a_linear_model_does_not() {
    let _seeded = seeded();
    torch::manual_seed(0);
    let conv = |inputs, outputs| {
        let config = nn::Conv2dConfig { padding: 1, ..Default::default() };
        nn::Conv2d::new(inputs, outputs, 3, config).unwrap()
    };
    let cnn = nn::seq![
        conv(1, 8),
        F::relu,
        nn::MaxPool2d::new(2),
        conv(8, 16),
        F::relu,
        nn::MaxPool2d::new(2),
        nn::Flatten::default(),
        nn::Linear::new(16 * 7 * 7, 10).unwrap(),
    ];
    let of_cnn = train_digits(&cnn, 10, 0.005);
    let linear = nn::seq![nn::Flatten::default(), nn::Linear::new(784, 10).unwrap()];
    let of_linear = train_digits(&linear, 10, 0.005);
    assert!(of_cnn > 0.95, "cnn: {of_cnn}, linear: {of_linear}");
    assert!(of_linear < of_cnn - 0.05, "cnn: {of_cnn}, linear: {of_linear}");
}
