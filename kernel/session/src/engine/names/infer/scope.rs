//! A place in a cell's code, and what names mean there.
//!
//! The code up to the place is parsed, with all open brackets closed behind it, so that it does not matter what is
//! still missing. A macro's arguments are tokens to a parser; here they are read as those of a function.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use ra_ap_parser::LexedStr;
use ra_ap_syntax::ast::{self, HasArgList, HasLoopBody, HasName};
use ra_ap_syntax::{AstNode, Edition, SyntaxKind, SyntaxNode, TextRange};

use super::members::{self, members};
use super::signature::Signature;
use super::types::{ARRAY, FUNCTION, SLICE, TUPLE, Type};
use crate::engine::names::known::Known;
use crate::engine::nesting;
use crate::engine::syntax::{Tree, cell_offset};

/// A word that stands at the place.
const HERE: &str = "akari_here";

/// How many expressions one question may look at: code that leads in circles would never end.
const FUEL: u32 = 1_000;

/// A place in code.
#[derive(Debug)]
pub struct Scope<'a> {
    pub known: &'a Known<'a>,
    /// The node around the place.
    here: SyntaxNode,
    /// Where the names of macros end that are read as functions.
    pub macros: BTreeSet<usize>,
    fuel: Cell<u32>,
    /// The types of expressions that were looked at: a closure's parameter leads back to what it is called on.
    pub types: RefCell<HashMap<(SyntaxKind, TextRange), Type>>,
}

