"""Categories by hashing: `Hashing` and `HashedCrossing`, with the bins that Keras gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import config as settings
from ... import dtypes
from ...errors import DtypeError, InputError, ShapeError
from ...spec import Spec
from . import fingerprint
from .base import HostLayer, dense
from .encoding import encode_on_host, encoded_shape, mode_of
from .strings import encoded, items_of

# The word with which crossings start.
_CROSSING = 0xDECAFCAFFE


def salt_of(salt: Any, layer: str) -> list[int] | None:
    """A salt as the two words of a key."""
    if salt is None:
        return None
    if isinstance(salt, (int, np.integer)) and not isinstance(salt, bool):
        return [int(salt), int(salt)]
    if isinstance(salt, (tuple, list)) and len(salt) == 2:
        return [int(s) for s in salt]
    raise InputError(f"{layer}: salt must be an integer or two of them, got {salt!r}.")


def bins_of(texts: Sequence[bytes], count: int, salt: list[int] | None) -> np.ndarray:
    """The bin, of `count`, of each string: by FarmHash's fingerprint, or SipHash if there is a salt."""
    if salt is None:
        words = fingerprint.distinct(texts, fingerprint.fingerprint64)
    else:
        key = salt
        words = fingerprint.distinct(texts, lambda s: fingerprint.siphash(s, key))
    return (words % np.uint64(count)).astype(np.int64)


def as_texts(values: np.ndarray) -> list[bytes]:
    """Strings as bytes; numbers as the decimal digits of the integer in them."""
    kind = values.dtype.kind
    if kind in "fV":
        values, kind = values.astype(np.int64), "i"
    if kind in "iu":
        return values.ravel().astype("S20").tolist()
    if kind == "b":
        return [b"true" if v else b"false" for v in values.ravel().tolist()]
    return encoded(items_of(values), "utf-8")


class Hashing(HostLayer):
    """The number of a bin for each string or integer, found by hashing, without a vocabulary.

    Bins are those that Keras gives: FarmHash's Fingerprint64 of the string (of an integer: of its
    decimal digits), or SipHash-2-4 under the salt, modulo the number of bins. It runs on the host.

    Args:
        num_bins: Number of bins, that of `mask_value` included.
        mask_value: String or integer that goes to bin 0, which then holds nothing else.
        salt: One or two integers: the key of SipHash.
        output_mode: ``int``, or ``one_hot``, ``multi_hot``, ``count``: see `CategoryEncoding`.
        sparse: Taken; the result is dense.

    >>> Hashing(3)(np.array([["A"], ["B"], ["C"]])).tolist()
    [[1], [0], [1]]
    >>> Hashing(3, mask_value="", salt=[133, 137])([["A"], [""]]).tolist()
    [[1], [0]]
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else settings.floatx()
        super().__init__(**kwargs)
        if not isinstance(num_bins, (int, np.integer)) or num_bins <= 0:
            raise InputError(f"Hashing: num_bins must be a number above 0, got {num_bins!r}.")
        modes = ("int", "one_hot", "multi_hot", "count")
        self.output_mode = mode_of(output_mode, modes, "Hashing")
        _need_integers(self.output_mode, self.dtype, "Hashing")
        self.num_bins, self.mask_value = int(num_bins), mask_value
        self.sparse = dense(sparse, self.output_mode, "Hashing")
        self.salt = salt_of(salt, "Hashing")

    def _outline(self, *parts: Spec) -> Spec:
        shape = encoded_shape(parts[0].shape, self.output_mode, self.num_bins)
        return Spec(shape, self.dtype)

    def _compute(self, *parts: np.ndarray) -> np.ndarray:
        values = parts[0]
        masked = self.mask_value is not None and self.num_bins > 1
        found = bins_of(as_texts(values), self.num_bins - masked, self.salt).reshape(values.shape)
        if masked:
            found = np.where(_equal(values, self.mask_value), 0, found + 1)
        return encode_on_host(found, self.output_mode, self.num_bins, self.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments, the salt as the two integers that it stands for."""
        return {**super().get_config(), "salt": self.salt}


