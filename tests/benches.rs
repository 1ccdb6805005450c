//! What the benches measure beside their rows: candle's share of a `backward` has the tensors of the graph that it stands
//! for, and nothing in it is computed.
#![allow(clippy::unwrap_used)]

#[path = "../benches/measure/mod.rs"]
mod measure;

use akari::candle_core::Result;
use akari::prelude::*;

use self::measure::candles_share;

/// The shapes of all tensors of a graph that gradients come to.
fn shapes(loss: &Tensor) -> Vec<Vec<usize>> {
    let mut shapes =
        loss.sorted_nodes().into_iter().map(|it| it.dims().to_vec()).collect::<Vec<_>>();
    shapes.sort();
    shapes
}

fn var(shape: &[usize]) -> Var {
    Var::from_tensor(&torch::randn(shape).unwrap()).unwrap()
}

fn graphs() -> Result<Vec<Tensor>> {
    let x = var(&[4, 6]);
    let layers = nn::seq![nn::Linear::new(6, 5)?, F::relu, nn::LayerNorm::new([5])?];
    let residual = torch::add(torch::exp(&x)?, &x)?;
    Ok(vec![
        torch::sum(&x)?,
        torch::sum(&torch::sum_dim(&torch::exp(&x)?, 0)?)?,
        torch::sum(&layers.forward(&x)?)?,
        nn::MSELoss::default().forward(&residual, &var(&[4, 6]))?,
        F::relu(&x)?,
    ])
}

#[test]
fn candles_share_has_the_tensors_of_the_graph() -> Result<()> {
    for loss in graphs()? {
        let share = candles_share(&loss)?;
        assert_eq!(shapes(&share), shapes(&loss));
        assert_eq!(share.dims(), loss.dims());
        let grads = share.backward()?;
        for variable in loss.sorted_nodes().into_iter().filter(|it| it.is_variable()) {
            // Ones that were there before: nothing has been multiplied, added or left out on the way.
            let grad = grads.get(variable).unwrap();
            assert_eq!(grad.dims(), variable.dims());
            assert_eq!(grad.flatten_all()?.to_vec1::<f32>()?, vec![1.0; variable.elem_count()]);
        }
    }
    Ok(())
}

#[test]
fn there_is_no_share_of_what_has_no_graph() {
    assert!(candles_share(&torch::ones(3).unwrap()).is_err());
}
