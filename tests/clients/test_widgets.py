"""Sliders, buttons and places for outputs, by the messages of the ipywidgets protocol."""

import re

import pytest

from session import until

STEPS = 'widget::interact(("lr", 0.0..=1.0, 0.5), |lr| format!("lr is {lr}"));'


def opened(run):
    """The fields of each model that a cell has opened, by its comm."""
    models = {}
    for message in run.messages:
        if message["msg_type"] == "comm_open":
            assert message["metadata"]["version"].startswith("2."), message
            assert message["content"]["target_name"] == "jupyter.widget"
            models[message["content"]["comm_id"]] = message["content"]["data"]["state"]
    return models


def named(models, kind):
    (found,) = [(id, state) for id, state in models.items() if state["_model_name"] == f"{kind}Model"]
    return found


def tell(session, comm, data, wait=True):
    """Sends a message to a comm, and returns what comes until the kernel is idle."""
    message = session.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
    session.client.shell_channel.send(message)
    return heard(session, message["header"]["msg_id"]) if wait else message["header"]["msg_id"]


def heard(session, request):
    messages = []
    while True:
        message = session.client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != request:
            continue
        messages.append(message)
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return messages


def move(session, comm, value, wait=True):
    return tell(session, comm, {"method": "update", "state": {"value": value}, "buffer_paths": []}, wait)


def texts(messages, kind="update_display_data"):
    return [it["content"]["data"]["text/plain"] for it in messages if it["msg_type"] == kind]


def test_a_later_cell_reads_where_the_slider_stands(session):
    run = session.ok('let lr = widget::slider("learning rate", 0.01..=1.0, 0.1).show()?;')
    comm, state = named(opened(run), "FloatSlider")
    assert (state["description"], state["min"], state["max"], state["step"], state["value"]) == ("learning rate", 0.01, 1.0, 0.01, 0.1)
    assert state["readout"] and state["continuous_update"] and state["readout_format"] == ".2f"
    for part in ("layout", "style"):
        assert state[part].removeprefix("IPY_MODEL_") in opened(run)
    (display,) = run.contents("display_data")
    assert display["data"]["application/vnd.jupyter.widget-view+json"]["model_id"] == comm
    assert display["data"]["text/plain"] == "learning rate: 0.1"
    assert session.ok("lr.value()").result == "0.1"
    move(session, comm, 0.73)
    assert session.ok("lr.value()").result == "0.73"
    assert session.ok("let copy = lr.clone(); copy.value() * 2.0").result == "1.46"


def test_whole_numbers_and_buttons(session):
    run = session.ok('let n = widget::slider("steps", 1..=100usize, 20).step(5).show()?;\nlet go = widget::button("go").show()?;')
    slider, state = named(opened(run), "IntSlider")
    assert (state["value"], state["step"], state["readout_format"]) == (20, 5, "d")
    button, _ = named(opened(run), "Button")
    move(session, slider, 40)
    for _ in range(3):
        tell(session, button, {"method": "custom", "content": {"event": "click"}})
    assert session.ok("vec![0; n.value()].len() as u64 + go.clicks()").result == "43"


def test_a_picture_is_drawn_anew_where_it_stands(session):
    run = session.ok('widget::interact(("lr", 0.01..=1.0, 0.1), |lr| plot::line(&[1.0, lr]).title("path"))')
    comm, _ = named(opened(run), "FloatSlider")
    slider, picture = run.contents("display_data")
    assert "image/svg+xml" in picture["data"]
    messages = move(session, comm, 0.5)
    (update,) = [it["content"] for it in messages if it["msg_type"] == "update_display_data"]
    assert update["transient"]["display_id"] == picture["transient"]["display_id"]
    assert update["data"]["text/plain"] == "path: 1 line, 2 points; 1 → 0.5"


def test_several_sliders_stand_in_a_column(session):
    run = session.ok('widget::interact((("a", 0.0..=1.0, 0.5), ("n", 1..=9, 3)), |(a, n)| a * f64::from(n));')
    box, state = named(opened(run), "VBox")
    children = [it.removeprefix("IPY_MODEL_") for it in state["children"]]
    assert [opened(run)[it]["description"] for it in children] == ["a", "n"]
    assert texts(run.messages, "display_data")[1] == "1.5"
    assert texts(move(session, children[1], 4)) == ["2.0"]
    assert texts(move(session, children[0], 0.25)) == ["1.0"]


