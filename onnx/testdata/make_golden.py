"""Writes the ONNX files of this folder with PyTorch's exporter, and for each model an input and PyTorch's output.

/usr/bin/python3 make_golden.py (PyTorch 1.13, Debian's python3-torch). The models are known ones with fewer channels.
"""

import os

import numpy
import torch
from torch import nn
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 5), nn.Conv2d(4, 6, 5)
        self.fc1, self.fc2 = nn.Linear(96, 30), nn.Linear(30, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), dim=1)


def alexnet(norm=False):
    between = [nn.LocalResponseNorm(5, alpha=0.2)] if norm else []
    return nn.Sequential(
        nn.Conv2d(3, 6, 7, stride=2, padding=2), nn.ReLU(), *between, nn.MaxPool2d(3, 2),
        nn.Conv2d(6, 8, 5, padding=2, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), nn.AdaptiveAvgPool2d((1, 1)),
        nn.Flatten(), nn.Dropout(), nn.Linear(8, 40), nn.ReLU(), nn.Dropout(), nn.Linear(40, 10))


def vgg():
    layers, channels = [], 3
    for width in (4, "pool", 6, "pool", 8, 8, "pool"):
        if width == "pool":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(72, 24), nn.ReLU(), nn.Dropout(), nn.Linear(24, 10), nn.Softmax(dim=1))


def mlp():
    return nn.Sequential(nn.Linear(20, 48), nn.ReLU(), nn.Linear(48, 32), nn.Tanh(), nn.Linear(32, 5, bias=False))


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(x + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class Residual(nn.Module):
    """Its fc1 is the large one."""

    def __init__(self):
        super().__init__()
        self.stem, self.block1, self.block2 = nn.Conv2d(3, 6, 3, padding=1), Block(6), Block(6)
        self.fc1, self.fc2 = nn.Linear(96, 40), nn.Linear(40, 10)

    def forward(self, x):
        x = F.avg_pool2d(self.block1(F.relu(self.stem(x))), 2, 2)
        x = F.avg_pool2d(self.block2(x), 2, 2)
        return self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))


class Operations(nn.Module):
    """The operations that the others lack."""

    def __init__(self):
        super().__init__()
        self.conv, self.down = nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.Conv2d(8, 6, 1, stride=2)
        self.weight, self.bias = nn.Parameter(torch.randn(6, 7)), nn.Parameter(torch.randn(7))
        self.norm = nn.BatchNorm1d(7)

    def forward(self, x):
        a = F.leaky_relu(self.conv(x), 0.2)
        b = torch.sigmoid(F.max_pool2d(x, 3, 1, padding=1))
        x = torch.cat([a, b], dim=1)
        x = F.relu6(self.down(x) * 4)
        x = F.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False) + F.max_pool2d(x, 3, 2, padding=1)
        x = x.mean(dim=(2, 3))
        return self.norm(torch.tanh(x @ self.weight + self.bias))


def shaken(model):
    """Gives normalisations statistics and weights of their own."""
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            for values in (module.weight, module.running_var):
                nn.init.uniform_(values, 0.5, 2)
            for values in (module.bias, module.running_mean):
                nn.init.normal_(values)
    return model.eval()


def main():
    torch.manual_seed(1)
    models = {
        "lenet": (LeNet(), (1, 28, 28)), "alexnet": (alexnet(), (3, 40, 40)), "alexnet-norm": (alexnet(True), (3, 40, 40)), "vgg": (vgg(), (3, 24, 24)),
        "mlp": (mlp(), (20,)), "residual": (Residual(), (3, 16, 16)), "operations": (Operations(), (4, 9, 9)),
    }
    for name, (model, shape) in models.items():
        x = torch.randn(3, *shape)
        with torch.no_grad():
            y = shaken(model)(x)
        for suffix, values in (("in", x), ("out", y)):
            values.numpy().astype(numpy.float32).tofile(os.path.join(HERE, f"{name}.{suffix}"))
        for opset in (13, 17):
            path = os.path.join(HERE, f"{name}-{opset}.onnx")
            training = torch.onnx.TrainingMode.PRESERVE if name == "operations" else torch.onnx.TrainingMode.EVAL
            torch.onnx.export(model, x, path, opset_version=opset, input_names=["x"], output_names=["y"], training=training,
                              dynamic_axes={"x": {0: "N"}, "y": {0: "N"}} if opset == 17 else None)


main()
