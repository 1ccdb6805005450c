//! The program's own sentences in the user's language: the English one stands in the code, and a table has the others.

use std::sync::LazyLock;

use crate::engine::Language;

/// English and Japanese, `{}` for what is filled in. What ends with `..` is the beginning of a sentence whose rest stays.
const TABLE: &[(&str, &str)] = &[
    (
        "opening JupyterLab on {} (Ctrl-C twice ends it)",
        "JupyterLab を {} で開きます（Ctrl-C を2回押すと終了します）",
    ),
    ("installed the kernel `{}` in {}", "カーネル `{}` を {} にインストールしました"),
    (
        "others on this machine use it with AKARI_SHARED={}",
        "このマシンのほかのユーザーは AKARI_SHARED={} で使えます",
    ),
    ("removed {}", "{} を削除しました"),
    (
        "left: builds and Python environment in {}; remove that folder to be rid of them",
        "{} のビルドと Python 環境は残っています。不要ならこのフォルダーを削除してください",
    ),
    ("done after {} s", "完了しました（{} 秒）"),
    ("reading the names that Tab completes..", "Tab で補完する名前を読み込んでいます"),
    ("compiling the cells of the lesson..", "レッスンのセルをコンパイルしています"),
    (
        "building the prelude (candle, optimised; once per toolchain, some minutes)..",
        "プレリュードをビルドしています（candle を最適化つきで。ツールチェーンごとに1回、数分かかります）",
    ),
    ("building the prelude..", "プレリュードをビルドしています"),
    ("waiting for another `akari`..", "同じ作業をしている別の `akari` を待っています"),
    ("making a private Python environment..", "専用の Python 環境を作っています"),
    (
        "installing JupyterLab (about 200 MB, once)..",
        "JupyterLab をインストールしています（約 200 MB、初回だけ）",
    ),
    (
        "fetching JupyterLab's menus in your language..",
        "JupyterLab の日本語メニューを取得しています",
    ),
    ("stopped; nothing was written", "中断しました。ファイルは書いていません"),
    (
        "code cell {} of {} in `{}` failed{}",
        "`{2}` のコードセル {0}（全 {1} 個）でエラーが発生しました{3}",
    ),
    ("; the cell after it did not run", "。その後の1個のセルは実行していません"),
    ("; the {} cells after it did not run", "。その後の {} 個のセルは実行していません"),
    ("there is no folder `{}`", "フォルダー `{}` がありません"),
    (
        "no Python was found (`python3`, or `uv`); install Python 3.9 or newer, or uv from https://docs.astral.sh/uv",
        "Python（`python3` または `uv`）が見つかりません。Python 3.9 以降か、https://docs.astral.sh/uv の uv をインストールしてください",
    ),
    (
        "this Python can't make environments; on Debian and Ubuntu: sudo apt install python3-venv",
        "この Python では環境を作れません。Debian と Ubuntu では sudo apt install python3-venv を実行してください",
    ),
    (
        "no Python environment is active; activate one, or name it with --prefix",
        "有効な Python 環境がありません。有効にするか、--prefix で指定してください",
    ),
];

/// The user's language.
pub fn language() -> Language {
    static LANGUAGE: LazyLock<Language> = LazyLock::new(Language::of_environment);
    *LANGUAGE
}

/// The sentence with its parts.
pub fn told(sentence: &str, parts: &[&str]) -> String {
    told_in(language(), sentence, parts)
}

/// A whole sentence in the user's language, if the table has it or its beginning.
pub fn whole(sentence: &str) -> String {
    whole_in(language(), sentence)
}

fn told_in(language: Language, sentence: &str, parts: &[&str]) -> String {
    let row = TABLE.iter().find(|row| row.0 == sentence);
    let template = match (language, row) {
        (Language::Japanese, Some((_, japanese))) => japanese,
        _ => sentence,
    };
    filled(template, parts)
}

fn whole_in(language: Language, sentence: &str) -> String {
    if language == Language::English {
        return sentence.to_owned();
    }
    let found = TABLE.iter().find_map(|(english, japanese)| match english.strip_suffix("..") {
        Some(begin) => Some(format!("{japanese}{}", sentence.strip_prefix(begin)?)),
        None => (*english == sentence).then(|| (*japanese).to_owned()),
    });
    found.unwrap_or_else(|| sentence.to_owned())
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
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_parts() {
        let count = |text: &str| text.matches('{').count();
        for (english, japanese) in TABLE {
            assert_eq!(count(english), count(japanese), "{english}");
            assert!(japanese.chars().any(|it| it > '\u{3000}'), "{japanese}");
            assert!(!english.ends_with("..") || count(english) == 0, "{english}");
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
        assert_eq!(
            whole_in(Language::Japanese, "building the prelude: candle-core"),
            "プレリュードをビルドしています: candle-core"
        );
        assert_eq!(whole_in(Language::Japanese, "no such sentence"), "no such sentence");
    }
}
