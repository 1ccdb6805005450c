//! `progress`: how far a loop is, in a line that is updated in place, as Python's tqdm does it.
//!
//! All loops that are under way share one display, a line for each, and the line of a loop inside another goes when it
//! ends: what stays in a saved notebook is a line for each outermost loop. Nothing is printed; where nobody sees a
//! display, and under nbgrader, nothing happens at all.

use std::cell::RefCell;
use std::fmt::Write;
use std::iter::FusedIterator;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use candle_core::Result;

use crate::plot::Number;
use crate::{display, rt};

/// At most ten updates a second: more can't be read.
const PAUSE: Duration = Duration::from_millis(100);
/// How many letters the bar has.
const BAR: usize = 20;

/// Shows how far a loop is while it runs: the share that is done, the rate, the time that remains.
///
/// ```
/// use akari::prelude::*;
/// for n in progress(0..100) {
///     let _ = n;
/// }
/// let set = data::TensorDataset::new(&tensor!([1., 2., 3.]), &tensor!([0, 0, 1]))?;
/// let loader = data::DataLoader::new(&set, Default::default())?;
/// let bar = progress(&loader).description("epoch 1");
/// for batch in &bar {
///     let (x, _) = batch?;
///     bar.metric("loss", x.sum_all()?); // a number beside the bar
/// }
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// Loops may be nested. In a notebook the line is updated at most ten times a second, and stays when the outermost loop
/// has ended.
pub fn progress<I: IntoIterator>(items: I) -> Progress<I::IntoIter> {
    let items = items.into_iter();
    let (least, most) = items.size_hint();
    let total = most.filter(|most| *most == least);
    Progress { items: RefCell::new(items), bar: Bar::new(total) }
}

/// A loop that says how far it is; see [`progress`].
#[derive(Debug)]
pub struct Progress<I> {
    items: RefCell<I>,
    bar: Bar,
}

impl<I> Progress<I> {
    /// A name before the bar: tqdm's `desc`.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.bar.describe(text.into());
        self
    }

    /// A number behind the bar, such as the loss; a later one of the same name takes its place.
    pub fn metric(&self, name: &str, value: impl Number) {
        self.bar.metric(name, value.number());
    }
}

impl<I: Iterator> Iterator for Progress<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        (&*self).into_iter().next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.borrow().size_hint()
    }
}

/// The items of a loop whose bar is still at hand: `for batch in &bar`.
#[derive(Debug)]
pub struct Items<'a, I>(&'a Progress<I>);

impl<'a, I: Iterator> IntoIterator for &'a Progress<I> {
    type Item = I::Item;
    type IntoIter = Items<'a, I>;

    fn into_iter(self) -> Items<'a, I> {
        Items(self)
    }
}

impl<I: Iterator> Iterator for Items<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.bar.step();
        let item = self.0.items.borrow_mut().next();
        if item.is_none() {
            self.0.bar.finish();
        }
        item
    }
}

impl<I: FusedIterator> FusedIterator for Progress<I> {}

/// A loop that is under way: its number among those on the board. Not generic, and so not compiled in every cell.
#[derive(Debug)]
struct Bar {
    number: u64,
}

/// What is known of a loop.
#[derive(Debug)]
struct Loop {
    number: u64,
    total: Option<usize>,
    /// How many items were asked for, the one that is worked on among them.
    asked: usize,
    began: Instant,
    description: String,
    metrics: Vec<(String, String)>,
    is_over: bool,
}

/// All loops that are under way, the outermost first, and the display that they share.
#[derive(Debug)]
struct Board {
    loops: Vec<Loop>,
    next: u64,
    id: Option<String>,
    drawn: Option<Instant>,
}

static BOARD: Mutex<Board> =
    Mutex::new(Board { loops: Vec::new(), next: 0, id: None, drawn: None });

