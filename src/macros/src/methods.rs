//! The methods that a formula knows, and the functions of `torch` that they stand for.
//!
//! They are those that candle's tensors lack, or have with other arguments or other results than PyTorch's. All
//! other methods are the tensor's own.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, ExprMethodCall, Ident, Lit, Result, UnOp};

/// What a method of a formula becomes.
pub(crate) enum Method {
    /// An operator between the receiver and the argument, which is a formula too.
    Operator(&'static str, Expr),
    /// A function of the tensor `x` and of arguments that are no formulas.
    Function(TokenStream),
    /// A number in the place of what the mask, which is a formula, tells.
    Masked(Expr, TokenStream),
    /// `-x`
    Neg,
    /// The number of a tensor of one element.
    Item,
}

/// Functions of a tensor alone.
const PLAIN: &[&str] = &[
    "abs",
    "acos",
    "asin",
    "atan",
    "cos",
    "cosh",
    "erf",
    "exp",
    "expm1",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical_not",
    "nonzero",
    "reciprocal",
    "relu",
    "round",
    "rsqrt",
    "sigmoid",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
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
const REDUCTIONS: &[&str] = &["all", "any", "mean", "norm", "prod", "std", "sum", "var"];

/// Reductions along axes, which may stay: `torch::amax`, `amax_keepdim`.
const ALONG_AXES: &[&str] = &["amax", "amin", "argmax", "argmin", "logsumexp"];

/// Functions of a tensor and of one axis.
const ALONG: &[&str] = &["cumprod", "cumsum", "log_softmax", "softmax", "unsqueeze"];

/// Functions of a tensor and of axes or sizes, one by one or in brackets.
const OF_MANY: &[&str] = &["flip", "permute", "reshape", "squeeze", "tile", "view"];

/// Functions of a tensor, an axis and another tensor.
const ALONG_WITH: &[(&str, &[&str])] = &[
    ("gather", &["index"]),
    ("index_add", &["index", "source"]),
    ("index_select", &["index"]),
    ("scatter", &["index", "src"]),
    ("scatter_add", &["index", "src"]),
];

/// What else has a rule of its own.
const OTHERS: &[&str] = &[
    "clamp",
    "clip",
    "flatten",
    "item",
    "masked_fill",
    "masked_select",
    "max",
    "min",
    "neg",
    "transpose",
];

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
        self.by_name(name).or_else(|| self.by_place.pop())
    }

    /// The argument of this name.
    fn by_name(&mut self, name: &str) -> Option<Expr> {
        let index = self.by_name.iter().position(|(given, _)| given == name)?;
        Some(self.by_name.remove(index).1)
    }

    /// All arguments by position that are left.
    fn rest(&mut self) -> Vec<Expr> {
        self.by_place.drain(..).rev().collect()
    }

    fn is_empty(&self) -> bool {
        self.by_place.is_empty() && self.by_name.is_empty()
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
pub(crate) fn is_known(call: &ExprMethodCall) -> bool {
    let name = call.method.to_string();
    let name = name.as_str();
    if name == "reshape" {
        // candle's, which the learner may know, has another way to leave a size open.
        return call.args.len() > 1 || call.args.iter().any(has_minus);
    }
    call.turbofish.is_none()
        && ([PLAIN, REDUCTIONS, ALONG_AXES, ALONG, OF_MANY, OTHERS]
            .iter()
            .any(|names| names.contains(&name))
            || ALONG_WITH.iter().any(|(known, _)| *known == name)
            || OPERATORS.iter().any(|(known, _)| *known == name))
}

fn has_minus(size: &Expr) -> bool {
    match size {
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)),
        Expr::Tuple(sizes) => sizes.elems.iter().any(has_minus),
        Expr::Array(sizes) => sizes.elems.iter().any(has_minus),
        _ => false,
    }
}

