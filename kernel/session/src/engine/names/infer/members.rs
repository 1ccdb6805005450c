//! The fields and methods of values of a type, through what the type is looked through as.

use super::iterators;
use super::signature::{self, Signature};
use super::types::{self, ARRAY, REFERENCE, SLICE, Type};
use crate::engine::name::{EXAMPLE, ITEM, ITEM_OF_REFERENCE, Name, TARGET, TRAIT, of_values};
use crate::engine::names::known::Known;

/// A field or a method, and the type that it is of.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    pub name: &'a Name,
    pub owner: Type,
}

/// How often a type is looked through: one that is looked through as itself would never end.
const DEPTH: usize = 8;

/// Types that are looked through as what they hold.
const HOLDERS: [&str; 9] = [
    "Box",
    "Rc",
    "Arc",
    "MutexGuard",
    "RwLockReadGuard",
    "RwLockWriteGuard",
    "Ref",
    "RefMut",
    "Cow",
];

/// The members of a type, those first that hide others. `bounds` tells what type parameters are known by.
pub fn members<'a>(known: &Known<'a>, of: &Type, bounds: &[(String, Type)]) -> Vec<Member<'a>> {
    let mut found: Vec<Member<'a>> = Vec::new();
    for owner in through(known, of) {
        for name in of_type(known, &owner, bounds) {
            if name.is_name()
                && found.iter().all(|it| it.name.name != name.name)
                && fits(name, &owner)
            {
                found.push(Member { name, owner: owner.clone() });
            }
        }
    }
    found
}

/// The types that a type is looked through as, itself first.
fn through(known: &Known<'_>, of: &Type) -> Vec<Type> {
    let mut types: Vec<Type> = Vec::new();
    let mut next = Some(of.value().clone());
    while let Some(of) = next.filter(|_| types.len() < DEPTH) {
        let value = without_alias(known, of.value().clone());
        next = behind(known, &value);
        types.push(value);
    }
    types
}

fn behind(known: &Known<'_>, of: &Type) -> Option<Type> {
    match of.name.as_str() {
        "Vec" | ARRAY => Some(Type::new(SLICE, of.parts.clone())),
        "String" => Some(Type::named("str")),
        "PathBuf" => Some(Type::named("Path")),
        name if HOLDERS.contains(&name) => of.parts.first().cloned(),
        _ => fact(known, of, TARGET),
    }
}

/// What the names tell of values of a type, as a type.
fn fact(known: &Known<'_>, of: &Type, name: &str) -> Option<Type> {
    let row = known.of_module(&of_values(&of.name)).into_iter().find(|it| it.name == name)?;
    let text = row.detail.split_once(": ")?.1;
    let names = parameters(known, of);
    if text.contains(OF_BATCH) {
        let example = fact(known, names.get("D")?.value(), EXAMPLE)?;
        return Type::parse(&text.replace(OF_BATCH, &batch(&example).to_string()));
    }
    Some(Type::parse(text)?.with(&names))
}

/// The same without what the parameters of the type are.
fn fact_of_own(known: &Known<'_>, of: &Type, name: &str) -> Option<Type> {
    let row = known.of_module(&of_values(&of.name)).into_iter().find(|it| it.name == name)?;
    Type::parse(row.detail.split_once(": ")?.1)
}

/// How the index names what a loader of a data set `D` gives.
const OF_BATCH: &str = "D::Item::Batch";

/// What a batch of examples is.
fn batch(of: &Type) -> Type {
    match of.value().name.as_str() {
        types::TUPLE => Type::new(types::TUPLE, of.value().parts.iter().map(batch).collect()),
        "String" | "str" => Type::new("Vec", vec![of.clone()]),
        "bool" => Type::named("Tensor"),
        name if name.starts_with(['f', 'i', 'u']) && name.len() < 6 => Type::named("Tensor"),
        _ => of.clone(),
    }
}

/// What a `for` over a value gives, or an iterator.
pub fn item(known: &Known<'_>, of: &Type) -> Option<Type> {
    let entered = iterators::entered(of).or_else(|| {
        let name = if of.name == REFERENCE { ITEM_OF_REFERENCE } else { ITEM };
        fact(known, of.value(), name).or_else(|| fact(known, of.value(), ITEM))
    });
    entered.filter(|it| !it.is_unknown())
}

/// The names of a type's own members, of its traits', and of iterators' if it is one.
fn of_type<'a>(known: &Known<'a>, of: &Type, bounds: &[(String, Type)]) -> Vec<&'a Name> {
    let mut module = of_values(&of.name);
    let mut found = known.of_module(&module);
    if found.is_empty()
        && let Some((_, name)) = of.name.split_once("::")
    {
        module = of_values(name);
        found = known.of_module(&module);
    }
    let of_values_of = |it: &str| known.of_module(&of_values(it));
    let traits: Vec<&str> = found
        .iter()
        .filter(|it| it.name == TRAIT)
        .map(|it| it.detail.as_str())
        .chain(bounds.iter().filter(|(name, _)| *name == of.name).map(|(_, it)| it.name.as_str()))
        .collect();
    for name in traits {
        if name == "Clone" {
            found.extend(of_values_of("Range").into_iter().filter(|it| it.name == "clone"));
        }
        found.extend(of_values_of(name));
    }
    if iterators::item(of).is_some() {
        found.extend(known.of_module(".Iterator"));
    }
    found
}

