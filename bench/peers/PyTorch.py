"""PyTorch, from resident tensors."""
import torch
from torch import __version__, nn

WHAT = "ReLU, mini-batches, SGD"


def train(x, y, work, threads):
    torch.set_num_threads(threads)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    hidden, output = nn.Linear(x.shape[1], work["units"]), nn.Linear(work["units"], 1)
    model = nn.Sequential(hidden, nn.ReLU(), output)
    optimizer = torch.optim.SGD(model.parameters(), work["learn_rate"], foreach=True)
    for _ in range(work["epochs"]):
        for rows in torch.randperm(len(x)).split(work["batch_size"]):
            loss = nn.functional.mse_loss(model(x.index_select(0, rows)), y.index_select(0, rows))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
