//! Pictures, compared as text with `tests/plots/*.svg`, and what holds for all of them.
//!
//! `AKARI_PICTURES=write cargo test --test plots` writes the files anew; look at them before they are committed.
#![allow(
    clippy::needless_borrows_for_generic_args,
    reason = "the calls are written as a learner writes them, who needs the values once more"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use akari::error::ErrorKind;
use akari::plot::{Figure, Legend};
use akari::prelude::*;

/// Compares a picture with its file.
fn check(name: &str, figure: &Figure) {
    let svg = figure.svg().expect("it can be drawn");
    check_structure(name, &svg);
    assert_eq!(svg, figure.svg().expect("it can be drawn"), "{name}: not the same bytes");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/plots/{name}.svg"));
    // A line for each element, so that a difference can be seen.
    let lines = format!("{}\n", svg.replace("><", ">\n<"));
    if std::env::var_os("AKARI_PICTURES").is_some() {
        fs::write(&path, &lines).expect("the folder is there");
        return;
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    if let Some((own, other)) = lines.lines().zip(stored.lines()).find(|(own, other)| own != other)
    {
        panic!("{name} differs:\n  {own}\nstored:\n  {other}");
    }
    assert_eq!(
        lines.lines().count(),
        stored.lines().count(),
        "{name} has another number of elements"
    );
}

/// What holds for every picture: well-formed XML without ids, numbers that are numbers, texts inside of the picture.
fn check_structure(name: &str, svg: &str) {
    let mut open = Vec::new();
    let mut rest = svg;
    let (mut wide, mut high) = (0.0, 0.0);
    let mut text_at: Option<(BTreeMap<String, String>, f64)> = None;
    let mut sizes = vec![12.0];
    while let Some(start) = rest.find('<') {
        let inner = &rest[..start];
        if let Some((attributes, size)) = text_at.take().filter(|_| !inner.is_empty()) {
            check_text(name, inner, &attributes, size, (wide, high));
        }
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "{name}: <{tag}>");
            if closed == "g" {
                sizes.pop();
            }
            continue;
        }
        let is_whole = tag.ends_with('/');
        let attributes = attributes(tag.trim_end_matches('/'));
        assert!(!attributes.contains_key("id"), "{name}: an id in <{tag}>");
        for (key, value) in attributes.iter().filter(|(key, _)| *key != "class") {
            assert!(!value.contains("NaN") && !value.contains("inf"), "{name}: {key}={value}");
        }
        let element = tag.split([' ', '/']).next().unwrap_or_default().to_owned();
        let own = attributes.get("font-size").and_then(|size| size.parse().ok());
        let size = own.unwrap_or(sizes[sizes.len() - 1]);
        if open.is_empty() {
            (wide, high) = (number(&attributes, "width"), number(&attributes, "height"));
        }
        if element == "text" {
            text_at = Some((attributes, size));
        } else if element == "g" {
            sizes.push(size);
        }
        if !is_whole {
            open.push(element);
        }
    }
    assert!(open.is_empty(), "{name}: {open:?} are not closed");
}

fn number(attributes: &BTreeMap<String, String>, key: &str) -> f64 {
    attributes.get(key).and_then(|value| value.parse().ok()).unwrap_or(0.0)
}

fn attributes(tag: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let key = before.rsplit(' ').next().unwrap_or_default();
        let (value, after) = after.split_once('"').expect("a value ends");
        assert!(
            attributes.insert(key.to_owned(), value.to_owned()).is_none(),
            "{key} twice in <{tag}>"
        );
        rest = after;
    }
    attributes
}

/// A text ends inside of the picture, by an estimate of its own: 0.55 em a letter, 1 em a wide one.
fn check_text(
    name: &str,
    text: &str,
    attributes: &BTreeMap<String, String>,
    size: f64,
    (wide, high): (f64, f64),
) {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let ems =
        text.chars().map(|letter| if letter as u32 >= 0x2e80 { 1.0 } else { 0.55 }).sum::<f64>();
    let length = ems * size;
    let (before, after) = match attributes.get("text-anchor").map(String::as_str) {
        Some("middle") => (length / 2.0, length / 2.0),
        Some("end") => (length, 0.0),
        _ => (0.0, length),
    };
    let (x, y) = (number(attributes, "x"), number(attributes, "y"));
    let ends = match attributes.get("transform").map(|it| it.split(' ').next().unwrap_or_default())
    {
        Some("rotate(-90") => [(x, y + before), (x, y - after)],
        Some("rotate(-40") => [(x - before * 0.766, y + before * 0.643), (x, y)],
        _ => [(x - before, y), (x + after, y)],
    };
    for (x, y) in ends {
        let is_in = (-0.5..=wide + 0.5).contains(&x) && (0.0..=high).contains(&y);
        assert!(is_in, "{name}: `{text}` reaches ({x:.1}, {y:.1}) of {wide} x {high}");
    }
}

