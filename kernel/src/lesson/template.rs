//! A new lesson: one example, one exercise and one question, in both languages, with their key.

use serde_json::{Value, json};

/// The files of a new lesson: the notebooks in Japanese and English, and the key.
#[derive(Debug)]
pub struct Template {
    pub ja: Value,
    pub en: Value,
    pub key: String,
}

/// The number in front of a lesson's name: `09` of `09-attention`.
pub fn number(name: &str) -> Option<&str> {
    let (number, rest) = name.split_once('-')?;
    let is_plain = |it: &str| it.chars().all(|it| it.is_alphanumeric() || it == '-' || it == '_');
    let is_number = !number.is_empty() && number.chars().all(|it| it.is_ascii_digit());
    (is_number && !rest.is_empty() && is_plain(rest)).then_some(number)
}

/// The files of a lesson of this number, for this version of Rust.
pub fn template(number: &str, rust_version: &str) -> Template {
    // JupyterLab asks to save a notebook that has other words here than the kernel says.
    let language_info = json!({
        "codemirror_mode": "rust",
        "file_extension": ".rs",
        "mimetype": "text/x-rustsrc",
        "name": "rust",
        "nbconvert_exporter": "script",
        "pygments_lexer": "rust",
        "version": rust_version,
    });
    let notebook = |is_japanese: bool| {
        json!({
            "cells": cells(number, is_japanese),
            "metadata": {
                "kernelspec": { "display_name": "Rust (Akari)", "language": "rust", "name": "akari" },
                "language_info": language_info,
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        })
    };
    Template { ja: notebook(true), en: notebook(false), key: KEY.replace("NN", number) }
}

fn cells(number: &str, is_japanese: bool) -> Vec<Value> {
    let text = |id: &str, ja: &str, en: &str| {
        let text = if is_japanese { ja } else { en };
        json!({ "cell_type": "markdown", "id": id, "metadata": {}, "source": split(&text.replace("NN", number)) })
    };
    let code = |id: &str, tag: &str, source: &str| {
        let mut metadata = json!({ "tags": [tag] });
        if tag == "exercise" {
            let exercise =
                if id.starts_with('q') { format!("{number}-q1") } else { format!("{number}-1") };
            metadata["akari"] = json!({ "exercise": exercise });
        }
        json!({
            "cell_type": "code", "execution_count": null, "id": id, "metadata": metadata, "outputs": [],
            "source": split(&source.replace("NN", number)),
        })
    };
    vec![
        text(
            "title",
            "# 第NN課　題名\n\n## この課のゴール\n\n- …",
            "# Lesson NN: title\n\n## Goals\n\n- ..",
        ),
        text(
            "p1-example-intro",
            "### 例題 1\n\n実行する前に、結果を予想してください。",
            "### Example 1\n\nPredict the result before you run it.",
        ),
        code(
            "p1-example",
            "example",
            "let x = tensor!([-1.0, 2.0]);\n\nshow!(\"relu:\", F::relu(&x)?);",
        ),
        text(
            "p1-example-expected",
            "次のように表示されれば成功です。\n\n```text\nrelu: tensor([0., 2.])\n```",
            "If you see the following, it worked.\n\n```text\nrelu: tensor([0., 2.])\n```",
        ),
        text(
            "ex1-task",
            "### 問題 1\n\n`x` の sigmoid を計算して `y` に入れてください。",
            "### Exercise 1\n\nCompute the sigmoid of `x` and keep it in `y`.",
        ),
        code("ex1-answer", "exercise", "let y: Tensor = blank!();"),
        code("ex1-check", "check", "check!(\"NN-1\", y)"),
        code("ex1-hint", "hint", "hint!(\"NN-1\")"),
        code("ex1-solution", "solution-call", "solution!(\"NN-1\")"),
        text(
            "q1-task",
            "### クイズ\n\nReLU に負の数を入れると、何が出てきますか。\n\na. 0　b. 同じ数　c. 符号を変えた数",
            "### Quiz\n\nWhat does ReLU make of a negative number?\n\na. 0, b. the same number, c. the number without its sign",
        ),
        code("q1-answer", "exercise", "let q1: &str = blank!(); // \"a\", \"b\" or \"c\""),
        code("q1-check", "check", "check!(\"NN-q1\", q1)"),
    ]
}

fn split(text: &str) -> Value {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

const KEY: &str = r#"# 第NN課の解答: 問題ごとの正しい答えと、よくある間違いに返す言葉。
# The key of lesson NN: what its exercises want, and what is said to a slip.
[[exercise]]
id = "NN-1"
solution = """
let y = torch::sigmoid(&x)?;
"""
hints = [
  { ja = "sigmoid は `torch::` の中にあります。", en = "Sigmoid is in `torch::`." },
  { ja = "`torch::sigmoid(&x)?` と書きます。", en = "Write `torch::sigmoid(&x)?`." },
]
[[exercise.answer]]
name = "y"
value = [0.26894142, 0.88079708]
[[exercise.slip]]
value = [0.0, 2.0]
ja = "これは ReLU です。"
en = "This is ReLU."

[[exercise]]
id = "NN-q1"
solution = """
let q1 = "a";
"""
[[exercise.answer]]
name = "q1"
value = "a"
[[exercise.slip]]
value = "b"
ja = "同じ数が出てくるのは、0 以上の数を入れたときです。"
en = "Only numbers from 0 upwards come out as they are."
[[exercise.slip]]
value = "c"
ja = "それは絶対値です。"
en = "That is the absolute value."
"#;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::lesson::parallel;
    use crate::lesson::sheet::Sheet;
    use crate::notebook::format::Notebook;

    #[test]
    fn names_begin_with_a_number() {
        assert_eq!(number("09-attention"), Some("09"));
        for name in ["attention", "09", "09-", "../09-x", "x-9", "09-a/b"] {
            assert_eq!(number(name), None, "{name}");
        }
    }

    #[test]
    fn both_languages_and_the_key_belong_together() {
        let template = template("09", "1.95.0");
        let key = akari_key::Key::parse(&template.key).expect("a key");
        let sheet = |file: &str, root: Value| {
            Sheet::new(
                Path::new(file),
                Notebook::of_json(root),
                Some(("09.toml".into(), key.clone())),
            )
        };
        let (ja, en) = (sheet("ja/09.ipynb", template.ja), sheet("en/09.ipynb", template.en));
        assert!(parallel::findings(&ja, &en).is_empty());
        let findings = ja.findings();
        // Nothing has run yet, so that the text has no output to agree with.
        assert!(findings.iter().all(|it| it.place == "p1-example-expected"), "{findings:?}");
    }
}