impl<'a> Scope<'a> {
    /// The place at the end of the code. None of code that can't be read.
    pub fn at_end(known: &'a Known<'a>, code: &str) -> Option<Scope<'a>> {
        nesting::check(code).ok()?;
        let (text, macros) = whole(code);
        let tree = Tree::parse(&text);
        let token = tree.root().descendants_with_tokens().filter_map(|it| it.into_token());
        let here = token.filter(|it| it.text() == HERE).last()?.parent()?;
        Some(Scope { known, here, macros, fuel: Cell::new(FUEL), types: RefCell::default() })
    }

    /// What stands in front of the dot at the place.
    pub fn receiver(&self) -> Option<ast::Expr> {
        self.here.ancestors().take(3).find_map(|node| {
            if let Some(it) = ast::FieldExpr::cast(node.clone()) {
                return it.expr();
            }
            ast::MethodCallExpr::cast(node)?.receiver()
        })
    }

    /// Whether the expression begins with a name that is nothing here, so that nobody can know its type.
    pub fn begins_with_nothing(&self, expression: &ast::Expr) -> bool {
        let first = expression.syntax().first_token();
        let Some(token) = first.filter(|it| it.kind() == SyntaxKind::IDENT) else { return false };
        let name = token.text();
        self.local(name, &self.here).is_none()
            && self.known.alone(name).is_none()
            && self.known.alone(&format!("{name}!")).is_none()
            && self.known.of_module(name).is_empty()
            && name != "std"
            && name != "crate"
    }

    pub fn here(&self) -> &SyntaxNode {
        &self.here
    }

    /// Takes a little of what one question may cost; false if nothing is left.
    pub fn may_go_on(&self) -> bool {
        let left = self.fuel.get();
        self.fuel.set(left.saturating_sub(1));
        left > 0
    }

    /// The type that `Self` is at a node.
    pub fn own_type(&self, at: &SyntaxNode) -> Option<Type> {
        let block = at.ancestors().find_map(ast::Impl::cast)?;
        block.self_ty().map(|ty| Type::of(&ty))
    }

    /// A written type, with what `Self` is there.
    pub fn written(&self, ty: &ast::Type) -> Type {
        let found = Type::of(ty);
        match self.own_type(ty.syntax()) {
            Some(own) => found.with(&[("Self".to_owned(), own)].into()),
            None => found,
        }
    }

    /// The type of a variable at a node: of the nearest binding before it, or of the session's.
    pub fn variable(&self, name: &str, at: &SyntaxNode) -> Type {
        if !self.may_go_on() {
            return Type::unknown();
        }
        if let Some(found) = self.local(name, at) {
            return found;
        }
        let Some(known) = self.known.alone(name) else { return Type::unknown() };
        let detail = known.detail.as_str();
        if let Some(signature) = Signature::parse(detail) {
            let parts = signature.inputs.into_iter().chain([signature.output]).collect();
            return Type::new(FUNCTION, parts);
        }
        let told = detail.split_once(": ").and_then(|(_, ty)| Type::parse(ty));
        told.unwrap_or_else(Type::unknown)
    }

    /// The type of a name that is bound around a node, if one is; it may be unknown.
    pub fn local(&self, name: &str, at: &SyntaxNode) -> Option<Type> {
        let mut inner = at.clone();
        for node in at.ancestors().skip(1) {
            let found = self.bound_by(&node, &inner, name);
            if found.is_some() {
                return found;
            }
            if ast::Fn::can_cast(node.kind()) {
                // A function sees no variable around it.
                return None;
            }
            inner = node;
        }
        None
    }

    /// What a node binds for the node inside of it.
    fn bound_by(&self, node: &SyntaxNode, inner: &SyntaxNode, name: &str) -> Option<Type> {
        if let Some(list) = ast::StmtList::cast(node.clone()) {
            let before = list
                .statements()
                .filter(|it| it.syntax().text_range().end() <= inner.text_range().start());
            let statements: Vec<ast::Stmt> = before.collect();
            return statements.into_iter().rev().find_map(|it| match it {
                ast::Stmt::LetStmt(it) => self.bound_by_let(&it, name),
                _ => None,
            });
        }
        if let Some(it) = ast::ForExpr::cast(node.clone()) {
            let is_body = it.loop_body().is_some_and(|body| body.syntax() == inner);
            let pat = it.pat().filter(|_| is_body).filter(|pat| binds(pat, name))?;
            let iterable = it.iterable()?;
            let item = members::item(self.known, &self.type_of(&iterable));
            return Some(self.part_of(&pat, item.unwrap_or_else(Type::unknown), name));
        }
        if let Some(it) = ast::ClosureExpr::cast(node.clone()) {
            let list = it.param_list()?;
            let (at, param) = list
                .params()
                .enumerate()
                .find(|(_, it)| it.pat().is_some_and(|pat| binds(&pat, name)))?;
            let of = match param.ty() {
                Some(ty) => self.written(&ty),
                None => self.expected(&it, at),
            };
            return Some(self.part_of(&param.pat()?, of, name));
        }
        if let Some(it) = ast::Fn::cast(node.clone()) {
            let list = it.param_list()?;
            if name == "self" {
                list.self_param()?;
                return Some(self.own_type(it.syntax()).unwrap_or_else(Type::unknown));
            }
            let param = list.params().find(|it| it.pat().is_some_and(|pat| binds(&pat, name)))?;
            let of = param.ty().map_or_else(Type::unknown, |ty| self.written(&ty));
            return Some(self.part_of(&param.pat()?, of, name));
        }
        if let Some(it) = ast::MatchArm::cast(node.clone()) {
            let pat = it.pat().filter(|pat| binds(pat, name))?;
            let of = it.syntax().ancestors().find_map(ast::MatchExpr::cast)?.expr()?;
            return Some(self.part_of(&pat, self.type_of(&of), name));
        }
        let condition = ast::IfExpr::cast(node.clone())
            .and_then(|it| it.condition())
            .or_else(|| ast::WhileExpr::cast(node.clone())?.condition())?;
        let mut lets = condition.syntax().descendants().filter_map(ast::LetExpr::cast);
        let found = lets.find(|it| it.pat().is_some_and(|pat| binds(&pat, name)))?;
        let of = found.expr().map_or_else(Type::unknown, |it| self.type_of(&it));
        Some(self.part_of(&found.pat()?, of, name))
    }

    fn bound_by_let(&self, it: &ast::LetStmt, name: &str) -> Option<Type> {
        let pat = it.pat().filter(|pat| binds(pat, name))?;
        let of = match (it.ty(), it.initializer()) {
            (Some(ty), value) => {
                let written = self.written(&ty);
                let value = || value.map_or_else(Type::unknown, |it| self.type_of(&it));
                if has_gap(&written) { filled(written, value()) } else { written }
            }
            (None, Some(value)) => self.type_of(&value),
            (None, None) => Type::unknown(),
        };
        Some(self.part_of(&pat, of, name))
    }

    /// The type of a name in a pattern for values of a type.
    fn part_of(&self, pat: &ast::Pat, of: Type, name: &str) -> Type {
        let borrowed =
            |it: Type| if of.is_reference() { Type::new(&of.name, vec![it]) } else { it };
        let value = of.value();
        let within = |pats: Vec<ast::Pat>, parts: &[Type]| -> Type {
            let count = pats.len();
            let rest = pats.iter().position(|it| matches!(it, ast::Pat::RestPat(_)));
            let mut pats = pats.iter().enumerate();
            let Some((at, pat)) = pats.find(|(_, it)| binds(it, name)) else {
                return Type::unknown();
            };
            let at = match rest {
                Some(rest) if at > rest => (parts.len() + at).saturating_sub(count),
                _ => at,
            };
            let part = parts.get(at).cloned().unwrap_or_else(Type::unknown);
            self.part_of(pat, borrowed(part), name)
        };
        match pat {
            ast::Pat::IdentPat(it) => match it.pat() {
                Some(inner) if it.name().is_none_or(|own| own.text() != name) => {
                    self.part_of(&inner, of, name)
                }
                _ => of,
            },
            ast::Pat::TuplePat(it) => {
                within(it.fields().collect(), if value.name == TUPLE { &value.parts } else { &[] })
            }
            ast::Pat::ParenPat(it) => {
                it.pat().map_or_else(Type::unknown, |it| self.part_of(&it, of, name))
            }
            ast::Pat::RefPat(it) => {
                it.pat().map_or_else(Type::unknown, |it| self.part_of(&it, value.clone(), name))
            }
            ast::Pat::OrPat(it) => {
                let inner = it.pats().find(|it| binds(it, name));
                inner.map_or_else(Type::unknown, |it| self.part_of(&it, of, name))
            }
            ast::Pat::SlicePat(it) => {
                let element =
                    matches!(value.name.as_str(), SLICE | ARRAY | "Vec").then(|| value.part(0));
                let element = element.unwrap_or_else(Type::unknown);
                let inner = it.pats().find(|it| binds(it, name));
                inner.map_or_else(Type::unknown, |it| self.part_of(&it, borrowed(element), name))
            }
            ast::Pat::TupleStructPat(it) => {
                let last = it.path().and_then(|it| it.segment()?.name_ref());
                let last = last.map(|it| it.text().to_string()).unwrap_or_default();
                let parts = match last.as_str() {
                    "Some" | "Ok" => vec![value.part(0)],
                    "Err" => vec![value.part(1)],
                    _ => self.parts_of_variant(value, &last),
                };
                within(it.fields().collect(), &parts)
            }
            ast::Pat::RecordPat(it) => {
                let fields = it.record_pat_field_list().into_iter().flat_map(|it| it.fields());
                for field in fields {
                    let pat = field.pat().filter(|pat| binds(pat, name));
                    if let (Some(pat), Some(own)) = (pat, field.field_name()) {
                        let part = self.field(value, own.text());
                        return self.part_of(&pat, borrowed(part), name);
                    }
                }
                Type::unknown()
            }
            _ => Type::unknown(),
        }
    }

    /// What a variant of an enum, or a struct, holds in parentheses.
    fn parts_of_variant(&self, of: &Type, name: &str) -> Vec<Type> {
        let found = self.known.of_module(&of.name).into_iter().find(|it| it.name == name);
        let found = found.or_else(|| self.known.class(name));
        let list = found.and_then(|it| Some(it.detail.split_once('(')?.1.rsplit_once(')')?.0));
        let whole = list.and_then(|it| Type::parse(&format!("({it},)")));
        whole.map(|it| it.with(&members::parameters(self.known, of)).parts).unwrap_or_default()
    }

    /// The type of a field.
    pub fn field(&self, of: &Type, name: &str) -> Type {
        let value = of.value();
        if value.name == TUPLE
            && let Ok(at) = name.parse::<usize>()
        {
            return value.part(at);
        }
        let found = members(self.known, of, &[]).into_iter().find(|it| it.name.name == name);
        let told = found.and_then(|it| {
            let (_, ty) = it.name.detail.split_once(": ")?;
            let ty = ty.split(" = ").next().unwrap_or(ty);
            Some(Type::parse(ty)?.with(&members::parameters(self.known, &it.owner)))
        });
        told.unwrap_or_else(Type::unknown)
    }

    /// What the caller of a closure gives it, by the function that takes the closure.
    fn expected(&self, closure: &ast::ClosureExpr, at: usize) -> Type {
        let Some(list) = closure.syntax().parent().and_then(ast::ArgList::cast) else {
            return Type::unknown();
        };
        let position =
            list.args().position(|it| it.syntax() == closure.syntax()).unwrap_or_default();
        let Some(caller) = list.syntax().parent() else { return Type::unknown() };
        let taken = if let Some(it) = ast::MethodCallExpr::cast(caller.clone()) {
            self.taken_by_method(&it, position)
        } else if let Some(it) = ast::CallExpr::cast(caller) {
            self.taken_by_function(&it, position)
        } else {
            None
        };
        match taken {
            Some(it) if it.name == FUNCTION && at + 1 < it.parts.len() => it.part(at),
            _ => Type::unknown(),
        }
    }
}

