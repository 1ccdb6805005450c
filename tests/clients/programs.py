"""Small random programs in cells, with what they must print.

A program is made together with a model of its variables: Python runs each statement as it writes
it. Arithmetic stays far below the limits of `i64`, so that both mean the same.
"""

import random
from dataclasses import dataclass, field

from corpus import Cell, Fault, Result, Sequence

LIMIT = 1_000_003
WORDS = ["ash", "birch", "cedar", "elm", "fir", "灯"]


@dataclass
class Variable:
    kind: str
    value: object
    is_mut: bool


@dataclass
class Program:
    """A program while it is being made."""

    random: random.Random
    variables: dict = field(default_factory=dict)
    moved: set = field(default_factory=set)
    functions: dict = field(default_factory=dict)
    lines: list = field(default_factory=list)
    printed: str = ""
    made: int = 0

    def name(self):
        self.made += 1
        return f"v{self.made}"

    def pick(self, kind, is_mut=None):
        names = [
            name
            for name, it in self.variables.items()
            if it.kind == kind and (is_mut is None or it.is_mut == is_mut)
        ]
        return self.random.choice(names) if names else None

    def let(self, name, kind, value, code, is_mut=None):
        is_mut = self.random.random() < 0.5 if is_mut is None else is_mut
        self.lines.append(f"let {'mut ' if is_mut else ''}{name} = {code};")
        self.variables[name] = Variable(kind, value, is_mut)
        self.moved.discard(name)

    def forget(self, name):
        del self.variables[name]
        self.moved.add(name)


def integer(p):
    """An expression of type `i64`, and its value."""
    name, other = p.pick("int"), p.pick("int")
    number = p.random.randint(-99, 99)
    if name is None or p.random.random() < 0.2:
        return f"{number}_i64", number
    a, b = p.variables[name].value, p.variables[other].value
    choice = p.random.randrange(5)
    if choice == 0:
        return f"({name} + {other}) % {LIMIT}", remainder(a + b)
    if choice == 1:
        return f"({name} * {other}) % {LIMIT}", remainder(a * b)
    if choice == 2:
        return f"if {name} > {other} {{ {name} - {number} }} else {{ {other} }}", (
            a - number if a > b else b
        )
    if choice == 3 and p.functions:
        function = p.random.choice(sorted(p.functions))
        factor, shift = p.functions[function]
        return f"{function}({name})", remainder(a * factor + shift)
    return f"match {name} {{ n if n < 0 => -n, n => n + 1 }}", -a if a < 0 else a + 1


def remainder(value):
    """`%` as in Rust: with the sign of the left side."""
    return abs(value) % LIMIT * (1 if value >= 0 else -1)


def new_integer(p):
    code, value = integer(p)
    p.let(p.name(), "int", value, code)


def shadow_integer(p):
    if (name := p.pick("int")) is None:
        return new_integer(p)
    code, value = integer(p)
    p.let(name, "int", value, code)


def assign_integer(p):
    if (name := p.pick("int", is_mut=True)) is None:
        return new_integer(p)
    code, value = integer(p)
    p.lines.append(f"{name} = {code};")
    p.variables[name].value = value


def new_text(p):
    word = p.random.choice(WORDS)
    p.let(p.name(), "text", word, f'String::from("{word}")')


def append_text(p):
    name, number = p.pick("text", is_mut=True), p.pick("int")
    if name is None or number is None:
        return new_text(p)
    p.lines.append(f'{name} += &format!("-{{{number}}}");')
    p.variables[name].value += f"-{p.variables[number].value}"


def shadow_text_by_its_length(p):
    if (name := p.pick("text")) is None:
        return new_text(p)
    length = len(p.variables[name].value.encode())
    p.let(name, "int", length, f"{name}.len() as i64")


def move_text(p):
    if (name := p.pick("text")) is None:
        return new_text(p)
    value = p.variables[name].value
    p.let(p.name(), "text", value, name)
    p.forget(name)


def remake_mutable(p):
    name = p.pick("text", is_mut=False) or p.pick("list", is_mut=False)
    if name is None:
        return new_list(p)
    variable = p.variables[name]
    p.let(name, variable.kind, variable.value, name, is_mut=True)


def new_list(p):
    numbers = [p.random.randint(0, 50) for _ in range(p.random.randint(1, 4))]
    p.let(p.name(), "list", numbers, f"vec!{numbers}.into_iter().map(i64::from).collect::<Vec<i64>>()")


