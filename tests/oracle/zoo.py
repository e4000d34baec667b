"""Small models of every kind, written once for Kerata, Keras 3 and tf_keras alike.

Each maker takes the library's module and returns ``(model, inputs, targets)``; the models are
compiled. It runs in any of the three environments and needs only NumPy.
"""

import numpy as np

# A rate at which a dropout layer is there, and random, but drops nothing: so that libraries can be
# compared after steps of training.
NEVER = 1e-9

# Gigabytes for a file of weights of which a model here has several.
SHARD = 1e-6


def _data(seed, *shapes):
    rng = np.random.RandomState(seed)
    out = [rng.standard_normal(s).astype("float32") for s in shapes]
    return out[0] if len(out) == 1 else out


def mlp(keras):
    L = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5,)),
            L.Dense(8, activation="relu"),
            L.Dense(4, activation="tanh"),
            L.Dense(1),
        ]
    )
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return model, _data(1, (12, 5)), _data(2, (12, 1))


def convnet(keras):
    L = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            L.Conv2D(
                4,
                3,
                activation="relu",
                padding="same",
                kernel_regularizer=keras.regularizers.L2(0.01),
            ),
            L.BatchNormalization(),
            L.MaxPooling2D(2),
            L.SeparableConv2D(6, 3, activation="relu"),
            L.Dropout(NEVER),
            L.Flatten(),
            L.Dense(3, activation="softmax", kernel_constraint=keras.constraints.MaxNorm(3)),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.RMSprop(learning_rate=0.002, momentum=0.1),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, _data(3, (12, 8, 8, 1)), np.arange(12) % 3


