//! What is said to a learner, in English and in Japanese: the verdict, what is wrong, what to do next.

use std::path::Path;

use akari_key::{FindError, KeyError};
use akari_seam::symbol::fault;

use super::judge::{Fault, Place, Wrong};
use super::library::NoTests;
use super::slips::Usual;

/// Picks the sentence in the learner's language.
pub fn either(is_japanese: bool, english: String, japanese: String) -> String {
    if is_japanese { japanese } else { english }
}

pub fn right(id: &str, ja: bool) -> String {
    either(ja, format!("✓ {id}: right"), format!("✓ {id} 正解です"))
}

pub fn unsolved(id: &str, ja: bool) -> String {
    either(
        ja,
        format!("{id}: not solved yet: fill in the cell above and run it, then this one"),
        format!(
            "{id} まだ解いていません。上のセルに書き込んで実行してから、このセルを実行します。"
        ),
    )
}

/// What is wrong with an answer of this name, in lines.
pub fn wrong(id: &str, name: &str, wrong: &Wrong, is_secret: bool, ja: bool) -> Vec<String> {
    let mut lines = vec![either(
        ja,
        format!("{id}: `{name}` is not right yet"),
        format!("{id} `{name}` はまだ正しくありません"),
    )];
    if let Some(inputs) = &wrong.inputs {
        lines.push(either(ja, format!("  tried on: {inputs}"), format!("  試した入力：{inputs}")));
    }
    lines.extend(fault(&wrong.fault, is_secret, ja));
    lines
}

fn both(expected: &str, got: &str, is_secret: bool, ja: bool) -> Vec<String> {
    let line = |label: &str, text: &str| {
        // The lines of a tensor stand below each other.
        let indent = format!("\n{}", " ".repeat(12));
        format!("  {label}{}", text.replace('\n', &indent))
    };
    let mut lines = Vec::new();
    if !is_secret {
        lines.push(line(if ja { "正しい値：" } else { "expected: " }, expected));
    }
    lines.push(line(if ja { "今の値　：" } else { "got:      " }, got));
    lines
}

fn fault(fault: &Fault, is_secret: bool, ja: bool) -> Vec<String> {
    let one = |english: String, japanese: String| {
        vec![either(ja, format!("  {english}"), format!("  {japanese}"))]
    };
    match fault {
        Fault::Error(error) => {
            one(format!("it is an error: {error}"), format!("エラーになっています：{error}"))
        }
        Fault::NotAFunction => one(
            "a function is wanted here: pass its name, without calling it".into(),
            "ここでは関数を渡します。呼び出さずに、名前だけを書きます。".into(),
        ),
        Fault::NotAValue => one(
            "a value is wanted here, and this is a function: call it".into(),
            "ここでは値を渡します。関数なら、呼び出した結果を渡します。".into(),
        ),
        Fault::Kind { expected, got } | Fault::Text { expected, got } => {
            both(&expected.to_string(), &got.to_string(), is_secret, ja)
        }
        Fault::DType { expected, got } => one(
            format!("dtype: expected {expected}, got {got}"),
            format!("dtype：正しくは {expected}、今は {got}"),
        ),
        Fault::Shape { expected, got } => one(
            format!("shape: expected {expected:?}, got {got:?}"),
            format!("形：正しくは {expected:?}、今は {got:?}"),
        ),
        Fault::Numbers { expected, got, place } => {
            let mut lines = both(&expected.text(), &got.text(), is_secret, ja);
            lines.extend(place_line(place, is_secret, ja));
            lines
        }
        Fault::Sum { expected, got } => one(
            format!("sum: expected {}, got {}", number(*expected), number(*got)),
            format!("合計：正しくは {}、今は {}", number(*expected), number(*got)),
        ),
        Fault::SumAlong { dim, got, .. } if got.is_nan() => one(
            format!("there is no axis {dim} to add up along"),
            format!("合計をとる軸 {dim} がありません"),
        ),
        Fault::SumAlong { dim, expected, got } => one(
            format!(
                "sum along axis {dim}: expected {} everywhere, got {}",
                number(*expected),
                number(*got)
            ),
            format!(
                "軸 {dim} に沿った合計：正しくはどこも {}、今は {} があります",
                number(*expected),
                number(*got)
            ),
        ),
        Fault::Range { range: [low, high], index, got } => one(
            format!(
                "range: expected {} to {}, got {} at {index:?}",
                number(*low),
                number(*high),
                number(*got)
            ),
            format!(
                "範囲：正しくは {} から {}、今は {index:?} に {} があります",
                number(*low),
                number(*high),
                number(*got)
            ),
        ),
        Fault::AtMost { limit, got } => one(
            format!("expected at most {}, got {}", number(*limit), number(*got)),
            format!("正しくは {} 以下、今は {}", number(*limit), number(*got)),
        ),
        Fault::AtLeast { limit, got } => one(
            format!("expected at least {}, got {}", number(*limit), number(*got)),
            format!("正しくは {} 以上、今は {}", number(*limit), number(*got)),
        ),
        Fault::NotFinite { index, got } => one(
            format!("expected finite numbers, got {got} at {index:?}"),
            format!("有限の数であるはずですが、{index:?} に {got} があります"),
        ),
        Fault::NotDecreasing { index, before, got } => one(
            format!(
                "expected to fall at each step, but at [{index}] comes {} after {}",
                number(*got),
                number(*before)
            ),
            format!(
                "毎回小さくなるはずですが、[{index}] で {} の次に {} が来ています",
                number(*before),
                number(*got)
            ),
        ),
        Fault::NotIncreasing { index, before, got } => one(
            format!(
                "expected to grow at each step, but at [{index}] comes {} after {}",
                number(*got),
                number(*before)
            ),
            format!(
                "毎回大きくなるはずですが、[{index}] で {} の次に {} が来ています",
                number(*before),
                number(*got)
            ),
        ),
    }
}

