"""Trains the networks that run.py compresses, on Fashion-MNIST, and exports them to ONNX.

train_originals.py FOLDER [NAME...]

Writes FOLDER/NAME.onnx, NAME.json (the errors of every epoch) and the data, fashion-SHAPE.npz and
fashion-SHAPE-unseen.npz. An interrupted run goes on behind its last epoch: nothing is trained twice.

Of Fashion-MNIST's 60,000 training images, 5,000 are held out. A network is trained until its error on
them has not fallen for 3 epochs, for at least 10 epochs and at most 30; the weights of the best epoch
are exported. The 10,000 test images decide nothing, here or in deepfry, which gets the held-out images
as its x_test.
"""

import argparse
import copy
import gzip
import json
import os
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait leave the cores to other programs

import numpy
import torch
from torch import nn

FASHION = "/usr/share/datasets/fashion-mnist"  # Debian: dataset-fashion-mnist
HELD_OUT, LEAST_EPOCHS, MOST_EPOCHS, PATIENCE = 5000, 10, 30, 3
RATE, DECAY = 1e-3, 0.8  # Adam; the rate of epoch i is RATE·DECAY^i


def mlp():
    return nn.Sequential(nn.Linear(784, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 10))


def mlp_gelu():
    return nn.Sequential(nn.Linear(784, 512), nn.GELU(), nn.Linear(512, 512), nn.GELU(), nn.Linear(512, 10))


class Standardise(nn.Module):
    """The mean and the standard deviation of Fashion-MNIST's pixels become 0 and 1."""

    def forward(self, x):
        return (x - 0.2860) / 0.3530


def vgg():
    def convolution(inputs, outputs):
        return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU())

    return nn.Sequential(
        Standardise(),
        convolution(1, 32), convolution(32, 32), nn.MaxPool2d(2),
        convolution(32, 64), convolution(64, 64), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(3136, 1024), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(1024, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10),
    )  # fmt: skip


