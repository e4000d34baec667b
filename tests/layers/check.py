"""`check_layer`: everything that must hold of any layer, on one case."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerata import dtypes, layers, ops, rng, tree
from kerata.layers import Layer
from support import grad as gradient
from support import jit

EXACT = {"rtol": 1e-5, "atol": 1e-5}


def check_layer(
    cls: type[Layer],
    arguments: dict[str, Any] | None = None,
    shape: Any = (2, 3),
    dtype: str = "float32",
    *,
    call: dict[str, Any] | None = None,
    data: Any = None,
    high: int = 4,
    expected: Any = None,
    expected_dtype: str | None = None,
    gradients: bool = True,
    infers: bool = True,
    trains: bool = True,
    tolerance: dict[str, float] | None = None,
) -> Any:
    """Run one layer through all checks and return its output as NumPy arrays.

    Args:
        cls: The layer's class.
        arguments: Arguments of its constructor.
        shape: Shape of the input with its batch axis, or a list of shapes.
        dtype: dtype of the input; integers are drawn below `high`.
        call: More keyword arguments of the call, such as ``{"training": True}``.
        data: The input itself, in place of random numbers.
        expected: The output, or a function that gives it for the input.
        expected_dtype: dtype of the output.
        gradients: Whether the output is differentiable.
        infers: Whether the batch size may be unknown.
        trains: Whether to fit a model of the layer for one step.
        tolerance: Of `expected`, as for ``np.testing.assert_allclose``.
    """
    rng.set_seed(0)
    arguments, call = dict(arguments or {}), dict(call or {})
    x = make_input(shape, dtype, high) if data is None else data
    layer = cls(**arguments)
    y = layer(x, **call)
    out = tree.map_structure(np.asarray, y)
    for v in tree.flatten(out):
        assert np.all(np.isfinite(v)), "the output is not finite"
        assert expected_dtype is None or dtypes.standardize(v.dtype) == expected_dtype
    if expected is not None:
        want = expected(x) if callable(expected) else expected
        close(out, want, tolerance or EXACT)
    for step, wanted in (
        (_check_inference, infers),
        (_check_compiled, True),
        (_check_config, True),
        (_check_store, not layer._layers),
        (_check_gradients, gradients),
        (_check_training, trains),
    ):
        if wanted:
            step(layer, x, call)
    return out


def make_input(shape: Any, dtype: str, high: int = 4, seed: int = 1) -> Any:
    """Random arrays: normal floats, integers below `high`."""
    if isinstance(shape, list):
        return [make_input(s, dtype, high, seed + i) for i, s in enumerate(shape)]
    values = np.random.default_rng(seed)
    if np.dtype(dtype).kind in "iu":
        return values.integers(0, high, shape).astype(dtype)
    return values.standard_normal(shape).astype(dtype)


def close(got: Any, want: Any, tolerance: dict[str, float] | None = None) -> None:
    """Assert that two structures of arrays are equal up to rounding."""
    pairs = (
        zip(tree.flatten(got), tree.flatten(want), strict=True)
        if tree.is_nested(got)
        else [(got, want)]
    )
    for a, b in pairs:
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape, f"shape {a.shape}, expected {b.shape}"
        np.testing.assert_allclose(a, b, **(tolerance or EXACT))


def twin(layer: Layer) -> Layer:
    """A layer made anew from the configuration, by way of JSON."""
    text = json.dumps(layers.serialize(layer))
    return layers.deserialize(json.loads(text), {type(layer).__name__: type(layer)})


def equal_twin(layer: Layer, x: Any, call: dict[str, Any]) -> Layer:
    """The twin, built on the input and with the same weights."""
    other = twin(layer)
    other(x, **call)
    other.set_weights(layer.get_weights())
    return other


def is_random(layer: Layer) -> bool:
    """Whether the layer, or one in it, draws random numbers."""
    return any(hasattr(part, "seed") for part in layer._flatten_layers())


# --- the checks ---------------------------------------------------------------------------------


def _check_inference(layer: Layer, x: Any, call: dict[str, Any]) -> None:
    """Inferred shape and dtype are the real ones, with the batch size unknown."""
    fresh = twin(layer)
    symbols = tree.map_structure(lambda a: layers.Input(a.shape[1:], dtype=str(a.dtype)), x)
    found = tree.flatten(fresh(symbols, **call))
    real = tree.flatten(layer(x, **call))
    for s, v in zip(found, real, strict=True):
        assert s.dtype == dtypes.standardize(v.dtype), f"inferred {s.dtype}, got {v.dtype}"
        assert len(s.shape) == v.ndim, f"inferred {s.shape}, got {v.shape}"
        for d, n in zip(s.shape, v.shape):
            assert d in (n, None), f"inferred {s.shape}, got {v.shape}"
        assert None not in s.shape[1:], f"the shape {s.shape} of a sample should be known"
    if not call:
        shapes = [(None, *a.shape[1:]) for a in tree.flatten(x)]
        told = fresh.compute_output_shape(shapes if isinstance(x, list) else shapes[0])
        many = isinstance(told, list) or isinstance(told[0], tuple)
        assert [tuple(t) for t in (told if many else [told])] == [s.shape for s in found]


def _check_compiled(layer: Layer, x: Any, call: dict[str, Any]) -> None:
    """The call compiled as a pure function gives what the eager call gives, state included."""
    trained = [v.value for v in layer.trainable_variables]
    others = [v.value for v in layer.non_trainable_variables]

    def run(a: list, b: list, x: Any) -> Any:
        return layer.stateless_call(a, b, x, **call)

    want, after = run(trained, others, x)
    if is_random(layer) and layer._carried_below() == []:
        return
    got, state = jit(run)(trained, others, x)
    close(got, want)
    close(state, after)


def _check_config(layer: Layer, x: Any, call: dict[str, Any]) -> None:
    """A layer made from the configuration, with the same weights, computes the same."""
    other = twin(layer)
    assert type(other) is type(layer)
    assert json.dumps(other.get_config()) == json.dumps(layer.get_config())
    other = equal_twin(layer, x, call)
    if not (is_random(layer) and call.get("training")):
        close(other(x, **call), layer(x, **call))


def _check_store(layer: Layer, x: Any, call: dict[str, Any]) -> None:
    """What `save_own_variables` writes makes an equal layer."""
    store: dict[str, np.ndarray] = {}
    layer.save_own_variables(store)
    assert all(isinstance(v, np.ndarray) for v in store.values())
    other = twin(layer)
    other(x, **call)
    other.load_own_variables(store)
    if not (is_random(layer) and call.get("training")):
        close(other(x, **call), layer(x, **call))
    for a, b in zip(layer.weights, other.weights, strict=True):
        assert a.name == b.name
        if "lora" not in a.name:
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def _check_gradients(layer: Layer, x: Any, call: dict[str, Any]) -> None:
    """Derivatives along random directions, of inputs and weights, against finite differences."""
    flat = tree.flatten(x)
    floats = [i for i, a in enumerate(flat) if a.dtype.kind == "f"]
    weights = [np.asarray(v.numpy()) for v in layer.trainable_variables]
    others = [v.value for v in layer.non_trainable_variables]
    if is_random(layer) and call.get("training"):
        return

    def outputs(parts: list[Any]) -> list[Any]:
        given = list(flat)
        for i, a in zip(floats, parts):
            given[i] = a
        inputs = tree.pack_sequence_as(x, given)
        return tree.flatten(layer.stateless_call(parts[len(floats) :], others, inputs, **call)[0])

    _compare_derivatives(outputs, [*(flat[i] for i in floats), *weights])


def _compare_derivatives(fn: Callable, parts: Sequence[np.ndarray], step: float = 2e-3) -> None:
    values = np.random.default_rng(3)
    factors = [values.standard_normal(y.shape) for y in fn(list(parts))]

    def scalar(p: list[Any]) -> Any:
        return sum(ops.sum(ops.multiply(y, f.astype(np.float32))) for y, f in zip(fn(p), factors))

    def exact(p: list[Any]) -> float:
        return sum(float(np.sum(np.asarray(y, np.float64) * f)) for y, f in zip(fn(p), factors))

    found = gradient(scalar)(list(parts))
    for i, part in enumerate(parts):
        direction = values.standard_normal(part.shape).astype(np.float32)
        ahead, behind = list(parts), list(parts)
        ahead[i], behind[i] = part + step * direction, part - step * direction
        slope = (exact(ahead) - exact(behind)) / (2 * step)
        grad = float(np.sum(np.asarray(found[i], np.float64) * direction))
        scale = 1 + abs(slope) + 0.02 * np.sqrt(direction.size)
        assert abs(grad - slope) < 2e-2 * scale, f"part {i}: gradient {grad}, differences {slope}"


def _check_training(layer: Layer, x: Any, call: dict[str, Any]) -> None:
    """A model of the layer takes one step of training, which changes every trained weight."""
    from kerata.models import Model

    if call.keys() - {"training"} or any(len(v.shape) == 0 for v in tree.flatten(layer(x, **call))):
        return
    other = twin(layer)
    symbols = tree.map_structure(lambda a: layers.Input(a.shape[1:], dtype=str(a.dtype)), x)
    y = tree.flatten(other(symbols))[0]
    if y.dtype != "float32":
        return
    model = Model(symbols, y)
    model.compile("sgd", "mse")
    before = [v.numpy() for v in other.trainable_weights]
    target = np.full(np.shape(tree.flatten(model(x))[0]), 3.0, np.float32)
    history = model.fit(x, target, epochs=1, batch_size=len(target), verbose=0)
    assert np.isfinite(history.history["loss"][0])
    changed = [not np.array_equal(a, v.numpy()) for a, v in zip(before, other.trainable_weights)]
    assert not changed or any(changed)
