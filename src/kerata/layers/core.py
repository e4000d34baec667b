"""Dense layers, embeddings, masking, and functions as layers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import graph, ops, tree
from ..engine import engine
from ..errors import InputError, ShapeError, SymbolsWantedError
from ..initializers import VarianceScaling
from ..scope import get_mask, set_mask
from ..spec import Spec
from .calls import is_shape
from .input_spec import InputSpec
from .layer import Layer
from .lora import LoraLayer, no_quantization


def _count(value: Any, name: str, where: str) -> int:
    """A whole number above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
        raise InputError(f"{where}: {name} must be a whole number above 0, got {value!r}.")
    return int(value)


class Dense(LoraLayer):
    """Fully connected layer: ``activation(x @ kernel + bias)`` over the last axis.

    Input (batch, ..., n), output (batch, ..., units).

    Args:
        units: Size of the output.
        activation: Function of the result; none by default.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial values of kernel (n, units) and bias (units,).
        kernel_regularizer, bias_regularizer: Penalties on them.
        activity_regularizer: Penalty on the output.
        kernel_constraint, bias_constraint: Projections of them after each step.
        lora_rank: Rank of a low-rank adaptation of a frozen kernel; see `LoraLayer`.
        lora_alpha: Its factor times `lora_rank`.
        quantization_config: Not supported.

    >>> layer = Dense(2, kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0, 3.0]])).tolist()
    [[6.0, 6.0]]
    """

    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        no_quantization(quantization_config, "Dense")
        self.adopt(locals())
        self.units = _count(units, "units", "Dense")
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Sequence[int | None]) -> None:
        n: Any = input_shape[-1]
        self.kernel = self.weight("kernel", (n, self.units))
        self.bias = self.weight("bias", (self.units,)) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: n})
        self._start_lora()

    def call(self, inputs: Any) -> Any:
        y = ops.matmul(inputs, self.adapted())
        if self.bias is not None:
            y = ops.add(y, self.bias)
        return self.activation(y)


_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


class EinsumDense(LoraLayer):
    """A dense layer over any axes: ``activation(einsum(equation, x, kernel) + bias)``.

    Args:
        equation: Such as ``"abc,cd->abd"``. Input and output may begin, or end, with ``...`` for
            any further axes.
        output_shape: Sizes of the output's named axes, without the batch axis unless ``...``
            stands for it; ``None`` for sizes that are the input's.
        activation: Function of the result; none by default.
        bias_axes: Letters of the output's axes that the bias runs over; none, no bias.
        kernel_initializer, bias_initializer: Initial values.
        kernel_regularizer, bias_regularizer: Penalties.
        kernel_constraint, bias_constraint: Projections after each step.
        lora_rank, lora_alpha: See `Dense`.
        gptq_unpacked_column_size, quantization_config: Not supported.

    >>> layer = EinsumDense("abc,cd->abd", output_shape=(None, 4), bias_axes="d")
    >>> layer.compute_output_shape((None, 10, 3))
    (None, 10, 4)
    """

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        no_quantization(quantization_config, "EinsumDense")
        arguments = dict(locals())
        sizes = arguments.pop("output_shape")
        self.adopt(arguments)
        self.partial_output_shape = (sizes,) if isinstance(sizes, int) else tuple(sizes)

    def build(self, input_shape: Sequence[int | None]) -> None:
        plan = _EinsumPlan(self.equation, self.bias_axes, input_shape, self.partial_output_shape)
        self.input_spec = InputSpec(ndim=len(input_shape))
        initializer = self.kernel_initializer
        if isinstance(initializer, VarianceScaling) and initializer.input_axes is None:
            initializer = initializer.with_axes(plan.input_axes, plan.output_axes)
        self.kernel = self.weight("kernel", plan.kernel_shape, initializer=initializer)
        self.bias = None if plan.bias_shape is None else self.weight("bias", plan.bias_shape)
        self._start_lora()

    def call(self, inputs: Any) -> Any:
        y = ops.einsum(self.equation, inputs, self.adapted())
        if self.bias is not None:
            y = ops.add(y, self.bias)
        return self.activation(y)


