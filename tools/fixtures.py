"""Writes the PyTorch results that tests/testthat/test-pytorch.R compares with.

Run it from the root of the repository: python3 tools/fixtures.py

Every input (predictors, initial weights, gradients from above) is a multiple of a small power of two, or has
been rounded to float32, so that the engine's float32 and PyTorch start from the same numbers. All arithmetic
is PyTorch's in float64: the reference is then as good as exact, and a bound such as 1e-5 relative is
a bound on the engine's own rounding, not on the sum of its error and PyTorch's float32 error. For
scale, the script prints how far PyTorch's own float32 run ends from its float64 run.

A file of tensors has one line a tensor: name, rows, columns, then the values row by row.
"""
import torch
from torch import nn
from torch.nn import functional as F

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
          **settings):
    x, y, weights, biases = training_data()
    x = x.to(dtype)
    weights, biases = ([with_gradient(p.to(dtype)) for p in group] for group in (weights, biases))
    groups = [{"params": weights, "weight_decay": penalty}, {"params": biases}]  # biases never decay
    optimizer = rule(groups, lr=lr, **settings)
    history = []
    for _ in range(EPOCHS):
        total = 0.0
        for rows in torch.arange(ROWS).split(BATCH):
            loss = F.cross_entropy(forward(x[rows], weights, biases, activation), y[rows])
            optimizer.zero_grad()
            loss.backward()
            with torch.no_grad():
                for weight in weights:
                    weight.mul_(1 - lr * weight_decay)  # decoupled: beside the optimizer
            optimizer.step()
            total += loss.item() * len(rows)
        history.append(total / ROWS)
    final = F.cross_entropy(forward(x, weights, biases, activation), y)
    return {"history": torch.tensor(history, dtype=torch.float64), "final_loss": final,
            **{f"weight_{l}": w for l, w in enumerate(weights, 1)},
            **{f"bias_{l}": b for l, b in enumerate(biases, 1)}}


def largest_errors(a, b):
    """Largest difference of any tensor, relative to the tensor's largest magnitude, and to each value."""
    return (max(float((a[k].double() - b[k]).abs().max() / b[k].abs().max()) for k in b),
            max(float(((a[k].double() - b[k]) / b[k]).abs().max()) for k in b))


def runs():
    x, y, weights, biases = training_data()
    tensors = {"x": x, "class": y,
               **{f"initial_weight_{l}": w for l, w in enumerate(weights, 1)},
               **{f"initial_bias_{l}": b for l, b in enumerate(biases, 1)}}
    for name, settings in RUNS.items():
        result = train(torch.float64, **settings)
        single = train(torch.float32, **settings)
        print(f"{name:15s} loss {result['history'][0]:.4f} -> {result['final_loss'].item():.6f}, "
              "PyTorch's float32 run differs by {:.1e} (each value: {:.1e})".format(
                  *largest_errors(single, result)))
        tensors |= {f"{name}_{k}": v for k, v in result.items()}
    return tensors


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_tensors("activations.csv", activations())
    write_tensors("dense.csv", dense())
    write_tensors("losses.csv", losses())
    write_tensors("runs.csv", runs())