def test_what_a_function_shows_or_returns(session):
    session.ok("let data = tensor!([1.0, 2.0]);")
    for body, expected in [
        ("move |x| t!(data * x)", "tensor([1., 2.])"),
        ("|x| Ok::<f64, akari::candle_core::Error>(x)", "1.0"),
        ('|x| display::mime("text/plain", &format!("<{x}>"))', "<1>"),
        ("|x| plot::line(&[x, 1.0]).show()", "1 line, 2 points; 1 → 1"),
    ]:
        body = body.replace("t!(data * x)", "{ let f = || Ok::<Tensor, akari::candle_core::Error>(t!(data * x)); f() }")
        run = session.ok(f'widget::interact(("x", 0.0..=2.0, 0.5), {body});')
        comm, _ = named(opened(run), "FloatSlider")
        assert texts(move(session, comm, 1.0)) == [expected], body


def test_a_button_calls_its_function(session):
    run = session.ok('let mut n = 0;\nwidget::button("more").on_click(move || { n += 1; format!("pressed {n}") })')
    comm, _ = named(opened(run), "Button")
    for count in (1, 2):
        messages = tell(session, comm, {"method": "custom", "content": {"event": "click"}})
        assert texts(messages) == [f"pressed {count}"]


def test_values_come_at_once_while_a_cell_runs_and_functions_after_it(session):
    comm, _ = named(opened(session.ok(STEPS)), "FloatSlider")
    slider, _ = named(opened(session.ok('let x = widget::slider("x", 0..=9, 1).show()?;')), "IntSlider")
    request = session.start("while x.value() < 7 { std::thread::sleep(std::time::Duration::from_millis(1)); }\nx.value()")
    moves = [move(session, comm, value, wait=False) for value in (0.1, 0.2, 0.3)]
    move(session, slider, 7, wait=False)
    run, seen, idle = None, [], set()
    while len(idle) < 4:
        message = session.client.get_iopub_msg(timeout=30)
        parent = message["parent_header"].get("msg_id")
        if message["msg_type"] == "execute_result":
            run = message["content"]["data"]["text/plain"]
        elif message["msg_type"] == "update_display_data":
            assert run == "7" and parent == moves[-1]
            seen.append(message["content"]["data"]["text/plain"])
        elif message["content"].get("execution_state") == "idle" and parent in (*moves, request):
            idle.add(parent)
    # The last of the moves that waited.
    assert seen == ["lr is 0.3"]
    session.reply(request)


def test_failures_stand_in_the_place_of_the_picture(session):
    run = session.ok('widget::interact(("x", 0..=9, 1), |x| {\n    assert!(x < 5, "too far");\n    if x == 3 { return Err(akari::candle_core::Error::Msg("no three".into())); }\n    Ok(x)\n});\nlet kept = 5;')
    comm, _ = named(opened(run), "IntSlider")
    (text,) = texts(move(session, comm, 7))
    assert "too far" in text and "cell [1], line 2" in re.sub(r"\x1b\[[0-9;]*m", "", text), text
    (text,) = texts(move(session, comm, 3))
    assert "no three" in text
    assert texts(move(session, comm, 2)) == ["2"]
    assert session.ok("kept").result == "5"
    failed = session.run('widget::interact(("x", 0..=9, 7), |x| assert!(x < 5));')
    assert failed.error["ename"] == "Panic"
    for code in ('widget::slider("x", 2.0..=1.0, 1.5).show()?;', 'widget::slider("x", 0..=1, 7)', 'widget::interact(("x", 0..=1, 7), |_| ());'):
        assert "widget::slider: " in session.run(code).error["evalue"], code


