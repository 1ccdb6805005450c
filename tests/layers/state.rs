//! Saving and loading.

use std::path::PathBuf;

use akari::prelude::*;

use crate::vectors::values;
use crate::{error, seeded};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("akari-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn model() -> nn::Sequential {
    nn::seq![nn::Linear::new(2, 3).unwrap(), nn::BatchNorm1d::new(3).unwrap()]
}

#[test]
fn models_come_back_from_their_files() {
    let _seeded = seeded();
    let folder = Folder::new("state");
    let path = folder.0.join("model.safetensors");
    let (from, to) = (model(), model());
    from.forward(&tensor!([[1., 2.], [3., 5.]])).unwrap();
    from.save(&path).unwrap();
    to.load(&path).unwrap();
    for ((name, a), (_, b)) in from.state().iter().zip(to.state()) {
        assert_eq!((values(a), a.dtype()), (values(&b), b.dtype()), "{name}");
    }
    // Nothing else is left in the folder, and the same state gives the same bytes.
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
    let bytes = std::fs::read(&path).unwrap();
    to.save(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(nn::load(&path).unwrap().len(), 7);
}

#[test]
fn loading_is_all_or_nothing() {
    let _seeded = seeded();
    let to = model();
    let before = values(&to.state()[0].1);
    let mut given = model().state_dict().unwrap();
    given.remove("1.running_mean");
    given.insert("2.weight".to_owned(), tensor!([1.0]));
    assert_eq!(
        error(to.load_state_dict(&given)),
        "nn::Sequential: Error(s) in loading state_dict for Sequential:\n\tMissing key(s) in state_dict: \"1.running_mean\". \n\tUnexpected key(s) in state_dict: \"2.weight\". "
    );
    assert_eq!(values(&to.state()[0].1), before);
}

#[test]
fn files_that_cannot_be_read_or_written_say_so() {
    let _seeded = seeded();
    let folder = Folder::new("unreadable");
    let missing = error(nn::load(folder.0.join("missing.safetensors")));
    assert!(missing.starts_with("nn::load: ") && missing.contains("missing.safetensors"));
    let other = folder.0.join("other.safetensors");
    std::fs::write(&other, "no tensors").unwrap();
    assert!(error(nn::load(&other)).starts_with("nn::load: "));
    let nowhere = error(model().save(folder.0.join("no").join("folder.safetensors")));
    assert!(nowhere.starts_with("nn::Layer::save: ") && nowhere.contains("folder.safetensors"));
}

#[test]
fn a_state_dict_is_a_copy() {
    let _seeded = seeded();
    let layer = nn::Linear::new(2, 1).unwrap();
    let before = layer.state_dict().unwrap();
    nn::init::zeros_(&layer.weight).unwrap();
    assert!(values(&before["weight"]).iter().all(|it| *it != 0.0));
    layer.load_state_dict(&before).unwrap();
    assert_eq!(values(&layer.weight), values(&before["weight"]));
}
