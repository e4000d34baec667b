"""What optimizers offer around their rules: names, state, learning rates, configurations, errors."""

import warnings

import numpy as np
import pytest

from kerata import optimizers
from kerata.errors import InputError, NotBuiltError, ShapeError
from kerata.optimizers import SGD, Adam, RMSprop, schedules
from kerata.variable import Variable


def named(value, path):
    v = Variable(np.asarray(value, "float32"), name=path.rpartition("/")[2])
    v.path = path
    return v


def test_state_is_named_and_ordered_as_in_files():
    a, b = named([1.0, 2.0], "dense/kernel"), named([3.0], "dense/bias")
    optimizer = Adam(amsgrad=True, use_ema=True, name="adam")
    optimizer.build([a, b])
    assert [v.path for v in optimizer.variables] == [
        "adam/iteration", "adam/learning_rate",
        "adam/dense_kernel_average", "adam/dense_bias_average",
        "adam/dense_kernel_momentum", "adam/dense_kernel_velocity",
        "adam/dense_bias_momentum", "adam/dense_bias_velocity",
        "adam/dense_kernel_velocity_hat", "adam/dense_bias_velocity_hat",
    ]  # fmt: skip
    rms = RMSprop(momentum=0.1, centered=True, name="rms")
    rms.build([a, b])
    assert [v.name for v in rms.variables[2:]] == [
        f"dense_{w}_{slot}"
        for slot in ("velocity", "momentum", "average_gradient")
        for w in ("kernel", "bias")
    ]


@pytest.mark.parametrize(
    "given, cls",
    [("rmsprop", "RMSprop"), ("RMSProp", "RMSprop"), ("adam", "Adam"), ("AdamW", "AdamW"), ("sgd", "SGD"),
     ("Nadam", "Nadam"), (SGD, "SGD"), ({"class_name": "adagrad", "config": {"lr": 0.2}}, "Adagrad"),
     ({"class_name": "Custom>Adam", "config": {}, "module": None}, None)],
)  # fmt: skip
def test_get(given, cls):
    if cls is None:
        with pytest.raises(InputError, match="register_keras_serializable"):
            optimizers.get(given)
        return
    assert type(optimizers.get(given)).__name__ == cls


def test_get_gives_the_instance_itself_and_offers_the_closest_name():
    optimizer = SGD()
    assert optimizers.get(optimizer) is optimizer
    with pytest.raises(InputError, match="Did you mean 'Adam'"):
        optimizers.get("adamm")
    with pytest.raises(TypeError, match="Did you mean 'momentum'"):
        SGD(momentun=0.5)


def test_names_of_keras_2():
    assert optimizers.adam is Adam and optimizers.sgd is SGD
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        optimizers.nothing  # noqa: B018


@pytest.mark.parametrize("name", ["Adagrad", "Adam", "Ftrl", "Optimizer", "RMSprop", "SGD"])
def test_legacy_names_are_the_optimizers(name):
    assert getattr(optimizers.legacy, name) is getattr(optimizers, name)


def test_legacy_arguments():
    v, optimizer = Variable([1.0]), optimizers.legacy.SGD(lr=0.5, momentum=0.0, decay=1.0)
    for _ in range(2):
        optimizer.apply([[1.0]], [v])
    assert v.numpy().tolist() == [1 - 0.5 - 0.5 / 2]


