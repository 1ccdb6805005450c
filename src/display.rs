//! Rich output of a cell: HTML, SVG, Markdown, LaTeX, and outputs that change while it runs.
//!
//! Outside a notebook, where nobody can draw them, these functions do nothing.
//!
//! ```
//! use akari::display;
//!
//! display::html("<b>bold</b>");
//! let bar = display::Handle::new("text/html", "0 %");
//! bar.update("text/html", "50 %");
//! display::clear_output(true);
//! ```

use std::sync::atomic::{AtomicU64, Ordering};

use akari_seam::Frame;

use crate::rt::{self, interrupt_point};

/// Shows HTML below the cell.
pub fn html(content: &str) {
    mime("text/html", content);
}

/// Shows an SVG picture below the cell.
pub fn svg(content: &str) {
    mime("image/svg+xml", content);
}

/// Shows Markdown below the cell.
pub fn markdown(content: &str) {
    mime("text/markdown", content);
}

/// Shows a formula below the cell; `content` carries its own `$` signs.
pub fn latex(content: &str) {
    mime("text/latex", content);
}

/// Shows content of any MIME type below the cell; binary types take base64.
pub fn mime(mime_type: &str, content: &str) {
    send(None, false, mime_type, content);
}

/// Removes the cell's outputs; with `wait`, only when the next output replaces them, so that
/// nothing flickers.
pub fn clear_output(wait: bool) {
    rt::send(Frame::Clear { waits: wait });
}

/// An output that can be replaced later, as a progress bar or a growing plot is.
#[derive(Debug, Clone)]
pub struct Handle {
    id: String,
}

impl Handle {
    /// Shows the first content.
    pub fn new(mime_type: &str, content: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // The process id keeps ids apart when a notebook outlives its kernel.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let handle = Handle { id: format!("akari-{}-{number}", std::process::id()) };
        send(Some(&handle.id), false, mime_type, content);
        handle
    }

    /// Replaces the content, also from a later cell.
    pub fn update(&self, mime_type: &str, content: &str) {
        send(Some(&self.id), true, mime_type, content);
    }
}

fn send(id: Option<&str>, is_update: bool, mime_type: &str, content: &str) {
    // A loop that does nothing but display can be stopped too.
    interrupt_point();
    rt::send(Frame::Display { id, is_update, mime_type, content });
}
