#!/usr/bin/env python
"""
PyTorch's rarer first values, averages of models, and torchvision's resnet18.

    usage: models.py SEED OUT.json          (written for torch 2.15.0 CPU; needs only torch and numpy)

  inits     {"id","args","dtype","shape","seed","values":[..],"then":hex}
  averages  {"id","use_buffers","steps":[[numbers of all parameters and buffers]..]}   of Sequential(Linear(2, 3), BatchNorm1d(3))
  resnet18  {"seed","names":[..],"tensors":[{"name","shape","hash"}..],"repr","then":hex,"sum":float,"logits":[..]}

As in draws.py, "hash" is one of the bits of all numbers, and "then" the bits of the next torch.rand(1). resnet18 is torchvision's
constructor, so that torchvision isn't needed; "logits" are those of one image in eval mode with the weights drawn.
"""
import json, sys
import numpy as np, torch, torch.nn as nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn

SEED, OUT = int(sys.argv[1]), sys.argv[2]
DTYPES = {"f32": torch.float32, "f64": torch.float64}
def bits(t): return t.detach().reshape(-1).view(torch.int32).numpy().view(np.uint32).astype(np.uint64)
def hashed(words):
    mixed = words * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    return "%016x" % int((mixed * (2 * np.arange(len(words), dtype=np.uint64) + np.uint64(1))).sum(dtype=np.uint64))
def then(): return "%08x" % int(bits(torch.rand(1))[0])

R = {"meta": {"torch": torch.__version__, "seed": SEED}, "inits": [], "averages": []}
ROWS = [("orthogonal_", [3, 5], 1.), ("orthogonal_", [7, 4], 2.), ("orthogonal_", [5, 5], 1.), ("orthogonal_", [4, 3, 2, 2], 1.),
        ("trunc_normal_", [40], 0., 1., -2., 2.), ("trunc_normal_", [40], .5, 1., -.5, 1.), ("trunc_normal_", [40], 0., 1., 1.5, 3.), ("trunc_normal_", [40], 0., .02, -2., 2.),
        ("trunc_normal_", [20], -4., 1., 0., 1.), ("sparse_", [10, 4], .3, .01), ("sparse_", [3, 5], .5, 1.), ("eye_", [3, 5]), ("dirac_", [4, 3, 3], 1), ("dirac_", [4, 2, 3, 2], 2), ("dirac_", [2, 3, 1, 2, 3], 1)]
for row, (name, shape, *args) in enumerate(ROWS):
    for dtype in DTYPES:
        torch.manual_seed(SEED + row)
        w = getattr(nn.init, name)(torch.empty(shape, dtype=DTYPES[dtype]), *args)
        R["inits"].append({"id": name, "args": args, "dtype": dtype, "shape": shape, "seed": SEED + row, "values": w.reshape(-1).tolist(), "then": then()})

def numbers(m): return [v for t in list(m.module.parameters()) + list(m.module.buffers()) for v in t.reshape(-1).tolist()]
for name, fn in {"swa": get_swa_multi_avg_fn(), "ema 0.9": get_ema_multi_avg_fn(.9), "ema 0.3": get_ema_multi_avg_fn(.3)}.items():
    for use_buffers in (False, True)[:1 if name == "swa" else 2]: # PyTorch fails at averages of integer buffers by swa
        torch.manual_seed(SEED)
        model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        average = AveragedModel(model, multi_avg_fn=fn, use_buffers=use_buffers)
        opt, steps = torch.optim.SGD(model.parameters(), lr=.1), []
        for step in range(5):
            x = torch.arange(8.).reshape(4, 2) * .25 - step
            opt.zero_grad(); model(x).pow(3).sum().backward(); opt.step()
            average.update_parameters(model)
            steps.append(numbers(average))
        R["averages"].append({"id": name, "use_buffers": use_buffers, "steps": steps})

def conv3x3(i, o, stride=1): return nn.Conv2d(i, o, 3, stride, padding=1, bias=False)
class BasicBlock(nn.Module):
    def __init__(self, i, o, stride=1, downsample=None):
        super().__init__()
        self.conv1, self.bn1, self.relu = conv3x3(i, o, stride), nn.BatchNorm2d(o), nn.ReLU(inplace=True)
        self.conv2, self.bn2, self.downsample, self.stride = conv3x3(o, o), nn.BatchNorm2d(o), downsample, stride
    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))
class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.inplanes = 64
        self.conv1, self.bn1, self.relu = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = self._make_layer(64, 2)
        self.layer2 = self._make_layer(128, 2, 2)
        self.layer3 = self._make_layer(256, 2, 2)
        self.layer4 = self._make_layer(512, 2, 2)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Linear(512, 1000)
        for m in self.modules():
            if isinstance(m, nn.Conv2d): nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, nn.BatchNorm2d): nn.init.constant_(m.weight, 1); nn.init.constant_(m.bias, 0)
    def _make_layer(self, planes, blocks, stride=1):
        downsample = None
        if stride != 1 or self.inplanes != planes:
            downsample = nn.Sequential(nn.Conv2d(self.inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))
        layers = [BasicBlock(self.inplanes, planes, stride, downsample)]
        self.inplanes = planes
        return nn.Sequential(*layers, *[BasicBlock(planes, planes) for _ in range(1, blocks)])
    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))
torch.manual_seed(SEED)
model = ResNet()
after = then()
image = torch.rand(1, 3, 40, 36)
model.eval()
with torch.no_grad(): logits = model(image)[0]
R["resnet18"] = {"seed": SEED, "names": list(model.state_dict()), "repr": repr(model), "then": after, "logits": logits[:8].tolist(), "sum": logits.double().abs().sum().item(),
                 "tensors": [{"name": n, "shape": list(p.shape), "hash": hashed(bits(p))} for n, p in model.named_parameters()]}
json.dump(R, open(OUT, "w"), separators=(",", ":"))
