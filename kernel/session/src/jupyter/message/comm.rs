//! Messages of comms, and the models of the ipywidgets protocol (version 2) that they carry.

use serde::Serialize;
use serde_json::{Value, json};

use super::Object;
use crate::engine::outcome::{CellError, Scale, Widget};
use crate::engine::recorded::CellOutput;

/// The target of comms of widgets.
pub const WIDGET: &str = "jupyter.widget";

/// The target by which a client asks for all widgets at once.
pub const CONTROL: &str = "jupyter.widget.control";

/// The versions of the JavaScript packages whose models these are.
const CONTROLS: (&str, &str) = ("@jupyter-widgets/controls", "2.0.0");
const BASE: (&str, &str) = ("@jupyter-widgets/base", "2.0.0");
const OUTPUT: (&str, &str) = ("@jupyter-widgets/output", "1.0.0");

/// What a message of a client says to a comm.
#[derive(Debug, PartialEq)]
pub enum CommRequest {
    /// New values of a widget's fields.
    Update(Object),
    /// A button was pressed.
    Click,
    /// The client wants all fields of this widget.
    State,
    /// The client wants all fields of all widgets.
    States,
    Unknown,
}

impl CommRequest {
    pub(super) fn read(data: &Object) -> CommRequest {
        match data.get("method").and_then(Value::as_str) {
            Some("update") => match data.get("state") {
                Some(Value::Object(state)) => CommRequest::Update(state.clone()),
                _ => CommRequest::Unknown,
            },
            Some("custom") => match data.get("content").and_then(|it| it.get("event")) {
                Some(Value::String(event)) if event == "click" => CommRequest::Click,
                _ => CommRequest::Unknown,
            },
            Some("request_state") => CommRequest::State,
            Some("request_states") => CommRequest::States,
            _ => CommRequest::Unknown,
        }
    }
}

/// What the kernel says to a comm of a client.
#[derive(Debug, Serialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum CommData<'a> {
    Update { state: &'a Object, buffer_paths: [(); 0] },
    UpdateStates { states: Object, buffer_paths: [(); 0] },
}

/// A model of a widget: the id of its comm, and its fields.
pub type Model = (String, Object);

/// The models of a widget: what it is made of comes first.
pub fn models(widget: &Widget) -> Vec<Model> {
    let Widget { id, label, scale, .. } = widget;
    let [layout, style] = ["layout", "style"].map(|part| format!("{id}-{part}"));
    let kind = match scale {
        None => "Button",
        Some(Scale { is_whole: true, .. }) => "IntSlider",
        Some(_) => "FloatSlider",
    };
    let mut state = model(CONTROLS, kind, true);
    state.extend(links(&layout, Some(&style)));
    state.insert("description".to_owned(), label.as_str().into());
    state.insert("disabled".to_owned(), false.into());
    let mut own_style =
        model(CONTROLS, if scale.is_some() { "SliderStyle" } else { "ButtonStyle" }, false);
    let mut own_layout = model(BASE, "Layout", false);
    if let Some(scale) = scale {
        state.extend(of_scale(scale));
        // Labels are words, and not one letter.
        own_style.insert("description_width".to_owned(), "initial".into());
        own_layout.insert("width".to_owned(), "28em".into());
    }
    vec![(layout, own_layout), (style, own_style), (id.clone(), state)]
}

/// The models of a box with widgets in it, one above the other.
pub fn column(id: &str, widgets: &[String]) -> Vec<Model> {
    let layout = format!("{id}-layout");
    let mut state = model(CONTROLS, "VBox", true);
    state.extend(links(&layout, None));
    let children: Vec<String> = widgets.iter().map(|it| link(it)).collect();
    state.insert("children".to_owned(), children.into());
    vec![(layout, model(BASE, "Layout", false)), (id.to_owned(), state)]
}

/// The models of a place for outputs.
pub fn area(id: &str) -> Vec<Model> {
    let layout = format!("{id}-layout");
    let mut state = model(OUTPUT, "Output", true);
    state.extend(links(&layout, None));
    state.insert("msg_id".to_owned(), "".into());
    state.extend(outputs(&[]));
    vec![(layout, model(BASE, "Layout", false)), (id.to_owned(), state)]
}

/// An output as a notebook has it.
#[derive(Debug, Serialize)]
#[serde(tag = "output_type", rename_all = "snake_case")]
enum Kept<'a> {
    Stream { name: &'static str, text: &'a str },
    DisplayData { data: &'a Object, metadata: &'a Object },
    Error { ename: &'a str, evalue: &'a str, traceback: &'a [String] },
}

/// The field of a place that has its outputs.
pub fn outputs(outputs: &[CellOutput]) -> Object {
    let none = Object::new();
    let kept: Vec<Kept<'_>> = outputs
        .iter()
        .filter_map(|output| match output {
            CellOutput::Stream { stream, text } => Some(Kept::Stream { name: stream.name(), text }),
            CellOutput::Result { data, .. } => Some(Kept::DisplayData { data, metadata: &none }),
            CellOutput::Display { data, metadata, .. } => {
                Some(Kept::DisplayData { data, metadata })
            }
            CellOutput::Error(CellError { ename, evalue, traceback }) => {
                Some(Kept::Error { ename, evalue, traceback })
            }
            CellOutput::Unknown(_) => None,
        })
        .collect();
    Object::from_iter([("outputs".to_owned(), serde_json::to_value(kept).unwrap_or_default())])
}

