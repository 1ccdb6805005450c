#!/usr/bin/env python
"""
Whole training runs: small models with four optimizers and three schedulers, from torch.manual_seed to the last weight.

    usage: runs.py SEED OUT.json [MOST]          (written for torch 2.15.0 CPU; needs only torch)

  runs  {"model","optimizer","scheduler","seed","losses":T,"evaluated":T,"first":[[name,T]..],"last":[[name,T]..]}
        parameters at the beginning, the loss of each step, that of the test part after eval(), the state dict at the end

Nothing is fed in: model, examples, split, order of the batches and dropout come of the seed. What stands in front of a batch
norm has no bias: its gradient would be rounding noise alone, of which Adam makes steps.
"""
import random
import torch, torch.nn as nn, torch.optim as optim
import torch.optim.lr_scheduler as S
from torch.utils.data import DataLoader, TensorDataset, random_split
from written import T, arguments, write

SEED, OUT, MOST = arguments()
rng = random.Random(SEED)

def conv(inputs, outputs, bias=True): return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
MODELS = {
    "mlp": lambda: nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 5)),
    "batch norm": lambda: nn.Sequential(nn.Linear(20, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 5)),
    "dropout": lambda: nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Dropout(.5), nn.Linear(32, 5)),
    "layer norm": lambda: nn.Sequential(nn.Linear(20, 32), nn.LayerNorm([32]), nn.GELU(), nn.Linear(32, 5)),
    "rms norm": lambda: nn.Sequential(nn.Linear(20, 16), nn.PReLU(), nn.RMSNorm([16], eps=1e-6), nn.Linear(16, 5)),
    "embedding": lambda: nn.Sequential(nn.Embedding(50, 8), nn.Flatten(), nn.Linear(48, 5)),
    "cnn": lambda: nn.Sequential(conv(1, 4), nn.ReLU(), nn.MaxPool2d(2), conv(4, 8, False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32, 5)),
    "logits": lambda: nn.Sequential(nn.Linear(20, 32), nn.Tanh(), nn.Linear(32, 1)),
}
LOSSES = {"layer norm": nn.MSELoss(), "rms norm": nn.SmoothL1Loss(), "logits": nn.BCEWithLogitsLoss()}
# RMSprop's own eps of 1e-8 makes steps of gradients that are nothing but rounding.
OPTIMIZERS = {
    "SGD": (.05, lambda p, lr: optim.SGD(p, lr=lr, momentum=.9, weight_decay=1e-4)), "Adam": (.01, lambda p, lr: optim.Adam(p, lr=lr)),
    "AdamW": (.01, lambda p, lr: optim.AdamW(p, lr=lr)), "RMSprop": (.001, lambda p, lr: optim.RMSprop(p, lr=lr, eps=1e-4, momentum=.5)),
}
SCHEDULERS = {"StepLR": lambda opt, lr: S.StepLR(opt, 10, .5), "CosineAnnealingLR": lambda opt, lr: S.CosineAnnealingLR(opt, 40), "OneCycleLR": lambda opt, lr: S.OneCycleLR(opt, lr, total_steps=41)}

def examples(model, count=250):
    x = torch.randint(0, 50, (count, 6)) if model == "embedding" else torch.randn(count, 1, 8, 8) if model == "cnn" else torch.randn(count, 20)
    if model in ("layer norm", "rms norm"): return x, torch.randn(count, 5)
    return x, torch.randint(0, 2, (count, 1)).float() if model == "logits" else torch.randint(0, 5, (count,))

def run(name, optimizer, scheduler, seed):
    # Where a maximum changes its place, another last bit makes other weights: the CNN runs for a few steps only.
    steps = 12 if name == "cnn" else 40
    torch.manual_seed(seed)
    model = MODELS[name]()
    first = [[n, T(v, MOST)] for n, v in model.named_parameters()]
    lr, make = OPTIMIZERS[optimizer]
    opt = make(model.parameters(), lr)
    sched = SCHEDULERS[scheduler](opt, lr)
    train, test = random_split(TensorDataset(*examples(name)), [.8, .2])
    loader, criterion, losses = DataLoader(train, batch_size=32, shuffle=True), LOSSES.get(name, nn.CrossEntropyLoss()), []
    while len(losses) < steps:
        for x, y in loader:
            loss = criterion(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            losses.append(loss.detach())
            if len(losses) == steps: break
    model.eval()
    x, y = (torch.stack(parts) for parts in zip(*test))
    with torch.no_grad(): evaluated = criterion(model(x), y)
    return {"model": name, "optimizer": optimizer, "scheduler": scheduler, "seed": seed, "losses": T(torch.stack(losses)), "evaluated": T(evaluated),
            "first": first, "last": [[n, T(v, MOST)] for n, v in model.state_dict().items()]}

# Each pair of model and optimizer, each time with another scheduler.
pairs = [(model, optimizer) for model in MODELS for optimizer in OPTIMIZERS]
schedulers = list(SCHEDULERS)
runs = [run(*pair, schedulers[(index + SEED) % 3], rng.randrange(1 << 31)) for index, pair in enumerate(pairs)]
write(OUT, {"meta": {"torch": torch.__version__, "seed": SEED}, "runs": runs})
