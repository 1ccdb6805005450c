//! A type as far as completion needs it: a name and its parts. Read from text, as the index, the session and
//! cells have it.

use std::collections::HashMap;
use std::fmt;

use ra_ap_syntax::ast::{self, HasGenericArgs};
use ra_ap_syntax::{AstNode, Edition, SourceFile};

/// A type. References, slices, arrays, tuples and functions have names that no type can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    pub name: String,
    pub parts: Vec<Type>,
}

pub const REFERENCE: &str = "&";
pub const MUTABLE: &str = "&mut";
pub const SLICE: &str = "slice";
pub const ARRAY: &str = "array";
pub const TUPLE: &str = "tuple";
/// A function, a closure or a bound like `Fn(A) -> B`: what it takes, and last what it gives.
pub const FUNCTION: &str = "fn";
const UNKNOWN: &str = "_";

impl Type {
    pub fn new(name: &str, parts: Vec<Type>) -> Type {
        Type { name: name.to_owned(), parts }
    }

    pub fn named(name: &str) -> Type {
        Type::new(name, Vec::new())
    }

    pub fn unknown() -> Type {
        Type::named(UNKNOWN)
    }

    pub fn unit() -> Type {
        Type::named(TUPLE)
    }

    pub fn reference(of: Type) -> Type {
        Type::new(REFERENCE, vec![of])
    }

    pub fn is_unknown(&self) -> bool {
        self.name == UNKNOWN
    }

    pub fn is_reference(&self) -> bool {
        self.name == REFERENCE || self.name == MUTABLE
    }

    pub fn part(&self, at: usize) -> Type {
        self.parts.get(at).cloned().unwrap_or_else(Type::unknown)
    }

    /// The type without references.
    pub fn value(&self) -> &Type {
        match self.parts.first() {
            Some(inner) if self.is_reference() => inner.value(),
            _ => self,
        }
    }

    /// Reads a type from its text.
    pub fn parse(text: &str) -> Option<Type> {
        let file = SourceFile::parse(&format!("type X = {text};"), Edition::Edition2024).tree();
        file.syntax().descendants().find_map(ast::TypeAlias::cast)?.ty().map(|ty| Type::of(&ty))
    }

    pub fn of(written: &ast::Type) -> Type {
        let inner = |ty: Option<ast::Type>| ty.map_or_else(Type::unknown, |ty| Type::of(&ty));
        match written {
            ast::Type::PathType(it) => it.path().map_or_else(Type::unknown, |path| of_path(&path)),
            ast::Type::RefType(it) => {
                let name = if it.mut_token().is_some() { MUTABLE } else { REFERENCE };
                Type::new(name, vec![inner(it.ty())])
            }
            ast::Type::TupleType(it) => {
                Type::new(TUPLE, it.fields().map(|ty| Type::of(&ty)).collect())
            }
            ast::Type::SliceType(it) => Type::new(SLICE, vec![inner(it.ty())]),
            ast::Type::ArrayType(it) => Type::new(ARRAY, vec![inner(it.ty())]),
            ast::Type::ParenType(it) => inner(it.ty()),
            ast::Type::ImplTraitType(it) => of_bounds(it.type_bound_list()),
            ast::Type::DynTraitType(it) => of_bounds(it.type_bound_list()),
            ast::Type::FnPtrType(it) => {
                let inputs = it.param_list().into_iter().flat_map(|list| list.params());
                let mut parts: Vec<Type> = inputs.map(|it| inner(it.ty())).collect();
                let output = it.ret_type().and_then(|it| it.ty());
                parts.push(output.map_or_else(Type::unit, |ty| Type::of(&ty)));
                Type::new(FUNCTION, parts)
            }
            _ => Type::unknown(),
        }
    }

    /// The type with others in the places of names.
    pub fn with(&self, names: &Names) -> Type {
        if self.parts.is_empty()
            && let Some(found) = names.get(&self.name)
        {
            return found.clone();
        }
        Type::new(&self.name, self.parts.iter().map(|it| it.with(names)).collect())
    }

    /// Notes what the names must stand for so that this type is the other one. False where that can't be.
    pub fn unify(&self, other: &Type, wanted: &[String], names: &mut Names) -> bool {
        if self.parts.is_empty() && wanted.contains(&self.name) {
            if !other.is_unknown() {
                names.entry(self.name.clone()).or_insert_with(|| other.clone());
            }
            return true;
        }
        if self.is_unknown() || other.is_unknown() {
            return true;
        }
        if self.is_reference() && other.is_reference() {
            return self.part(0).unify(&other.part(0), wanted, names);
        }
        self.name == other.name
            && self.parts.iter().zip(&other.parts).all(|(it, other)| it.unify(other, wanted, names))
    }
}

