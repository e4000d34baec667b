"""Files in folders as data sets: which files, which labels, which part of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import config
from ..errors import FileError, InputError
from .dataset import Dataset

FORMATS = ("tf", "grain", "tf.data", "torch")


@dataclass
class Request:
    """The arguments that all ``..._dataset_from_directory`` share. `kind` says what the files hold."""

    kind: str
    suffixes: tuple[str, ...]
    directory: Any
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    batch_size: int | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    verbose: bool
    format: str = "tf"

    def check(self) -> None:
        """Raise an error for what cannot be."""
        if self.labels not in ("inferred", None) if not _is_list(self.labels) else False:
            raise InputError(
                f"labels={self.labels!r}; expected 'inferred', to take the names of folders as classes, None, "
                f"or a list of whole numbers, one for each {self.kind} file in the order of their paths."
            )
        if self.class_names and self.labels != "inferred":
            raise InputError(
                f"class_names={list(self.class_names)!r} goes with labels='inferred' only; got "
                f"labels={self.labels!r}."
            )
        if self.label_mode not in ("int", "categorical", "binary", None):
            raise InputError(
                f"label_mode={self.label_mode!r}; expected 'int', 'categorical', 'binary' or None."
            )
        check_format(self.format)
        if self.labels is None or self.label_mode is None:
            self.labels = self.label_mode = None
        self._check_split()

    def _check_split(self) -> None:
        share, subset = self.validation_split, self.subset
        if share and not 0 < share < 1:
            raise InputError(f"validation_split must be between 0 and 1; got {share!r}.")
        if bool(share) != bool(subset):
            raise InputError(
                "validation_split and subset go together: give both, or neither; got "
                f"validation_split={share!r}, subset={subset!r}."
            )
        if subset not in ("training", "validation", "both", None):
            raise InputError(f"subset={subset!r}; expected 'training', 'validation' or 'both'.")
        if share and self.shuffle and self.seed is None:
            raise InputError(
                "With validation_split and shuffle=True give a seed, the same for both parts: else files of "
                "one part may be in the other, too."
            )


def _is_list(x: Any) -> bool:
    return isinstance(x, (list, tuple))


def check_format(name: str) -> None:
    """Raise an error for an unknown format of data sets."""
    if name not in FORMATS:
        raise InputError(f"format={name!r}; expected one of {FORMATS}.")


_with_tensorflow = False


def prefer_tensorflow(does: bool) -> None:
    """Let ``format="tf"`` mean a ``tf.data.Dataset``: for programs that use TensorFlow themselves.

    >>> prefer_tensorflow(False)
    """
    global _with_tensorflow
    _with_tensorflow = does


def in_format(data: Dataset, name: str) -> Any:
    """The data set in the form that an argument ``format`` asks for.

    ``tf``, the default of Keras, is Kerata's own `Dataset`, which has the methods of ``tf.data`` and
    needs no TensorFlow. ``grain`` is the same, with functions that get an element as one argument.
    ``tf.data`` and ``torch`` are data sets of these libraries.
    """
    if name == "tf.data" or (name == "tf" and _with_tensorflow):
        return data.to_tf()
    if name == "torch":
        return data.to_torch()
    data._whole = name == "grain"
    return data


def from_directory(
    request: Request,
    load: Callable[[str], Any],
    join: Callable[[Dataset, int], Dataset] | None = None,
) -> Any:
    """The data set, or for ``subset="both"`` the two, of the files that a request describes.

    Args:
        request: What to read; already checked.
        load: Gives the sample of a path; called in threads.
        join: Makes batches of that size of a data set of samples; ``Dataset.batch`` by default.
    """
    seed = int(np.random.randint(1_000_000)) if request.seed is None else request.seed
    paths, labels, names = index_directory(
        request.directory, request.labels, request.suffixes, request.class_names, request.shuffle,
        seed, request.follow_links, request.verbose,
    )  # fmt: skip
    if request.label_mode == "binary" and len(names or ()) != 2:
        raise InputError(f"label_mode='binary' takes exactly 2 classes; found {names!r}.")
    encoded = None if labels is None else encode(labels, request.label_mode, len(names or ()))
    whole = slice(0, len(paths))
    if not request.validation_split:
        return _made(request, load, join, paths, encoded, names, whole, request.shuffle, seed)
    at = len(paths) - int(request.validation_split * len(paths))
    parts = {"training": slice(0, at), "validation": slice(at, len(paths))}
    wanted = list(parts) if request.subset == "both" else [str(request.subset)]
    made = []
    for part in wanted:
        count = parts[part].stop - parts[part].start
        say(f"Using {count} files for {part}.")
        order = request.shuffle and (part == "training" or request.subset != "both")
        made.append(_made(request, load, join, paths, encoded, names, parts[part], order, seed))
    return made if request.subset == "both" else made[0]


def _made(
    request: Request,
    load: Callable[[str], Any],
    join: Callable[[Dataset, int], Dataset] | None,
    paths: list[str],
    labels: np.ndarray | None,
    names: list[str] | None,
    part: slice,
    shuffle: bool,
    seed: int,
) -> Any:
    chosen = paths[part]
    if not chosen:
        raise FileError(
            f"No {request.kind} files found in {os.fspath(request.directory)}"
            f"{'' if part == slice(0, len(paths)) else ' for this part of the split'}. "
            f"Their names must end with one of {', '.join(request.suffixes)}."
        )
    own = None if labels is None else labels[part]

    def rows() -> Any:
        return iter(chosen) if own is None else zip(chosen, own)

    data = Dataset(rows, len(chosen), names, chosen)
    if shuffle:
        data = data.shuffle(len(chosen), seed)
    sample = load if own is None else lambda path, label: (load(path), label)
    data = data.map(sample, num_parallel_calls=-1)
    if request.batch_size is not None:
        data = data.batch(request.batch_size) if join is None else join(data, request.batch_size)
    return in_format(data, request.format)


def encode(labels: Any, mode: str | None, classes: int) -> np.ndarray:
    """Whole numbers as labels of the given mode: int32 (n,), or float32 (n, 1) or (n, classes).

    >>> encode([1, 0], "categorical", 2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    numbers = np.asarray(labels)
    if mode == "binary":
        return numbers.astype(np.float32)[:, None]
    if mode == "categorical":
        return (numbers[:, None] == np.arange(classes)).astype(np.float32)
    return numbers.astype(np.int32)


def index_directory(
    directory: Any,
    labels: Any,
    suffixes: tuple[str, ...],
    class_names: Sequence[str] | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> tuple[list[str], Any, list[str] | None]:
    """Paths of all files with these endings, a number for each, and the names of the classes.

    Files are in the order of their paths, class by class; with `shuffle` in one that depends on the
    seed alone, the same as Keras's.
    """
    directory = os.fspath(directory)
    if not os.path.isdir(directory):
        raise FileError(f"There is no folder {directory}.")
    folders = [""]
    if labels == "inferred":
        folders = _class_folders(directory, class_names)
    paths: list[str] = []
    numbers: list[int] = []
    for i, folder in enumerate(folders):
        found = _files(os.path.join(directory, folder), suffixes, follow_links)
        paths.extend(found)
        numbers.extend([i] * len(found))
    given: Any = None
    names: list[str] | None = None
    if labels == "inferred":
        given, names = np.array(numbers, np.int32), folders
    elif labels is not None:
        given, names = _given_labels(labels, len(paths), directory)
    if verbose:
        classes = "" if names is None else f" belonging to {len(names)} classes"
        say(f"Found {len(paths)} files{classes}.")
    if shuffle:
        seed = int(np.random.randint(1_000_000)) if seed is None else seed
        order = np.arange(len(paths))
        np.random.RandomState(seed).shuffle(order)
        paths = [paths[i] for i in order]
        given = None if given is None else given[order]
    return paths, given, names


def _given_labels(labels: Any, count: int, directory: str) -> tuple[np.ndarray, list[str]]:
    if len(labels) != count:
        raise InputError(
            f"labels has {len(labels)} entries for {count} files in {directory}: there must be one for each."
        )
    return np.array(labels), [str(x) for x in sorted(set(labels))]


def _class_folders(directory: str, class_names: Sequence[str] | None) -> list[str]:
    found = sorted(
        name
        for name in os.listdir(directory)
        if os.path.isdir(os.path.join(directory, name)) and not name.startswith(".")
    )
    if class_names is None:
        return found
    missing = [name for name in class_names if name not in found]
    if missing:
        raise InputError(
            f"class_names has {missing!r}, but the folders in {directory} are {found!r}."
        )
    return list(class_names)


def _files(folder: str, suffixes: tuple[str, ...], follow_links: bool) -> list[str]:
    out: list[str] = []
    for root, _, names in sorted(os.walk(folder, followlinks=follow_links), key=lambda x: x[0]):
        out.extend(os.path.join(root, n) for n in sorted(names) if n.lower().endswith(suffixes))
    return out


def say(message: str) -> None:
    """Print, or log where interactive logging is off."""
    if config.is_interactive_logging_enabled():
        print(message, flush=True)
    else:
        logging.getLogger("kerata").info(message)