fn board() -> MutexGuard<'static, Board> {
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bar {
    #[inline(never)]
    fn new(total: Option<usize>) -> Bar {
        let mut board = board();
        board.next += 1;
        let number = board.next;
        if board.loops.is_empty() {
            // A bar that is a variable lives on, and what was interrupted never ends.
            rt::when_the_cell_ends(Box::new(move || self::board().end(number)));
        }
        board.loops.push(Loop {
            number,
            total,
            asked: 0,
            began: Instant::now(),
            description: String::new(),
            metrics: Vec::new(),
            is_over: false,
        });
        Bar { number }
    }

    #[inline(never)]
    fn describe(&self, text: String) {
        board().with(self.number, |it| it.description = text);
    }

    #[inline(never)]
    fn metric(&self, name: &str, value: Result<f64>) {
        let text = value.map_or_else(|_| "?".to_owned(), short);
        board().with(self.number, |it| match it.metrics.iter_mut().find(|known| known.0 == name) {
            Some(known) => known.1 = text,
            None => it.metrics.push((name.to_owned(), text)),
        });
    }

    /// One more item is asked for, so those before are done.
    #[inline(never)]
    fn step(&self) {
        rt::interrupt_point();
        let mut board = board();
        board.with(self.number, |it| it.asked += 1);
        if board.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE) {
            board.draw();
        }
    }

    /// The last item was done.
    #[inline(never)]
    fn finish(&self) {
        let mut board = board();
        board.with(self.number, |it| it.is_over = true);
        board.end(self.number);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        board().end(self.number);
    }
}

impl Board {
    fn with(&mut self, number: u64, change: impl FnOnce(&mut Loop)) {
        if let Some(it) = self.loops.iter_mut().find(|it| it.number == number) {
            change(it);
        }
    }

    /// A loop has ended or was left. Its line stays if it is the outermost, and the next loop has a display of its own.
    /// Runs while a cell unwinds as well, and so must not ask whether to stop.
    fn end(&mut self, number: u64) {
        match self.loops.iter().position(|it| it.number == number) {
            Some(0) => {
                self.loops.truncate(1);
                self.draw();
                *self = Board { loops: Vec::new(), id: None, drawn: None, ..*self };
            }
            Some(inner) => drop(self.loops.remove(inner)),
            None => {}
        }
    }

    fn draw(&mut self) {
        self.drawn = Some(Instant::now());
        // nbgrader compares and stores outputs, in which the times of a loop would be noise.
        if !rt::is_connected() || std::env::var_os("NBGRADER_EXECUTION").is_some() {
            return;
        }
        let lines = self.loops.iter().map(|it| it.line(it.began.elapsed())).collect::<Vec<_>>();
        let is_update = self.id.is_some();
        let id = self.id.get_or_insert_with(display::new_id);
        display::text(id, is_update, &lines.join("\n"));
    }
}

impl Loop {
    /// `epoch 1:  45%|█████████           | 45/100 [00:03<00:04, 12.3 it/s, loss=0.1234]`
    fn line(&self, elapsed: Duration) -> String {
        let done = self.asked.saturating_sub(1);
        let seconds = elapsed.as_secs_f64();
        let rate = if seconds > 0.0 { done as f64 / seconds } else { 0.0 };
        let mut line = String::new();
        if !self.description.is_empty() {
            let _ = write!(line, "{}: ", self.description);
        }
        match self.total {
            Some(total) => {
                // An iterator may give more than it promised, or be left before its end.
                let share = if total == 0 { 1.0 } else { (done as f64 / total as f64).min(1.0) };
                let _ =
                    write!(line, "{:3.0}%|{}| {done}/{total}", (share * 100.0).floor(), bar(share));
            }
            None => {
                let _ = write!(line, "{done} it");
            }
        }
        let _ = write!(line, " [{}", clock(seconds));
        if let Some(total) = self.total.filter(|total| !self.is_over && done > 0 && *total > done) {
            let _ = write!(line, "<{}", clock((total - done) as f64 / rate.max(f64::MIN_POSITIVE)));
        }
        if done > 0 {
            let _ = match rate {
                1.0.. => write!(line, ", {} it/s", three(rate)),
                _ => write!(line, ", {} s/it", three(1.0 / rate)),
            };
        }
        for (name, text) in &self.metrics {
            let _ = write!(line, ", {name}={text}");
        }
        line + "]"
    }
}

