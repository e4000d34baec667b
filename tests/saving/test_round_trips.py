"""Models saved and loaded by Kerata: what comes back, and that training goes on where it stopped."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

import kerata as keras
from kerata import layers as L
from kerata import ops
from kerata.errors import FileError, InputError, NotBuiltError


def data(seed, *shape):
    return np.random.RandomState(seed).standard_normal(shape).astype("float32")


def small(optimizer="adam"):
    model = keras.Sequential([keras.Input((4,)), L.Dense(5, activation="relu"), L.Dense(2)])
    model.compile(optimizer=optimizer, loss="mse", metrics=["mae"])
    return model


def several():
    """Two inputs, two outputs in a dict, shared and nested layers, ops between."""
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    shared = L.Dense(4, name="shared")
    inner_in = keras.Input((4,), name="inner_in")
    inner = keras.Model(inner_in, L.Dense(4)(ops.relu(inner_in)), name="inner")
    x, y = inner(shared(a)), inner(shared(b))
    z = ops.concatenate([x[:, :2], ops.sum(y, axis=1, keepdims=True) * 2.0], axis=-1)
    return keras.Model(
        {"a": a, "b": b}, {"sum": L.Add()([x, y]), "rest": L.Dense(1, name="rest")(z)}
    )


def named_sizes():
    """Ops that Keras writes in forms of their own."""
    x = keras.Input((4, 4, 4, 1))
    y = ops.rearrange(x, "b (d p) h w c -> b d h w (p c)", p=2)
    y = ops.image.extract_patches_3d(y, 2, (2, 1, 1), padding="same")
    return keras.Model(x, y)


def stateful_layers():
    return keras.Sequential(
        [
            keras.Input((6, 3)), L.BatchNormalization(), L.Bidirectional(L.LSTM(3, return_sequences=True)),
            L.RNN([L.GRUCell(3), L.SimpleRNNCell(2)], return_sequences=True), L.TimeDistributed(L.Dense(2)),
            L.Dropout(0.2), L.GlobalMaxPooling1D(),
        ]
    )  # fmt: skip


@keras.saving.register_keras_serializable("round")
class Block(L.Layer):
    """A layer of layers, in a list, a dict and an attribute."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.stack = [L.Dense(units), L.Dense(units)]
        self.named = {"left": L.Dense(units), "lists": [L.Dense(units)]}
        self._hidden = L.Dense(units)

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x):
        for layer in [*self.stack, self.named["left"], *self.named["lists"], self._hidden]:
            x = layer(x)
        return x * self.scale


