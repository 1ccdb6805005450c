//! The cell that papermill injects: assignments as Python has them, under a line `# Parameters`.
//!
//! Each becomes a `let`, of the type that the variable has by now, so that code below it compiles as
//! it did with the notebook's own values. A cell with anything else in it is left as it is.

use super::state::{KeptVariable, State};

/// The line by which papermill marks its cell.
const MARK: &str = "# Parameters";

/// A value as papermill's Python writes it.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    None,
    Bool(bool),
    Whole(String),
    Fraction(String),
    Text(String),
    List(Vec<Value>),
}

/// The cell in Rust, if it is such a one.
pub fn translated(code: &str, state: &State) -> Option<String> {
    let rest = code.trim_start().strip_prefix(MARK)?;
    let mut reader = Reader { rest: rest.strip_prefix('\n')? };
    let mut lines = vec![MARK.to_owned()];
    while !reader.skip().is_empty() {
        let name = reader.name()?;
        reader.take("=")?;
        let value = reader.value(0)?;
        let known = state.variables.get(&name);
        lines.push(statement(&name, &value, known)?);
    }
    (lines.len() > 1).then(|| lines.join("\n"))
}

/// The definition of a parameter. A value that doesn't fit the variable's type gives it another one.
fn statement(name: &str, value: &Value, known: Option<&KeptVariable>) -> Option<String> {
    let keyword = if known.is_some_and(|it| it.is_mut) { "let mut" } else { "let" };
    let typed = known.and_then(|it| Some((it.type_text.as_str(), value.of_type(&it.type_text)?)));
    Some(match typed {
        Some((type_text, text)) => format!("{keyword} {name}: {type_text} = {text};"),
        None => format!("{keyword} {name} = {};", value.plain()?),
    })
}

impl Value {
    /// The value in Rust where it is to have a type.
    fn of_type(&self, type_text: &str) -> Option<String> {
        let type_text = type_text.trim();
        let inner = |name: &str| {
            let (path, inner) = type_text.strip_suffix('>')?.split_once('<')?;
            (path.rsplit("::").next() == Some(name)).then_some(inner)
        };
        if let Some(inner) = inner("Option") {
            return match self {
                Value::None => Some("None".to_owned()),
                value => value.of_type(inner).map(|it| format!("Some({it})")),
            };
        }
        match self {
            Value::Bool(value) => (type_text == "bool").then(|| value.to_string()),
            Value::Whole(digits) => match type_text {
                "f32" | "f64" => Some(format!("{digits}.0")),
                "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
                    (!digits.starts_with('-')).then(|| digits.clone())
                }
                "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => Some(digits.clone()),
                _ => None,
            },
            Value::Fraction(digits) => match type_text {
                "f32" | "f64" if digits.ends_with(char::is_alphabetic) => {
                    Some(format!("{}{type_text}::{}", sign(digits), name_of(digits)))
                }
                "f32" | "f64" => Some(digits.clone()),
                _ => None,
            },
            Value::Text(text) if type_text.rsplit("::").next() == Some("String") => {
                Some(format!("{text:?}.to_string()"))
            }
            Value::Text(text) => {
                let is_str = type_text.starts_with('&') && type_text.ends_with("str");
                is_str.then(|| format!("{text:?}"))
            }
            Value::List(values) => {
                let is_vector = inner("Vec").is_some();
                let array = || type_text.strip_prefix('[')?.rsplit_once(';').map(|it| it.0);
                let of = inner("Vec").or_else(array)?;
                let texts: Option<Vec<String>> = values.iter().map(|it| it.of_type(of)).collect();
                Some(format!("{}[{}]", if is_vector { "vec!" } else { "" }, texts?.join(", ")))
            }
            Value::None => None,
        }
    }

    /// The value in Rust where nothing is known of its type.
    fn plain(&self) -> Option<String> {
        Some(match self {
            Value::None => return None,
            Value::Bool(value) => value.to_string(),
            Value::Whole(digits) if digits.parse::<i32>().is_ok() => digits.clone(),
            Value::Whole(digits) => format!("{digits}i64"),
            Value::Fraction(_) => return self.of_type("f64"),
            Value::Text(text) => format!("{text:?}"),
            Value::List(values) => {
                let texts: Option<Vec<String>> = values.iter().map(Value::plain).collect();
                format!("vec![{}]", texts?.join(", "))
            }
        })
    }
}

fn sign(digits: &str) -> &str {
    if digits.starts_with('-') { "-" } else { "" }
}

