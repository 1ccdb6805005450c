//! Sliders and buttons: what a learner moves in the notebook, read in later cells or drawn anew at each
//! move; and places that outputs are sent to.
//!
//! ```
//! use akari::prelude::*;
//!
//! let lr = widget::slider("learning rate", 0.01..=1.0, 0.1).show()?;
//! assert_eq!(lr.value(), 0.1); // in a later cell: where the slider stands then
//!
//! widget::interact(("learning rate", 0.01..=1.0, 0.1), |lr| {
//!     let mut x = 1.0;
//!     let steps: Vec<f64> = (0..20).map(|_| { x -= lr * 2.0 * x; x }).collect();
//!     plot::line(&steps).title("steps down x²")
//! });
//! # Ok::<(), akari::candle_core::Error>(())
//! ```
//!
//! A function that a widget calls is kept until the session ends, so it owns what it reads: write `move |lr| ..` and give
//! it clones. It is called between cells, each time with the same random numbers; what it shows takes the place of
//! what it showed before. A widget ends with the process that made it: after a crash or a restart, run its
//! cell again. The client draws widgets by the ipywidgets protocol (JupyterLab with `jupyterlab_widgets`);
//! elsewhere their values are the first ones.

mod number;
mod output;
mod shown;

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use akari_seam::{Frame, Scale};
use candle_core::Result;

pub use self::number::Number;
pub use self::output::{Output, output};
pub use self::shown::Shown;
use crate::display::{self, Place, new_id};
use crate::error::fail;
use crate::random;
use crate::rt::{self, Shared};

/// A slider, made by [`slider`].
#[derive(Clone)]
pub struct Slider<T> {
    widget: Arc<Widget>,
    number: PhantomData<T>,
}

/// A button, made by [`button`].
#[derive(Clone)]
pub struct Button {
    widget: Arc<Widget>,
}

#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Widget {
    id: String,
    label: String,
    /// None of a button, which counts how often it was pressed.
    scale: Option<Scale>,
    value: Arc<Shared>,
    /// Whether the client knows the widget.
    is_open: AtomicBool,
}

/// A slider with a label, from where to where it goes, and where it stands at first. The kind of the
/// numbers is that of the slider: `1..=100` gives whole ones.
///
/// ```
/// use akari::prelude::*;
/// let steps = widget::slider("steps", 1..=100, 20).show()?;
/// let lr = widget::slider("learning rate", 0.001..=0.1, 0.01).step(0.001).show()?;
/// assert_eq!((steps.value() + 1, lr.value() * 2.0), (21, 0.02));
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn slider<T: Number>(label: &str, range: RangeInclusive<T>, value: T) -> Slider<T> {
    let (min, max) = (range.start().to_f64(), range.end().to_f64());
    let step = if T::IS_WHOLE { 1.0 } else { number::step(max - min) };
    let scale = Scale { min, max, step, value: value.to_f64(), is_whole: T::IS_WHOLE };
    Slider { widget: Widget::new(label, Some(scale)), number: PhantomData }
}

/// A button with a label.
///
/// ```
/// use akari::prelude::*;
/// let more = widget::button("one more epoch").show()?;
/// assert_eq!(more.clicks(), 0);
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn button(label: &str) -> Button {
    Button { widget: Widget::new(label, None) }
}

/// Sliders, and below them what the function makes of their numbers: drawn anew at each move.
///
/// A slider is its label, its range and where it stands at first; of several, the function takes a tuple:
/// `widget::interact((("lr", 0.01..=1.0, 0.1), ("steps", 1..=50, 10)), |(lr, steps)| ..)`. The function gives a
/// picture, a tensor, text, a number, nothing, or a `Result` of these.
///
/// # Panics
///
/// If the range is empty or the first value is outside of it, and as the function does.
#[track_caller]
pub fn interact<C: Controls, R: Shown>(
    controls: C,
    mut draw: impl FnMut(C::Values) -> R + 'static,
) -> Interact {
    let widgets = controls.widgets();
    let moved = widgets.clone();
    start(&widgets, Box::new(move || draw(C::values(&mut moved.iter().map(value))).shown()));
    Interact(())
}

/// What [`interact`] gives: nothing more to be done.
#[derive(Debug)]
pub struct Interact(());

impl Interact {
    /// As the last expression: everything is shown already.
    #[doc(hidden)]
    pub fn evcxr_display(&self) {}
}

/// The sliders that [`interact`] takes.
pub trait Controls {
    /// What the function gets.
    type Values: 'static;

