//! Rich output of a cell: HTML, SVG, Markdown, LaTeX, and outputs that change while it runs.
//!
//! Outside a notebook, where nobody can draw them, these functions do nothing, unless the program wants files of
//! them ([`to_files`]).
//!
//! ```
//! use akari::display;
//!
//! display::html("<b>bold</b>");
//! let bar = display::Handle::new("text/html", "0 %");
//! bar.update("text/html", "50 %");
//! display::clear_output(true);
//! ```

mod files;
mod place;
mod table;

use std::sync::atomic::{AtomicU64, Ordering};

use akari_seam::Frame;

use crate::rt::{self, interrupt_point};

pub use self::files::{ToFiles, cell, to_files};
pub(crate) use self::place::{Place, outside};
pub use self::table::{Rows, Table};
/// Shows a value as the last expression of a cell is shown: a picture as a picture, all else as [`show!`](crate::show)
/// prints it, and `()` not at all.
///
/// ```
/// use akari::prelude::*;
/// display::value!(tensor!([1.0, 2.0]).sum_all()?); // tensor(3.)
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub use crate::__value as value;

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

/// Shows a table: of a tensor, a map, or a list of structs, whose fields are its columns.
///
/// ```
/// use akari::prelude::*;
/// #[derive(Debug)]
/// struct Run {
///     optimizer: &'static str,
///     accuracy: f64,
/// }
/// display::table(&[Run { optimizer: "SGD", accuracy: 0.91 }, Run { optimizer: "Adam", accuracy: 0.94 }]);
/// display::table(&data::confusion_matrix(&tensor!([0, 1, 1]), &tensor!([0, 1, 0]), 2)?);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// The fields are read from what `Debug` writes, so a struct needs `#[derive(Debug)]` and no more.
pub fn table(rows: &(impl Rows + ?Sized)) {
    interrupt_point();
    show_table(rows.table());
}

fn show_table(rows: Table) {
    let (html, text) = table::drawn(rows);
    put(None, false, "text/html", &html, Some(&text));
}

/// Shows a picture, or with `is_update` a new one in its place, and the words for those who can't see it. Asks nobody
/// whether to stop, since it is called where a cell ends too.
pub(crate) fn picture(id: Option<&str>, is_update: bool, svg: &str, told: &str) {
    put(id, is_update, "image/svg+xml", svg, Some(told));
}

/// Shows text, or with `is_update` another one in its place, without asking whether to stop.
pub(crate) fn text(id: &str, is_update: bool, text: &str) {
    put(Some(id), is_update, "text/plain", text, None);
}

/// Shows HTML below the cell, and the text where it can't be drawn.
pub(crate) fn html_or_text(html: &str, text: &str) {
    put(None, false, "text/html", html, Some(text));
}

/// Shows text below the cell.
pub(crate) fn plain(text: &str) {
    put(None, false, "text/plain", text, None);
}

/// Whether somebody sees what is shown.
pub(crate) fn is_seen() -> bool {
    rt::is_connected() || is_in_evcxr() || files::is_on()
}

/// An id for a display that no other one has.
pub(crate) fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // The process id keeps ids apart when a notebook outlives its kernel.
    format!("akari-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
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
        let handle = Handle { id: new_id() };
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
    put(id, is_update, mime_type, content, None);
}

fn put(id: Option<&str>, is_update: bool, mime_type: &str, content: &str, plain: Option<&str>) {
    if rt::is_connected() {
        let (own, is_update) = place::found(id, is_update);
        let id = own.as_deref().or(id);
        rt::send(Frame::Display { id, is_update, mime_type, content, plain });
    } else if files::put(id, is_update, mime_type, content, plain) {
        // The program has wished for files.
    } else if is_in_evcxr() && !is_update {
        // evcxr knows no updates. It makes one output of all contents of a cell.
        println!("EVCXR_BEGIN_CONTENT {mime_type}\n{content}\nEVCXR_END_CONTENT");
        if let Some(plain) = plain {
            println!("EVCXR_BEGIN_CONTENT text/plain\n{plain}\nEVCXR_END_CONTENT");
        }
    }
}

/// Whether evcxr runs this process, which takes displays from between lines on stdout.
fn is_in_evcxr() -> bool {
    std::env::var_os("EVCXR_IS_RUNTIME").is_some()
}
