//! Hidden tests: what a teacher writes in Rust, and learners get compiled only.
//!
//! [`hidden!`](crate::hidden) makes the table of a library's tests, `require!` says what an answer has to be, and an
//! [`Attempt`] is the answer as a test sees it. The library is found and loaded by `library`.

use std::any::Any;
use std::fmt;
use std::panic;

use akari_key::{Texts, Value};
use candle_core::{Error, Result, Tensor, Var};

use super::answer::{Given, Input, Returned};
use super::got::Got;
use crate::rt;

/// The tests of a library, by the ids of their exercises.
pub type Table = fn(&str) -> Option<Test>;

/// A test: it comes to its end if the answers are right.
pub type Test = fn(&[Attempt<'_>]) -> std::result::Result<(), Stopped>;

/// The hidden tests of a lesson; `akari lesson hide` compiles the file that they are in.
///
/// A test takes as many answers as `check!` does, each as an [`Attempt`](crate::exercise::Attempt). It may use `?`, and says by
/// [`require!`](crate::require) what has to be.
///
/// ```
/// use akari::prelude::*;
/// use akari::{hidden, require};
///
/// hidden! {
///     "09-1" => |y| {
///         require!(y.tensor()?.dims() == [2, 3], ja = "形を見直しましょう。", en = "Look at the shape.");
///     }
///     "09-2" => |f| {
///         let x = tensor!([-1.0, 2.0]);
///         let y = f.call(&x)?.tensor()?;
///         require!(torch::allclose(&y, &F::relu(&x)?)?, ja = "負の数も試しましょう。", en = "Try negative numbers too.");
///     }
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! hidden {
    ($($id:literal => |$($answer:ident),+ $(,)?| $body:block)+) => {
        #[doc(hidden)]
        #[allow(unsafe_code)]
        #[unsafe(export_name = "akari_hidden_tests")]
        pub fn akari_hidden_tests(id: &str) -> ::core::option::Option<$crate::exercise::hidden::Test> {
            match id {
                $($id => {
                    fn test(
                        answers: &[$crate::exercise::Attempt<'_>],
                    ) -> ::core::result::Result<(), $crate::exercise::hidden::Stopped> {
                        let [$($answer),+] = answers else {
                            return $crate::exercise::hidden::stopped();
                        };
                        // A body that always panics has no end.
                        #[allow(unreachable_code)]
                        {
                            $body
                            ::core::result::Result::Ok(())
                        }
                    }
                    ::core::option::Option::Some(test)
                })+
                _ => ::core::option::Option::None,
            }
        }
    };
}

/// Says what an answer has to be, and what its learner is told if it isn't: `ja = ".."`, `en = ".."`, both or none.
///
/// The texts are the only ones of a hidden test that anybody reads. See [`hidden!`](crate::hidden).
#[macro_export]
macro_rules! require {
    ($condition:expr $(, $language:ident = $text:expr)* $(,)?) => {
        match $condition {
            true => {}
            false => $crate::exercise::hidden::Message::default()$(.$language($text))*.unmet(),
        }
    };
}

/// What a learner is told where an answer is not what it has to be.
#[derive(Debug, Default)]
pub struct Message(Texts);

impl Message {
    pub fn ja(mut self, text: impl Into<String>) -> Message {
        self.0.ja = Some(text.into());
        self
    }

    pub fn en(mut self, text: impl Into<String>) -> Message {
        self.0.en = Some(text.into());
        self
    }

    /// The same in all languages, as an `assert!` has it.
    pub fn said(self, text: impl Into<String>) -> Message {
        let text = text.into();
        self.ja(text.clone()).en(text)
    }

    /// Ends the test, in whatever function of it this is.
    pub fn unmet(self) -> ! {
        panic::resume_unwind(Box::new(self.0))
    }
}

/// What a test ends with that an error stopped. Nothing of the error is kept: its text may tell what the test tried.
#[allow(missing_debug_implementations)]
pub struct Stopped(());

impl<E: fmt::Display> From<E> for Stopped {
    fn from(_: E) -> Self {
        Stopped(())
    }
}

/// The end of a test that takes another number of answers.
#[doc(hidden)]
pub fn stopped() -> std::result::Result<(), Stopped> {
    Err(Stopped(()))
}

/// The payload of an unwinding that began where a function's body is a blank.
struct IsBlank;

/// An answer as a hidden test sees it.
#[derive(Debug)]
pub struct Attempt<'a>(Kind<'a>);

#[derive(Debug)]
enum Kind<'a> {
    Given(&'a Given<'a>),
    Returned(Returned),
}

impl<'a> Attempt<'a> {
    pub(super) fn new(given: &'a Given<'a>) -> Attempt<'a> {
        Attempt(Kind::Given(given))
    }

    /// The answer as a tensor; what a function gave has its graph.
    ///
    /// # Errors
    ///
    /// For a text, a function, and the error of a result.
    pub fn tensor(&self) -> Result<Tensor> {
        if let Kind::Returned(Returned { tensor: Some(tensor), .. }) = &self.0 {
            return Ok(tensor.clone());
        }
        match self.got()? {
            Got::Numbers(numbers) => numbers.tensor(),
            got => Err(other(got)),
        }
    }

    /// The numbers of a number, a list or a tensor, row by row; 1 for true and 0 for false.
    ///
    /// # Errors
    ///
    /// As [`tensor`](Self::tensor) has them.
    pub fn numbers(&self) -> Result<Vec<f64>> {
        match self.got()? {
            Got::Numbers(numbers) => Ok(numbers.numbers.clone()),
            got => Err(other(got)),
        }
    }

    /// The only number of the answer.
    ///
    /// # Errors
    ///
    /// Where there is none, or more than one.
    pub fn number(&self) -> Result<f64> {
        match self.numbers()?[..] {
            [number] => Ok(number),
            _ => Err(Error::Msg("the answer is more than one number".to_owned()).bt()),
        }
    }

    /// The answer's text.
    ///
    /// # Errors
    ///
    /// For all else.
    pub fn text(&self) -> Result<String> {
        match self.got()? {
            Got::Text(text) => Ok(text.clone()),
            got => Err(other(got)),
        }
    }

    /// What the learner's function gives for one input, or for several as a tuple: `f.call((&x, 0.5))?`.
    ///
    /// # Errors
    ///
    /// The function's own, and one where the answer is no function, or one of other inputs.
    pub fn call(&self, inputs: impl Inputs) -> Result<Attempt<'static>> {
        let Kind::Given(Given::Function(function)) = &self.0 else {
            return Err(Error::Msg("the answer is no function".to_owned()).bt());
        };
        let returned = function.returned(&inputs.inputs());
        match &returned.got {
            Got::Blank => panic::resume_unwind(Box::new(IsBlank)),
            Got::Failed(error) => Err(Error::Msg(error.clone()).bt()),
            _ => Ok(Attempt(Kind::Returned(returned))),
        }
    }

    fn got(&self) -> Result<&Got> {
        match &self.0 {
            Kind::Given(Given::Value(got)) | Kind::Returned(Returned { got, .. }) => Ok(got),
            Kind::Given(Given::Function(_)) => {
                Err(Error::Msg("the answer is a function".to_owned()).bt())
            }
        }
    }
}