def test_a_function_is_interrupted_and_goes_on(session):
    run = session.ok('widget::interact(("x", 0..=9, 1), |x| {\n    while x == 5 { F::relu(&tensor!([1.0]))?; std::thread::sleep(std::time::Duration::from_millis(1)); }\n    Ok(x)\n});\nlet kept = 5;')
    comm, _ = named(opened(run), "IntSlider")
    request = move(session, comm, 5, wait=False)
    message = session.client.get_iopub_msg(timeout=30)
    while message["parent_header"].get("msg_id") != request:
        message = session.client.get_iopub_msg(timeout=30)
    waits = session.send("kept")
    assert until(lambda: session.manager.interrupt_kernel() or True)
    (text,) = texts(heard(session, request))
    assert "interrupted" in text, text
    run = session.collect(waits)
    if run.status == "error":
        run = session.ok("kept")
    assert run.result == "5"
    assert texts(move(session, comm, 2)) == ["2"]


def test_widgets_end_with_their_process_and_say_so(session):
    run = session.ok('let lr = widget::slider("lr", 0.0..=1.0, 0.5).show()?;\n' + STEPS)
    sliders = [id for id, state in opened(run).items() if state["_model_name"] == "FloatSliderModel"]
    crash = session.send("std::process::abort();")
    said, closed = {}, set()
    while len(closed) < len(opened(run)):
        message = session.client.get_iopub_msg(timeout=30)
        if message["msg_type"] == "comm_msg":
            said[message["content"]["comm_id"]] = message["content"]["data"]["state"]
        if message["msg_type"] == "comm_close":
            closed.add(message["content"]["comm_id"])
    assert set(said) == set(sliders)
    assert all(it["disabled"] and "run the cell again" in it["description"] for it in said.values())
    session.reply(crash)
    assert not texts(move(session, sliders[0], 0.9))
    # The session's cells ran again: the variable is there, and stands where it stood at first.
    assert session.ok("lr.value()").result == "0.5"
    again, _ = named(opened(session.ok(STEPS)), "FloatSlider")
    assert texts(move(session, again, 0.25)) == ["lr is 0.25"]


def test_a_crash_of_a_function_brings_the_session_back(session):
    run = session.ok('let kept = 5;\nwidget::interact(("x", 0..=9, 1), |x| { if x == 5 { std::process::abort(); } x });')
    comm, _ = named(opened(run), "IntSlider")
    request = move(session, comm, 5, wait=False)
    text = "".join(texts(heard(session, request)))
    assert "abort" in text and "kept" in text, text
    assert session.ok("kept").result == "5"


def test_moves_change_no_random_numbers_of_later_cells(session):
    draw = 'widget::interact(("x", 0.0..=1.0, 0.5), |x| -> Result<Tensor> { Ok(t!({ torch::rand(2)? } * x)) });'
    session.ok("torch::manual_seed(1);")
    run = session.ok(draw)
    first = session.ok("torch::rand(3)?").result
    comm, _ = named(opened(run), "FloatSlider")
    once, twice = [texts(move(session, comm, 1.0)) for _ in range(2)]
    assert once == twice
    session.ok("torch::manual_seed(1);")
    run = session.ok(draw)
    comm, _ = named(opened(run), "FloatSlider")
    move(session, comm, 0.1)
    assert session.ok("torch::rand(3)?").result == first


def test_a_client_that_comes_later_gets_all_widgets(session):
    run = session.ok('let lr = widget::slider("lr", 0.0..=1.0, 0.5).show()?;')
    comm, _ = named(opened(run), "FloatSlider")
    move(session, comm, 0.75)
    info = session.reply(session.client.comm_info("jupyter.widget"))["content"]["comms"]
    assert set(info) == set(opened(run)) and info[comm] == {"target_name": "jupyter.widget"}
    assert session.reply(session.client.comm_info("other"))["content"]["comms"] == {}
    (state,) = [it["content"]["data"]["state"] for it in tell(session, comm, {"method": "request_state"}) if it["msg_type"] == "comm_msg"]
    assert state["value"] == 0.75
    message = session.client.session.msg("comm_open", {"comm_id": "control", "target_name": "jupyter.widget.control", "data": {}})
    session.client.shell_channel.send(message)
    assert all(it["msg_type"] == "status" for it in heard(session, message["header"]["msg_id"]))
    (answer,) = [it["content"] for it in tell(session, "control", {"method": "request_states"}) if it["msg_type"] == "comm_msg"]
    assert answer["comm_id"] == "control" and answer["data"]["method"] == "update_states"
    assert answer["data"]["states"][comm]["model_name"] == "FloatSliderModel"
    assert answer["data"]["states"][comm]["state"]["value"] == 0.75
    message = session.client.session.msg("comm_close", {"comm_id": comm, "data": {}})
    session.client.shell_channel.send(message)
    heard(session, message["header"]["msg_id"])
    move(session, comm, 0.1)
    assert session.ok("lr.value()").result == "0.75"


