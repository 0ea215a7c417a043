"""Trains the benchmark's networks with PyTorch: pytorch.py <folder of the data> <threads> <batch sizes>

Written to be PyTorch's best: float32 tensors resident in memory, batches gathered by index_select, the
multi-tensor optimizer, nothing computed or read back beside what training needs. Prints one line a
batch size: engine,threads,batch_size,seconds an epoch,seconds of the whole call,test accuracy.
"""
import gzip
import os
import re
import sys
import time

import numpy as np
import torch
from torch import nn

HIDDEN_UNITS, EPOCHS, LEARN_RATE = 256, 5, 0.5


def read_idx(path, header):
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def read_set(folder, name):
    images = read_idx(f"{folder}/{name}-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    labels = read_idx(f"{folder}/{name}-labels-idx1-ubyte.gz", 8)
    return torch.from_numpy(images.astype(np.float32) / 255), torch.from_numpy(labels.astype(np.int64))


def new_model():
    model = nn.Sequential(nn.Linear(784, HIDDEN_UNITS), nn.ReLU(), nn.Linear(HIDDEN_UNITS, 10))
    for layer in model[0], model[2]:
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def train(x, y, batch_size, epochs):
    """The model, and the clock before anything and after every epoch."""
    clock = [time.perf_counter()]
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARN_RATE, foreach=True)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            loss = nn.functional.cross_entropy(model(x.index_select(0, rows)), y.index_select(0, rows))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        clock.append(time.perf_counter())
    return model, clock


def loaded_blas():
    """The linear algebra library that the process really uses."""
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if re.search(r"/lib(open)?blas\S*\.so", line)}
    return " ".join(sorted(os.path.join(*path.split("/")[-2:]) for path in paths))


def main(folder, threads, batch_sizes):
    torch.set_num_threads(threads)
    x, y = read_set(folder, "train")
    test_x, test_y = read_set(folder, "t10k")
    for batch_size in batch_sizes:
        train(x, y, batch_size, epochs=1)  # warms up
        model, clock = train(x, y, batch_size, EPOCHS)
        with torch.no_grad():
            accuracy = (model(test_x).argmax(1) == test_y).float().mean().item()
        # As for the other engine, an epoch is what each one after the first adds.
        epoch = (clock[-1] - clock[1]) / (EPOCHS - 1)
        print(f"PyTorch,{threads},{batch_size},{epoch:.4f},{clock[-1] - clock[0]:.4f},{accuracy:.4f}")
    print(f"PyTorch {torch.__version__}, {loaded_blas()}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), [int(size) for size in sys.argv[3:]])
