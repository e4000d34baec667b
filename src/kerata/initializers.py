"""Initial values of weights, made on the host: a seed gives the same ones on any engine.

A random initializer without a seed takes the next stream of the global generator (`kerata.rng`)
when a weight is made; one with an int as seed gives the same values at every call.
"""

from __future__ import annotations

import copy
import functools
import inspect
import math
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtypes, rng
from .capture import Configurable
from .errors import ShapeError
from .graph import snake
from .serialization import deserialize_keras_object, lookup, serialize_keras_object

# Standard deviation of the standard normal distribution cut off at two deviations.
_TRUNCATED_STD = 0.87962566103423978
# Second half of the key of streams with a seed of their own, apart from the global generator's.
_OWN = 2**64 - 1


class Initializer(Configurable):
    """Base of the initializers.

    A subclass defines ``sample(shape, dtype, rng)``, which returns a NumPy array; one of a user's
    may instead define ``__call__(shape, dtype=None)`` with any ops.

    >>> class Halves(Initializer):
    ...     def sample(self, shape, dtype, rng):
    ...         return np.full(shape, 0.5, dtype)
    >>> Halves()((2,)).tolist()
    [0.5, 0.5]
    """

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        """The values, out of the random numbers of `rng`.

        `dtype` is a type that NumPy has: for the half-precision types it is ``float32``.
        """
        raise NotImplementedError(f"{type(self).__name__} defines neither sample nor __call__.")

    def prepare(self, shape: Sequence[int], dtype: Any = None) -> Callable[[], Any]:
        """Take the number of a random stream now; return a function that makes the values later."""
        size = tuple(int(d) for d in shape)
        kind = dtypes.standardize(dtype)
        if type(self).__call__ is not Initializer.__call__:
            return lambda: self(size, dtype=kind)
        stream = self._stream()
        host = "float32" if kind in ("float16", "bfloat16") or kind.startswith("float8") else kind
        return lambda: self.sample(size, host, _generator(stream))

    def _stream(self) -> tuple[int, int] | int:
        """What `_generator` needs; nothing is random in this class."""
        return (0, _OWN)

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        """A tensor of that shape; of ``floatx()`` by default."""
        from .engine import engine

        kind = dtypes.explicit(dtype) if dtype is not None else dtypes.standardize(None)
        return engine().asarray(self.prepare(shape, kind)(), kind)

    def clone(self) -> Initializer:
        """An initializer with the same settings."""
        return copy.copy(self)


def _generator(stream: tuple[int, int] | int) -> np.random.Generator:
    if isinstance(stream, int):
        return rng.generator(stream)
    return np.random.Generator(np.random.Philox(key=np.array(stream, np.uint64)))


class Zeros(Initializer):
    """All zeros.

    >>> Zeros()((2,)).tolist()
    [0.0, 0.0]
    """

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        return np.zeros(shape, dtype)


class Ones(Initializer):
    """All ones.

    >>> Ones()((2,)).tolist()
    [1.0, 1.0]
    """

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        return np.ones(shape, dtype)


class Constant(Initializer):
    """One number everywhere, or the elements of an array that broadcasts to the shape.

    >>> Constant(3)((2,)).tolist()
    [3.0, 3.0]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        return np.broadcast_to(np.asarray(self.value, dtype), shape).copy()


class Identity(Initializer):
    """The identity matrix times `gain`; for shapes of two axes.

    >>> Identity()((2, 3)).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        if len(shape) != 2:
            raise ShapeError(f"Identity makes matrices: the shape needs two axes, got {shape}.")
        return (self.gain * np.eye(*shape)).astype(dtype)


class RandomInitializer(Initializer):
    """Base of the initializers with a seed.

    Args:
        seed: An int for the same values at every call, a `SeedGenerator` for new but repeatable
            ones, ``None`` for those of the global generator.

    >>> isinstance(RandomNormal(), RandomInitializer)
    True
    """

    def __init__(self, seed: Any = None) -> None:
        if (
            seed is not None
            and not isinstance(seed, (int, np.integer))
            and not hasattr(seed, "next")
        ):
            raise ValueError(f"seed must be an int, a SeedGenerator or None, got {seed!r}.")
        self.seed = seed

    def _stream(self) -> tuple[int, int] | int:
        if self.seed is None:
            return rng.next_stream()
        if isinstance(self.seed, (int, np.integer)):
            return (int(self.seed) & (2**64 - 1), _OWN)
        low, high = (int(v) for v in np.asarray(self.seed.next()).ravel()[:2])
        return (low | high << 32, _OWN - 1)


