"""Random data of the shapes that the workloads need, and the sizes of the growing networks."""

from __future__ import annotations

from typing import Any

import numpy as np

# Batch, width and number of hidden layers of the MLPs that show how the time of a step grows.
GROWING_MLPS = [
    (8, 512, 2), (32, 512, 2), (128, 512, 2), (512, 512, 2),
    (128, 32, 2), (128, 128, 2), (128, 2048, 2),
    (128, 128, 8), (128, 128, 16), (128, 128, 32),
]  # fmt: skip
GROWING_BATCHES = [8, 128, 512]  # of the convnet on 28 x 28, beside its 64


def mlp_name(batch: int, width: int, depth: int) -> str:
    """The name of a growing MLP."""
    return f"mlp_{batch}_{width}_{depth}"


def table(rows: int, columns: int, classes: int = 2) -> tuple[Any, Any]:
    """Random features, float32, and labels."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, columns), dtype=np.float32)
    return x, rng.integers(0, classes, size=rows).astype("float32")


def images(rows: int, side: int, depth: int, classes: int) -> tuple[Any, Any]:
    """Random pictures, channels last, and labels."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, side, side, depth), dtype=np.float32)
    return x, rng.integers(0, classes, size=rows).astype("float32")


def jpegs(folder: Any, count: int, side: int) -> None:
    """Square photographs, or what compresses like them: two classes, a folder each."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = rng.integers(0, 256, (side // 15, side // 15, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))
        grain = rng.normal(0, 6, smooth.shape)
        x = np.clip(smooth + grain, 0, 255).astype(np.uint8)
        inner = folder / ("cats" if number % 2 else "dogs")
        inner.mkdir(exist_ok=True)
        Image.fromarray(x).save(inner / f"{number}.jpg", quality=90)


def words(rows: int, steps: int) -> tuple[Any, Any]:
    """Random texts of 10,000 words and labels."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 10_000, (rows, steps)).astype("int32")
    return x, rng.integers(0, 2, rows).astype("float32")


def reviews() -> tuple[Any, Any]:
    """Reviews as which of 10,000 words they hold, and labels."""
    rng = np.random.default_rng(0)
    x = np.zeros((5120, 10_000), np.float32)
    np.put_along_axis(x, rng.integers(0, 10_000, size=(5120, 120)), 1, axis=1)
    return x, rng.integers(0, 2, size=5120).astype("float32")


def texts() -> list[str]:
    """25,000 texts of 230 words out of 60,000, which are as rare as in a language (Zipf's law)."""
    rng = np.random.default_rng(0)
    known = np.array([f"w{7919 * i:x}" for i in range(60_000)])
    chance = 1 / np.arange(1, 60_001)
    drawn = rng.choice(60_000, (25_000, 228), p=chance / chance.sum())
    return [f"{' '.join(row)}. The End!" for row in known[drawn]]


def sequences() -> tuple[Any, Any]:
    """Random sequences of 240 steps and 14 features, and numbers."""
    x = np.random.default_rng(0).standard_normal((1024, 240, 14), dtype=np.float32)
    return x, x[:, 0, 0]


def letters() -> tuple[Any, Any]:
    """Texts of 50 of 60 letters as vectors, and a letter each."""
    x = np.eye(60, dtype=np.float32)[np.random.default_rng(0).integers(0, 60, (240, 50))]
    return x, x[:, 0]
