"""Training steps written in PyTorch alone, as its tutorials write them; pictures are channels-last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from workloads import images, letters, median_time, reviews, sequences, table, words


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


def gru_step() -> float:
    """GRU(32), Linear on 240 steps of 14 features, rmsprop and mae, 128 a step."""
    x, y = sequences()
    model = nn.Sequential(Last(nn.GRU(14, 32, batch_first=True)), nn.Linear(32, 1))
    optimizer = torch.optim.RMSprop(model.parameters())
    return step(model, nn.L1Loss(), optimizer, x, y[:, None], 128, 1)


def lstm_stack_step() -> float:
    """LSTM(300) twice, Linear(60) on 50 steps of 60 letters, adam, 30 a step."""
    x, y = letters()
    model = nn.Sequential(Last(nn.LSTM(60, 300, 2, batch_first=True)), nn.Linear(300, 60))
    return step(model, nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters()), x, y, 30, 1)


class Turned(nn.Module):
    """(batch, steps, channels) as (batch, channels, steps)."""

    def forward(self, x: Any) -> Any:
        return x.transpose(1, 2)


def conv1d_step() -> float:
    """Embedding(10000, 128), Conv1d(32, 7), pooling by 5, Conv1d(32, 7), maximum, 128 a step."""
    x, y = words(1024, 500)
    model = nn.Sequential(
        nn.Embedding(10_000, 128), Turned(), nn.Conv1d(128, 32, 7), nn.ReLU(), nn.MaxPool1d(5),
        nn.Conv1d(32, 32, 7), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(32, 1),
    )  # fmt: skip
    optimizer = torch.optim.RMSprop(model.parameters())
    return step(model, nn.BCEWithLogitsLoss(), optimizer, x, y[:, None], 128, 1)


def mnist_step() -> float:
    """784-512-10, rmsprop, 128 rows a step."""
    x, y = table(12_800, 784, classes=10)
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
    optimizer = torch.optim.RMSprop(model.parameters())
    return step(model, nn.CrossEntropyLoss(), optimizer, x, y.astype("int64"), 128, 3)


def review_step() -> float:
    """10,000-16-16-1, rmsprop, 512 rows of zeros and ones a step."""
    x, y = reviews()
    model = nn.Sequential(
        nn.Linear(10_000, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)
    )
    optimizer = torch.optim.RMSprop(model.parameters())
    return step(model, nn.BCEWithLogitsLoss(), optimizer, x, y[:, None], 512, 3)


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


def forward(model: nn.Module, batch: int) -> float:
    """Seconds of a batch of pictures without gradients."""
    x = torch.from_numpy(images(3 * batch, 224, 3, 2)[0]).permute(0, 3, 1, 2)
    model.eval().to(memory_format=torch.channels_last)

    def predict() -> None:
        with torch.inference_mode():
            torch.cat([model(rows).softmax(-1) for rows in x.split(batch)]).numpy()

    predict()
    return median_time(predict) / 3


def training(model: nn.Module, batch: int) -> float:
    """Seconds of a training step on pictures of 1,000 classes."""
    x, y = images(3 * batch, 224, 3, 1000)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    return step(model, nn.CrossEntropyLoss(), optimizer, x, y.astype("int64"), batch, 1)


def vgg16_predict() -> float:
    """VGG16, 8 pictures of 224 x 224 x 3."""
    return forward(vgg16(), 8)


def vgg16_step() -> float:
    """VGG16, SGD with momentum, 4 pictures a step."""
    return training(vgg16(), 4)


def resnet50_predict() -> float:
    """ResNet-50, 8 pictures of 224 x 224 x 3."""
    return forward(resnet50(), 8)


def resnet50_step() -> float:
    """ResNet-50, SGD with momentum, 4 pictures a step."""
    return training(resnet50(), 4)


class Mean(nn.Module):
    """The mean over the steps."""

    def forward(self, x: Any) -> Any:
        return x.mean(1)


def transformer_step() -> float:
    """Two encoder blocks (width 64, 4 heads, inner 128) over 128 words, Adam, 32 a step."""
    x, y = words(1024, 128)
    block = nn.TransformerEncoderLayer(64, 4, 128, 0.1, batch_first=True)
    model = nn.Sequential(
        nn.Embedding(10_000, 64), nn.TransformerEncoder(block, 2), Mean(), nn.Linear(64, 1)
    )
    optimizer = torch.optim.Adam(model.parameters())
    return step(model, nn.BCEWithLogitsLoss(), optimizer, x, y[:, None], 32, 1)


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
    return median_time(one, 30)


WORKLOADS: dict[str, Callable[[], float]] = {
    f.__name__: f
    for f in (
        boston_step, pima_step, mnist_step, review_step, cats_dogs_step, mnist_conv_step, lstm_step,
        gru_step, lstm_stack_step, conv1d_step, vgg16_predict, vgg16_step, resnet50_predict,
        resnet50_step, transformer_step, gan_step,
    )
}  # fmt: skip