#[test]
fn hard_series_are_drawn() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let series: [(&str, &[f64], bool); 13] = [
        ("tiny", &[1e-14, 2e-14, 1.5e-14], false),
        ("constant", &[0.5; 5], false),
        ("zero", &[0.0; 5], false),
        ("nan-in-the-middle", &[1.0, 0.5, nan, 0.3, 0.2], false),
        ("all-nan", &[nan; 3], false),
        ("infinite", &[1.0, 10.0, inf, 2.0], false),
        ("empty", &[], false),
        ("one-point", &[0.7], false),
        ("log-with-zero", &[1.0, 0.1, 0.0, 0.01], true),
        ("log-wide", &[1e-12, 1.0, 1e12], true),
        ("offset", &[1e9, 1e9 + 1e-3, 1e9 + 2e-3], false),
        ("huge", &[1e300, 2e300], false),
        ("log-flat", &[0.5, 0.5], true),
    ];
    for (name, values, is_log) in series {
        let figure = plot::line(values).title(name).size(400, 220);
        check(&format!("hard-{name}"), &if is_log { figure.log_y() } else { figure });
    }
}

#[test]
fn hard_series_stay_hard_in_every_other_picture() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let series: [&[f64]; 12] = [
        &[],
        &[nan],
        &[nan; 3],
        &[inf, -inf, 0.0],
        &[0.0],
        &[1e-320, 2e-320],
        &[f64::MAX, f64::MIN],
        &[-1.0, -2.0, nan],
        &[1e300, 2e300],
        &[1e9, 1e9 + 1e-7],
        &[0.5; 5],
        &[-5e-324, 5e-324],
    ];
    for (number, values) in series.into_iter().enumerate() {
        let names = (0..values.len()).map(|at| format!("名前 {at}")).collect::<Vec<_>>();
        let figures = [
            plot::scatter(values, values),
            plot::scatter(values, values).log_x().log_y(),
            plot::xy(values, values).log_x(),
            plot::bars(&names, values),
            plot::bars(&names, values).log_y(),
            plot::hist(values),
            plot::hist(values).log_y(),
            plot::heatmap(&[values, values]),
            plot::line(values).x_range(3..3).y_range(nan..inf),
            plot::line(values).y_range(5.0..-5.0).path("p", &[(nan, 1.0), (0.0, inf)]),
            plot::lines(&[("a", values), ("b", &[1.0, 2.0][..])]).log_y(),
            plot::surface(
                |x, _| values.get(x.abs() as usize).copied().unwrap_or(nan),
                (-3.0..3.0, nan..1.0),
            ),
            plot::line(values)
                .size(80, 80)
                .title("a title that is longer than that")
                .y_label("長いラベル"),
        ];
        for (kind, figure) in figures.iter().enumerate() {
            let svg = figure.svg().expect("it can be drawn");
            if kind < 12 {
                check_structure(&format!("series {number}, picture {kind}"), &svg);
            }
            assert!(svg.len() < 60_000, "series {number}, picture {kind}: {} bytes", svg.len());
        }
    }
}

fn losses() -> (Vec<f64>, Vec<f64>) {
    let noise = |n: f64| (n * 12.9898).sin() * 0.03 + 1.0;
    let train = (0..50).map(f64::from).map(|n| 2.3 * (-0.1 * n).exp() * noise(n) + 0.001);
    let valid = (0..50).map(f64::from).map(|n| 2.3 * (-0.07 * n).exp() * noise(n + 0.5) + 0.08);
    (train.collect(), valid.collect())
}

