"""Tab and Shift-Tab without the analyser: fields, methods, configs, paths, in a real kernel with the real prelude."""

import pytest

from session import Session, until

CELLS = [
    "let x = tensor!([[1.0, 2.0], [3.0, 4.0]]);",
    "let w = Var::new(&[1f32], &Device::Cpu)?;",
    "let model = nn::seq![nn::Linear::new(2, 3)?, F::relu];",
    "let criterion = nn::CrossEntropyLoss::default();",
    "let mut optimizer = optim::SGD::new(model.parameters(), optim::SGDConfig { lr: 0.1, ..Default::default() })?;",
    "let losses = vec![0.5f32, 0.25];",
    "use std::collections::HashMap;\nlet mut scores: HashMap<String, Vec<f32>> = HashMap::new();",
    "let loader = data::DataLoader::new(&data::TensorDataset::new(&x, &tensor!([0, 1]))?, Default::default())?;",
    "let 損失 = tensor!([0.5]);",
    "struct Net { hidden: nn::Linear, out: nn::Linear }\nnn::model!(Net { hidden, out });\nimpl Module for Net { fn forward(&self, x: &Tensor) -> Result<Tensor> { self.out.forward(&F::relu(&self.hidden.forward(x)?)?) } }",
    "let net = Net { hidden: nn::Linear::new(2, 3)?, out: nn::Linear::new(3, 1)? };",
]


@pytest.fixture(scope="module")
def session():
    session = Session()
    for cell in CELLS:
        session.ok(cell)
    # The index of the prelude may have to be made first.
    assert until(lambda: tab(session, "x.resh¦")[0], timeout=120)
    yield session
    assert len(session.without_compilers()) == 2, "no analyser has been started"
    session.end()


def ask(session, request, text):
    """The reply at the mark `¦`, counted in code points."""
    at = text.index("¦")
    return session.reply(request(text.replace("¦", ""), at), 10)["content"]


def tab(session, text):
    content = ask(session, session.client.complete, text)
    assert content["status"] == "ok" and "akari_note" not in content["metadata"]
    return content["matches"], (content["cursor_start"], content["cursor_end"])


def shift_tab(session, text):
    content = ask(session, session.client.inspect, text)
    return content["data"].get("text/plain", ""), content["data"].get("text/markdown", "")


MEMBERS = {
    "model.for¦": "forward",
    "model.para¦": "parameters",
    "criterion.for¦": "forward",
    "criterion.label¦": "label_smoothing",
    "net.for¦": "forward",
    "net.hid¦": "hidden",
    "net.named_p¦": "named_parameters",
    "net.hidden.wei¦": "weight",
    "net.hidden.weight.dim¦": "dims",
    "optimizer.back¦": "backward_step",
    "optimizer.para¦": "param_groups",
    "w.resh¦": "reshape",
    "w.se¦": "set",
    "x.matm¦": "matmul",
    "x.ite¦": "item",
    "x.i¦": "i",
    "losses.pu¦": "push",
    'scores["a"].pu¦': "push",
    "loader.le¦": "len",
    "損失.resh¦": "reshape",
    "F::relu(&x)?.resh¦": "reshape",
    "x.matmul(&x)?.sum_al¦": "sum_all",
    "(&x + &x)?.resh¦": "reshape",
    "tensor!([1.0]).resh¦": "reshape",
    "t!(x @ x + 1).resh¦": "reshape",
    "nn::Linear::new(2, 3)?.wei¦": "weight",
    "torch::zeros((2, 3))?.resh¦": "reshape",
    "model.forward(&x)?.resh¦": "reshape",
    "model.parameters()[0].se¦": "set",
    "x.dims().le¦": "len",
    "x.to_vec1::<f32>()?.ite¦": "iter",
    "x.sum_all()?.to_scalar::<f32>()?.sqr¦": "sqrt",
    '"a b".split_w¦': "split_whitespace",
    "losses.iter().map(|l| l.sqr¦": "sqrt",
    "losses.iter().sum::<f32>().sqr¦": "sqrt",
    "show!(x.resh¦": "reshape",
    "for batch in &loader {\n    let (xb, yb) = batch?;\n    xb.resh¦": "reshape",
    "let (values, places) = torch::max_dim(&x, 0)?;\nvalues.resh¦": "reshape",
    "fn f(x: &Tensor) -> Result<Tensor> {\n    let y = x.exp()?;\n    y.resh¦": "reshape",
    "impl Net {\n    fn f(&self) {\n        self.hidden.wei¦": "weight",
    "let 学習率 = 0.1_f64;\n学習率.sqr¦": "sqrt",
    "x.dtype().is_flo¦": "is_float",
    "nn::Linear!(2, 3)?.wei¦": "weight",
}


@pytest.mark.parametrize("text", MEMBERS)
def test_members_are_there_at_once(session, text):
    assert MEMBERS[text] in tab(session, text)[0][:2]


PATHS = {
    "nn::Cross¦": "CrossEntropyLoss",
    "F::soft¦": "softmax",
    "torch::allc¦": "allclose",
    "optim::lr_scheduler::Ste¦": "StepLR",
    "optim::SGD::n¦": "new",
    "nn::se¦": "seq!",
    "nn::Reduction::¦": "Mean",
    "DType::F3¦": "F32",
    "Tensor::zer¦": "zeros",
    "std::time::Ins¦": "Instant",
    "candle_core::Sha¦": "Shape",
    "let logits = 1;\nlog¦": "logits",
}


