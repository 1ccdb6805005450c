"""Gradients are right when each statement is a cell of its own.

Where every cell has its own copy of candle, two tensors of two cells share an id, and backward
mixes them up: stock evcxr gives 5 for the first of these, and no gradient for the second.
"""

import pytest


def gradient(session, of, by):
    session.ok(f"let grads = {of}.backward()?;")
    return session.ok(f"grads.get({by}.as_tensor()).unwrap().to_vec1::<f32>()?").result


def test_a_product_in_cells_of_its_own(session):
    session.ok("let w = Var::new(&[2f32], &Device::Cpu)?;")
    session.ok("let y = (w.as_tensor() * 3.0)?;")
    assert gradient(session, "y", "w") == "[3.0]"
    session.ok("let z = (&y * 3.0)?;")
    assert gradient(session, "z", "w") == "[9.0]"


def test_a_tensor_of_another_cell_as_factor(session):
    session.ok("let w = Var::new(&[2f32], &Device::Cpu)?;")
    session.ok("let a = Tensor::new(&[3f32], &Device::Cpu)?;")
    session.ok("let one = Tensor::new(&[1f32], &Device::Cpu)?;")
    session.ok("let y = ((w.as_tensor() * &a)? + &one)?;")
    assert gradient(session, "y", "w") == "[3.0]"
    session.ok("let z = (&y * &a)?;")
    assert gradient(session, "z", "w") == "[9.0]"


@pytest.mark.parametrize("cells", [2, 8])
def test_a_chain_of_squares(session, cells):
    session.ok("let x = Var::new(&[1f32, 2., -1.], &Device::Cpu)?;")
    session.ok("let y0 = x.as_tensor().sqr()?;")
    for cell in range(1, cells):
        session.ok(f"let y{cell} = (&y{cell - 1} + x.as_tensor().sqr()?)?;")
    expected = [2.0 * cells * value for value in (1, 2, -1)]
    assert gradient(session, f"y{cells - 1}", "x") == str(expected)


def test_steps_of_a_descent(session):
    session.ok("let w = Var::new(&[1f32], &Device::Cpu)?;")
    for _ in range(3):
        session.ok("let loss = w.as_tensor().sqr()?;")
        session.ok("let grads = loss.backward()?;")
        session.ok("let grad = grads.get(w.as_tensor()).unwrap().clone();")
        session.ok("w.set(&(w.as_tensor() - (grad * 0.25)?)?)?;")
    assert session.ok("w.to_vec1::<f32>()?").result == "[0.125]"