/// Where numbers differ; nothing for a number that stands alone.
fn place_line(place: &Place, is_secret: bool, ja: bool) -> Option<String> {
    let Place { index, expected, got, largest, different, count } = place;
    if index.is_empty() {
        return None;
    }
    let (expected, got, largest) = (number(*expected), number(*got), number(*largest));
    Some(if is_secret {
        either(
            ja,
            format!("  where: first at {index:?} (got {got}); {different} of {count} differ"),
            format!(
                "  違う場所：最初は {index:?}（今は {got}）。{count} 個のうち {different} 個が違います"
            ),
        )
    } else {
        either(
            ja,
            format!(
                "  where: first at {index:?} (expected {expected}, got {got}); largest difference {largest}; {different} of {count} differ"
            ),
            format!(
                "  違う場所：最初は {index:?}（正しくは {expected}、今は {got}）。差は最大 {largest}、{count} 個のうち {different} 個が違います"
            ),
        )
    })
}

/// A number with six digits that count.
fn number(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return format!("{number}");
    }
    let digits = 5 - number.abs().log10().floor() as i32;
    if !(-3..=12).contains(&digits) {
        return format!("{number:.5e}");
    }
    let text = format!("{number:.*}", digits.max(0) as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// What is said to a slip that needs no key.
pub fn usual(slip: &Usual, ja: bool) -> String {
    let (english, japanese) = match slip {
        Usual::DType { expected } => (
            format!("the numbers are right, and only the dtype is another one: make it {expected} (a literal with a point is f32: `1.0`; `.float()?` converts)"),
            format!("数値は合っていて、dtype だけが違います。{expected} にします（`1.0` のように小数点を付けると f32 になります。`.float()?` でも変換できます）。"),
        ),
        Usual::AxesOfOne { expected, got } => (
            format!("the numbers are right, but the shape is {got:?} and not {expected:?}: `.squeeze(..)?` takes an axis of size 1 away, `.unsqueeze(..)?` adds one"),
            format!("数値は合っていますが、形が {got:?} です（正しくは {expected:?}）。大きさ 1 の軸は `.squeeze(..)?` で除き、`.unsqueeze(..)?` で加えます。"),
        ),
        Usual::Transposed => (
            "rows and columns are swapped: is a `.t()?` missing, or one too many?".into(),
            "行と列が入れ替わっています。`.t()?` が足りないか、余分です。".into(),
        ),
        Usual::Reshaped { expected } => (
            format!("the numbers are right, in another shape: bring them to {expected:?}"),
            format!("数値は合っていますが、形が違います。{expected:?} にします。"),
        ),
        Usual::Negated => (
            "only the sign is wrong: is there a minus too many, or one missing (a step with the gradient, not against it)?".into(),
            "符号だけが逆です。マイナスが余分か、足りないかもしれません（勾配と逆ではなく、同じ向きに動かしたときもこうなります）。".into(),
        ),
        Usual::Times(times) => (
            format!("this is {times} times the right value: a sum in the place of a mean, or a factor too many?"),
            format!("正しい値のちょうど {times} 倍です。平均ではなく合計になっていたり、余分に掛けたりしていませんか。"),
        ),
        Usual::Part(part) => (
            format!("the right value is {part} times as much: a mean in the place of a sum, or a factor that is missing?"),
            format!("正しい値のちょうど {part} 分の 1 です。合計ではなく平均になっていたり、掛け忘れたりしていませんか。"),
        ),
        Usual::OneHot => (
            "these are one-hot rows; the class numbers themselves are wanted".into(),
            "one-hot の行になっています。ここではクラス番号そのものを答えます。".into(),
        ),
        Usual::ClassNumbers => (
            "these are class numbers; one-hot rows are wanted, with a 1 at the place of the class".into(),
            "クラス番号になっています。ここでは、クラスの位置だけが 1 の one-hot の行にします。".into(),
        ),
        Usual::OtherAxis { expected, got } => (
            format!("this sums to 1 along axis {got}; it should along axis {expected}: look at `dim`"),
            format!("軸 {got} に沿って合計が 1 になっています。正しくは軸 {expected} です。`dim` を見直します。"),
        ),
        Usual::SoftmaxAgain => (
            "this is the softmax of the right value: it was applied once too often".into(),
            "正しい値に、さらに softmax をかけた値です。softmax が1回余分です。".into(),
        ),
        Usual::SoftmaxMissing => (
            "the softmax of this is the right value: it was not applied yet".into(),
            "これに softmax をかけると正しい値になります。softmax をかけ忘れています。".into(),
        ),
        Usual::Logarithm => (
            "this is the logarithm of the right value".into(),
            "正しい値の対数になっています。".into(),
        ),
        Usual::NoLogarithm => (
            "the logarithm of this is the right value, or its negative: the logarithm is missing".into(),
            "これの対数をとる（または符号を変える）と正しい値になります。対数をとり忘れています。".into(),
        ),
        Usual::Squared => (
            "this is the square of the right value".into(),
            "正しい値の2乗になっています。".into(),
        ),
        Usual::Root => (
            "this is the square root of the right value: a square is missing".into(),
            "正しい値の平方根になっています。2乗し忘れています。".into(),
        ),
        Usual::Complement => (
            "this is 1 minus the right value".into(),
            "1 から正しい値を引いた値になっています。".into(),
        ),
        Usual::OffByOne(by) => {
            let (more, less) = if *by > 0 { ("more", "大きい") } else { ("less", "小さい") };
            (
                format!("this is one {more} than the right value: is something counted from 1 in the place of 0?"),
                format!("正しい値より 1 {less}値です。0 からではなく 1 から数えていませんか（あるいはその逆）。"),
            )
        }
        Usual::OtherOrder => (
            "these are the right numbers in another order".into(),
            "数値は合っていますが、順序が違います。".into(),
        ),
    };
    either(ja, english, japanese)
}

/// An answer that a hidden test does not take, with the teacher's words, if there are any.
pub fn unmet(id: &str, text: &str, ja: bool) -> Vec<String> {
    let text = match text {
        "" => either(
            ja,
            "a hidden test does not pass".to_owned(),
            "隠しテストに通りませんでした。".to_owned(),
        ),
        text => text.to_owned(),
    };
    vec![
        either(ja, format!("{id}: not right yet"), format!("{id} まだ正しくありません")),
        format!("  {}", text.replace('\n', "\n  ")),
    ]
}

/// An answer at which a hidden test ended by an error or a panic.
pub fn stopped(id: &str, ja: bool) -> String {
    either(
        ja,
        format!("{id}: not right yet: a hidden test came to no end with this answer"),
        format!("{id} まだ正しくありません。この答えでは、隠しテストが途中で止まりました。"),
    )
}

/// Why the hidden tests of an exercise can't be run.
pub fn no_tests(id: &str, path: &Path, error: &NoTests, ja: bool) -> String {
    let path = path.display();
    let (english, japanese) = match error {
        NoTests::Outside => (
            "and they run in Akari's own kernel alone (`akari lab`, `akari run`)".to_owned(),
            "Akari のカーネル（`akari lab`、`akari run`）でだけ実行できます。".to_owned(),
        ),
        NoTests::Fault(fault::MISSING, _) => (
            format!("and `{path}` is not there; copy it from the lesson's files"),
            format!("`{path}` がありません。教材のファイルからコピーします。"),
        ),
        NoTests::Fault(fault::WRITABLE, writable) => (
            format!(
                "and `{path}` is not trusted, since others can write `{writable}`; `chmod go-w {writable}` mends it"
            ),
            format!(
                "`{path}` を信用できません。`{writable}` にほかの人も書き込めるためです。`chmod go-w {writable}` で直せます。"
            ),
        ),
        NoTests::Fault(fault::FOREIGN, foreign) => (
            format!(
                "and `{path}` is not trusted, since `{foreign}` belongs to neither you nor root; copy the lesson to a folder of your own"
            ),
            format!(
                "`{path}` を信用できません。`{foreign}` があなたのものでも root のものでもないためです。教材を自分のフォルダーにコピーします。"
            ),
        ),
        NoTests::Fault(fault::CLOSED, closed) => (
            format!(
                "and you may not read `{closed}`; its owner opens it, and the folders above it, by `chmod a+rX`"
            ),
            format!(
                "`{closed}` を読む権限がありません。所有者が、上のフォルダーも含めて `chmod a+rX` で読めるようにします。"
            ),
        ),
        NoTests::Fault(fault::STALE, _) => (
            format!(
                "and `{path}` was made for another version of Akari or Rust, or another system; the teacher makes it anew by `akari lesson hide`"
            ),
            format!(
                "`{path}` は、別の版の Akari か Rust、または別のシステム向けのものです。先生が `akari lesson hide` で作り直します。"
            ),
        ),
        NoTests::Fault(fault::DAMAGED, _) => (
            format!("and `{path}` is not as it was made; copy it from the lesson's files again"),
            format!("`{path}` が壊れています。教材のファイルからコピーし直します。"),
        ),
        NoTests::Fault(_, text) => (
            format!(
                "and `{path}` can't be loaded; ask the teacher to run `akari lesson hide` again: {text}"
            ),
            format!("`{path}` を読み込めません。先生が `akari lesson hide` で作り直します：{text}"),
        ),
    };
    either(
        ja,
        format!("{id} has hidden tests, {english}"),
        format!("{id} には隠しテストがありますが、{japanese}"),
    )
}

/// A library without a test for an exercise that is to have one.
pub fn no_test(id: &str, path: &Path, ja: bool) -> String {
    let path = path.display();
    either(
        ja,
        format!(
            "{id} has hidden tests, and `{path}` has none for it; the teacher adds it and runs `akari lesson hide`"
        ),
        format!(
            "{id} には隠しテストがありますが、`{path}` に入っていません。先生が書き加えて `akari lesson hide` を実行します。"
        ),
    )
}

/// What can be done after a wrong answer.
pub fn next_step(id: &str, hints_left: usize, is_solution_open: bool, ja: bool) -> Option<String> {
    if is_solution_open {
        return Some(either(
            ja,
            format!("solution!(\"{id}\") shows the solution now"),
            format!("solution!(\"{id}\") で解答例を見られるようになりました。"),
        ));
    }
    (hints_left > 0).then(|| {
        either(
            ja,
            format!("hint!(\"{id}\") shows a hint ({hints_left} left)"),
            format!("hint!(\"{id}\") でヒントを見られます（残り {hints_left} つ）。"),
        )
    })
}

pub fn hint_label(number: usize, count: usize, ja: bool) -> String {
    either(ja, format!("Hint {number} of {count}"), format!("ヒント {number}／{count}"))
}

pub fn hints_left(id: &str, left: usize, ja: bool) -> String {
    match left {
        0 => either(
            ja,
            format!(
                "That was the last hint; solution!(\"{id}\") shows the solution after a right answer or three attempts."
            ),
            format!(
                "ヒントはこれで全部です。正解するか3回試すと、solution!(\"{id}\") で解答例を見られます。"
            ),
        ),
        left => either(
            ja,
            format!("Run this cell again for the next hint ({left} left)."),
            format!("もう一度実行すると、次のヒントが出ます（残り {left} つ）。"),
        ),
    }
}

pub fn no_hints(id: &str, ja: bool) -> String {
    either(ja, format!("{id} has no hints."), format!("{id} にはヒントがありません。"))
}

pub fn solution_label(id: &str, ja: bool) -> String {
    either(ja, format!("Solution of {id}"), format!("{id} の解答例"))
}

pub fn no_solution(id: &str, ja: bool) -> String {
    either(
        ja,
        format!("{id} has no solution in its key."),
        format!("{id} には解答例がありません。"),
    )
}

/// Why the solution is not shown yet.
pub fn solution_later(id: &str, attempts: usize, needed: usize, ja: bool) -> String {
    let left = needed - attempts;
    either(
        ja,
        format!(
            "The solution of {id} shows after a right answer or {needed} attempts: {left} more, or the right one."
        ),
        format!(
            "{id} の解答例は、正解するか {needed} 回試すと見られます（あと {left} 回、または正解）。"
        ),
    )
}

/// Why an exercise can't be looked up.
pub fn no_key(error: &FindError, ja: bool) -> String {
    if !ja {
        return error.to_string();
    }
    match error {
        FindError::Name { id } => {
            format!(
                "`{id}` は問題の名前ではありません。\"01-1\" のように、課の番号で始まる名前を書きます。"
            )
        }
        FindError::Missing { lesson, folder } => format!(
            "`{}` とその上のフォルダーに、解答のファイル `keys/{lesson}.toml` がありません。教材の `keys` フォルダーをそこにコピーするか、AKARI_KEYS に場所を設定します。",
            folder.display()
        ),
        FindError::Unreadable { path, text } => {
            format!("解答のファイル `{}` を読めません：{text}", path.display())
        }
        FindError::Broken { path, fault } => broken(&path.display().to_string(), fault),
    }
}

fn broken(path: &str, fault: &KeyError) -> String {
    format!("解答のファイル `{path}` に誤りがあります（先生に知らせてください）：{fault}")
}

/// To the author: a slip that would be marked as right.
pub fn slip_is_right(ja: bool) -> String {
    either(ja, "its value passes for the right answer".into(), "この値は正解とみなされます".into())
}

/// To the author: a slip that nothing is said to.
pub fn slip_is_unknown(ja: bool) -> String {
    either(ja, "nothing is said to it".into(), "何も返されません".into())
}

pub fn unknown(id: &str, known: &[&str], ja: bool) -> String {
    let known = known.join(", ");
    either(
        ja,
        format!("there is no exercise `{id}` in the key of its lesson, which has: {known}"),
        format!("この課の解答に、問題 `{id}` はありません。あるのは {known} です。"),
    )
}

pub fn wrong_count(id: &str, names: &[&str], given: usize, ja: bool) -> String {
    let call = std::iter::once(format!("\"{id}\"")).chain(names.iter().map(|it| (*it).to_owned()));
    let call = call.collect::<Vec<_>>().join(", ");
    let wanted = names.len();
    either(
        ja,
        format!("{id} has {wanted} answers, and {given} were given: write check!({call})"),
        format!(
            "{id} の答えは {wanted} 個ですが、{given} 個渡されています。check!({call}) と書きます。"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_count() {
        for (value, text) in [
            (0.0, "0"),
            (3.0, "3"),
            (9.666666, "9.66667"),
            (0.00012345678, "0.000123457"),
            (123456789.0, "123456789"),
            (1e-9, "1.00000e-9"),
            (1e20, "1.00000e20"),
            (f64::NAN, "NaN"),
            (-0.5, "-0.5"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn secret_values_are_not_told() {
        let place = Place {
            index: vec![1],
            expected: 4.25,
            got: 1.0,
            largest: 3.25,
            different: 1,
            count: 2,
        };
        for ja in [false, true] {
            let line = place_line(&place, true, ja).unwrap_or_default();
            assert!(
                !line.contains("4.25") && !line.contains("3.25") && line.contains("[1]"),
                "{line}"
            );
            assert!(both("4.25", "1.0", true, ja).iter().all(|it| !it.contains("4.25")));
        }
    }
}
