"""scikit-learn's RBFSampler, and its four lines in NumPy with an output buffer that is reused."""

import sys

import numpy
from sklearn.kernel_approximation import RBFSampler

from measure import cases, median_ns, report

for d, n, batch, name in cases(sys.argv[1:]):
    for precision in ("float32", "float64"):
        x = numpy.random.randn(batch, d).astype(precision)
        sampler = RBFSampler(gamma=1 / (2 * d), n_components=n, random_state=1).fit(x)
        weights, offset, z = sampler.random_weights_, sampler.random_offset_, numpy.empty((batch, n), precision)

        def with_buffer():
            numpy.matmul(x, weights, out=z)
            numpy.add(z, offset, out=z)
            numpy.cos(z, out=z)
            numpy.multiply(z, (2 / n) ** 0.5, out=z)

        report("RBFSampler", name, median_ns(lambda: sampler.transform(x), batch), precision=precision)
        report("NumPy", name, median_ns(with_buffer, batch), precision=precision)
