"""Optimizers of one's own as tf.keras 2.0 to 2.10 wrote them."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import Input, Sequential, layers, models, ops, optimizers, utils

X = np.random.RandomState(0).normal(size=(48, 3)).astype("float32")
Y = X @ np.array([[1.0], [2.0], [3.0]], "float32")


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")


class OldMomentum(optimizers.Optimizer):
    """Momentum; what is needed for each step is asked for in it."""

    def __init__(self, learning_rate=0.01, momentum=0.9, name="OldMomentum", **kwargs):
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", kwargs.get("lr", learning_rate))
        self._set_hyper("decay", self._initial_decay)
        self._set_hyper("momentum", momentum)

    def _create_slots(self, var_list):
        for var in var_list:
            self.add_slot(var, "momentum")

    def _resource_apply_dense(self, grad, var):
        dtype = var.dtype.base_dtype
        moment = self.get_slot(var, "momentum")
        moment.assign(moment * self._get_hyper("momentum", dtype) - grad * self._decayed_lr(dtype))
        var.assign_add(moment)

    def get_config(self):
        names = ("learning_rate", "decay", "momentum")
        return {**super().get_config(), **{n: self._serialize_hyperparameter(n) for n in names}}


class PreparedDescent(optimizers.Optimizer):
    """Gradient descent; what is needed for a step is prepared before."""

    def __init__(self, learning_rate=0.01, name="PreparedDescent", **kwargs):
        super().__init__(name, **kwargs)
        self._set_hyper("learning_rate", learning_rate)

    def _prepare_local(self, var_device, var_dtype, apply_state):
        super()._prepare_local(var_device, var_dtype, apply_state)
        rate = apply_state[(var_device, var_dtype)]["lr_t"]
        apply_state[(var_device, var_dtype)]["step"] = ops.multiply(rate, 2.0)

    def _resource_apply_dense(self, grad, var, apply_state=None):
        device, dtype = "", var.dtype.base_dtype
        known = (apply_state or {}).get((device, dtype)) or self._fallback_apply_state(
            device, dtype
        )
        var.assign_sub(known["step"] * grad)


def trained(optimizer):
    utils.set_random_seed(3)
    model = Sequential([Input((3,)), layers.Dense(2, "tanh"), layers.Dense(1)])
    model.compile(optimizer, "mse")
    model.fit(X, Y, epochs=4, batch_size=16, shuffle=False, verbose=0)
    return model


@pytest.mark.parametrize(
    ("own", "same"),
    [
        (lambda: OldMomentum(0.05, 0.8), lambda: optimizers.SGD(0.05, 0.8)),
        (lambda: OldMomentum(lr=0.05), lambda: optimizers.SGD(0.05, 0.9)),
        (lambda: PreparedDescent(0.05), lambda: optimizers.SGD(0.1)),
    ],
    ids=["slots", "lr", "prepared"],
)
def test_trains_as_its_rule_says(own, same):
    for a, b in zip(trained(own()).get_weights(), trained(same()).get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_its_configuration_and_files(tmp_path):
    model = trained(OldMomentum(0.05, 0.8))
    config = model.optimizer.get_config()
    assert config["momentum"] == 0.8 and config["learning_rate"] == pytest.approx(0.05)
    model.save(tmp_path / "m.keras")
    again = models.load_model(tmp_path / "m.keras", custom_objects={"OldMomentum": OldMomentum})
    for m in (model, again):
        m.fit(X, Y, epochs=1, batch_size=16, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
