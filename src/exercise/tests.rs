//! Whole verdicts, by their text, for a key in a folder of its own.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use candle_core::{Device, Tensor};

use super::*;

const KEY: &str = r#"
[[exercise]]
id = "zz-1"
solution = "let y = 1;"
hints = [{ ja = "一", en = "one" }, { en = "two" }]
[[exercise.answer]]
name = "y"
value = [1.0, 2.0]
[[exercise.slip]]
value = [2.0, 1.0]
ja = "逆順です。"
en = "The order is the other one."
[[exercise]]
id = "zz-2"
secret = true
[[exercise.answer]]
value = [4.25, 5.0]
[[exercise.answer]]
at_most = 0.5
"#;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = env::temp_dir().join(format!("akari-exercise-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("zz.toml"), KEY).unwrap();
    folder
});

/// The text of a verdict; right ones and blanks have a word.
fn text(id: &str, answers: &[(&str, Given<'_>)], ja: bool) -> String {
    let key = FOLDER.join("zz.toml");
    let exercise = look_up_in(id, Path::new("/"), Some(&key), ja).map_err(Stopped::NoExercise);
    match exercise.and_then(|it| verdict(&it, answers, ja)) {
        Ok(Verdict::Right) => "right".to_owned(),
        Ok(_) => "blank".to_owned(),
        Err(Stopped::Wrong(text) | Stopped::NoExercise(text)) => text,
    }
}

fn tensor(numbers: &[f32]) -> Tensor {
    Tensor::new(numbers, &Device::Cpu).unwrap()
}

#[test]
fn wrong_answers_say_expected_got_where_and_why() {
    let slip = tensor(&[2.0, 1.0]);
    assert_eq!(
        text("zz-1", &[("y", given(&slip))], false),
        "zz-1: `y` is not right yet\n  expected: tensor([1., 2.])\n  got:      tensor([2., 1.])\n  where: first at [0] \
         (expected 1, got 2); largest difference 1; 2 of 2 differ\nThe order is the other one.\nhint!(\"zz-1\") shows a \
         hint (2 left)"
    );
    let japanese = text("zz-1", &[("y", given(&slip))], true);
    assert!(japanese.contains("逆順です。") && japanese.contains("ヒント"), "{japanese}");
    let negated = text("zz-1", &[("y", given(&tensor(&[-1.0, -2.0])))], false);
    assert!(negated.contains("only the sign") && negated.contains("solution!"), "{negated}");
    let shape = text("zz-1", &[("y", given(&[[1.0], [2.0]]))], false);
    assert!(
        shape.contains("shape: expected [2], got [2, 1]") && shape.contains("squeeze"),
        "{shape}"
    );
    assert_eq!(text("zz-1", &[("y", given(&tensor(&[1.0, 2.00001])))], true), "right");
}

#[test]
fn secrets_are_kept_and_blanks_go_first() {
    let told = text("zz-2", &[("a", given(&[1.0, 2.0])), ("b", given(&0.1))], false);
    assert!(
        !told.contains("4.25") && told.contains("`a`") && told.contains("[1.0, 2.0]"),
        "{told}"
    );
    let second = text("zz-2", &[("a", given(&[4.25, 5.0])), ("loss", given(&0.9))], false);
    assert!(second.contains("`loss`") && second.contains("at most 0.5, got 0.9"), "{second}");
    let blank: Tensor = blank();
    assert_eq!(text("zz-2", &[("a", given(&9.0)), ("b", given(&blank))], false), "blank");
}

#[test]
fn what_there_is_no_key_for_is_one_sentence() {
    let unknown = text("zz-9", &[], false);
    assert_eq!(
        unknown,
        "there is no exercise `zz-9` in the key of its lesson, which has: zz-1, zz-2"
    );
    let count = text("zz-2", &[("a", given(&1.0))], false);
    assert_eq!(count, "zz-2 has 2 answers, and 1 were given: write check!(\"zz-2\", a, answer)");
    assert!(text("../x-1", &[], true).contains("問題の名前ではありません"));
    let missing = look_up_in("yy-1", &FOLDER, None, true).unwrap_err();
    assert!(missing.contains("keys/yy.toml") && missing.contains("AKARI_KEYS"), "{missing}");
}

#[test]
fn slips_are_rehearsed() {
    let exercise =
        look_up_in("zz-1", Path::new("/"), Some(&FOLDER.join("zz.toml")), false).unwrap();
    let told = |exercise: &Exercise, ja: bool| {
        rehearse::slips(exercise, ja).map(|it| it.1).collect::<Vec<String>>()
    };
    assert_eq!(told(&exercise, false), [""]);
    let mut other = exercise;
    other.slips.insert(0, other.slips[0].clone());
    other.slips[0].en = Some("first".into());
    other.slips[0].ja = Some("最初".into());
    assert_eq!(told(&other, false), ["", "first"]);
    assert_eq!(told(&other, true), ["", "最初"]);
    other.slips[0].value = other.answers[0].value.clone();
    assert!(told(&other, false)[0].contains("passes for the right answer"));
    assert!(told(&other, true)[0].contains("正解とみなされます"));
}
