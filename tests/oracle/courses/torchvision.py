"""
What the programs here use of torchvision, so that they need torch alone: sets of images in files, transforms of
tensors of bytes in the place of pictures, resnet18. Python finds this file before an installed torchvision.
"""
import pathlib, struct, sys, types
import torch, torch.nn as nn, torch.nn.functional as F
from torch.utils.data import Dataset

class Images(Dataset):
    def __init__(self, data, targets, transform): self.data, self.targets, self.transform = data, targets, transform
    def __len__(self): return len(self.data)
    def __getitem__(self, index): return self.transform(self.data[index]), self.targets[index]

class FashionMNIST(Images):
    def __init__(self, root, train, transform):
        folder, part = pathlib.Path(root) / "FashionMNIST" / "raw", "train" if train else "t10k"
        pixels, labels = ((folder / f"{part}-{name}-ubyte").read_bytes() for name in ("images-idx3", "labels-idx1"))
        _, n, h, w = struct.unpack(">4I", pixels[:16])
        super().__init__(torch.frombuffer(bytearray(pixels[16:]), dtype=torch.uint8).reshape(n, 1, h, w), list(labels[8:]), transform)

class CIFAR10(Images):
    def __init__(self, root, train, transform):
        names = [f"data_batch_{i}.bin" for i in range(1, 6)] if train else ["test_batch.bin"]
        records = b"".join((pathlib.Path(root) / "cifar-10-batches-bin" / name).read_bytes() for name in names)
        records = torch.frombuffer(bytearray(records), dtype=torch.uint8).reshape(-1, 3073)
        super().__init__(records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].tolist(), transform)

class ToTensor:
    def __call__(self, image): return image.to(torch.float32).div(255)
class Normalize:
    def __init__(self, mean, std): self.mean, self.std = (torch.tensor(v, dtype=torch.float32).view(-1, 1, 1) for v in (mean, std))
    def __call__(self, image): return image.clone().sub_(self.mean).div_(self.std)
class Compose:
    def __init__(self, steps): self.steps = steps
    def __call__(self, image):
        for step in self.steps: image = step(image)
        return image
class RandomHorizontalFlip:
    def __call__(self, image): return image.flip(-1) if torch.rand(1) < .5 else image
class RandomCrop:
    def __init__(self, size, padding): self.size, self.padding = size, padding
    def __call__(self, image):
        image = F.pad(image, [self.padding] * 4)
        i = torch.randint(0, image.shape[1] - self.size + 1, size=(1,)).item()
        j = torch.randint(0, image.shape[2] - self.size + 1, size=(1,)).item()
        return image[:, i:i + self.size, j:j + self.size]

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
def resnet18(): return ResNet()

def module(name, *parts):
    made = sys.modules["torchvision." + name] = types.ModuleType("torchvision." + name)
    for part in parts: setattr(made, part.__name__, part)
    return made
datasets = module("datasets", FashionMNIST, CIFAR10)
transforms = module("transforms", ToTensor, Normalize, Compose, RandomHorizontalFlip, RandomCrop)
models = module("models", resnet18)
