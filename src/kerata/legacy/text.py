"""``keras.preprocessing.text`` of Keras 1 and 2: words of texts as whole numbers.

`layers.TextVectorization` and `layers.Hashing` are what has taken its place.
"""

from __future__ import annotations

import functools
import hashlib
import json
import warnings
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from ..errors import InputError
from .notes import note

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
MODES = ("binary", "count", "tfidf", "freq")


def _or_text(function: Any) -> Any:
    """Takes ``text=``, as keras-preprocessing calls the first argument, for ``input_text=``."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if "text" in kwargs:
            kwargs["input_text"] = kwargs.pop("text")
        return function(*args, **kwargs)

    return called


@_or_text
def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """The words of a text.

    Args:
        input_text: The text.
        filters: Characters that separate words, each replaced by `split`.
        lower: Whether the text is put into lower case first.
        split: What the text is split at.

    >>> text_to_word_sequence("A cat, a mat.")
    ['a', 'cat', 'a', 'mat']
    """
    return _words(filters, split)(input_text.lower() if lower else input_text)


def _words(filters: Iterable[str], split: str) -> Callable[[str], list[str]]:
    """A function from a text to its words."""
    table = str.maketrans({c: split for c in filters})
    return lambda text: list(filter(None, text.translate(table).split(split)))


@_or_text
def one_hot(
    input_text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " ",
    analyzer: Any = None,
) -> list[int]:  # fmt: skip
    """The words of a text as numbers from 1 to ``n - 1``, by Python's ``hash``.

    ``hash`` differs from process to process unless ``PYTHONHASHSEED`` is set, and different words may get the
    same number.

    Args:
        input_text: The text.
        n: Size of the vocabulary.
        filters: Characters that separate words.
        lower: Whether the text is put into lower case first.
        split: What the text is split at.
        analyzer: A function that gives the words of a text, in place of the three arguments before.

    >>> numbers = one_hot("to be or not to be", 50)
    >>> numbers[:2] == numbers[4:], all(0 < i < 50 for i in numbers)
    (True, True)
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def hashing_trick(
    text: str, n: int, hash_function: Any = None, filters: str = FILTERS, lower: bool = True,
    split: str = " ", analyzer: Any = None,
) -> list[int]:  # fmt: skip
    """The words of a text as numbers from 1 to ``n - 1``, by a hash function.

    Args:
        text: The text.
        n: Size of the vocabulary; at least 2.
        hash_function: ``"md5"``, which gives the same numbers everywhere; a function from words to whole
            numbers; or ``None`` for Python's ``hash``.
        filters: Characters that separate words.
        lower: Whether the text is put into lower case first.
        split: What the text is split at.
        analyzer: A function that gives the words of a text, in place of the three arguments before.

    >>> hashing_trick("The cat saw the dog", 100, "md5")
    [51, 3, 21, 51, 33]
    """
    if n < 2:
        raise InputError(f"A vocabulary of n={n} has no room: numbers go from 1 to n - 1.")
    if hash_function is None:
        hash_function = hash
    elif isinstance(hash_function, str):
        if hash_function != "md5":
            raise InputError(
                f"hash_function={hash_function!r}; expected 'md5', None or a function."
            )
        hash_function = _md5
    words = analyzer(text) if analyzer else text_to_word_sequence(text, filters, lower, split)
    return [hash_function(word) % (n - 1) + 1 for word in words]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """A vocabulary, learned from texts, that turns texts into lists of numbers or rows of a matrix.

    Words get the numbers 1, 2, ... from the most to the least frequent; words as frequent as others in the
    order in which they were met. 0 is no word's number.

    Args:
        num_words: Words with this number or a greater one are left out; ``None`` keeps all.
        filters: Characters that separate words.
        lower: Whether texts are put into lower case.
        split: What texts are split at.
        char_level: Whether every character counts as a word.
        oov_token: What stands for words out of the vocabulary, as number 1; they are left out by default.
        analyzer: A function that gives the words of a text, in place of `filters`, `lower` and `split`.
        document_count: Texts seen so far.

    Attributes:
        word_counts: How often each word was met.
        word_docs: In how many texts.
        word_index: Number of each word.
        index_word: Word of each number.
        index_docs: In how many texts the word of each number was met.

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["the cat saw the dog", "the dog ran"])
    >>> tokenizer.texts_to_sequences(["the dog saw a cat"])
    [[1, 2, 4, 3]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: Any = None,
        analyzer: Any = None,
        document_count: int = 0,
        **kwargs: Any,
    ) -> None:
        if "nb_words" in kwargs:
            note("nb_words=", "num_words=")
            num_words = kwargs.pop("nb_words")
        if kwargs:
            raise TypeError(
                f"Tokenizer() got an unexpected keyword argument {next(iter(kwargs))!r}"
            )
        if isinstance(analyzer, int):  # the seventh argument of keras-preprocessing
            analyzer, document_count = None, analyzer
        self.num_words = num_words
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.document_count = document_count
        self.word_counts: dict[str, int] = OrderedDict()
        self.word_docs: dict[str, int] = defaultdict(int)
        self.index_docs: dict[int, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _splitter(self) -> Callable[[Any], Any]:
        """A function from a text, or a list of words, to its words."""
        words = getattr(self, "analyzer", None) or _words(self.filters or "", self.split)
        lowers = self.lower and not getattr(self, "analyzer", None)

        def apart(text: Any) -> Any:
            if isinstance(text, list):
                return [word.lower() for word in text] if self.lower else text
            if self.char_level:
                return text.lower() if self.lower else text
            return words(text.lower() if lowers else text)

        return apart

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Learn the vocabulary of texts; can be called again with more.

        Args:
            texts: Texts, or lists of words.
        """
        counts, documents = Counter(self.word_counts), Counter(self.word_docs)
        apart = self._splitter()
        for text in _several(texts, "fit_on_texts"):
            self.document_count += 1
            words = apart(text)
            counts.update(words)
            documents.update(dict.fromkeys(words).keys())
        self.word_counts = OrderedDict(counts)
        self.word_docs = defaultdict(int, documents)
        ranked = sorted(counts.items(), key=lambda item: item[1], reverse=True)
        first = [] if self.oov_token is None else [self.oov_token]
        names = [*first, *(word for word, _ in ranked)]
        self.word_index = dict(zip(names, range(1, len(names) + 1)))
        self.index_word = {i: word for word, i in self.word_index.items()}
        for word in counts:
            self.index_docs[self.word_index[word]] = documents[word]

    def fit_on_sequences(self, sequences: Sequence[Iterable[int]]) -> None:
        """Count documents of numbers, which ``mode="tfidf"`` needs where `fit_on_texts` is not called.

        Args:
            sequences: Lists of numbers.
        """
        self.document_count += len(sequences)
        for sequence in sequences:
            for i in set(sequence):
                self.index_docs[i] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Numbers of the words of each text.

        Args:
            texts: Texts, or lists of words.
        """
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """The same, one text at a time."""
        limit = self.num_words or float("inf")
        known = {word: i for word, i in self.word_index.items() if i < limit}
        unknown = self.word_index.get(self.oov_token) if self.oov_token is not None else None
        apart = self._splitter()
        if unknown is not None:
            for text in _several(texts, "texts_to_sequences"):
                yield list(map(known.get, apart(text), repeat(unknown)))  # type: ignore[arg-type]
            return
        for text in _several(texts, "texts_to_sequences"):
            yield [i for i in map(known.get, apart(text)) if i is not None]

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Texts of the words with these numbers, with a space between two words.

        Args:
            sequences: Lists of numbers.

        >>> tokenizer = Tokenizer()
        >>> tokenizer.fit_on_texts(["a b a"])
        >>> tokenizer.sequences_to_texts([[2, 1, 9]])
        ['b a']
        """
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """The same, one sequence at a time."""
        limit = self.num_words or float("inf")
        known = {i: word for i, word in self.index_word.items() if i < limit}
        unknown = None
        if self.oov_token is not None:
            unknown = self.index_word.get(self.word_index.get(self.oov_token, 0))
        for sequence in sequences:
            words = (known.get(i, unknown) for i in sequence)
            yield " ".join(word for word in words if word is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray:
        """A row for each text, with a column for each number of a word.

        Args:
            texts: Texts, or lists of words.
            mode: As for `sequences_to_matrix`.
        """
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Sequence[Any], mode: str = "binary") -> np.ndarray:
        """A row for each sequence, with a column for each number.

        Args:
            sequences: Lists of numbers.
            mode: ``binary`` (1 for what occurs), ``count`` (how often), ``freq`` (which share of the
                sequence), or ``tfidf``: ``(1 + log(count)) * log(1 + documents / (1 + documents with it))``.

        Returns:
            float64 of shape ``(len(sequences), num_words)``.

        >>> Tokenizer(num_words=4).sequences_to_matrix([[1, 3, 3], [2]], mode="count").tolist()
        [[0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 1.0, 0.0]]
        """
        if mode not in MODES:
            raise InputError(f"mode={mode!r}; expected one of {MODES}.")
        if not self.num_words and not self.word_index:
            raise InputError("The width of the matrix is unknown: give num_words, or fit_on_texts.")
        if mode == "tfidf" and not self.document_count:
            raise InputError("mode='tfidf' counts documents: call fit_on_texts first.")
        width = self.num_words or len(self.word_index) + 1
        out = np.zeros((len(sequences), width))
        share = None
        if mode == "tfidf":
            documents = np.array([self.index_docs.get(i, 0) for i in range(width)])
            share = np.log(1 + self.document_count / (1 + documents))
        for row, sequence in zip(out, sequences):
            if len(sequence):
                _count(row, np.asarray(sequence), mode, share)
        return out

    def get_config(self) -> dict[str, Any]:
        """What `tokenizer_from_json` needs; tables are JSON texts, as in Keras."""
        plain = ("num_words", "filters", "lower", "split", "char_level", "oov_token")
        tables = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        return (
            {name: getattr(self, name) for name in plain}
            | {"document_count": self.document_count}
            | {name: json.dumps(getattr(self, name)) for name in tables}
        )

    def to_json(self, **kwargs: Any) -> str:
        """The tokenizer as JSON, in Keras's format. An `analyzer` is not written.

        Args:
            kwargs: Options for ``json.dumps``.
        """
        return json.dumps(
            {"class_name": type(self).__name__, "config": self.get_config()}, **kwargs
        )


