"""`MultiOptimizer` and `OptimizerMap`: which optimizer changes which variable."""

import json

import numpy as np
import pytest

import kerata
from kerata import layers, optimizers
from kerata.errors import InputError
from kerata.optimizers import SGD, Adam, LossScaleOptimizer, MultiOptimizer, OptimizerMap
from kerata.serialization import deserialize_keras_object, serialize_keras_object
from kerata.variable import Variable


def named(value, path):
    v = Variable(np.asarray(value, "float32"), name=path.rpartition("/")[2])
    v.path = path
    return v


def test_map_by_path_and_pattern():
    rest, first, second = SGD(name="rest"), SGD(name="first"), Adam(name="second")
    by_path = OptimizerMap(rest, {"encoder/.*": first})
    by_path["decoder"] = second
    assert by_path["encoder/dense/kernel"] is first and by_path["encoder"] is rest
    assert by_path["decoder"] is second and by_path["decoder/kernel"] is rest
    assert by_path(named([1.0], "encoder/x")) is first
    by_path["encoder/dense/kernel"] = second  # an exact path goes before a pattern
    assert by_path["encoder/dense/kernel"] is second
    assert list(by_path) == ["encoder/.*", "decoder", "encoder/dense/kernel"] and len(by_path) == 3
    assert "decoder" in by_path and "other" not in by_path
    by_path["encoder/d.*"] = second
    with pytest.raises(InputError, match="Several keys"):
        by_path["encoder/d/kernel"]
    del by_path["encoder/d.*"]
    assert by_path["encoder/d/kernel"] is first


def test_map_refuses():
    with pytest.raises(InputError, match="holds optimizers"):
        OptimizerMap("sgd")
    with pytest.raises(InputError, match="must be a dict"):
        OptimizerMap(SGD(), [SGD()])
    by_path = OptimizerMap(SGD(), {"a": SGD()})
    with pytest.raises(InputError, match="has 'a' already"):
        by_path["a"] = SGD()
    with pytest.raises(InputError, match="must be a string"):
        by_path[1] = SGD()
    with pytest.raises(InputError, match="goes around"):
        by_path["b"] = LossScaleOptimizer(SGD())
    with pytest.raises(InputError, match="cannot be one of several"):
        by_path["b"] = MultiOptimizer(by_path)
    with pytest.raises(InputError, match="a function that gives"):
        MultiOptimizer(SGD())


def test_each_variable_by_its_optimizer():
    a, b, c = (named([1.0, -1.0], f"net/{n}") for n in "abc")
    sgd, adam = SGD(0.5), Adam(0.1)
    optimizer = MultiOptimizer(OptimizerMap(sgd, {"net/b": adam}))
    assert optimizer.optimizers == [adam, sgd]
    alone, by_adam = named([1.0, -1.0], "alone"), Adam(0.1)
    grads = np.array([2.0, 1.0], "float32")
    for _ in range(2):
        optimizer.apply([grads, grads, grads], [a, b, c])
        by_adam.apply([grads], [alone])
    np.testing.assert_allclose(a.numpy(), [-1, -2])
    np.testing.assert_allclose(c.numpy(), [-1, -2])
    np.testing.assert_allclose(b.numpy(), alone.numpy(), rtol=1e-6)
    assert int(optimizer.iterations) == int(adam.iterations) == int(sgd.iterations) == 2
    names = [v.name for v in optimizer.variables]
    assert names[:4] == ["iteration", "learning_rate", "iteration", "learning_rate"]
    assert names[4:] == ["net_b_momentum", "net_b_velocity", "iteration", "learning_rate"]
    with pytest.raises(InputError, match="does not know the variable"):
        optimizer.apply([grads], [alone])