class Encoder(nn.Module):
    """A transformer encoder whose tokens are the 28 rows of an image [batch, 28, 28]."""

    def __init__(self, width=128):
        super().__init__()
        self.embedding = nn.Linear(28, width)
        self.position = nn.Parameter(0.02 * torch.randn(28, width))
        layer = nn.TransformerEncoderLayer(width, nhead=4, dim_feedforward=512, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.classifier = nn.Linear(width, 10)

    def forward(self, x):
        return self.classifier(self.encoder(self.embedding(x) + self.position).mean(1))


class InvertedResidual(nn.Module):
    """MobileNetV2's block (Sandler et al. 2018): 1×1 to more channels, 3×3 depthwise, 1×1 to few."""

    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        self.shortcut = stride == 1 and inputs == outputs
        self.block = nn.Sequential(
            nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(),
            nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip

    def forward(self, x):
        return x + self.block(x) if self.shortcut else self.block(x)


def mobilenet():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6(),
        InvertedResidual(16, 16, 2, 2), InvertedResidual(16, 24, 1, 3),
        InvertedResidual(24, 32, 1, 3), InvertedResidual(32, 32, 1, 3),
        nn.Conv2d(32, 512, 1, bias=False), nn.BatchNorm2d(512), nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(512, 10),
    )  # fmt: skip


class BasicBlock(nn.Module):
    """ResNet-18's block (He et al. 2016): two 3×3 convolutions, with 1×1 beside them where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.block(x))


def resnet():
    """ResNet-18 at half its width, without the pooling behind the first convolution."""
    blocks, inputs = [], 32
    for outputs, stride in ((32, 1), (64, 2), (128, 2), (256, 2)):
        blocks += [BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1)]
        inputs = outputs
    stem = nn.Conv2d(1, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU()
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))


# name: the network, the shape of an image, the seed, images in a batch, ONNX's opset.
NETWORKS = {
    "mlp-gelu": (mlp_gelu, (784,), 1, 256, 17),
    "vgg": (vgg, (1, 28, 28), 1, 256, 13),
    "encoder": (Encoder, (28, 28), 1, 256, 17),
    "mobilenet": (mobilenet, (1, 28, 28), 1, 256, 17),
    "resnet": (resnet, (1, 28, 28), 1, 256, 17),
    "mlp-1": (mlp, (784,), 1, 512, 13),
    "mlp-2": (mlp, (784,), 2, 512, 17),
    "mlp-3": (mlp, (784,), 3, 512, 13),
}


def read_idx(name, header):
    with gzip.open(os.path.join(FASHION, name)) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=header)


def read_fashion():
    """Returns (images [n, 784] as bytes, labels) of the rows to train on, held out, and for tests."""
    x, y = (read_idx(f"train-{name}.gz", header) for name, header in (("images-idx3-ubyte", 16), ("labels-idx1-ubyte", 8)))
    test = read_idx("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 784), read_idx("t10k-labels-idx1-ubyte.gz", 8)
    order = numpy.random.default_rng(1).permutation(len(y))
    x, y = x.reshape(-1, 784)[order], y[order]
    return (x[:-HELD_OUT], y[:-HELD_OUT]), (x[-HELD_OUT:], y[-HELD_OUT:]), test


def replace(path, write):
    """Writes a file under another name first, so that path is whole whenever it is there."""
    write(path + ".part")
    os.replace(path + ".part", path)


def write_data(folder, shape, train, held_out, test):
    """Writes what deepfry reads, and the rows that only check.js reads; uncompressed."""

    def save(name, **arrays):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            replace(path, lambda part: numpy.savez(open(part, "wb"), **arrays))

    name = "x".join(map(str, shape))
    (x, y), (x_held, y_held), (x_test, y_test) = ((x.reshape(-1, *shape), y) for x, y in (train, held_out, test))
    save(f"fashion-{name}.npz", x_train=x, y_train=y, x_test=x_held, y_test=y_held)
    save(f"fashion-{name}-unseen.npz", x=x_test, y=y_test)


def tensors(rows, shape):
    x, y = rows
    return torch.from_numpy(x.astype(numpy.float32) / 255).reshape(-1, *shape), torch.from_numpy(y.astype(numpy.int64))


def error(network, rows):
    """Returns the percentage of wrong classes."""
    network.eval()
    with torch.no_grad():
        wrong = sum((network(x).argmax(1) != y).sum().item() for x, y in zip(*(part.split(1000) for part in rows)))
    return 100 * wrong / len(rows[1])


def train_epoch(network, optimizer, rows, batch_size, epoch):
    """Trains with products in bfloat16 (weights stay float32), which takes a third of the time but for
    depthwise convolutions."""
    network.train()
    half = not any(isinstance(module, InvertedResidual) for module in network.modules())
    optimizer.param_groups[0]["lr"] = RATE * DECAY**epoch
    x, y = rows
    for batch in torch.randperm(len(y)).split(batch_size):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = nn.functional.cross_entropy(network(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def train(name, path, rows):
    """Returns the network with the weights of its best epoch, and the errors of all."""
    make, _, seed, batch_size, _ = NETWORKS[name]
    torch.manual_seed(seed)
    network = make()
    optimizer = torch.optim.Adam(network.parameters())
    history, best = [], None
    if os.path.exists(path):
        history, best, weights, moments = torch.load(path)
        network.load_state_dict(weights)
        optimizer.load_state_dict(moments)

    def lowest():
        return min(range(len(history)), key=lambda i: history[i]["held_out_error"])

    while len(history) < LEAST_EPOCHS or len(history) < MOST_EPOCHS and len(history) - 1 - lowest() < PATIENCE:
        epoch, start = len(history), time.time()
        torch.manual_seed(1000 * seed + epoch)  # an epoch hangs on the state before it alone
        train_epoch(network, optimizer, rows[0], batch_size, epoch)
        history.append({"held_out_error": error(network, rows[1]), "test_error": error(network, rows[2]), "seconds": round(time.time() - start, 1)})
        if lowest() == epoch:
            best = copy.deepcopy(network.state_dict())
        state = (history, best, network.state_dict(), optimizer.state_dict())
        replace(path, lambda part: torch.save(state, part))
        print(name, "epoch", epoch + 1, history[-1], flush=True)
    network.load_state_dict(best)
    return network, {"network": name, "best_epoch": lowest() + 1, **history[lowest()], "seconds": round(sum(e["seconds"] for e in history)), "epochs": history}


def export(network, shape, opset, path):
    """Writes an ONNX file whose first axis is free."""
    network.eval()
    for module in network.modules():
        if isinstance(module, nn.TransformerEncoderLayer):
            # Evaluation takes a path of its own (one operator for a layer), which has no form in
            # ONNX; these two lines, which change no output, keep to the path of training.
            module.activation_relu_or_gelu = 0
            module.self_attn.training, module.self_attn.dropout = True, 0.0
    replace(path, lambda part: torch.onnx.export(
        network, torch.zeros(2, *shape), part, opset_version=opset, input_names=["pixels"], output_names=["logits"],
        dynamic_axes={"pixels": {0: "batch"}, "logits": {0: "batch"}}, training=torch.onnx.TrainingMode.PRESERVE))


def table(folder, names):
    print("| network | opset | bytes | epochs | best epoch | error on held-out rows | on the test images | minutes |")
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        with open(os.path.join(folder, name + ".json")) as file:
            found = json.load(file)
        size = os.path.getsize(os.path.join(folder, name + ".onnx"))
        print(f"| {name} | {NETWORKS[name][-1]} | {size:,} | {len(found['epochs'])} | {found['best_epoch']} "
              f"| {found['held_out_error']:.2f}% | {found['test_error']:.2f}% | {found['seconds'] / 60:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", default=list(NETWORKS), metavar="NAME", help=f"default: {' '.join(NETWORKS)}")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    os.makedirs(arguments.folder, exist_ok=True)
    parts = read_fashion()
    for name in arguments.names:
        _, shape, _, _, opset = NETWORKS[name]
        write_data(arguments.folder, shape, *parts)
        path = os.path.join(arguments.folder, name)
        if os.path.exists(path + ".onnx"):
            continue
        network, found = train(name, path + ".state", [tensors(rows, shape) for rows in parts])
        with open(path + ".json", "w") as file:
            json.dump(found, file, indent=1)
        export(network, shape, opset, path + ".onnx")
        os.remove(path + ".state")
    table(arguments.folder, arguments.names)


if __name__ == "__main__":
    main()
