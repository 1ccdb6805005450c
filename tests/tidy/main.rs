//! Rules for the tree as a whole, kept by reading the sources as text: who may name whom, and where
//! unusual things may stand.
//!
//! The tables are in `tables`; ARCHITECTURE.md quotes those of the arrows. How a file is read is in
//! `source`, how its names become arrows in `graph`. Nothing is compiled, so all rules together take
//! a fraction of a second.

mod graph;
mod source;
mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ra_ap_parser::SyntaxKind;

use self::graph::{Crate, Module, circle};
use self::source::{Names, Token, is_sequence, tokens, without, without_tests};
use self::tables::Arrows;

/// A source file: where it is in the checkout, and what is in it.
struct File {
    path: String,
    text: String,
    /// With the code of tests.
    all: Vec<Token>,
    /// Without; nothing if only tests compile the file.
    code: Vec<Token>,
}

fn checkout() -> PathBuf {
    let kernel = Path::new(env!("CARGO_MANIFEST_DIR"));
    kernel.parent().expect("the kernel's folder is in the checkout").to_owned()
}

/// The kernel's files and the prelude's, read once for all rules.
static FILES: LazyLock<Vec<File>> =
    LazyLock::new(|| ["kernel", "src"].into_iter().flat_map(read).collect());

/// All Rust files below a folder of the checkout.
fn files(folder: &str) -> impl Iterator<Item = &'static File> {
    FILES.iter().filter(move |file| Path::new(&file.path).starts_with(folder))
}

/// Reads all Rust files below a folder, in order.
fn read(folder: &str) -> Vec<File> {
    let checkout = checkout();
    let mut paths = Vec::new();
    collect(&checkout.join(folder), &mut paths);
    let mut only_tests = BTreeSet::new();
    let mut files = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("the file was just listed");
        let all = tokens(&text);
        let (code, modules) = without_tests(&all);
        // `x` of `a/mod.rs` is `a/x.rs`; no other file has such modules.
        only_tests.extend(modules.iter().map(|name| path.with_file_name(name.clone() + ".rs")));
        let short = path.strip_prefix(&checkout).unwrap_or(&path).to_string_lossy().into_owned();
        files.push((path, File { path: short, text, all, code }));
    }
    for (_, file) in files.iter_mut().filter(|(path, _)| only_tests.contains(path)) {
        file.code.clear();
    }
    files.into_iter().map(|(_, file)| file).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// The module of a file below the folder of its crate; the root's has no names.
fn module(path: &str, folder: &str) -> Module {
    let below = path.strip_prefix(folder).and_then(|it| it.strip_prefix('/')).unwrap_or(path);
    let below = below.trim_end_matches(".rs");
    let mut names: Module = below.split('/').map(str::to_owned).collect();
    if matches!(names.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        names.pop();
    }
    names
}

fn split(path: &str) -> Module {
    path.split("::").map(str::to_owned).collect()
}

/// Each module of these folders with the modules that it names. The folders are those of one crate, or of two that are one
/// house, whose root is the last folder's.
fn arrows(folders: &[&str]) -> BTreeMap<Module, BTreeSet<Module>> {
    let modules = folders.iter().flat_map(|folder| {
        let is_macro = |file: &&File| file.path.starts_with(tables::MACROS);
        let modules = files(folder).filter(move |file| !file.code.is_empty() && !is_macro(file));
        modules.map(|file| (module(&file.path, folder), Names::of(&file.code)))
    });
    Crate { modules: modules.collect(), packages: tables::PACKAGES }.arrows()
}

