//! VGG with eleven weight layers (Simonyan and Zisserman, 2014), as torchvision builds it.
//!
//! The weights are drawn when somebody looks at them (`parameters.rs`), so that a cell that only prints the
//! model or its optimizer takes no memory.

use std::fmt;

use candle_core::{DType, Device, Module, Result, Tensor, Var};

use crate::error::fail_shape;
use crate::functional::{
    Conv2dConfig, adaptive_avg_pool2d, conv2d, dropout, linear, max_pool2d, relu,
};
use crate::nn::layers::{Copies, Part, Parts};
use crate::nn::{Layer, Mode};
use crate::parameters::{Lazy, Parameters};
use crate::print::python::module_repr;
use crate::random::{Generator, Normal, reserve};

/// How torchvision's models print this layer.
const RELU: &str = "ReLU(inplace=True)";

/// Channels of each convolution, and whether a pooling of 2 x 2 follows it.
const CONVOLUTIONS: [(usize, usize, usize, bool); 8] = [
    (0, 3, 64, true),
    (3, 64, 128, true),
    (6, 128, 256, false),
    (8, 256, 256, true),
    (11, 256, 512, false),
    (13, 512, 512, true),
    (16, 512, 512, false),
    (18, 512, 512, true),
];

/// Number in the classifier, inputs and outputs of each linear layer.
const LINEARS: [(usize, usize, usize); 3] =
    [(0, 512 * 7 * 7, 4096), (3, 4096, 4096), (6, 4096, 1000)];

/// The model of [`vgg11`]; it prints as torchvision's does.
///
/// It is a [`Layer`] like any other: `model.load(path)?` takes torchvision's weights from a safetensors file.
#[derive(Debug, Clone)]
pub struct Vgg {
    lazy: Lazy,
    mode: Mode,
}

/// VGG-11 with random weights: torchvision's layers, names, shapes and first weights.
///
/// After `torch::manual_seed` the 132,863,336 weights in 22 tensors (507 MiB) are torchvision's, and
/// so is what is drawn next. They are drawn when somebody first looks at them. Dropout is on until
/// [`eval`](Layer::eval), as in PyTorch.
///
/// ```
/// use akari::prelude::*;
///
/// let model = models::vgg11()?;
/// assert!(model.to_string().starts_with("VGG(\n  (features): Sequential(\n    (0): Conv2d(3, 64,"));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn vgg11() -> Result<Vgg> {
    let specs = specs();
    // torchvision makes all layers, each of which draws its first weights and bias, and then draws the
    // weights again: normal ones, each of one number of the generator, since there are whole blocks.
    let of_layers = specs.iter().map(Spec::count).sum::<usize>() as u64;
    let weights = specs.iter().filter(|spec| spec.deviation > 0.0);
    let of_weights = weights.map(Spec::count).sum::<usize>() as u64;
    let mut generator = reserve(of_layers + of_weights);
    generator.skip(of_layers);
    let lazy = Lazy::new(specs.len(), move || {
        let mut generator = generator.clone();
        // Only memory can run out here, and that ends the process anyway.
        let draw = |spec: &Spec| spec.draw(&mut generator).expect("shapes fit their data");
        specs.iter().map(draw).collect()
    });
    Ok(Vgg { lazy, mode: Mode::default() })
}

impl Vgg {
    /// The parameters, for an optimizer. Unlike [`Layer::parameters`], this one doesn't look at them, so that
    /// none is drawn before the first step.
    pub fn parameters(&self) -> Parameters {
        self.lazy.clone().into()
    }
}

/// From images `(N, 3, H, W)` of at least 32 x 32 pixels to logits `(N, 1000)`; an error for another shape
/// or dtype.
impl Module for Vgg {
    fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let is_image =
            matches!(images.dims(), [_, 3, height, width] if *height >= 32 && *width >= 32);
        if !is_image {
            return fail_shape(
                "models::Vgg",
                format_args!(
                    "images must have shape [N, 3, H, W] with H and W of 32 or more, but it is {:?}",
                    images.dims()
                ),
            );
        }
        let mut vars = self.lazy.get().chunks_exact(2);
        let convolution = Conv2dConfig { padding: 1, ..Default::default() };
        let mut x = images.clone();
        for ((_, _, _, is_pooled), pair) in CONVOLUTIONS.iter().zip(&mut vars) {
            x = relu(&conv2d(&x, &pair[0], Some(&pair[1]), convolution)?)?;
            if *is_pooled {
                x = max_pool2d(&x, 2, 2, 0)?;
            }
        }
        x = adaptive_avg_pool2d(&x, 7)?.flatten_from(1)?;
        for (layer, pair) in vars.enumerate() {
            x = linear(&x, &pair[0], Some(&pair[1]))?;
            if layer + 1 < LINEARS.len() {
                x = dropout(&relu(&x)?, 0.5, self.mode.is_training())?;
            }
        }
        Ok(x)
    }
}

