//! The prelude's public names with their signatures and documentation, as rustdoc knows them.
//!
//! rustdoc writes the names once per built prelude, in about a second, and they are kept beside the
//! prelude. Only a compiler knows the functions that macros make. rustdoc's JSON is unstable: where
//! it can't be read the log says so, and completion knows the session's names alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustdoc_types::{
    Crate, FORMAT_VERSION, FunctionSignature, GenericArg, GenericArgs, GenericBound, Id, Item,
    ItemEnum, ItemKind, Type, Visibility,
};

use super::EngineConfig;
use super::names::{Name, Names};
use crate::home::write::{self, Readers};
use crate::home::{self, trust};

/// The file of the index, in the prelude's folder.
const FILE: &str = "names.json";

/// The names that every cell imports, with the names in their modules and types.
fn read(rustc: &Path, prelude: &Path, sources: &Path) -> Option<Vec<Name>> {
    let kept = prelude.join(FILE);
    if let Some(names) = trust::read(&kept).ok().and_then(|it| serde_json::from_slice(&it).ok()) {
        return Some(names);
    }
    let names = names(&document(rustc, prelude, sources)?);
    if let Ok(text) = serde_json::to_vec(&names) {
        // Writing fails in the folder of another user: there only the owner keeps an index.
        // Everybody who shares the folder reads it.
        let _ = write::file(&kept, &[&text], Readers::Everybody);
    }
    Some(names)
}

pub fn is_kept(prelude: &Path) -> bool {
    trust::file(&prelude.join(FILE)).is_ok()
}

/// Makes the index, so that not every kernel of a class makes it at its first start.
pub fn keep(settings: &EngineConfig) {
    read(&settings.rustc, &settings.prelude, &settings.checkout);
}

