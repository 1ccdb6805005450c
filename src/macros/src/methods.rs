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
    /// A function of the tensor `__akari_x`, a name that no argument has, and of arguments that are no formulas.
    Function(TokenStream),
    /// A number in the place of what the mask, which is a formula, tells.
    Masked(Expr, TokenStream),
    /// `-x`
    Neg,
    /// The number of a tensor of one element.
    Item,
    /// The size of an axis, which is a number.
    Size(Expr),
    /// A function of the tensor and of other formulas.
    Pair(Ident, Vec<Expr>),
    /// The tensor's elements where a mask says so, else others; both are formulas.
    Choice(Expr, Expr),
}

/// Functions of a tensor alone.
const PLAIN: &[&str] = &[
    "abs",
    "acos",
    "asin",
    "atan",
    "bitwise_not",
    "ceil",
    "contiguous",
    "cos",
    "cosh",
    "erf",
    "exp",
    "expm1",
    "floor",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical_not",
    "median",
    "nan_to_num",
    "nonzero",
    "reciprocal",
    "relu",
    "round",
    "rsqrt",
    "selu",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "trunc",
    "unique",
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
const REDUCTIONS: &[&str] = &["all", "any", "mean", "prod", "std", "sum", "var"];

/// Reductions along axes, which may stay: `torch::amax`, `amax_keepdim`.
const ALONG_AXES: &[&str] = &["amax", "amin", "argmax", "argmin", "logsumexp"];

/// Functions of a tensor and of one axis.
const ALONG: &[&str] = &["cumprod", "cumsum", "log_softmax", "softmax", "unsqueeze"];

/// Functions of a tensor and of axes or sizes, one by one or in brackets.
const OF_MANY: &[&str] =
    &["broadcast_to", "expand", "flip", "permute", "repeat", "reshape", "squeeze", "tile", "view"];

/// An argument: its name, and what stands for it where it is left out, if it may be.
type Argument = (&'static str, Option<&'static str>);

/// Functions of a tensor and of such arguments.
const WITH: &[(&str, &[Argument])] = &[
    ("argsort", &[("dim", Some("-1")), ("descending", Some("false"))]),
    ("count_nonzero", &[("dim", Some("()"))]),
    ("diag", &[("diagonal", Some("0"))]),
    ("movedim", &[("source", None), ("destination", None)]),
    ("narrow", &[("dim", None), ("start", None), ("length", None)]),
    ("quantile", &[("q", None)]),
    ("roll", &[("shifts", None), ("dims", Some("()"))]),
    ("rot90", &[("k", Some("1")), ("dims", Some("(0, 1)"))]),
    ("select", &[("dim", None), ("index", None)]),
    ("transpose", &[("dim0", None), ("dim1", None)]),
    ("tril", &[("diagonal", Some("0"))]),
    ("triu", &[("diagonal", Some("0"))]),
    ("unflatten", &[("dim", None), ("sizes", None)]),
    ("unfold", &[("dimension", None), ("size", None), ("step", None)]),
];

/// Functions of a tensor and of other formulas, with their names.
const PAIRS: &[(&str, &[&str])] = &[
    ("atan2", &["other"]),
    ("bitwise_and", &["other"]),
    ("bitwise_or", &["other"]),
    ("bitwise_xor", &["other"]),
    ("floor_divide", &["other"]),
    ("logical_xor", &["other"]),
];

/// Methods of PyTorch that give no tensor, or several, and what is written instead.
const REFUSED: &[(&str, &str)] = &[
    ("allclose", "gives a truth value: write `torch::allclose(&a, &b)?` outside of `t!`"),
    ("backward", "gives gradients: write `loss.backward()?` outside of `t!`"),
    ("chunk", "gives several tensors: write `torch::chunk(&x, 2, 0)?`"),
    ("cuda", "has no meaning here, where all is on the CPU"),
    ("equal", "gives a truth value: write `torch::equal(&a, &b)?` outside of `t!`"),
    ("kthvalue", "gives values and indices: write `torch::kthvalue(&x, k, dim)?`"),
    ("mode", "gives values and indices: write `torch::mode(&x, dim)?`"),
    ("numpy", "is no tensor: write `x.to_vec1::<f32>()?` outside of `t!`"),
    ("requires_grad_", "makes a variable: write `x.requires_grad_()?` outside of `t!`"),
    (
        "sort",
        "gives values and indices: write `.argsort(dim)` for the indices, `torch::sort(&x, dim, false)?` for both",
    ),
    ("split", "gives several tensors: write `torch::split(&x, 2, 0)?`"),
    ("to", "takes a dtype as `x.to_dtype(DType::F64)?`, `x.float()?`, `x.long()?`"),
    ("tolist", "is no tensor: write `x.to_vec1::<f32>()?` outside of `t!`"),
    ("topk", "gives values and indices: write `torch::topk(&x, k, -1, true, true)?`"),
    ("unbind", "gives several tensors: write `torch::unbind(&x, 0)?`"),
    ("zero_grad", "is not needed: gradients begin empty at each `backward`"),
];

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
    "norm",
    "repeat_interleave",
    "size",
    "where_",
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
    if name == "size" {
        // The method without arguments is the prelude's own.
        return call.args.len() == 1;
    }
    call.turbofish.is_none()
        && (is_refused(name)
            || [PLAIN, REDUCTIONS, ALONG_AXES, ALONG, OF_MANY, OTHERS]
                .iter()
                .any(|names| names.contains(&name))
            || ALONG_WITH.iter().any(|(known, _)| *known == name)
            || WITH.iter().any(|(known, _)| *known == name)
            || PAIRS.iter().any(|(known, _)| *known == name)
            || OPERATORS.iter().any(|(known, _)| *known == name))
}

