"""Writes the tables and their splits; see README.md beside this file.

prepare.py FOLDER

Writes FOLDER/NAME-SEED-train.csv and -test.csv: seed 0 is the classical split of letter, satellite and dna;
the others have seeds 1 to 5. Seeds 101 to 103 are for choices of design: splits of whole tables or, where
there is a classical split, of its training part. The same bytes every time.
"""

import argparse
import csv
import os
import subprocess
import tempfile

from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split

from tables import CLASSIFICATION, DEVELOPMENT, REGRESSION, TRAINING_ROWS, seeds

HERE = os.path.dirname(os.path.abspath(__file__))


def from_r(folder):
    """Returns the tables of R's packages by name: rows of texts, the header first."""
    subprocess.run(["Rscript", os.path.join(HERE, "prepare.R"), folder], check=True)
    tables = {}
    for file in os.listdir(folder):
        with open(os.path.join(folder, file), newline="") as lines:
            tables[os.path.splitext(file)[0]] = list(csv.reader(lines))
    return tables


def from_scikit_learn(bunch):
    """Returns a table of scikit-learn's: rows of texts, the header first."""
    rows = [[f"{value:.15g}" for value in row] + [f"{target:.15g}"] for row, target in zip(bunch.data, bunch.target)]
    return [list(bunch.feature_names) + ["target"]] + rows


def write(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def split(name, rows, seed):
    """Returns training and test rows, both without the header."""
    known = rows[: TRAINING_ROWS.get(name)]
    if seed == 0:
        return known, rows[len(known) :]
    classes = [row[-1] for row in known] if name in CLASSIFICATION else None
    return train_test_split(known, test_size=0.25, random_state=seed, stratify=classes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="outside the repository")
    folder = parser.parse_args().folder
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        tables = from_r(temporary)
    tables["digits"] = from_scikit_learn(load_digits())
    tables["diabetes"] = from_scikit_learn(load_diabetes(scaled=False))
    for name in CLASSIFICATION + REGRESSION:
        header, *rows = tables[name]
        for seed in seeds(name) + DEVELOPMENT:
            train, test = split(name, rows, seed)
            write(os.path.join(folder, f"{name}-{seed}-train.csv"), [header] + train)
            write(os.path.join(folder, f"{name}-{seed}-test.csv"), [header] + test)
        print(f"{name}: {len(rows)} rows, {len(header) - 1} inputs")


if __name__ == "__main__":
    main()