def test_strange_messages_change_nothing(session):
    comm, _ = named(opened(session.ok('let x = widget::slider("x", 0..=9, 1).show()?;')), "IntSlider")
    for data in [
        {"method": "update", "state": {"value": "7"}},
        {"method": "update", "state": {"value": 1e300}},
        {"method": "update", "state": {"value": -1}},
        {"method": "update", "state": {"value": None, "max": 100}},
        {"method": "update", "state": {"max": 100}},
        {"method": "update", "state": ["x" * 1_000_000]},
        {"method": "update", "state": {"value": {"deep": [[[]]]}}},
        {"method": "custom", "content": {"event": "click"}},
        {"method": 5},
        {"state": {"value": 7}},
        {"x": "y" * 5_000_000},
    ]:
        tell(session, comm, data)
        tell(session, "nobody", data)
    for kind in ("comm_open", "comm_msg", "comm_close"):
        for content in ({}, {"comm_id": 5, "data": []}, {"comm_id": comm + "x", "target_name": [], "data": "x"}):
            message = session.client.session.msg(kind, content)
            session.client.shell_channel.send(message)
            heard(session, message["header"]["msg_id"])
    assert session.ok("x.value()").result == "1"


def test_many_widgets_are_bounded(session):
    session.ok('for n in 0..800 { widget::slider(&format!("s{n}"), 0..=9, 1).show()?; }')
    info = session.reply(session.client.comm_info("jupyter.widget"))["content"]["comms"]
    assert len(info) == 2_000


def kept(session, messages, comm):
    """The outputs in a place, as a client that hears these messages has them last."""
    said = [it["content"] for it in messages if it["msg_type"] == "comm_msg" and it["content"]["comm_id"] == comm]
    return said[-1]["data"]["state"]["outputs"] if said else None


def test_outputs_go_into_their_place(session):
    run = session.ok('let log = widget::output().show()?;')
    comm, state = named(opened(run), "Output")
    assert (state["_model_module"], state["outputs"], state["msg_id"]) == ("@jupyter-widgets/output", [], "")
    (shown,) = run.contents("display_data")
    assert shown["data"]["application/vnd.jupyter.widget-view+json"]["model_id"] == comm and shown["data"]["text/plain"] == "[output]"
    run = session.ok('println!("before");\nlet n = log.capture(|| {\n    println!("a line");\n    eprintln!("a warning");\n    display::html("<b>bold</b>");\n    plot::line(&[1.0, 2.0]).show()?;\n    Ok::<i32, akari::candle_core::Error>(5)\n})?;\nprintln!("after");\nn')
    assert run.stream() == "before\nafter\n" and run.stream("stderr") == "" and run.result == "5"
    outputs = kept(session, run.messages, comm)
    assert [it["output_type"] for it in outputs] == ["stream", "stream", "display_data", "display_data"]
    assert (outputs[0]["text"], outputs[1]["name"], outputs[2]["data"]) == ("a line\n", "stderr", {"text/html": "<b>bold</b>"})
    assert "image/svg+xml" in outputs[3]["data"] and not run.contents("display_data")
    # The notebook's file has the text, for who has no kernel.
    (update,) = run.contents("update_display_data")
    assert update["transient"]["display_id"] == shown["transient"]["display_id"]
    assert update["data"]["text/plain"].startswith("a line\na warning\n") and "1 line, 2 points" in update["data"]["text/plain"]


