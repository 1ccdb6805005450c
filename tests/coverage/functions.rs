//! Activations, other functions of `F`, and losses.

use akari::prelude::*;

rows! {
    samples: [x y v image labels n];

    "ReLU" same { (F::relu(&x)?, nn::ReLU.forward(&x)?) };
    "ReLU6" same { F::relu6(&t!(x * 5))? };
    "LeakyReLU" same { F::leaky_relu(&x, 0.01)? };
    "PReLU" same { (nn::PReLU::default().forward(&x)?, F::prelu(&x, &v)?) };
    "RReLU" same { F::rrelu(&x, 0.1, 0.3, true)? };
    "ELU/SELU/CELU" same { (F::elu(&x, 1.0)?, F::selu(&x)?, F::celu(&x, 0.5)?) };
    "GELU" same { (F::gelu(&x, Gelu::None)?, F::gelu(&x, Gelu::Tanh)?) };
    "SiLU/Mish" same { (F::silu(&x)?, F::mish(&x)?) };
    "Sigmoid/Tanh" same { (F::sigmoid(&x)?, F::tanh(&x)?) };
    "LogSigmoid" same { F::logsigmoid(&x)? };
    "Hardtanh/Hardsigmoid/Hardswish" same { (F::hardtanh(&x, -1.0, 1.0)?, F::hardsigmoid(&x)?, F::hardswish(&x)?) };
    "Hardshrink/Softshrink/Tanhshrink" same { (F::hardshrink(&x, 0.5)?, F::softshrink(&x, 0.5)?, F::tanhshrink(&x)?) };
    "Softplus/Softsign" same { (F::softplus(&x, 1.0, 20.0)?, F::softsign(&x)?) };
    "Threshold" same { F::threshold(&x, 0.1, 20.0)? };
    "Softmax/LogSoftmax/Softmin" same { (F::softmax(&x, 1)?, F::log_softmax(&x, 0)?, F::softmin(&x, 1)?) };
    "Softmax2d" same { nn::Softmax2d.forward(&image)? };
    "GLU" same { F::glu(&x, -1)? };
    "F.gumbel_softmax" same { F::gumbel_softmax(&x, 1.0, false, -1)? };
    "F.normalize" same { F::normalize(&x, 2.0, 1, 1e-12)? };
    "F.one_hot" same { F::one_hot(&labels, 5)? };
    "F.pad (constant)" same { F::pad(&x, &[1, 2], 0.5)? };
    "F.pad (reflect/replicate)" same {
        (F::pad_mode(&x, &[1, 2], F::PaddingMode::Reflect)?, F::pad_mode(&image, &[1, 1, 2, 2], F::PaddingMode::Replicate)?)
    };
    "F.dropout" same { F::dropout(&x, 0.5, true)? };
    "F.linear / conv2d" same {
        let weight = image.i((.., .., 0..3, 0..3))?;
        (F::linear(&x, &y, None)?, F::conv2d(&image, &weight, None, Default::default())?)
    };
    "F.cosine_similarity" same { F::cosine_similarity(&x, &y, 1, 1e-8)? };
    "F.pairwise_distance" same { F::pairwise_distance(&x, &y, 2.0, 1e-6, false)? };
    "F.embedding" same { F::embedding(&labels, &torch::cat((&x, &y), 0)?)? };
    "F.unfold / fold" same {
        let columns = F::unfold(&image, 3, 1, 1, 2)?;
        (columns.clone(), F::fold(&columns, 8, 3, 1, 1, 2)?)
    };
    "F.grid_sample / affine_grid" not "F.grid_sample", "F.affine_grid";
    "F.group_norm / instance_norm" same {
        (F::group_norm(&image, 3, None, None, 1e-5)?, F::instance_norm(&image, None, None, 1e-5)?)
    };

    "MSELoss/L1Loss" same { (nn::MSELoss::default().forward(&x, &y)?, nn::L1Loss::default().forward(&x, &y)?) };
    "SmoothL1Loss/HuberLoss" same {
        (nn::SmoothL1Loss::default().forward(&x, &y)?, nn::HuberLoss::default().forward(&x, &y)?)
    };
    "CrossEntropyLoss" same {
        let smoothed = nn::CrossEntropyLoss { label_smoothing: 0.1, ..Default::default() };
        (nn::CrossEntropyLoss::default().forward(&x, &labels)?, smoothed.forward(&x, &labels)?)
    };
    "NLLLoss" same { nn::NLLLoss::default().forward(&F::log_softmax(&x, 1)?, &labels)? };
    "BCELoss/BCEWithLogitsLoss" same {
        let target = t!(y > 0).float()?;
        (
            nn::BCELoss::default().forward(&torch::sigmoid(&x)?, &target)?,
            nn::BCEWithLogitsLoss::default().forward(&x, &target)?,
        )
    };
    "KLDivLoss" same {
        let config = nn::KLDivLoss { reduction: nn::KLDivReduction::BatchMean, ..Default::default() };
        config.forward(&F::log_softmax(&x, 1)?, &F::softmax(&y, 1)?)?
    };
    "the 11 others (CTC, Triplet, Margin..)" same {
        let signs = torch::sign(&y)?;
        [
            nn::CosineEmbeddingLoss::default().forward(&x, &y, &signs.i((.., 0))?)?,
            nn::GaussianNLLLoss::default().forward(&x, &y, &torch::exp(&y)?)?,
            nn::HingeEmbeddingLoss::default().forward(&x, &signs)?,
            nn::MarginRankingLoss::default().forward(&x, &y, &signs)?,
            nn::MultiLabelSoftMarginLoss::default().forward(&x, &t!(y > 0).float()?)?,
            nn::MultiMarginLoss::default().forward(&x, &labels)?,
            nn::PoissonNLLLoss::default().forward(&x, &torch::exp(&y)?)?,
            nn::SoftMarginLoss::default().forward(&x, &signs)?,
            nn::TripletMarginLoss::default().forward(&x, &y, &torch::flip(&y, 0)?)?,
        ]
    };
    "nn.AdaptiveLogSoftmaxWithLoss" not "nn.AdaptiveLogSoftmaxWithLoss";
}
