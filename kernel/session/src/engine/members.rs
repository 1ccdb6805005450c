//! Names that code itself tells of: fields, methods and variants of the types in it, what it imports,
//! and what it binds. They are there without the analyser, also for a cell that never ran.
//!
//! `names` gives the code when a client asks, so that a cell that runs pays nothing for this.

use ra_ap_parser::LexedStr;
use ra_ap_syntax::ast::{self, HasAttrs, HasDocComments, HasModuleItem, HasName};
use ra_ap_syntax::{AstNode, Edition, SourceFile, SyntaxKind};

use super::name::{EXAMPLE, ITEM, Name, TARGET, TRAIT, of_values};

/// Macros that make a type a model, by the end of their names, and the traits that it gets.
const MODELS: (&str, [&str; 2]) = ("model", ["Layer", "Module"]);

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

/// The items that are defined in the code, their members, and what it imports.
pub fn members(code: &str) -> Vec<Name> {
    let file = SourceFile::parse(code, Edition::Edition2024).tree();
    let mut names: Vec<Name> = code.lines().filter_map(dependency).collect();
    for node in file.syntax().descendants() {
        if let Some(call) = ast::MacroCall::cast(node.clone()) {
            model(&call, &mut names);
        }
        let Some(item) = ast::Item::cast(node) else { continue };
        match item {
            ast::Item::Struct(it) => {
                class(&it, &mut names);
                fields(&it, &mut names);
            }
            ast::Item::Enum(it) => {
                class(&it, &mut names);
                variants(&it, &mut names);
            }
            ast::Item::Trait(it) => {
                class(&it, &mut names);
                let list = it.assoc_item_list();
                let owner = it.name().map(|it| it.text().to_string()).unwrap_or_default();
                associated(&owner, list, &mut names);
            }
            ast::Item::Impl(it) => block(&it, &mut names),
            ast::Item::Module(it) => contents(&it, &mut names),
            ast::Item::Use(it) => imports(&it, &mut names),
            ast::Item::Fn(it) if is_at_the_top(&it) => {
                if let Some(own) = it.name() {
                    push(&mut names, "", own.text(), "function", head(&it), &it);
                }
            }
            _ => {}
        }
    }
    names
}

/// The crate that a `:dep` line names.
fn dependency(line: &str) -> Option<Name> {
    let rest = line.strip_prefix(":dep ")?.trim_start();
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')?;
    let own = rest[..end].replace('-', "_");
    Some(name("", &own, "module", format!("crate {own}"))).filter(|it| !it.name.is_empty())
}

