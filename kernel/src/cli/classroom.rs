//! `akari doctor --classroom`: how many learners this machine serves, measured now and here.
//!
//! Some kernels are started as Jupyter starts them, run a cell, and are looked at. Nothing is estimated that can be
//! measured, but for the Jupyter server, which is not ours.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tempfile::TempDir;

use super::room::{Room, room};
use super::say;
use super::words::told;
use crate::home;
use crate::jupyter::client::{Client, write_connection_file};
use crate::jupyter::memory_of;
use crate::setup::kernelspec::Entry;

/// How many kernels are started beside the first: what they share shows only then.
const MORE: u64 = 3;

/// How often memory is looked at until it rests, and how long between two looks.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// A learner's Jupyter server, in bytes, as `tests/clients/test_hub.py` measures it, rounded up.
const SERVER: u64 = 140 << 20;

/// What learners may take of the free memory, in tenths: a class also opens files and terminals.
const TENTHS: u64 = 8;

/// A cell as in a first lesson.
const CELL: &str = "\
let x = tensor!([[2.0, 5.0, 3.0]]);
let y = F::softmax(&x, 1)?;
y";

/// What was measured.
#[derive(Debug, Clone, Copy)]
struct Measured {
    /// Bytes of the first kernel, and of each one beside it.
    first: u64,
    further: u64,
    /// Seconds that a cell took which nobody had run before.
    compile: f64,
}

pub fn classroom(folders: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let found = folders.iter().find_map(|folder| Some((folder, Entry::read(folder)?)));
    let none =
        "Jupyter doesn't know the kernel yet; set the machine up with `akari install --system`";
    let (folder, entry) = found.context(none)?;
    let program = entry.program().context(none)?;
    say(&told("the entry {} starts {}", &[&text(folder), &text(program)]));
    say_paths(&entry);
    let room = room()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    say_machine(&room, cores);
    let measured = measure(&entry)?;
    for line in verdict(&room, cores as u64, measured) {
        say(&line);
    }
    Ok(ExitCode::SUCCESS)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn say_paths(entry: &Entry) {
    let named = |name: &str| {
        let here = || std::env::var(name).ok().filter(|it| !it.is_empty());
        entry.env.get(name).cloned().or_else(here)
    };
    match named("AKARI_SHARED") {
        Some(shared) => say(&told("what all share is in {}", &[&shared])),
        None => say(&told(
            "the entry names nothing that all share, so each learner builds the prelude; `akari install --system` mends that",
            &[],
        )),
    }
    if let Some(rustc) = named("RUSTC") {
        say(&told("the compiler is {}", &[&rustc]));
    }
    let own = named("AKARI_HOME").or_else(|| Some(text(&home::home().ok()?)));
    say(&told("what a learner compiles is kept in {}", &[&own.unwrap_or_default()]));
}

fn say_machine(room: &Room, cores: usize) {
    let (cores, free, total) = (cores.to_string(), gigabytes(room.free), gigabytes(room.total));
    let parts = [cores.as_str(), &free, &total];
    say(&match &room.group {
        None => told("{} cores; {} GB of {} GB of memory are free", &parts),
        Some(group) => {
            let group = text(group);
            let parts = [&parts[..], &[group.as_str()]].concat();
            told(
                "{} cores; {} GB of {} GB of memory are free, by the limit of the control group {}",
                &parts,
            )
        }
    });
}

/// Starts one kernel, and some more beside it, which all do the same.
fn measure(entry: &Entry) -> anyhow::Result<Measured> {
    let (learner, compile) = Learner::attend(entry)?;
    let mut learners = vec![learner];
    let first = settled(&learners);
    for _ in 0..MORE {
        learners.push(Learner::attend(entry)?.0);
    }
    let further = settled(&learners).saturating_sub(first) / MORE;
    Ok(Measured { first, further, compile })
}

/// What the kernels take once they are at rest: after a cell, a compiler gets ready for the next one.
fn settled(learners: &[Learner]) -> u64 {
    let look = || learners.iter().map(|it| memory_of(it.kernel.0.id())).sum::<u64>();
    let mut before = look();
    for _ in 0..LOOKS {
        std::thread::sleep(BETWEEN_LOOKS);
        let now = look();
        if now.abs_diff(before) < now / 100 {
            return now;
        }
        before = now;
    }
    before
}

/// What follows for a class.
fn verdict(room: &Room, cores: u64, measured: Measured) -> Vec<String> {
    let Measured { first, further, compile } = measured;
    let usable = (room.free / 10 * TENTHS).saturating_sub(first.saturating_sub(further));
    let fit = |each: u64| usable / each.max(1);
    let (with_servers, kernels) = (fit(further + SERVER), fit(further));
    let wait = compile * (with_servers.div_ceil(cores.max(1))) as f64;
    let n = |number: u64| number.to_string();
    vec![
        told(
            "a kernel takes {} MB with its compiler, and each further one {} MB (PSS; {} were started)",
            &[&megabytes(first), &megabytes(further), &n(MORE + 1)],
        ),
        told(
            "{} learners fit, each with a Jupyter server of {} MB; in one server {} kernels fit",
            &[&n(with_servers), &megabytes(SERVER), &n(kernels)],
        ),
        told(
            "a cell that nobody has run before takes {} s; if {} learners run one at once, the last waits about {} s",
            &[&format!("{compile:.1}"), &n(with_servers), &format!("{wait:.0}")],
        ),
    ]
}

fn megabytes(bytes: u64) -> String {
    bytes.div_ceil(1 << 20).to_string()
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 30))
}

/// A kernel with a client, which ends with it.
struct Learner {
    kernel: Kernel,
    client: Client,
    _folder: TempDir,
}

impl Learner {
    /// Runs a cell, and one that nobody has run before; with the seconds that the latter took.
    fn attend(entry: &Entry) -> anyhow::Result<(Learner, f64)> {
        let mut learner = Learner::start(entry)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let begin = Instant::now();
        learner.client.execute(&format!("let new_to_all = {now}u128;"))?;
        Ok((learner, begin.elapsed().as_secs_f64()))
    }

    fn start(entry: &Entry) -> anyhow::Result<Learner> {
        let folder = home::temporary_folder("akari-classroom-")?;
        let connection = write_connection_file(folder.path())?;
        let mut arguments =
            entry.argv.iter().map(|it| it.replace("{connection_file}", &text(&connection)));
        let program = arguments.next().context("the entry names no program")?;
        let mut command = Command::new(&program);
        command.args(arguments).envs(&entry.env).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let kernel = command.spawn().with_context(|| format!("could not start `{program}`"))?;
        let kernel = Kernel(kernel);
        let mut client = Client::connect(folder.path())?;
        client.execute(CELL)?;
        Ok(Learner { kernel, client, _folder: folder })
    }
}

/// A kernel's process, which does not outlive this.
struct Kernel(Child);

impl Drop for Kernel {
    fn drop(&mut self) {
        // Both fail only for a process that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learners_are_counted_by_what_each_further_one_takes() {
        let room = Room { free: 10_000 << 20, total: 16_000 << 20, group: None };
        let measured = Measured { first: 120 << 20, further: 20 << 20, compile: 0.5 };
        let lines = verdict(&room, 2, measured);
        // 8,000 MB, less 100 that the first one needs beyond its own: 7,900 / 160 and 7,900 / 20.
        assert!(lines[1].contains("49") && lines[1].contains("395"), "{lines:?}");
        assert!(lines[2].contains("12"), "{lines:?}");
        let full = verdict(&Room { free: 0, ..room }, 2, measured);
        assert!(full[1].starts_with('0'), "{full:?}");
    }
}