/// The room that a module lies in.
fn room(module: &[String], table: Arrows, root: &'static str) -> Option<&'static str> {
    if module.is_empty() {
        return Some(root);
    }
    let path = module.join("::");
    let holds = |room: &&str| path == *room || path.starts_with(&format!("{room}::"));
    table.iter().map(|(room, _)| *room).filter(holds).max_by_key(|room| room.len())
}

/// Arrows that the table doesn't have, with the modules concerned.
fn forbidden(
    arrows: &BTreeMap<Module, BTreeSet<Module>>,
    table: Arrows,
    root: &'static str,
) -> Vec<String> {
    let mut found = Vec::new();
    for (from, named) in arrows {
        let Some(from_room) = room(from, table, root) else {
            found.push(format!("{} lies in no room of the table", from.join("::")));
            continue;
        };
        let row = table.iter().find(|(room, _)| *room == from_room);
        let may_name = row.map_or(&[] as &[&str], |(_, rooms)| rooms);
        for to in named {
            let to_room = room(to, table, root).unwrap_or("nowhere");
            if to_room != from_room && !may_name.contains(&to_room) {
                let (from, to) = (from.join("::"), to.join("::"));
                found.push(format!("{from_room} ─► {to_room}: `{from}` names `{to}`"));
            }
        }
    }
    found
}

/// Arrows of the table that nothing in the tree needs any more.
fn unneeded(
    arrows: &BTreeMap<Module, BTreeSet<Module>>,
    table: Arrows,
    root: &'static str,
) -> Vec<String> {
    let pairs = arrows.iter().flat_map(|(from, named)| named.iter().map(move |to| (from, to)));
    let needed: BTreeSet<_> =
        pairs.map(|(from, to)| (room(from, table, root), room(to, table, root))).collect();
    let rows = table.iter().flat_map(|(from, rooms)| rooms.iter().map(move |to| (*from, *to)));
    let is_unneeded =
        |(from, to): &(&'static str, &'static str)| !needed.contains(&(Some(*from), Some(*to)));
    rows.filter(is_unneeded).map(|(from, to)| format!("{from} ─► {to} is not needed")).collect()
}

/// A table as ARCHITECTURE.md quotes it.
fn quoted(table: Arrows) -> String {
    let width = table.iter().map(|(room, _)| room.chars().count()).max().unwrap_or(0);
    let row = |(room, rooms): &(&str, &[&str])| {
        let rooms = if rooms.is_empty() { "nothing".to_owned() } else { rooms.join(", ") };
        format!("{room:width$} ─► {rooms}\n")
    };
    table.iter().map(row).collect()
}

fn is_in(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path.starts_with(place))
}

/// Fails with all complaints at once.
fn refuse(rule: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{rule}\n{}", complaints.join("\n"));
}

#[test]
fn imports_follow_the_tables() {
    let mut complaints = Vec::new();
    for (folders, table, root) in
        [(tables::KERNEL_FOLDERS, tables::KERNEL, "main"), (&["src"], tables::PRELUDE, "lib")]
    {
        let arrows = arrows(folders);
        complaints.extend(forbidden(&arrows, table, root));
        complaints.extend(unneeded(&arrows, table, root));
    }
    refuse("imports and `tables.rs` differ:", &complaints);
}

#[test]
fn architecture_quotes_the_tables() {
    let text = fs::read_to_string(checkout().join("ARCHITECTURE.md")).expect("it is there");
    for table in [tables::KERNEL, tables::PRELUDE] {
        let quoted = quoted(table);
        assert!(text.contains(&quoted), "ARCHITECTURE.md has to quote this table:\n{quoted}");
    }
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let mut known: BTreeSet<(Module, Module)> =
        tables::CIRCLES.iter().map(|(from, to)| (split(from), split(to))).collect();
    let mut complaints = Vec::new();
    for folders in [tables::KERNEL_FOLDERS, &["src"]] {
        let mut arrows = arrows(folders);
        for (from, named) in &mut arrows {
            named.retain(|to| !known.remove(&(from.clone(), to.clone())));
        }
        complaints.extend(circle(&arrows).map(|circle| {
            let files: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
            format!("{}: {} ─► {}", folders.join(" and "), files.join(" ─► "), files[0])
        }));
    }
    let gone = known.iter().map(|(from, to)| (from.join("::"), to.join("::")));
    complaints.extend(gone.map(|(from, to)| format!("{from} ─► {to} is no longer there")));
    refuse(
        "files name each other in a circle, or `CIRCLES` in `tables.rs` is outdated:",
        &complaints,
    );
}

