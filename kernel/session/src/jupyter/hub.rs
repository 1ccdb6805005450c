//! What all sockets share: the queue of cells, the questions that cells ask, the session as far as
//! it is known.
//!
//! `serve` makes it. How requests are answered with it is in `shell`, how cells are carried out in
//! `execution`.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::asides::Asides;
use super::message::{Asker, Composer, Header};
use super::queue::Queue;
use super::session::Session;
use super::stdin::Questions;
use super::subshells::Subshells;
use super::zmtp::Router;

/// The language, as `kernel_info_reply` describes it.
#[derive(Debug, Clone)]
pub struct KernelInfo {
    pub rust_version: String,
    /// What is said at the end of a preparation that took long.
    pub done: String,
}

/// Answers requests, whichever socket they come by.
#[derive(Debug)]
pub struct Hub {
    pub composer: Arc<Composer>,
    pub queue: Arc<Queue>,
    pub questions: Arc<Questions>,
    pub session: Arc<Session>,
    pub subshells: Subshells,
    pub asides: Arc<Asides>,
    pub info: KernelInfo,
    pub end: mpsc::UnboundedSender<Farewell>,
}

impl Hub {
    /// Stops the running cell, and the question that it may be asking. An interrupt of a client
    /// reaches the cells that were sent before it; one by a signal has no header.
    pub fn interrupt(&self, header: Option<&Header>) {
        self.queue.interrupt(header);
        self.questions.withdraw();
    }
}

/// The client whose request ends the kernel: it gets the reply before the sockets close.
#[derive(Debug)]
pub struct Farewell {
    pub asker: Asker,
    pub router: Router,
}