/// Reads the prelude's names on a thread of its own, so that no cell waits for them.
pub fn read_aside(settings: &EngineConfig, names: &Arc<Names>) {
    let (settings, names) = (settings.clone(), Arc::clone(names));
    let learn = move || {
        if let Some(found) = read(&settings.rustc, &settings.prelude, &settings.checkout) {
            names.set_prelude(found);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("index".into()).spawn(learn) {
        tracing::warn!("completion knows no names of the prelude: {error}");
    }
}

/// What rustdoc writes about the prelude.
fn document(rustc: &Path, prelude: &Path, sources: &Path) -> Option<Crate> {
    let folder = home::temporary_folder("akari-index-").ok()?;
    let mut rustdoc = Command::new(rustc.with_file_name("rustdoc"));
    rustdoc
        .arg(sources.join("src").join("lib.rs"))
        .args(["--crate-name", "akari", "--edition", "2024", "--cap-lints", "allow"])
        .args(["-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .arg("-L")
        .arg(format!("dependency={}", prelude.display()))
        .arg("-o")
        .arg(folder.path())
        .stdin(Stdio::null());
    for (name, path) in libraries(prelude) {
        rustdoc.arg("--extern").arg(format!("{name}={path}"));
    }
    match rustdoc.output() {
        Ok(run) if run.status.success() => {}
        Ok(run) => {
            let said = String::from_utf8_lossy(&run.stderr);
            let first = said.lines().find(|line| line.starts_with("error")).unwrap_or("nothing");
            tracing::warn!("completion lacks the prelude's names: rustdoc said: {first}");
            return None;
        }
        Err(error) => {
            tracing::warn!("completion lacks the prelude's names: rustdoc does not start: {error}");
            return None;
        }
    }
    understand(&fs::read(folder.path().join("akari.json")).ok()?)
}

/// Reads rustdoc's JSON. Another version of the format is tried too: few of its types are needed.
fn understand(text: &[u8]) -> Option<Crate> {
    #[derive(serde::Deserialize)]
    struct Head {
        format_version: u32,
    }
    let found = serde_json::from_slice(text).map(|head: Head| head.format_version);
    if !matches!(found, Ok(FORMAT_VERSION)) {
        let found = found.map_or("none".to_owned(), |version| version.to_string());
        tracing::warn!(
            "rustdoc's JSON has the version {found}, and {FORMAT_VERSION} is known: completion may lack names of the prelude"
        );
    }
    match serde_json::from_slice(text) {
        Ok(document) => Some(document),
        Err(error) => {
            tracing::warn!("completion lacks the prelude's names: {error}");
            None
        }
    }
}

/// The crates in the prelude's folder, by name: libraries, and procedural macros, which are shared objects with a hash
/// in their names. A crate that is there in two versions is left out: it is no direct dependency of the prelude.
fn libraries(prelude: &Path) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(prelude).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let name = file
            .strip_prefix("lib")
            .and_then(|it| it.strip_suffix(".rlib").or_else(|| it.strip_suffix(".so")))
            .and_then(|it| it.rsplit_once('-'));
        if let Some((name, _)) = name {
            found
                .entry(name.to_owned())
                .or_default()
                .push(entry.path().to_string_lossy().into_owned());
        }
    }
    found
        .into_iter()
        .filter_map(|(name, mut paths)| Some((name, paths.pop().filter(|_| paths.is_empty())?)))
        .collect()
}

fn names(document: &Crate) -> Vec<Name> {
    let mut index = Index { document, names: Vec::new() };
    let is_prelude = |id: &&Id| index.item(**id).is_some_and(|it| named(it) == "prelude");
    let preludes: Vec<&Id> = index.items(document.root).iter().filter(is_prelude).collect();
    for prelude in preludes {
        index.module(*prelude, "", 0);
    }
    index.names
}

/// How deep modules are read: one that imports itself would never end.
const DEPTH: u32 = 4;

struct Index<'a> {
    document: &'a Crate,
    names: Vec<Name>,
}

fn named(item: &Item) -> &str {
    item.name.as_deref().unwrap_or_default()
}

impl<'a> Index<'a> {
    /// An item of the prelude's own crate.
    fn item(&self, id: Id) -> Option<&'a Item> {
        self.document.index.get(&id)
    }

    /// The items of a module.
    fn items(&self, module: Id) -> &'a [Id] {
        match self.item(module).map(|it| &it.inner) {
            Some(ItemEnum::Module(module)) => &module.items,
            _ => &[],
        }
    }

    fn module(&mut self, id: Id, path: &str, depth: u32) {
        for id in self.items(id) {
            let Some(item) = self.item(*id) else { continue };
            match &item.inner {
                ItemEnum::Use(import) if import.is_glob => {
                    if let Some(id) = import.id {
                        self.module(id, path, depth);
                    }
                }
                ItemEnum::Use(import) => self.name(import.id, &import.name, path, depth),
                _ if item.visibility == Visibility::Public => {
                    self.name(Some(*id), named(item), path, depth);
                }
                _ => {}
            }
        }
    }

    /// Takes in a name, and what stands below it.
    fn name(&mut self, id: Option<Id>, name: &str, path: &str, depth: u32) {
        if name.is_empty() || name.starts_with("__") {
            return;
        }
        let item = id.and_then(|id| self.item(id));
        let outside = || Some(self.document.paths.get(&id?)?.kind);
        let kind = item.map(|item| item.inner.item_kind()).or_else(outside);
        let (drawn, detail) = match kind {
            Some(ItemKind::Function) => ("function", signature(name, item)),
            Some(ItemKind::Macro) => ("function", format!("macro {name}!")),
            Some(ItemKind::Module) => ("module", format!("mod {name}")),
            Some(ItemKind::Struct) => ("class", format!("struct {name}")),
            Some(ItemKind::Enum) => ("class", format!("enum {name}")),
            Some(ItemKind::Trait) => ("class", format!("trait {name}")),
            Some(ItemKind::Union) => ("class", format!("union {name}")),
            Some(ItemKind::TypeAlias) => ("class", format!("type {name}")),
            Some(ItemKind::Constant | ItemKind::AssocConst) => {
                ("constant", format!("const {name}"))
            }
            _ => ("class", name.to_owned()),
        };
        let is_macro = kind == Some(ItemKind::Macro);
        self.names.push(Name {
            module: path.to_owned(),
            name: if is_macro { format!("{name}!") } else { name.to_owned() },
            kind: drawn.into(),
            detail,
            documentation: item.and_then(|item| item.docs.clone()).unwrap_or_default(),
        });
        if let (Some(ItemKind::Module), Some(id)) = (kind, id)
            && depth < DEPTH
        {
            self.module(id, name, depth + 1);
        }
        self.members(item, name, depth);
    }

    /// Takes in the methods and constants of a type, but for those of traits.
    fn members(&mut self, item: Option<&Item>, name: &str, depth: u32) {
        let impls = match item.map(|item| &item.inner) {
            Some(ItemEnum::Struct(of)) => &of.impls,
            Some(ItemEnum::Enum(of)) => &of.impls,
            Some(ItemEnum::Union(of)) => &of.impls,
            _ => return,
        };
        for id in impls {
            let Some(ItemEnum::Impl(block)) = self.item(*id).map(|it| &it.inner) else { continue };
            for member in block.items.iter().filter(|_| block.trait_.is_none()) {
                let Some(item) = self.item(*member) else { continue };
                if item.visibility == Visibility::Public {
                    self.name(Some(*member), named(item), name, depth);
                }
            }
        }
    }
}

