"""Layers around functions, modules and files of an engine's own library."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import kerata as keras
from kerata import layers
from kerata.errors import FileError, InputError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def train(model, epochs=8):
    """Losses of a short training, which must have helped."""
    model.compile(keras.optimizers.Adam(0.05), "mse")
    losses = model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    return losses


def around(layer):
    x = keras.Input((3,))
    return keras.Model(x, layer(x))


# --- with any engine ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "library, make",
    [
        ("jax", lambda: layers.JaxLayer(lambda inputs: inputs)),
        ("torch", lambda: layers.TorchModuleWrapper(None)),
        ("torch", lambda: keras.utils.torch_module(layers.Dense(1))),
        ("tensorflow", lambda: layers.TFSMLayer("nowhere")),
    ],
)
def test_another_engine_is_named(library, make):
    if keras.config.backend() == library:
        pytest.skip("that engine runs")
    with pytest.raises(InputError, match=f"{keras.config.backend()}.*KERATA_ENGINE={library}"):
        make()


def concatenated_with_its_negative(x):
    """A computation with functions of the engine's library."""
    if keras.config.backend() == "torch":
        import torch

        return torch.cat([x, -x], dim=-1).relu()
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        return tf.nn.relu(tf.concat([x, -x], axis=-1))
    import jax

    return jax.nn.relu(jax.numpy.concatenate([x, -x], axis=-1))


def test_a_layer_may_call_native_functions():
    class Native(layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], 4))

        def call(self, x):
            return concatenated_with_its_negative(x @ self.kernel)

    model = keras.Sequential([keras.Input((3,)), Native(), layers.Dense(1)])
    assert model.layers[0].output.shape == (None, 8)
    train(model)


# --- JAX ------------------------------------------------------------------------------------------


@keras.saving.register_keras_serializable("native")
def affine_init(rng, inputs):
    import jax

    kernel = jax.random.normal(rng, (inputs.shape[-1], 2))
    return {"kernel": kernel, "bias": np.zeros(2, "float32")}, {"calls": 0, "kind": "affine"}


@keras.saving.register_keras_serializable("native")
def affine_call(params, state, inputs, training):
    import jax.numpy as jnp

    out = jnp.matmul(inputs, params["kernel"]) + params["bias"]
    return out, {**state, "calls": state["calls"] + training}


