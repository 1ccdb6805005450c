//! Section `print`.

use akari::print::{Suffix, tensor_text_with};
use akari::torch::PrintOptions;
use serde_json::Value;

use crate::tally::Tally;
use crate::vectors::{file, section, tensor};

fn options(given: &Value) -> PrintOptions {
    let mut options = match given["profile"].as_str() {
        Some("short") => PrintOptions::SHORT,
        Some("full") => PrintOptions::FULL,
        _ => PrintOptions::default(),
    };
    let size = |name: &str, field: &mut usize| {
        if let Some(value) = given[name].as_f64() {
            *field = value as usize;
        }
    };
    size("precision", &mut options.precision);
    size("threshold", &mut options.threshold);
    size("edgeitems", &mut options.edgeitems);
    size("linewidth", &mut options.linewidth);
    options.sci_mode = given["sci_mode"].as_bool();
    options
}

fn check(case: &Value) -> Result<(), String> {
    let suffix = match &case["suffix"] {
        Value::Null => Suffix::None,
        suffix => suffix["grad_fn"].as_str().map_or(Suffix::RequiresGrad, Suffix::GradFn),
    };
    let mut tensor = tensor(&case["t"]);
    if case["transposed"].as_bool() == Some(true) {
        tensor = tensor.t().unwrap();
    }
    let found = tensor_text_with(&tensor, suffix, &options(&case["opts"])).unwrap();
    let expected = case["expect"].as_str().unwrap();
    if found == expected {
        return Ok(());
    }
    Err(format!("{}\n{found}\ninstead of\n{expected}", case["opts"]))
}

fn check_all(cases: &[Value]) {
    let mut tally = Tally::new("print");
    for case in cases {
        let id =
            format!("{}: {}", case["t"]["dtype"].as_str().unwrap(), case["id"].as_str().unwrap());
        tally.case(&id, || check(case));
    }
    tally.finish();
}

#[test]
fn tensors_print_as_in_pytorch() {
    check_all(section("print"));
}

#[test]
fn tensors_of_any_numbers_print_as_in_pytorch() {
    let prints = file("AKARI_PRINTS_ORACLE", "prints-1.json");
    check_all(prints["print"].as_array().unwrap());
}
