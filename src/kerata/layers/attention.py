"""Attention: dot-product, additive, and with several heads."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..errors import InputError, ShapeError
from ..scope import set_mask
from .core import EinsumDense
from .layer import Layer


class Attention(Layer):
    """Dot-product attention (Luong et al. 2015) of queries over the values of keys.

    Inputs are a list ``[query, value]`` or ``[query, value, key]`` of shapes (batch, T, size),
    (batch, S, value size), (batch, S, size); the key is the value by default. The output is
    ``softmax(scores) @ value``, (batch, T, value size).

    Args:
        use_scale: Whether the scores are multiplied by a trained number.
        score_mode: ``dot``, or ``concat`` for ``sum(tanh(query + key))`` times a trained number.
        dropout: Fraction of the weights set to zero in training.
        seed: Seed of the dropout.
        use_causal_mask: Let no position attend to later ones, in every call.

    Call arguments: ``mask``, a list of the masks of query (batch, T) and value (batch, S);
    ``return_attention_scores``, to return the weights (batch, T, S) too; ``use_causal_mask``, to let
    no position attend to later ones.

    >>> inputs = [ops.ones((1, 2, 3)), ops.ones((1, 4, 3))]
    >>> output, weights = Attention()(inputs, return_attention_scores=True)
    >>> output.shape, weights.shape
    ((1, 2, 3), (1, 2, 4))
    """

    supports_masking = True

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        use_causal_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise InputError(
                f"{type(self).__name__}: score_mode must be 'dot' or 'concat'; got {score_mode!r}."
            )
        self.adopt(locals())
        self.seed_generator = None
        if dropout:
            self.seed_generator = ops.random.SeedGenerator(seed)
        self.scale: Any = None
        self.concat_score_weight: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the trained factors, where there are any."""
        self._check_inputs(input_shape, None)
        if self.use_scale:
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                shape=(), initializer="ones", name="concat_score_weight"
            )

    def _check_inputs(self, inputs: Any, mask: Any) -> None:
        for name, given in (("inputs", inputs), ("masks", mask)):
            if given is None and name == "masks":
                continue
            if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
                found = (
                    f"{len(given)}" if isinstance(given, (list, tuple)) else type(given).__name__
                )
                raise InputError(
                    f"{type(self).__name__} takes a list of 2 or 3 {name}, [query, value] or [query, value, key]; "
                    f"got {found}."
                )

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        """How well each query fits each key, (batch, T, S)."""
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        total = ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3))
        if self.scale is not None:
            total = ops.multiply(self.scale, total)
        return ops.multiply(self.concat_score_weight, ops.sum(ops.tanh(total), axis=-1))

    def _score_mask(self, scores: Any, value_mask: Any, causal: bool) -> Any:
        mask = None if value_mask is None else ops.expand_dims(ops.cast(value_mask, "bool"), -2)
        if causal:
            order = causal_mask(*scores.shape[-2:])
            mask = order if mask is None else ops.logical_and(mask, order)
        return mask

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: Any = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The values, weighted; with the weights if these are wanted."""
        self._check_inputs(inputs, mask)
        query, value = inputs[:2]
        query_mask, value_mask = mask[:2] if mask else (None, None)
        scores = self._calculate_scores(query, inputs[2] if len(inputs) > 2 else value)
        causal = use_causal_mask or self.use_causal_mask
        allowed = self._score_mask(scores, value_mask, causal)
        if allowed is not None:
            scores = ops.where(allowed, scores, ops.subtract(scores, _large(scores)))
        weights = ops.softmax(scores, axis=-1)
        if training and self.dropout:
            weights = ops.random.dropout(weights, self.dropout, seed=self.seed_generator)
        output = ops.matmul(weights, value)
        if query_mask is not None:
            output = ops.where(ops.expand_dims(ops.cast(query_mask, "bool"), -1), output, 0)
        return (output, weights) if return_attention_scores else output

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the query."""
        return previous_mask[0] if previous_mask else None


