//! What holds for layers of every shape: gradients in `f64` agree with finite differences, empty batches pass, views give
//! what copies give, and nothing depends on the number of threads.

use akari::candle_core::Result;
use akari::prelude::*;

use crate::finite_differences::{check_gradients, numbers};
use crate::vectors::values;
use crate::{error, seeded};

/// Compares the gradients of a function of arguments of these shapes with differences of it.
fn check(name: &str, shapes: &[&[usize]], f: impl Fn(&[&Tensor]) -> Result<Tensor>) {
    let args = shapes.iter().enumerate().map(|(seed, shape)| numbers(shape, seed));
    check_gradients(name, &args.collect::<Vec<_>>(), f);
}

#[test]
fn gradients_of_layers_agree_with_finite_differences() {
    let image: &[&[usize]] = &[&[2, 4, 5, 6]];
    for (stride, padding, output_padding, dilation, groups) in
        [(1usize, 0usize, 0usize, 1usize, 1), (2, 1, 1, 1, 2), (3, 2, 0, 2, 1), (1, 0, 1, 2, 4)]
    {
        let config = F::ConvTranspose2dConfig {
            stride: stride.into(),
            padding: padding.into(),
            output_padding: output_padding.into(),
            dilation: dilation.into(),
            groups,
            ..Default::default()
        };
        let shapes: &[&[usize]] = &[&[5, 4, 3, 4], &[4, 2, 3, 2], &[2 * groups]];
        check("conv_transpose2d", shapes, |it| {
            F::conv_transpose2d(it[0], it[1], Some(it[2]), config)
        });
    }
    for mode in [F::PaddingMode::Reflect, F::PaddingMode::Replicate, F::PaddingMode::Circular] {
        check("pad_mode", image, |it| F::pad_mode(it[0], &[2, 1, -1, 3], mode));
        let config = F::Conv2dOptions {
            padding: F::Padding::Same,
            padding_mode: mode,
            ..Default::default()
        };
        check("conv2d", &[&[1, 2, 5, 6], &[3, 2, 2, 3]], |it| {
            F::conv2d_with(it[0], it[1], None, config)
        });
    }
    for (mode, align_corners) in [
        (F::InterpolateMode::Nearest, false),
        (F::InterpolateMode::Bilinear, false),
        (F::InterpolateMode::Bilinear, true),
    ] {
        let size = Some((3, 11).into());
        let config = F::InterpolateConfig { size, scale_factor: None, mode, align_corners };
        check("interpolate", image, |it| F::interpolate(it[0], config));
    }
    check("group_norm", &[&[2, 4, 5], &[4], &[4]], |it| {
        F::group_norm(it[0], 2, Some(it[1]), Some(it[2]), 1e-5)
    });
    check("adaptive_max_pool2d", image, |it| F::adaptive_max_pool2d(it[0], (3, 4)));
    check("max_pool1d", &[&[2, 3, 7]], |it| F::max_pool1d(it[0], 3, 2, 1));
    check("bilinear", &[&[5, 3], &[5, 4], &[2, 3, 4], &[2]], |it| {
        F::bilinear(it[0], it[1], it[2], Some(it[3]))
    });
    check("local_response_norm", image, |it| F::local_response_norm(it[0], 3, 0.5, 0.75, 1.0));
    check("cosine_similarity", &[&[3, 4], &[3, 4]], |it| {
        F::cosine_similarity(it[0], it[1], 1, 1e-8)
    });
    check("pairwise_distance", &[&[3, 4], &[3, 4]], |it| {
        F::pairwise_distance(it[0], it[1], 3.0, 1e-6, false)
    });
    check("attention", &[&[2, 3, 4], &[2, 5, 4], &[2, 5, 3], &[3, 5]], |it| {
        let config = F::AttentionConfig { attn_mask: Some(it[3]), ..Default::default() };
        F::scaled_dot_product_attention(it[0], it[1], it[2], config)
    });
}

