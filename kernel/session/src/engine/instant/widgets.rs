//! Widgets of the process that runs cells: what it tells of them, where they are moved to, and the
//! functions that are called then.
//!
//! A function runs as a cell does, between cells, and can be interrupted as one. If the process ends
//! with it, the session is built again as after a cell; widgets don't outlive their process.

use std::sync::{Arc, Mutex, PoisonError};

use akari_seam::symbol::MISSING;

use super::InstantEngine;
use crate::engine::outcome::{CellError, Output, Scale, Widget};
use crate::engine::stop::Stop;
use crate::engine::traceback::plain_error;
use crate::engine::{Background, CellId, Mover, Sink};
use crate::runtime::parent::{Child, ChildHandle, RunEnd, Task};
use crate::runtime::wire::Command;

/// The process whose widgets are alive.
#[derive(Debug, Clone)]
pub struct Widgets(Arc<Mutex<Arc<ChildHandle>>>);

impl Widgets {
    pub fn of(child: &Child) -> Widgets {
        Widgets(Arc::new(Mutex::new(child.handle())))
    }

    /// Widgets are those of another process from now on.
    pub fn begin_anew(&self, child: &Child, background: &Mutex<Option<Background>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = child.handle();
        let background = background.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(background) = background {
            background(Output::WidgetsEnded);
        }
    }

    pub fn mover(&self) -> Mover {
        let process = Arc::clone(&self.0);
        Arc::new(move |widget, to| {
            let process = Arc::clone(&process.lock().unwrap_or_else(PoisonError::into_inner));
            // A process that has ended takes no values, and its widgets end with it.
            process.send(&Command::Move { widget: widget.to_owned(), to });
        })
    }
}

impl InstantEngine {
    /// Calls what is to be done when a widget was moved.
    pub(super) fn run_reaction(
        &mut self,
        reaction: &str,
        stop: &Stop,
        sink: &mut dyn Sink,
    ) -> Result<(), CellError> {
        if self.child.is_over() {
            return Err(ended());
        }
        let report = self.run(Task::Reaction(reaction), stop, sink);
        if let RunEnd::Died(death) = &report.end {
            let error = report.error(&self.builder, None, &self.state);
            let last = self.journal.last().map_or(CellId::Uncounted(0), |it| it.cell);
            let summary = self.recover(death, last, stop);
            return match error {
                Some(error) => Err(super::with_summary(&error, &summary)),
                None => Err(ended()),
            };
        }
        if report.end == RunEnd::Returned(MISSING) {
            return Err(ended());
        }
        report.error(&self.builder, None, &self.state).map_or(Ok(()), Err)
    }
}

fn ended() -> CellError {
    plain_error("WidgetEnded", "the widget's process has ended; run the widget's cell again")
}

/// A widget that the process has made.
pub fn made(
    id: &str,
    label: &str,
    scale: Option<akari_seam::Scale>,
    reaction: Option<&str>,
) -> Output {
    let scale = scale.map(|akari_seam::Scale { min, max, step, value, is_whole }| Scale {
        min,
        max,
        step,
        value,
        is_whole,
    });
    Output::Widget(Widget {
        id: id.to_owned(),
        label: label.to_owned(),
        scale,
        reaction: reaction.map(str::to_owned),
    })
}

/// Widgets that the process shows.
pub fn shown(ids: &str, plain: &str) -> Output {
    let ids = ids.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    Output::ShowWidgets { ids, plain: plain.to_owned() }
}
