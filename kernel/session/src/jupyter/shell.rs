//! Requests of clients on shell, and on control, which knows the same requests.
//!
//! Cells go to the engine's queue. Every other request is answered at once, also while a cell runs, whichever
//! subshell it is for. A request that may take a moment is answered on another thread, so that the sockets are served
//! meanwhile.

use std::sync::Arc;

use super::cell;
use super::comms::{Comms, Moved};
use super::hub::{Farewell, Hub};
use super::message::{
    Asker, Body, Comm, ExecuteRequest, IncomingMessage, LanguageInfo, Position, Publication, Reply,
    Request, TypedMatch, byte_offset, cursor_position,
};
use super::queue::Job;
use super::subshells::SubshellError;
use super::turn::{Busy, Desk, Turn};
use super::zmtp::{Address, Budget, Listener};
use crate::engine::names::Names;
use crate::engine::stop::Stop;
use crate::engine::syntax;

impl Hub {
    /// Answers the messages of a socket, for ever.
    pub async fn listen(self: Arc<Self>, desk: Desk, listener: Listener, budget: Budget) {
        let router = desk.router.clone();
        let deliver = move |address: &Address, parts| match IncomingMessage::read(
            &self.composer.key,
            address,
            parts,
        ) {
            Ok(received) => {
                self.dispatch(received, &desk);
                true
            }
            Err(error) => {
                tracing::warn!("dropped a message: {error}");
                false
            }
        };
        if let Err(error) = router.serve(listener, budget, deliver).await {
            tracing::error!("a socket for requests has stopped: {error}");
        }
    }

    fn dispatch(&self, IncomingMessage { asker, body }: IncomingMessage, desk: &Desk) {
        match body {
            Body::Execute(request) => self.execute(asker, request, desk),
            Body::Request(request) => {
                let checked = match request.is_of_kernel() {
                    true => Ok(()),
                    false => self.subshells.check(&asker.header),
                };
                let turn = Turn::begin(asker, desk);
                match checked {
                    Ok(()) => self.answer(turn, request, desk),
                    Err(error) => turn.end(&refusal(&error)),
                }
            }
            // A comm is the same one whichever subshell it is spoken to in: one whose subshell went with an
            // earlier kernel still moves its widget.
            Body::Comm(comm) => self.hear(asker, &comm, desk),
            Body::Input(_) | Body::Other => {
                tracing::warn!("ignored a message of the kind {}", asker.header.kind);
            }
        }
    }

    fn execute(&self, asker: Asker, request: ExecuteRequest, desk: &Desk) {
        if let Err(error) = self.subshells.check(&asker.header) {
            return Turn::begin(asker, desk).end(&refusal(&error));
        }
        let is_told = |code: &String| self.session.tells(code);
        let asks = asker.header.subshell.is_some() && request.code.as_ref().is_some_and(is_told);
        let (desk, stop) = (desk.clone(), Stop::default());
        self.queue.push(Job { asker, request, desk, stop, asks, reaction: None });
    }

    fn create_subshell(&self) -> Reply {
        if let Err(error) = self.asides.start() {
            // Its cells that only ask wait for their turn, as code does.
            tracing::warn!("no thread for cells that only ask: {error}");
        }
        self.subshells.create().map_or_else(|error| refusal(&error), Reply::created_subshell)
    }

    fn delete_subshell(&self, id: &str) -> Reply {
        match self.subshells.delete(id) {
            Ok(()) => {
                cell::abort(self.queue.withdraw(id), &self.session);
                Reply::deleted_subshell()
            }
            Err(error) => refusal(&error),
        }
    }

