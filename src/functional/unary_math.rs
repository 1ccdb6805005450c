//! Functions of one number that activations and losses share.

/// `1 / (1 + exp(-x))`, exact to the last bits on both sides.
#[inline]
pub(crate) fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// `ln(1 + exp(x))` without overflow.
#[inline]
pub(crate) fn softplus(x: f64) -> f64 {
    // Written with a comparison, so that nan stays nan.
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + (-x.abs()).exp().ln_1p()
}