fn other(got: &Got) -> Error {
    Error::Msg(format!("the answer is {got}")).bt()
}

/// The inputs of a learner's function: one, or a tuple.
pub trait Inputs {
    #[doc(hidden)]
    fn inputs(self) -> Vec<Input>;
}

impl<T: Into<Input>> Inputs for T {
    fn inputs(self) -> Vec<Input> {
        vec![self.into()]
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))*) => {$(
        impl<$($name: Into<Input>),+> Inputs for ($($name,)+) {
            #[allow(non_snake_case)]
            fn inputs(self) -> Vec<Input> {
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    )*};
}

tuples!((A) (A B) (A B C) (A B C D));

impl From<Tensor> for Input {
    fn from(tensor: Tensor) -> Input {
        Input::Tensor(tensor)
    }
}

impl From<&Tensor> for Input {
    fn from(tensor: &Tensor) -> Input {
        Input::Tensor(tensor.clone())
    }
}

impl From<&Var> for Input {
    fn from(variable: &Var) -> Input {
        Input::Tensor(variable.as_tensor().clone())
    }
}

macro_rules! values {
    ($($type:ty: $value:expr;)*) => {$(
        impl From<$type> for Input {
            fn from(value: $type) -> Input {
                let of: fn($type) -> Value = $value;
                Input::Value(of(value))
            }
        }
    )*};
}

values! {
    f64: Value::Number;
    i64: Value::Whole;
    i32: |value| Value::Whole(value.into());
    usize: |value| Value::Whole(value as i64);
    bool: Value::Truth;
    &str: |value| Value::Text(value.to_owned());
    &[f64]: |value| Value::List(value.iter().copied().map(Value::Number).collect());
    Vec<f64>: |value| Value::List(value.into_iter().map(Value::Number).collect());
}

/// How a test ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Blank,
    /// With the teacher's words, if there are any.
    Unmet(Texts),
    /// By an error or a panic: there is no verdict on the answer but that it is not right.
    Stopped,
}

