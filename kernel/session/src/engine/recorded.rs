//! The outputs of cells as Jupyter's clients keep them: streams grow together, displays are updated in place, and a
//! cleared cell is empty from the next output on.
//!
//! The notebook runner records whole notebooks so, the protocol what goes into an output widget.

use serde_json::Value;

use super::outcome::{CellError, MimeBundle, Output, Stream};

/// One stored output of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum CellOutput {
    Stream {
        stream: Stream,
        text: String,
    },
    Result {
        count: Option<u32>,
        data: MimeBundle,
    },
    /// The id lives as long as the run; the file does not hold it.
    Display {
        data: MimeBundle,
        metadata: MimeBundle,
        display_id: Option<String>,
    },
    Error(CellError),
    /// An output from a file, of a type that this version does not know.
    Unknown(Value),
}

/// The outputs of the cells so far, by the rules of Jupyter's clients.
#[derive(Debug, Default)]
pub struct Recorder {
    pub cells: Vec<Vec<CellOutput>>,
    /// Whether the next output replaces the present ones, after `clear_output` with `wait`.
    pub clears_next: bool,
}

impl Recorder {
    /// Adds an output of the last cell.
    pub fn record(&mut self, output: &Output, count: u32) {
        match output.clone() {
            Output::Stream { stream, text } => self.push(CellOutput::Stream { stream, text }),
            Output::Result { data } => self.push(CellOutput::Result { count: Some(count), data }),
            Output::Clear { wait: true } => self.clears_next = true,
            Output::Clear { wait: false } => self.clear(),
            Output::Display { data, metadata, display_id, update } => {
                if let Some(id) = &display_id {
                    self.update(id, &data, &metadata);
                }
                if !update {
                    self.push(CellOutput::Display { data, metadata, display_id });
                }
            }
            Output::Widget(_)
            | Output::ShowWidgets { .. }
            | Output::WidgetsEnded
            | Output::Area { .. }
            | Output::Capture { .. }
            | Output::ClearArea { .. } => {}
        }
    }

    pub fn clear(&mut self) {
        if let Some(outputs) = self.cells.last_mut() {
            outputs.clear();
        }
    }

    /// Adds an output as it is to be kept.
    pub fn push(&mut self, output: CellOutput) {
        if std::mem::take(&mut self.clears_next) {
            self.clear();
        }
        let Some(outputs) = self.cells.last_mut() else {
            return;
        };
        match (outputs.last_mut(), output) {
            (
                Some(CellOutput::Stream { stream, text }),
                CellOutput::Stream { stream: next, text: more },
            ) if *stream == next => {
                text.push_str(&more);
            }
            (_, output) => outputs.push(output),
        }
    }

    /// Gives a display new content, wherever it was shown; whether it was.
    pub fn update(&mut self, id: &str, data: &MimeBundle, metadata: &MimeBundle) -> bool {
        let mut is_found = false;
        for output in self.cells.iter_mut().flatten() {
            if let CellOutput::Display {
                data: shown,
                metadata: shown_metadata,
                display_id: Some(display_id),
            } = output
                && display_id == id
            {
                shown.clone_from(data);
                shown_metadata.clone_from(metadata);
                is_found = true;
            }
        }
        is_found
    }
}
