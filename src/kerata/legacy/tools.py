"""Functions of ``keras.utils`` and its modules that Keras 3 no longer has."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import InputError, ShapeError
from .notes import note

__all__ = [
    "HDF5Matrix", "TimedThread", "accuracy", "ask_to_proceed_with_overwrite", "binary_logloss",
    "categorical_probas_to_classes",
    "conv_input_length", "conv_output_length", "convert_all_kernels_in_model",
    "convert_dense_weights_data_format", "convert_kernel", "count_params", "count_total_params",
    "deconv_length", "get_test_data", "has_arg", "make_tuple", "multi_gpu_model", "multiclass_logloss", "normalize_padding", "normalize_tuple", "print_summary",
    "probas_to_classes", "slice_arrays", "to_list", "to_ordinal", "unpack_singleton", "urlretrieve",
    "validate_file", "warmstart_embedding_matrix",
]  # fmt: skip


# --- models -------------------------------------------------------------------------------------


def multi_gpu_model(
    model: Any, gpus: Any = None, cpu_merge: bool = True, cpu_relocation: bool = False
) -> Any:
    """The model itself: Kerata computes on one device, whatever `gpus` says.

    >>> from kerata import Sequential
    >>> model = Sequential()
    >>> multi_gpu_model(model, 2) is model
    True
    """
    note("multi_gpu_model", "the model itself, which computes on one device")
    return model


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable | None = None,
) -> None:
    """``model.summary(...)``."""
    model.summary(line_length=line_length, positions=positions, print_fn=print_fn)


def count_params(weights: Any) -> int:
    """Number of values in weights, each weight counted once.

    >>> from kerata import Variable
    >>> w = Variable(np.zeros((2, 3)))
    >>> count_params([w, w])
    6
    """
    from ..tree import unique

    return int(sum(math.prod(w.shape) for w in unique(weights)))


def count_total_params(layers: Any, layer_set: Any = None) -> tuple[int, int]:
    """Numbers of values in the weights of layers: trained ones, and others."""
    trained = [w for layer in layers for w in layer.trainable_weights]
    others = [w for layer in layers for w in layer.non_trainable_weights]
    return count_params(trained), count_params(others)


def convert_kernel(kernel: Any) -> np.ndarray:
    """A kernel of a convolution turned round along its 1, 2 or 3 axes of space.

    Theano convolves, TensorFlow correlates: this leads from the one's weights to the other's.

    >>> convert_kernel(np.arange(3.0).reshape(3, 1, 1)).ravel().tolist()
    [2.0, 1.0, 0.0]
    """
    kernel = np.asarray(kernel)
    if not 3 <= kernel.ndim <= 5:
        raise ShapeError(
            f"A kernel of a convolution has 3, 4 or 5 axes, this one has {kernel.ndim}."
        )
    return np.copy(np.flip(kernel, tuple(range(kernel.ndim - 2))))


def convert_all_kernels_in_model(model: Any) -> None:
    """Turn the kernels of all convolutions of a model round, in place (see `convert_kernel`)."""
    kinds = {"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose"}
    for layer in model._flatten_layers(include_self=False):
        if any(c.__name__ in kinds for c in type(layer).__mro__) and layer.built:
            layer.kernel.assign(convert_kernel(layer.kernel.host()))


def convert_dense_weights_data_format(
    dense: Any,
    previous_feature_map_shape: Sequence[int],
    target_data_format: str = "channels_first",
) -> None:
    """Reorder the rows of a `Dense` behind a `Flatten` for feature maps of the other layout, in place.

    Args:
        dense: The layer.
        previous_feature_map_shape: What is flattened, without the batch: ``(512, 7, 7)`` where channels
            come first after the change, ``(7, 7, 512)`` where they come last.
        target_data_format: The layout after the change.

    >>> from kerata import layers
    >>> dense = layers.Dense(1)
    >>> dense.build((None, 4))
    >>> dense.kernel.assign([[0.0], [1.0], [2.0], [3.0]])
    >>> convert_dense_weights_data_format(dense, (2, 1, 2), "channels_first")
    >>> dense.kernel.numpy().ravel().tolist()
    [0.0, 2.0, 1.0, 3.0]
    """
    if target_data_format not in ("channels_first", "channels_last"):
        raise InputError(
            f"The data format is channels_first or channels_last, got {target_data_format!r}."
        )
    kernel, *rest = dense.get_weights()
    shape = tuple(previous_feature_map_shape)
    first = target_data_format == "channels_first"
    order = (2, 0, 1) if first else (1, 2, 0)
    before = (*shape[1:], shape[0]) if first else (shape[2], *shape[:2])
    moved = kernel.reshape((*before, -1)).transpose((*order, 3))
    dense.set_weights([moved.reshape(kernel.shape), *rest])


# --- sizes of convolutions ----------------------------------------------------------------------


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """A number, or `n` numbers, as a tuple of `n`.

    >>> normalize_tuple(3, 2, "kernel_size")
    (3, 3)
    """
    out = (value,) * n if isinstance(value, int) else tuple(value)
    if len(out) != n or not all(isinstance(v, (int, np.integer)) for v in out):
        raise InputError(f"{name} must be a whole number or {n} of them, got {value!r}.")
    return tuple(int(v) for v in out)


def normalize_padding(value: str) -> str:
    """The name of a padding in small letters.

    >>> normalize_padding("SAME")
    'same'
    """
    padding = value.lower()
    if padding not in ("valid", "same", "causal", "full"):
        raise InputError(f"padding must be 'valid', 'same' or 'causal', got {value!r}.")
    return padding


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Length of the result of a convolution.

    >>> conv_output_length(10, 3, "valid", 2), conv_output_length(10, 3, "same", 2)
    (4, 5)
    """
    if input_length is None:
        return None
    window = (filter_size - 1) * dilation
    change = {"valid": -window, "same": 0, "causal": 0, "full": window}[normalize_padding(padding)]
    return (input_length + change + stride - 1) // stride


