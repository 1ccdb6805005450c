//! What Rust's grammar has no words for, before a formula is parsed: `@`, and PyTorch's indices `x[:, 1]` and `x[...]`.
//!
//! Only brackets that stand behind something are an index; a list `[1, 2]` stays as it is.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::Result;

/// What stands between the operands of `@` while they are parsed.
pub(crate) const MARKER: &str = "__akari_matmul";

/// Writes `a * MARKER * b` for `a @ b`, and indices as Rust's grammar has them, in round brackets too.
pub(crate) fn as_rust(input: TokenStream) -> Result<TokenStream> {
    let mut output = Vec::<TokenTree>::new();
    for token in input {
        match token {
            TokenTree::Punct(at) if at.as_char() == '@' => output.extend(product(at.span())),
            TokenTree::Punct(second) if second.as_char() == '*' && is_joined(output.last()) => {
                return Err(syn::Error::new(
                    second.span(),
                    "Rust has no `**`: write `x.pow(2)` for the square of x",
                ));
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                output.push(regrouped(&group, as_rust(group.stream())?));
            }
            TokenTree::Group(group)
                if group.delimiter() == Delimiter::Bracket && is_indexed(&output) =>
            {
                output.push(regrouped(&group, index(&group)?));
            }
            token => output.push(token),
        }
    }
    Ok(output.into_iter().collect())
}

/// Whether an index stands anywhere in the formula.
pub(crate) fn has_index(formula: TokenStream) -> bool {
    let tokens = formula.into_iter().collect::<Vec<_>>();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Group(group) => {
            let is_brackets = group.delimiter() == Delimiter::Bracket;
            is_brackets && is_indexed(&tokens[..at]) || has_index(group.stream())
        }
        _ => false,
    })
}

fn product(span: Span) -> [TokenTree; 3] {
    let star = || {
        let mut star = Punct::new('*', Spacing::Alone);
        star.set_span(span);
        TokenTree::Punct(star)
    };
    [star(), TokenTree::Ident(Ident::new(MARKER, span)), star()]
}

/// Whether a `*` is followed at once by what comes next.
fn is_joined(before: Option<&TokenTree>) -> bool {
    let is_star = |star: &Punct| star.as_char() == '*' && star.spacing() == Spacing::Joint;
    matches!(before, Some(TokenTree::Punct(star)) if is_star(star))
}

/// Whether brackets behind this are an index.
fn is_indexed(before: &[TokenTree]) -> bool {
    match before.last() {
        Some(TokenTree::Ident(name)) => {
            !["in", "return", "else", "mut"].iter().any(|it| name == it)
        }
        Some(TokenTree::Group(group)) => group.delimiter() != Delimiter::Brace,
        Some(TokenTree::Punct(mark)) => mark.as_char() == '?',
        // The fields of tuples are numbers: `pair.0[1]`.
        Some(TokenTree::Literal(_)) => {
            matches!(before, [.., TokenTree::Punct(dot), _] if dot.as_char() == '.')
        }
        None => false,
    }
}

fn regrouped(old: &Group, inside: TokenStream) -> TokenTree {
    let mut group = Group::new(old.delimiter(), inside);
    group.set_span(old.span());
    TokenTree::Group(group)
}

/// What is in the brackets: a tuple for several axes, `..` for `:`, and names for `...` and `None`.
fn index(brackets: &Group) -> Result<TokenStream> {
    let mut axes = vec![Vec::<TokenTree>::new()];
    for token in brackets.stream() {
        let axis = axes.last_mut().expect("there is one from the beginning");
        match token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => axes.push(Vec::new()),
            token => axis.push(token),
        }
    }
    if axes.len() > 1 && axes.last().is_some_and(Vec::is_empty) {
        axes.pop();
    }
    let count = axes.len();
    let axes = axes.into_iter().map(axis).collect::<Result<Vec<_>>>()?;
    if count == 1 {
        return Ok(axes.into_iter().collect());
    }
    let span = brackets.span();
    Ok(quote_spanned!(span=> (#(#axes),*)))
}

fn axis(tokens: Vec<TokenTree>) -> Result<TokenStream> {
    if let [TokenTree::Ident(name)] = tokens.as_slice()
        && name == "None"
    {
        return Ok(quote!(::akari::formula::index::NewAxis));
    }
    let is = |token: &TokenTree, mark: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark);
    if tokens.len() == 3 && tokens.iter().all(|token| is(token, '.')) {
        return Ok(quote!(::akari::formula::index::Ellipsis));
    }
    let is_colon = |at: usize| tokens.get(at).is_some_and(|token| is(token, ':'));
    // `a::b` is a path of Rust if a name stands behind it.
    let is_path = |at: usize| {
        let second = if is_colon(at + 1) { at + 1 } else { at };
        second > 0
            && is_colon(second - 1)
            && matches!(tokens.get(second + 1), Some(TokenTree::Ident(_)))
    };
    let colons = (0..tokens.len()).filter(|at| is_colon(*at) && !is_path(*at)).collect::<Vec<_>>();
    if let [_, second, ..] = *colons {
        return Err(syn::Error::new(
            tokens[second].span(),
            "`t!` takes no step: write `torch::index_select(&x, 0, &torch::arange(0, n, 2)?)?` for `x[:n:2]`",
        ));
    }
    let mut written = Vec::new();
    for (at, token) in tokens.into_iter().enumerate() {
        if colons.contains(&at) {
            let mut first = Punct::new('.', Spacing::Joint);
            let mut second = Punct::new('.', Spacing::Alone);
            first.set_span(token.span());
            second.set_span(token.span());
            written.extend([TokenTree::Punct(first), TokenTree::Punct(second)]);
        } else {
            written.push(token);
        }
    }
    as_rust(written.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        match as_rust(text.parse().unwrap()) {
            Ok(tokens) => tokens.to_string().replace(":: akari :: formula :: index :: ", ""),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn indices_are_written_as_rust_has_them() {
        for (text, expected) in [
            ("x[0]", "x [0]"),
            ("x[:, 1]", "x [(.. , 1)]"),
            ("x[1:3]", "x [1 .. 3]"),
            ("x[1..3, -1]", "x [(1 .. 3 , - 1)]"),
            ("x[..., None]", "x [(Ellipsis , NewAxis)]"),
            ("x[:n][i]", "x [.. n] [i]"),
            ("f(x)[a::B]", "f (x) [a :: B]"),
            ("x?[2:]", "x ? [2 ..]"),
            ("pair.0[1:]", "pair . 0 [1 ..]"),
            ("nested.0.1[:, 0]", "nested . 0.1 [(.. , 0)]"),
            ("x[order[0:9]]", "x [order [0 .. 9]]"),
            ("a + [1, 2]", "a + [1 , 2]"),
            ("0 * [1, 2]", "0 * [1 , 2]"),
            ("tensor!([1, 2]) * x", "tensor ! ([1 , 2]) * x"),
        ] {
            let expected: TokenStream = expected.parse().unwrap();
            assert_eq!(written(text), expected.to_string(), "{text}");
        }
    }

    #[test]
    fn powers_and_steps_are_refused() {
        assert!(written("x ** 2").contains("write `x.pow(2)`"));
        assert!(written("x[::2]").contains("takes no step"));
        assert!(written("x[1:5:2]").contains("takes no step"));
        assert_eq!(written("x * *y"), "x * * y");
    }
}
