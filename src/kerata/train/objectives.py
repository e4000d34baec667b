"""What `compile` makes of its losses and metrics: one number to minimize, and many to follow."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import config, graph, losses, metrics, ops
from ..errors import InputError, ShapeError
from ..losses.loss import Loss, LossFunctionWrapper
from ..metrics import Mean, MeanMetricWrapper, Metric
from ..ops._define import tensor
from ..serialization import is_config, lookup
from ..spec import shape_of, unprobe
from ..variable import Variable
from .label_checks import check_labels
from .outputs import Outputs


def _is_leaf(x: Any) -> bool:
    return isinstance(x, (str, Loss, Metric)) or callable(x) or is_config(x)


def _is_number(x: Any) -> bool:
    return isinstance(x, (numbers.Number, Variable)) or getattr(x, "shape", None) == ()


def _listed(x: Any) -> list[Any]:
    """Entries for one output: a list, also of a single one."""
    if isinstance(x, (list, tuple)):
        return [item for part in x for item in _listed(part)]
    return [] if x is None else [x]


def _listed_all(given: Any) -> list[Any]:
    """All metrics of an argument, whatever its form."""
    if isinstance(given, dict) and not is_config(given):
        return [m for part in given.values() for m in _listed_all(part)]
    if isinstance(given, (list, tuple)):
        return [m for part in given for m in _listed_all(part)]
    return [] if given is None else [given]


_SHORT = ("accuracy", "acc", "crossentropy", "ce")


def label_kind(y_true: Any, y_pred: Any) -> str:
    """What labels are, by their shape: ``binary``, ``sparse_categorical`` or ``categorical``.

    >>> from kerata.spec import Spec
    >>> label_kind(Spec((None,)), Spec((None, 10)))
    'sparse_categorical'
    """
    t, p = unprobe(shape_of(y_true)), unprobe(shape_of(y_pred))
    if p[-1:] == (1,):
        return "binary"
    if len(t) < len(p) or (t[-1] == 1 and (p[-1] is None or p[-1] > 1)):
        return "sparse_categorical"
    return "categorical"


def _name_of(x: Any) -> str:
    """Name of a loss or metric in logs."""
    name = getattr(x, "name", None)
    if not isinstance(name, str):
        name = graph.snake(getattr(x, "__name__", None) or type(x).__name__)
    return name


def _unique(name: str, taken: set[str]) -> str:
    found, n = name, 0
    while found in taken:
        n += 1
        found = f"{name}_{n}"
    taken.add(found)
    return found


class _Term(NamedTuple):
    """One loss of one output."""

    output: int
    loss: Loss
    weight: Any
    name: str
    tracker: Mean | None


class Losses:
    """The losses of a model's outputs: what ``compile(loss=..., loss_weights=...)`` means.

    Args:
        loss: A name, instance, function or configuration for all outputs; or per output as a list, as
            a dict by name, or nested as the outputs are. ``None`` is an output without loss, a list
            for one output several losses, which are added. ``"crossentropy"`` is the binary,
            categorical or sparse one, by the shapes.
        loss_weights: Factors of the losses: a number for all, or per output in the same forms.
            Outputs that a dict leaves out have the factor 1. Variables may be changed later.
        output_names: Names of the outputs, ``None`` if they have none.

    >>> import numpy as np
    >>> total = Losses({"a": "mse", "b": "mae"}, {"b": 2.0}, ["a", "b"])
    >>> zero, one = np.zeros((4, 1)), np.ones((4, 1))
    >>> float(total([zero, zero], [one, one]))
    3.0
    >>> [m.name for m in total.metrics]
    ['a_loss', 'b_loss']
    """

    def __init__(
        self, loss: Any, loss_weights: Any = None, output_names: Sequence[str] | None = None
    ) -> None:
        self._given, self._given_weights = loss, loss_weights
        self.output_names = output_names
        self.outputs: Outputs | None = None
        self._terms: list[_Term] = []
        for item in _listed_all(loss):
            if isinstance(item, str) and item.lower() not in _SHORT:
                losses.get(item)  # a wrong name shows at once

    @property
    def metrics(self) -> list[Mean]:
        """Means of the single losses, where there are several."""
        return [t.tracker for t in self._terms if t.tracker is not None]

    @property
    def variables(self) -> list[Variable]:
        """State that a call reads or changes: that of `metrics`, and factors that are Variables."""
        factors = [t.weight for t in self._terms if isinstance(t.weight, Variable)]
        return [v for m in self.metrics for v in m.variables] + factors

    @property
    def built(self) -> bool:
        """Whether the structure of the outputs is known."""
        return self.outputs is not None

    # --- building --------------------------------------------------------------------------------

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Fit losses and outputs together, by shapes (tensors or Specs) alone. Done once."""
        if self.outputs is not None:
            return
        outputs = Outputs(self.output_names, y_pred)
        entries = [_listed(e) for e in outputs.spread(self._given, "loss", _is_leaf)]
        factors = self._factors(outputs, entries)
        needed = [i for i, e in enumerate(entries) if e]
        labels = outputs.labels(y_true, needed)
        predictions = outputs.predictions(y_pred)
        several = sum(map(len, entries)) > 1
        taken: set[str] = set()
        terms = []
        for i, entry in enumerate(entries):
            for item, factor in zip(entry, factors[i]):
                loss, name = self._resolve(item, labels[i], predictions[i], outputs.labelled[i])
                if outputs.names is not None and outputs.count > 1:
                    name = outputs.names[i]
                key = _unique(f"{name}_loss", taken)
                terms.append(_Term(i, loss, factor, key, Mean(name=key) if several else None))
        self.outputs, self._terms = outputs, terms

    def _resolve(self, item: Any, y_true: Any, y_pred: Any, output: str) -> tuple[Loss, str]:
        name = item
        if isinstance(item, str) and item.lower() in ("crossentropy", "ce"):
            _need_labels(y_true, output, "loss")
            item = f"{label_kind(y_true, y_pred)}_crossentropy"
        found = losses.get(item)
        if isinstance(found, Metric):
            raise InputError(
                f"{found!r} is a metric and cannot be a loss: take a loss of kerata.losses instead."
            )
        if not isinstance(found, Loss):
            found = LossFunctionWrapper(
                found, name=name if isinstance(name, str) else _name_of(found)
            )
        return found, found.name

    def _factors(self, outputs: Outputs, entries: list[list[Any]]) -> list[list[Any]]:
        given = outputs.spread(self._given_weights, "loss_weights", _is_number)
        out = []
        for entry, weights, output in zip(entries, given, outputs.labelled):
            found = _listed(weights)
            if len(found) <= 1:
                found = (found or [None]) * len(entry)
            if entry and len(found) != len(entry):
                raise InputError(
                    f"loss_weights gives {len(found)} factors for {output!r}, which has {len(entry)} losses."
                )
            for w in found:
                if w is not None and not _is_number(w):
                    raise InputError(f"loss_weights must hold numbers, got {w!r} for {output!r}.")
            out.append(found)
        return out

    # --- use -------------------------------------------------------------------------------------

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The sum of all losses times their factors, a scalar; ``None`` if no output has a loss.

        Args:
            y_true: Labels: as the outputs are nested, a flat list, or a dict by name. Outputs
                without loss need none.
            y_pred: Predictions.
            sample_weight: One array for all outputs, or one per output as for labels.
        """
        self.build(y_true, y_pred)
        outputs = self.outputs
        assert outputs is not None
        labels = outputs.labels(y_true, self._needed())
        predictions = outputs.predictions(y_pred)
        weights = outputs.weights(sample_weight)
        total = None
        for term in self._terms:
            i = term.output
            _need_labels(labels[i], outputs.labelled[i], "loss")
            value = ops.cast(term.loss(labels[i], predictions[i], weights[i]), config.floatx())
            if shape_of(value) != ():
                raise ShapeError(
                    f"The loss {term.loss.name!r} gives values of shape {unprobe(shape_of(value))}, training "
                    'needs one number: make it with reduction="sum_over_batch_size".'
                )
            if term.tracker is not None:
                shape = shape_of(predictions[i])
                term.tracker.update_state(value, sample_weight=shape[0] if shape else 1)
            if term.weight is not None:
                value = value * (
                    tensor(term.weight) if isinstance(term.weight, Variable) else term.weight
                )
            total = value if total is None else total + value
        return total

    def _needed(self) -> list[int]:
        return sorted({t.output for t in self._terms})

    def arrange(self, y_true: Any) -> list[Any]:
        """Labels in the order of the outputs, ``None`` for those without."""
        assert self.outputs is not None
        return self.outputs.labels(y_true, self._needed())

    def check_labels(self, y: Any, y_pred_spec: Any) -> None:
        """Raise an error for labels on the host that a loss cannot take.

        Looks at shapes, smallest and largest values only: class numbers out of range, one-hot labels
        where class numbers are due and the other way round, probabilities outside of 0 to 1.
        """
        if y is None:
            return
        self.build(y, y_pred_spec)
        outputs = self.outputs
        assert outputs is not None
        labels, specs = self.arrange(y), outputs.predictions(y_pred_spec)
        for term in self._terms:
            output = outputs.labelled[term.output] if outputs.names is not None else ""
            check_labels(labels[term.output], specs[term.output], term.loss, output)


def _need_labels(y: Any, output: str, what: str) -> None:
    if y is None:
        raise InputError(
            f"There are no labels for the {what} of {output!r}: pass y to fit (or labels for this output in it)."
        )


class _Followed(NamedTuple):
    """One metric of one output."""

    output: int
    metric: Metric
    weighted: bool


class Metrics:
    """The metrics of a model's outputs: what ``compile(metrics=..., weighted_metrics=...)`` means.

    Args:
        metrics: Names, instances, functions or configurations: a single one or a list for a model
            with one output; for several a list with an entry (or a list) per output, a dict by name,
            or nested as the outputs are. A list of another length holds for every output.
            ``"accuracy"`` (or ``"acc"``) is the binary, categorical or sparse one, by the shapes.
        weighted_metrics: The same, for metrics to which sample weights apply.
        output_names: Names of the outputs, ``None`` if they have none.

    Each metric is known in logs by its name as the user spelled it, with the name of its output
    before it where there are several; from the second of a name on with ``_1``, ``_2`` behind it.

    >>> import numpy as np
    >>> followed = Metrics(["acc", "mae"], None, ["a"])
    >>> followed.update_state(np.array([1, 0]), np.array([[0.75], [0.75]]))
    >>> {k: float(v) for k, v in followed.result().items()}
    {'acc': 0.5, 'mae': 0.5}
    >>> followed.resolved
    {'acc': 'binary_accuracy'}
    """

    def __init__(
        self, metrics: Any, weighted_metrics: Any = None, output_names: Sequence[str] | None = None
    ) -> None:
        self._given = {"metrics": metrics, "weighted_metrics": weighted_metrics}
        self.output_names = output_names
        self.outputs: Outputs | None = None
        self.resolved: dict[str, str] = {}
        self._followed: list[_Followed] = []
        self._losses: Losses | None = None
        self._empty = not any(_listed_all(g) for g in self._given.values())
        for item in (x for g in self._given.values() for x in _listed_all(g)):
            _check_name(item)

    def attach_losses(self, losses: Losses) -> None:
        """Take labels in the order in which these losses take them."""
        self._losses = losses

    @property
    def built(self) -> bool:
        """Whether the metrics are known; before, `metrics` is empty."""
        return self._empty or self.outputs is not None

    @property
    def metrics(self) -> list[Metric]:
        """The metrics in the order of their names in logs."""
        return [f.metric for f in self._followed]

    @property
    def variables(self) -> list[Variable]:
        """State of all metrics."""
        return [v for m in self.metrics for v in m.variables]

    # --- building --------------------------------------------------------------------------------

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Choose and make the metrics, by shapes (tensors or Specs) alone. Done once."""
        if self.built:
            return
        outputs = Outputs(self.output_names, y_pred)
        entries = {k: self._entries(outputs, g, k) for k, g in self._given.items()}
        labels = self._labels(outputs, y_true, entries)
        predictions = outputs.predictions(y_pred)
        taken: set[str] = set()
        used: set[int] = set()
        followed = []
        for kind, listed in entries.items():
            weighted = kind == "weighted_metrics"
            for i, items in enumerate(listed):
                for item in items:
                    _need_labels(labels[i], outputs.labelled[i], "metrics")
                    metric, choice = _make(item, labels[i], predictions[i], used)
                    key = self._key(outputs, i, metric.name, weighted, taken)
                    if key != metric.name:
                        metric._rename(key)
                    if choice is not None:
                        self.resolved[key] = choice
                    metric._build_for(labels[i], predictions[i])
                    followed.append(_Followed(i, metric, weighted))
        self.outputs, self._followed = outputs, followed

    @staticmethod
    def _key(outputs: Outputs, i: int, name: str, weighted: bool, taken: set[str]) -> str:
        prefix = f"{outputs.names[i]}_" if outputs.names is not None and outputs.count > 1 else ""
        if weighted and prefix + name in taken:
            name = f"weighted_{name}"
        return _unique(prefix + name, taken)

    @staticmethod
    def _entries(outputs: Outputs, given: Any, what: str) -> list[list[Any]]:
        """The metrics of each output."""
        if outputs.count == 1 and not isinstance(given, dict):
            return [_listed(given)]
        plain = isinstance(given, (list, tuple)) and all(_is_leaf(m) for m in given)
        if plain and given and len(given) != outputs.count:
            return [list(given) for _ in range(outputs.count)]
        return [_listed(e) for e in outputs.spread(given or None, what, _is_leaf)]

    def _labels(
        self, outputs: Outputs, y_true: Any, entries: dict[str, list[list[Any]]]
    ) -> list[Any]:
        if self._losses is not None and self._losses.built:
            return self._losses.arrange(y_true)
        needed = [i for i in range(outputs.count) if any(e[i] for e in entries.values())]
        return outputs.labels(y_true, needed)

    # --- use -------------------------------------------------------------------------------------

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into all metrics; arguments as those of `Losses`."""
        if self._empty:
            return
        self.build(y_true, y_pred)
        outputs = self.outputs
        assert outputs is not None
        if self._losses is not None and self._losses.built:
            labels = self._losses.arrange(y_true)
        else:
            labels = outputs.labels(y_true, sorted({f.output for f in self._followed}))
        predictions = outputs.predictions(y_pred)
        weights = outputs.weights(sample_weight)
        for i, metric, weighted in self._followed:
            _need_labels(labels[i], outputs.labelled[i], "metrics")
            if weighted:
                metric.update_state(labels[i], predictions[i], sample_weight=weights[i])
            else:
                metric.update_state(labels[i], predictions[i])

    def result(self) -> dict[str, Any]:
        """Values by name."""
        out: dict[str, Any] = {}
        for metric in self.metrics:
            value = metric.result()
            out.update(value if isinstance(value, dict) else {metric.name: value})
        return out

    def reset_state(self) -> None:
        """Set all metrics to their start."""
        for metric in self.metrics:
            metric.reset_state()


def _check_name(item: Any) -> None:
    """Raise an error for what is no metric; makes none, as that would count up automatic names."""
    if isinstance(item, str) and item.lower() not in _SHORT:
        lookup("metric", item, dict.fromkeys(metrics.TABLE, True))
    elif not _is_leaf(item):
        raise InputError(f"Not a metric: {item!r}. Give a name, an instance or a function.")


def _make(item: Any, y_true: Any, y_pred: Any, used: set[int]) -> tuple[Metric, str | None]:
    """The metric for an entry, and what a short name was taken to mean."""
    choice = None
    found = item
    if isinstance(item, str) and item.lower() in _SHORT:
        kind = "accuracy" if item.lower() in ("accuracy", "acc") else "crossentropy"
        choice = found = f"{label_kind(y_true, y_pred)}_{kind}"
    try:
        metric = metrics.get(found)
    except TypeError as e:
        if not isinstance(found, str):
            raise
        raise InputError(f"The metric {found!r} needs arguments: pass an instance. ({e})") from None
    if not isinstance(metric, Metric):
        name = item if isinstance(item, str) else _name_of(metric)
        return MeanMetricWrapper(metric, name=name), choice
    if isinstance(item, str):
        metric.name = item
    elif isinstance(item, Metric):
        if id(item) in used:  # one instance for several outputs: each output follows its own
            metric = type(item).from_config(item.get_config())
        used.add(id(item))
        metric.name = metric._given_name or metric.name
    return metric, choice