def conv_input_length(
    output_length: int | None, filter_size: int, padding: str, stride: int
) -> int | None:
    """Least length of the input of a convolution whose result has a length.

    >>> conv_input_length(4, 3, "valid", 2)
    9
    """
    if output_length is None:
        return None
    pad = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[padding]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_length(
    dim_size: int | None,
    stride_size: int,
    kernel_size: int,
    padding: str,
    output_padding: int | None = None,
    dilation: int = 1,
) -> int | None:
    """Length of the result of a transposed convolution.

    >>> deconv_length(4, 2, 3, "valid", None), deconv_length(4, 2, 3, "same", None)
    (9, 8)
    """
    if dim_size is None:
        return None
    window = kernel_size + (kernel_size - 1) * (dilation - 1)
    if output_padding is None:
        more = {"valid": max(window - stride_size, 0), "full": 2 - stride_size - window, "same": 0}
        return dim_size * stride_size + more[padding]
    pad = {"valid": 0, "same": window // 2, "full": window - 1}[padding]
    return (dim_size - 1) * stride_size + window - 2 * pad + output_padding


# --- arrays -------------------------------------------------------------------------------------


def accuracy(p: Any, y: Any) -> float:
    """Share of predicted classes that are right.

    >>> accuracy([1, 0], [1, 1])
    0.5
    """
    return float(np.mean(np.asarray(p) == np.asarray(y)))


def binary_logloss(p: Any, y: Any) -> float:
    """Mean of ``-(y log p + (1 - y) log(1 - p))``.

    >>> round(binary_logloss([0.5, 0.5], [0, 1]), 4)
    0.6931
    """
    p, y = np.clip(np.asarray(p, float), 1e-15, 1 - 1e-15), np.asarray(y, float)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def multiclass_logloss(P: Any, Y: Any) -> float:
    """Mean of ``-log p`` of the right classes, which are numbered from 1.

    >>> round(multiclass_logloss([[0.5, 0.5]], [1]), 4)
    0.6931
    """
    P, Y = np.asarray(P, float), np.asarray(Y)
    return float(-np.mean(np.log(P[np.arange(len(Y)), Y - 1])))


def make_tuple(*args: Any) -> tuple[Any, ...]:
    """Its arguments."""
    return args


def to_list(x: Any, allow_tuple: bool = False) -> list[Any]:
    """`x` itself if it is a list, else a list of it."""
    if isinstance(x, list):
        return x
    return list(x) if allow_tuple and isinstance(x, tuple) else [x]


def unpack_singleton(x: Any) -> Any:
    """The only item of a list, or the list."""
    return x[0] if len(x) == 1 else x


def has_arg(fn: Callable, name: str, accept_all: bool = False) -> bool:
    """Whether a function takes an argument of a name; with `accept_all` ``**kwargs`` counts.

    >>> has_arg(lambda x: x, "x"), has_arg(lambda **kwargs: 0, "x", True)
    (True, True)
    """
    import inspect

    found = inspect.signature(fn).parameters
    return name in found or (accept_all and any(p.kind is p.VAR_KEYWORD for p in found.values()))


def slice_arrays(arrays: Any, start: Any = None, stop: int | None = None) -> Any:
    """Rows of each array: those from `start` to `stop`, or those whose numbers `start` lists.

    >>> slice_arrays([np.arange(4), None], 1, 3), slice_arrays(np.arange(4), [0, 2]).tolist()
    ([array([1, 2]), None], [0, 2])
    """
    if arrays is None:
        return [None]
    if isinstance(arrays, list):
        return [None if a is None else slice_arrays(a, start, stop) for a in arrays]
    if hasattr(start, "__len__"):
        return arrays[np.asarray(start)]
    return arrays[start:stop]


def to_ordinal(y: Any, num_classes: int | None = None, dtype: Any = "float32") -> np.ndarray:
    """Class numbers as rows of ``num_classes - 1`` values, as many ones as the number says.

    >>> to_ordinal([0, 2, 1], num_classes=3).tolist()
    [[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]]
    """
    y = np.asarray(y, dtype="int64")
    shape = y.shape[:-1] if y.ndim > 1 and y.shape[-1] == 1 else y.shape
    count = int(y.max()) + 1 if num_classes is None else num_classes
    return (np.arange(count - 1) < y.reshape(*shape, 1)).astype(dtype)


def probas_to_classes(y_pred: Any) -> np.ndarray:
    """Classes of predictions: the largest column, or whether the only one passes 0.5."""
    y_pred = np.asarray(y_pred)
    if y_pred.ndim > 1 and y_pred.shape[1] > 1:
        return categorical_probas_to_classes(y_pred)
    return (y_pred.ravel() > 0.5).astype("int64")


def categorical_probas_to_classes(p: Any) -> np.ndarray:
    """The number of the largest column of each row."""
    return np.argmax(p, axis=1)


def warmstart_embedding_matrix(
    base_vocabulary: Any,
    new_vocabulary: Any,
    base_embeddings: Any,
    new_embeddings_initializer: Any = "uniform",
) -> np.ndarray:
    """The weights of an `Embedding` for a new vocabulary, which keeps what old words have learnt.

    Args:
        base_vocabulary: The old words in the order of the rows, or a file with one word a line.
        new_vocabulary: The new words, likewise.
        base_embeddings: A row for each old word.
        new_embeddings_initializer: How rows of words that are new begin.

    >>> warmstart_embedding_matrix(["a", "b"], ["c", "b"], [[1.0], [2.0]], "zeros").tolist()
    [[0.0], [2.0]]
    """
    from .. import initializers

    old, new = _words(base_vocabulary), _words(new_vocabulary)
    rows = np.asarray(base_embeddings)
    if len(rows) != len(old):
        raise ShapeError(
            f"base_embeddings needs a row for each of the {len(old)} words of base_vocabulary; it has {len(rows)}."
        )
    made = initializers.get(new_embeddings_initializer)((len(new), rows.shape[1]))
    out = np.array(made, dtype=rows.dtype)
    place = {word: i for i, word in enumerate(old)}
    for i, word in enumerate(new):
        if word in place:
            out[i] = rows[place[word]]
    return out


def _words(vocabulary: Any) -> list[str]:
    if isinstance(vocabulary, (str, os.PathLike)):
        with open(vocabulary, encoding="utf-8") as file:
            return [line.rstrip("\n") for line in file]
    items = vocabulary.tolist() if hasattr(vocabulary, "tolist") else list(np.asarray(vocabulary))
    return [w.decode() if isinstance(w, bytes) else str(w) for w in items]


def get_test_data(
    num_train: int = 1000,
    num_test: int = 500,
    input_shape: Sequence[int] = (10,),
    output_shape: Sequence[int] = (2,),
    classification: bool = True,
    num_classes: int = 2,
) -> Any:
    """Random data that something can be learnt from: ``(x, y), (x_test, y_test)``.

    Each row is noise around its class number (or, without `classification`, around a number that the
    targets are noise around, too), so that any sensible net learns it.
    """
    n = num_train + num_test
    if classification:
        y: np.ndarray = np.random.randint(0, num_classes, size=(n,))
        middle = y.astype("float64")
    else:
        middle = np.random.random((n,))
        y = np.random.normal(0.0, 0.7, (n, *output_shape))
        y += middle.reshape((n, *(1 for _ in output_shape)))
    x = np.random.normal(0.0, 0.7, (n, *input_shape))
    x += middle.reshape((n, *(1 for _ in input_shape)))
    return (x[:num_train], y[:num_train]), (x[num_train:], y[num_train:])


# --- files --------------------------------------------------------------------------------------


class HDF5Matrix:
    """Rows of a data set in an HDF5 file, as far as `fit`, `evaluate` and `predict` ask for them.

    Args:
        datapath: The file.
        dataset: The data set's name in it.
        start: First row.
        end: Row behind the last; all by default.
        normalizer: A function applied to rows that are read.
    """

    def __init__(
        self,
        datapath: Any,
        dataset: str,
        start: int = 0,
        end: int | None = None,
        normalizer: Callable | None = None,
    ) -> None:
        import h5py

        self.file = h5py.File(datapath, "r")
        self.data = self.file[dataset]
        self.start, self.end = start, self.data.shape[0] if end is None else end
        self.normalizer = normalizer

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            first, last, step = key.indices(len(self))
            rows = self.data[self.start + first : self.start + max(last, first) : step]
        elif isinstance(key, (int, np.integer)):
            rows = self.data[self.start + range(len(self))[key]]
        else:
            wanted = np.arange(len(self))[np.asarray(key)]
            unique, place = np.unique(wanted, return_inverse=True)
            rows = self.data[self.start + unique][place]
        return rows if self.normalizer is None else self.normalizer(rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of rows, and the shape of a row as it is read."""
        if self.normalizer is None or not len(self):
            return (len(self), *self.data.shape[1:])
        return (len(self), *np.shape(self[0:1])[1:])

    @property
    def dtype(self) -> Any:
        """Dtype of the rows as they are read."""
        return self.data.dtype if self.normalizer is None else np.asarray(self[0:1]).dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


def ask_to_proceed_with_overwrite(filepath: Any) -> bool:
    """Ask on the terminal whether a file may be overwritten."""
    answer = ""
    while answer not in ("y", "n"):
        answer = input(f"{filepath} exists. Overwrite it? [y/n] ").strip().lower()
    return answer == "y"


def validate_file(
    fpath: Any, file_hash: str, algorithm: str = "auto", chunk_size: int = 65535
) -> bool:
    """Whether a file has a hash (SHA-256, or MD5 where the hash is that short)."""
    import hashlib

    sha = algorithm == "sha256" or (algorithm == "auto" and len(file_hash) == 64)
    hasher = hashlib.sha256() if sha else hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            hasher.update(chunk)
    return hasher.hexdigest() == str(file_hash)


def urlretrieve(url: str, filename: Any = None, reporthook: Any = None, data: Any = None) -> Any:
    """That of ``urllib.request``."""
    from urllib import request

    return request.urlretrieve(url, filename, reporthook, data)


# --- threads ------------------------------------------------------------------------------------


class TimedThread:
    """Calls ``on_interval``, which a subclass defines, every so many seconds in a thread of its own.

    Args:
        interval: Seconds between two calls.
        **kwargs: Passed on to `threading.Thread`; the thread is a daemon by default.

    >>> class Ticks(TimedThread):
    ...     count = 0
    ...     def on_interval(self):
    ...         self.count += 1
    >>> with Ticks(60) as ticks:
    ...     running = ticks.is_alive()
    >>> running, ticks.count
    (True, 1)
    """

    def __init__(self, interval: float, **kwargs: Any) -> None:
        self.interval = interval
        self.daemon = kwargs.pop("daemon", True)
        self.thread_kwargs = kwargs
        self.thread: threading.Thread | None = None
        self.thread_stop_event: threading.Event | None = None

    def on_interval(self) -> None:
        """What is done each time; subclasses write it."""
        raise NotImplementedError(f"{type(self).__name__} must define on_interval(self).")

    def _run(self, stop: threading.Event) -> None:
        while True:
            self.on_interval()
            if stop.wait(self.interval):
                return

    def start(self) -> None:
        """Begin, unless it runs already."""
        if self.is_alive():
            return
        self.thread_stop_event = stop = threading.Event()
        self.thread = threading.Thread(
            target=self._run, args=(stop,), daemon=self.daemon, **self.thread_kwargs
        )
        self.thread.start()

    def stop(self) -> None:
        """End after the call that is going on; waits for it."""
        if self.thread_stop_event is not None:
            self.thread_stop_event.set()
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join()

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.thread is not None and self.thread.is_alive()

    def __enter__(self) -> TimedThread:
        self.start()
        return self

    def __exit__(self, *args: Any) -> None:
        self.stop()
