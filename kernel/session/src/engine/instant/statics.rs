//! Statics that live on from cell to cell.
//!
//! Pure. The library of the cell that defines a static exports it under a symbol; the libraries of
//! later cells declare that symbol in place of a static of their own. `thread_local!` and
//! `lazy_static!` make statics too: theirs are reached through a static beside the macro's call.

use std::collections::BTreeMap;
use std::ops::Range;

use ra_ap_syntax::ast::{self, HasAttrs, HasGenericArgs, HasName, HasVisibility};
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, T, TextRange};
use sha2::{Digest, Sha256};

use super::plain::is_plain;
use super::stamp::Stamp;
use crate::engine::syntax::{Tree, cell_offset};

/// A place in an item's text that declares statics with state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The bytes of the declaration in the item's text.
    pub range: Range<usize>,
    /// The site's name, of which and of an instance the symbols of its statics are made.
    pub base: String,
    /// The text that names all types on which the statics' layout depends.
    pub types: String,
    kind: Kind,
    declared: Vec<Declared>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Static,
    ThreadLocal,
    Lazy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Declared {
    visibility: String,
    name: String,
    type_text: String,
    is_mut: bool,
}

/// Where the statics of a site live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Each run of the cell that defines a static makes another one.
    pub instance: u32,
    /// What the types depended on when the statics were made.
    pub stamp: Stamp,
    /// The generation of the cell that made the statics.
    pub generation: usize,
}

/// The statics of a session.
#[derive(Debug, Clone, Default)]
pub struct Homes {
    /// Where statics live, by their sites' names.
    pub known: BTreeMap<String, Home>,
    /// How many instances of a site there have been.
    pub instances: BTreeMap<String, u32>,
}

/// The instance of a site: the site's name and a number.
pub type Instance = (String, u32);

/// What a source does with statics that live on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statics {
    pub defines: Vec<Instance>,
    pub uses: Vec<Instance>,
}

/// What stands at a site in a source.
#[derive(Debug, PartialEq, Eq)]
pub enum Form {
    /// A line of its own before the declaration.
    Before(String),
    /// A line of its own behind the declaration.
    Behind(String),
    /// A text in place of the declaration.
    Instead(String),
}

impl Homes {
    /// The instance that code is to use; none if the code's own library is to define one.
    pub fn instance(&self, site: &Site) -> Option<Instance> {
        self.known.get(&site.base).map(|home| (site.base.clone(), home.instance))
    }

    /// The instance that a library defines next.
    pub fn next_instance(&self, site: &Site) -> Instance {
        (site.base.clone(), self.instances.get(&site.base).copied().unwrap_or(0) + 1)
    }

    /// Notes that the library of a cell that came to its end defines the statics of a site.
    pub fn adopt(&mut self, (base, instance): Instance, stamp: Stamp, generation: usize) {
        self.instances.insert(base.clone(), instance);
        self.known.insert(base, Home { instance, stamp, generation });
    }
}

impl Site {
    /// The names by which code refers to the statics.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.declared.iter().map(|it| it.name.as_str())
    }

    /// The site in a source whose library defines the statics.
    pub fn definition(&self, instance: &Instance) -> Form {
        let exported = self.declared.iter().zip(0..).map(|(it, number)| {
            let Declared { name, type_text, .. } = it;
            let export = format!("{EXPORT}_{}\")]", symbol(instance, number));
            match self.kind {
                Kind::Static => export,
                Kind::ThreadLocal => format!(
                    "{export} static __AKARI_STATIC_{number}: &'static ::std::thread::LocalKey<{type_text}> = &{name};"
                ),
                Kind::Lazy => format!(
                    "{export} static __AKARI_STATIC_{number}: fn() -> &'static ({type_text}) = || &*{name};"
                ),
            }
        });
        let exported: Vec<String> = exported.collect();
        match self.kind {
            Kind::Static => Form::Before(exported.join(" ")),
            // The names must not meet those of another site.
            Kind::ThreadLocal | Kind::Lazy => {
                Form::Behind(format!("const _: () = {{ {} }};", exported.join(" ")))
            }
        }
    }

    /// The site in a source whose library finds the statics in another one.
    pub fn declaration(&self, instance: &Instance) -> Form {
        let declared = self.declared.iter().zip(0..).map(|(it, number)| {
            let Declared { visibility, name, is_mut, .. } = it;
            let type_text = with_lifetimes(&it.type_text);
            let link = format!("{EXTERN}{}\"]", symbol(instance, number));
            match self.kind {
                Kind::Static if *is_mut => {
                    format!("{link} {visibility} static mut {name}: {type_text}; }}")
                }
                Kind::Static => format!("{link} {visibility} safe static {name}: {type_text}; }}"),
                Kind::ThreadLocal => format!(
                    "{link} {visibility} safe static {name}: &'static ::std::thread::LocalKey<{type_text}>; }}"
                ),
                Kind::Lazy => format!(
                    "#[allow(non_camel_case_types)] {visibility} struct {name} {{ __akari: () }} \
                     {visibility} static {name}: {name} = {name} {{ __akari: () }}; \
                     impl ::std::ops::Deref for {name} {{ type Target = {type_text}; \
                     fn deref(&self) -> &Self::Target {{ \
                     {link} safe static AT: fn() -> &'static ({type_text}); }} AT() }} }}"
                ),
            }
        });
        Form::Instead(declared.collect::<Vec<String>>().join(" "))
    }
}

