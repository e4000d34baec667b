"""The base of the preprocessing layers that compute on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes
from ...engine import engine
from ...errors import InputError
from ...spec import Spec
from ..data_layer import DataLayer
from .strings import array_of


class HostLayer(DataLayer):
    """Base of layers that compute with NumPy and Python, from data whose values are known."""

    runs_on_host = True

    def _tensor(self, x: Any) -> Any:
        return x  # strings and 64-bit integers are no tensors of most engines

    def _parts(self, inputs: Any) -> list[Any]:
        """The tensors that the input consists of."""
        return [inputs]

    def call(self, inputs: Any) -> Any:
        parts = self._parts(inputs)
        if any(isinstance(p, Spec) for p in parts):
            return self._outline(*[p if isinstance(p, Spec) else _spec(p) for p in parts])
        self._need_values(parts)
        return given(self._compute(*map(array_of, parts)))

    def _need_values(self, parts: list[Any]) -> None:
        for p in parts:
            if hasattr(p, "shape") and engine().is_tensor(p) and engine().is_tracing(p):
                raise InputError(
                    f"{type(self).__name__} computes on the host and cannot be compiled. Apply it to the data "
                    "before (dataset.map(layer), or layer(array)), or make it one of the first layers of a "
                    "functional or Sequential model: fit, evaluate and predict then run it on the host."
                )

    def _outline(self, *parts: Spec) -> Any:
        """Spec of the result."""
        raise NotImplementedError

    def _compute(self, *parts: np.ndarray) -> np.ndarray:
        """The result for the values of the input."""
        raise NotImplementedError


def _spec(x: Any) -> Spec:
    array = array_of(x)
    return Spec(array.shape, dtypes.standardize(array.dtype))


def given(result: np.ndarray) -> Any:
    """A result as the caller gets it: a tensor of the engine, or an array of strings."""
    if result.dtype.kind in "OUST":
        return result
    return engine().asarray(result, dtypes.standardize(result.dtype))


def dense(sparse: bool, output_mode: str, layer: str) -> bool:
    """``sparse`` as it was given: results have the same values, but are dense on every engine."""
    if sparse and output_mode == "int":
        raise InputError(
            f"{layer}: sparse=True goes with the encodings, not with output_mode='int'. Leave it out."
        )
    return bool(sparse)
