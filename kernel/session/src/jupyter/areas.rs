//! What stands in output widgets: the places that cells send outputs to.
//!
//! The client draws the list of outputs that the kernel keeps, so that a display in a place can be updated and a client
//! that comes later sees the same. `comms` tells clients.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::engine::outcome::{MimeBundle, Output};
use crate::engine::recorded::{CellOutput, Recorder};

/// How much a place holds; its oldest outputs go first.
const MOST_BYTES: usize = 1 << 20;

/// Up to this size, clients hear of each output at once; of more, now and then, since all of it is sent each time.
const SMALL: usize = 1 << 14;
const PAUSE: Duration = Duration::from_millis(100);

/// What a place without outputs says where nobody draws it.
const EMPTY: &str = "[output]";

#[derive(Debug, Default)]
pub struct Areas(HashMap<String, Area>);

#[derive(Debug)]
struct Area {
    recorder: Recorder,
    /// The text by which the place is shown where nobody draws it; none before it is shown.
    told: Option<String>,
    /// Whether clients have not heard of the last output yet.
    is_new: bool,
    sent: Option<Instant>,
}

impl Areas {
    pub fn open(&mut self, id: &str) {
        let recorder = Recorder { cells: vec![Vec::new()], clears_next: false };
        let area = Area { recorder, told: None, is_new: false, sent: None };
        self.0.insert(id.to_owned(), area);
    }

    pub fn close(&mut self, id: &str) {
        self.0.remove(id);
    }

    pub fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Adds an output to a place.
    pub fn take(&mut self, id: &str, output: &Output) {
        if let Some(area) = self.0.get_mut(id) {
            area.recorder.record(output, 0);
            area.shorten();
            area.is_new = true;
        }
    }

    /// The place is empty from its next output on.
    pub fn clear(&mut self, id: &str) {
        if let Some(area) = self.0.get_mut(id) {
            area.recorder.clears_next = true;
        }
    }

    /// Gives a display new content in all places where it stands.
    pub fn update(&mut self, display: &str, data: &MimeBundle, metadata: &MimeBundle) {
        for area in self.0.values_mut() {
            area.is_new |= area.recorder.update(display, data, metadata);
        }
    }

    /// The text by which a place is shown now.
    pub fn shown(&mut self, id: &str) -> Option<String> {
        let area = self.0.get_mut(id)?;
        let text = area.text();
        area.told = Some(text.clone());
        Some(text)
    }

    /// The places that clients are to hear of, with their outputs: at once, or those whose turn it is.
    pub fn news(&mut self, is_at_once: bool) -> Vec<(String, Vec<CellOutput>)> {
        let mut news = Vec::new();
        for (id, area) in &mut self.0 {
            let is_due = is_at_once
                || area.bytes() <= SMALL
                || area.sent.is_none_or(|it| it.elapsed() >= PAUSE);
            if area.is_new && is_due {
                area.is_new = false;
                area.sent = Some(Instant::now());
                news.push((id.clone(), area.outputs().to_vec()));
            }
        }
        news
    }

    /// A cell has come to its end: places that were cleared and got nothing since are empty now.
    pub fn settle(&mut self) {
        for area in self.0.values_mut() {
            if std::mem::take(&mut area.recorder.clears_next) {
                area.recorder.clear();
                area.is_new = true;
            }
        }
    }

    /// The places whose text is another one than their displays tell, with the text.
    pub fn texts(&mut self) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for (id, area) in &mut self.0 {
            let text = area.text();
            if area.told.as_ref().is_some_and(|it| *it != text) {
                area.told = Some(text.clone());
                texts.push((id.clone(), text));
            }
        }
        texts
    }
}

impl Area {
    fn outputs(&self) -> &[CellOutput] {
        self.recorder.cells.last().map_or(&[], Vec::as_slice)
    }

    fn bytes(&self) -> usize {
        self.outputs().iter().map(bytes).sum()
    }

