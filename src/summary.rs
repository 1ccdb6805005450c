//! A model as a table of its layers: shapes of what they make, numbers of parameters; torchinfo's `summary`.

use std::collections::HashSet;
use std::fmt;

use candle_core::{DType, Device, Result, Shape, Tensor, TensorId};

use crate::compute::watch::{Note, watched};
use crate::error::fail;
use crate::nn::Layer;
use crate::print::width::columns;

/// The layers of a model with the shapes of their results for an input of that shape, and their parameters.
///
/// The shape is that of the whole input, with the batch: `summary(&model, (32, 1, 28, 28))?`. The model computes once,
/// of zeros, in whichever mode it is.
///
/// ```
/// use akari::prelude::*;
/// let model = nn::seq![nn::Linear::new(4, 8)?, F::relu, nn::Linear::new(8, 3)?];
/// let table = summary(&model, (32, 4))?;
/// assert_eq!(
///     table.to_string(),
///     "\
/// Layer (type)  Output shape  Parameters
/// ──────────────────────────────────────
/// Sequential    [32, 3]               67
/// ├─ 0: Linear  [32, 8]               40
/// ├─ 1: relu    [32, 8]                0
/// └─ 2: Linear  [32, 3]               27
/// ──────────────────────────────────────
/// Parameters: 67 (0.0 MB)"
/// );
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
///
/// Of a struct with a `forward` of its own, the shape of a layer is known by what is computed of its parameters; that of
/// a layer without any is `?`.
///
/// # Errors
///
/// Those of the model, if such an input doesn't fit.
pub fn summary(model: &impl Layer, shape: impl Into<Shape>) -> Result<Summary> {
    of_model(model, &shape.into())
}

/// The table of a model's layers; see [`summary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    rows: Vec<Row>,
    parameters: usize,
    bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    /// The lines of the tree, the name and the type.
    layer: String,
    shape: String,
    parameters: usize,
}

fn of_model(model: &dyn Layer, shape: &Shape) -> Result<Summary> {
    let (output, notes) = watched(|| computed(model, shape));
    let (input, output) = output?;
    let mut rows = Vec::new();
    let root = Place { name: String::new(), tree: String::new(), below: String::new() };
    describe(model, &root, Some(output.dims().to_vec()), Some(input), &notes, &mut rows);
    let bytes =
        model.parameters().iter().map(|it| it.elem_count() * it.dtype().size_in_bytes()).sum();
    Ok(Summary { rows, parameters: model.num_parameters(), bytes })
}

/// Zeros, and what the model makes of them; whole ones, if it takes no others, as an embedding.
fn computed(model: &dyn Layer, shape: &Shape) -> Result<(Tensor, Tensor)> {
    let input = Tensor::zeros(shape, DType::F32, &Device::Cpu)?;
    match model.forward(&input) {
        Ok(output) => Ok((input, output)),
        Err(error) => match input.to_dtype(DType::I64).and_then(|it| Ok((model.forward(&it)?, it)))
        {
            Ok((output, input)) => Ok((input, output)),
            Err(_) => {
                fail("summary", format_args!("no input of shape {:?} fits: {error}", shape.dims()))
            }
        },
    }
}

/// Where a layer stands in the tree.
struct Place {
    name: String,
    /// The lines before its own line, and before those of its parts.
    tree: String,
    below: String,
}

