"""Policies by name, by configuration and by path of a layer; the names of `mixed_precision`."""

import json

import numpy as np
import pytest

import kerata
from kerata import config, dtype_policies, layers, mixed_precision
from kerata.dtype_policies import DTypePolicy, DTypePolicyMap
from kerata.errors import InputError


@pytest.fixture
def global_policy():
    yield config.set_dtype_policy
    config.set_dtype_policy("float32")


def test_get():
    assert dtype_policies.get("mixed_float16").compute_dtype == "float16"
    policy = DTypePolicy("bfloat16")
    assert dtype_policies.get(policy) is policy
    assert dtype_policies.get(np.float16) == dtype_policies.get("float16")
    assert dtype_policies.get(dtype_policies.serialize(policy)) == policy
    assert (
        dtype_policies.get({"class_name": "FloatDTypePolicy", "config": {"name": "float16"}}).name
        == "float16"
    )
    for wrong in ("mixed_float", 3, {"name": "what"}):
        with pytest.raises(InputError, match="no dtype policy"):
            dtype_policies.get(wrong)


def test_no_name_means_the_global_policy(global_policy):
    global_policy("mixed_bfloat16")
    assert DTypePolicy().name == dtype_policies.get(None).name == "mixed_bfloat16"
    assert DTypePolicyMap().compute_dtype == "bfloat16"
    assert DTypePolicyMap("float32").compute_dtype == "float32"
    global_policy(DTypePolicyMap("float16"))
    assert DTypePolicy().name == "float16" and DTypePolicyMap().name == "map_float16"


def test_names_of_keras_2(global_policy):
    assert mixed_precision.Policy is kerata.FloatDTypePolicy is DTypePolicy
    mixed_precision.set_global_policy("mixed_float16")
    assert (
        mixed_precision.global_policy().name
        == mixed_precision.dtype_policy().name
        == "mixed_float16"
    )
    assert mixed_precision.LossScaleOptimizer is kerata.optimizers.LossScaleOptimizer


def test_map():
    by_path = DTypePolicyMap("float32", {"encoder/.*": "float16"})
    by_path["decoder"] = "mixed_bfloat16"
    assert by_path["encoder/dense"].name == "float16" and by_path["encoder"].name == "float32"
    assert by_path["decoder"].name == "mixed_bfloat16" and by_path["decoder/x"].name == "float32"
    by_path["encoder/d.*"] = "bfloat16"
    with pytest.raises(ValueError, match="Several keys"):
        by_path["encoder/d"]
    with pytest.raises(ValueError, match="already"):
        by_path["decoder"] = "float16"
    del by_path["encoder/d.*"]
    assert list(by_path) == ["encoder/.*", "decoder"] and len(by_path) == 2 and "decoder" in by_path
    with pytest.raises(ValueError, match="is a map, too"):
        DTypePolicyMap(by_path)
    with pytest.raises(TypeError, match="must be a dict"):
        DTypePolicyMap("float32", ["float16"])
    again = dtype_policies.get(json.loads(json.dumps(dtype_policies.serialize(by_path))))
    assert (
        again == by_path
        and again != DTypePolicyMap("float32")
        and by_path != DTypePolicy("float32")
    )
    assert dtype_policies.serialize(by_path)["module"] == "keras.dtype_policies"


def test_layers_take_their_policy_by_path():
    by_path = DTypePolicyMap("float32", {"b": "mixed_bfloat16", "a.*": "float16"})
    a, b, c = (layers.Dense(2, dtype=by_path, name=n) for n in "abc")
    x = kerata.Input((3,))
    model = kerata.Model(x, [a(x), b(x), c(x)])
    assert [t.dtype for t in model.outputs] == ["float16", "bfloat16", "float32"]
    assert [layer.variable_dtype for layer in (a, b, c)] == ["float16", "float32", "float32"]
    outputs = model.predict(np.ones((2, 3), "float32"), verbose=0)
    assert [str(o.dtype) for o in outputs] == ["float16", "bfloat16", "float32"]
    again = kerata.Model.from_config(model.get_config())
    assert [t.dtype for t in again.outputs] == ["float16", "bfloat16", "float32"]
    assert a.dtype_policy == by_path
    a.dtype_policy = "float32"
    assert a.compute_dtype == "float32"


def test_the_first_call_on_values_has_the_policy_already():
    layer = layers.Dense(
        2, dtype=DTypePolicyMap("float32", {"mine": "mixed_bfloat16"}), name="mine"
    )
    outputs = [layer(np.ones((1, 3), "float32")) for _ in range(2)]
    assert [kerata.dtypes.standardize(o.dtype) for o in outputs] == ["bfloat16"] * 2


def test_layers_within_layers():
    by_path = DTypePolicyMap("float32", {"mha/(query|key)": "bfloat16"})
    mha = layers.MultiHeadAttention(2, 4, dtype=by_path, name="mha")
    x = kerata.Input((5, 8))
    mha(x, x)
    dtypes = {w.path: w.dtype for w in mha.weights if "kernel" in w.path}
    assert dtypes == {
        "mha/query/kernel": "bfloat16", "mha/key/kernel": "bfloat16", "mha/value/kernel": "float32",
        "mha/attention_output/kernel": "float32",
    }  # fmt: skip
