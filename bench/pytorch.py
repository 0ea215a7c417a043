"""PyTorch's turns: pytorch.py <folder of the data> <threads>

Prints what it is, then reads "<section> <work>" from standard input, one line a turn, measures
that work and prints lines of
  engine,threads,work,part,rows,steps,seconds,detail
and then "done". fastmlp.R does the same, so that run.sh can let them take turns.

Written to be PyTorch's best: float32 tensors resident in memory, nothing computed or read back
beside what training needs, and for each work the fastest of several ways to multiply, to gather
batches and to update. run.sh sets its surroundings.
"""
import functools
import itertools
import os
import re
import sys
from time import perf_counter as now

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from works import find_work, read_set

FOLDER, THREADS = sys.argv[1], int(sys.argv[2])
LEAST_SECONDS = float(os.environ.get("LEAST_SECONDS", 0.5))
MOST_SECONDS = float(os.environ.get("MOST_SECONDS", 2))
TRIAL_SECONDS = LEAST_SECONDS / 4

LIBRARIES = ["OpenBLAS", "oneDNN"]
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
UPDATES = {"fused": {"fused": True}, "foreach": {"foreach": True}, "loop": {"foreach": False}}
# Batches gathered from the resident tensors at a time: one by one, or several that are then sliced.
GATHERS = {"index": 1, "slices": 16}


@functools.lru_cache(maxsize=None)
def tensors(data, rows, inputs):
    x, y = read_set(FOLDER, {"data": data, "rows": rows, "layers": [inputs]})
    return torch.from_numpy(x), torch.from_numpy(y)


def tensors_of(work):
    return tensors(work["data"], work["rows"], work["layers"][0])


class Network(nn.Module):
    """Dense layers with relu between them, whose products OpenBLAS or oneDNN computes.

    oneDNN's are those of tensors of its own kind. Weights stay PyTorch's, as it trains no others, and are
    brought into oneDNN's order at every step.
    """

    def __init__(self, sizes, library):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in zip(sizes, sizes[1:]))
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        self.by_onednn = library == "oneDNN"
        # A list of the tensors themselves: looking parameters up takes as long as a small product.
        *self.hidden, self.last = [(layer.weight, layer.bias) for layer in self.layers]

    def forward(self, x):
        if self.by_onednn:
            x = x.to_mkldnn()
        for weight, bias in self.hidden:
            x = torch.relu(F.linear(x, weight, bias))
        x = F.linear(x, *self.last)
        return x.to_dense() if self.by_onednn else x


def batches(x, y, size, gather):
    """Batches without end, in a new order each epoch."""
    several = GATHERS[gather]
    while True:
        for rows in torch.randperm(len(x)).split(size * several):
            some_x, some_y = x.index_select(0, rows), y.index_select(0, rows)
            if several == 1:
                yield some_x, some_y
            else:
                yield from zip(some_x.split(size), some_y.split(size))


class Trainer:
    """A network with its optimizer, in one of the ways to multiply, to gather and to update."""

    def __init__(self, work, library, gather, update):
        self.work, self.gather = work, gather
        self.model = Network(work["layers"], library)
        self.loss = F.cross_entropy if work["data"] == "fashion" else F.mse_loss
        optimizer = OPTIMIZERS[work["optimizer"]]
        self.optimizer = optimizer(self.model.parameters(), work["learn_rate"], **UPDATES[update])

    def train(self, least, most):
        """Steps until `least` seconds and an epoch, or `most` seconds, have passed."""
        rows = steps = 0
        start = now()
        for x, y in batches(*tensors_of(self.work), self.work["batch_size"], self.gather):
            loss = self.loss(self.model(x), y)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            rows += len(x)
            steps += 1
            seconds = now() - start
            if seconds >= least and (rows >= self.work["rows"] or seconds >= most):
                break
        if not torch.isfinite(loss):
            raise SystemExit(f"training of {self.work['work']} diverged")
        return rows, steps, seconds


