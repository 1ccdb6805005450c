//! Section `err`, those of activations: PyTorch's complaint, and ours about the same in Rust.

use akari::candle_core::Tensor;
use akari::functional::{self as F, Gelu};
use akari::tensor;

use crate::errors_loss::Ours::{self, Error, Unwritable, Value};
use crate::errors_loss::hold;

fn ints() -> Tensor {
    tensor!([-1, 2])
}

#[rustfmt::skip] // One row a line.
fn rows() -> Vec<(&'static str, Ours)> {
    vec![
        ("F.relu(torch.tensor([-1, 2]))", Value(|| F::relu(&ints()), "tensor([0, 2])")),
        ("F.relu6(torch.tensor([-1, 2]))", Value(|| F::relu6(&ints()), "tensor([0, 2])")),
        ("F.tanhshrink(torch.tensor([-1, 2]))", Value(|| F::tanhshrink(&ints()), "tensor([-0.2384,  1.0360])")),
        ("F.softsign(torch.tensor([-1, 2]))", Value(|| F::softsign(&ints()), "tensor([-0.5000,  0.6667])")),
        ("F.tanh(torch.tensor([-1, 2]))", Value(|| F::tanh(&ints()), "tensor([-0.7616,  0.9640])")),
        ("F.sigmoid(torch.tensor([-1, 2]))", Value(|| F::sigmoid(&ints()), "tensor([0.2689, 0.8808])")),
        ("F.hardtanh(torch.tensor([-1, 2]))", Value(|| F::hardtanh(&ints(), -1.0, 1.0), "tensor([-1,  1])")),
        ("F.hardswish(torch.tensor([-1, 2]))", Error(|| F::hardswish(&ints()), "F::hardswish", "not implemented for")),
        ("F.hardsigmoid(torch.tensor([-1, 2]))", Error(|| F::hardsigmoid(&ints()), "F::hardsigmoid", "not implemented for")),
        ("F.selu(torch.tensor([-1, 2]))", Error(|| F::selu(&ints()), "F::selu", "not implemented for")),
        ("F.logsigmoid(torch.tensor([-1, 2]))", Error(|| F::logsigmoid(&ints()), "F::logsigmoid", "not implemented for")),
        ("F.silu(torch.tensor([-1, 2]))", Error(|| F::silu(&ints()), "F::silu", "not implemented for")),
        ("F.mish(torch.tensor([-1, 2]))", Error(|| F::mish(&ints()), "F::mish", "not implemented for")),
        ("F.elu(torch.tensor([-1, 2]))", Error(|| F::elu(&ints(), 1.0), "F::elu", "not implemented for")),
        ("F.celu(torch.tensor([-1, 2]))", Error(|| F::celu(&ints(), 1.0), "F::celu", "not implemented for")),
        ("F.leaky_relu(torch.tensor([-1, 2]))", Error(|| F::leaky_relu(&ints(), 0.01), "F::leaky_relu", "not implemented for")),
        ("F.gelu(torch.tensor([-1, 2]))", Error(|| F::gelu(&ints(), Gelu::None), "F::gelu", "not implemented for")),
        ("F.hardshrink(torch.tensor([-1, 2]))", Error(|| F::hardshrink(&ints(), 0.5), "F::hardshrink", "not implemented for")),
        ("F.softshrink(torch.tensor([-1, 2]))", Error(|| F::softshrink(&ints(), 0.5), "F::softshrink", "not implemented for")),
        ("F.softplus(torch.tensor([-1, 2]))", Error(|| F::softplus(&ints(), 1.0, 20.0), "F::softplus", "not implemented for")),
        ("F.rrelu(torch.tensor([-1, 2]))", Error(|| F::rrelu(&ints(), 0.125, 0.3333, false), "F::rrelu", "not implemented for")),
        ("F.glu(torch.tensor([-1, 2]))", Error(|| F::glu(&ints(), -1), "F::glu", "not implemented for")),
        ("F.softmax(torch.tensor([-1, 2]), dim=0)", Error(|| F::softmax(&ints(), 0), "F::softmax", "not implemented for")),
        ("F.log_softmax(torch.tensor([-1, 2]), dim=0)", Error(|| F::log_softmax(&ints(), 0), "F::log_softmax", "not implemented for")),
        ("F.threshold(torch.tensor([-1, 2]), 1, 0)", Value(|| F::threshold(&ints(), 1.0, 0.0), "tensor([0, 2])")),
        ("F.glu(t([1., 2., 3.]))", Error(|| F::glu(&tensor!([1., 2., 3.]), -1), "F::glu", "Halving dimension must be even, but dimension 0 is size 3")),
        ("F.prelu(torch.tensor([-1, 2]), t([0.25]))", Error(|| F::prelu(&ints(), &tensor!([0.25])), "F::prelu", "Type promoting not supported")),
        ("F.prelu(torch.zeros(2, 3), torch.zeros(2))", Error(|| F::prelu(&tensor!([[0., 0., 0.], [0., 0., 0.]]), &tensor!([0., 0.])), "F::prelu", "Mismatch of parameter numbers and input channel size")),
        ("F.softmax(t([1., 2.]), dim=1)", Error(|| F::softmax(&tensor!([1., 2.]), 1), "F::softmax", "out of range")),
        ("F.softmax(t([1., 2.]), dim=2)", Error(|| F::softmax(&tensor!([1., 2.]), 2), "F::softmax", "out of range")),
        ("F.softmax(t(1.), dim=1)", Error(|| F::softmax(&tensor!(1.), 1), "F::softmax", "out of range")),
        ("F.softmax(t([1., 2.]))", Unwritable("the axis is an argument of F::softmax: leaving it out does not compile")),
        ("F.softmax(t([True, False]), dim=0)", Error(|| F::softmax(&tensor!([true, false]), 0), "F::softmax", "not implemented for")),
        ("F.relu(t([True, False]))", Unwritable("candle has no truth values: of u8 0 and 1 relu is defined")),
        ("F.sigmoid(t([True, False]))", Value(|| F::sigmoid(&tensor!([true, false])), "tensor([0.7311, 0.5000])")),
        ("F.softshrink(t([1.]), -1.0)", Error(|| F::softshrink(&tensor!([1.]), -1.0), "F::softshrink", "but found")),
        ("F.hardtanh(t([1.]), 2.0, 1.0)", Error(|| F::hardtanh(&tensor!([1.]), 2.0, 1.0), "F::hardtanh", "min_val cannot be greater than max_val")),
        ("F.gelu(t([1.]), approximate='x')", Unwritable("Gelu is an enum: another name does not compile")),
        ("F.elu(t([1.]), -1.0)", Value(|| F::elu(&tensor!([1.]), -1.0), "tensor([1.])")),
        ("F.celu(t([1.]), 0.0)", Error(|| F::celu(&tensor!([1.]), 0.0), "F::celu", "alpha cannot be 0 for CELU")),
        ("F.rrelu(t([1.]), 0.5, 0.1)", Error(|| F::rrelu(&tensor!([1.]), 0.5, 0.1, false), "F::rrelu", "Lower bound should be less than or equal to the upper bound")),
    ]
}

#[test]
fn activations_complain_of_what_pytorch_complains_of() {
    hold("F.", &rows());
}
