"""Random tensors: ``ops.random``, and `SeedGenerator`.

Where the numbers come from is one rule, `draw_key`: inside a compiled training step the step's key,
else the seed given, else the host's generator (`kerata.rng`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import config, dtypes, rng
from ..engine import engine
from ..errors import ShapeError
from ..scope import local
from ..spec import Spec, probe
from ..variable import Variable
from . import math, portable
from ._define import Tensor, closed_op, dtype_of, op, shape_of
from .arrange import as_sizes
from .index import get_item

Seed = Any
_MASK = 0xFFFFFFFF


class SeedGenerator:
    """A seed with a state: every draw from it gives new numbers, the same ones for the same seed.

    Args:
        seed: An int; ``None`` takes one from the global generator (see `set_random_seed`).
        name: Its name.

    >>> g = SeedGenerator(3)
    >>> g.next().tolist(), g.next().tolist()
    ([3, 0], [3, 1])
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise TypeError(f"SeedGenerator has no arguments {sorted(kwargs)}.")
        if seed is not None and not isinstance(seed, (int, np.integer)):
            raise ValueError(f"SeedGenerator: seed must be an int or None, got {seed!r}.")
        self.name = name or "seed_generator"
        self._initial_seed = seed
        number = rng.draw_seed() if seed is None else int(seed)
        self.seed: int | None = number
        start = np.array([number & _MASK, (number >> 32) & _MASK], np.uint32)
        self.state = Variable(start, dtype="uint32", trainable=False, name="seed_generator_state")

    def next(self, ordered: bool = True) -> Any:
        """The key of the next draw: the state as it is now, which then moves on."""
        key = self.state.value
        self.state.assign(math.add(key, np.array([0, 1], np.uint32)))
        return key

    def get_config(self) -> dict[str, Any]:
        """Arguments that make a generator with the same seed."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """A generator of a configuration written by `get_config`."""
        return cls(**config)


class SpareGenerator(SeedGenerator):
    """The generator of a layer that was given no seed.

    Such a layer draws from the host's generator, or with the key of the step. Only in a stateless call
    that somebody else compiles is there neither, so that every call would draw the same numbers; there
    they come from the state, which goes in and out with the other values.
    """

    def __init__(self) -> None:
        self.name = "seed_generator"
        self._initial_seed = self.seed = None
        stream = rng.next_spare()
        self.state = Variable(
            lambda shape, dtype: rng.spare_key(stream), (2,), "uint32", trainable=False,
            name="seed_generator_state",
        )  # fmt: skip

    def is_bound(self) -> bool:
        """Whether draws are to come from the state."""
        binding = local.binding
        return binding is not None and binding.key is None and binding.read(self.state) is not None


def draw_key(seed: Seed = None) -> Any:
    """The engine's key for one draw.

    Under a binding with a key the draw is a function of that key, the number of draws before it,
    and the seed; so a compiled step gives new numbers for every key it is called with.
    """
    if isinstance(seed, np.integer):
        seed = int(seed)
    if isinstance(seed, SpareGenerator) and not seed.is_bound():
        seed = None
    if seed is not None and not isinstance(seed, (int, SeedGenerator)):
        if engine().is_tensor(seed):
            return seed
        raise ValueError(f"seed must be an int, a SeedGenerator or None, got {seed!r}.")
    binding = local.binding
    if binding is not None and binding.key is not None:
        n, binding.draws = binding.draws, binding.draws + 1
        key = fold(binding.key, n)
        if isinstance(seed, SeedGenerator):
            # From the state, which a compiled step takes as input: the seed as a constant in its code
            # would be another program for every seed, to be compiled anew.
            own = math.cast(get_item(seed.state.value, 0), "int32")
            return fold(key, math.bitwise_and(own, 0x7FFFFFFF))
        return key if seed is None else fold(key, seed & 0x7FFFFFFF)
    if isinstance(seed, SeedGenerator):
        return seed.next()
    number = rng.draw_seed() if seed is None else seed
    key = engine().asarray(np.array([number & _MASK, (number >> 32) & _MASK], np.uint32))
    # A user's compiled function is to draw new numbers at each call.
    call = engine().calls() if seed is None else None
    return key if call is None else fold(key, call)


def fold(key: Any, n: Any) -> Any:
    """A new key out of a key and a number below 2**31."""
    return portable.fold(key, n) if config.portable_random() else engine().fold(key, n)


def _kind(dtype: Any) -> str:
    return dtypes.standardize(None) if dtype is None else dtypes.explicit(dtype)


def _draw(distribution: str, shape: Any, dtype: str, seed: Seed, *parameters: Any) -> Any:
    """Numbers of one of the engine's distributions, or their Spec while shapes are inferred."""
    sizes: Any
    try:
        sizes = tuple(as_sizes(shape))
    except TypeError:  # sizes of a graph that does not know them: the engine may take tensors
        if probe() is not None:
            raise
        sizes = shape
    if probe() is not None or any(isinstance(p, Spec) for p in parameters):
        return Spec(sizes, dtype)
    values = [p.value if isinstance(p, Variable) else p for p in parameters]
    numbers = portable.draw if config.portable_random() else engine().random
    return numbers(distribution, draw_key(seed), sizes, dtype, *values)