/// Whether a pattern binds a name.
fn binds(pat: &ast::Pat, name: &str) -> bool {
    let own = pat.syntax().descendants().filter_map(ast::IdentPat::cast);
    let mut names = own.filter_map(|it| it.name());
    names.any(|it| it.text() == name)
}

fn has_gap(of: &Type) -> bool {
    of.is_unknown() || of.parts.iter().any(has_gap)
}

/// A type with what another one has in the places that it leaves open.
fn filled(of: Type, other: Type) -> Type {
    if of.is_unknown() {
        return other;
    }
    if of.name != other.name {
        return of;
    }
    let others = other.parts.into_iter().chain(std::iter::repeat(Type::unknown()));
    Type {
        parts: of.parts.into_iter().zip(others).map(|(it, other)| filled(it, other)).collect(),
        ..of
    }
}

/// The code with the word at its end and its brackets closed, macros read as functions, and the ends of their
/// names.
fn whole(code: &str) -> (String, BTreeSet<usize>) {
    let code = without_commands(code);
    let lexed = LexedStr::new(Edition::Edition2024, &code);
    let mut text = String::with_capacity(code.len() + 32);
    let mut macros = BTreeSet::new();
    // What closes each open bracket, and whether it is a macro's.
    let mut open: Vec<(char, bool)> = Vec::new();
    let mut is_macro = false;
    for at in 0..lexed.len() {
        let (kind, token) = (lexed.kind(at), lexed.text(at));
        match kind {
            SyntaxKind::BANG if begins_arguments(&lexed, at) => {
                macros.insert(text.len());
                text.push(' ');
                is_macro = true;
                continue;
            }
            SyntaxKind::L_PAREN | SyntaxKind::L_BRACK | SyntaxKind::L_CURLY => {
                let (opens, closes) = match kind {
                    SyntaxKind::L_CURLY => ('{', '}'),
                    SyntaxKind::L_BRACK if !is_macro => ('[', ']'),
                    _ => ('(', ')'),
                };
                open.push((closes, is_macro));
                text.push(opens);
                is_macro = false;
                continue;
            }
            SyntaxKind::R_PAREN | SyntaxKind::R_BRACK | SyntaxKind::R_CURLY => {
                text.push(
                    open.pop().map_or_else(|| token.chars().next().unwrap_or(')'), |(it, _)| it),
                );
                continue;
            }
            // `t!(x @ w)`.
            SyntaxKind::AT if open.iter().any(|(_, is_macro)| *is_macro) => {
                text.push('*');
                continue;
            }
            // `vec![0; 3]`.
            SyntaxKind::SEMICOLON if open.last().is_some_and(|(_, is_macro)| *is_macro) => {
                text.push(',');
                continue;
            }
            _ => {}
        }
        text += token;
    }
    text += HERE;
    text.extend(open.iter().rev().map(|(closes, _)| *closes));
    (text, macros)
}

