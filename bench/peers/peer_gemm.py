"""NumPy with OpenBLAS: matrix products, as `deepfry bench gemm` names them."""

import sys

import numpy

from measure import median_ns, report


def matrix(rows, columns, transposed):
    if transposed:
        return matrix(columns, rows, False).T
    return numpy.random.randn(rows, columns).astype(numpy.float32)


for size in sys.argv[1:]:
    shape, _, stored = size.partition(":")
    m, k, n = map(int, shape.split("x"))
    a, b = matrix(m, k, stored == "tn"), matrix(k, n, stored == "nt")
    c = numpy.empty((m, n), "f4")
    calls = max(1, int(1e7 / (m * k * n)))  # of some 0.1 ms together

    def products():
        for _ in range(calls):
            numpy.dot(a, b, out=c)

    report("gemm", size, median_ns(products, calls, 0.3))