@pytest.mark.parametrize("text", PATHS)
def test_paths_and_names_are_there_at_once(session, text):
    assert PATHS[text] in tab(session, text)[0]


def test_completions_have_kinds_and_signatures(session):
    content = ask(session, session.client.complete, "F::softma¦")
    first = content["metadata"]["_jupyter_types_experimental"][0]
    assert first["type"] == "function" and first["signature"].startswith("fn softmax(x: &Tensor, dim: ")
    assert (first["start"], first["end"]) == (3, 9)


def test_fields_of_a_config_come_first(session):
    matches, _ = tab(session, "let c = optim::SGDConfig { ¦ };")
    assert matches[:3] == ["lr", "momentum", "dampening"] and matches[-1] == "..Default::default()"
    assert "lr" not in tab(session, "optim::SGDConfig { lr: 0.1, ¦")[0]
    assert tab(session, "optim::SGDConfig { lr: 0.1, m¦")[0][:2] == ["momentum", "maximize"]
    assert tab(session, "optim::SGD!(p, ¦")[0][:2] == ["lr", "momentum"]
    assert tab(session, "Net { ¦")[0] == ["hidden", "out"]
    content = ask(session, session.client.complete, "optim::SGDConfig { ¦")
    assert content["metadata"]["_jupyter_types_experimental"][0]["signature"] == "lr: f64 = 0.001"


def test_documented_members_come_first_and_noise_never(session):
    matches, _ = tab(session, "x.¦")
    types = ask(session, session.client.complete, "x.¦")["metadata"]["_jupyter_types_experimental"]
    assert matches.index("reshape") < matches.index("exp")
    for noise in ["storage", "layout_", "id_", "op", "is_variable_", "into", "try_into", "borrow", "type_id", "clone_into"]:
        assert noise not in matches
    assert not any(it["text"].startswith("<") for it in types)


def test_positions_count_code_points(session):
    assert tab(session, "/* 灯り🇯🇵 */ 損失.resh¦")[1] == (14, 18)
    assert tab(session, 'show!("誤差😀", 損失.resh¦)')[1] == (16, 20)
    assert tab(session, "let 値 = F::rel¦")[1] == (11, 14)


def test_nobody_is_asked_about_what_is_nothing(session):
    for text in ["nobody.pu¦", "nobody::pu¦", "zzzz¦", "x.zzzz¦", "nobody().pu¦"]:
        assert tab(session, text)[0] == [], text
    for text in ["nothing_at_all¦", "nobody.method¦", "no::where¦"]:
        assert shift_tab(session, text) == ("", ""), text


def test_configs_and_losses_show_their_fields(session):
    plain, markdown = shift_tab(session, "optim::SGDConfig¦")
    assert "lr: f64 = 0.001" in plain and "The size of a step." in plain
    assert "| `momentum` | `f64` | `0` |" in markdown
    plain, _ = shift_tab(session, "nn::CrossEntropyLoss¦")
    assert "label_smoothing: f64 = " in plain and "reduction: Reduction" in plain and "fn forward(" in plain
    assert "fn new(" in shift_tab(session, "nn::Linear¦")[0]


def test_macros_show_their_use(session):
    for text in ["ten¦sor!([1.0])", "nn::se¦q![]", "nn::model¦!(Net { a })", "show¦!(x)", "t¦!(x + 1)"]:
        plain, _ = shift_tab(session, text)
        assert plain.startswith("macro ") and "```rust" in plain, text
    assert shift_tab(session, "nn::seq![¦")[0].startswith("macro seq!")


def test_explanations_are_without_the_noise_of_tests(session):
    for text in ["F::softmax¦", "F::relu¦", "nn::Linear¦", "nn::seq¦", "tensor!¦", "x.float¦", "optim::SGD¦", "torch::sort¦"]:
        plain, markdown = shift_tab(session, text)
        assert plain, text
        for noise in ["Ok::<", "use akari::prelude", "tensor_text", "](crate", "[`"]:
            assert noise not in plain and noise not in markdown, (text, noise)


def test_variables_and_arguments_are_explained(session):
    assert shift_tab(session, "x¦")[0].startswith("let x: akari::Tensor")
    assert shift_tab(session, "let y = F::relu(&x)?;\ny¦")[0].startswith("let y: Tensor")
    assert shift_tab(session, "F::softmax(&x, ¦)")[0].startswith("fn softmax(")
    assert shift_tab(session, "x.resh¦ape((4,))")[0].startswith("fn reshape")
    assert shift_tab(session, "losses.iter¦()")[0].startswith("fn iter(&self)")


def test_doc_and_question_mark_tell_the_same(session):
    run = session.ok(":doc nn::seq!")
    (content,) = run.contents("display_data")
    assert content["data"]["text/plain"].startswith("macro seq!")
    (content,) = session.ok(":doc optim::SGDConfig").contents("display_data")
    assert "lr: f64 = 0.001" in content["data"]["text/plain"]
    (payload,) = session.ok("?x.reshape").reply["payload"]
    assert payload["data"]["text/plain"].startswith("fn reshape")
    (payload,) = session.ok("F::relu?").reply["payload"]
    assert payload["data"]["text/plain"].startswith("fn relu")
    session.ok("let maybe: Option<i32> = Some(4);\nfn four() -> Option<i32> { Some(4) }")
    assert session.run("maybe?").reply.get("payload") in ([], None)
