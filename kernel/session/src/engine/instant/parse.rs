//! A cell's text, cut into commands, items, imports, statements and its last expression.
//!
//! Pure: no compiler, no state. Positions are kept, so that the generated source can put every
//! piece back where an error message will find it.

use std::collections::BTreeSet;

use ra_ap_syntax::ast::{self, HasName};
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode};

use super::awaits::awaits;
use super::head::{Command, blank_head};
use super::mentions::{Reader, assigned, bindings, mentions};
use super::questions::questions;
use super::shape::Shape;
use super::statics::{Site, sites};
use super::words::words;
use crate::engine::syntax::{self, Tree};

/// The error of a text that is no list of statements. The compiler has the words for what is wrong.
#[derive(Debug)]
pub struct Broken {
    /// The text, with spaces in the place of its commands.
    pub code: String,
}

/// A cell, cut up.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Lines that begin with `:` or `!`, in order, before all code.
    pub commands: Vec<Piece>,
    /// `#![..]` attributes.
    pub attributes: Vec<Piece>,
    pub items: Vec<Item>,
    pub statements: Vec<Statement>,
    /// The last expression without a semicolon, whose value is displayed.
    pub tail: Option<Piece>,
    /// Names that statements and the tail mention.
    pub mentions: BTreeSet<String>,
    /// Mentioned names that may be variables of earlier cells: the cell has not bound them before.
    pub reads: BTreeSet<String>,
    /// Names in patterns, which bind them unless they are constants or variants.
    pub bindings: BTreeSet<String>,
    /// Variables to which statements assign.
    pub assigned: BTreeSet<String>,
    /// Whether the cell awaits something outside of functions, closures and `async` blocks.
    pub is_async: bool,
}

/// Text with the place where it stands in its cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// How many lines stand before the piece.
    pub line: u32,
    /// How many characters stand before the piece in its line.
    pub column: u32,
}

#[derive(Debug)]
pub struct Statement {
    pub piece: Piece,
    /// Variables that the statement brings into scope.
    pub variables: Vec<Variable>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub is_mut: bool,
    /// Whether the variable is bound to a closure expression, whose type has no name.
    pub is_closure: bool,
}

/// A piece of code that later cells see too.
#[derive(Debug, Clone)]
pub struct Item {
    pub piece: Piece,
    /// Items with the same key replace each other.
    pub key: ItemKey,
    /// Names by which code may refer to the item. An item without names belongs in every cell.
    pub names: BTreeSet<String>,
    /// Names that the item mentions.
    pub mentions: BTreeSet<String>,
    /// The part of the item that the layout of a type can depend on.
    pub shape: Shape,
    /// The statics with state that the item declares.
    pub statics: Vec<Site>,
    /// The offsets of the `?` in the item's functions.
    pub questions: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKey {
    Type(String),
    Value(String),
    Macro(String),
    Import(String),
    /// `impl Trait for Type`, by its head.
    TraitImpl(String),
    /// `impl Type`, by its head and what it defines.
    InherentImpl(String, BTreeSet<String>),
    /// Anything else, by its text.
    Other(String),
}

impl ItemKey {
    /// The one name that the item defines; none for an implementation and the like.
    pub fn name(&self) -> Option<&str> {
        match self {
            ItemKey::Type(name)
            | ItemKey::Value(name)
            | ItemKey::Macro(name)
            | ItemKey::Import(name) => Some(name),
            ItemKey::TraitImpl(_) | ItemKey::InherentImpl(..) | ItemKey::Other(_) => None,
        }
    }

    /// Whether an item with this key takes the place of one with the other.
    pub fn replaces(&self, old: &ItemKey) -> bool {
        match (self, old) {
            (ItemKey::InherentImpl(head, names), ItemKey::InherentImpl(old_head, old_names)) => {
                head == old_head && !names.is_disjoint(old_names)
            }
            // An import may bring in a type, a value, or both, as a tuple struct is.
            (ItemKey::Import(name), ItemKey::Type(old) | ItemKey::Value(old)) => name == old,
            (ItemKey::Type(name) | ItemKey::Value(name), ItemKey::Import(old)) => name == old,
            (new, old) => new == old,
        }
    }
}

impl Piece {
    /// The line and the column of a byte of the text, each as the piece counts them.
    pub fn place(&self, at: usize) -> (u32, u32) {
        let before = self.text.get(..at).unwrap_or_default();
        let lines = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX);
        let last = before.rsplit('\n').next().unwrap_or_default();
        let columns = u32::try_from(last.chars().count()).unwrap_or(u32::MAX);
        (self.line + lines, if lines == 0 { self.column + columns } else { columns })
    }
}

