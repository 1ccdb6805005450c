//! Layers by the expressions that `tests/oracle/modules.py` made PyTorch's of: `Conv2d(4, 3, 3, stride=(2, 1))`.

use std::collections::HashMap;

use akari::candle_core::Result;
use akari::prelude::*;

type Run = Box<dyn Fn(&[&Tensor]) -> Result<Vec<Tensor>>>;

/// A layer, unless it is a function, and its call.
pub struct Case {
    pub layer: Option<Box<dyn nn::Layer>>,
    pub run: Run,
}

fn with<L: nn::Layer + Clone + 'static>(
    layer: L,
    run: impl Fn(&L, &[&Tensor]) -> Result<Vec<Tensor>> + 'static,
) -> Case {
    let of_case = layer.clone();
    Case { layer: Some(Box::new(of_case)), run: Box::new(move |x| run(&layer, x)) }
}

fn one<L: nn::Layer + Clone + 'static>(layer: L) -> Case {
    with(layer, |layer, x| Ok(vec![Module::forward(layer, x[0])?]))
}

fn function(run: impl Fn(&[&Tensor]) -> Result<Tensor> + 'static) -> Case {
    Case { layer: None, run: Box::new(move |x| Ok(vec![run(x)?])) }
}

/// A Python call, taken apart.
struct Call {
    name: String,
    positional: Vec<String>,
    options: HashMap<String, String>,
    note: String,
}

impl Call {
    fn of(id: &str) -> Call {
        let (text, note) = id.split_once(" @ ").unwrap_or((id, ""));
        let (name, rest) = text.split_once('(').unwrap_or((text, ")"));
        let (mut depth, mut parts) = (0, vec![String::new()]);
        for letter in rest[..rest.len() - 1].chars() {
            depth += match letter {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            match (letter, depth) {
                (',', 0) => parts.push(String::new()),
                _ => parts.last_mut().unwrap().push(letter),
            }
        }
        let (mut positional, mut options) = (Vec::new(), HashMap::new());
        for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some((key, value)) if !key.contains('(') => {
                    options.insert(key.to_owned(), value.trim_matches('\'').to_owned());
                }
                _ => positional.push(part.to_owned()),
            }
        }
        Call { name: name.to_owned(), positional, options, note: note.to_owned() }
    }

    /// The option of this name, or the positional argument at this place.
    fn text(&self, name: &str, place: usize) -> Option<&str> {
        self.options.get(name).or_else(|| self.positional.get(place)).map(String::as_str)
    }

    fn numbers(&self, name: &str, place: usize) -> Option<Vec<f64>> {
        let text = self.text(name, place)?.trim_matches(['(', ')']);
        text.split(',').map(|it| it.trim().parse().ok()).collect()
    }

    fn float(&self, name: &str, place: usize, default: f64) -> f64 {
        self.numbers(name, place).map_or(default, |all| all[0])
    }

    fn size(&self, name: &str, place: usize, default: usize) -> usize {
        self.numbers(name, place).map_or(default, |all| all[0] as usize)
    }

    fn arg(&self, place: usize) -> usize {
        self.size("", place, usize::MAX)
    }

    fn pair(&self, name: &str, place: usize, default: usize) -> F::Pair {
        match self.numbers(name, place).as_deref() {
            Some([one]) => (*one as usize).into(),
            Some([height, width]) => (*height as usize, *width as usize).into(),
            _ => default.into(),
        }
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.options.get(name).map_or(default, |value| value == "True")
    }

    fn border<const N: usize>(&self) -> nn::Border<N> {
        let all = self.numbers("", 0).unwrap();
        nn::Border(std::array::from_fn(|side| all[side % all.len()] as i64))
    }

    fn padding_mode(&self) -> nn::PaddingMode {
        match self.options.get("padding_mode").map(String::as_str) {
            Some("reflect") => nn::PaddingMode::Reflect,
            Some("replicate") => nn::PaddingMode::Replicate,
            Some("circular") => nn::PaddingMode::Circular,
            _ => nn::PaddingMode::Zeros,
        }
    }

    fn padding<S>(&self, size: impl Fn() -> S) -> nn::Padding<S> {
        match self.options.get("padding").map(String::as_str) {
            Some("same") => nn::Padding::Same,
            Some("valid") => nn::Padding::Valid,
            _ => nn::Padding::Size(size()),
        }
    }
}

