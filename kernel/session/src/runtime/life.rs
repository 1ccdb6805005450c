//! The life of the process that runs cells, as the kernel knows it: one state, and what each event
//! makes of it.
//!
//! Pure. `parent::ChildHandle` keeps the state under a lock and carries the actions out under the
//! same lock. So an interrupt never overtakes the run that it is for, and no signal goes to a
//! process whose number belongs to another process by now.

/// The number of a run of the process, from 1. A late message about one run names that run, and is
/// not taken for one about the next.
pub type Run = u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// No cell runs.
    Ready,
    Running(Run),
    /// The cell was asked to stop, and has some time to do so.
    Stopping(Run),
    /// The kernel has killed the process, and has not noticed its end yet.
    Killed,
    /// The process has ended, whoever ended it.
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeEvent {
    Begin(Run),
    /// The learner wants the cell to stop.
    Interrupt,
    /// The kernel ends, or the run takes too long.
    End,
    /// The time for stopping is over.
    GraceOver(Run),
    /// The cell came to its end, well or not.
    Ended(Run),
    /// The kernel has noticed the end of the process, and is about to ask for its status.
    Noticed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Send the run's task to the process.
    Send(Run),
    /// Ask the process to stop the run.
    Ask(Run),
    /// Raise [`LifeEvent::GraceOver`] after some time.
    WaitGrace(Run),
    Kill,
}

impl Life {
    /// The state after an event, and the actions to carry out.
    pub fn next(self, event: LifeEvent) -> (Life, Vec<Action>) {
        use Action::{Ask, Kill, Send, WaitGrace};
        match (self, event) {
            (Life::Gone, _) | (_, LifeEvent::Noticed) => (Life::Gone, Vec::new()),
            (Life::Ready, LifeEvent::Begin(run)) => (Life::Running(run), vec![Send(run)]),
            (Life::Running(run), LifeEvent::Interrupt) => {
                (Life::Stopping(run), vec![Ask(run), WaitGrace(run)])
            }
            // Asking again costs nothing, and reaches programs that the cell has started since.
            (Life::Stopping(run), LifeEvent::Interrupt) => (self, vec![Ask(run)]),
            (Life::Running(_) | Life::Stopping(_), LifeEvent::End) => (Life::Killed, vec![Kill]),
            (Life::Stopping(run), LifeEvent::GraceOver(meant)) if run == meant => {
                (Life::Killed, vec![Kill])
            }
            (Life::Running(run) | Life::Stopping(run), LifeEvent::Ended(meant)) if run == meant => {
                (Life::Ready, Vec::new())
            }
            // The event is about another run, or comes too late.
            _ => (self, Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(events: &[LifeEvent], expected: Life, actions: &[Action]) {
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
        check(&[LifeEvent::Begin(1)], Life::Running(1), &[Send(1)]);
        check(&[LifeEvent::Begin(1), LifeEvent::Ended(1)], Life::Ready, &[Send(1)]);
        check(
            &[LifeEvent::Begin(1), LifeEvent::Ended(1), LifeEvent::Begin(2), LifeEvent::Ended(1)],
            Life::Running(2),
            &[Send(1), Send(2)],
        );
    }

    #[test]
    fn an_interrupt_hits_the_run_that_is_under_way_and_no_other() {
        use Action::{Ask, Kill, Send, WaitGrace};
        check(&[LifeEvent::Interrupt], Life::Ready, &[]);
        check(
            &[LifeEvent::Begin(1), LifeEvent::Interrupt, LifeEvent::Interrupt],
            Life::Stopping(1),
            &[Send(1), Ask(1), WaitGrace(1), Ask(1)],
        );
        check(
            &[LifeEvent::Begin(1), LifeEvent::Interrupt, LifeEvent::GraceOver(1)],
            Life::Killed,
            &[Send(1), Ask(1), WaitGrace(1), Kill],
        );
        check(
            &[
                LifeEvent::Begin(1),
                LifeEvent::Interrupt,
                LifeEvent::Ended(1),
                LifeEvent::Interrupt,
                LifeEvent::Begin(2),
                LifeEvent::GraceOver(1),
            ],
            Life::Running(2),
            &[Send(1), Ask(1), WaitGrace(1), Send(2)],
        );
    }

    #[test]
    fn nothing_is_done_to_a_process_that_has_ended() {
        use Action::{Kill, Send};
        let after =
            [LifeEvent::Interrupt, LifeEvent::End, LifeEvent::GraceOver(1), LifeEvent::Begin(2)];
        for event in after {
            check(&[LifeEvent::Begin(1), LifeEvent::Noticed, event], Life::Gone, &[Send(1)]);
            check(&[LifeEvent::Begin(1), LifeEvent::End, event], Life::Killed, &[Send(1), Kill]);
        }
        check(&[LifeEvent::End], Life::Ready, &[]);
    }
}
