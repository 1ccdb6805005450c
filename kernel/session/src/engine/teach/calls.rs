//! Calls as PyTorch has them, as calls of the prelude: references, `?`, options in place of named arguments.
//!
//! Which function takes what is in the sets of `rules/rewrites.toml`. Pure.

use super::expression::{TypesOf, is_in_formula, is_tensor, operand_start, split};
use super::rule::Book;
use super::tokens::{Kind, Tokens};

/// A call in a line: `root::name(arguments)`.
struct Call<'a> {
    root: &'a str,
    name: &'a str,
    arguments: Vec<String>,
    /// The index of the closing bracket.
    close: usize,
}

/// The line with the first call that is not as the prelude has it, as it should be.
pub fn calls(line: &str, types: &TypesOf, book: &Book) -> Option<String> {
    let tokens = Tokens::of(line);
    let has =
        |set: &str, name: &str| book.sets.get(set).is_some_and(|it| it.iter().any(|it| it == name));
    (2..tokens.list.len()).find_map(|at| {
        let call = call(line, &tokens, at)?;
        let is_constructed = tokens.is(at + 1, "::");
        let new = match call.root {
            "nn" if !is_constructed => layer(&call, &has, &tokens, types)?,
            "optim" if has("optimizers", call.name) => optimizer(&call)?,
            "F" | "torch" => function(&call, &has, types)?,
            _ => return None,
        };
        let (mut from, mut to) = (tokens.list[at - 2].start, tokens.list[call.close].end());
        if new.ends_with('?') && line[to..].starts_with('?') {
            to += 1;
        }
        let mut new = new;
        let is_layer = call.root == "nn" && tokens.is(call.close + 1, "(");
        if is_layer {
            let close = tokens.partner(call.close + 1)?;
            if !new.contains(".forward(") {
                let inner = &line[tokens.list[call.close + 1].end()..tokens.list[close].start];
                new = format!("{new}.forward({})?", borrowed(inner.trim(), types));
            }
            to = tokens.list[close].end();
            if line[to..].starts_with('?') {
                to += 1;
            }
        }
        if from > 0 && line[..from].ends_with('&') && new.starts_with("t!(") {
            from -= 1;
        }
        let changed = format!("{}{new}{}", &line[..from], &line[to..]);
        (changed != line).then_some(changed)
    })
}

fn call<'a>(line: &'a str, tokens: &Tokens<'a>, at: usize) -> Option<Call<'a>> {
    let (root, name) = (tokens.get(at - 2)?, tokens.get(at)?);
    let is_path = tokens.is(at - 1, "::") && name.kind == Kind::Name;
    if !is_path
        || !tokens.is(at + 1, "(")
        || (at > 2 && matches!(tokens.list[at - 3].text, "::" | "."))
    {
        return None;
    }
    let close = tokens.partner(at + 1)?;
    let inner = &line[tokens.list[at + 1].end()..tokens.list[close].start];
    let mut arguments = split(inner, ",");
    if arguments.last().is_some_and(String::is_empty) {
        arguments.pop();
    }
    Some(Call { root: root.text, name: name.text, arguments, close })
}

/// `name=value` taken apart.
fn named(argument: &str) -> Option<(&str, &str)> {
    let (name, value) = argument.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && !value.starts_with('=')).then(|| (name, value.trim()))
}

/// Options of a struct, from named arguments.
fn fields(arguments: &[(&str, &str)]) -> String {
    let fields = arguments.iter().map(|(name, value)| match *value {
        "\"sum\"" => format!("{name}: Reduction::Sum"),
        "\"mean\"" => format!("{name}: Reduction::Mean"),
        "\"none\"" => format!("{name}: Reduction::None"),
        "True" => format!("{name}: true"),
        "False" => format!("{name}: false"),
        value => format!("{name}: {value}"),
    });
    fields.collect::<Vec<_>>().join(", ")
}

