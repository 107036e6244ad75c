"""What the Python peers share: timing, and the cases of run.py."""

import json
import time


def median_ns(call, rows, budget=0.4):
    """Returns the median time of call, in ns for each of its rows."""
    call()
    samples = []
    start = time.perf_counter()
    while len(samples) < 3 or time.perf_counter() - start < budget:
        before = time.perf_counter_ns()
        call()
        samples.append(time.perf_counter_ns() - before)
    samples.sort()
    return samples[len(samples) // 2] / rows


def report(benchmark, case, ns, **more):
    print(json.dumps({"benchmark": benchmark, "case": case, "median_ns": ns, **more}), flush=True)


def cases(arguments):
    """Yields (inputs, outputs, batch, name) from arguments such as 1024:1024:64."""
    for argument in arguments:
        d, n, batch = map(int, argument.split(":"))
        yield d, n, batch, f"{d}→{n} batch={batch}"
