"""Preprocessing layers of tf.keras that Keras 3 has not, and names that are refused with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from ... import ops, rng
from ...engine import engine
from ...errors import InputError
from ...layers.layer import Layer
from ...layers.normalization import BatchNormalization
from ...spec import Spec


class PreprocessingLayer(Layer):
    """Base of layers of one's own whose state is computed from data by `adapt`.

    A subclass defines ``update_state(batch)``, and where needed ``finalize_state()`` and
    ``reset_state()``.

    >>> class Center(PreprocessingLayer):
    ...     def reset_state(self):
    ...         self.total, self.rows = 0.0, 0
    ...     def update_state(self, batch):
    ...         self.total, self.rows = self.total + np.sum(batch), self.rows + len(batch)
    ...     def call(self, x):
    ...         return x - self.total / self.rows
    >>> layer = Center()
    >>> layer.adapt(np.array([1.0, 3.0]))
    >>> layer(np.array([5.0])).tolist()
    [3.0]
    """

    is_adapted = False

    def update_state(self, data: Any) -> None:
        """Take a batch into the state; subclasses write it."""
        raise NotImplementedError(f"{type(self).__name__} needs update_state(batch).")

    def finalize_state(self) -> None:
        """Turn what was gathered into what ``call`` uses."""

    def reset_state(self) -> None:
        """Forget all batches."""

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Compute the state anew from data.

        Args:
            data: An array, or an iterable of batches.
            batch_size: Rows of an array that make a batch; 32 by default.
            steps: Number of batches; all by default.
        """
        self.reset_state()
        for i, batch in enumerate(_batches(data, batch_size or 32)):
            if steps is not None and i >= steps:
                break
            if not self.built:
                self.build(tuple(np.shape(batch)))
                self.built = True
            self.update_state(batch)
        self.finalize_state()
        self.is_adapted = True


def _batches(data: Any, size: int) -> Any:
    if hasattr(data, "shape"):
        return (data[i : i + size] for i in range(0, len(data), size))
    if isinstance(data, (list, tuple)):
        return _batches(np.asarray(data), size)
    return iter(data)


class SyncBatchNormalization(BatchNormalization):
    """`BatchNormalization`, whose compiled step sees the statistics of the whole batch anyway.

    >>> SyncBatchNormalization(momentum=0.9).synchronized
    True
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(axis, **{**kwargs, "synchronized": True})


class _RandomSize(Layer):
    """Base of `RandomHeight` and `RandomWidth`."""

    axis = -3

    def __init__(
        self,
        factor: float | Sequence[float],
        interpolation: str = "bilinear",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        pair = tuple(factor) if isinstance(factor, (list, tuple)) else (-factor, factor)
        if len(pair) != 2 or not -1 < pair[0] <= pair[1]:
            raise InputError(
                f"{type(self).__name__}: factor must be a number, or two of them above -1 in rising order; got "
                f"{factor!r}."
            )
        self._range, self.interpolation, self.seed = pair, interpolation, seed
        self._draws = None if seed is None else np.random.default_rng(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The images, in training with another size along one axis."""
        if not training:
            return inputs
        if isinstance(inputs, Spec) or engine().is_tracing(inputs):
            raise InputError(
                f"{type(self).__name__} gives each batch another size, which compiled training cannot. Apply it in the "
                "input pipeline (dataset.map), or use RandomZoom, which changes the height and the width of "
                "what is seen and keeps the size of the image."
            )
        shape = list(ops.shape(inputs))
        draws = self._draws or rng.generator()
        size = max(1, int(shape[self.axis] * (1 + draws.uniform(*self._range))))
        new = [size if a == self.axis else shape[a] for a in (-3, -2)]
        return ops.image.resize(
            inputs, tuple(new), interpolation=self.interpolation, data_format="channels_last"
        )


class RandomHeight(_RandomSize):
    """In training, stretches images (batch, height, width, channels) to a random height.

    Compiled training needs fixed sizes: this layer is for input pipelines and direct calls.

    Args:
        factor: Bounds of the change as parts of the height: ``(-0.2, 0.3)`` makes it 20 % less to 30 %
            more; one number f stands for ``(-f, f)``.
        interpolation: As of `Resizing`.
        seed: An int for a repeatable sequence.

    >>> RandomHeight((0.5, 0.5))(ops.ones((1, 4, 4, 1)), training=True).shape
    (1, 6, 4, 1)
    """


class RandomWidth(_RandomSize):
    """In training, stretches images to a random width; see `RandomHeight`.

    >>> RandomWidth((0.5, 0.5))(ops.ones((1, 4, 4, 1)), training=True).shape
    (1, 4, 6, 1)
    """

    axis = -2


# --- refused ------------------------------------------------------------------------------------


class _Refused:
    """Base of names that Kerata has no layer for: making one tells why, and what to use."""

    reason = ""

    def __init__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise InputError(f"{type(self).__name__}: {self.reason}")


class DenseFeatures(_Refused):
    """Refused: it works on TensorFlow's feature columns."""

    reason = (
        "feature columns are TensorFlow's, which has given them up. Use keras.utils.FeatureSpace, or the layers "
        "Normalization, StringLookup, IntegerLookup, Discretization, CategoryEncoding and HashedCrossing."
    )


class SequenceFeatures(_Refused):
    """Refused: it works on TensorFlow's feature columns."""

    reason = (
        "feature columns are TensorFlow's, which has given them up. Use Embedding, StringLookup or TextVectorization "
        "on padded sequences."
    )


class DynamicLookup(_Refused):
    """Refused: a vocabulary that changes during training."""

    reason = (
        "a vocabulary that changes while a step is compiled is not possible. Use StringLookup or IntegerLookup "
        "with adapt(data) before training, or Hashing for open vocabularies."
    )


class DynamicEmbedding(_Refused):
    """Refused: an embedding whose vocabulary changes during training."""

    reason = (
        "a vocabulary that changes while a step is compiled is not possible. Use StringLookup with adapt(data), or "
        "Hashing, before an Embedding."
    )