@closed_op
def uniform(
    shape: Any, minval: Tensor = 0.0, maxval: Tensor = 1.0, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers equally likely between `minval` and, without, `maxval`.

    >>> uniform((2, 3), seed=1).shape
    (2, 3)
    """
    return _draw("uniform", shape, _kind(dtype), seed, minval, maxval)


@closed_op
def normal(
    shape: Any, mean: Tensor = 0.0, stddev: Tensor = 1.0, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers of the normal distribution."""
    return _draw("normal", shape, _kind(dtype), seed, mean, stddev)


@closed_op
def truncated_normal(
    shape: Any, mean: Tensor = 0.0, stddev: Tensor = 1.0, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers of the normal distribution, those beyond two deviations left out."""
    return _draw("truncated_normal", shape, _kind(dtype), seed, mean, stddev)


@closed_op
def randint(
    shape: Any, minval: Tensor, maxval: Tensor, dtype: Any = "int32", seed: Seed = None
) -> Tensor:
    """Integers equally likely from `minval` to, without, `maxval`."""
    kind = _kind(dtype)
    if not dtypes.is_integer(kind):
        raise ValueError(f"randint: dtype must be an integer type, got {kind!r}.")
    return _draw("randint", shape, kind, seed, minval, maxval)


@closed_op
def gamma(shape: Any, alpha: Tensor, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers of the gamma distribution with shape parameter `alpha` and scale 1."""
    return _draw("gamma", shape, _kind(dtype), seed, alpha)


@closed_op
def beta(shape: Any, alpha: Tensor, beta: Tensor, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers of the beta distribution, between 0 and 1."""
    return _draw("beta", shape, _kind(dtype), seed, alpha, beta)


@closed_op
def binomial(
    shape: Any, counts: Tensor, probabilities: Tensor, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Numbers of successes in `counts` trials."""
    return _draw("binomial", shape, _kind(dtype), seed, counts, probabilities)


@op
def categorical(
    logits: Tensor, num_samples: int, dtype: Any = "int32", seed: Seed = None
) -> Tensor:
    """Classes drawn with probabilities ``softmax(logits)``: (batch, classes) to (batch, num_samples)."""
    shape = shape_of(logits)
    if len(shape) != 2:
        raise ShapeError(f"categorical: logits need (batch, classes), got {shape}.")
    return _draw("categorical", (shape[0], num_samples), _kind(dtype), seed, logits)


@op
def shuffle(x: Tensor, axis: int = 0, seed: Seed = None) -> Tensor:
    """The elements along `axis` in random order, each line of its own."""
    return _draw("shuffle", shape_of(x), dtype_of(x), seed, x, axis)


@op
def dropout(inputs: Tensor, rate: float, noise_shape: Any = None, seed: Seed = None) -> Tensor:
    """Elements set to 0 with probability `rate`, the others divided by ``1 - rate``.

    `noise_shape` gives the shape of the mask, which is broadcast; ``None`` in it is the size of the
    input.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"dropout: rate must be between 0 and 1, got {rate}.")
    if rate == 0:
        return inputs
    if isinstance(inputs, Spec):
        return Spec(inputs.shape, dtypes.to_float(inputs.dtype))
    if rate == 1:
        return math.multiply(inputs, 0.0)
    shape = shape_of(inputs)
    if noise_shape is not None:
        shape = tuple(d if n is None else int(n) for n, d in zip(noise_shape, shape, strict=True))
    keep = _draw("bernoulli", shape, "bool", seed, 1.0 - rate)
    return math.where(keep, math.divide(inputs, 1.0 - rate), 0)
