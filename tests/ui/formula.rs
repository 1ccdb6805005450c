//! Formulas that `t!` refuses itself. A line of `^` has the place on the line above it, and the words.

use akari::prelude::*;

fn refused(x: &Tensor, y: &Tensor) -> Result<()> {
    t!();
//  ^ `t!` needs a formula
    t!(x ** 2);
//        ^ write `x.pow(2)`
    t!(x + @ y);
//         ^ `@` needs an operand on either side
    t!(
        x
            + y.max(1)
//              ^^^ write `.amax(dim)` for the values
    );
    t!(x.sort(0) * 2);
//       ^^^^ `torch::sort(&x, dim, false)?` for both
    t!(x.topk(2));
//       ^^^^ `torch::topk(&x, k, -1, true, true)?`
    t!(x.add_(y));
//       ^^^^ `t!(x += y)` and its like do
    t!((x * 2).backward());
//             ^^^^^^^^ write `loss.backward()?` outside of `t!`
    t!(x.to(DType::F64) + 1);
//       ^^ `x.to_dtype(DType::F64)?`
    t!(x.sum(0, dtype = 1));
//              ^^^^^ `sum` has no option `dtype`
    t!(x.exp(2));
//           ^ `exp` takes no further argument
    t!(x.sum(1, keepdim = kept));
//                        ^^^^ `keepdim` is `true` or `false`
    t!(x.gather(1));
//       ^^^^^^ `gather` needs a tensor, `index`
    t!(x.transpose(0));
//       ^^^^^^^^^ `transpose` needs `dim1`
    t!(x.pow());
//       ^^^ `pow` needs another operand
    t!(x.sum() << 2);
//             ^^ `t!` has no such operator
    t!(x[::2]);
//        ^ `t!` takes no step
    t!(x.shape * 2);
//       ^^^^^ write `x.size(0)` for one size
    Ok(())
}
