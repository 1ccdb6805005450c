//! Types and signatures from rustdoc's JSON, written as Rust, each name without its path.

use akari_reports::rustdoc::{
    AssocItemConstraintKind, Function, GenericArg, GenericArgs, GenericBound, GenericParamDefKind,
    Generics, Term, TraitBoundModifier, Type, WherePredicate,
};

/// A function from `fn` to its bounds.
pub fn function(name: &str, function: &Function) -> String {
    let inputs: Vec<String> = function.sig.inputs.iter().map(input).collect();
    let output = match &function.sig.output {
        None => String::new(),
        Some(output) => format!(" -> {}", of(output)),
    };
    let bounds = bounds_of(&function.generics);
    format!("fn {name}{}({}){output}{bounds}", parameters(&function.generics), inputs.join(", "))
}

fn input((name, of_type): &(String, Type)) -> String {
    let written = of(of_type);
    match (name.as_str(), written.as_str()) {
        ("self", "Self") => "self".to_owned(),
        ("self", "&Self") => "&self".to_owned(),
        ("self", "&mut Self") => "&mut self".to_owned(),
        (name, written) => format!("{name}: {written}"),
    }
}

/// The type parameters in angle brackets, with their defaults; nothing if there are none.
pub fn parameters(generics: &Generics) -> String {
    let names = generics.params.iter().filter_map(|it| match &it.kind {
        GenericParamDefKind::Type { is_synthetic: false, default: Some(default), .. } => {
            Some(format!("{} = {}", it.name, of(default)))
        }
        GenericParamDefKind::Type { is_synthetic: false, .. } => Some(it.name.clone()),
        _ => None,
    });
    angles(names.collect())
}

fn angles(parts: Vec<String>) -> String {
    if parts.is_empty() { String::new() } else { format!("<{}>", parts.join(", ")) }
}

fn bounds_of(generics: &Generics) -> String {
    let mut parts = Vec::new();
    for parameter in &generics.params {
        if let GenericParamDefKind::Type { is_synthetic: false, bounds, .. } = &parameter.kind {
            let text = bounds_text(bounds);
            if !text.is_empty() {
                parts.push(format!("{}: {text}", parameter.name));
            }
        }
    }
    for predicate in &generics.where_predicates {
        if let WherePredicate::BoundPredicate { type_: Type::Generic(name), bounds, .. } = predicate
        {
            let text = bounds_text(bounds);
            if !text.is_empty() && name != "Self" {
                parts.push(format!("{name}: {text}"));
            }
        }
    }
    if parts.is_empty() { String::new() } else { format!(" where {}", parts.join(", ")) }
}

fn bounds_text(bounds: &[GenericBound]) -> String {
    let traits = bounds.iter().filter_map(|bound| match bound {
        GenericBound::TraitBound { modifier: TraitBoundModifier::Maybe, .. } => None,
        GenericBound::TraitBound { trait_, .. } => {
            let name = last(&trait_.path);
            let text = || format!("{name}{}", arguments(trait_.args.as_deref()));
            (!matches!(name, "Sized" | "Send" | "Sync")).then(text)
        }
        _ => None,
    });
    traits.collect::<Vec<_>>().join(" + ")
}

fn arguments(arguments: Option<&GenericArgs>) -> String {
    match arguments {
        Some(GenericArgs::AngleBracketed { args, constraints }) => {
            let types = args.iter().filter_map(|argument| match argument {
                GenericArg::Type(of_type) => Some(of(of_type)),
                _ => None,
            });
            let equal = constraints.iter().filter_map(|it| match &it.binding {
                AssocItemConstraintKind::Equality(Term::Type(of_type)) => {
                    Some(format!("{} = {}", it.name, of(of_type)))
                }
                _ => None,
            });
            angles(types.chain(equal).collect())
        }
        Some(GenericArgs::Parenthesized { inputs, output }) => {
            let inputs: Vec<String> = inputs.iter().map(of).collect();
            let output = output.as_ref().map(|it| format!(" -> {}", of(it))).unwrap_or_default();
            format!("({}){output}", inputs.join(", "))
        }
        _ => String::new(),
    }
}

/// The last name of a path.
pub fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// A type as Rust writes it, `_` where it is too involved for a line of help.
pub fn of(of_type: &Type) -> String {
    match of_type {
        Type::Primitive(name) | Type::Generic(name) => name.clone(),
        Type::ResolvedPath(path) => {
            format!("{}{}", last(&path.path), arguments(path.args.as_deref()))
        }
        Type::BorrowedRef { is_mutable, type_, .. } => {
            format!("&{}{}", if *is_mutable { "mut " } else { "" }, of(type_))
        }
        Type::Slice(element) => format!("[{}]", of(element)),
        Type::Array { type_, len } => format!("[{}; {len}]", of(type_)),
        Type::Tuple(parts) => {
            format!("({})", parts.iter().map(of).collect::<Vec<_>>().join(", "))
        }
        Type::ImplTrait(bounds) => format!("impl {}", bounds_text(bounds)),
        Type::DynTrait(of_trait) => {
            let traits = of_trait.traits.iter().map(|it| {
                format!("{}{}", last(&it.trait_.path), arguments(it.trait_.args.as_deref()))
            });
            format!("dyn {}", traits.collect::<Vec<_>>().join(" + "))
        }
        Type::QualifiedPath { name, self_type, .. } => format!("{}::{name}", of(self_type)),
        Type::FunctionPointer(pointer) => {
            let inputs: Vec<String> = pointer.sig.inputs.iter().map(|(_, it)| of(it)).collect();
            let output = pointer.sig.output.as_ref().map(|it| format!(" -> {}", of(it)));
            format!("fn({}){}", inputs.join(", "), output.unwrap_or_default())
        }
        _ => "_".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn signatures_read_as_rust() {
        let path =
            |name: &str, args| json!({ "resolved_path": { "path": name, "id": 1, "args": args } });
        let reference = |is_mutable: bool, of_type| json!({ "borrowed_ref": { "is_mutable": is_mutable, "lifetime": null, "type": of_type } });
        let tensor = path("candle_core::Tensor", json!(null));
        let arguments =
            json!({ "angle_bracketed": { "args": [{ "type": tensor }], "constraints": [] } });
        let inputs = json!([
            ["self", reference(true, json!({ "generic": "Self" }))],
            ["x", reference(false, tensor)],
            ["n", { "primitive": "f64" }],
            ["s", { "generic": "S" }],
        ]);
        let output = path("candle_core::Result", arguments);
        let bound = json!({ "trait_bound": { "trait": { "path": "shape::Holed", "id": 2, "args": null }, "generic_params": [], "modifier": "none" } });
        let parameter = json!({ "name": "S", "kind": { "type": { "bounds": [bound], "default": null, "is_synthetic": false } } });
        let whole = json!({
            "sig": { "inputs": inputs, "output": output, "is_c_variadic": false },
            "generics": { "params": [parameter], "where_predicates": [] },
            "header": { "is_const": false, "is_unsafe": false, "is_async": false, "abi": "Rust" },
            "has_body": true,
        });
        let text = function("reshape", &serde_json::from_value(whole).unwrap());
        assert_eq!(
            text,
            "fn reshape<S>(&mut self, x: &Tensor, n: f64, s: S) -> Result<Tensor> where S: Holed"
        );
    }
}