    /// Lets go what is too much. The newest output stays, a text's end of it.
    fn shorten(&mut self) {
        let mut surplus = self.bytes().saturating_sub(MOST_BYTES);
        let Some(outputs) = self.recorder.cells.last_mut() else { return };
        while surplus > 0 && outputs.len() > 1 {
            surplus = surplus.saturating_sub(bytes(&outputs.remove(0)));
        }
        if let (1.., Some(CellOutput::Stream { text, .. })) = (surplus, outputs.first_mut()) {
            // Half of it goes, so that not each further line moves all the others.
            let middle = text.len() - text.len().min(MOST_BYTES / 2);
            let line = text.as_bytes()[middle..].iter().position(|it| *it == b'\n');
            let cut = line.map_or_else(|| text.floor_char_boundary(middle), |at| middle + at + 1);
            text.drain(..cut);
        }
    }

    fn text(&self) -> String {
        let texts = self.outputs().iter().map(|output| match output {
            CellOutput::Stream { text, .. } => text.trim_end().to_owned(),
            CellOutput::Result { data, .. } | CellOutput::Display { data, .. } => {
                data.get("text/plain").and_then(|it| it.as_str()).unwrap_or_default().to_owned()
            }
            CellOutput::Error(error) => error.evalue.clone(),
            CellOutput::Unknown(_) => String::new(),
        });
        let text: Vec<String> = texts.filter(|it| !it.is_empty()).collect();
        if text.is_empty() { EMPTY.to_owned() } else { text.join("\n") }
    }
}

fn bytes(output: &CellOutput) -> usize {
    match output {
        CellOutput::Stream { text, .. } => text.len(),
        CellOutput::Result { data, .. } | CellOutput::Display { data, .. } => {
            data.values().map(|it| it.as_str().map_or(1_000, str::len)).sum()
        }
        CellOutput::Error(error) => error.evalue.len(),
        CellOutput::Unknown(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::outcome::Stream;

    fn print(text: &str) -> Output {
        Output::Stream { stream: Stream::Stdout, text: text.to_owned() }
    }

    fn areas() -> Areas {
        let mut areas = Areas::default();
        areas.open("a");
        areas
    }

    #[test]
    fn outputs_are_told_in_their_order_and_a_cleared_place_is_empty_from_the_next_on() {
        let mut areas = areas();
        assert_eq!(areas.shown("a").as_deref(), Some("[output]"));
        areas.take("a", &print("one\n"));
        areas.take("a", &Output::text("two"));
        assert_eq!(areas.news(false).len(), 1);
        assert_eq!(areas.texts(), [("a".to_owned(), "one\ntwo".to_owned())]);
        areas.clear("a");
        assert!(areas.news(true).is_empty() && areas.texts().is_empty());
        areas.take("a", &print("three"));
        areas.settle();
        assert_eq!(areas.texts(), [("a".to_owned(), "three".to_owned())]);
        areas.clear("a");
        areas.settle();
        assert_eq!(areas.texts(), [("a".to_owned(), "[output]".to_owned())]);
    }

    #[test]
    fn a_flood_is_bounded_and_told_now_and_then() {
        let mut areas = areas();
        let line = format!("{}\n", "あ".repeat(1_000));
        let told = (0..2_000).filter(|_| {
            areas.take("a", &print(&line));
            !areas.news(false).is_empty()
        });
        assert!(told.count() < 1_000);
        let news = areas.news(true);
        let texts = news.iter().flat_map(|it| &it.1).map(bytes);
        assert!((MOST_BYTES / 4..=MOST_BYTES).contains(&texts.sum()));
        for _ in 0..20 {
            areas.take("a", &Output::text(&"x".repeat(100_000)));
        }
        assert!(areas.0["a"].bytes() <= MOST_BYTES && areas.0["a"].outputs().len() > 5);
    }
}
