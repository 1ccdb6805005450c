//! `t!`: an expression of Rust's grammar, and `@`, as calls of `akari::formula`.
//!
//! What is joined by operators and known methods is a formula. All other parts (variables, calls, blocks) stay as
//! they are written, and are taken by reference. `@` is no operator of Rust: it stands as a product with a marker in
//! the middle until the expression is parsed (`brackets.rs`), since it binds as tightly as `*`.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{BinOp, Expr, ExprBinary, ExprIndex, ExprMethodCall, Lit, Member, Result, UnOp};

use crate::brackets::{self, MARKER};
use crate::methods::{self, Method};
use crate::text;

/// The expression that the macro stands for.
pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    if input.is_empty() {
        return Err(syn::Error::new(
            Span::call_site(),
            "`t!` needs a formula, as in `t!(w * x + b)`",
        ));
    }
    let rust = brackets::as_rust(input)?;
    let traits = brackets::has_index(rust.clone()).then(|| {
        quote! {
            #[allow(unused_imports)]
            use ::akari::formula::index::{OfHeld as _, OfHeldTwice as _, OfNothing as _, OfOther as _, OfTensor as _};
        }
    });
    let whole = whole(&syn::parse2::<Expr>(rust)?)?;
    Ok(match traits {
        Some(traits) => quote!({ #traits #whole }),
        None => whole,
    })
}

fn whole(expression: &Expr) -> Result<TokenStream> {
    match expression {
        Expr::Assign(assign) => {
            let value = formula(&assign.right)?;
            Ok(assignment(expression, &assign.left, &value))
        }
        Expr::Binary(binary) if let Some(operator) = in_place(&binary.op) => {
            let value =
                joined(expression, operator, formula(&binary.left)?, formula(&binary.right)?);
            Ok(assignment(expression, &binary.left, &value))
        }
        Expr::MethodCall(call) if is_item(call) => {
            let value = formula(&call.receiver)?;
            Ok(quote!(::akari::formula::item(#value)?))
        }
        _ => {
            let value = formula(expression)?;
            Ok(quote!(::akari::formula::finish(#value)?))
        }
    }
}

/// Whether a call is `.item()`, whose number is no tensor any more.
fn is_item(call: &ExprMethodCall) -> bool {
    call.method == "item" && call.args.is_empty()
}

fn assignment(whole: &Expr, target: &Expr, value: &TokenStream) -> TokenStream {
    let text = text::of(whole, MARKER);
    let take = quote_spanned!(target.span()=> (#target).assign_formula(#text, value)?);
    quote! {{
        use ::akari::formula::{SharedTarget as _, Target as _};
        let value = #value;
        #take
    }}
}

/// An expression whose value is an `akari::formula::Value`.
fn formula(part: &Expr) -> Result<TokenStream> {
    match part {
        Expr::Paren(inner) => formula(&inner.expr),
        Expr::Group(inner) => formula(&inner.expr),
        Expr::Reference(inner) if inner.mutability.is_none() => formula(&inner.expr),
        Expr::Try(inner) if is_formula(&inner.expr) => formula(&inner.expr),
        Expr::Lit(literal) => Ok(number(&literal.lit).unwrap_or_else(|| operand(part))),
        Expr::Unary(unary) => match unary.op {
            UnOp::Neg(_) => applied("neg", part, &unary.expr),
            UnOp::Not(_) => applied("not", part, &unary.expr),
            UnOp::Deref(_) if is_marker(&unary.expr) => Err(no_operand(unary.expr.span())),
            _ => Ok(operand(part)),
        },
        Expr::Binary(binary) => of_binary(part, binary),
        Expr::MethodCall(call) => of_call(part, call),
        Expr::Field(field) => match &field.member {
            Member::Named(name) if name == "T" || name == "mT" => {
                let receiver = formula(&field.base)?;
                Ok(quote!(::akari::formula::with(#receiver, |__akari_x| __akari_x.t())))
            }
            Member::Named(name) if name == "shape" => Err(syn::Error::new(
                name.span(),
                "`shape` is no operand: write `x.size(0)` for one size, `x.dims()` outside of `t!` for all",
            )),
            _ => Ok(operand(part)),
        },
        Expr::Index(index) => of_index(part, index),
        _ => Ok(operand(&rust(part)?)),
    }
}

/// A part that is no formula, with the formulas and indices in it: those before a method and those of arguments.
fn rust(part: &Expr) -> Result<Expr> {
    let mut part = part.clone();
    match &mut part {
        Expr::Paren(inner) => *inner.expr = rust(&inner.expr)?,
        Expr::Try(inner) => *inner.expr = rust(&inner.expr)?,
        Expr::Call(call) => call.args = call.args.iter().map(argument).collect::<Result<_>>()?,
        Expr::MethodCall(call) => {
            call.args = call.args.iter().map(argument).collect::<Result<_>>()?;
            *call.receiver = if is_formula(&call.receiver) {
                let receiver = formula(&call.receiver)?;
                syn::parse2(quote!(::akari::formula::finish(#receiver)?))?
            } else if let Some(receiver) = indexed(&call.receiver)? {
                syn::parse2(receiver)?
            } else {
                rust(&call.receiver)?
            };
        }
        _ => {}
    }
    Ok(part)
}

/// Whether a part is joined by an operator or computed by a known method, and so no value of the learner's.
fn is_formula(part: &Expr) -> bool {
    match part {
        Expr::Paren(inner) => is_formula(&inner.expr),
        Expr::Group(inner) => is_formula(&inner.expr),
        Expr::Try(inner) => is_formula(&inner.expr),
        Expr::Binary(binary) => operator(&binary.op).is_some(),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_) | UnOp::Not(_)),
        Expr::MethodCall(call) => methods::is_known(call) || is_formula(&call.receiver),
        Expr::Field(field) => {
            matches!(&field.member, Member::Named(name) if name == "T" || name == "mT")
        }
        Expr::Index(index) => is_formula(&index.expr),
        _ => false,
    }
}

/// An argument of a call that stays as it is: `&(a + b)` and `a @ b` in it are formulas, as no Rust is meant by them.
fn argument(arg: &Expr) -> Result<Expr> {
    match arg {
        Expr::Reference(reference)
            if reference.mutability.is_none() && is_formula(&reference.expr) =>
        {
            let value = formula(&reference.expr)?;
            syn::parse2(quote!(&::akari::formula::finish(#value)?))
        }
        Expr::Reference(reference) if reference.mutability.is_none() => {
            match indexed(&reference.expr)? {
                Some(part) => syn::parse2(quote!(&#part)),
                None => Ok(arg.clone()),
            }
        }
        Expr::Binary(binary) if has_marker(binary) => {
            let value = formula(arg)?;
            syn::parse2(quote!(::akari::formula::finish(#value)?))
        }
        _ => Ok(arg.clone()),
    }
}

fn has_marker(binary: &ExprBinary) -> bool {
    let is_marked =
        |side: &Expr| is_marker(side) || matches!(side, Expr::Binary(inner) if has_marker(inner));
    is_marked(&binary.left) || is_marked(&binary.right)
}

fn is_marker(part: &Expr) -> bool {
    matches!(part, Expr::Path(path) if path.path.is_ident(MARKER))
}

/// The part as the learner wrote it, by reference. Errors of the compiler are about its place.
fn operand(part: &Expr) -> TokenStream {
    quote_spanned!(part.span()=> ::akari::formula::operand(&(#part)))
}

/// A literal without a suffix, whose type nothing else tells.
fn number(literal: &Lit) -> Option<TokenStream> {
    match literal {
        Lit::Int(number) if number.suffix().is_empty() => {
            // Too large a number is the compiler's error, at its place.
            Some(quote!(::akari::formula::Value::Int(#number)))
        }
        Lit::Float(number) if number.suffix().is_empty() => {
            Some(quote!(::akari::formula::Value::Float(#number)))
        }
        _ => None,
    }
}

fn applied(function: &str, whole: &Expr, part: &Expr) -> Result<TokenStream> {
    let (function, text, part) =
        (format_ident!("{function}"), text::of(whole, MARKER), formula(part)?);
    Ok(quote!(::akari::formula::#function(#text, #part)))
}

fn joined(whole: &Expr, operator: &str, left: TokenStream, right: TokenStream) -> TokenStream {
    let (operator, text) = (format_ident!("{operator}"), text::of(whole, MARKER));
    quote!(::akari::formula::binary(#text, ::akari::formula::Operator::#operator, #left, #right))
}

fn of_binary(part: &Expr, binary: &ExprBinary) -> Result<TokenStream> {
    if let (BinOp::Mul(_), Expr::Binary(inner)) = (&binary.op, &*binary.left)
        && is_marker(&inner.right)
    {
        return Ok(joined(part, "MatMul", formula(&inner.left)?, formula(&binary.right)?));
    }
    if is_marker(&binary.right) || is_marker(&binary.left) {
        return Err(no_operand(binary.right.span()));
    }
    match operator(&binary.op) {
        Some(operator) => {
            Ok(joined(part, operator, formula(&binary.left)?, formula(&binary.right)?))
        }
        None => Err(syn::Error::new(binary.op.span(), "`t!` has no such operator")),
    }
}

fn no_operand(span: Span) -> syn::Error {
    syn::Error::new(span, "`@` needs an operand on either side")
}

fn operator(operator: &BinOp) -> Option<&'static str> {
    Some(match operator {
        BinOp::Add(_) => "Add",
        BinOp::Sub(_) => "Sub",
        BinOp::Mul(_) => "Mul",
        BinOp::Div(_) => "Div",
        BinOp::Rem(_) => "Remainder",
        BinOp::Eq(_) => "Eq",
        BinOp::Ne(_) => "Ne",
        BinOp::Lt(_) => "Lt",
        BinOp::Le(_) => "Le",
        BinOp::Gt(_) => "Gt",
        BinOp::Ge(_) => "Ge",
        BinOp::BitAnd(_) => "And",
        BinOp::BitOr(_) => "Or",
        BinOp::BitXor(_) => "Xor",
        BinOp::And(_) => "LogicalAnd",
        BinOp::Or(_) => "LogicalOr",
        _ => return None,
    })
}

fn in_place(operator: &BinOp) -> Option<&'static str> {
    Some(match operator {
        BinOp::AddAssign(_) => "Add",
        BinOp::SubAssign(_) => "Sub",
        BinOp::MulAssign(_) => "Mul",
        BinOp::DivAssign(_) => "Div",
        BinOp::RemAssign(_) => "Remainder",
        BinOp::BitAndAssign(_) => "And",
        BinOp::BitOrAssign(_) => "Or",
        BinOp::BitXorAssign(_) => "Xor",
        _ => return None,
    })
}

/// `x[0]`, and `x.shape[0]`. What is indexed may be no tensor: the types decide (`akari::formula::index`).
fn of_index(part: &Expr, index: &ExprIndex) -> Result<TokenStream> {
    let (text, place) = (text::of(part, MARKER), &*index.index);
    if let Expr::Field(field) = &*index.expr
        && matches!(&field.member, Member::Named(name) if name == "shape")
    {
        let receiver = formula(&field.base)?;
        return Ok(quote!(::akari::formula::size(#text, #receiver, #place)));
    }
    let found = found(index)?;
    Ok(quote_spanned!(part.span()=> ::akari::formula::operand(&#found)))
}

/// What the brackets give: a value, or a reference to what Rust finds there.
fn found(index: &ExprIndex) -> Result<TokenStream> {
    let of = match &*index.expr {
        Expr::Index(inner) => found(inner)?,
        of if is_formula(of) => formula(of)?,
        of => {
            let of = rust(of)?;
            quote!(#of)
        }
    };
    let (text, place) = (text::of(index, MARKER), place(&index.index)?);
    let part = quote_spanned!(index.span()=> (&&&&::akari::formula::index::At::new(&(#of), &(#place))).part(#text));
    Ok(part)
}

/// The part behind an index, where candle's or Rust's own methods and functions take it: a tensor, or what Rust
/// finds there. Nothing, if no index stands there.
fn indexed(part: &Expr) -> Result<Option<TokenStream>> {
    match part {
        Expr::Paren(inner) => indexed(&inner.expr),
        Expr::Group(inner) => indexed(&inner.expr),
        Expr::Index(index) => {
            let found = found(index)?;
            Ok(Some(quote!((*::akari::formula::index::held(#found)?.get()))))
        }
        _ => Ok(None),
    }
}

/// A mask among the places is a formula, and so is a place that another index tells; numbers and ranges are Rust's own.
fn place(index: &Expr) -> Result<TokenStream> {
    match index {
        Expr::Paren(inner) => place(&inner.expr),
        Expr::Tuple(places) => {
            let places = places.elems.iter().map(place).collect::<Result<Vec<_>>>()?;
            // By reference, as all operands: a mask among them is needed again.
            Ok(quote!((#(&(#places),)*)))
        }
        Expr::Index(inner) => {
            let found = found(inner)?;
            Ok(quote!(::akari::formula::index::taken(#found)))
        }
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => formula(index),
        Expr::Binary(binary) => match operator(&binary.op) {
            Some("Add" | "Sub" | "Mul" | "Div" | "Remainder") | None => Ok(quote!(#index)),
            Some(_) => formula(index),
        },
        _ => Ok(quote!(#index)),
    }
}

fn of_call(part: &Expr, call: &ExprMethodCall) -> Result<TokenStream> {
    if methods::is_known(call) {
        let receiver = formula(&call.receiver)?;
        return Ok(match methods::of(&call.method, call.args.iter().cloned())? {
            Method::Size(dim) => {
                let text = text::of(part, MARKER);
                quote!(::akari::formula::size(#text, #receiver, #dim))
            }
            Method::Pair(function, others) => {
                let others = others.iter().map(formula).collect::<Result<Vec<_>>>()?;
                quote!(::akari::formula::with(#receiver, |__akari_x| ::akari::torch::#function(__akari_x, #(#others),*)))
            }
            Method::Choice(mask, other) => {
                let (mask, other) = (formula(&mask)?, formula(&other)?);
                quote!(::akari::formula::with(#receiver, |__akari_x| ::akari::torch::where_(#mask, __akari_x, #other)))
            }
            Method::Operator(operator, other) => joined(part, operator, receiver, formula(&other)?),
            Method::Function(body) => quote!(::akari::formula::with(#receiver, |__akari_x| #body)),
            Method::Masked(mask, value) => {
                let mask = formula(&mask)?;
                quote!(::akari::formula::with(#receiver, |__akari_x| ::akari::torch::masked_fill(__akari_x, #mask, #value)))
            }
            Method::Neg => {
                let text = text::of(part, MARKER);
                quote!(::akari::formula::neg(#text, #receiver))
            }
            Method::Item => {
                let number = quote!(::akari::formula::item(#receiver)?);
                quote!(::akari::formula::Value::Float(#number))
            }
        });
    }
    Ok(operand(&rust(part)?))
}