@pytest.mark.parametrize(
    "make, message",
    [(lambda: optimizers.Lion(beta_1=0.0), "beta_1"), (lambda: optimizers.Ftrl(learning_rate_power=0.1), "at most 0"),
     (lambda: optimizers.Ftrl(l1_regularization_strength=-1.0), "l1_regularization_strength must be at least 0"),
     (lambda: optimizers.ScheduleFreeAdamW(beta_1=0.0), "hold some of the mean")],
)  # fmt: skip
def test_arguments_out_of_range(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_muon_leaves_some_weights_to_adam():
    paths = ["body/kernel", "body/bias", "embedding/embeddings", "head/kernel"]
    variables = [named(np.ones((2, 2)) if p != "body/bias" else np.ones(2), p) for p in paths]
    optimizer = optimizers.Muon(exclude_layers=["head"])
    optimizer.build(variables)
    assert [v.name for v in optimizer.variables[2:]] == [
        "body_kernel_momentum", "body_bias_momentum", "body_bias_velocity", "embedding_embeddings_momentum",
        "embedding_embeddings_velocity", "head_kernel_momentum", "head_kernel_velocity",
    ]  # fmt: skip
    all_matrices = optimizers.Muon(exclude_embeddings=False)
    all_matrices.build(variables)
    assert sum("velocity" in v.name for v in all_matrices.variables) == 1


def test_adafactor_keeps_rows_and_columns():
    optimizer = optimizers.Adafactor()
    optimizer.build([named(np.ones((2, 3, 4)), "a"), named(np.ones(5), "b")])
    assert [v.shape for v in optimizer.variables[2:]] == [
        (2, 3), (2, 4), (2, 3, 4), (), (), (5,)
    ]  # fmt: skip


def test_schedule_free_starts_from_the_weights():
    v = named([1.0, 2.0], "v")
    optimizer = optimizers.ScheduleFreeAdamW()
    optimizer.build([v])
    v.assign([5.0, 5.0])
    assert optimizer.variables[2].numpy().tolist() == [1.0, 2.0]


def test_learning_rate_is_read_and_set():
    optimizer = SGD(lr=0.5)  # the name of old
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate = 0.25
    assert float(optimizer.lr) == 0.25
    optimizer.lr = np.float32(0.125)
    assert float(optimizer.learning_rate.numpy()) == 0.125
    optimizer.learning_rate.assign(1.0)
    assert optimizer.get_config()["learning_rate"] == 1.0
    variables = len(optimizer.variables)
    optimizer.learning_rate = schedules.ExponentialDecay(0.1, 1, 0.5)
    assert len(optimizer.variables) == variables - 1
    optimizer.iterations.assign(2)
    np.testing.assert_allclose(float(optimizer.learning_rate), 0.025, rtol=1e-6)
    with pytest.raises(TypeError, match="follows ExponentialDecay"):
        optimizer.learning_rate = 0.1
    assert float(SGD(lambda: 0.5).learning_rate) == 0.5


def test_decay_of_old_is_saved_as_the_schedule_that_it_is():
    optimizer = SGD(lr=0.1, decay=0.5)
    again = SGD.from_config(optimizer.get_config())
    a, b = Variable([1.0]), Variable([1.0])
    for _ in range(3):
        optimizer.apply([[1.0]], [a])
        again.apply([[1.0]], [b])
    want = 1 - 0.1 * (1 + 1 / 1.5 + 1 / 2)
    np.testing.assert_allclose([a.numpy()[0], b.numpy()[0]], want, rtol=1e-6)


@pytest.mark.parametrize(
    "make",
    [lambda: SGD(0.1, 0.9, True), lambda: Adam(0.01, 0.8, amsgrad=True, clipvalue=1.0, name="mine"),
     lambda: RMSprop(centered=True, weight_decay=0.1), lambda: optimizers.Nadam(schedules.CosineDecay(0.1, 10)),
     lambda: optimizers.AdamW(gradient_accumulation_steps=3), lambda: optimizers.Adadelta(use_ema=True)],
)  # fmt: skip
def test_configuration_makes_an_equal_optimizer(make):
    import json

    optimizer = make()
    config = json.loads(json.dumps(optimizers.serialize(optimizer)))
    again = optimizers.deserialize(config)
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()


def test_options_by_position_as_in_keras():
    optimizer = SGD(0.1, 0.5, False, 0.01, None, 2.0)
    assert (optimizer.weight_decay, optimizer.clipnorm, optimizer.clipvalue) == (0.01, None, 2.0)


def test_missing_gradients_are_told_once():
    a, b = named([1.0], "a"), named([1.0], "b")
    optimizer = SGD(1.0)
    with pytest.warns(UserWarning, match=r"No gradients for \['b'\]"):
        optimizer.apply([np.ones(1), None], [a, b])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.apply([np.ones(1), None], [a, b])
    assert a.numpy() == -1 and b.numpy() == 1
    with pytest.raises(InputError, match="No gradients for any variable"):
        optimizer.apply([None, None], [a, b])


def test_errors():
    with pytest.raises(NotBuiltError, match="built first"):
        SGD().apply([np.ones(1)])
    optimizer = SGD(momentum=0.5)
    optimizer.build([named([1.0], "a")])
    with pytest.raises(InputError, match="does not know the variable 'other'"):
        optimizer.apply([np.ones(1)], [named([1.0], "other")])
    with pytest.raises(InputError, match="2 gradients for 1 variables"):
        optimizer.apply([np.ones(1), np.ones(1)])
    with pytest.raises(ShapeError, match="shape"):
        optimizer.set_weights([np.int32(0), np.float32(0), np.zeros(7)])
    with pytest.raises(InputError, match="Only one of"):
        SGD(clipnorm=1.0, clipvalue=1.0)
    with pytest.raises(InputError, match="at least 2"):
        SGD(gradient_accumulation_steps=1)
    with pytest.raises(InputError, match="learning_rate must be a number"):
        SGD("fast")


def test_constraint_holds_after_the_step():
    v = named([1.0, -1.0], "v")
    v.constraint = lambda w: w * (w > 0)
    SGD(0.5).apply([np.array([4.0, 0.0])], [v])
    assert v.numpy().tolist() == [0.0, 0.0]


def test_weight_decay_spares_the_excluded():
    kernel, bias = named([1.0], "dense/kernel"), named([1.0], "dense/bias")
    optimizer = SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([np.zeros(1), np.zeros(1)], [kernel, bias])
    assert (kernel.numpy()[0], bias.numpy()[0]) == (0.5, 1.0)


def test_moving_average_takes_the_place_of_the_weights():
    v = named([0.0], "v")
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(3):
        optimizer.apply([np.array([-1.0])], [v])
    assert v.numpy()[0] == 3.0
    optimizer.finalize_variable_values([v])
    assert v.numpy()[0] == 0.5 * (0.5 * 1.0 + 0.5 * 2.0) + 0.5 * 3.0


def test_state_survives_saving():
    a = named([1.0, 2.0], "a")
    optimizer = Adam(0.1)
    optimizer.apply([np.ones(2)], [a])
    store: dict = {}
    optimizer.save_own_variables(store)
    fresh = Adam(0.5)
    fresh.build([a])
    fresh.load_own_variables(store)
    assert float(fresh.learning_rate) == np.float32(0.1) and int(fresh.iterations) == 1
    np.testing.assert_array_equal(fresh.get_weights()[2], optimizer.get_weights()[2])
    with pytest.warns(UserWarning, match="fresh state"):
        SGD().load_own_variables(store)


def test_a_rule_of_the_users_own():
    class Signs(optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, beta=0.9, **kwargs):
            super().__init__(learning_rate=learning_rate, **kwargs)
            self.beta = beta

        def build(self, variables):
            super().build(variables)
            self.m = [self.add_variable_from_reference(v, name="m") for v in variables]

        def update_step(self, gradient, variable, learning_rate):
            from kerata import ops

            m = self.m[self._get_variable_index(variable)]
            self.assign(m, self.beta * m + (1 - self.beta) * gradient)
            self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * ops.sign(m))

        def get_config(self):
            return {**super().get_config(), "beta": self.beta}

    v = named([1.0, 1.0], "v")
    optimizer = Signs(0.5, clipvalue=1.0)
    optimizer.apply_gradients([(np.array([3.0, -3.0]), v)])
    assert v.numpy().tolist() == [0.5, 1.5]
    again = Signs.from_config(optimizer.get_config())
    assert (again.beta, again.clipvalue, float(again.learning_rate)) == (0.9, 1.0, 0.5)
    assert len(optimizer.variables) == 3
