"""How fast PyTorch's matrix products are with the kernels of OpenBLAS that OPENBLAS_CORETYPE names: the
geometric mean, over the works that products bound, of the seconds of a step's products; the best of several
goes. Some versions choose slow kernels for newer processors; others compute wrong results with some, and then
this fails."""
import math
import time

import torch

from works import works_of

ATTEMPTS, SECONDS, LEAST_FLOP = 5, 0.02, 1e7


def shapes():
    """Rows, inputs and units of the layers of each work with enough products."""
    works = works_of("steps")
    found = {tuple((w["batch_size"], *pair) for pair in zip(w["layers"], w["layers"][1:])) for w in works}
    return sorted(layers for layers in found if 2 * sum(map(math.prod, layers)) > LEAST_FLOP)


def products(layers):
    """The operands of a step's products: of each layer the output, its weights' gradient and its input's."""
    for i, (rows, inputs, units) in enumerate(layers):
        x, w, dz = torch.randn(rows, inputs), torch.randn(units, inputs), torch.randn(rows, units)
        yield from [(x, w.t()), (dz.t(), x)] + [(dz, w)] * (i > 0)


def seconds(operands):
    steps = 0
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS or steps == 0:
        for a, b in operands:
            torch.mm(a, b)
        steps += 1
    return (time.perf_counter() - start) / steps


def main():
    works = [list(products(layers)) for layers in shapes()]
    for a, b in sum(works, []):
        exact = torch.mm(a.double(), b.double())
        if not (torch.mm(a, b) - exact).abs().max() <= 1e-5 * exact.abs().max():  # nor with NaN
            raise SystemExit("wrong products")
    best = [min(seconds(work) for _ in range(ATTEMPTS)) for work in works]
    print(math.exp(sum(map(math.log, best)) / len(best)))


main()
