"""Prints what run.py and peers.py measured as a table; see README.md beside this file.

compare.py RESULTS... [--seeds=dev]

RESULTS are files of both. Figures are means over the seeds: errors in percent, and of boston, diabetes, ozone
and servo root mean squared errors (RMSE). The difference is that of deepfry to the better, by its mean, of XGBoost
and SVM, ± the standard error of the mean of paired differences: in points, or in percent of the better's RMSE.
"""

import argparse
import math
import statistics

from tables import CLASSIFICATION, REGRESSION, Results, seeds

WITHIN = {"points": 0.5, "%": 2.0}  # of the better's RMSE
HEADER = ["table", "majority or mean", "linear", "deepfry", "SVM", "random forest", "XGBoost", "difference", "within"]


def scores(results, name, development):
    """Returns lists of figures, one of each seed, by column; None where one is missing."""
    columns = {}
    for column, method, key in (("constant", "constant", "score"), ("linear", "deepfry", "linear"), ("deepfry", "deepfry", "score"),
                                ("svm", "svm", "score"), ("forest", "forest", "score"), ("xgboost", "xgboost", "score")):
        found = [results.get(name, seed, method) for seed in seeds(name, development)]
        columns[column] = [line[key] for line in found] if None not in found else None
    return columns


def difference(columns, unit):
    """Returns the mean of paired differences, its standard error (NaN for one seed), or None."""
    if None in (columns["deepfry"], columns["svm"], columns["xgboost"]):
        return None
    better = min(columns["svm"], columns["xgboost"], key=statistics.mean)
    scale = 1 if unit == "points" else 100 / statistics.mean(better)
    pairs = [scale * (ours - theirs) for ours, theirs in zip(columns["deepfry"], better)]
    error = statistics.stdev(pairs) / math.sqrt(len(pairs)) if len(pairs) > 1 else math.nan
    return statistics.mean(pairs), error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", metavar="RESULTS")
    parser.add_argument("--seeds", choices=["all", "dev"], default="all", help="dev: 101 to 103 alone")
    arguments = parser.parse_args()
    results = Results(*arguments.results)
    print("| " + " | ".join(HEADER) + " |")
    print("|---" + "|---:" * (len(HEADER) - 2) + "|---|")
    within, measured = 0, 0
    for name in CLASSIFICATION + REGRESSION:
        unit = "points" if name in CLASSIFICATION else "%"
        columns = scores(results, name, arguments.seeds == "dev")
        cells = [name + ("" if unit == "points" else ", RMSE")]
        cells += ["" if column is None else f"{statistics.mean(column):.2f}" for column in columns.values()]
        found = difference(columns, unit)
        if found is None:
            cells += ["", ""]
        else:
            mean, error = found
            measured += 1
            within += mean <= WITHIN[unit]
            cells += [f"{mean:+.2f}" + ("" if math.isnan(error) else f" ± {error:.2f}") + (" %" if unit == "%" else ""), "yes" if mean <= WITHIN[unit] else "no"]
        print("| " + " | ".join(cells) + " |")
    print(f"\n{within} of {measured} are no worse than the better of SVM and XGBoost by more than 0.5 points (2% of RMSE).")


if __name__ == "__main__":
    main()