/// The type of a static with `'static` where it may be left out: a declaration of a foreign static
/// must have it.
fn with_lifetimes(type_text: &str) -> String {
    if !type_text.contains('&') && !type_text.contains("Cow") {
        return type_text.to_owned();
    }
    let beginning = "type T=";
    let tree = Tree::parse(&format!("{beginning}{type_text};"));
    // A function's own types have lifetimes of their own.
    let is_free = |node: &SyntaxNode| {
        let mut around = node.ancestors().map(|it| it.kind());
        !around.any(|kind| {
            matches!(kind, SyntaxKind::FN_PTR_TYPE | SyntaxKind::PARENTHESIZED_ARG_LIST)
        })
    };
    let mut places = Vec::new();
    for node in tree.root().descendants().filter(is_free) {
        if let Some(reference) = ast::RefType::cast(node.clone()) {
            let after = reference.amp_token().filter(|_| reference.lifetime().is_none());
            places.extend(after.map(|it| (it.text_range().end(), "'static ")));
        } else if let Some(segment) = ast::PathSegment::cast(node) {
            let is_cow = segment.name_ref().is_some_and(|name| name.text() == "Cow");
            let list = segment.generic_arg_list().filter(|_| is_cow);
            let has_none = |it: &ast::GenericArgList| it.lifetime_args().next().is_none();
            let after = list.filter(has_none).and_then(|it| it.l_angle_token());
            places.extend(after.map(|it| (it.text_range().end(), "'static, ")));
        }
    }
    let mut text = type_text.to_owned();
    places.sort();
    for (at, lifetime) in places.into_iter().rev() {
        let at = cell_offset(at).saturating_sub(beginning.len());
        if text.is_char_boundary(at) {
            text.insert_str(at, lifetime);
        }
    }
    text
}

/// How a declaration in generated source begins.
pub const EXTERN: &str = "unsafe extern \"C\" { #[link_name = \"akari_static_";

/// How the attribute of a definition in generated source begins; see
/// [`STATIC`](akari_seam::symbol::STATIC).
pub const EXPORT: &str = "#[unsafe(export_name = \"akari_static";

fn symbol((base, instance): &Instance, number: u32) -> String {
    format!("{base}_{instance}_{number}")
}

/// The sites in an item's text; `node` is the item, or the call of a macro that makes items.
pub fn sites(node: &SyntaxNode) -> Vec<Site> {
    let text = node.text().to_string();
    if !text.contains("static") {
        return Vec::new();
    }
    let mut sites = Vec::new();
    for inner in node.descendants() {
        let found = match inner.kind() {
            SyntaxKind::STATIC => ast::Static::cast(inner.clone()).and_then(|it| declared(&it)),
            SyntaxKind::MACRO_CALL => {
                ast::MacroCall::cast(inner.clone()).and_then(|it| declared_in_macro(&it))
            }
            _ => None,
        };
        let Some((kind, declared)) = found else { continue };
        let range = relative(inner.text_range(), node);
        let end = match kind {
            Kind::Static => range.end,
            Kind::ThreadLocal | Kind::Lazy => with_semicolon(&text, range.end),
        };
        let mut types: Vec<String> = declared.iter().map(|it| it.type_text.clone()).collect();
        types.extend(types_beside(&inner, node));
        sites.push(Site {
            range: range.start..end,
            base: base(&text, sites.len()),
            types: types.join(" "),
            kind,
            declared,
        });
    }
    sites
}

/// The sites in the text of a macro's call.
pub fn sites_of_call(text: &str) -> Vec<Site> {
    let call = Tree::parse(text).root().descendants().find_map(ast::MacroCall::cast);
    let is_all = |it: &ast::MacroCall| cell_offset(it.syntax().text_range().start()) == 0;
    let mut sites = call.filter(is_all).map(|it| sites(it.syntax())).unwrap_or_default();
    for site in sites.iter_mut().filter(|site| site.kind != Kind::Static) {
        site.range.end = with_semicolon(text, site.range.end);
    }
    sites
}