/// What names of a signature stand for.
pub type Names = HashMap<String, Type>;

fn of_bounds(list: Option<ast::TypeBoundList>) -> Type {
    let first = list.and_then(|list| list.bounds().find_map(|it| it.ty()));
    first.map_or_else(Type::unknown, |ty| Type::of(&ty))
}

/// The crates whose types may share a name with the prelude's.
const APART: &str = "candle_nn";

fn of_path(path: &ast::Path) -> Type {
    let Some(segment) = path.segment() else { return Type::unknown() };
    let Some(name) = segment.name_ref() else { return Type::unknown() };
    let name = name.text().to_string();
    let qualifier = path.qualifier().and_then(|it| it.segment()).and_then(|it| it.name_ref());
    if let Some(list) = segment.parenthesized_arg_list() {
        let mut parts: Vec<Type> = list
            .type_args()
            .map(|it| it.ty().map_or_else(Type::unknown, |ty| Type::of(&ty)))
            .collect();
        let output = segment.ret_type().and_then(|it| it.ty());
        parts.push(output.map_or_else(Type::unit, |ty| Type::of(&ty)));
        return Type::new(FUNCTION, parts);
    }
    let mut parts = Vec::new();
    for argument in segment.generic_arg_list().into_iter().flat_map(|list| list.generic_args()) {
        match argument {
            ast::GenericArg::TypeArg(it) => {
                parts.push(it.ty().map_or_else(Type::unknown, |ty| Type::of(&ty)));
            }
            ast::GenericArg::AssocTypeArg(it) => {
                parts.push(it.ty().map_or_else(Type::unknown, |ty| Type::of(&ty)));
            }
            _ => {}
        }
    }
    // `Self::Item`, and `T::Target` where `T` is a parameter.
    if let Some(of) = qualifier.filter(|it| it.text().starts_with(char::is_uppercase)) {
        return Type::new(&format!("{}::{name}", of.text()), parts);
    }
    let is_apart = path.syntax().descendants().filter_map(ast::NameRef::cast);
    if is_apart.filter(|it| it.text() != name).any(|it| it.text() == APART) {
        return Type::new(&format!("{APART}::{name}"), parts);
    }
    Type::new(&name, parts)
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list =
            |parts: &[Type]| parts.iter().map(Type::to_string).collect::<Vec<_>>().join(", ");
        match (self.name.as_str(), self.parts.as_slice()) {
            (REFERENCE, [inner]) => write!(f, "&{inner}"),
            (MUTABLE, [inner]) => write!(f, "&mut {inner}"),
            (SLICE | ARRAY, [inner]) => write!(f, "[{inner}]"),
            (TUPLE, [single]) => write!(f, "({single},)"),
            (TUPLE, parts) => write!(f, "({})", list(parts)),
            (FUNCTION, [inputs @ .., output]) => match output.to_string().as_str() {
                "()" => write!(f, "Fn({})", list(inputs)),
                output => write!(f, "Fn({}) -> {output}", list(inputs)),
            },
            (name, []) => f.write_str(name),
            (name, parts) => write!(f, "{name}<{}>", list(parts)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_by_their_last_names() {
        for (text, expected) in [
            ("std::vec::Vec<akari::Tensor>", "Vec<Tensor>"),
            ("&'static mut [f32; 3]", "&mut [f32]"),
            (
                "std::result::Result<akari::Tensor, akari::candle_core::Error>",
                "Result<Tensor, Error>",
            ),
            (
                "std::boxed::Box<dyn std::ops::Fn(f32, &str) -> f32 + Send>",
                "Box<Fn(f32, &str) -> f32>",
            ),
            ("impl Iterator<Item = u8>", "Iterator<u8>"),
            ("Option<Self::Item>", "Option<Self::Item>"),
            ("fn(i32)", "Fn(i32)"),
            ("(i32, &'static str)", "(i32, &str)"),
            ("akari::candle_nn::Linear", "candle_nn::Linear"),
            ("()", "()"),
        ] {
            assert_eq!(Type::parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn names_are_found_by_laying_types_over_each_other() {
        let wanted = ["T".to_owned(), "E".to_owned()];
        let mut names = Names::new();
        let pattern = Type::parse("Option<Result<T, E>>").unwrap();
        let given = Type::parse("Option<Result<f32, String>>").unwrap();
        assert!(pattern.unify(&given, &wanted, &mut names));
        assert_eq!(Type::parse("(T, E)").unwrap().with(&names).to_string(), "(f32, String)");
        let other = Type::parse("Option<Option<f32>>").unwrap();
        assert!(!pattern.unify(&other, &wanted, &mut Names::new()));
    }
}