@keras.saving.register_keras_serializable("round")
class Own(keras.Model):
    """A subclassed model."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.block = Block(units)
        self.out = L.Dense(2)

    def call(self, x, training=False):
        return self.out(self.block(x))


def block_model():
    return keras.Sequential([keras.Input((4,)), Block(3), L.Dense(2)])


MODELS = [
    (small, lambda: data(1, 8, 4)),
    (several, lambda: {"a": data(1, 8, 3), "b": data(2, 8, 3)}),
    (named_sizes, lambda: data(1, 8, 4, 4, 4, 1)),
    (stateful_layers, lambda: data(1, 8, 6, 3)),
    (block_model, lambda: data(1, 8, 4)),
]


def same(p, q):
    if isinstance(p, dict):
        assert p.keys() == q.keys()
        for k in p:
            same(p[k], q[k])
    else:
        np.testing.assert_array_equal(p, q)


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".hdf5", ".model"])
@pytest.mark.parametrize("make, inputs", MODELS, ids=lambda f: f.__name__)
def test_predictions_come_back(make, inputs, suffix, tmp_path):
    model, x = make(), inputs()
    want = model.predict(x, verbose=0)
    path = tmp_path / f"m{suffix}"
    model.save(path)
    again = keras.models.load_model(path)
    assert again is not model and type(again) is type(model) and again.name == model.name
    same(want, again.predict(x, verbose=0))
    assert [v.name for v in again.weights] == [v.name for v in model.weights]


def test_subclassed_model_comes_back(tmp_path):
    model, x = Own(5), data(1, 8, 4)
    model.compile(optimizer="sgd", loss="mse")
    model.fit(x, data(2, 8, 2), verbose=0)
    model.save(tmp_path / "own.keras")
    again = keras.models.load_model(tmp_path / "own.keras")
    assert type(again) is Own and again.units == 5 and again.compiled
    same(model.predict(x, verbose=0), again.predict(x, verbose=0))
    with pytest.raises(InputError, match="defined by its code"):
        model.save(tmp_path / "own.h5")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(
    "optimizer",
    ["sgd", "adam", "nadam", lambda: keras.optimizers.RMSprop(0.01, momentum=0.2, centered=True),
     lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 20), amsgrad=True),
     lambda: keras.optimizers.SGD(0.1, momentum=0.9, use_ema=True, global_clipnorm=1.0)],
)  # fmt: skip
def test_training_goes_on_where_it_stopped(optimizer, suffix, tmp_path):
    model = small(optimizer if isinstance(optimizer, str) else optimizer())
    x, y = data(1, 16, 4), data(2, 16, 2)
    for _ in range(3):
        model.train_on_batch(x, y)
    model.save(tmp_path / f"m{suffix}")
    again = keras.models.load_model(tmp_path / f"m{suffix}")
    assert int(again.optimizer.iterations) == 3 and type(again.optimizer) is type(model.optimizer)
    for _ in range(3):
        want, got = (
            model.train_on_batch(x, y, return_dict=True),
            again.train_on_batch(x, y, return_dict=True),
        )
    assert want.keys() == got.keys()
    for v, w in zip(model.weights, again.weights):
        np.testing.assert_allclose(v.numpy(), w.numpy(), rtol=1e-6, atol=1e-7)


def test_compile_and_optimizer_can_be_left_out(tmp_path):
    model, path = small(), tmp_path / "m"
    model.train_on_batch(data(1, 8, 4), data(2, 8, 2))
    for suffix in (".keras", ".h5"):
        model.save(f"{path}{suffix}")
        assert not keras.models.load_model(f"{path}{suffix}", compile=False).compiled
        model.save(f"{path}{suffix}", include_optimizer=False)
        again = keras.models.load_model(f"{path}{suffix}")
        assert not again.compiled


def my_loss(y, p):
    return ops.mean(ops.square(y - p), axis=-1)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_custom_objects_are_named_by_the_caller(suffix, tmp_path):
    model = keras.Sequential([keras.Input((4,)), L.Dense(2, activation=my_activation)])
    model.compile(optimizer="sgd", loss=my_loss, metrics=[my_loss])
    path = tmp_path / f"m{suffix}"
    model.save(path)
    with pytest.raises(InputError, match="my_activation"):
        keras.models.load_model(path)
    again = keras.models.load_model(
        path, custom_objects={"my_activation": my_activation, "my_loss": my_loss}
    )
    assert again.layers[-1].activation is my_activation and again.loss is my_loss
    again.fit(data(1, 8, 4), data(2, 8, 2), verbose=0)


def my_activation(x):
    return ops.tanh(x) * 2.0


def test_frozen_layers_stay_frozen(tmp_path):
    model = small()
    model.layers[0].trainable = False
    for suffix in (".keras", ".h5"):
        model.save(tmp_path / f"m{suffix}")
        again = keras.models.load_model(tmp_path / f"m{suffix}")
        assert [x.trainable for x in again.layers] == [False, True]
        assert len(again.trainable_weights) == 2


def test_shape_given_to_the_first_layer(tmp_path):
    model = keras.Sequential([L.Dense(3, input_shape=(4,)), L.Dense(1)])
    for suffix in (".keras", ".h5"):
        model.save(tmp_path / f"m{suffix}")
        assert keras.models.load_model(tmp_path / f"m{suffix}").input_shape == (None, 4)


def test_hard_sigmoid_keeps_its_meaning(tmp_path):
    model, x = (
        keras.Sequential([keras.Input((4,)), L.Dense(3, activation="hard_sigmoid")]),
        data(1, 8, 4) * 3,
    )
    model.save(tmp_path / "m.h5")
    same(
        model.predict(x, verbose=0),
        keras.models.load_model(tmp_path / "m.h5").predict(x, verbose=0),
    )


def test_lambda_layers_need_trust(tmp_path):
    model, x = keras.Sequential([keras.Input((4,)), L.Lambda(lambda t: t * 2.0)]), data(1, 8, 4)
    for suffix in (".keras", ".h5"):
        path = tmp_path / f"m{suffix}"
        with pytest.warns(UserWarning, match="lambda"):
            model.save(path)
        with pytest.raises(FileError, match="safe_mode=False"):
            keras.models.load_model(path)
        same(keras.models.load_model(path, safe_mode=False).predict(x, verbose=0), x * 2)


def test_json(tmp_path):
    model = several()
    text = model.to_json()
    assert json.loads(text)["module"] == "keras.src.models.functional"
    again = keras.models.model_from_json(text)
    again.set_weights(model.get_weights())
    x = {"a": data(1, 8, 3), "b": data(2, 8, 3)}
    same(model.predict(x, verbose=0), again.predict(x, verbose=0))
    for bad in ("{", "[]", "{}", "3"):
        with pytest.raises(FileError):
            keras.models.model_from_json(bad)


def test_open_files(tmp_path):
    model, x = small(), data(1, 8, 4)
    buffer = io.BytesIO()
    keras.saving.save_model(model, buffer)
    buffer.seek(0)
    same(model.predict(x, verbose=0), keras.saving.load_model(buffer).predict(x, verbose=0))
    with h5py.File(tmp_path / "m", "w") as file:
        keras.saving.save_model(model, file)
    with h5py.File(tmp_path / "m") as file:
        same(model.predict(x, verbose=0), keras.saving.load_model(file).predict(x, verbose=0))


def test_assets_of_layers(tmp_path):
    @keras.saving.register_keras_serializable("assets")
    class Words(L.Layer):
        words = ()

        def call(self, x):
            return x

        def save_assets(self, folder):
            from pathlib import Path

            (Path(folder) / "words.txt").write_text("\n".join(self.words))

        def load_assets(self, folder):
            from pathlib import Path

            self.words = (Path(folder) / "words.txt").read_text().split("\n")

    model = keras.Sequential([keras.Input((2,)), Words()])
    model.layers[0].words = ["a", "b"]
    model.save(tmp_path / "m.keras")
    assert "assets/layers/words/words.txt" in zipfile.ZipFile(tmp_path / "m.keras").namelist()
    assert keras.models.load_model(tmp_path / "m.keras").layers[0].words == ["a", "b"]


def test_layout_is_that_of_keras(tmp_path):
    model = block_model()
    model.compile(optimizer="sgd", loss="mse")
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert json.loads(archive.read("metadata.json"))["keras_version"].startswith("3.")
        content = archive.read("model.weights.h5")
    arrays = []
    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(
            lambda name, x: arrays.append(name) if isinstance(x, h5py.Dataset) else None
        )
        assert file["layers/dense/vars"].attrs["name"] == model.layers[-1].name
    inner = ("named/container/dense", "named/dense", "stack/dense", "stack/dense_1", "_hidden")
    want = [f"layers/block/{p}/vars/{i}" for p in inner for i in (0, 1)]
    want += [
        "layers/block/vars/0",
        "layers/dense/vars/0",
        "layers/dense/vars/1",
        "optimizer/vars/0",
        "optimizer/vars/1",
    ]
    assert sorted(arrays) == sorted(want)


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(NotBuiltError, match="not built"):
        keras.Sequential([L.Dense(2)]).save_weights(tmp_path / "w.h5")
    with pytest.raises(InputError, match="zipped=False"):
        keras.saving.save_model(small(), tmp_path / "m", zipped=False)
    with pytest.raises(FileNotFoundError, match=r"there are: here\.keras"):
        small().save(tmp_path / "here.keras")
        keras.models.load_model(tmp_path / "her.keras")


def test_registered_things_are_found_again(tmp_path):
    assert keras.saving.get_registered_name(Block) == "round>Block"
    assert keras.saving.get_registered_object("round>Own") is Own
