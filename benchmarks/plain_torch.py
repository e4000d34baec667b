"""Training steps written in PyTorch alone, as its tutorials write them; pictures are channels-last."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from made_data import (
    GROWING_BATCHES,
    GROWING_MLPS,
    images,
    letters,
    mlp_name,
    reviews,
    sequences,
    table,
    words,
)
from timing import Training, median_time
from torch import nn


class Last(nn.Module):
    """A recurrent net's output at the last step."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Any) -> Any:
        return self.net(x)[0][:, -1]


def training(
    model: nn.Module, loss: Any, optimizer: Any, x: Any, y: Any, batch: int, epochs: int = 1
) -> Training:
    """A training with shuffled batches, loss kept as a running mean."""
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2)
        model.to(memory_format=torch.channels_last)

    def fit(count: int, epochs: int) -> None:
        for _ in range(epochs):
            total = torch.zeros(())
            for rows in torch.randperm(count).split(batch):
                optimizer.zero_grad()
                value = loss(model(x[rows]), y[rows])
                value.backward()
                optimizer.step()
                total += value.detach() * len(rows)
            total.item()

    return Training(fit, len(x), batch, epochs)


def boston() -> Training:
    """13-64-64-1, rmsprop, 404 rows, one row a step."""
    x, y = table(404, 13)
    model = nn.Sequential(
        nn.Linear(13, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
    )
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)
    return training(model, nn.MSELoss(), optimizer, x, y[:, None], 1, 10)


def pima() -> Training:
    """8-12-8-1, adam, 768 rows, ten rows a step."""
    x, y = table(768, 8)
    model = nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 1))
    return training(
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


def cats_dogs() -> Training:
    """Convnet 32-64-128-128 on pictures of 150 x 150 x 3, rmsprop, 20 a step."""
    x, y = images(160, 150, 3, 2)
    model = _convnet((32, 64, 128, 128), 3, 128 * 49, 512, 1, 4)
    return training(
        model, nn.BCEWithLogitsLoss(), torch.optim.RMSprop(model.parameters()), x, y[:, None], 20
    )


def digits(batch: int, rows: int) -> Training:
    """Convnet 32-64-64 on pictures of 28 x 28, rmsprop."""
    x, y = images(rows, 28, 1, 10)
    model = _convnet((32, 64, 64), 1, 64 * 9, 64, 10, 2)
    optimizer = torch.optim.RMSprop(model.parameters())
    return training(model, nn.CrossEntropyLoss(), optimizer, x, y.astype("int64"), batch)


def growing_mlp(batch: int, width: int, depth: int) -> Training:
    """128 features, `depth` hidden layers of `width`, 10 classes, adam."""
    x, y = table(32 * batch, 128, classes=10)
    sizes = [128, *[width] * depth]
    parts: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        parts += [nn.Linear(before, after), nn.ReLU()]
    model = nn.Sequential(*parts, nn.Linear(width, 10))
    optimizer = torch.optim.Adam(model.parameters())
    return training(model, nn.CrossEntropyLoss(), optimizer, x, y.astype("int64"), batch)


def lstm() -> Training:
    """Embedding(10000, 32), LSTM(32), Linear on texts of 500 words, rmsprop, 128 a step."""
    x, y = words(1024, 500)
    model = nn.Sequential(
        nn.Embedding(10_000, 32), Last(nn.LSTM(32, 32, batch_first=True)), nn.Linear(32, 1)
    )
    return training(
        model,
        nn.BCEWithLogitsLoss(),
        torch.optim.RMSprop(model.parameters()),
        x,
        y[:, None],
        128,
    )


def gru() -> Training:
    """GRU(32), Linear on 240 steps of 14 features, rmsprop and mae, 128 a step."""
    x, y = sequences()
    model = nn.Sequential(Last(nn.GRU(14, 32, batch_first=True)), nn.Linear(32, 1))
    optimizer = torch.optim.RMSprop(model.parameters())
    return training(model, nn.L1Loss(), optimizer, x, y[:, None], 128)


def lstm_stack() -> Training:
    """LSTM(300) twice, Linear(60) on 50 steps of 60 letters, adam, 30 a step."""
    x, y = letters()
    model = nn.Sequential(Last(nn.LSTM(60, 300, 2, batch_first=True)), nn.Linear(300, 60))
    return training(model, nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters()), x, y, 30)


