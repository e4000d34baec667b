"""`Discretization`: numbers by the bin they fall in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...errors import InputError, NotBuiltError
from ..data_layer import DataLayer
from .base import dense
from .encoding import as_tensor, encode, mode_of
from .strings import array_of, batches


class Discretization(DataLayer):
    """Numbers of the bins that values fall in: i where ``boundaries[i-1] <= x < boundaries[i]``.

    Output: int32 of the shape of the input, or what `output_mode` makes of it.

    Args:
        bin_boundaries: The limits between bins, rising; there is one bin more. Or give
        num_bins: How many bins `adapt` shall find, each with about as many of the values.
        epsilon: How exact `adapt` is: shares of values are right up to about this.
        output_mode: ``int``, or ``one_hot``, ``multi_hot``, ``count``: see `CategoryEncoding`.
        sparse: Taken; the result is dense.

    >>> Discretization(bin_boundaries=[0.0, 1.0, 2.0])(np.array([[-1.5, 1.0, 3.4, 0.5]])).tolist()
    [[0, 2, 3, 1]]
    >>> layer = Discretization(num_bins=4)
    >>> layer.adapt(np.arange(80.0))
    >>> [round(v) for v in layer.bin_boundaries]
    [19, 39, 59]
    """

    summary: np.ndarray
    """What is known of the values met: see `_summary`."""

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        modes = ("int", "one_hot", "multi_hot", "count")
        self.output_mode = mode_of(output_mode, modes, "Discretization")
        if (num_bins is None) == (bin_boundaries is None):
            got = "neither" if num_bins is None else "both"
            raise InputError(
                f"Discretization: give either bin_boundaries, or num_bins and call adapt; got {got}."
            )
        if num_bins is not None and num_bins < 0:
            raise InputError(f"Discretization: num_bins must not be negative, got {num_bins}.")
        self.bin_boundaries: list[float] | None = None
        if bin_boundaries is not None:
            self.bin_boundaries = [float(b) for b in np.ravel(array_of(bin_boundaries))]
        self.num_bins, self.epsilon = num_bins, epsilon
        self.sparse = dense(sparse, self.output_mode, "Discretization")
        self.reset_state()

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find boundaries between which there are equally many values, and forget those before.

        Args:
            data: An array or tensor; or batches: a ``tf.data.Dataset``, a `PyDataset`, a
                ``DataLoader``, a generator.
            steps: How many batches to take; all by default.
        """
        if self.num_bins is None:
            raise InputError(
                f"Layer {self.name!r} was given bin_boundaries; adapt finds them for layers made with num_bins."
            )
        self.reset_state()
        for batch in batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Take a batch of values into account."""
        new = _summary(np.asarray(array_of(data), "float32").ravel(), self.epsilon)
        both = np.concatenate([new, self.summary], axis=1)
        self.summary = _compressed(both[:, np.argsort(both[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Set the boundaries by the values met since `reset_state`."""
        if not self.num_bins:
            return
        if not self.summary.size:
            raise InputError("Discretization.adapt got no data: there are no values.")
        self.bin_boundaries = _compressed(self.summary, 1.0 / self.num_bins)[0, :-1].tolist()

    def reset_state(self) -> None:
        """Forget the values met; the boundaries stay until `finalize_state`."""
        self.summary = np.zeros((2, 0), "float32")

    def call(self, inputs: Any) -> Any:
        if self.bin_boundaries is None:
            raise NotBuiltError(
                "Discretization has no boundaries yet: call adapt on data, or give bin_boundaries."
            )
        dtype = "int32" if self.output_mode == "int" else self.compute_dtype
        limits = np.asarray(self.bin_boundaries, "float32")
        x = ops.cast(as_tensor(inputs), "float32")
        indices = ops.searchsorted(limits, x, side="right") if len(limits) else ops.zeros_like(x)
        return encode(indices, self.output_mode, len(limits) + 1, dtype)

    def load_own_variables(self, store: Any) -> None:
        """Take the summary of values that files of an early Keras 3 hold."""
        if "0" in store:
            self.summary = np.asarray(store["0"])

    def get_config(self) -> dict[str, Any]:
        """The arguments, and the boundaries that `adapt` has found; Keras takes no ``trainable`` here."""
        config = super().get_config()
        config.pop("trainable", None)
        config["bin_boundaries"] = self.bin_boundaries
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer, with the boundaries that were found."""
        found = config.get("bin_boundaries")
        if found is None or config.get("num_bins") is None:
            return super().from_config(config)
        layer = super().from_config({**config, "bin_boundaries": None})
        layer.bin_boundaries = [float(b) for b in found]
        return layer


# A summary of many values is a sorted row of some of them and a row of how many each stands for, as in
# Greenwald and Khanna, "Space-efficient online computation of quantile summaries" (2001).


def _summary(values: np.ndarray, epsilon: float) -> np.ndarray:
    """At most about ``1 / epsilon`` of the values, evenly spread in their order."""
    step = max(values.size * epsilon, 1)
    kept = np.sort(values)[int(step - 1) :: int(step)]
    return np.stack([kept, np.full_like(kept, step)])


def _compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """A summary of steps of the share `epsilon`, interpolated in one that is longer."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    ranks = summary[1].cumsum()
    values = np.interp(shares, ranks / ranks[-1], summary[0])
    weights = np.diff(np.interp(shares, ranks / ranks[-1], ranks), prepend=0)
    return np.stack([values, weights]).astype("float32")
