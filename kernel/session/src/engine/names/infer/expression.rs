//! The types of expressions, as far as signatures tell them. What is not known is unknown, and never guessed.

use ra_ap_syntax::ast::{self, HasGenericArgs};
use ra_ap_syntax::{AstNode, SyntaxKind};

use super::members::{self, Member, bounds_around, members};
use super::scope::{Scope, arguments, macro_name};
use super::signature::Signature;
use super::types::{ARRAY, FUNCTION, MUTABLE, Names, REFERENCE, SLICE, TUPLE, Type};
use crate::engine::name::{Name, of_values};

/// Numbers, in which a sum of two has the type of the first.
const NUMBERS: [&str; 14] = [
    "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
    "usize",
];

/// Functions that every type may have by a trait, and that make a value of it.
const MAKERS: [&str; 3] = ["default", "from", "from_iter"];

impl Scope<'_> {
    /// The type of an expression.
    pub fn type_of(&self, expression: &ast::Expr) -> Type {
        let node = expression.syntax();
        let key = (node.kind(), node.text_range());
        if let Some(found) = self.types.borrow().get(&key) {
            return found.clone();
        }
        let found = self.told(expression).unwrap_or_else(Type::unknown);
        self.types.borrow_mut().insert(key, found.clone());
        found
    }

    fn told(&self, expression: &ast::Expr) -> Option<Type> {
        if !self.may_go_on() {
            return None;
        }
        Some(match expression {
            ast::Expr::ParenExpr(it) => self.type_of(&it.expr()?),
            ast::Expr::Literal(it) => literal(it),
            ast::Expr::PathExpr(it) => self.path(&it.path()?, it.syntax()),
            ast::Expr::RefExpr(it) => {
                let name = if it.mut_token().is_some() { MUTABLE } else { REFERENCE };
                Type::new(name, vec![self.type_of(&it.expr()?)])
            }
            ast::Expr::TryExpr(it) => {
                let of = members::without_alias(self.known, self.type_of(&it.expr()?));
                matches!(of.name.as_str(), "Result" | "Option" | "LockResult")
                    .then(|| of.part(0))?
            }
            ast::Expr::FieldExpr(it) => {
                let name = it.name_ref().map(|it| it.text().to_string());
                let index = || it.index_token().map(|it| it.text().to_owned());
                self.field(&self.type_of(&it.expr()?), &name.or_else(index)?)
            }
            ast::Expr::MethodCallExpr(it) => self.method_call(it)?,
            ast::Expr::CallExpr(it) => self.call(it)?,
            ast::Expr::IndexExpr(it) => {
                let base = self.type_of(&it.base()?);
                self.index(&base, &self.type_of(&it.index()?))?
            }
            ast::Expr::BinExpr(it) => self.operation(it)?,
            ast::Expr::PrefixExpr(it) => {
                let of = self.type_of(&it.expr()?);
                match it.op_token()?.kind() {
                    SyntaxKind::STAR if of.is_reference() || of.name == "Box" => of.part(0),
                    SyntaxKind::STAR => return None,
                    _ if NUMBERS.contains(&of.value().name.as_str()) || of.name == "bool" => {
                        of.value().clone()
                    }
                    _ => return None,
                }
            }
            ast::Expr::CastExpr(it) => self.written(&it.ty()?),
            ast::Expr::TupleExpr(it) => {
                Type::new(TUPLE, it.fields().map(|it| self.type_of(&it)).collect())
            }
            ast::Expr::ArrayExpr(it) => Type::new(ARRAY, vec![self.type_of(&it.exprs().next()?)]),
            ast::Expr::RangeExpr(it) => {
                let bounds = it.syntax().children().filter_map(ast::Expr::cast);
                let of = bounds.map(|it| self.type_of(&it)).find(|it| !it.is_unknown());
                let is_inclusive =
                    it.syntax().children_with_tokens().any(|it| it.kind() == SyntaxKind::DOT2EQ);
                let name = if is_inclusive { "RangeInclusive" } else { "Range" };
                Type::new(name, vec![of.unwrap_or_else(Type::unknown)])
            }
            ast::Expr::RecordExpr(it) => self.record(&it.path()?),
            ast::Expr::BlockExpr(it) => self.block(it)?,
            ast::Expr::IfExpr(it) => self.block(&it.then_branch()?)?,
            ast::Expr::MatchExpr(it) => {
                let arms = it.match_arm_list()?.arms();
                let mut types = arms.filter_map(|it| self.told(&it.expr()?));
                types.find(|it| !it.is_unknown())?
            }
            ast::Expr::ClosureExpr(it) => {
                let list = it.param_list();
                let inputs = list.iter().flat_map(|it| it.params());
                let mut parts: Vec<Type> = inputs
                    .map(|it| it.ty().map_or_else(Type::unknown, |ty| self.written(&ty)))
                    .collect();
                let output = it.ret_type().and_then(|it| it.ty()).map(|ty| self.written(&ty));
                parts.push(output.or_else(|| self.told(&it.body()?)).unwrap_or_else(Type::unknown));
                Type::new(FUNCTION, parts)
            }
            _ => return None,
        })
    }

    fn block(&self, block: &ast::BlockExpr) -> Option<Type> {
        self.told(&block.stmt_list()?.tail_expr()?)
    }

    /// A variable, a constant, a variant or a function.
    fn path(&self, path: &ast::Path, at: &ra_ap_syntax::SyntaxNode) -> Type {
        let Some(last) = last(path) else { return Type::unknown() };
        let Some(module) = qualifier(path) else {
            return match last.as_str() {
                "None" => Type::new("Option", vec![Type::unknown()]),
                _ => match self.variable(&last, at) {
                    // A struct without fields.
                    it if it.is_unknown() && self.known.class(&last).is_some() => {
                        Type::named(&last)
                    }
                    it => it,
                },
            };
        };
        let Some(found) = self.named(&module, &last) else { return Type::unknown() };
        if found.kind == "class" {
            // `Reduction::Mean` is a value of the enum, `nn::ReLU` one of the struct.
            let is_variant =
                self.known.class(&module).is_some_and(|it| it.detail.contains("enum "));
            return if is_variant { Type::named(&module) } else { Type::named(&last) };
        }
        if let Some(signature) = Signature::parse(&found.detail) {
            return Type::new(
                FUNCTION,
                signature.inputs.into_iter().chain([signature.output]).collect(),
            );
        }
        let told = found.detail.split_once(": ").and_then(|(_, ty)| Type::parse(ty));
        told.map_or_else(Type::unknown, |it| {
            it.with(&[("Self".to_owned(), Type::named(&module))].into())
        })
    }

    /// A name in a module or of a type.
    fn named(&self, module: &str, name: &str) -> Option<&Name> {
        let inside = self.known.of_module(module).into_iter().find(|it| it.name == name);
        let of_type =
            || self.known.of_module(&of_values(module)).into_iter().find(|it| it.name == name);
        inside.or_else(of_type)
    }

    fn record(&self, path: &ast::Path) -> Type {
        let of = ast::Path::parent_path(path).unwrap_or_else(|| path.clone());
        let last = last(&of).unwrap_or_default();
        match qualifier(&of) {
            _ if last == "Self" => self.own_type(path.syntax()).unwrap_or_else(Type::unknown),
            Some(module)
                if self.known.class(&module).is_some_and(|it| it.detail.contains("enum ")) =>
            {
                Type::named(&module)
            }
            _ => Type::named(&last),
        }
    }

    fn call(&self, it: &ast::CallExpr) -> Option<Type> {
        let callee = it.expr()?;
        if let Some(name) = macro_name(self, &callee) {
            return self.macro_call(&name, it);
        }
        let ast::Expr::PathExpr(callee) = &callee else {
            let of = self.type_of(&callee);
            return of.parts.last().filter(|_| of.value().name == FUNCTION).cloned();
        };
        let path = callee.path()?;
        let name = last(&path)?;
        let given = arguments(it);
        let first = || given.first().map_or_else(Type::unknown, |it| self.type_of(it));
        let Some(module) = qualifier(&path) else {
            match name.as_str() {
                "Some" => return Some(Type::new("Option", vec![first()])),
                "Ok" => return Some(Type::new("Result", vec![first(), Type::unknown()])),
                "Err" => return Some(Type::new("Result", vec![Type::unknown(), first()])),
                _ => {}
            }
            if let Some(signature) =
                self.known.alone(&name).and_then(|it| Signature::parse(&it.detail))
            {
                return Some(self.applied(&signature, None, turbofish(&path), &given));
            }
            let of = self.variable(&name, callee.syntax());
            return match of.value() {
                it if it.name == FUNCTION => it.parts.last().cloned(),
                it if it.name == "Box" && it.part(0).name == FUNCTION => {
                    it.part(0).parts.last().cloned()
                }
                // A struct of parts in parentheses.
                _ => self.known.class(&name).map(|_| Type::named(&name)),
            };
        };
        let owner = if module == "Self" {
            self.own_type(callee.syntax())?
        } else {
            let parts = path.qualifier().map(|it| turbofish(&it)).unwrap_or_default();
            Type::new(&module, parts)
        };
        let Some(found) = self.named(&owner.name, &name) else {
            let is_maker =
                MAKERS.contains(&name.as_str()) && self.known.class(&owner.name).is_some();
            return is_maker.then_some(owner);
        };
        if found.kind == "class" {
            let is_variant =
                self.known.class(&owner.name).is_some_and(|it| it.detail.contains("enum "));
            return Some(if is_variant { owner } else { Type::named(&name) });
        }
        let signature = Signature::parse(&found.detail)?;
        let is_type = self.known.class(&owner.name).is_some();
        Some(self.applied(&signature, is_type.then_some(&owner), turbofish(&path), &given))
    }

    fn macro_call(&self, name: &str, it: &ast::CallExpr) -> Option<Type> {
        let given = arguments(it);
        let first = || given.first().map_or_else(Type::unknown, |it| self.type_of(it));
        Some(match name {
            "vec" => Type::new("Vec", vec![first()]),
            "tensor" => Type::named("Tensor"),
            "t" => {
                let text = it.syntax().text().to_string();
                Type::named(if text.trim_end().ends_with(".item())") { "f64" } else { "Tensor" })
            }
            "seq" => Type::named("Sequential"),
            "format" => Type::named("String"),
            "dbg" => first(),
            "concat" | "stringify" | "include_str" | "env" => Type::reference(Type::named("str")),
            "matches" => Type::named("bool"),
            "print" | "println" | "eprintln" | "show" | "assert" | "assert_eq" => Type::unit(),
            // `nn::Linear!(2, 3, bias = false)` makes what `nn::Linear::new` makes.
            _ => {
                self.known.class(name)?;
                let made = self.named(name, "new").and_then(|it| Signature::parse(&it.detail));
                match made {
                    Some(it) if it.output.name == "Result" => {
                        Type::new("Result", vec![Type::named(name), Type::named("Error")])
                    }
                    _ => Type::named(name),
                }
            }
        })
    }

    /// The member that a method call calls, and the type that it is called on.
    fn called(&self, it: &ast::MethodCallExpr) -> Option<(Member<'_>, Type)> {
        let of = self.type_of(&it.receiver()?);
        let name = it.name_ref()?.text().to_string();
        let bounds = bounds_around(it.syntax());
        let found =
            members(self.known, &of, &bounds).into_iter().find(|it| it.name.name == name)?;
        Some((found, of))
    }

    fn method_call(&self, it: &ast::MethodCallExpr) -> Option<Type> {
        let (member, of) = self.called(it)?;
        match member.name.name.as_str() {
            "into_iter" => {
                return Some(Type::new("IntoIter", vec![members::item(self.known, &of)?]));
            }
            "sum" | "product" if it.generic_arg_list().is_none() => {
                return Some(members::item(self.known, &of)?.value().clone());
            }
            "get" | "get_mut" if matches!(member.owner.name.as_str(), SLICE) => {
                let at = arguments(it).first().map_or_else(Type::unknown, |it| self.type_of(it));
                return Some(Type::new(
                    "Option",
                    vec![Type::reference(self.index(&member.owner, &at)?)],
                ));
            }
            _ => {}
        }
        let signature = Signature::parse(&member.name.detail)?;
        let given = it.generic_arg_list().map(|it| types_in(&it)).unwrap_or_default();
        Some(self.applied(&signature, Some(&member.owner), given, &arguments(it)))
    }

    /// What a function gives for arguments. `owner` is the type that the function is of.
    fn applied(
        &self,
        signature: &Signature,
        owner: Option<&Type>,
        given: Vec<Type>,
        arguments: &[ast::Expr],
    ) -> Type {
        let mut names = self.names(signature, owner);
        let mut wanted = signature.parameters.clone();
        wanted.extend(names.iter().filter(|(_, it)| it.is_unknown()).map(|(name, _)| name.clone()));
        names.retain(|_, it| !it.is_unknown());
        for (name, of) in signature.parameters.iter().zip(given).filter(|(_, it)| !it.is_unknown())
        {
            names.insert(name.clone(), of);
        }
        if wanted.iter().any(|it| !names.contains_key(it)) && !signature.output.parts.is_empty()
            || wanted.contains(&signature.output.name)
        {
            for (input, argument) in signature.inputs.iter().zip(arguments) {
                input.unify(&self.type_of(argument), &wanted, &mut names);
            }
            for (name, bound) in &signature.bounds {
                let Some(of) = names.get(name).cloned() else { continue };
                if bound.name == FUNCTION
                    && let (Some(output), Some(given)) = (bound.parts.last(), of.parts.last())
                {
                    output.unify(given, &wanted, &mut names);
                }
                if let Some(item) = members::item(self.known, &of) {
                    names.insert(format!("{name}::IntoIter"), of);
                    names.insert(format!("{name}::Item"), item);
                }
            }
        }
        for name in wanted {
            names.entry(name).or_insert_with(Type::unknown);
        }
        signature.output.with(&names)
    }

    /// What the names of a signature stand for on a type.
    fn names(&self, signature: &Signature, owner: Option<&Type>) -> Names {
        let Some(owner) = owner else { return Names::new() };
        let mut names = members::parameters(self.known, owner);
        if let Some(receiver) = &signature.receiver
            && receiver.value().name != "Self"
        {
            // The method takes one form of the type alone.
            let wanted: Vec<String> = ["T", "E", "U"].map(str::to_owned).into();
            names.retain(|name, _| !wanted.contains(name));
            receiver.value().unify(owner, &wanted, &mut names);
        }
        names
    }

    /// What a method hands to a function among its arguments.
    pub fn taken_by_method(&self, it: &ast::MethodCallExpr, at: usize) -> Option<Type> {
        let (member, _) = self.called(it)?;
        let signature = Signature::parse(&member.name.detail)?;
        let names = self.names(&signature, Some(&member.owner));
        taken(&signature, at).map(|it| it.with(&names))
    }

    /// What a function hands to a function among its arguments.
    pub fn taken_by_function(&self, it: &ast::CallExpr, at: usize) -> Option<Type> {
        let callee = it.expr()?;
        if let Some(name) = macro_name(self, &callee) {
            let tensor = Type::named("Tensor");
            return (name == "seq")
                .then(|| Type::new(FUNCTION, vec![Type::reference(tensor.clone()), tensor]));
        }
        let ast::Expr::PathExpr(callee) = callee else { return None };
        let path = callee.path()?;
        let name = last(&path)?;
        let found = match qualifier(&path) {
            Some(module) => self.named(&module, &name),
            None => self.known.alone(&name),
        };
        taken(&Signature::parse(&found?.detail)?, at)
    }

    fn index(&self, base: &Type, at: &Type) -> Option<Type> {
        let value = base.value();
        let is_range = at.name.starts_with("Range");
        match value.name.as_str() {
            "Vec" | SLICE | ARRAY | "VecDeque" if is_range => {
                Some(Type::new(SLICE, value.parts.clone()))
            }
            "Vec" | SLICE | ARRAY | "VecDeque" => Some(value.part(0)),
            "HashMap" | "BTreeMap" => Some(value.part(1)),
            "String" | "str" => Some(Type::named("str")),
            "Box" | "Rc" | "Arc" => self.index(&value.part(0), at),
            _ => None,
        }
    }

    fn operation(&self, it: &ast::BinExpr) -> Option<Type> {
        use ast::BinaryOp::{ArithOp, Assignment, CmpOp, LogicOp};
        match it.op_kind()? {
            LogicOp(_) | CmpOp(_) => Some(Type::named("bool")),
            Assignment { .. } => Some(Type::unit()),
            ArithOp(_) => {
                let left = self.type_of(&it.lhs()?);
                let right = it.rhs().map(|it| self.type_of(&it).value().clone());
                let is_tensor = |of: &Type| matches!(of.value().name.as_str(), "Tensor" | "Var");
                let is_result = left.name == "Result" && is_tensor(&left.part(0));
                if is_tensor(&left) || is_result || right.as_ref().is_some_and(is_tensor) {
                    let error = Type::named("Error");
                    return Some(Type::new("Result", vec![Type::named("Tensor"), error]));
                }
                let value = left.value();
                match value.name.as_str() {
                    name if NUMBERS.contains(&name) || name == "String" => Some(value.clone()),
                    "Duration" | "Instant" => None,
                    _ if left.is_unknown() => {
                        right.filter(|it| NUMBERS.contains(&it.name.as_str()))
                    }
                    _ => None,
                }
            }
        }
    }
}

