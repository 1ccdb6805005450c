//! A tensor as text: nesting, columns, elision, and what follows behind the numbers.
//!
//! `format.rs` writes the single numbers, `python.rs` has what reprs share. A large tensor is never copied: the
//! elements that are shown are read in place.

use candle_core::{CpuStorage, DType, Device, Result, Storage, Tensor, Var, bail};

use super::format::{Element, Formatter};
use super::options::{self, PrintOptions};
use super::python::tuple;

/// The text before the numbers; rows are indented by its length.
const PREFIX: &str = "tensor(";

/// The note behind a tensor's numbers about its part in a graph.
///
/// candle doesn't tell which operation made a tensor; a caller who knows can name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suffix<'a> {
    /// Nothing.
    None,
    /// `requires_grad=True`, of a variable.
    RequiresGrad,
    /// `grad_fn=<..>` with the name of the operation that made the tensor.
    GradFn(&'a str),
}

/// The tensor as `print` shows it in PyTorch, by the options in force; a variable's text ends in
/// `requires_grad=True`.
///
/// # Errors
///
/// For dtypes that candle stores as raw bytes.
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
///
/// assert_eq!(akari::print::tensor_text(&tensor!([0.25, 1.0]))?, "tensor([0.2500, 1.0000])");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn tensor_text(tensor: &Tensor) -> Result<String> {
    let suffix = if tensor.is_variable() { Suffix::RequiresGrad } else { Suffix::None };
    tensor_text_with(tensor, suffix, &options::current())
}

/// The tensor as `print` shows it in PyTorch, with a suffix and options of its own.
///
/// # Errors
///
/// As [`tensor_text`].
///
/// # Examples
///
/// ```
/// use akari::prelude::*;
/// use akari::print::{Suffix, tensor_text_with};
///
/// let options = torch::PrintOptions { precision: 1, ..Default::default() };
/// let text = tensor_text_with(&tensor!([0.25]), Suffix::GradFn("MulBackward0"), &options)?;
/// assert_eq!(text, "tensor([0.2], grad_fn=<MulBackward0>)");
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn tensor_text_with(
    tensor: &Tensor,
    suffix: Suffix<'_>,
    options: &PrintOptions,
) -> Result<String> {
    let tensor = tensor.to_device(&Device::Cpu)?;
    let dtype = dtype_name(tensor.dtype());
    let mut suffixes = Vec::new();
    let body = if tensor.elem_count() == 0 {
        // Numpy's rule: the shape is said unless it is (0,).
        if tensor.rank() != 1 {
            suffixes.push(format!("size={}", tuple(tensor.dims())));
        }
        // No element shows what the dtype is.
        if tensor.dtype() != DType::F32 {
            suffixes.push(format!("dtype={dtype}"));
        }
        "[]".to_owned()
    } else {
        if options.edgeitems == 0 {
            suffixes.push(format!("size={}", tuple(tensor.dims())));
        }
        if !matches!(tensor.dtype(), DType::F32 | DType::I64) {
            suffixes.push(format!("dtype={dtype}"));
        }
        body(&tensor, options)?
    };
    match suffix {
        Suffix::None => {}
        Suffix::RequiresGrad => suffixes.push("requires_grad=True".to_owned()),
        Suffix::GradFn(name) => suffixes.push(format!("grad_fn=<{name}>")),
    }
    Ok(with_suffixes(PREFIX.to_owned() + &body, &suffixes, options))
}

/// The variable as PyTorch shows an `nn.Parameter`.
///
/// ```
/// use akari::prelude::*;
///
/// let weight = Var::from_tensor(&tensor!([1.0, 2.0]))?;
/// assert_eq!(
///     akari::print::parameter_text(&weight)?,
///     "Parameter containing:\ntensor([1., 2.], requires_grad=True)"
/// );
/// # Ok::<(), akari::candle_core::Error>(())
/// ```
pub fn parameter_text(variable: &Var) -> Result<String> {
    Ok(format!("Parameter containing:\n{}", tensor_text(variable)?))
}

fn with_suffixes(mut text: String, suffixes: &[String], options: &PrintOptions) -> String {
    let last_line = text.rsplit('\n').next().unwrap_or_default().len();
    let mut column = last_line + 2;
    for suffix in suffixes {
        if column + suffix.len() + 2 > options.linewidth {
            text += &format!(",\n{:indent$}{suffix}", "", indent = PREFIX.len());
            column = PREFIX.len() + suffix.len();
        } else {
            text += &format!(", {suffix}");
            column += suffix.len() + 2;
        }
    }
    text + ")"
}

fn body(tensor: &Tensor, options: &PrintOptions) -> Result<String> {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { bail!("printing: the tensor is not on the CPU") };
    let mut grid = Grid {
        storage,
        dims: layout.dims(),
        strides: layout.stride(),
        is_summary: tensor.elem_count() > options.threshold,
        options,
    };
    let mut elements = Vec::new();
    grid.visit(0, layout.start_offset(), &mut elements)?;
    let formatter = Formatter::new(&elements, tensor.dtype().is_float(), options);
    let mut elements = elements.into_iter();
    Ok(grid.text(0, &formatter, &mut elements))
}