/// Whether a method has no place in a formula; those that end in `_` are PyTorch's that work in place.
fn is_refused(name: &str) -> bool {
    let is_ours = name == "where_";
    REFUSED.iter().any(|(known, _)| *known == name) || name.ends_with('_') && !is_ours
}

/// Why a method has no place in a formula.
fn refusal(name: &Ident) -> syn::Error {
    let known = REFUSED.iter().find(|(known, _)| name == known);
    let reason = known.map_or("changes a tensor in place: `t!(x += y)` and its like do", |it| it.1);
    syn::Error::new(name.span(), format!("`{name}` {reason}"))
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
    if is_refused(text) {
        return Err(refusal(name));
    }
    let method = if let Some((_, operator)) = OPERATORS.iter().find(|(known, _)| *known == text) {
        let other = args.take("other").or_else(|| args.take("exponent"));
        Method::Operator(operator, other.ok_or_else(|| missing("another operand"))?)
    } else if PLAIN.contains(&text) {
        Method::Function(quote!(::akari::torch::#name(__akari_x)))
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
        Method::Function(quote!(::akari::torch::#function(__akari_x, #dim)))
    } else if ALONG.contains(&text) {
        let dim = args.take("dim").ok_or_else(axis)?;
        Method::Function(quote!(::akari::torch::#name(__akari_x, #dim)))
    } else if OF_MANY.contains(&text) {
        let many = match args.rest().as_slice() {
            [] => quote!(()),
            [one] => quote!(#one),
            many => quote!([#(#many),*]),
        };
        Method::Function(match text {
            "view" | "reshape" => {
                quote!(::akari::tensor::methods::TensorExt::view(__akari_x, #many))
            }
            "expand" => quote!(::akari::torch::broadcast_to(__akari_x, #many)),
            "repeat" => quote!(::akari::torch::tile(__akari_x, #many)),
            _ => quote!(::akari::torch::#name(__akari_x, #many)),
        })
    } else if let Some((_, others)) = ALONG_WITH.iter().find(|(known, _)| *known == text) {
        let dim = args.take("dim").ok_or_else(axis)?;
        let others = others
            .iter()
            .map(|other| args.take(other).ok_or_else(|| missing(&format!("a tensor, `{other}`"))))
            .collect::<Result<Vec<_>>>()?;
        Method::Function(quote!(::akari::torch::#name(__akari_x, #dim, #(&#others),*)))
    } else if let Some((_, options)) = WITH.iter().find(|(known, _)| *known == text) {
        let options = options.iter().map(|(option, default)| {
            let given = args.take(option).map(|given| quote!(#given));
            let default = default.and_then(|default| default.parse().ok());
            given.or(default).ok_or_else(|| missing(&format!("`{option}`")))
        });
        let options = options.collect::<Result<Vec<TokenStream>>>()?;
        Method::Function(quote!(::akari::torch::#name(__akari_x, #(#options),*)))
    } else if let Some((_, others)) = PAIRS.iter().find(|(known, _)| *known == text) {
        let others = others
            .iter()
            .map(|other| args.take(other).ok_or_else(|| missing("another operand")))
            .collect::<Result<Vec<_>>>()?;
        Method::Pair(name.clone(), others)
    } else {
        match text {
            "clamp" | "clip" => Method::Function(clamp(&mut args)),
            "flatten" => {
                let start = args.take("start_dim").map_or_else(|| quote!(0), |dim| quote!(#dim));
                let end = args.take("end_dim").map_or_else(|| quote!(-1), |dim| quote!(#dim));
                Method::Function(quote!(::akari::torch::flatten(__akari_x, #start, #end)))
            }
            "item" => Method::Item,
            "masked_fill" => {
                let mask = args.take("mask").ok_or_else(|| missing("a mask"))?;
                let value = args.take("value").ok_or_else(|| missing("a number"))?;
                Method::Masked(mask, quote!((#value) as f64))
            }
            "masked_select" => {
                let mask = args.take("mask").ok_or_else(|| missing("a mask"))?;
                Method::Function(quote!(::akari::torch::masked_select(__akari_x, &#mask)))
            }
            "max" | "min" if args.is_empty() => {
                Method::Function(quote!(::akari::torch::#name(__akari_x)))
            }
            "max" | "min" => {
                let error = format!(
                    "`{text}` along an axis gives values and indices: write `.a{text}(dim)` for the values, `.arg{text}(dim)` for the indices, `torch::{text}_dim(&x, dim)?` for both"
                );
                return Err(syn::Error::new(name.span(), error));
            }
            "neg" => Method::Neg,
            "norm" => Method::Function(norm(&mut args)?),
            "repeat_interleave" => {
                let repeats = args.take("repeats").ok_or_else(|| missing("how often"))?;
                let dim = args.take("dim").map_or_else(|| quote!(()), |dim| quote!(#dim));
                Method::Function(
                    quote!(::akari::torch::repeat_interleave(__akari_x, #repeats, #dim)),
                )
            }
            "size" => Method::Size(args.take("dim").ok_or_else(axis)?),
            _ => {
                let mask = args.take("condition").ok_or_else(|| missing("a mask"))?;
                let other = args.take("other").ok_or_else(|| missing("what stands elsewhere"))?;
                Method::Choice(mask, other)
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
    // PyTorch's older name of the correction.
    let is_unbiased = args.by_name("unbiased");
    let correction = match is_unbiased {
        Some(unbiased) if is_true("unbiased", Some(unbiased.clone()))? => {
            Some(spanned(&unbiased, 1))
        }
        Some(biased) => Some(spanned(&biased, 0)),
        None => correction,
    };
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
        return Ok(
            quote!(::akari::torch::#function(__akari_x, #axes, (#correction) as f64, #is_kept)),
        );
    }
    let ending = match (dim, is_kept) {
        (None, false) => return Ok(quote!(::akari::torch::#name(__akari_x))),
        (_, true) => "keepdim",
        (_, false) => "dim",
    };
    let function = format_ident!("{name}_{ending}", span = name.span());
    Ok(quote!(::akari::torch::#function(__akari_x, #axes)))
}

/// A number in the place of an option.
fn spanned(option: &Expr, number: u32) -> Expr {
    let mut literal = proc_macro2::Literal::u32_unsuffixed(number);
    literal.set_span(option.span());
    let lit = Lit::new(literal);
    Expr::Lit(ExprLit { attrs: Vec::new(), lit })
}

/// The exponent stands before the axes: `x.norm(2)`, `x.norm(1, 0)`, `x.norm(dim = 1)`.
fn norm(args: &mut Arguments) -> Result<TokenStream> {
    let (dim, keepdim) = (args.by_name("dim"), args.by_name("keepdim"));
    let p = args.take("p").map_or_else(|| quote!(2.0), |p| quote!((#p) as f64));
    let dim = dim.or_else(|| args.take("dim")).map_or_else(|| quote!(()), |dim| quote!(#dim));
    let is_kept = is_true("keepdim", keepdim.or_else(|| args.take("keepdim")))?;
    Ok(quote!(::akari::torch::norm_with(__akari_x, #p, #dim, #is_kept)))
}

/// One bound alone leaves the other side open.
fn clamp(args: &mut Arguments) -> TokenStream {
    let (min, max) = (args.by_name("min"), args.by_name("max"));
    let (min, max) = (min.or_else(|| args.take("min")), max.or_else(|| args.take("max")));
    let bound =
        |bound: Option<Expr>, open: TokenStream| bound.map_or(open, |it| quote!((#it) as f64));
    let (min, max) = (bound(min, quote!(f64::NEG_INFINITY)), bound(max, quote!(f64::INFINITY)));
    quote!(::akari::torch::clamp(__akari_x, #min, #max))
}
