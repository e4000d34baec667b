"""Sequential and subclassed models."""

import numpy as np
import pytest

import kerata as keras
from kerata import layers
from kerata.errors import InputError, NotBuiltError


def values(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.parametrize(
    "first",
    [
        lambda: [layers.Input((4,)), layers.Dense(3)],
        lambda: [layers.Dense(3, input_shape=(4,))],
        lambda: [layers.Dense(3, input_dim=4)],
        lambda: [layers.Dense(3, batch_input_shape=(None, 4))],
        lambda: [layers.InputLayer(shape=(4,)), layers.Dense(3)],
    ],
)
def test_immediate_build(first):
    model = keras.Sequential(first())
    model.add(layers.Dense(2))
    assert model.built and model.input_shape == (None, 4) and model.output_shape == (None, 2)
    assert len(model.layers) == 2 and model.count_params() == 15 + 8


def test_deferred_build():
    model = keras.Sequential([layers.Dense(3), layers.Dense(2)])
    assert not model.built
    with pytest.raises(NotBuiltError):
        model.count_params()
    assert model(values(5, 4)).shape == (5, 2)
    assert model.built and model.count_params() == 23
    other = keras.Sequential([layers.Dense(3)])
    other.build((None, 7))
    assert other.output_shape == (None, 3)


def test_pop_and_add():
    model = keras.Sequential([layers.Input((4,)), layers.Dense(3), layers.Dense(2)])
    model.pop()
    assert model.output_shape == (None, 3)
    model.add(layers.Dense(7))
    assert model(values(1, 4)).shape == (1, 7)


def test_what_cannot_be_added():
    model = keras.Sequential()
    with pytest.raises(InputError, match="an instance"):
        model.add(layers.Dense)
    with pytest.raises(InputError, match="takes layers"):
        model.add(3)
    model.add(layers.Dense(1, name="one"))
    with pytest.raises(InputError, match="'one'"):
        model.add(layers.Dense(1, name="one"))


def test_config_round_trip():
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(3, activation="relu", kernel_regularizer="l2"),
            layers.Dropout(0.5),
        ]
    )
    copy = keras.Sequential.from_config(model.get_config())
    assert copy.get_config() == model.get_config()
    assert [w.shape for w in copy.weights] == [w.shape for w in model.weights]


def test_weights_are_set_all_or_none():
    model = keras.Sequential([layers.Input((4,)), layers.Dense(3), layers.Dense(2)])
    before = model.get_weights()
    wrong = [np.zeros_like(w) for w in before]
    wrong[2] = np.zeros((3, 9), "float32")
    with pytest.raises(ValueError, match=r"\(3, 2\).*\(3, 9\)"):
        model.set_weights(wrong)
    assert all((a == b).all() for a, b in zip(before, model.get_weights()))


def test_summary_reads_well():
    model = keras.Sequential(
        [layers.Input((4,)), layers.Dense(3, name="hidden"), layers.Dense(2)], name="net"
    )
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert 'Model: "net"' in text and "hidden (Dense)" in text and "(None, 3)" in text
    assert "Total params: 23 (92.00 B)" in text
    assert "<table>" in model._repr_html_()


def test_summary_of_nested_models():
    inner = keras.Sequential([layers.Input((4,)), layers.Dense(3, name="deep")], name="inner")
    model = keras.Sequential([inner, layers.Dense(1)])
    lines = []
    model.summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    assert any("deep" in x for x in lines) and any("Trainable" in x for x in lines)


class Blocks(keras.Model):
    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [layers.Dense(units) for _ in range(2)]
        self.heads = {"a": layers.Dense(1), "b": layers.Dense(2)}
        self.units = units

    def call(self, x, training=False):
        for block in self.blocks:
            x = block(x)
        return {k: head(x) for k, head in self.heads.items()}


def test_subclassed_model_tracks_lists_and_dicts():
    model = Blocks()
    out = model(values(3, 5))
    assert out["a"].shape == (3, 1) and out["b"].shape == (3, 2)
    assert len(model.weights) == 8 and len(model.layers) == 4
    copy = Blocks.from_config(model.get_config())
    assert copy.units == 4
    copy(values(3, 5))
    copy.set_weights(model.get_weights())
    assert np.allclose(copy(values(3, 5))["a"], out["a"])