/// The sources that a program carries are without tests and benches. Cargo then refuses a target that it has to look for,
/// and with it the whole prelude; one with a path it doesn't miss.
#[test]
fn every_target_has_a_path() {
    let text = fs::read_to_string(checkout().join("Cargo.toml")).expect("it is there");
    let targets = text.split("[[").skip(1);
    let complaints: Vec<String> =
        targets.filter(|it| !it.contains("\npath = ")).map(str::to_owned).collect();
    refuse("these targets of Cargo.toml need a `path`:", &complaints);
}

#[test]
fn every_file_begins_with_a_header() {
    let files = FILES.iter().filter(|file| !file.text.starts_with("//!"));
    let complaints: Vec<String> = files.map(|file| file.path.clone()).collect();
    refuse("these files don't say what lives in them (`//!`):", &complaints);
}

#[test]
fn json_is_written_by_hand_in_the_protocol_alone() {
    let is_written = |file: &&File| file.code.windows(2).any(|it| is_sequence(it, &["json", "!"]));
    let files = FILES.iter().filter(is_written);
    let complaints: Vec<String> =
        files.map(|file| file.path.clone()).filter(|path| !is_in(path, tables::JSON)).collect();
    refuse("`json!` where a type should be:", &complaints);
}

#[test]
fn unsafe_code_stands_in_the_named_files() {
    let has_unsafe = |file: &&File| (0..file.all.len()).any(|at| is_unsafe(&file.all[at..]));
    let files = FILES.iter().filter(has_unsafe).map(|file| file.path.clone());
    let found: BTreeSet<String> = files.collect();
    let named: BTreeSet<String> = tables::UNSAFE.iter().map(ToString::to_string).collect();
    assert_eq!(found, named, "files with `unsafe`, and those that `tables.rs` names");
    for root in ["kernel/src/main.rs", "kernel/session/src/lib.rs", "src/lib.rs"] {
        let text = fs::read_to_string(checkout().join(root)).expect("it is a root");
        assert!(text.contains("#![deny(unsafe_code)]"), "{root} does not deny unsafe code");
    }
}

/// Whether the tokens begin with unsafe code, and not with an attribute (`unsafe(no_mangle)`) or the
/// type of a function.
fn is_unsafe(tokens: &[Token]) -> bool {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let is_type = text(1) == "extern" && text(3) == "fn" && text(4) == "(";
    text(0) == "unsafe" && text(1) != "(" && !is_type
}

#[test]
fn what_only_linux_has_stands_in_one_folder() {
    let files = FILES.iter().filter(|file| !is_in(&file.path, tables::PLATFORM));
    let complaints: Vec<String> = files
        .flat_map(|file| of_linux(&file.code).map(|name| format!("{name} in {}", file.path)))
        .collect();
    refuse("what other systems don't have, outside of `platform`:", &complaints);
}

/// Names and paths that only Linux has.
fn of_linux(tokens: &[Token]) -> impl Iterator<Item = &str> {
    let is_path = |token: &Token| {
        let text = token.text.trim_start_matches(['b', 'c', 'r', '#', '"']);
        token.kind == SyntaxKind::STRING
            && tables::LINUX_PATHS.iter().any(|path| text.starts_with(path))
    };
    let is_named = |token: &Token| tables::LINUX.contains(&token.text.as_str());
    tokens.iter().filter(move |it| is_named(it) || is_path(it)).map(|it| it.text.as_str())
}

