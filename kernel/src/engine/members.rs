//! Names that code itself tells of: fields, methods and variants of the types in it, what it imports,
//! and what it binds. They are there without the analyser, also for a cell that never ran.
//!
//! `names` gives the code when a client asks, so that a cell that runs pays nothing for this.

use ra_ap_parser::LexedStr;
use ra_ap_syntax::ast::{self, HasModuleItem, HasName};
use ra_ap_syntax::{AstNode, Edition, SourceFile, SyntaxKind};

use super::name::Name;

/// What is a member of values of a type, and not of the type itself, has the type's name with this in
/// front as its module.
const OF_VALUES: &str = ".";

/// The names that stand alone in a cell: those that it binds, defines or imports.
pub fn words(code: &str) -> Vec<Name> {
    let lexed = LexedStr::new(Edition::Edition2024, code);
    let mut names = Vec::new();
    let mut kind = None;
    for at in 0..lexed.len() {
        match lexed.kind(at) {
            SyntaxKind::LET_KW | SyntaxKind::FOR_KW => kind = Some("instance"),
            SyntaxKind::FN_KW => kind = Some("function"),
            SyntaxKind::STRUCT_KW
            | SyntaxKind::ENUM_KW
            | SyntaxKind::TRAIT_KW
            | SyntaxKind::TYPE_KW => kind = Some("class"),
            SyntaxKind::CONST_KW | SyntaxKind::STATIC_KW => kind = Some("instance"),
            SyntaxKind::MOD_KW => kind = Some("module"),
            SyntaxKind::IDENT => {
                if let Some(kind) = kind {
                    names.push(name("", lexed.text(at), kind, String::new()));
                }
                // A pattern has several names, all else one.
                kind = kind.filter(|kind| *kind == "instance");
            }
            SyntaxKind::WHITESPACE
            | SyntaxKind::COMMENT
            | SyntaxKind::MUT_KW
            | SyntaxKind::REF_KW
            | SyntaxKind::L_PAREN
            | SyntaxKind::R_PAREN
            | SyntaxKind::COMMA
            | SyntaxKind::AMP => {}
            _ => kind = None,
        }
    }
    names
}

/// The members of the types and modules that are defined in the code, and what it imports.
pub fn members(code: &str) -> Vec<Name> {
    let file = SourceFile::parse(code, Edition::Edition2024).tree();
    let mut names = Vec::new();
    for item in file.syntax().descendants().filter_map(ast::Item::cast) {
        match item {
            ast::Item::Struct(it) => fields(&it, &mut names),
            ast::Item::Enum(it) => variants(&it, &mut names),
            ast::Item::Impl(it) => associated(&it, &mut names),
            ast::Item::Module(it) => contents(&it, &mut names),
            ast::Item::Use(it) => imports(&it, &mut names),
            _ => {}
        }
    }
    names
}

/// The type of what names joined by dots stand for: the first is a variable, the others fields.
pub fn type_of(owner: &str, names: &[&Name]) -> Option<String> {
    let mut parts = owner.split('.');
    let first = parts.next()?;
    let variable = names.iter().find(|it| it.name == first && it.module.is_empty())?;
    let mut found = base(variable.detail.split_once(": ")?.1)?;
    for part in parts {
        let module = module_of_values(&found);
        let field = names.iter().find(|it| it.name == part && it.module == module)?;
        found = base(field.detail.split_once(": ")?.1)?;
    }
    Some(found)
}

/// The module of the members that values of a type have.
pub fn module_of_values(type_name: &str) -> String {
    format!("{OF_VALUES}{type_name}")
}

/// The name of a type without references, its path and its parameters.
fn base(type_text: &str) -> Option<String> {
    let text = type_text.trim_start_matches(['&', ' ']);
    let text = text.strip_prefix("mut ").unwrap_or(text);
    let path = text.split(['<', ' ', ';']).next()?;
    Some(path.rsplit("::").next()?.to_owned()).filter(|name| !name.is_empty())
}

fn name(module: &str, name: &str, kind: &'static str, detail: String) -> Name {
    Name {
        module: module.to_owned(),
        name: name.to_owned(),
        kind: kind.into(),
        detail,
        documentation: String::new(),
    }
}

fn fields(it: &ast::Struct, names: &mut Vec<Name>) {
    let (Some(owner), Some(ast::FieldList::RecordFieldList(list))) = (it.name(), it.field_list())
    else {
        return;
    };
    let module = module_of_values(owner.text());
    for field in list.fields() {
        if let (Some(field), Some(ty)) = (field.name(), field.ty()) {
            let detail = format!("{}: {}", field.text(), ty.syntax().text());
            names.push(name(&module, field.text(), "property", detail));
        }
    }
}

fn variants(it: &ast::Enum, names: &mut Vec<Name>) {
    let (Some(owner), Some(list)) = (it.name(), it.variant_list()) else { return };
    for variant in list.variants() {
        if let Some(own) = variant.name() {
            let detail = variant.syntax().text().to_string();
            names.push(name(owner.text(), own.text(), "class", detail));
        }
    }
}