def _uniform(
    shape: tuple, low: float, high: float, dtype: str, rng: np.random.Generator
) -> np.ndarray:
    kind = _drawn(dtype)
    return (rng.random(shape, kind) * kind.type(high - low) + kind.type(low)).astype(dtype)


def _normal(
    shape: tuple, mean: float, std: float, dtype: str, rng: np.random.Generator
) -> np.ndarray:
    kind = _drawn(dtype)
    return (rng.standard_normal(shape, kind) * kind.type(std) + kind.type(mean)).astype(dtype)


def _truncated(
    shape: tuple, mean: float, std: float, dtype: str, rng: np.random.Generator
) -> np.ndarray:
    kind = _drawn(dtype)
    values = rng.standard_normal(math.prod(shape), kind)
    outside = np.flatnonzero(np.abs(values) > 2)
    while outside.size:
        values[outside] = rng.standard_normal(outside.size, kind)
        outside = outside[np.abs(values[outside]) > 2]
    return (values.reshape(shape) * kind.type(std) + kind.type(mean)).astype(dtype)


def _drawn(dtype: str) -> np.dtype:
    return np.dtype("float64" if dtype in ("float64", "complex128") else "float32")


class RandomNormal(RandomInitializer):
    """Numbers of the normal distribution.

    >>> tuple(RandomNormal(stddev=0.1, seed=1)((2, 2)).shape)
    (2, 2)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        return _normal(shape, self.mean, self.stddev, dtype, rng)


class RandomUniform(RandomInitializer):
    """Numbers equally likely between `minval` and `maxval`.

    >>> float(abs(RandomUniform(seed=1)((100,))).max()) <= 0.05
    True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        return _uniform(shape, self.minval, self.maxval, dtype, rng)


