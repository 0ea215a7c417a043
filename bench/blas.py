"""Seconds of some matrix products in float32, the best of several goes: tells with which of OpenBLAS kernels
(OPENBLAS_CORETYPE) PyTorch is at its best. Some versions choose slow ones for newer processors."""
import time

import torch


def seconds(rows):
    a, b = torch.randn(rows, 784), torch.randn(784, 256)
    start = time.perf_counter()
    for _ in range(20):
        torch.mm(torch.mm(a, b).t(), a)
    return time.perf_counter() - start


print(min(seconds(256) + seconds(32) for _ in range(10)))