class _EinsumPlan:
    """Shapes of the weights of an `EinsumDense`, from its equation and the shape of its input."""

    def __init__(
        self,
        equation: str,
        bias_axes: str | None,
        input_shape: Sequence[int | None],
        partial: Sequence,
    ) -> None:
        found = _EQUATION.fullmatch(equation)
        if found is None or found[1] != found[5] or found[3] != found[7] or (found[1] and found[3]):
            raise InputError(
                f"EinsumDense cannot read the equation {equation!r}. It needs the form 'ab,bc->ac', "
                "'...b,bc->...c' or 'ab...,bc->ac...'."
            )
        left, self.inputs, right, self.kernel, _, self.output, _ = found.groups()
        self.equation = equation
        self.rest = len(input_shape) - len(self.inputs)
        if self.rest < 0 or (self.rest and not left and not right):
            raise ShapeError(
                f"EinsumDense: {equation!r} does not fit an input of shape {tuple(input_shape)}."
            )
        named = input_shape[self.rest :] if left else input_shape[: len(self.inputs)]
        self.sizes = dict(zip(self.inputs, named))
        self._add_output(partial if left else (input_shape[0], *partial))
        self.kernel_shape = tuple(self._size(c) for c in self.kernel)
        self.output_axes = [i for i, c in enumerate(self.kernel) if c in self.output]
        self.input_axes = [i for i, c in enumerate(self.kernel) if c not in self.output]
        self.bias_shape = self._bias(bias_axes, bool(right))

    def _add_output(self, given: Sequence[int | None]) -> None:
        if len(given) != len(self.output):
            raise ShapeError(
                f"EinsumDense: the output of {self.equation!r} has {len(self.output)} named axes, but its "
                f"shape with the batch axis is {tuple(given)}."
            )
        for c, d in zip(self.output, given):
            have = self.sizes.get(c)
            if d is not None and have is not None and d != have:
                raise ShapeError(
                    f"EinsumDense: axis {c!r} has the size {have} in the input, {d} in output_shape."
                )
            if c not in self.inputs and c not in self.kernel:
                raise InputError(
                    f"EinsumDense: axis {c!r} of the output is in neither operand of {self.equation!r}."
                )
            self.sizes[c] = have if d is None else d

    def _size(self, c: str) -> int:
        size = self.sizes.get(c)
        if size is None:
            raise ShapeError(
                f"EinsumDense: the size of the kernel's axis {c!r} in {self.equation!r} is not known. "
                "Give it in output_shape, or in the shape of the input."
            )
        return size

    def _bias(self, axes: str | None, right: bool) -> tuple[int, ...] | None:
        if axes is None:
            return None
        for c in axes:
            if c not in self.output:
                raise InputError(
                    f"EinsumDense: bias_axes has {c!r}, which the output of {self.equation!r} lacks."
                )
        first = min(self.output.find(c) for c in axes)
        shape = tuple(self._size(c) if c in axes else 1 for c in self.output[first:])
        return shape + (1,) * (self.rest if right else 0)