#[test]
fn empty_batches_pass_through_layers() {
    let _seeded = seeded();
    let none = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    let (image, sequence) = (none(&[0, 2, 4, 4]), none(&[0, 2, 6]));
    let dims = |y: Result<Tensor>| y.unwrap().dims().to_vec();
    let up = nn::ConvTranspose2d::new(2, 3, 2, Default::default()).unwrap();
    assert_eq!(dims(up.forward(&image)), [0, 3, 5, 5]);
    let conv = nn::Conv1d::new(2, 3, 3, Default::default()).unwrap();
    assert_eq!(dims(conv.forward(&sequence)), [0, 3, 4]);
    assert_eq!(dims(nn::MaxPool1d::new(2).forward(&sequence)), [0, 2, 3]);
    assert_eq!(dims(nn::AdaptiveMaxPool2d::new(3).forward(&image)), [0, 2, 3, 3]);
    assert_eq!(dims(nn::Upsample::new(2.0).forward(&image)), [0, 2, 8, 8]);
    assert_eq!(dims(nn::GroupNorm::new(1, 2).unwrap().forward(&image)), [0, 2, 4, 4]);
    assert_eq!(dims(nn::Dropout2d::default().forward(&image)), [0, 2, 4, 4]);
    assert_eq!(dims(nn::ReflectionPad2d::new(1).forward(&image)), [0, 2, 6, 6]);
    let gru = nn::GRU::new(3, 5).unwrap();
    let (y, h) = gru.forward(&none(&[4, 0, 3]), None).unwrap();
    assert_eq!((y.dims(), h.dims()), (&[4, 0, 5][..], &[1, 0, 5][..]));
    let text = error(gru.forward(&none(&[0, 2, 3]), None));
    assert_eq!(text, "nn::GRU: Expected sequence length to be larger than 0 in RNN");
}

#[test]
fn layers_give_the_same_for_views_and_on_any_number_of_threads() {
    let _seeded = seeded();
    torch::manual_seed(0);
    let config = nn::LSTMConfig { num_layers: 2, bidirectional: true, ..Default::default() };
    let lstm = nn::LSTM::with_config(40, 48, config).unwrap();
    let up = nn::ConvTranspose2d::new(6, 4, 3, Default::default()).unwrap();
    let whole = torch::randn((70, 12, 40)).unwrap();
    let view = whole.transpose(0, 1).unwrap();
    let copy = Tensor::from_vec(
        view.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
        view.shape(),
        &Device::Cpu,
    );
    let copy = copy.unwrap();
    let run = |threads: usize, x: &Tensor| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let x = Var::from_tensor(x).unwrap();
            let (y, (h, c)) = lstm.forward(&x, None).unwrap();
            let image = y.reshape((14, 6, 10, 96)).unwrap();
            let z = up.forward(&image).unwrap();
            let sum = (z.sqr().unwrap().sum_all().unwrap() + (&h * &c).unwrap().sum_all().unwrap())
                .unwrap();
            let grads = sum.backward().unwrap();
            let mut all = vec![values(&y), values(&z), values(&c), values(grads.get(&x).unwrap())];
            let parameters = lstm.parameters().into_iter().chain(up.parameters());
            all.extend(parameters.map(|it| values(grads.get(&it).unwrap())));
            all
        })
    };
    let first = run(1, &view);
    assert!(first == run(2, &view), "bits differ between one thread and two");
    assert!(first == run(2, &copy), "bits differ between a view and a copy");
}

#[test]
fn causal_attention_sees_nothing_of_the_future() {
    let _seeded = seeded();
    let config = nn::MultiheadAttentionConfig { batch_first: true, ..Default::default() };
    let attention = nn::MultiheadAttention::with_config(8, 2, config).unwrap();
    let x = torch::randn((2, 5, 8)).unwrap();
    let options = nn::MultiheadAttentionOptions { is_causal: true, ..Default::default() };
    let call = |options| attention.forward(&x, &x, &x, options).unwrap();
    let (y, weights) = call(options);
    let future = values(&weights.unwrap().i((0, 1, 2..)).unwrap());
    assert_eq!(future, [0.0; 3]);
    // A mask of keys beside it, which hides none, changes nothing.
    let none = Tensor::zeros((2, 5), DType::U8, &Device::Cpu).unwrap();
    let (same, _) =
        call(nn::MultiheadAttentionOptions { key_padding_mask: Some(&none), ..options });
    let difference = (y - same).unwrap().abs().unwrap();
    assert!(torch::max(&difference).unwrap().to_scalar::<f32>().unwrap() < 1e-6);
}
