//! Completion and explanation of whole cells, with a small prelude.

use super::*;
use crate::engine::name::{ITEM, ITEM_OF_REFERENCE, TARGET, TRAIT};

/// Rows as the index has them.
const PRELUDE: &str = "\
|tensor|module|mod tensor|
|tensor!|function|macro tensor!|A tensor of numbers.
|Tensor|class|struct Tensor|
|Var|class|struct Var|
|Result|class|type Result<T, E = Error> = Result<T, E>|
|F|module|mod F|
|nn|module|mod nn|
|optim|module|mod optim|
|data|module|mod data|
F|relu|function|fn relu(x: &Tensor) -> Result<Tensor>|max(x, 0)
F|relu6|function|fn relu6(x: &Tensor) -> Result<Tensor>|min(max(x, 0), 6)
nn|Linear|class|struct Linear|A linear layer.
nn|Sequential|class|struct Sequential|A chain.
nn|CrossEntropyLoss|class|struct CrossEntropyLoss|A loss.
nn|Reduction|class|enum Reduction|How.
optim|SGDConfig|class|struct SGDConfig|The options of `SGD`.
data|DataLoader|class|struct DataLoader<D = TensorDataset>|Batches.
.Tensor|reshape|function|fn reshape<S>(&self, s: S) -> Result<Tensor>|Another shape.
.Tensor|dims|function|fn dims(&self) -> &[usize]|The sizes.
.Tensor|to_vec1|function|fn to_vec1<S>(&self) -> Result<Vec<S>>|The numbers.
.Tensor|exp|function|fn exp(&self) -> Result<Self>|
.Tensor|clone|function|fn clone(&self) -> Self|
Tensor|zeros|function|fn zeros() -> Result<Self>|Zeros.
.Var|<Target>||Target: Tensor|
.Var|set|function|fn set(&self, to: &Tensor) -> Result<()>|Sets.
.Linear|weight|property|weight: Var|The weight.
.Linear|forward|function|fn forward(&self, x: &Tensor) -> Result<Tensor>|
Linear|new|function|fn new(inputs: usize, outputs: usize) -> Result<Self>|Makes one.
.Sequential|forward|function|fn forward(&self, x: &Tensor) -> Result<Tensor>|
.Layer|parameters|function|fn parameters(&self) -> Vec<Var>|All variables.
.Module|forward|function|fn forward(&self, xs: &Tensor) -> Result<Tensor>|
.CrossEntropyLoss|label_smoothing|property|label_smoothing: f64 = 0|How much. Default: 0.
.CrossEntropyLoss|forward|function|fn forward(&self, input: &Tensor, target: &Tensor) -> Result<Tensor>|The loss.
Reduction|Mean|class|Mean|The mean.
Reduction|Sum|class|Sum|The sum.
.SGDConfig|lr|property|lr: f64 = 0.001|The size of a step. Default: 0.001.
.SGDConfig|momentum|property|momentum: f64 = 0|How much is kept. Default: 0.
.SGDConfig|foreach|property|foreach: Option<bool> = none|Default: none.
.DataLoader|<&Item>||Item: Result<D::Item::Batch, Error>|
data|TensorDataset|class|struct TensorDataset<T = (Tensor, Tensor)>|
.TensorDataset|<Example>||Item: T|
.Dataset|get|function|fn get(&self, index: usize) -> Result<Self::Item>|One.
.DataLoader|len|function|fn len(&self) -> usize|How many.";

fn prelude() -> Vec<Name> {
    let row = |line: &str| {
        let mut fields = line.split('|').map(str::to_owned);
        let mut next = || fields.next().unwrap_or_default();
        let (module, name, kind, detail) = (next(), next(), next(), next());
        Name { module, name, kind: kind.into(), detail, documentation: next() }
    };
    PRELUDE.lines().map(row).collect()
}

fn name(module: &str, name: &str) -> Name {
    Name {
        module: module.into(),
        name: name.into(),
        kind: "function".into(),
        detail: format!("fn {name}()"),
        documentation: String::new(),
    }
}

/// A session with variables of types, and with items.
fn session(variables: &[(&str, &str)], items: &str) -> Names {
    let names = Names::default();
    names.set_prelude(prelude());
    let of = |(own, ty): &(&str, &str)| Name {
        detail: format!("let {own}: {ty}"),
        kind: "instance".into(),
        ..name("", own)
    };
    names.set_session(variables.iter().map(of).collect());
    let lets = variables.iter().map(|(own, ty)| format!("let {own}: {ty} = todo!();\n"));
    names.set_code(format!("{items}\n{}", lets.collect::<String>()));
    names
}

