"""PyTorch: a Linear layer, and Fastfood with H as two small matrix products."""

import sys

import torch

from measure import cases, median_ns, report

torch.set_num_threads(1)
torch.set_flush_denormal(True)


def hadamard(n):
    h = torch.ones(1, 1)
    while len(h) < n:
        h = torch.cat([torch.cat([h, h], 1), torch.cat([h, -h], 1)])
    return h / n**0.5


class Fastfood(torch.nn.Module):
    """Stacked blocks of S·H·G·Π·H·B, H_ab = H_a ⊗ H_b as two matrix products."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.dim = 1
        while self.dim < inputs:
            self.dim *= 2
        self.inputs, self.outputs = inputs, outputs
        self.blocks = -(-outputs // self.dim)
        size = self.blocks * self.dim
        self.s = torch.nn.Parameter(torch.randn(size))
        self.g = torch.nn.Parameter(torch.randn(size))
        self.b = torch.nn.Parameter(torch.randn(size).sign())
        self.register_buffer("perm", torch.cat([torch.randperm(self.dim) + i * self.dim for i in range(self.blocks)]))
        a = 1 << (self.dim.bit_length() // 2)
        self.register_buffer("left", hadamard(a))
        self.register_buffer("right", hadamard(self.dim // a))

    def transform(self, x):
        shape = x.shape
        x = x.view(-1, len(self.left), len(self.right))
        return torch.matmul(self.left, torch.matmul(x, self.right)).view(shape)

    def forward(self, x):
        x = torch.nn.functional.pad(x, (0, self.dim - self.inputs)).repeat(1, self.blocks)
        x = self.transform(x * self.b)
        x = self.transform(x[:, self.perm] * self.g)
        return (x * self.s)[:, : self.outputs]


for d, n, batch, name in cases(sys.argv[1:]):
    x = torch.randn(batch, d, requires_grad=True)
    gradient = torch.randn(batch, n)
    for kind, layer in (("dense", torch.nn.Linear(d, n, bias=False)), ("fastfood", Fastfood(d, n))):

        def forward():
            with torch.no_grad():
                layer(x)

        def both():
            layer(x).backward(gradient)

        report(f"{kind} forward", name, median_ns(forward, batch))
        report(f"{kind} forward+backward", name, median_ns(both, batch))
