//! Layers, which begin with PyTorch's own weights.

use akari::prelude::*;

rows! {
    samples: [x y v image labels n];

    "nn.Linear" same { nn::Linear::new(4, 2)?.forward(&x)? };
    "nn.Bilinear" same { nn::Bilinear::new(4, 4, 2)?.forward(&x, &y)? };
    "nn.Identity" same { nn::Identity.forward(&x)? };
    "nn.Flatten" same { nn::Flatten::default().forward(&image)? };
    "nn.Unflatten" same { nn::Unflatten::new(1, [2, 2]).forward(&x)? };
    "nn.Conv1d" same { nn::Conv1d::new(3, 2, 3, Default::default())?.forward(&image.i((.., .., 0))?)? };
    "nn.Conv2d" same { nn::Conv2d::new(3, 2, 3, Default::default())?.forward(&image)? };
    "nn.Conv2d(stride=(2,1), padding=(1,0))"
        way "stride=(2, 1), padding=1" => "nn::Conv2d!(1, 8, 3, stride = (2, 1), padding = 1)?" {
            const _: &str = stringify!(nn::Conv2d!(1, 8, 3, stride = (2, 1), padding = 1)?);
            nn::Conv2d!(3, 2, 3, stride = (2, 1), padding = 1)?.forward(&image)?
        };
    "nn.Conv2d(padding='same')" way "padding='same'" => "padding = nn::Padding::Same" {
        nn::Conv2d!(3, 2, 3, padding = nn::Padding::Same)?.forward(&image)?
    };
    "nn.Conv3d" not "nn.Conv3d";
    "nn.ConvTranspose1d" same {
        nn::ConvTranspose1d::new(3, 2, 3, Default::default())?.forward(&image.i((.., .., 0))?)?
    };
    "nn.ConvTranspose2d" same {
        let config = nn::ConvTranspose2dConfig { stride: 2.into(), ..Default::default() };
        nn::ConvTranspose2d::new(3, 2, 3, config)?.forward(&image)?
    };
    "nn.LazyLinear / LazyConv2d" way "nn.LazyLinear(10)" => "nn::Linear::new(784, 10)?" {
        let net = nn::Linear::new(784, 10)?;
        net.weight.dims().to_vec()
    };
    "nn.BatchNorm1d" same { nn::BatchNorm1d::new(4)?.forward(&x)? };
    "nn.BatchNorm2d" same { nn::BatchNorm2d::new(3)?.forward(&image)? };
    "nn.BatchNorm3d" same { nn::BatchNorm3d::new(3)?.forward(&torch::unsqueeze(&image, 2)?)? };
    "nn.LayerNorm" same { nn::LayerNorm::new([4])?.forward(&x)? };
    "nn.RMSNorm" same { nn::RMSNorm::new([4])?.forward(&x)? };
    "nn.GroupNorm" same { nn::GroupNorm::new(3, 3)?.forward(&image)? };
    "nn.InstanceNorm2d" same { nn::InstanceNorm2d::new(3)?.forward(&image)? };
    "nn.LocalResponseNorm" same { nn::LocalResponseNorm::new(2).forward(&image)? };
    "nn.Dropout" same { nn::Dropout::new(0.5)?.forward(&x)? };
    "nn.Dropout2d" same { nn::Dropout2d::new(0.5)?.forward(&image)? };
    "nn.AlphaDropout" same { nn::AlphaDropout::new(0.5)?.forward(&x)? };
    "nn.Embedding" same { nn::Embedding::new(5, 3)?.forward(&n)? };
    "nn.EmbeddingBag" way "nn.EmbeddingBag(5, 3)" => "torch::mean_dim(&words.forward(&n)?, 1)?" {
        let words = nn::Embedding::new(5, 3)?;
        torch::mean_dim(&words.forward(&n)?, 1)?
    };
    "nn.MaxPool1d" same { nn::MaxPool1d::new(2).forward(&image.i((.., .., 0))?)? };
    "nn.MaxPool2d" same { nn::MaxPool2d::new(2).forward(&image)? };
    "nn.AvgPool1d" same { nn::AvgPool1d::new(2).forward(&image.i((.., .., 0))?)? };
    "nn.AvgPool2d" same { nn::AvgPool2d::new(2).forward(&image)? };
    "nn.AdaptiveAvgPool2d" same { nn::AdaptiveAvgPool2d::new(1).forward(&image)? };
    "nn.AdaptiveAvgPool1d / AdaptiveMaxPool2d" same {
        (
            nn::AdaptiveAvgPool1d::new(3).forward(&image.i((.., .., 0))?)?,
            nn::AdaptiveMaxPool2d::new(3).forward(&image)?,
        )
    };
    "nn.Upsample / F.interpolate" same {
        let mode = F::InterpolateMode::Bilinear;
        let config = F::InterpolateConfig { scale_factor: Some(2.0), mode, ..Default::default() };
        (nn::Upsample::new(2.0).forward(&image)?, F::interpolate(&image, config)?)
    };
    "nn.PixelShuffle" same { nn::PixelShuffle::new(2).forward(&torch::cat((&image.i(0)?, &image.i((1, 0..1))?), 0)?)? };
    "nn.ZeroPad2d/ReflectionPad2d" same {
        (nn::ZeroPad2d::new(1).forward(&image)?, nn::ReflectionPad2d::new(2).forward(&image)?)
    };
    "nn.RNN" same { nn::RNN::new(8, 4)?.forward(&image.i(0)?, None)? };
    "nn.LSTM" same {
        let config = nn::LSTMConfig { num_layers: 2, batch_first: true, bidirectional: true, ..Default::default() };
        let (out, (h, c)) = nn::LSTM::with_config(8, 4, config)?.forward(&image.i(0)?, None)?;
        (out, h, c)
    };
    "nn.GRU" same { nn::GRU::new(8, 4)?.forward(&image.i(0)?, None)? };
    "nn.RNNCell/LSTMCell/GRUCell" same {
        let rnn = nn::RNNCell::new(4, 2)?.forward(&x, None)?;
        let (h, c) = nn::LSTMCell::new(4, 2)?.forward(&x, None)?;
        (rnn, h, c, nn::GRUCell::new(4, 2)?.forward(&x, None)?)
    };
    "nn.MultiheadAttention" same {
        let (x, layer) = (image.i(0)?, nn::MultiheadAttention::new(8, 2)?);
        let (y, weights) = layer.forward(&x, &x, &x, Default::default())?;
        (y, weights.unwrap())
    };
    "F.scaled_dot_product_attention" same {
        let config = F::AttentionConfig { is_causal: true, ..Default::default() };
        F::scaled_dot_product_attention(&image, &image, &image, config)?
    };
    "nn.TransformerEncoderLayer" same {
        let config = nn::TransformerEncoderLayerConfig {
            dim_feedforward: 16,
            dropout: 0.0,
            batch_first: true,
            ..Default::default()
        };
        nn::TransformerEncoderLayer::with_config(8, 2, config)?.forward(&image.i(0)?)?
    };
    "nn.TransformerEncoder/Decoder/Transformer" same {
        let config = nn::TransformerEncoderLayerConfig { dim_feedforward: 16, dropout: 0.0, ..Default::default() };
        let layer = nn::TransformerEncoderLayer::with_config(8, 2, config)?;
        nn::TransformerEncoder::new(&layer, 2)?.forward(&image.i(0)?)?
    } not "nn.TransformerDecoder", "nn.Transformer";
}
