//! Section `repr`: a row for each Python expression, with what makes the same text in Rust.

use akari::prelude::*;

use crate::reprs_optim;
use crate::tally::Tally;
use crate::vectors::section;

/// The text of a Python expression, if there is a row for it.
fn row(expression: &str) -> Option<String> {
    if let Some((_, text)) = reprs_optim::ROWS.iter().find(|row| row.0 == expression) {
        return Some(text());
    }
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

        "nn.MSELoss()" => nn::MSELoss::default().to_string(),
        "nn.CrossEntropyLoss()" => nn::CrossEntropyLoss::default().to_string(),
        "nn.CrossEntropyLoss(weight=torch.tensor([1., 2.]))" => {
            let weight = Some(tensor!([1.0, 2.0]));
            nn::CrossEntropyLoss { weight, ..Default::default() }.to_string()
        }
        "nn.BCELoss()" => nn::BCELoss::default().to_string(),
        "nn.NLLLoss()" => nn::NLLLoss::default().to_string(),
        "nn.HuberLoss()" => nn::HuberLoss::default().to_string(),
        "nn.KLDivLoss()" => nn::KLDivLoss::default().to_string(),
        "nn.TripletMarginLoss()" => nn::TripletMarginLoss::default().to_string(),

        "nn.Linear(3, 2)" => nn::Linear::new(3, 2).unwrap().to_string(),
        "nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))" => {
            let ends = [nn::Linear::new(2, 3).unwrap(), nn::Linear::new(3, 1).unwrap()];
            let [first, last] = ends;
            nn::seq![first, nn::ReLU, last].to_string()
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
    for case in section("repr") {
        let expression = case["expr"].as_str().unwrap();
        tally.case(case["id"].as_str().unwrap(), || {
            let found = row(expression).ok_or("there is no row for it")?;
            let expected = case["expect"].as_str().unwrap();
            if found == expected {
                return Ok(());
            }
            Err(format!("{found}\ninstead of\n{expected}"))
        });
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
