//! The names that a question is answered from: the cell's and the session's, the prelude's, the standard
//! library's.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::engine::name::{Name, of_values};

/// Names, to be found by their module.
#[derive(Debug, Default)]
pub struct Table {
    /// Sorted by module; in a module as they came.
    names: Vec<Name>,
    /// Where the types and traits are.
    classes: HashMap<String, usize>,
}

impl Table {
    pub fn new(mut names: Vec<Name>) -> Table {
        names.sort_by(|a, b| a.module.cmp(&b.module));
        let mut classes = HashMap::new();
        let is_class = |it: &Name| it.kind == "class" && !it.module.starts_with('.');
        for (at, name) in names.iter().enumerate().filter(|(_, it)| is_class(it)) {
            classes.entry(name.name.clone()).or_insert(at);
        }
        Table { names, classes }
    }

    fn class(&self, name: &str) -> Option<&Name> {
        self.names.get(*self.classes.get(name)?)
    }

    fn of(&self, module: &str) -> &[Name] {
        let start = self.names.partition_point(|it| *it.module < *module);
        let length = self.names[start..].partition_point(|it| it.module == module);
        &self.names[start..start + length]
    }
}

/// The names of the standard library, one in a line, as `standard.py` writes them.
const STANDARD: &str = include_str!("standard.tsv");

/// Where the standard library's documentation finds a name.
const PAGES: &str = "See https://doc.rust-lang.org/std/?search=";

/// Numbers that have the methods of others.
const ALIKE: [(&str, &str); 6] = [
    ("i8", "i64"),
    ("i16", "i64"),
    ("i128", "i64"),
    ("isize", "i64"),
    ("u16", "u64"),
    ("u128", "u64"),
];

/// The names of the standard library.
pub fn standard() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::new(STANDARD.lines().filter_map(row).collect()))
}

fn row(line: &'static str) -> Option<Name> {
    let mut fields = line.split('\t');
    let (module, name) = (fields.next()?, fields.next()?);
    let documentation = format!("{PAGES}{name}");
    Some(Name {
        module: module.to_owned(),
        name: name.to_owned(),
        kind: fields.next()?.into(),
        detail: fields.next()?.to_owned(),
        documentation,
    })
}

/// All names, those first that shadow others.
#[derive(Debug)]
pub struct Known<'a> {
    /// What the cell and the session's code tell.
    pub told: &'a [Name],
    pub session: &'a [Name],
    pub prelude: Option<&'a Table>,
    pub standard: &'a Table,
}

impl<'a> Known<'a> {
    /// The names of a module, or the members of a type.
    pub fn of_module(&self, module: &str) -> Vec<&'a Name> {
        let own = self.told.iter().chain(self.session).filter(|it| it.module == module);
        let mut found: Vec<&Name> = own.collect();
        if let Some(name) = module.strip_prefix('.') {
            // A type of the session hides another one of its name.
            if self.is_of_session(name) {
                return found;
            }
        }
        let alike = module.strip_prefix('.').and_then(|name| {
            ALIKE.iter().find(|(of, _)| *of == name).map(|(_, as_other)| of_values(as_other))
        });
        found.extend(self.prelude.map(|it| it.of(module)).unwrap_or_default());
        found.extend(self.standard.of(alike.as_deref().unwrap_or(module)));
        found
    }

    /// A name that stands alone.
    pub fn alone(&self, name: &str) -> Option<&'a Name> {
        self.all_alone().find(|it| it.name == name)
    }

    /// A type, a trait or another name that stands for one.
    pub fn class(&self, name: &str) -> Option<&'a Name> {
        let mut own = self.told.iter().chain(self.session).filter(|it| it.module.is_empty());
        own.find(|it| it.name == name && it.kind == "class")
            .or_else(|| self.prelude?.class(name))
            .or_else(|| self.standard.class(name))
    }

    pub fn all_alone(&self) -> impl Iterator<Item = &'a Name> {
        let own = self.told.iter().chain(self.session).filter(|it| it.module.is_empty());
        let fixed = [self.prelude, Some(self.standard)];
        own.chain(fixed.into_iter().flatten().flat_map(|it| it.of("")))
    }

    /// The options that the macro of a type's name takes by keyword: `optim::SGD!(p, lr = 0.1)`.
    pub fn keywords(&self, of: &str) -> Vec<&'a Name> {
        let owners = [format!("{of}Options"), format!("{of}Config"), of.to_owned()];
        let options = |owner: &String| -> Vec<&'a Name> {
            let values = self.of_module(&of_values(owner)).into_iter();
            values.filter(|it| it.kind == "property" && it.detail.contains(" = ")).collect()
        };
        owners.iter().map(options).find(|it| !it.is_empty()).unwrap_or_default()
    }

    /// Whether the session or the cell defines a type of this name.
    pub fn is_of_session(&self, name: &str) -> bool {
        let is_it = |it: &Name| {
            let word = it.detail.trim_start_matches("pub ").split(' ').next();
            it.module.is_empty()
                && it.name == name
                && matches!(word, Some("struct" | "enum" | "union" | "trait"))
        };
        self.told.iter().chain(self.session).any(is_it)
    }

    pub fn is_of_prelude(&self, name: &Name) -> bool {
        self.prelude.is_some_and(|it| it.names.as_ptr_range().contains(&std::ptr::from_ref(name)))
    }

    /// Whether a name is the session's or the cell's own.
    pub fn is_own(&self, name: &Name) -> bool {
        let is_in = |names: &[Name]| names.as_ptr_range().contains(&std::ptr::from_ref(name));
        is_in(self.told) || is_in(self.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_standard_library_are_whole() {
        for line in STANDARD.lines() {
            assert!(row(line).is_some_and(|it| !it.name.is_empty()), "{line}");
        }
        let pushes = standard().of(".Vec").iter().filter(|it| it.name == "push");
        assert_eq!(pushes.count(), 1);
        assert!(standard().of("nothing").is_empty());
    }

    #[test]
    fn a_type_of_the_session_hides_another() {
        let name = |module: &str, name: &str, detail: &str| Name {
            module: module.into(),
            name: name.into(),
            kind: "class".into(),
            detail: detail.into(),
            documentation: String::new(),
        };
        let prelude = Table::new(vec![name(".Linear", "weight", "weight: Var")]);
        let told = [name("", "Linear", "struct Linear"), name(".Linear", "w", "w: f32")];
        let known =
            |told| Known { told, session: &[], prelude: Some(&prelude), standard: standard() };
        let texts = |told| -> Vec<String> {
            known(told).of_module(".Linear").iter().map(|it| it.name.clone()).collect()
        };
        assert_eq!(texts(&told), ["w"]);
        assert_eq!(texts(&[]), ["weight"]);
        assert!(!known(&told).of_module(".i16").is_empty());
        assert!(known(&told).is_own(&told[0]) && !known(&[]).is_own(&told[0]));
    }
}
