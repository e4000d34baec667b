"""Configurations of values and objects, custom objects, and lookup by name."""

import json
import subprocess
import sys

import numpy as np
import pytest

import kerata as keras
from kerata import serialization as S
from kerata.errors import FileError, InputError


@S.register_keras_serializable("tests")
def plus_one(x):
    return x + 1


@S.register_keras_serializable("tests", "Doubler")
class Double(keras.layers.Layer):
    def __init__(self, factor=2, inner=None, **kwargs):
        super().__init__(**kwargs)
        self.factor, self.inner = factor, inner

    def call(self, x):
        return self.factor * x


class Unregistered(keras.layers.Layer):
    def call(self, x):
        return x


def through_json(x):
    return json.loads(json.dumps(S.serialize_keras_object(x)))


@pytest.mark.parametrize(
    "value",
    [None, 1, 2.5, "a", True, [1, [2]], {"a": [1], "b": None}, b"bytes", slice(1, None, 2), Ellipsis],
    ids=repr,
)  # fmt: skip
def test_values_come_back(value):
    assert S.deserialize_keras_object(through_json(value)) == value


def test_arrays_and_tensors_come_back():
    array = S.deserialize_keras_object(through_json(np.array([[1, 2]], "int32")))
    assert isinstance(array, np.ndarray) and array.dtype == "int32" and array.tolist() == [[1, 2]]
    assert through_json(np.float32(0.5)) == 0.5 and through_json(np.dtype("int8")) == "int8"
    tensor = S.deserialize_keras_object(through_json(keras.ops.ones((2,))))
    assert keras.ops.is_tensor(tensor) and np.asarray(tensor).tolist() == [1.0, 1.0]
    symbol = S.deserialize_keras_object(through_json(keras.KerasTensor((None, 2), "int32")))
    assert symbol.shape == (None, 2) and symbol.dtype == "int32"


def test_objects_have_the_form_of_keras():
    config = through_json(
        keras.layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.1), name="d")
    )
    assert (config["module"], config["class_name"], config["registered_name"]) == (
        "keras.layers",
        "Dense",
        None,
    )
    assert config["config"]["kernel_regularizer"] == {
        "module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.1}, "registered_name": None,
    }  # fmt: skip
    schedule = through_json(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5))
    assert (schedule["module"], schedule["class_name"]) == (
        "keras.optimizers.schedules",
        "ExponentialDecay",
    )
    assert through_json(keras.Sequential())["module"] == "keras"
    x = keras.Input((2,))
    assert through_json(keras.Model(x, x))["module"] == "keras.src.models.functional"
    assert through_json(plus_one)["config"] == "tests>plus_one"
    custom = through_json(Double(3))
    assert (custom["class_name"], custom["registered_name"]) == ("Double", "tests>Doubler")


def test_objects_inside_objects_come_back():
    layer = Double(5, inner=keras.layers.Dense(2, activation=plus_one))
    again = S.deserialize_keras_object(through_json(layer))
    assert type(again) is Double and again.factor == 5
    assert again.inner.units == 2 and again.inner.activation is plus_one


def test_unregistered_classes_are_not_guessed():
    config = through_json(Unregistered())
    with pytest.raises(InputError, match="register_keras_serializable"):
        S.deserialize_keras_object(config)
    for custom_objects in ({"Unregistered": Unregistered},):
        assert type(S.deserialize_keras_object(config, custom_objects)) is Unregistered
    with S.custom_object_scope({"Unregistered": Unregistered}):
        assert type(S.deserialize_keras_object(config)) is Unregistered
    with pytest.raises(InputError):
        S.deserialize_keras_object(config)


def test_scopes_nest_and_end():
    with S.custom_object_scope({"a": 1}):
        with S.CustomObjectScope({"b": 2}):
            assert S.get_registered_object("a") == 1 and S.get_registered_object("b") == 2
        assert S.get_registered_object("b") is None
    assert S.get_registered_object("a") is None
    assert (
        S.get_registered_name(Double) == "tests>Doubler"
        and S.get_registered_name(Unregistered) == "Unregistered"
    )
    assert S.get_custom_objects()["tests>plus_one"] is plus_one


