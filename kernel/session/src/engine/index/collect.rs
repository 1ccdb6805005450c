//! Names from rustdoc's JSON: what the prelude exports, and the members of all its types and candle's.
//!
//! A member that values have stands in the module `.Type`, any other in `Type`. Of traits those count that
//! every cell imports: no cell can call the methods of another. What a type gets by an implementation for all
//! types (`into`, `borrow`) is nothing that a learner looks for.

use std::collections::{HashMap, HashSet};

use akari_reports::rustdoc::{
    Crate, Id, Impl, Item, ItemEnum, ItemKind, StructKind, Type, VariantKind, Visibility,
};

use super::docs;
use super::text;
use crate::engine::name::{EXAMPLE, ITEM, ITEM_OF_REFERENCE, Name, TARGET, TRAIT, of_values};

/// How deep modules are read: one that imports itself would never end.
const DEPTH: u32 = 4;

/// The names of the first document's prelude, and of the types in all documents.
pub fn names(documents: &[Crate]) -> Vec<Name> {
    let mut collector = Collector {
        documents: documents.iter().map(Document::of).collect(),
        names: Vec::new(),
        in_scope: HashSet::from(["Clone", "Iterator", "IntoIterator"].map(str::to_owned)),
        owners: HashMap::new(),
        exported: HashMap::new(),
        members: HashSet::new(),
    };
    collector.exports();
    let Some(first) = collector.documents.first() else { return Vec::new() };
    let roots: Vec<Id> = first.items(first.document.root).to_vec();
    let preludes = roots.into_iter().filter(|id| {
        first.document.index.get(id).is_some_and(|item| item.name.as_deref() == Some("prelude"))
    });
    let preludes: Vec<Id> = preludes.collect();
    for id in preludes {
        collector.module(Place { document: 0, id }, "", 0);
    }
    collector.types();
    collector.implementations();
    collector.names
}

/// rustdoc's JSON of one crate.
struct Document<'a> {
    document: &'a Crate,
    by_path: HashMap<&'a [String], Id>,
}

impl<'a> Document<'a> {
    fn of(document: &'a Crate) -> Document<'a> {
        let own = document.paths.iter().filter(|(_, it)| it.crate_id == 0);
        Document { document, by_path: own.map(|(id, it)| (it.path.as_slice(), *id)).collect() }
    }

    fn name(&self) -> &'a str {
        let root = self.document.index.get(&self.document.root);
        root.and_then(|it| it.name.as_deref()).unwrap_or_default()
    }

    fn items(&self, module: Id) -> &'a [Id] {
        match self.document.index.get(&module).map(|it| &it.inner) {
            Some(ItemEnum::Module(module)) => &module.items,
            _ => &[],
        }
    }
}

/// An item, and the document that numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    document: usize,
    id: Id,
}

struct Collector<'a> {
    documents: Vec<Document<'a>>,
    names: Vec<Name>,
    /// The traits that every cell imports.
    in_scope: HashSet<String>,
    /// The types that have members, and the names by which these are found.
    owners: HashMap<Place, String>,
    /// The documentation that stands where a crate exports a name of another crate.
    exported: HashMap<Place, &'a str>,
    /// The members that are known: several blocks of `impl` may have one of a name.
    members: HashSet<(String, String)>,
}

fn named(item: &Item) -> &str {
    item.name.as_deref().unwrap_or_default()
}

fn is_hidden(item: &Item) -> bool {
    item.attrs.iter().any(|it| format!("{it:?}").contains("doc(hidden)"))
}

fn documentation(item: &Item) -> String {
    docs::for_learners(item.docs.as_deref().unwrap_or_default())
}

impl<'a> Collector<'a> {
    /// The item in the document of its own crate, as far as there is one.
    fn home(&self, place: Place) -> Place {
        let document = &self.documents[place.document];
        let Some(summary) = document.document.paths.get(&place.id).filter(|it| it.crate_id != 0)
        else {
            return place;
        };
        let found = self.documents.iter().enumerate().find_map(|(number, it)| {
            let id = *it.by_path.get(summary.path.as_slice())?;
            (summary.path.first().map(String::as_str) == Some(it.name()))
                .then_some(Place { document: number, id })
        });
        found.unwrap_or(place)
    }