def try_trainer(work, library, gather, update):
    """Seconds a row, or infinity where this version of PyTorch lacks that way."""
    try:
        trainer = Trainer(work, library, gather, update)
        trainer.train(0, 0)
    except (TypeError, RuntimeError) as lack:
        print(f"{work['work']}, {library}, {gather}, {update}: {lack}", file=sys.stderr)
        return float("inf")
    rows, _, seconds = trainer.train(TRIAL_SECONDS, TRIAL_SECONDS)
    return seconds / rows


def fastest_of(ways, trial, rounds=2):
    """The way whose best trial was the fastest, with all taking turns."""
    ways = list(ways)
    tried = [[trial(*way) for way in ways] for _ in range(rounds)]
    return min(zip(ways, map(min, zip(*tried))), key=lambda way: way[1])[0]


@functools.lru_cache(maxsize=None)
def fastest_way(section, name):
    """How to multiply, to gather and to update, by short trials."""
    work = find_work(name, section)
    ways = itertools.product(LIBRARIES, GATHERS, UPDATES)
    return fastest_of(ways, functools.partial(try_trainer, work))


def report(work, part, rows, steps, seconds, detail):
    name = work["work"]
    line = f"PyTorch,{THREADS},{name},{part},{rows},{steps},{seconds:.9g},{detail}"
    print(line, flush=True)


def measure_steps(work):
    way = fastest_way(work["section"], work["work"])
    trainer = Trainer(work, *way)
    trainer.train(0, TRIAL_SECONDS)  # warms up
    report(work, "steps", *trainer.train(LEAST_SECONDS, MOST_SECONDS), " ".join(way))


def seconds_a_call(call):
    """The mean of as many calls as fill the least time, after two that warm up."""
    call()
    start = now()
    call()
    times = max(1, round(LEAST_SECONDS / (now() - start)))
    start = now()
    for _ in range(times):
        call()
    return (now() - start) / times


def probabilities(model, x, rows):
    """Forward and softmax, so many rows at a time."""
    with torch.inference_mode():
        return torch.cat([F.softmax(model(part), 1) for part in x.split(rows)])


@functools.lru_cache(maxsize=None)
def r_matrix(*key):
    """The predictors as R has them: float64, column by column."""
    return torch.from_numpy(np.asfortranarray(tensors(*key)[0].numpy().astype(np.float64)))


def measure_forward(work):
    """Forward from PyTorch's own tensor, and the conversion of R's matrix to such a tensor.

    The conversion leaves the numbers in R's order, as the products take either; the forward pass is
    that of the faster library and order, all rows at a time or some.
    """
    matrix = r_matrix(work["data"], work["rows"], work["layers"][0])
    orders = {"by row": tensors_of(work)[0], "by column": matrix.to(torch.float32)}

    def seconds(library, order, rows):
        model = Network(work["layers"], library)
        return seconds_a_call(lambda: probabilities(model, orders[order], rows))

    ways = itertools.product(LIBRARIES, orders, (work["rows"], 4096))
    library, order, rows = way = fastest_of(ways, seconds, 1)
    report(work, "forward", work["rows"], 1, seconds(*way), f'"{library}, {order}, {rows} rows at a time"')
    report(work, "convert", work["rows"], 1, seconds_a_call(lambda: matrix.to(torch.float32)), "")


MEASURES = {"steps": measure_steps, "scaling": measure_steps, "forward": measure_forward}


def take_turn(section, name):
    work = find_work(name, section)
    if section in MEASURES and work["optimizer"] in OPTIMIZERS:
        MEASURES[section](work)


def loaded_blas():
    """The linear algebra library that the process really uses."""
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if re.search(r"/lib(open)?blas\S*\.so", line)}
    return " ".join(sorted(os.path.join(*path.split("/")[-2:]) for path in paths))


def main():
    # Numbers next to 0 cost PyTorch's loops far more than others; before any thread is started.
    torch.set_flush_denormal(True)
    torch.set_num_threads(THREADS)
    print(f"{torch.__version__} with {loaded_blas()}", flush=True)
    for line in sys.stdin:
        take_turn(*line.split())
        print("done", flush=True)


if __name__ == "__main__":
    main()