impl Parsed {
    /// Whether there is nothing to compile.
    pub fn has_no_code(&self) -> bool {
        !self.has_statements() && self.items.is_empty() && self.attributes.is_empty()
    }

    /// Whether the cell does something, and does not only define items.
    pub fn has_statements(&self) -> bool {
        !self.statements.is_empty() || self.tail.is_some()
    }
}

/// Cuts up a cell.
pub fn parse(code: &str) -> Result<Parsed, Broken> {
    let mut parsed = Parsed::default();
    // The compiler reads `\r\n` as `\n` everywhere; the parser keeps it inside of string literals.
    let mut commands = Vec::new();
    let mut code = blank_head(&code.replace("\r\n", "\n"), &mut commands);
    let piece = |it: Command| Piece { text: it.text, line: it.line, column: 0 };
    parsed.commands = commands.into_iter().map(piece).collect();
    let mut tree = Tree::parse(&code);
    if tree.has_errors()
        && let Some(ended) = syntax::with_last_semicolon(&code)
    {
        (tree, code) = (Tree::parse(&ended), ended);
    }
    let Some(list) = tree.statements().filter(|_| !tree.has_errors()) else {
        return Err(Broken { code });
    };
    let cutter = Cutter { code: &code };
    let tail = list.tail_expr();
    let mut reader = Reader::default();
    parsed.is_async = awaits(list.syntax());
    parsed.bindings = bindings(list.syntax());
    parsed.assigned = assigned(list.syntax());
    let mut is_cut = false;
    for node in list.syntax().children() {
        if let Some(item) = ast::Item::cast(node.clone()) {
            cutter.item(item, &mut reader, &mut parsed);
        } else if is_cut {
            continue;
        } else if ast::Attr::can_cast(node.kind()) {
            parsed.attributes.push(cutter.piece(&node));
        } else if tail.as_ref().is_some_and(|tail| tail.syntax() == &node) {
            parsed.mentions.extend(mentions(&node));
            reader.statement(&node);
            cutter.tail(&node, &mut parsed);
        } else {
            is_cut = cutter.statement(&node, &mut reader, &mut parsed);
        }
    }
    parsed.reads = reader.read;
    Ok(parsed)
}

struct Cutter<'a> {
    code: &'a str,
}

