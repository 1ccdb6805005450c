//! The prelude's public names with their signatures and documentation, as rustdoc knows them.
//!
//! Read once per built prelude, in about a second, and kept beside it; macro-made functions and
//! re-exports are only known to the compiler. rustdoc's JSON is unstable, so what is not as
//! expected is left out, and without the index completion knows the session's names alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;

use super::EngineConfig;
use super::names::{Name, Names};
use crate::home::write::{self, Readers};
use crate::home::{self, trust};

/// The file beside the prelude.
const FILE: &str = "names.json";

/// The names that every cell imports, and what is in their modules and types.
fn read(rustc: &Path, prelude: &Path, sources: &Path) -> Option<Vec<Name>> {
    let kept = prelude.join(FILE);
    if let Some(names) = trust::read(&kept).ok().and_then(|it| serde_json::from_slice(&it).ok()) {
        return Some(names);
    }
    let names = names(&document(rustc, prelude, sources)?);
    if let Ok(text) = serde_json::to_vec(&names) {
        // A folder that can't be written is another user's, who keeps the index or does without.
        // Whoever shares the folder reads the index too.
        let _ = write::file(&kept, &[&text], Readers::Everybody);
    }
    Some(names)
}

pub fn is_kept(prelude: &Path) -> bool {
    trust::file(&prelude.join(FILE)).is_ok()
}

/// Makes the index, so that the kernels of a class need not each do so at its first start.
pub fn keep(settings: &EngineConfig) {
    read(&settings.rustc, &settings.prelude, &settings.checkout);
}

/// Learns the prelude's names on a thread of its own: no cell waits for that.
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

/// rustdoc's account of the prelude.
fn document(rustc: &Path, prelude: &Path, sources: &Path) -> Option<Value> {
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
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for (name, path) in libraries(prelude) {
        rustdoc.arg("--extern").arg(format!("{name}={path}"));
    }
    rustdoc.status().ok().filter(|status| status.success())?;
    serde_json::from_slice(&fs::read(folder.path().join("akari.json")).ok()?).ok()
}

/// The crates in the prelude's folder, by name; of two versions neither is a direct dependency.
fn libraries(prelude: &Path) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in fs::read_dir(prelude).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let name = file
            .strip_prefix("lib")
            .and_then(|it| it.strip_suffix(".rlib"))
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

fn names(document: &Value) -> Vec<Name> {
    let mut index = Index { document, names: Vec::new() };
    let root = index.item(&document["root"]);
    let preludes = items(root)
        .iter()
        .filter(|id| index.item(id)["name"] == "prelude")
        .cloned()
        .collect::<Vec<_>>();
    for prelude in preludes {
        index.module(&prelude, "", 0);
    }
    index.names
}

struct Index<'a> {
    document: &'a Value,
    names: Vec<Name>,
}

/// The items of a module.
fn items(module: &Value) -> &[Value] {
    module["inner"]["module"]["items"].as_array().map_or(&[], Vec::as_slice)
}

impl<'a> Index<'a> {
    fn item(&self, id: &Value) -> &'a Value {
        let document: &'a Value = self.document;
        &document["index"][id.to_string()]
    }

    fn module(&mut self, id: &Value, path: &str, depth: u32) {
        for id in items(self.item(id)) {
            let item = self.item(id);
            let import = &item["inner"]["use"];
            if import["is_glob"] == true {
                self.module(&import["id"], path, depth);
            } else if import.is_object() {
                self.name(&import["id"], import["name"].as_str().unwrap_or_default(), path, depth);
            } else if item["visibility"] == "public" {
                self.name(id, item["name"].as_str().unwrap_or_default(), path, depth);
            }
        }
    }

    fn name(&mut self, id: &Value, name: &str, path: &str, depth: u32) {
        let item = self.item(id);
        let document: &'a Value = self.document;
        let outside = &document["paths"][id.to_string()]["kind"];
        let kind = match item["inner"].as_object().and_then(|it| it.keys().next()) {
            Some(kind) => kind.as_str(),
            None => outside.as_str().unwrap_or_default(),
        };
        if name.is_empty() || name.starts_with("__") {
            return;
        }
        let (drawn, detail) = match kind {
            "function" => ("function", signature(name, &item["inner"]["function"]["sig"])),
            "macro" | "proc_macro" => ("function", format!("macro {name}!")),
            "module" => ("module", format!("mod {name}")),
            "struct" | "enum" | "trait" | "union" => ("class", format!("{kind} {name}")),
            "type_alias" => ("class", format!("type {name}")),
            "constant" | "assoc_const" => ("constant", format!("const {name}")),
            _ => ("class", name.to_owned()),
        };
        self.names.push(Name {
            module: path.to_owned(),
            name: if kind == "macro" { format!("{name}!") } else { name.to_owned() },
            kind: drawn.into(),
            detail,
            documentation: item["docs"].as_str().unwrap_or_default().to_owned(),
        });
        // A module that is imported in itself would never end.
        if kind == "module" && depth < 4 {
            self.module(id, name, depth + 1);
        }
        for id in item["inner"][kind]["impls"].as_array().into_iter().flatten() {
            let of_type = &self.item(id)["inner"]["impl"];
            if !of_type["trait"].is_null() {
                continue;
            }
            for member in of_type["items"].as_array().into_iter().flatten() {
                let item = self.item(member);
                if item["visibility"] == "public" {
                    self.name(member, item["name"].as_str().unwrap_or_default(), name, depth);
                }
            }
        }
    }
}

