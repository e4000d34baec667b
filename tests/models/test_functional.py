"""Functional models: graphs of any form, sub-models, configurations."""

import numpy as np
import pytest

import kerata as keras
from kerata import layers, ops
from kerata.errors import InputError, ShapeError


def values(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_several_inputs_and_outputs():
    a, b = keras.Input((3,), name="a"), keras.Input((4,), name="b")
    joined = layers.concatenate([layers.Dense(5)(a), layers.Dense(5)(b)])
    model = keras.Model(
        [a, b], [layers.Dense(1, name="p")(joined), layers.Dense(2, name="q")(joined)]
    )
    p, q = model([values(6, 3), values(6, 4)])
    assert p.shape == (6, 1) and q.shape == (6, 2)
    assert model.output_names == ["p", "q"] and model.input_names == ["a", "b"]
    by_name = model({"b": values(6, 4), "a": values(6, 3)})
    assert np.allclose(by_name[0], model([values(6, 3), values(6, 4)])[0])


def test_dict_inputs_and_outputs():
    ins = {"u": keras.Input((2,)), "v": keras.Input((2,))}
    out = layers.add([ins["u"], ins["v"]])
    model = keras.Model(ins, {"total": out, "twice": out * 2.0})
    got = model({"v": values(3, 2), "u": values(3, 2)})
    assert set(got) == {"total", "twice"}
    assert np.allclose(got["total"], values(3, 2) * 2)
    with pytest.raises(InputError, match="misses the input 'v'"):
        model({"u": values(3, 2)})


def test_shared_layer_has_one_set_of_weights():
    shared = layers.Dense(4)
    a, b = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([a, b], layers.subtract([shared(a), shared(b)]))
    assert len(model.weights) == 2
    assert np.allclose(model([values(2, 3), values(2, 3)]), 0)
    assert shared.get_output_at(0) is not shared.get_output_at(1)


def test_submodels_from_inner_tensors():
    model = keras.Sequential([layers.Input((4,)), *(layers.Dense(4) for _ in range(8))])
    inner = keras.Model(model.input, [layer.output for layer in model.layers[:8]])
    outs = inner(values(2, 4))
    assert len(outs) == 8 and np.allclose(outs[-1], model(values(2, 4)), atol=1e-6)
    tail = keras.Model(model.layers[3].output, model.output)
    assert np.allclose(tail(np.asarray(outs[3])), outs[-1], atol=1e-6)


def test_nested_models_and_ops_in_graph():
    inner = keras.Sequential([layers.Input((3,)), layers.Dense(3)])
    x = keras.Input((3,))
    y = ops.relu(inner(x)) + x[:, :1] * 2 - 1.0
    model = keras.Model(x, y)
    v = values(5, 3)
    want = np.maximum(np.asarray(inner(v)), 0) + v[:, :1] * 2 - 1
    assert np.allclose(model(v), want, atol=1e-6)
    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    assert np.allclose(copy(v), want, atol=1e-6)


def test_json_round_trip_of_a_dag():
    x = keras.Input((8, 8, 3))
    a = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    b = layers.Conv2D(4, 1)(x)
    y = layers.GlobalAveragePooling2D()(layers.add([a, b]))
    model = keras.Model(x, layers.Dense(2, activation="softmax")(y))
    copy = keras.models.model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    v = values(2, 8, 8, 3)
    assert np.allclose(copy(v), model(v), atol=1e-6)
    assert copy.to_json() == model.to_json()


def test_clone_has_weights_of_its_own():
    x = keras.Input((3,))
    model = keras.Model(x, layers.Dense(2)(layers.Dense(4)(x)))
    copy = keras.models.clone_model(model)
    assert [w.shape for w in copy.weights] == [w.shape for w in model.weights]
    assert not {id(w) for w in copy.weights} & {id(w) for w in model.weights}


def test_clone_is_compiled_as_the_model_is():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    assert not keras.models.clone_model(model).compiled
    watched = keras.metrics.MeanAbsoluteError(name="m")
    rule = keras.optimizers.SGD(0.25, momentum=0.5)
    model.compile(rule, lambda t, p: keras.ops.mean((t - p) ** 2, -1), metrics=[watched])
    x, y = values(8, 3), values(8, 1)
    model.fit(x, y, verbose=0)
    copy = keras.models.clone_model(model)
    assert copy.optimizer is not rule and copy.optimizer.get_config() == rule.get_config()
    assert int(copy.optimizer.iterations.numpy()) == 0
    copy.set_weights(model.get_weights())
    assert copy.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    found = float(watched.result())
    copy.evaluate(x, y + 1, verbose=0)
    assert float(watched.result()) == found


def test_clone_of_a_subclass_is_compiled():
    @keras.saving.register_keras_serializable("test_functional")
    class Own(keras.Model):
        def __init__(self, units=2, **kwargs):
            super().__init__(**kwargs)
            self.dense = layers.Dense(units)

        def call(self, x):
            return self.dense(x)

    model = Own(3)
    model.compile("adam", "mae", metrics=["mse"])
    copy = keras.models.clone_model(model)
    assert copy.dense.units == 3 and copy.loss == "mae"
    assert set(copy.evaluate(values(4, 2), values(4, 3), verbose=0, return_dict=True)) == {
        "loss",
        "mse",
    }


def test_disconnected_graph_names_the_input():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    with pytest.raises(InputError, match="'b'"):
        keras.Model(a, layers.add([a, b]))


def test_duplicate_names_are_refused():
    x = keras.Input((3,))
    with pytest.raises(InputError, match="'same'"):
        keras.Model(x, layers.Dense(2, name="same")(layers.Dense(2, name="same")(x)))


@pytest.mark.parametrize(
    ("shape", "hint"),
    [((2, 28, 28), "Flatten"), ((784,), "batch axis|x\\[None\\]"), ((2, 783), "783")],
)
def test_wrong_input_shape(shape, hint):
    model = keras.Sequential([layers.Input((784,)), layers.Dense(2)])
    with pytest.raises(ShapeError, match=hint):
        model(np.zeros(shape, "float32"))


def test_long_chain():
    """Nothing goes down a chain of layers by recursion."""
    x = y = keras.Input((2,))
    for _ in range(5000):
        y = layers.Activation("relu")(y)
    model = keras.Model(x, y)
    model.to_json()
    assert len(model.layers) == 5001


def test_freezing_reaches_nested_layers():
    base = keras.Sequential([layers.Input((3,)), layers.Dense(3), layers.BatchNormalization()])
    model = keras.Sequential([base, layers.Dense(1)])
    base.trainable = False
    assert len(model.trainable_weights) == 2
    assert len(model.non_trainable_weights) == 6
    base.trainable = True
    assert len(model.trainable_weights) == 6


def test_get_layer_offers_the_closest_name():
    model = keras.Sequential([layers.Input((3,)), layers.Dense(3, name="hidden")])
    assert model.get_layer("hidden") is model.layers[0] is model.get_layer(index=0)
    with pytest.raises(InputError, match="hidden"):
        model.get_layer("hiden")


def test_subclass_that_gives_inputs_and_outputs():
    class Net(keras.Model):
        def __init__(self, units=3):
            x = keras.Input((4,))
            super().__init__(inputs=x, outputs=layers.Dense(units)(x))

    net = Net()
    assert net(values(2, 4)).shape == (2, 3)
    assert net.count_params() == 15


class NeedsMask(layers.Layer):
    def call(self, inputs, mask=None):
        assert mask is not None
        there = ops.cast(mask, inputs.dtype)[..., None]
        return ops.sum(inputs * there, axis=1) / ops.sum(there, axis=1)


class OwnActivation(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        return ops.relu(inputs)


WORDS = np.array([[3, 1, 0, 0], [2, 4, 1, 0]], "int32")


def test_masks_of_symbolic_tensors():
    words = keras.Input((None,), dtype="int32")
    embedded = layers.Embedding(5, 3, mask_zero=True)(words)
    x = OwnActivation()(layers.Dense(3)(embedded))
    assert x._keras_mask.shape == (None, None) and x._keras_mask.dtype == "bool"
    assert layers.Dense(2)(keras.Input((3,)))._keras_mask is None
    assert x._keras_mask is x._keras_mask
    model = keras.Model(words, NeedsMask()(x))
    inner = keras.Model(words, x).predict(WORDS, verbose=0)
    assert np.allclose(model(WORDS)[0], inner[0, :2].mean(0), atol=1e-6)
    assert np.allclose(model(WORDS)[1], inner[1, :3].mean(0), atol=1e-6)
    # It is a tensor like others: for a layer, and as an output.
    told = keras.Model(words, [x._keras_mask, layers.GRU(2)(x, mask=x._keras_mask)])
    assert np.array_equal(np.asarray(told(WORDS)[0]), WORDS != 0)


def test_masks_of_symbolic_tensors_through_models():
    words = keras.Input((None,), dtype="int32")
    encoder = keras.Model(words, layers.Embedding(5, 3, mask_zero=True)(words))
    other = keras.Input((4,), dtype="int32")
    assert encoder(other)._keras_mask.shape == (None, 4)
    assert keras.Model(other, NeedsMask()(encoder(other)))(WORDS).shape == (2, 3)


def test_masks_of_tensors():
    embedded = layers.Embedding(5, 3, mask_zero=True)(WORDS)
    assert np.array_equal(np.asarray(embedded._keras_mask), WORDS != 0)
    plain = ops.ones((2, 4, 3))
    assert plain._keras_mask is None
    plain._keras_mask = ops.convert_to_tensor(WORDS != 0)
    assert np.allclose(NeedsMask()(plain), 1.0)
