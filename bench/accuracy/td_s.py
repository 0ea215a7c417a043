"""RealMLP-TD-S in PyTorch, written from its formulas: td_s.py <folder> <data> <method> <seed> <threads>

Holzmueller, Grinsztajn and Steinwart (2024), "Better by default", arXiv:2407.04491, the short variant:
robust scaling with a smooth clip; a learned scale for each input; three layers of 256 units in NTK
parametrisation, SELU for classes and Mish for numbers; Adam on a coslog4 schedule; label smoothing;
the last of the best epochs by the validation error.

Two methods train the same network by the same steps. `td_s` is written to be PyTorch's best: tensors
resident in memory and gathered once an epoch, all parameters, gradients and moments in flat tensors that a
handful of operations update, gradients written out where they belong. NTK parametrisation with Adam is
the ordinary one with rate / sqrt(inputs), epsilon * sqrt(inputs) and initial weights / sqrt(inputs).
`td_s_published` is written as the recipe reads: modules, autograd, torch.optim.Adam with a group of
parameters for each rate, and each batch's rows looked up when their turn comes.
"""
import math

import numpy as np
import torch
from torch.nn import functional as F

from common import one_hot, run_method, standardized_outcome

HIDDEN = [256, 256, 256]
EPOCHS, BATCH = 256, 256
BETA1, BETA2, EPSILON = 0.9, 0.95, 1e-8
SCALE_RATE, BIAS_RATE = 6, 0.1
SMOOTHING = 0.1
aten = torch.ops.aten


# ---- predictors --------------------------------------------------------------------------------


def robust_statistics(x):
    """Of each column the median and the quartiles' distance; half the range where that is 0."""
    low, center, high = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
    spread = high - low
    spread = np.where(spread > 0, spread, (x.max(axis=0) - x.min(axis=0)) / 2)
    return center, np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)


def smooth_clip(x, center, factor):
    """Close to the identity around 0, and never beyond (-3, 3)."""
    u = (x - center) * factor
    return torch.from_numpy(u / np.sqrt(1 + (u / 3) ** 2)).float()


# ---- network -----------------------------------------------------------------------------------


class Selu:
    module = torch.nn.SELU
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    forward = staticmethod(F.selu)

    @classmethod
    def backward(cls, dh, z):
        return aten.elu_backward(dh, cls.alpha, cls.scale, 1, False, z)


class Mish:
    module = torch.nn.Mish
    forward = staticmethod(F.mish)
    backward = staticmethod(aten.mish_backward)


class FlatNetwork:
    """Parameters and gradients, each in one flat tensor: scale, biases, weights."""

    def __init__(self, sizes, activation):
        pairs = list(zip(sizes, sizes[1:]))
        shapes = [sizes[:1], *([outputs] for _, outputs in pairs), *pairs]
        counts = [math.prod(shape) for shape in shapes]
        self.activation = activation
        self.values, self.gradients = torch.zeros(sum(counts)), torch.zeros(sum(counts))
        self.scale, self.biases, self.weights = self.views(self.values, shapes, counts)
        self.dscale, self.dbiases, self.dweights = self.views(self.gradients, shapes, counts)
        # N(0, 1) in NTK parametrisation; the last layer starts at 0.
        self.scale.fill_(1)
        for bias, weight in list(zip(self.biases, self.weights))[:-1]:
            bias.normal_()
            weight.normal_(std=len(weight) ** -0.5)
        # What the rate and epsilon of each parameter are multiplied by.
        roots = [math.sqrt(inputs) for inputs, _ in pairs]
        spread = lambda factors: torch.tensor(factors).repeat_interleave(torch.tensor(counts))
        self.rates = spread([SCALE_RATE] + [BIAS_RATE] * len(pairs) + [1 / root for root in roots])
        self.epsilons = spread([1.0] + [1.0] * len(pairs) + roots)

    @staticmethod
    def views(flat, shapes, counts):
        scale, *others = (part.view(shape) for part, shape in zip(flat.split(counts), shapes))
        half = len(others) // 2
        return scale, others[:half], others[half:]

    def forward(self, x):
        """Inputs and pre-activations of each layer; the last of these are the outputs."""
        h = x * self.scale
        inputs, sums = [], []
        for bias, weight in zip(self.biases, self.weights):
            inputs.append(h)
            sums.append(torch.addmm(bias, h, weight))
            h = self.activation.forward(sums[-1]) if len(sums) < len(self.weights) else None
        return inputs, sums

    def backward(self, x, inputs, sums, dz):
        for layer in reversed(range(len(self.weights))):
            torch.mm(inputs[layer].t(), dz, out=self.dweights[layer])
            torch.sum(dz, 0, out=self.dbiases[layer])
            dh = dz @ self.weights[layer].t()
            if layer > 0:
                dz = self.activation.backward(dh, sums[layer - 1])
        torch.sum(dh.mul_(x), 0, out=self.dscale)