class TruncatedNormal(RandomInitializer):
    """Numbers of the normal distribution, those beyond two deviations drawn anew.

    >>> float(abs(TruncatedNormal(stddev=1.0, seed=1)((100,))).max()) <= 2
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        return _truncated(shape, self.mean, self.stddev, dtype, rng)


_DISTRIBUTIONS = ("uniform", "truncated_normal", "untruncated_normal")


class VarianceScaling(RandomInitializer):
    """Random numbers with the variance ``scale / n``, where n is the number of inputs or outputs.

    Args:
        scale: Factor of the variance.
        mode: What n is: ``fan_in`` the inputs of a unit, ``fan_out`` the outputs, ``fan_avg`` their
            mean.
        distribution: ``truncated_normal`` (also called ``normal``), ``untruncated_normal`` or
            ``uniform``.
        seed: See `RandomInitializer`.
        input_axes, output_axes: Axes of the weight that run over inputs and over outputs; by
            default the last but one and the last, all before them being a receptive field.

    >>> tuple(VarianceScaling(2.0, seed=0)((3, 4)).shape)
    (3, 4)
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        distribution = {"normal": "truncated_normal"}.get(
            distribution.lower(), distribution.lower()
        )
        if scale <= 0:
            raise ValueError(f"{type(self).__name__}: scale must be above 0, got {scale}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"Unknown mode {mode!r}. Expected 'fan_in', 'fan_out' or 'fan_avg'.")
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(
                f"Unknown distribution {distribution!r}. Expected one of {_DISTRIBUTIONS}."
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        std = math.sqrt(self.scale / max(1.0, fan))
        if self.distribution == "uniform":
            limit = math.sqrt(3) * std
            return _uniform(shape, -limit, limit, dtype, rng)
        if self.distribution == "untruncated_normal":
            return _normal(shape, 0.0, std, dtype, rng)
        return _truncated(shape, 0.0, std / _TRUNCATED_STD, dtype, rng)

    def with_axes(self, input_axes: Sequence[int], output_axes: Sequence[int]) -> VarianceScaling:
        """The same initializer for a weight whose inputs and outputs are on these axes."""
        made = copy.copy(self)
        made.input_axes, made.output_axes = input_axes, output_axes
        return made

    def get_config(self) -> dict[str, Any]:
        """The arguments; axes only where they are set, as earlier versions of Keras lack them."""
        config = super().get_config()
        return {k: v for k, v in config.items() if v is not None or not k.endswith("_axes")}


def compute_fans(
    shape: Sequence[int],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """Numbers of inputs and outputs that a weight of that shape connects.

    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    field = math.prod(shape[:-2])
    return int(shape[-2]) * field, int(shape[-1]) * field


def _scaling(
    name: str, scale: float, mode: str, distribution: str, doc: str
) -> type[VarianceScaling]:
    """`VarianceScaling` under a name of its own, with everything but the seed set."""

    def __init__(
        self: Any,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        VarianceScaling.__init__(self, scale, mode, distribution, seed, input_axes, output_axes)

    doc = f"{doc}\n\n>>> tuple({name}(seed=1)((3, 4)).shape)\n(3, 4)\n"
    body = {"__init__": __init__, "__doc__": doc, "__module__": __name__}
    return type(name, (VarianceScaling,), body)


GlorotUniform = _scaling(
    "GlorotUniform", 1.0, "fan_avg", "uniform",
    "Uniform within ``sqrt(6 / (fan_in + fan_out))`` (Glorot and Bengio 2010).",
)  # fmt: skip
GlorotNormal = _scaling(
    "GlorotNormal", 1.0, "fan_avg", "truncated_normal",
    "Truncated normal with variance ``2 / (fan_in + fan_out)`` (Glorot and Bengio 2010).",
)  # fmt: skip
HeUniform = _scaling(
    "HeUniform", 2.0, "fan_in", "uniform",
    "Uniform within ``sqrt(6 / fan_in)`` (He et al. 2015).",
)  # fmt: skip
HeNormal = _scaling(
    "HeNormal", 2.0, "fan_in", "truncated_normal",
    "Truncated normal with variance ``2 / fan_in`` (He et al. 2015).",
)  # fmt: skip
LecunUniform = _scaling(
    "LecunUniform", 1.0, "fan_in", "uniform",
    "Uniform within ``sqrt(3 / fan_in)`` (LeCun et al. 1998).",
)  # fmt: skip
LecunNormal = _scaling(
    "LecunNormal", 1.0, "fan_in", "truncated_normal",
    "Truncated normal with variance ``1 / fan_in`` (LeCun et al. 1998, Klambauer et al. 2017).",
)  # fmt: skip


class Orthogonal(RandomInitializer):
    """A random orthogonal matrix times `gain` (Saxe et al. 2014).

    With fewer rows than columns the rows are orthonormal, else the columns. All axes but the last
    count as rows.

    >>> q = np.asarray(Orthogonal(seed=1)((3, 3)))
    >>> bool(np.allclose(q @ q.T, np.eye(3), atol=1e-5))
    True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal needs a shape of at least two axes, got {shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        kind = _drawn(dtype)
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns)), kind))
        # The signs make the result uniform over the orthogonal matrices (Mezzadri 2007).
        q = q * np.where(np.diagonal(r) < 0, -1, 1).astype(kind)
        q = q.T if rows < columns else q
        return (kind.type(self.gain) * q).reshape(shape).astype(dtype)


