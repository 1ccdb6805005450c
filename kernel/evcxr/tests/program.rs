//! What the program does with its command line. That this test is there also makes cargo build the
//! program before it runs the workspace's tests, some of which start it.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_akari-evcxr")).args(arguments).output();
    output.expect("cargo has built the program")
}

#[test]
fn foreign_command_line_is_the_stock_kernels() {
    let output = run(&["--help"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("--install"), "{text}");
    let output = run(&["--nonsense"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("--nonsense"), "{text}");
}

#[test]
fn only_a_kernel_starts_the_other_roles() {
    for role in ["cells", "questions"] {
        for setup in [None, Some("nonsense")] {
            let arguments: Vec<&str> = [Some(role), setup].into_iter().flatten().collect();
            let output = run(&arguments);
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && text.contains("only a kernel"), "{text}");
        }
    }
}