fn relative(range: TextRange, node: &SyntaxNode) -> Range<usize> {
    let start = node.text_range().start();
    usize::from(range.start() - start)..usize::from(range.end() - start)
}

fn with_semicolon(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let semicolon = rest.trim_start().starts_with(';');
    if semicolon { end + rest.len() - rest.trim_start().len() + 1 } else { end }
}

fn base(text: &str, index: usize) -> String {
    let digest = format!("{:x}", Sha256::digest(text.as_bytes()));
    format!("{}_{index}", &digest[..12])
}

/// The types that a function with a static in it defines for itself.
fn types_beside(site: &SyntaxNode, item: &SyntaxNode) -> Vec<String> {
    let blocks = site.ancestors().take_while(|it| it != item);
    let blocks = blocks.filter(|it| ast::StmtList::can_cast(it.kind()));
    let types = blocks.flat_map(|it| it.children()).filter(|it| {
        ast::Adt::can_cast(it.kind())
            || matches!(it.kind(), SyntaxKind::TYPE_ALIAS | SyntaxKind::USE)
    });
    types.map(|it| it.text().to_string()).collect()
}

/// A static, if it has state. One of a plain type never changes, so each library may have its own.
fn declared(item: &ast::Static) -> Option<(Kind, Vec<Declared>)> {
    // Other attributes say where the static is, or whether.
    const INERT: &[&str] = &["allow", "expect", "warn", "deny", "doc"];
    let is_inert = |it: ast::Attr| it.simple_name().is_some_and(|it| INERT.contains(&it.as_str()));
    let type_text = item.ty()?.syntax().text().to_string();
    let is_mut = item.mut_token().is_some();
    if !item.attrs().all(is_inert) || !is_mut && is_plain(&type_text) {
        return None;
    }
    item.body()?;
    Some((
        Kind::Static,
        vec![Declared {
            visibility: item
                .visibility()
                .map(|it| it.syntax().text().to_string())
                .unwrap_or_default(),
            name: item.name()?.text().to_string(),
            type_text,
            is_mut,
        }],
    ))
}

/// The statics of a call of `thread_local!` or `lazy_static!`.
fn declared_in_macro(call: &ast::MacroCall) -> Option<(Kind, Vec<Declared>)> {
    let path = call.path()?.syntax().text().to_string();
    let kind = match path.rsplit("::").next()?.trim() {
        "thread_local" => Kind::ThreadLocal,
        "lazy_static" => Kind::Lazy,
        _ => return None,
    };
    let arguments = call.token_tree()?;
    let tokens = arguments.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
    let tokens: Vec<SyntaxToken> = tokens.filter(|it| !it.kind().is_trivia()).collect();
    let mut reader = Reader { rest: tokens.get(1..tokens.len().checked_sub(1)?)? };
    let mut declared = Vec::new();
    while !reader.rest.is_empty() {
        declared.push(reader.declared(kind)?);
    }
    (!declared.is_empty()).then_some((kind, declared))
}

/// Reads the tokens of a macro's arguments: `#[..] pub static ref NAME: T = value;`, many times.
struct Reader<'a> {
    rest: &'a [SyntaxToken],
}