pub fn case(id: &str) -> Result<Case> {
    let call = Call::of(id);
    let kind = call.name.split(' ').next().unwrap();
    match kind {
        "Conv1d" | "Conv2d" | "ConvTranspose1d" | "ConvTranspose2d" => convolution(&call),
        "RNN" | "LSTM" | "GRU" => recurrent(&call),
        "RNNCell" | "LSTMCell" | "GRUCell" => cell(&call),
        "MultiheadAttention" => attention(&call),
        "TransformerEncoderLayer" | "TransformerEncoder" => encoder(id, &call),
        "sdpa" | "cosine_similarity" | "pairwise_distance" => Ok(of_functions(&call)),
        _ => other(&call),
    }
}

fn convolution(call: &Call) -> Result<Case> {
    let (inputs, outputs) = (call.arg(0), call.arg(1));
    let (groups, bias) = (call.size("groups", 9, 1), call.flag("bias", true));
    Ok(match call.name.as_str() {
        "Conv1d" => one(nn::Conv1d::new(
            inputs,
            outputs,
            call.arg(2),
            nn::Conv1dConfig {
                stride: call.size("stride", 9, 1),
                padding: call.padding(|| call.size("padding", 9, 0)),
                dilation: call.size("dilation", 9, 1),
                groups,
                bias,
                padding_mode: call.padding_mode(),
            },
        )?),
        "Conv2d" => one(nn::Conv2d::with_options(
            inputs,
            outputs,
            call.pair("", 2, 0),
            nn::Conv2dOptions {
                stride: call.pair("stride", 9, 1),
                padding: call.padding(|| call.pair("padding", 9, 0)),
                dilation: call.pair("dilation", 9, 1),
                groups,
                bias,
                padding_mode: call.padding_mode(),
            },
        )?),
        "ConvTranspose1d" => one(nn::ConvTranspose1d::new(
            inputs,
            outputs,
            call.arg(2),
            nn::ConvTranspose1dConfig {
                stride: call.size("stride", 9, 1),
                padding: call.size("padding", 9, 0),
                output_padding: call.size("output_padding", 9, 0),
                dilation: call.size("dilation", 9, 1),
                groups,
                bias,
            },
        )?),
        _ => one(nn::ConvTranspose2d::new(
            inputs,
            outputs,
            call.pair("", 2, 0),
            nn::ConvTranspose2dConfig {
                stride: call.pair("stride", 9, 1),
                padding: call.pair("padding", 9, 0),
                output_padding: call.pair("output_padding", 9, 0),
                dilation: call.pair("dilation", 9, 1),
                groups,
                bias,
            },
        )?),
    })
}

fn nonlinearity(call: &Call) -> nn::RNNNonlinearity {
    match call.options.get("nonlinearity").map(String::as_str) {
        Some("relu") => nn::RNNNonlinearity::Relu,
        _ => nn::RNNNonlinearity::Tanh,
    }
}

fn recurrent(call: &Call) -> Result<Case> {
    let (input, hidden) = (call.arg(0), call.arg(1));
    let config = nn::LSTMConfig {
        num_layers: call.size("num_layers", 9, 1),
        bias: call.flag("bias", true),
        batch_first: call.flag("batch_first", false),
        dropout: call.float("dropout", 9, 0.0),
        bidirectional: call.flag("bidirectional", false),
    };
    let is_output = call.note == "output";
    Ok(match call.name.as_str() {
        "RNN" => {
            let nn::LSTMConfig { num_layers, bias, batch_first, dropout, bidirectional } = config;
            let nonlinearity = nonlinearity(call);
            let config = nn::RNNConfig {
                num_layers,
                nonlinearity,
                bias,
                batch_first,
                dropout,
                bidirectional,
            };
            with(nn::RNN::with_config(input, hidden, config)?, |rnn, x| {
                let (y, h) = rnn.forward(x[0], x.get(1).copied())?;
                Ok(vec![y, h])
            })
        }
        "GRU" => with(nn::GRU::with_config(input, hidden, config)?, |gru, x| {
            let (y, h) = gru.forward(x[0], x.get(1).copied())?;
            Ok(vec![y, h])
        }),
        _ => with(nn::LSTM::with_config(input, hidden, config)?, move |lstm, x| {
            let (y, (h, c)) = lstm.forward(x[0], x.get(1).map(|h| (*h, x[2])))?;
            if is_output {
                return Ok(vec![y.get(y.dims()[0] - 1)?]);
            }
            Ok(vec![y, h, c])
        }),
    })
}