#[test]
fn evcxr_is_named_in_one_folder() {
    // At the beginning of a path it is the crate; `engine::evcxr` is a folder of ours.
    let is_evcxr = |path: &Vec<String>| path.first().is_some_and(|first| first == "evcxr");
    let names_it = |file: &&File| {
        let names = Names::of(&file.code);
        let has_child = file.code.windows(2).any(|it| is_sequence(it, &["mod", "evcxr"]));
        let imports = names.imports.iter().map(|import| &import.path);
        imports.chain(&names.paths).any(|path| is_evcxr(path) && !has_child)
    };
    let files = FILES.iter().filter(names_it).map(|file| file.path.clone());
    let complaints: Vec<String> = files.filter(|path| !is_in(path, tables::EVCXR)).collect();
    refuse("the crate `evcxr` is named outside its folder:", &complaints);
}

#[test]
fn cargo_is_run_where_something_is_built() {
    let is_cargo = |token: &Token| token.kind == SyntaxKind::STRING && token.text == "\"cargo\"";
    let files = FILES.iter().filter(|file| file.code.iter().any(is_cargo));
    let complaints: Vec<String> =
        files.map(|file| file.path.clone()).filter(|path| !is_in(path, tables::CARGO)).collect();
    refuse("cargo is named outside of what builds or installs:", &complaints);
}

#[test]
fn sockets_are_opened_in_one_file_and_nobody_is_called() {
    let mut complaints = Vec::new();
    for file in FILES.iter() {
        let names = file.code.iter().map(|token| token.text.as_str()).collect::<BTreeSet<_>>();
        let mut types = tables::SOCKET_TYPES.iter().filter(|_| !is_in(&file.path, tables::SOCKETS));
        let mut calling = tables::CALLING_TYPES.iter();
        if let Some(name) =
            calling.find(|it| names.contains(**it)).or(types.find(|it| names.contains(**it)))
        {
            complaints.push(format!("{} names `{name}`", file.path));
        }
    }
    refuse("a socket, or a call, where none may be:", &complaints);
}

#[test]
fn loops_over_numbers_take_pairs_that_inline() {
    let zips = |file: &&File| file.code.windows(3).any(|it| is_sequence(it, &[".", "zip", "("]));
    let files = tables::LOOPS.iter().flat_map(|folder| files(folder)).filter(zips);
    let complaints: Vec<String> = files.map(|file| file.path.clone()).collect();
    refuse("`zip` where `compute::beside` should be, which inlines:", &complaints);
}

#[test]
fn no_type_of_the_prelude_stands_for_one_of_candle() {
    let complaints: Vec<String> = files("src")
        .flat_map(|file| stand_ins(&file.code).map(|name| format!("{name} in {}", file.path)))
        .collect();
    refuse("types that wrap one of candle's:", &complaints);
}

/// Public types that are nothing but one of candle's, and what derefs to one.
fn stand_ins(tokens: &[Token]) -> impl Iterator<Item = &str> {
    let is_candle = |token: &Token| tables::CANDLE.contains(&token.text.as_str());
    let newtypes = (0..tokens.len()).filter_map(move |at| {
        let [name, rest @ ..] = without(&tokens[at..], &["pub", "struct"])? else {
            return None;
        };
        let rest = without(rest, &["("])?;
        let rest = without(rest, &["pub"]).unwrap_or(rest);
        let is_one = is_candle(rest.first()?) && rest.get(1)?.text == ")";
        is_one.then_some(name.text.as_str())
    });
    let targets = tokens
        .windows(4)
        .filter(move |it| is_sequence(it, &["type", "Target", "="]) && is_candle(&it[3]));
    newtypes.chain(targets.map(|it| it[3].text.as_str()))
}

