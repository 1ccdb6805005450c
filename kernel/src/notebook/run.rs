//! Running the code cells of a notebook, and recording their outputs as a Jupyter client would.
//!
//! `format` reads and writes files. The [`Observer`] shows the run to the user.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use super::format::{CellOutput, CodeCell, Notebook};
use crate::engine::outcome::{CellError, Outcome, Output};
use crate::engine::recorded::Recorder;
use crate::engine::stop::Stop;
use crate::engine::{Cell, CellId, Engine, Sink};

/// Watches a run, and may end it.
pub trait Observer {
    /// A cell begins; `number` counts from 1.
    fn begin(&mut self, number: usize, cell: &CodeCell);
    fn output(&mut self, output: &Output);
    fn end(&mut self, finished: &Finished<'_>);
    /// Whether the run is to end before the next cell.
    fn is_over(&self) -> bool;
}

/// A cell that came to its end, well or not.
#[derive(Debug)]
pub struct Finished<'a> {
    pub number: usize,
    pub outputs: &'a [CellOutput],
    pub error: Option<&'a CellError>,
}

/// The cells that ran, and their outputs.
#[derive(Debug, Default)]
pub struct Run {
    /// The number of the cell that failed and ended the run.
    pub failed: Option<usize>,
    recorder: Recorder,
}

/// Runs the cells in order, until one fails that may not fail, or the run is to stop.
pub fn run(
    cells: &[CodeCell],
    engine: &mut dyn Engine,
    observer: &mut dyn Observer,
    stop: &Stop,
) -> Run {
    let mut run = Run::default();
    let between = Between::default();
    let sender = between.clone();
    engine.set_background(Arc::new(move |output| sender.push(output)));
    for (at, cell) in cells.iter().enumerate() {
        if observer.is_over() || stop.wish().is_some() {
            break;
        }
        let number = at + 1;
        record_late(&mut run.recorder, &between, at, observer);
        observer.begin(number, cell);
        run.recorder.cells.push(Vec::new());
        let count = u32::try_from(number).unwrap_or(u32::MAX);
        let outcome = {
            let recorder = &mut run.recorder;
            let mut sink = RecordingSink { recorder, observer, between: &between, count };
            let id = CellId::Counted(count);
            let cell = Cell { code: &cell.source, id, silent: false, stop };
            catch_unwind(AssertUnwindSafe(|| engine.execute(&cell, &mut sink)))
                .unwrap_or_else(|_| Outcome::Failed(CellError::own_fault()))
        };
        let error = match outcome {
            Outcome::Done => None,
            Outcome::Failed(error) => Some(error),
        };
        if let Some(error) = &error {
            run.recorder.push(CellOutput::Error(error.clone()));
        }
        let outputs = run.recorder.cells.last().map_or(&[][..], Vec::as_slice);
        observer.end(&Finished { number, outputs, error: error.as_ref() });
        if error.is_some() && !cell.may_fail {
            run.failed = Some(number);
            break;
        }
    }
    let len = run.len();
    record_late(&mut run.recorder, &between, len, observer);
    run
}

/// What came out between cells, and was not recorded yet.
#[derive(Debug, Default, Clone)]
struct Between(Arc<Mutex<Vec<Output>>>);

impl Between {
    fn push(&self, output: Output) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(output);
    }

    fn take(&self) -> Vec<Output> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Run {
    /// How many cells ran.
    pub fn len(&self) -> usize {
        self.recorder.cells.len()
    }

    /// The outputs of a cell, by its place in the run.
    pub fn outputs(&self, at: usize) -> &[CellOutput] {
        self.recorder.cells.get(at).map_or(&[], Vec::as_slice)
    }

    /// Puts the outputs into the notebook. Cells that did not run lose theirs: they belong to
    /// another run.
    pub fn store(&self, cells: &[CodeCell], notebook: &mut Notebook) {
        for (at, cell) in cells.iter().enumerate() {
            let count = u32::try_from(at + 1).ok().filter(|_| at < self.len());
            notebook.set_outputs(cell.index, count, self.outputs(at));
        }
    }
}

/// Records what came out between cells as the output of the last of the first `len` cells.
fn record_late(
    recorder: &mut Recorder,
    between: &Between,
    len: usize,
    observer: &mut dyn Observer,
) {
    let later = recorder.cells.split_off(len.min(recorder.cells.len()));
    for output in between.take().into_iter().filter_map(Output::without_widgets) {
        recorder.record(&output, 0);
        observer.output(&output);
    }
    recorder.cells.extend(later);
}

