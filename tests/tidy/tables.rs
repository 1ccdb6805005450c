//! What the rules allow: who may name whom, and the files in which unusual things may stand.

/// A row of a table of arrows: a room, and the rooms that it may name. A room is a module with all
/// that is in it but for what has a row of its own; `main` and `lib` are the roots.
pub type Arrows = &'static [(&'static str, &'static [&'static str])];

/// Packages of ours that others name, and their rooms.
pub const PACKAGES: &[(&str, &str)] = &[
    ("akari_evcxr_protocol", "evcxr protocol"),
    ("akari_key", "key"),
    ("akari_reports", "reports"),
    ("akari_seam", "seam"),
];

/// The folders of the kernel's two packages, whose rooms are one house. cargo lets none of the first name one of the last.
pub const KERNEL_FOLDERS: &[&str] = &["kernel/session/src", "kernel/src"];

/// The kernel's rooms, from the top of the house to its bottom.
pub const KERNEL: Arrows = &[
    ("main", &["cli", "engine::instant::deps", "home", "process", "runtime"]),
    (
        "cli",
        &[
            "engine",
            "engine::start",
            "export",
            "hidden",
            "history",
            "home",
            "jupyter",
            "key",
            "lesson",
            "notebook",
            "platform",
            "setup",
        ],
    ),
    ("jupyter", &["engine", "engine::start", "history", "platform"]),
    ("lesson", &["engine", "key", "notebook"]),
    ("notebook", &["engine"]),
    ("export", &["cargo", "engine"]),
    ("setup", &["cargo", "home", "platform", "process", "reports"]),
    ("engine::start", &["engine", "engine::evcxr", "engine::instant", "home"]),
    (
        "engine::instant",
        &["engine", "engine::instant::deps", "home", "platform", "process", "runtime", "seam"],
    ),
    ("engine::instant::deps", &["cargo", "engine::instant", "home", "platform", "reports", "seam"]),
    ("engine::evcxr", &["engine", "engine::program", "evcxr protocol"]),
    ("engine::program", &["cargo", "engine", "evcxr protocol", "platform", "process"]),
    ("engine", &["engine::program", "evcxr protocol", "home", "platform", "reports"]),
    ("history", &["home"]),
    ("runtime", &["hidden", "home", "platform", "process", "seam"]),
    ("hidden", &["home"]),
    ("cargo", &["home", "process", "reports"]),
    ("process", &["platform"]),
    ("home", &[]),
    ("platform", &[]),
    ("key", &[]),
    ("reports", &[]),
    ("seam", &[]),
    ("evcxr protocol", &[]),
];

/// The prelude's rooms.
pub const PRELUDE: Arrows = &[
    (
        "lib",
        &[
            "data",
            "display",
            "functional",
            "input",
            "models",
            "nn",
            "optim",
            "plot",
            "progress",
            "rt",
            "summary",
            "tensor",
            "torch",
            "widget",
        ],
    ),
    ("formula", &["error", "functional", "tensor", "torch"]),
    (
        "torch",
        &[
            "autograd",
            "compute",
            "error",
            "functional",
            "print",
            "random",
            "sampling",
            "state_dict",
            "tensor",
        ],
    ),
    ("autograd", &["error", "tensor"]),
    ("models", &["error", "functional", "lib", "nn", "parameters", "print", "random"]),
    ("data", &["error", "functional", "keywords", "random", "rt", "sampling", "tensor"]),
    (
        "nn",
        &[
            "error",
            "functional",
            "keywords",
            "lib",
            "parameters",
            "print",
            "random",
            "sampling",
            "state_dict",
            "tensor",
        ],
    ),
    ("functional", &["compute", "error", "keywords", "print", "random", "sampling", "tensor"]),
    (
        "optim",
        &[
            "compute",
            "error",
            "keywords",
            "nn",
            "parameters",
            "print",
            "rt",
            "state_dict",
            "tensor",
        ],
    ),
    ("compute", &["error", "rt"]),
    ("summary", &["compute", "error", "nn", "print"]),
    ("progress", &["display", "plot", "rt"]),
    ("exercise", &["display", "key", "print", "rt", "seam"]),
    ("widget", &["display", "error", "lib", "plot", "random", "rt", "seam"]),
    ("plot", &["compute", "display", "error", "functional", "print", "rt", "tensor"]),
    ("print", &["rt", "seam"]),
    ("tensor", &["compute", "error", "print"]),
    ("display", &["lib", "print", "rt", "seam"]),
    ("input", &["rt", "seam"]),
    ("sampling", &["error", "random", "tensor"]),
    ("rt", &["random", "seam"]),
    ("random", &["compute", "tensor"]),
    ("state_dict", &["error"]),
    ("parameters", &[]),
    ("differences", &[]),
    ("keywords", &["lib"]),
    ("error", &[]),
    ("key", &[]),
    ("seam", &[]),
];

