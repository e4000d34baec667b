"""Trainings written in JAX and Optax alone, as their tutorials write them: a loop over a jitted step.

A network is a list of parameters, made by `init` functions, and a function of parameters and a batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from made_data import GROWING_BATCHES, GROWING_MLPS, images, mlp_name, reviews, table, words
from timing import Training

Apply = Callable[[Any, Any, Any], Any]  # of parameters, a batch and a key for dropout
rng = np.random.default_rng(1)


def training(
    apply: Apply,
    params: Any,
    loss: Any,
    optimizer: Any,
    x: Any,
    y: Any,
    batch: int,
    epochs: int = 1,
) -> Training:
    """A training with shuffled batches; the losses of an epoch are looked at when it ends."""
    state = [params, optimizer.init(params), jax.random.key(0)]

    @partial(jax.jit, donate_argnums=(0, 1))
    def train_step(params: Any, slots: Any, key: Any, x: Any, y: Any) -> Any:
        key, now = jax.random.split(key)
        value, gradients = jax.value_and_grad(lambda p: loss(apply(p, x, now), y))(params)
        updates, slots = optimizer.update(gradients, slots, params)
        return optax.apply_updates(params, updates), slots, key, value

    def fit(rows: int, epochs: int) -> None:
        for _ in range(epochs):
            order, losses = rng.permutation(rows), []
            for start in range(0, rows, batch):
                chosen = order[start : start + batch]
                *state[:], value = train_step(*state, x[chosen], y[chosen])
                losses.append(value)
            float(jnp.stack(losses).mean())

    return Training(fit, len(x), batch, epochs)


def squared(outputs: Any, y: Any) -> Any:
    """Mean squared error."""
    return jnp.mean((outputs[:, 0] - y) ** 2)


def binary(logits: Any, y: Any) -> Any:
    """Cross-entropy of two classes."""
    return optax.sigmoid_binary_cross_entropy(logits[:, 0], y).mean()


def classes(logits: Any, y: Any) -> Any:
    """Cross-entropy of several classes."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, y.astype("int32")).mean()


def weights(*shape: int) -> Any:
    """A Glorot-uniform kernel."""
    fan_in, fan_out = int(np.prod(shape[:-1])), int(np.prod([*shape[:-2], shape[-1]]))
    limit = (6 / (fan_in + fan_out)) ** 0.5
    return jnp.asarray(rng.uniform(-limit, limit, shape), jnp.float32)


def layer(*shape: int) -> tuple[Any, Any]:
    """Kernel and bias."""
    return weights(*shape), jnp.zeros(shape[-1])


def stack(sizes: Sequence[int]) -> list[Any]:
    """Parameters of dense layers."""
    return [layer(a, b) for a, b in itertools.pairwise(sizes)]


def dense(params: Any, x: Any, key: Any = None) -> Any:
    """Dense layers with relu between them."""
    for kernel, bias in params[:-1]:
        x = jax.nn.relu(x @ kernel + bias)
    kernel, bias = params[-1]
    return x @ kernel + bias


def boston() -> Training:
    """13-64-64-1, rmsprop, 404 rows, one row a step."""
    params = stack([13, 64, 64, 1])
    return training(dense, params, squared, optax.rmsprop(1e-3), *table(404, 13), 1, 10)


def pima() -> Training:
    """8-12-8-1, adam, 768 rows, ten rows a step."""
    params = stack([8, 12, 8, 1])
    return training(dense, params, binary, optax.adam(1e-3), *table(768, 8), 10, 20)


def mnist() -> Training:
    """784-512-10, rmsprop, 128 rows a step."""
    data = table(12_800, 784, classes=10)
    return training(dense, stack([784, 512, 10]), classes, optax.rmsprop(1e-3), *data, 128, 3)


def review() -> Training:
    """10,000-16-16-1, rmsprop, 512 rows of zeros and ones a step."""
    params = stack([10_000, 16, 16, 1])
    return training(dense, params, binary, optax.rmsprop(1e-3), *reviews(), 512, 3)


def growing_mlp(batch: int, width: int, depth: int) -> Training:
    """128 features, `depth` hidden layers of `width`, 10 classes, adam."""
    params = stack([128, *[width] * depth, 10])
    data = table(32 * batch, 128, classes=10)
    return training(dense, params, classes, optax.adam(1e-3), *data, batch)


