//! Shapes, and the elements at given places.

use akari::prelude::*;

rows! {
    samples: [x y v image labels n];

    "t.shape" way "x.shape" => "x.dims()" { x.dims().to_vec() };
    "t.size()" same { x.size().to_string() };
    "t.ndim/dim()" way "x.ndim" => "x.ndim()" { x.ndim() };
    "t.numel()" same { x.numel() };
    "t.dtype" same { (x.dtype() == DType::F32, n.dtype() == DType::I64) };
    "t.device" same { x.device().is_cpu() };
    "t.reshape" same { x.reshape((4, 3))? };
    "t.view" same { x.view((2, -1))? };
    "t.reshape(-1, n)" way "x.reshape(-1, 2)" => "x.view((-1, 2))?" { x.view((-1, 2))? };
    "t.flatten / torch.flatten" same { torch::flatten(&image, 1, -1)? };
    "t.unflatten" same { torch::unflatten(&x, 1, (2, 2))? };
    "t.squeeze" same { torch::squeeze(&x.view((1, 3, 1, 4))?, ())? };
    "t.unsqueeze" same { torch::unsqueeze(&x, -1)? };
    "t.T / t.t()" way "x.T" => "x.t()?" { x.t()? };
    "t.mT / transpose" same { (torch::transpose(&image, -2, -1)?, t!(x.mT)) };
    "t.permute" same { torch::permute(&image, (0, 2, 3, 1))? };
    "t.expand" way "`expand`" => "torch::broadcast_to(" { torch::broadcast_to(&v, (3, -1))? };
    "t.repeat" way "x.repeat(2, 1)" => "torch::tile(&x, (2, 1))?" { torch::tile(&x, (2, 1))? };
    "t.repeat_interleave" same { torch::repeat_interleave(&x, 2, 1)? };
    "t.tile" same { torch::tile(&v, 2)? };
    "t.contiguous" same { torch::contiguous(&x.t()?)? };
    "t[i]" way "x[0]" => "x.i(0)?" { (x.i(0)?, t!(x[-1])) };
    "t[i,j] / t[:,1]" way "x[:, 1]" => "x.i((.., 1))?" { (x.i((.., 1))?, x.i((2, 1))?) };
    "t[1:3]" way "x[1:3]" => "x.i(1..3)?" { (x.i(1..3)?, t!(x[1..3])) };
    "t[..., -1]" way "x[..., -1]" => "torch::select(&x, -1, -1)?" { torch::select(&x, -1, -1)? };
    "t[::2] (step)"
        way "x[::2]" => "torch::index_select(&x, 0, &torch::arange(0, 3, 2)?)?" {
            torch::index_select(&x, 0, &torch::arange(0, 3, 2)?)?
        };
    "t[None]" way "x[None]" => "torch::unsqueeze(&x, 0)?" { torch::unsqueeze(&x, 0)? };
    "t[mask]" way "x[mask]" => "torch::masked_select(&x, &mask)?" {
        let mask = torch::gt(&x, 0)?;
        torch::masked_select(&x, &mask)?
    };
    "t[idx]" way "x[index]" => "torch::index_select(&x, 0, &index)?" {
        let index = tensor!([2, 0]);
        torch::index_select(&x, 0, &index)?
    };
    "t[i] = v"
        way "x[1:3] = v" => "x.slice_assign(&[1..3, 0..4], &v)?" {
            let v = torch::zeros((2, 4))?;
            x.slice_assign(&[1..3, 0..4], &v)?
        };
    "t[mask] = v" way "x[mask] = 0" => "torch::masked_fill(&x, &mask, 0.0)?" {
        let mask = torch::lt(&x, 0)?;
        torch::masked_fill(&x, &mask, 0.0)?
    };
    "torch.where" same { torch::where_(&torch::gt(&x, 0)?, &x, 0.1)? };
    "torch.masked_fill" same { torch::masked_fill(&x, &torch::gt(&x, 0)?, -1.0)? };
    "torch.masked_select" same { torch::masked_select(&x, &torch::gt(&x, 0)?)? };
    "torch.gather" same { torch::gather(&x, 1, &torch::unsqueeze(&labels, 1)?)? };
    "torch.scatter" same { torch::scatter(&x, 1, &torch::unsqueeze(&labels, 1)?, &y)? };
    "torch.scatter_add" same { torch::scatter_add(&x, 1, &torch::unsqueeze(&labels, 1)?, &y)? };
    "torch.index_select" same { torch::index_select(&x, 1, &tensor!([3, 0]))? };
    "torch.index_add" same { torch::index_add(&x, 0, &tensor!([2, 0, 2]), &y)? };
    "torch.take_along_dim" same { torch::take_along_dim(&x, &torch::argsort(&x, 1, false)?, 1)? };
    "torch.nonzero" same { torch::nonzero(&torch::gt(&x, 0)?)? };
    "torch.narrow" same { torch::narrow(&x, 1, 1, 2)? };
    "torch.cat" same { torch::cat((&x, &y), 1)? };
    "torch.stack" same { torch::stack((&x, &y), 0)? };
    "torch.vstack/hstack" same { (torch::vstack((&x, &y))?, torch::hstack((&x, &y))?) };
    "torch.chunk" same { torch::chunk(&x, 2, 1)? };
    "torch.split" same { torch::split(&x, [1, 2], 0)? };
    "torch.unbind" same { torch::unbind(&x, 0)? };
    "torch.flip" same { torch::flip(&x, (0, 1))? };
    "torch.roll" same { torch::roll(&x, 1, 0)? };
    "torch.rot90" same { torch::rot90(&x, 1, (0, 1))? };
    "t.unfold" same { torch::unfold(&v, 0, 2, 1)? };
    "t.item()" same { torch::sum(&x)?.item()? };
    "t.tolist()" way "x.tolist()" => "x.to_vec2::<f32>()?" { x.to_vec2::<f32>()? };
    "t.to(dtype) / float() / long()"
        way "x.to(torch.float64)" => "x.to_dtype(DType::F64)?", "x.long()" => "x.long()?" {
            (x.to_dtype(DType::F64)?, n.float()?, x.long()?)
        };
    "t.to(device) / cuda()" not "x.cuda()";
    "t.clone()" same { torch::clone(&x)? };
    "t.detach()" same { x.detach() };
    "t.fill_/zero_" way "w.zero_()" => "w.set(&torch::zeros_like(&w)?)?" {
        let w = Var::from_tensor(&x)?;
        w.set(&torch::zeros_like(&w)?)?;
        w
    };
    "t.add_/mul_/sub_ (in place)" way "w -= lr * g" => "t!(w -= lr * g)" {
        let (w, lr, g) = (Var::from_tensor(&x)?, 0.5, &y);
        t!(w -= lr * g);
        w
    };
    "t.copy_" way "w.copy_(x)" => "w.set(&x)?" {
        let w = Var::from_tensor(&y)?;
        w.set(&x)?;
        w
    };
    "t.is_contiguous/stride" same { (x.t()?.is_contiguous(), x.t()?.stride().to_vec()) };
}