class AdditiveAttention(Attention):
    """Additive attention (Bahdanau et al. 2014): scores ``sum(scale * tanh(query + key))``.

    Inputs, output and call arguments as in `Attention`.

    Args:
        use_scale: Whether `scale`, a trained vector of the queries' size, is used; else it is 1.
        dropout: Fraction of the weights set to zero in training.

    >>> layer = AdditiveAttention()
    >>> layer([ops.ones((1, 2, 3)), ops.ones((1, 4, 3))]).shape, layer.scale.shape
    ((1, 2, 3), (3,))
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        self._check_inputs(input_shape, None)
        if self.use_scale:
            self.scale = self.add_weight(
                shape=(input_shape[0][-1],), initializer="glorot_uniform", name="scale"
            )

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        total = ops.tanh(ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3)))
        return ops.sum(total if self.scale is None else ops.multiply(self.scale, total), axis=-1)


def _large(scores: Any) -> float:
    """A number that, subtracted from a score, leaves it no weight."""
    return 65504.0 if ops.dtype(scores) == "float16" else 1e9


def causal_mask(queries: int, keys: int) -> Any:
    """Booleans (1, queries, keys): true where the key is not later than the query."""
    rows, columns = ops.arange(queries), ops.arange(keys)
    return ops.greater_equal(ops.reshape(rows, (1, queries, 1)), ops.reshape(columns, (1, 1, keys)))


class HeadsAttention(Layer):
    """Base of attention with several heads: projections, masks and the attention itself.

    A subclass sets in its constructor ``num_heads``, the number of query heads, ``key_dim`` and
    ``value_dim``, their sizes; its ``build`` makes the projections and ``_axes``, the axes that are
    attended over.
    """

    supports_masking = True
    num_heads: int
    key_dim: int
    value_dim: int
    use_bias: bool
    use_gate: bool
    dropout: float
    sliding_window: int | None
    _output_shape: tuple[int, ...] | None = None
    _axes: tuple[int, ...] = (1,)
    _prefix = ""  # of the attributes with the projections: files name weights by attributes

    def _start(self, seed: int | None, part_regularizer: Any) -> None:
        """At the end of a constructor: the generator of dropout, the penalty of each projection."""
        self._part_regularizer = part_regularizer
        self.seed_generator = None
        if self.dropout:
            self.seed_generator = ops.random.SeedGenerator(seed)

    def _check_numbers(self, *names: str) -> None:
        """Raise an error unless the attributes are whole numbers above 0, or None where they may be."""
        for name in names:
            value = getattr(self, name)
            if value is None and name in ("value_dim", "sliding_window"):
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
                raise InputError(
                    f"{type(self).__name__}: {name} must be a positive whole number; got {value!r}."
                )

    def _keep(self, name: str, dense: EinsumDense) -> None:
        setattr(self, f"{self._prefix}{name}_dense", dense)

    def _dense(self, name: str) -> EinsumDense:
        return getattr(self, f"{self._prefix}{name}_dense")

    def _check_shapes(self, value_shape: Any, key_shape: Any) -> None:
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ShapeError(
                f"{type(self).__name__}: value and key must agree but for the last axis; got the shapes "
                f"{tuple(value_shape)} and {tuple(key_shape)}."
            )

    def _common(self, name: str) -> dict[str, Any]:
        parts = ("initializer", "regularizer", "constraint")
        names = [f"{weight}_{part}" for weight in ("kernel", "bias") for part in parts]
        out = {n: getattr(self, n) for n in names}
        return {
            **out,
            "activity_regularizer": self._part_regularizer,
            "dtype": self.dtype_policy,
            "name": name,
        }

    def _projection(
        self, name: str, shape: Any, heads: int, size: int, activation: Any = None
    ) -> EinsumDense:
        """(batch, ..., features) to (batch, ..., heads, size)."""
        free = string.ascii_lowercase[: len(shape) - 1]
        made = EinsumDense(
            f"{free}x,xyz->{free}yz", (*(None,) * (len(shape) - 2), heads, size),
            activation, "yz" if self.use_bias else None, **self._common(name),
        )  # fmt: skip
        made.supports_masking = True  # the masks of the inputs are used here, not lost
        made.build(tuple(shape))
        return made

    def _output_projection(self, shape: Any) -> EinsumDense:
        """(batch, ..., heads, size) to (batch, ..., output_shape)."""
        sizes = self._output_shape or (shape[-1],)
        free = string.ascii_lowercase[: len(shape) - 1]
        new = string.ascii_uppercase[: len(sizes)]
        made = EinsumDense(
            f"{free}yz,yz{new}->{free}{new}", (*(None,) * (len(shape) - 2), *sizes),
            bias_axes=new if self.use_bias else None, **self._common("attention_output"),
        )  # fmt: skip
        made.build((*shape[:-1], self.num_heads, self.value_dim))
        return made

    # --- masks -----------------------------------------------------------------------------------

    def _attention_mask(
        self, query: Any, value: Any, masks: Any, attention_mask: Any, causal: bool
    ) -> Any:
        """All masks as one, true where a query may attend to a key, or None."""
        query_mask, value_mask, key_mask = masks
        parts = [
            None if query_mask is None else ops.expand_dims(ops.cast(query_mask, "bool"), -1),
            None if value_mask is None else ops.expand_dims(ops.cast(value_mask, "bool"), -2),
            None if key_mask is None else ops.expand_dims(ops.cast(key_mask, "bool"), -2),
            causal_mask(query.shape[1], value.shape[1]) if causal else None,
            self._window_mask(query.shape[1], value.shape[1]),
        ]
        total = None
        for part in parts:
            if part is not None:
                total = part if total is None else ops.logical_and(total, part)
        if attention_mask is None:
            return total
        attention_mask = ops.cast(attention_mask, "bool")
        if total is None:
            return attention_mask
        if len(attention_mask.shape) > len(total.shape) >= 3:  # it has an axis of heads
            total = ops.expand_dims(total, -len(self._axes) * 2 - 1)
        return ops.logical_and(total, attention_mask)

    def _window_mask(self, queries: int, keys: int) -> Any:
        if self.sliding_window is None:
            return None
        rows, columns = (
            ops.reshape(ops.arange(queries), (1, queries, 1)),
            ops.reshape(ops.arange(keys), (1, 1, keys)),
        )
        return ops.less(ops.absolute(ops.subtract(rows, columns)), self.sliding_window)

    # --- calling ---------------------------------------------------------------------------------

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The attended values; with the weights if these are wanted."""
        key = value if key is None else key
        mask = self._attention_mask(
            query, value, (query_mask, value_mask, key_mask), attention_mask, use_causal_mask
        )  # fmt: skip
        output, scores = self._compute_attention(
            self._dense("query")(query), self._spread(self._dense("key")(key)),
            self._spread(self._dense("value")(value)), mask, training,
            return_attention_scores,
        )  # fmt: skip
        if self.use_gate:
            output = ops.multiply(output, self._dense("gate")(query))
        output = self._dense("output")(output)
        if query_mask is not None:
            set_mask(output, query_mask)
        return (output, scores) if return_attention_scores else output

    def _spread(self, x: Any) -> Any:
        """Projected keys or values, (batch, ..., heads, size), with a head for each of the query's."""
        return x

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: Any = None,
        return_attention_scores: bool = False,
    ) -> tuple[Any, Any]:
        """Attention of projected heads, (batch, ..., heads, size): output and weights (or None).

        Subclasses may replace it.
        """
        extra = len(self._axes) * 2 + 1
        scale = self.key_dim**-0.5
        if attention_mask is not None:
            missing = len(query.shape) - 1 + len(self._axes) - len(attention_mask.shape)
            for _ in range(missing):
                attention_mask = ops.expand_dims(attention_mask, -extra)
        if not self.dropout and not return_attention_scores and len(query.shape) == 4:
            return ops.dot_product_attention(
                query, key, value, mask=attention_mask, scale=scale
            ), None
        to_scores, to_output = _equations(len(query.shape), self._axes)
        scores = ops.einsum(to_scores, ops.multiply(query, scale), key)
        if attention_mask is not None:
            scores = ops.where(attention_mask, scores, -_large(scores))
        weights = ops.softmax(scores, axis=tuple(range(-len(self._axes), 0)))
        if attention_mask is not None:  # a query that may attend to nothing gets nothing
            weights = ops.where(attention_mask, weights, 0)
        used = weights
        if training and self.dropout:
            used = ops.random.dropout(weights, self.dropout, seed=self.seed_generator)
        return ops.einsum(to_output, used, value), weights

    def compute_mask(self, query: Any, previous_mask: Any) -> Any:
        """The mask of the query."""
        return previous_mask


