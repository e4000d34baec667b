"""Bases of the preprocessing layers: use in pipelines of data, and computation on the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ... import dtypes, graph, tree
from ...engine import engine, pipeline
from ...errors import InputError
from ...spec import KerasTensor, Spec
from ..layer import Layer
from .strings import array_of


class Preprocessing(Layer):
    """Base of layers that also work inside a ``tf.data`` pipeline, with any engine."""

    runs_on_host = False
    """Whether the values must be known: strings and 64-bit hashes are beyond compiled code."""

    # TensorFlow would translate the code of all that a pipeline calls; this is how it is told not to.
    autograph_info__: ClassVar[dict] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer on data, symbolic tensors, or tensors of a ``tf.data`` pipeline."""
        flat = tree.flatten((args, kwargs)) if _may_hold_tensors(args) else []
        inside = [i for i, x in enumerate(flat) if pipeline.is_in_pipeline(x)]
        if not inside or not self._goes_outside([flat[i] for i in inside]):
            return super().__call__(*args, **kwargs)

        def call(*values: Any) -> Any:
            given = list(flat)  # pipelines call from several threads
            for i, v in zip(inside, values):
                given[i] = v
            a, k = tree.pack_sequence_as((args, kwargs), given)
            return tree.map_structure(array_of, Layer.__call__(self, *a, **k))

        known = [pipeline.outline(x) if i in inside else x for i, x in enumerate(flat)]
        symbols = [KerasTensor(x.shape, x.dtype) if isinstance(x, Spec) else x for x in known]
        a, k = tree.pack_sequence_as((args, kwargs), symbols)
        results = graph.infer(self._run_abstract, a, k)
        return pipeline.on_host(call, [flat[i] for i in inside], results)

    def _goes_outside(self, tensors: list[Any]) -> bool:
        """Whether tensors of a TensorFlow graph are not for the engine's own operations."""
        if self.runs_on_host or not any(map(engine().is_tensor, tensors)):
            return True
        # Batches of a pipeline have no size yet, which ops take for known.
        return any(None in pipeline.outline(x).shape for x in tensors)


def _may_hold_tensors(args: Sequence[Any]) -> bool:
    """Whether it is worth looking through the arguments: not through lists of thousands of strings."""
    return any(
        hasattr(v, "shape")
        for a in args
        for v in (a.values() if isinstance(a, dict) else a[:1] if isinstance(a, (list, tuple)) else [a])
    )  # fmt: skip


class HostLayer(Preprocessing):
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


def no_sparse(sparse: bool, layer: str) -> None:
    """Refuse ``sparse=True``."""
    if sparse:
        raise InputError(
            f"{layer}: sparse=True is not supported, tensors are dense on every engine. Leave it out; for big "
            "vocabularies use output_mode='int' with an Embedding."
        )
