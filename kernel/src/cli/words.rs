//! The program's own sentences in the user's language: the English one stands in the code, and a table has the others.
//!
//! Texts of typed errors, which other rooms write, are found in the table by their words. The tests here go over the
//! sources, so that no sentence is without a row.

use std::sync::LazyLock;

use crate::engine::Language;
use crate::lesson::finding::Fault;

/// English and Japanese by turns, with a blank line behind each pair; `{}` is what is filled in.
const JAPANESE: &str = include_str!("words/ja.txt");

struct Row {
    english: String,
    japanese: String,
}

fn table() -> &'static [Row] {
    static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let pairs = JAPANESE.split("\n\n").filter_map(|pair| pair.trim_end().split_once('\n'));
        let unescaped = |text: &str| text.replace("\\n", "\n");
        let row = |(english, japanese)| Row {
            english: unescaped(english),
            japanese: unescaped(japanese),
        };
        pairs.map(row).collect()
    });
    &TABLE
}

/// The user's language.
pub fn language() -> Language {
    static LANGUAGE: LazyLock<Language> = LazyLock::new(Language::of_environment);
    *LANGUAGE
}

/// The sentence with its parts.
pub fn told(sentence: &str, parts: &[&str]) -> String {
    told_in(language(), sentence, parts)
}

/// A finished text in the user's language, as far as the table has its sentences.
pub fn whole(text: &str) -> String {
    whole_in(language(), text)
}

/// What is wrong with a lesson.
pub fn fault(fault: &Fault) -> String {
    fault_in(language(), fault)
}