@pytest.mark.parametrize(
    "config",
    [
        {
            "module": "os",
            "class_name": "function",
            "config": "system",
            "registered_name": "function",
        },
        {
            "module": "builtins",
            "class_name": "function",
            "config": "eval",
            "registered_name": "function",
        },
        {
            "module": "keras.models",
            "class_name": "function",
            "config": "load_model",
            "registered_name": "function",
        },
        {
            "module": "keras.saving",
            "class_name": "function",
            "config": "load_model",
            "registered_name": None,
        },
        {
            "module": "keras.utils",
            "class_name": "function",
            "config": "get_file",
            "registered_name": "get_file",
        },
        {
            "module": "subprocess",
            "class_name": "Popen",
            "config": {"args": "true"},
            "registered_name": None,
        },
        {
            "module": "keras.src.layers.os",
            "class_name": "system",
            "config": {},
            "registered_name": None,
        },
        {
            "module": "kerata.saving.safe",
            "class_name": "Archive",
            "config": {"source": "x", "name": "y"},
        },
        {"module": "tests", "class_name": "__import__", "config": {}, "registered_name": None},
        {
            "module": "keras.layers",
            "class_name": "deserialize",
            "config": {},
            "registered_name": None,
        },
    ],
    ids=lambda c: f"{c['module']}.{c['class_name']}",
)
def test_nothing_is_imported_or_called_on_a_files_word(config):
    with pytest.raises((InputError, FileError)):
        S.deserialize_keras_object(config)


def test_no_module_is_imported_on_a_files_word(tmp_path):
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from kerata.serialization import deserialize_keras_object as d\n"
        "for m in ('trap', 'keras.trap', 'keras_hub.trap'):\n"
        "    try: d({'module': m, 'class_name': 'X', 'config': {}, 'registered_name': 'X'})\n"
        "    except ValueError: pass\n"
        "assert 'trap' not in sys.modules and 'jax' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_lambdas_are_refused_in_safe_mode():
    with pytest.warns(UserWarning, match="lambda"):
        config = through_json(lambda x, k=3: k * x + 1)
    with pytest.raises(FileError, match="safe_mode=False"):
        S.deserialize_keras_object(config)
    assert S.deserialize_keras_object(config, safe_mode=False)(2) == 7
    with pytest.raises(FileError, match="another version of Python"):
        S.deserialize_keras_object(
            {"class_name": "__lambda__", "config": {"code": "AAAA"}}, safe_mode=False
        )


def test_safety_reaches_inner_objects():
    with pytest.warns(UserWarning, match="lambda"):
        config = through_json(Double(1, inner=[lambda x: x]))
    with pytest.raises(FileError):
        S.deserialize_keras_object(config)
    assert S.deserialize_keras_object(config, safe_mode=False).inner[0](4) == 4


def test_shared_objects_stay_shared():
    inner = keras.layers.Dense(2)
    config = json.loads(json.dumps(S.serialize_shared([Double(1, inner), Double(2, inner)])))
    assert (
        "shared_object_id" not in config[0] and "shared_object_id" in config[1]["config"]["inner"]
    )
    with S.sharing():
        a, b = S.deserialize_keras_object(config)
    assert a.inner is b.inner


# --- lookup -------------------------------------------------------------------------------------


class HeNormal:
    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls()


def mean_error(x):
    return x


TABLE = {"HeNormal": HeNormal, "mean_error": mean_error, "me": mean_error}


@pytest.mark.parametrize("name", ["HeNormal", "he_normal", "henormal", "HE_NORMAL", HeNormal])
def test_lookup_makes_instances_of_classes(name):
    assert type(S.lookup("initializer", name, TABLE)) is HeNormal


def test_lookup_of_other_things():
    assert S.lookup("loss", None, TABLE) is None
    assert S.lookup("loss", "me", TABLE) is S.lookup("loss", "MeanError", TABLE) is mean_error
    assert S.lookup("loss", len, TABLE) is len
    instance = HeNormal()
    assert S.lookup("initializer", instance, TABLE) is instance
    assert (
        type(S.lookup("initializer", {"class_name": "HeNormal", "config": {}}, TABLE)) is HeNormal
    )
    assert (
        type(S.lookup("initializer", {"class_name": "he_normal", "config": None}, TABLE))
        is HeNormal
    )
    with S.custom_object_scope({"me": abs}):
        assert S.lookup("loss", "me", TABLE) is abs
    assert S.lookup("loss", "plus_one", TABLE | {"plus_one": plus_one})(1) == 2


@pytest.mark.parametrize(
    "identifier, message",
    [("he_norml", "Unknown initializer 'he_norml'. Did you mean 'HeNormal'?"), ("zzz", "Known are: HeNormal, me"),
     ({"class_name": "HeNorml", "config": {}}, "Did you mean 'HeNormal'?"), ({"a": 1}, "needs 'class_name'"),
     (3, "This is no initializer: 3")],
)  # fmt: skip
def test_lookup_errors(identifier, message):
    with pytest.raises(InputError) as e:
        S.lookup("initializer", identifier, TABLE)
    assert message in str(e.value)
