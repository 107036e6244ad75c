"""Fits scikit-learn's and XGBoost's machines to the splits that prepare.py wrote; see README.md beside this file.

peers.py FOLDER RESULTS [NAME...] [--seeds=dev]

Appends a JSON line to the file RESULTS for each table, seed and method. What has a line is not run again.
"""

import argparse
import csv
import itertools
import os
import time
import warnings

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np  # noqa: E402
from sklearn.compose import make_column_transformer  # noqa: E402
from sklearn.dummy import DummyClassifier, DummyRegressor  # noqa: E402
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # noqa: E402
from sklearn.impute import SimpleImputer  # noqa: E402
from sklearn.model_selection import KFold, StratifiedKFold  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler  # noqa: E402
from sklearn.svm import SVC, SVR  # noqa: E402
from xgboost import XGBClassifier, XGBRegressor  # noqa: E402

from tables import CLASSIFICATION, TABLES, Results, seeds  # noqa: E402

SVM = {"C": [2.0**k for k in range(-1, 10, 2)], "gamma": [2.0**k for k in range(-6, 5, 2)]}  # γ: divided by the number of columns
SVR_EPSILON = [0.01, 0.1]  # of the target's deviation
BOOSTING = {"max_depth": [2, 4, 6], "learning_rate": [0.03, 0.1, 0.3]}
ROUNDS = [100, 300, 1000]


def combinations(grid):
    return [dict(zip(grid, values)) for values in itertools.product(*grid.values())]


def read(folder, name, seed, part):
    """Returns a file's cells as an array of texts: rows × columns, the target last."""
    with open(os.path.join(folder, f"{name}-{seed}-{part}.csv"), newline="") as file:
        return np.array(list(csv.reader(file))[1:])


def is_number(cell):
    try:
        return cell == "" or float(cell) is not None
    except ValueError:
        return False


class Split:
    """A split's rows as matrices without missing numbers, and with them (NaN); targets; how to measure."""

    def __init__(self, folder, name, seed):
        train, test = (read(folder, name, seed, part) for part in ("train", "test"))
        self.classes = name in CLASSIFICATION
        if self.classes:
            labels = sorted(set(train[:, -1]))
            self.y, self.y_test = (np.array([labels.index(label) for label in part[:, -1]]) for part in (train, test))
        else:  # deviations from the mean, in standard deviations
            y = train[:, -1].astype(float)
            self.scale = y.std()
            self.y, self.y_test = ((part[:, -1].astype(float) - y.mean()) / self.scale for part in (train, test))
        numeric = [all(map(is_number, column)) for column in train[:, :-1].T]
        numbers, texts = np.flatnonzero(numeric), np.flatnonzero(np.logical_not(numeric))

        def encoded(*steps):
            categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False)  # a missing one, "", is one more
            encoder = make_column_transformer((categories, texts), (make_pipeline(as_floats, *steps), numbers))
            return encoder.fit_transform(train), encoder.transform(test)

        as_floats = FunctionTransformer(lambda cells: np.where(cells == "", "nan", cells).astype(float))
        self.x, self.x_test = encoded(StandardScaler(), SimpleImputer(strategy="median", add_indicator=True))
        self.x_missing, self.x_test_missing = encoded()

    def score(self, y, predictions):
        """Returns the error in percent, or the root mean squared error in the target's units."""
        if self.classes:
            return 100 * np.mean(y != predictions)
        return self.scale * np.sqrt(np.mean((y - predictions) ** 2))

    def folds(self):
        """Returns the rows of three folds: pairs of rows to fit and rows to measure."""
        kind = StratifiedKFold if self.classes else KFold
        return kind(3, shuffle=True, random_state=0).split(self.y, self.y)


def svm(split):
    """C, γ (and ε) by a search, then a fit to all rows."""
    grid = SVM if split.classes else {**SVM, "epsilon": SVR_EPSILON}
    make = SVC if split.classes else SVR
    candidates = [{**c, "gamma": c["gamma"] / split.x.shape[1]} for c in combinations(grid)]
    errors = np.zeros(len(candidates))
    for fit, measure in split.folds():
        for i, settings in enumerate(candidates):
            machine = make(cache_size=1000, **settings).fit(split.x[fit], split.y[fit])
            errors[i] += split.score(split.y[measure], machine.predict(split.x[measure])) / 3
    best = candidates[np.argmin(errors)]
    machine = make(cache_size=1000, **best).fit(split.x, split.y)
    return machine.predict(split.x_test), best


def xgboost(split):
    """Depth, rate and rounds by a search, then a fit to all rows. Missing numbers are XGBoost's own to treat."""
    make = XGBClassifier if split.classes else XGBRegressor
    same = {"tree_method": "hist", "n_jobs": 1, "random_state": 0}
    candidates = combinations(BOOSTING)
    errors = np.zeros((len(candidates), len(ROUNDS)))
    for fit, measure in split.folds():
        for i, settings in enumerate(candidates):
            machine = make(n_estimators=max(ROUNDS), **settings, **same).fit(split.x_missing[fit], split.y[fit])
            for j, rounds in enumerate(ROUNDS):
                predictions = machine.predict(split.x_missing[measure], iteration_range=(0, rounds))
                errors[i, j] += split.score(split.y[measure], predictions) / 3
    i, j = np.unravel_index(np.argmin(errors), errors.shape)
    best = {**candidates[i], "n_estimators": ROUNDS[j]}
    machine = make(**best, **same).fit(split.x_missing, split.y)
    return machine.predict(split.x_test_missing), best


def forest(split):
    make = RandomForestClassifier if split.classes else RandomForestRegressor
    machine = make(n_estimators=500, random_state=0, n_jobs=1).fit(split.x, split.y)
    return machine.predict(split.x_test), {}


def constant(split):
    """The most frequent class, or the mean."""
    machine = (DummyClassifier(strategy="most_frequent") if split.classes else DummyRegressor()).fit(split.x, split.y)
    return machine.predict(split.x_test), {}


METHODS = {"constant": constant, "svm": svm, "forest": forest, "xgboost": xgboost}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="of prepare.py")
    parser.add_argument("results", help="a file outside the repository")
    parser.add_argument("names", nargs="*", default=TABLES, metavar="NAME", help=f"default: {' '.join(TABLES)}")
    parser.add_argument("--seeds", choices=["all", "dev"], default="all", help="dev: 101 to 103 alone")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)
    results = Results(arguments.results)
    for name in arguments.names:
        for seed in seeds(name, arguments.seeds == "dev"):
            todo = [method for method in METHODS if not results.has(name, seed, method)]
            split = Split(arguments.folder, name, seed) if todo else None
            for method in todo:
                start = time.time()
                predictions, settings = METHODS[method](split)
                score = split.score(split.y_test, predictions)
                results.add(name, seed, method, score=float(score), seconds=round(time.time() - start, 2), settings=settings)


if __name__ == "__main__":
    main()
