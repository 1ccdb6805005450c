//! Sums, extremes, orders and counts.

use akari::prelude::*;

rows! {
    samples: [x y v image labels n];

    "t.sum()" same { (torch::sum(&x)?, torch::sum(&n)?, t!(x.sum())) };
    "t.sum(dim)" way "x.sum(0)" => "torch::sum_dim(&x, 0)?" { (torch::sum_dim(&x, 0)?, t!(x.sum(0))) };
    "t.sum(dim, keepdim=True)"
        way "x.sum(0, keepdim=True)" => "torch::sum_keepdim(&x, 0)?" {
            (torch::sum_keepdim(&x, 0)?, t!(x.sum(0, keepdim = true)))
        };
    "t.mean()" same { torch::mean(&x)? };
    "t.mean(dim)" way "x.mean(0)" => "torch::mean_dim(&x, 0)?" { torch::mean_dim(&x, 0)? };
    "t.var(dim)" way "x.var(0)" => "torch::var_dim(&x, 0)?" { torch::var_dim(&x, 0)? };
    "t.var() (all)" same { torch::var(&x)? };
    "t.std()" same { torch::std(&x)? };
    "t.std(dim)" same { torch::std_dim(&x, 1)? };
    "t.var(correction=0)"
        way "x.std(0, correction=0, keepdim=True)" => "torch::std_with(&x, 0, 0.0, true)?" {
            (torch::std_with(&x, 0, 0.0, true)?, t!(x.var(correction = 0)))
        };
    "t.max()" same { (torch::max(&x)?, torch::min(&x)?) };
    "t.max(dim) -> (values, indices)" way "x.max(0)" => "torch::max_dim(&x, 0)?" { torch::max_dim(&x, 0)? };
    "t.min(dim) -> (values, indices)" way "x.min(0)" => "min_dim" { torch::min_dim(&x, 0)? };
    "t.amax/amin(dim)" same { (torch::amax(&x, 0)?, torch::amin(&x, 1)?) };
    "t.argmax(dim)" same { torch::argmax(&x, 1)? };
    "t.argmax()" way "x.argmax()" => "torch::argmax(&x, ())?" { torch::argmax(&x, ())? };
    "t.argmin(dim)" same { torch::argmin(&x, 0)? };
    "t.prod" same { (torch::prod(&x)?, torch::prod_dim(&x, 0)?) };
    "t.cumsum" same { torch::cumsum(&x, 1)? };
    "t.cumprod" same { torch::cumprod(&x, 0)? };
    "t.logsumexp" same { torch::logsumexp(&x, 1)? };
    "t.norm / linalg.norm" same { (torch::norm(&x)?, torch::linalg::norm(&v)?, torch::norm_dim(&x, 1)?) };
    "torch.median/mode/quantile" same {
        (torch::median(&x)?, torch::mode(&n, 1)?, torch::quantile(&x, 0.25)?)
    };
    "torch.sort (last dim)" same { torch::sort(&x, -1, false)? };
    "torch.sort(dim)" same { torch::sort(&x, 0, true)? };
    "torch.argsort" same { torch::argsort(&x, 1, true)? };
    "torch.topk" same { torch::topk(&x, 2, -1, true, true)? };
    "torch.kthvalue" same { torch::kthvalue(&x, 2, 1)? };
    "torch.unique" same { (torch::unique(&n)?, torch::unique_counts(&n)?.2) };
    "torch.bincount" same { torch::bincount(&labels, None, 5)? };
    "torch.histc" same { torch::histc(&x, 4, -2.0, 2.0)? };
    "torch.corrcoef/cov" same { (torch::corrcoef(&x)?, torch::cov(&x)?) };
    "torch.cdist" same { torch::cdist(&x, &y, 2.0)? };
    "torch.linalg.inv/solve/svd/eig/det/qr" same {
        let a = t!(x @ x.T + torch::eye(3));
        let b = torch::sum_keepdim(&x, 1)?;
        let (u, s, vh) = torch::linalg::svd(&x)?;
        let (q, r) = torch::linalg::qr(&x)?;
        let (values, vectors) = torch::linalg::eigh(&a)?;
        (
            torch::linalg::inv(&a)?,
            torch::linalg::det(&a)?,
            torch::linalg::solve(&a, &b)?,
            (s.clone(), t!((u * s) @ vh)),
            (q, r),
            (values.clone(), t!((vectors * values) @ vectors.T)),
        )
    } not "torch.linalg.eig";
}
