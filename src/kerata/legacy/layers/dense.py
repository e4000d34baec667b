"""Dense layers and activations with weights, of Keras 1 and of tf.keras's experiments.

They take the arguments that they had: ``output_dim``, ``init``, ``W_regularizer``, ``bias``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import activations, constraints, initializers, ops, regularizers
from ...errors import InputError, ShapeError
from ...initializers import RandomInitializer, RandomNormal, RandomUniform
from ...layers.core import Dense
from ...layers.input_spec import InputSpec
from ...layers.layer import Layer
from ..arguments import initializer, sequence_call
from ..positions import by_name, first_reading


class _Old(Layer):
    """Base of layers that keep the arguments of Keras 1 for weights ``W`` and ``b``."""

    def _weights_as(
        self, init: Any, activation: Any, penalties: Sequence[Any], bounds: Sequence[Any]
    ) -> None:
        self.init = initializers.get(initializer(init))
        self.activation = activations.get(activation)
        self.W_regularizer, self.b_regularizer = (regularizers.get(p) for p in penalties)
        self.W_constraint, self.b_constraint = (constraints.get(b) for b in bounds)

    def _kernel(self, name: str, shape: Sequence[int]) -> Any:
        return self.add_weight(
            shape, self.init, name=name, regularizer=self.W_regularizer, constraint=self.W_constraint
        )  # fmt: skip

    def _bias(self, name: str, shape: Sequence[int], start: str = "zeros") -> Any:
        return self.add_weight(
            shape, start, name=name, regularizer=self.b_regularizer, constraint=self.b_constraint
        )

    def _features(self, input_shape: Sequence[int | None]) -> int:
        size = input_shape[-1]
        if size is None:
            raise ShapeError(
                f"{type(self).__name__} needs to know the number of features, the last axis of its input; got the "
                f"shape {tuple(input_shape)}."
            )
        self.input_spec = InputSpec(ndim=2, axes={-1: size})
        return size


class Highway(_Old):
    """A dense layer with a gate past it (Srivastava, Greff, Schmidhuber, arXiv:1505.00387).

    ``t * activation(x @ W + b) + (1 - t) * x`` with ``t = sigmoid(x @ W_carry + b_carry)``; input and
    output are (batch, n).

    Args:
        init: Initial values of ``W`` and ``W_carry``, (n, n).
        activation: Function of the dense part; none by default.
        weights: Initial values of all weights: W, W_carry, b, b_carry.
        W_regularizer, b_regularizer, activity_regularizer: Penalties.
        W_constraint, b_constraint: Projections after each step.
        bias: Whether there are biases. That of the gate starts with ones.

    >>> Highway(init="zero", bias=False)(np.array([[2.0, 4.0]])).tolist()
    [[1.0, 2.0]]
    """

    def __init__(
        self,
        init: Any = "glorot_uniform",
        activation: Any = None,
        weights: Any = None,
        W_regularizer: Any = None,
        b_regularizer: Any = None,
        activity_regularizer: Any = None,
        W_constraint: Any = None,
        b_constraint: Any = None,
        bias: bool = True,
        input_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            activity_regularizer=activity_regularizer, weights=weights, input_dim=input_dim, **kwargs
        )  # fmt: skip
        self._weights_as(
            init, activation, (W_regularizer, b_regularizer), (W_constraint, b_constraint)
        )
        self.use_bias = bias
        self.input_spec = InputSpec(ndim=2)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights."""
        n = self._features(input_shape)
        self.W, self.W_carry = self._kernel("W", (n, n)), self._kernel("W_carry", (n, n))
        self.b = self._bias("b", (n,)) if self.use_bias else None
        self.b_carry = self._bias("b_carry", (n,), "ones") if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        """The dense part and the input, mixed by the gate."""
        gate, y = ops.matmul(inputs, self.W_carry), ops.matmul(inputs, self.W)
        if self.use_bias:
            gate, y = ops.add(gate, self.b_carry), ops.add(y, self.b)
        gate = ops.sigmoid(gate)
        part = ops.multiply(gate, self.activation(y))
        return ops.add(part, ops.multiply(ops.subtract(1, gate), inputs))


