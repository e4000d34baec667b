"""`IntegerLookup`: integers by their index in a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes, ops
from ...engine import engine
from ...errors import DtypeError, InputError
from ...spec import Spec
from .encoding import as_tensor, encode
from .hashing import as_texts, bins_of
from .lookup import MISSING, IndexLookup
from .strings import array_of


class IntegerLookup(IndexLookup):
    """Integers as other integers: their place in a vocabulary, which is given or found by `adapt`.

    Arrays and lists are looked up on the host, with 64 bits. Tensors are looked up on the device,
    also in a compiled model; the vocabulary must then fit in the integers that the engine uses.

    Args:
        max_tokens: Largest size of the vocabulary, special tokens included; no limit by default.
        num_oov_indices: Number of indices for integers outside the vocabulary; between more than
            one `oov_method` decides, with 0 they are an error (in compiled code, index -1).
        mask_token: Integer that means "nothing there": index 0, or not counted in other modes.
        oov_token: What `invert` gives for integers outside the vocabulary.
        vocabulary: List or array of integers, or path of a text file with one in each line.
        vocabulary_dtype: ``int64``.
        idf_weights: Inverse document frequencies of the vocabulary, for ``tf_idf``.
        invert: Whether to map indices to the integers of the vocabulary instead.
        output_mode: ``int``; ``one_hot``: a vector for each integer; ``multi_hot``, ``count``: one
            for all integers along the last axis; ``tf_idf``: counts times `idf_weights`.
        sparse: Taken; the result is dense.
        pad_to_max_tokens: Whether the vectors have the size `max_tokens` in any case.
        oov_method: ``floormod``: the remainder by `num_oov_indices`; ``farmhash``: a hash of the
            digits, which spreads any integers evenly, on the host only.
        salt: One or two integers: the key of SipHash, instead of FarmHash.

    >>> layer = IntegerLookup(vocabulary=[12, 36, 1138, 42])
    >>> layer(np.array([[12, 1138, 42], [42, 1000, 36]])).tolist()
    [[1, 3, 4], [4, 0, 2]]
    >>> layer = IntegerLookup()
    >>> layer.adapt([[7, 7], [5, 7]])
    >>> layer.get_vocabulary()
    [-1, 7, 5]
    """

    _vocabulary_dtype = "int64"

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise InputError(
                f"IntegerLookup: vocabulary_dtype must be 'int64', got {vocabulary_dtype!r}."
            )
        if salt is not None and oov_method != "farmhash":
            raise InputError(
                f"IntegerLookup: salt goes with oov_method='farmhash', not {oov_method!r}."
            )
        mask_token, oov_token = (None if t is None else int(t) for t in (mask_token, oov_token))  # type: ignore[assignment]
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode,
            sparse, pad_to_max_tokens, oov_method, salt, name=name, **kwargs,
        )  # fmt: skip

    @property
    def runs_on_host(self) -> bool:  # type: ignore[override]
        """Whether unknown integers are hashed, which needs their values."""
        return self.oov_method == "farmhash" and self.num_oov_indices > 1 and not self.invert

    @property
    def compute_dtype(self) -> str:
        """``int64``: what the layer works on."""
        return "int64"

    variable_dtype = compute_dtype

    def _canonical(self, values: Any) -> list[int]:
        array = array_of(values)
        if array.dtype.kind in "OUS" or (array.dtype.kind == "f" and np.any(array % 1)):
            raise DtypeError(
                f"IntegerLookup takes integers, got {array.dtype} such as {array.ravel()[0]!r}. For strings there is "
                "StringLookup, for numbers in bins Discretization."
            )
        return array.astype(np.int64).ravel().tolist()

    def _public(self, token: int) -> int:
        return token

    def _parse(self, lines: list[str]) -> list[int]:
        return [int(line) for line in lines]

    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        """The integers of the table in order, and the index of each."""
        derived = self.__dict__.setdefault("_derived", {})
        if "sorted" not in derived:
            keys = np.fromiter(self._table.keys(), np.int64, len(self._table))
            order = np.argsort(keys)
            indices = np.fromiter(self._table.values(), np.int64, len(self._table))
            derived["sorted"] = keys[order], indices[order]
        return derived["sorted"]

    def _find(self, values: np.ndarray) -> np.ndarray:
        self._canonical(values.ravel()[:1])  # for its error
        keys, indices = self._sorted()
        wanted = values.astype(np.int64)
        if not len(keys):
            return np.full(wanted.shape, MISSING, np.int64)
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[places] == wanted, indices[places], MISSING)

    def _hashed(self, values: np.ndarray) -> np.ndarray:
        if self.oov_method == "floormod":
            return np.mod(values.astype(np.int64), self.num_oov_indices)
        return bins_of(as_texts(values.astype(np.int64)), self.num_oov_indices, self.salt)

    # --- on the device ----------------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        abstract = isinstance(inputs, Spec)
        on_device = abstract or (hasattr(inputs, "shape") and engine().is_tensor(inputs))
        if self.runs_on_host or not on_device:
            return super().call(inputs)
        kind = dtypes.standardize("int64")
        x = ops.cast(as_tensor(inputs), kind)
        if self.invert:
            return self._device_terms(x, kind)
        if self.num_oov_indices == 0 and not abstract and not engine().is_tracing(inputs):
            return super().call(inputs)  # there, values outside the vocabulary can be told
        indices = self._device_indices(x, kind)
        if self.output_mode == "int":
            return indices
        codes = encode(indices, self._code_mode(), self._depth(), self._dtype())
        if self.output_mode != "tf_idf" or (abstract and self.idf_weights is None):
            return codes
        return ops.multiply(codes, self.weighted(np.ones((), self._dtype())))

    def _fitting(self, values: np.ndarray, kind: str) -> np.ndarray:
        limits = np.iinfo(kind)
        if values.size and (values.min() < limits.min or values.max() > limits.max):
            raise DtypeError(
                f"IntegerLookup {self.name!r}: the vocabulary goes from {values.min()} to {values.max()}, beyond "
                f"{kind}, the integers of tensors. Apply the layer to NumPy arrays before the model, or switch "
                "64-bit types on with keras.config.set_floatx('float64')."
            )
        return values.astype(kind)

    def _device_indices(self, x: Any, kind: str) -> Any:
        keys, indices = self._sorted()
        start = self._oov_start()
        if self.num_oov_indices > 1:
            unknown: Any = ops.add(ops.mod(x, self.num_oov_indices), start)
        else:
            unknown = start if self.num_oov_indices else MISSING
        if not len(keys):
            return ops.add(ops.zeros_like(x), unknown)
        keys, indices = self._fitting(keys, kind), indices.astype(kind)
        places = ops.minimum(ops.searchsorted(keys, x), len(keys) - 1)
        known = ops.equal(ops.take(keys, places), x)
        return ops.cast(ops.where(known, ops.take(indices, places), unknown), kind)

    def _device_terms(self, x: Any, kind: str) -> Any:
        size = self.vocabulary_size()
        terms = self._fitting(self._terms(np.arange(size + 1)), kind)
        inside = ops.logical_and(ops.greater_equal(x, 0), ops.less(x, size))
        return ops.take(terms, ops.where(inside, x, size))

    def get_config(self) -> dict[str, Any]:
        """See `IndexLookup.get_config`."""
        return {**super().get_config(), "vocabulary_dtype": "int64"}