class Embedding(LoraLayer):
    """Turns integers into vectors: row i of a trained table for the integer i.

    Input of any shape with integers from 0 to ``input_dim - 1``, output with one more axis of size
    `output_dim`.

    Args:
        input_dim: Number of different integers.
        output_dim: Size of a vector.
        embeddings_initializer: Initial values of the table.
        embeddings_regularizer: Penalty on it.
        embeddings_constraint: Projection of it after each step.
        mask_zero: Whether 0 stands for padding, which is masked in the layers that follow.
        weights: The table itself, an array (input_dim, output_dim) or a list of it.
        lora_rank, lora_alpha: See `Dense`.
        quantization_config: Not supported.

    >>> layer = Embedding(3, 2, weights=[np.arange(6).reshape(3, 2)])
    >>> layer(np.array([2, 0])).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """

    main_weight = "embeddings"

    usual_input = ((None,), "int32")

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        if weights is not None and not isinstance(weights, (list, tuple)):
            weights = [weights]
        super().__init__(weights=weights, **kwargs)
        no_quantization(quantization_config, "Embedding")
        arguments = dict(locals())
        del arguments["weights"]
        self.adopt(arguments)
        self.input_dim = _count(input_dim, "input_dim", "Embedding")
        self.output_dim = _count(output_dim, "output_dim", "Embedding")
        self.supports_masking = bool(mask_zero)
        self.autocast = False
        if weights is not None:
            self.build()

    def build(self, input_shape: Any = None) -> None:
        self.embeddings = self.weight("embeddings", (self.input_dim, self.output_dim))
        self._start_lora()

    def check_indices(self, indices: np.ndarray) -> None:
        """Raise an error if integers of an array have no row in the table."""
        indices = np.asarray(indices)
        if indices.size == 0:
            return
        low, high = indices.min(), indices.max()
        if low >= 0 and high < self.input_dim:
            return
        bad = int(low if low < 0 else high)
        text = (
            f"Embedding layer {self.name!r} got the index {bad}; it takes 0 to {self.input_dim - 1} "
            f"(input_dim={self.input_dim}, output_dim={self.output_dim})."
        )
        if bad < 0:
            raise InputError(
                f"{text} Indices count from 0: look for a marker such as -1 in the data."
            )
        if bad < self.output_dim:
            raise InputError(
                f"{text} The arguments may be swapped: the first is the number of different integers, the "
                f"second the size of a vector. Embedding({self.output_dim}, {self.input_dim}) takes this data."
            )
        raise InputError(
            f"{text} input_dim must be the largest index plus 1 (here {bad + 1}); or limit the data, e.g. "
            "with num_words=."
        )

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, Spec) and not engine().is_tracing(inputs):
            self.check_indices(inputs)
        if ops.dtype(inputs) not in ("int32", "int64"):
            inputs = ops.cast(inputs, "int32")
        return ops.cast(ops.take(self.adapted(), inputs, axis=0), self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where the index is not 0, with `mask_zero`."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        """The arguments, without the weights."""
        config = super().get_config()
        config.pop("weights", None)
        return config


class ReversibleEmbedding(Embedding):
    """An `Embedding` that also goes backwards: from vectors to a score for each integer.

    Called with ``reverse=True`` on vectors (..., output_dim) it gives scores (..., input_dim): the
    vectors times the transposed table (Press and Wolf 2017), or times a weight of its own.

    Args:
        input_dim: Number of different integers.
        output_dim: Size of a vector.
        tie_weights: Whether the way back uses the table; else the weight ``reverse_embeddings``
            (output_dim, input_dim).
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: Of the table, as in
            `Embedding`.
        mask_zero: Whether 0 stands for padding.
        reverse_dtype: dtype of the way back; by default that of the product of vectors and table.
        logit_soft_cap: Limit c of the scores, which become ``c * tanh(scores / c)``.

    >>> layer = ReversibleEmbedding(3, 2, weights=[np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])])
    >>> layer(layer(np.array([2])), reverse=True).tolist()
    [[1.0, 1.0, 2.0]]
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.tie_weights = tie_weights  # what the base builds at once, if it is given the weights
        super().__init__(
            input_dim, output_dim, embeddings_initializer, embeddings_regularizer,
            embeddings_constraint, mask_zero, **kwargs,
        )  # fmt: skip
        self.reverse_dtype = reverse_dtype
        self.logit_soft_cap = logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        """Make the table, and the weight of the way back unless it is the table."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
                name="reverse_embeddings",
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """Vectors for integers; with `reverse` scores for vectors."""
        if not reverse:
            vectors = super().call(inputs)
            if self.mask_zero:
                set_mask(vectors, super().compute_mask(inputs))
            return vectors
        if self.tie_weights:
            kernel = ops.transpose(self.adapted())
        else:
            kernel = self.reverse_embeddings
        if self.reverse_dtype is not None:
            inputs, kernel = (
                ops.cast(inputs, self.reverse_dtype),
                ops.cast(kernel, self.reverse_dtype),
            )
        scores = ops.matmul(inputs, kernel)
        if self.logit_soft_cap is not None:
            cap = self.logit_soft_cap
            scores = ops.multiply(ops.tanh(ops.divide(scores, cap)), cap)
        return scores

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: ``call`` attaches the mask, which only the way forward has."""
        return None


