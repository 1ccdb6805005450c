//! Cells of subshells that only ask (`:vars`, `:doc x`, `?x`): answered on a thread of their own while another cell runs.
//!
//! What runs code is `execution`, which also answers such cells where nothing else runs. The thread begins with the first
//! subshell.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::{io, thread};

use super::cell;
use super::iopub::IoPub;
use super::message::{ExecuteReply, Object, Publication, Reply};
use super::queue::{Job, Queue};
use super::session::Session;
use super::turn::Turn;
use crate::engine::Sink;
use crate::engine::outcome::{CellError, Outcome, Output};

/// Who answers the cells that only ask.
#[derive(Debug)]
pub struct Asides {
    queue: Arc<Queue>,
    session: Arc<Session>,
    iopub: Arc<IoPub>,
    started: OnceLock<()>,
}

impl Asides {
    pub fn new(queue: &Arc<Queue>, session: &Arc<Session>, iopub: &Arc<IoPub>) -> Arc<Asides> {
        let (queue, session, iopub) = (Arc::clone(queue), Arc::clone(session), Arc::clone(iopub));
        Arc::new(Asides { queue, session, iopub, started: OnceLock::new() })
    }

    /// Begins to answer, if that has not begun yet.
    pub fn start(self: &Arc<Self>) -> io::Result<()> {
        if self.started.set(()).is_ok() {
            let asides = Arc::clone(self);
            let thread = thread::Builder::new().name("asides".into());
            thread.stack_size(super::ASIDE_STACK).spawn(move || asides.run())?;
        }
        Ok(())
    }

    fn run(&self) {
        while let Some(job) = self.queue.next_aside() {
            let turn = Turn::begin(job.asker.clone(), &job.desk);
            let reply = catch_unwind(AssertUnwindSafe(|| self.reply(&job)));
            let reply = reply.unwrap_or_else(|_| {
                let count = self.session.count(false);
                ExecuteReply::error(count, CellError::own_fault())
            });
            let has_failed = matches!(reply, ExecuteReply::Error { .. });
            let aborted = self.queue.finish_aside(&job, has_failed && job.request.stop_on_error);
            turn.end(&Reply::Execute(reply));
            cell::abort(aborted, &self.session);
        }
    }

    fn reply(&self, job: &Job) -> ExecuteReply {
        let code = job.request.code.as_deref().unwrap_or_default();
        let execution_count = cell::open(job, code, &self.session, &self.iopub);
        let names = self.session.names();
        if let Some(name) = cell::help_asked(&names, code.trim()) {
            return cell::page(&names, name, execution_count);
        }
        match self.session.tell(code, &mut Told { asides: self, job }) {
            Outcome::Done => ExecuteReply::Ok {
                execution_count,
                payload: Vec::new(),
                user_expressions: Object::new(),
            },
            Outcome::Failed(error) => {
                self.iopub.publish(Some(&job.asker.header), &Publication::error(&error));
                ExecuteReply::error(execution_count, error)
            }
        }
    }
}

/// A sink that sends answers to the clients.
struct Told<'a> {
    asides: &'a Asides,
    job: &'a Job,
}

impl Sink for Told<'_> {
    fn output(&mut self, output: Output) {
        let Asides { iopub, session, .. } = self.asides;
        if !self.job.request.silent {
            cell::publish(iopub, &session.comms, &self.job.asker.header, &output, 0);
        }
    }

    fn input(&mut self, _: &str, _: bool) -> Option<String> {
        None
    }
}
