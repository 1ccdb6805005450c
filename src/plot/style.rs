//! How a picture is to look: what the methods of a figure ask for, and nothing of what it shows.

use super::values::Span;

/// What was asked for; everything else is chosen by what is shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Style {
    pub title: String,
    pub x_label: String,
    pub y_label: String,
    pub is_log_x: bool,
    pub is_log_y: bool,
    pub x_range: Option<Span>,
    pub y_range: Option<Span>,
    pub size: Option<(f64, f64)>,
    pub legend: Legend,
}

/// Where a legend stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Legend {
    /// In the corner with the fewest points, or beside the area where all corners are full. The default.
    #[default]
    Auto,
    /// In the upper left corner.
    TopLeft,
    /// In the upper right corner.
    TopRight,
    /// In the lower left corner.
    BottomLeft,
    /// In the lower right corner.
    BottomRight,
    /// On the right of the area.
    Beside,
    /// Nowhere.
    None,
}