class FlatAdam:
    """Of all parameters at once: the rates go into the denominator, so that no pass is needed for them."""

    def __init__(self, network):
        self.network = network
        self.mean, self.square = (torch.zeros_like(network.values) for _ in range(2))
        self.root, self.denominator = (torch.empty_like(network.values) for _ in range(2))
        self.slowness = 1 / network.rates
        self.least = EPSILON * network.epsilons / network.rates
        self.steps = 0

    def step(self, rate):
        self.steps += 1
        gradients = self.network.gradients
        self.mean.lerp_(gradients, 1 - BETA1)
        self.square.mul_(BETA2).addcmul_(gradients, gradients, value=1 - BETA2)
        torch.sqrt(self.square, out=self.root)
        correction = 1 / math.sqrt(1 - BETA2**self.steps)
        torch.addcmul(self.least, self.root, self.slowness, value=correction, out=self.denominator)
        self.network.values.addcdiv_(self.mean, self.denominator, value=-rate / (1 - BETA1**self.steps))


class FlatTrainer:
    """What train() needs of a network, at PyTorch's best."""

    def __init__(self, sizes, task):
        self.task = task
        self.network = FlatNetwork(sizes, task.activation)
        self.optimizer = FlatAdam(self.network)
        self.parameters = [self.network.values]

    def batches(self, x, targets, rows, batch):
        return zip(x[rows].split(batch), targets[rows].split(batch))

    def step(self, x, targets, rate):
        inputs, sums = self.network.forward(x)
        self.network.backward(x, inputs, sums, self.task.gradient(sums[-1], targets))
        self.optimizer.step(rate)

    def outputs(self, x):
        return self.network.forward(x)[1][-1]


# ---- the same, as the recipe reads ---------------------------------------------------------------


class Scale(torch.nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(inputs))

    def forward(self, x):
        return x * self.scale


class NtkLinear(torch.nn.Module):
    """Weights and biases N(0, 1), or 0; the product is divided by the root of the number of inputs."""

    def __init__(self, inputs, outputs, start):
        super().__init__()
        self.weight = torch.nn.Parameter(start(inputs, outputs))
        self.bias = torch.nn.Parameter(start(outputs))
        self.factor = inputs**-0.5

    def forward(self, x):
        return self.factor * (x @ self.weight) + self.bias


def module_network(sizes, activation):
    layers = [Scale(sizes[0])]
    for inputs, outputs in zip(sizes, sizes[1:-1]):
        layers += [NtkLinear(inputs, outputs, torch.randn), activation()]
    return torch.nn.Sequential(*layers, NtkLinear(*sizes[-2:], torch.zeros))


