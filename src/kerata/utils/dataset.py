"""`Dataset`: a lazy stream of samples or batches on the host, with the methods of ``tf.data``."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .. import rng, tree
from ..errors import InputError, ShapeError
from ..train.data.prefetch import Prefetcher

INFINITE, UNKNOWN = -1, -2
_AUTOTUNE = -1


class HostArray(np.ndarray):
    """A NumPy array that also has TensorFlow's method ``numpy()``."""

    def numpy(self) -> np.ndarray:
        """The plain array."""
        return self.view(np.ndarray)


class Dataset:
    """Samples or batches that are made when they are iterated over, as often as one likes.

    Methods give new data sets and leave this one as it is. They are those of ``tf.data.Dataset``
    that programs use most; functions given to them get NumPy arrays and may return arrays or
    tensors. `fit`, `evaluate` and `predict` take a data set of batches as it is.

    Args:
        start: Makes an iterator over all elements; called for every pass.
        length: Number of elements; -1 for no end, -2 where it is not known.
        class_names: Names of classes that labels stand for.
        file_paths: Files that the samples come from.
        whole: Whether functions get an element as one argument, not a tuple's parts as several.

    >>> data = Dataset.from_tensor_slices((np.arange(5), np.arange(5) * 10))
    >>> data = data.map(lambda x, y: (x + 1, y)).batch(2)
    >>> [x.tolist() for x, y in data.take(2)], len(data)
    ([[1, 2], [3, 4]], 3)
    """

    def __init__(
        self,
        start: Callable[[], Iterator[Any]],
        length: int = UNKNOWN,
        class_names: Sequence[str] | None = None,
        file_paths: Sequence[str] | None = None,
        whole: bool = False,
    ) -> None:
        self._start, self._length, self._whole = start, length, whole
        self._batched = False
        self.class_names, self.file_paths = class_names, file_paths

    # --- making ----------------------------------------------------------------------------------

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """The rows of an array or list, or of a tuple or dict of them, nested or not."""
        arrays = _arrays(tensors)
        lengths = {len(a) for a in tree.flatten(arrays)}
        if len(lengths) != 1:
            raise ShapeError(
                f"from_tensor_slices needs arrays of one length; got {sorted(lengths)}."
            )
        n = lengths.pop()
        return Dataset(lambda: (_row(arrays, i) for i in range(n)), n)

    @staticmethod
    def range(*args: int) -> Dataset:
        """Whole numbers, as Python's ``range`` counts them."""
        numbers = range(*args)
        return Dataset(lambda: map(np.int64, numbers), len(numbers))

    @staticmethod
    def zip(*args: Any, datasets: Any = None) -> Dataset:
        """Elements of several data sets side by side, as many as the shortest has."""
        given = datasets if datasets is not None else args[0] if len(args) == 1 else args
        parts = list(given)
        known = [p._length for p in parts if p._length != INFINITE]
        length = UNKNOWN if UNKNOWN in known else min(known, default=INFINITE)
        made = Dataset(lambda: zip(*map(iter, parts)), length)
        made._batched = all(p._batched for p in parts)
        return made

    def _derived(
        self, start: Callable[[], Iterator[Any]], length: int, batched: bool | None = None
    ) -> Dataset:
        made = Dataset(start, length, self.class_names, self.file_paths, self._whole)
        made._batched = self._batched if batched is None else batched
        return made

    # --- reading ---------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Any]:
        return iter(self._start())

    def __len__(self) -> int:
        if self._length < 0:
            what = "has no end" if self._length == INFINITE else "is not known before it is read"
            raise TypeError(
                f"The length of this data set {what}: use take(n), or give steps_per_epoch."
            )
        return self._length

    def __bool__(self) -> bool:
        return True

    def cardinality(self) -> int:
        """Number of elements; -1 for no end, -2 where it is not known."""
        return self._length

    def as_numpy_iterator(self) -> Iterator[Any]:
        """An iterator that gives plain NumPy arrays."""
        return (tree.map_structure(_plain, element) for element in self)

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element."""
        found = list(self.take(2))
        if len(found) != 1:
            raise InputError("get_single_element: the data set must have exactly one element.")
        return found[0]

    def reduce(self, initial_state: Any, reduce_func: Callable, name: str | None = None) -> Any:
        """``reduce_func(state, element)`` along all elements; the last state."""
        state = initial_state
        for element in self:
            state = reduce_func(state, element)
        return state

    # --- changing elements -----------------------------------------------------------------------

    def _call(self, fn: Callable) -> Callable[[Any], Any]:
        if self._whole:
            return fn
        return lambda element: fn(*element) if isinstance(element, tuple) else fn(element)

    def map(
        self,
        map_func: Callable,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        synchronous: bool | None = None,
        use_unbounded_threadpool: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """A function applied to each element.

        Args:
            map_func: Gets the parts of a tuple as arguments.
            num_parallel_calls: Threads that call it, -1 for one on each core; by default it is
                called where the data set is read. The order stays.
            deterministic, synchronous, use_unbounded_threadpool, name: Taken, for ``tf.data``'s sake.
        """
        fn = self._call(map_func)
        if num_parallel_calls is None:
            return self._derived(lambda: map(fn, self), self._length)
        workers = os.cpu_count() or 1 if num_parallel_calls == _AUTOTUNE else num_parallel_calls
        return self._derived(lambda: _parallel(fn, self, max(1, workers)), self._length)

    def filter(self, predicate: Callable, name: str | None = None) -> Dataset:
        """The elements for which a function is true."""
        fn = self._call(predicate)
        return self._derived(lambda: (e for e in self if bool(fn(e))), UNKNOWN)

    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:
        """Pairs of a number and an element."""
        return self._derived(lambda: enumerate(self, start), self._length, False)

    def apply(self, transformation_func: Callable) -> Any:
        """What a function makes of the data set."""
        return transformation_func(self)

    # --- choosing and ordering -------------------------------------------------------------------

    def take(self, count: int, name: str | None = None) -> Dataset:
        """The first `count` elements; all for -1."""
        if count < 0:
            return self._derived(self._start, self._length)
        length = self._length
        length = count if length == INFINITE else length if length < 0 else min(count, length)
        return self._derived(lambda: itertools.islice(iter(self), count), length)

    def skip(self, count: int, name: str | None = None) -> Dataset:
        """All but the first `count` elements; none for -1."""
        length = self._length
        if count < 0:
            return self._derived(lambda: iter(()), 0)
        left = length if length < 0 else max(length - count, 0)
        return self._derived(lambda: itertools.islice(iter(self), count, None), left)

    def shard(self, num_shards: int, index: int, name: str | None = None) -> Dataset:
        """Every `num_shards`-th element, from that of number `index` on."""
        if not 0 <= index < num_shards:
            raise InputError(f"shard: index must be from 0 to {num_shards - 1}; got {index}.")
        length = self._length
        left = length if length < 0 else -(-max(length - index, 0) // num_shards)
        return self._derived(lambda: itertools.islice(iter(self), index, None, num_shards), left)

    def repeat(self, count: int | None = None, name: str | None = None) -> Dataset:
        """The elements `count` times over, or without end."""
        endless = count is None or count < 0
        times = 0 if endless else count or 0
        length = self._length if self._length < 0 else self._length * times
        if endless:
            length = INFINITE

        def passes() -> Iterator[Any]:
            for _ in itertools.count() if endless else range(times):
                empty = True
                for element in self:
                    empty = False
                    yield element
                if empty:
                    return

        return self._derived(passes, length)

    def concatenate(self, dataset: Iterable[Any], name: str | None = None) -> Dataset:
        """This data set, then another one."""
        other = dataset._length if isinstance(dataset, Dataset) else UNKNOWN
        both = (self._length, other)
        length = min(both) if min(both) < 0 else sum(both)
        return self._derived(lambda: itertools.chain(self, dataset), length)

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = True,
        name: str | None = None,
    ) -> Dataset:
        """Elements in random order.

        Args:
            buffer_size: Elements to draw from at a time; all of them make a full shuffle.
            seed: For the same orders each time; by default they follow ``utils.set_random_seed``.
            reshuffle_each_iteration: Whether each pass has an order of its own.
        """
        if buffer_size < 1:
            raise InputError(f"shuffle: buffer_size must be at least 1; got {buffer_size}.")
        own = rng.draw_seed() if seed is None else int(seed)
        passes = itertools.count()

        def start() -> Iterator[Any]:
            number = next(passes) if reshuffle_each_iteration is not False else 0
            return _shuffled(iter(self), buffer_size, np.random.default_rng([own, number]))

        return self._derived(start, self._length)

    # --- batches ---------------------------------------------------------------------------------

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """So many elements stacked; the last batch may be smaller, or is left out."""
        return self._stacked(batch_size, drop_remainder, _stack)

    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """As `batch`, for elements of different shapes: filled up to the longest of each batch.

        Args:
            batch_size, drop_remainder: As in `batch`.
            padded_shapes: Not needed: taken for ``tf.data``'s sake.
            padding_values: What to fill with, one value for all parts; 0 by default.
        """
        value = 0 if padding_values is None else padding_values
        return self._stacked(
            batch_size, drop_remainder, lambda parts: _stack(_padded(parts, value))
        )

    def _stacked(self, size: int, drop: bool, stack: Callable) -> Dataset:
        if isinstance(size, bool) or size < 1:
            raise InputError(f"batch: batch_size must be at least 1; got {size!r}.")
        length = self._length
        if length >= 0:
            length = length // size if drop else -(-length // size)

        def batches() -> Iterator[Any]:
            iterator = iter(self)
            while part := list(itertools.islice(iterator, size)):
                if len(part) < size and drop:
                    return
                yield tree.map_structure(lambda *leaves: stack(leaves), *part)

        return self._derived(batches, length, True)

    def unbatch(self, name: str | None = None) -> Dataset:
        """The rows of the elements, one by one."""

        def rows() -> Iterator[Any]:
            for element in self:
                for i in range(len(tree.flatten(element)[0])):
                    yield _row(element, i)

        return self._derived(rows, UNKNOWN, False)

    # --- keeping and reading ahead ---------------------------------------------------------------

    def cache(self, filename: str = "", name: str | None = None) -> Dataset:
        """The elements of the first whole pass, kept in memory for all later ones."""
        kept: list[Any] = []

        def start() -> Iterator[Any]:
            return iter(kept[0]) if kept else fill()

        def fill() -> Iterator[Any]:
            found = []
            for element in self:
                found.append(element)
                yield element
            kept[:] = [found]

        return self._derived(start, self._length)

    def prefetch(self, buffer_size: int | None = None, name: str | None = None) -> Dataset:
        """Elements made in a thread, up to `buffer_size` (2 for None or -1) ahead of their use."""
        depth = 2 if buffer_size in (None, _AUTOTUNE) else int(buffer_size or 0)

        def ahead() -> Iterator[Any]:
            with Prefetcher(iter(self), depth) as items:
                yield from items

        return self._derived(ahead, self._length)

    # --- for other libraries ---------------------------------------------------------------------

    def to_tf(self) -> Any:
        """The same as a ``tf.data.Dataset``; takes TensorFlow. Its first element tells the shapes."""
        import tensorflow as tf

        first = next(self.as_numpy_iterator(), None)
        if first is None:
            raise InputError("to_tf: the data set is empty, its shapes are not known.")

        def spec(x: Any) -> Any:
            shape = (None, *x.shape[1:]) if self._batched else x.shape
            return tf.TensorSpec(shape, tf.string if x.dtype.kind in "OUS" else x.dtype)

        form = tree.map_structure(lambda x: spec(np.asarray(x)), first)
        made = tf.data.Dataset.from_generator(self.as_numpy_iterator, output_signature=form)
        if self._length != UNKNOWN:
            made = made.apply(tf.data.experimental.assert_cardinality(self._length))
        made.class_names, made.file_paths = self.class_names, self.file_paths
        return made

    def to_torch(self) -> Any:
        """The same as a ``torch.utils.data.DataLoader`` that gives tensors; takes PyTorch."""
        import torch

        data = self

        class Stream(torch.utils.data.IterableDataset):
            def __iter__(self) -> Iterator[Any]:
                for element in data.as_numpy_iterator():
                    yield tree.map_structure(_torch_tensor, element)

            def __len__(self) -> int:
                return len(data)

        return torch.utils.data.DataLoader(Stream(), batch_size=None)

    def __repr__(self) -> str:
        length = {INFINITE: "endless", UNKNOWN: "of unknown length"}.get(self._length)
        return f"<Dataset {length or f'of {self._length} ' + ('batches' if self._batched else 'samples')}>"


def _arrays(x: Any) -> Any:
    """Arrays in the structure of tuples and dicts that `x` has; lists are arrays."""
    if isinstance(x, dict):
        return {k: _arrays(v) for k, v in x.items()}
    return tuple(map(_arrays, x)) if isinstance(x, tuple) else np.asarray(x)


def _row(x: Any, i: int) -> Any:
    return tree.map_structure(lambda a: a[i], x)


def _torch_tensor(x: Any) -> Any:
    import torch

    x = np.asarray(x)
    return x.tolist() if x.dtype.kind in "OUS" else torch.tensor(x)


def _plain(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return x.view(np.ndarray)
    if isinstance(x, (str, bytes)) or not hasattr(x, "dtype"):
        return x if isinstance(x, (str, bytes)) else np.asarray(x)
    from .. import ops

    return x if isinstance(x, np.generic) else ops.convert_to_numpy(x)


def _parallel(fn: Callable, items: Iterable[Any], workers: int) -> Iterator[Any]:
    """``map(fn, items)`` by threads, in order; so many calls run ahead that a batch is ready in time."""
    pool = ThreadPoolExecutor(workers, "kerata-data")
    waiting: deque[Any] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(fn, item))
            if len(waiting) > 2 * workers + 32:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _shuffled(items: Iterator[Any], size: int, generator: np.random.Generator) -> Iterator[Any]:
    """Items drawn at random out of a buffer that is filled up again."""
    buffer = list(itertools.islice(items, size))
    for item in items:
        i = int(generator.integers(len(buffer)))
        found, buffer[i] = buffer[i], item
        yield found
    yield from (buffer[i] for i in generator.permutation(len(buffer)))


def _stack(leaves: Sequence[Any]) -> np.ndarray:
    if isinstance(leaves[0], (str, bytes)):
        return np.array(leaves, object).view(HostArray)
    arrays = [_plain(x) for x in leaves]
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        raise ShapeError(
            f"A batch needs samples of one shape; got {', '.join(map(str, sorted(shapes)[:4]))}. "
            "Resize or cut them, or use padded_batch."
        )
    return np.stack(arrays).view(HostArray)


def _padded(leaves: Sequence[Any], value: Any) -> list[Any]:
    arrays = [_plain(x) for x in leaves]
    if isinstance(arrays[0], (str, bytes)) or arrays[0].ndim == 0:
        return arrays
    sizes = [max(a.shape[i] for a in arrays) for i in range(arrays[0].ndim)]
    return [
        np.pad(a, [(0, n - d) for n, d in zip(sizes, a.shape)], constant_values=value)
        for a in arrays
    ]