/// The names at the mark `¦`.
fn at(names: &Names, text: &str) -> Vec<String> {
    let cursor = text.find('¦').unwrap_or(text.len());
    let code = text.replacen('¦', "", 1);
    names.complete(&code, cursor).items.into_iter().map(|item| item.text).collect()
}

/// The first of the names at the mark `¦`.
fn first(names: &Names, text: &str) -> String {
    at(names, text).into_iter().next().unwrap_or_default()
}

/// A data set of one's own, whose batches have its examples' types.
const SQUARES: &str = "struct Squares;\nimpl data::Dataset for Squares { type Item = (Tensor, String, i64); }\nlet l: DataLoader<Squares> = todo!();\nfor batch in &l {\n    let (_, words, ys) = batch?;\n    let n = words[0].len();\n    let (x, _, _) = Squares.get(0)?;\n    ys.resh";

const NET: &str = "#[derive(Clone)]\nstruct Net { l1: nn::Linear, ls: Vec<nn::Linear> }\nnn::model!(Net { l1, ls });\nimpl Net { fn depth(&self) -> usize { 1 } }";

fn lesson() -> Names {
    let variables = [
        ("x", "akari::Tensor"),
        ("w", "akari::prelude::Var"),
        ("model", "akari::nn::Sequential"),
        ("net", "Net"),
        ("v", "std::vec::Vec<f32>"),
        ("words", "std::vec::Vec<std::string::String>"),
        ("m", "std::collections::HashMap<std::string::String, std::vec::Vec<f32>>"),
        ("t", "(i32, &str)"),
        ("o", "std::option::Option<akari::Tensor>"),
        ("loader", "akari::data::DataLoader"),
        ("損失", "akari::Tensor"),
        ("f", "std::boxed::Box<dyn std::ops::Fn(f32) -> f32>"),
        ("shared", "std::sync::Arc<std::sync::Mutex<akari::nn::Linear>>"),
    ];
    session(&variables, NET)
}

#[test]
fn members_of_variables_come_at_once() {
    let names = lesson();
    for (text, expected) in [
        ("x.resh", "reshape"),
        ("w.se", "set"),
        ("w.dim", "dims"),
        ("model.for", "forward"),
        ("net.l", "l1"),
        ("net.dep", "depth"),
        ("net.para", "parameters"),
        ("net.clo", "clone"),
        ("net.l1.we", "weight"),
        ("net.l1.weight.dim", "dims"),
        ("net.ls[0].we", "weight"),
        ("v.pus", "push"),
        ("v.sort_b", "sort_by"),
        ("words[0].to_upp", "to_uppercase"),
        ("m[\"a\"].pus", "push"),
        ("t.1.tri", "trim"),
        ("o.unwrap_or_d", "unwrap_or_default"),
        ("o.as_ref().unwrap().dim", "dims"),
        ("損失.resh", "reshape"),
        ("f(1.0).sqr", "sqrt"),
        ("shared.lock().unwrap().we", "weight"),
        ("loader.le", "len"),
    ] {
        assert_eq!(first(&names, text), expected, "{text}");
    }
    assert_eq!(at(&names, "t.¦"), ["0", "1"]);
    assert!(at(&names, "nobody.").is_empty());
    assert!(at(&names, "x.whi").is_empty());
}