/// Whether an item stands in no type, trait or module.
fn is_at_the_top(it: &impl AstNode) -> bool {
    let around = it.syntax().ancestors().skip(1);
    !around.into_iter().any(|node| ast::Item::can_cast(node.kind()))
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

fn push(
    names: &mut Vec<Name>,
    module: &str,
    own: &str,
    kind: &'static str,
    detail: String,
    told: &impl HasDocComments,
) {
    let lines = told.doc_comments().filter_map(|it| Some(it.doc_comment()?.0.trim().to_owned()));
    let documentation = lines.collect::<Vec<_>>().join("\n");
    names.push(Name { documentation, ..name(module, own, kind, detail) });
}

/// A type or a trait: its head, and the traits that it derives.
fn class<T: HasDocComments + HasName + HasAttrs>(it: &T, names: &mut Vec<Name>) {
    let Some(own) = it.name().filter(|_| is_at_the_top(it)) else { return };
    let text = it.syntax().descendants_with_tokens();
    let skipped = [SyntaxKind::ATTR, SyntaxKind::COMMENT];
    let start = text.skip(1).find(|it| {
        !skipped.contains(&it.kind())
            && !it.kind().is_trivia()
            && !it.parent().is_some_and(|it| it.ancestors().any(|it| it.kind() == SyntaxKind::ATTR))
    });
    let begin =
        start.map_or_else(|| it.syntax().text_range().start(), |it| it.text_range().start());
    let offset = usize::from(begin - it.syntax().text_range().start());
    let whole = it.syntax().text().to_string();
    let body = whole.get(offset..).unwrap_or_default();
    let end = body.find(['{', ';']).unwrap_or(body.len());
    push(names, "", own.text(), "class", body[..end].trim().to_owned(), it);
    for attribute in it.attrs() {
        let text = attribute.syntax().text().to_string();
        if let Some((_, list)) = text.split_once("derive(") {
            for derived in list.trim_end_matches([')', ']']).split(',') {
                let derived = derived.trim();
                names.push(name(&of_values(own.text()), TRAIT, "", derived.to_owned()));
            }
        }
    }
}

fn fields(it: &ast::Struct, names: &mut Vec<Name>) {
    let Some(owner) = it.name() else { return };
    let module = of_values(owner.text());
    match it.field_list() {
        Some(ast::FieldList::RecordFieldList(list)) => {
            for field in list.fields() {
                if let (Some(own), Some(ty)) = (field.name(), field.ty()) {
                    let detail = format!("{}: {}", own.text(), ty.syntax().text());
                    push(names, &module, own.text(), "property", detail, &field);
                }
            }
        }
        Some(ast::FieldList::TupleFieldList(list)) => {
            for (at, ty) in list.fields().filter_map(|it| it.ty()).enumerate() {
                let detail = format!("{at}: {}", ty.syntax().text());
                names.push(name(&module, &at.to_string(), "property", detail));
            }
        }
        None => {}
    }
}

fn variants(it: &ast::Enum, names: &mut Vec<Name>) {
    let (Some(owner), Some(list)) = (it.name(), it.variant_list()) else { return };
    for variant in list.variants() {
        if let Some(own) = variant.name() {
            let text = variant.syntax().text().to_string();
            let detail = text.find(own.text().to_string().as_str()).map_or("", |at| &text[at..]);
            push(names, owner.text(), own.text(), "class", detail.to_owned(), &variant);
        }
    }
}

fn block(it: &ast::Impl, names: &mut Vec<Name>) {
    let owner = it.self_ty().and_then(|ty| base(&ty.syntax().text().to_string()));
    let Some(owner) = owner else { return };
    if let Some(of_trait) = it.trait_().and_then(|ty| base(&ty.syntax().text().to_string())) {
        let module = of_values(&owner);
        let types = it.assoc_item_list().into_iter().flat_map(|list| list.assoc_items());
        for item in types {
            if let ast::AssocItem::TypeAlias(it) = item
                && let Some(ty) = it.ty()
            {
                let fact = match it.name().map(|it| it.text().to_string()).as_deref() {
                    Some("Item") if of_trait == "Dataset" => EXAMPLE,
                    Some("Item") => ITEM,
                    Some("Target") => TARGET,
                    _ => continue,
                };
                names.push(name(&module, fact, "", format!("type: {}", ty.syntax().text())));
            }
        }
        // `fmt` and `drop` are not for calling.
        if matches!(of_trait.as_str(), "Display" | "Debug" | "Drop") {
            return;
        }
        names.push(name(&module, TRAIT, "", of_trait));
    }
    associated(&owner, it.assoc_item_list(), names);
}

fn associated(owner: &str, list: Option<ast::AssocItemList>, names: &mut Vec<Name>) {
    for item in list.into_iter().flat_map(|list| list.assoc_items()) {
        match &item {
            ast::AssocItem::Fn(it) => {
                let Some(own) = it.name() else { continue };
                let is_method = it.param_list().is_some_and(|list| list.self_param().is_some());
                let module = if is_method { of_values(owner) } else { owner.to_owned() };
                push(names, &module, own.text(), "function", head(it), it);
            }
            ast::AssocItem::Const(it) => {
                let Some(own) = it.name() else { continue };
                let ty = it.ty().map(|ty| ty.syntax().text().to_string()).unwrap_or_default();
                push(
                    names,
                    owner,
                    own.text(),
                    "instance",
                    format!("const {}: {ty}", own.text()),
                    it,
                );
            }
            _ => {}
        }
    }
}

/// `nn::model!(Net { .. })` makes `Net` a layer.
fn model(call: &ast::MacroCall, names: &mut Vec<Name>) {
    let last = call.path().and_then(|it| it.segment()?.name_ref());
    if last.is_none_or(|it| it.text() != MODELS.0) {
        return;
    }
    let tokens = call.token_tree().map(|it| it.syntax().text().to_string()).unwrap_or_default();
    let inner = tokens.trim_start_matches(['(', '{', '[']).trim_start();
    let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
    for of_trait in MODELS.1 {
        names.push(name(&of_values(&inner[..end]), TRAIT, "", of_trait.to_owned()));
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
    let start = it.fn_token().map_or(0, |token| {
        usize::from(token.text_range().start() - it.syntax().text_range().start())
    });
    let text = text.get(start..).unwrap_or_default();
    text.split('{').next().unwrap_or_default().trim().trim_end_matches(';').trim().to_owned()
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
        assert_eq!(names_in(".Point"), ["x", "y", "at", "norm"]);
        assert_eq!(names_in("Point"), ["new", "ZERO"]);
        assert_eq!(names_in("Color"), ["Red", "Green"]);
        assert_eq!(names_in("shapes"), ["area", "Circle"]);
        assert_eq!(names_in(""), ["Point", "Inner", "Color", "HashMap", "Tree"]);
    }

    #[test]
    fn facts_of_types_are_told() {
        let code = ":dep half-way = \"1\"\n/// A net.\n#[derive(Clone, Debug)]\npub struct Net<L> { a: L }\nnn::model!(Net { a });\nimpl Iterator for Net { type Item = u8; }\nstruct Pair(f32, pub u8);\nenum Shape { /// round\n Circle(f32) }\nasync fn go<T>(x: T) -> u8 { 1 }";
        let names = members(code);
        let details = |module: &str, name: &str| -> Vec<&str> {
            let found = names.iter().filter(|it| it.module == module && it.name == name);
            found.map(|it| it.detail.as_str()).collect()
        };
        assert_eq!(details("", "Net"), ["pub struct Net<L>"]);
        assert_eq!(details(".Net", TRAIT), ["Clone", "Debug", "Layer", "Module", "Iterator"]);
        assert_eq!(details(".Net", ITEM), ["type: u8"]);
        assert_eq!(details(".Pair", "1"), ["1: u8"]);
        assert_eq!(details("Shape", "Circle"), ["Circle(f32)"]);
        assert_eq!(details("", "half_way"), ["crate half_way"]);
        assert_eq!(details("", "go"), ["fn go<T>(x: T) -> u8"]);
        assert!(names.iter().any(|it| it.name == "Net" && it.documentation == "A net."));
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
