"""Measures Deepfry's Fastfood against its peers; see README.md beside this file."""

import argparse
import collections
import statistics
import sys
import tempfile

from programs import PYTHON, build, install, lines


def measure(sizes, batches):
    """Runs every program once; yields (who, benchmark, case, ns a row)."""
    cases = [f"{size}:{batch}" for size in sizes for batch in batches]
    ours = [DEEPFRY, "bench", "fastfood", "--json", "--sizes", ",".join(sizes), "--batch", ",".join(map(str, batches))]
    programs = {
        "deepfry": (ours, {}),
        "pytorch": ([PYTHON, "peer_torch.py", *cases], {}),
        "openblas": ([PYTHON, "peer_numpy.py", *cases], {}),
        "openblas, Zen": ([PYTHON, "peer_numpy.py", *cases], {"OPENBLAS_CORETYPE": "Zen"}),
        "openblas, SkylakeX": ([PYTHON, "peer_numpy.py", *cases], {"OPENBLAS_CORETYPE": "SkylakeX"}),
        "onnxruntime": (["node", "peer_onnx.js", *cases], {}),
    }
    for who, (command, variables) in programs.items():
        for line in lines(command, **variables):
            if line.get("benchmark"):
                yield who, line["benchmark"], line["case"], line["median_ns"]


def table(results):
    """Prints medians, and how many times as fast Fastfood is here."""
    print("| case | pass | Fastfood here | fastest dense | ratio | best PyTorch Fastfood | ratio |")
    print("|---|---|---|---|---|---|---|")
    median = {key: statistics.median(values) for key, values in results.items()}
    for who, benchmark, case in median:
        if who != "deepfry" or not benchmark.startswith("fastfood"):
            continue
        passes = benchmark.removeprefix("fastfood ")
        here = median[who, benchmark, case]
        dense = {w: ns for (w, b, c), ns in median.items() if (b, c) == ("dense " + passes, case)}
        fastest = min(dense, key=dense.get)
        other = median["pytorch", benchmark, case]
        print(f"| {case} | {passes} | {here / 1e3:.3f} µs | {dense[fastest] / 1e3:.2f} µs ({fastest}) | {dense[fastest] / here:.1f} "
              f"| {other / 1e3:.2f} µs | {other / here:.1f} |")
    print()
    for (who, benchmark, case), ns in median.items():
        print(f"{who:14} {benchmark:26} {case:26} {ns / 1e3:10.3f} µs a row")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--install", action="store_true", help="install the peers, as root, and stop")
parser.add_argument("--rounds", type=int, default=5, help="alternations")
parser.add_argument("--sizes", default="1024:1024,4096:4096,9216:16384")
parser.add_argument("--batch", default="1,16,64,256")
arguments = parser.parse_args()
if arguments.install:
    install()
    sys.exit()
with tempfile.TemporaryDirectory() as folder:
    DEEPFRY = build(folder)
    found = collections.defaultdict(list)
    for _ in range(arguments.rounds):
        for who, benchmark, case, ns in measure(arguments.sizes.split(","), [int(b) for b in arguments.batch.split(",")]):
            found[who, benchmark, case].append(ns)
    table(found)