fn model((module, version): (&str, &str), kind: &str, has_view: bool) -> Object {
    // Styles are views of their own kind.
    let (view_module, view_version) = if has_view { (module, version) } else { BASE };
    let view = match (has_view, kind) {
        (false, "Layout") => "LayoutView".to_owned(),
        (false, _) => "StyleView".to_owned(),
        (true, _) => format!("{kind}View"),
    };
    object(json!({
        "_model_module": module,
        "_model_module_version": version,
        "_model_name": format!("{kind}Model"),
        "_view_module": view_module,
        "_view_module_version": view_version,
        "_view_name": view,
        "_view_count": null,
    }))
}

fn links(layout: &str, style: Option<&str>) -> Object {
    let layout = [("layout".to_owned(), link(layout).into())];
    let style = style.map(|it| ("style".to_owned(), link(it).into()));
    layout.into_iter().chain(style).collect()
}

/// The reference to another model.
fn link(id: &str) -> String {
    format!("IPY_MODEL_{id}")
}

fn of_scale(scale: &Scale) -> Object {
    let number = |it: f64| if scale.is_whole { json!(it as i64) } else { json!(it) };
    let format = if scale.is_whole {
        "d".to_owned()
    } else {
        let digits = (-scale.step.log10()).ceil().clamp(0.0, 12.0);
        format!(".{digits}f")
    };
    object(json!({
        "min": number(scale.min),
        "max": number(scale.max),
        "step": number(scale.step),
        "value": number(scale.value),
        "continuous_update": true,
        "orientation": "horizontal",
        "readout": true,
        "readout_format": format,
    }))
}

/// The content of a display that shows a widget, with text for clients that can't.
pub fn view(id: &str, plain: &str) -> Object {
    object(json!({
        "application/vnd.jupyter.widget-view+json": {
            "version_major": 2,
            "version_minor": 0,
            "model_id": id,
        },
        "text/plain": plain,
    }))
}

/// The fields that tell a learner that a widget does nothing any more.
pub fn ended(label: &str) -> Object {
    object(
        json!({ "disabled": true, "description": format!("{label} (ended: run the cell again)") }),
    )
}

/// A widget among all that a client asks for.
pub fn described(state: &Object) -> Value {
    let field = |name: &str| state.get(name).cloned().unwrap_or_default();
    json!({
        "model_name": field("_model_name"),
        "model_module": field("_model_module"),
        "model_module_version": field("_model_module_version"),
        "state": state,
    })
}

/// A comm among those that are open.
pub fn listed() -> Value {
    json!({ "target_name": WIDGET })
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slider(step: f64, is_whole: bool) -> Widget {
        let scale = Scale { min: 0.0, max: 1.0, step, value: 1.0, is_whole };
        Widget { id: "w".into(), label: "lr".into(), scale: Some(scale), reaction: None }
    }

    #[test]
    fn sliders_are_those_of_ipywidgets() {
        let models = models(&slider(0.01, false));
        let ids: Vec<&str> = models.iter().map(|it| it.0.as_str()).collect();
        assert_eq!(ids, ["w-layout", "w-style", "w"]);
        let state = &models[2].1;
        assert_eq!(state["_model_name"], "FloatSliderModel");
        assert_eq!(state["layout"], "IPY_MODEL_w-layout");
        assert_eq!((&state["value"], &state["readout_format"]), (&json!(1.0), &json!(".2f")));
        let whole = super::models(&slider(1.0, true));
        assert_eq!((&whole[2].1["value"], &whole[2].1["readout_format"]), (&json!(1), &json!("d")));
    }

    #[test]
    fn outputs_are_those_of_a_notebook() {
        use crate::engine::outcome::{Stream, plain};
        let kept = outputs(&[
            CellOutput::Stream { stream: Stream::Stderr, text: "a".into() },
            CellOutput::Display { data: plain("b"), metadata: Object::new(), display_id: None },
        ]);
        assert_eq!(
            Value::from(kept),
            json!({"outputs": [
                {"output_type": "stream", "name": "stderr", "text": "a"},
                {"output_type": "display_data", "data": {"text/plain": "b"}, "metadata": {}},
            ]})
        );
        let models = area("o");
        assert_eq!(
            (&models[1].1["_model_name"], &models[1].1["outputs"]),
            (&json!("OutputModel"), &json!([]))
        );
    }

    #[test]
    fn any_data_of_a_comm_is_read() {
        for (data, expected) in [
            (
                json!({"method": "update", "state": {"value": 1}}),
                CommRequest::Update(object(json!({"value": 1}))),
            ),
            (json!({"method": "update", "state": [1]}), CommRequest::Unknown),
            (json!({"method": "custom", "content": {"event": "click"}}), CommRequest::Click),
            (json!({"method": "custom", "content": 5}), CommRequest::Unknown),
            (json!({"method": "custom"}), CommRequest::Unknown),
            (json!({"method": ["update"]}), CommRequest::Unknown),
            (json!({"method": "request_state"}), CommRequest::State),
            (json!({"method": "request_states"}), CommRequest::States),
            (json!({}), CommRequest::Unknown),
        ] {
            assert_eq!(CommRequest::read(&object(data.clone())), expected, "{data}");
        }
    }
}