def convnet(pools: int, params: Any, x: Any, key: Any) -> Any:
    """Convolutions of 3 x 3, the first `pools` of them pooled by 2, then dense layers."""
    convolutions, head = params
    for i, (kernel, bias) in enumerate(convolutions):
        x = lax.conv_general_dilated(
            x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.relu(x + bias)
        if i < pools:
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    return dense(head, x.reshape(len(x), -1))


def convolutions(*channels: int) -> list[Any]:
    """Parameters of convolutions of 3 x 3."""
    return [layer(3, 3, a, b) for a, b in itertools.pairwise(channels)]


def cats_dogs() -> Training:
    """Convnet 32-64-128-128 on pictures of 150 x 150 x 3, rmsprop, 20 a step."""
    params = (convolutions(3, 32, 64, 128, 128), stack([128 * 49, 512, 1]))
    data = images(160, 150, 3, 2)
    return training(partial(convnet, 4), params, binary, optax.rmsprop(1e-3), *data, 20)


def digits(batch: int, rows: int) -> Training:
    """Convnet 32-64-64 on pictures of 28 x 28, rmsprop."""
    params = (convolutions(1, 32, 64, 64), stack([64 * 9, 64, 10]))
    data = images(rows, 28, 1, 10)
    return training(partial(convnet, 2), params, classes, optax.rmsprop(1e-3), *data, batch)


def recurrent(params: Any, x: Any, key: Any) -> Any:
    """An embedding, an LSTM as a scan over time, a dense layer."""
    embedding, (kernel, bias), memory, head = params
    inputs = embedding[x].transpose(1, 0, 2) @ kernel + bias
    zeros = jnp.zeros((len(x), memory.shape[0]))

    def cell(carry: Any, now: Any) -> Any:
        h, c = carry
        i, f, g, o = jnp.split(now + h @ memory, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    (h, _), _ = lax.scan(cell, (zeros, zeros), inputs)
    return dense(head, h)


def lstm() -> Training:
    """Embedding(10000, 32), LSTM(32), dense on texts of 500 words, rmsprop, 128 a step."""
    params = (weights(10_000, 32), layer(32, 128), weights(32, 128), stack([32, 1]))
    return training(recurrent, params, binary, optax.rmsprop(1e-3), *words(1024, 500), 128)


def dropout(x: Any, key: Any, rate: float = 0.1) -> Any:
    """Some of `x` set to zero."""
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0.0)


def normalize(x: Any, scale: Any, shift: Any) -> Any:
    """Layer normalization."""
    x = x - x.mean(-1, keepdims=True)
    return x * lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-6) * scale + shift


def encoder(params: Any, x: Any, key: Any) -> Any:
    """An embedding, blocks of attention with 4 heads and of two dense layers, the mean, a dense layer."""
    embedding, blocks, head = params
    x = embedding[x]
    for block in blocks:
        key, *keys = jax.random.split(key, 4)
        q, k, v = jnp.split(dense([block["qkv"]], x), 3, axis=-1)
        q, k, v = (t.reshape(*t.shape[:2], 4, -1) for t in (q, k, v))
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * q.shape[-1] ** -0.5
        attended = jnp.einsum("bhqk,bkhd->bqhd", dropout(jax.nn.softmax(scores), keys[0]), v)
        y = dense([block["out"]], attended.reshape(x.shape))
        x = normalize(x + dropout(y, keys[1]), *block["first"])
        x = normalize(x + dropout(dense(block["inner"], x), keys[2]), *block["second"])
    return dense(head, x.mean(1))


def transformer() -> Training:
    """Two encoder blocks (width 64, 4 heads, inner 128) over 128 words, adam, 32 a step."""
    blocks = [
        {
            "qkv": layer(64, 192),
            "out": layer(64, 64),
            "inner": stack([64, 128, 64]),
            "first": (jnp.ones(64), jnp.zeros(64)),
            "second": (jnp.ones(64), jnp.zeros(64)),
        }
        for _ in range(2)
    ]
    params = (weights(10_000, 64), blocks, stack([64, 1]))
    return training(encoder, params, binary, optax.adam(1e-3), *words(1024, 128), 32)


CALLS: Mapping[str, Callable[[], float]] = {}
TRAININGS: Mapping[str, Callable[[], Training]] = {
    f.__name__: f for f in (boston, pima, mnist, review, cats_dogs, lstm, transformer)
} | {
    "mnist_conv": partial(digits, 64, 3200),
    **{mlp_name(*sizes): partial(growing_mlp, *sizes) for sizes in GROWING_MLPS},
    **{f"mnist_conv_{batch}": partial(digits, batch, 8 * batch) for batch in GROWING_BATCHES},
}
