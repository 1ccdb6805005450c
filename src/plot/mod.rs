//! Pictures: curves, points, bars, matrices, images, surfaces, decision regions; `plot::line(&losses)`.
//!
//! Each call gives a [`Figure`], which shows itself as the last expression of a cell, or by [`Figure::show`]. Pictures
//! are SVG, written here: for equal data the same bytes for ever, readable on light and dark pages. A value that is NaN
//! or infinite leaves a gap with a mark. What a cell compiles of a call is next to nothing: generic faces turn what a
//! learner has into numbers (`values`), and everything behind them is compiled with the prelude.

mod bars;
mod chart;
mod color;
mod draw;
mod figure;
mod images;
mod layout;
mod legend;
mod lines;
mod live;
mod marks;
mod matrix;
mod png;
mod scale;
mod sheet;
mod style;
mod surface;
mod svg;
mod taken;
mod text;
mod values;

pub use self::bars::{bars, hist};
pub use self::figure::Figure;
pub use self::images::{image, images};
pub use self::lines::{activation, line, lines, scatter, xy};
pub use self::live::Live;
pub use self::matrix::{confusion, heatmap};
pub use self::style::Legend;
pub use self::surface::{decision, surface};
pub use self::values::{Each, Matrix, Names, Number, Numbers, Points, Span, Values, Whole};