def _equal(values: np.ndarray, value: Any) -> np.ndarray:
    if values.dtype.kind in "OUST":
        wanted = encoded([value], "utf-8")[0] if isinstance(value, (str, bytes)) else value
        same = [v == wanted for v in encoded(items_of(values), "utf-8")]
        return np.array(same, bool).reshape(values.shape)
    return values == value


def _need_integers(mode: str, dtype: str, layer: str) -> None:
    if mode == "int" and not dtypes.is_integer(dtype):
        raise DtypeError(
            f"{layer}: with output_mode='int' dtype must be an integer type, got {dtype!r}."
        )


class HashedCrossing(HostLayer):
    """The number of a bin for each combination of several features, found by hashing.

    Input: two or more arrays of strings or integers, all of one shape, (batch,) or (batch, 1) or a
    scalar. Bins are those that Keras gives. It runs on the host.

    Args:
        num_bins: Number of bins.
        output_mode: ``int`` or ``one_hot``.
        sparse: Taken; the result is dense.

    >>> layer = HashedCrossing(num_bins=5)
    >>> layer((np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102]))).tolist()
    [1, 4, 1, 1, 3]
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        if dtype is None and output_mode == "int":
            dtype = "int64"
        super().__init__(name=name, dtype=dtype, **kwargs)
        if not isinstance(num_bins, (int, np.integer)) or num_bins <= 0:
            raise InputError(
                f"HashedCrossing: num_bins must be a number above 0, got {num_bins!r}."
            )
        self.output_mode = mode_of(output_mode, ("int", "one_hot"), "HashedCrossing")
        _need_integers(self.output_mode, self.dtype, "HashedCrossing")
        self.num_bins = int(num_bins)
        self.sparse = dense(sparse, self.output_mode, "HashedCrossing")

    def _parts(self, inputs: Any) -> list[Any]:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise InputError(
                "HashedCrossing takes a list or tuple of at least two features, got "
                f"{type(inputs).__name__}{f' of {len(inputs)}' if isinstance(inputs, (list, tuple)) else ''}."
            )
        return list(inputs)

    def _outline(self, *parts: Spec) -> Spec:
        _check_crossed(parts)
        return Spec(encoded_shape(parts[0].shape, self.output_mode, self.num_bins), self.dtype)

    def _compute(self, *parts: np.ndarray) -> np.ndarray:
        _check_crossed(parts)
        words = np.full(parts[0].size, np.uint64(_CROSSING))
        for values in parts:
            words = fingerprint.combined(words, self._words(values))
        found = (words % np.uint64(self.num_bins)).astype(np.int64).reshape(parts[0].shape)
        return encode_on_host(found, self.output_mode, self.num_bins, self.dtype)

    def _words(self, values: np.ndarray) -> np.ndarray:
        """Integers as they are, in two's complement; fingerprints of strings."""
        if values.dtype.kind in "iub":
            return values.ravel().astype(np.int64).astype(np.uint64)
        if values.dtype.kind in "fcV":
            raise DtypeError(
                f"HashedCrossing takes strings and integers, got {values.dtype}. Make categories of numbers first, "
                "for instance with Discretization."
            )
        return fingerprint.distinct(as_texts(values), fingerprint.fingerprint64)


def _check_crossed(parts: Sequence[Any]) -> None:
    shapes = [tuple(p.shape) for p in parts]
    first = shapes[0]
    if len(first) > 2 or (len(first) == 2 and first[1] != 1):
        raise ShapeError(
            f"HashedCrossing takes features of the shape (), (batch,) or (batch, 1), got {first}."
        )
    if any(s != first for s in shapes):
        raise ShapeError(f"HashedCrossing: all features must have one shape, got {shapes}.")
