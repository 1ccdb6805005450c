//! Section `repr`: a row for each Python expression, with what makes the same text in Rust.

use std::io::{self, Write};

use akari::optim::{Adam, AdamConfig, AdamW, AdamWConfig, ParamGroup, SGD, SGDConfig};
use akari::prelude::*;

use crate::tally::Tally;
use crate::vectors::section;

/// Expressions whose counterpart is in another part of the prelude, and how they begin. Each must
/// become a row; until then the test says that they are missing.
const ROWS_TO_COME: &[(&str, &str)] = &[
    ("optim.Ad", "optimizers"),
    ("optim.ASGD", "optimizers"),
    ("optim.NAdam", "optimizers"),
    ("optim.R", "optimizers"),
    ("optim.LBFGS", "optimizers"),
    ("optim.Muon", "optimizers"),
    ("optim.SparseAdam", "optimizers"),
    ("S.", "schedulers"),
    ("nn.Linear(", "layers"),
    ("nn.Sequential(", "layers"),
    ("nn.MSELoss(", "losses"),
    ("nn.CrossEntropyLoss(", "losses"),
    ("nn.BCELoss(", "losses"),
    ("nn.NLLLoss(", "losses"),
    ("nn.HuberLoss(", "losses"),
    ("nn.KLDivLoss(", "losses"),
    ("nn.TripletMarginLoss(", "losses"),
];

fn parameter() -> Var {
    Var::new(&[0f32], &Device::Cpu).unwrap()
}

fn sgd(config: SGDConfig) -> String {
    format!("{:#}", SGD::new(parameter(), config).unwrap())
}

fn adam(config: AdamConfig) -> String {
    format!("{:#}", Adam::new(parameter(), config).unwrap())
}

/// The text of a Python expression, if there is a row for it.
fn row(expression: &str) -> Option<String> {
    Some(match expression {
        "nn.ReLU()" => nn::ReLU.to_string(),
        "nn.Softmax(dim=1)" => nn::Softmax { dim: Some(1) }.to_string(),
        "nn.Softmax()" => nn::Softmax::default().to_string(),
        "nn.LeakyReLU(0.2)" => nn::LeakyReLU { negative_slope: 0.2 }.to_string(),
        "nn.ELU()" => nn::ELU::default().to_string(),
        "nn.GELU()" => nn::GELU::default().to_string(),
        "nn.GELU('tanh')" => nn::GELU { approximate: Gelu::Tanh }.to_string(),
        "nn.PReLU()" => nn::PReLU::default().to_string(),
        "nn.Threshold(0.1, 20)" => nn::Threshold { threshold: 0.1, value: 20.0 }.to_string(),
        "nn.Hardtanh()" => nn::Hardtanh::default().to_string(),
        "nn.Softplus()" => nn::Softplus::default().to_string(),
        "nn.Sigmoid()" => nn::Sigmoid.to_string(),
        "nn.GLU()" => nn::GLU::default().to_string(),
        "nn.Hardshrink()" => nn::Hardshrink::default().to_string(),
        "nn.RReLU()" => nn::RReLU::default().to_string(),
        "nn.CELU()" => nn::CELU::default().to_string(),
        "nn.SELU()" => nn::SELU.to_string(),
        "nn.ReLU6()" => nn::ReLU6.to_string(),
        "nn.Mish()" => nn::Mish.to_string(),
        "nn.LogSoftmax(dim=-1)" => nn::LogSoftmax { dim: Some(-1) }.to_string(),
        "nn.Softmax2d()" => nn::Softmax2d.to_string(),
        "nn.Tanhshrink()" => nn::Tanhshrink.to_string(),

        "optim.SGD(P)" => sgd(SGDConfig::default()),
        "optim.SGD(P, lr=0.01, momentum=0.9)" => {
            sgd(SGDConfig { lr: 0.01, momentum: 0.9, ..Default::default() })
        }
        "optim.SGD(P, lr=0.2)" => sgd(SGDConfig { lr: 0.2, ..Default::default() }),
        "optim.SGD(P, lr=1e-05)" => sgd(SGDConfig { lr: 1e-05, ..Default::default() }),
        "optim.SGD(P, lr=0.00001234)" => sgd(SGDConfig { lr: 0.00001234, ..Default::default() }),
        "optim.SGD(P, lr=1e22)" => sgd(SGDConfig { lr: 1e22, ..Default::default() }),
        it if it.starts_with("optim.SGD([{'params': P}, ")
            && it.ends_with("'lr': 0.5}], lr=0.1)") =>
        {
            let group = |lr| ParamGroup {
                params: parameter().into(),
                config: SGDConfig { lr, ..Default::default() },
            };
            format!("{:#}", SGD::with_groups(vec![group(0.1), group(0.5)]).unwrap())
        }
        "optim.Adam(P)" => adam(AdamConfig::default()),
        "optim.Adam(P, lr=0.2)" => adam(AdamConfig { lr: 0.2, ..Default::default() }),
        "optim.AdamW(P)" => {
            format!("{:#}", AdamW::new(parameter(), AdamWConfig::default()).unwrap())
        }

        "torch.tensor([1., 2.]).shape" => torch::Size(tensor!([1.0, 2.0]).dims()).to_string(),
        "torch.float32" => akari::print::dtype_name(tensor!([1.0]).dtype()).to_owned(),
        "torch.tensor([1.]).item()" => {
            format!("{:?}", tensor!([1.0]).squeeze(0).unwrap().to_scalar::<f32>().unwrap())
        }
        "nn.Parameter(torch.tensor([1., 2.]))" => {
            let variable = Var::from_tensor(&tensor!([1.0, 2.0])).unwrap();
            akari::print::parameter_text(&variable).unwrap()
        }
        _ => return None,
    })
}