fn fault_in(language: Language, fault: &Fault) -> String {
    let (sentence, parts) = fault.told();
    told_in(language, sentence, &parts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn told_in(language: Language, sentence: &str, parts: &[&str]) -> String {
    let row = || table().iter().find(|row| row.english == sentence);
    match language {
        Language::English => filled(sentence, parts),
        Language::Japanese => filled(row().map_or(sentence, |it| &it.japanese), parts),
    }
}

fn whole_in(language: Language, text: &str) -> String {
    if language == Language::English {
        return text.to_owned();
    }
    let found = table().iter().filter_map(|row| Some((row, parts(&row.english, text)?)));
    // Of several sentences the one that says more of the text is meant.
    let Some((row, parts)) = found.max_by_key(|(row, _)| row.english.len()) else {
        return text.to_owned();
    };
    let parts: Vec<String> = parts.iter().map(|it| whole_in(language, it)).collect();
    filled(&row.japanese, &parts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What is filled in where a text is this sentence.
fn parts<'a>(sentence: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut words = sentence.split("{}");
    let mut rest = text.strip_prefix(words.next()?)?;
    let mut parts = Vec::new();
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let at = match words.peek() {
            Some(_) => rest.find(word)?,
            None => rest.len().checked_sub(word.len()).filter(|_| rest.ends_with(word))?,
        };
        parts.push(&rest[..at]);
        rest = &rest[at + word.len()..];
    }
    rest.is_empty().then_some(parts)
}

/// The template with its parts: `{}` is the next one, `{2}` the third.
fn filled(template: &str, parts: &[&str]) -> String {
    let mut out = String::new();
    let mut next = 0;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (number, after) = after.split_once('}').unwrap_or(("", after));
        let at = number.parse().unwrap_or(next);
        next += 1;
        out.push_str(before);
        out.push_str(parts.get(at).copied().unwrap_or_default());
        rest = after;
    }
    out + rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use ra_ap_syntax::ast::{self, AstToken, HasAttrs};
    use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode};

    use super::*;
    use crate::engine::syntax::Tree;

    #[test]
    fn both_languages_have_the_same_parts() {
        let count = |text: &str| text.matches('{').count();
        assert_eq!(table().len(), JAPANESE.matches("\n\n").count() + 1);
        for Row { english, japanese } in table() {
            assert_eq!(count(english), count(japanese), "{english}");
            assert!(japanese.chars().any(|it| it > '\u{3000}'), "{japanese}");
            let rows = table().iter().filter(|it| it.english == *english);
            assert_eq!(rows.count(), 1, "{english}");
        }
    }

    #[test]
    fn sentences_are_filled_in_and_unknown_ones_stay() {
        let sentence = "code cell {} of {} in `{}` failed{}";
        let parts = ["2", "3", "a.ipynb", ""];
        assert_eq!(
            told_in(Language::English, sentence, &parts),
            "code cell 2 of 3 in `a.ipynb` failed"
        );
        assert_eq!(
            told_in(Language::Japanese, sentence, &parts),
            "`a.ipynb` のコードセル 2（全 3 個）でエラーが発生しました"
        );
        assert_eq!(told_in(Language::Japanese, "what {}", &["{}"]), "what {}");
        for (english, japanese) in [
            ("building the prelude: candle-core", "プレリュードをビルドしています: candle-core"),
            (
                "building the prelude (candle, optimised; once per toolchain, some minutes)",
                "プレリュードをビルドしています（candle を最適化つきで。ツールチェーンごとに1回、数分かかります）",
            ),
            ("no such sentence", "no such sentence"),
            (
                "could not write `/a b`: no room; name another file",
                "`/a b` に書き込めません: no room。別のファイル名を指定してください",
            ),
            // A text within a text.
            (
                "`a` is not a notebook: it has no `cells`",
                "`a` はノートブックではありません: `cells` がありません",
            ),
        ] {
            assert_eq!(whole_in(Language::Japanese, english), japanese);
            assert_eq!(whole_in(Language::English, english), english);
        }
    }

    /// Files whose texts are for people in English only: the help of the command line, which stands beside the names of
    /// options; what is said to compilers, and found in their messages; what packs a release.
    const ENGLISH: [&str; 4] = [
        "src/cli/args.rs",
        "src/cli/words.rs",
        "session/src/home/log.rs",
        "src/setup/prelude/pack.rs",
    ];

    /// What is no sentence, and so in no table: names, commands, formats, texts of files.
    const NO_SENTENCES: &[&str] = &[
        "Rust (Akari)",
        "Rust (Akari on evcxr)",
        "Rust (evcxr with Akari's prelude)",
        "akari install",
        "akari lab",
        "akari prelude 3",
        "akari hidden tests 1\n",
        "akari-evcxr 1",
        "akari: {}",
        "akari: {}{}",
        "akari: {} {}",
        "akari: {} ({}{} s)",
        "channel = ",
        "inactive_file ",
        "#[path = {}]\npub mod tests;",
        "let new_to_all = {}u128;",
        "let x = tensor!([[2.0, 5.0, 3.0]]);\nlet y = F::softmax(&x, 1)?;\ny",
        "release: ",
        "host: ",
        "{} for {}",
        "rustc 1",
        "total_inactive_file ",
        "use akari::prelude::*;\n",
        ":cache {}\n:dep akari = {} }}\n",
        "ensurepip is not",
        "error: ",
        "export AKARI_HOME=FOLDER",
        "import sys; del sys.path[0]; from importlib.util import find_spec; sys.exit(find_spec('jupyterlab') is None)",
        "import sys; print(sys.prefix)",
        "made by `akari lab`\n",
        "rustc {} ({})",
        "rustup toolchain install {}",
        "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --default-toolchain {}",
        "Compiling akari v",
        "umask 022; exec \"$0\" \"$@\"",
        "unset AKARI_SHARED",
        "{spinner} {elapsed}",
        "{spinner} {elapsed} {bar:24} {pos}/{len} {wide_msg}",
        "{spinner} {elapsed} {wide_msg}",
        "All users may read what is kept here. `akari install --shared` made this file.\n",
    ];

    /// Files outside of those folders whose sentences `akari run` and `akari lesson` show.
    const FURTHER: [&str; 10] = [
        "session/src/engine/instant/hidden.rs",
        "session/src/engine/start.rs",
        "session/src/hidden.rs",
        "src/lesson/finding.rs",
        "src/notebook/error.rs",
        "src/notebook/store.rs",
        "session/src/runtime/parent.rs",
        "key/src/find.rs",
        "key/src/lib.rs",
        "key/src/value.rs",
    ];

    /// Each sentence that a user may see has its row: of the commands, of what sets Akari up, of what keeps folders, of
    /// notebooks that can't be read, and of lessons and their keys.
    #[test]
    fn every_sentence_of_the_sources_has_a_row() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<PathBuf> = FURTHER.iter().map(|it| package.join(it)).collect();
        for folder in ["src/cli", "src/setup", "session/src/home"] {
            collect(&package.join(folder), &mut files);
        }
        let mut without = Vec::new();
        let mut count = 0;
        for path in files {
            let name = path.strip_prefix(package).unwrap_or(&path).to_string_lossy().into_owned();
            if ENGLISH.contains(&name.as_str()) {
                continue;
            }
            for sentence in sentences(&fs::read_to_string(&path).unwrap()) {
                count += 1;
                let is_known = |row: &Row| {
                    row.english == sentence || row.english.strip_suffix("{}") == Some(&sentence)
                };
                if !NO_SENTENCES.contains(&sentence.as_str()) && !table().iter().any(is_known) {
                    without.push(format!("{name}: {sentence}"));
                }
            }
        }
        assert!(count > 100, "{count}");
        assert!(without.is_empty(), "without Japanese:\n{}", without.join("\n"));
    }

    /// The faults are one of each kind: their sentences are all that stand in the source, where a `match` asks for one
    /// for each kind.
    #[test]
    fn every_fault_of_a_lesson_is_told_in_both_languages() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lesson/finding.rs");
        let faults = one_of_each_fault();
        let told: BTreeSet<&str> = faults.iter().map(|it| it.told().0).collect();
        let written = sentences(&fs::read_to_string(root).unwrap());
        assert_eq!(told, written.iter().map(String::as_str).collect());
        assert_eq!(told.len(), faults.len());
        for fault in &faults {
            let (sentence, parts) = fault.told();
            assert_eq!(sentence.matches("{}").count(), parts.len(), "{sentence}");
            let [english, japanese] =
                [Language::English, Language::Japanese].map(|it| fault_in(it, fault));
            let is_kana = |it: char| ('\u{3041}'..='\u{30fe}').contains(&it);
            assert!(japanese.chars().any(is_kana) && !english.chars().any(is_kana), "{japanese}");
            for part in &parts {
                assert!(english.contains(part) && japanese.contains(part), "{english}\n{japanese}");
            }
            assert!(!english.contains("{}") && !japanese.contains(['{', '}']), "{japanese}");
        }
    }

    fn one_of_each_fault() -> Vec<Fault> {
        let text = |it: &str| it.to_owned();
        let (id, name, told) = (|| text("09-1"), || text("cell-7"), || text("TypeError: x"));
        let (beside, source) = (|| PathBuf::from("/c/ja/09.ipynb"), || PathBuf::from("/h/09.rs"));
        vec![
            Fault::SameId,
            Fault::NoCodeOfText { name: name() },
            Fault::NoTextBlock,
            Fault::OtherText { text: text("y: 1"), name: name(), stored: text("y: 2") },
            Fault::UnknownNumber { number: text("0.777") },
            Fault::NoKey { id: id() },
            Fault::NoExercise { id: id() },
            Fault::NoAnswerCell,
            Fault::NoBlank { id: id() },
            Fault::NoCheck,
            Fault::NoHints,
            Fault::NoSolution,
            Fault::HintWithoutText { number: 2, language: "en" },
            Fault::SlipWithoutText { number: 2, language: "ja" },
            Fault::NoOtherLanguage { beside: beside() },
            Fault::NoCellBeside { beside: beside() },
            Fault::OtherCellBeside { beside: beside(), id: name() },
            Fault::OtherKindBeside { beside: beside(), kinds: [text("code"), text("markdown")] },
            Fault::OtherCodeBeside { beside: beside() },
            Fault::OtherTagsBeside { beside: beside() },
            Fault::OnlyBeside { beside: beside() },
            Fault::UnsolvedError { told: told() },
            Fault::UnsolvedPasses,
            Fault::CellFails { told: told() },
            Fault::OtherOutput { lines: text("-y: 1 +y: 2") },
            Fault::Stderr,
            Fault::SolutionFails { told: told() },
            Fault::SolutionIsWrong { id: id(), told: told() },
            Fault::SlipsNotTried { told: told() },
            Fault::SlipWithOtherText { number: text("3"), told: told() },
            Fault::NoHiddenTest { source: source(), id: id() },
            Fault::NotHidden { source: source(), id: id() },
            Fault::Library { why: text("/c/09.hidden.so") },
        ]
    }

    /// What a lesson prints is no sentence of the program, whatever it says.
    #[test]
    fn texts_of_lessons_are_not_translated() {
        let fault = Fault::CellFails { told: "done".to_owned() };
        assert!(fault_in(Language::Japanese, &fault).ends_with(": done"));
    }

    #[test]
    fn sentences_of_a_source_are_found() {
        let code = "#[error(\"no {name}: {0}\", x)] struct A; fn f() { let a = \"a key\"; tracing::warn!(\"is logged\");\
                    say(&format!(\"one two {b:?}\")); } #[cfg(test)] mod tests { const A: &str = \"three four\"; }";
        assert_eq!(sentences(code), ["no {}: {}", "a key", "one two {}"]);
    }

    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                None => collect(&path, files),
                Some(extension) if extension == "rs" => files.push(path),
                Some(_) => {}
            }
        }
    }

    /// The texts of a source that read like sentences, but for those of tests and of the log; `{}` for what is filled in.
    fn sentences(code: &str) -> Vec<String> {
        let tree = Tree::parse(code);
        let tokens = tree.root().descendants_with_tokens().filter_map(|it| it.into_token());
        let texts = tokens.filter_map(ast::String::cast);
        let seen = texts.filter(|it| {
            !it.syntax().parent_ancestors().any(|it| is_of_tests(&it) || is_of_the_log(&it))
        });
        seen.filter_map(|it| Some(template(&it.value().ok()?)))
            .filter(|it| is_sentence(it))
            .collect()
    }

    fn is_of_tests(node: &SyntaxNode) -> bool {
        ast::Module::cast(node.clone())
            .is_some_and(|it| it.attrs().any(|it| it.syntax().text() == "#[cfg(test)]"))
    }

    fn is_of_the_log(node: &SyntaxNode) -> bool {
        node.kind() == SyntaxKind::MACRO_CALL && node.text().to_string().starts_with("tracing::")
    }

    fn is_sentence(text: &str) -> bool {
        let words = text
            .split([' ', '\n'])
            .filter(|it| it.chars().filter(char::is_ascii_lowercase).count() > 1);
        let is_code = text.starts_with('"') || text.contains("macro_rules!");
        text.contains(' ') && words.count() > 0 && !is_code
    }

    /// The text of a format with `{}` for each part of it, as the table has it.
    fn template(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((part, after)) = after.split_once('}') else { break };
            // The templates of progress bars have names of their own.
            match text.contains("{spinner}") {
                true => out.push_str(&format!("{{{part}}}")),
                false => out.push_str("{}"),
            }
            rest = after;
        }
        out + rest
    }
}
