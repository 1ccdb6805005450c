//! The methods that a formula knows, and the functions of `torch` that they stand for.
//!
//! They are those that candle's tensors lack, or have with other arguments or other results than PyTorch's. All
//! other methods are the tensor's own.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Expr, Ident, Lit, Result};

/// What a method of a formula becomes.
pub(crate) enum Method {
    /// An operator between the receiver and the argument, which is a formula too.
    Operator(&'static str, Expr),
    /// A function of the tensor `x` and of arguments that are no formulas.
    Function(TokenStream),
    /// `-x`
    Neg,
    /// The number of a tensor of one element.
    Item,
}

/// Functions of a tensor alone.
const PLAIN: &[&str] = &[
    "abs",
    "cos",
    "exp",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical_not",
    "reciprocal",
    "relu",
    "round",
    "rsqrt",
    "sigmoid",
    "sin",
    "sqrt",
    "square",
    "tanh",
];

/// Operators that have a name.
const OPERATORS: &[(&str, &str)] = &[
    ("add", "Add"),
    ("bmm", "MatMul"),
    ("div", "Div"),
    ("dot", "MatMul"),
    ("eq", "Eq"),
    ("ge", "Ge"),
    ("gt", "Gt"),
    ("le", "Le"),
    ("logical_and", "LogicalAnd"),
    ("logical_or", "LogicalOr"),
    ("lt", "Lt"),
    ("matmul", "MatMul"),
    ("maximum", "Maximum"),
    ("minimum", "Minimum"),
    ("mm", "MatMul"),
    ("mul", "Mul"),
    ("mv", "MatMul"),
    ("ne", "Ne"),
    ("pow", "Pow"),
    ("remainder", "Remainder"),
    ("sub", "Sub"),
];

/// Reductions of all elements or along axes, which may stay: `torch::sum`, `sum_dim`, `sum_keepdim`.
const REDUCTIONS: &[&str] = &["mean", "sum"];

/// Functions of a tensor and of one axis.
const ALONG: &[&str] = &["amax", "amin", "argmax", "cumsum", "log_softmax", "softmax"];

/// The arguments of a method: those by position, and those by name as in `keepdim = true`.
struct Arguments {
    by_place: Vec<Expr>,
    by_name: Vec<(Ident, Expr)>,
}

impl Arguments {
    fn of(args: impl Iterator<Item = Expr>) -> Self {
        let (mut by_place, mut by_name) = (Vec::new(), Vec::new());
        for arg in args {
            match &arg {
                Expr::Assign(assign) => match &*assign.left {
                    Expr::Path(path) if path.path.get_ident().is_some() => {
                        by_name.extend(
                            path.path
                                .get_ident()
                                .cloned()
                                .map(|name| (name, (*assign.right).clone())),
                        );
                    }
                    _ => by_place.push(arg),
                },
                _ => by_place.push(arg),
            }
        }
        by_place.reverse();
        Arguments { by_place, by_name }
    }

    /// The next argument by position, or that of this name.
    fn take(&mut self, name: &str) -> Option<Expr> {
        if let Some(index) = self.by_name.iter().position(|(given, _)| given == name) {
            return Some(self.by_name.remove(index).1);
        }
        self.by_place.pop()
    }