    #[doc(hidden)]
    fn widgets(self) -> Vec<Handle>;

    #[doc(hidden)]
    fn values(from: &mut dyn Iterator<Item = f64>) -> Self::Values;
}

impl<T: Number> Controls for (&str, RangeInclusive<T>, T) {
    type Values = T;

    fn widgets(self) -> Vec<Handle> {
        let (label, range, value) = self;
        vec![Handle(slider(label, range, value).widget)]
    }

    fn values(from: &mut dyn Iterator<Item = f64>) -> T {
        T::from_f64(from.next().unwrap_or(0.0))
    }
}

macro_rules! several {
    ($($control:ident)*) => {
        impl<$($control: Controls),*> Controls for ($($control,)*) {
            type Values = ($($control::Values,)*);

            fn widgets(self) -> Vec<Handle> {
                #[allow(non_snake_case)]
                let ($($control,)*) = self;
                [$($control.widgets()),*].concat()
            }

            fn values(from: &mut dyn Iterator<Item = f64>) -> Self::Values {
                ($($control::values(from),)*)
            }
        }
    };
}

several!(A B);
several!(A B C);
several!(A B C D);

/// A widget of [`Controls`].
#[doc(hidden)]
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct Handle(Arc<Widget>);

fn value(handle: &Handle) -> f64 {
    handle.0.value.get()
}

/// Shows widgets and what comes of them, and keeps the function for when one is moved.
#[track_caller]
fn start(handles: &[Handle], mut draw: Box<dyn FnMut() -> Result<()>>) {
    let caller = Location::caller();
    let random = random::copy();
    let mut place = Place::new();
    let widgets: Vec<&Widget> = handles.iter().map(|it| &*it.0).collect();
    let shown = show(&widgets, Some(&place.id)).and_then(|()| place.fill(&mut draw));
    if let Err(error) = shown {
        rt::fail_cell(&error, caller);
    }
    keep(place, random, draw);
}

fn keep(
    mut place: Place,
    random: Option<random::Generator>,
    mut draw: Box<dyn FnMut() -> Result<()>>,
) {
    place.take_place();
    let name = place.id.clone();
    rt::keep_reaction(&name, random, Box::new(move || Ok(place.fill(&mut draw)?)));
}

impl<T: Number> Slider<T> {
    /// The distance between two neighbouring numbers. Default: 1 of whole numbers, else about a hundredth of the range.
    pub fn step(self, step: T) -> Slider<T> {
        let Widget { label, scale, .. } = &*self.widget;
        let scale = scale.map(|scale| Scale { step: step.to_f64(), ..scale });
        Slider { widget: Widget::new(label, scale), number: PhantomData }
    }

    /// Where the slider stands now, also while the cell runs.
    pub fn value(&self) -> T {
        T::from_f64(self.widget.value.get())
    }

    /// Shows the slider below the cell; outside a notebook, nothing happens.
    ///
    /// # Errors
    ///
    /// If the range is empty, the first value is outside of it, or the step is not above 0.
    pub fn show(self) -> Result<Slider<T>> {
        show(&[&self.widget], None)?;
        Ok(self)
    }

    /// The last expression of a cell.
    #[doc(hidden)]
    #[track_caller]
    pub fn evcxr_display(&self) {
        if let Err(error) = show(&[&self.widget], None) {
            rt::fail_cell(&error, Location::caller());
        }
    }
}

impl Button {
    /// How often the button was pressed until now, also while the cell runs.
    pub fn clicks(&self) -> u64 {
        u64::from_f64(self.widget.value.get())
    }

    /// Shows the button below the cell; outside a notebook, nothing happens.
    ///
    /// # Errors
    ///
    /// None; as for a slider, so that both are written alike.
    pub fn show(self) -> Result<Button> {
        show(&[&self.widget], None)?;
        Ok(self)
    }

    /// Shows the button, and calls the function each time that it is pressed. What the function shows stands below the
    /// button.
    #[track_caller]
    pub fn on_click<R: Shown>(self, mut call: impl FnMut() -> R + 'static) -> Button {
        self.start(Box::new(move || call().shown()));
        self
    }

    #[track_caller]
    fn start(&self, call: Box<dyn FnMut() -> Result<()>>) {
        let place = Place::new();
        if let Err(error) = show(&[&self.widget], Some(&place.id)) {
            rt::fail_cell(&error, Location::caller());
        }
        keep(place, random::copy(), call);
    }

