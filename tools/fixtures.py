"""Writes the PyTorch results that tests/testthat/test-pytorch.R compares with.

Run it from the root of the repository: python3 tools/fixtures.py

Every input (predictors, initial weights, gradients from above) is a multiple of a small power of two, or has
been rounded to float32, so that the engine's float32 and PyTorch start from the same numbers. All arithmetic
is PyTorch's in float64: the reference is then as good as exact, and a bound such as 1e-5 relative is
a bound on the engine's own rounding, not on the sum of its error and PyTorch's float32 error. For
scale, the script prints how far PyTorch's own float32 run ends from its float64 run.

A file of tensors has one line a tensor: name, rows, columns, then the values row by row.
"""
import warnings

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler

FOLDER = "tests/testthat/fixtures/"


def gelu(z):
    """F.gelu, but for its 1 + erf(), which even in float64 has lost all digits of the tail at z = -8."""
    value = z * torch.erfc(-z / 2**0.5) / 2
    assert torch.allclose(value, F.gelu(z), rtol=0, atol=1e-6 if z.dtype == torch.float32 else 1e-14)
    return value


ACTIVATIONS = {
    "identity": lambda z: z * 1,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": gelu,
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hard_sigmoid": F.hardsigmoid,
    "hard_tanh": F.hardtanh,
}


def write_tensors(file, tensors):
    with open(FOLDER + file, "w") as out:
        for name, tensor in tensors.items():
            matrix = tensor.detach().double()
            matrix = matrix.reshape(1, -1) if matrix.dim() < 2 else matrix
            values = [repr(v).removesuffix(".0") for v in matrix.flatten().tolist()]
            out.write(",".join([name, *map(str, matrix.shape), *values]) + "\n")


def grid_normal(generator, *shape, sd=1.0, step=2.0**-7):
    """Normal draws rounded to multiples of step: exact in float32, and short in decimal."""
    return (torch.randn(*shape, generator=generator, dtype=torch.float64) * sd / step).round() * step


def with_gradient(tensor):
    return tensor.clone().requires_grad_()


def activations():
    x = (torch.arange(161, dtype=torch.float64) * 0.1 - 8).float().double()
    tensors = {"x": x}
    for name, function in ACTIVATIONS.items():
        z = with_gradient(x)
        value = function(z)
        value.sum().backward()
        tensors[name + "_value"], tensors[name + "_gradient"] = value, z.grad
    return tensors


def dense():
    """Layers of odd sizes: x W + b, and the gradients for a given gradient of the output."""
    generator, tensors = torch.Generator().manual_seed(1), {}
    for rows, inputs, units in [(1, 1, 1), (9, 17, 13), (5, 33, 16), (18, 3, 31)]:
        x, weight, bias = (with_gradient(grid_normal(generator, *shape))
                           for shape in [(rows, inputs), (inputs, units), (units,)])
        output = x @ weight + bias
        above = grid_normal(generator, rows, units)
        output.backward(above)
        size = f"{rows}x{inputs}x{units}_"
        tensors |= {size + name: tensor for name, tensor in {
            "x": x, "weight": weight, "bias": bias, "output": output, "above": above,
            "dx": x.grad, "dweight": weight.grad, "dbias": bias.grad}.items()}
    return tensors


# Losses by element, or by row for classes: (row losses of output and target).
LOSSES = {
    "cross_entropy": lambda o, t: F.cross_entropy(o, t, reduction="none"),
    "binary_cross_entropy": lambda o, t: F.binary_cross_entropy_with_logits(o, t, reduction="none").mean(1),
    "squared": lambda o, t: F.mse_loss(o, t, reduction="none").mean(1),
    "absolute": lambda o, t: F.l1_loss(o, t, reduction="none").mean(1),
    "huber_1": lambda o, t: F.huber_loss(o, t, reduction="none", delta=1.0).mean(1),
    "huber_half": lambda o, t: F.huber_loss(o, t, reduction="none", delta=0.5).mean(1),
    "cross_entropy_smooth": lambda o, t: F.cross_entropy(o, t, reduction="none", label_smoothing=0.1),
    "binary_cross_entropy_smooth": lambda o, t: F.binary_cross_entropy_with_logits(
        o, 0.9 * t + 0.05, reduction="none").mean(1),
    "poisson": lambda o, t: F.poisson_nll_loss(o, t, log_input=True, reduction="none").mean(1),
    "gaussian": lambda o, t: F.gaussian_nll_loss(o[:, ::2], t, F.softplus(o[:, 1::2]) + 1e-6,
                                                 reduction="none").mean(1),
}


