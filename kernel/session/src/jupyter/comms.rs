//! The comms that are open: those of widgets, with the fields as clients know them.
//!
//! Values that a client sends are checked against the widget before a cell sees them; what a
//! widget doesn't have is passed over. `message::comm` has the JSON.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::areas::Areas;
use super::iopub::IoPub;
use super::message::comm::{self, CONTROL, CommRequest, Model, WIDGET};
use super::message::{Header, Object, Publication};
use crate::engine::outcome::{MimeBundle, Output, Widget};

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
    areas: Areas,
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
        let told = self.state().areas.shown(&id);
        let view = comm::view(&id, told.as_deref().unwrap_or(plain));
        // The text of a place is told anew when there is more in it.
        let display = told.map(|_| display_of(&id));
        let publication = Publication::display(&view, &none, display.as_deref(), false);
        iopub.publish(Some(parent), &publication);
    }

    /// Tells clients of a new place for outputs.
    pub fn open_area(&self, id: &str, parent: &Arc<Header>, iopub: &IoPub) {
        let mut state = self.state();
        state.areas.open(id);
        state.open(comm::area(id), parent, iopub);
    }

    /// Puts an output of a cell into a place; whether it belongs there.
    pub fn capture(
        &self,
        area: &str,
        output: &Output,
        parent: &Arc<Header>,
        iopub: &IoPub,
    ) -> bool {
        let mut state = self.state();
        if !state.areas.has(area) {
            return false;
        }
        match output {
            Output::Stream { .. } | Output::Clear { .. } => state.areas.take(area, output),
            // What stands elsewhere is updated there too.
            Output::Display { update: true, .. } => return false,
            Output::Display { .. } => state.areas.take(area, output),
            Output::ShowWidgets { ids, plain } => {
                let [id] = &ids[..] else { return false };
                let shown = Output::Display {
                    data: comm::view(id, plain),
                    metadata: MimeBundle::new(),
                    display_id: None,
                    update: false,
                };
                state.areas.take(area, &shown);
            }
            Output::Result { .. }
            | Output::Widget(_)
            | Output::WidgetsEnded
            | Output::Area { .. }
            | Output::Capture { .. }
            | Output::ClearArea { .. } => return false,
        }
        state.tell_areas(false, parent, iopub);
        true
    }

    /// Gives a display new content where it stands in a place.
    pub fn update_display(
        &self,
        id: &str,
        (data, metadata): (&MimeBundle, &MimeBundle),
        parent: &Arc<Header>,
        iopub: &IoPub,
    ) {
        let mut state = self.state();
        state.areas.update(id, data, metadata);
        state.tell_areas(false, parent, iopub);
    }

    /// The place is empty from its next output on.
    pub fn clear_area(&self, id: &str) {
        self.state().areas.clear(id);
    }

    /// Tells clients all that went into places.
    pub fn tell_areas(&self, parent: &Arc<Header>, iopub: &IoPub) {
        self.state().tell_areas(true, parent, iopub);
    }

    /// Tells at the end of a cell, or of a widget's function, what stands in places.
    pub fn settle(&self, parent: &Arc<Header>, iopub: &IoPub) {
        let mut state = self.state();
        state.areas.settle();
        state.tell_areas(true, parent, iopub);
    }

    /// Tells what stands in places to those who can't draw them, and to the notebook's file. JupyterLab makes the view
    /// of a place anew each time, and keeps the one before, so this is for the ends of cells alone.
    pub fn tell_texts(&self, parent: &Arc<Header>, iopub: &IoPub) {
        let mut state = self.state();
        let none = MimeBundle::new();
        for (id, text) in state.areas.texts() {
            let (view, display) = (comm::view(&id, &text), display_of(&id));
            let update = Publication::display(&view, &none, Some(&display), true);
            iopub.publish(Some(parent), &update);
        }
    }

    /// Tells clients that all widgets do nothing any more. What stands in a place stays.
    pub fn end(&self, iopub: &IoPub) {
        let mut state = self.state();
        let State { models, widgets, areas, boxes } = std::mem::take(&mut *state);
        let is_kept =
            |id: &str| areas.has(id) || id.strip_suffix("-layout").is_some_and(|it| areas.has(it));
        let (kept, ended): (Vec<Model>, Vec<Model>) =
            models.into_iter().partition(|(id, _)| is_kept(id));
        *state = State { models: kept, areas, boxes, ..State::default() };
        drop(state);
        for (id, _) in ended {
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
        state.areas.close(id);
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

/// The id of the displays that show a place.
fn display_of(area: &str) -> String {
    format!("{area}-shown")
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
            self.areas.close(&id);
            iopub.publish(Some(parent), &Publication::comm_close(&id));
        }
    }

    fn tell_areas(&mut self, is_at_once: bool, parent: &Arc<Header>, iopub: &IoPub) {
        for (id, outputs) in self.areas.news(is_at_once) {
            let fields = comm::outputs(&outputs);
            iopub.publish(Some(parent), &Publication::comm_update(&id, &fields));
            if let Some(kept) = self.fields(&id) {
                kept.extend(fields);
            }
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