@pytest.mark.engine("jax")
class TestJaxLayer:
    def test_trains_saves_and_loads(self, tmp_path):
        layer = layers.JaxLayer(affine_call, affine_init)
        model = keras.Sequential([keras.Input((3,)), layer, layers.Dense(1)])
        assert layer.compute_output_shape((None, 3)) == (None, 2)
        assert [v.path.rpartition("/")[2] for v in layer.trainable_weights] == ["bias", "kernel"]
        assert [v.dtype for v in layer.non_trainable_weights] == ["int32"]
        train(model)
        assert int(layer.state["calls"]) == 32 and layer.state["kind"] == "affine"
        want = model.predict(X, verbose=0)
        assert int(layer.state["calls"]) == 32
        model.save(tmp_path / "m.keras")
        loaded = keras.models.load_model(tmp_path / "m.keras")
        np.testing.assert_allclose(loaded.predict(X, verbose=0), want, rtol=1e-6)
        model.save_weights(tmp_path / "m.weights.h5")
        other = keras.Sequential(
            [keras.Input((3,)), layers.JaxLayer(affine_call, affine_init), layers.Dense(1)]
        )
        other.load_weights(tmp_path / "m.weights.h5")
        np.testing.assert_allclose(other.predict(X, verbose=0), want, rtol=1e-6)
        twin = copy.deepcopy(layer)
        np.testing.assert_allclose(twin(X), layer(X), rtol=1e-6)

    def test_given_parameters_are_kept(self):
        layer = layers.JaxLayer(
            lambda inputs, params: inputs * params[0] + params[1], params=(2.0, 1)
        )
        assert layer.built and np.allclose(layer(X), X * 2 + 1)
        assert [v.trainable for v in layer.weights] == [True, False]  # an integer has no derivative

    def test_random_numbers_are_new_in_training_only(self):
        import jax

        def noise(rng, inputs):
            return inputs if rng is None else inputs + jax.random.normal(rng, inputs.shape)

        layer = layers.JaxLayer(noise, seed=3)
        assert (np.asarray(layer(X)) == X).all()
        a, b = layer(X, training=True), layer(X, training=True)
        assert not np.allclose(a, b) and not np.allclose(a, X)
        again = layers.JaxLayer(noise, seed=3)
        assert np.allclose(again(X, training=True), a)
        around(layer).predict(X, verbose=0)

    def test_frozen_weights_stay(self):
        layer = layers.JaxLayer(affine_call, affine_init, trainable=False)
        model = keras.Sequential([keras.Input((3,)), layer, layers.Dense(1)])
        before = layer.get_weights()[0]
        model.compile("sgd", "mse")
        model.fit(X, Y, verbose=0)
        assert len(model.trainable_weights) == 2
        assert (layer.get_weights()[0] == before).all()

    def test_several_inputs(self):
        layer = layers.JaxLayer(
            lambda params, inputs: inputs["a"] @ params + inputs["b"],
            lambda inputs: np.ones((inputs["a"].shape[-1], 2), "float32"),
        )
        out = layer({"a": keras.Input((3,)), "b": keras.Input((2,))})
        assert out.shape == (None, 2)

    def test_mistakes(self):
        with pytest.raises(InputError, match="'training'; it takes"):
            layers.JaxLayer(lambda x: x)
        with pytest.raises(InputError, match="init_fn must take 'inputs'"):
            layers.JaxLayer(lambda inputs, params: inputs, lambda rng: 0)
        with pytest.raises(InputError, match="give an init_fn"):
            layers.JaxLayer(lambda inputs, params: inputs)
        layer = layers.JaxLayer(lambda inputs, state: (inputs, [0.0, 1.0]), state=[0.0])
        with pytest.raises(InputError, match="another structure"):
            layer(X)


@pytest.mark.engine("jax")
class TestFlaxLayer:
    def module(self):
        nn = pytest.importorskip("flax.linen")

        class Net(nn.Module):
            units: int = 8

            @nn.compact
            def __call__(self, inputs, training=False):
                x = nn.relu(nn.Dense(self.units)(inputs))
                x = nn.BatchNorm(use_running_average=not training, momentum=0.5)(x)
                x = nn.Dropout(0.1, deterministic=not training)(x)
                return nn.Dense(1)(x)

            def double(self, inputs):
                return self(inputs) * 2

            def get_config(self):
                return {"units": self.units}

            @classmethod
            def from_config(cls, config):
                return cls(**config)

        return Net()

    def test_trains_saves_and_loads(self, tmp_path):
        module = self.module()
        layer = layers.FlaxLayer(module)
        model = around(layer)
        assert model.output_shape == (None, 1)
        assert len(layer.trainable_weights) == 6 and len(layer.non_trainable_weights) == 2
        start = layer.non_trainable_weights[0].numpy()
        train(model)
        assert np.abs(layer.non_trainable_weights[0].numpy() - start).max() > 0
        want = model.predict(X, verbose=0)
        model.save(tmp_path / "m.keras")
        custom = {"Net": type(module)}
        loaded = keras.models.load_model(tmp_path / "m.keras", custom_objects=custom)
        np.testing.assert_allclose(loaded.predict(X, verbose=0), want, rtol=1e-6)
        model.save_weights(tmp_path / "m.weights.h5")
        other = around(layers.FlaxLayer(self.module()))
        other.load_weights(tmp_path / "m.weights.h5")
        np.testing.assert_allclose(other.predict(X, verbose=0), want, rtol=1e-6)

    def test_methods_and_variables(self):
        import jax

        module = self.module()
        variables = module.init(jax.random.key(0), X)
        plain = layers.FlaxLayer(module, variables=variables)
        double = layers.FlaxLayer(module, method=module.double, variables=variables)
        free = layers.FlaxLayer(module, lambda m, inputs: m(inputs) + 1, variables=variables)
        assert np.allclose(plain(X), module.apply(variables, X), atol=1e-6)
        assert np.allclose(double(X), plain(X) * 2) and np.allclose(free(X), plain(X) + 1)
        config = double.get_config()
        assert config["method"] == "double"
        with keras.saving.custom_object_scope({"Net": type(module)}):
            again = layers.FlaxLayer.from_config(config)
        again.build((None, 3))
        again.set_weights(double.get_weights())
        assert np.allclose(again(X), double(X))