fn layer(
    call: &Call<'_>,
    has: &dyn Fn(&str, &str) -> bool,
    tokens: &Tokens<'_>,
    types: &TypesOf,
) -> Option<String> {
    let Call { name, arguments, .. } = call;
    let all = arguments.join(", ");
    if *name == "Sequential" {
        return Some(format!("nn::seq![{all}]"));
    }
    let options: Vec<(&str, &str)> = arguments.iter().filter_map(|it| named(it)).collect();
    let values: Vec<&str> =
        arguments.iter().filter(|it| named(it).is_none()).map(String::as_str).collect();
    if has("losses", name) {
        let loss = match options.as_slice() {
            [] => format!("nn::{name}::default()"),
            options => format!("nn::{name} {{ {}, ..Default::default() }}", fields(options)),
        };
        let is_applied = tokens.is(call.close + 1, "(");
        let inner = is_applied.then(|| tokens.partner(call.close + 1)).flatten().map(|close| {
            let list = &tokens.list[call.close + 2..close];
            list.iter().map(|it| it.text).collect::<Vec<_>>().join("")
        });
        return Some(match inner {
            None => loss,
            Some(inner) => {
                let inner: Vec<String> =
                    split(&inner, ",").iter().map(|it| borrowed(it, types)).collect();
                match loss.contains('{') {
                    true => format!("({loss}).forward({})?", inner.join(", ")),
                    false => format!("{loss}.forward({})?", inner.join(", ")),
                }
            }
        });
    }
    if has("units", name) {
        return Some(format!("nn::{name}"));
    }
    let is_fallible = has("layers", name);
    if !is_fallible && !has("plain_layers", name) {
        return None;
    }
    let mark = if is_fallible { "?" } else { "" };
    let has_options = has("layers_with_options", name) && !options.is_empty();
    Some(match has_options {
        true => {
            let fields: Vec<String> =
                options.iter().map(|(name, value)| format!("{name}: {value}.into()")).collect();
            format!(
                "nn::{name}::with_options({}, nn::{name}Options {{ {}, ..Default::default() }}){mark}",
                values.join(", "),
                fields.join(", ")
            )
        }
        false => {
            let all: Vec<&str> =
                arguments.iter().map(|it| named(it).map_or(it.as_str(), |it| it.1)).collect();
            format!("nn::{name}::new({}){mark}", all.join(", "))
        }
    })
}

fn optimizer(call: &Call<'_>) -> Option<String> {
    let Call { name, arguments, .. } = call;
    let (first, rest) = arguments.split_first()?;
    let first = named(first).map_or(first.as_str(), |it| it.1);
    let mut options: Vec<(&str, &str)> = rest.iter().filter_map(|it| named(it)).collect();
    if let Some(rate) = rest.first().filter(|it| named(it).is_none()) {
        options.insert(0, ("lr", rate));
    }
    let options = match options.as_slice() {
        [] => "Default::default()".to_owned(),
        options => format!("optim::{name}Config {{ {}, ..Default::default() }}", fields(options)),
    };
    Some(format!("optim::{name}::new({first}, {options})?"))
}

fn function(call: &Call<'_>, has: &dyn Fn(&str, &str) -> bool, types: &TypesOf) -> Option<String> {
    let Call { root, name, arguments, .. } = call;
    // Every tensor is made as F32, on the CPU.
    let is_passed = |it: &&String| {
        named(it).is_none_or(|(name, _)| !matches!(name, "dtype" | "device" | "requires_grad"))
    };
    let values: Vec<String> = arguments
        .iter()
        .filter(is_passed)
        .map(|it| named(it).map_or(it.as_str(), |it| it.1).to_owned())
        .collect();
    let of = |set: &str| has(set, name);
    if *root == "F" && of("loss_functions") && values.len() == 2 {
        let loss = loss_of(name)?;
        let [input, target] = values.as_slice() else { return None };
        return Some(format!(
            "nn::{loss}::default().forward({}, {})?",
            borrowed(input, types),
            borrowed(target, types)
        ));
    }
    if *root == "torch" && of("infallible") {
        return None;
    }
    let values = match (*name, values.as_slice()) {
        ("arange", [end]) => vec!["0".to_owned(), end.clone(), "1".to_owned()],
        ("arange", [start, end]) => vec![start.clone(), end.clone(), "1".to_owned()],
        ("gelu", [x]) => vec![borrowed(x, types), "Gelu::None".to_owned()],
        ("cat" | "stack" | "vstack" | "hstack", [list, rest @ ..])
            if list.starts_with(['[', '(']) =>
        {
            let inner = list.trim_matches(['[', ']', '(', ')']);
            let parts: Vec<String> =
                split(inner, ",").iter().map(|it| borrowed(it, types)).collect();
            let mut all = vec![format!("({})", parts.join(", "))];
            if matches!(*name, "cat" | "stack") {
                all.push(rest.first().cloned().unwrap_or_else(|| "0".to_owned()));
            }
            all
        }
        ("argmax" | "argmin", [x]) if *root == "torch" => vec![borrowed(x, types), "()".to_owned()],
        (_, values) if of("shapes") && values.len() > 1 => vec![format!("({})", values.join(", "))],
        (_, [shape]) if of("shapes") && shape.starts_with('[') && shape.contains(',') => {
            vec![format!("({})", shape.trim_matches(['[', ']']))]
        }
        (_, values) => {
            let tensors = if of("no_tensors") {
                0
            } else if name.starts_with("where") {
                3
            } else if of("two_tensors") {
                2
            } else {
                1
            };
            let each = values.iter().enumerate();
            each.map(|(at, it)| if at < tensors { borrowed(it, types) } else { it.clone() })
                .collect()
        }
    };
    let name = match (*name, values.len()) {
        ("sum" | "mean" | "max" | "min" | "prod" | "var" | "std" | "all" | "any", 2) => {
            format!("{name}_dim")
        }
        ("where", _) => "where_".to_owned(),
        (name, _) => name.to_owned(),
    };
    Some(format!("{root}::{name}({})?", values.join(", ")))
}

