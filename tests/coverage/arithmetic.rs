//! Arithmetic, functions of elements, comparisons and logic.

use akari::prelude::*;

rows! {
    samples: [x y v image labels n];

    "a + b (same shape)" way "a + b" => "`(a + b)`" { let (a, b) = (&x, &y); t!((a + b)) };
    "a + b (broadcast)" way "a + b" => "`(a + b)`" { let (a, b) = (&x, &v); t!((a + b)) };
    "a * 2.0" way "x * 2.0" => "t!(x * 2.0)" { (t!(x * 2.0), t!(n * 2.0)) };
    "-a" way "-x" => "t!(-x)" { t!(-x) };
    "a ** 2 / torch.pow" way "x ** 3" => "torch::pow(&x, 3)?" { (torch::pow(&x, 3)?, t!(x.pow(2))) };
    "a // b, a % b, torch.remainder" same {
        (torch::floor_divide(&n, 2)?, t!(x % 0.7), torch::remainder(&n, -3)?)
    };
    "a @ b / matmul / mm" same { (t!(x @ y.T), torch::matmul(&x, &v)?, torch::mm(&x, &y.t()?)?) };
    "torch.bmm" same { torch::bmm(&image.i(0)?, &image.i(1)?)? };
    "torch.mv / dot" same { (torch::mv(&x, &v)?, torch::dot(&v, &v)?) };
    "torch.outer" same { torch::outer(&v, &v)? };
    "torch.einsum" same { torch::einsum("ij,kj->ik", (&x, &y))? };
    "torch.tensordot" same { torch::tensordot(&x, &y, ([1], [1]))? };
    "torch.cross" same { torch::cross(&x, &y, 0)? };
    "torch.addmm" same { torch::addmm(&v, &x, &torch::outer(&v, &v)?)? };
    "torch.exp" same { torch::exp(&x)? };
    "torch.log" same { (torch::log(&x)?, torch::log(&torch::exp(&n)?)?) };
    "torch.log2/log10/log1p" same {
        let x = torch::abs(&x)?;
        (torch::log2(&x)?, torch::log10(&x)?, torch::log1p(&x)?)
    };
    "torch.expm1" same { torch::expm1(&x)? };
    "torch.sqrt" same { (torch::sqrt(&x)?, torch::sqrt(&n)?) };
    "torch.rsqrt" same { torch::rsqrt(&x)? };
    "torch.square" same { (torch::square(&x)?, torch::square(&n)?) };
    "torch.abs" same { torch::abs(&x)? };
    "torch.sign" same { torch::sign(&x)? };
    "torch.sin/cos" same { (torch::sin(&x)?, torch::cos(&x)?) };
    "torch.tan/asin/acos/atan/atan2" same {
        (torch::tan(&x)?, torch::asin(&x)?, torch::acos(&x)?, torch::atan(&x)?, torch::atan2(&x, &y)?)
    };
    "torch.sinh/cosh" same { (torch::sinh(&x)?, torch::cosh(&x)?) };
    "torch.tanh" same { torch::tanh(&x)? };
    "torch.sigmoid" same { torch::sigmoid(&x)? };
    "torch.erf" same { torch::erf(&x)? };
    "torch.floor/ceil" same { (torch::floor(&x)?, torch::ceil(&x)?) };
    "torch.round" same { torch::round(&x)? };
    "torch.trunc" same { torch::trunc(&t!(x * 3))? };
    "torch.clamp/clip" same { (torch::clamp(&x, 0.0, 1.0)?, torch::clip(&x, -0.5, 0.5)?) };
    "torch.maximum/minimum" same { (torch::maximum(&x, &y)?, torch::minimum(&x, &v)?) };
    "torch.reciprocal" same { torch::reciprocal(&x)? };
    "torch.isnan/isinf/isfinite" same {
        let odd = torch::log(&t!(x - x[0]))?;
        (torch::isnan(&odd)?, torch::isinf(&odd)?, torch::isfinite(&odd)?)
    };
    "torch.nan_to_num" same { torch::nan_to_num(&torch::log(&t!(x - x[0]))?)? };
    "torch.lerp" same { (torch::lerp(&x, &y, 0.3)?, torch::lerp(&x, &y, &torch::sigmoid(&v)?)?) };

    "a == b / torch.eq" same { (torch::eq(&n, &n.t()?.t()?)?, t!(n == 2), t!((n == labels[0]).sum())) };
    "a != b" way "p == y" => "t!(p == y)" { let (p, y) = (&n, 2); (t!(p != y), t!(p == y)) };
    "a > b" way "x > y" => "t!(x > y)" { t!(x > y) };
    "a > 0.5 (scalar)" way "x > 0.5" => "t!(x > 0.5)" { (t!(x > 0.5), t!(n > 1.5)) };
    "torch.allclose / isclose" same { (torch::allclose(&x, &x)?, torch::isclose(&x, &y)?) };
    "torch.equal" same { (torch::equal(&x, &x)?, torch::equal(&x, &y)?) };
    "torch.logical_and/or/not, &, |, ~" same {
        let (a, b) = (t!(x > 0), t!(y > 0));
        (torch::logical_and(&a, &b)?, torch::logical_or(&a, &b)?, torch::logical_not(&a)?, t!(a & b), t!(a | !b))
    };
    "torch.any / all" same { (torch::any(&t!(x > 1))?, torch::all_dim(&t!(x > -1), 1)?) };
    "bool dtype" way "x.bool()" => "x.bool()?" { n.bool()?.i(0)?; let x = n; x.bool()? } not "torch.bool";
}
