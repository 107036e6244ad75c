"""Measures random features of a Gaussian kernel against scikit-learn's; see README.md beside this file."""

import argparse
import collections
import statistics
import tempfile

from programs import PYTHON, build, lines

CORES = {"": {}, ", Zen": {"OPENBLAS_CORETYPE": "Zen"}, ", SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"}}


def measure(sizes, batches):
    """Runs every program once; yields (who, what, size, settings, ns a row)."""
    ours = [DEEPFRY, "bench", "features", "--json", "--sizes", ",".join(sizes), "--batch", ",".join(batches)]
    for line in lines(ours):
        if line.get("benchmark"):
            size, batch = line["case"].split()
            yield "deepfry", line["benchmark"].removeprefix("features "), size, batch, line["median_ns"]
    theirs = [PYTHON, "peer_sklearn.py", *(f"{size}:{batch}" for size in sizes for batch in batches)]
    for core, variables in CORES.items():
        for line in lines(theirs, **variables):
            size, batch = line["case"].split()
            yield "peer", line["benchmark"], size, f"{line['precision']} {batch}{core}", line["median_ns"]


def table(found):
    """Prints medians, by the fastest settings of each, and how many times as fast we are."""
    fastest = {}
    for (who, what, size, settings), values in found.items():
        ns = statistics.median(values)
        if (who, what, size) not in fastest or ns < fastest[who, what, size][0]:
            fastest[who, what, size] = ns, settings
    print("| d→n | RBFSampler | NumPy | sampling | n cosines | RBFSampler's time over it | n pairs | |")
    print("|---|---|---|---|---|---|---|---|")
    samplings = dict.fromkeys(what.split()[0] for who, what, _ in fastest if who == "deepfry")
    for size in dict.fromkeys(size for _, _, size in fastest):
        sampler, numpy = fastest["peer", "RBFSampler", size][0], fastest["peer", "NumPy", size][0]
        for sampling in samplings:
            cosines, pairs = (fastest["deepfry", f"{sampling} {form}", size][0] for form in ("cosines", "pairs"))
            print(f"| {size} | {sampler / 1e3:.3g} µs | {numpy / 1e3:.3g} µs | {sampling} "
                  f"| {cosines / 1e3:.3g} µs | {sampler / cosines:.1f} | {pairs / 1e3:.3g} µs | {sampler / pairs:.1f} |")
    print()
    for (who, what, size), (ns, settings) in fastest.items():
        print(f"{who:8} {what:16} {size:12} {ns / 1e3:9.3f} µs a row, fastest with {settings}")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rounds", type=int, default=5, help="alternations")
parser.add_argument("--sizes", default="64:2048,512:4096,784:8192,1024:16384")
parser.add_argument("--batch", default="16,64,256,1024", help="rows of a batch; the best counts, of each program")
arguments = parser.parse_args()
with tempfile.TemporaryDirectory() as folder:
    DEEPFRY = build(folder)
    results = collections.defaultdict(list)
    for _ in range(arguments.rounds):
        for who, what, size, settings, ns in measure(arguments.sizes.split(","), arguments.batch.split(",")):
            results[who, what, size, settings].append(ns)
    table(results)