def losses():
    generator = torch.Generator().manual_seed(2)
    rows, outputs = 23, 5
    output = grid_normal(generator, rows, outputs, sd=3.0)
    targets = {
        "class": torch.randint(outputs, (rows,), generator=generator),
        "binary": torch.randint(2, (rows, outputs), generator=generator).double(),
        "number": grid_normal(generator, rows, outputs, sd=3.0),
    }
    later = torch.Generator().manual_seed(4)
    targets["count"] = torch.randint(9, (rows, outputs), generator=later).double()
    targets["pair"] = grid_normal(later, rows, 2, sd=3.0)
    weights = torch.randint(0, 9, (rows,), generator=generator).double() / 4
    # For an even mean over the elements the functions above must equal PyTorch's own default.
    assert torch.equal(LOSSES["squared"](output, targets["number"]).mean().float(),
                       nn.MSELoss()(output, targets["number"]).float())
    tensors = {"output": output, **targets, "weights": weights}
    target_of = {"cross_entropy": "class", "cross_entropy_smooth": "class", "poisson": "count",
                 "binary_cross_entropy": "binary", "binary_cross_entropy_smooth": "binary",
                 "gaussian": "pair"}
    for name, function in LOSSES.items():
        target = targets[target_of.get(name, "number")]
        for suffix, w in {"": torch.ones(rows), "_weighted": weights}.items():
            o = with_gradient(output[:, :4] if name == "gaussian" else output)
            value = (w * function(o, target)).sum() / w.sum()
            value.backward()
            tensors |= {name + suffix + "_value": value, name + suffix + "_gradient": o.grad}
    return tensors


SIZES, BATCH, EPOCHS, ROWS = [8, 16, 12, 10, 3], 32, 40, 160  # 5 batches an epoch: 200 steps
RUNS = {
    "plain": dict(lr=0.2),
    "mixed": dict(lr=0.1, activation=["gelu", "tanh", "silu"]),
    "momentum": dict(lr=0.05, momentum=0.9),
    "nesterov": dict(lr=0.05, momentum=0.9, nesterov=True),
    "penalty": dict(lr=0.2, penalty=0.01),
    "decay": dict(lr=0.2, weight_decay=0.05),
    "decay_nesterov": dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.05),
    "adam": dict(rule=torch.optim.Adam, lr=0.01),
    "adam_penalty": dict(rule=torch.optim.Adam, lr=0.01, betas=(0.8, 0.95), eps=1e-3, penalty=0.01),
    "adamw": dict(rule=torch.optim.Adam, lr=0.01, weight_decay=0.05),
}

