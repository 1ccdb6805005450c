//! The life of the process that runs cells, as the kernel knows it: one state, and what each event
//! makes of it.
//!
//! Pure. `parent::Hold` keeps the state under a lock and carries the actions out under the same
//! lock, so that an interrupt never overtakes the run that it means, and no signal goes to a
//! process whose number is another's by now.

/// Numbers the runs of a process, from 1: a late word about one is not taken for the next.
pub type Run = u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// No cell runs.
    Ready,
    Running(Run),
    /// The cell was asked to stop, and has some time for it.
    Stopping(Run),
    /// The kernel has killed the process, whose end has not been noticed yet.
    Killed,
    /// The process has ended, whoever ended it.
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Begin(Run),
    /// The learner wants the cell to stop.
    Interrupt,
    /// The kernel ends, or the run is not worth its time any more.
    End,
    /// The time for stopping is over.
    GraceOver(Run),
    /// The cell came to its end, well or not.
    Ended(Run),
    /// The process's end was noticed, and its status is about to be taken.
    Noticed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Hand the run over to the process.
    Send(Run),
    Ask(Run),
    /// Come back with [`Event::GraceOver`].
    WaitGrace(Run),
    Kill,
}

impl Life {
    /// The next state, and what is to be done on the way.
    pub fn next(self, event: Event) -> (Life, Vec<Action>) {
        use Action::{Ask, Kill, Send, WaitGrace};
        match (self, event) {
            (Life::Gone, _) | (_, Event::Noticed) => (Life::Gone, Vec::new()),
            (Life::Ready, Event::Begin(run)) => (Life::Running(run), vec![Send(run)]),
            (Life::Running(run), Event::Interrupt) => {
                (Life::Stopping(run), vec![Ask(run), WaitGrace(run)])
            }
            // Asking twice costs nothing, and what the cell has started since hears it too.
            (Life::Stopping(run), Event::Interrupt) => (self, vec![Ask(run)]),
            (Life::Running(_) | Life::Stopping(_), Event::End) => (Life::Killed, vec![Kill]),
            (Life::Stopping(run), Event::GraceOver(meant)) if run == meant => {
                (Life::Killed, vec![Kill])
            }
            (Life::Running(run) | Life::Stopping(run), Event::Ended(meant)) if run == meant => {
                (Life::Ready, Vec::new())
            }
            // A word about another run, or one that comes too late.
            _ => (self, Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(events: &[Event], expected: Life, actions: &[Action]) {
        let mut life = Life::Ready;
        let mut done = Vec::new();
        for event in events {
            let (next, actions) = life.next(*event);
            life = next;
            done.extend(actions);
        }
        assert_eq!((life, done.as_slice()), (expected, actions), "{events:?}");
    }

    #[test]
    fn a_run_begins_and_ends() {
        use Action::Send;
        check(&[Event::Begin(1)], Life::Running(1), &[Send(1)]);
        check(&[Event::Begin(1), Event::Ended(1)], Life::Ready, &[Send(1)]);
        check(
            &[Event::Begin(1), Event::Ended(1), Event::Begin(2), Event::Ended(1)],
            Life::Running(2),
            &[Send(1), Send(2)],
        );
    }

    #[test]
    fn an_interrupt_hits_the_run_that_is_under_way_and_no_other() {
        use Action::{Ask, Kill, Send, WaitGrace};
        check(&[Event::Interrupt], Life::Ready, &[]);
        check(
            &[Event::Begin(1), Event::Interrupt, Event::Interrupt],
            Life::Stopping(1),
            &[Send(1), Ask(1), WaitGrace(1), Ask(1)],
        );
        check(
            &[Event::Begin(1), Event::Interrupt, Event::GraceOver(1)],
            Life::Killed,
            &[Send(1), Ask(1), WaitGrace(1), Kill],
        );
        check(
            &[
                Event::Begin(1),
                Event::Interrupt,
                Event::Ended(1),
                Event::Interrupt,
                Event::Begin(2),
                Event::GraceOver(1),
            ],
            Life::Running(2),
            &[Send(1), Ask(1), WaitGrace(1), Send(2)],
        );
    }

    #[test]
    fn nothing_is_done_to_a_process_that_has_ended() {
        use Action::{Kill, Send};
        let after = [Event::Interrupt, Event::End, Event::GraceOver(1), Event::Begin(2)];
        for event in after {
            check(&[Event::Begin(1), Event::Noticed, event], Life::Gone, &[Send(1)]);
            check(&[Event::Begin(1), Event::End, event], Life::Killed, &[Send(1), Kill]);
        }
        check(&[Event::End], Life::Ready, &[]);
    }
}
