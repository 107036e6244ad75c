"""What the programs here share: the names of tables, the seeds of their splits, and files of results."""

import json
import os

CLASSIFICATION = "iris sonar glass ionosphere votes pima vehicle vowel digits spam ticdata letter satellite dna".split()
REGRESSION = "boston diabetes ozone servo".split()
TRAINING_ROWS = {"letter": 16000, "satellite": 4435, "dna": 2000}  # of the classical splits: they are first
DEVELOPMENT = [101, 102, 103]

SLOW = ["digits", "spam", "letter", "ticdata"]
TABLES = [name for name in CLASSIFICATION + REGRESSION if name not in SLOW] + SLOW


def seeds(name, development=False):
    """Returns the seeds of a table's splits."""
    return DEVELOPMENT if development else [0] if name in TRAINING_ROWS else [1, 2, 3, 4, 5]


class Results:
    """Files of JSON lines: table, seed, method and what was measured. score is the error in percent, or the RMSE."""

    def __init__(self, *paths):
        self.path, self.found = paths[0], {}
        for path in filter(os.path.exists, paths):
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