impl Cutter<'_> {
    fn piece(&self, node: &SyntaxNode) -> Piece {
        let start = syntax::cell_offset(node.text_range().start());
        let before = &self.code[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Piece {
            text: node.text().to_string(),
            line: u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX),
            column: u32::try_from(before[line_start..].chars().count()).unwrap_or(u32::MAX),
        }
    }

    /// Takes in a statement; returns whether the statements after it are to be left out.
    fn statement(&self, node: &SyntaxNode, reader: &mut Reader, parsed: &mut Parsed) -> bool {
        // Code after a blank never runs, and seldom compiles without the blank's type. The learner
        // is to see «not yet implemented» and no compile error, so that code is left out.
        let blank = blank_of(node);
        let shown = blank.as_ref().unwrap_or(node);
        let variables = match ast::LetStmt::cast(shown.clone()) {
            Some(statement) => variables(&statement),
            None => Vec::new(),
        };
        parsed.mentions.extend(mentions(shown));
        reader.statement(shown);
        parsed.statements.push(Statement { piece: self.piece(shown), variables });
        blank.is_some()
    }

    fn tail(&self, node: &SyntaxNode, parsed: &mut Parsed) {
        let piece = self.piece(node);
        if has_no_value(node) {
            parsed.statements.push(Statement { piece, variables: Vec::new() });
        } else {
            parsed.tail = Some(piece);
        }
    }

    fn item(&self, item: ast::Item, reader: &mut Reader, parsed: &mut Parsed) {
        let node = item.syntax().clone();
        let piece = self.piece(&node);
        let name = |name: Option<ast::Name>| name.map(|name| name.text().to_string());
        let keyed = match &item {
            ast::Item::Struct(it) => name(it.name()).map(ItemKey::Type),
            ast::Item::Enum(it) => name(it.name()).map(ItemKey::Type),
            ast::Item::Union(it) => name(it.name()).map(ItemKey::Type),
            ast::Item::TypeAlias(it) => name(it.name()).map(ItemKey::Type),
            ast::Item::Trait(it) => name(it.name()).map(ItemKey::Type),
            ast::Item::Module(it) => name(it.name()).map(ItemKey::Type),
            ast::Item::Fn(it) => name(it.name()).map(ItemKey::Value),
            ast::Item::Const(it) => name(it.name()).map(ItemKey::Value),
            ast::Item::Static(it) => name(it.name()).map(ItemKey::Value),
            ast::Item::MacroRules(it) => name(it.name()).map(ItemKey::Macro),
            ast::Item::Impl(it) => Some(impl_key(it)),
            ast::Item::Use(it) => return self.imports(it, &piece, parsed),
            ast::Item::MacroCall(_) => {
                parsed.mentions.extend(mentions(&node));
                reader.statement(&node);
                parsed.statements.push(Statement { piece, variables: Vec::new() });
                return;
            }
            _ => None,
        };
        let key = keyed.unwrap_or_else(|| ItemKey::Other(piece.text.clone()));
        let names = names(&item, &key);
        let mut mentions = mentions(&node);
        mentions.extend(bindings(&node));
        let (shape, statics, questions) = (Shape::of(&node), sites(&node), questions(&node));
        parsed.items.push(Item { piece, key, names, mentions, shape, statics, questions });
    }

    /// Makes one item per name, so that a later import of one name replaces only that item.
    fn imports(&self, item: &ast::Use, piece: &Piece, parsed: &mut Parsed) {
        let Some(tree) = item.use_tree() else { return };
        let mut leaves = Vec::new();
        use_leaves(&tree, "", &mut leaves);
        let before = item.use_token().map(|token| token.text_range().start());
        let length = before.map_or(0, |it| usize::from(it - item.syntax().text_range().start()));
        let attributes = piece.text.get(..length).unwrap_or_default();
        for (path, bound) in leaves {
            let key = match &bound {
                Some(name) => ItemKey::Import(name.clone()),
                None => ItemKey::Other(path.clone()),
            };
            let text = if attributes.contains('#') || attributes.contains("pub") {
                format!("{attributes}use {path};")
            } else {
                format!("use {path};")
            };
            let mentions: BTreeSet<String> = words(&path).collect();
            let shape = Shape::of_import(&text, &path);
            parsed.items.push(Item {
                piece: Piece { text, ..piece.clone() },
                key,
                names: bound.into_iter().collect(),
                mentions,
                shape,
                statics: Vec::new(),
                questions: Vec::new(),
            });
        }
    }
}

/// The paths that a `use` tree stands for, each with the name it binds (none for `*` and `_`).
fn use_leaves(tree: &ast::UseTree, prefix: &str, out: &mut Vec<(String, Option<String>)>) {
    let path = tree.path().map(|path| path.syntax().text().to_string()).unwrap_or_default();
    let full = match (prefix.is_empty(), path.is_empty()) {
        (true, _) => path.clone(),
        (false, true) => prefix.to_owned(),
        (false, false) => format!("{prefix}::{path}"),
    };
    if let Some(list) = tree.use_tree_list() {
        for child in list.use_trees() {
            use_leaves(&child, &full, out);
        }
    } else if tree.star_token().is_some() {
        out.push((if full.is_empty() { "*".to_owned() } else { format!("{full}::*") }, None));
    } else if let Some(rename) = tree.rename() {
        let bound = rename.name().map(|name| name.text().to_string());
        let shown = bound.clone().unwrap_or_else(|| "_".to_owned());
        out.push(match path == "self" && !prefix.is_empty() {
            true => (format!("{prefix}::{{self as {shown}}}"), bound),
            false => (format!("{full} as {shown}"), bound),
        });
    } else if path == "self" {
        let bound = prefix.rsplit("::").next().map(str::to_owned);
        out.push((format!("{prefix}::{{self}}"), bound));
    } else {
        let bound = full.rsplit("::").next().map(str::to_owned);
        out.push((full, bound));
    }
}

