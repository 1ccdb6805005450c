//! Formulas with operands that the compiler refuses. A line of `^` has the place on the line above it, and the words.

use akari::prelude::*;

fn refused(x: &Tensor, y: &Tensor) -> Result<()> {
    t!(x + "one");
//         ^^^^^ `str` can't stand in a formula
    t!(1.0 + nothing);
//           ^^^^^^^ cannot find value `nothing`
    t!(
        x
            * y.no_such_method()
//              ^^^^^^^^^^^^^^ no method named `no_such_method`
    );
    t!(x[1.5] + 2);
//     ^^^^^^ can't be indexed by `{float}`
    t!(vec![1.0]["a"] * x);
//     ^^^^^^^^^^^^^^ can't be indexed by `&str`
    let name = String::new();
    t!(name += x);
//     ^^^^ can't stand in a formula
    Ok(())
}
