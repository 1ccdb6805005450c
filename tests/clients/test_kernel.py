"""The test suite of the Jupyter project, with every attribute that applies."""

import jupyter_kernel_test as suite

from session import until


class TestAkari(suite.KernelTests):
    kernel_name = "akari"
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("oh no");'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The prelude's names are read beside the first cells.
        known = lambda: cls.kc.inspect("Tensor", reply=True, timeout=30)["content"]["found"]
        assert until(known, timeout=60)

    completion_samples = [
        {"text": "whi", "matches": {"while"}},
        {"text": "x.whi", "matches": set()},
        {"text": "let y = Tens", "matches": {"Tensor"}},
        {"text": "display::clea", "matches": {"clear_output"}},
        {"text": "F::leaky", "matches": {"leaky_relu"}},
    ]
    complete_code_samples = ["1 + 1", "let x = 1;", "let x = 1", "fn f() -> i32 {\n    1\n}", "// 注釈", ":vars"]
    incomplete_code_samples = ["fn f() {", "let x =", "let x = (1,", 'println!("abc', "/* abc"]
    invalid_code_samples = ["}", "let = 3;", "fn 1() {}"]
    code_page_something = "?Tensor"
    code_generate_error = 'panic!("no");'
    code_execute_result = [
        {"code": "1 + 2", "result": "3"},
        {"code": "vec![1, 2]", "result": "[1, 2]"},
        {"code": "6 * 7", "result": "42"},
    ]
    code_display_data = [
        {"code": 'akari::display::html("<b>x</b>");', "mime": "text/html"},
        {"code": 'akari::display::svg("<svg/>");', "mime": "image/svg+xml"},
    ]
    code_history_pattern = "1 +*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "F::leaky_relu"
    code_clear_output = "akari::display::clear_output(false);"


class TestWelcome(suite.IopubWelcomeTests):
    kernel_name = "akari"
    support_iopub_welcome = True


# The base classes start python3.
del suite