#[test]
fn reprs_are_pytorchs() {
    let mut tally = Tally::new("repr");
    let mut missing = Vec::new();
    for case in section("repr") {
        let expression = case["expr"].as_str().unwrap();
        let found = row(expression);
        let to_come = ROWS_TO_COME.iter().find(|(begin, _)| expression.starts_with(begin));
        if let (None, Some((_, part))) = (&found, to_come) {
            missing.push(format!("{expression} ({part})"));
            continue;
        }
        tally.case(case["id"].as_str().unwrap(), || {
            let found = found.ok_or("there is no row for it")?;
            let expected = case["expect"].as_str().unwrap();
            if found == expected {
                return Ok(());
            }
            Err(format!("{found}\ninstead of\n{expected}"))
        });
    }
    if !missing.is_empty() {
        // `println!` would be captured where the test passes.
        let _ = writeln!(
            io::stdout(),
            "repr: {} more have NO ROW YET:\n    {}",
            missing.len(),
            missing.join("\n    ")
        );
    }
    tally.finish();
}

#[test]
fn vgg11_prints_as_torchvisions() {
    let expected = "\
VGG(
  (features): Sequential(
    (0): Conv2d(3, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (1): ReLU(inplace=True)
    (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    (3): Conv2d(64, 128, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (4): ReLU(inplace=True)
    (5): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    (6): Conv2d(128, 256, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (7): ReLU(inplace=True)
    (8): Conv2d(256, 256, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (9): ReLU(inplace=True)
    (10): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    (11): Conv2d(256, 512, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (12): ReLU(inplace=True)
    (13): Conv2d(512, 512, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (14): ReLU(inplace=True)
    (15): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    (16): Conv2d(512, 512, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (17): ReLU(inplace=True)
    (18): Conv2d(512, 512, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    (19): ReLU(inplace=True)
    (20): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  )
  (avgpool): AdaptiveAvgPool2d(output_size=(7, 7))
  (classifier): Sequential(
    (0): Linear(in_features=25088, out_features=4096, bias=True)
    (1): ReLU(inplace=True)
    (2): Dropout(p=0.5, inplace=False)
    (3): Linear(in_features=4096, out_features=4096, bias=True)
    (4): ReLU(inplace=True)
    (5): Dropout(p=0.5, inplace=False)
    (6): Linear(in_features=4096, out_features=1000, bias=True)
  )
)";
    let found = models::vgg11().unwrap().to_string();
    assert_eq!(found, expected);
}
