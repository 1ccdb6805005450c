//! What may be typed: commands, options, and the help that explains them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::config::{Choice, Entry};

/// Akari: a Jupyter kernel for learning deep learning in Rust
#[derive(Debug, Parser)]
#[command(name = "akari", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  akari lab                          set up what is missing and open the lessons
  akari run lesson.ipynb             run a notebook here, without Jupyter or Python
  akari run lesson.ipynb --check     .. and compare with the outputs that it stores
  akari export lesson.ipynb lesson   make a cargo project of a notebook
  akari doctor                       say what is there, and how to mend what is not

Environment:
  AKARI_HOME              where builds and the private Python environment are kept (otherwise the
                          platform's folder for caches)
  AKARI_SHARED            a folder with builds made by `akari install --system`, which is only read;
                          it must belong to root or to you
  AKARI_LOG               what is written to akari.log in AKARI_HOME, such as debug or
                          akari_session::jupyter=trace [warn]
  AKARI_CELLS_MB          room for compiled cells, in megabytes; 0 keeps none [512]
  AKARI_COMPILER_SECONDS  how long an idle compiler waits for the next cell; 0 for none [300]
  AKARI_REPLAY_SECONDS    how long a cell may have taken to be run again after a crash [10]
  AKARI_ANALYSER          off: no analyser starts, and Tab knows nothing of other crates' types
  AKARI_HISTORY           off: what cells say is not kept for later sessions
  AKARI_LANG              en or ja: the language of errors and exercises (otherwise that of the folder
                          `ja` or `en` that a notebook is in, or the locale's); :lang in a cell
  AKARI_KEYS              a folder or file with the keys of exercises (otherwise `keys/NN.toml` in the
                          notebook's folder or above it)
  AKARI_SEED              what random numbers begin with where no cell seeds them";

#[derive(Debug, Subcommand)]
pub enum Command {
    Lab(Lab),
    Run(Run),
    Export(Export),
    Lesson(Lesson),
    Install(Install),
    Uninstall(Uninstall),
    Doctor(Doctor),
    Kernel(Kernel),
    #[command(hide = true)]
    BuildEvcxr(BuildEvcxr),
    #[command(hide = true)]
    Prepare,
    #[command(hide = true)]
    PackPrelude(PackPrelude),
}

/// Open JupyterLab on the lessons; set up first what is missing
///
/// Builds the prelude (once per toolchain, some minutes), tells Jupyter about the kernel, and starts
/// JupyterLab. Where no `jupyter-lab` is on PATH, a private Python environment with JupyterLab is
/// made under AKARI_HOME; it touches no other Python.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  akari lab                          the lessons
  akari lab ~/my-notebooks           another folder
  akari lab --no-browser             print the address in place of opening it
  akari lab -- --port 9000           what follows `--` goes to `jupyter lab`")]
pub struct Lab {
    /// The folder to open [default: the lessons that came with Akari]
    pub dir: Option<PathBuf>,
    /// Don't open a browser; the address is printed
    #[arg(long)]
    pub no_browser: bool,
    /// Further arguments for `jupyter lab`, after `--`
    #[arg(last = true, value_name = "ARGS")]
    pub rest: Vec<OsString>,
}

/// Run a notebook without Jupyter or Python
///
/// Runs the code cells in order and prints what they put out. Stops at the first cell that fails,
/// unless the cell has the tag `raises-exception`; cells with the tag `skip-execution` are left out.
/// The notebook itself is not changed, unless it is named by --output.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  akari run lesson.ipynb
  akari run lesson.ipynb --output done.ipynb      keep the result
  akari run lesson.ipynb --output lesson.ipynb    store the outputs in the notebook itself
  akari run lesson.ipynb --check                  is everything as it was stored?
  akari run lesson.ipynb --html lesson.html       a page to send and to print

Exit code: 0 if all went well, 1 if a cell failed or put out something else than what is stored
(--check), 2 if there was nothing to run (no such file, not a notebook, no toolchain, ..)")]
pub struct Run {
    /// The notebook (.ipynb)
    pub notebook: PathBuf,
    /// Write the notebook with its fresh outputs to this file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write a page with texts, code, outputs and pictures to this file; it needs no other file and no network
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Compare the outputs with the stored ones, and show what differs
    #[arg(long)]
    pub check: bool,
    /// What compiles and runs the cells
    #[arg(long, value_enum, default_value_t)]
    pub engine: Choice,
}

/// Make a cargo project of a notebook
///
/// Its program prints what the notebook printed. Functions and types stand at the top, statements in `main`, texts
/// become comments; pictures go to files. Cells are compiled for that, and none is run. Cells whose stored output is
/// an error, and commands such as `:vars` and `!ls`, are left out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  akari export lesson.ipynb lesson                then: cd lesson; cargo run --release
  akari export lesson.ipynb lesson --force        write over an earlier export
  akari export lesson.ipynb                       print the program alone

Exit code: 0 if all went well, 1 if a cell does not compile or the cells don't fit into a program,
2 if there was nothing to export")]
pub struct Export {
    /// The notebook (.ipynb)
    pub notebook: PathBuf,
    /// The folder of the project; without one, the text of the program is printed
    pub dir: Option<PathBuf>,
    /// Write over what is in the folder
    #[arg(long)]
    pub force: bool,
}

/// Write, check and hand out lessons with exercises
#[derive(Debug, Args)]
pub struct Lesson {
    #[command(subcommand)]
    pub command: LessonCommand,
}

#[derive(Debug, Subcommand)]
pub enum LessonCommand {
    New(LessonNew),
    Check(LessonCheck),
    Hide(LessonHide),
    Student(LessonStudent),
    Warm(LessonWarm),
}

/// Write the notebooks of a new lesson in Japanese and English, and its key
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  akari lesson new 09-attention                   ja/09-attention.ipynb, en/.., keys/09.toml
  akari lesson new 09-attention --dir ~/course")]
pub struct LessonNew {
    /// A number and some words: 09-attention
    pub name: String,
    /// The folder of the lessons
    #[arg(long, default_value = ".")]
    pub dir: PathBuf,
}

/// Check lessons as their author: texts, stored outputs and a fresh run agree, exercises work
///
/// Each lesson runs twice: as it is, when no exercise may pass or fail, and with the solutions of its key, when all
/// must pass. The slips of the key are tried, both languages compared, and numbers in the texts looked for.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 if all is well, 1 if something is to be mended (a line each), 2 if there was nothing to check")]
pub struct LessonCheck {
    /// The notebooks (.ipynb)
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

/// Compile the hidden tests of lessons into libraries beside their notebooks
///
/// The tests are Rust, in `hidden/NN.rs` beside the folder of the keys; that folder stays with you. Learners get the
/// library, `NN.hidden.so`, which `akari lesson student` puts beside their notebook. An exercise with `hidden = true` in
/// its key is right only where its hidden test passes as well. A library is good for the version of Akari and the
/// compiler that it was made with.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  akari lesson hide ja/09-attention.ipynb en/09-attention.ipynb

Exit code: 0 if all are compiled, 2 if the tests don't compile or there are none")]
pub struct LessonHide {
    /// The notebooks (.ipynb)
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

/// Write the learner's version of a lesson: stubs in the place of answers, solutions folded, no outputs
///
/// Where exercises have hidden tests, the library of these is written beside --output, compiled anew if need be.
#[derive(Debug, Args)]
pub struct LessonStudent {
    /// The notebook (.ipynb), with answers between `// BEGIN SOLUTION` and `// END SOLUTION` or in its key
    pub file: PathBuf,
    /// Write to this file, in place of the standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write the teacher's source for nbgrader
    #[arg(long)]
    pub nbgrader: bool,
}

/// Compile the cells of lessons ahead, solutions included, so that no learner waits for it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  akari lesson warm notebooks/ja/*.ipynb
  akari lesson warm notebooks/ja/*.ipynb --into /srv/akari      a class's shared folder")]
pub struct LessonWarm {
    /// The notebooks (.ipynb)
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The folder of `akari install --shared` [default: AKARI_HOME]
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
}

/// Where a kernelspec is.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// Below this folder, such as a Python environment: DIR/share/jupyter/kernels/akari
    #[arg(long, value_name = "DIR")]
    pub prefix: Option<PathBuf>,
    /// In the Jupyter data folder of the current user (this is the default)
    #[arg(long, conflicts_with = "prefix")]
    pub user: bool,
    /// In the Python environment that is active, such as a virtual environment or conda's
    #[arg(long, conflicts_with_all = ["prefix", "user"])]
    pub sys_prefix: bool,
    /// For all users of this machine: below /usr/local; `install` also builds for them, in /srv/akari
    #[arg(long, conflicts_with_all = ["prefix", "user", "sys_prefix"])]
    pub system: bool,
    /// What compiles and runs the cells; each engine has its own entry in Jupyter
    #[arg(long, value_enum, default_value_t)]
    pub engine: Entry,
}

/// Build the prelude if need be, and tell Jupyter about the kernel
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  akari install                      for the current user
  akari install --prefix ~/venv      for the Jupyter of that environment only
  akari install --sys-prefix         for the Jupyter of the environment that is active

  akari install --system             for all users of this machine, as root

--system builds in /srv/akari (or in AKARI_HOME, if that is set), opens it to all users as --shared does,
and writes into the entry where it is and which compiler to start, so that learners set nothing.")]
pub struct Install {
    #[command(flatten)]
    pub place: Place,
    /// Open AKARI_HOME to all users of this machine, who may read what is built and compiled there
    ///
    /// Cells that are run with this AKARI_HOME from then on can be read by others, texts in them
    /// included. Remove the file `shared` there to keep later ones private again.
    #[arg(long)]
    pub shared: bool,
}

/// Remove the kernel from Jupyter again
///
/// Builds and the private Python environment stay; the command says where they are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  akari uninstall
  akari uninstall --prefix ~/venv")]
pub struct Uninstall {
    #[command(flatten)]
    pub place: Place,
}

/// Say what is there, what is missing, and the command that mends it
///
/// Exit code: 0 if nothing is missing, 1 otherwise.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Say how many learners this machine serves: kernels are started as Jupyter does, and measured
    #[arg(long)]
    pub classroom: bool,
}

/// Serve Jupyter; this is what Jupyter itself starts
#[derive(Debug, Args)]
pub struct Kernel {
    /// The file in which Jupyter says how to reach it
    #[arg(long, short = 'f', value_name = "FILE")]
    pub connection_file: PathBuf,
    /// What compiles and runs the cells
    #[arg(long, value_enum, default_value_t)]
    pub engine: Choice,
}

/// Build the program that completes fields and methods and runs `--engine evcxr`
///
/// `akari install` and `akari lab` begin this in the background.
#[derive(Debug, Args)]
pub struct BuildEvcxr {
    /// Leave the processors to everybody else
    #[arg(long)]
    pub background: bool,
}

/// Pack the prelude, built if need be, as an installer puts it beside the program
///
/// `python/akari-prelude` makes a wheel of the folder.
#[derive(Debug, Args)]
pub struct PackPrelude {
    /// What becomes `share/akari`; a prelude that is there already is removed
    pub dir: PathBuf,
}