    /// The last expression of a cell.
    #[doc(hidden)]
    #[track_caller]
    pub fn evcxr_display(&self) {
        // A button that calls a function is shown already.
        if !self.widget.is_open.load(Ordering::Relaxed)
            && let Err(error) = show(&[&self.widget], None)
        {
            rt::fail_cell(&error, Location::caller());
        }
    }
}

impl Widget {
    fn new(label: &str, scale: Option<Scale>) -> Arc<Widget> {
        let value = Shared::new(scale.map_or(0.0, |scale| scale.value));
        let (id, label) = (new_id(), label.to_owned());
        Arc::new(Widget { id, label, scale, value, is_open: AtomicBool::new(false) })
    }

    /// Tells the client of the widget, once.
    fn open(&self, reaction: Option<&str>) -> Result<()> {
        if let Some(scale) = &self.scale {
            check(scale)?;
        }
        if !self.is_open.swap(true, Ordering::Relaxed) {
            rt::keep_value(&self.id, &self.value);
            let Widget { id, label, scale, .. } = self;
            rt::send(Frame::Widget { id, label, scale: *scale, reaction });
        }
        Ok(())
    }
}

fn check(scale: &Scale) -> Result<()> {
    let Scale { min, max, step, value, .. } = *scale;
    let is_finite = [min, max, step, value].iter().all(|it| it.is_finite());
    if !is_finite || min >= max {
        fail("widget::slider", format_args!("the range {min}..={max} holds no two numbers"))
    } else if !(min..=max).contains(&value) {
        fail("widget::slider", format_args!("the first value, {value}, is not in {min}..={max}"))
    } else if step <= 0.0 {
        fail("widget::slider", format_args!("the step, {step}, is not above 0"))
    } else {
        Ok(())
    }
}

/// Shows widgets one above the other.
fn show(widgets: &[&Widget], reaction: Option<&str>) -> Result<()> {
    rt::interrupt_point();
    for widget in widgets {
        widget.open(reaction)?;
    }
    let ids: Vec<&str> = widgets.iter().map(|it| it.id.as_str()).collect();
    let plain: Vec<String> = widgets.iter().map(ToString::to_string).collect();
    let plain = plain.join("\n");
    match rt::is_connected() {
        true => rt::send(Frame::ShowWidgets { ids: &ids.join(" "), plain: &plain }),
        false => display::plain(&plain),
    }
    Ok(())
}

impl fmt::Display for Widget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scale {
            Some(_) => write!(f, "{}: {}", self.label, self.value.get()),
            None => write!(f, "[{}]", self.label),
        }
    }
}

impl<T> fmt::Display for Slider<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.widget.fmt(f)
    }
}

impl<T> fmt::Debug for Slider<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slider({})", self.widget)
    }
}

impl fmt::Display for Button {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.widget.fmt(f)
    }
}

impl fmt::Debug for Button {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Button({})", self.widget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sliders_that_hold_no_numbers_are_errors() {
        for (range, value, step) in [
            (1.0..=1.0, 1.0, 0.1),
            (2.0..=1.0, 1.5, 0.1),
            (0.0..=f64::NAN, 0.0, 0.1),
            (0.0..=f64::INFINITY, 0.0, 0.1),
            (0.0..=1.0, 1.5, 0.1),
            (0.0..=1.0, f64::NAN, 0.1),
            (0.0..=1.0, 0.5, 0.0),
            (0.0..=1.0, 0.5, f64::NAN),
        ] {
            let slider = slider("x", range.clone(), value).step(step);
            assert!(slider.show().is_err(), "{range:?} {value} {step}");
        }
        assert!(slider("n", 1..=3u8, 2).show().is_ok());
    }

    #[test]
    fn values_follow_what_the_learner_moves() {
        let steps = slider("steps", 1..=100usize, 20);
        steps.widget.value.set(41.6);
        assert_eq!((steps.value(), steps.to_string()), (42, "steps: 41.6".to_owned()));
        let button = button("go");
        button.widget.value.set(3.0);
        assert_eq!((button.clicks(), format!("{button:?}")), (3, "Button([go])".to_owned()));
    }

    #[test]
    fn several_controls_give_a_tuple() {
        let (log, seen) = std::sync::mpsc::channel();
        let controls = (("lr", 0.0..=1.0, 0.5), ("steps", 1..=9, 3));
        interact(controls, move |(lr, steps)| {
            let _ = log.send(lr * f64::from(steps));
        });
        assert_eq!(seen.try_recv(), Ok(1.5));
    }
}