def recurrent(keras):
    L = keras.layers
    model = keras.Sequential(
        [
            keras.Input((7,), dtype="int32"),
            L.Embedding(20, 6, mask_zero=True),
            L.Bidirectional(L.LSTM(5, return_sequences=True)),
            L.GRU(4, return_sequences=True, dropout=NEVER),
            L.SimpleRNN(3),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(0.01, amsgrad=True),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    x = np.random.RandomState(4).randint(0, 20, (12, 7)).astype("int32")
    return model, x, (np.arange(12) % 2).reshape(-1, 1).astype("float32")


def graph(keras):
    """Several inputs and outputs, a shared layer, a layer called on a list."""
    L = keras.layers
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = L.Dense(5, activation="relu", name="shared")
    joined = L.Concatenate(name="joined")([shared(a), shared(b)])
    mixed = L.Add(name="mixed")([shared(a), L.Dense(5, name="side")(b)])
    one = L.Dense(1, name="one")(joined)
    two = L.Dense(3, activation="softmax", name="two")(mixed)
    model = keras.Model(inputs=[a, b], outputs=[one, two])
    model.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        loss=["mse", "categorical_crossentropy"],
        loss_weights=[1.0, 0.5],
    )
    xs = _data(5, (12, 4), (12, 4))
    return model, xs, [_data(6, (12, 1)), np.eye(3, dtype="float32")[np.arange(12) % 3]]


def nested(keras):
    """Models inside a model, one of them used twice."""
    L = keras.layers
    tower = keras.Sequential(
        [keras.Input((4,)), L.Dense(6, activation="relu"), L.Dense(3)], name="tower"
    )
    x = keras.Input((3,), name="head_in")
    head = keras.Model(x, L.Dense(2)(L.LayerNormalization()(x)), name="head")
    a, b = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    model = keras.Model([a, b], head(L.Multiply()([tower(a), tower(b)])), name="whole")
    model.compile(optimizer="adam", loss="mae")
    return model, _data(7, (12, 4), (12, 4)), _data(8, (12, 2))


def normalized(keras):
    """State that is no weight of training: statistics of the data."""
    L = keras.layers
    norm = L.Normalization()
    x = 3.0 * _data(9, (12, 6)) + 1.0
    norm.adapt(x)
    model = keras.Sequential([keras.Input((6,)), norm, L.Rescaling(0.5, offset=0.1), L.Dense(2)])
    model.compile(optimizer="adagrad", loss="huber" if hasattr(keras.losses, "Huber") else "mse")
    return model, x, _data(10, (12, 2))


def scheduled(keras):
    """A learning rate that changes, and objects in place of names."""
    L, S = keras.layers, keras.optimizers.schedules
    model = keras.Sequential([keras.Input((5,)), L.Dense(6, activation="elu"), L.Dense(3)])
    model.compile(
        optimizer=keras.optimizers.Adam(S.ExponentialDecay(0.05, 2, 0.5), clipnorm=1.0),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics=[keras.metrics.CategoricalAccuracy(name="hits")],
    )
    return model, _data(11, (12, 5)), np.eye(3, dtype="float32")[np.arange(12) % 3]


def attention(keras):
    """A layer of layers, with several arguments in its call."""
    L = keras.layers
    x = keras.Input((6, 4), name="tokens")
    y = L.MultiHeadAttention(2, 3, name="heads")(x, x)
    y = L.LayerNormalization(name="norm")(L.Add(name="residual")([x, y]))
    y = L.TimeDistributed(L.Dense(3), name="each")(y)
    y = L.GlobalAveragePooling1D(name="pool")(y)
    model = keras.Model(x, L.Dense(1, name="out")(y))
    model.compile(optimizer="adamax", loss="mse")
    return model, _data(12, (12, 6, 4)), _data(13, (12, 1))


def operators(keras):
    """Python's operators between symbolic tensors; the shape of the input in the first layer."""
    L = keras.layers
    front = keras.Sequential(
        [L.Dense(4, input_shape=(4,), activation="sigmoid", name="first")], name="front"
    )
    x = keras.Input((4,), name="x")
    y = front(x)
    z = (y + x) * 0.5 - x / 2.0
    model = keras.Model(x, L.Dense(1, name="last")(z[:, 1:3]))
    model.compile(optimizer=keras.optimizers.Adadelta(0.5), loss="mean_squared_error")
    return model, _data(14, (12, 4)), _data(15, (12, 1))


KINDS = {
    f.__name__: f
    for f in (mlp, convnet, recurrent, graph, nested, normalized, scheduled, attention, operators)
}


# --- what only Keras 3 knows, and keeps in .keras files -----------------------------------------


def _trained_by(keras, optimizer):
    L = keras.layers
    model = keras.Sequential(
        [keras.Input((5,)), L.Dense(4, activation="tanh", name="body"), L.Dense(2, name="head")]
    )
    model.compile(optimizer=optimizer, loss="mse")
    return model, _data(16, (12, 5)), _data(17, (12, 2))


def muon(keras):
    return _trained_by(keras, keras.optimizers.Muon(0.05, exclude_layers=["head"], use_ema=True))


def adafactor(keras):
    return _trained_by(keras, keras.optimizers.Adafactor(0.1, gradient_accumulation_steps=2))


def scaled(keras):
    rules = keras.optimizers
    return _trained_by(
        keras, rules.LossScaleOptimizer(rules.Lamb(0.05), 64.0, dynamic_growth_steps=2)
    )


def several(keras):
    rules = keras.optimizers
    parts = {".*body/kernel": rules.Lion(0.01), ".*head/.*": rules.Ftrl(0.1)}
    return _trained_by(
        keras,
        rules.LossScaleOptimizer(rules.MultiOptimizer(rules.OptimizerMap(rules.Adam(0.05), parts))),
    )


def patches(keras):
    """Ops of volumes. Of `rearrange` Keras runs in a model no sizes by name, and no unknown batch."""
    x = keras.Input(batch_shape=(12, 4, 4, 4, 2), name="volume")
    y = keras.ops.rearrange(x, "b d h w c -> b c (h d) w")
    y = keras.ops.image.extract_patches(y, 2, data_format="channels_first")
    z = keras.ops.image.extract_patches_3d(x, (2, 4, 1), 2, padding="same")
    flat = keras.layers.Concatenate()([keras.layers.Flatten()(y), keras.layers.Flatten()(z)])
    model = keras.Model(x, keras.layers.Dense(2, name="head")(flat))
    model.compile(optimizer="sgd", loss="mse")
    return model, _data(18, (12, 4, 4, 4, 2)), _data(19, (12, 2))


MODERN = {f.__name__: f for f in (muon, adafactor, scaled, several, patches)}