fn cell(call: &Call) -> Result<Case> {
    let (input, hidden, bias) = (call.arg(0), call.arg(1), call.flag("bias", true));
    Ok(match call.name.as_str() {
        "RNNCell" => {
            let config = nn::RNNCellConfig { bias, nonlinearity: nonlinearity(call) };
            one(nn::RNNCell::with_config(input, hidden, config)?)
        }
        "GRUCell" => {
            let make = if bias { nn::GRUCell::new } else { nn::GRUCell::no_bias };
            with(make(input, hidden)?, |cell, x| Ok(vec![cell.forward(x[0], x.get(1).copied())?]))
        }
        _ => {
            let make = if bias { nn::LSTMCell::new } else { nn::LSTMCell::no_bias };
            with(make(input, hidden)?, |cell, x| {
                let (h, c) = cell.forward(x[0], x.get(1).map(|h| (*h, x[2])))?;
                Ok(vec![h, c])
            })
        }
    })
}

/// The masks of the Python file.
fn hidden_keys() -> Tensor {
    Tensor::new(&[[0u8, 0, 0, 1, 1], [0, 1, 0, 0, 0]], &Device::Cpu).unwrap()
}

fn upper() -> Tensor {
    Tensor::new(&[[0u8, 1, 1], [0, 0, 1], [0, 0, 0]], &Device::Cpu).unwrap()
}

fn attention(call: &Call) -> Result<Case> {
    let config = nn::MultiheadAttentionConfig {
        dropout: 0.0,
        bias: call.flag("bias", true),
        batch_first: call.flag("batch_first", false),
    };
    let layer = nn::MultiheadAttention::with_config(call.arg(0), call.arg(1), config)?;
    let note = call.note.clone();
    Ok(with(layer, move |layer, x| {
        let q = x[0];
        let (k, v) = (x.get(1).unwrap_or(&q), x.get(2).or(x.get(1)).unwrap_or(&q));
        let (hidden, upper) = (hidden_keys(), upper());
        let options = nn::MultiheadAttentionOptions {
            need_weights: note != "self",
            key_padding_mask: (note == "padding").then_some(&hidden),
            average_attn_weights: note != "padding",
            attn_mask: (note == "causal").then_some(&upper),
            ..Default::default()
        };
        let (y, weights) = layer.forward(q, k, v, options)?;
        Ok([y].into_iter().chain(weights).collect())
    }))
}

fn encoder(id: &str, call: &Call) -> Result<Case> {
    let inner = if call.name == "TransformerEncoder" {
        Call::of(&call.positional[0])
    } else {
        Call::of(id)
    };
    let gelu: fn(&Tensor) -> Result<Tensor> = |x| F::gelu(x, Gelu::None);
    let config = nn::TransformerEncoderLayerConfig {
        dim_feedforward: inner.arg(2),
        dropout: inner.float("dropout", 3, 0.1),
        activation: if inner.options.contains_key("activation") { gelu } else { F::relu },
        batch_first: inner.flag("batch_first", false),
        norm_first: inner.flag("norm_first", false),
        bias: inner.flag("bias", true),
        ..Default::default()
    };
    let layer = nn::TransformerEncoderLayer::with_config(inner.arg(0), inner.arg(1), config)?;
    if call.name == "TransformerEncoderLayer" {
        let is_causal = call.note == "causal";
        return Ok(with(layer, move |layer, x| {
            let upper = upper();
            let by_mask = nn::TransformerEncoderOptions {
                src_mask: is_causal.then_some(&upper),
                ..Default::default()
            };
            let by_flag = nn::TransformerEncoderOptions { is_causal, ..Default::default() };
            let y = layer.forward_with(x[0], by_mask)?;
            assert_eq!(
                y.flatten_all()?.to_vec1::<f32>()?,
                layer.forward_with(x[0], by_flag)?.flatten_all()?.to_vec1::<f32>()?
            );
            Ok(vec![y])
        }));
    }
    let count = call.arg(1);
    Ok(one(match call.options.contains_key("norm") {
        true => nn::TransformerEncoder::with_norm(&layer, count, nn::LayerNorm::new([4])?)?,
        false => nn::TransformerEncoder::new(&layer, count)?,
    }))
}

