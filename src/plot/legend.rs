//! The legend: which line is which, in the corner where the fewest points are, or beside the area.

use super::chart::{Kind, Plot};
use super::layout::Layout;
use super::marks::{Look, markers, stroke};
use super::style::Legend;
use super::svg::{Anchor, Area, At, Svg};
use super::text::{shortened, width};

const SIZE: f64 = 12.0;
const LINE: f64 = 18.0;

/// The lines of a legend.
#[derive(Debug)]
pub(super) struct Key {
    /// The number of the series and its name, as it is written.
    rows: Vec<(usize, String)>,
}

impl Key {
    /// The legend of all series that have a name; none where nothing needs one.
    pub fn of(plot: &Plot, legend: Legend) -> Option<Key> {
        let most = plot.size.0 * 0.45;
        let named = plot.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty());
        let rows =
            named.map(|(at, series)| (at, shortened(&series.name, SIZE, most))).collect::<Vec<_>>();
        (!rows.is_empty() && legend != Legend::None).then_some(Key { rows })
    }

    pub fn width(&self) -> f64 {
        42.0 + self.rows.iter().map(|row| width(&row.1, SIZE)).fold(0.0, f64::max)
    }

    fn height(&self) -> f64 {
        self.rows.len() as f64 * LINE + 8.0
    }

    /// The area of the legend in a corner.
    fn corner(&self, area: Area, legend: Legend) -> Area {
        let (wide, high) = (self.width(), self.height());
        let left = match legend {
            Legend::TopLeft | Legend::BottomLeft => area.left + 8.0,
            _ => area.right - 8.0 - wide,
        };
        let top = match legend {
            Legend::BottomLeft | Legend::BottomRight => area.bottom - 8.0 - high,
            _ => area.top + 8.0,
        };
        Area { left, top, right: left + wide, bottom: top + high }
    }

    /// The corner that the fewest points are in, if there is one with hardly any.
    pub fn free_corner(&self, area: Area, points: &[(f64, f64)]) -> Option<Legend> {
        let corners = [Legend::TopRight, Legend::TopLeft, Legend::BottomRight, Legend::BottomLeft];
        let count = |legend: Legend| {
            let corner = self.corner(area, legend);
            points.iter().filter(|point| corner.holds(**point)).count()
        };
        let best =
            corners.into_iter().map(|legend| (count(legend), legend)).min_by_key(|it| it.0)?;
        let fits = self.width() + 16.0 < area.width() && self.height() + 16.0 < area.height();
        (fits && best.0 * 40 <= points.len()).then_some(best.1)
    }

    pub fn draw(&self, svg: &mut Svg, plot: &Plot, layout: &Layout, legend: Legend) {
        let place = match legend {
            Legend::Beside => {
                let (left, top) = (layout.legend_left, layout.area.top);
                Area { left, top, right: left + self.width(), bottom: top + self.height() }
            }
            corner => self.corner(layout.area, corner),
        };
        svg.put(format_args!(
            "<g class=\"g\" stroke=\"#d8dee4\"><rect class=\"p\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\" fill=\"#ffffff\" fill-opacity=\".88\"/></g>",
            At(place.left), At(place.top), At(place.width()), At(place.height()),
        ));
        for (row, (number, _)) in self.rows.iter().enumerate() {
            let y = place.top + 13.0 + LINE * row as f64;
            let look = Look {
                color: plot.color(*number),
                number: *number,
                is_on_panel: plot.fill.is_none(),
            };
            let kind = plot.series[*number].kind;
            if kind != Kind::Points {
                stroke(svg, &format!("M{} {}h22", At(place.left + 7.0), At(y)), look);
            }
            if kind != Kind::Line {
                markers(svg, &[(place.left + 18.0, y)], look, 3.5);
            }
        }
        svg.texts("t", SIZE, |svg| {
            for (row, (_, name)) in self.rows.iter().enumerate() {
                let y = place.top + 17.0 + LINE * row as f64;
                svg.text((place.left + 36.0, y), Anchor::Start, "", name);
            }
        });
    }
}