fn associated(it: &ast::Impl, names: &mut Vec<Name>) {
    let owner = it.self_ty().and_then(|ty| base(&ty.syntax().text().to_string()));
    let (Some(owner), Some(list)) = (owner, it.assoc_item_list()) else { return };
    for item in list.assoc_items() {
        let (own, kind, is_method, detail) = match &item {
            ast::AssocItem::Fn(it) => {
                let is_method = it.param_list().is_some_and(|list| list.self_param().is_some());
                (it.name(), "function", is_method, head(it))
            }
            ast::AssocItem::Const(it) => (it.name(), "instance", false, String::new()),
            _ => continue,
        };
        let Some(own) = own else { continue };
        let module = if is_method { module_of_values(&owner) } else { owner.clone() };
        names.push(name(&module, own.text(), kind, detail));
    }
}

fn contents(it: &ast::Module, names: &mut Vec<Name>) {
    let (Some(owner), Some(list)) = (it.name(), it.item_list()) else { return };
    for item in list.items() {
        let (own, kind) = match &item {
            ast::Item::Fn(it) => (it.name(), "function"),
            ast::Item::Struct(it) => (it.name(), "class"),
            ast::Item::Enum(it) => (it.name(), "class"),
            ast::Item::Trait(it) => (it.name(), "class"),
            ast::Item::Const(it) => (it.name(), "instance"),
            ast::Item::Static(it) => (it.name(), "instance"),
            ast::Item::Module(it) => (it.name(), "module"),
            _ => continue,
        };
        if let Some(own) = own {
            names.push(name(owner.text(), own.text(), kind, String::new()));
        }
    }
}

/// What a `use` brings in, under the name that it gets.
fn imports(it: &ast::Use, names: &mut Vec<Name>) {
    for tree in it.syntax().descendants().filter_map(ast::UseTree::cast) {
        if tree.use_tree_list().is_some() || tree.star_token().is_some() {
            continue;
        }
        let renamed = tree.rename().map(|it| it.name().map(|it| it.text().to_string()));
        let last = || Some(tree.path()?.segment()?.name_ref()?.text().to_string());
        if let Some(own) = renamed.unwrap_or_else(last) {
            let kind = if own.starts_with(char::is_uppercase) { "class" } else { "function" };
            names.push(name("", &own, kind, it.syntax().text().to_string()));
        }
    }
}

/// A function up to its body.
fn head(it: &ast::Fn) -> String {
    let text = it.syntax().text().to_string();
    text.split('{').next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "\
struct Point { x: f32, /// up\n pub y: f32, at: Inner }
struct Inner { deep: u8 }
impl Point { fn new() -> Point { todo!() } pub fn norm(&self) -> f32 { 0.0 } const ZERO: u8 = 0; }
impl std::fmt::Display for Point { fn fmt(&self) {} }
enum Color { Red, Green(u8) }
mod shapes { pub fn area() {} pub struct Circle; }
use std::collections::{HashMap, BTreeMap as Tree, hash_map::*};
let p: crate::Point = todo!();
";

    fn names_in(module: &str) -> Vec<String> {
        let names = members(CODE).into_iter();
        names.filter(|name| name.module == module).map(|name| name.name).collect()
    }

    #[test]
    fn members_are_found() {
        assert_eq!(names_in(".Point"), ["x", "y", "at", "norm", "fmt"]);
        assert_eq!(names_in("Point"), ["new", "ZERO"]);
        assert_eq!(names_in("Color"), ["Red", "Green"]);
        assert_eq!(names_in("shapes"), ["area", "Circle"]);
        assert_eq!(names_in(""), ["HashMap", "Tree"]);
    }

    #[test]
    fn types_are_followed_through_fields() {
        let variable = name("", "p", "instance", "let p: &mut crate::Point".into());
        let members = members(CODE);
        let names: Vec<&Name> = members.iter().chain([&variable]).collect();
        assert_eq!(type_of("p", &names).as_deref(), Some("Point"));
        assert_eq!(type_of("p.at", &names).as_deref(), Some("Inner"));
        assert_eq!(type_of("p.at.deep", &names).as_deref(), Some("u8"));
        assert_eq!(type_of("p.none", &names), None);
        assert_eq!(type_of("q", &names), None);
        assert_eq!(base("Vec<Point>").as_deref(), Some("Vec"));
        assert_eq!(base("").as_deref(), None);
    }

    #[test]
    fn words_of_a_cell_are_found() {
        let code = "let (mut a, b) = f(c);\nfn go(d: u8) {}\nstruct 形;\nlet rate: f32 = x;\nfor i in 0..n {}\nconst K: u8 = 1;";
        let words: Vec<String> = words(code).into_iter().map(|name| name.name).collect();
        assert_eq!(words, ["a", "b", "go", "形", "rate", "i", "K"]);
    }
}