/// A function as Rust writes it; of a function of another crate the name alone is known.
fn signature(name: &str, item: Option<&Item>) -> String {
    match item.map(|item| &item.inner) {
        Some(ItemEnum::Function(function)) => format!("fn {name}{}", types(&function.sig)),
        _ => format!("fn {name}()"),
    }
}

/// The types in a signature, parentheses and arrow included.
fn types(signature: &FunctionSignature) -> String {
    let input = |(name, of_type): &(String, Type)| match (name.as_str(), type_text(of_type)) {
        ("self", text) => text.replace("Self", "self"),
        (name, text) => format!("{name}: {text}"),
    };
    let inputs: Vec<String> = signature.inputs.iter().map(input).collect();
    let output = match &signature.output {
        None => String::new(),
        Some(output) => format!(" -> {}", type_text(output)),
    };
    format!("({}){output}", inputs.join(", "))
}

/// A type as Rust writes it, `_` where it is too involved for a line of help.
fn type_text(of_type: &Type) -> String {
    match of_type {
        Type::Primitive(name) | Type::Generic(name) => name.clone(),
        Type::ResolvedPath(path) => {
            let arguments = match path.args.as_deref() {
                Some(GenericArgs::AngleBracketed { args, .. }) => args.as_slice(),
                _ => &[],
            };
            let types = arguments.iter().filter_map(|argument| match argument {
                GenericArg::Type(of_type) => Some(type_text(of_type)),
                _ => None,
            });
            match types.collect::<Vec<_>>() {
                types if types.is_empty() => path.path.clone(),
                types => format!("{}<{}>", path.path, types.join(", ")),
            }
        }
        Type::BorrowedRef { is_mutable, type_, .. } => {
            format!("&{}{}", if *is_mutable { "mut " } else { "" }, type_text(type_))
        }
        Type::Slice(element) => format!("[{}]", type_text(element)),
        Type::Array { type_, len } => format!("[{}; {len}]", type_text(type_)),
        Type::Tuple(parts) => {
            format!("({})", parts.iter().map(type_text).collect::<Vec<_>>().join(", "))
        }
        Type::ImplTrait(bounds) => {
            let traits = bounds.iter().filter_map(|bound| match bound {
                GenericBound::TraitBound { trait_, .. } => Some(trait_.path.as_str()),
                _ => None,
            });
            format!("impl {}", traits.collect::<Vec<_>>().join(" + "))
        }
        _ => "_".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn signatures_read_as_rust() {
        let path =
            |name: &str, args| json!({ "resolved_path": { "path": name, "id": 1, "args": args } });
        let reference = |is_mutable: bool, of_type| json!({ "borrowed_ref": { "is_mutable": is_mutable, "lifetime": null, "type": of_type } });
        let tensor = path("Tensor", json!(null));
        let arguments =
            json!({ "angle_bracketed": { "args": [{ "type": tensor }], "constraints": [] } });
        let inputs = json!([
            ["self", reference(true, json!({ "generic": "Self" }))],
            ["x", reference(false, tensor)],
            ["n", { "primitive": "f64" }],
        ]);
        let output = path("Result", arguments);
        let signature = json!({ "inputs": inputs, "output": output, "is_c_variadic": false });
        let text = types(&serde_json::from_value(signature).unwrap());
        assert_eq!(text, "(&mut self, x: &Tensor, n: f64) -> Result<Tensor>");
    }

    #[test]
    fn json_of_another_version_is_read_as_far_as_it_can_be() {
        let text = |version: u32| {
            let target = json!({ "triple": "", "target_features": [] });
            let document = json!({
                "format_version": version, "root": 0, "crate_version": null, "includes_private": false,
                "index": {}, "paths": {}, "external_crates": {}, "target": target,
            });
            document.to_string()
        };
        for version in [FORMAT_VERSION, FORMAT_VERSION + 1] {
            assert!(understand(text(version).as_bytes()).is_some_and(|it| names(&it).is_empty()));
        }
        assert!(understand(br#"{"format_version": 57}"#).is_none());
    }
}
