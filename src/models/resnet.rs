//! ResNet with eighteen weight layers (He and others, 2016), as torchvision builds it.
//!
//! Made of the layers of `nn`; names, first weights and the printed form are torchvision's.

use candle_core::{Module, Result, Tensor};

use crate::functional::relu;
use crate::nn::init::{self, Fan, Nonlinearity};
use crate::nn::layers::Copies;
use crate::nn::{
    AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Conv2dConfig, Layer, Linear, MaxPool2d, Sequential,
};

/// ResNet-18 with random weights: torchvision's layers, names, shapes and first weights.
///
/// From images `(N, 3, H, W)` to logits `(N, 1000)`. After `torch::manual_seed` the 11,689,512 weights are torchvision's, and
/// so is what is drawn next. `model.load(path)?` takes torchvision's weights from a safetensors file;
/// `model.fc = nn::Linear::new(512, 10)?` gives it other classes. Batch norms use their batch until
/// [`eval`](Layer::eval), as in PyTorch.
///
/// # Errors
///
/// If memory runs out.
///
/// ```
/// use akari::prelude::*;
/// torch::manual_seed(0);
/// let mut model = models::resnet18()?;
/// assert_eq!(model.num_parameters(), 11_689_512);
/// assert_eq!(model.named_parameters()[3].0, "layer1.0.conv1.weight");
///
/// model.fc = nn::Linear::new(512, 10)?;
/// model.eval();
/// assert_eq!(model.forward(&torch::rand((1, 3, 32, 32))?)?.dims(), &[1, 10]);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn resnet18() -> Result<ResNet> {
    let convolution = Conv2dConfig { stride: 2, padding: 3, bias: false, ..Default::default() };
    let model = ResNet {
        conv1: Conv2d::new(3, 64, 7, convolution)?,
        bn1: BatchNorm2d::new(64)?,
        relu: InPlaceReLU,
        maxpool: MaxPool2d { stride: 2.into(), padding: 1.into(), ..MaxPool2d::new(3) },
        layer1: stage(64, 64, 1)?,
        layer2: stage(64, 128, 2)?,
        layer3: stage(128, 256, 2)?,
        layer4: stage(256, 512, 2)?,
        avgpool: AdaptiveAvgPool2d::new((1, 1)),
        fc: Linear::new(512, 1000)?,
    };
    // torchvision draws the weights of all convolutions once more, when all layers are there.
    for (_, var) in model.named_parameters() {
        if var.rank() == 4 {
            init::kaiming_normal_(&var, Fan::Out, Nonlinearity::Relu)?;
        }
    }
    Ok(model)
}

/// The model of [`resnet18`]; it prints as torchvision's does.
#[derive(Debug, Clone)]
pub struct ResNet {
    /// The first convolution, of windows of 7 x 7.
    pub conv1: Conv2d,
    /// Its batch norm.
    pub bn1: BatchNorm2d,
    relu: InPlaceReLU,
    /// The pooling before the blocks.
    pub maxpool: MaxPool2d,
    /// Blocks of 64 channels.
    pub layer1: Sequential,
    /// Blocks of 128 channels.
    pub layer2: Sequential,
    /// Blocks of 256 channels.
    pub layer3: Sequential,
    /// Blocks of 512 channels.
    pub layer4: Sequential,
    /// The mean of each channel.
    pub avgpool: AdaptiveAvgPool2d,
    /// From channels to classes.
    pub fc: Linear,
}

crate::nn::model!(ResNet {
    conv1,
    bn1,
    relu,
    maxpool,
    layer1,
    layer2,
    layer3,
    layer4,
    avgpool,
    fc
});

impl Module for ResNet {
    fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let x = self.relu.forward(&self.bn1.forward(&self.conv1.forward(images)?)?)?;
        let mut x = self.maxpool.forward(&x)?;
        for stage in [&self.layer1, &self.layer2, &self.layer3, &self.layer4] {
            x = stage.forward(&x)?;
        }
        self.fc.forward(&self.avgpool.forward(&x)?.flatten_from(1)?)
    }
}

/// Two blocks, of which the first changes the channels.
fn stage(inputs: usize, outputs: usize, stride: usize) -> Result<Sequential> {
    let first = BasicBlock::new(inputs, outputs, stride)?;
    Ok(Sequential::new().add(first).add(BasicBlock::new(outputs, outputs, 1)?))
}

/// Two convolutions, and the input added to what they give.
#[derive(Debug, Clone)]
struct BasicBlock {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    relu: InPlaceReLU,
    conv2: Conv2d,
    bn2: BatchNorm2d,
    downsample: Option<Sequential>,
}

crate::nn::model!(BasicBlock { conv1, bn1, relu, conv2, bn2, downsample });

impl BasicBlock {
    fn new(inputs: usize, outputs: usize, stride: usize) -> Result<Self> {
        let config =
            |stride, padding| Conv2dConfig { stride, padding, bias: false, ..Default::default() };
        // In torchvision's order, by which the numbers after the model are PyTorch's.
        let downsample = if stride != 1 || inputs != outputs {
            let convolution = Conv2d::new(inputs, outputs, 1, config(stride, 0))?;
            Some(Sequential::new().add(convolution).add(BatchNorm2d::new(outputs)?))
        } else {
            None
        };
        Ok(BasicBlock {
            conv1: Conv2d::new(inputs, outputs, 3, config(stride, 1))?,
            bn1: BatchNorm2d::new(outputs)?,
            relu: InPlaceReLU,
            conv2: Conv2d::new(outputs, outputs, 3, config(1, 1))?,
            bn2: BatchNorm2d::new(outputs)?,
            downsample,
        })
    }
}

impl Module for BasicBlock {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.relu.forward(&self.bn1.forward(&self.conv1.forward(x)?)?)?;
        let y = self.bn2.forward(&self.conv2.forward(&y)?)?;
        let kept = match &self.downsample {
            Some(downsample) => downsample.forward(x)?,
            None => x.clone(),
        };
        self.relu.forward(&(y + kept)?)
    }
}

/// A relu as torchvision's models print it.
#[derive(Debug, Clone, Copy)]
struct InPlaceReLU;

impl Module for InPlaceReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        relu(x)
    }
}

impl Layer for InPlaceReLU {
    fn copy_with(&self, _: &mut Copies) -> Result<Self> {
        Ok(*self)
    }

    fn head(&self) -> String {
        "ReLU(inplace=True)".to_owned()
    }
}
