"""Draws four classes of pictures that differ in their hue alone.

hues.py FOLDER [--seed=1]

Writes 64×64 PNG, 300 a class as FOLDER/train/CLASS/0000.png and so on, and 150 a class as FOLDER/test/CLASS/0000.png.

Hue is the angle in the plane of Cb and Cr (ITU-R BT.601), not HSV's, for which a yellow is brighter than a blue of the
same saturation and value: here, the luminance and the distance from grey have the same distributions in all classes,
and a program that sees grey pictures is at chance.
"""

import argparse
import os

import numpy
from PIL import Image

CLASSES = {"0-blue": 0, "1-red": 90, "2-yellow": 180, "3-green": 270}  # degrees from Cb to Cr
SIDE, WITHIN = 64, 10  # a picture's hue is at most so many degrees from its class's
ROWS, COLUMNS = numpy.mgrid[0:SIDE, 0:SIDE]


def blobs(random, count):
    """Returns soft discs anywhere, [SIDE, SIDE], 1 in the middle of each and 0 between them."""
    field = numpy.zeros((SIDE, SIDE))
    for _ in range(count):
        (x, y), radius = random.uniform(0, SIDE, 2), random.uniform(5, 13)
        squares = ((COLUMNS - x) ** 2 + (ROWS - y) ** 2) / (2 * radius * radius)
        field = numpy.maximum(field, numpy.exp(-(squares**2)))
    return field


def picture(random, hue):
    """Returns [SIDE, SIDE, 3] bytes: a grey background with lighter and darker parts, and on it coloured discs."""
    luminance = random.uniform(0.38, 0.62) + random.uniform(-0.1, 0.1) * blobs(random, 4) + random.normal(0, 0.03, (SIDE, SIDE))
    saturation = random.uniform(0.08, 0.15) * blobs(random, random.integers(2, 6))
    angle = numpy.radians(hue + random.uniform(-WITHIN, WITHIN))
    cb, cr = saturation * numpy.cos(angle), saturation * numpy.sin(angle)
    rgb = numpy.stack([luminance + 1.402 * cr, luminance - 0.344136 * cb - 0.714136 * cr, luminance + 1.772 * cb], -1)
    rgb += random.normal(0, 0.02, rgb.shape)
    return (255 * numpy.clip(rgb, 0, 1) + 0.5).astype(numpy.uint8)


def write(folder, seed):
    random = numpy.random.default_rng(seed)
    for part, count in (("train", 300), ("test", 150)):
        for name, hue in CLASSES.items():
            path = os.path.join(folder, part, name)
            os.makedirs(path)
            for i in range(count):
                Image.fromarray(picture(random, hue)).save(os.path.join(path, f"{i:04d}.png"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write(arguments.folder, arguments.seed)


if __name__ == "__main__":
    main()
