//! Which file names which: the modules of one crate, and the arrows between them.
//!
//! An arrow leads to the file in which a name is defined, also where another file re-exports it. A
//! file may name whatever its own folder's face defines (`super::Cell` in `engine/stop.rs`): an
//! arrow up to a module that one lies in is no part of a circle. All others are.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Import, Names};

/// Names of modules from the crate's root on; the root's own has none.
pub type Module = Vec<String>;

/// How often a name may be re-exported on its way.
const DEPTH: u32 = 8;

/// The modules of a crate, or of two that are one house, with what each of them names.
#[derive(Debug, Default)]
pub struct Crate {
    pub modules: BTreeMap<Module, Names>,
    /// Other packages of ours that the crate may name: the name in code, and that of the room.
    pub packages: &'static [(&'static str, &'static str)],
}

impl Crate {
    /// The modules that each module names, without itself.
    pub fn arrows(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let named = |(module, names): (&Module, &Names)| {
            let imported = names.imports.iter().map(|import| import.path.as_slice());
            let paths = imported.chain(names.paths.iter().map(Vec::as_slice));
            let mut named: BTreeSet<Module> =
                paths.filter_map(|path| self.resolve(module, path, DEPTH)).collect();
            named.remove(module);
            (module.clone(), named)
        };
        self.modules.iter().map(named).collect()
    }

    /// The module in which a path of this module ends; none for other crates.
    fn resolve(&self, from: &[String], path: &[String], depth: u32) -> Option<Module> {
        let absolute = self.absolute(from, path, depth)?;
        if self.packages.iter().any(|(_, room)| absolute.first().is_some_and(|it| it == room)) {
            return Some(absolute[..1].to_vec());
        }
        let mut lengths = (0..=absolute.len()).rev();
        let length = lengths.find(|it| self.modules.contains_key(&absolute[..*it]))?;
        let (module, rest) = absolute.split_at(length);
        let module = module.to_vec();
        let exported = rest.first().and_then(|name| self.export(&module, name));
        match exported {
            Some(import) if depth > 0 => {
                let path: Vec<String> = import.path.iter().chain(&rest[1..]).cloned().collect();
                self.resolve(&module, &path, depth - 1).or(Some(module))
            }
            _ => Some(module),
        }
    }

    /// The path from the crate's root on.
    fn absolute(&self, from: &[String], path: &[String], depth: u32) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let below = |module: &[String]| [module, rest].concat();
        match first.as_str() {
            "crate" => Some(below(&[])),
            "self" => Some(below(from)),
            "super" => {
                let above = from.get(..from.len().checked_sub(1)?)?.to_vec();
                match rest.first().map(String::as_str) {
                    Some("super") => self.absolute(&above, rest, depth),
                    _ => Some([above.as_slice(), rest].concat()),
                }
            }
            name => {
                let child = [from, &path[..1]].concat();
                if self.modules.contains_key(&child) {
                    return Some([from, path].concat());
                }
                if let Some((_, room)) = self.packages.iter().find(|(package, _)| *package == name)
                {
                    return Some(vec![(*room).to_owned()]);
                }
                let import = self.import(from, name).filter(|import| import.path != path)?;
                let path = [import.path.as_slice(), rest].concat();
                if depth > 0 { self.absolute(from, &path, depth - 1) } else { None }
            }
        }
    }

    fn import(&self, module: &[String], name: &str) -> Option<&Import> {
        self.modules.get(module)?.imports.iter().find(|import| import.name == name)
    }

    fn export(&self, module: &[String], name: &str) -> Option<&Import> {
        self.import(module, name).filter(|import| import.is_public)
    }
}

/// A circle of modules, if there is one; arrows from a module up to one that it lies in don't count.
pub fn circle(arrows: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let mut done = BTreeSet::new();
    arrows.keys().find_map(|module| search(module, arrows, &mut Vec::new(), &mut done))
}

fn search(
    module: &[String],
    arrows: &BTreeMap<Module, BTreeSet<Module>>,
    way: &mut Vec<Module>,
    done: &mut BTreeSet<Module>,
) -> Option<Vec<Module>> {
    if let Some(begin) = way.iter().position(|it| it == module) {
        return Some(way[begin..].to_vec());
    }
    if done.contains(module) {
        return None;
    }
    way.push(module.to_vec());
    let next = arrows.get(module).into_iter().flatten().filter(|it| !module.starts_with(it));
    let found = next.into_iter().find_map(|next| search(next, arrows, way, done));
    way.pop();
    done.insert(module.to_vec());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tokens;

    fn module(path: &str) -> Module {
        path.split("::").filter(|it| !it.is_empty()).map(str::to_owned).collect()
    }

    fn of(files: &[(&str, &str)]) -> Crate {
        let names = |text: &str| Names::of(&tokens(text));
        let modules = files.iter().map(|(path, text)| (module(path), names(text)));
        Crate { modules: modules.collect(), packages: &[("our_seam", "seam")] }
    }

    fn arrows(files: &[(&str, &str)], from: &str) -> Vec<String> {
        let arrows = of(files).arrows();
        arrows[&module(from)].iter().map(|it| it.join("::")).collect()
    }

    #[test]
    fn arrows_end_where_a_name_is_defined() {
        let files = [
            ("", "mod a; mod b; use std::fs;"),
            ("a", "mod inner; pub use self::inner::Thing; pub struct Own;"),
            ("a::inner", "pub struct Thing;"),
            ("b", "use crate::a::{Own, Thing};"),
        ];
        assert_eq!(arrows(&files, "b"), ["a", "a::inner"]);
    }

    #[test]
    fn paths_in_code_count_like_imports() {
        let files = [
            ("", ""),
            ("a", "mod b; fn f() { b::g(); }"),
            ("a::b", "use super::super::c as d; fn g() { d::e::h(); fs::read(); }"),
            ("c", ""),
            ("c::e", ""),
        ];
        assert_eq!(arrows(&files, "a"), ["a::b"]);
        assert_eq!(arrows(&files, "a::b"), ["c", "c::e"]);
    }

    #[test]
    fn other_packages_of_ours_are_rooms() {
        let files = [("", ""), ("a", "use our_seam::frame::Frame; fn f() { their_crate::g() }")];
        assert_eq!(arrows(&files, "a"), ["seam"]);
    }

    #[test]
    fn circles_are_found_and_arrows_up_are_none() {
        let up = [("", ""), ("a", "use self::b::T;"), ("a::b", "use super::U;")];
        assert_eq!(circle(&of(&up).arrows()), None);
        let round = [
            ("", ""),
            ("a::b", "use super::c::T;"),
            ("a::c", "use crate::d;"),
            ("d", "fn f() { crate::a::b::g() }"),
        ];
        let found = circle(&of(&round).arrows()).expect("there is one");
        assert_eq!(found, [module("a::b"), module("a::c"), module("d")]);
    }
}