fn name_of(digits: &str) -> &'static str {
    if digits.ends_with("inf") { "INFINITY" } else { "NAN" }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// What is left behind white space.
    fn skip(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    fn take(&mut self, text: &str) -> Option<()> {
        self.rest = self.skip().strip_prefix(text)?;
        Some(())
    }

    fn name(&mut self) -> Option<String> {
        let rest = self.skip();
        let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        self.rest = rest;
        let begins = |it: char| it.is_alphabetic() || it == '_';
        name.starts_with(begins).then(|| name.to_owned())
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let rest = self.skip();
        let words = [
            ("None", Value::None),
            ("True", Value::Bool(true)),
            ("False", Value::Bool(false)),
            ("float('nan')", Value::Fraction("nan".to_owned())),
            ("float('inf')", Value::Fraction("inf".to_owned())),
            ("float('-inf')", Value::Fraction("-inf".to_owned())),
        ];
        if let Some((word, value)) = words.into_iter().find(|it| rest.starts_with(it.0)) {
            self.take(word)?;
            return Some(value);
        }
        match rest.chars().next()? {
            '[' if depth < 8 => self.list(depth),
            '"' | '\'' => self.text(),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.take("[")?;
        let mut values = Vec::new();
        while !self.skip().starts_with(']') {
            values.push(self.value(depth + 1)?);
            if self.take(",").is_none() {
                break;
            }
        }
        self.take("]")?;
        Some(Value::List(values))
    }

    fn number(&mut self) -> Option<Value> {
        let rest = self.rest;
        let is_part = |it: char| it.is_ascii_digit() || "+-.eE".contains(it);
        let (text, rest) = rest.split_at(rest.find(|it| !is_part(it)).unwrap_or(rest.len()));
        self.rest = rest;
        if text.parse::<i64>().is_ok() {
            return Some(Value::Whole(text.trim_start_matches('+').to_owned()));
        }
        let number: f64 = text.parse().ok().filter(|it: &f64| it.is_finite())?;
        // Python writes `1e-05` and `1.`, of which Rust takes only some.
        Some(Value::Fraction(format!("{number:?}")))
    }

    /// A text with Python's escapes.
    fn text(&mut self) -> Option<Value> {
        let mut chars = self.rest.chars();
        let quote = chars.next()?;
        let mut text = String::new();
        loop {
            match chars.next()? {
                '\n' => return None,
                it if it == quote => break,
                '\\' => text.push(escaped(&mut chars)?),
                it => text.push(it),
            }
        }
        self.rest = chars.as_str();
        Some(Value::Text(text))
    }
}

fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'x' => return hexadecimal(chars, 2),
        'u' => return hexadecimal(chars, 4),
        'U' => return hexadecimal(chars, 8),
        it @ ('\\' | '"' | '\'') => it,
        _ => return None,
    })
}

fn hexadecimal(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let text: String = chars.take(digits).collect();
    u32::from_str_radix(&text, 16).ok().and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(variables: &[(&str, &str)]) -> State {
        let variables = variables
            .iter()
            .map(|(name, type_text)| ((*name).to_owned(), KeptVariable::of_test(type_text, 1)));
        State { variables: variables.collect(), ..State::default() }
    }

    #[test]
    fn values_get_the_types_of_the_notebook() {
        let known = state(&[
            ("a", "f32"),
            ("b", "usize"),
            ("c", "std::string::String"),
            ("d", "&'static str"),
            ("e", "std::option::Option<f64>"),
            ("f", "std::vec::Vec<f32>"),
            ("g", "[i64; 2]"),
            ("h", "bool"),
            ("i", "i32"),
        ]);
        let python = "# Parameters\na = 1\nb = 10\nc = \"gr\\xfc\\u706f\\n\\\"x\\\"\"\nd = 'z'\ne = None\nf = [1, 0.5]\ng = [\n    -1,\n    2,\n]\nh = True\ni = 0.25\n";
        let rust = translated(python, &known);
        let expected = "# Parameters\nlet a: f32 = 1.0;\nlet b: usize = 10;\nlet c: std::string::String = \"grü灯\\n\\\"x\\\"\".to_string();\nlet d: &'static str = \"z\";\nlet e: std::option::Option<f64> = None;\nlet f: std::vec::Vec<f32> = vec![1.0, 0.5];\nlet g: [i64; 2] = [-1, 2];\nlet h: bool = true;\nlet i = 0.25;";
        assert_eq!(rust.as_deref(), Some(expected));
    }

    #[test]
    fn values_of_new_names_get_types_of_their_own() {
        let python = "# Parameters\nlr = 1e-05\nn = 3000000000\nnames = [\"a\", \"b\"]\nworst = float('-inf')\nnone = float('nan')\n";
        let expected = "# Parameters\nlet lr = 1e-5;\nlet n = 3000000000i64;\nlet names = vec![\"a\", \"b\"];\nlet worst = -f64::INFINITY;\nlet none = f64::NAN;";
        assert_eq!(translated(python, &State::default()).as_deref(), Some(expected));
    }

    #[test]
    fn other_cells_are_left_alone() {
        for code in [
            "lr = 0.1",
            "# Parameters",
            "# Parameters\n",
            "# Parameters\nlet lr = 0.1;",
            "# Parameters\nlr = 0.1;",
            "# Parameters\nlr = rate()",
            "# Parameters\nlr = {\"a\": 1}",
            "# Parameters\nlr = None",
            "# Parameters\nlr = [[[[[[[[[[1]]]]]]]]]]",
            "# Parameters\nlr = \"\\ud800\"",
            "# Parameters\nlr = \"abc",
            "# Parameters of the run\nlr = 0.1",
            "# Parameters\n1 = 2",
            "// # Parameters\nlr = 0.1",
        ] {
            assert_eq!(translated(code, &State::default()), None, "{code}");
        }
    }
}