def test_options_of_the_parts():
    a, b = named([1.0], "a"), named([1.0], "b")
    parts = SGD(1.0, use_ema=True, ema_momentum=0.5), SGD(1.0, gradient_accumulation_steps=2)
    optimizer = MultiOptimizer(lambda v: parts[v.name == "b"], loss_scale_factor=4.0)
    optimizer.build([a, b])
    assert optimizer.optimizers == list(parts) and optimizer.use_ema
    assert [o.loss_scale_factor for o in parts] == [4.0, 4.0]
    assert float(optimizer.scale_loss(2.0)) == 8.0
    for _ in range(2):
        optimizer.apply([np.full(1, 4.0), np.full(1, 8.0)])
    assert (a.numpy()[0], b.numpy()[0]) == (-1.0, -1.0)
    optimizer.finalize_variable_values([a, b])
    assert (a.numpy()[0], b.numpy()[0]) == (-0.5, -1.0)
    optimizer.loss_scale_factor = None
    assert parts[0].loss_scale_factor is None
    with pytest.warns(UserWarning, match="No gradients for"):
        optimizer.apply([np.zeros(1), None])


def test_there_is_no_learning_rate():
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.5)))
    assert not hasattr(optimizer, "learning_rate") and not hasattr(optimizer, "lr")
    with pytest.raises(AttributeError, match="set it of a part"):
        optimizer.learning_rate = 1.0


def test_configuration():
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.5), {"a/.*": Adam(0.25)}), 2.0, name="both")
    again = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert again.name == "both" and again.loss_scale_factor == 2.0
    assert [type(o).__name__ for o in again.optimizers] == ["Adam", "SGD"]
    assert [float(o.learning_rate) for o in again.optimizers] == [0.25, 0.5]
    by_path = deserialize_keras_object(
        serialize_keras_object(OptimizerMap(SGD(0.5), {"b": Adam()}))
    )
    assert type(by_path["b"]) is Adam and type(by_path["c"]) is SGD


def test_compiled_fit():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 3)).astype("float32")
    y = x @ np.array([[1.0], [2.0], [-1.0]], "float32")
    model = kerata.Sequential(
        [kerata.Input((3,)), layers.Dense(8, name="body"), layers.Dense(1, name="head")]
    )
    body, head = SGD(0.0), Adam(0.05)
    model.compile(MultiOptimizer(OptimizerMap(head, {".*body/.*": body})), "mse")
    before = model.get_weights()
    model.fit(x, y, epochs=2, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(after[0], before[0])
    assert np.abs(after[2] - before[2]).max() > 0.05
    body.learning_rate = optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)  # compiled anew
    losses = model.fit(x, y, epochs=10, verbose=0).history["loss"]
    assert np.abs(model.get_weights()[0] - after[0]).max() > 0.05 and losses[-1] < 0.5


@pytest.mark.parametrize("wrap", [LossScaleOptimizer, lambda o: o])
def test_pure_form_is_compiled(wrap):
    from kerata.engine import engine

    start, grads = [np.ones((2, 2), "float32"), np.ones(2, "float32")], []
    for i in range(3):
        grads.append([np.full(s.shape, 2.0**i, "float32") for s in start])
    grads.insert(1, [np.full((2, 2), np.inf, "float32"), np.ones(2, "float32")])
    made = []
    for _ in range(2):
        variables = [named(w, n) for w, n in zip(start, ("a/kernel", "a/bias"))]
        optimizer = wrap(
            MultiOptimizer(OptimizerMap(SGD(0.5, momentum=0.5), {".*/bias": Adam(0.1)}))
        )
        optimizer.build(variables)
        made.append((optimizer, variables))
    (eager, variables), (pure, values) = made
    step = engine().compile(pure.stateless_apply)
    state, values = [v.value for v in pure.variables], [v.value for v in values]
    for g in grads if wrap is LossScaleOptimizer else grads[:1] + grads[2:]:
        eager.apply(g, variables)
        values, state = step(state, g, values)
    for v, w in zip([*variables, *eager.variables], [*values, *state], strict=True):
        np.testing.assert_allclose(v.numpy(), w, rtol=1e-6, atol=1e-7)
    assert np.isfinite(variables[0].numpy()).all() and int(eager.iterations) == 3
