//! Ways out of errors that cells meet while they run: what candle says of dtypes and shapes names what is
//! wrong, and this what to do. Pure; `run` calls it.

/// The way out of an error with this text, if one is known.
pub fn hint(text: &str) -> Option<String> {
    dtypes(text).or_else(|| shapes(text)).or_else(|| others(text))
}

/// The words behind a key, up to the end of a list or of the words: `lhs: [1, 2], rhs: [3]`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = text.split(key).nth(1)?.trim_start();
    if rest.starts_with('[') {
        return rest.split_inclusive(']').next();
    }
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|it| !it.is_empty())
}

fn dims(text: &str, key: &str) -> Option<Vec<usize>> {
    let list = value(text, key)?.strip_prefix('[')?.strip_suffix(']')?;
    let numbers = list.split(',').map(str::trim).filter(|it| !it.is_empty());
    numbers.map(|it| it.parse().ok()).collect()
}

fn dtypes(text: &str) -> Option<String> {
    if text.contains("dtype mismatch in") || text.contains("DTypeMismatchBinaryOp") {
        let dtype = value(text, "lhs:").unwrap_or("F32");
        return Some(format!(
            "bring both to one dtype, as with `.to_dtype(DType::{dtype})?` behind the second one"
        ));
    }
    if text.contains("unexpected dtype") || text.contains("UnexpectedDType") {
        let dtype = value(text, "expected:").unwrap_or("F32");
        return Some(format!("convert the tensor first: `.to_dtype(DType::{dtype})?`"));
    }
    if text.contains("unsupported dtype") || text.contains("UnsupportedDTypeForOp") {
        return Some("convert the tensor first, as with `.to_dtype(DType::F32)?`".to_owned());
    }
    None
}

fn shapes(text: &str) -> Option<String> {
    if text.contains("cannot broadcast") || text.contains("BroadcastIncompatibleShapes") {
        return Some(
            "shapes broadcast if, from the right, each pair of axes is equal or has a 1; `.unsqueeze(..)?` or `.reshape(..)?` adds the axes of 1".to_owned(),
        );
    }
    if text.contains("unexpected rank") || text.contains("UnexpectedNumberOfDims") {
        return Some(
            "bring the tensor to that number of axes: `.unsqueeze(0)?` adds one, `.squeeze(0)?` takes one of 1 away, `.flatten_all()?` leaves one".to_owned(),
        );
    }
    if text.contains("only supports contiguous") || text.contains("RequiresContiguous") {
        return Some("put `.contiguous()?` before it".to_owned());
    }
    if text.contains("shape mismatch in cat") || text.contains("ShapeMismatchCat") {
        return Some(
            "tensors that are joined along one axis must agree in all others; `.t()?` or `.reshape(..)?` brings them there".to_owned(),
        );
    }
    if text.contains("got buffer of size") {
        return Some(
            "the new shape must have as many elements as the old one; `()` in it stands for what is left, as in `.reshape(((), 2))?`".to_owned(),
        );
    }
    if !text.contains("shape mismatch in") && !text.contains("ShapeMismatchBinaryOp") {
        return None;
    }
    let (left, right) = (dims(text, "lhs:")?, dims(text, "rhs:")?);
    let named = text.split("shape mismatch in ").nth(1).and_then(|it| it.split(',').next());
    let op = named.or_else(|| text.split("op: \"").nth(1)?.split('"').next()).unwrap_or_default();
    if op.contains("matmul") {
        return Some(matmul(&left, &right));
    }
    if let Some(op) =
        ["add", "sub", "mul", "div", "minimum", "maximum", "eq", "ne", "lt", "le", "gt", "ge"]
            .iter()
            .find(|known| op == **known)
        && broadcasts(&left, &right)
    {
        return Some(format!(
            "candle's operators don't broadcast: write `a.broadcast_{op}(&b)?`, or bring both to one shape"
        ));
    }
    Some("bring both to one shape, as with `.reshape(..)?` or `.t()?`".to_owned())
}

fn matmul(left: &[usize], right: &[usize]) -> String {
    let (Some([.., rows, inner]), Some([.., height, width])) =
        (left.get(left.len().saturating_sub(2)..), right.get(right.len().saturating_sub(2)..))
    else {
        return "`matmul` takes matrices; `.unsqueeze(..)?` makes one of a vector".to_owned();
    };
    if left.len() < 2 || right.len() < 2 {
        "`matmul` takes matrices; `.unsqueeze(..)?` makes one of a vector".to_owned()
    } else if inner == height && left.len() != right.len() {
        "`matmul` takes as many axes on both sides; `a.broadcast_matmul(&b)?` repeats the shorter one".to_owned()
    } else if inner == width {
        "the columns of the first must be as many as the rows of the second: `a.matmul(&b.t()?)?`"
            .to_owned()
    } else if rows == height {
        "the columns of the first must be as many as the rows of the second: `a.t()?.matmul(&b)?`"
            .to_owned()
    } else {
        "the columns of the first must be as many as the rows of the second (`.t()?` swaps them)"
            .to_owned()
    }
}

fn broadcasts(left: &[usize], right: &[usize]) -> bool {
    let pairs = left.iter().rev().zip(right.iter().rev());
    pairs.into_iter().all(|(a, b)| a == b || *a == 1 || *b == 1)
}

fn others(text: &str) -> Option<String> {
    if text.contains("cannot set variable") {
        return Some("a `Var` takes a tensor of its own shape and dtype".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let hint = hint(text).unwrap_or_default();
        assert!(
            hint.contains(expected) && hint.is_empty() == expected.is_empty(),
            "{text}: {hint}"
        );
    }

    #[test]
    fn what_candle_says_has_a_way_out() {
        check("dtype mismatch in add, lhs: F32, rhs: F64", "to_dtype(DType::F32)");
        check("unexpected dtype, expected: U32, got: F32", "to_dtype(DType::U32)");
        check("unsupported dtype I64 for op mean", "to_dtype(DType::F32)");
        check(
            "called `Result::unwrap()` on an `Err` value: DTypeMismatchBinaryOp { lhs: F64, rhs: F32, op: \"mul\" }",
            "DType::F64",
        );
        check("shape mismatch in sub, lhs: [4, 1], rhs: [4]", "broadcast_sub");
        check("shape mismatch in add, lhs: [2, 3], rhs: [4, 3]", "one shape");
        check("shape mismatch in matmul, lhs: [2, 3], rhs: [2, 3]", "a.matmul(&b.t()?)?");
        check("shape mismatch in matmul, lhs: [3, 2], rhs: [3, 4]", "a.t()?.matmul(&b)?");
        check("shape mismatch in matmul, lhs: [2, 3], rhs: [4, 5]", "`.t()?` swaps them");
        check("shape mismatch in matmul, lhs: [2, 3], rhs: [3]", "unsqueeze");
        check("shape mismatch in matmul, lhs: [5, 2, 3], rhs: [3, 4]", "broadcast_matmul");
        check(
            "shape mismatch in cat for dim 1, shape for arg 1: [2, 3] shape for arg 2: [3, 2]",
            "all others",
        );
        check("Shape mismatch, got buffer of size 6 which is compatible with shape [4, 4]", "`()`");
        check("unexpected rank, expected: 2, got: 1 ([3])", "unsqueeze(0)");
        check("cannot broadcast [3] to [4]", "from the right");
        check("matmul only supports contiguous tensors", "contiguous()");
        check("invalid digit found in string", "");
    }
}