def _count(row: np.ndarray, sequence: np.ndarray, mode: str, share: np.ndarray | None) -> None:
    """Fill a row of the matrix with what `mode` says of a sequence."""
    places, counts = np.unique(sequence, return_counts=True)
    if places[0] < 0:
        raise InputError(f"Numbers of words are not negative; got {places[0]}.")
    kept = places < len(row)
    places, counts = places[kept], counts[kept]
    if mode == "binary":
        row[places] = 1
    elif mode == "count":
        row[places] = counts
    elif mode == "freq":
        row[places] = counts / len(sequence)
    elif share is not None:
        row[places] = (1 + np.log(counts)) * share[places]


def _several(texts: Any, where: str) -> Iterable[Any]:
    if isinstance(texts, str):
        warnings.warn(
            f"{where} was given one text, of which each character counts as a text. Put it in a list: [text].",
            stacklevel=3,
        )
    return texts


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The tokenizer that `Tokenizer.to_json`, or Keras's, has written.

    >>> tokenizer = Tokenizer(oov_token="?")
    >>> tokenizer.fit_on_texts(["a b", "a"])
    >>> tokenizer_from_json(tokenizer.to_json()).texts_to_sequences(["b a x"])
    [[3, 2, 1]]
    """
    try:
        settings = dict(json.loads(json_string)["config"])
        by_word = [json.loads(settings.pop(k)) for k in ("word_counts", "word_docs", "word_index")]
        by_index = [
            {int(i): value for i, value in json.loads(settings.pop(k)).items()}
            for k in ("index_docs", "index_word")
        ]
    except (KeyError, TypeError, ValueError) as e:
        raise InputError(
            f"This is no tokenizer as Tokenizer.to_json writes it ({type(e).__name__}: {e})."
        ) from e
    out = Tokenizer(**settings)
    out.word_counts, out.word_docs = OrderedDict(by_word[0]), defaultdict(int, by_word[1])
    out.word_index = by_word[2]
    out.index_docs, out.index_word = defaultdict(int, by_index[0]), by_index[1]
    return out
