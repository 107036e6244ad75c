"""Compresses what train_originals.py trained, one default command each; see README.md beside this file.

run.py ORIGINALS DEEPFRY RESULTS [NAME...] [--arguments="--finetune 3"]

Writes RESULTS/NAME.onnx and NAME.json, and prints a table. What has a NAME.json is not run again: for
another deepfry, name another folder.
"""

import argparse
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "peers"))

from programs import lines  # noqa: E402
from train_originals import NETWORKS  # noqa: E402


def compress(deepfry, original, smaller, data, arguments):
    """Runs the command and returns what is known of it. A file for which data are refused gets none."""
    command = [deepfry, "compress", original, smaller, "--overwrite", "--json"] + arguments.split()
    for more in (["--data", data], []):
        start = time.time()
        run = subprocess.run(command + more, capture_output=True, text=True)
        found = {"command": command[1:] + more, "seconds": time.time() - start, "data": bool(more)}
        if run.returncode == 0:
            return {**found, "report": json.loads(run.stdout or "null")}
        print(run.stderr.strip().splitlines()[-1:], file=sys.stderr)
    return {**found, "failed": run.stderr.strip()}


def measure(name, arguments):
    """Compresses a network and compares both files in ONNX Runtime."""
    shape = "x".join(map(str, NETWORKS[name][1]))
    original, smaller = (os.path.abspath(os.path.join(folder, name + ".onnx")) for folder in (arguments.originals, arguments.results))
    data, unseen = (os.path.abspath(os.path.join(arguments.originals, f"fashion-{shape}{end}.npz")) for end in ("", "-unseen"))
    if os.path.exists(smaller):
        os.remove(smaller)  # of an earlier, interrupted run
    found = compress(os.path.abspath(arguments.deepfry), original, smaller, data, arguments.arguments)
    if os.path.exists(smaller):
        found["check"] = lines(["node", os.path.join(HERE, "check.js"), original, smaller, unseen])[-1]
    return found


def row(name, found):
    """Returns a line of the table: before → after."""
    if "check" not in found:
        return f"| {name} | {found.get('failed', 'left as it is')} | | | | | | {found['seconds']:.0f} | |"
    check, report = found["check"], found["report"]
    weights = report["weights_before"], report["weights_after"]
    (before, after), drop = check["error"], check["error"][1] - check["error"][0]
    cells = [name, f"{weights[0]:,} → {weights[1]:,}", f"{weights[0] / weights[1]:.1f}", "{:,} → {:,}".format(*check["bytes"]), f"{before:.2f}% → {after:.2f}%"]
    cells += ["{:.0f} → {:.0f}".format(*check["latency"][batch]) for batch in ("1", "32")]
    wrong = [] if check["same_interface"] else ["ANOTHER INTERFACE"]
    wrong += ["no data"] if not found["data"] else []
    wrong += [f"{drop:.2f} POINTS WORSE"] if drop > 0.5 else []
    return "| " + " | ".join(cells + [f"{found['seconds']:.0f}", ", ".join(wrong)]) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("originals", "deepfry", "results"):
        parser.add_argument(name)
    parser.add_argument("names", nargs="*", default=list(NETWORKS), metavar="NAME", help=f"default: {' '.join(NETWORKS)}")
    parser.add_argument("--arguments", default="", help="more arguments of deepfry compress")
    arguments = parser.parse_args()
    os.makedirs(arguments.results, exist_ok=True)
    print("| network | weights | times less | bytes | error on unseen rows | µs, batch 1 | µs, batch 32 | seconds of the command | |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in arguments.names:
        path = os.path.join(arguments.results, name + ".json")
        if not os.path.exists(path):
            found = measure(name, arguments)
            with open(path + ".part", "w") as file:
                json.dump(found, file, indent=1)
            os.replace(path + ".part", path)
        with open(path) as file:
            print(row(name, json.load(file)), flush=True)


main()
