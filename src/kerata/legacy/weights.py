"""Weights of old files in the layout of today's layers.

Keras 1 kept the gates of recurrent layers apart and the kernels of ``th`` convolutions with the filters
first; `CuDNNLSTM` and `CuDNNGRU` of Keras 2 kept kernels transposed and the bias in two parts; Keras on
Theano turned kernels around. Reached where the weights of a file do not fit a layer, or it is as old.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Arrays = list[np.ndarray]

# Gates as Keras 1 stored them, three arrays each, in the order of today.
_GATES = {"LSTM": (0, 2, 1, 3), "ConvLSTM2D": (0, 2, 1, 3), "GRU": (0, 1, 2)}


def fit(layer: Any, arrays: Sequence[np.ndarray], version: str = "2", backend: str = "") -> Arrays:
    """The arrays of a layer's group in a file, as the layer keeps them.

    What is not known to be otherwise is returned as it is.

    Args:
        layer: The layer, built.
        arrays: What the file has.
        version: Version of Keras that wrote it.
        backend: The backend that it ran on.

    >>> from kerata.layers import LSTM
    >>> layer = LSTM(2); layer.build((None, None, 3))
    >>> gates = [np.ones(s) for _ in range(4) for s in ((3, 2), (2, 2), (2,))]
    >>> [a.shape for a in fit(layer, gates, "1.2.2")]
    [(3, 8), (2, 8), (8,)]
    """
    parts, given = _weighted(layer), list(arrays)
    first = version.startswith("1")
    for count in (_count_of_first_era if first else len_of_weights, len_of_weights):
        sizes = [count(p) for p in parts]
        if sum(sizes) == len(given):
            break
    else:
        return given
    if len(parts) > 1 and any(v for p in parts for v in p.non_trainable_weights):
        return given  # a file has these at the end, not with their layers
    out: Arrays = []
    for part, size in zip(parts, sizes):
        out += _converted(part, given[:size], first, backend)
        given = given[size:]
    return out


def len_of_weights(layer: Any) -> int:
    """Number of a layer's weights."""
    return len(layer.weights)


def _count_of_first_era(layer: Any) -> int:
    gates = _GATES.get(_kind(layer))
    return len(layer.weights) if gates is None else 3 * len(gates)


def _kind(layer: Any) -> str:
    """The layer's class, that of today for those under a name of old."""
    cls = type(layer)
    return cls.__dict__.get("_public_name") or cls.__name__


def _weighted(layer: Any) -> list[Any]:
    """The layers in `layer` that have weights of their own; a recurrent layer stands for its cell."""
    if any(c.__name__ == "RNN" for c in type(layer).__mro__) or not layer._layers:
        return [layer] if layer.weights else []
    return [part for below in layer._layers for part in _weighted(below)]


def _converted(layer: Any, arrays: Arrays, first: bool, backend: str) -> Arrays:
    kind = _kind(layer)
    if first:
        arrays = _of_first_era(layer, kind, arrays)
    arrays = _CUDNN[kind](layer, arrays) if kind in _CUDNN and len(arrays) == 3 else arrays
    if backend == "theano" and arrays:
        if kind in ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D"):
            n = 2 if kind == "ConvLSTM2D" else 1
            arrays = [*(_turned(a) for a in arrays[:n]), *arrays[n:]]
    return arrays


def _turned(kernel: np.ndarray) -> np.ndarray:
    """A kernel with its window turned around: Theano's convolutions were no correlations."""
    return np.flip(kernel, axis=tuple(range(kernel.ndim - 2)))


# --- Keras 1 ------------------------------------------------------------------------------------


def _of_first_era(layer: Any, kind: str, arrays: Arrays) -> Arrays:
    if kind in _GATES and len(arrays) == 3 * len(_GATES[kind]):
        return _joined(layer, kind, arrays)
    if not arrays:
        return arrays
    kernel = arrays[0]
    channels_first = getattr(layer, "data_format", None) == "channels_first"
    if kind == "Conv1D" and kernel.ndim == 4:
        if kernel.shape[:2] != (layer.kernel_size[0], 1):
            kernel = kernel.transpose(2, 3, 1, 0)
        kernel = kernel[:, 0]
    elif kind in ("Conv2D", "Conv3D") and channels_first:
        kernel = np.moveaxis(kernel, (1, 0), (-2, -1))
    elif kind == "Conv2DTranspose":
        kernel = kernel.transpose((2, 3, 0, 1) if channels_first else (0, 1, 3, 2))
    return [kernel, *arrays[1:]]


def _joined(layer: Any, kind: str, arrays: Arrays) -> Arrays:
    """Kernels and biases of the gates, side by side."""
    out = []
    for i in range(3):
        gates = [arrays[3 * g + i] for g in _GATES[kind]]
        if i < 2 and kind == "ConvLSTM2D" and layer.data_format == "channels_first":
            gates = [g.transpose(2, 3, 1, 0) for g in gates]
        out.append(np.concatenate(gates, axis=-1))
    return out


# --- CuDNN --------------------------------------------------------------------------------------


def _from_cudnn(kernels: Arrays, gates: int) -> Arrays:
    """Kernels gate by gate as matrices (features, units)."""
    return [
        np.concatenate(
            [k.reshape(k.shape[::-1]).T for k in np.split(kernel, gates, axis=1)], axis=1
        )
        for kernel in kernels
    ]


def _to_cudnn(kernels: Arrays, gates: int) -> Arrays:
    return [
        np.concatenate([k.T.reshape(k.shape) for k in np.split(kernel, gates, axis=1)], axis=1)
        for kernel in kernels
    ]


def _lstm(layer: Any, arrays: Arrays) -> Arrays:
    n = arrays[1].shape[0]
    if arrays[2].shape != (8 * n,):
        return arrays
    return [*_from_cudnn(arrays[:2], 4), arrays[2].reshape(2, 4 * n).sum(0)]


def _cudnn_lstm(layer: Any, arrays: Arrays) -> Arrays:
    n = arrays[1].shape[0]
    if arrays[2].shape != (4 * n,):
        return arrays
    return [*_to_cudnn(arrays[:2], 4), np.tile(arrays[2] / 2, 2)]


def _gru(layer: Any, arrays: Arrays) -> Arrays:
    n = arrays[1].shape[0]
    if arrays[2].shape != (6 * n,) or not layer.reset_after:
        return arrays
    return [*_from_cudnn(arrays[:2], 3), arrays[2].reshape(2, 3 * n)]


def _cudnn_gru(layer: Any, arrays: Arrays) -> Arrays:
    n = arrays[1].shape[0]
    if arrays[2].shape != (2, 3 * n):
        return arrays
    return [*_to_cudnn(arrays[:2], 3), arrays[2].ravel()]


_CUDNN = {"LSTM": _lstm, "CuDNNLSTM": _cudnn_lstm, "GRU": _gru, "CuDNNGRU": _cudnn_gru}