/// Whether a method takes values of exactly this type: `cloned` is only there for `Option<&T>`.
fn fits(name: &Name, owner: &Type) -> bool {
    if !name.detail.contains("(self: ") {
        return true;
    }
    let Some(signature) = Signature::parse(&name.detail) else { return true };
    let Some(receiver) = signature.receiver else { return true };
    let wanted: Vec<String> = generic_names(&receiver);
    receiver.value().name == "Self"
        || receiver.name == "Pin"
        || receiver.value().unify(owner, &wanted, &mut types::Names::new())
}

/// The names in a pattern that are type parameters, by their look.
fn generic_names(of: &Type) -> Vec<String> {
    let mut names: Vec<String> = of.parts.iter().flat_map(generic_names).collect();
    if of.parts.is_empty() && of.name.len() == 1 && of.name.starts_with(char::is_uppercase) {
        names.push(of.name.clone());
    }
    names
}

/// What the type parameters of a type are in this one, and `Self`.
pub fn parameters(known: &Known<'_>, of: &Type) -> types::Names {
    let mut names = types::Names::from([("Self".to_owned(), of.clone())]);
    let last = of.name.rsplit("::").next().unwrap_or(&of.name);
    let declared = match last {
        SLICE | ARRAY => vec![("T".to_owned(), None)],
        _ => known.class(last).map(|it| declared(&it.detail)).unwrap_or_default(),
    };
    for (at, (name, default)) in declared.into_iter().enumerate() {
        let given = of.parts.get(at).cloned().or(default).unwrap_or_else(Type::unknown);
        names.insert(name, given);
    }
    if let Some(item) = iterators::item(of) {
        names.insert("Self::Item".to_owned(), item);
    }
    if of.name != SLICE
        && !names.contains_key("Self::Item")
        && let Some(example) = fact_of_own(known, of, EXAMPLE)
    {
        let example = example.with(&names);
        names.insert("Self::Item".to_owned(), example);
    }
    if let Some(target) = of.parts.first().and_then(|it| behind(known, it.value())) {
        names.insert("T::Target".to_owned(), target);
    }
    names
}

/// The type parameters that an item's head declares, with their defaults.
fn declared(head: &str) -> Vec<(String, Option<Type>)> {
    use ra_ap_syntax::ast::{self, HasGenericParams, HasName};
    use ra_ap_syntax::{AstNode, Edition, SourceFile};
    if !head.contains('<') {
        return Vec::new();
    }
    let text = match head.strip_prefix("type ") {
        Some(_) => format!("{head};"),
        None => format!("{head} {{}}"),
    };
    let file = SourceFile::parse(&text, Edition::Edition2024).tree();
    let list = file.syntax().descendants().find_map(|node| match ast::Item::cast(node)? {
        ast::Item::Struct(it) => it.generic_param_list(),
        ast::Item::Enum(it) => it.generic_param_list(),
        ast::Item::TypeAlias(it) => it.generic_param_list(),
        _ => None,
    });
    let parameters = list.into_iter().flat_map(|it| it.type_or_const_params());
    let types = parameters.filter_map(|it| match it {
        ast::TypeOrConstParam::Type(it) => {
            Some((it.name()?.text().to_string(), it.default_type().map(|ty| Type::of(&ty))))
        }
        ast::TypeOrConstParam::Const(_) => None,
    });
    types.collect()
}

/// A type with the names replaced that stand for other types: `type Row = Vec<f32>`.
pub fn without_alias(known: &Known<'_>, of: Type) -> Type {
    if of.name == "LockResult" {
        return Type::new("Result", vec![of.part(0), Type::named("PoisonError")]);
    }
    if of.name == "Result" {
        return of;
    }
    let head = known.class(&of.name).map(|it| it.detail.as_str());
    let Some(head) = head.filter(|it| it.trim_start_matches("pub ").starts_with("type ")) else {
        return of;
    };
    let Some((left, right)) = head.split_once(" = ").filter(|(left, _)| !left.contains('=')) else {
        return of;
    };
    let names = declared(left).into_iter().map(|(name, _)| name).zip(of.parts.iter().cloned());
    let found = Type::parse(right.trim_end_matches(';'));
    found.filter(|it| it.name != of.name).map_or(of.clone(), |it| it.with(&names.collect()))
}

/// The bounds of the parameters that functions and blocks around a place declare.
pub fn bounds_around(place: &ra_ap_syntax::SyntaxNode) -> Vec<(String, Type)> {
    use ra_ap_syntax::AstNode;
    use ra_ap_syntax::ast;
    let mut found = Vec::new();
    for node in place.ancestors() {
        if let Some(it) = ast::Fn::cast(node.clone()) {
            found.extend(signature::bounds(&it));
        } else if let Some(it) = ast::Impl::cast(node) {
            found.extend(signature::bounds(&it));
        }
    }
    found
}
