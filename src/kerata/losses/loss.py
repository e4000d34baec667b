"""The base of all losses: from one value per sample to the number that training makes small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import config, dtypes, graph, ops, tree
from ..capture import Configurable, is_built_in
from ..errors import ShapeError
from ..ops._define import tensor
from ..scope import get_logits, get_mask, set_logits
from ..spec import KerasTensor, shape_of, unprobe

_REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)


class Reduction:
    """Names of reductions, as earlier versions of Keras spelled them.

    >>> Reduction.SUM
    'sum'
    """

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"


def standardize_reduction(reduction: str | None) -> str | None:
    """A known reduction; ``auto``, the default of old, is ``sum_over_batch_size``."""
    if reduction == "auto":
        return "sum_over_batch_size"
    if reduction not in _REDUCTIONS:
        raise ValueError(f"Unknown reduction {reduction!r}. Expected one of {_REDUCTIONS}.")
    return reduction


# --- shapes -------------------------------------------------------------------------------------


def same_rank(a: Any, b: Any) -> tuple[Any, Any]:
    """Both with the same number of axes, where they differ by a last axis of size 1.

    This is the one rule for labels ``(n,)`` against predictions ``(n, 1)``: a vector gains the axis,
    of anything else the axis is dropped. So the two never broadcast to ``(n, n)``.

    >>> import numpy as np
    >>> [x.shape for x in same_rank(np.zeros(4), np.zeros((4, 1)))]
    [(4, 1), (4, 1)]
    >>> [x.shape for x in same_rank(np.zeros((4, 3, 1)), np.zeros((4, 3)))]
    [(4, 3), (4, 3)]
    """
    shape_a, shape_b = shape_of(a), shape_of(b)
    if len(shape_a) == len(shape_b) + 1:
        b, a = same_rank(b, a)
    elif len(shape_b) == len(shape_a) + 1 and shape_b[-1] == 1:
        if len(shape_a) == 1:
            a = ops.expand_dims(a, -1)
        else:
            b = ops.squeeze(b, -1)
    return a, b


def align(y_true: Any, y_pred: Any, *weights: Any) -> tuple[Any, Any]:
    """`same_rank` of labels and predictions, which keeps the time steps that weights or a mask need.

    Labels ``(n, t)`` of predictions ``(n, t, 1)`` gain an axis where one of `weights` is ``(n, t)``.
    """
    rank = len(shape_of(y_pred))
    if rank > 2 and len(shape_of(y_true)) == rank - 1 and shape_of(y_pred)[-1] == 1:
        if any(w is not None and len(shape_of(w)) == rank - 1 for w in weights):
            return ops.expand_dims(y_true, -1), y_pred
    return same_rank(y_true, y_pred)


def fit_weight(values: Any, weight: Any) -> tuple[Any, Any]:
    """Values and weights in shapes that can be multiplied: weights belong to the leading axes."""
    values, weight = same_rank(values, weight)
    v, w = shape_of(values), shape_of(weight)
    if 0 < len(w) < len(v) and w == v[: len(w)]:
        weight = ops.broadcast_to(ops.reshape(weight, (*w, *(1,) * (len(v) - len(w)))), v)
    elif v and not _broadcasts(w, v):
        raise ShapeError(
            f"sample_weight of shape {unprobe(w)} does not fit values of shape {unprobe(v)}: "
            "give one weight per value, or one per sample."
        )
    return values, weight


def _broadcasts(w: tuple, v: tuple) -> bool:
    """Whether a tensor of shape `w` can multiply one of shape `v` without giving it new axes."""
    if len(w) > len(v):
        return False
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(w), reversed(v)))


def apply_mask(weight: Any, mask: Any, dtype: str, reduction: str | None) -> Any:
    """Sample weights with the mask in them: masked steps weigh nothing.

    For means, what is left weighs more by ``total / valid``, so that a mean over all steps is one
    over the valid ones.
    """
    if mask is None:
        return weight
    factor = ops.cast(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        factor = factor * ops.divide_no_nan(_size(shape_of(mask)), ops.sum(factor))
    if weight is None:
        return factor
    factor, weight = fit_weight(factor, ops.cast(weight, dtype))
    return factor * weight


def _size(shape: tuple) -> float:
    n = 1.0
    for d in shape:
        n *= d
    return n


def reduce_weighted(
    values: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: str | None = None,
) -> Any:
    """Loss values times their weights, reduced: the last step of every loss.

    >>> import numpy as np
    >>> float(reduce_weighted(np.array([1.0, 3.0]), sample_weight=[1.0, 0.0]))
    0.5
    >>> float(reduce_weighted(np.array([1.0, 3.0]), mask=np.array([True, False])))
    1.0
    """
    values = tensor(values, dtype)
    kind = dtypes.standardize(values.dtype)
    weight = apply_mask(sample_weight, mask, kind, reduction)
    if weight is not None:
        values, weight = fit_weight(values, ops.cast(weight, kind))
        values = values * weight
    shape = shape_of(values)
    if reduction in (None, "none") or not shape:
        return values
    if reduction == "mean_with_sample_weight" and weight is not None:
        return ops.divide_no_nan(ops.sum(values), ops.sum(weight))
    if reduction == "sum" or 0 in shape:
        return ops.sum(values)
    return ops.mean(values)


# --- inputs -------------------------------------------------------------------------------------


def expects(kind: str) -> Callable:
    """Decorator that notes what labels a loss function takes.

    ``values``: of the shape of the predictions. ``binary``: the same, from 0 to 1. ``one_hot``: the
    same, a class per position along the last axis. ``classes``: integers, without the class axis.
    """

    def note(fn: Callable) -> Callable:
        fn.labels = kind  # type: ignore[attr-defined]
        return fn

    return note


def floats(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Labels and predictions as tensors of one float dtype and the same number of axes."""
    y_pred = tensor(y_pred)
    dtype = dtypes.to_float(dtypes.standardize(y_pred.dtype))
    return same_rank(ops.cast(y_true, dtype), ops.cast(y_pred, dtype))