#[test]
fn types_follow_from_signatures() {
    let names = lesson();
    for (text, expected) in [
        ("F::relu(&x)?.resh", "reshape"),
        ("x.reshape((2, 1))?.dims().le", "len"),
        ("x.reshape(2)?.exp()?.resh", "reshape"),
        ("(&x + &x)?.resh", "reshape"),
        ("tensor!([1.0, 2.0]).resh", "reshape"),
        ("nn::Linear::new(2, 3)?.we", "weight"),
        ("nn::seq![nn::Linear::new(2, 3)?].forw", "forward"),
        ("nn::Linear!(2, 3, bias = false)?.we", "weight"),
        ("nn::CrossEntropyLoss!(label_smoothing = 0.1).forw", "forward"),
        ("x.dims()[0].po", "pow"),
        ("x.to_vec1::<f32>()?.ite", "iter"),
        ("x.to_vec1::<f32>()?[0].sqr", "sqrt"),
        ("\"abc\".to_upp", "to_uppercase"),
        ("vec![0.0; 3].pus", "push"),
        ("vec![1, 2].iter().enum", "enumerate"),
        ("format!(\"{}\", 1).len().po", "pow"),
        ("v.iter().map(|e| e * 2.0).sum::<f32>().sqr", "sqrt"),
        ("v.iter().map(|e| e.sqr", "sqrt"),
        ("words.iter().map(|e| e.len()).max().unw", "unwrap"),
        ("words.iter().zip(v.iter()).map(|(a, b)| a.to_upp", "to_uppercase"),
        ("m.values().map(|e| e.pus", "push"),
        ("(0..3).map(|i| i.po", "pow"),
        ("v.iter().enumerate().filter(|(i, _)| i.is_pow", "is_power_of_two"),
        ("Some(3).unwrap_or_d", "unwrap_or_default"),
        ("Tensor::zeros()?.resh", "reshape"),
        ("net.parameters()[0].se", "set"),
        ("(1.5 as f32).sqr", "sqrt"),
        ("String::new().pu", "push"),
        ("Vec::<String>::new().pop().unwrap().to_upp", "to_uppercase"),
        ("std::collections::HashMap::<u8, String>::new().contains", "contains_key"),
        ("std::time::Instant::now().elapsed().as_sec", "as_secs"),
        ("\"a b\".split_whitespace().next().unwrap().to_upp", "to_uppercase"),
        ("\"1\".parse::<f64>().unwrap().sqr", "sqrt"),
        ("Some(x.clone()).map(|y| y.resh", "reshape"),
        ("optim::SGDConfig { lr: 0.1, ..Default::default() }.mom", "momentum"),
        ("(if true { &x } else { &x }).resh", "reshape"),
        ("show!(x.resh", "reshape"),
        ("println!(\"{}\", v.iter().copied().fold(0.0, f32::max).sqr", "sqrt"),
        ("let y = x.dims().to_vec().ite", "iter"),
    ] {
        assert_eq!(first(&names, text), expected, "{text}");
    }
}

#[test]
fn names_of_the_cell_have_types() {
    let names = lesson();
    for (text, expected) in [
        ("let y = F::relu(&x)?;\ny.resh", "reshape"),
        ("let y: Vec<_> = v.iter().map(|e| e * 2.0).collect();\ny.pus", "push"),
        ("let (a, b) = (x.clone(), 1u8);\na.resh", "reshape"),
        ("let (a, b) = (x.clone(), 1.5);\nb.sqr", "sqrt"),
        ("for batch in &loader {\n    let (xb, yb) = batch?;\n    xb.resh", "reshape"),
        ("for (i, e) in v.iter().enumerate() {\n    e.sqr", "sqrt"),
        ("for (key, value) in &m { value.ite", "iter"),
        ("if let Some(y) = &o { y.resh", "reshape"),
        ("let Some(y) = o else { panic!() };\ny.resh", "reshape"),
        ("match o { Some(y) => y.resh", "reshape"),
        ("while let Some(last) = v.pop() { last.sqr", "sqrt"),
        (
            "fn g(a: &Tensor, n: f64) -> Result<Tensor> {\n    let b = a.reshape(2)?;\n    b.resh",
            "reshape",
        ),
        ("fn g(a: &Tensor, n: f64) { n.sqr", "sqrt"),
        (
            "impl Module for Net {\n    fn forward(&self, x: &Tensor) -> Result<Tensor> {\n        self.l1.forw",
            "forward",
        ),
        ("fn apply<M: Module>(m: &M) { m.forw", "forward"),
        ("fn apply(m: &dyn Layer) { m.para", "parameters"),
        ("let f = |t: &Tensor| t.resh", "reshape"),
        ("struct P { w: f32 }\nlet p = P { w: 1.0 };\np.w", "w"),
        ("fn twice(v: f64) -> f64 { v }\ntwice(1.0).sqr", "sqrt"),
        (
            "enum A { B(String) }\nlet a = A::B(String::new());\nmatch a { A::B(s) => s.to_upp",
            "to_uppercase",
        ),
        ("let 学習率 = 0.1_f64;\n学習率.sqr", "sqrt"),
        (":dep rand = \"0.9\"\nlet s = String::new();\ns.pu", "push"),
        ("let x = 5_u8;\nx.is_pow", "is_power_of_two"),
        ("let y = t!(x @ w + 1);\ny.resh", "reshape"),
        (SQUARES, "reshape"),
    ] {
        assert_eq!(first(&names, text), expected, "{text}");
    }
    assert_eq!(at(&names, "let y = 1.0;\nfn g() { y.sqr"), Vec::<String>::new());
}

