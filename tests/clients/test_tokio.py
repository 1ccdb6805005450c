"""`.await` in cells, on the runtime that tokio brings. Its crates are in the prelude's Cargo.lock."""

import pytest

TOKIO = ':dep tokio = { version = "1", features = [FEATURES] }'
NAP = "tokio::time::sleep(std::time::Duration::from_millis(1)).await;\n"


def add(session, *features):
    line = TOKIO.replace("FEATURES", ", ".join(f'"{it}"' for it in features))
    session.ok(line, timeout=500)


@pytest.mark.parametrize("features", [("time",), ("rt", "time"), ("rt-multi-thread", "time")])
def test_runtime_is_built_of_what_is_there(session, features):
    add(session, *features)
    assert session.ok(NAP + "1").result == "1"
    # Also outside of `async` code.
    session.ok("let job = tokio::spawn(async { 6 * 7 });")
    session.ok("let here = tokio::runtime::Handle::current();")
    assert session.ok("job.await?").result == "42"
    assert session.ok("here.spawn(async { 5 }).await?").result == "5"


def test_tasks_live_on_from_cell_to_cell(session):
    add(session, "rt", "sync", "time")
    session.ok("let (sender, mut receiver) = tokio::sync::mpsc::channel::<u8>(1);")
    session.ok("let job = tokio::spawn(async move { for n in 0..3 { sender.send(n).await.unwrap(); } 9 });")
    session.ok("let mut got = Vec::new();\nwhile let Some(n) = receiver.recv().await { got.push(n); }")
    assert session.ok("(got.clone(), job.await?)").result == "([0, 1, 2], 9)"


def test_waiting_inside_of_macros(session):
    add(session, "macros", "rt", "time")
    run = session.ok(f'println!("{{}}", async {{ {NAP} 4 }}.await);')
    assert run.stream() == "4\n"
    assert session.ok("let (a, b) = tokio::join!(async { 1 }, async { 2 }); a + b").result == "3"
    cell = f"tokio::select! {{ _ = async {{ {NAP} }} => 1, _ = std::future::pending::<()>() => 2 }}"
    assert session.ok(cell).result == "1"


def test_own_runtimes_go_on_working(session):
    add(session, "macros", "rt", "time")
    session.ok("let own = tokio::runtime::Builder::new_current_thread().enable_all().build()?;")
    assert session.ok(f"own.block_on(async {{ {NAP} 3 }})").result == "3"
    session.ok("drop(own);")
    code = f'#[tokio::main(flavor = "current_thread")]\nasync fn main() {{ {NAP} println!("main"); }}\nmain();'
    assert session.ok(code).stream() == "main\n"


def test_interrupt_ends_a_pending_await(session):
    add(session, "rt", "time")
    cell = session.start("let kept = 3;\ntokio::time::sleep(std::time::Duration::from_secs(600)).await;")
    session.manager.interrupt_kernel()
    assert session.collect(cell).error["ename"] == "Interrupted"
    assert session.ok(NAP + "1").result == "1"


def test_runtime_is_there_again_after_a_crash(session):
    add(session, "rt", "time")
    session.ok("let job = tokio::spawn(async { 7 });")
    assert session.run("std::process::abort()").error["ename"] == "ProcessCrash"
    assert session.ok(NAP + "tokio::spawn(async { 8 }).await?").result == "8"


def test_tokio_behind_another_crate(session, package):
    code = "pub async fn nap() -> u8 { " + NAP + " tokio::spawn(async { 6 }).await.unwrap() }"
    session.ok(package("naps", code, 'tokio = { version = "1", features = ["rt", "time"] }'), timeout=500)
    assert session.ok("naps::nap().await").result == "6"
    assert ":dep tokio" not in session.ok(":show_deps").contents("display_data")[0]["data"]["text/plain"]


def test_missing_tokio_and_missing_features_are_told(session):
    error = session.run(NAP).error
    assert ':dep tokio = { version = "1"' in "\n".join(error["traceback"])
    add(session, "rt")
    error = session.run(NAP).error
    assert ':dep tokio = { features = ["time"] }' in "\n".join(error["traceback"])
    session.ok(':dep tokio = { features = ["time"] }', timeout=500)
    assert session.ok(NAP + "1").result == "1"