class MultiHeadAttention(HeadsAttention):
    """Attention with several heads (Vaswani et al. 2017).

    Query, key and value are projected for each head; each head attends by scaled dot products; the
    results are projected together. Inputs ``query`` (batch, T, size), ``value`` (batch, S, size) and
    ``key``, the value by default; output (batch, T, size of the query, or `output_shape`).

    Args:
        num_heads: Number of heads.
        key_dim: Size of the projected queries and keys of a head.
        value_dim: Size of the projected values of a head; `key_dim` by default.
        dropout: Fraction of the attention weights set to zero in training.
        use_bias: Whether the projections have biases.
        output_shape: Size or sizes of the last axes of the output.
        attention_axes: Axes over which is attended; all between batch and features by default.
        sliding_window: Positions attend only to those less than this far away.
        flash_attention: Whether PyTorch does without the matrix of scores; other engines compute it.
        kernel_initializer, bias_initializer: How the weights of all projections start.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties of all projections.
        kernel_constraint, bias_constraint: Projections of the weights after each step.
        use_gate: Whether each head's output is multiplied by a sigmoid projection of the query.
        seed: Seed of the dropout.

    Call arguments: masks (batch, T) and (batch, S), ``query_mask``, ``value_mask``, ``key_mask``;
    ``attention_mask``, true where a query may attend to a key, (batch, T, S) or broadcastable to
    (batch, heads, T, S); ``return_attention_scores``, to return the weights (batch, heads, T, S)
    too; ``use_causal_mask``, to let no position attend to later ones.

    Weights: kernels and biases of ``query``, ``key``, ``value``, (``gate``) and ``attention_output``.

    >>> layer = MultiHeadAttention(num_heads=2, key_dim=4)
    >>> x = ops.ones((1, 5, 6))
    >>> layer(x, x).shape, layer.query_dense.kernel.shape
    ((1, 5, 6), (6, 2, 4))
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments = dict(locals())
        sizes = arguments.pop("output_shape")
        self.adopt(arguments)
        self._check_numbers("num_heads", "key_dim", "value_dim", "sliding_window")
        self.value_dim = value_dim or key_dim
        self._output_shape = (sizes,) if isinstance(sizes, int) else tuple(sizes) if sizes else None
        if isinstance(attention_axes, int):
            self.attention_axes = (attention_axes,)
        self._start(seed, arguments["activity_regularizer"])

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        self._check_shapes(value_shape, key_shape)
        rank = len(query_shape)
        axes = self.attention_axes
        self._axes = (
            tuple(range(1, rank - 1))
            if axes is None
            else tuple(a if a >= 0 else rank + a for a in axes)
        )
        self.query_dense = self._projection("query", query_shape, self.num_heads, self.key_dim)
        self.key_dense = self._projection("key", key_shape, self.num_heads, self.key_dim)
        if self.use_gate:
            self.gate_dense = self._projection(
                "gate", query_shape, self.num_heads, self.value_dim, "sigmoid"
            )
        self.value_dense = self._projection("value", value_shape, self.num_heads, self.value_dim)
        self.output_dense = self._output_projection(query_shape)


class GroupedQueryAttention(HeadsAttention):
    """Attention whose key and value heads are shared by groups of query heads (Ainslie et al. 2023).

    With as many key and value heads as query heads it is `MultiHeadAttention`, with one it is
    multi-query attention (Shazeer 2019). Inputs ``query`` (batch, T, size), ``value`` (batch, S, size)
    and ``key``, the value by default; output (batch, T, size of the query).

    Args:
        head_dim: Size of a head.
        num_query_heads: Number of query heads, a multiple of `num_key_value_heads`.
        num_key_value_heads: Number of key and value heads.
        dropout: Fraction of the attention weights set to zero in training.
        use_bias: Whether the projections have biases.
        sliding_window: Positions attend only to those less than this far away.
        flash_attention: Whether PyTorch does without the matrix of scores; other engines compute it.
        kernel_initializer, bias_initializer: How the weights of all projections start.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties of all projections.
        kernel_constraint, bias_constraint: Projections of the weights after each step.
        use_gate: Whether each head's output is multiplied by a sigmoid projection of the query.
        seed: Seed of the dropout.

    Call arguments and weights as in `MultiHeadAttention`; attention weights, if returned, are
    (batch, num_query_heads, T, S).

    >>> layer = GroupedQueryAttention(head_dim=4, num_query_heads=6, num_key_value_heads=2)
    >>> x = ops.ones((1, 5, 8))
    >>> tuple(layer(x, x).shape), [w.shape for w in layer.weights[:2]]
    ((1, 5, 8), [(8, 6, 4), (6, 4)])
    """

    _public_name = "GroupQueryAttention"
    _prefix = "_"

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._check_numbers("head_dim", "num_query_heads", "num_key_value_heads", "sliding_window")
        if num_query_heads % num_key_value_heads:
            raise InputError(
                "GroupQueryAttention: num_query_heads must be a multiple of num_key_value_heads; got "
                f"{num_query_heads} and {num_key_value_heads}."
            )
        self.num_heads, self.key_dim, self.value_dim = num_query_heads, head_dim, head_dim
        self._start(seed, activity_regularizer)

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        for name, shape in (("query", query_shape), ("value", value_shape), ("key", key_shape)):
            if len(shape) != 3:
                raise ShapeError(
                    f"GroupQueryAttention: {name} must be (batch, length, size); got the shape {tuple(shape)}."
                )
        self._check_shapes(value_shape, key_shape)
        few = self.num_key_value_heads
        heads, size = self.num_heads, self.key_dim
        self._keep("query", self._projection("query", query_shape, heads, size))
        self._keep("key", self._projection("key", key_shape, few, size))
        if self.use_gate:
            gate = self._projection("gate", query_shape, heads, size, "sigmoid")
            self._keep("gate", gate)
        self._keep("value", self._projection("value", value_shape, few, size))
        self._keep("output", self._output_projection(query_shape))

    def _spread(self, x: Any) -> Any:
        return ops.repeat(x, self.num_heads // self.num_key_value_heads, axis=2)


GroupQueryAttention = GroupedQueryAttention


def _equations(rank: int, axes: Sequence[int]) -> tuple[str, str]:
    """Einsum equations, scores and output, of heads (batch, ..., heads, size) attending over `axes`.

    Scores have the axes of the batch and those not attended over, the heads', then the queries'
    and the keys'.
    """
    query = string.ascii_lowercase[:rank]
    key = "".join(c.upper() if i in axes else c for i, c in enumerate(query))
    rest = "".join(c for i, c in enumerate(query[:-1]) if i not in axes)
    scores = rest + "".join(query[a] for a in axes) + "".join(key[a] for a in axes)
    return f"{query},{key}->{scores}", f"{scores},{key}->{query}"