fn impl_key(item: &ast::Impl) -> ItemKey {
    let text =
        |ty: Option<ast::Type>| ty.map(|ty| ty.syntax().text().to_string()).unwrap_or_default();
    let type_text = text(item.self_ty());
    match item.trait_() {
        Some(of) => ItemKey::TraitImpl(format!("{} for {type_text}", of.syntax().text())),
        None => ItemKey::InherentImpl(type_text, member_names(item.syntax())),
    }
}

/// Names of the functions, constants and types directly inside an `impl` or a `trait`.
fn member_names(node: &SyntaxNode) -> BTreeSet<String> {
    node.descendants()
        .filter(|it| {
            it.parent().is_some_and(|up| {
                up.kind() == SyntaxKind::ASSOC_ITEM_LIST && up.parent().as_ref() == Some(node)
            })
        })
        .filter_map(|it| it.children().find_map(ast::Name::cast))
        .map(|it| it.text().to_string())
        .collect()
}

fn names(item: &ast::Item, key: &ItemKey) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    names.extend(key.name().map(str::to_owned));
    // Code that mentions the type or the trait of an impl may need the impl.
    if let ItemKey::TraitImpl(head) | ItemKey::InherentImpl(head, _) = key {
        names.extend(words(head));
    }
    if let ast::Item::Trait(it) = item {
        // A call mentions the method, and the trait nowhere.
        names.extend(member_names(it.syntax()));
    }
    names
}

fn variables(statement: &ast::LetStmt) -> Vec<Variable> {
    let Some(pat) = statement.pat() else { return Vec::new() };
    let is_closure = matches!(statement.initializer(), Some(ast::Expr::ClosureExpr(_)))
        && statement.ty().is_none();
    let mut found = Vec::new();
    for binding in pat.syntax().descendants().filter_map(ast::IdentPat::cast) {
        let Some(name) = binding.name().map(|name| name.text().to_string()) else { continue };
        // In a refutable pattern an upper-case name is a constant or a variant, such as `None`; in
        // one that always matches it is a variable: `let W = ..`.
        let is_constant = statement.let_else().is_some() && name.starts_with(char::is_uppercase);
        if is_constant || found.iter().any(|variable: &Variable| variable.name == name) {
            continue;
        }
        found.push(Variable { name, is_mut: binding.mut_token().is_some(), is_closure });
    }
    found
}

/// The `todo!()` of `let y = todo!();`, the blank of an exercise.
fn blank_of(node: &SyntaxNode) -> Option<SyntaxNode> {
    let statement = ast::LetStmt::cast(node.clone()).filter(|it| it.ty().is_none())?;
    let Some(ast::Expr::MacroExpr(blank)) = statement.initializer() else { return None };
    let path = blank.macro_call()?.path()?.syntax().text().to_string();
    matches!(path.as_str(), "todo" | "unimplemented").then(|| blank.syntax().clone())
}

/// Whether the last expression of a cell has no value to display, such as a loop or `println!`.
/// Displaying `()` would compile code for nothing, and `!` could not be displayed.
fn has_no_value(node: &SyntaxNode) -> bool {
    const STATEMENT_MACROS: &[&str] = &[
        "print",
        "println",
        "eprint",
        "eprintln",
        "show",
        "assert",
        "assert_eq",
        "assert_ne",
        "debug_assert",
        "panic",
        "todo",
        "unimplemented",
        "unreachable",
    ];
    match ast::Expr::cast(node.clone()) {
        Some(ast::Expr::MacroExpr(it)) => {
            it.macro_call().and_then(|it| it.path()).is_some_and(|path| {
                STATEMENT_MACROS.contains(&path.syntax().text().to_string().as_str())
            })
        }
        Some(ast::Expr::LoopExpr(it)) => {
            let mut breaks = it.syntax().descendants().filter_map(ast::BreakExpr::cast);
            !breaks.any(|it| it.expr().is_some())
        }
        Some(ast::Expr::ForExpr(_) | ast::Expr::WhileExpr(_) | ast::Expr::ReturnExpr(_)) => true,
        Some(ast::Expr::BinExpr(it)) => {
            matches!(it.op_kind(), Some(ast::BinaryOp::Assignment { .. }))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
