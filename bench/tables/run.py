"""Fits deepfry to the splits that prepare.py wrote; see README.md beside this file.

run.py DEEPFRY FOLDER RESULTS [NAME...] [--seeds=dev] [-- ARGUMENT...]

Runs `deepfry fit TRAIN --test TEST --json`, with more arguments behind --, one at a time, and appends a JSON
line to the file RESULTS for each table and seed. What has a line is not run again: for another deepfry or other
arguments, name another file.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

from tables import TABLES, Results, seeds


def fit(deepfry, folder, name, seed, more):
    """Runs the command and returns what it reports, or None behind an error that is printed."""
    train, test = (os.path.join(os.path.abspath(folder), f"{name}-{seed}-{part}.csv") for part in ("train", "test"))
    start = time.time()
    with tempfile.TemporaryDirectory() as empty:
        command = [deepfry, "fit", train, "--test", test, "--json", "--out", os.path.join(empty, "model.safetensors")]
        run = subprocess.run(command + more, capture_output=True, text=True, cwd=empty)
    if run.returncode != 0:
        print(f"{name}, seed {seed}: {run.stderr.strip()}", file=sys.stderr, flush=True)
        return None
    report = json.loads(run.stdout)
    for key in ("confusion", "classes", "model"):
        report.pop(key, None)
    score, linear = "test_error_percent", "linear_error_percent"
    if report["task"] == "regression":
        score, linear = "test_rmse", "linear_rmse"
    return {"score": report[score], "linear": report[linear], "seconds": round(time.time() - start, 2), "settings": report}


def main():
    own, more = sys.argv[1:], []
    if "--" in own:
        own, more = own[: own.index("--")], own[own.index("--") + 1 :]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("deepfry", "folder", "results"):
        parser.add_argument(name)
    parser.add_argument("names", nargs="*", default=TABLES, metavar="NAME", help=f"default: {' '.join(TABLES)}")
    parser.add_argument("--seeds", choices=["all", "dev"], default="all", help="dev: 101 to 103 alone")
    arguments = parser.parse_args(own)
    results, failed = Results(arguments.results), False
    for name in arguments.names:
        for seed in seeds(name, arguments.seeds == "dev"):
            if not results.has(name, seed, "deepfry"):
                found = fit(os.path.abspath(arguments.deepfry), arguments.folder, name, seed, more)
                if found is None:
                    failed = True
                else:
                    results.add(name, seed, "deepfry", **found)
    sys.exit(failed)


if __name__ == "__main__":
    main()