class Masking(Layer):
    """Masks the time steps in which every feature has the value `mask_value`.

    Input (batch, time, features); the output is the same with masked steps set to 0, and layers
    that follow skip them.

    >>> Masking()(np.array([[[0.0, 0.0], [0.0, 2.0]]])).tolist()
    [[[0.0, 0.0], [0.0, 2.0]]]
    """

    supports_masking = True

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True for steps with any feature that is not `mask_value`."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        used = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return ops.where(used, inputs, 0)


class Identity(Layer):
    """Returns its input, which may be nested, unchanged.

    >>> Identity()(ops.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs


class Lambda(Layer):
    """A function of tensors as a layer.

    A subclass of `Layer` or a named, registered function saves better than a Python lambda, which
    a file can hold only as compiled code.

    Args:
        function: Takes the input, and `mask` and `training` where it has arguments of those names.
        output_shape: Shape of a sample of the output, or a function from the input's shape to the
            output's; found by running `function` by default.
        mask: The mask of the output, or a function ``(inputs, mask)`` that gives it.
        arguments: More keyword arguments for `function`.

    >>> Lambda(lambda x: x**2)(np.array([3.0])).tolist()
    [9.0]
    """

    def __init__(
        self,
        function: Callable,
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise InputError(f"Lambda: function must be callable, got {type(function).__name__}.")
        self.function, self.mask, self.arguments = function, mask, arguments or {}
        self._declared_shape = output_shape
        self.supports_masking = mask is not None
        names = _argument_names(function)
        self._passes = [n for n in ("mask", "training") if n in names and n not in self.arguments]

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{n: given[n] for n in self._passes})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The constructor's `mask`, or what it returns if it is a function."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The declared shape, or the one that `function` gives."""
        declared = self._declared_shape
        if declared is None:
            return super().compute_output_shape(input_shape)
        if callable(declared):
            return declared(input_shape)
        batch = input_shape[0] if is_shape(input_shape) else input_shape[0][0]
        return (batch, *declared) if is_shape(declared) else [(batch, *s) for s in declared]

    def _call_symbolic(self, args: tuple, kwargs: dict) -> Any:
        try:
            return super()._call_symbolic(args, kwargs)
        except SymbolsWantedError:
            # A function that derives its input needs the graph around it: its calls become nodes.
            given = {n: kwargs.get(n) for n in self._passes}
            out = self.function(*args, **self.arguments, **given)
            return out[0] if isinstance(out, (list, tuple)) and len(out) == 1 else out

    def _infer(self, args: tuple, kwargs: dict) -> Any:
        if self._declared_shape is None:
            return graph.infer(self._run_abstract, args, kwargs)
        declared = self._declared_spec(args, kwargs)
        try:
            # What the function gives tells the dtype, and which tensors from outside it uses.
            found = graph.infer(self._run_abstract, args, kwargs)
        except SymbolsWantedError:
            raise
        except Exception:
            return declared
        pairs = list(zip(tree.flatten(declared), tree.flatten(found)))
        same = len(tree.flatten(declared)) == len(tree.flatten(found)) and all(map(_agree, pairs))
        return (
            tree.pack_sequence_as(declared, [_joined(*p) for p in pairs]) if same else declared
        )


def _argument_names(function: Callable) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some functions of extension modules have no signature
        return []


def _agree(pair: tuple[Any, Any]) -> bool:
    """Whether a declared Spec and the one that was found may be of one tensor."""
    declared, found = pair
    return isinstance(found, Spec) and len(declared.shape) == len(found.shape) and all(
        None in (a, b) or a == b for a, b in zip(declared.shape, found.shape)
    )  # fmt: skip


def _joined(declared: Spec, found: Spec) -> Spec:
    """A Spec of the sizes that either knows."""
    shape = tuple(a if b is None else b for a, b in zip(declared.shape, found.shape))
    both = Spec(shape, found.dtype)
    set_mask(both, get_mask(found))
    return both
