//! A learner's own names: no trait that every cell imports stands before a method of theirs, or of the standard library.
//!
//! A trait's method is found before that of what a type derefs to (a vector's slice), and beside an own trait's of the
//! same name. So the prelude implements its traits for tensors, layers and sets alone; a method that is new there comes
//! into the list below.

// Written as a learner writes.
#![allow(clippy::get_first, clippy::useless_vec)]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

use akari::prelude::*;

/// The files with the traits that `akari::prelude` imports.
const TRAITS: [(&str, &str); 3] = [
    ("TensorExt", "src/tensor/methods.rs"),
    ("Layer", "src/nn/layers/layer.rs"),
    ("Dataset", "src/data/dataset.rs"),
];

macro_rules! own {
    ($($name:ident)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// With methods of these names.
        struct Own;

        impl Own {
            $(fn $name(&self) -> &'static str {
                concat!("own ", stringify!($name))
            })*
        }

        /// The same by a trait of one's own, for types of one's own and of others.
        trait Theirs {
            $(fn $name(&self) -> &'static str {
                concat!("trait ", stringify!($name))
            })*
        }

        struct Other;

        impl Theirs for Other {}
        impl Theirs for u8 {}
        impl<T> Theirs for Rc<[T]> {}
        impl Theirs for fn(i32) -> i32 {}

        #[test]
        fn methods_of_own_types_and_traits_are_found() {
            let (shared, function): (Rc<[u8]>, fn(i32) -> i32) = (Rc::new([1]), |x| x);
            $(
                assert_eq!(Own.$name(), concat!("own ", stringify!($name)));
                let found = [Other.$name(), 7u8.$name(), shared.$name(), function.$name()];
                assert_eq!(found, [concat!("trait ", stringify!($name)); 4]);
            )*
        }
    };
}

own! {
    all apply backward_step batch bfloat16 bool byte children copy_with deep_copy double eval float forward get half
    head i int is_empty is_floating_point item learning_rate len load load_state_dict long mode named_buffers
    named_parameters named_tensors ndim num_parameters numel own_buffers own_parameters parameters parts repr
    requires_grad requires_grad_ save set_training size state state_dict step train type_as view view_as
}

#[test]
fn every_method_of_the_imported_traits_is_in_the_list() {
    for (name, file) in TRAITS {
        let text =
            std::fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let block = text.split(&format!("pub trait {name}")).nth(1).expect("the trait is there");
        let block = block.split("\n}\n").next().unwrap();
        let methods = block.lines().filter_map(|line| line.strip_prefix("    fn "));
        let methods = methods.map(|line| line.split(['(', '<']).next().unwrap());
        let missing = methods.filter(|method| !NAMES.contains(method)).collect::<Vec<_>>();
        assert!(missing.is_empty(), "{name} has {missing:?}");
    }
}

#[test]
fn methods_of_the_standard_library_are_found() {
    let rows = vec![vec![1, 2], vec![3]];
    assert_eq!(rows.get(1).map(Vec::len), Some(1));
    assert_eq!(rows[0].get(0..2), Some(&[1, 2][..]));
    assert!(!rows.is_empty() && rows.iter().all(|row| !row.is_empty()));
    assert_eq!([1.5f32, 2.5].get(1).map(|x| x.round()), Some(3.0));
    let tensors = vec![(tensor!([1.0]), 7), (tensor!([2.0]), 8)];
    assert_eq!(tensors.get(1).map(|(_, label)| *label), Some(8));
    assert_eq!((tensors.len(), tensors.first().is_some()), (2, true));
    let boxed: Box<[Tensor]> = Box::new([tensor!([1.0])]);
    assert_eq!(boxed.get(0).map(Tensor::elem_count), Some(1));
    let layers = vec![nn::ReLU, nn::ReLU];
    assert_eq!((layers.len(), layers.get(2).is_none()), (2, true));
    assert_eq!("ab".get(0..1).map(str::len), Some(1));
    assert_eq!(HashMap::from([("a", 1)]).get("a"), Some(&1));
    assert_eq!(BTreeMap::from([(1, 2)]).get(&1), Some(&2));
    assert_eq!(VecDeque::from([1, 2]).get(1), Some(&2));
    assert_eq!(Rc::new(vec![1, 2]).get(0), Some(&1));
    let squares = (0..3).map(|x| x * x);
    assert_eq!((squares.len(), squares.sum::<i32>()), (3, 5));
    assert_eq!([3, 1, 2].iter().max(), Some(&3));
    assert!(tensor!([1.0]).get(0).is_ok_and(|x| x.item().is_ok_and(|x| x == 1.0)));
}
