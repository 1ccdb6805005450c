//! What is the same for every cell, whichever thread carries it out: its number, its place in the history, its outputs.

use std::sync::Arc;

use super::comms::Comms;
use super::iopub::IoPub;
use super::message::{ExecuteReply, Header, Object, Payload, Publication, Reply};
use super::queue::Job;
use super::session::Session;
use super::turn::Turn;
use crate::engine::names::Names;
use crate::engine::outcome::Output;

/// Counts a cell, keeps its code and shows it to all clients; the cell's number, or the last one's where it has none.
pub fn open(job: &Job, code: &str, session: &Session, iopub: &IoPub) -> u32 {
    let is_counted = job.is_counted();
    let execution_count = session.count(is_counted);
    if is_counted {
        session.history().push(execution_count, code);
    }
    if !job.request.silent {
        iopub.publish(Some(&job.asker.header), &Publication::Input { code, execution_count });
    }
    execution_count
}

/// Answers cells that don't run since one before them has failed.
pub fn abort(jobs: Vec<Job>, session: &Session) {
    for Job { asker, desk, .. } in jobs {
        let turn = Turn::begin(asker, &desk);
        turn.end(&Reply::Execute(ExecuteReply::aborted(session.count(false))));
    }
}

/// The name that is asked about: `?name`, and `name?` where that can't be meant as Rust.
pub fn help_asked<'a>(names: &Names, code: &'a str) -> Option<&'a str> {
    let behind = || code.strip_suffix('?').filter(|name| names.is_no_value(name));
    code.strip_prefix('?').or_else(behind).map(str::trim)
}

/// The reply to `?name`: it opens the client's pager.
pub fn page(names: &Names, name: &str, execution_count: u32) -> ExecuteReply {
    let unknown = || [("text/plain".to_owned(), format!("nothing is known of `{name}`").into())];
    let data = names
        .inspect(name, name.len())
        .map_or_else(|| unknown().into_iter().collect(), |it| it.data);
    let payload = vec![Payload::Page { data, start: 0 }];
    ExecuteReply::Ok { execution_count, payload, user_expressions: Object::new() }
}

/// Publishes an output of a cell.
pub fn publish(
    iopub: &IoPub,
    comms: &Comms,
    parent: &Arc<Header>,
    output: &Output,
    execution_count: u32,
) {
    let publication = match output {
        Output::Stream { stream, text } => return iopub.print(parent, *stream, text),
        Output::Result { data } => Publication::result(execution_count, data),
        Output::Display { data, metadata, display_id, update } => {
            if let (Some(id), true) = (display_id, update) {
                comms.update_display(id, (data, metadata), parent, iopub);
            }
            Publication::display(data, metadata, display_id.as_deref(), *update)
        }
        Output::Clear { wait } => Publication::Clear { wait: *wait },
        Output::Widget(widget) => return comms.open(widget, parent, iopub),
        Output::ShowWidgets { ids, plain } => return comms.show(ids, plain, parent, iopub),
        Output::WidgetsEnded => return comms.end(iopub),
        Output::Area { id } => return comms.open_area(id, parent, iopub),
        Output::ClearArea { id } => return comms.clear_area(id),
        Output::Capture { .. } => return comms.tell_areas(parent, iopub),
    };
    iopub.publish(Some(parent), &publication);
}
