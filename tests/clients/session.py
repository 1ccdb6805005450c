"""A session with the kernel, as a client sees it."""

import time
from dataclasses import dataclass, field

import psutil
from jupyter_client.manager import KernelManager

TIMEOUT = 30


def until(claim, timeout=10):
    """Waits until the claim holds; its last value, true or not."""
    end = time.monotonic() + timeout
    while not (value := claim()) and time.monotonic() < end:
        time.sleep(0.01)
    return value


def is_gone(process):
    """Whether a process has ended, also where nobody asks for its status."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def runs_cells(process):
    """Whether a process is the one that runs cells: it was started with the session's folder."""
    try:
        return "AKARI_SESSION_FOLDER" in process.environ()
    except psutil.Error:
        return False


@dataclass
class Run:
    """What came back for one cell."""

    reply: dict = None
    messages: list = field(default_factory=list)

    @property
    def status(self):
        return self.reply["status"]

    def contents(self, kind):
        return [it["content"] for it in self.messages if it["msg_type"] == kind]

    def stream(self, name="stdout"):
        return "".join(it["text"] for it in self.contents("stream") if it["name"] == name)

    @property
    def result(self):
        """The text of the last value."""
        (content,) = self.contents("execute_result")
        return content["data"]["text/plain"]

    @property
    def error(self):
        """The published error, which the reply must repeat."""
        assert self.status == "error", self.reply
        (content,) = self.contents("error")
        for key in ("ename", "evalue", "traceback"):
            assert content[key] == self.reply[key]
        return content

    @property
    def states(self):
        return [it["execution_state"] for it in self.contents("status")]


class Session:
    """A kernel and one client of it."""

    def __init__(self, kernel_name="akari", start=None, **options):
        """`start` has the kernel's folder (`cwd`) and environment (`env`) where they are not ours."""
        self.manager = KernelManager(kernel_name=kernel_name, **options)
        self.manager.start_kernel(**(start or {}))
        self.client = self.manager.client()
        self.client.start_channels()
        try:
            self.client.wait_for_ready(timeout=TIMEOUT)
        except RuntimeError:
            self.end()
            raise

    @property
    def process(self):
        return psutil.Process(self.manager.provisioner.process.pid)

    def processes(self):
        return [self.process, *self.process.children(recursive=True)]

    def without_compilers(self):
        """The kernel, what its cells run in, and what they have started; a compiler and a linker
        may wait for the next cell beside them, and rustdoc make the index that another test has removed."""
        return [it for it in self.processes() if it.name() not in ("rustc", "rust-lld", "rustdoc")]

    def send(self, code, **options):
        options.setdefault("allow_stdin", False)
        return self.client.execute(code, **options)

    def run(self, code, timeout=TIMEOUT, **options):
        """Runs a cell to its end."""
        return self.collect(self.send(code, **options), timeout)

    def ok(self, code, **options):
        """Runs a cell that must not fail."""
        run = self.run(code, **options)
        assert run.status == "ok", "\n".join(run.reply.get("traceback", [str(run.reply)]))
        return run

    def collect(self, request, timeout=TIMEOUT):
        """All that a request brings, up to `idle`."""
        run = Run()
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != request:
                continue
            run.messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        run.reply = self.reply(request, timeout)["content"]
        return run

    def reply(self, request, timeout=TIMEOUT):
        """The reply to a request; replies to others are dropped."""
        while True:
            message = self.client.get_shell_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") == request:
                return message

    def wait_for_text(self, request, text, timeout=TIMEOUT):
        """Reads what a running cell prints until the text is there."""
        seen = ""
        while text not in seen:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") == request and message["msg_type"] == "stream":
                seen += message["content"]["text"]
        return seen

    def start(self, code, **options):
        """Starts a cell that goes on, and returns when it runs."""
        request = self.send(f'println!("started");\n{code}', **options)
        self.wait_for_text(request, "started")
        return request

    def end(self):
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
