"""``import keras``, ``tf.keras`` and their modules give Kerata, where `compat` is installed."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap

import pytest

import kerata
from kerata import compat
from kerata.legacy import standin


def run(code: str, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(code)], capture_output=True, text=True
    )


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")


@pytest.fixture
def installed():
    compat.install()
    yield
    compat.uninstall()


def test_every_way_to_import(installed):
    space: dict = {}
    exec(
        textwrap.dedent("""
        import keras
        import keras.layers.core as c
        import keras.backend as K
        import tf_keras
        from keras.layers.convolutional import Conv2D
        from keras.backend import tensorflow_backend as T
        from keras.engine.topology import Layer
        from keras.layers import *
        from keras import layers as l
        from keras.optimizers import SGD, schedules
        """),
        space,
    )
    assert space["c"].Dense is space["l"].Dense is space["Dense"] is kerata.layers.Dense
    assert space["Conv2D"] is kerata.layers.Conv2D and space["Layer"] is kerata.layers.Layer
    assert space["K"].floatx() == space["T"].floatx() == "float32"
    assert space["keras"].utils.np_utils.to_categorical is kerata.utils.to_categorical
    assert space["schedules"].ExponentialDecay is kerata.optimizers.schedules.ExponentialDecay
    assert space["tf_keras"].losses.Huber is kerata.losses.Huber
    assert "Dense" in dir(space["l"]) and "core" in dir(space["l"])


def test_mistakes_in_imports(installed):
    for statement, message in [
        ("from keras.layers import Dens", "'Dens'. Did you mean 'Dense'"),
        ("from keras.layer import Dense", "Did you mean 'layers'"),
        ("import keras.layers.Dense", "Dense is a name in keras.layers"),
        ("from keras.optimizers import TFOptimizer", "is not in Kerata"),
        ("from keras.estimator import model_to_estimator", "2.16"),
    ]:
        with pytest.raises(ModuleNotFoundError) as e:
            exec(statement, {})
        assert message in str(e.value), statement
    import keras

    with pytest.raises(AttributeError, match="Did you mean 'Dense'"):
        _ = keras.layers.Dens
    assert not hasattr(keras, "nothing") and not hasattr(keras.layers, "graph")


def test_modules_can_be_pickled(installed):
    import keras

    assert pickle.loads(pickle.dumps(keras.layers)) is keras.layers
    kind = pickle.loads(pickle.dumps(keras.layers.Dense))
    assert kind is kerata.layers.Dense


def test_eras():
    for era, version in ((None, "3.15.1"), (1, "1.2.2"), (2, "2.3.1"), (3, "3.15.1")):
        compat.install(era)
        import keras

        assert keras.__version__ == version and compat.era() == era
    compat.uninstall()
    assert compat.era() is None and compat.installed() is None
    compat.uninstall()
    with pytest.raises(ValueError, match="1, 2, 3 or None"):
        compat.install(4)


def test_what_was_there_comes_back():
    code = """
    import sys, types
    real = sys.modules["keras"] = types.ModuleType("keras")
    import kerata
    kerata.compat.install()
    import keras
    assert keras is not real and keras.layers.Dense is kerata.layers.Dense
    kerata.compat.uninstall()
    import keras
    assert keras is real and "keras.layers" not in sys.modules
    """
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_in_a_notebook():
    kerata.load_ipython_extension(None)
    assert compat.installed() is not None
    kerata.unload_ipython_extension(None)
    assert compat.installed() is None


def test_kerata_alone_installs_nothing():
    done = run(
        "import sys, kerata, kerata.layers\nprint([m for m in sys.modules if 'compat' in m or 'legacy' in m])"
    )
    assert "kerata" not in done.stdout, done.stdout


# --- without TensorFlow -------------------------------------------------------------------------


@pytest.fixture
def without_tensorflow(monkeypatch):
    for name in [n for n in sys.modules if n.partition(".")[0] == "tensorflow"]:
        monkeypatch.delitem(sys.modules, name)
    compat.install(tensorflow=True)
    yield
    compat.uninstall()


@pytest.mark.engine("jax", "torch")
def test_a_module_in_the_place_of_tensorflow(without_tensorflow):
    import tensorflow as tf
    from tensorflow import keras
    from tensorflow.keras import layers
    from tensorflow.keras.layers import Dense
    from tensorflow.python.keras.layers import Dense as inner

    assert Dense is inner is layers.Dense is tf.keras.layers.Dense is kerata.layers.Dense
    assert keras is tf.keras and tf.__version__.startswith("2.") and standin.is_standing_in()
    assert tf.config.list_physical_devices("GPU") == [] and not tf.test.is_gpu_available()
    assert tf.compat.v1.keras.Model is kerata.Model
    for statement in ("tf.constant(1)", "tf.data.Dataset", "tf.random.normal((2,))"):
        with pytest.raises(AttributeError, match="pip install tensorflow-cpu"):
            eval(statement)
    with pytest.raises(ModuleNotFoundError, match="tensorflow.data needs TensorFlow"):
        exec("from tensorflow.data import Dataset", {})
    with pytest.raises(ModuleNotFoundError, match="tensorflow.constant needs TensorFlow"):
        exec("from tensorflow import constant", {})


@pytest.mark.engine("jax", "torch")
def test_seeds_of_tensorflow_are_those_of_kerata(without_tensorflow):
    import tensorflow as tf

    made = []
    for _ in range(2):
        tf.random.set_seed(5)
        made.append(kerata.initializers.RandomNormal()((3,)).tolist())
    assert made[0] == made[1]
    kerata.utils.set_random_seed(1)
    assert kerata.ops.is_tensor(kerata.ops.zeros(2))


# --- with TensorFlow ----------------------------------------------------------------------------


@pytest.mark.engine("tensorflow")
@pytest.mark.parametrize("first", ["kerata.compat.install()", "import tensorflow"])
def test_a_real_tensorflow_stays_but_for_keras(first):
    code = f"""
    import kerata
    {first}
    kerata.compat.install()
    import numpy as np
    import tensorflow as tf
    from tensorflow.keras.layers import Dense
    from tensorflow import keras
    assert Dense is tf.keras.layers.Dense is keras.layers.Dense is kerata.layers.Dense
    assert tf.losses.Huber is kerata.losses.Huber
    assert tf.compat.v1.keras.Model is kerata.Model
    model = keras.Sequential([keras.layers.Input((2,)), Dense(1)])
    model.compile(tf.keras.optimizers.Adam(0.01), "mse")
    data = tf.data.Dataset.from_tensor_slices((np.ones((8, 2)), np.ones((8, 1)))).batch(4)
    model.fit(data, verbose=0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.ones((1, 2))))
    assert tape.gradient(loss, model.trainable_variables)[0].shape == (2, 1)
    kerata.compat.uninstall()
    assert tf.constant(1).numpy() == 1
    """
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_merge_is_a_function_and_a_module(installed):
    from keras.layers import Input, merge
    from keras.layers.merge import Add, concatenate

    a, b = Input((2,)), Input((3,))
    assert (
        merge([a, b], mode="concat")._keras_shape == concatenate([a, b])._keras_shape == (None, 5)
    )
    assert Add is kerata.layers.Add and not callable(sys.modules["keras.layers"])