def push(p):
    if (name := p.pick("list", is_mut=True)) is None:
        return new_list(p)
    code, value = integer(p)
    p.lines.append(f"{name}.push({code});")
    p.variables[name].value = [*p.variables[name].value, value]


def sort(p):
    if (name := p.pick("list", is_mut=True)) is None:
        return new_list(p)
    p.lines.append(f"{name}.sort();")
    p.variables[name].value = sorted(p.variables[name].value)


def sum_list(p):
    if (name := p.pick("list")) is None:
        return new_list(p)
    total = sum(p.variables[name].value)
    p.let(p.name(), "int", remainder(total), f"{name}.iter().sum::<i64>() % {LIMIT}")


def loop_over(p):
    if (name := p.pick("list")) is None:
        return new_list(p)
    target = p.name()
    value = 0
    for number in p.variables[name].value:
        value = remainder(value * 3 + number)
    p.let(target, "int", 0, "0_i64", is_mut=True)
    p.lines.append(f"for it in &{name} {{ {target} = ({target} * 3 + it) % {LIMIT}; }}")
    p.variables[target].value = value


def new_point(p):
    (left, a), (right, b) = integer(p), integer(p)
    p.let(p.name(), "point", (a, b), f"Point {{ left: {left}, right: {right} }}")


def change_point(p):
    if (name := p.pick("point", is_mut=True)) is None:
        return new_point(p)
    a, b = p.variables[name].value
    p.lines.append(f"std::mem::swap(&mut {name}.left, &mut {name}.right);")
    p.lines.append(f"{name}.left += 1;")
    p.variables[name].value = (b + 1, a)


def open_point(p):
    if (name := p.pick("point")) is None:
        return new_point(p)
    left, right = p.name(), p.name()
    value = p.variables[name].value
    p.lines.append(f"let Point {{ left: {left}, right: mut {right} }} = {name};")
    p.lines.append(f"{right} -= 1;")
    p.variables[left] = Variable("int", value[0], False)
    p.variables[right] = Variable("int", value[1] - 1, True)


def define_function(p):
    name = p.random.choice(["scale", "shift", "blend"])
    factor, shift = p.random.randint(-9, 9), p.random.randint(0, 99)
    p.lines.append(f"fn {name}(n: i64) -> i64 {{ (n * {factor} + {shift}) % {LIMIT} }}")
    p.functions[name] = (factor, shift)


def print_one(p):
    kind = p.random.choice(["int", "text", "list", "point"])
    if (name := p.pick(kind)) is None:
        return new_integer(p)
    p.lines.append(f'println!("{name}={{{name}:?}}");')
    p.printed += f"{name}={debug(p.variables[name])}\n"


STATEMENTS = [
    new_integer, shadow_integer, assign_integer, new_text, append_text, shadow_text_by_its_length,
    move_text, remake_mutable, new_list, push, sort, sum_list, loop_over, new_point, change_point,
    open_point, print_one, print_one,
]  # fmt: skip


def debug(variable):
    if variable.kind == "text":
        return f'"{variable.value}"'
    if variable.kind == "point":
        left, right = variable.value
        return f"Point {{ left: {left}, right: {right} }}"
    return str(variable.value)


def program(seed):
    """The program of a seed: cells that do something, and one that shows what is there."""
    p = Program(random.Random(seed))
    cells = [Cell("#[derive(Debug, Clone, Copy)]\nstruct Point { left: i64, right: i64 }", Result())]
    for _ in range(p.random.randint(3, 5)):
        p.lines, p.printed = [], ""
        if p.random.random() < 0.4:
            # Items of a cell come before its statements, whatever their order.
            define_function(p)
        for _ in range(p.random.randint(2, 5)):
            p.random.choice(STATEMENTS)(p)
        cells.append(Cell("\n".join(p.lines), Result(stdout=p.printed)))
    gone = sorted(p.moved - set(p.variables))
    if gone:
        name = p.random.choice(gone)
        cells.append(Cell(f"{name}.len()", Result(fault=Fault("E0425", 1, f"`{name}` was moved in"))))
    shown = "".join(f'println!("{{:?}}", {name});\n' for name in sorted(p.variables))
    text = "".join(f"{debug(p.variables[name])}\n" for name in sorted(p.variables))
    cells.append(Cell(shown.rstrip("\n") or "1;", Result(stdout=text)))
    return Sequence(f"random/{seed}", cells)
