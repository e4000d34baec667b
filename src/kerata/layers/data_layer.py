"""The base of layers that prepare data, which also run inside the pipelines of other libraries."""

from __future__ import annotations

from typing import Any, ClassVar

from ..engine import foreign_call
from .layer import Layer


class DataLayer(Layer):
    """Base of layers that prepare data.

    In a ``tf.data`` pipeline they compute in the engine in use, whatever it is; see
    `kerata.engine.foreign_call`.
    """

    _abstract_config = True

    runs_on_host = False
    """Whether the values must be known: strings and 64-bit hashes are beyond compiled code."""

    # TensorFlow would translate the code of all that a pipeline calls; this is how it is told not to.
    autograph_info__: ClassVar[dict] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer on data, symbolic tensors, or tensors of a pipeline."""
        done, outputs = foreign_call(
            super().__call__, self.compute_output_spec, args, kwargs, self.runs_on_host
        )
        return outputs if done else super().__call__(*args, **kwargs)
