//! The control socket and its thread, which answers whatever the rest of the kernel is at.

use std::io;
use std::sync::Arc;

use super::heartbeat;
use super::message::{Asker, Reply};
use super::shell::Hub;
use super::turn::Desk;
use super::zmtp::{Budget, Listener, Router};

/// Serves control and heartbeat on a thread of their own, until the process ends.
pub fn start(
    hub: Arc<Hub>,
    desk: Desk,
    control: Listener,
    heartbeat: Listener,
    budget: Budget,
) -> io::Result<()> {
    let runtime = super::serve::runtime()?;
    std::thread::Builder::new().name("control".into()).spawn(move || {
        runtime.block_on(async {
            tokio::spawn(heartbeat::run(heartbeat, budget.clone()));
            hub.listen(desk, control, budget).await;
        });
    })?;
    Ok(())
}

/// Stops the running cell, and the question that it may be asking.
pub fn interrupt(hub: &Hub, asker: &Asker) -> Reply {
    hub.queue.interrupt(Some(&asker.header));
    hub.questions.withdraw();
    Reply::interrupted()
}

/// The one whose request ends the kernel, who is to get the reply before the sockets close.
#[derive(Debug)]
pub struct Farewell {
    pub asker: Asker,
    pub router: Router,
}