# Optimizers beyond those: 100 steps each, over 20 epochs of batches, or over as many of all rows at once.
OPTIMIZER_RUNS = {
    "amsgrad": dict(rule=torch.optim.Adam, amsgrad=True, lr=0.01),
    "amsgrad_penalty": dict(rule=torch.optim.Adam, amsgrad=True, lr=0.01, betas=(0.8, 0.9), penalty=0.01),
    # One tensor at a time, PyTorch 1.13's NAdam counts the present momentum twice in the next product; by
    # lists of tensors it follows its documented formula.
    "nadam": dict(rule=torch.optim.NAdam, foreach=True, lr=0.01),
    "nadam_decay": dict(rule=torch.optim.NAdam, foreach=True, lr=0.01, betas=(0.8, 0.95), eps=1e-3,
                        momentum_decay=0.1, penalty=0.01),
    "radam": dict(rule=torch.optim.RAdam, lr=0.01),
    "radam_short": dict(rule=torch.optim.RAdam, lr=0.01, betas=(0.8, 0.7), eps=1e-3, penalty=0.01),
    "radam_never": dict(rule=torch.optim.RAdam, lr=0.05, betas=(0.9, 0.6)),
    "rmsprop": dict(rule=torch.optim.RMSprop, lr=0.005),
    "rmsprop_penalty": dict(rule=torch.optim.RMSprop, lr=0.005, alpha=0.9, eps=1e-3, penalty=0.01),
    "rmsprop_momentum": dict(rule=torch.optim.RMSprop, lr=0.002, momentum=0.8),
    "rmsprop_centered": dict(rule=torch.optim.RMSprop, lr=0.005, centered=True),
    "rmsprop_both": dict(rule=torch.optim.RMSprop, lr=0.002, centered=True, momentum=0.8),
    "adagrad": dict(rule=torch.optim.Adagrad, lr=0.05),
    "adagrad_initial": dict(rule=torch.optim.Adagrad, lr=0.05, initial_accumulator_value=0.1, eps=1e-3,
                            penalty=0.01),
    "adadelta": dict(rule=torch.optim.Adadelta, lr=1.0),
    "adadelta_penalty": dict(rule=torch.optim.Adadelta, lr=0.5, rho=0.95, eps=1e-4, penalty=0.01),
    # Signs are unforgiving: these two runs are some that float32 follows at all.
    "rprop": dict(rule=torch.optim.Rprop, lr=0.01, penalty=0.02, batch=ROWS, epochs=100),
    "rprop_bounds": dict(rule=torch.optim.Rprop, lr=0.002, etas=(0.5, 1.1), step_sizes=(1e-5, 0.02),
                         penalty=0.01, batch=ROWS, epochs=100),
}


def training_data():
    generator = torch.Generator().manual_seed(3)
    x = grid_normal(generator, ROWS, SIZES[0])
    score = grid_normal(generator, SIZES[0], SIZES[-1])
    y = (x @ score + x[:, :3] * x[:, 3:6]).argmax(1)
    weights = [grid_normal(generator, i, o, sd=(2 / (i + o)) ** 0.5, step=2.0**-9)
               for i, o in zip(SIZES, SIZES[1:])]
    biases = [grid_normal(generator, o, sd=0.1, step=2.0**-9) for o in SIZES[1:]]
    return x, y, weights, biases


def forward(x, weights, biases, activation):
    for weight, bias, name in zip(weights, biases, activation + ["identity"]):
        x = ACTIVATIONS[name](x @ weight + bias)
    return x


def train(dtype, lr, rule=torch.optim.SGD, penalty=0.0, weight_decay=0.0, activation=["tanh"] * 3,
          batch=BATCH, epochs=EPOCHS, schedule=None, data=training_data, **settings):
    x, y, weights, biases = data()
    x = x.to(dtype)
    weights, biases = ([with_gradient(p.to(dtype)) for p in group] for group in (weights, biases))
    groups = [{"params": weights}, {"params": biases}]
    optimizer = rule(groups, lr=lr, **settings)
    scheduler = schedule(optimizer) if schedule else None
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.arange(len(x)).split(batch):
            loss = F.cross_entropy(forward(x[rows], weights, biases, activation), y[rows])
            optimizer.zero_grad()
            loss.backward()
            with torch.no_grad():
                for weight in weights:  # biases never decay
                    weight.grad.add_(weight, alpha=penalty)  # coupled
                    weight.mul_(1 - optimizer.param_groups[0]["lr"] * weight_decay)  # decoupled
            optimizer.step()
            if scheduler:
                scheduler.step()
            total += loss.item() * len(rows)
        history.append(total / len(x))
    final = F.cross_entropy(forward(x, weights, biases, activation), y)
    return {"history": torch.tensor(history, dtype=torch.float64), "final_loss": final,
            **{f"weight_{l}": w for l, w in enumerate(weights, 1)},
            **{f"bias_{l}": b for l, b in enumerate(biases, 1)}}


DRESSED_SIZES, DRESSED_EPOCHS = [8, 16, 16, 12, 3], 4  # 20 steps
DRESSED = {
    "batch": dict(norm=["batch"] * 3),
    "layer": dict(norm=["layer"] * 3, activation=["tanh", "gelu", "tanh"]),
    "residual": dict(norm=["none"] * 3, residual=True),
    "mixed": dict(norm=["batch", "layer", "none"], residual=True, activation=["silu", "tanh", "gelu"]),
}