    fn answer(&self, turn: Turn, request: Request, desk: &Desk) {
        let asker = turn.busy.asker.clone();
        let reply = match request {
            Request::Complete(at) => return self.aside(turn, move |names| complete(names, &at)),
            Request::Inspect(at) => return self.aside(turn, move |names| inspect(names, &at)),
            Request::IsComplete { code } => {
                return self.aside(turn, move |_| Reply::is_complete(syntax::is_complete(&code)));
            }
            Request::KernelInfo => Reply::kernel_info(self.language()),
            Request::History(request) => {
                let history = self.session.history().look();
                return self.aside(turn, move |_| {
                    let is_output = request.output;
                    Reply::history(history.answer(&request.into()), is_output)
                });
            }
            Request::Usage => {
                let session = Arc::clone(&self.session);
                return self.aside(turn, move |_| Reply::usage(session.usage()));
            }
            Request::CommInfo { target } => Reply::comm_info(self.session.comms.list(&target)),
            Request::CreateSubshell => self.create_subshell(),
            Request::DeleteSubshell { id } => self.delete_subshell(&id),
            Request::ListSubshells => Reply::subshells(self.subshells.list()),
            Request::Interrupt => {
                self.interrupt(Some(&asker.header));
                Reply::interrupted()
            }
            Request::Shutdown { restart } => {
                turn.end(&Reply::shutdown(restart));
                return self.say_farewell(asker, desk);
            }
            Request::Unknown => {
                Reply::failed("NotSupported", format!("Akari does not know {}", asker.header.kind))
            }
        };
        turn.end(&reply);
    }

    /// Takes what a client says to a comm. Cells see at once where a widget was moved to; what is to be
    /// done then waits for its turn, and the client, which hears of its end, sends no more meanwhile.
    fn hear(&self, asker: Asker, comm: &Comm, desk: &Desk) {
        let busy = Busy::begin(asker, &desk.iopub);
        let comms = &self.session.comms;
        match comm {
            Comm::Open { target, .. } if Comms::serves(target) => {}
            // The kernel serves no other comms.
            Comm::Open { id, .. } => busy.publish(&Publication::comm_close(id)),
            Comm::Close { id } => comms.close(id),
            Comm::Message { id, said } => {
                let moved = comms.hear(id, said, |publication| busy.publish(publication));
                let Some(Moved { widget, to, reaction }) = moved else { return };
                self.session.move_widget(&widget, to);
                if let Some(name) = reaction {
                    let (asker, request) = (busy.asker.clone(), ExecuteRequest::default());
                    let (desk, stop) = (desk.clone(), Stop::default());
                    let reaction = Some((name, busy));
                    self.queue.push(Job { asker, request, desk, stop, asks: false, reaction });
                }
            }
        }
    }

    /// Answers on another thread.
    fn aside(&self, turn: Turn, answer: impl FnOnce(&Names) -> Reply + Send + 'static) {
        let names = self.session.names();
        tokio::task::spawn_blocking(move || {
            let reply = answer(&names);
            turn.end(&reply);
        });
    }

    fn say_farewell(&self, asker: Asker, desk: &Desk) {
        // Sending fails if the kernel ends already.
        let _ = self.end.send(Farewell { asker, router: desk.router.clone() });
    }

    fn language(&self) -> LanguageInfo {
        LanguageInfo {
            name: "rust",
            version: self.info.rust_version.clone(),
            mimetype: "text/x-rustsrc",
            file_extension: ".rs",
            pygments_lexer: "rust",
            codemirror_mode: "rust",
            nbconvert_exporter: "script",
        }
    }
}

/// The reply to a message that its subshell can't take.
fn refusal(error: &SubshellError) -> Reply {
    Reply::failed(error.name(), error.to_string())
}

fn offset(at: &Position) -> usize {
    byte_offset(&at.code, at.cursor_pos.unwrap_or(i64::MAX))
}

fn complete(names: &Names, at: &Position) -> Reply {
    let found = names.complete(&at.code, offset(at));
    let start = cursor_position(&at.code, found.start);
    let end = cursor_position(&at.code, found.end);
    let matches = found.items.into_iter().map(|item| TypedMatch {
        text: item.text,
        kind: item.kind,
        signature: item.detail.unwrap_or_default(),
        start,
        end,
    });
    Reply::complete(matches.collect(), start, end, found.note)
}

fn inspect(names: &Names, at: &Position) -> Reply {
    Reply::inspect(names.inspect(&at.code, offset(at)).map(|it| it.data))
}