/// The elements that are printed, in place: a large tensor is never copied.
struct Grid<'a> {
    storage: &'a CpuStorage,
    dims: &'a [usize],
    strides: &'a [usize],
    is_summary: bool,
    options: &'a PrintOptions,
}

impl Grid<'_> {
    fn is_cut(&self, axis: usize) -> bool {
        self.is_summary && self.dims[axis] > self.options.edgeitems.saturating_mul(2)
    }

    /// The indices of an axis that are shown.
    fn shown(&self, axis: usize) -> impl Iterator<Item = usize> + use<> {
        let size = self.dims[axis];
        let edge = if self.is_cut(axis) { self.options.edgeitems } else { size };
        let tail = if self.is_cut(axis) { size - edge } else { size };
        (0..edge).chain(tail..size)
    }

    /// Collects the elements that are shown, in the order of the text.
    fn visit(&mut self, axis: usize, offset: usize, elements: &mut Vec<Element>) -> Result<()> {
        if axis == self.dims.len() {
            elements.push(element(self.storage, offset)?);
            return Ok(());
        }
        for index in self.shown(axis) {
            self.visit(axis + 1, offset + index * self.strides[axis], elements)?;
        }
        Ok(())
    }

    fn text(
        &self,
        axis: usize,
        formatter: &Formatter,
        elements: &mut impl Iterator<Item = Element>,
    ) -> String {
        let rank = self.dims.len();
        let mut next =
            || elements.next().map(|element| formatter.padded(element)).unwrap_or_default();
        if rank == 0 {
            return next();
        }
        let indent = PREFIX.len() + axis;
        if axis + 1 == rank {
            let texts = self.shown(axis).map(|_| next()).collect::<Vec<_>>();
            return self.row(texts, self.is_cut(axis), formatter.width(), indent);
        }
        let mut parts = Vec::new();
        for (position, _) in self.shown(axis).enumerate() {
            if self.is_cut(axis) && position == self.options.edgeitems {
                parts.push("...".to_owned());
            }
            parts.push(self.text(axis + 1, formatter, elements));
        }
        if self.is_cut(axis) && self.options.edgeitems == 0 {
            parts.push("...".to_owned());
        }
        let newlines = "\n".repeat(rank - axis - 1);
        let separator = format!(",{newlines}{:width$}", "", width = indent + 1);
        format!("[{}]", parts.join(&separator))
    }

    /// The last axis, broken into lines.
    fn row(&self, mut texts: Vec<String>, is_cut: bool, width: usize, indent: usize) -> String {
        let room = self.options.linewidth.saturating_sub(indent);
        let per_line = (room / (width + 2)).max(1);
        if self.is_summary && self.options.edgeitems == 0 {
            texts = vec!["...".to_owned()];
        } else if is_cut {
            texts.insert(self.options.edgeitems, " ...".to_owned());
        }
        let lines = texts.chunks(per_line).map(|line| line.join(", ")).collect::<Vec<_>>();
        format!("[{}]", lines.join(&format!(",\n{:width$}", "", width = indent + 1)))
    }
}

fn element(storage: &CpuStorage, index: usize) -> Result<Element> {
    Ok(match storage {
        CpuStorage::U8(values) => Element::Integer(values[index].into()),
        CpuStorage::U32(values) => Element::Integer(values[index].into()),
        CpuStorage::I16(values) => Element::Integer(values[index].into()),
        CpuStorage::I32(values) => Element::Integer(values[index].into()),
        CpuStorage::I64(values) => Element::Integer(values[index]),
        CpuStorage::BF16(values) => Element::Float(values[index].to_f64()),
        CpuStorage::F16(values) => Element::Float(values[index].to_f64()),
        CpuStorage::F32(values) => Element::Float(values[index].into()),
        CpuStorage::F64(values) => Element::Float(values[index]),
        CpuStorage::F8E4M3(values) => Element::Float(values[index].to_f64()),
        _ => bail!(
            "printing: candle stores this dtype as raw bytes; convert it with .to_dtype(DType::F32)?"
        ),
    })
}

/// PyTorch's name of a dtype, such as `torch.float32`.
///
/// ```
/// assert_eq!(akari::print::dtype_name(akari::candle_core::DType::F32), "torch.float32");
/// ```
pub fn dtype_name(dtype: DType) -> &'static str {
    match dtype {
        DType::U8 => "torch.uint8",
        DType::U32 => "torch.uint32",
        DType::I16 => "torch.int16",
        DType::I32 => "torch.int32",
        DType::I64 => "torch.int64",
        DType::BF16 => "torch.bfloat16",
        DType::F16 => "torch.float16",
        DType::F32 => "torch.float32",
        DType::F64 => "torch.float64",
        DType::F8E4M3 => "torch.float8_e4m3fn",
        // PyTorch has no such tensors; candle's own name then.
        other => other.as_str(),
    }
}
