"""Training steps written in PyTorch alone, as its tutorials write them; pictures are channels-last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from workloads import images, median_time, table, words


class Last(nn.Module):
    """A recurrent net's output at the last step."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Any) -> Any:
        return self.net(x)[0][:, -1]


def step(
    model: nn.Module, loss: Any, optimizer: Any, x: Any, y: Any, batch: int, epochs: int
) -> float:
    """Seconds of a training step with shuffled batches, loss kept as a running mean."""
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2)
        model.to(memory_format=torch.channels_last)

    def fit() -> None:
        for _ in range(epochs):
            total = torch.zeros(())
            for rows in torch.randperm(len(x)).split(batch):
                optimizer.zero_grad()
                value = loss(model(x[rows]), y[rows])
                value.backward()
                optimizer.step()
                total += value.detach() * len(rows)
            total.item()

    fit()
    return median_time(fit) / (epochs * -(-len(x) // batch))


def boston_step() -> float:
    """13-64-64-1, rmsprop, 404 rows, one row a step."""
    x, y = table(404, 13)
    model = nn.Sequential(
        nn.Linear(13, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
    )
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)
    return step(model, nn.MSELoss(), optimizer, x, y[:, None], 1, 10)


def pima_step() -> float:
    """8-12-8-1, adam, 768 rows, ten rows a step."""
    x, y = table(768, 8)
    model = nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 1))
    return step(
        model, nn.BCEWithLogitsLoss(), torch.optim.Adam(model.parameters()), x, y[:, None], 10, 20
    )


def _convnet(
    filters: tuple[int, ...], depth: int, flat: int, dense: int, out: int, pools: int
) -> nn.Module:
    parts: list[nn.Module] = []
    for i, n in enumerate(filters):
        parts += [nn.Conv2d(depth, n, 3), nn.ReLU(), *([nn.MaxPool2d(2)] if i < pools else [])]
        depth = n
    return nn.Sequential(
        *parts, nn.Flatten(), nn.Linear(flat, dense), nn.ReLU(), nn.Linear(dense, out)
    )


def cats_dogs_step() -> float:
    """Convnet 32-64-128-128 on pictures of 150 x 150 x 3, rmsprop, 20 a step."""
    x, y = images(160, 150, 3, 2)
    model = _convnet((32, 64, 128, 128), 3, 128 * 49, 512, 1, 4)
    return step(
        model, nn.BCEWithLogitsLoss(), torch.optim.RMSprop(model.parameters()), x, y[:, None], 20, 1
    )


def mnist_conv_step() -> float:
    """Convnet 32-64-64 on pictures of 28 x 28, rmsprop, 64 a step."""
    x, y = images(3200, 28, 1, 10)
    model = _convnet((32, 64, 64), 1, 64 * 9, 64, 10, 2)
    optimizer = torch.optim.RMSprop(model.parameters())
    return step(model, nn.CrossEntropyLoss(), optimizer, x, y.astype("int64"), 64, 1)


def lstm_step() -> float:
    """Embedding(10000, 32), LSTM(32), Linear on texts of 500 words, rmsprop, 128 a step."""
    x, y = words(1024, 500)
    model = nn.Sequential(
        nn.Embedding(10_000, 32), Last(nn.LSTM(32, 32, batch_first=True)), nn.Linear(32, 1)
    )
    return step(
        model,
        nn.BCEWithLogitsLoss(),
        torch.optim.RMSprop(model.parameters()),
        x,
        y[:, None],
        128,
        1,
    )


WORKLOADS: dict[str, Callable[[], float]] = {
    f.__name__: f for f in (boston_step, pima_step, cats_dogs_step, mnist_conv_step, lstm_step)
}