def test_a_place_is_cleared_and_filled_anew(session):
    comm, _ = named(opened(session.ok("let log = widget::output().show()?;")), "Output")
    session.ok('log.capture(|| println!("old"));')
    run = session.ok('log.clear();\nlog.capture(|| { print!("n"); print!("ew"); });')
    assert kept(session, run.messages, comm) == [{"output_type": "stream", "name": "stdout", "text": "new"}]
    assert kept(session, session.ok("log.clear();").messages, comm) == []
    run = session.ok('log.capture(|| { println!("gone"); display::clear_output(true); println!("there"); });')
    assert kept(session, run.messages, comm)[0]["text"] == "there\n"


def test_a_slider_writes_into_a_place(session):
    comm, _ = named(opened(session.ok("let log = widget::output().show()?;")), "Output")
    run = session.ok('let out = log.clone();\nwidget::interact(("lr", 0.0..=1.0, 0.5), move |lr| {\n    out.clear();\n    out.capture(|| { println!("lr is {lr}"); plot::line(&[lr, 1.0]).show() })?;\n    Ok::<String, akari::candle_core::Error>(format!("shown {lr}"))\n});')
    slider, _ = named(opened(run), "FloatSlider")
    assert kept(session, run.messages, comm)[0]["text"] == "lr is 0.5\n"
    messages = move(session, slider, 0.25)
    outputs = kept(session, messages, comm)
    assert outputs[0]["text"] == "lr is 0.25\n" and "image/svg+xml" in outputs[1]["data"] and len(outputs) == 2
    assert "shown 0.25" in texts(messages)
    assert not [it for it in messages if it["msg_type"] == "stream"]


def test_what_changes_in_a_place_changes_there(session):
    comm, _ = named(opened(session.ok("let log = widget::output().show()?;")), "Output")
    session.ok('let bar = log.capture(|| display::Handle::new("text/plain", "0 %"));')
    run = session.ok('bar.update("text/plain", "100 %");')
    assert [it["data"]["text/plain"] for it in kept(session, run.messages, comm)] == ["100 %"]
    run = session.ok('log.clear();\nlog.capture(|| { widget::interact(("x", 0..=9, 1), |x| x * 2); });')
    outputs = kept(session, run.messages, comm)
    assert "application/vnd.jupyter.widget-view+json" in outputs[0]["data"] and outputs[1]["data"]["text/plain"] == "2"
    slider, _ = named(opened(run), "IntSlider")
    assert kept(session, move(session, slider, 4), comm)[1]["data"]["text/plain"] == "8"


def test_a_place_is_left_also_by_a_panic_and_outlives_a_crash(session):
    comm, _ = named(opened(session.ok("let log = widget::output().show()?;")), "Output")
    failed = session.run('log.capture(|| { println!("in"); assert!(1 > 2, "no"); });')
    assert failed.error["ename"] == "Panic" and kept(session, failed.messages, comm)[0]["text"] == "in\n"
    assert session.ok('println!("out");').stream() == "out\n"
    session.run("std::process::abort();")
    info = session.reply(session.client.comm_info("jupyter.widget"))["content"]["comms"]
    assert comm in info
    (state,) = [it["content"]["data"]["state"] for it in tell(session, comm, {"method": "request_state"}) if it["msg_type"] == "comm_msg"]
    assert state["outputs"][0]["text"] == "in\n"


def test_places_in_places(session):
    run = session.ok("let outer = widget::output().show()?;")
    outer, _ = named(opened(run), "Output")
    inner, _ = named(opened(session.ok("let inner = widget::output().show()?;")), "Output")
    run = session.ok('outer.capture(|| { println!("1"); inner.capture(|| println!("2")); println!("3"); });')
    assert kept(session, run.messages, outer)[0]["text"] == "1\n3\n" and kept(session, run.messages, inner)[0]["text"] == "2\n"


def test_a_flood_into_a_place_is_bounded(session):
    comm, _ = named(opened(session.ok("let log = widget::output().show()?;")), "Output")
    run = session.ok('log.capture(|| for i in 0..200_000 { println!("line {i}"); });', timeout=60)
    text = kept(session, run.messages, comm)[0]["text"]
    assert text.endswith("line 199999\n") and text.startswith("line ") and len(text) <= 1 << 20
    assert sum(it["msg_type"] == "comm_msg" for it in run.messages) < 300