    fn item(&self, place: Place) -> Option<&'a Item> {
        self.documents[place.document].document.index.get(&place.id)
    }

    fn module(&mut self, place: Place, path: &str, depth: u32) {
        let items = self.documents[place.document].items(place.id);
        for id in items {
            let place = Place { id: *id, ..place };
            let Some(item) = self.item(place).filter(|it| !is_hidden(it)) else { continue };
            match &item.inner {
                ItemEnum::Use(import) => {
                    let Some(id) = import.id else { continue };
                    let target = self.home(Place { id, ..place });
                    if import.is_glob {
                        self.module(target, path, depth);
                    } else {
                        self.name(target, &import.name, path, depth);
                    }
                }
                _ if item.visibility == Visibility::Public => {
                    self.name(place, named(item), path, depth);
                }
                _ => {}
            }
        }
    }

    /// Reads what is told of names of other crates.
    fn exports(&mut self) {
        for (document, it) in self.documents.iter().enumerate() {
            for item in it.document.index.values() {
                if let (ItemEnum::Use(import), Some(told)) = (&item.inner, &item.docs)
                    && let Some(id) = import.id
                {
                    self.exported.insert(Place { document, id }, told);
                }
            }
        }
    }

    /// Takes in a name, and what stands below it.
    fn name(&mut self, place: Place, name: &str, path: &str, depth: u32) {
        let item = self.item(place);
        let outside = || Some(self.documents[place.document].document.paths.get(&place.id)?.kind);
        let kind = item.map(|item| item.inner.item_kind()).or_else(outside);
        if kind == Some(ItemKind::Trait) && path.is_empty() {
            self.in_scope.insert(item.map_or(name, named).to_owned());
        }
        if name.is_empty() || name.starts_with('_') {
            return;
        }
        let (drawn, detail) = described(name, kind, item);
        let is_macro = kind == Some(ItemKind::Macro);
        let exported = || self.exported.get(&place).map(|it| docs::for_learners(it));
        self.names.push(Name {
            module: path.to_owned(),
            name: if is_macro { format!("{name}!") } else { name.to_owned() },
            kind: drawn.into(),
            detail,
            documentation: item.map(documentation).or_else(exported).unwrap_or_default(),
        });
        if kind == Some(ItemKind::Module) && depth < DEPTH {
            self.module(place, name, depth + 1);
        }
    }

    /// Takes in the members of all types and traits, the prelude's first.
    fn types(&mut self) {
        let mut taken = HashSet::new();
        for document in 0..self.documents.len() {
            let all = &self.documents[document].document.index;
            let mut items: Vec<&Item> = all
                .values()
                .filter(|it| it.crate_id == 0 && it.visibility == Visibility::Public)
                .collect();
            items.sort_by_key(|it| it.id.0);
            for item in items {
                if !matches!(
                    item.inner,
                    ItemEnum::Struct(_)
                        | ItemEnum::Enum(_)
                        | ItemEnum::Union(_)
                        | ItemEnum::Trait(_)
                ) || is_hidden(item)
                {
                    continue;
                }
                let mut owner = named(item).to_owned();
                if !taken.insert(owner.clone()) {
                    // Two types of one name: the second one is known by its crate too.
                    owner = format!("{}::{owner}", self.documents[document].name());
                }
                self.owners.insert(Place { document, id: item.id }, owner.clone());
                self.fields(document, item, &owner);
            }
        }
    }

    /// Takes in a type's fields and variants, and a trait's methods.
    fn fields(&mut self, document: usize, item: &'a Item, owner: &str) {
        let (fields, variants): (&[Id], &[Id]) = match &item.inner {
            ItemEnum::Struct(it) => match &it.kind {
                StructKind::Plain { fields, .. } => (fields, &[]),
                _ => (&[], &[]),
            },
            ItemEnum::Enum(it) => (&[], &it.variants),
            ItemEnum::Trait(it) => {
                for id in &it.items {
                    self.associated(Place { document, id: *id }, None, owner);
                }
                return;
            }
            _ => return,
        };
        for id in fields {
            let Some(field) = self.item(Place { document, id: *id }) else { continue };
            let ItemEnum::StructField(of_type) = &field.inner else { continue };
            if field.visibility != Visibility::Public || is_hidden(field) {
                continue;
            }
            let told = documentation(field);
            let told = docs::default_told(&told);
            let default = told.map(|it| format!(" = {}", it.trim_matches('`'))).unwrap_or_default();
            self.push(
                of_values(owner),
                named(field),
                "property",
                format!("{}: {}{default}", named(field), text::of(of_type)),
                documentation(field),
            );
        }
        for id in variants {
            let Some(variant) = self.item(Place { document, id: *id }) else { continue };
            let ItemEnum::Variant(it) = &variant.inner else { continue };
            let part = |id: &Id| match self.item(Place { document, id: *id }).map(|it| &it.inner) {
                Some(ItemEnum::StructField(of_type)) => text::of(of_type),
                _ => "_".to_owned(),
            };
            let detail = match &it.kind {
                VariantKind::Plain => named(variant).to_owned(),
                VariantKind::Tuple(parts) => {
                    let parts: Vec<String> =
                        parts.iter().map(|it| it.as_ref().map_or("_".to_owned(), part)).collect();
                    format!("{}({})", named(variant), parts.join(", "))
                }
                VariantKind::Struct { fields, .. } => {
                    let names = fields.iter().filter_map(|id| {
                        Some(format!(
                            "{}: {}",
                            named(self.item(Place { document, id: *id })?),
                            part(id)
                        ))
                    });
                    format!("{} {{ {} }}", named(variant), names.collect::<Vec<_>>().join(", "))
                }
            };
            let docs = documentation(variant);
            self.push(owner.to_owned(), named(variant), "class", detail, docs);
        }
    }

    /// Takes in what blocks of `impl` give to types.
    fn implementations(&mut self) {
        for document in 0..self.documents.len() {
            let all = &self.documents[document].document.index;
            let mut items: Vec<&Item> = all.values().filter(|it| it.crate_id == 0).collect();
            items.sort_by_key(|it| it.id.0);
            for item in items {
                if let ItemEnum::Impl(block) = &item.inner
                    && block.blanket_impl.is_none()
                    && !block.is_synthetic
                    && !block.is_negative
                {
                    self.implementation(document, block);
                }
            }
        }
    }

    fn implementation(&mut self, document: usize, block: &'a Impl) {
        let (of_type, is_reference) = match &block.for_ {
            Type::BorrowedRef { type_, .. } => (&**type_, true),
            of_type => (of_type, false),
        };
        let Type::ResolvedPath(path) = of_type else { return };
        let home = self.home(Place { document, id: path.id });
        let Some(owner) = self.owners.get(&home).cloned() else { return };
        let Some(of_trait) = &block.trait_ else {
            for id in &block.items {
                self.associated(Place { document, id: *id }, None, &owner);
            }
            return;
        };
        let trait_name = text::last(&of_trait.path);
        self.targets(document, block, trait_name, &owner, is_reference);
        if is_reference || !self.in_scope.contains(trait_name) {
            return;
        }
        let home = self.home(Place { document, id: of_trait.id });
        let of_trait: Vec<Id> = match self.item(home).map(|it| &it.inner) {
            Some(ItemEnum::Trait(it)) => it.items.clone(),
            _ => Vec::new(),
        };
        let methods = block.items.iter().map(|id| Place { document, id: *id });
        for place in methods {
            let name = self.item(place).map(named).unwrap_or_default();
            let same = of_trait.iter().map(|id| Place { id: *id, ..home });
            let told = same.into_iter().find(|it| self.item(*it).map(named) == Some(name));
            self.associated(place, told, &owner);
        }
        for name in &block.provided_trait_methods {
            let mut same = of_trait.iter().map(|id| Place { id: *id, ..home });
            if let Some(place) = same.find(|it| self.item(*it).is_some_and(|it| named(it) == name))
            {
                self.associated(place, None, &owner);
            }
        }
    }

    /// Notes the types that values of the owner give in a loop, as examples of a set, or by `Deref`.
    fn targets(
        &mut self,
        document: usize,
        block: &Impl,
        trait_name: &str,
        owner: &str,
        is_reference: bool,
    ) {
        let (wanted, shown) = match (trait_name, is_reference) {
            ("Deref", false) => ("Target", TARGET),
            ("Iterator" | "IntoIterator", false) => ("Item", ITEM),
            ("IntoIterator", true) => ("Item", ITEM_OF_REFERENCE),
            ("Dataset", false) => ("Item", EXAMPLE),
            _ => return,
        };
        if trait_name == "Iterator" {
            self.push(of_values(owner), TRAIT, "", trait_name.to_owned(), String::new());
        }
        for id in &block.items {
            if let Some(item) = self.item(Place { document, id: *id })
                && named(item) == wanted
                && let ItemEnum::AssocType { type_: Some(of_type), .. } = &item.inner
            {
                let detail = format!("{wanted}: {}", text::of(of_type));
                self.push(of_values(owner), shown, "", detail, String::new());
            }
        }
    }

    /// Takes in a function or constant of a type. The documentation may be that of the trait.
    fn associated(&mut self, place: Place, of_trait: Option<Place>, owner: &str) {
        let Some(item) = self.item(place) else { return };
        // Members of a trait and its implementations are as visible as the trait.
        let is_seen = matches!(item.visibility, Visibility::Public | Visibility::Default);
        let name = named(item);
        if !is_seen || is_hidden(item) || name.starts_with('_') || item.deprecation.is_some() {
            return;
        }
        let told = |item: &Item| item.docs.is_some();
        let told = Some(item).filter(|it| told(it)).or_else(|| self.item(of_trait?));
        let docs = told.map(documentation).unwrap_or_default();
        match &item.inner {
            ItemEnum::Function(function) => {
                let is_method = function.sig.inputs.iter().any(|(name, _)| name == "self");
                let module = if is_method { of_values(owner) } else { owner.to_owned() };
                self.push(module, name, "function", text::function(name, function), docs);
            }
            ItemEnum::AssocConst { type_, .. } => {
                let detail = format!("const {name}: {}", text::of(type_));
                self.push(owner.to_owned(), name, "constant", detail, docs);
            }
            _ => {}
        }
    }

    fn push(
        &mut self,
        module: String,
        name: &str,
        kind: &'static str,
        detail: String,
        documentation: String,
    ) {
        let name = name.to_owned();
        if self.members.insert((module.clone(), name.clone())) {
            self.names.push(Name { module, name, kind: kind.into(), detail, documentation });
        }
    }
}