class DressedLayer(nn.Module):
    """x W + b, normalised, activated, with x added where the widths are equal and that is wanted."""

    def __init__(self, weight, bias, norm, activation, residual):
        super().__init__()
        units = len(bias)
        self.weight, self.bias = nn.Parameter(weight.clone()), nn.Parameter(bias.clone())
        self.norm = {"none": nn.Identity, "batch": nn.BatchNorm1d, "layer": nn.LayerNorm}[norm](units)
        self.activation, self.residual = ACTIVATIONS[activation], residual and weight.shape[0] == units
        self.double()

    def forward(self, x):
        h = self.activation(self.norm(x @ self.weight + self.bias))
        return h + x if self.residual else h


def dressed_data():
    generator = torch.Generator().manual_seed(4)
    weights = [grid_normal(generator, i, o, sd=(2 / (i + o)) ** 0.5, step=2.0**-9)
               for i, o in zip(DRESSED_SIZES, DRESSED_SIZES[1:])]
    biases = [grid_normal(generator, o, sd=0.1, step=2.0**-9) for o in DRESSED_SIZES[1:]]
    return weights, biases


def dressed_run(norm, residual=False, activation=["tanh"] * 3):
    x, y = training_data()[:2]
    layers = [DressedLayer(*values, residual) for values in
              zip(*dressed_data(), norm + ["none"], activation + ["identity"])]
    network = nn.Sequential(*layers)
    is_weight = [(p, name.endswith("weight") and p.dim() == 2) for name, p in network.named_parameters()]
    optimizer = torch.optim.SGD([{"params": [p for p, w in is_weight if w], "weight_decay": 0.01},
                                 {"params": [p for p, w in is_weight if not w]}], lr=0.05, momentum=0.9)
    history = []
    for _ in range(DRESSED_EPOCHS):
        total = 0.0
        for rows in torch.arange(ROWS).split(BATCH):
            loss = F.cross_entropy(network(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        history.append(total / ROWS)
    result = {"history": torch.tensor(history, dtype=torch.float64), "output": network.eval()(x)}
    for l, layer in enumerate(layers, 1):
        result |= {f"weight_{l}": layer.weight, f"bias_{l}": layer.bias}
        if not isinstance(layer.norm, nn.Identity):
            result |= {f"scale_{l}": layer.norm.weight, f"shift_{l}": layer.norm.bias}
        if isinstance(layer.norm, nn.BatchNorm1d):
            result |= {f"mean_{l}": layer.norm.running_mean, f"variance_{l}": layer.norm.running_var}
    return result


def dressed():
    weights, biases = dressed_data()
    tensors = {**{f"initial_weight_{l}": w for l, w in enumerate(weights, 1)},
               **{f"initial_bias_{l}": b for l, b in enumerate(biases, 1)}}
    for name, settings in DRESSED.items():
        tensors |= {f"{name}_{k}": v for k, v in dressed_run(**settings).items()}
    return tensors


def largest_errors(a, b):
    """Largest difference of any tensor, relative to the tensor's largest magnitude, and to each value."""
    return (max(float((a[k].double() - b[k]).abs().max() / b[k].abs().max()) for k in b),
            max(float(((a[k].double() - b[k]) / b[k]).abs().max()) for k in b))


def trajectories(settings_by_name, **common):
    tensors = {}
    for name, settings in settings_by_name.items():
        result = train(torch.float64, **{**common, **settings})
        single = train(torch.float32, **{**common, **settings})
        print(f"{name:16s} loss {result['history'][0]:.4f} -> {result['final_loss'].item():.6f}, "
              "PyTorch's float32 run differs by {:.1e} (each value: {:.1e})".format(
                  *largest_errors(single, result)))
        tensors |= {f"{name}_{k}": v for k, v in result.items()}
    return tensors


def runs():
    x, y, weights, biases = training_data()
    return {"x": x, "class": y,
            **{f"initial_weight_{l}": w for l, w in enumerate(weights, 1)},
            **{f"initial_bias_{l}": b for l, b in enumerate(biases, 1)},
            **trajectories(RUNS)}


# The network of the benchmarks, on 320 rows: 30 steps.
IMAGE_RUNS = {
    "sgd": dict(lr=0.1),
    "adam": dict(rule=torch.optim.Adam, lr=0.001),
}


def scattered(seed, *shape):
    """Multiples of 2^-12 from 0 to 1, row by row; the tests compute the same numbers."""
    i = torch.arange(torch.Size(shape).numel())
    return ((31 * i * i + seed * i + seed) % 4093 / 4096.0).double().reshape(shape)


def image_data():
    y = torch.arange(320) % 10
    x = scattered(1, 320, 784) + (torch.arange(784) % 10 == y[:, None]) / 4
    weights = [(scattered(2, 784, 256) - 0.5) / 8, (scattered(3, 256, 10) - 0.5) / 4]
    return x, y, weights, [scattered(4, 256) / 8, scattered(5, 10) / 8]


def images():
    """Of the weights some, row by row."""
    tensors = trajectories(IMAGE_RUNS, data=image_data, activation=["relu"], epochs=3)
    every = {"weight_1": 397, "weight_2": 11}
    return {name: tensor.flatten()[::every.get(name.split("_", 1)[1], 1)] for name, tensor in tensors.items()}


# Schedules over 60 steps, 3 an epoch: what PyTorch multiplies a rate of 1 by. Its schedulers count steps
# here. Its one-cycle ends at the last step, not behind it: hence 61 steps, of which the rise takes a share
# that ends at step 18 of 60.
STEPS = 60
SCHEDULES = {
    "step": lambda o: lr_scheduler.StepLR(o, step_size=6, gamma=0.5),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9 ** (1 / 3)),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=STEPS, eta_min=0.1),
    "restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=20, T_mult=1, eta_min=0.25),
    "growing": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=20, T_mult=2),
    "one_cycle": lambda o: lr_scheduler.OneCycleLR(o, max_lr=1, total_steps=STEPS + 1,
                                                   pct_start=19 / 61, cycle_momentum=False),
    "warmup": lambda o: lr_scheduler.SequentialLR(o, [
        lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=15),
        lr_scheduler.CosineAnnealingLR(o, T_max=45)], milestones=[15]),
}
PLATEAU_LOSSES = [5, 4, 4, 4, 4.5, 3, 2.95, 2.91, 2.5, 2.45, 2.45, 2.5, 2.6, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1]


