"""The memory of tensors: one serves the next while a cell runs, and goes back to the system after it."""

from session import until

LARGE = "Tensor::ones((100, 1000, 1000), DType::F32, &Device::Cpu)?"
SIZE = 400e6


def child(session):
    kernel, child = session.without_compilers()
    return child


def peak(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def test_it_is_given_back_after_the_cell(session):
    session.ok(f"let sum = {LARGE}.sum_all()?;")
    assert peak(child(session)) > SIZE
    assert until(lambda: child(session).memory_info().rss < SIZE / 4)


def test_it_serves_the_next_tensor(session):
    session.ok(f"for turn in 0..20 {{ let x = {LARGE}; show!(turn, x.mean_all()?); }}")
    assert SIZE < peak(child(session)) < 2 * SIZE


def test_what_a_variable_holds_is_kept(session):
    session.ok(f"let kept = {LARGE};")
    session.ok("1")
    assert child(session).memory_info().rss > SIZE
    assert session.ok("kept.get(99)?.get(999)?.get(999)?").result == "tensor(1.)"
