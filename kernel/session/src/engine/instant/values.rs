//! A few words on the values of the session's variables, for `:vars` and for whoever asks about a name.
//!
//! The prelude reads the values between two cells, without code of the learner's; a variable of another
//! type than it knows has none.

use std::collections::HashMap;

use super::InstantEngine;
use super::generate::slot;
use super::run::ItemsSink;
use crate::engine::Sink;
use crate::engine::outcome::Output;
use crate::engine::stop::Stop;
use crate::runtime::parent::Task;

/// What is known of values, by the numbers of their variables.
#[derive(Debug, Default)]
pub struct Values(HashMap<u64, String>);

impl Values {
    pub fn of(&self, name: &str) -> Option<&str> {
        self.0.get(&slot(name)).map(String::as_str)
    }
}

impl InstantEngine {
    /// Looks at the values anew.
    pub(super) fn look_at_values(&mut self) {
        if self.state.variables.is_empty() || self.child.is_over() {
            self.values = Values::default();
            return;
        }
        let background = self.background_now();
        // What a thread prints meanwhile is the last cell's.
        let mut sink = ItemsSink { sink: &mut Nobody, background };
        let report = self.run(Task::Describe, &Stop::default(), &mut sink);
        self.values = Values(report.values.into_iter().collect());
    }
}

/// Where nobody takes outputs.
struct Nobody;

impl Sink for Nobody {
    fn output(&mut self, _: Output) {}

    fn input(&mut self, _: &str, _: bool) -> Option<String> {
        None
    }
}