impl Reader<'_> {
    fn declared(&mut self, kind: Kind) -> Option<Declared> {
        while self.takes(T![#]) {
            let attribute = self.until(T![']']);
            if attribute.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with("cfg")) {
                return None;
            }
            self.next()?;
        }
        let visibility = self.until(T![static]);
        self.next()?;
        if kind == Kind::Lazy && !self.takes(T![ref]) {
            return None;
        }
        let name = self.next()?.text().to_owned();
        if !self.takes(T![:]) {
            return None;
        }
        let type_text = self.until(T![=]);
        self.until(T![;]);
        self.takes(T![;]);
        let is_whole = !name.is_empty() && !type_text.is_empty();
        is_whole.then_some(Declared { visibility, name, type_text, is_mut: false })
    }

    fn next(&mut self) -> Option<SyntaxToken> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first.clone())
    }

    fn takes(&mut self, kind: SyntaxKind) -> bool {
        let is_next = self.rest.first().is_some_and(|it| it.kind() == kind);
        if is_next {
            self.next();
        }
        is_next
    }

    /// The text before the next token of a kind that stands in no brackets.
    fn until(&mut self, kind: SyntaxKind) -> String {
        let (mut text, mut depth) = (String::new(), 0i32);
        let mut end = None;
        let mut before = SyntaxKind::EOF;
        while let Some(token) = self.rest.first() {
            let found = token.kind();
            if found == kind && depth <= 0 {
                break;
            }
            // In the type of a static `<` is a bracket. In its value brackets only hide semicolons,
            // and those that stand for «less than» hide none.
            depth += match found {
                T!['('] | T!['['] | T!['{'] => 1,
                T![<] if kind == T![=] => 1,
                T![')'] | T![']'] | T!['}'] => -1,
                T![>] if kind == T![=] && before != T![-] => -1,
                _ => 0,
            };
            if end.is_some_and(|end| end != token.text_range().start()) {
                text.push(' ');
            }
            text.push_str(token.text());
            end = Some(token.text_range().end());
            before = found;
            self.next();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The declarations of an item in a later cell.
    fn declarations(code: &str) -> String {
        let root = Tree::parse(code).root();
        let list = root.descendants().find(|it| it.kind() == SyntaxKind::STMT_LIST);
        let item = list.and_then(|it| it.first_child()).expect("there is an item");
        let sites = sites(&item);
        let forms = sites.iter().map(|site| {
            let Form::Instead(text) = site.declaration(&("b".to_owned(), 3)) else {
                panic!("a declaration stands in place of the static");
            };
            text.replace(&format!("{EXTERN}b_3"), "@").replace("\"]", "")
        });
        forms.collect::<Vec<String>>().join("\n")
    }

    fn check(code: &str, expected: &str) {
        assert_eq!(declarations(code), expected, "{code}");
    }

    #[test]
    fn statics_with_state_are_found_wherever_they_stand() {
        check("static HITS: AtomicU32 = AtomicU32::new(0);", "@_0  safe static HITS: AtomicU32; }");
        check("static mut N: u32 = 0;", "@_0  static mut N: u32; }");
        check("static NAME: &str = \"static\";", "");
        check("#[unsafe(no_mangle)] static HITS: AtomicU32 = AtomicU32::new(0);", "");
        check("macro_rules! m { () => { static HITS: AtomicU32 = AtomicU32::new(0); } }", "");
        check(
            "mod m { pub(crate) static A: Mutex<u8> = Mutex::new(1); fn f() { static B: Once = Once::new(); } }",
            "@_0 pub(crate) safe static A: Mutex<u8>; }\n@_0  safe static B: Once; }",
        );
    }

    #[test]
    fn statics_of_macros_are_found() {
        let local = "&'static ::std::thread::LocalKey";
        check(
            "std::thread_local! { static A: Cell<u8> = const { Cell::new(1) }; pub static B: RefCell<Vec<(u8, u8)>> = RefCell::new(f(1; 2)) }",
            &format!(
                "@_0  safe static A: {local}<Cell<u8>>; }} @_1 pub safe static B: {local}<RefCell<Vec<(u8, u8)>>>; }}"
            ),
        );
        assert!(
            declarations("lazy_static! { static ref A: Box<dyn Fn(u8) -> I<X = u8>> = f(); }")
                .contains("type Target = Box<dyn Fn(u8) -> I<X = u8>>;")
        );
        check("fn f() { thread_local!(#[cfg(unix)] static A: Cell<u8> = 1); }", "");
    }

    #[test]
    fn declaration_takes_the_place_of_the_whole_static() {
        let code = "fn f() { thread_local!(static A: Cell<u8> = x) ; A.get() }";
        let root = Tree::parse(code).root();
        let item =
            root.descendants().filter_map(ast::Fn::cast).nth(1).expect("there is a function");
        let sites = sites(item.syntax());
        assert_eq!(&code[sites[0].range.clone()], "thread_local!(static A: Cell<u8> = x) ;");
    }

    #[test]
    fn semicolon_behind_a_call_goes_with_it() {
        let code = "thread_local!(static A: Cell<u8> = x);";
        assert_eq!(sites_of_call(code)[0].range, 0..code.len());
    }

    #[test]
    fn lifetimes_that_a_static_may_leave_out_are_written() {
        for (text, expected) in [
            ("Mutex<Vec<&str>>", "Mutex<Vec<&'static str>>"),
            ("RwLock<(& mut u8, &'static str)>", "RwLock<(&'static  mut u8, &'static str)>"),
            ("Mutex<fn(&str) -> &str>", "Mutex<fn(&str) -> &str>"),
            ("Mutex<Box<dyn Fn(&str) + Send>>", "Mutex<Box<dyn Fn(&str) + Send>>"),
            ("Mutex<Cow<str>>", "Mutex<Cow<'static, str>>"),
            ("Mutex<u8>", "Mutex<u8>"),
        ] {
            assert_eq!(with_lifetimes(text), expected);
        }
    }

    #[test]
    fn types_of_a_function_are_among_those_that_count() {
        let code = "fn f() { struct S(u64); static A: Mutex<S> = Mutex::new(S(1)); }";
        let root = Tree::parse(code).root();
        let item =
            root.descendants().filter_map(ast::Fn::cast).nth(1).expect("there is a function");
        assert_eq!(sites(item.syntax())[0].types, "Mutex<S> struct S(u64);");
    }
}