/// Runs a test. What interrupts the cell goes on, and what panics is contained.
pub fn run(test: Test, answers: &[(&str, Given<'_>)]) -> Outcome {
    let attempts: Vec<Attempt<'_>> = answers.iter().map(|it| Attempt::new(&it.1)).collect();
    match rt::contained(|| test(&attempts).is_ok()) {
        Ok(true) => Outcome::Passed,
        Ok(false) => Outcome::Stopped,
        Err(payload) => outcome(payload),
    }
}

fn outcome(payload: Box<dyn Any + Send>) -> Outcome {
    let outcome = match payload.downcast_ref::<Texts>() {
        Some(texts) => Outcome::Unmet(texts.clone()),
        None if payload.is::<IsBlank>() => Outcome::Blank,
        None => Outcome::Stopped,
    };
    // A payload whose own destructor panics is no reason to end the cell.
    let _ = rt::contained(|| drop(payload));
    outcome
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::exercise::blank::blank;
    use crate::exercise::given;

    hidden! {
        "number" => |y| {
            require!(y.number()? > 2.0, en = "more", ja = "もっと");
            require!(y.number()? < 9.0);
        }
        "function" => |f| {
            let x = Var::new(&[1f64, -3.0], &candle_core::Device::Cpu)?;
            let y = f.call((&x, 2.0))?.tensor()?;
            require!(y.dtype() == candle_core::DType::F64, en = "dtype");
            let slope = y.sum_all()?.backward()?;
            let slope = slope.get(&x).unwrap().to_vec1::<f64>()?;
            require!(slope == [4.0, -12.0], en = format!("slope {slope:?}"));
        }
        "two" => |a, b| {
            require!(a.text()? == "x" && b.numbers()?.len() == 2);
            panic!("out of sorts");
        }
    }

    fn on(id: &str, answers: &[(&str, Given<'_>)]) -> Outcome {
        run(akari_hidden_tests(id).unwrap(), answers)
    }

    fn unmet(en: &str, ja: Option<&str>) -> Outcome {
        Outcome::Unmet(Texts { en: Some(en.to_owned()), ja: ja.map(str::to_owned) })
    }

    #[test]
    fn tests_pass_or_say_the_teachers_words() {
        assert_eq!(on("number", &[("y", given(&3.0))]), Outcome::Passed);
        assert_eq!(on("number", &[("y", given(&1i64))]), unmet("more", Some("もっと")));
        assert_eq!(on("number", &[("y", given(&9.5))]), Outcome::Unmet(Texts::default()));
        assert_eq!(on("number", &[("y", given("x"))]), Outcome::Stopped);
        assert_eq!(on("number", &[]), Outcome::Stopped);
        assert!(akari_hidden_tests("none").is_none());
    }

    #[test]
    fn functions_take_tensors_with_dtype_and_graph() {
        let times = |x: &Tensor, k: f64| (x * x)? * k;
        assert_eq!(on("function", &[("f", given(&times))]), Outcome::Passed);
        let cut = |x: &Tensor, k: f64| x.to_dtype(candle_core::DType::F32)? * k;
        assert_eq!(on("function", &[("f", given(&cut))]), unmet("dtype", None));
        let other = |x: &Tensor, k: f64| x * k;
        assert_eq!(on("function", &[("f", given(&other))]), unmet("slope [2.0, 2.0]", None));
        let none = |_: &Tensor, _: f64| blank::<Result<Tensor>>();
        assert_eq!(on("function", &[("f", given(&none))]), Outcome::Blank);
        assert_eq!(on("function", &[("f", given(&1.0))]), Outcome::Stopped);
    }

    #[test]
    fn panics_are_contained() {
        let print = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let outcome = on("two", &[("a", given("x")), ("b", given(&[1.0, 2.0]))]);
        panic::set_hook(print);
        assert_eq!(outcome, Outcome::Stopped);
    }
}