#[test]
fn lines_and_points() {
    let (train, valid) = losses();
    let curves = plot::lines(&[("訓練", &train), ("検証", &valid)])
        .title("学習曲線")
        .x_label("エポック")
        .y_label("損失")
        .log_y();
    check("lines", &curves);
    let x = torch::linspace(-3.0, 3.0, 121).expect("numbers");
    let figure =
        plot::xy(&x, &F::tanh(&x).expect("numbers")).title("<tanh> & \"x\"").y_range(-0.5..0.5);
    check("xy-cut", &figure);
    let xs = (0..40).map(|n| f64::from(n) / 4.0).collect::<Vec<_>>();
    let ys = xs.iter().map(|x| 2.0 * x + 1.0 + (x * 40.0).sin() * 3.0).collect::<Vec<_>>();
    let fit = xs.iter().map(|x| 2.0 * x + 1.0).collect::<Vec<_>>();
    check(
        "scatter",
        &plot::scatter(&xs, &ys)
            .line("y = 2x + 1", &xs, &fit)
            .labels(["data"])
            .x_label("x")
            .y_label("y"),
    );
    check("activation", &plot::activation(F::relu));
    let long = "とても長い題名がここにあって、一行には収まらないので、二行に分けて表示されるはずです。そうでなければ切れてしまいます";
    let figure = plot::line(&valid).title(long).x_label(long).y_label(long);
    check("long-texts", &figure);
    check(
        "six",
        &plot::lines(
            &(0..6)
                .map(|k| {
                    (
                        format!("系列 {k}"),
                        (0..9).map(|n| f64::from((n - k) * (n + k))).collect::<Vec<_>>(),
                    )
                })
                .collect::<Vec<_>>(),
        ),
    );
}

#[test]
fn bars_and_matrices() {
    check(
        "bars",
        &plot::bars(["SGD", "モメンタム", "Adam", "悪い"], [0.81, 0.9, 0.93, -0.1]).y_label("精度"),
    );
    let names = (0..12).map(|n| format!("a long name {n}")).collect::<Vec<_>>();
    check(
        "bars-aslant",
        &plot::bars(&names, (0..12).map(|n| if n == 5 { f64::NAN } else { f64::from(n * n) })),
    );
    check(
        "hist",
        &plot::hist((0..500).map(|n| (f64::from(n) * 0.7).sin() + (f64::from(n) * 1.3).cos()))
            .x_label("値"),
    );
    let matrix = [[0.1, 0.9, -0.25], [f64::NAN, 0.5, 1.0]];
    check("heatmap", &plot::heatmap(&matrix).labels(["猫", "犬", "鳥"]).title("重み"));
    let target = (0..500).map(|n| n % 10).collect::<Vec<u32>>();
    let predicted = target
        .iter()
        .enumerate()
        .map(|(n, class)| if n % 7 == 0 { (class * 3 + 1) % 10 } else { *class });
    let tensor = |values: &[u32]| Tensor::new(values, &Device::Cpu).expect("numbers");
    let figure = plot::confusion(&tensor(&predicted.collect::<Vec<_>>()), &tensor(&target));
    assert_eq!(figure.to_string(), "confusion of 10 classes: 428 of 500 right");
    check("confusion", &figure.title("混同行列").x_label("予測").y_label("正解"));
}

#[test]
fn pixels() {
    // Sixteen rings, larger and larger.
    let ring = |n: usize| {
        (((n % 8) as f32 - 3.5).hypot((n / 8 % 8) as f32 - 3.5) - n as f32 / 256.0).abs()
    };
    let ink = (0..16 * 64).map(|n| (1.0 - ring(n) / 2.0).max(0.0)).collect::<Vec<_>>();
    let x = Tensor::from_vec(ink, (16, 1, 8, 8), &Device::Cpu).expect("images");
    let y = Tensor::arange(0i64, 16, &Device::Cpu).expect("numbers");
    check("images", &plot::images(&x, 8).labels(&y).title("数字"));
    let rgb = (0..3 * 4 * 5).map(|n| n * 4).collect::<Vec<u8>>();
    let rgb = Tensor::from_vec(rgb, (3, 4, 5), &Device::Cpu).expect("an image");
    check("image", &plot::image(&rgb));
    let last = rgb.permute((1, 2, 0)).expect("axes");
    assert_eq!(
        plot::image(&last).svg().expect("an image"),
        plot::image(&rgb).svg().expect("an image")
    );
    let valley = |x: f64, y: f64| 0.1 * x * x + 2.0 * y * y;
    let sgd =
        (0..20).map(|n| (-5.0 * 0.9f64.powi(n), -2.0 * (-0.6f64).powi(n))).collect::<Vec<_>>();
    let momentum =
        (0..20).map(|n| (-5.0 * 0.8f64.powi(n), 1.9 * (-0.75f64).powi(n))).collect::<Vec<_>>();
    let figure = plot::surface(valley, (-6..6, -2.4..2.4))
        .path("勾配降下法", &sgd)
        .path("モメンタム", &momentum);
    check("surface", &figure.title("谷 0.1x² + 2y²"));
    // Without training, weights that say what they decide.
    let points = (0..60)
        .map(|n| (f64::from(n) * 0.7).sin_cos())
        .map(|(x, y)| [x, y * x])
        .collect::<Vec<_>>();
    let labels = points.iter().map(|[x, y]| u32::from(x + y > 0.0) + u32::from(*x > 0.5));
    let model =
        |x: &Tensor| x.matmul(&Tensor::new(&[[-3f32, 0.0, 4.0], [-2.0, 1.0, 0.5]], &Device::Cpu)?);
    check("decision", &plot::decision(&model, &points, labels).x_label("特徴 1").y_label("特徴 2"));
}