#[test]
fn every_variable_of_the_user_is_in_the_help() {
    let help = fs::read_to_string(checkout().join("kernel/src/cli/args.rs")).expect("it is there");
    let help = help.split("Environment:").nth(1).expect("the help has a part for it");
    let mut complaints = Vec::new();
    for file in tables::KERNEL_FOLDERS.iter().flat_map(|folder| files(folder)) {
        let texts = file.code.iter().filter(|token| token.kind == SyntaxKind::STRING);
        let names = texts.map(|token| token.text.trim_matches('"')).filter(|text| {
            text.starts_with("AKARI_")
                && text.bytes().all(|it| it.is_ascii_uppercase() || it == b'_')
        });
        let is_missing = |name: &&str| {
            !tables::OWN_VARIABLES.iter().any(|own| name.starts_with(own))
                && !help.contains(&format!("  {name} "))
        };
        complaints.extend(names.filter(is_missing).map(|name| format!("{name} in {}", file.path)));
    }
    refuse("variables that `akari --help` doesn't list:", &complaints);
}

/// The checks themselves, on small tables.
mod checks {
    use super::*;

    const TABLE: Arrows = &[("main", &["a"]), ("a", &["b"]), ("a::inner", &[]), ("b", &[])];

    fn arrow(from: &str, to: &str) -> BTreeMap<Module, BTreeSet<Module>> {
        [(split(from), [split(to)].into())].into()
    }

    #[test]
    fn arrow_against_the_table_is_told() {
        assert!(forbidden(&arrow("a::x", "b::y"), TABLE, "main").is_empty());
        assert!(forbidden(&arrow("a::x", "a::y"), TABLE, "main").is_empty());
        let told = forbidden(&arrow("b::y", "a::x"), TABLE, "main");
        assert_eq!(told, ["b ─► a: `b::y` names `a::x`"]);
        // A room inside another has a row of its own.
        assert_eq!(forbidden(&arrow("a::inner", "b"), TABLE, "main").len(), 1);
        assert_eq!(forbidden(&arrow("c", "b"), TABLE, "main"), ["c lies in no room of the table"]);
    }

    #[test]
    fn arrow_that_nobody_needs_is_told() {
        let told = unneeded(&arrow("a", "b"), TABLE, "main");
        assert_eq!(told, ["main ─► a is not needed"]);
    }

    #[test]
    fn unsafe_code_is_told_from_attributes_and_types() {
        let is_unsafe = |text: &str| super::is_unsafe(&tokens(text));
        assert!(
            ["unsafe { f() }", "unsafe fn f()", "unsafe extern \"C\" {"].map(is_unsafe)
                == [true; 3]
        );
        assert!(!is_unsafe("unsafe(no_mangle)") && !is_unsafe("unsafe extern \"C\" fn(*const u8)"));
    }

    #[test]
    fn what_only_linux_has_is_told() {
        let text =
            "#[cfg(target_os = \"linux\")] fn f() { read(\"/proc/self/maps\"); g(\"a /proc/\") }";
        assert_eq!(
            of_linux(&tokens(text)).collect::<Vec<_>>(),
            ["target_os", "\"/proc/self/maps\""]
        );
    }

    #[test]
    fn stand_ins_for_candles_types_are_told() {
        let text = "pub struct Matrix(pub Tensor); pub struct Layer { weight: Tensor } \
                    struct Own(Shape); impl Deref for X { type Target = Tensor; }";
        let tokens = tokens(text);
        assert_eq!(stand_ins(&tokens).collect::<Vec<_>>(), ["Matrix", "Tensor"]);
    }

    #[test]
    fn table_is_quoted_in_columns() {
        assert_eq!(quoted(&[("main", &["a", "b"]), ("a", &[])]), "main ─► a, b\na    ─► nothing\n");
    }

    #[test]
    fn modules_are_named_after_files() {
        let name = |path: &str| module(path, "kernel/src").join("::");
        assert_eq!(name("kernel/src/main.rs"), "");
        assert_eq!(name("kernel/src/engine/mod.rs"), "engine");
        assert_eq!(name("kernel/src/engine/stop.rs"), "engine::stop");
    }
}