/// Adds the lines of a layer and its parts; gives the shape of what it makes, where that is known.
fn describe(
    layer: &dyn Layer,
    place: &Place,
    known: Option<Vec<usize>>,
    input: Option<Tensor>,
    notes: &[Note],
    rows: &mut Vec<Row>,
) -> Option<Vec<usize>> {
    let head = layer.head();
    let kind = head.split('(').next().unwrap_or(&head);
    let children = layer.children();
    let dims = known
        .or_else(|| {
            input.as_ref().and_then(|input| layer.forward(input).ok()).map(|it| it.dims().to_vec())
        })
        .or_else(|| made_of_parameters(layer, notes));
    let name = if place.name.is_empty() { String::new() } else { format!("{}: ", place.name) };
    let row = rows.len();
    rows.push(Row {
        layer: format!("{}{name}{kind}", place.tree),
        shape: shape_text(dims.as_deref()),
        parameters: layer.num_parameters(),
    });
    let count = children.len();
    // In a chain each layer takes what the one before it made; in another model only its `forward` knows.
    let is_chain = kind == "Sequential";
    let mut next = input.filter(|_| is_chain);
    let mut last = None;
    for (at, (name, child)) in children.into_iter().enumerate() {
        let is_last = at + 1 == count;
        let (tree, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let place = Place {
            name,
            tree: format!("{}{tree}", place.below),
            below: format!("{}{below}", place.below),
        };
        let made = next.as_ref().and_then(|input| child.forward(input).ok());
        let known = made.as_ref().map(|made| made.dims().to_vec());
        last = describe(child, &place, known, next.take(), notes, rows);
        let zeros = |dims: Vec<usize>| Tensor::zeros(dims, DType::F32, &Device::Cpu).ok();
        next = made.or_else(|| last.clone().and_then(zeros)).filter(|_| is_chain);
    }
    let dims = if is_chain { last.or(dims) } else { dims };
    rows[row].shape = shape_text(dims.as_deref());
    dims
}

fn shape_text(dims: Option<&[usize]>) -> String {
    dims.map_or_else(|| "?".to_owned(), |dims| format!("{dims:?}"))
}

/// The shape of what was computed last of the layer's own parameters.
fn made_of_parameters(layer: &dyn Layer, notes: &[Note]) -> Option<Vec<usize>> {
    let own: HashSet<TensorId> = layer.parameters().iter().map(|var| var.id()).collect();
    let is_own = |note: &&Note| note.args.iter().any(|id| own.contains(id));
    notes.iter().rev().find(is_own).map(|note| note.dims.clone())
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = self.rows.iter().map(|row| grouped(row.parameters)).collect::<Vec<_>>();
        let mut lines = vec![["Layer (type)", "Output shape", "Parameters"]];
        lines.extend(
            self.rows
                .iter()
                .zip(&numbers)
                .map(|(row, number)| [&*row.layer, &*row.shape, &**number]),
        );
        let width = |at: usize| lines.iter().map(|line| columns(line[at])).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2)];
        let rule = "─".repeat(widths.iter().sum::<usize>() + 4);
        for (at, line) in lines.iter().enumerate() {
            let free = |at: usize| " ".repeat(widths[at] - columns(line[at]));
            writeln!(f, "{}{}  {}{}  {}{}", line[0], free(0), line[1], free(1), free(2), line[2])?;
            if at == 0 || at + 1 == lines.len() {
                writeln!(f, "{rule}")?;
            }
        }
        write!(f, "Parameters: {} ({:.1} MB)", grouped(self.parameters), self.bytes as f64 / 1e6)
    }
}

/// A number with commas between its thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    struct Net {
        body: nn::Sequential,
        pool: nn::MaxPool2d,
        out: nn::Linear,
    }

    crate::nn::model!(Net { body, pool, out });

    impl Module for Net {
        fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
            let x = self.pool.forward(&self.body.forward(x)?)?;
            self.out.forward(&x.flatten_from(1)?)
        }
    }

    #[test]
    fn layers_of_a_struct_are_known_by_their_parameters() -> candle_core::Result<()> {
        let body = nn::seq![nn::Conv2d::new(1, 4, 3, Default::default())?, nn::ReLU];
        let net = Net { body, pool: nn::MaxPool2d::new(2), out: nn::Linear::new(4 * 3 * 3, 10)? };
        let table = summary(&net, (5, 1, 8, 8))?;
        let shapes =
            table.rows.iter().map(|row| (row.layer.as_str(), row.shape.as_str(), row.parameters));
        assert_eq!(
            shapes.collect::<Vec<_>>(),
            [
                ("Net", "[5, 10]", 410),
                ("├─ body: Sequential", "[5, 4, 6, 6]", 40),
                ("│  ├─ 0: Conv2d", "[5, 4, 6, 6]", 40),
                ("│  └─ 1: ReLU", "[5, 4, 6, 6]", 0),
                ("├─ pool: MaxPool2d", "?", 0),
                ("└─ out: Linear", "[5, 10]", 370),
            ]
        );
        Ok(())
    }

    #[test]
    fn an_embedding_takes_whole_numbers() -> candle_core::Result<()> {
        let model = nn::seq![nn::Embedding::new(7, 3)?, nn::Flatten::default()];
        let table = summary(&model, (2, 5))?;
        assert_eq!(table.rows[0].shape, "[2, 15]");
        assert!(summary(&nn::seq![nn::Linear::new(3, 2)?], (2, 5)).is_err());
        Ok(())
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(1000), grouped(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
