"""Small programs in the manner of Keras 2, whose core is keras.backend."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import fmin_l_bfgs_b

import kerata as keras
from kerata import backend as K
from kerata.errors import InputError
from kerata.layers import (
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    Lambda,
    Layer,
    MaxPooling2D,
)
from kerata.losses.loss import LossFunctionWrapper
from kerata.models import Model, Sequential, load_model

rng = np.random.RandomState(5)


@pytest.fixture(autouse=True)
def _the_same_numbers_in_any_order() -> None:
    rng.seed(5)
    keras.utils.set_random_seed(2)


def convnet() -> Sequential:
    model = Sequential()
    model.add(Input((16, 16, 3)))
    model.add(Conv2D(4, (3, 3), activation="relu", padding="same", name="block1"))
    model.add(MaxPooling2D((2, 2)))
    model.add(Conv2D(6, (3, 3), activation="relu", padding="same", name="block2"))
    model.add(GlobalAveragePooling2D())
    model.add(Dense(5, activation="softmax", name="predictions"))
    return model


def test_pictures_that_filters_respond_to() -> None:
    model = convnet()
    layer_output = model.get_layer("block2").output
    loss = K.mean(layer_output[:, :, :, 1])
    grads = K.gradients(loss, model.input)[0]
    grads /= K.sqrt(K.mean(K.square(grads))) + 1e-5
    iterate = K.function([model.input], [loss, grads])
    picture = rng.random_sample((1, 16, 16, 3)) * 20 + 128.0
    first, _ = iterate([picture])
    for _ in range(10):
        value, step = iterate([picture])
        picture += step * 1.0
    assert value > first
    assert abs(np.sqrt(np.mean(step**2)) - 1) < 0.1


def test_a_dream_of_several_layers() -> None:
    K.set_learning_phase(0)
    model = convnet()
    dream = model.input
    layers = {layer.name: layer for layer in model.layers}
    loss = K.variable(0.0)
    for name, coefficient in {"block1": 0.2, "block2": 3.0}.items():
        activation = layers[name].output
        scaling = K.prod(K.cast(K.shape(activation), "float32"))
        loss = loss + coefficient * K.sum(K.square(activation[:, 2:-2, 2:-2, :])) / scaling
    grads = K.gradients(loss, dream)[0]
    grads /= K.maximum(K.mean(K.abs(grads)), 1e-7)
    fetch = K.function([dream], [loss, grads])
    x = rng.random_sample((1, 16, 16, 3))
    first = fetch([x])[0]
    for _ in range(5):
        x += 0.01 * fetch([x])[1]
    assert fetch([x])[0] > first
    K.clear_session()


def gram_matrix(x):
    features = K.batch_flatten(K.permute_dimensions(x, (2, 0, 1)))
    return K.dot(features, K.transpose(features))


class Evaluator:
    def __init__(self, fetch):
        self.fetch, self.loss_value, self.grads_values = fetch, None, None

    def loss(self, x):
        assert self.loss_value is None
        out = self.fetch([x.reshape((1, 16, 16, 3))])
        self.loss_value, self.grads_values = out[0], out[1].flatten().astype("float64")
        return self.loss_value

    def grads(self, x):
        assert self.loss_value is not None
        grads = np.copy(self.grads_values)
        self.loss_value = self.grads_values = None
        return grads


def test_style_transfer() -> None:
    target = K.constant(rng.random_sample((1, 16, 16, 3)))
    style = K.variable(rng.random_sample((1, 16, 16, 3)))
    combination = K.placeholder((1, 16, 16, 3))
    input_tensor = K.concatenate([target, style, combination], axis=0)
    entry = input_tensor if K.is_keras_tensor(input_tensor) else Input(tensor=input_tensor)
    h = Conv2D(4, 3, activation="relu", name="conv1")(entry)
    model = Model(entry, Conv2D(4, 3, activation="relu", name="conv2")(h))
    outputs = {layer.name: layer.output for layer in model.layers}
    loss = K.variable(0.0)
    features = outputs["conv2"]
    loss += 0.5 * K.sum(K.square(features[2, :, :, :] - features[0, :, :, :]))
    features = outputs["conv1"]
    distance = gram_matrix(features[1, :, :, :]) - gram_matrix(features[2, :, :, :])
    loss += K.sum(K.square(distance)) / (4.0 * 9 * (16 * 16) ** 2)
    a = K.square(combination[:, :15, :15, :] - combination[:, 1:, :15, :])
    b = K.square(combination[:, :15, :15, :] - combination[:, :15, 1:, :])
    loss += 1e-3 * K.sum(K.pow(a + b, 1.25))
    grads = K.gradients(loss, combination)[0]
    evaluator = Evaluator(K.function([combination], [loss, grads]))
    x = rng.random_sample(16 * 16 * 3)
    first = evaluator.loss(x)
    evaluator.grads(x)
    _, reached, _ = fmin_l_bfgs_b(evaluator.loss, x, fprime=evaluator.grads, maxfun=10)
    assert reached < 0.5 * first


def test_where_a_class_is_seen() -> None:
    model = convnet()
    image = rng.random_sample((1, 16, 16, 3)).astype("float32")
    output = model.output[:, 3]
    last = model.get_layer("block2")
    grads = K.gradients(output, last.output)[0]
    pooled = K.mean(grads, axis=(0, 1, 2))
    iterate = K.function([model.input], [pooled, last.output[0]])
    pooled_value, features = iterate([image])
    assert pooled_value.shape == (6,) and features.shape == (8, 8, 6)
    # The mean of the map goes through the dense layer and the softmax: their derivative by hand.
    kernel = model.get_layer("predictions").get_weights()[0]
    p = model.predict(image, verbose=0)[0]
    want = (p[3] * ((np.arange(5) == 3) - p)) @ kernel.T / 64
    np.testing.assert_allclose(pooled_value, want, rtol=1e-3, atol=1e-6)
    heatmap = np.mean(features * pooled_value, axis=-1)
    assert heatmap.shape == (8, 8)


def test_variational_autoencoder(tmp_path) -> None:
    original_dim, latent_dim = 12, 2
    x = Input(shape=(original_dim,))
    h = Dense(8, activation="relu")(x)
    z_mean, z_log_var = Dense(latent_dim)(h), Dense(latent_dim)(h)

    def sampling(args):
        z_mean, z_log_var = args
        batch, dim = K.shape(z_mean)[0], K.int_shape(z_mean)[1]
        epsilon = K.random_normal(shape=(batch, dim))
        return z_mean + K.exp(0.5 * z_log_var) * epsilon

    z = Lambda(sampling, output_shape=(latent_dim,))([z_mean, z_log_var])
    decoded = Dense(original_dim, activation="sigmoid")(Dense(8, activation="relu")(z))
    vae = Model(x, decoded)
    reconstruction = original_dim * K.mean(K.binary_crossentropy(x, decoded), axis=-1)
    kl = -0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
    vae.add_loss(K.mean(reconstruction + kl))
    vae.compile(optimizer="rmsprop")
    data = (rng.random_sample((64, original_dim)) > 0.8).astype("float32")
    history = vae.fit(data, epochs=12, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    encoder = Model(x, z_mean)
    assert encoder.predict(data, verbose=0).shape == (64, latent_dim)


def test_a_loss_that_uses_tensors_of_the_model() -> None:
    x = Input(shape=(6,))
    z_mean, z_log_var = Dense(2, name="mean")(x), Dense(2)(x)
    z = Lambda(lambda a: a[0] + K.exp(0.5 * a[1]) * K.random_normal(K.shape(a[0]), stddev=0.0))(
        [z_mean, z_log_var]
    )
    decoded = Dense(6, activation="sigmoid")(z)

    def vae_loss(x, x_decoded_mean):
        xent_loss = 6 * keras.losses.binary_crossentropy(x, x_decoded_mean)
        xent_loss = K.reshape(xent_loss, (K.shape(z_mean)[0],))
        kl_loss = -0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
        return K.mean(xent_loss + kl_loss)

    vae = Model(x, decoded)
    vae.compile(optimizer="rmsprop", loss=vae_loss)
    data = (rng.random_sample((40, 6)) > 0.7).astype("float32")
    start = vae.evaluate(data, data, batch_size=20, verbose=0)
    mean, spread, p = K.function([x], [z_mean, z_log_var, decoded])([data])
    kl = -0.5 * (1 + spread - mean**2 - np.exp(spread)).sum(-1)
    entropy = -(data * np.log(p) + (1 - data) * np.log(1 - p)).sum(-1)
    np.testing.assert_allclose(start, (entropy + kl).mean(), rtol=1e-4)
    history = vae.fit(data, data, epochs=10, batch_size=20, verbose=0)
    assert history.history["loss"][-1] < start
    with pytest.raises(InputError, match="is symbolic"):
        LossFunctionWrapper(vae_loss, name="vae")(data, p)


def test_a_loss_that_adds_a_tensor_of_the_model_to_a_value() -> None:
    x = Input(shape=(6,))
    code = Dense(2, name="code")(x)
    model = Model(x, Dense(6)(code))
    model.compile(
        "sgd", lambda y, p: keras.losses.mean_squared_error(y, p) + K.mean(K.square(code), axis=-1)
    )
    data = rng.random_sample((20, 6)).astype("float32")
    found = model.evaluate(data, data, verbose=0)
    inner = Model(x, code).predict(data, verbose=0)
    want = ((model.predict(data, verbose=0) - data) ** 2).mean() + (inner**2).mean()
    np.testing.assert_allclose(found, want, rtol=1e-5)
    assert model.fit(data, data, epochs=5, verbose=0).history["loss"][-1] < found


def test_random_numbers_outside_of_a_lambda() -> None:
    x = Input(shape=(4,))
    mean = Dense(2)(x)
    noise = K.random_normal(shape=(K.shape(mean)[0], K.int_shape(mean)[1]), stddev=2.0)
    model = Model(x, mean + noise)
    data = rng.random_sample((500, 4)).astype("float32")
    a, b = model.predict(data, verbose=0), model.predict(data, verbose=0)
    assert a.shape == (500, 2) and abs((a - b).std() - np.sqrt(8)) < 0.3


def rmse(y_true, y_pred):
    return K.sqrt(K.mean(K.square(y_pred - y_true), axis=-1))


def within(y_true, y_pred):
    return K.mean(K.less(K.abs(y_true - y_pred), 0.5))


def f1(y_true, y_pred):
    hits = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    precision = hits / (K.sum(K.round(K.clip(y_pred, 0, 1))) + K.epsilon())
    recall = hits / (K.sum(K.round(K.clip(y_true, 0, 1))) + K.epsilon())
    return 2 * (precision * recall) / (precision + recall + K.epsilon())


def test_losses_and_metrics_of_such_functions() -> None:
    model = Sequential([Input((4,)), Dense(1)])
    model.compile("adam", loss=rmse, metrics=[within, f1])
    x = rng.standard_normal((32, 4))
    y = (x[:, :1] > 0).astype("float32")
    history = model.fit(x, y, epochs=3, batch_size=32, verbose=0)
    assert set(history.history) >= {"loss", "within", "f1"}
    p = model.predict(x, verbose=0)
    loss, near, score = model.evaluate(x, y, batch_size=32, verbose=0)
    np.testing.assert_allclose(loss, np.abs(p - y).mean(), rtol=1e-4)
    np.testing.assert_allclose(near, (np.abs(p - y) < 0.5).mean(), rtol=1e-4)
    rounded = np.round(np.clip(p, 0, 1))
    hits = (rounded * y).sum()
    want = 2 * hits / (rounded.sum() + y.sum()) if hits else 0.0
    np.testing.assert_allclose(score, want, rtol=1e-3, atol=1e-3)


class Antirectifier(Layer):
    def compute_output_shape(self, input_shape):
        shape = list(input_shape)
        shape[-1] *= 2
        return tuple(shape)

    def call(self, inputs):
        inputs = inputs - K.mean(inputs, axis=1, keepdims=True)
        inputs = K.l2_normalize(inputs, axis=1)
        return K.concatenate([K.relu(inputs), K.relu(-inputs)], axis=1)


class MyDense(Layer):
    def __init__(self, output_dim, **kwargs):
        self.output_dim = output_dim
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[1], self.output_dim),
            initializer="uniform",
            trainable=True,
        )
        super().build(input_shape)

    def call(self, x):
        return K.dot(x, self.kernel)


def test_layers_of_such_functions() -> None:
    model = Sequential([Input((6,)), MyDense(4), Antirectifier(), Dense(2, activation="softmax")])
    assert model.layers[1].output.shape == (None, 8)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    x, y = rng.standard_normal((20, 6)), np.eye(2)[rng.randint(0, 2, 20)]
    model.fit(x, y, epochs=2, verbose=0)
    assert model.predict(x, verbose=0).shape == (20, 2)


def euclidean_distance(vects):
    x, y = vects
    total = K.sum(K.square(x - y), axis=1, keepdims=True)
    return K.sqrt(K.maximum(total, K.epsilon()))


def contrastive_loss(y_true, y_pred):
    square_pred, margin_square = K.square(y_pred), K.square(K.maximum(1 - y_pred, 0))
    return K.mean(y_true * square_pred + (1 - y_true) * margin_square)


def test_siamese_net() -> None:
    keras.utils.set_random_seed(1)
    base = Sequential([Input((6,)), Dense(8, activation="relu"), Dense(4)])
    a, b = Input((6,)), Input((6,))
    distance = Lambda(euclidean_distance, output_shape=lambda shapes: (shapes[0][0], 1))(
        [base(a), base(b)]
    )
    model = Model([a, b], distance)
    model.compile(loss=contrastive_loss, optimizer="rmsprop")
    left = rng.standard_normal((32, 6)).astype("float32")
    same = (np.arange(32) % 2).astype("float32")
    right = np.where(same[:, None] > 0, left, 0.8 * left)
    history = model.fit([left, right], same, epochs=20, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]


def ctc_lambda_func(args):
    y_pred, labels, input_length, label_length = args
    y_pred = y_pred[:, 2:, :]
    return K.ctc_batch_cost(labels, y_pred, input_length, label_length)


def test_reading_with_ctc() -> None:
    inputs = Input((10, 4), name="the_input")
    h = Bidirectional(LSTM(8, return_sequences=True))(inputs)
    y_pred = Dense(5, activation="softmax", name="softmax")(h)
    labels = Input(name="the_labels", shape=[3], dtype="float32")
    input_length = Input(name="input_length", shape=[1], dtype="int64")
    label_length = Input(name="label_length", shape=[1], dtype="int64")
    loss_out = Lambda(ctc_lambda_func, output_shape=(1,), name="ctc")(
        [y_pred, labels, input_length, label_length]
    )
    model = Model([inputs, labels, input_length, label_length], loss_out)
    model.compile(
        loss={"ctc": lambda y_true, y_pred: y_pred}, optimizer=keras.optimizers.Adam(0.02)
    )
    n = 16
    data = {
        "the_input": rng.standard_normal((n, 10, 4)),
        "the_labels": rng.randint(0, 4, (n, 3)),
        "input_length": np.full((n, 1), 8),
        "label_length": np.full((n, 1), 3),
    }
    history = model.fit(data, {"ctc": np.zeros(n)}, epochs=15, verbose=0)
    assert history.history["loss"][-1] < 0.8 * history.history["loss"][0]
    test_func = K.function([inputs], [y_pred])
    out = test_func([data["the_input"][:2]])[0]
    decoded = K.get_value(K.ctc_decode(out[:, 2:], np.array([8, 8]))[0][0])
    assert decoded.shape == (2, 8)


class Attention(Layer):
    """A recurrent loop of its own, over what is not masked."""

    supports_masking = True

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], input_shape[-1]), name="w")
        super().build(input_shape)

    def call(self, x, mask=None):
        def step(now, states):
            state = K.tanh(K.dot(now, self.w) + states[0])
            return state, [state]

        start = K.zeros_like(x[:, 0])
        last, _, _ = K.rnn(step, x, [start], mask=mask)
        return last

    def compute_mask(self, inputs, mask=None):
        return None


def test_a_loop_with_a_mask() -> None:
    model = Sequential([Input((6,)), Embedding(7, 3, mask_zero=True), Attention(), Dense(1)])
    model.compile("adam", "mse")
    short, long = np.array([[3, 4, 0, 0, 0, 0]]), np.array([[3, 4, 5, 0, 0, 0]])
    cut = Model(model.layers[0].input, model.layers[1].output)
    table, w = model.layers[0].get_weights()[0], model.layers[1].get_weights()[0]
    first = np.tanh(table[3] @ w)
    np.testing.assert_allclose(
        cut.predict(short, verbose=0)[0], np.tanh(table[4] @ w + first), rtol=1e-4
    )
    assert not np.allclose(cut.predict(short, verbose=0), cut.predict(long, verbose=0))
    model.fit(np.repeat(short, 8, 0), np.ones((8, 1)), epochs=1, verbose=0)


@pytest.mark.filterwarnings("ignore:A lambda is being saved")
def test_a_saved_lambda_knows_K(tmp_path) -> None:
    x = Input((4,))
    model = Model(x, Lambda(lambda t: K.mean(K.square(t), axis=-1, keepdims=True))(x))
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras", safe_mode=False)
    data = rng.standard_normal((3, 4)).astype("float32")
    np.testing.assert_allclose(again.predict(data, verbose=0)[:, 0], (data**2).mean(1), rtol=1e-4)


def test_dropout_kept_for_estimates_of_doubt() -> None:
    model = Sequential([Input((4,)), Dense(16), Dropout(0.5), BatchNormalization(), Dense(1)])
    f = K.function([model.layers[0].input, K.learning_phase()], [model.layers[-1].output])
    x = rng.standard_normal((3, 4))
    draws = np.stack([f((x, 1))[0] for _ in range(10)])
    assert (draws.std(0) > 0).all()
    np.testing.assert_array_equal(f((x, 0))[0], f((x, 0))[0])


def test_flat_outputs_of_each_layer() -> None:
    model = convnet()
    f = K.function([model.input], [layer.output for layer in model.layers])
    outs = f([rng.random_sample((2, 16, 16, 3))])
    assert [o.shape for o in outs] == [(2, *layer.output.shape[1:]) for layer in model.layers]
    assert Flatten()(outs[0]).shape == (2, 16 * 16 * 4)


def test_predictions_of_a_net_that_always_drops_differ() -> None:
    x = Input((50,))
    model = Model(x, Dropout(0.5)(x, training=True))
    ones = np.ones((2, 50), "float32")
    assert (model.predict(ones, verbose=0) != model.predict(ones, verbose=0)).any()
