"""`name_scope`, `StatelessScope`, `SymbolicScope`, `Function`, `Operation`, the stateless forms."""

from __future__ import annotations

import numpy as np
import pytest

import kerata as keras
from kerata import KerasTensor, Variable, layers, ops
from kerata.errors import InputError, ShapeError
from kerata.scope import in_symbolic_scope


def test_name_scope() -> None:
    assert Variable(0.0, name="v").path == "v"
    with keras.name_scope("a"):
        assert Variable(0.0, name="v").path == "a/v"
        with keras.name_scope("b"):
            dense = layers.Dense(1, name="d")
            dense.build((None, 2))
            assert dense.kernel.path == "a/b/d/kernel"
        with keras.name_scope("c", override_parent="x/y"):
            assert Variable(0.0, name="v").path == "x/y/c/v"
        assert Variable(0.0, name="v").path == "a/v"
    owner = object()
    with keras.name_scope("n", caller=owner), keras.name_scope("n", caller=owner):
        assert Variable(0.0, name="v").path == "n/v"
        with keras.name_scope("n", caller=owner, deduplicate=False):
            assert Variable(0.0, name="v").path == "n/n/v"
    with pytest.raises(InputError, match="without '/'"):
        keras.name_scope("a/b")


class Leaves(keras.Layer):
    def call(self, x):
        self.add_loss(ops.sum(x))
        return x


def test_stateless_scope() -> None:
    v, w = Variable([1.0, 2.0]), Variable(3.0)
    with keras.StatelessScope([(v, np.full(2, 3.0))]) as scope:
        np.testing.assert_array_equal(v.numpy(), [3, 3])
        assert scope.get_current_value(w) is None
        v.assign_add([1.0, 0.0])
        w.assign(9.0)
        assert float(w) == 9.0
    assert np.asarray(scope.get_current_value(v)).tolist() == [4.0, 3.0]
    assert float(scope.get_current_value(w)) == 9.0
    assert (v.numpy().tolist(), float(w)) == ([1.0, 2.0], 3.0)
    with pytest.raises(ShapeError, match=r"shape \(2,\)"):
        keras.StatelessScope([(v, 1.0)])
    with pytest.raises(InputError, match="pairs of Variable and value"):
        keras.StatelessScope([(3, 1.0)])


def test_losses_of_a_scope() -> None:
    layer = Leaves()
    with keras.StatelessScope(collect_losses=True) as scope:
        layer(ops.ones((2, 2)))
        with keras.SymbolicScope():
            assert in_symbolic_scope()
            layer(ops.ones((3, 3)))
    assert [float(x) for x in scope.losses] == [4.0] and not in_symbolic_scope()
    with keras.StatelessScope() as scope:
        layer(ops.ones((2, 2)))
    assert scope.losses == []


def test_function() -> None:
    a, b = KerasTensor((None, 2, 3)), KerasTensor((None, 2, 3))
    f = keras.Function([a, b], outputs={"y": ops.sigmoid(a + b), "z": a * 2}, name="f")
    x, y = np.ones((4, 2, 3), "float32"), np.zeros((4, 2, 3), "float32")
    out = f([x, y])
    np.testing.assert_allclose(out["y"], 1 / (1 + np.exp(-x)), rtol=1e-5)
    np.testing.assert_allclose(out["z"], 2 * x)
    assert (f.name, len(f.inputs), len(f.outputs)) == ("f", 2, 2)
    symbols = f([keras.Input((2, 3)), keras.Input((2, 3))])
    assert symbols["y"].shape == (None, 2, 3)
    with pytest.raises(InputError, match="has 2 inputs, got 1"):
        f([x])
    with pytest.raises(ShapeError, match="input 1 must have"):
        f([x, y[0]])
    with pytest.raises(InputError, match="outputs is empty"):
        keras.Function([a], [])
    dense = layers.Dense(2)
    inner = keras.Input((3,))
    g = keras.Function(inner, dense(inner))
    assert g(np.ones((1, 3), "float32")).shape == (1, 2) and dense in g.operations


def test_function_within_a_model() -> None:
    a = KerasTensor((None, 3))
    f = keras.Function(a, a * a)
    x = keras.Input((3,))
    model = keras.Model(x, f(layers.Rescaling(2.0)(x)))
    np.testing.assert_allclose(model.predict(np.ones((1, 3)), verbose=0), [[4, 4, 4]])


class Power(keras.Operation):
    def __init__(self, n):
        super().__init__()
        self.n = n

    def call(self, x):
        return x**self.n


def test_operation() -> None:
    assert Power(3)(ops.array([2.0])).tolist() == [8.0]
    x = keras.Input((2,))
    y = Power(2)(x)
    assert y.shape == (None, 2)
    np.testing.assert_allclose(keras.Model(x, y)(np.full((1, 2), 3.0)), [[9, 9]])
    with pytest.raises(NotImplementedError, match="call"):
        keras.Operation()(1)


def test_stateless_forms() -> None:
    model = keras.Sequential([layers.Input((3,)), layers.Dense(2), layers.BatchNormalization()])
    x = np.arange(6, dtype="float32").reshape(2, 3)
    before = model.get_weights()
    _, state = model.stateless_call(
        model.trainable_variables, model.non_trainable_variables, x, training=True
    )
    for a, b in zip(model.get_weights(), before):
        np.testing.assert_array_equal(a, b)
    z = x @ before[0] + before[1]
    # Moving mean and variance after one batch, with the momentum of 0.99.
    np.testing.assert_allclose(state[0], 0.01 * z.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(state[1], 0.99 + 0.01 * z.var(0), rtol=1e-4)
    with pytest.raises(InputError, match="has 1 values for 4 variables"):
        model.stateless_call(model.trainable_variables[:1], model.non_trainable_variables, x)


def test_stateless_compute_loss() -> None:
    model = keras.Sequential(
        [layers.Input((3,)), layers.Dense(1, kernel_regularizer="l2", use_bias=False)]
    )
    model.compile("sgd", "mse")
    x, y = np.ones((2, 3), "float32"), np.zeros((2, 1), "float32")
    loss, (trained, frozen, metrics) = model.stateless_compute_loss(
        [np.full((3, 1), 2.0, "float32")], [], model.metrics_variables,
        x=x, y=y, y_pred=np.full((2, 1), 6.0, "float32"),
    )  # fmt: skip
    np.testing.assert_allclose(float(loss), 36 + 0.01 * 12, rtol=1e-5)
    assert (len(trained), frozen, len(metrics)) == (1, [], len(model.metrics_variables))


@pytest.mark.engine("jax")
def test_jax_takes_variables_for_their_values() -> None:
    import jax

    v = Variable(np.ones((2, 3), "float32"))
    assert jax.tree_util.tree_map(lambda x: x.shape, {"a": [v]}) == {"a": [(2, 3)]}
    assert float(jax.jit(lambda state: state["v"].sum())({"v": v})) == 6.0
    slopes = jax.grad(lambda state: (state[0] ** 2).sum())([v])
    np.testing.assert_array_equal(slopes[0], 2 * np.ones((2, 3)))
    assert isinstance(v, Variable) and isinstance(slopes[0], jax.Array)