fn of_functions(call: &Call) -> Case {
    let (kind, note) = call.name.split_once(' ').unwrap_or((&call.name, ""));
    let note = note.to_owned();
    match kind {
        "sdpa" => function(move |x| {
            let mask =
                Tensor::new(&[[1u8, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], &Device::Cpu)?;
            let config = F::AttentionConfig {
                attn_mask: if note == "mask" { Some(&mask) } else { x.get(3).copied() },
                is_causal: note == "causal",
                scale: (note == "scale").then_some(0.3),
                ..Default::default()
            };
            F::scaled_dot_product_attention(x[0], x[1], x[2], config)
        }),
        "cosine_similarity" => {
            let dim = if note == "0" { 0 } else { 1 };
            function(move |x| F::cosine_similarity(x[0], x[1], dim, 1e-8))
        }
        _ => {
            let p = note.parse::<f64>().unwrap();
            function(move |x| F::pairwise_distance(x[0], x[1], p, 1e-6, false))
        }
    }
}

fn other(call: &Call) -> Result<Case> {
    let (first, second) = (call.arg(0), call.arg(1));
    Ok(match call.name.as_str() {
        "MaxPool1d" => one(nn::MaxPool1d {
            stride: call.size("stride", 9, first),
            padding: call.size("padding", 9, 0),
            dilation: call.size("dilation", 9, 1),
            ceil_mode: call.flag("ceil_mode", false),
            ..nn::MaxPool1d::new(first)
        }),
        "AvgPool1d" => one(nn::AvgPool1d {
            stride: call.size("stride", 9, first),
            padding: call.size("padding", 9, 0),
            count_include_pad: call.flag("count_include_pad", true),
            ..nn::AvgPool1d::new(first)
        }),
        "AdaptiveAvgPool1d" => one(nn::AdaptiveAvgPool1d::new(first)),
        "AdaptiveMaxPool1d" => one(nn::AdaptiveMaxPool1d::new(first)),
        "AdaptiveMaxPool2d" => match call.numbers("", 0).as_deref() {
            Some([height, width]) => {
                one(nn::AdaptiveMaxPool2d::new((*height as usize, *width as usize)))
            }
            _ => one(nn::AdaptiveMaxPool2d::new(first)),
        },
        "ZeroPad1d" => one(nn::ZeroPad1d::new(call.border())),
        "ZeroPad2d" => one(nn::ZeroPad2d::new(call.border())),
        "ReflectionPad1d" => one(nn::ReflectionPad1d::new(call.border())),
        "ReflectionPad2d" => one(nn::ReflectionPad2d::new(call.border())),
        "ReplicationPad1d" => one(nn::ReplicationPad1d::new(call.border())),
        "ReplicationPad2d" => one(nn::ReplicationPad2d::new(call.border())),
        "CircularPad2d" => one(nn::CircularPad2d::new(call.border())),
        "ConstantPad2d" => one(nn::ConstantPad2d::new(call.border(), call.float("", 1, 0.0))),
        "GroupNorm" => one(nn::GroupNorm::with_config(
            first,
            second,
            nn::GroupNormConfig {
                eps: call.float("eps", 9, 1e-5),
                affine: call.flag("affine", true),
                bias: call.flag("bias", true),
            },
        )?),
        "InstanceNorm1d" => one(nn::InstanceNorm1d::new(first)?),
        "InstanceNorm2d" => {
            let affine = call.flag("affine", false);
            let config = nn::InstanceNormConfig { affine, ..Default::default() };
            one(nn::InstanceNorm2d::with_config(first, config)?)
        }
        "Upsample" => one(nn::Upsample::with_config(nn::UpsampleConfig {
            size: call.options.contains_key("size").then(|| call.pair("size", 9, 0)),
            scale_factor: call.numbers("scale_factor", 9).map(|all| all[0]),
            mode: match call.options.get("mode").map(String::as_str) {
                Some("linear") => nn::InterpolateMode::Linear,
                Some("bilinear") => nn::InterpolateMode::Bilinear,
                _ => nn::InterpolateMode::Nearest,
            },
            align_corners: call.flag("align_corners", false),
        })),
        "BatchNorm3d" => one(nn::BatchNorm3d::new(first)?),
        "PixelShuffle" => one(nn::PixelShuffle::new(first)),
        "PixelUnshuffle" => one(nn::PixelUnshuffle::new(first)),
        "Unflatten" => one(nn::Unflatten::new(1, [2, 2])),
        "LocalResponseNorm" => one(nn::LocalResponseNorm {
            alpha: call.float("alpha", 9, 1e-4),
            beta: call.float("beta", 9, 0.75),
            k: call.float("k", 9, 1.0),
            ..nn::LocalResponseNorm::new(first)
        }),
        "Dropout1d" => one(nn::Dropout1d::new(0.0)?),
        "Dropout2d" => one(nn::Dropout2d::new(0.0)?),
        "AlphaDropout" => one(nn::AlphaDropout::new(0.0)?),
        "Bilinear" => with(nn::Bilinear::new(first, second, call.arg(2))?, |layer, x| {
            Ok(vec![layer.forward(x[0], x[1])?])
        }),
        other => panic!("nobody knows {other}"),
    })
}