class Turned(nn.Module):
    """(batch, steps, channels) as (batch, channels, steps)."""

    def forward(self, x: Any) -> Any:
        return x.transpose(1, 2)


def conv1d() -> Training:
    """Embedding(10000, 128), Conv1d(32, 7), pooling by 5, Conv1d(32, 7), maximum, 128 a step."""
    x, y = words(1024, 500)
    model = nn.Sequential(
        nn.Embedding(10_000, 128), Turned(), nn.Conv1d(128, 32, 7), nn.ReLU(), nn.MaxPool1d(5),
        nn.Conv1d(32, 32, 7), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(32, 1),
    )  # fmt: skip
    optimizer = torch.optim.RMSprop(model.parameters())
    return training(model, nn.BCEWithLogitsLoss(), optimizer, x, y[:, None], 128)


def mnist() -> Training:
    """784-512-10, rmsprop, 128 rows a step."""
    x, y = table(12_800, 784, classes=10)
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
    optimizer = torch.optim.RMSprop(model.parameters())
    return training(model, nn.CrossEntropyLoss(), optimizer, x, y.astype("int64"), 128, 3)


def review() -> Training:
    """10,000-16-16-1, rmsprop, 512 rows of zeros and ones a step."""
    x, y = reviews()
    model = nn.Sequential(
        nn.Linear(10_000, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)
    )
    optimizer = torch.optim.RMSprop(model.parameters())
    return training(model, nn.BCEWithLogitsLoss(), optimizer, x, y[:, None], 512, 3)


def vgg16() -> nn.Module:
    """VGG16 for pictures of 224 x 224."""
    parts: list[nn.Module] = []
    depth = 3
    for count, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(count):
            parts += [nn.Conv2d(depth, filters, 3, padding=1), nn.ReLU()]
            depth = filters
        parts.append(nn.MaxPool2d(2))
    head = [nn.Linear(25088, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU()]
    return nn.Sequential(*parts, nn.Flatten(), *head, nn.Linear(4096, 1000))


class Block(nn.Module):
    """A bottleneck of ResNet-50."""

    def __init__(self, depth: int, filters: int, strides: int, widen: bool) -> None:
        super().__init__()

        def conv(before: int, after: int, size: int, strides: int = 1) -> nn.Module:
            made = nn.Conv2d(before, after, size, strides, padding=size // 2, bias=False)
            return nn.Sequential(made, nn.BatchNorm2d(after))

        self.long = nn.Sequential(
            conv(depth, filters, 1, strides), nn.ReLU(), conv(filters, filters, 3), nn.ReLU(),
            conv(filters, 4 * filters, 1),
        )  # fmt: skip
        self.short = conv(depth, 4 * filters, 1, strides) if widen else nn.Identity()

    def forward(self, x: Any) -> Any:
        return torch.relu(self.long(x) + self.short(x))


def resnet50() -> nn.Module:
    """ResNet-50 for pictures of 224 x 224."""
    first = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
    parts = [first, nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)]
    depth = 64
    for stage, (count, filters) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512))):
        for i in range(count):
            parts.append(Block(depth, filters, 2 if stage and not i else 1, not i))
            depth = 4 * filters
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(depth, 1000))


def big_predict(net: Callable[[], nn.Module]) -> float:
    """Seconds of 8 pictures of 224 x 224 x 3 without gradients."""
    x = torch.from_numpy(images(24, 224, 3, 2)[0]).permute(0, 3, 1, 2)
    model = net().eval().to(memory_format=torch.channels_last)

    def predict() -> None:
        with torch.inference_mode():
            torch.cat([model(rows).softmax(-1) for rows in x.split(8)]).numpy()

    predict()
    return median_time(predict) / 3


