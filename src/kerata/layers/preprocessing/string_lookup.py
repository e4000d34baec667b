"""`StringLookup`: strings by their index in a vocabulary."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import numpy as np

from ...errors import InputError
from ...kernels import words
from .hashing import bins_of
from .lookup import MISSING, IndexLookup
from .strings import array_of, encoded, items_of


class StringLookup(IndexLookup):
    """Strings as integers, by their place in a vocabulary, which is given or found by `adapt`.

    It runs on the host. Output: int of the shape of the input, or what `output_mode` makes of it;
    with `invert` an array of strings.

    Args:
        max_tokens: Largest size of the vocabulary, special tokens included; no limit by default.
        num_oov_indices: Number of indices for strings outside the vocabulary; with more than one
            a hash decides between them, with 0 they are an error.
        mask_token: String that means "nothing there": index 0, or not counted in other modes.
        oov_token: What `invert` gives for strings outside the vocabulary.
        vocabulary: List or array of strings, or path of a text file with one in each line.
        idf_weights: Inverse document frequencies of the vocabulary, for ``tf_idf``.
        invert: Whether to map indices to strings instead.
        output_mode: ``int``; ``one_hot``: a vector for each string; ``multi_hot``, ``count``: one
            for all strings along the last axis; ``tf_idf``: counts times `idf_weights`.
        pad_to_max_tokens: Whether the vectors have the size `max_tokens` in any case.
        sparse: Taken; the result is dense.
        encoding: Encoding of strings given as bytes.
        salt: One or two integers: the key of SipHash, instead of FarmHash, between
            several indices for strings outside the vocabulary.

    >>> layer = StringLookup(vocabulary=["a", "b", "c"])
    >>> layer(np.array([["a", "c"], ["z", "b"]])).tolist()
    [[1, 3], [0, 2]]
    >>> StringLookup(vocabulary=["a", "b", "c"], invert=True)([[1, 3], [0, 2]]).tolist()
    [['a', 'c'], ['[UNK]', 'b']]
    >>> layer = StringLookup(output_mode="count")
    >>> layer.adapt(["b", "a", "b"])
    >>> layer.get_vocabulary(), layer([["a", "b", "b", "z"]]).tolist()
    (['[UNK]', 'b', 'a'], [[1, 2, 1]])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str | None = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self.encoding = encoding
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode,
            sparse, pad_to_max_tokens, salt=salt, name=name, **kwargs,
        )  # fmt: skip

    @property
    def compute_dtype(self) -> str:
        """``string``: what the layer works on."""
        return "string"

    variable_dtype = compute_dtype

    def _canonical(self, values: Any) -> list[bytes]:
        return encoded(items_of(array_of(values)), self.encoding)

    def _public(self, token: bytes) -> str:
        return token.decode(self.encoding, "surrogateescape")

    def _parse(self, lines: list[str]) -> list[bytes]:
        return encoded(lines, self.encoding)

    def native_table(self) -> words.Table:
        """Indices by tokens, for native code."""
        derived = self.__dict__.setdefault("_derived", {})
        found = derived.get("native")
        if found is None:
            found = derived["native"] = words.Table(self._table)
        return found

    def table(self, of: type) -> dict[Any, int]:
        """Indices by tokens of a type, ``bytes`` or ``str``."""
        if of is bytes:
            return self._table
        derived = self.__dict__.setdefault("_derived", {})
        if "str" not in derived:
            derived["str"] = {self._public(t): i for t, i in self._table.items()}
        return derived["str"]

    def packed_table(self, kind: np.dtype) -> dict[bytes, bytes]:
        """Indices by tokens, as the bytes of numbers: joining these is faster than converting numbers."""
        derived = self.__dict__.setdefault("_derived", {})
        if kind not in derived:
            numbers = np.fromiter(self._table.values(), kind, len(self._table)).tobytes()
            size = kind.itemsize
            packed = [numbers[i : i + size] for i in range(0, len(numbers), size)]
            derived[kind] = dict(zip(self._table, packed))
        return derived[kind]

    def _find(self, values: np.ndarray) -> np.ndarray:
        texts = words.texts_of(values, self.encoding)
        if texts is not None:
            rows = texts.rows(self.native_table(), words.WHOLE, np.int64, MISSING, 1)
            if rows is not None:
                return rows.reshape(values.shape)
        items: list[Any] = items_of(values)
        kinds = set(map(type, items))
        if all(issubclass(k, str) for k in kinds):
            table = self.table(str)
        else:
            table, items = self.table(bytes), encoded(items, self.encoding)
        found = np.fromiter(map(table.get, items, repeat(MISSING)), np.int64, len(items))
        return found.reshape(values.shape)

    def _hashed(self, values: np.ndarray) -> np.ndarray:
        return bins_of(self._canonical(values), self.num_oov_indices, self.salt)

    def _compute(self, *parts: np.ndarray) -> np.ndarray:
        if self.invert and parts[0].dtype.kind not in "iuf":
            raise InputError(
                f"StringLookup with invert=True takes indices, got an array of {parts[0].dtype}. Leave invert out "
                "to look strings up."
            )
        return super()._compute(*parts)

    def get_config(self) -> dict[str, Any]:
        """See `IndexLookup.get_config`."""
        return {**super().get_config(), "encoding": self.encoding}