/// How JupyterLab draws an item, and its head.
fn described(name: &str, kind: Option<ItemKind>, item: Option<&Item>) -> (&'static str, String) {
    let inner = item.map(|item| &item.inner);
    let generics = match inner {
        Some(ItemEnum::Struct(it)) => text::parameters(&it.generics),
        Some(ItemEnum::Enum(it)) => text::parameters(&it.generics),
        Some(ItemEnum::Trait(it)) => text::parameters(&it.generics),
        Some(ItemEnum::TypeAlias(it)) => text::parameters(&it.generics),
        _ => String::new(),
    };
    match kind {
        Some(ItemKind::Function) => match inner {
            Some(ItemEnum::Function(function)) => ("function", text::function(name, function)),
            _ => ("function", format!("fn {name}()")),
        },
        Some(ItemKind::Macro) => ("function", format!("macro {name}!")),
        Some(ItemKind::Module | ItemKind::ExternCrate) => ("module", format!("mod {name}")),
        Some(ItemKind::Struct) => ("class", format!("struct {name}{generics}")),
        Some(ItemKind::Enum) => ("class", format!("enum {name}{generics}")),
        Some(ItemKind::Trait) => ("class", format!("trait {name}{generics}")),
        Some(ItemKind::Union) => ("class", format!("union {name}")),
        Some(ItemKind::TypeAlias) => match inner {
            Some(ItemEnum::TypeAlias(it)) => {
                ("class", format!("type {name}{generics} = {}", text::of(&it.type_)))
            }
            _ => ("class", format!("type {name}")),
        },
        Some(ItemKind::Constant | ItemKind::AssocConst) => match inner {
            Some(ItemEnum::Constant { type_, .. }) => {
                ("constant", format!("const {name}: {}", text::of(type_)))
            }
            _ => ("constant", format!("const {name}")),
        },
        _ => ("class", name.to_owned()),
    }
}
