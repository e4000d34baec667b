"""`TextVectorization`: texts as the indices of their words.

Speed matters here, as a data set holds millions of words. Native code (`kernels.words`) does it all in
threads. Without it a text is lowered and stripped by one ``bytes.translate``, split by ``bytes.split``,
and its words are looked up in a dict by ``map``: no Python code runs for a word.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import InputError, ShapeError
from ...kernels import words
from ...spec import Spec, probe
from .base import HostLayer
from .encoding import as_mode, encoded_shape, mode_of, tally
from .lookup import MODES, refuse_paths
from .string_lookup import StringLookup
from .strings import array_of, batches, encoded, items_of

# As TensorFlow's ops do it, upon which the layer's fame is built: only the letters A to Z are lowered.
_LOWER = bytes(range(256)).lower()
_PUNCTUATION = string.punctuation.encode()
_STANDARDS: dict[str, Callable[[bytes], bytes]] = {
    "lower_and_strip_punctuation": lambda text: text.translate(_LOWER, _PUNCTUATION),
    "lower": bytes.lower,
    "strip_punctuation": lambda text: text.translate(None, _PUNCTUATION),
}


class TextVectorization(HostLayer):
    """Texts as integers, one for each word, or as a vector of counts of words.

    A text is standardized, split into words, these are joined to n-grams if asked for, and looked
    up in a vocabulary, which is given or found by `adapt`. It runs on the host.

    Input: strings of shape (batch,) or (batch, 1). Output: int of shape (batch, words), shorter
    texts filled up with 0; or (batch, vocabulary) in other modes.

    Args:
        max_tokens: Largest size of the vocabulary, with the padding's and the unknown's token.
        standardize: ``lower_and_strip_punctuation`` (of ASCII), ``lower``, ``strip_punctuation``,
            ``None``, or a function from a NumPy array of strings to one.
        split: ``whitespace``, ``character``, ``None`` (each string is a token), or a function from
            an array of strings to lists of tokens.
        ngrams: n for all n-grams up to n words, a tuple for those of these lengths.
        output_mode: ``int``, ``multi_hot``, ``count``, ``tf_idf`` or ``one_hot``: see `StringLookup`.
        output_sequence_length: Number of integers for each text, which is cut or filled up; with
            ``int`` only.
        pad_to_max_tokens: Whether the vectors have the size `max_tokens` in any case.
        vocabulary: List of tokens, or path of a text file with one in each line.
        idf_weights: Inverse document frequencies of the vocabulary, for ``tf_idf``.
        sparse: Taken; the result is dense.
        ragged: Not supported.
        encoding: Encoding of texts given as bytes.

    >>> layer = TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["Foo bar.", "bar baz", "bar, baz and boom!"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'bar', 'baz', 'foo', 'boom', 'and']
    >>> layer(["foo QUX bar", "baz"]).tolist()
    [[4, 1, 2, 0], [3, 0, 0, 0]]
    """

    _reads_any_state = True

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Callable | None = "lower_and_strip_punctuation",
        split: str | Callable | None = "whitespace",
        ngrams: int | Sequence[int] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        vocabulary_size: int | None = None,
        has_input_vocabulary: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        me = "TextVectorization"
        mode = mode_of(output_mode, MODES, me)
        _check_choice("standardize", standardize, tuple(_STANDARDS))
        _check_choice("split", split, ("whitespace", "character"))
        if ragged:
            raise InputError(f"{me}: ragged=True is not supported. Texts are filled up with 0, which mask_zero masks.")  # fmt: skip
        if output_sequence_length is not None and mode != "int":
            raise InputError(f"{me}: output_sequence_length goes with output_mode='int', not {mode!r}.")  # fmt: skip
        self.standardize, self.split, self.output_mode = standardize, split, mode
        self.ngrams = _widths(ngrams)
        self._ngrams_argument = tuple(ngrams) if isinstance(ngrams, (list, tuple)) else ngrams
        self.output_sequence_length, self.encoding = output_sequence_length, encoding
        self._lookup_layer = StringLookup(
            max_tokens, mask_token="", vocabulary=vocabulary, idf_weights=idf_weights, output_mode=mode,
            pad_to_max_tokens=pad_to_max_tokens, sparse=sparse, encoding=encoding,
            vocabulary_size=vocabulary_size, has_input_vocabulary=has_input_vocabulary,
        )  # fmt: skip
        # The size of the vocabulary is fixed once this layer is part of a model.
        self._lookup_layer._inbound_nodes = self._inbound_nodes

    @property
    def compute_dtype(self) -> str:
        """``string``: what the layer works on."""
        return "string"

    variable_dtype = compute_dtype

    # --- vocabulary -------------------------------------------------------------------------------

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find the vocabulary: the words of texts by their frequency, equally frequent ones from z to a.

        Args:
            data: List, array or tensor of texts; or batches of them: a ``tf.data.Dataset``, a
                `PyDataset`, a ``DataLoader``, a generator.
            batch_size: Accepted; batches are as the data has them.
            steps: How many batches to take; all by default.
        """
        self.reset_state()
        for batch in batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the words of a batch of texts."""
        self._lookup_layer._need_adaptable()
        array = array_of(data)
        if self.split is None and self.ngrams is None:
            self._lookup_layer.update_state(self._standard(array))
            return
        array, _ = self._prepared(array)
        if not self._lookup_layer._count_texts(self._texts(array), self._style()):
            self._lookup_layer._count(self._documents(array))

    def finalize_state(self) -> None:
        """Make the vocabulary of the words counted since `reset_state`."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Forget the words counted; the vocabulary stays until `finalize_state`."""
        self._lookup_layer.reset_state()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The vocabulary in the order of the indices, with the tokens of padding and unknown words or not."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary: see `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def vocabulary_size(self) -> int:
        """Number of indices, those of padding and unknown words included."""
        return self._lookup_layer.vocabulary_size()

    # --- words ------------------------------------------------------------------------------------

    def _standard(self, array: np.ndarray) -> np.ndarray:
        """The texts standardized, as an array of the same shape."""
        if callable(self.standardize):
            texts = [self._text(v) for v in items_of(array)]
            made = array_of(self.standardize(np.array(texts, str).reshape(array.shape)))
            if made.shape != array.shape:
                raise ShapeError(
                    f"TextVectorization: standardize returned the shape {made.shape} for texts of {array.shape}."
                )
            return made
        if self.standardize is None:
            return array
        out = np.empty(array.size, object)
        out[:] = list(map(_STANDARDS[self.standardize], encoded(items_of(array), self.encoding)))
        return out.reshape(array.shape)

    def _text(self, value: str | bytes) -> str:
        return value if isinstance(value, str) else value.decode(self.encoding, "surrogateescape")

    def _prepared(self, array: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
        """An array of texts, or of rows of tokens, and the shape of the texts; after a function that standardizes."""
        shape = array.shape
        if self.split is None:  # the last axis holds the tokens
            array = self._standard(array)
            if not shape:
                array, shape = array[None], (1,)
            return array, shape[:-1]
        shape = _without_last(shape)
        if callable(self.standardize):
            array = self._standard(array)
        return array.reshape(shape), shape

    def _documents(self, array: np.ndarray) -> Iterable[list[bytes]]:
        """The tokens of each text."""
        if self.split is None:
            rows = array.reshape(-1, array.shape[-1])
            made: Iterable[list[bytes]] = (encoded(items_of(r), self.encoding) for r in rows)
        else:
            made = self._split(array)
        if self.ngrams is not None:
            made = (_ngrams(tokens, self.ngrams) for tokens in made)
        return made

    def _texts(self, array: np.ndarray) -> words.Texts | None:
        """The texts for native code, if it can split them."""
        return words.texts_of(array, self.encoding) if isinstance(self.split, str) else None

    def _style(self) -> words.Style:
        standardize = self.standardize if isinstance(self.standardize, str) else None
        split = self.split if isinstance(self.split, str) else None
        return words.style(standardize, split, self.ngrams)

    def _split(self, array: np.ndarray) -> Iterable[list[bytes]]:
        if callable(self.split):
            ready = np.array([self._text(v) for v in items_of(self._ready(array))], str)
            made = self.split(ready.reshape(array.shape))
            rows = made.to_list() if hasattr(made, "row_splits") else made
            return (encoded(items_of(array_of(list(row))), self.encoding) for row in rows)
        texts = encoded(items_of(array), self.encoding)
        if isinstance(self.standardize, str):
            texts = map(_STANDARDS[self.standardize], texts)  # type: ignore[assignment]
        return map(bytes.split if self.split == "whitespace" else _characters, texts)

    def _ready(self, array: np.ndarray) -> np.ndarray:
        return array if callable(self.standardize) else self._standard(array)

    # --- calling ----------------------------------------------------------------------------------

    def _outline(self, *parts: Spec) -> Spec:
        shape, lookup = tuple(parts[0].shape), self._lookup_layer
        length = self.output_sequence_length
        if self.split is None and self.ngrams is None:
            if lookup.output_mode == "int":
                shape = (*shape[:-1], shape[-1] if length is None else length) if shape else shape
                return Spec(shape, lookup._dtype())
        else:
            shape = _without_last(shape) if self.split is not None else shape[:-1]
            shape = (*shape, probe() if length is None else length)
        return Spec(encoded_shape(shape, lookup.output_mode, lookup._depth()), lookup._dtype())

    def _compute(self, *parts: np.ndarray) -> np.ndarray:
        lookup, array = self._lookup_layer, parts[0]
        if self.split is None and self.ngrams is None:
            out = lookup._compute(self._standard(array))
            length = self.output_sequence_length
            return out if length is None or not out.ndim else _fit(out, length)
        depth, (array, shape) = lookup._depth(), self._prepared(array)
        texts = self._texts(array)
        if self.output_mode == "int":
            rows = self._rows(array, texts)
            return rows.reshape(*shape, rows.shape[-1])
        indices, lengths = self._indices(array, texts)
        if self.output_mode == "one_hot":
            padded = self._padded(indices + 1, lengths) - 1
            codes = padded[..., None] == np.arange(depth)
            return codes.astype(lookup._dtype()).reshape(*shape, padded.shape[1], depth)
        owners = np.repeat(np.arange(len(lengths)), lengths)
        counts = tally(indices, owners, len(lengths), depth)
        made = as_mode(counts, self.output_mode, lookup._dtype())
        return lookup.weighted(made).reshape(*shape, depth)

    def _rows(self, array: np.ndarray, texts: words.Texts | None) -> np.ndarray:
        """The indices of the tokens of each text, cut or filled up with 0."""
        lookup, kind = self._lookup_layer, _kind()
        if texts is not None:
            start, length = lookup._oov_start(), self.output_sequence_length
            rows = texts.rows(lookup.native_table(), self._style(), kind, start, length)
            if rows is not None:
                return rows
        return self._padded(*self._indices(array, None))

    def _indices(
        self, array: np.ndarray, texts: words.Texts | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The indices of all tokens in a row, and how many each document has of them."""
        lookup, length, kind = self._lookup_layer, self.output_sequence_length, _kind()
        unknown = lookup._oov_start()
        if texts is not None:
            found = texts.flat(lookup.native_table(), self._style(), kind, unknown)
            if found is not None:
                return found
        find, other = lookup.packed_table(kind).get, unknown.to_bytes(kind.itemsize, sys.byteorder)
        parts: list[bytes] = []
        lengths: list[int] = []
        for tokens in self._documents(array):
            tokens = tokens if length is None else tokens[:length]
            lengths.append(len(tokens))
            parts.append(b"".join(map(find, tokens, repeat(other))))
        return np.frombuffer(b"".join(parts), kind), np.array(lengths, np.int64)

    def _padded(self, indices: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        width = self.output_sequence_length
        width = int(lengths.max(initial=0)) if width is None else width
        out = np.zeros((len(lengths), width), indices.dtype)
        out[np.arange(width) < lengths[:, None]] = indices
        return out

    # --- configuration and files ------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments; a vocabulary that `adapt` found or a file held is no part of them."""
        from ...serialization import serialize_keras_object

        lookup = self._lookup_layer
        return {
            **self._base_config(), "max_tokens": lookup.max_tokens,
            "standardize": serialize_keras_object(self.standardize),
            "split": serialize_keras_object(self.split), "ngrams": self._ngrams_argument,
            "output_mode": self.output_mode, "output_sequence_length": self.output_sequence_length,
            "pad_to_max_tokens": lookup.pad_to_max_tokens, "sparse": lookup.sparse,
            "ragged": False,
            "vocabulary": lookup.input_vocabulary, "idf_weights": lookup.input_idf_weights,
            "encoding": self.encoding, "vocabulary_size": self.vocabulary_size(),
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer of a configuration; in safe mode without reading the files that it names."""
        refuse_paths(config)
        return super().from_config(config)

    def save_own_variables(self, store: Any) -> None:
        """Write the inverse document frequencies, if there are any."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote."""
        self._lookup_layer.load_own_variables(store)

    def save_assets(self, dir_path: Any) -> None:
        """Write the vocabulary: see `StringLookup.save_assets`."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: Any) -> None:
        """Read the vocabulary: see `StringLookup.load_assets`."""
        self._lookup_layer.load_assets(dir_path)


def _check_choice(argument: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value is not None and not callable(value) and value not in allowed:
        raise InputError(
            f"TextVectorization: unknown {argument}={value!r}. Expected one of {', '.join(map(repr, allowed))}, None, "
            "or a function."
        )


def _widths(ngrams: Any) -> tuple[int, ...] | None:
    if ngrams is None:
        return None
    widths = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams
    if not isinstance(widths, (tuple, list)) or not all(
        isinstance(n, int) and n > 0 for n in widths
    ):
        raise InputError(
            f"TextVectorization: ngrams must be a number above 0, a tuple of them, or None; got {ngrams!r}."
        )
    return tuple(widths)


def _without_last(shape: tuple) -> tuple:
    """Shape of texts without an axis of size 1 at the end."""
    if len(shape) < 2:
        return shape
    if shape[-1] not in (1, None, probe()):
        raise ShapeError(
            f"TextVectorization splits one text for each sample: expected the shape (batch,) or (batch, 1), got {shape}. "
            "For strings that are words already use split=None, or StringLookup."
        )
    return shape[:-1]


def _characters(text: bytes) -> list[bytes]:
    return [c.encode() for c in text.decode("utf-8", "replace")]


def _ngrams(tokens: list[bytes], widths: tuple[int, ...]) -> list[bytes]:
    """Runs of tokens, joined by spaces: first all of the first width, then of the next."""
    out: list[bytes] = []
    for n in widths:
        out += tokens if n == 1 else map(b" ".join, zip(*[tokens[i:] for i in range(n)]))
    return out


def _kind() -> np.dtype:
    return np.dtype(dtypes.standardize("int64"))


def _fit(x: np.ndarray, length: int) -> np.ndarray:
    """The last axis cut, or filled up with 0."""
    x = x[..., :length]
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, length - x.shape[-1])])