def rates_of(schedule):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SequentialLR calls its parts as they ask not to be called
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        scheduler = schedule(optimizer)
        rates = []
        for _ in range(STEPS):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    return torch.tensor(rates, dtype=torch.float64)


def plateau_rates():
    """The rate in force after each of the losses."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, threshold=0.1,
                                               threshold_mode="abs", min_lr=0.1)
    rates = []
    for loss in PLATEAU_LOSSES:
        scheduler.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    return torch.tensor(rates, dtype=torch.float64)


def schedules():
    return {**{name: rates_of(schedule) for name, schedule in SCHEDULES.items()},
            "plateau_loss": torch.tensor(PLATEAU_LOSSES), "plateau": plateau_rates()}


SCHEDULED_RUNS = {
    "cosine_momentum": dict(lr=0.05, momentum=0.9, schedule=lambda o: lr_scheduler.CosineAnnealingLR(o, 200)),
    "one_cycle_decay": dict(lr=0.2, weight_decay=0.05, schedule=lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=0.2, total_steps=201, pct_start=61 / 201, cycle_momentum=False)),
    "step_adam": dict(rule=torch.optim.Adam, lr=0.01,
                      schedule=lambda o: lr_scheduler.StepLR(o, 50, gamma=0.3)),
}


def scheduled_runs():
    tensors = {}
    for name, settings in SCHEDULED_RUNS.items():
        tensors |= {f"{name}_{k}": v for k, v in train(torch.float64, **settings).items()}
    return tensors


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_tensors("activations.csv", activations())
    write_tensors("dense.csv", dense())
    write_tensors("losses.csv", losses())
    write_tensors("runs.csv", runs())
    write_tensors("optimizers.csv", trajectories(OPTIMIZER_RUNS, epochs=20))
    write_tensors("images.csv", images())
    write_tensors("dressed.csv", dressed())
    write_tensors("schedules.csv", schedules())
    write_tensors("scheduled_runs.csv", scheduled_runs())