# --- PyTorch --------------------------------------------------------------------------------------


@pytest.mark.engine("torch")
class TestTorchModuleWrapper:
    def net(self):
        nn = pytest.importorskip("torch").nn
        return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))

    def test_trains_saves_and_loads(self, tmp_path):
        import torch

        net = self.net()
        layer = layers.TorchModuleWrapper(net)
        assert layer.built and len(layer.trainable_weights) == 6
        assert [v.name for v in layer.non_trainable_weights] == [
            "1_running_mean",
            "1_running_var",
            "1_num_batches_tracked",
        ]
        model = around(layer)
        assert model.output_shape == (None, 1)
        train(model)
        # Module and layer share the weights, running statistics too.
        assert int(net[1].num_batches_tracked) == 32
        want = model.predict(X, verbose=0)
        np.testing.assert_allclose(net.eval()(torch.tensor(X)).numpy(), want, atol=1e-6)
        model.save(tmp_path / "m.keras")
        with pytest.raises(FileError, match="safe_mode=False"):
            keras.models.load_model(tmp_path / "m.keras")
        loaded = keras.models.load_model(tmp_path / "m.keras", safe_mode=False)
        np.testing.assert_allclose(loaded.predict(X, verbose=0), want, rtol=1e-6)
        model.save_weights(tmp_path / "m.weights.h5")
        other = around(layers.TorchModuleWrapper(self.net()))
        other.load_weights(tmp_path / "m.weights.h5")
        np.testing.assert_allclose(other.predict(X, verbose=0), want, rtol=1e-6)
        wrong = around(layers.TorchModuleWrapper(net[0]))
        with pytest.raises(ShapeError, match="unexpected"):
            wrong.load_weights(tmp_path / "m.weights.h5")

    def test_fit_is_what_torch_does(self):
        import torch

        a = self.net()
        b = copy.deepcopy(a)
        model = around(layers.TorchModuleWrapper(a))
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(X, Y, batch_size=32, epochs=4, verbose=0, shuffle=False)
        optimizer = torch.optim.SGD(b.parameters(), lr=0.1)
        with torch.enable_grad():
            for _ in range(4):
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(b(torch.tensor(X)), torch.tensor(Y)).backward()
                optimizer.step()
        for (name, v), w in zip(a.state_dict().items(), b.state_dict().values()):
            np.testing.assert_allclose(v.numpy(), w.numpy(), rtol=1e-4, atol=1e-6, err_msg=name)

    def test_lazy_modules(self):
        from torch import nn

        net = nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d(), nn.Linear(4, 1))
        layer = layers.TorchModuleWrapper(net)
        assert not layer.built and layer.weights == []
        model = keras.Sequential([layer])
        train(model)
        assert layer.built and len(model.weights) == 9
        assert layer.get_build_config() == {"input_shape": (None, 3)}

    def test_frozen(self):
        net = self.net()
        layer = layers.TorchModuleWrapper(net, trainable=False)
        model = keras.Sequential([keras.Input((3,)), layer, layers.Dense(1)])
        before = net[0].weight.numpy().copy()
        model.compile("sgd", "mse")
        model.fit(X, Y, verbose=0)
        assert (net[0].weight.numpy() == before).all() and not net[0].weight.requires_grad
        layer.trainable = True
        assert net[0].weight.requires_grad and len(layer.trainable_weights) == 6

    def test_modes(self):
        from torch import nn

        layer = layers.TorchModuleWrapper(nn.Dropout(0.5))
        x = np.ones((50, 4), "float32")
        assert (layer(x, training=False) == 1).all()
        assert (layer(x, training=True) != 1).any()
        assert (layer(x) != 1).any()  # in the module's own mode, as in Keras
        layer.module.eval()
        assert (layer(x) == 1).all() and (layer(x, training=True) != 1).any()
        assert not layer.module.training

    def test_several_arguments_and_shared_parameters(self):
        import torch
        from torch import nn

        class Pair(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(3, 3, bias=False)
                self.b = nn.Linear(3, 3, bias=False)
                self.b.weight = self.a.weight
                self.register_buffer("count", torch.zeros(()), persistent=False)

            def forward(self, x, y, scale=1.0):
                self.count = self.count + 1
                return (self.a(x) + self.b(y)) * scale

        layer = layers.TorchModuleWrapper(Pair())
        assert len(layer.weights) == 2 and int(layer.weights[1]) == 0
        out = layer(X, X, scale=2.0)
        want = 4 * X @ layer.module.a.weight.detach().numpy().T
        np.testing.assert_allclose(out.detach().numpy(), want, rtol=1e-5)
        assert int(layer.weights[1]) == 1
        store: dict = {}
        layer.save_own_variables(store)
        assert sorted(store) == ["a.weight", "b.weight"]
        layer.load_own_variables({k: v * 0 for k, v in store.items()})
        assert (layer(X, X) == 0).all()

    def test_output_shape_and_copies(self):
        layer = layers.TorchModuleWrapper(self.net(), output_shape=(None, 7))
        assert layer(keras.Input((3,))).shape == (None, 7)
        net = self.net()
        layer = layers.TorchModuleWrapper(net)
        for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            np.testing.assert_allclose(twin(X, training=False), layer(X, training=False), rtol=1e-6)
            twin.set_weights([w * 0 for w in twin.get_weights()])
            assert (twin.module[0].weight == 0).all() and (net[0].weight != 0).any()

    def test_mixed_precision(self):
        layer = layers.TorchModuleWrapper(self.net(), dtype="mixed_bfloat16")
        assert str(layer(X, training=False).dtype) == "torch.bfloat16"
        assert layer.weights[0].dtype == "float32"

    def test_in_a_plain_loop(self):
        import torch

        net = self.net()
        model = keras.Sequential([layers.TorchModuleWrapper(net)])
        with torch.enable_grad():
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            losses = []
            for _ in range(10):
                loss = torch.nn.functional.mse_loss(model(X, training=True), torch.tensor(Y))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        assert losses[-1] < 0.7 * losses[0]

    def test_modules_as_attributes(self):
        from torch import nn

        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(3, 8)
                self.last = layers.Dense(1)

            def call(self, x):
                return self.last(nn.functional.relu(self.first(x)))

        model = Net()
        assert isinstance(model.first, layers.TorchModuleWrapper)
        train(model)
        assert len(model.trainable_weights) == 4
        assert [n for n, _ in model.named_parameters()][0] == "first.weight"

    def test_no_module(self):
        with pytest.raises(InputError, match="must be an nn.Module"):
            layers.TorchModuleWrapper(lambda x: x)


# --- TensorFlow -----------------------------------------------------------------------------------


@pytest.mark.engine("tensorflow")
class TestTFSMLayer:
    @pytest.fixture
    def path(self, tmp_path):
        tf = pytest.importorskip("tensorflow")
        shape = [tf.TensorSpec((None, 3), name="inputs")]

        class Saved(tf.Module):
            def __init__(self):
                super().__init__()
                self.kernel = tf.Variable(RNG.normal(size=(3, 4)).astype("float32"), name="kernel")
                self.calls = tf.Variable(0.0, trainable=False, name="a/calls")

            @tf.function(input_signature=shape)
            def serve(self, inputs):
                return tf.nn.relu(inputs @ self.kernel) + 0 * self.calls

            @tf.function(input_signature=shape)
            def train(self, inputs):
                self.calls.assign_add(1.0)
                return tf.nn.relu(inputs @ self.kernel)

        saved = Saved()
        folder = str(tmp_path / "saved")
        tf.saved_model.save(saved, folder, signatures={"serving_default": saved.serve})
        return folder

    def test_calls_and_endpoints(self, path):
        layer = layers.TFSMLayer(path)
        assert [v.path for v in layer.weights] == ["tfsm_layer/kernel", "tfsm_layer/a_calls"]
        assert layer.compute_output_shape((None, 3)) == (None, 4)
        want = np.maximum(X @ layer.get_weights()[0], 0)
        np.testing.assert_allclose(layer(X).numpy(), want, rtol=1e-5)
        signature = layers.TFSMLayer(path, call_endpoint="serving_default")
        np.testing.assert_allclose(signature(X)["output_0"].numpy(), want, rtol=1e-5)
        with pytest.raises(InputError, match="has: serve, serving_default, train"):
            layers.TFSMLayer(path, call_endpoint="nothing")

    @pytest.mark.parametrize("batches", ["in memory", "streamed"])
    def test_trains_saves_and_loads(self, path, tmp_path, batches):
        layer = layers.TFSMLayer(path, call_training_endpoint="train")
        model = keras.Sequential([keras.Input((3,)), layer, layers.Dense(1)])
        before = layer.get_weights()
        model.compile(keras.optimizers.Adam(0.05), "mse")
        if batches == "in memory":
            train(model)
        else:
            model.fit(((X[i::4], Y[i::4]) for i in range(4)), verbose=0)
        assert (layer.get_weights()[0] != before[0]).any()
        assert layer.get_weights()[1] == (32 if batches == "in memory" else 4)
        want = model.predict(X, verbose=0)
        np.testing.assert_allclose(model(X).numpy(), want, rtol=1e-5)
        model.save(tmp_path / "m.keras")
        with pytest.raises(FileError, match="safe_mode=False"):
            keras.models.load_model(tmp_path / "m.keras")
        loaded = keras.models.load_model(tmp_path / "m.keras", safe_mode=False)
        np.testing.assert_allclose(loaded.predict(X, verbose=0), want, rtol=1e-5)

    def test_trains_as_the_layer_it_was(self, path):
        model = keras.Sequential([keras.Input((3,)), layers.TFSMLayer(path), layers.Dense(1)])
        plain = keras.Sequential(
            [keras.Input((3,)), layers.Dense(4, "relu", use_bias=False), layers.Dense(1)]
        )
        kernel, _, *rest = [v.numpy() for v in model.weights]
        plain.set_weights([kernel, *rest])
        for m in (model, plain):
            m.compile(keras.optimizers.SGD(0.05), "mse")
            m.fit(X, Y, batch_size=8, epochs=2, verbose=0, shuffle=False)
        np.testing.assert_allclose(
            model.predict(X, verbose=0), plain.predict(X, verbose=0), rtol=1e-4, atol=1e-5
        )

    def test_frozen_and_within_a_tape(self, path):
        import tensorflow as tf

        frozen = layers.TFSMLayer(path, trainable=False)
        model = keras.Sequential([keras.Input((3,)), frozen, layers.Dense(1)])
        before = frozen.get_weights()[0]
        model.compile("sgd", "mse")
        model.fit(X, Y, verbose=0)
        assert (frozen.get_weights()[0] == before).all() and len(model.trainable_weights) == 2
        layer = layers.TFSMLayer(path)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(X) ** 2)
        assert np.abs(tape.gradient(loss, layer.trainable_weights)[0].numpy()).max() > 0

    def test_bound_values_leave_the_variables_alone(self, path):
        layer = layers.TFSMLayer(path, call_training_endpoint="train")
        kernel, calls = (v.value for v in layer.weights)
        out, state = layer.stateless_call([kernel * 2], [calls + 5], X, training=True)
        np.testing.assert_allclose(out.numpy(), 2 * layer(X).numpy(), rtol=1e-5)
        assert float(state[0]) == 6 and layer.get_weights()[1] == 0