#[test]
fn a_long_series_is_small() {
    let noisy = (0..200_000).map(|n| (f64::from(n) * 12.9898).sin());
    let svg = plot::line(noisy.clone()).svg().expect("it can be drawn");
    assert!(svg.len() < 60_000, "{}", svg.len());
    let svg = plot::scatter(noisy.clone(), noisy).svg().expect("it can be drawn");
    assert!(svg.len() < 200_000, "{}", svg.len());
}

#[test]
fn legends_stand_where_the_lines_are_not() {
    let rising = (0..50).map(f64::from).collect::<Vec<_>>();
    let at = |figure: Figure| {
        let svg = figure.svg().expect("it can be drawn");
        let place = svg.split("<rect class=\"p\" x=\"").nth(1).expect("a legend");
        place.split('"').next().and_then(|x| x.parse::<f64>().ok()).expect("a number")
    };
    assert!(at(plot::lines(&[("rising", &rising)])) < 100.0);
    assert!(at(plot::lines(&[("rising", &rising)]).legend(Legend::BottomRight)) > 400.0);
    let svg =
        plot::lines(&[("rising", &rising)]).legend(Legend::None).svg().expect("it can be drawn");
    assert!(!svg.contains(">rising<"));
}

#[test]
fn mistakes_are_told_when_the_figure_is_shown() {
    let failed = |figure: Figure, kind: ErrorKind, text: &str| {
        let error = figure.title("t").show().expect_err("a mistake");
        assert_eq!((ErrorKind::of(&error), error.to_string()), (kind, text.to_owned()));
    };
    let (two, three) = ([1.0, 2.0], [1.0, 2.0, 3.0]);
    failed(plot::xy(&two, &three), ErrorKind::Shape, "plot::xy: x has 2 values, but y has 3");
    failed(
        plot::bars(["a"], &two),
        ErrorKind::Shape,
        "plot::bars: labels has 1 values, but values has 2",
    );
    failed(
        plot::heatmap(&vec![vec![1.0], vec![1.0, 2.0]]),
        ErrorKind::Shape,
        "plot::heatmap: row 1 has 2 numbers, but row 0 has 1",
    );
    failed(
        plot::image(&tensor!([1.0])),
        ErrorKind::Shape,
        "plot::image: an image is of shape (height, width), or with 1, 3 or 4 channels before or behind these, but the shape is [1]",
    );
    failed(
        plot::decision(&F::relu, &[(0.0, 1.0)], &[0.5]),
        ErrorKind::Value,
        "plot::decision: labels are classes, whole numbers from 0 on, but 0.5 is among them",
    );
    failed(
        plot::image(&tensor!([[1.0]])).line("l", &two, &two),
        ErrorKind::Value,
        "plot::Figure::line: pictures have no axes to draw on",
    );
    failed(
        plot::bars(["a", "b"], &two).labels(["c"]),
        ErrorKind::Shape,
        "plot::Figure::labels: 2 labels of columns or 0 of rows are needed, but there are 1",
    );
}

#[test]
fn values_of_all_kinds_are_taken() {
    let values = vec![1.0f32, 2.0];
    let tensor = tensor!([1.0, 2.0]);
    let same = [
        plot::line(&values),
        plot::line(values.clone()),
        plot::line(&values[..]),
        plot::line([1u8, 2]),
        plot::line(&[1i64, 2]),
        plot::line(&tensor),
        plot::line(tensor.clone()),
        plot::line(&Var::from_tensor(&tensor).expect("a variable")),
        plot::line(1..3),
        plot::line(values.iter()),
        plot::line(values.iter().map(|value| f64::from(*value))),
        plot::line(vec![tensor!(1.0), tensor!([2.0])]),
    ];
    for figure in &same {
        assert_eq!(figure.to_string(), "1 line, 2 points; 1 → 2");
    }
    let named = vec![("a".to_owned(), vec![1, 2])];
    assert_eq!(plot::lines(&named).to_string(), "1 line, 2 points; a 1 → 2");
}
