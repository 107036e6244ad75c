"""Measures deepfry on small pictures, beside PyTorch; see README.md beside this file.

run.py DEEPFRY FOLDER --out=RESULTS [--sets shapes hues] [--seeds 1 2 3 4 5] [--steps=2500]

Draws the pictures of every set and seed into FOLDER, unless they are there, trains on them with the same seed, one
program at a time, and appends a JSON line to the file RESULTS for each network. What has a line is not run again: for
another deepfry or other steps, name another file. At last it prints tables.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "..", "peers"), os.path.join(HERE, "..", "tables")]

import hues  # noqa: E402
from programs import PYTHON, lines  # noqa: E402
from tables import Results  # noqa: E402

CORES = 2
TARGETS = {"shapes": {"dense": 12, "fried": 15}, "hues": {"dense": 2, "fried": 2}}  # errors in percent, at most
PEER, WITH_PEER = "pytorch", ["shapes"]
MINUTES = 5


def pictures(deepfry, folder, name, seed):
    """Returns the folder of a set's pictures, which is whole if it is there."""
    path = os.path.abspath(os.path.join(folder, f"{name}-{seed}"))
    if not os.path.exists(path):
        part = path + ".part"
        shutil.rmtree(part, ignore_errors=True)
        if name == "shapes":
            subprocess.run([deepfry, "data", "shapes", "--out", part, "--seed", str(seed)], check=True, stdout=subprocess.DEVNULL)
        else:
            hues.write(part, seed)
        os.replace(part, path)
    return path


def train(deepfry, data, seed, steps):
    """Runs the command, which trains a dense and a fried network in turn, and returns what its log says of both."""
    command = [deepfry, "train", "--data", data, "--seed", str(seed)] + (["--steps", str(steps)] if steps else [])
    log, start = data + ".jsonl", time.time()
    with tempfile.TemporaryDirectory() as empty:
        environment = {**os.environ, "GOMAXPROCS": str(CORES)}
        subprocess.run(command + ["--out", empty, "--log", log, "--overwrite"], check=True, stdout=subprocess.DEVNULL, env=environment)
    wall = time.time() - start
    with open(log) as file:
        events = [json.loads(line) for line in file]
    found, recipe = {}, events[0]["recipe"]
    for method, network in zip(("dense", "fried"), events[-1]["networks"]):
        seconds = sum(e["seconds"] for e in events if e["event"] == "epoch" and e["network"] == network["network"])
        found[method] = {key: network[key] for key in ("error_percent", "weights")}
        found[method].update(seconds=round(seconds, 1), command_seconds=round(wall, 1), recipe=recipe)
    return found


def measure(deepfry, folder, results, name, seed, steps):
    data = pictures(deepfry, folder, name, seed)
    if not results.has(name, seed, "fried"):
        for method, found in train(deepfry, data, seed, steps).items():
            if not results.has(name, seed, method):
                results.add(name, seed, method, **found)
    if name in WITH_PEER and not results.has(name, seed, PEER):
        dense = results.get(name, seed, "dense")
        command = [PYTHON, os.path.join(HERE, "peer_torch.py"), data, str(seed), json.dumps(dense["recipe"])]
        found = lines(command, threads=CORES, OMP_WAIT_POLICY="PASSIVE")[-1]
        if found["weights"] != dense["weights"]:
            raise SystemExit(f"{PEER} has {found['weights']} weights and dense {dense['weights']}: want the same network")
        results.add(name, seed, PEER, **found)


def summary(values):
    """Returns the mean and its standard error (NaN for one value)."""
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.mean(values), error


def table(results, name, seeds):
    """Prints errors and seconds of a set by seed, their means, and whether they are within the targets."""
    methods = ["dense", "fried"] + [PEER] * (name in WITH_PEER)
    found = {method: [results.get(name, seed, method) for seed in seeds] for method in methods}
    errors = {method: [line["error_percent"] for line in found[method]] for method in methods}
    seconds = {method: [line["seconds"] for line in found[method]] for method in methods}
    command = [line["command_seconds"] for line in found["dense"]]
    print("\n| " + " | ".join([name, "seed"] + methods + [f"seconds of {m}" for m in methods] + ["of the command"]) + " |")
    print("|---|---" + "|---:" * (2 * len(methods) + 1) + "|")
    for i, seed in enumerate(seeds):
        cells = [f"{errors[m][i]:.2f}%" for m in methods] + [f"{seconds[m][i]:.0f}" for m in methods] + [f"{command[i]:.0f}"]
        print("| " + " | ".join(["", str(seed)] + cells) + " |")
    cells = ["{:.2f} ± {:.2f}%".format(*summary(errors[m])) for m in methods]
    cells += [f"{statistics.mean(s):.0f}" for s in list(seconds.values()) + [command]]
    print("| | " + " | ".join(["mean"] + cells) + " |\n")
    for method, most in TARGETS[name].items():
        mean, slowest = statistics.mean(errors[method]), max(seconds[method])
        print(f"{name}, {method}: {mean:.2f}%, {verdict(mean <= most)} {most}%; ", end="")
        print(f"the slowest run took {slowest:.0f} s, {verdict(slowest <= 60 * MINUTES)} {MINUTES} minutes")
    if PEER in methods:
        mean, error = summary([ours - theirs for ours, theirs in zip(errors["dense"], errors[PEER])])
        print(f"{name}, dense - {PEER}: {mean:+.2f} ± {error:.2f} points (paired), {verdict(mean <= 2 * error)} two standard errors")


def verdict(holds):
    return "within" if holds else "NOT WITHIN"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("deepfry", "folder"):
        parser.add_argument(name)
    parser.add_argument("--out", required=True, metavar="RESULTS")
    parser.add_argument("--sets", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--steps", type=int, help="default: deepfry's own, 2,500")
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    results = Results(arguments.out)
    for name in arguments.sets:
        for seed in arguments.seeds:
            measure(os.path.abspath(arguments.deepfry), arguments.folder, results, name, seed, arguments.steps)
    for name in arguments.sets:
        table(results, name, arguments.seeds)


if __name__ == "__main__":
    main()
