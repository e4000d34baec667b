"""Functions of NumPy, TensorFlow, PyTorch and JAX called on symbolic tensors."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from kerata import KerasTensor, Model, config, layers, models
from kerata.errors import InputError
from kerata.legacy.foreign_functions import _TABLES, table
from kerata.ops import REGISTRY

X = np.random.default_rng(0).normal(size=(4, 3, 5)).astype("float32")
OTHER = np.random.default_rng(1).normal(size=(3, 5)).astype("float32")

# What NumPy gives for the array, the graph gives for a symbolic tensor.
NUMPY = {
    "exp": np.exp, "mean": lambda x: np.mean(x, axis=1), "sum": lambda x: np.sum(x, axis=-1, keepdims=True),
    "method of an operator": lambda x: OTHER + x, "division by an array": lambda x: OTHER / (x + 10),
    "maximum": lambda x: np.maximum(x, 0.5), "clip": lambda x: np.clip(x, a_min=-1, a_max=0.5),
    "transpose": lambda x: np.transpose(x, (0, 2, 1)), "concatenate": lambda x: np.concatenate([x, x], axis=-1),
    "expand_dims": lambda x: np.expand_dims(x, axis=1), "norm": lambda x: np.linalg.norm(x, axis=-1),
    "where": lambda x: np.where(x > 0, x, 0 * x), "abs": np.abs, "round": lambda x: np.round(x, 1),
    "matmul": lambda x: np.matmul(x, OTHER.T), "einsum": lambda x: np.einsum("bij,ij->bi", x, OTHER),
    "std": lambda x: np.std(x, axis=(1, 2)), "reshape": lambda x: np.reshape(x, (-1, 15)),
    "square of": lambda x: np.square(x) ** 0.5, "cumsum": lambda x: np.cumsum(x, axis=1),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMPY)
def test_numpy(name):
    x = layers.Input((3, 5))
    y = NUMPY[name](x)
    assert isinstance(y, KerasTensor)
    expected = NUMPY[name](X)
    assert (None, *expected.shape[1:]) == y.shape
    np.testing.assert_allclose(Model(x, y).predict(X, verbose=0), expected, rtol=2e-5, atol=1e-5)


def test_such_a_model_is_saved_and_loaded(tmp_path):
    x = layers.Input((3, 5))
    model = Model(x, np.mean(np.exp(x), axis=1))
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_sizes_are_known():
    x = layers.Input((3, 5))
    assert (np.shape(x), np.ndim(x)) == ((None, 3, 5), 3)


def test_functions_without_an_op_are_refused():
    x = layers.Input((3, 5))
    with pytest.raises(InputError, match=r"numpy's gradient .*kerata\.ops.*Lambda"):
        np.gradient(x)
    with pytest.raises(InputError, match=r"numpy's add\.reduce"):
        np.add.reduce(x)
    with pytest.raises(TypeError, match="no values"):
        np.asarray(x)


def test_the_tables_name_ops_with_enough_arguments():
    for library in _TABLES:
        for function, twin in table(library).items():
            parameters = REGISTRY[twin.op].signature.parameters
            assert len(twin.arguments) <= len(parameters), (library, function)
            assert twin.defaults.keys() <= set(twin.arguments), (library, function)


@pytest.mark.skipif(config.backend() != "jax", reason="functions of the engine in use only")
def test_jax_refuses_with_the_name_of_the_op():
    jnp = importlib.import_module("jax.numpy")
    x = layers.Input((3, 5))
    for name in ("mean", "exp", "tanh"):
        with pytest.raises(InputError, match=rf"jax's {name} .*kerata\.ops\.{name}"):
            getattr(jnp, name)(x)


TORCH = """
    lambda x: torch.relu(x)
    lambda x: torch.mean(x, dim=1, keepdim=True)
    lambda x: torch.cat([x, x], dim=-1)
    lambda x: torch.nn.functional.gelu(x)
    lambda x: torch.nn.functional.leaky_relu(x)
    lambda x: torch.permute(x, (0, 2, 1))
    lambda x: torch.clamp(x, min=-0.5, max=0.5)
    lambda x: torch.softmax(x, dim=1)
    lambda x: torch.cosine_similarity(x, 2 * x + 1, dim=-1)
"""


@pytest.mark.skipif(config.backend() != "torch", reason="functions of the engine in use only")
@pytest.mark.parametrize("text", textwrap.dedent(TORCH).split("\n")[1:-1])
def test_torch(text):
    torch = importlib.import_module("torch")
    function = eval(text, {"torch": torch})
    x = layers.Input((3, 5))
    model = Model(x, function(x))
    expected = function(torch.tensor(X)).numpy()
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=2e-5, atol=1e-5)


TENSORFLOW = """
    lambda x: tf.reduce_mean(x, axis=1)
    lambda x: tf.nn.relu(x)
    lambda x: tf.concat([x, x], axis=-1)
    lambda x: tf.concat([x, x], 1)
    lambda x: tf.matmul(x, x, transpose_b=True)
    lambda x: tf.square(x) + tf.exp(x)
    lambda x: tf.expand_dims(x, -1)
    lambda x: tf.cast(x > 0, tf.float32)
    lambda x: tf.argmax(x, axis=-1)
    lambda x: tf.argmax(x[0])
    lambda x: tf.gather(x, [2, 0], axis=1)
    lambda x: tf.split(x, [2, 3], axis=-1)[1]
    lambda x: tf.split(x, 5, axis=-1)[1]
    lambda x: tf.nn.gelu(x)
    lambda x: tf.nn.leaky_relu(x)
    lambda x: tf.clip_by_value(x, -1.0, 1.0)
    lambda x: tf.norm(x, axis=-1)
    lambda x: tf.nn.softmax(x)
    lambda x: tf.transpose(x, [0, 2, 1])
    lambda x: tf.reshape(x, [-1, 15])
    lambda x: tf.where(x > 0, x, tf.zeros_like(x))
    lambda x: tf.math.l2_normalize(x, axis=-1)
    lambda x: tf.signal.frame(x, 2, 1, axis=-1)
    lambda x: tf.einsum("bij,bkj->bik", x, x)
"""


@pytest.mark.skipif(config.backend() != "tensorflow", reason="functions of the engine in use only")
@pytest.mark.parametrize("text", textwrap.dedent(TENSORFLOW).split("\n")[1:-1])
def test_tensorflow(text):
    tf = importlib.import_module("tensorflow")
    function = eval(text, {"tf": tf})
    x = layers.Input((3, 5))
    model = Model(x, function(x))
    expected = function(tf.constant(X)).numpy()
    np.testing.assert_allclose(
        model.predict(X, batch_size=4, verbose=0), expected, rtol=2e-5, atol=1e-5
    )


def test_a_symbolic_model_loads_nothing_of_legacy():
    program = """
        import sys, numpy as np
        from kerata import layers
        x = layers.Input((3,))
        y = np.ones(3, "float32") * x + np.ones((1, 3))
        print(any(m.startswith("kerata.legacy") for m in sys.modules))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