/// What a known method becomes.
pub(crate) fn of(name: &Ident, args: impl Iterator<Item = Expr>) -> Result<Method> {
    let mut args = Arguments::of(args);
    let text = name.to_string();
    let text = text.as_str();
    let missing = |what: &str| syn::Error::new(name.span(), format!("`{name}` needs {what}"));
    let axis = || missing("an axis: a number, -1 for the last one");
    let method = if let Some((_, operator)) = OPERATORS.iter().find(|(known, _)| *known == text) {
        let other = args.take("other").or_else(|| args.take("exponent"));
        Method::Operator(operator, other.ok_or_else(|| missing("another operand"))?)
    } else if PLAIN.contains(&text) {
        Method::Function(quote!(::akari::torch::#name(x)))
    } else if REDUCTIONS.contains(&text) {
        Method::Function(reduction(name, &mut args)?)
    } else if ALONG_AXES.contains(&text) {
        let keepdim = args.by_name("keepdim");
        let dim = args.take("dim").map_or_else(|| quote!(()), |dim| quote!(#dim));
        let function = if is_true("keepdim", keepdim.or_else(|| args.take("keepdim")))? {
            format_ident!("{name}_keepdim", span = name.span())
        } else {
            name.clone()
        };
        Method::Function(quote!(::akari::torch::#function(x, #dim)))
    } else if ALONG.contains(&text) {
        let dim = args.take("dim").ok_or_else(axis)?;
        Method::Function(quote!(::akari::torch::#name(x, #dim)))
    } else if OF_MANY.contains(&text) {
        let many = match args.rest().as_slice() {
            [] => quote!(()),
            [one] => quote!(#one),
            many => quote!([#(#many),*]),
        };
        Method::Function(match text {
            "view" | "reshape" => quote!(::akari::tensor::methods::TensorExt::view(x, #many)),
            _ => quote!(::akari::torch::#name(x, #many)),
        })
    } else if let Some((_, others)) = ALONG_WITH.iter().find(|(known, _)| *known == text) {
        let dim = args.take("dim").ok_or_else(axis)?;
        let others = others
            .iter()
            .map(|other| args.take(other).ok_or_else(|| missing(&format!("a tensor, `{other}`"))))
            .collect::<Result<Vec<_>>>()?;
        Method::Function(quote!(::akari::torch::#name(x, #dim, #(&#others),*)))
    } else {
        match text {
            "clamp" | "clip" => Method::Function(clamp(&mut args)),
            "flatten" => {
                let start = args.take("start_dim").map_or_else(|| quote!(0), |dim| quote!(#dim));
                let end = args.take("end_dim").map_or_else(|| quote!(-1), |dim| quote!(#dim));
                Method::Function(quote!(::akari::torch::flatten(x, #start, #end)))
            }
            "item" => Method::Item,
            "masked_fill" => {
                let mask = args.take("mask").ok_or_else(|| missing("a mask"))?;
                let value = args.take("value").ok_or_else(|| missing("a number"))?;
                Method::Masked(mask, quote!((#value) as f64))
            }
            "masked_select" => {
                let mask = args.take("mask").ok_or_else(|| missing("a mask"))?;
                Method::Function(quote!(::akari::torch::masked_select(x, &#mask)))
            }
            "max" | "min" if args.is_empty() => Method::Function(quote!(::akari::torch::#name(x))),
            "max" | "min" => {
                let error = format!(
                    "`{text}` along an axis gives values and indices: write `.a{text}(dim)` for the values, `.arg{text}(dim)` for the indices, `torch::{text}_dim(&x, dim)?` for both"
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

/// An option that is `true` or `false` in the text; it is not given, it is `false`.
fn is_true(name: &str, option: Option<Expr>) -> Result<bool> {
    match option {
        None => Ok(false),
        Some(Expr::Lit(ExprLit { lit: Lit::Bool(option), .. })) => Ok(option.value),
        Some(other) => Err(syn::Error::new(other.span(), format!("`{name}` is `true` or `false`"))),
    }
}

/// The function of the family `name`, `name_dim`, `name_keepdim`, `name_with` that takes these arguments.
fn reduction(name: &Ident, args: &mut Arguments) -> Result<TokenStream> {
    let (correction, keepdim) = (args.by_name("correction"), args.by_name("keepdim"));
    let dim = args.take("dim");
    let is_kept = is_true("keepdim", keepdim.or_else(|| args.take("keepdim")))?;
    let axes = dim.as_ref().map_or_else(|| quote!(()), |dim| quote!(#dim));
    if let Some(correction) = correction {
        if name != "var" && name != "std" {
            return Err(syn::Error::new(
                correction.span(),
                format!("`{name}` has no option `correction`"),
            ));
        }
        let function = format_ident!("{name}_with", span = name.span());
        return Ok(quote!(::akari::torch::#function(x, #axes, (#correction) as f64, #is_kept)));
    }
    let ending = match (dim, is_kept) {
        (None, false) => return Ok(quote!(::akari::torch::#name(x))),
        (_, true) => "keepdim",
        (_, false) => "dim",
    };
    let function = format_ident!("{name}_{ending}", span = name.span());
    Ok(quote!(::akari::torch::#function(x, #axes)))
}

/// One bound alone leaves the other side open.
fn clamp(args: &mut Arguments) -> TokenStream {
    let (min, max) = (args.by_name("min"), args.by_name("max"));
    let (min, max) = (min.or_else(|| args.take("min")), max.or_else(|| args.take("max")));
    let bound =
        |bound: Option<Expr>, open: TokenStream| bound.map_or(open, |it| quote!((#it) as f64));
    let (min, max) = (bound(min, quote!(f64::NEG_INFINITY)), bound(max, quote!(f64::INFINITY)));
    quote!(::akari::torch::clamp(x, #min, #max))
}
