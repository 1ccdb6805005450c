//! Section `lesson`: what the lesson's cells print, through the code of `show!`.

use akari::prelude::*;
use akari::print::show::line;

use crate::tally::Tally;
use crate::vectors::section;

/// The text of a `show!`, instead of printing it.
macro_rules! shown {
    ($($value:expr),*) => {
        line(&[$(akari::__text!($value)),*]) + "\n"
    };
}

fn activations(x: Tensor) -> candle_core::Result<String> {
    Ok(shown!("relu:", F::relu(&x)?)
        + &shown!("softmax:", F::softmax(&x, 0)?)
        + &shown!("sigmoid:", torch::sigmoid(&x)?))
}

fn losses(x: Tensor, mse_label: Tensor, ce_label: Tensor) -> candle_core::Result<String> {
    let mse = nn::MSELoss { reduction: Reduction::Mean };
    Ok(shown!("MSE:", mse.forward(&x, &mse_label)?)
        + &shown!("CrossEntropy:", nn::CrossEntropyLoss::default().forward(&x, &ce_label)?))
}

/// The vectors have today's form, which is the alternate one.
fn optimizers() -> candle_core::Result<String> {
    let model = models::vgg11()?;
    let adam = optim::Adam::new(model.parameters(), optim::AdamConfig::default())?;
    let sgd_config = optim::SGDConfig { lr: 0.01, ..Default::default() };
    let sgd = optim::SGD::new(model.parameters(), sgd_config)?;
    let momentum_config = optim::SGDConfig { lr: 0.01, momentum: 0.9, ..Default::default() };
    let momentum = optim::SGD::new(model.parameters(), momentum_config)?;
    Ok(shown!("adam:", format!("{adam:#}"))
        + &shown!("sgd:", format!("{sgd:#}"))
        + &shown!("momentum:", format!("{momentum:#}")))
}

/// The cell that bears a number in the lesson.
fn cell(id: &str) -> candle_core::Result<String> {
    match id {
        "1" => activations(tensor!([-2.0, 1.0, 4.0, 0.0])),
        "2" => activations(tensor!([-5.0, 5.0, -10.0, 10.0])),
        "16" => losses(tensor!([[2., 5., 3.]]), tensor!([[0, 1, 0]]), tensor!([1])),
        "16text" => losses(tensor!([[0.2, 0.5, 0.3]]), tensor!([[0, 1, 0]]), tensor!([1])),
        "19" => losses(tensor!([[0.3, 0.3, 0.3, 0.1]]), tensor!([[0, 0, 0, 1]]), tensor!([3])),
        "21" => optimizers(),
        other => candle_core::bail!("there is no cell {other}"),
    }
}

#[test]
fn the_lessons_cells_print_what_they_promise() {
    let mut tally = Tally::new("lesson");
    for case in section("lesson") {
        let id = case["id"].as_str().unwrap();
        tally.case(id, || {
            let found = cell(id).map_err(|error| error.to_string())?;
            let expected = case["expect"].as_str().unwrap();
            if found == expected {
                return Ok(());
            }
            Err(format!("prints\n{found}\ninstead of\n{expected}"))
        });
    }
    tally.finish();
}