def _tensors(x: Any, dtype: str, keep_integers: bool = False) -> Any:
    """`x`, or each leaf of a structure of tensors, in the dtype; a list of numbers is one tensor."""
    if isinstance(x, (list, tuple, dict)):
        if any(hasattr(leaf, "shape") for leaf in tree.flatten(x)):
            return tree.map_structure(lambda leaf: _tensors(leaf, dtype, keep_integers), x)
        x = tensor(x)
    if isinstance(x, bool):  # no data, but a switch of a user's own loss
        return x
    if keep_integers and dtypes.is_integer(dtypes.result_type(x)):
        return tensor(x)
    return ops.cast(x, dtype)


def _keep_logits(given: Any, y_pred: Any, dtype: str) -> None:
    """Let the logits of predictions be known also after a cast or the loss of an axis of size 1."""
    known = None if y_pred is given else get_logits(given)
    if known is None:
        return
    function, axis, logits = known
    if shape_of(logits) != shape_of(y_pred):
        if function != "sigmoid":
            return
        logits = ops.reshape(logits, shape_of(y_pred))
    set_logits(y_pred, function, axis, ops.cast(logits, dtype))


class Loss(Configurable):
    """A loss: how far predictions are from labels, as one number that training makes small.

    Subclasses write ``call(y_true, y_pred)``, which gives a value per sample (or a tensor of any
    shape); sample weights, masks and the reduction to one number are done here. Labels ``(n,)`` and
    predictions ``(n, 1)`` reach ``call`` both as ``(n, 1)``, see `same_rank`.

    Args:
        name: Name of the loss; made from the class name by default.
        reduction: What is made of the values: ``sum_over_batch_size`` or ``mean`` (their mean),
            ``sum``, ``mean_with_sample_weight`` (their sum by the sum of the weights), or ``none``.
        dtype: dtype of the computation, a name or a policy; ``floatx()`` by default.

    >>> from kerata import ops
    >>> class Cubic(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean(ops.absolute(y_true - y_pred) ** 3, axis=-1)
    >>> float(Cubic()([[0.0], [0.0]], [[1.0], [2.0]]))
    4.5
    >>> float(Cubic(reduction="sum")([[0.0], [0.0]], [[1.0], [2.0]], sample_weight=[1.0, 0.5]))
    5.0
    """

    # Arguments that earlier versions of Keras do not know: written only where they are not default.
    _later: dict[str, Any] = {"dtype": None}

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self.name = name or graph.auto_name(graph.snake(type(self).__name__))
        self.reduction = standardize_reduction(reduction)
        self._dtype_policy = dtypes.policy(dtype or config.floatx())

    @property
    def dtype(self) -> str:
        """dtype of the computation."""
        return self._dtype_policy.compute_dtype

    @property
    def labels(self) -> str | None:
        """What labels it takes, as `expects` lists them; ``None`` where that is not known."""
        return None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch.

        Args:
            y_true: Labels.
            y_pred: Predictions; a mask attached to them masks the loss.
            sample_weight: One weight per sample, or one per value that ``call`` gives.
        """
        given, mask = y_pred, get_mask(y_pred)
        y_pred = _tensors(y_pred, self.dtype)
        y_true = _tensors(y_true, self.dtype, self.labels == "classes")
        if sample_weight is not None:
            sample_weight = tensor(sample_weight, self.dtype)
        if not isinstance(y_true, (list, tuple, dict)) and not isinstance(
            y_pred, (list, tuple, dict)
        ):
            y_true, y_pred = align(y_true, y_pred, sample_weight, mask)
            _keep_logits(given, y_pred, self.dtype)
        values = self.call(y_true, y_pred)
        if isinstance(values, KerasTensor):  # a function that uses tensors of the model itself
            values = graph.fed_value(values, f"The loss {self.name!r}")
        own = get_mask(values)
        if own is not None:
            mask = own if mask is None else ops.logical_and(mask, own)
        return reduce_weighted(values, sample_weight, mask, self.reduction, self.dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The values of the loss, before weights and reduction; subclasses write it."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a method call(self, y_true, y_pred)."
        )

    def get_config(self) -> dict[str, Any]:
        """Arguments with which `from_config` makes an equal loss."""
        out = super().get_config()
        if "name" in out:
            out["name"] = self.name
        return {k: v for k, v in out.items() if k not in self._later or v != self._later[k]}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class LossFunctionWrapper(Loss):
    """A function ``fn(y_true, y_pred, **kwargs)`` as a `Loss`.

    >>> loss = LossFunctionWrapper(lambda t, p, power: (t - p) ** power, name="power", power=4)
    >>> float(loss([1.0], [3.0]))
    16.0
    """

    _open_arguments = True  # those of `fn`

    def __init__(
        self,
        fn: Callable,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        if type(self) is not LossFunctionWrapper:
            self.__dict__.update(kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A loss out of a configuration; earlier versions of Keras wrote the function of any loss."""
        if cls is not LossFunctionWrapper and is_built_in(cls):
            config = {k: v for k, v in config.items() if k != "fn"}
        return super().from_config(config)

    @property
    def labels(self) -> str | None:
        return getattr(self.fn, "labels", None)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The values that the function gives."""
        return self.fn(y_true, y_pred, **self._fn_kwargs)
