"""NumPy with OpenBLAS: the matrix products of a dense layer."""

import sys

import numpy

from measure import cases, median_ns, report

for d, n, batch, name in cases(sys.argv[1:]):
    x, w, dy = (numpy.random.randn(*shape).astype(numpy.float32) for shape in ((batch, d), (n, d), (batch, n)))
    y, dx, dw = numpy.empty((batch, n), "f4"), numpy.empty((batch, d), "f4"), numpy.empty((n, d), "f4")

    def forward():
        numpy.matmul(x, w.T, out=y)

    def both():
        numpy.matmul(x, w.T, out=y)
        numpy.matmul(dy, w, out=dx)
        numpy.matmul(dy.T, x, out=dw)

    report("dense forward", name, median_ns(forward, batch))
    report("dense forward+backward", name, median_ns(both, batch))
