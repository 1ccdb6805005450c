//! What Shift-Tab shows of a name: its signature, its documentation, and of a type its fields with their
//! defaults and how it is made.

use super::known::Known;
use crate::engine::name::{Name, of_values};
use crate::engine::outcome::{Inspection, MimeBundle};

/// How many methods of a type are listed.
const METHODS: usize = 40;

/// A name's explanation.
pub fn explain(known: &Known<'_>, name: &Name) -> Inspection {
    let mut plain = name.detail.clone();
    let mut marked = format!("```rust\n{}\n```", name.detail);
    let mut add = |text: &str, markdown: &str| {
        if !text.is_empty() {
            plain += &format!("\n\n{text}");
            marked += &format!("\n\n{markdown}");
        }
    };
    if name.kind == "class" {
        let parts = Parts::of(known, name);
        let documentation = name.documentation.split_once("\n\n");
        let (first, rest) = documentation.unwrap_or((&name.documentation, ""));
        add(first, first);
        add(&parts.fields_as_text(), &parts.fields_as_table());
        add(&parts.functions_as_text(), &parts.functions_as_code());
        add(rest, rest);
    } else {
        add(&name.documentation, &name.documentation);
    }
    let data = [("text/plain", plain), ("text/markdown", marked)];
    let data: MimeBundle =
        data.into_iter().map(|(mime, it)| (mime.to_owned(), it.into())).collect();
    Inspection { data }
}

/// What a type has.
struct Parts<'a> {
    fields: Vec<Field<'a>>,
    variants: Vec<&'a Name>,
    functions: Vec<&'a Name>,
    methods: Vec<&'a Name>,
}

struct Field<'a> {
    name: &'a str,
    of_type: &'a str,
    default: &'a str,
    /// What is told of it besides its default.
    told: String,
}

impl<'a> Parts<'a> {
    fn of(known: &Known<'a>, name: &Name) -> Parts<'a> {
        let values = known.of_module(&of_values(&name.name));
        let fields = values.iter().filter(|it| it.kind == "property").filter_map(|it| {
            let (_, rest) = it.detail.split_once(": ")?;
            let (of_type, default) = rest.split_once(" = ").unwrap_or((rest, ""));
            let told = it.documentation.split("Default: ").next().unwrap_or_default();
            let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
            Some(Field { name: &it.name, of_type, default, told })
        });
        let inside = known.of_module(&name.name);
        // A module may have the name of a type.
        let is_of_type = |it: &&&Name| !it.detail.starts_with("mod ");
        Parts {
            fields: fields.collect(),
            variants: inside
                .iter()
                .filter(is_of_type)
                .filter(|it| it.kind == "class")
                .copied()
                .collect(),
            functions: inside.iter().filter(|it| it.kind == "function").copied().collect(),
            methods: values.into_iter().filter(|it| it.kind == "function").collect(),
        }
    }

    fn fields_as_text(&self) -> String {
        let heads: Vec<String> = self.fields.iter().map(Field::head).collect();
        let width = heads.iter().map(|it| it.chars().count()).max().unwrap_or_default();
        let lines = heads.iter().zip(&self.fields).map(|(head, field)| {
            let gap = " ".repeat(width - head.chars().count());
            format!("    {head}{gap}  {}", field.told).trim_end().to_owned()
        });
        let variants = self.variants.iter().map(|it| {
            format!("    {}  {}", it.detail, first_line(&it.documentation)).trim_end().to_owned()
        });
        let lines: Vec<String> = lines.chain(variants).collect();
        match (self.fields.is_empty(), lines.is_empty()) {
            (_, true) => String::new(),
            (false, _) => format!("Fields:\n{}", lines.join("\n")),
            (true, _) => format!("One of:\n{}", lines.join("\n")),
        }
    }

    fn fields_as_table(&self) -> String {
        let cell = |text: &str| text.replace('|', "\\|");
        let code = |text: &str| {
            if text.is_empty() { String::new() } else { format!("`{}`", cell(text)) }
        };
        let mut text = String::new();
        if !self.fields.is_empty() {
            text += "| field | type | default | |\n|:--|:--|:--|:--|";
            for it in &self.fields {
                let (name, of_type, default) = (code(it.name), code(it.of_type), code(it.default));
                text += &format!("\n| {name} | {of_type} | {default} | {} |", cell(&it.told));
            }
        }
        if !self.variants.is_empty() {
            let gap = if text.is_empty() { "" } else { "\n\n" };
            text += &format!("{gap}| one of | |\n|:--|:--|");
            for it in &self.variants {
                text += &format!(
                    "\n| {} | {} |",
                    code(&it.detail),
                    cell(first_line(&it.documentation))
                );
            }
        }
        text
    }

    fn functions_as_text(&self) -> String {
        let lines: Vec<&str> = self.signatures().collect();
        let mut text = lines.join("\n");
        let methods = self.other_methods();
        if !methods.is_empty() {
            let gap = if text.is_empty() { "" } else { "\n" };
            text += &format!("{gap}Methods: {methods}");
        }
        text
    }

    fn functions_as_code(&self) -> String {
        let lines: Vec<&str> = self.signatures().collect();
        let code = (!lines.is_empty()).then(|| format!("```rust\n{}\n```", lines.join("\n")));
        let methods = self.other_methods();
        let methods = (!methods.is_empty()).then(|| format!("Methods: {methods}"));
        code.into_iter().chain(methods).collect::<Vec<_>>().join("\n\n")
    }

    /// How a value is made, and what is done with it first of all.
    fn signatures(&self) -> impl Iterator<Item = &'a str> {
        let makers = self
            .functions
            .iter()
            .filter(|it| it.name.starts_with("new") || it.name.starts_with("with_"));
        let forward = self.methods.iter().filter(|it| it.name == "forward");
        makers.chain(forward).map(|it| it.detail.as_str())
    }

    fn other_methods(&self) -> String {
        let others = self.methods.iter().filter(|it| it.name != "forward" && it.name != "clone");
        let all: Vec<String> = others.map(|it| format!("`{}`", it.name)).collect();
        match all.get(..METHODS) {
            Some(first) if all.len() > METHODS => format!("{}, ..", first.join(", ")),
            _ => all.join(", "),
        }
    }
}

impl Field<'_> {
    fn head(&self) -> String {
        let default = if self.default.is_empty() { "" } else { " = " };
        format!("{}: {}{default}{}", self.name, self.of_type, self.default)
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