class ModuleTrainer:
    """What train() needs of a network, by modules and autograd."""

    def __init__(self, sizes, task):
        self.task = task
        self.network = module_network(sizes, task.activation.module)
        self.parameters = list(self.network.parameters())
        named = list(self.network.named_parameters())
        of = lambda kind: [values for name, values in named if name.endswith(kind)]
        factors = {"scale": SCALE_RATE, "bias": BIAS_RATE, "weight": 1}
        groups = [{"params": of(kind), "factor": factor} for kind, factor in factors.items()]
        self.optimizer = torch.optim.Adam(groups, betas=(BETA1, BETA2), eps=EPSILON)

    def batches(self, x, targets, rows, batch):
        return ((x[some], targets[some]) for some in rows.split(batch))

    @torch.enable_grad()
    def step(self, x, targets, rate):
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        loss = self.task.loss(self.network(x), targets)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def outputs(self, x):
        return self.network(x)


# ---- the two tasks -----------------------------------------------------------------------------


class Classes:
    """Cross-entropy against smoothed targets."""

    rate, activation = 0.04, Selu

    def __init__(self, part):
        self.y = torch.from_numpy(part.y)
        self.count = part.classes
        self.targets = F.one_hot(self.y, self.count) * (1 - SMOOTHING) + SMOOTHING / self.count

    def loss(self, outputs, targets):
        return F.cross_entropy(outputs, targets)

    def gradient(self, outputs, targets):
        return F.softmax(outputs, 1).sub_(targets).div_(len(outputs))

    def error(self, outputs, rows):
        return (outputs.argmax(1) != self.y[rows]).sum().item()

    def prediction(self, outputs):
        return F.softmax(outputs.double(), 1).numpy()


class Numbers:
    """Mean squared error of the standardised outcome."""

    rate, activation = 0.07, Mish
    count = 1

    def __init__(self, part):
        y, self.back = standardized_outcome(part)
        self.targets = torch.from_numpy(y).float()[:, None]

    def loss(self, outputs, targets):
        return F.mse_loss(outputs, targets)

    def gradient(self, outputs, targets):
        return outputs.sub(targets).mul_(2 / len(outputs))

    def error(self, outputs, rows):
        return self.loss(outputs, self.targets[rows]).item()

    def prediction(self, outputs):
        return self.back(outputs.double().numpy())


# ---- training ----------------------------------------------------------------------------------


def coslog4(progress):
    return (1 - math.cos(2 * math.pi * math.log2(1 + 15 * progress))) / 2


def train_network(trainer, task, x, rows, validation):
    """Leaves the last of the epochs with the least validation error in the network."""
    batch = min(BATCH, len(rows))
    steps = len(rows) // batch
    x_validation = x[validation]
    least, kept = math.inf, [p.clone() for p in trainer.parameters]
    for epoch in range(EPOCHS):
        drawn = rows[torch.randperm(len(rows))[: steps * batch]]
        for step, (some_x, targets) in enumerate(trainer.batches(x, task.targets, drawn, batch)):
            trainer.step(some_x, targets, task.rate * coslog4((epoch + step / steps) / EPOCHS))
        error = task.error(trainer.outputs(x_validation), validation)
        if error <= least:
            least = error
            copy_values(trainer.parameters, kept)
    copy_values(kept, trainer.parameters)


def copy_values(source, to):
    for values, place in zip(source, to):
        place.copy_(values)


def train_with(make_trainer):
    def train(part, seed, threads):
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        task = (Classes if part.classes else Numbers)(part)
        design = lambda columns: one_hot(columns, ("factor", "ordered"), two_as_one=True)
        matrix = design(part.columns)
        statistics = robust_statistics(matrix[~part.validation])
        x = smooth_clip(matrix, *statistics)
        trainer = make_trainer([x.shape[1], *HIDDEN, task.count], task)
        sets = (~part.validation, part.validation)
        rows, validation = (torch.from_numpy(np.flatnonzero(which)) for which in sets)
        train_network(trainer, task, x, rows, validation)
        return lambda columns: task.prediction(trainer.outputs(smooth_clip(design(columns), *statistics)))

    return train


if __name__ == "__main__":
    torch.set_flush_denormal(True)
    torch.set_grad_enabled(False)
    run_method({"td_s": train_with(FlatTrainer), "td_s_published": train_with(ModuleTrainer)})
