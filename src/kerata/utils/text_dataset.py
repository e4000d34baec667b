"""Texts in folders as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .directories import Request, from_directory


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Batches of the texts in a folder, a folder of its own for each class.

    Files ending with .txt, in UTF-8, are read when the data set is iterated over.

    Args:
        directory, labels, label_mode, class_names: As in `image_dataset_from_directory`, like
            the next.
        batch_size, shuffle, seed, validation_split, subset: Batches and parts of the data.
        follow_links, format, verbose: Which files, what is returned, and whether to say how many.
        max_length: Number of characters after which a text is cut off.

    Returns:
        A data set of (texts, labels), or of texts alone: arrays of strings (batch,). It has
        ``class_names`` and ``file_paths``.

    >>> import os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> for name in ("bad", "good"):
    ...     os.mkdir(f"{folder}/{name}")
    ...     _ = Path(f"{folder}/{name}/0.txt").write_text(f"a {name} film")
    >>> data = text_dataset_from_directory(folder, shuffle=False, verbose=False)
    >>> [(x.tolist(), y.tolist()) for x, y in data]
    [(['a bad film', 'a good film'], [0, 1])]
    """
    request = Request(
        "text", (".txt",), directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, verbose, format,
    )  # fmt: skip
    request.check()

    def load(path: str) -> str:
        return Path(path).read_text(encoding="utf-8", errors="replace")[:max_length]

    return from_directory(request, load)