    /// That nothing is left over.
    fn end(self, method: &Ident) -> Result<()> {
        if let Some((name, _)) = self.by_name.first() {
            return Err(syn::Error::new(name.span(), format!("`{method}` has no option `{name}`")));
        }
        match self.by_place.last() {
            Some(arg) => {
                Err(syn::Error::new(arg.span(), format!("`{method}` takes no further argument")))
            }
            None => Ok(()),
        }
    }
}

/// Whether a formula computes this method itself.
pub(crate) fn is_known(name: &Ident) -> bool {
    let name = name.to_string();
    let name = name.as_str();
    PLAIN.contains(&name)
        || REDUCTIONS.contains(&name)
        || ALONG.contains(&name)
        || OPERATORS.iter().any(|(known, _)| *known == name)
        || ["clamp", "clip", "item", "masked_fill", "max", "min", "neg", "transpose"]
            .contains(&name)
}

/// What a known method becomes.
pub(crate) fn of(name: &Ident, args: impl Iterator<Item = Expr>) -> Result<Method> {
    let mut args = Arguments::of(args);
    let text = name.to_string();
    let missing = |what: &str| syn::Error::new(name.span(), format!("`{name}` needs {what}"));
    let method = if let Some((_, operator)) = OPERATORS.iter().find(|(known, _)| *known == text) {
        let other = args.take("other").or_else(|| args.take("exponent"));
        Method::Operator(operator, other.ok_or_else(|| missing("another operand"))?)
    } else if PLAIN.contains(&text.as_str()) {
        Method::Function(quote!(::akari::torch::#name(x)))
    } else if REDUCTIONS.contains(&text.as_str()) {
        Method::Function(reduction(name, &mut args)?)
    } else if ALONG.contains(&text.as_str()) {
        let dim =
            args.take("dim").ok_or_else(|| missing("an axis: a number, -1 for the last one"))?;
        Method::Function(quote!(::akari::torch::#name(x, #dim)))
    } else {
        match text.as_str() {
            "clamp" | "clip" => Method::Function(clamp(&mut args)),
            "item" => Method::Item,
            "masked_fill" => {
                let mask = args.take("mask").ok_or_else(|| missing("a mask"))?;
                let value = args.take("value").ok_or_else(|| missing("a number"))?;
                Method::Function(quote!(::akari::torch::masked_fill(x, &#mask, (#value) as f64)))
            }
            "max" | "min" if args.by_place.is_empty() && args.by_name.is_empty() => {
                Method::Function(quote!(::akari::torch::#name(x)))
            }
            "max" | "min" => {
                let all = format!("a{text}");
                let error = format!(
                    "`{text}` along an axis gives values and indices: write `.{all}(dim)` for the values or `.arg{text}(dim)` for the indices"
                );
                return Err(syn::Error::new(name.span(), error));
            }
            "neg" => Method::Neg,
            _ => {
                let first = args.take("dim0").ok_or_else(|| missing("two axes"))?;
                let second = args.take("dim1").ok_or_else(|| missing("two axes"))?;
                Method::Function(quote!(::akari::torch::transpose(x, #first, #second)))
            }
        }
    };
    args.end(name)?;
    Ok(method)
}

fn reduction(name: &Ident, args: &mut Arguments) -> Result<TokenStream> {
    let keepdim = args.by_name.iter().position(|(given, _)| given == "keepdim");
    let keepdim = keepdim.map(|index| args.by_name.remove(index).1);
    let dim = args.take("dim");
    let is_kept = match keepdim.or_else(|| args.take("keepdim")) {
        None => false,
        Some(Expr::Lit(literal)) if matches!(&literal.lit, Lit::Bool(_)) => {
            matches!(&literal.lit, Lit::Bool(value) if value.value)
        }
        Some(other) => {
            return Err(syn::Error::new(other.span(), "`keepdim` is `true` or `false`"));
        }
    };
    Ok(match (dim, is_kept) {
        (None, false) => quote!(::akari::torch::#name(x)),
        (dim, is_kept) => {
            let function = format_ident!(
                "{name}_{}",
                if is_kept { "keepdim" } else { "dim" },
                span = name.span()
            );
            let dim = dim.map_or_else(|| quote!(()), |dim| quote!(#dim));
            quote!(::akari::torch::#function(x, #dim))
        }
    })
}

/// One bound alone leaves the other side open.
fn clamp(args: &mut Arguments) -> TokenStream {
    let by_name = args.by_name.iter().any(|(name, _)| name == "max");
    let min = if by_name && args.by_place.is_empty() && args.by_name.len() == 1 {
        None
    } else {
        args.take("min")
    };
    let max = args.take("max");
    let bound =
        |bound: Option<Expr>, open: TokenStream| bound.map_or(open, |it| quote!((#it) as f64));
    let (min, max) = (bound(min, quote!(f64::NEG_INFINITY)), bound(max, quote!(f64::INFINITY)));
    quote!(::akari::torch::clamp(x, #min, #max))
}