/// Whether the arguments of a macro follow on its `!`.
fn begins_arguments(lexed: &LexedStr<'_>, at: usize) -> bool {
    let is_name =
        at > 0 && lexed.kind(at - 1) == SyntaxKind::IDENT && lexed.text(at - 1) != "macro_rules";
    let mut next = (at + 1..lexed.len()).map(|it| lexed.kind(it)).filter(|it| !it.is_trivia());
    is_name && matches!(next.next(), Some(SyntaxKind::L_PAREN | SyntaxKind::L_BRACK))
}

/// The code with spaces in the place of the commands at its top.
fn without_commands(code: &str) -> String {
    let mut is_top = true;
    let lines = code.split_inclusive('\n').map(|line| {
        let typed = line.trim_start();
        is_top &= typed.is_empty() || typed.starts_with([':', '!', '?']) || typed.starts_with("//");
        if is_top && typed.starts_with([':', '!', '?']) {
            line.chars().map(|c| if c == '\n' { c } else { ' ' }).collect()
        } else {
            line.to_owned()
        }
    });
    lines.collect()
}

/// Whether a call is that of a macro, and its name.
pub fn macro_name(scope: &Scope<'_>, callee: &ast::Expr) -> Option<String> {
    let end = cell_offset(callee.syntax().text_range().end());
    let ast::Expr::PathExpr(path) = callee else { return None };
    let name = path.path()?.segment()?.name_ref()?.text().to_string();
    scope.macros.contains(&end).then_some(name)
}

/// The arguments of a call.
pub fn arguments(of: &impl HasArgList) -> Vec<ast::Expr> {
    of.arg_list().map(|it| it.args().collect()).unwrap_or_default()
}
