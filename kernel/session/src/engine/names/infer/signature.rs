//! A function's signature, read from its text.

use ra_ap_syntax::ast::{self, HasGenericParams, HasName, HasTypeBounds};
use ra_ap_syntax::{AstNode, Edition, SourceFile};

use super::types::Type;

/// What a function takes and gives.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The names of its own type parameters, in order.
    pub parameters: Vec<String>,
    /// How the function takes the value that it is called on; none if it is called on none.
    pub receiver: Option<Type>,
    pub inputs: Vec<Type>,
    pub output: Type,
    /// What type parameters are known by: `F: Fn(T) -> U`.
    pub bounds: Vec<(String, Type)>,
}

impl Signature {
    /// Reads what begins with `fn`, also without a body.
    pub fn parse(text: &str) -> Option<Signature> {
        let at = text.find("fn ")?;
        let file = SourceFile::parse(&format!("{};", &text[at..]), Edition::Edition2024).tree();
        let function = file.syntax().descendants().find_map(ast::Fn::cast)?;
        Some(Signature::of(&function))
    }

    pub fn of(function: &ast::Fn) -> Signature {
        let known = |ty: Option<ast::Type>| ty.map_or_else(Type::unknown, |ty| Type::of(&ty));
        let list = function.param_list();
        let receiver = list.as_ref().and_then(|it| it.self_param()).map(|it| match it.ty() {
            Some(ty) => Type::of(&ty),
            None if it.amp_token().is_some() => Type::reference(Type::named("Self")),
            None => Type::named("Self"),
        });
        let output = function.ret_type().and_then(|it| it.ty());
        Signature {
            parameters: parameters(function),
            receiver,
            inputs: list.iter().flat_map(|it| it.params()).map(|it| known(it.ty())).collect(),
            output: output.map_or_else(Type::unit, |ty| Type::of(&ty)),
            bounds: bounds(function),
        }
    }
}

/// The names of an item's type parameters.
pub fn parameters(item: &impl HasGenericParams) -> Vec<String> {
    let list = item.generic_param_list();
    let all = list.iter().flat_map(|it| it.type_or_const_params());
    all.filter_map(|it| match it {
        ast::TypeOrConstParam::Type(it) => Some(it.name()?.text().to_string()),
        ast::TypeOrConstParam::Const(_) => None,
    })
    .collect()
}

/// The bounds of an item's type parameters, those in its `where` too.
pub fn bounds(item: &impl HasGenericParams) -> Vec<(String, Type)> {
    let mut found = Vec::new();
    let mut add = |name: String, list: Option<ast::TypeBoundList>| {
        for bound in list.into_iter().flat_map(|it| it.bounds()) {
            if let Some(ty) = bound.ty() {
                found.push((name.clone(), Type::of(&ty)));
            }
        }
    };
    for parameter in item.generic_param_list().iter().flat_map(|it| it.type_or_const_params()) {
        if let ast::TypeOrConstParam::Type(it) = parameter
            && let Some(name) = it.name()
        {
            add(name.text().to_string(), it.type_bound_list());
        }
    }
    for predicate in item.where_clause().iter().flat_map(|it| it.predicates()) {
        if let Some(ty) = predicate.ty() {
            add(ty.syntax().text().to_string(), predicate.type_bound_list());
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_read() {
        let it =
            Signature::parse("pub fn map<U, F>(self, f: F) -> Option<U> where F: FnOnce(T) -> U")
                .unwrap();
        assert_eq!(it.parameters, ["U", "F"]);
        assert_eq!(it.receiver.unwrap().to_string(), "Self");
        assert_eq!(it.output.to_string(), "Option<U>");
        assert_eq!(it.bounds[0].1.to_string(), "Fn(T) -> U");
        let it = Signature::parse("fn cloned(self: Option<&T>) -> Option<T>").unwrap();
        assert_eq!(it.receiver.unwrap().to_string(), "Option<&T>");
        let it = Signature::parse("fn area(w: f32, h: f32)").unwrap();
        assert!(it.receiver.is_none() && it.inputs.len() == 2);
        assert_eq!(it.output.to_string(), "()");
        assert!(Signature::parse("struct X").is_none());
    }
}