#[test]
fn documented_members_come_first_and_facts_never() {
    let names = lesson();
    assert_eq!(at(&names, "x.")[..5], ["dims", "reshape", "to_vec1", "clone", "exp"]);
    assert_eq!(at(&names, "net.")[..3], ["l1", "ls", "clone"]);
    for noise in [ITEM, ITEM_OF_REFERENCE, TARGET, TRAIT, "into", "borrow"] {
        assert!(!at(&names, "w.").iter().any(|it| it == noise), "{noise}");
    }
    assert!(!at(&names, "v.").iter().any(|it| it == "copied"), "of options of references alone");
}

#[test]
fn fields_of_configs_come_first() {
    let names = lesson();
    let all = ["lr", "momentum", "foreach", "..Default::default()"];
    assert_eq!(at(&names, "let c = optim::SGDConfig { ¦ };"), all);
    assert_eq!(at(&names, "optim::SGD::new(p, optim::SGDConfig { "), all);
    assert_eq!(
        at(&names, "optim::SGDConfig { lr: 0.1, "),
        ["momentum", "foreach", "..Default::default()"]
    );
    assert_eq!(first(&names, "optim::SGDConfig { lr: 0.1, m"), "momentum");
    assert_eq!(at(&names, "Net { "), ["l1", "ls"]);
    assert_eq!(at(&names, "impl Net { fn new() -> Self { Self { "), ["l1", "ls"]);
    assert_eq!(at(&names, "struct K { aa: f32 }\nK { "), ["aa"]);
    let found = names.complete("optim::SGDConfig { ", 19);
    assert_eq!(found.items[0].detail.as_deref(), Some("lr: f64 = 0.001"));
    assert_eq!(at(&names, "optim::SGD!(p, ")[..3], ["lr", "momentum", "foreach"]);
    assert_eq!(first(&names, "optim::SGD!(p, lr = 0.1, "), "momentum");
    assert_eq!(first(&names, "nn::CrossEntropyLoss!(la"), "label_smoothing");
    assert!(!at(&names, "optim::SGD!(p, lr = l").contains(&"lr".to_owned()));
    assert!(told(&names, "optim::SGD!(p, momentum").starts_with("momentum: f64 = 0"));
    assert!(!at(&names, "optim::SGDConfig { lr: l").contains(&"lr".to_owned()));
}

#[test]
fn names_are_found_in_their_module() {
    let names = lesson();
    assert_eq!(at(&names, "let y = F::re"), ["relu", "relu6"]);
    assert_eq!(at(&names, "nn::Li"), ["Linear"]);
    assert_eq!(at(&names, "nn::Linear::n"), ["new"]);
    assert_eq!(at(&names, "nn::Reduction::"), ["Mean", "Sum"]);
    assert_eq!(at(&names, "Tensor::re"), ["reshape"]);
    assert_eq!(at(&names, "impl Net { fn f() { Self::de"), ["depth"]);
    assert_eq!(first(&names, "std::collec"), "collections");
    assert_eq!(first(&names, "std::collections::HashM"), "HashMap");
    assert_eq!(first(&names, "std::fs::read_to"), "read_to_string");
    assert_eq!(at(&names, "損"), ["損失"]);
    assert_eq!(at(&names, "Vec::<u8>::rel"), Vec::<String>::new());
    assert_eq!(at(&names, "nothing::rel"), Vec::<String>::new());
}

#[test]
fn words_of_the_language_stand_alone() {
    let names = Names::default();
    for (text, expected) in [
        ("whi", &["while"][..]),
        ("x.whi", &[]),
        ("x. whi", &[]),
        ("a::whi", &[]),
        ("<A>::whi", &[]),
        ("// whi", &[]),
        ("Strin", &["String"]),
        ("printl", &["println!"]),
        ("let velocity = 1; velocity.velo", &[]),
        ("let 学習率 = 0.1;\n学", &["学習率"]),
        ("enum Color { Red, Blue }\nColor::", &["Blue", "Red"]),
    ] {
        assert_eq!(at(&names, text), expected, "{text}");
    }
}

#[test]
fn commands_are_known_by_their_colon() {
    let names = Names::default();
    names.set_commands([name(COMMANDS, ":dep"), name(":opt", "2")].to_vec());
    names.set_session(vec![name("", "depth")]);
    assert_eq!(at(&names, ":de"), [":dep"]);
    assert_eq!(at(&names, "let x = 1;\n:"), [":dep"]);
    assert_eq!(at(&names, ":opt "), ["2"]);
    assert_eq!(at(&names, "dep"), ["depth"]);
    assert!(names.inspect(":dep", 4).is_some());
}

