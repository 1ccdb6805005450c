//! The types that a notebook meets: `Adam`, `SGD` and so on, each around the bookkeeping of its rule.
//!
//! `optimizer!` hands every method on to the `RuleOptimizer` (`optimizer.rs`) that the type holds; the types and
//! their documentation are in the files of the rules.

/// Gives an optimizer, a struct that holds the `RuleOptimizer` of its rule, what every optimizer can do.
///
/// None of these methods is generic but for the list of parameters, so that cells which call them compile
/// no update rule again, and `:vars` and the compiler name the type as it is typed.
macro_rules! optimizer {
    ($name:ident, $config:ident) => {
        impl $name {
            /// An optimizer of one group. Its state takes memory from the first step on.
            ///
            /// # Errors
            ///
            /// If there are no parameters, or an option makes no sense.
            pub fn new(
                params: impl Into<$crate::optim::Parameters>,
                config: $config,
            ) -> candle_core::Result<Self> {
                Self::of(params.into(), config)
            }

            fn of(params: $crate::optim::Parameters, config: $config) -> candle_core::Result<Self> {
                RuleOptimizer::new(params, config).map($name)
            }

            /// An optimizer of several groups, each with its own options.
            ///
            /// # Errors
            ///
            /// If there are no parameters, one is in two groups, or an option makes no sense.
            pub fn with_groups(
                groups: Vec<$crate::optim::ParamGroup<$config>>,
            ) -> candle_core::Result<Self> {
                RuleOptimizer::with_groups(groups).map($name)
            }

            /// Adds a group, for example of layers that are trained only later.
            ///
            /// # Errors
            ///
            /// If one of its parameters is in another group, or an option makes no sense.
            pub fn add_param_group(
                &mut self,
                group: $crate::optim::ParamGroup<$config>,
            ) -> candle_core::Result<()> {
                self.0.add_param_group(group)
            }

            /// The groups; options may be changed between steps.
            pub fn param_groups(&mut self) -> &mut [$crate::optim::ParamGroup<$config>] {
                self.0.param_groups()
            }

            /// Everything that the next step depends on, under PyTorch's names: `state.0.step`,
            /// `param_groups.0.lr`. Parameters are numbered through all groups; their values belong to the
            /// model, not to the optimizer.
            ///
            /// *Differs from PyTorch*, whose dictionary holds dictionaries; this one is flat, so that a
            /// safetensors file can hold it. Options are f64 tensors. See [`optim`](crate::optim) for an
            /// example.
            ///
            /// # Errors
            ///
            /// If memory runs out.
            pub fn state_dict(&self) -> candle_core::Result<$crate::optim::StateDict> {
                self.0.state_dict()
            }

            /// Takes up what `state_dict` gave: options and state. After an error the optimizer is as
            /// before.
            ///
            /// # Errors
            ///
            /// If groups or parameters are others than those that were saved, a name is unknown, or an
            /// option makes no sense.
            pub fn load_state_dict(
                &mut self,
                dict: &$crate::optim::StateDict,
            ) -> candle_core::Result<()> {
                self.0.load_state_dict(dict)
            }
        }

        $crate::optim::named::files!($name);

        impl candle_nn::Optimizer for $name {
            type Config = $config;

            fn new(vars: Vec<candle_core::Var>, config: $config) -> candle_core::Result<Self> {
                Self::of(vars.into(), config)
            }

            fn step(
                &mut self,
                grads: &candle_core::backprop::GradStore,
            ) -> candle_core::Result<()> {
                self.0.step(grads)
            }

            fn learning_rate(&self) -> f64 {
                candle_nn::Optimizer::learning_rate(&self.0)
            }

            fn set_learning_rate(&mut self, lr: f64) {
                candle_nn::Optimizer::set_learning_rate(&mut self.0, lr);
            }

            fn backward_step(&mut self, loss: &candle_core::Tensor) -> candle_core::Result<()> {
                candle_nn::Optimizer::backward_step(&mut self.0, loss)
            }
        }

        impl $crate::optim::Optimizer for $name {
            fn step(
                &mut self,
                grads: &candle_core::backprop::GradStore,
            ) -> candle_core::Result<()> {
                self.0.step(grads)
            }

            fn backward_step(&mut self, loss: &candle_core::Tensor) -> candle_core::Result<()> {
                candle_nn::Optimizer::backward_step(&mut self.0, loss)
            }

            fn learning_rate(&self) -> f64 {
                candle_nn::Optimizer::learning_rate(&self.0)
            }

            fn set_learning_rate(&mut self, lr: f64) {
                candle_nn::Optimizer::set_learning_rate(&mut self.0, lr);
            }

            fn state_dict(&self) -> candle_core::Result<$crate::optim::StateDict> {
                self.0.state_dict()
            }

            fn load_state_dict(
                &mut self,
                dict: &$crate::optim::StateDict,
            ) -> candle_core::Result<()> {
                self.0.load_state_dict(dict)
            }
        }

        impl $crate::optim::ParamGroups for $name {
            fn group_count(&self) -> usize {
                $crate::optim::ParamGroups::group_count(&self.0)
            }

            fn get(&self, group: usize, name: &str) -> Option<Vec<f64>> {
                $crate::optim::ParamGroups::get(&self.0, group, name)
            }

            fn set(&mut self, group: usize, name: &str, numbers: &[f64]) {
                $crate::optim::ParamGroups::set(&mut self.0, group, name, numbers);
            }

            fn note(&mut self, group: usize, name: &'static str, number: f64) {
                $crate::optim::ParamGroups::note(&mut self.0, group, name, number);
            }
        }

        /// `{}` prints the form of PyTorch 1.0 to 1.10.2, `{:#}` that of 2.15.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

pub(super) use optimizer;

/// Gives an optimizer with `state_dict` and `load_state_dict` the ways to a file and back.
macro_rules! files {
    ($name:ident) => {
        impl $name {
            /// Writes what [`state_dict`](Self::state_dict) gives to a file in the safetensors format; the file
            /// is complete or not there.
            ///
            /// # Errors
            ///
            /// If the file can't be written.
            pub fn save(&self, path: impl AsRef<std::path::Path>) -> candle_core::Result<()> {
                let function = concat!("optim::", stringify!($name), "::save");
                $crate::state_dict::write(function, &self.state_dict()?, path.as_ref())
            }

            /// Takes up what [`save`](Self::save) or [`torch::save`](crate::torch::save) wrote. After an error
            /// the optimizer is as before.
            ///
            /// # Errors
            ///
            /// If the file can't be read, and as [`load_state_dict`](Self::load_state_dict).
            pub fn load(&mut self, path: impl AsRef<std::path::Path>) -> candle_core::Result<()> {
                let function = concat!("optim::", stringify!($name), "::load");
                self.load_state_dict(&$crate::state_dict::read(function, path.as_ref())?)
            }
        }

        impl $crate::state_dict::Save for $name {
            fn named_tensors(&self) -> candle_core::Result<$crate::optim::StateDict> {
                self.state_dict()
            }
        }
    };
}

pub(super) use files;
