"""PyTorch: deepfry's small network for pictures, trained by the recipe that deepfry has for folders of them.

peer_torch.py FOLDER SEED RECIPE

Trains on FOLDER/train/CLASS/... and prints, as a JSON line, the errors on FOLDER/test/CLASS/... in percent. Pictures
are 64×64; RECIPE is the JSON text that the log of deepfry train has. What the network and the recipe are is written
in models/smallvgg.go, train/recipe.go, train/schedule.go and dataset/augment.go; only random numbers differ.
"""

import json
import math
import os
import sys
import time

import numpy
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

SIDE = 64
FIELDS = {"steps", "batch_size", "optimizer", "schedule", "smoothing", "augment", "groups"}
DISTORTIONS = {"shift", "flip", "crop", "brightness", "contrast", "saturation"}


def parse(text):
    """Returns a recipe. It must be of the kind that this program follows, so that the two do not drift apart."""
    recipe = json.loads(text)
    follows = set(recipe) == FIELDS and set(recipe["augment"]) == DISTORTIONS
    follows = follows and recipe["optimizer"]["kind"] == "adamw" and recipe["schedule"] == {"kind": "onecycle"}
    follows = follows and all(recipe["groups"][kind] == {"rate_factor": 1, "decay_factor": 0} for kind in ("bias", "scale"))
    if not follows:
        raise SystemExit(f"peer_torch.py: the recipe is of another kind than is written here: {text}")
    return recipe


class Normalise(nn.Module):
    """Takes off each channel's mean, and divides by its deviation, over all pixels of the pictures [n, 3, SIDE, SIDE]."""

    def __init__(self, images):
        super().__init__()
        values = images.double().transpose(0, 1).reshape(3, -1) / 255
        self.mean = values.mean(1).float().reshape(3, 1, 1)
        self.deviation = values.std(1, unbiased=False).float().reshape(3, 1, 1)

    def forward(self, x):
        return (x - self.mean) / self.deviation


def smallvgg(images, classes):
    """Returns the network for pictures as those to train on, with new weights."""
    layers, inputs = [Normalise(images)], 3
    for outputs in (16, 32, 64, 64):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs, eps=1e-5, momentum=0.1), nn.ReLU(), nn.MaxPool2d(2)]
        inputs = outputs
    hidden = nn.Linear(64 * 4 * 4, 512)
    layers += [nn.Flatten(), hidden, nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, classes)]
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            gain = 1 if layer is layers[-1] else math.sqrt(2)
            bound = gain * math.sqrt(3 / layer.weight[0].numel())  # variance: gain² over the inputs of a value
            nn.init.uniform_(layer.weight, -bound, bound)
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def optimizer_of(network, settings):
    """Returns AdamW, which shrinks the weights of convolutions and fully-connected layers alone."""
    decayed = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() == 1]  # biases, and batch normalisation's factors
    groups = [{"params": decayed, "weight_decay": settings["decay"]}, {"params": others, "weight_decay": 0}]
    return torch.optim.AdamW(groups, lr=settings["rate"], betas=(settings["beta1"], settings["beta2"]), eps=settings["epsilon"])


def factor(step, steps):
    """Returns the one-cycle schedule's factor of the rate: from 1/25 up to 1 in 30% of the steps, then to 1/250,000."""

    def half_cosine(a, b, x):
        return b + (a - b) * (1 + math.cos(math.pi * x)) / 2

    at = step / max(1, steps - 1)
    return half_cosine(1 / 25, 1, at / 0.3) if at < 0.3 else half_cosine(1, 1 / 250000, (at - 0.3) / 0.7)


def draw(random, n, augment):
    """Draws the distortions of n pictures, as arrays whose first axis is n, but of colours the second."""
    share, proportions = random.uniform(augment["crop"], 1, (n, 10)), numpy.exp(random.uniform(-math.log(4 / 3), math.log(4 / 3), (n, 10)))
    sizes = numpy.stack([numpy.sqrt(share * proportions), numpy.sqrt(share / proportions)], -1)  # width and height
    fits = (sizes <= 1).all(-1)
    box = numpy.where(fits.any(1)[:, None], sizes[numpy.arange(n), fits.argmax(1)], 1.0)  # the first that fits, or the whole
    colours = [augment[name] for name in ("brightness", "contrast", "saturation")]
    return {
        "shift": augment["shift"] * random.uniform(-1, 1, (n, 2)),
        "flip": random.integers(0, 2, n) == 1,
        "box": SIDE * box,
        "corner": SIDE * (1 - box) * random.uniform(0, 1, (n, 2)),
        "colours": 1 + numpy.array(colours)[:, None] * random.uniform(-1, 1, (3, n)),
    }


