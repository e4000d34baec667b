"""The one entry for data: choose the source that fits what the user passed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import config, tree
from ...errors import InputError
from ..notices import warn_user
from .array_source import ArraySource, convert_all, count_rows
from .kinds import is_array_like, is_list_of_batches
from .pydataset import PyDatasetSource, is_py_dataset
from .rows import LazyRows
from .source import Source
from .stream import GeneratorSource, is_tf_dataset, is_torch_dataset, is_torch_loader


def make_source(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool | str | None = False,
    class_weight: Any = None,
    workers: int | None = None,
    use_multiprocessing: bool | None = None,
    max_queue_size: int | None = None,
    repeat: bool = False,
    what: str = "x",
) -> Source:
    """The source of batches for data of any kind that `fit`, `evaluate` and `predict` take.

    Args:
        x: Arrays, a `PyDataset`, a generator or other iterable of batches (a list of tuples counts as
            one where there is no `y`), a ``tf.data.Dataset``,
            a torch ``DataLoader``, or a `Source`.
        y: Labels, for arrays only.
        sample_weight: Weights of the samples, for arrays only.
        batch_size: Rows of a batch, for arrays only (32).
        steps: Batches of an epoch.
        shuffle: New order in every epoch; for arrays and `PyDataset`.
        class_weight: Weight of each class.
        workers: Threads or processes that make batches of a `PyDataset`; 0 for none.
        use_multiprocessing: Whether workers are processes.
        max_queue_size: Batches to make ahead.
        repeat: With `steps`: whether epochs follow on from each other, and from the end of the
            data to its start (training), or each starts at the beginning (evaluation).
        what: Name of the argument, for messages.

    >>> source = make_source(np.arange(5.0), batch_size=2)
    >>> [x.tolist() for x, y, weight in source.epoch(0)]
    [[0.0, 1.0], [2.0, 3.0], [4.0]]
    """
    if isinstance(x, Source):
        return x
    limit = config.max_steps_per_epoch()

    def make(steps: int | None) -> Source:
        return _make(
            x, y, sample_weight, batch_size, steps, shuffle, class_weight, workers,
            use_multiprocessing, max_queue_size, repeat, what,
        )  # fmt: skip

    if limit is None or (steps is not None and steps <= limit):
        return make(steps)
    if steps is None:
        made = make(None)
        if made.steps is not None and made.steps <= limit:
            return made
        made.close()
    warn_user(f"The steps of {what} are limited to {limit} by config.set_max_steps_per_epoch.")
    return make(limit)


def _make(
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    shuffle: bool | str | None,
    class_weight: Any,
    workers: int | None,
    use_multiprocessing: bool | None,
    max_queue_size: int | None,
    repeat: bool,
    what: str,
) -> Source:
    """`make_source`, without the limit of steps."""
    if is_py_dataset(x):
        kind = "a PyDataset"
    elif y is None and is_list_of_batches(x):
        kind = "a list of batches"
    elif is_array_like(x) or x is None or not (hasattr(x, "__iter__") or hasattr(x, "__next__")):
        return ArraySource(
            x, y, sample_weight, batch_size, steps, shuffle or False, class_weight, repeat, what
        )
    else:
        kind = _kind(x, what)
    _refuse({"y": y, "sample_weight": sample_weight, "batch_size": batch_size}, kind, what)
    if is_py_dataset(x):
        return PyDatasetSource(
            x,
            steps,
            shuffle or False,
            class_weight,
            repeat,
            workers,
            use_multiprocessing,
            max_queue_size,
            what,
        )
    return GeneratorSource(x, steps, class_weight, repeat, workers, max_queue_size, what)


def _kind(x: Any, what: str) -> str:
    if is_tf_dataset(x):
        return "a tf.data.Dataset"
    if is_torch_loader(x):
        return "a torch DataLoader"
    if is_torch_dataset(x):
        raise InputError(
            f"{what} is a torch Dataset, which gives single samples. "
            f"Wrap it: torch.utils.data.DataLoader({what}, batch_size=32)."
        )
    if isinstance(x, (str, bytes)):
        raise InputError(f"{what} is a string. Expected arrays or a source of batches.")
    return (
        "a generator" if hasattr(x, "__next__") else f"an iterable of batches ({type(x).__name__})"
    )


def _refuse(arguments: dict[str, Any], kind: str, what: str) -> None:
    for name, value in arguments.items():
        if value is None:
            continue
        if name == "batch_size":  # Keras says nothing of it, and programs give it
            warn_user(
                f"batch_size={value} has no effect on {what}, {kind}: it decides itself how long batches are."
            )
            continue
        raise InputError(
            f"{name} is given beside {what}, which is {kind}. "
            "It must yield everything itself: (x, y) or (x, y, sample_weight)."
        )


def validation_split(arrays: tuple[Any, Any, Any], fraction: float) -> tuple[tuple, tuple]:
    """The training part and the validation part of arrays: the last `fraction` of the rows validates.

    Args:
        arrays: ``(x, y, sample_weight)`` as the user passed them.
        fraction: Share of the rows, between 0 and 1.

    Returns:
        Two tuples ``(x, y, sample_weight)`` of converted arrays, to be passed to `make_source`.

    >>> train, held_out = validation_split((np.arange(10), None, None), 0.2)
    >>> train[0].shape, held_out[0].tolist()
    ((8,), [8, 9])
    """
    if not isinstance(fraction, (int, float, np.number)) or not 0 < fraction < 1:
        raise InputError(f"validation_split must be a number between 0 and 1, got {fraction!r}.")
    x = arrays[0]
    if isinstance(x, Source) or is_py_dataset(x) or (x is not None and not is_array_like(x)):
        raise InputError(
            f"validation_split needs arrays, got {type(x).__name__}, whose rows have no numbers. "
            "Pass validation_data instead."
        )
    parts = convert_all(*arrays, "x")
    n = count_rows(parts, "x")
    at = math.floor(n * (1.0 - fraction))
    if at in (0, n):
        empty = "training" if at == 0 else "validation"
        raise InputError(
            f"validation_split={fraction} of {n} samples leaves no {empty} data. Pass more data or another fraction."
        )
    train, held = tuple(_span(p, 0, at) for p in parts), tuple(_span(p, at, n) for p in parts)
    _note_sorted(train[1], held[1], fraction)
    return train, held


_told_sorted = False


def _note_sorted(train: Any, held: Any, fraction: float) -> None:
    """Warn, once a program, of labels sorted by class: the split then parts the classes."""
    global _told_sorted
    if _told_sorted or not isinstance(train, np.ndarray) or not isinstance(held, np.ndarray):
        return
    before, after = _classes(train), _classes(held)
    if before is None or after is None or after[-1] <= before[-1]:
        return
    if (np.diff(before) < 0).any() or (np.diff(after) < 0).any():
        return
    _told_sorted = True
    lost = np.unique(after[after > before[-1]])
    names = ", ".join(str(c) for c in lost[:5]) + (", …" if len(lost) > 5 else "")
    warn_user(
        f"validation_split={fraction} holds out the last rows, and the labels are sorted: nothing will be learned "
        f"of class {names}, which is in these rows only. Shuffle first: order = np.random.permutation(len(x)); "
        "x, y = x[order], y[order]."
    )


def _classes(y: np.ndarray) -> np.ndarray | None:
    """The classes that whole numbers or one-hot rows name; ``None`` for other targets."""
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(1) if ((y == 0) | (y == 1)).all() and (y.sum(1) == 1).all() else None
    y = y.reshape(len(y), -1)
    if y.shape[1] != 1 or y.dtype.kind not in "biuf" or (y != np.floor(y)).any():
        return None
    return y[:, 0].astype(int)


def _span(part: Any, start: int, stop: int) -> Any:
    if part is None:
        return None

    def cut(leaf: Any) -> Any:
        if leaf is None:
            return None
        return leaf.span(start, stop) if isinstance(leaf, LazyRows) else leaf[start:stop]

    return tree.map_structure(cut, part)