class STFT(Initializer):
    """Kernels with which a convolution computes a short-time Fourier transform.

    For shapes (frame length, 1, number of frequencies from 0 to the highest).

    Args:
        side: ``real`` or ``imag`` part.
        window: Name of a window of ``scipy.signal``, its values, or ``None``.
        scaling: ``density`` divides the window by its Euclidean norm, ``spectrum`` by its sum.
        periodic: Whether the window is periodic rather than symmetric, in the sense of Keras:
            handed to ``scipy.signal.get_window`` as its ``fftbins``.

    >>> tuple(STFT("real", "hann", periodic=True)((8, 1, 5)).shape)
    (8, 1, 5)
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(f"side must be 'real' or 'imag', got {side!r}.")
        if scaling not in (None, "density", "spectrum"):
            raise ValueError(f"scaling must be 'density', 'spectrum' or None, got {scaling!r}.")
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        if len(shape) != 3:
            raise ShapeError(f"STFT makes kernels (frame, 1, frequencies), got the shape {shape}.")
        frame, _, frequencies = shape
        angle = (
            -np.pi * np.outer(np.arange(frame), np.arange(frequencies)) / max(1, frequencies - 1)
        )
        wave = np.cos(angle) if self.side == "real" else np.sin(angle)
        window = self._window(frame)
        return np.broadcast_to((wave * window[:, None])[:, None, :], shape).astype(dtype)

    def _window(self, frame: int) -> np.ndarray:
        if self.window is None:
            return np.ones(frame)
        if isinstance(self.window, str):
            from scipy.signal import get_window

            window = get_window(self.window, frame, self.periodic)
        else:
            window = np.asarray(self.window, float)
        if window.shape != (frame,):
            raise ShapeError(
                f"STFT: the window needs the frame's {frame} values, got {window.shape}."
            )
        if self.scaling == "density":
            return window / np.sqrt(np.sum(np.square(window)))
        return window / np.sum(np.abs(window)) if self.scaling == "spectrum" else window


class _Given(Initializer):
    """The values of a tensor or array, for weights of its shape."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def sample(self, shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> np.ndarray:
        if tuple(self.value.shape) != shape:
            raise ShapeError(
                f"The initial values have the shape {tuple(self.value.shape)}, the weight {shape}."
            )
        return np.asarray(self.value).astype(dtype)


constant, identity, ones, zeros = Constant, Identity, Ones, Zeros
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling, orthogonal, stft = VarianceScaling, Orthogonal, STFT
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
IdentityInitializer, OrthogonalInitializer, STFTInitializer = Identity, Orthogonal, STFT

_CLASSES: tuple[type, ...] = (
    Zeros, Ones, Constant, Identity, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling,
    GlorotUniform, GlorotNormal, HeUniform, HeNormal, LecunUniform, LecunNormal, Orthogonal, STFT,
)  # fmt: skip
_TABLE: dict[str, type] = {
    **{c.__name__: c for c in _CLASSES},
    **{snake(c.__name__): c for c in _CLASSES},
    "normal": RandomNormal,
    "uniform": RandomUniform,
    "one": Ones,
    "zero": Zeros,
    "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal,
    "STFTInitializer": STFT,
}


def _takes_dtype(function: Callable) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(p.name == "dtype" or p.kind is p.VAR_KEYWORD for p in parameters)


def get(identifier: Any) -> Any:
    """The initializer that a name, class, configuration, function or array of values stands for.

    >>> type(get("glorot_uniform")).__name__, type(get("uniform")).__name__
    ('GlorotUniform', 'RandomUniform')
    >>> get(np.eye(2))((2, 2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if hasattr(identifier, "shape") and hasattr(identifier, "dtype"):
        return _Given(identifier)
    found = lookup("initializer", identifier, _TABLE)
    if isinstance(found, (types.FunctionType, functools.partial)) and not _takes_dtype(found):
        from .legacy.arguments import initializer

        return initializer(found)  # Keras 2 asked for values by the shape alone
    return found


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer.

    >>> serialize(Constant(2.0))["config"]
    {'value': 2.0}
    """
    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer of a name or configuration that `serialize` gave.

    >>> deserialize({"class_name": "Constant", "config": {"value": 2.0}})((2,)).tolist()
    [2.0, 2.0]
    """
    if isinstance(config, str) and (custom_objects is None or config not in custom_objects):
        return get(config)
    return deserialize_keras_object(config, custom_objects, module_objects=_TABLE)


def __getattr__(name: str) -> Any:
    """Names of Keras 1, 2 and tf.keras."""
    from .doors import old_name

    return old_name(__name__, name, _TABLE)