/// The package of procedural macros, which lies in the prelude's folder and is no part of its crate.
pub const MACROS: &str = "src/macros";

/// Arrows that close a circle of files and are still to be turned round. An arrow that is gone has to
/// go from here too.
pub const CIRCLES: &[(&str, &str)] = &[];

/// Files that may hold `unsafe`, and allow it to themselves.
pub const UNSAFE: &[&str] = &[
    "kernel/evcxr/src/child.rs",
    "kernel/session/shim/park.rs",
    "kernel/session/src/platform/elsewhere.rs",
    "kernel/session/src/platform/linux/stdio.rs",
    "kernel/session/src/process/group.rs",
    "kernel/session/src/runtime/environment.rs",
    "kernel/session/src/runtime/hidden.rs",
    "kernel/session/src/runtime/load.rs",
    "kernel/session/src/runtime/stdin.rs",
    "src/compute/crew.rs",
    "src/compute/lanes.rs",
    "src/compute/loops.rs",
    "src/compute/matrix.rs",
    "src/compute/threads.rs",
    "src/exercise/library.rs",
    "src/rt/display.rs",
    "src/rt/host.rs",
    "src/rt/memory.rs",
    "src/rt/platform.rs",
    "src/rt/store.rs",
];

/// Where it may be asked which system this is, and where what only Linux has may be named. `kernel/build` chooses what is
/// compiled for it, and the shim that parks compilers is made for Linux alone.
pub const PLATFORM: &[&str] = &[
    "kernel/build/",
    "kernel/session/build.rs",
    "kernel/session/shim/",
    "kernel/session/src/platform/",
    "src/rt/platform.rs",
];

/// Names that only Linux or its C library has; a cell engine of others' is as its authors made it.
pub const LINUX: &[&str] = &[
    "\"LD_LIBRARY_PATH\"",
    "\"LD_PRELOAD\"",
    "\"link-arg=-Wl,-Bsymbolic\"",
    "target_os",
    "target_env",
    "target_vendor",
    "SYS_read",
    "SYS_readv",
    "__errno_location",
    "fopencookie",
    "mallopt",
    "malloc_trim",
    "memfd_create",
    "pidfd_open",
    "pipe_with",
    "prlimit",
    "procfs",
    "set_parent_process_death_signal",
    "O_TMPFILE",
    "TMPFILE",
];

/// Beginnings of texts that are paths of Linux.
pub const LINUX_PATHS: &[&str] = &["/proc/", "/sys/"];

/// Where JSON may be written by hand (`json!`): everywhere else it is a type.
pub const JSON: &[&str] = &["kernel/session/src/jupyter/message/", "kernel/src/lesson/"];

/// Where the crate `evcxr` may be named.
pub const EVCXR: &[&str] = &["kernel/evcxr/"];

/// Where cargo, and so the network, may be asked for.
pub const CARGO: &[&str] = &[
    "kernel/evcxr/",
    "kernel/session/src/cargo/",
    "kernel/session/src/engine/instant/deps/",
    "kernel/src/setup/",
];

/// Where a socket may be opened that others can reach: by a name in a folder, or over the network.
/// The kernel listens; it never calls anybody.
pub const SOCKETS: &[&str] = &["kernel/session/src/jupyter/zmtp/listener.rs"];

/// Types of the standard library and of tokio by which a process reaches others.
pub const SOCKET_TYPES: &[&str] = &["TcpListener", "UnixListener"];

/// Such types that call others, or know no peer at all: nobody needs them.
pub const CALLING_TYPES: &[&str] =
    &["TcpStream", "TcpSocket", "ToSocketAddrs", "UdpSocket", "UnixDatagram"];

/// Variables by which our processes talk to each other, or tests to them. All others are the
/// user's, and stand in `akari --help`.
pub const OWN_VARIABLES: &[&str] = &[
    "AKARI_DEPS_",
    "AKARI_EVCXR_",
    "AKARI_KERNEL_PROCESS",
    "AKARI_OWN_LIBRARIES",
    "AKARI_PARKED",
    "AKARI_PRELUDE",
    "AKARI_SESSION_FOLDER",
    "AKARI_SESSION_SEED",
];

/// Types of candle that a learner holds, and no other type in their place.
pub const CANDLE: &[&str] = &["DType", "Device", "Layout", "Shape", "Storage", "Tensor", "Var"];

/// Folders with loops over the numbers of tensors.
pub const LOOPS: &[&str] =
    &["src/compute", "src/functional", "src/optim", "src/random", "src/tensor", "src/torch"];
