//! Optimizers and schedulers with keyword arguments: `optim::SGD!(net.parameters(), lr = 0.1)?`.
//!
//! `crate::keywords` says how; a row is as in `nn/keywords.rs`.

use crate::keywords::keywords;

keywords! {
    $ in [optim]:
    __Adadelta as Adadelta: new new, AdadeltaConfig;
    __Adafactor as Adafactor: new new, AdafactorConfig;
    __Adagrad as Adagrad: new new, AdagradConfig;
    __Adam as Adam: new new, AdamConfig;
    __AdamW as AdamW: new new, AdamWConfig;
    __Adamax as Adamax: new new, AdamaxConfig;
    __ASGD as ASGD: new new, ASGDConfig;
    __LBFGS as LBFGS: new new, LBFGSConfig;
    __Muon as Muon: new new, MuonConfig;
    __NAdam as NAdam: new new, NAdamConfig;
    __RAdam as RAdam: new new, RAdamConfig;
    __RMSprop as RMSprop: new new, RMSpropConfig;
    __Rprop as Rprop: new new, RpropConfig;
    __SGD as SGD: new new, SGDConfig;
}
