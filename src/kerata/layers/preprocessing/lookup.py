"""A vocabulary as a layer: what `StringLookup` and `IntegerLookup` have in common."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ... import config as settings
from ... import dtypes, serialization
from ...errors import FileError, InputError, NotBuiltError
from ...kernels import words
from ...spec import Spec
from .base import HostLayer, dense, given
from .encoding import as_mode, encode_on_host, encoded_shape, mode_of, tally
from .hashing import salt_of
from .strings import array_of, batches

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
MISSING, DROPPED = -1, -2
"""In place of an index: the token is not in the vocabulary; it is the mask token."""


class IndexLookup(HostLayer):
    """Base of the lookup layers: a vocabulary, found by `adapt` or given, and its indices.

    A subclass says what tokens are: `_canonical`, `_find`, `_hashed`, `_public`, `_parse`.
    """

    _vocabulary_dtype = "string"
    # weights.read leaves it to the layer to look at what a file holds.
    _reads_any_state = True

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: Any = None,
        oov_token: Any = None,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        vocabulary_size: int | None = None,
        has_input_vocabulary: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        me = type(self).__name__
        self.output_mode = mode_of(output_mode, MODES, me)
        _check_arguments(me, max_tokens, num_oov_indices, pad_to_max_tokens, oov_method)
        if invert and self.output_mode != "int":
            raise InputError(f"{me}: invert=True goes with output_mode='int', not {output_mode!r}.")
        if idf_weights is not None and self.output_mode != "tf_idf":
            raise InputError(
                f"{me}: idf_weights go with output_mode='tf_idf', not {output_mode!r}."
            )
        if vocabulary is not None and idf_weights is None and self.output_mode == "tf_idf":
            raise InputError(
                f"{me}: with output_mode='tf_idf' a vocabulary needs idf_weights, one for each term. Give them, "
                "or call adapt instead."
            )
        self.invert, self.oov_method = invert, oov_method
        self.sparse = dense(sparse, self.output_mode, me)
        self.max_tokens, self.num_oov_indices = max_tokens, num_oov_indices
        self.mask_token, self.oov_token = mask_token, oov_token
        self.pad_to_max_tokens, self.salt = pad_to_max_tokens, salt_of(salt, me)
        from_file = isinstance(vocabulary, (str, Path))
        self.input_vocabulary = None if from_file or vocabulary is None else _as_list(vocabulary)
        self.input_idf_weights = None if idf_weights is None else _as_list(idf_weights)
        self._given = (vocabulary is not None) if has_input_vocabulary is None else has_input_vocabulary  # fmt: skip
        self._size = vocabulary_size
        self.idf_weights: np.ndarray | None = None
        self._native_counts: words.Counts | None = None
        self._number = 0
        self._use([])
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # --- what a subclass says ---------------------------------------------------------------------

    def _canonical(self, values: Any) -> list[Any]:
        """Tokens of an array, or of a list, in the one form in which the vocabulary keeps them."""
        raise NotImplementedError

    def _find(self, values: np.ndarray) -> np.ndarray:
        """Indices of the values, `MISSING` and the mask's number among them."""
        raise NotImplementedError

    def _hashed(self, values: np.ndarray) -> np.ndarray:
        """For values outside the vocabulary the number of an index, from 0."""
        raise NotImplementedError

    def _public(self, token: Any) -> Any:
        """A token as `get_vocabulary` gives it."""
        raise NotImplementedError

    def _parse(self, lines: list[str]) -> list[Any]:
        """Tokens out of the lines of a file."""
        raise NotImplementedError

    # --- vocabulary -------------------------------------------------------------------------------

    def _oov_start(self) -> int:
        return int(self.mask_token is not None and self.output_mode == "int")

    def _token_start(self) -> int:
        return self._oov_start() + self.num_oov_indices

    def _special(self) -> list[Any]:
        """What stands before the tokens."""
        return [self.mask_token] * self._oov_start() + [self.oov_token] * self.num_oov_indices

    def _use(self, tokens: list[Any]) -> None:
        """Let these tokens be the vocabulary."""
        start = self._token_start()
        self._tokens = tokens
        self._table = dict(zip(tokens, range(start, start + len(tokens))))
        if self.mask_token is not None:
            mask = 0 if self.output_mode == "int" else DROPPED
            self._table[self._canonical([self.mask_token])[0]] = mask
        self.__dict__.pop("_derived", None)

    def vocabulary_size(self) -> int:
        """Number of indices: those of the tokens, of the mask and of unknown tokens."""
        return self._token_start() + len(self._tokens)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The vocabulary in the order of the indices.

        Args:
            include_special_tokens: Whether with the tokens for the mask and for unknown ones, so
                that a token's place is its index.
        """
        tokens = [self._public(t) for t in self._tokens]
        return [*self._special(), *tokens] if include_special_tokens else tokens

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary.

        Args:
            vocabulary: List, array or tensor of tokens, with the special tokens in front or
                without; or the path of a text file with a token in each line.
            idf_weights: Inverse document frequency of each, with ``output_mode="tf_idf"``.

        Raises:
            InputError: Tokens occur twice, or are reserved, or are too many.
            FileError: The file is not there.
        """
        me = type(self).__name__
        if (idf_weights is None) == (self.output_mode == "tf_idf"):
            raise InputError(
                f"{me}: idf_weights must be given with output_mode='tf_idf' and only then; output_mode is "
                f"{self.output_mode!r}."
            )
        if isinstance(vocabulary, (str, Path)):
            if self.output_mode == "tf_idf":
                raise InputError(f"{me}: with output_mode='tf_idf' give the vocabulary as a list, not as a file.")  # fmt: skip
            tokens, whole = self._from_file(vocabulary), False
        else:
            tokens, whole = self._without_special(_as_list(vocabulary))
        self._check(tokens)
        self._fix_size(self._token_start() + len(tokens))
        if idf_weights is not None:
            self.idf_weights = self._spread_weights(array_of(idf_weights), len(tokens), whole)
        self._use(tokens)

    def _from_file(self, path: Any) -> list[Any]:
        if not Path(path).is_file():
            raise FileError(f"{type(self).__name__}: there is no vocabulary file {str(path)!r}.")
        text = Path(path).read_bytes().decode(getattr(self, "encoding", "utf-8"), "surrogateescape")
        lines = text.replace("\r\n", "\n").split("\n")
        return self._parse(lines[:-1] if lines[-1] == "" else lines)

    def _without_special(self, vocabulary: list[Any]) -> tuple[list[Any], bool]:
        """The tokens proper, and whether special tokens stood before them."""
        if not vocabulary:
            raise InputError(f"{type(self).__name__}: the vocabulary is empty.")
        special, start = self._special(), self._token_start()
        first = [v.decode() if isinstance(v, bytes) else v for v in vocabulary[:start]]
        whole = start > 0 and first == special
        return self._canonical(vocabulary[start:] if whole else vocabulary), whole

    def _check(self, tokens: list[Any]) -> None:
        me = type(self).__name__
        if len(set(tokens)) < len(tokens):
            twice = [self._public(t) for t, n in Counter(tokens).items() if n > 1]
            raise InputError(
                f"{me}: the vocabulary holds some tokens more than once: {twice[:10]}."
            )
        reserved = [self.mask_token] + ([self.oov_token] if self.invert else [])
        for token in [t for t in reserved if t is not None]:
            if self._canonical([token])[0] in tokens:
                raise InputError(
                    f"{me}: the vocabulary holds {token!r}, which is reserved, among its tokens. Leave the special "
                    f"tokens out, or let the vocabulary begin with them, exactly so: {self._special()}."
                )
        size = self._token_start() + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise InputError(
                f"{me}: a vocabulary of {size} (special tokens included) is larger than max_tokens={self.max_tokens}."
            )

    def _fix_size(self, size: int) -> None:
        fixed = self._inbound_nodes and self.output_mode != "int" and not self.pad_to_max_tokens
        if fixed and self._size is not None and size != self._size:
            raise InputError(
                f"Layer {self.name!r} is part of a model that was built with {self._size} tokens; a vocabulary of "
                f"{size} does not fit. Set it before the layer is called, or use pad_to_max_tokens=True."
            )
        self._size = size

    def _spread_weights(self, weights: np.ndarray, count: int, whole: bool) -> np.ndarray:
        """Weights of all indices: unknown tokens have the mean, padding has 0."""
        start = self._token_start()
        weights = np.asarray(weights, settings.floatx())
        wanted = count + start * whole
        if weights.shape != (wanted,):
            raise InputError(
                f"{type(self).__name__}: idf_weights must be a vector with one number for each of the {wanted} terms "
                f"of the vocabulary, got the shape {weights.shape}."
            )
        if not whole:
            weights = np.concatenate([np.full(start, weights.mean(), weights.dtype), weights])
        if self.pad_to_max_tokens:
            weights = np.pad(weights, (0, (self.max_tokens or 0) - len(weights)))
        return weights

    # --- adapt ------------------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find the vocabulary: the tokens of data by their frequency, equally frequent ones from z to a.

        With ``output_mode="tf_idf"`` also the weights ``log(1 + documents / (1 + documents with the
        token))``, a row of the data being a document.

        Args:
            data: An array, tensor or list of tokens; or batches: a ``tf.data.Dataset``, a
                `PyDataset`, a ``DataLoader``, a generator.
            steps: How many batches to take; all by default.
        """
        self.reset_state()
        for batch in batches(data, steps, ragged=True):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch."""
        self._need_adaptable()
        if hasattr(data, "row_splits"):
            data = data.to_list()
        if isinstance(data, (list, tuple)) and data and isinstance(data[0], (list, tuple)):
            self._count(self._canonical(row) for row in data)
            return
        array = array_of(data)
        if self._vocabulary_dtype == "string" and self.output_mode != "tf_idf":
            if self._count_texts(words.texts_of(array, self.encoding), words.WHOLE):
                return
        rows = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
        if self.output_mode == "tf_idf":
            self._count(self._canonical(row) for row in rows)
        else:
            self._count([self._canonical(rows)])

    def _need_adaptable(self) -> None:
        if self._given:
            raise InputError(
                f"Layer {self.name!r} was given its vocabulary by the constructor; adapt cannot replace it."
            )

    def _count(self, rows: Iterable[list[Any]]) -> None:
        """Count the tokens of documents."""
        documents = self.output_mode == "tf_idf"
        for row in rows:
            self._counts.update(row)
            if documents:
                self._documents.update(set(row))
                self._number += 1

    def _count_texts(self, texts: words.Texts | None, how: words.Style) -> bool:
        """Count the tokens of texts, each of which is a document, by native code; whether it could."""
        if texts is None:
            return False
        counts = self._native_counts or words.Counts()
        if not counts.add(texts, how):
            return False
        self._native_counts = counts
        self._number += texts.count
        return True

    def _collect(self) -> None:
        """Take over what native code has counted."""
        for token, times, documents in self._native_counts.ranked() if self._native_counts else ():
            self._counts[token] += times
            self._documents[token] += documents
        self._native_counts = None

    def _ranked(self) -> list[tuple[Any, int]]:
        """As many tokens as there is room for, by frequency, and how many documents hold each."""
        special = [t for t in (self.mask_token, self.oov_token) if t is not None]
        without = set(self._canonical(special)) if special else set()
        room = None if self.max_tokens is None else max(self.max_tokens - self._token_start(), 0)
        if self._native_counts and not self._counts:
            most = None if room is None else room + len(without)
            ranked = [(t, n) for t, _, n in self._native_counts.ranked(most) if t not in without]
            return ranked[:room]
        self._collect()
        for token in without:
            self._counts.pop(token, None)
        tokens = sorted(self._counts, reverse=True)
        tokens.sort(key=self._counts.__getitem__, reverse=True)
        return [(t, self._documents[t]) for t in tokens[:room]]

    def reset_state(self) -> None:
        """Forget the tokens counted; the vocabulary stays until `finalize_state`."""
        self._native_counts = None
        self._counts: Counter[Any] = Counter()
        self._documents: Counter[Any] = Counter()
        self._number = 0

    def finalize_state(self) -> None:
        """Make the vocabulary of the tokens counted since `reset_state`."""
        native = self._native_counts is not None and self._native_counts.ranked(1)
        if self._given or not (self._counts or native):
            self._size = self.vocabulary_size()
            return
        ranked = self._ranked()
        tokens = [token for token, _ in ranked]
        self._fix_size(self._token_start() + len(tokens))
        if self.output_mode == "tf_idf":
            occurs = np.array([documents for _, documents in ranked], np.float64)
            weights = np.log(1 + self._number / (1 + occurs))
            self.idf_weights = self._spread_weights(weights, len(tokens), False)
        self._use(tokens)
        self.reset_state()

    # --- calling ----------------------------------------------------------------------------------

    def _depth(self) -> int:
        size = self.max_tokens if self.pad_to_max_tokens else self._size
        if size is None and self.output_mode != "int":
            raise NotBuiltError(
                f"Layer {self.name!r} has no vocabulary yet, so the size of its output is not known. Give a "
                "vocabulary or call adapt first, or use max_tokens= with pad_to_max_tokens=True."
            )
        return size or 0

    def _dtype(self) -> str:
        if self.invert:
            return self._vocabulary_dtype
        return dtypes.standardize(None if self.output_mode == "tf_idf" else "int64")

    def _outline(self, *parts: Spec) -> Spec:
        shape = encoded_shape(parts[0].shape, self.output_mode, self._depth())
        return Spec(shape, self._dtype())

    def _compute(self, *parts: np.ndarray) -> np.ndarray:
        if self.invert:
            return self._terms(parts[0].astype(np.int64))
        depth, indices = self._depth(), self._indices(parts[0])
        return self.weighted(encode_on_host(indices, self._code_mode(), depth, self._dtype()))

    def call(self, inputs: Any) -> Any:
        if hasattr(inputs, "row_splits"):
            inputs = inputs.to_list()
        if self.output_mode in ("multi_hot", "count", "tf_idf") and _is_ragged(inputs):
            return given(self._compute_rows(inputs))
        return super().call(inputs)

    def _compute_rows(self, rows: list[Any]) -> np.ndarray:
        """The encodings of samples that have different numbers of tokens."""
        lengths = [len(row) for row in rows]
        flat = np.empty(sum(lengths), object)
        flat[:] = [token for row in rows for token in row]
        if self._vocabulary_dtype != "string":
            flat = flat.astype(np.int64)
        depth, owners = self._depth(), np.repeat(np.arange(len(rows)), lengths)
        counts = tally(self._indices(flat).ravel(), owners, len(rows), depth)
        return self.weighted(as_mode(counts, self._code_mode(), self._dtype()))

    def _code_mode(self) -> str:
        return "count" if self.output_mode == "tf_idf" else self.output_mode

    def weighted(self, codes: Any) -> Any:
        """Counts times their inverse document frequencies, with ``tf_idf``."""
        if self.output_mode != "tf_idf":
            return codes
        if self.idf_weights is None:
            raise NotBuiltError(
                f"Layer {self.name!r} has no idf_weights: call adapt, or set_vocabulary."
            )
        return codes * self.idf_weights

    def _indices(self, values: np.ndarray) -> np.ndarray:
        """Indices of the values, also of those that are not in the vocabulary."""
        found = self._find(values)
        unknown = found == MISSING
        if not unknown.any():
            return found
        if self.num_oov_indices == 0:
            some = [self._public(t) for t in self._canonical(values[unknown].ravel()[:5])]
            raise InputError(
                f"{type(self).__name__}: {int(unknown.sum())} values are not in the vocabulary, such as {some}, and "
                "num_oov_indices=0 leaves them no index. Use num_oov_indices=1, or a vocabulary that has them."
            )
        if self.num_oov_indices > 1:
            found[unknown] = self._hashed(values[unknown]) + self._oov_start()
        else:
            found[unknown] = self._oov_start()
        return found

    def _terms(self, indices: np.ndarray) -> np.ndarray:
        """Tokens of indices."""
        start = self._token_start()
        kind = object if self._vocabulary_dtype == "string" else np.int64
        unknown = "" if self.oov_token is None and kind is object else self.oov_token
        special = [self.mask_token] * self._oov_start() + [unknown] * (self.num_oov_indices + 1)
        terms = np.empty(start + 1 + len(self._tokens), kind)
        terms[:] = [*special, *map(self._public, self._tokens)]
        known = (indices >= 0) & (indices < start + len(self._tokens))
        places = np.where(indices >= start, indices + 1, indices)
        return terms[np.where(known, places, start)]

    # --- configuration and files ------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        self._collect()  # native memory goes into no pickle
        state = super().__getstate__()
        state.pop("_derived", None)
        return state

    def get_config(self) -> dict[str, Any]:
        """The arguments; a vocabulary that `adapt` found or a file held is no part of them."""
        return {
            **self._base_config(), "invert": self.invert, "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices, "oov_token": self.oov_token,
            "mask_token": self.mask_token, "output_mode": self.output_mode, "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens, "idf_weights": self.input_idf_weights,
            "vocabulary": self.input_vocabulary, "vocabulary_size": self._size,
            "oov_method": self.oov_method, "salt": self.salt,
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer of a configuration; in safe mode without reading the files that it names."""
        refuse_paths(config)
        return super().from_config(config)

    def save_own_variables(self, store: Any) -> None:
        """Write the inverse document frequencies, if there are any."""
        if self.idf_weights is not None:
            store["idf_weights"] = self.idf_weights

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote."""
        if self.output_mode == "tf_idf" and "idf_weights" in store:
            self.idf_weights = np.asarray(store["idf_weights"], settings.floatx())

    def save_assets(self, dir_path: Any) -> None:
        """Write the vocabulary as ``vocabulary.txt``, unless it is part of the configuration."""
        if self.input_vocabulary is not None:
            return
        lines = ["" if t is None else str(t) for t in self.get_vocabulary()]
        text = "\n".join(lines)
        Path(dir_path, "vocabulary.txt").write_bytes(text.encode("utf-8", "surrogateescape"))
        if any("\n" in line or "\r" in line for line in lines) or lines[-1:] == [""]:
            # Not to be told from the ends of lines; Keras reads the other file.
            Path(dir_path, "vocabulary.json").write_text(json.dumps(lines), encoding="ascii")

    def load_assets(self, dir_path: Any) -> None:
        """Read what `save_assets` wrote, here or in Keras."""
        folder = Path(dir_path)
        if self.input_vocabulary is not None or not (folder / "vocabulary.txt").is_file():
            return
        if (folder / "vocabulary.json").is_file():
            lines = json.loads((folder / "vocabulary.json").read_text(encoding="ascii"))
        else:
            text = (folder / "vocabulary.txt").read_bytes().decode("utf-8", "surrogateescape")
            lines = text.replace("\r\n", "\n").split("\n")
        start = self._token_start()
        if len(lines) <= start:  # saved before it was adapted
            return
        weights = self.idf_weights
        tokens = self._parse(lines[start:])
        if weights is not None:
            weights = weights[: start + len(tokens)]
        special = self._special()
        self.set_vocabulary([*special, *map(self._public, tokens)], weights)


def _is_ragged(x: Any) -> bool:
    """Whether `x` is a list of lists of different lengths."""
    listed = isinstance(x, (list, tuple)) and all(isinstance(row, (list, tuple)) for row in x)
    return listed and len({len(row) for row in x}) > 1


def refuse_paths(config: dict[str, Any]) -> None:
    """Raise an error if a configuration names a vocabulary file, unless the caller trusts it."""
    path = config.get("vocabulary")
    if isinstance(path, str) and serialization.is_safe():
        raise FileError(
            f"The configuration names a vocabulary file outside of the model's own file: {path}. If you trust "
            "where it comes from, load with safe_mode=False."
        )


def _check_arguments(me: str, max_tokens: Any, oov: Any, pad: bool, method: str) -> None:
    if max_tokens is not None and max_tokens <= 1:
        raise InputError(f"{me}: max_tokens must be above 1, got {max_tokens}.")
    if pad and max_tokens is None:
        raise InputError(f"{me}: pad_to_max_tokens=True needs max_tokens.")
    if oov < 0:
        raise InputError(f"{me}: num_oov_indices must not be negative, got {oov}.")
    if method not in ("floormod", "farmhash"):
        raise InputError(f"{me}: oov_method must be 'floormod' or 'farmhash', got {method!r}.")


def _as_list(values: Any) -> list[Any]:
    """A vocabulary or weights, in any form, as a list of Python's own types."""
    if isinstance(values, (list, tuple)):
        return [v.item() if isinstance(v, np.generic) else v for v in values]
    return array_of(values).ravel().tolist()
