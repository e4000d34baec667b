"""`LossScaleOptimizer`: the scale, the steps that are skipped, and training in 16 bits."""

import json

import numpy as np
import pytest

import kerata
from kerata import config, layers, ops, optimizers
from kerata.errors import InputError
from kerata.optimizers import SGD, Adam, LossScaleOptimizer, MultiOptimizer, OptimizerMap
from kerata.variable import Variable


def named(value, path):
    v = Variable(np.asarray(value, "float32"), name=path.rpartition("/")[2])
    v.path = path
    return v


def test_gradients_are_unscaled_and_bad_steps_skipped():
    w = named([1.0, 2.0], "w")
    optimizer = LossScaleOptimizer(Adam(0.1), initial_scale=8.0, dynamic_growth_steps=2)
    alone, plain = named([1.0, 2.0], "w"), Adam(0.1)
    assert float(optimizer.scale_loss(ops.ones(()))) == 8.0  # before it is built
    found = []
    for g in ([1, 2], [np.inf, 0], [1, -2], [0, 1], [2, 2], [np.nan, 0], [-np.inf, 0]):
        g = np.asarray(g, "float32")
        optimizer.apply([g * float(optimizer.scale_loss(1.0))], [w])
        if np.isfinite(g).all():
            plain.apply([g], [alone])
        found.append((int(optimizer.step_counter), float(optimizer.dynamic_scale)))
        np.testing.assert_allclose(w.numpy(), alone.numpy(), rtol=1e-6)
    assert found == [(1, 8), (0, 4), (1, 4), (0, 8), (1, 8), (0, 4), (0, 2)]
    assert int(optimizer.iterations) == 4
    for a, b in zip(optimizer.inner_optimizer.get_weights(), plain.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_state_is_ordered_as_in_files():
    w = named([1.0], "dense/kernel")
    optimizer = LossScaleOptimizer(SGD(0.5, momentum=0.9, name="sgd"), name="scaled")
    optimizer.build([w])
    assert [v.path for v in optimizer.variables] == [
        "scaled/iteration", "scaled/learning_rate", "scaled/step_counter", "scaled/dynamic_scale",
        "sgd/iteration", "sgd/learning_rate", "sgd/dense_kernel_momentum",
    ]  # fmt: skip
    assert float(optimizer.dynamic_scale) == 2.0**15
    optimizer.apply([np.ones(1)], [w])
    again = LossScaleOptimizer(SGD(0.1, momentum=0.9))
    again.build([w])
    again.set_weights(optimizer.get_weights())
    assert float(again.learning_rate) == 0.5 and int(again.iterations) == 1


def test_what_belongs_to_the_inner_optimizer():
    optimizer = LossScaleOptimizer(SGD(0.5, weight_decay=0.5, loss_scale_factor=3.0))
    assert optimizer.inner_optimizer.loss_scale_factor is None
    optimizer.learning_rate = 1.0
    assert float(optimizer.inner_optimizer.learning_rate) == float(optimizer.lr) == 1.0
    w, b = named([1.0], "w"), named([1.0], "b")
    optimizer.exclude_from_weight_decay([b])
    optimizer.apply([np.zeros(1), np.zeros(1)], [w, b])
    assert (w.numpy()[0], b.numpy()[0]) == (0.5, 1.0)
    with pytest.raises(InputError, match="give it to the inner optimizer"):
        LossScaleOptimizer(SGD(), clipnorm=1.0)
    with pytest.raises(InputError, match="loss_scale_factor"):
        LossScaleOptimizer(SGD(), dynamic=False)
    with pytest.raises(InputError, match="needs an optimizer"):
        LossScaleOptimizer(optimizer)
    with pytest.raises(TypeError, match="Did you mean 'initial_scale'"):
        LossScaleOptimizer(SGD(), initial_scal=2.0)


def test_configuration():
    optimizer = LossScaleOptimizer(Adam(0.25, clipnorm=1.0), 4.0, 7, name="mine")
    written = json.loads(json.dumps(optimizers.serialize(optimizer)))
    assert set(written["config"]) == {
        "name",
        "inner_optimizer",
        "initial_scale",
        "dynamic_growth_steps",
    }
    again = optimizers.deserialize(written)
    assert (again.name, again.initial_scale, again.dynamic_growth_steps) == ("mine", 4.0, 7)
    assert again.inner_optimizer.clipnorm == 1.0 and float(again.learning_rate) == 0.25
    written["config"].update(
        dynamic=True, weight_decay=None, ema_momentum=0.99
    )  # as older versions
    assert optimizers.deserialize(written).initial_scale == 4.0


@pytest.mark.parametrize(
    "options",
    [{"gradient_accumulation_steps": 2}, {"use_ema": True, "ema_overwrite_frequency": 2}, {"global_clipnorm": 0.1},
     {"weight_decay": 0.1}],
    ids=str,
)  # fmt: skip
def test_options_of_the_inner_optimizer(options):
    v, w = named([1.0, 2.0], "v"), named([1.0, 2.0], "w")
    scaled, plain = (
        LossScaleOptimizer(Adam(0.1, **options), initial_scale=4.0),
        Adam(0.1, **options),
    )
    for g in np.random.default_rng(0).standard_normal((4, 2)).astype("float32"):
        scaled.apply([4 * g], [v])
        plain.apply([g], [w])
    np.testing.assert_allclose(v.numpy(), w.numpy(), rtol=1e-6)
    scaled.finalize_variable_values([v])
    plain.finalize_variable_values([w])
    np.testing.assert_allclose(v.numpy(), w.numpy(), rtol=1e-6)


def learnable():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((128, 4)).astype("float32")
    return x, (x @ np.array([[1.0], [-1.0], [0.5], [2.0]]) > 0).astype("float32")


def small(policy="float32", dtype=None):
    config.set_dtype_policy(policy)
    try:
        return kerata.Sequential(
            [kerata.Input((4,)), layers.Dense(8, activation="tanh", dtype=dtype),
             layers.Dense(1, activation="sigmoid", dtype=dtype)],
        )  # fmt: skip
    finally:
        config.set_dtype_policy("float32")


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_learns(policy):
    x, y = learnable()
    model = small(policy)
    model.compile(Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    scaled = isinstance(model.optimizer, LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    history = model.fit(x, y, batch_size=32, epochs=8, verbose=0).history
    assert history["accuracy"][-1] > 0.9 and history["loss"][-1] < 0.5 * history["loss"][0]
    assert {w.dtype for w in model.weights} == {"float32"}
    assert str(model.predict(x[:2], verbose=0).dtype) == policy.removeprefix("mixed_")
    if scaled:
        assert int(model.optimizer.iterations) == 32 and int(model.optimizer.step_counter) == 32


def test_one_layer_in_16_bits_is_not_scaled():
    x, y = learnable()
    model = small(dtype="mixed_float16")
    model.compile(Adam(0.05), "binary_crossentropy")
    assert type(model.optimizer) is Adam
    losses = model.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_compile_may_be_told_not_to_scale():
    model = small("mixed_float16")
    model.compile("sgd", "mse", auto_scale_loss=False)
    assert type(model.optimizer) is SGD
    own = LossScaleOptimizer(SGD(), initial_scale=2.0)
    model.compile(own, "mse")
    assert model.optimizer is own


def test_too_large_a_scale_falls_in_a_compiled_fit():
    x, y = learnable()
    model = small("mixed_float16")
    model.compile(LossScaleOptimizer(SGD(0.1), initial_scale=2.0**30), "binary_crossentropy")
    losses = model.fit(x, y, batch_size=32, epochs=5, verbose=0).history["loss"]
    skipped = 20 - int(model.optimizer.iterations)
    assert 4 < skipped < 16 and float(model.optimizer.dynamic_scale) == 2.0 ** (30 - skipped)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert losses[0] == pytest.approx(losses[1], rel=0.1) and losses[-1] < losses[0]


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_files(tmp_path, suffix):
    x, y = learnable()
    model = small()
    several = MultiOptimizer(OptimizerMap(SGD(0.1, momentum=0.9), {".*/bias": Adam(0.01)}))
    inner = several if suffix == ".keras" else Adam(0.01)
    model.compile(LossScaleOptimizer(inner, 1024.0, 3), "mse")
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / f"model{suffix}")
    again = kerata.models.load_model(tmp_path / f"model{suffix}")
    for a, b in zip(model.optimizer.get_weights(), again.optimizer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for m in (model, again):
        m.fit(x, y, epochs=1, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_whether_the_loss_is_scaled_is_kept_in_files(tmp_path):
    model = small("mixed_float16")
    for scale in (True, False):
        model.compile(Adam(), "mse", auto_scale_loss=scale)
        model.save(tmp_path / "model.keras")
        again = kerata.models.load_model(tmp_path / "model.keras")
        assert isinstance(again.optimizer, LossScaleOptimizer) == scale
        assert again.dtype_policy.name == "mixed_float16"


def test_state_of_inner_optimizers_is_also_where_keras_looks(tmp_path):
    import h5py

    model = small()
    parts = OptimizerMap(SGD(0.5, name="unused"), {".*": Adam()})
    model.compile(LossScaleOptimizer(MultiOptimizer(parts)), "mse")
    model.save_weights(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        inner = file["optimizer/inner_optimizer/optimizers"]
        counts = [len(file["optimizer/vars"]), len(inner["adam/vars"]), len(inner["sgd/vars"])]
    assert counts == [18, 10, 2]


@pytest.mark.parametrize("name", ["Adafactor", "Ftrl", "Muon", "ScheduleFreeAdamW"])
def test_state_of_other_rules_in_files(tmp_path, name):
    x, y = learnable()
    model = small()
    model.compile(getattr(optimizers, name)(0.01, use_ema=True), "mse")
    model.fit(x, y, epochs=1, verbose=0)
    for suffix in (".keras", ".h5"):
        model.save(tmp_path / f"model{suffix}")
        again = kerata.models.load_model(tmp_path / f"model{suffix}")
        for a, b in zip(model.optimizer.get_weights(), again.optimizer.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
