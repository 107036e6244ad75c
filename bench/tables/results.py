"""What peers.py, run.py and compare.py share: the order of tables, their seeds, and files of results."""

import json
import os

from prepare import CLASSIFICATION, REGRESSION, seeds  # noqa: F401

LAST = ["digits", "spam", "letter", "ticdata"]  # the slow ones
TABLES = [name for name in CLASSIFICATION + REGRESSION if name not in LAST] + LAST


class Results:
    """A file of JSON lines: table, seed, method and what was measured. score is the error in percent, or the RMSE."""

    def __init__(self, path):
        self.path, self.found = path, {}
        if os.path.exists(path):
            with open(path) as lines:
                for line in map(json.loads, lines):
                    self.found[line["table"], line["seed"], line["method"]] = line

    def has(self, table, seed, method):
        return (table, seed, method) in self.found

    def get(self, table, seed, method):
        """Returns what was measured, or None."""
        return self.found.get((table, seed, method))

    def add(self, table, seed, method, **measured):
        line = {"table": table, "seed": seed, "method": method, **measured}
        self.found[table, seed, method] = line
        with open(self.path, "a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