struct RecordingSink<'a> {
    recorder: &'a mut Recorder,
    observer: &'a mut dyn Observer,
    between: &'a Between,
    count: u32,
}

impl Sink for RecordingSink<'_> {
    fn output(&mut self, output: Output) {
        let Some(output) = output.without_widgets() else { return };
        self.recorder.record(&output, self.count);
        self.observer.output(&output);
    }

    fn begin(&mut self) {
        // This cell is the last one, and has printed nothing yet.
        let len = self.recorder.cells.len().saturating_sub(1);
        record_late(self.recorder, self.between, len, self.observer);
    }

    fn input(&mut self, _prompt: &str, _is_password: bool) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::outcome::{MimeBundle, Stream};

    fn text(text: &str) -> MimeBundle {
        [("text/plain".to_owned(), json!(text))].into_iter().collect()
    }

    fn print(stream: Stream, text: &str) -> Output {
        Output::Stream { stream, text: text.into() }
    }

    fn show(content: &str, id: Option<&str>, update: bool) -> Output {
        Output::Display {
            data: text(content),
            metadata: MimeBundle::new(),
            display_id: id.map(Into::into),
            update,
        }
    }

    fn shown(content: &str, id: Option<&str>) -> CellOutput {
        CellOutput::Display {
            data: text(content),
            metadata: MimeBundle::new(),
            display_id: id.map(Into::into),
        }
    }

    fn printed(stream: Stream, text: &str) -> CellOutput {
        CellOutput::Stream { stream, text: text.into() }
    }

    struct Silent;

    impl Observer for Silent {
        fn begin(&mut self, _: usize, _: &CodeCell) {}
        fn output(&mut self, _: &Output) {}
        fn end(&mut self, _: &Finished<'_>) {}
        fn is_over(&self) -> bool {
            false
        }
    }

    /// Each inner list is a cell.
    fn record(cells: &[&[Output]]) -> Vec<Vec<CellOutput>> {
        let mut recorder = Recorder::default();
        for cell in cells {
            recorder.cells.push(Vec::new());
            for output in *cell {
                recorder.record(output, 1);
            }
        }
        recorder.cells
    }

    #[test]
    fn neighbouring_streams_of_one_name_are_one() {
        use Stream::{Stderr, Stdout};
        let outputs =
            [print(Stdout, "a"), print(Stdout, "b\n"), print(Stderr, "c"), print(Stdout, "d")];
        let merged = [printed(Stdout, "ab\n"), printed(Stderr, "c"), printed(Stdout, "d")];
        assert_eq!(record(&[&outputs]), [merged]);
    }

    #[test]
    fn output_between_cells_is_the_earlier_cells() {
        let mut recorder = Recorder { cells: vec![Vec::new(), Vec::new()], clears_next: false };
        let between = Between::default();
        between.push(print(Stream::Stdout, "late"));
        recorder.record(&print(Stream::Stdout, "next"), 2);
        record_late(&mut recorder, &between, 1, &mut Silent);
        let printed = ["late", "next"].map(|text| vec![printed(Stream::Stdout, text)]);
        assert_eq!(recorder.cells, printed);
        // Before the first cell there is none that could have printed.
        between.push(print(Stream::Stdout, "early"));
        record_late(&mut recorder, &between, 0, &mut Silent);
        assert_eq!(recorder.cells, printed);
    }

    #[test]
    fn clear_is_now_or_at_the_next_output() {
        let now = [print(Stream::Stdout, "a"), Output::Clear { wait: false }];
        let later = [print(Stream::Stdout, "a"), Output::Clear { wait: true }];
        let replaced =
            [print(Stream::Stdout, "a"), Output::Clear { wait: true }, print(Stream::Stdout, "b")];
        assert_eq!(record(&[&now]), [[]; 1]);
        assert_eq!(record(&[&later]), [[printed(Stream::Stdout, "a")]]);
        assert_eq!(record(&[&replaced]), [[printed(Stream::Stdout, "b")]]);
    }

    #[test]
    fn update_reaches_displays_of_earlier_cells() {
        let first = [show("0 %", Some("bar"), false), show("x", None, false)];
        let second = [show("100 %", Some("bar"), true)];
        assert_eq!(
            record(&[&first, &second]),
            [vec![shown("100 %", Some("bar")), shown("x", None)], vec![]]
        );
    }
}
