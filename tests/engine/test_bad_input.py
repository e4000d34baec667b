"""Tensors of other libraries, devices, and what an engine cannot compute: errors for humans."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import kerata as keras
from kerata import layers, ops
from kerata.engine import engine, is_foreign
from kerata.engine.complaints import device_name
from kerata.errors import InputError
from support import array

ENGINE = keras.config.backend()
X = np.arange(12, dtype="float32").reshape(3, 4)


def foreign():
    """Tensors of libraries that are installed and not the engine."""
    out = {}
    if ENGINE != "jax":
        out["jax"] = pytest.importorskip("jax.numpy").asarray
    for name, make in (("torch", "tensor"), ("tensorflow", "constant")):
        if name != ENGINE:
            try:
                out[name] = getattr(__import__(name), make)
            except ModuleNotFoundError:
                continue
    return out


FOREIGN = foreign()


@pytest.mark.parametrize("library", FOREIGN)
def test_values_of_other_libraries(library):
    x = FOREIGN[library](X)
    assert is_foreign(x) and not is_foreign(X) and not is_foreign(ops.convert_to_tensor(X))
    layer = layers.Dense(2)
    y = layer(x)
    assert engine().is_tensor(y)
    np.testing.assert_allclose(array(y), X @ array(layer.kernel.value), atol=1e-5)
    np.testing.assert_allclose(array(ops.matmul(ops.convert_to_tensor(X.T), x)), X.T @ X)
    np.testing.assert_allclose(array(ops.relu(x)), X)
    np.testing.assert_allclose(array(ops.concatenate([x, ops.convert_to_tensor(X)])[3:]), X)

    model = keras.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, FOREIGN[library](X[:, :1]), verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(X, verbose=0))


@pytest.mark.skipif("torch" not in FOREIGN, reason="torch is the engine, or not installed")
def test_a_gradient_that_would_be_lost():
    x = FOREIGN["torch"](X).requires_grad_()
    model = keras.Sequential([layers.Dense(1, name="head")], name="net")
    with pytest.raises(InputError, match=f"'{ENGINE}'.*torch.*detach"):
        model(x)
    model.compile("sgd", "mse")
    model.build((None, 4))
    before = model.get_weights()
    with pytest.raises(InputError, match=f"'{ENGINE}'.*torch.*detach"):
        model.fit(x, X[:, :1], verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.skipif("jax" not in FOREIGN, reason="JAX is the engine")
def test_a_foreign_tensor_without_values():
    import jax

    layer = layers.Dense(1, name="head")
    with pytest.raises(InputError, match=f"'{ENGINE}'.*jax.*without values"):
        jax.jit(lambda x: array(layer(x)))(FOREIGN["jax"](X))


def test_the_engine_stays():
    ops.zeros((1,))
    other = "torch" if ENGINE == "jax" else "jax"
    with pytest.raises(RuntimeError, match=f"from '{ENGINE}' to '{other}'"):
        keras.config.set_backend(other)
    keras.config.set_backend(ENGINE)


def test_engine_before_the_first_tensor():
    """Chosen by the program, by Keras's variable, by ours before that; import makes none of them.

    Its import does not draw from the program's random numbers.
    """
    program = (
        "import sys, kerata\n"
        "model = kerata.Sequential([kerata.Input((3,)), kerata.layers.Dense(2)])\n"
        "model.summary(print_fn=lambda *a, **k: None)\n"
        "assert not {'jax', 'torch', 'tensorflow'} & set(sys.modules)\n"
        f"kerata.config.set_backend('{ENGINE}')\n"
        "import random, numpy\n"
        "random.seed(1); numpy.random.seed(1)\n"
        "expected = random.random(), numpy.random.random()\n"
        "random.seed(1); numpy.random.seed(1)\n"
        "kerata.ops.zeros((1,))\n"
        "assert (random.random(), numpy.random.random()) == expected\n"
        f"assert '{ENGINE}' in sys.modules\n"
        "print(kerata.backend.backend())"
    )
    env = {k: v for k, v in os.environ.items() if k not in ("KERATA_ENGINE", "KERAS_BACKEND")}
    env["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    for more in ({}, {"KERAS_BACKEND": ENGINE}, {"KERATA_ENGINE": ENGINE, "KERAS_BACKEND": "jax"}):
        done = subprocess.run(
            [sys.executable, "-c", program], env={**env, **more}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == ENGINE


def test_engine_not_installed():
    block = "import sys; sys.modules['torch'] = None; sys.modules['tensorflow'] = None\n"
    for name in ("torch", "tensorflow"):
        done = subprocess.run(
            [sys.executable, "-c", f"{block}import kerata; kerata.ops.zeros((1,))"],
            env={**os.environ, "KERATA_ENGINE": name, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
        )  # fmt: skip
        last = done.stderr.strip().splitlines()[-1]
        assert f"pip install kerata[{name}]" in last


def test_engine_unknown():
    with pytest.raises(ValueError, match=r"theano.*jax, torch, tensorflow"):
        keras.config.set_backend("theano")


# --- devices ------------------------------------------------------------------------------------


def test_devices():
    assert engine().devices()[0] == "cpu:0"
    with keras.device("cpu"):
        assert array(ops.ones((2,))).tolist() == [1, 1]
    for name in ("gpu:7", "nonsense", "cpu:x"):
        with (
            pytest.raises(InputError, match=rf"no device '{name}' here.*cpu:0"),
            keras.device(name),
        ):
            pass


@pytest.mark.parametrize("name", ["gpu", "cuda:0", "GPU:0", "/device:GPU:0", "/gpu:0"])
def test_names_of_devices(name):
    assert device_name(name, ["cpu:0", "gpu:0"]) == "gpu:0"


# --- what cannot be computed or compiled ----------------------------------------------------------


class Branch(layers.Layer):
    def call(self, x):
        return x if ops.sum(x) > 1e9 else 2 * x


class Distinct(layers.Layer):
    def call(self, x):
        return x * ops.cast(ops.shape(ops.unique(ops.round(ops.stop_gradient(x))))[0], x.dtype)


@pytest.mark.parametrize("layer", [Branch, Distinct])
@pytest.mark.parametrize("jit", [False, True])
def test_python_code_that_needs_values(layer, jit):
    """JAX and TensorFlow trace; torch computes as it goes, unless the whole step is compiled."""
    model = keras.Sequential([layers.Dense(1), layer(name="choice")], name="net")
    model.compile("sgd", "mse", jit_compile=jit)
    if ENGINE == "torch" and not jit:
        history = model.fit(X, X[:, :1], verbose=0).history
        assert np.isfinite(history["loss"][0])
        return
    with pytest.raises(InputError, match=r"choice"):
        model.fit(X, X[:, :1], verbose=0)
    model.compile("sgd", "mse", run_eagerly=True)
    assert np.isfinite(model.fit(X, X[:, :1], verbose=0).history["loss"][0])


@pytest.mark.engine("torch", "tensorflow")
def test_dtype_without_kernel():
    with pytest.raises(InputError, match=r"In layer 'gate': relu: .* for the dtype.*cast"):
        layers.ReLU(name="gate")(X.astype("complex64"))


@pytest.mark.engine("tensorflow")
def test_operation_that_xla_does_not_know():
    import tensorflow as tf

    class Counted(layers.Layer):
        def call(self, x):
            return x + 0 * tf.cast(
                tf.size(tf.strings.length(tf.strings.as_string(tf.stop_gradient(x)))), x.dtype
            )

    model = keras.Sequential([layers.Dense(1), Counted(name="counted")], name="net")
    model.compile("sgd", "mse", jit_compile=True)
    model.build((None, 4))
    before = model.get_weights()
    with pytest.raises(
        InputError, match=r"In layer 'net/counted': XLA cannot compile the operation AsString"
    ):
        model.fit(X, X[:, :1], verbose=0)
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(X, X[:, :1], verbose=0).history["loss"][0])


@pytest.mark.parametrize("key", ["engine", "backend"])
def test_engine_of_the_settings_file(key, tmp_path):
    (tmp_path / "config.json").write_text(f'{{"{key}": "tensorflow"}}')
    env = {k: v for k, v in os.environ.items() if k not in ("KERATA_ENGINE", "KERAS_BACKEND")}
    env |= {"KERATA_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", "import kerata; print(kerata.config.backend())"],
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "tensorflow", done.stderr
