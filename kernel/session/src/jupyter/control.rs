//! The control socket, and its thread, which answers while the rest of the kernel is busy.
//!
//! Control knows the same requests as `shell`, whose [`Hub`] answers both. The heartbeat is served
//! by the same thread.

use std::io;
use std::sync::Arc;

use super::heartbeat;
use super::hub::Hub;
use super::turn::Desk;
use super::zmtp::{Budget, Listener};

/// Serves control and heartbeat on a thread of their own, until the process ends.
pub fn start(
    hub: Arc<Hub>,
    desk: Desk,
    control: Listener,
    heartbeat: Listener,
    budget: Budget,
) -> io::Result<()> {
    let runtime = super::runtime()?;
    std::thread::Builder::new().name("control".into()).spawn(move || {
        runtime.block_on(async {
            tokio::spawn(heartbeat::run(heartbeat, budget.clone()));
            hub.listen(desk, control, budget).await;
        });
    })?;
    Ok(())
}
