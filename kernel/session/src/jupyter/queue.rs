//! The cells that wait for the engine, and what an interrupt means to them.
//!
//! Each cell has its [`Stop`] from the moment it arrives. An interrupt is for the cell that is
//! carried out, or else for the first that waits. Cells and interrupts come by different sockets,
//! so the order of arrival tells little: a cell that was sent before an interrupt is stopped also
//! when it arrives later, and a cell that the same client sent after the interrupt goes on also
//! when it arrives first.
//!
//! Within a subshell cells are carried out in order. A cell of one that only asks is taken aside where another
//! cell runs, so that nobody waits for code to know a type.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::message::{Asker, ExecuteRequest, Header};
use super::turn::{Busy, Desk};
use crate::engine::stop::{Stop, Wish};

/// How many clients' last interrupts are remembered.
const REMEMBERED: usize = 64;

/// A request to run a cell, and where its reply goes.
#[derive(Debug)]
pub struct Job {
    pub asker: Asker,
    pub request: ExecuteRequest,
    pub desk: Desk,
    pub stop: Stop,
    /// Whether the cell is one of a subshell that only asks what is known.
    pub asks: bool,
    /// What is to be done instead, since a widget was moved; busy from then on.
    pub reaction: Option<(String, Busy)>,
}

impl Job {
    /// Whether the client gives the cell a number.
    pub fn is_counted(&self) -> bool {
        !self.request.silent && self.request.store_history
    }

    fn subshell(&self) -> Option<&str> {
        self.asker.header.subshell.as_deref()
    }

    /// The name of the reaction that is to be called; none of a cell.
    fn reaction(&self) -> Option<&str> {
        self.reaction.as_ref().map(|it| it.0.as_str())
    }
}

/// Shared by the sockets, which push cells, and the engine's thread, which takes them.
#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Job>,
    /// The cell that is carried out: its request, and the wish to stop it.
    running: Option<(Arc<Header>, Stop)>,
    /// The subshell whose question is answered beside that cell.
    aside: Option<String>,
    /// The last interrupt of each client, by the client's own clock.
    interrupts: VecDeque<(String, DateTime<Utc>)>,
    has_ended: bool,
}

impl Queue {
    pub fn push(&self, job: Job) {
        let mut state = self.lock();
        if state.was_interrupted(&job.asker.header) {
            job.stop.raise(Wish::Interrupt);
        }
        // Of the moves of a widget that wait, the last one counts.
        if let Some(name) = job.reaction() {
            state.waiting.retain(|it| it.reaction() != Some(name));
        }
        state.waiting.push_back(job);
        self.changed.notify_all();
    }