class MaxoutDense(_Old):
    """The largest of several dense layers, unit by unit (Goodfellow et al., arXiv:1302.4389).

    Input (batch, n), output (batch, output_dim).

    Args:
        output_dim: Number of units.
        nb_feature: Number of dense layers.
        init: Initial values of ``W``, (nb_feature, n, output_dim).
        weights: Initial values of all weights.
        W_regularizer, b_regularizer, activity_regularizer: Penalties.
        W_constraint, b_constraint: Projections after each step.
        bias: Whether there are biases ``b``, (nb_feature, output_dim).

    >>> layer = MaxoutDense(1, 2, weights=[np.array([[[1.0]], [[-1.0]]])], bias=False)
    >>> layer(np.array([[-3.0]])).tolist()
    [[3.0]]
    """

    def __init__(
        self,
        output_dim: int,
        nb_feature: int = 4,
        init: Any = "glorot_uniform",
        weights: Any = None,
        W_regularizer: Any = None,
        b_regularizer: Any = None,
        activity_regularizer: Any = None,
        W_constraint: Any = None,
        b_constraint: Any = None,
        bias: bool = True,
        input_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            activity_regularizer=activity_regularizer, weights=weights, input_dim=input_dim, **kwargs
        )  # fmt: skip
        self._weights_as(init, None, (W_regularizer, b_regularizer), (W_constraint, b_constraint))
        self.output_dim, self.nb_feature, self.use_bias = output_dim, nb_feature, bias
        self.input_spec = InputSpec(ndim=2)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights."""
        n = self._features(input_shape)
        self.W = self._kernel("W", (self.nb_feature, n, self.output_dim))
        self.b = self._bias("b", (self.nb_feature, self.output_dim)) if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        """The maximum over the dense layers."""
        y = ops.einsum("bn,kno->bko", inputs, self.W)
        return ops.max(y if self.b is None else ops.add(y, self.b), axis=1)


class TimeDistributedDense(Dense):
    """A dense layer over each step of (batch, steps, n), of Keras 1: what `Dense` does by itself today.

    >>> TimeDistributedDense(4, input_dim=3, input_length=5).compute_output_shape((None, 5, 3))
    (None, 5, 4)
    """

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        if len(args) > 1:
            read = first_reading(Dense, args, kwargs)
            if read is not None:
                args, kwargs = (), by_name(Dense, args, read)
        return sequence_call(args, kwargs) if "input_dim" in kwargs else (args, kwargs)


# --- activations --------------------------------------------------------------------------------


def _shared_shape(input_shape: Sequence[int | None], shared_axes: Any) -> tuple[Any, ...]:
    """One weight for each unit; 1 along the axes that share theirs."""
    shared = [shared_axes] if isinstance(shared_axes, int) else list(shared_axes or [])
    rank = len(input_shape)
    return tuple(1 if i in {a % rank for a in shared} else input_shape[i] for i in range(1, rank))


class ParametricSoftplus(Layer):
    """``alpha * log(1 + exp(beta * x))`` with trained alpha and beta for each unit (Keras 1).

    Args:
        alpha_init, beta_init: Numbers that they start with.
        weights: Initial values of alpha and beta.
        shared_axes: Axes along which one pair serves all.

    >>> round(float(ParametricSoftplus(0.5, 2.0)(np.array([[0.0]]))[0, 0]), 4)
    0.3466
    """

    supports_masking = True

    def __init__(
        self,
        alpha_init: float = 0.2,
        beta_init: float = 5.0,
        weights: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(weights=weights, **kwargs)
        self.alpha_init, self.beta_init, self.shared_axes = alpha_init, beta_init, shared_axes

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make alpha and beta."""
        shape = _shared_shape(input_shape, self.shared_axes)
        self.alphas = self.add_weight(shape, initializers.Constant(self.alpha_init), name="alphas")
        self.betas = self.add_weight(shape, initializers.Constant(self.beta_init), name="betas")

    def call(self, inputs: Any) -> Any:
        """The function."""
        return ops.multiply(self.alphas, ops.softplus(ops.multiply(self.betas, inputs)))


