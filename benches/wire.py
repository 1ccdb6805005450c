"""Times the wire of two builds of Akari beside each other, in one run: round trips and volumes.

usage: python benches/wire.py --before OLD_BINARY [--before-home DIR] [--after target/release/akari]
                              [--after-home DIR] [--rounds 5] [--json FILE]

Each round starts both kernels, the first of them by turns, and measures every row on both; what is
shown is the median over the rounds, the spread, and the median of the rounds' ratios. Needs
jupyter_client and psutil. Ratios matter, milliseconds are one machine's.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time

from kernels import Kernel

SMALL = 10_000
LARGE = 10 << 20


def milliseconds(run):
    begin = time.perf_counter()
    run()
    return (time.perf_counter() - begin) * 1e3


def reply(client, request, channel):
    while channel(timeout=60)["parent_header"].get("msg_id") != request:
        pass


def control(client):
    message = client.session.msg("kernel_info_request", {})
    client.control_channel.send(message)
    reply(client, message["header"]["msg_id"], client.get_control_msg)


def drain(client):
    while client.iopub_channel.msg_ready():
        client.get_iopub_msg(timeout=1)


def rows(argv, home):
    with tempfile.TemporaryDirectory() as folder:
        kernel = Kernel(argv, folder, {"AKARI_HOME": home} if home else {})
        client = kernel.client
        try:
            yield from measured(kernel, client)
        finally:
            kernel.stop()


def measured(kernel, client):
    kernel.run("1 + 1")
    info = [milliseconds(lambda: reply(client, client.kernel_info(), client.get_shell_msg)) for _ in range(300)]
    yield "kernel_info on shell, ms", statistics.median(info)
    yield "kernel_info on control, ms", statistics.median(milliseconds(lambda: control(client)) for _ in range(300))
    drain(client)
    yield "a cached cell, ms", statistics.median(kernel.run("1 + 1")[0] for _ in range(300)) * 1e3
    # Every one of them is a message, since the two streams are not put together.
    code = f'for i in 0..{SMALL // 2} {{ println!("{{i}}"); eprintln!("{{i}}"); }}'
    kernel.run(code)
    yield f"{SMALL:,} lines by turns on two streams, ms", kernel.run(code)[0] * 1e3
    code = f'for i in 0..{SMALL} {{ akari::display::html(&i.to_string()); }}'
    kernel.run(code)
    yield f"{SMALL:,} small displays, ms", kernel.run(code)[0] * 1e3
    code = f'akari::display::html(&"h".repeat({LARGE}));'
    kernel.run(code)
    yield "a display of 10 MB, ms", statistics.median(kernel.run(code)[0] for _ in range(5)) * 1e3
    code = 'let line = "x".repeat(99); for _ in 0..1_000_000 { println!("{line}"); }'
    kernel.run(code)
    yield "100 MB of lines, ms", kernel.run(code)[0] * 1e3
    yield "memory after that (rss), MB", kernel.memory()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--before", required=True)
    parser.add_argument("--before-home")
    parser.add_argument("--after", default=os.path.join(root, "target", "release", "akari"))
    parser.add_argument("--after-home", default=os.environ.get("AKARI_HOME"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="write the figures here too")
    args = parser.parse_args()
    peers = {"before": (args.before, args.before_home), "after": (args.after, args.after_home)}
    table = {name: {} for name in peers}
    for turn in range(args.rounds):
        for name in list(peers)[:: 1 if turn % 2 == 0 else -1]:
            binary, home = peers[name]
            print(f"round {turn + 1} of {args.rounds}: {name} ..", file=sys.stderr)
            argv = [os.path.abspath(binary), "kernel", "--connection-file", "{connection_file}"]
            for row, value in rows(argv, home):
                table[name].setdefault(row, []).append(value)
    print("| | before | after | after / before |\n|---|---|---|---|")
    for row, before in table["before"].items():
        after = table["after"][row]
        ratio = statistics.median(new / old for old, new in zip(before, after))
        shown = [f"{statistics.median(it):.3g} ({min(it):.3g} to {max(it):.3g})" for it in (before, after)]
        print(f"| {row} | {shown[0]} | {shown[1]} | {ratio:.2f} |")
    if args.json:
        with open(args.json, "w") as file:
            json.dump(table, file, indent=1)


if __name__ == "__main__":
    main()
