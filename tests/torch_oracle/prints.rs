//! Section `print`.

use akari::print::{Suffix, tensor_text_with};
use akari::torch::PrintOptions;
use serde_json::Value;

use crate::vectors::{report, section, tensor};

#[test]
fn tensors_print_as_in_pytorch() {
    let (mut checked, mut failures) = (0, Vec::new());
    for case in section("print") {
        // candle has no truth values.
        if case["t"]["dtype"] == "bool" {
            continue;
        }
        let mut options = PrintOptions::default();
        let size = |name: &str, field: &mut usize| {
            if let Some(value) = case["opts"][name].as_u64() {
                *field = value as usize;
            }
        };
        size("precision", &mut options.precision);
        size("threshold", &mut options.threshold);
        size("edgeitems", &mut options.edgeitems);
        size("linewidth", &mut options.linewidth);
        options.sci_mode = case["opts"]["sci_mode"].as_bool();
        let suffix = match &case["suffix"] {
            Value::Null => Suffix::None,
            suffix => suffix["grad_fn"].as_str().map_or(Suffix::RequiresGrad, Suffix::GradFn),
        };
        checked += 1;
        let found = tensor_text_with(&tensor(&case["t"]), suffix, &options).unwrap();
        let expected = case["expect"].as_str().unwrap();
        if found != expected {
            failures
                .push(format!("{}: {}\n{found}\ninstead of\n{expected}", case["id"], case["opts"]));
        }
    }
    assert!(checked > 400, "only {checked} cases");
    report(checked, &failures);
}
