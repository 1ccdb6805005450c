//! The comms that are open: those of widgets, with the fields as clients know them.
//!
//! Values that a client sends are checked against the widget before a cell sees them; what a
//! widget doesn't have is passed over. `message::comm` has the JSON.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::iopub::IoPub;
use super::message::comm::{self, CONTROL, CommRequest, Model, WIDGET};
use super::message::{Header, Object, Publication};
use crate::engine::outcome::{MimeBundle, Widget};

/// How many widgets are kept. A cell that makes a thousand in a loop gets the newest.
const MOST: usize = 2_000;

#[derive(Debug, Default)]
pub struct Comms {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they were opened, which is that in which a client can make them anew.
    models: Vec<Model>,
    widgets: HashMap<String, Held>,
    boxes: u64,
}

#[derive(Debug)]
struct Held {
    widget: Widget,
    /// How often a button was pressed.
    clicks: u32,
}

/// A widget that was moved or pressed.
#[derive(Debug, PartialEq)]
pub struct Moved {
    pub widget: String,
    pub to: f64,
    pub reaction: Option<String>,
}

impl Comms {
    /// Tells clients of a new widget.
    pub fn open(&self, widget: &Widget, parent: &Arc<Header>, iopub: &IoPub) {
        let mut state = self.state();
        state.open(comm::models(widget), parent, iopub);
        let held = Held { widget: widget.clone(), clicks: 0 };
        state.widgets.insert(widget.id.clone(), held);
    }

    /// Shows widgets below the cell.
    pub fn show(&self, ids: &[String], plain: &str, parent: &Arc<Header>, iopub: &IoPub) {
        let id = match ids {
            [id] => id.clone(),
            ids => {
                let mut state = self.state();
                state.boxes += 1;
                let id = format!("{}-box-{}", ids.join("-"), state.boxes);
                state.open(comm::column(&id, ids), parent, iopub);
                id
            }
        };
        let none = MimeBundle::new();
        let view = comm::view(&id, plain);
        iopub.publish(Some(parent), &Publication::display(&view, &none, None, false));
    }

    /// Tells clients that all widgets do nothing any more.
    pub fn end(&self, iopub: &IoPub) {
        let State { models, widgets, .. } = std::mem::take(&mut *self.state());
        for (id, _) in models {
            if let Some(held) = widgets.get(&id) {
                let ended = comm::ended(&held.widget.label);
                iopub.publish(None, &Publication::comm_update(&id, &ended));
            }
            iopub.publish(None, &Publication::comm_close(&id));
        }
    }

    /// Takes what a client says to a comm, and answers with `publish`.
    pub fn hear(
        &self,
        id: &str,
        said: &CommRequest,
        publish: impl Fn(&Publication<'_>),
    ) -> Option<Moved> {
        let mut state = self.state();
        match said {
            CommRequest::Update(fields) => state.update(id, fields),
            CommRequest::Click => state.click(id),
            CommRequest::State => {
                if let Some((_, fields)) = state.models.iter().find(|it| it.0 == id) {
                    publish(&Publication::comm_update(id, fields));
                }
                None
            }
            CommRequest::States => {
                let described =
                    state.models.iter().map(|(id, it)| (id.clone(), comm::described(it)));
                publish(&Publication::comm_states(id, described.collect()));
                None
            }
            CommRequest::Unknown => None,
        }
    }

    /// Whether a client may open a comm for this.
    pub fn serves(target: &str) -> bool {
        target == CONTROL
    }

    pub fn close(&self, id: &str) {
        let mut state = self.state();
        state.models.retain(|it| it.0 != id);
        state.widgets.remove(id);
    }

    /// The open comms of a target, or of all.
    pub fn list(&self, target: &str) -> Object {
        if !target.is_empty() && target != WIDGET {
            return Object::new();
        }
        self.state().models.iter().map(|(id, _)| (id.clone(), comm::listed())).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn open(&mut self, models: Vec<Model>, parent: &Arc<Header>, iopub: &IoPub) {
        for (id, state) in &models {
            iopub.publish(Some(parent), &Publication::comm_open(id, state));
        }
        self.models.extend(models);
        let surplus = self.models.len().saturating_sub(MOST);
        for (id, _) in self.models.drain(..surplus) {
            self.widgets.remove(&id);
            iopub.publish(Some(parent), &Publication::comm_close(&id));
        }
    }

    fn fields(&mut self, id: &str) -> Option<&mut Object> {
        self.models.iter_mut().find(|it| it.0 == id).map(|it| &mut it.1)
    }

    fn update(&mut self, id: &str, fields: &Object) -> Option<Moved> {
        let widget = &self.widgets.get(id)?.widget;
        let scale = widget.scale?;
        let reaction = widget.reaction.clone();
        let value = fields.get("value")?;
        let to = value.as_f64().filter(|it| (scale.min..=scale.max).contains(it))?;
        let to = if scale.is_whole { to.round() } else { to };
        self.fields(id)?.insert("value".to_owned(), value.clone());
        Some(Moved { widget: id.to_owned(), to, reaction })
    }

    fn click(&mut self, id: &str) -> Option<Moved> {
        let held = self.widgets.get_mut(id).filter(|it| it.widget.scale.is_none())?;
        held.clicks = held.clicks.saturating_add(1);
        let (to, reaction) = (f64::from(held.clicks), held.widget.reaction.clone());
        Some(Moved { widget: id.to_owned(), to, reaction })
    }
}