/// The names are torchvision's, such as `features.0.weight`, so that its weights can be loaded.
impl Layer for Vgg {
    fn parts(&self) -> Parts<'_> {
        let names = specs().into_iter().map(|spec| spec.name);
        Parts {
            parameters: names.zip(self.lazy.get().iter().cloned()).collect(),
            modes: vec![&self.mode],
            ..Parts::default()
        }
    }

    fn copy_with(&self, copies: &mut Copies) -> Result<Self> {
        let vars = self.lazy.get().iter().map(|var| copies.var(var)).collect::<Result<Vec<_>>>()?;
        let lazy = Lazy::new(vars.len(), move || vars.clone());
        Ok(Vgg { lazy, mode: Part::copied(&self.mode, copies)? })
    }

    fn set_training(&self, training: bool) {
        // The general way looks at all parts, and so would draw the weights.
        self.mode.set(training);
    }

    fn head(&self) -> String {
        "VGG()".to_owned()
    }

    fn repr(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Vgg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut features = Vec::new();
        for (_, inputs, outputs, is_pooled) in CONVOLUTIONS {
            features.push(format!(
                "Conv2d({inputs}, {outputs}, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))"
            ));
            features.push(RELU.to_owned());
            if is_pooled {
                features.push(
                    "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"
                        .to_owned(),
                );
            }
        }
        let mut classifier = Vec::new();
        for (number, inputs, outputs) in LINEARS {
            if number > 0 {
                classifier.extend([RELU, "Dropout(p=0.5, inplace=False)"].map(str::to_owned));
            }
            classifier
                .push(format!("Linear(in_features={inputs}, out_features={outputs}, bias=True)"));
        }
        f.write_str(&module_repr(
            "VGG",
            &[
                ("features".to_owned(), sequential_repr(features)),
                ("avgpool".to_owned(), "AdaptiveAvgPool2d(output_size=(7, 7))".to_owned()),
                ("classifier".to_owned(), sequential_repr(classifier)),
            ],
        ))
    }
}

fn sequential_repr(layers: Vec<String>) -> String {
    let numbered = layers.into_iter().enumerate();
    let children = numbered.map(|(index, layer)| (index.to_string(), layer)).collect::<Vec<_>>();
    module_repr("Sequential", &children)
}

struct Spec {
    name: String,
    shape: Vec<usize>,
    deviation: f64,
}

fn specs() -> Vec<Spec> {
    let mut specs = Vec::new();
    let mut layer = |name: String, shape: Vec<usize>, deviation| {
        let outputs = shape[0];
        specs.push(Spec { name: format!("{name}.weight"), shape, deviation });
        specs.push(Spec { name: format!("{name}.bias"), shape: vec![outputs], deviation: 0.0 });
    };
    for (number, inputs, outputs, _) in CONVOLUTIONS {
        // Kaiming's normal initialisation by fan-out, for relu.
        let deviation = (2.0 / (9 * outputs) as f64).sqrt();
        layer(format!("features.{number}"), vec![outputs, inputs, 3, 3], deviation);
    }
    for (number, inputs, outputs) in LINEARS {
        layer(format!("classifier.{number}"), vec![outputs, inputs], 0.01);
    }
    specs
}

impl Spec {
    fn count(&self) -> usize {
        self.shape.iter().product()
    }

    fn draw(&self, generator: &mut Generator) -> Result<Var> {
        let shape = self.shape.as_slice();
        if self.deviation == 0.0 {
            return Var::zeros(shape, DType::F32, &Device::Cpu);
        }
        let normal = Normal { mean: 0.0, deviation: self.deviation };
        let draw = generator.begin::<f32, _>(self.count(), normal);
        Var::from_vec(draw.floats::<f32>(), shape, &Device::Cpu)
    }
}