fn signature(name: &str, signature: &Value) -> String {
    let input = |it: &Value| match (it[0].as_str().unwrap_or("_"), type_text(&it[1])) {
        ("self", text) => text.replace("Self", "self"),
        (name, text) => format!("{name}: {text}"),
    };
    let inputs: Vec<String> =
        signature["inputs"].as_array().into_iter().flatten().map(input).collect();
    let output = match &signature["output"] {
        Value::Null => String::new(),
        output => format!(" -> {}", type_text(output)),
    };
    format!("fn {name}({}){output}", inputs.join(", "))
}

/// A type as Rust writes it, `_` where it is too involved for a line of help.
fn type_text(value: &Value) -> String {
    let list = |values: &Value| {
        values.as_array().into_iter().flatten().map(type_text).collect::<Vec<_>>().join(", ")
    };
    let Some((kind, inner)) = value.as_object().and_then(|it| it.iter().next()) else {
        return "_".to_owned();
    };
    match kind.as_str() {
        "primitive" | "generic" => inner.as_str().unwrap_or("_").to_owned(),
        "resolved_path" => {
            let path = inner["path"].as_str().unwrap_or("_");
            let arguments =
                inner["args"]["angle_bracketed"]["args"].as_array().into_iter().flatten();
            let arguments: Vec<String> =
                arguments.filter_map(|it| it.get("type")).map(type_text).collect();
            if arguments.is_empty() {
                path.to_owned()
            } else {
                format!("{path}<{}>", arguments.join(", "))
            }
        }
        "borrowed_ref" => {
            format!(
                "&{}{}",
                if inner["is_mutable"] == true { "mut " } else { "" },
                type_text(&inner["type"])
            )
        }
        "slice" => format!("[{}]", type_text(inner)),
        "array" => {
            format!("[{}; {}]", type_text(&inner["type"]), inner["len"].as_str().unwrap_or("_"))
        }
        "tuple" => format!("({})", list(inner)),
        "impl_trait" => {
            let bounds = inner.as_array().into_iter().flatten();
            let bounds: Vec<&str> =
                bounds.filter_map(|it| it["trait_bound"]["trait"]["path"].as_str()).collect();
            format!("impl {}", bounds.join(" + "))
        }
        _ => "_".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn signatures_read_as_rust() {
        let tensor = json!({ "resolved_path": { "path": "Tensor", "args": null } });
        let borrowed = json!({ "borrowed_ref": { "is_mutable": false, "type": tensor } });
        let result = json!({ "resolved_path": { "path": "Result", "args": { "angle_bracketed": { "args": [{ "type": tensor }] } } } });
        let inputs = json!([["self", { "borrowed_ref": { "is_mutable": true, "type": { "generic": "Self" } } }], ["x", borrowed], ["n", { "primitive": "f64" }]]);
        let text = signature("f", &json!({ "inputs": inputs, "output": result }));
        assert_eq!(text, "fn f(&mut self, x: &Tensor, n: f64) -> Result<Tensor>");
    }
}