fn loss_of(function: &str) -> Option<&'static str> {
    Some(match function {
        "cross_entropy" => "CrossEntropyLoss",
        "mse_loss" => "MSELoss",
        "l1_loss" => "L1Loss",
        "nll_loss" => "NLLLoss",
        "smooth_l1_loss" => "SmoothL1Loss",
        "huber_loss" => "HuberLoss",
        "binary_cross_entropy" => "BCELoss",
        "binary_cross_entropy_with_logits" => "BCEWithLogitsLoss",
        "kl_div" => "KLDivLoss",
        _ => return None,
    })
}

/// An argument as a reference, where it is a tensor.
pub fn borrowed(argument: &str, types: &TypesOf) -> String {
    let first = argument.chars().next().unwrap_or(' ');
    let is_plain = types.get(argument).is_some_and(|it| {
        it.starts_with('&')
            || !(it.contains("Tensor") || it.contains("Var") || it.contains("Result"))
    });
    let is_value =
        (first.is_alphabetic() || first == '_') && !matches!(argument, "true" | "false" | "None");
    let is_name = argument.chars().next().is_some_and(char::is_lowercase)
        || argument.contains("::")
        || argument.chars().count() < 3;
    match is_value && is_name && !is_plain {
        true => format!("&{argument}"),
        false => argument.to_owned(),
    }
}

/// Whether the `Result` of a call is opened by a method behind it.
fn is_opened(tokens: &Tokens<'_>, close: usize) -> bool {
    let openers = ["unwrap", "expect", "is_ok", "is_err", "ok", "unwrap_or", "map_err"];
    tokens.is(close + 1, ".") && tokens.get(close + 2).is_some_and(|it| openers.contains(&it.text))
}

/// The line with the first variable that is called as PyTorch's modules are, by `forward`.
pub fn applied(line: &str, types: &TypesOf) -> Option<String> {
    let tokens = Tokens::of(line);
    (0..tokens.list.len()).find_map(|at| {
        let name = tokens.get(at)?;
        let kind = types.get(name.text)?;
        let is_called = name.kind == Kind::Name && tokens.is(at + 1, "(");
        let is_free = at == 0 || !matches!(tokens.list[at - 1].text, "." | "::" | "fn");
        let has = |part: &&str| kind.contains(*part);
        // A function is called as it is, and numbers, lists, texts and tensors are no modules.
        let is_module = !["fn(", "Fn(", "closure", "Vec<", "[", "String", "str"].iter().any(has)
            && !is_tensor(kind)
            && (kind.contains("::") || kind.starts_with(char::is_uppercase));
        if !is_called || !is_free || !is_module {
            return None;
        }
        let close = tokens.partner(at + 1)?;
        let inner = &line[tokens.list[at + 1].end()..tokens.list[close].start];
        let given: Vec<String> = split(inner, ",")
            .iter()
            .filter(|it| !it.is_empty())
            .map(|it| borrowed(it, types))
            .collect();
        let rest = &line[tokens.list[close].end()..];
        let rest = rest.strip_prefix('?').unwrap_or(rest);
        Some(format!("{}.forward({})?{rest}", &line[..name.end()], given.join(", ")))
    })
}

/// The line with the tensors that a model is given as references, if there is one that is none.
fn forward(line: &str, from: usize, to: usize, types: &TypesOf) -> Option<String> {
    let is_owned = |it: &str| types.get(it).is_some_and(|it| is_tensor(it));
    let inner = split(&line[from..to], ",");
    inner.iter().any(|it| is_owned(it.trim())).then_some(())?;
    let given: Vec<String> = inner
        .iter()
        .map(|it| if is_owned(it.trim()) { format!("&{}", it.trim()) } else { it.clone() })
        .collect();
    Some(format!("{}{}{}", &line[..from], given.join(", "), &line[to..]))
}