/// A bar with eighths of letters.
fn bar(share: f64) -> String {
    const PARTS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (share * (BAR * 8) as f64).floor() as usize;
    let (full, part) = (eighths / 8, eighths % 8);
    let mut bar = "█".repeat(full);
    if full < BAR {
        bar.push(PARTS[part]);
        bar.push_str(&" ".repeat(BAR - full - 1));
    }
    bar
}

/// `01:05`, `1:00:00`.
fn clock(seconds: f64) -> String {
    // A hundred days are long enough.
    let seconds = seconds.clamp(0.0, 8.64e6).round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes:02}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A rate in three digits.
fn three(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A metric in four digits behind the point.
fn short(value: f64) -> String {
    let size = value.abs();
    match value {
        _ if value.fract() == 0.0 && size < 1e9 => format!("{value}"),
        _ if (1e-3..1e6).contains(&size) => format!("{value:.4}"),
        _ => format!("{value:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(total: Option<usize>, asked: usize, is_over: bool, seconds: f64) -> String {
        let it = Loop {
            number: 0,
            total,
            asked,
            began: Instant::now(),
            description: "epoch 1".to_owned(),
            metrics: vec![("loss".to_owned(), short(0.12344))],
            is_over,
        };
        it.line(Duration::from_secs_f64(seconds))
    }

    #[test]
    fn the_line_has_share_rate_and_what_remains() {
        assert_eq!(
            line(Some(100), 46, false, 3.0),
            "epoch 1:  45%|█████████           | 45/100 [00:03<00:04, 15.0 it/s, loss=0.1234]"
        );
        assert_eq!(
            line(Some(100), 101, true, 6.0),
            "epoch 1: 100%|████████████████████| 100/100 [00:06, 16.7 it/s, loss=0.1234]"
        );
        assert_eq!(
            line(Some(8), 2, false, 7200.0),
            "epoch 1:  12%|██▌                 | 1/8 [2:00:00<14:00:00, 7200 s/it, loss=0.1234]"
        );
        assert_eq!(line(None, 46, false, 3.0), "epoch 1: 45 it [00:03, 15.0 it/s, loss=0.1234]");
        assert_eq!(
            line(Some(0), 1, true, 0.0),
            "epoch 1: 100%|████████████████████| 0/0 [00:00, loss=0.1234]"
        );
        assert_eq!(
            line(Some(3), 1, false, 0.0),
            "epoch 1:   0%|                    | 0/3 [00:00, loss=0.1234]"
        );
        assert_eq!(
            line(Some(1), 4, true, 1.0),
            "epoch 1: 100%|████████████████████| 3/1 [00:01, 3.00 it/s, loss=0.1234]"
        );
    }

    #[test]
    fn metrics_are_short() {
        assert_eq!(
            [short(2.0), short(0.5), short(1e-7), short(f64::NAN)],
            ["2", "0.5000", "1.000e-7", "NaN"]
        );
    }

    #[test]
    fn every_item_comes_once_and_the_board_is_empty_behind() {
        assert_eq!(progress(0..5).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let mut all = Vec::new();
        let outer = progress(["a", "b"]);
        for letter in &outer {
            for number in progress(0..3) {
                if number == 2 {
                    break;
                }
                all.push(format!("{letter}{number}"));
            }
            outer.metric("loss", 1.5);
        }
        drop(outer);
        assert_eq!(all, ["a0", "a1", "b0", "b1"]);
    }
}
