"""Measures matrix products against OpenBLAS; see README.md beside this file."""

import argparse
import collections
import statistics
import tempfile

from programs import PYTHON, build, lines

# Products of the layers: convolutions of one sample over columns, and dense
# layers with their gradients (:nt, B is stored transposed; :tn, A is).
SHAPES = {
    "large": "256x1024x1024 256x4096x4096 1024x1024x1024 256x1024x1024:nt 256x4096x4096:nt",
    "LeNet": "20x25x576 50x500x64 25x576x20:nt 500x64x50:nt 500x50x64:tn 64x800x500:nt 64x500x800 500x64x800:tn 64x500x10:nt 64x10x500 10x64x500:tn",
    "CaffeNet": "96x363x3025 128x1200x729 384x2304x169 192x1728x169 128x1728x169 32x9216x4096:nt 32x4096x4096:nt 32x4096x1000:nt "
    "32x4096x9216 4096x32x9216:tn 1x9216x4096:nt 1x4096x1000:nt",
}
KERNELS = ["", "Zen", "SkylakeX"]


def measure(shapes):
    """Runs every program once; yields (who, shape, ns)."""
    commands = [("deepfry", [DEEPFRY, "bench", "gemm", "--json", "--sizes", ",".join(shapes)], {})]
    for kernel in KERNELS:
        commands.append((f"openblas {kernel}", [PYTHON, "peer_gemm.py", *shapes], {"OPENBLAS_CORETYPE": kernel} if kernel else {}))
    for who, command, variables in commands:
        for line in lines(command, **variables):
            if line.get("benchmark") == "gemm":
                yield who, line["case"], line["median_ns"]
            elif "peak_multiply_adds_gflops" in line:
                peaks.append(line["peak_multiply_adds_gflops"])


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rounds", type=int, default=5, help="alternations")
arguments = parser.parse_args()
peaks = []
with tempfile.TemporaryDirectory() as folder:
    DEEPFRY = build(folder)
    found = collections.defaultdict(list)
    for _ in range(arguments.rounds):
        for shapes in SHAPES.values():
            for who, shape, ns in measure(shapes.split()):
                found[shape, who].append(ns)
print("| product | here | of the peak | OpenBLAS, its fastest | times as fast |")
print("|---|---|---|---|---|")
for shape in " ".join(SHAPES.values()).split():
    ns = {who: statistics.median(values) for (s, who), values in found.items() if s == shape}
    m, k, n = map(int, shape.partition(":")[0].split("x"))
    here = ns.pop("deepfry")
    best = min(ns, key=ns.get)
    peak = 2 * m * k * n / here / statistics.median(peaks)
    print(f"| {shape} | {here / 1e3:.1f} µs | {peak:.2f} | {ns[best] / 1e3:.1f} µs ({best.split()[-1]}) | {ns[best] / here:.2f} |")