/// The line with the first method that lacks its `?`, or that candle has otherwise, as it should be.
pub fn methods(line: &str, types: &TypesOf, book: &Book) -> Option<String> {
    let tokens = Tokens::of(line);
    let has =
        |set: &str, name: &str| book.sets.get(set).is_some_and(|it| it.iter().any(|it| it == name));
    (1..tokens.list.len()).find_map(|at| {
        let name = tokens.get(at)?;
        if !tokens.is(at - 1, ".") || name.kind != Kind::Name {
            return None;
        }
        if !tokens.is(at + 1, "(") {
            let is_field = has("fields_of_python", name.text) && !tokens.is(at + 1, "::");
            return is_field.then(|| format!("{}(){}", &line[..name.end()], &line[name.end()..]));
        }
        let close = tokens.partner(at + 1)?;
        let start = operand_start(&tokens, at - 1);
        let (from, dot) = (tokens.list[start].start, tokens.list[at - 1].start);
        let receiver = &line[from..dot];
        let root = tokens.list[start].text;
        if tokens.list[start].kind == Kind::Number {
            return None;
        }
        if name.text == "forward"
            && let Some(line) =
                forward(line, tokens.list[at + 1].end(), tokens.list[close].start, types)
        {
            return Some(line);
        }
        let is_of_tensor =
            types.get(root).is_none_or(|it| it.contains("Tensor") || it.contains("Var"));
        if is_in_formula(&tokens, at) || !is_of_tensor || receiver.contains("iter") {
            return None;
        }
        let end = tokens.list[close].end();
        let inner = &line[tokens.list[at + 1].end()..tokens.list[close].start];
        let mut arguments = split(inner, ",");
        arguments.retain(|it| !it.is_empty());
        let to = if line[end..].starts_with('?') { end + 1 } else { end };
        let values: Vec<&str> =
            arguments.iter().map(|it| named(it).map_or(it.as_str(), |it| it.1)).collect();
        let of_torch = |function: &str| {
            let mut all = vec![borrowed(receiver, types)];
            all.extend(values.iter().map(|it| (*it).to_owned()));
            Some(format!("torch::{function}({})?", all.join(", ")))
        };
        let new = match (name.text, values.as_slice()) {
            ("sum" | "mean" | "max" | "min" | "prod" | "std" | "var" | "norm", []) => {
                of_torch(name.text)
            }
            ("argmax" | "argmin", []) => {
                Some(format!("torch::{}({}, ())?", name.text, borrowed(receiver, types)))
            }
            ("sum" | "mean", [_]) if line[end..].starts_with('?') => None,
            ("sum" | "mean", [_]) => of_torch(&format!("{}_dim", name.text)),
            ("view" | "reshape", [_, _, ..]) => Some(format!(
                "{receiver}.{}(({}))?",
                if inner.contains("-1") { "view" } else { name.text },
                values.join(", ")
            )),
            ("to", [device])
                if device.contains("cuda") || device.contains("cpu") || *device == "device" =>
            {
                Some(receiver.to_owned())
            }
            ("cuda" | "cpu" | "numpy" | "contiguous_", []) => Some(receiver.to_owned()),
            ("dim" | "ndimension", []) => Some(format!("{receiver}.rank()")),
            ("size", [axis]) => Some(format!("{receiver}.dim({axis})?")),
            ("tolist", []) => Some(format!("{receiver}.to_vec1::<f32>()?")),
            ("type", [_]) => Some(format!("{receiver}.float()?")),
            ("argmax" | "argmin", [axis]) if arguments.iter().any(|it| named(it).is_some()) => {
                Some(format!("torch::{}({}, {axis})?", name.text, borrowed(receiver, types)))
            }
            ("max" | "min", [_]) if arguments.iter().any(|it| named(it).is_some()) => {
                of_torch(&format!("{}_dim", name.text))
            }
            (method, values) if arguments.iter().any(|it| named(it).is_some()) => {
                Some(format!("{receiver}.{method}({})", values.join(", ")))
            }
            (method, _)
                if has("fallible_methods", method) && to == end && !is_opened(&tokens, close) =>
            {
                Some(format!("{receiver}.{method}({inner})?"))
            }
            _ => None,
        }?;
        let changed = format!("{}{new}{}", &line[..from], &line[to..]);
        (changed != line).then_some(changed)
    })
}