/// The function that a parameter is.
fn taken(signature: &Signature, at: usize) -> Option<Type> {
    let input = signature.inputs.get(at)?.value();
    if input.name == FUNCTION {
        return Some(input.clone());
    }
    let mut bounds = signature.bounds.iter();
    bounds.find(|(name, it)| *name == input.name && it.name == FUNCTION).map(|(_, it)| it.clone())
}

fn last(path: &ast::Path) -> Option<String> {
    Some(path.segment()?.name_ref()?.text().to_string())
}

fn qualifier(path: &ast::Path) -> Option<String> {
    last(&path.qualifier()?)
}

/// The types that are named behind a path's last name.
fn turbofish(path: &ast::Path) -> Vec<Type> {
    let list = path.segment().and_then(|it| it.generic_arg_list());
    list.map(|it| types_in(&it)).unwrap_or_default()
}

fn types_in(list: &ast::GenericArgList) -> Vec<Type> {
    let types = list.generic_args().filter_map(|it| match it {
        ast::GenericArg::TypeArg(it) => it.ty(),
        _ => None,
    });
    types.map(|ty| Type::of(&ty)).collect()
}

fn literal(it: &ast::Literal) -> Type {
    let suffixed = |suffix: Option<&str>, otherwise: &str| Type::named(suffix.unwrap_or(otherwise));
    match it.kind() {
        ast::LiteralKind::String(_) => Type::reference(Type::named("str")),
        ast::LiteralKind::IntNumber(it) => suffixed(it.suffix(), "i32"),
        ast::LiteralKind::FloatNumber(it) => suffixed(it.suffix(), "f64"),
        ast::LiteralKind::Char(_) => Type::named("char"),
        ast::LiteralKind::Bool(_) => Type::named("bool"),
        ast::LiteralKind::Byte(_) => Type::named("u8"),
        ast::LiteralKind::ByteString(_) => {
            Type::reference(Type::new(ARRAY, vec![Type::named("u8")]))
        }
        ast::LiteralKind::CString(_) => Type::reference(Type::named("CStr")),
    }
}