def test_subclassed_model_inside_a_functional_one():
    x = keras.Input((5,))
    model = keras.Model(x, Blocks()(x))
    assert model(values(2, 5))["b"].shape == (2, 2)


@pytest.mark.engine("jax")
def test_native_functions_in_call():
    import jax.numpy as jnp

    class Native(layers.Layer):
        def call(self, x):
            return jnp.sort(x, axis=-1)[:, ::-1] * 2

    x = keras.Input((3,))
    y = Native()(x)
    assert y.shape == (None, 3)
    v = values(2, 3)
    assert np.allclose(keras.Model(x, y)(v), np.sort(v)[:, ::-1] * 2)


def test_embedding_first_is_built_for_sequences():
    model = keras.Sequential([layers.Embedding(10, 4), layers.SimpleRNN(3)])
    assert (
        model.built
        and model.output_shape == (None, 3)
        and model.layers[0].output.shape == (None, None, 4)
    )
    other = keras.Sequential([layers.Embedding(10, 4), layers.Flatten(), layers.Dense(1)])
    assert not other.built
    assert other(np.zeros((2, 5), "int32")).shape == (2, 1)
    third = keras.Sequential([layers.Embedding(10, 4)])
    assert third(np.zeros((2, 5, 6), "int32")).shape == (2, 5, 6, 4)


def test_paths_of_weights_begin_with_the_models_around_them():
    class Outer(keras.Model):
        def __init__(self):
            super().__init__(name="outer")
            self.first = layers.Dense(2, name="first")
            self.inner = keras.Sequential([layers.Dense(2, name="second")], name="inner")

        def call(self, x):
            return self.inner(self.first(x))

    def chain(*start):
        return keras.Sequential(
            [*start, layers.Dense(2, use_bias=False, name="dense")], name="chain"
        )

    at_once, by_build, by_call, outer = chain(keras.Input((3,))), chain(), chain(), Outer()
    by_build.build((None, 3))
    for model in (by_call, outer):
        model(np.ones((1, 3), "float32"))
    for model in (at_once, by_build, by_call):
        assert [w.path for w in model.weights] == ["chain/dense/kernel"]
    assert [w.path for w in outer.weights] == [
        "outer/first/kernel", "outer/first/bias", "outer/inner/second/kernel", "outer/inner/second/bias",
    ]  # fmt: skip


def test_built_by_fit_has_inputs_and_outputs():
    model = keras.Sequential([layers.Dense(3), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.fit(values(8, 4), values(8, 2), verbose=0)
    assert model.input_shape == (None, 4) and model.layers[0].output.shape == (None, 3)
    features = keras.Model(model.inputs, [layer.output for layer in model.layers])
    assert [x.shape for x in features(values(5, 4))] == [(5, 3), (5, 2)]


class Bare(keras.Model):
    """Its constructor takes neither a name nor anything else of the base class."""

    def __init__(self, units=3):
        super().__init__()
        self.dense = layers.Dense(units)

    def call(self, inputs):
        return self.dense(inputs)


def test_constructor_without_keywords(tmp_path):
    model = Bare(5)
    model(values(2, 4))
    assert model.get_config() == {"units": 5}
    model.save(tmp_path / "bare.keras")
    loaded = keras.models.load_model(tmp_path / "bare.keras", custom_objects={"Bare": Bare})
    assert np.allclose(loaded(values(2, 4)), model(values(2, 4)))


def test_pipelines_take_models():
    tf = pytest.importorskip("tensorflow")
    change = keras.Sequential([layers.Rescaling(2.0), layers.RandomFlip("horizontal", seed=1)])
    images = values(6, 4, 4, 3)
    data = tf.data.Dataset.from_tensor_slices((images, np.arange(6))).batch(4)
    x, y = next(iter(data.map(lambda x, y: (change(x, training=False), y))))
    assert np.allclose(np.asarray(x), 2 * images[:4]) and np.asarray(y).tolist() == [0, 1, 2, 3]
    body = keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten(), layers.Dense(2)])
    x, _ = next(iter(data.map(lambda x, y: (body(x), y))))
    assert np.allclose(np.asarray(x), np.asarray(body(images[:4])), atol=1e-5)
