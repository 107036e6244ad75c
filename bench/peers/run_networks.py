"""Measures training and inference of networks against peers; see README.md beside this file."""

import argparse
import collections
import os
import statistics
import tempfile

from networks import MODELS
from programs import PYTHON, build, lines, peak_mib

INFERENCE = {"lenet": [1, 16, 256], "caffenet": [1, 16]}
TRAINING = {"lenet": 64, "caffenet": 32}
FRIED = {"lenet": "adaptive:1024", "caffenet": "adaptive:16384"}
RECIPE = {"lenet": "default", "caffenet": "caffe"}


def measure(model, threads, folder):
    """Runs every program once; yields (what, who, threads, ns an image)."""
    shape = ",".join(map(str, MODELS[model][1]))
    file = os.path.join(folder, model + ".onnx")
    if not os.path.exists(file):
        lines([PYTHON, "-W", "ignore", "peer_torch_networks.py", "export", model, file])
    batches = list(map(str, INFERENCE[model]))
    layers = f"dense,{FRIED[model]}"
    flags = ["--json", "--fc", layers, "--threads", str(threads), "--time", "1500ms"]
    batch = str(TRAINING[model])
    commands = {
        "deepfry": [
            [DEEPFRY, "bench", "train", "--model", model, "--batch", batch, "--recipe", RECIPE[model], *flags],
            [DEEPFRY, "bench", "model", model, "--batch", ",".join(batches), *flags],
        ],
        "pytorch": [[PYTHON, "peer_torch_networks.py", "train", model, batch, str(threads)]],
        "onnxruntime": [["node", "peer_onnx_networks.js", file, model, shape, str(threads), *batches]],
    }
    for who, runs in commands.items():
        for command in runs:
            for line in lines(command, threads):
                if line.get("benchmark") in ("train", "inference"):
                    name, layers, size = (line["case"].replace(" batch", " dense batch") if who != "deepfry" else line["case"]).split()
                    yield (line["benchmark"], name, size), f"{who} {'fried' if layers != 'dense' else 'dense'}", threads, line["median_ns"]


def table(found):
    """Prints medians; a ratio is to the peer's best number of threads."""
    median = {key: statistics.median(values) for key, values in found.items()}
    print("| case | who | threads | time an image | against the peer's best |")
    print("|---|---|---|---|---|")
    for (what, who, threads), ns in sorted(median.items()):
        peers = [v for (w, other, _), v in median.items() if w == what and not other.startswith("deepfry")]
        ratio = f"{min(peers) / ns:.2f}" if peers and who.startswith("deepfry") else ""
        print(f"| {' '.join(what)} | {who} | {threads} | {ns / 1e3:.1f} µs | {ratio} |")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rounds", type=int, default=5, help="alternations")
parser.add_argument("--models", default="lenet,caffenet")
parser.add_argument("--threads", default="1,2")
parser.add_argument("--memory", action="store_true", help="measure the peak memory of training CaffeNet too")
arguments = parser.parse_args()
with tempfile.TemporaryDirectory() as folder:
    DEEPFRY = build(folder)
    found = collections.defaultdict(list)
    for _ in range(arguments.rounds):
        for model in arguments.models.split(","):
            for threads in map(int, arguments.threads.split(",")):
                for what, who, count, ns in measure(model, threads, folder):
                    found[what, who, count].append(ns)
    table(found)
    if arguments.memory:
        for layers in ("dense", FRIED["caffenet"]):
            command = [DEEPFRY, "bench", "train", "--model", "caffenet", "--batch", "32", "--recipe", "caffe", "--fc", layers, "--time", "1ms"]
            print(f"deepfry {layers}: {peak_mib(command):.0f} MiB at most")
        print(f"pytorch dense: {peak_mib([PYTHON, 'peer_torch_networks.py', 'train', 'caffenet', '32', '1']):.0f} MiB at most")
