"""The part of a model that cannot be compiled, run on the host before the steps: strings to numbers.

Layers such as `TextVectorization` work on values. Where they stand at the front of a functional or
`Sequential` model, `fit`, `evaluate` and `predict` apply them to the data, and compile the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import graph, tree
from ..capture import is_built_in
from ..engine import engine
from ..errors import InputError
from ..layers.preprocessing.strings import array_of
from ..spec import KerasTensor
from .data import PyDataset, pack_x_y_sample_weight, rows, unpack_x_y_sample_weight
from .data.batch import only
from .data.kinds import is_array_like, is_list_of_batches
from .data.pydataset import is_py_dataset
from .data.stream import length_of


class Front:
    """A functional model cut in two: what runs on the host, and the rest."""

    def __init__(self, model: Any) -> None:
        self.model, self.whole = model, model._graph
        given = {id(x) for x in self.whole.flat_inputs}
        nodes = [n for n in self.whole.nodes if not n.is_input and not _made_of(n.outputs, given)]
        host = _before(nodes, given)
        ready = given | {id(x) for n in host for x in n.outputs}
        self.is_needed = bool(host) or any(x.dtype == "string" for x in self.whole.flat_inputs)
        if not self.is_needed:
            return
        done = set(map(id, host))
        after = [n for n in nodes if id(n) not in done]
        wanted = [x for n in after for x in n.inputs] + self.whole.flat_outputs
        self.border: list[KerasTensor] = tree.unique(x for x in wanted if id(x) in ready)
        self._check(after)
        self.before = graph.Graph(list(self.whole.flat_inputs), self.border)
        self.rest = graph.Graph(self.border, self.whole.outputs)

    def _check(self, after: list[graph.Node]) -> None:
        text = [x for x in self.border if x.dtype == "string"]
        if not text and not self.model._symbolic_losses:
            return
        if not text:
            raise InputError(
                f"Model {self.model.name!r} takes strings and has losses of symbolic tensors: add_loss in a layer instead."
            )
        users = [n.operation.name for n in after if any(x is text[0] for x in n.inputs)]
        raise InputError(
            f"Model {self.model.name!r} passes strings {f'to its layer {users[0]!r}' if users else 'out as its result'}, "
            "which is compiled, and compiled code cannot hold strings. Turn them into numbers in the first layers (a "
            "model in the model may do so only if it has no weights to train), or call the model directly: model(x)."
        )

    def __call__(self, x: Any) -> dict[str, list[Any]]:
        """What the rest of the model takes, for the data that the model takes."""
        values = self._values(x)
        made: list[Any] = [engine().to_numpy(v) for v in self.before.run(values)]
        return {self.model.FRONT: made}

    def lazily(self, x: Any) -> dict[str, list[Any]]:
        """The same for all data at once; what would not fit well in memory is computed batch by batch.

        A vector of counts is hundreds of times as big as the text it is made of.
        """
        values = self._values(x)
        shapes = [t.shape[1:] for t in self.border]
        numbers = [math.prod(s) for s in shapes if None not in s]
        # Texts without a fixed length are as long as the longest: all of them must be seen.
        if len(numbers) < len(shapes) or 4 * sum(numbers) * len(values[0]) <= rows.LAZY_BYTES:
            return self(x)
        made = _Rows(self.before, values)
        return {
            self.model.FRONT: [rows.LazyRows(made.column(t, i)) for i, t in enumerate(self.border)]
        }

    def _values(self, x: Any) -> list[Any]:
        return [_fitting(a, k) for a, k in zip(self._flat(x), self.whole.flat_inputs)]

    def _flat(self, x: Any) -> list[Any]:
        structure, names = self.whole.inputs, self.model.input_names
        if isinstance(x, dict):
            keys = names
            if isinstance(structure, dict):
                keys = [path[0] for path, _ in tree.flatten_with_path(structure)]
            missing = [k for k in keys if k not in x]
            if missing:
                raise InputError(
                    f"Model {self.model.name!r} misses the inputs {missing}; got a dict with the keys {list(x)}."
                )
            return [x[k] for k in keys]
        single = len(names) == 1
        if single and not (isinstance(x, (list, tuple)) and len(x) == 1 and hasattr(x[0], "shape")):
            return [x]
        parts = list(x)
        if len(parts) != len(names):
            raise InputError(
                f"Model {self.model.name!r} expects {len(names)} inputs ({', '.join(names)}), got {len(parts)}."
            )
        return parts


class _Rows:
    """Results of the front for rows of the data, computed when they are asked for."""

    def __init__(self, before: graph.Graph, values: list[Any]) -> None:
        self.before, self.values = before, values
        self._last: tuple[Any, list[Any]] | None = None

    def column(self, tensor: KerasTensor, index: int) -> _Column:
        """One of the results."""
        return _Column(
            self, (len(self.values[0]), *tensor.shape[1:]), np.dtype(tensor.dtype), index
        )

    def of(self, wanted: Any) -> list[Any]:
        """All results for rows: a slice or an array of numbers."""
        key = (wanted.start, wanted.stop) if isinstance(wanted, slice) else wanted.tobytes()
        last = self._last
        if last is None or last[0] != key:
            made = self.before.run([v[wanted] for v in self.values])
            last = self._last = key, [engine().to_numpy(v) for v in made]
        return last[1]


class _Column:
    """One result of the front, in the form of a data set on disk."""

    def __init__(self, results: _Rows, shape: tuple[int, ...], dtype: np.dtype, place: int) -> None:
        self.results, self.shape, self.dtype, self.place = results, shape, dtype, place

    def __getitem__(self, wanted: Any) -> Any:
        return self.results.of(wanted)[self.place]


def _made_of(tensors: list[Any], known: set[int]) -> bool:
    return all(id(x) in known for x in tensors)


def _before(nodes: list[graph.Node], given: set[int]) -> list[graph.Node]:
    """The calls that run on the host, and those before them, where these have no weights to train."""
    free, wanted = set(given), []
    for node in nodes:
        if _made_of(node.inputs, free) and not getattr(node.operation, "trainable_weights", ()):
            free.update(map(id, node.outputs))
            wanted.append(node)
    needed: set[int] = set()
    host = []
    for node in reversed(wanted):
        text = any(x.dtype == "string" for x in node.inputs)
        if on_host(node.operation) or text or any(id(x) in needed for x in node.outputs):
            needed.update(map(id, node.inputs))
            host.append(node)
    return host[::-1]


def on_host(operation: Any) -> bool:
    """Whether a layer computes on the host: by itself, or as a model without weights to train around one that does."""
    found = getattr(operation, "_graph", None)
    if found is None:
        return bool(getattr(operation, "runs_on_host", False))
    trained = getattr(operation, "trainable_weights", ())  # a `Function` has none
    return not trained and any(map(on_host, found.operations))


def _fitting(x: Any, wanted: KerasTensor) -> Any:
    """Data for one input as an array with the number of axes that the input has."""
    array = array_of(x)
    name = graph.node_of(wanted).operation.name
    if (wanted.dtype == "string") != (array.dtype.kind in "OUST"):
        raise InputError(
            f"The input {name!r} takes {wanted.dtype}, got an array of {array.dtype}. Strings go to inputs made with "
            "Input(..., dtype='string'), numbers to others."
        )
    if array.ndim == len(wanted.shape) - 1 and wanted.shape[-1] == 1:
        return array[..., None]
    if array.ndim == len(wanted.shape) + 1 and array.shape[-1] == 1:
        return array[..., 0]
    return array


def front_of(model: Any) -> Front | None:
    """The part of a model that runs on the host, if there is one."""
    whole = getattr(model, "_graph", None)
    if whole is None:
        return None
    found = model.__dict__.get("_front")
    if found is None or found.whole is not whole:
        found = model.__dict__["_front"] = Front(model)
    return found if found.is_needed else None


def input_keys(model: Any) -> frozenset[str] | None:
    """What the entries of a dict of data are called that a functional model takes; ``None`` for other models."""
    made = getattr(model, "_graph", None)
    if made is None or not is_built_in(type(model)):
        return None  # a step of the user's own may want all of them
    return frozenset(made.inputs if isinstance(made.inputs, dict) else model.input_names)


def through(model: Any, x: Any, y: Any = None) -> Any:
    """The data `x` for a model, arrays or a stream of batches, after the layers that run on the host."""
    if isinstance(x, dict):
        x = only(input_keys(model), x)
    chain = model.__dict__.get("_chain")
    arrays = is_array_like(x) and not (y is None and is_list_of_batches(x))
    if chain and not model.built and arrays and on_host(chain[0]):
        model._build_for((array_of(x),), {})
    front = front_of(model)
    if front is None or x is None:
        return x
    if arrays:
        return front.lazily(x)
    if is_py_dataset(x):
        return _MappedDataset(x, front)
    if hasattr(x, "__next__"):
        return (_mapped(batch, front) for batch in x)
    return _Mapped(x, front)


def validation_through(model: Any, data: Any) -> Any:
    """The same for ``validation_data``: a tuple of arrays, or a stream."""
    pair = isinstance(data, (tuple, list)) and 2 <= len(data) <= 3 and is_array_like(data[0])
    named = pair and isinstance(data[0], dict)
    if data is None or (front_of(model) is None and not named):
        return data
    return (through(model, data[0], data[1]), *data[1:]) if pair else through(model, data)


def _mapped(batch: Any, front: Front) -> Any:
    x, y, weight = unpack_x_y_sample_weight(batch)
    return pack_x_y_sample_weight(front(x), y, weight)


class _Mapped:
    """An iterable of batches, each taken through the front."""

    def __init__(self, batches: Any, front: Front) -> None:
        self.batches, self.front = batches, front

    def __iter__(self) -> Iterator[Any]:
        return (_mapped(b, self.front) for b in self.batches)

    def __len__(self) -> int:
        n = length_of(self.batches)
        if n is None:
            raise TypeError("The number of batches is not known.")
        return n


class _MappedDataset(PyDataset):
    """A `PyDataset` of batches, each taken through the front."""

    def __init__(self, dataset: Any, front: Front) -> None:
        super().__init__(
            getattr(dataset, "workers", 1), False, getattr(dataset, "max_queue_size", 10)
        )
        self.dataset, self.front = dataset, front

    def __getitem__(self, index: int) -> Any:
        return _mapped(self.dataset[index], self.front)

    def __len__(self) -> int:
        return len(self.dataset)

    def on_epoch_begin(self) -> None:
        """Tell the data set."""
        getattr(self.dataset, "on_epoch_begin", lambda: None)()

    def on_epoch_end(self) -> None:
        """Tell the data set."""
        getattr(self.dataset, "on_epoch_end", lambda: None)()