class SReLU(Layer):
    """A rectifier in the form of an S, with four trained numbers for each unit (Jin et al., arXiv:1512.07030).

    ``x`` between ``t_left`` and ``t = t_left + |t_right|``; on the left ``t_left + a_left * (x - t_left)``,
    on the right ``t + a_right * (x - t)``.

    Args:
        t_left_init, a_left_init, t_right_init, a_right_init: Initial values.
        shared_axes: Axes along which the same numbers serve all.

    >>> layer = SReLU("zero", "zero", "one", "one")
    >>> layer(np.array([[-2.0, 0.5, 3.0]])).tolist()
    [[0.0, 0.5, 3.0]]
    """

    supports_masking = True

    def __init__(
        self,
        t_left_init: Any = "zero",
        a_left_init: Any = "glorot_uniform",
        t_right_init: Any = "glorot_uniform",
        a_right_init: Any = "one",
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        starts = {
            "t_left": t_left_init, "a_left": a_left_init,
            "t_right": t_right_init, "a_right": a_right_init,
        }  # fmt: skip
        self._starts = {k: initializers.get(initializer(v)) for k, v in starts.items()}
        self.shared_axes = shared_axes

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the four weights."""
        shape = _shared_shape(input_shape, self.shared_axes)
        for name, start in self._starts.items():
            setattr(self, name, self.add_weight(shape, start, name=name))

    def call(self, inputs: Any) -> Any:
        """The function."""
        left: Any = self.t_left
        width = ops.absolute(self.t_right)
        x = ops.subtract(inputs, left)
        middle = ops.minimum(ops.relu(x), width)
        below = ops.multiply(self.a_left, ops.relu(ops.negative(x)))
        above = ops.multiply(self.a_right, ops.relu(ops.subtract(x, width)))
        return ops.add(ops.subtract(ops.add(left, middle), below), above)


class _Cauchy(RandomInitializer):
    """Numbers of the standard Cauchy distribution."""

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        return np.tan(np.pi * (rng.random(shape) - 0.5)).astype(dtype)


class RandomFourierFeatures(Layer):
    """Random cosines whose products come near a kernel function (Rahimi, Recht, 2007).

    ``cos(x @ kernel / scale + bias)`` for inputs (batch, n), with a random kernel and a bias within 0 and
    2 pi. A linear model of this is near a kernel machine.

    Args:
        output_dim: Number of features.
        kernel_initializer: ``gaussian``, ``laplacian``, or an initializer of the kernel (n, output_dim).
        scale: Width of the kernel function: ``sqrt(n / 2)`` by default for ``gaussian``, else 1.
        trainable: Whether the scale is trained; nothing else is.

    >>> RandomFourierFeatures(16).compute_output_shape((None, 3))
    (None, 16)
    """

    def __init__(
        self,
        output_dim: int,
        kernel_initializer: Any = "gaussian",
        scale: float | None = None,
        trainable: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        if output_dim <= 0:
            raise InputError(
                f"RandomFourierFeatures: output_dim must be above 0, got {output_dim}."
            )
        if scale is not None and scale <= 0:
            raise InputError(f"RandomFourierFeatures: scale must be above 0, got {scale}.")
        kinds = {"gaussian": RandomNormal(stddev=1.0), "laplacian": _Cauchy()}
        self._kind = kernel_initializer.lower() if isinstance(kernel_initializer, str) else None
        if self._kind is not None and self._kind not in kinds:
            raise InputError(
                f"RandomFourierFeatures: kernel_initializer must be 'gaussian', 'laplacian' or an initializer, got "
                f"{kernel_initializer!r}."
            )
        self.output_dim, self.scale = output_dim, scale
        self._start = kinds[self._kind] if self._kind else initializers.get(kernel_initializer)
        self.input_spec = InputSpec(ndim=2)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make kernel, bias and scale."""
        n: Any = input_shape[-1]
        if n is None:
            raise ShapeError(
                "RandomFourierFeatures needs to know the number of features of its input."
            )
        self.input_spec = InputSpec(ndim=2, axes={1: n})
        self.unscaled_kernel = self.add_weight(
            (n, self.output_dim), self._start, name="unscaled_kernel", trainable=False
        )
        self.bias = self.add_weight(
            (self.output_dim,), RandomUniform(0.0, 2 * math.pi), name="bias", trainable=False
        )
        scale = self.scale
        if scale is None:
            scale = math.sqrt(n / 2) if self._kind == "gaussian" else 1.0
        self.kernel_scale = self.add_weight(
            (1,), initializers.Constant(scale), name="kernel_scale", constraint="non_neg"
        )

    def call(self, inputs: Any) -> Any:
        """The cosines."""
        kernel = ops.divide(self.unscaled_kernel, self.kernel_scale)
        return ops.cos(ops.add(ops.matmul(inputs, kernel), self.bias))