    /// The next cell to carry out, once there is one; none at the end of the kernel.
    pub fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.has_ended {
                return None;
            }
            let aside = state.aside.as_deref();
            let first =
                state.waiting.iter().position(|it| aside.is_none() || it.subshell() != aside);
            if let Some(job) = first.and_then(|at| state.waiting.remove(at)) {
                self.changed.notify_all();
                state.running = Some((Arc::clone(&job.asker.header), job.stop.clone()));
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether there is nothing to do, and the kernel goes on.
    pub fn is_idle(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && !state.has_ended
    }

    /// Notes that the cell has come to its end. After a cell that failed or was interrupted, the
    /// cells that its client has already sent don't run; they are returned. Cells that the client
    /// sends once it has seen the reply run, and so do the cells of other clients.
    pub fn finish(&self, job: &Job, has_failed: bool) -> Vec<Job> {
        let mut state = self.lock();
        state.running = None;
        // A cell may end well in spite of an interrupt: its client wished to stop all the same.
        if job.reaction.is_some() || !has_failed && job.stop.wish().is_none() {
            return Vec::new();
        }
        state.take_waiting(|it| {
            it.asker.header.session == job.asker.header.session && it.subshell() == job.subshell()
        })
    }

    /// The next cell that only asks, once there is one while another cell runs; none at the end of the kernel.
    pub fn next_aside(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.has_ended {
                return None;
            }
            if let Some(job) = state.first_question().and_then(|at| state.waiting.remove(at)) {
                state.aside = job.subshell().map(str::to_owned);
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes that a cell that was taken aside is answered. If it failed, cells that were sent after it to its
    /// subshell don't run; they are returned.
    pub fn finish_aside(&self, job: &Job, has_failed: bool) -> Vec<Job> {
        let mut state = self.lock();
        state.aside = None;
        self.changed.notify_all();
        match has_failed {
            true => state.take_waiting(|it| it.subshell() == job.subshell()),
            false => Vec::new(),
        }
    }

    /// Takes back the cells that wait for their turn in a subshell, which there is no more.
    pub fn withdraw(&self, subshell: &str) -> Vec<Job> {
        self.lock().take_waiting(|it| it.subshell() == Some(subshell))
    }

    /// Stops the cell that is carried out, or else the first that waits. An interrupt by a signal
    /// comes without a request.
    pub fn interrupt(&self, request: Option<&Header>) {
        let mut state = self.lock();
        if let Some((header, date)) = request.and_then(|it| Some((it, it.date?))) {
            state.interrupts.retain(|(session, _)| *session != header.session);
            state.interrupts.push_back((header.session.clone(), date));
            if state.interrupts.len() > REMEMBERED {
                state.interrupts.pop_front();
            }
        }
        // Under the lock, so that the cell can't come to its end in between.
        let running = state.running.as_ref().map(|(header, stop)| (&**header, stop));
        let first = || state.waiting.front().map(|job| (&*job.asker.header, &job.stop));
        if let Some((header, stop)) = running.or_else(first)
            && !request.is_some_and(|request| is_later(header, request))
        {
            stop.raise(Wish::Interrupt);
        }
    }

    /// Ends the cell that is carried out; no other cell begins after it.
    pub fn end(&self) {
        let mut state = self.lock();
        state.has_ended = true;
        if let Some((_, stop)) = &state.running {
            stop.raise(Wish::End);
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes cells out of those that wait. What is to be done since a widget was moved stays.
    fn take_waiting(&mut self, is_taken: impl Fn(&Job) -> bool) -> Vec<Job> {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let (taken, rest): (Vec<Job>, Vec<Job>) =
            waiting.partition(|it| it.reaction.is_none() && is_taken(it));
        self.waiting = rest.into();
        taken
    }

    /// The first cell that only asks, and before which nothing of its subshell runs or waits. Where no cell runs,
    /// its turn comes at once anyway.
    fn first_question(&self) -> Option<usize> {
        let (running, _) = self.running.as_ref()?;
        let is_free = |at: usize, job: &Job| {
            running.subshell.as_deref() != job.subshell()
                && self.waiting.iter().take(at).all(|it| it.subshell() != job.subshell())
        };
        self.waiting.iter().enumerate().position(|(at, job)| job.asks && is_free(at, job))
    }

    /// Whether an interrupt that the same client sent after this request has arrived before it.
    fn was_interrupted(&self, header: &Header) -> bool {
        let Some(date) = header.date else { return false };
        self.interrupts.iter().any(|(session, at)| *session == header.session && date <= *at)
    }
}

/// Whether one client sent both, and the first after the second by the client's clock.
fn is_later(header: &Header, other: &Header) -> bool {
    let dates = header.date.zip(other.date);
    header.session == other.session && dates.is_some_and(|(date, other)| date > other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jupyter::message::Asker;

    fn header(session: &str, second: u32) -> Header {
        let date = format!("2026-01-01T00:00:{second:02}+09:00");
        Header::of_test(session, &date)
    }

    /// A cell that a session sent at a second.
    fn job(session: &str, second: u32) -> Job {
        let asker = Asker::of_test(header(session, second));
        Job {
            asker,
            request: ExecuteRequest::default(),
            desk: Desk::of_test(),
            stop: Stop::default(),
            asks: false,
            reaction: None,
        }
    }

    /// A cell in a subshell.
    fn job_in(subshell: &str, asks: bool) -> Job {
        let mut header = header("a", 1);
        header.subshell = Some(subshell.into());
        let asker = Asker::of_test(header);
        Job { asker, asks, ..job("a", 1) }
    }

    fn subshell_of(job: Option<&Job>) -> Option<&str> {
        job.and_then(Job::subshell)
    }

    #[test]
    fn questions_of_subshells_go_beside_the_running_cell_and_in_order() {
        let queue = Queue::default();
        queue.push(job("a", 1));
        let main = queue.next();
        for (subshell, asks) in [("s", false), ("s", true), ("t", true), ("t", false)] {
            queue.push(job_in(subshell, asks));
        }
        // The question of `s` waits for the code before it.
        let aside = queue.next_aside();
        assert_eq!(subshell_of(aside.as_ref()), Some("t"));
        assert_eq!(queue.lock().first_question(), None);
        assert_eq!(main.map(|it| queue.finish(&it, false).len()), Some(0));
        let code = queue.next();
        assert_eq!(subshell_of(code.as_ref()), Some("s"));
        assert_eq!(code.map(|it| queue.finish(&it, false).len()), Some(0));
        // What comes after it in `t` waits for the question that is being answered.
        assert_eq!(subshell_of(queue.next().as_ref()), Some("s"));
        assert_eq!(aside.map(|it| queue.finish_aside(&it, true).len()), Some(1));
        assert!(queue.is_idle());
    }

    #[test]
    fn a_failed_cell_takes_along_what_waits_in_its_own_subshell() {
        let queue = Queue::default();
        for subshell in ["s", "s", "t"] {
            queue.push(job_in(subshell, false));
        }
        queue.push(job("a", 1));
        assert_eq!(queue.next().map(|it| queue.finish(&it, true).len()), Some(1));
        assert_eq!(queue.withdraw("t").len(), 1);
        let last = queue.next();
        assert!(last.is_some() && subshell_of(last.as_ref()).is_none());
    }

    /// What is to be done after a move.
    fn reaction(name: &str) -> Job {
        let asker = Asker::of_test(header("a", 1));
        let busy = Busy::begin(asker, &Desk::of_test().iopub);
        Job { reaction: Some((name.to_owned(), busy)), ..job("a", 1) }
    }

    #[test]
    fn the_last_move_of_each_widget_waits_and_fails_with_no_cell() {
        let queue = Queue::default();
        queue.push(job("a", 1));
        for name in ["lr", "steps", "lr"] {
            queue.push(reaction(name));
        }
        queue.push(job("a", 1));
        assert_eq!(queue.next().map(|cell| queue.finish(&cell, true).len()), Some(1));
        for name in ["steps", "lr"] {
            let next = queue.next();
            assert_eq!(next.as_ref().and_then(Job::reaction), Some(name));
        }
        assert!(queue.is_idle());
    }

    fn wish_of_next(queue: &Queue) -> Option<Wish> {
        queue.next().and_then(|job| job.stop.wish())
    }

    #[test]
    fn interrupt_hits_the_running_cell_and_not_the_next() {
        let queue = Queue::default();
        queue.push(job("a", 1));
        queue.push(job("b", 1));
        let running = queue.next();
        queue.interrupt(None);
        let running = running.filter(|job| job.stop.wish() == Some(Wish::Interrupt));
        let aborted = running.map(|job| queue.finish(&job, false).len());
        assert_eq!(aborted, Some(0));
        assert_eq!(wish_of_next(&queue), None);
    }

    #[test]
    fn interrupt_between_cells_hits_the_first_that_waits() {
        let queue = Queue::default();
        queue.push(job("a", 1));
        queue.push(job("a", 1));
        queue.interrupt(None);
        let first = queue.next().filter(|job| job.stop.wish() == Some(Wish::Interrupt));
        // The rest of the client's queue goes with it.
        assert_eq!(first.map(|job| queue.finish(&job, false).len()), Some(1));
        assert!(queue.is_idle());
    }

    #[test]
    fn cell_sent_before_the_interrupt_is_stopped_also_when_it_arrives_later() {
        let queue = Queue::default();
        queue.interrupt(Some(&header("a", 30)));
        for (session, second, wish) in [
            ("a", 29, Some(Wish::Interrupt)),
            ("a", 30, Some(Wish::Interrupt)),
            ("a", 31, None),
            ("b", 29, None),
        ] {
            queue.push(job(session, second));
            assert_eq!(wish_of_next(&queue), wish, "{session} {second}");
        }
        queue.push(Job { asker: Asker::of_test(Header::of_test("a", "yesterday")), ..job("a", 1) });
        assert_eq!(wish_of_next(&queue), None);
    }

    #[test]
    fn cell_sent_after_the_interrupt_goes_on_also_when_it_arrived_before() {
        for (session, second, wish) in
            [("a", 31, None), ("a", 30, Some(Wish::Interrupt)), ("b", 31, Some(Wish::Interrupt))]
        {
            let waiting = Queue::default();
            waiting.push(job(session, second));
            waiting.interrupt(Some(&header("a", 30)));
            assert_eq!(wish_of_next(&waiting), wish, "{session} {second} waits");
            let running = Queue::default();
            running.push(job(session, second));
            let job = running.next();
            running.interrupt(Some(&header("a", 30)));
            assert_eq!(job.and_then(|job| job.stop.wish()), wish, "{session} {second} runs");
        }
    }

    #[test]
    fn an_interrupt_while_nothing_waits_is_for_nobody() {
        let queue = Queue::default();
        queue.interrupt(None);
        queue.push(job("a", 1));
        assert_eq!(wish_of_next(&queue), None);
    }

    #[test]
    fn a_failed_cell_takes_along_what_its_own_client_sent() {
        let queue = Queue::default();
        for session in ["a", "a", "b", "a"] {
            queue.push(job(session, 1));
        }
        let aborted = queue.next().map(|job| queue.finish(&job, true).len());
        assert_eq!(aborted, Some(2));
        assert_eq!(queue.next().map(|job| job.asker.header.session.clone()).as_deref(), Some("b"));
    }

    #[test]
    fn nothing_is_begun_at_the_end() {
        let queue = Queue::default();
        queue.push(job("a", 1));
        queue.push(job("a", 1));
        let running = queue.next();
        queue.end();
        assert_eq!(running.and_then(|job| job.stop.wish()), Some(Wish::End));
        assert!(queue.next().is_none());
    }

    #[test]
    fn clients_that_are_remembered_are_limited() {
        let queue = Queue::default();
        for number in 0..2 * REMEMBERED {
            queue.interrupt(Some(&header(&number.to_string(), 30)));
        }
        assert_eq!(queue.lock().interrupts.len(), REMEMBERED);
    }
}
