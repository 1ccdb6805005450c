//! The heartbeat: whatever comes is sent back, so that clients know that the kernel lives.
//!
//! Served by the thread of `control`, which no cell and no output ever keeps waiting.

use super::zmtp::{Budget, Listener, reply_to_all};

pub async fn run(listener: Listener, budget: Budget) {
    if let Err(error) = reply_to_all(listener, budget).await {
        tracing::error!("the heartbeat has stopped: {error}");
    }
}