def distort(images, drawn):
    """Returns pictures, [n, 3, SIDE, SIDE] from 0 to 1, shifted, mirrored, cropped and coloured as is drawn."""
    n, centres = len(images), numpy.arange(SIDE) + 0.5
    # Where pixels of the new picture are in the old one: x, then y, each [n, SIDE].
    x, y = (drawn["corner"][:, i, None] + centres * drawn["box"][:, i, None] / SIDE - 0.5 for i in (0, 1))
    x = numpy.where(drawn["flip"][:, None], SIDE - 1 - x, x) - drawn["shift"][:, :1]
    y = y - drawn["shift"][:, 1:]
    x, y = (torch.from_numpy((2 * v / (SIDE - 1) - 1).astype(numpy.float32)) for v in (x, y))
    grid = torch.stack([x[:, None, :].expand(n, SIDE, SIDE), y[:, :, None].expand(n, SIDE, SIDE)], -1)
    images = functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=True)
    return recolour(images, *torch.from_numpy(drawn["colours"].astype(numpy.float32)).reshape(3, n, 1, 1, 1))


def recolour(images, brightness, contrast, saturation):
    def luminance(images):
        return (images * torch.tensor([0.299, 0.587, 0.114]).reshape(3, 1, 1)).sum(1, keepdim=True)

    images = (brightness * images).clamp(0, 1)
    images = (contrast * images + (1 - contrast) * luminance(images).mean((2, 3), keepdim=True)).clamp(0, 1)
    grey = luminance(images)
    return (grey + saturation * (images - grey)).clamp(0, 1)


def batches(random, n, size):
    """Yields numbers of pictures for ever: all in a new order in every epoch, whose last batch may be smaller."""
    while True:
        order = random.permutation(n)
        for first in range(0, n, size):
            yield order[first : first + size]


def train(network, images, labels, seed, recipe):
    random, optimizer, steps = numpy.random.default_rng(seed), optimizer_of(network, recipe["optimizer"]), recipe["steps"]
    network.train()
    for step, batch in zip(range(steps), batches(random, len(labels), recipe["batch_size"])):
        for group in optimizer.param_groups:
            group["lr"] = recipe["optimizer"]["rate"] * factor(step, steps)
        x = distort(images[batch].float() / 255, draw(random, len(batch), recipe["augment"]))
        loss = functional.cross_entropy(network(x), labels[batch], label_smoothing=recipe["smoothing"])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


def error_percent(network, images, labels):
    network.eval()
    with torch.no_grad():
        wrong = sum((network(x.float() / 255).argmax(1) != y).sum().item() for x, y in zip(images.split(100), labels.split(100)))
    return 100 * wrong / len(labels)


def read(folder):
    """Returns pictures as bytes [n, 3, SIDE, SIDE], their labels, and the number of classes."""
    images, labels, classes = [], [], sorted(os.listdir(folder))
    for label, name in enumerate(classes):
        for file in sorted(os.listdir(os.path.join(folder, name))):
            with Image.open(os.path.join(folder, name, file)) as picture:
                images.append(numpy.asarray(picture.convert("RGB")).transpose(2, 0, 1))
            labels.append(label)
    return torch.from_numpy(numpy.stack(images)), torch.tensor(labels), len(classes)


def main():
    folder, seed, recipe = sys.argv[1], int(sys.argv[2]), parse(sys.argv[3])
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    images, labels, classes = read(os.path.join(folder, "train"))
    test_images, test_labels, _ = read(os.path.join(folder, "test"))
    start = time.time()
    network = smallvgg(images, classes)
    train(network, images, labels, seed, recipe)
    seconds = time.time() - start
    weights = sum(p.numel() for name, p in network.named_parameters() if not name.endswith("bias"))  # as deepfry counts
    print(json.dumps({"error_percent": error_percent(network, test_images, test_labels), "weights": weights, "seconds": round(seconds, 1)}))


if __name__ == "__main__":
    main()
