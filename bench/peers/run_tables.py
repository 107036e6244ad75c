"""Measures `deepfry fit` on tables against scikit-learn's exact kernel machine; see README.md beside this file."""

import argparse
import os
import statistics
import tempfile

import numpy
from sklearn.datasets import load_diabetes, load_digits, make_friedman1
from sklearn.kernel_ridge import KernelRidge
from sklearn.preprocessing import StandardScaler

from programs import build, lines

RIDGES = 10.0 ** numpy.arange(-5, 2.1, 0.5)


def friedman(seed):
    x, y = make_friedman1(6000, n_features=10, noise=1, random_state=seed)
    return x[:4000], y[:4000], x[4000:], y[4000:]


def split(x, y, seed):
    order = numpy.random.default_rng(seed).permutation(len(y))
    test, train = order[: len(y) // 5], order[len(y) // 5 :]
    return x[train], y[train], x[test], y[test]


TABLES = {
    "friedman": (friedman, False),
    "diabetes": (lambda seed: split(*load_diabetes(return_X_y=True), seed), False),
    "digits": (lambda seed: split(*load_digits(return_X_y=True), seed), True),
}


def ours(x, y, xt, yt, classes, seed, folder):
    paths = [os.path.join(folder, name) for name in ("train.csv", "test.csv")]
    for path, rows in zip(paths, (numpy.column_stack((x, y)), numpy.column_stack((xt, yt)))):
        numpy.savetxt(path, rows, "%.9g", ",")
    task = ["--task", "classification"] if classes else ["--task", "regression", "--posterior"]
    model = os.path.join(folder, "model.safetensors")
    command = [DEEPFRY, "fit", paths[0], "--test", paths[1], "--json", "--out", model, "--seed", str(seed), "--n", "2048", *task]
    return lines(command, 2)[-1]


def error(machine, x, y, xt, yt, classes):
    """Fits, and returns the root mean squared error, or the percentage of wrong classes."""
    if classes:
        machine.fit(x, 2.0 * (y[:, None] == numpy.arange(10)) - 1)
        return 100 * numpy.mean(machine.predict(xt).argmax(1) != yt)
    mean = y.mean()
    machine.fit(x, y - mean)
    return numpy.sqrt(numpy.mean((machine.predict(xt) + mean - yt) ** 2))


def exact(x, y, xt, yt, classes, gammas):
    """Chooses on a fifth of the rows, and fits to all of them."""
    scaler = StandardScaler().fit(x)
    x, xt, cut = scaler.transform(x), scaler.transform(xt), len(y) // 5
    found = min(
        (error(KernelRidge(kernel="rbf", gamma=g, alpha=a), x[cut:], y[cut:], x[:cut], y[:cut], classes), g, a)
        for g in gammas for a in RIDGES
    )
    _, g, a = found
    return error(KernelRidge(kernel="rbf", gamma=g, alpha=a), x, y, xt, yt, classes)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seeds", type=int, default=5, help="of tables, splits and features")
parser.add_argument("--tables", default=",".join(TABLES))
arguments = parser.parse_args()
print("| table | here | exact, our γ | exact, its own γ | linear | rows within the 95% interval |")
print("|---|---|---|---|---|---|")
with tempfile.TemporaryDirectory() as folder:
    DEEPFRY = build(folder)
    for name in arguments.tables.split(","):
        data, classes = TABLES[name]
        found = []
        for seed in range(arguments.seeds):
            rows = data(seed)
            fit = ours(*rows, classes, seed, folder)
            key, linear = ("test_error_percent", "linear_error_percent") if classes else ("test_rmse", "linear_rmse")
            gamma = fit["gamma"]
            found.append((fit[key], exact(*rows, classes, [gamma]), exact(*rows, classes, gamma * 2.0 ** numpy.arange(-2, 3)), fit[linear],
                          fit.get("covered_percent", float("nan"))))
            print(name, seed, found[-1], flush=True)
        means = [statistics.mean(column) for column in zip(*found)]
        unit = "%" if classes else ""
        print(f"| {name} | " + " | ".join(f"{m:.4g}{unit}" for m in means[:4]) + f" | {means[4]:.1f}% |")
