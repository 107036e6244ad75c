"""PyTorch: training steps of a network, or its export to ONNX.

peer_torch_networks.py train MODEL BATCH THREADS    a step: AdamW for lenet, SGD with momentum for caffenet
peer_torch_networks.py conv MODEL BATCH THREADS     each convolution alone, on inputs of the network
peer_torch_networks.py export MODEL FILE
"""

import resource
import sys

import torch

from measure import median_ns, report
from networks import make


def train(model, batch, threads):
    torch.set_num_threads(threads)
    network, shape, classes = make(model)
    if model == "lenet":
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-6, weight_decay=0)
    else:
        optimizer = torch.optim.SGD(network.parameters(), lr=1e-6, momentum=0.9)
    x, labels = torch.randn(batch, *shape), torch.randint(classes, (batch,))

    def step():
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(network(x), labels).backward()
        optimizer.step()

    ns = median_ns(step, batch, budget=4)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report("train", f"{model} batch={batch}", ns, threads=threads, peak_mib=round(peak))


def convolutions(model, batch, threads):
    torch.set_num_threads(threads)
    network, shape, _ = make(model)
    x = torch.randn(batch, *shape)
    for i, layer in enumerate(network):
        if isinstance(layer, torch.nn.Conv2d):
            inside = x.detach().requires_grad_(i > 0)

            def forward():
                with torch.no_grad():
                    layer(inside)

            y = layer(inside)
            gradient = torch.randn_like(y)

            def both():
                layer(inside).backward(gradient)

            name = f"{model} layer {i} batch={batch}"
            report("conv forward", name, median_ns(forward, batch), threads=threads)
            report("conv forward+backward", name, median_ns(both, batch), threads=threads)
        with torch.no_grad():
            x = layer(x)


class OneOperator(torch.autograd.Function):
    """Local response normalisation as ONNX's LRN: PyTorch would write it as a dozen slow operators."""

    @staticmethod
    def forward(context, x):
        return torch.nn.functional.local_response_norm(x, 5, 1e-4, 0.75, 1)

    @staticmethod
    def symbolic(graph, x):
        return graph.op("LRN", x, size_i=5, alpha_f=1e-4, beta_f=0.75, bias_f=1.0)


def export(model, file):
    network, shape, _ = make(model)
    network.eval()
    for layer in network:
        if isinstance(layer, torch.nn.LocalResponseNorm):
            layer.forward = OneOperator.apply
    torch.onnx.export(network, torch.randn(1, *shape), file, opset_version=13, input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}})


torch.set_flush_denormal(True)
command, model, *rest = sys.argv[1:]
if command == "export":
    export(model, *rest)
else:
    {"train": train, "conv": convolutions}[command](model, *map(int, rest))