#[test]
fn templates_are_no_members() {
    for (text, is) in [
        ("if", false),
        ("dbg!", false),
        ("Ok", false),
        ("into", false),
        ("len", true),
        ("await", true),
        ("0", true),
    ] {
        assert_eq!(is_name_of_member(text), is, "{text}");
    }
}

/// What Shift-Tab shows at the mark `¦`, as text.
fn told(names: &Names, text: &str) -> String {
    let cursor = text.find('¦').unwrap_or(text.len());
    let code = text.replacen('¦', "", 1);
    let found = names.inspect(&code, cursor);
    let data = found.map(|it| it.data).unwrap_or_default();
    data.get("text/plain").and_then(|it| it.as_str()).unwrap_or_default().to_owned()
}

#[test]
fn names_are_explained_from_anywhere_in_them() {
    let names = lesson();
    for (text, begin) in [
        ("F::re¦lu(&x)", "fn relu(x: &Tensor) -> Result<Tensor>\n\nmax(x, 0)"),
        ("F::relu(¦", "fn relu(x: &Tensor)"),
        ("F::relu(&x, ¦)", "fn relu(x: &Tensor)"),
        ("show!(F::relu(&x¦))", "let x: akari::Tensor"),
        ("x¦", "let x: akari::Tensor"),
        ("x.resh¦ape(2)", "fn reshape<S>(&self, s: S)"),
        ("Tensor::resh¦ape", "fn reshape<S>(&self, s: S)"),
        ("net.parameters¦", "fn parameters(&self) -> Vec<Var>"),
        ("ten¦sor!([1.0])", "macro tensor!\n\nA tensor of numbers."),
        ("tensor", "macro tensor!"),
        ("tensor!", "macro tensor!"),
        ("let y = F::relu(&x)?;\ny¦", "let y: Tensor"),
        ("v.iter¦()", "fn iter(&self) -> Iter<T>"),
        ("vec¦![1]", "vec![1, 2, 3]"),
        ("optim::SGDConfig { lr¦: 0.1 }", "lr: f64 = 0.001"),
        ("optim::SGDConfig { lr: 0.1, ¦", "struct SGDConfig"),
    ] {
        let found = told(&names, text);
        assert!(found.starts_with(begin), "{text}: {found}");
    }
    for text in ["relu", "nothing_at_all", "nobody.method", "\"text¦\"", "1¦"] {
        assert_eq!(told(&names, text), "", "{text}");
    }
}

#[test]
fn configs_are_explained_with_fields_and_defaults() {
    let names = lesson();
    assert_eq!(
        told(&names, "optim::SGDConfig"),
        "struct SGDConfig\n\nThe options of `SGD`.\n\nFields:\n    lr: f64 = 0.001               The size of a step.\n    momentum: f64 = 0             How much is kept.\n    foreach: Option<bool> = none"
    );
    let loss = told(&names, "nn::CrossEntropyLoss");
    assert!(
        loss.contains("label_smoothing: f64 = 0  How much.")
            && loss.contains("fn forward(&self, input"),
        "{loss}"
    );
    let layer = told(&names, "nn::Linear");
    assert!(layer.contains("fn new(inputs: usize, outputs: usize) -> Result<Self>"), "{layer}");
    let reduction = told(&names, "nn::Reduction");
    assert!(reduction.contains("One of:\n    Mean  The mean.\n    Sum  The sum."), "{reduction}");
    let found = names.inspect("optim::SGDConfig", 16).map(|it| it.data).unwrap_or_default();
    let markdown = found.get("text/markdown").and_then(|it| it.as_str()).unwrap_or_default();
    assert!(markdown.contains("| `lr` | `f64` | `0.001` | The size of a step. |"), "{markdown}");
}

#[test]
fn code_that_leads_nowhere_ends() {
    let names = lesson();
    let chain = format!("v.iter(){}.", ".map(|e| e)".repeat(40));
    let _ = at(&names, &chain);
    let _ = at(&names, &format!("{}.", "(".repeat(5_000)));
    for text in ["let y = y.z();\ny.", ".", "..", "x..", "x.\"", "x.(", "let a = b; let b = a;\na."]
    {
        let _ = at(&names, text);
    }
}
