//! Files of images, a large model, first values, and averages of models.

use std::fs;
use std::path::PathBuf;

use akari::optim::swa_utils;
use akari::prelude::*;

/// A folder of its own for a row, empty at first.
fn folder(name: &str) -> Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("akari-rows-{name}-{}", std::process::id()));
    fs::create_dir_all(&path)?;
    Ok(path)
}

/// A red pixel and a green one.
const PNG: [u8; 72] = [
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0,
    0, 0, 123, 64, 232, 221, 0, 0, 0, 15, 73, 68, 65, 84, 120, 156, 99, 248, 207, 192, 192, 240,
    159, 1, 0, 7, 255, 1, 255, 1, 127, 137, 167, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
];

fn bytes(image: &Tensor) -> Result<Tensor> {
    t!(image * 255).byte()
}

rows! {
    samples: [x y v image labels n];

    "torchvision.datasets.MNIST/FashionMNIST" way "datasets.MNIST(root" => "data::MNIST::new(root, true)?" {
        let root = &folder("mnist")?;
        let header = |sizes: &[u8]| [0, 0, 8, sizes.len() as u8].into_iter().chain(sizes.iter().flat_map(|size| [0, 0, 0, *size])).collect::<Vec<_>>();
        fs::write(root.join("train-images-idx3-ubyte"), [header(&[2, 2, 2]), (0..8).collect()].concat())?;
        fs::write(root.join("train-labels-idx1-ubyte"), [header(&[2]), vec![3, 4]].concat())?;
        let set = data::MNIST::new(root, true)?;
        let (image, _) = data::Dataset::get(&set, 1)?;
        fs::remove_dir_all(root)?;
        bytes(&image)?
    };
    "torchvision.datasets.CIFAR10" way "`CIFAR10`" => "from files" {
        const _: &str = stringify!(from files);
        let root = &folder("cifar")?;
        let record = [3].into_iter().chain((0..3072).map(|at| (at % 251) as u8)).collect::<Vec<_>>();
        fs::write(root.join("test_batch.bin"), record)?;
        let set = data::CIFAR10::new(root, false)?;
        let (image, _) = data::Dataset::get(&set, 0)?;
        fs::remove_dir_all(root)?;
        bytes(&image)?
    };
    "ImageFolder / read image" way "`read_image(path)`" => "data::read_image(path)?" {
        let root = folder("image")?;
        let path = &root.join("a.png");
        fs::write(path, PNG)?;
        let image = data::read_image(path)?;
        fs::remove_dir_all(root)?;
        image
    };
    "models.resnet18/50" same { models::resnet18()?.num_parameters() } not "models.resnet50";
    "optim.swa_utils.AveragedModel (EMA)" same {
        let net = nn::Linear::new(4, 2)?;
        let mut ema = swa_utils::AveragedModel::new(&net, swa_utils::get_ema_multi_avg_fn(0.9)?)?;
        for _ in 0..2 {
            ema.update_parameters(&net)?;
            t!(net.weight -= 0.1);
        }
        ema.forward(&x)?
    };
    "nn.utils.parameters_to_vector" same { nn::utils::parameters_to_vector(&nn::Linear::new(4, 2)?.parameters())? };
    "nn.init.orthogonal_/trunc_normal_/eye_/dirac_/sparse_" same {
        let made = |f: fn(&Var) -> Result<()>, shape: &[usize]| {
            let w = Var::zeros(shape, DType::F32, &Device::Cpu)?;
            f(&w)?;
            Ok::<_, candle_core::Error>(w)
        };
        [
            made(|w| nn::init::orthogonal_(w, 1.0), &[3, 4])?,
            made(|w| nn::init::trunc_normal_(w, 0.0, 1.0, -2.0, 2.0), &[3, 4])?,
            made(nn::init::eye_, &[3, 4])?,
            made(|w| nn::init::dirac_(w, 1), &[3, 4, 3])?,
        ]
    };
    "utils.make_grid / save_image" way "`make_grid(batch)`" => "plot::images(&batch, 8)" {
        const _: &str = stringify!(plot::images(&batch, 8));
        let root = folder("grid")?;
        let path = root.join("grid.svg");
        plot::images(&image, 2).save(&path)?;
        let is_there = fs::metadata(&path)?.len() > 0;
        fs::remove_dir_all(root)?;
        is_there
    };
    "matplotlib plots / loss curves" way "plt.plot(ys)" => "::line(&ys)" {
        const _: &str = stringify!(plot::line(&ys));
        plot::line(vec![3.0, 2.0, 1.5]).svg()?.starts_with("<svg")
    };
}