def big_training(net: Callable[[], nn.Module]) -> Training:
    """SGD with momentum on pictures of 1,000 classes, 4 a step."""
    x, y = images(12, 224, 3, 1000)
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    return training(model, nn.CrossEntropyLoss(), optimizer, x, y.astype("int64"), 4)


class Mean(nn.Module):
    """The mean over the steps."""

    def forward(self, x: Any) -> Any:
        return x.mean(1)


def transformer() -> Training:
    """Two encoder blocks (width 64, 4 heads, inner 128) over 128 words, Adam, 32 a step."""
    x, y = words(1024, 128)
    block = nn.TransformerEncoderLayer(64, 4, 128, 0.1, batch_first=True)
    model = nn.Sequential(
        nn.Embedding(10_000, 64), nn.TransformerEncoder(block, 2), Mean(), nn.Linear(64, 1)
    )
    optimizer = torch.optim.Adam(model.parameters())
    return training(model, nn.BCEWithLogitsLoss(), optimizer, x, y[:, None], 32)


def gan_step() -> float:
    """A step of a GAN on 28 x 28 pictures, 64 real ones and 64 made."""
    discriminator = nn.Sequential(
        nn.Conv2d(1, 64, 3, 2, 1), nn.LeakyReLU(0.3), nn.Dropout(0.4),
        nn.Conv2d(64, 64, 3, 2, 1), nn.LeakyReLU(0.3), nn.Dropout(0.4),
        nn.Flatten(), nn.Linear(64 * 49, 1),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    generator = nn.Sequential(
        nn.Linear(100, 128 * 49), nn.LeakyReLU(0.3), nn.Unflatten(1, (128, 7, 7)),
        nn.ConvTranspose2d(128, 128, 4, 2, 1), nn.LeakyReLU(0.3),
        nn.ConvTranspose2d(128, 128, 4, 2, 1), nn.LeakyReLU(0.3),
        nn.Conv2d(128, 1, 7, padding=3), nn.Sigmoid(),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    first = torch.optim.Adam(discriminator.parameters(), 2e-4, betas=(0.5, 0.999))
    second = torch.optim.Adam(generator.parameters(), 2e-4, betas=(0.5, 0.999))
    loss = nn.BCEWithLogitsLoss()
    real = torch.rand(64, 1, 28, 28).to(memory_format=torch.channels_last)
    labels = torch.cat([torch.ones(64, 1), torch.zeros(64, 1)])

    def one() -> None:
        noise = torch.randn(64, 100)
        with torch.no_grad():
            fake = generator(noise)
        first.zero_grad()
        value = loss(discriminator(torch.cat([real, fake])), labels)
        value.backward()
        first.step()
        second.zero_grad()
        value = loss(discriminator(generator(noise)), labels[:64])
        value.backward()
        second.step()
        value.item()

    one()
    return median_time(one, 10)


CALLS: Mapping[str, Callable[[], float]] = {
    "gan_step": gan_step,
    "vgg16_predict": partial(big_predict, vgg16),
    "resnet50_predict": partial(big_predict, resnet50),
}
TRAININGS: Mapping[str, Callable[[], Training]] = {
    f.__name__: f
    for f in (
        boston, pima, mnist, review, cats_dogs, lstm, gru, lstm_stack, conv1d, transformer,
    )
} | {
    "mnist_conv": partial(digits, 64, 3200),
    "vgg16": partial(big_training, vgg16),
    "resnet50": partial(big_training, resnet50),
    **{mlp_name(*sizes): partial(growing_mlp, *sizes) for sizes in GROWING_MLPS},
    **{f"mnist_conv_{batch}": partial(digits, batch, 8 * batch) for batch in GROWING_BATCHES},
}  # fmt: skip
