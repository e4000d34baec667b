"""`Config`, and the configurations of Keras 2."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import kerata as keras
from kerata import layers, optimizers, utils
from kerata.errors import InputError
from kerata.legacy.saving import deserialize_keras_object, serialize_keras_object


def test_config() -> None:
    config = utils.Config(rate=0.1, b=2)
    config.ema = True
    config["seed"] = 3
    assert (config.rate, config["ema"], config.get("none", 5), len(config)) == (0.1, True, 5, 4)
    assert list(config) == ["b", "ema", "rate", "seed"] and "seed" in config and "x" not in config
    assert json.loads(config.to_json()) == config.as_dict() == dict(config.items())
    assert config.pop("b") == 2 and "b" not in config
    config.update({"seed": 4}, more=1)
    del config["more"]
    assert config.seed == 4 and list(config.keys()) == ["rate", "ema", "seed"]
    assert sorted(map(str, config.values())) == ["0.1", "4", "True"]
    for other in (pickle.loads(pickle.dumps(config)), copy.deepcopy(config)):
        assert other.as_dict() == config.as_dict()
    with pytest.raises(AttributeError, match="Did you mean 'rate'"):
        _ = config.rates
    with pytest.raises(AttributeError, match="is a method"):
        config.keys = 3


def test_frozen() -> None:
    config = utils.Config(a=1)
    config.freeze()
    assert config.frozen
    for change in (
        lambda: setattr(config, "a", 2),
        lambda: config.update(a=2),
        lambda: config.pop("a"),
        lambda: config.__setitem__("b", 1),
        lambda: config.__delitem__("a"),
    ):
        with pytest.raises(InputError, match="frozen"):
            change()
    config.unfreeze()
    config.a = 2
    assert config.a == 2 and repr(config) == "<Config {'a': 2}>"


class Own:
    def __init__(self, size, fn=None, inner=None):
        self.size, self.fn, self.inner = size, fn, inner

    def get_config(self):
        return {"size": self.size, "fn": self.fn, "inner": self.inner, "name": "twice"}

    @classmethod
    def from_config(cls, config):
        config.pop("name")
        return cls(**config)


def twice(x):
    return 2 * x


def test_configurations_of_keras_2() -> None:
    written = serialize_keras_object(Own(3, twice, Own(4)))
    assert written["class_name"] == "Own" and written["config"]["fn"] == "twice"
    assert json.loads(json.dumps(written)) == written
    assert written["config"]["inner"]["__passive_serialization__"] is True
    back = deserialize_keras_object(written, {"Own": Own}, {"twice": twice})
    assert (back.size, back.fn, back.inner.size) == (3, twice, 4)
    dense = layers.Dense(3, activation="relu", kernel_regularizer="l2")
    again = utils.legacy.deserialize_keras_object(
        utils.legacy.serialize_keras_object(dense), vars(layers) | {"Dense": layers.Dense}
    )
    assert (again.units, again.kernel_regularizer.l2) == (3, pytest.approx(0.01))
    assert serialize_keras_object(None) is None and deserialize_keras_object(None) is None
    assert serialize_keras_object(twice) == "twice"
    assert deserialize_keras_object("twice", {"twice": twice}) is twice
    assert deserialize_keras_object(twice) is twice
    made = deserialize_keras_object("Adam", {"Adam": optimizers.Adam})
    assert isinstance(made, keras.optimizers.Adam) and float(made.learning_rate) == np.float32(
        0.001
    )


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("Nothing", "Unknown loss: 'Nothing'"),
        ({"class_name": "A"}, "describes no loss"),
        (3, "describes no loss"),
    ],
)
def test_errors(identifier: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        deserialize_keras_object(identifier, {}, printable_module_name="loss")


def test_what_cannot_be_written() -> None:
    with pytest.raises(InputError, match="no get_config"):
        serialize_keras_object(3)
