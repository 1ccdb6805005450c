//! Data, and what surrounds training.

use akari::prelude::*;

/// PyTorch's `Dataset` of one's own.
#[derive(Clone)]
struct Squares(i64);

impl data::Dataset for Squares {
    type Item = (f32, i64);

    fn len(&self) -> usize {
        self.0 as usize
    }

    fn get(&self, index: usize) -> Result<(f32, i64)> {
        Ok((index as f32, (index * index) as i64))
    }
}

/// The first parts of all batches of a walk.
fn walk(loader: &data::DataLoader) -> Result<Vec<Tensor>> {
    loader.iter().map(|batch| batch.map(|(x, _)| x)).collect()
}

rows! {
    samples: [x y v image labels n];

    "Dataset (own, __getitem__)" way "class Squares(Dataset)" => "impl data::Dataset for Squares" {
        const _: &str = stringify!(impl data::Dataset for Squares);
        let config = data::DataLoaderConfig { batch_size: 3, ..Default::default() };
        let loader = data::DataLoader::new(&Squares(4), config)?;
        loader.iter().map(|batch| batch.map(|(_, y)| y)).collect::<Result<Vec<_>>>()?
    };
    "TensorDataset" same {
        let set = data::TensorDataset::new(&x, &labels)?;
        let (x, y) = data::Dataset::get(&set, 1)?;
        (x, y)
    };
    "TensorDataset with >2 tensors" way "TensorDataset(a, b, c)" => "data::TensorDataset::of((&a, &b, &c))?" {
        let (a, b, c) = (x, y, labels);
        let set = data::TensorDataset::of((&a, &b, &c))?;
        let (a, b, c) = data::Dataset::get(&set, 2)?;
        (a, b, c)
    };
    "DataLoader(batch, shuffle, drop_last)" same {
        let set = data::TensorDataset::new(&image.i((0, 0))?, &image.i((1, 0))?)?;
        let config = data::DataLoaderConfig { batch_size: 3, shuffle: true, drop_last: true, ..Default::default() };
        walk(&data::DataLoader::new(&set, config)?)?
    };
    "DataLoader(num_workers, collate_fn, sampler)" way "`RandomSampler`" => "sampler = sampler" {
        let set = data::TensorDataset::new(&x, &labels)?;
        let sampler = data::RandomSampler::new(&set, Default::default())?;
        walk(&data::DataLoader!(&set, sampler = sampler)?)?
    } not "num_workers";
    "random_split" same {
        let set = data::TensorDataset::new(&image.i((0, 0))?, &image.i((1, 0))?)?;
        let [train, test] = data::random_split(&set, [0.75, 0.25])?;
        let ints = |part: &data::Subset<_>| part.indices().to_vec();
        (ints(&train), ints(&test))
    };
    "Subset / ConcatDataset" same {
        let set = data::TensorDataset::new(&x, &labels)?;
        let part = data::Subset::new(&set, [2, 0])?;
        let both = data::ConcatDataset::new([part.clone(), part.clone()])?;
        (data::Dataset::get(&part, 0)?.0, data::Dataset::get(&both, 3)?.0, data::Dataset::len(&both))
    };
    "WeightedRandomSampler" same {
        let sampler = data::WeightedRandomSampler::new([0.1, 0.2, 0.7], 6, true)?;
        data::Sampler::iter(&sampler).collect::<Vec<_>>()
    };
    "synthetic data (make_moons ..)" same { data::moons(10, 0.1)?.0.dims().to_vec() };
    "transforms.ToTensor/Normalize/Resize/Crop/Flip/Compose" same {
        use data::transforms::*;
        let image = torch::arange(0, 48, 1)?.reshape((4, 4, 3))?.permute((2, 0, 1))?.byte()?;
        let steps = Compose::new((ToTensor, CenterCrop::new(2), Normalize::new([0.5; 3], [0.25; 3])?));
        Transform::forward(&steps, &image)?
    };
    "torchmetrics accuracy/F1/confusion" way "(logits.argmax(1) == y).float().mean().item()" => "data::accuracy(&logits, &y)?",
        "`confusion_matrix`" => "the same in `data::`" {
            const _: &str = stringify!(the same in data::);
            let (logits, y) = (&x, &labels);
            (data::accuracy(&logits, &y)?, data::confusion_matrix(&x, &labels, 4)?)
        };
    "torch.set_printoptions" same {
        akari::print::tensor_text(&v)?
    };
    "torch.cuda.is_available / torch.device" way "torch.device('cpu')" => "Device::Cpu" {
        Device::Cpu.is_cpu()
    } not "torch.cuda";
    "torch.get_num_threads/set_num_threads" same { torch::get_num_threads() > 0 };
    "nn.utils.prune / quantization" not "nn.utils.prune", "torch.quantization";
    "models.vgg11" same {
        models::vgg11()?.to_string().lines().next().unwrap_or_default().to_owned()
    };
    "models.alexnet/mobilenet/googlenet/densenet" not "models.alexnet", "models.densenet", "models.googlenet", "models.mobilenet";
    "pretrained weights" not "pretrained weights";
}
