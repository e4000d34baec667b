"""The networks that are timed, written once for every library with the Keras API.

Each function takes the library as a module (``kerata``, ``keras``, ``tf_keras``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from made_data import (
    GROWING_BATCHES,
    GROWING_MLPS,
    images,
    letters,
    mlp_name,
    reviews,
    sequences,
    table,
    words,
)
from timing import Training, median_time


def training(model: Any, x: Any, y: Any, batch: int, epochs: int = 1) -> Training:
    """A compiled model and its data."""

    def fit(rows: int, epochs: int) -> None:
        a, b = (x, y) if rows == len(x) else (x[:rows], y[:rows])
        model.fit(a, b, epochs=epochs, batch_size=batch, verbose=0)

    return Training(fit, len(x), batch, epochs)


def chain(keras: Any, layers: list[Any], **compiled: Any) -> Any:
    """A compiled model of layers one after the other."""
    model = keras.Sequential(layers)
    model.compile(**compiled)
    return model


def mlp(keras: Any, sizes: list[int], last: str | None, **compiled: Any) -> Any:
    """A compiled chain of dense layers: input width, hidden widths with relu, output width."""
    dense = keras.layers.Dense
    layers = [keras.Input((sizes[0],)), *(dense(n, activation="relu") for n in sizes[1:-1])]
    return chain(keras, [*layers, dense(sizes[-1], activation=last)], **compiled)


# How the nets are compiled: of two classes, of several classes.
BINARY = {"optimizer": "rmsprop", "loss": "binary_crossentropy", "metrics": ["accuracy"]}
CLASSES = {**BINARY, "loss": "sparse_categorical_crossentropy"}


def pima_model(keras: Any) -> Any:
    """8-12-8-1 with adam."""
    return mlp(keras, [8, 12, 8, 1], "sigmoid", **{**BINARY, "optimizer": "adam"})


def boston(keras: Any) -> Training:
    """13-64-64-1, rmsprop, 404 rows, one row a step."""
    model = mlp(keras, [13, 64, 64, 1], None, optimizer="rmsprop", loss="mse", metrics=["mae"])
    return training(model, *table(404, 13), 1, 10)


def pima(keras: Any) -> Training:
    """8-12-8-1, adam, 768 rows, ten rows a step."""
    return training(pima_model(keras), *table(768, 8), 10, 20)


def mnist(keras: Any) -> Training:
    """784-512-10, rmsprop, 128 rows a step."""
    model = mlp(keras, [784, 512, 10], "softmax", **CLASSES)
    return training(model, *table(12_800, 784, classes=10), 128, 3)


def review(keras: Any) -> Training:
    """10,000-16-16-1, rmsprop, 512 rows of zeros and ones a step."""
    return training(mlp(keras, [10_000, 16, 16, 1], "sigmoid", **BINARY), *reviews(), 512, 3)


def growing_mlp(batch: int, width: int, depth: int, keras: Any) -> Training:
    """128 features, `depth` hidden layers of `width`, 10 classes, adam."""
    sizes = [128, *[width] * depth, 10]
    model = mlp(keras, sizes, "softmax", **{**CLASSES, "optimizer": "adam"})
    return training(model, *table(32 * batch, 128, classes=10), batch)


def cats_dogs(keras: Any) -> Training:
    """Convnet 32-64-128-128 on pictures of 150 x 150 x 3, rmsprop, 20 a step."""
    k = keras.layers
    layers = [keras.Input((150, 150, 3))]
    for filters in (32, 64, 128, 128):
        layers += [k.Conv2D(filters, 3, activation="relu"), k.MaxPooling2D(2)]
    layers += [k.Flatten(), k.Dense(512, activation="relu"), k.Dense(1, activation="sigmoid")]
    return training(chain(keras, layers, **BINARY), *images(160, 150, 3, 2), 20)


def digits(batch: int, rows: int, keras: Any) -> Training:
    """Convnet 32-64-64 on pictures of 28 x 28, rmsprop."""
    k = keras.layers
    layers = [
        keras.Input((28, 28, 1)),
        k.Conv2D(32, 3, activation="relu"), k.MaxPooling2D(2),
        k.Conv2D(64, 3, activation="relu"), k.MaxPooling2D(2),
        k.Conv2D(64, 3, activation="relu"), k.Flatten(),
        k.Dense(64, activation="relu"), k.Dense(10, activation="softmax"),
    ]  # fmt: skip
    return training(chain(keras, layers, **CLASSES), *images(rows, 28, 1, 10), batch)


def lstm(keras: Any) -> Training:
    """Embedding(10000, 32), LSTM(32), Dense on texts of 500 words, rmsprop, 128 a step."""
    k = keras.layers
    layers = [
        keras.Input((500,)), k.Embedding(10_000, 32), k.LSTM(32), k.Dense(1, activation="sigmoid"),
    ]  # fmt: skip
    return training(chain(keras, layers, **BINARY), *words(1024, 500), 128)


def gru(keras: Any) -> Training:
    """GRU(32), Dense on 240 steps of 14 features, rmsprop and mae, 128 a step."""
    layers = [keras.Input((240, 14)), keras.layers.GRU(32), keras.layers.Dense(1)]
    return training(chain(keras, layers, optimizer="rmsprop", loss="mae"), *sequences(), 128)


def lstm_stack(keras: Any) -> Training:
    """LSTM(300) twice, Dense(60, softmax) on 50 steps of 60 letters, adam, 30 a step."""
    k = keras.layers
    layers = [
        keras.Input((50, 60)),
        k.LSTM(300, return_sequences=True), k.LSTM(300), k.Dense(60, activation="softmax"),
    ]  # fmt: skip
    model = chain(keras, layers, optimizer="adam", loss="categorical_crossentropy")
    return training(model, *letters(), 30)


def conv1d(keras: Any) -> Training:
    """Embedding(10000, 128), Conv1D(32, 7), pooling by 5, Conv1D(32, 7), maximum, 500 words, 128 a step."""
    k = keras.layers
    layers = [
        keras.Input((500,)), k.Embedding(10_000, 128),
        k.Conv1D(32, 7, activation="relu"), k.MaxPooling1D(5),
        k.Conv1D(32, 7, activation="relu"), k.GlobalMaxPooling1D(), k.Dense(1),
    ]  # fmt: skip
    return training(chain(keras, layers, **BINARY), *words(1024, 500), 128)


def vgg16(keras: Any) -> Any:
    """VGG16 for pictures of 224 x 224 (Simonyan & Zisserman 2014)."""
    k = keras.layers
    layers: list[Any] = [keras.Input((224, 224, 3))]
    for count, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        layers += [
            k.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(count)
        ] + [k.MaxPooling2D(2)]
    layers += [k.Flatten(), k.Dense(4096, activation="relu"), k.Dense(4096, activation="relu")]
    return keras.Sequential([*layers, k.Dense(1000, activation="softmax")])


def resnet50(keras: Any) -> Any:
    """ResNet-50 for pictures of 224 x 224 (He et al. 2015)."""
    k = keras.layers

    def conv(x: Any, filters: int, size: int, strides: int = 1) -> Any:
        x = k.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        return k.BatchNormalization()(x)

    def block(x: Any, filters: int, strides: int, widen: bool) -> Any:
        y = k.Activation("relu")(conv(x, filters, 1, strides))
        y = k.Activation("relu")(conv(y, filters, 3))
        y = conv(y, 4 * filters, 1)
        short = conv(x, 4 * filters, 1, strides) if widen else x
        return k.Activation("relu")(k.Add()([short, y]))

    inputs = keras.Input((224, 224, 3))
    x = k.Activation("relu")(conv(inputs, 64, 7, 2))
    x = k.MaxPooling2D(3, strides=2, padding="same")(x)
    for stage, (count, filters) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512))):
        for i in range(count):
            x = block(x, filters, 2 if stage and not i else 1, widen=not i)
    x = k.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, k.Dense(1000, activation="softmax")(x))


def big_training(net: Callable[[Any], Any], keras: Any) -> Training:
    """SGD with momentum on pictures of 1,000 classes, 4 a step."""
    model = net(keras)
    model.compile(**{**CLASSES, "optimizer": keras.optimizers.SGD(0.01, momentum=0.9)})
    return training(model, *images(12, 224, 3, 1000), 4)


def big_predict(net: Callable[[Any], Any], keras: Any) -> float:
    """Seconds of 8 pictures of 224 x 224 x 3 in `predict`."""
    model = net(keras)
    x, _ = images(24, 224, 3, 2)
    model.predict(x, batch_size=8, verbose=0)
    return median_time(lambda: model.predict(x, batch_size=8, verbose=0)) / 3


def transformer(keras: Any) -> Training:
    """Two encoder blocks (width 64, 4 heads, inner 128) over 128 words, Adam, 32 a step."""
    k = keras.layers
    inputs = keras.Input((128,), dtype="int32")
    x = k.Embedding(10_000, 64)(inputs)
    for _ in range(2):
        y = k.MultiHeadAttention(num_heads=4, key_dim=16, dropout=0.1)(x, x)
        x = k.LayerNormalization(epsilon=1e-6)(k.Add()([x, k.Dropout(0.1)(y)]))
        y = k.Dense(64)(k.Dense(128, activation="relu")(x))
        x = k.LayerNormalization(epsilon=1e-6)(k.Add()([x, k.Dropout(0.1)(y)]))
    x = k.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, k.Dense(1, activation="sigmoid")(x))
    model.compile(**{**BINARY, "optimizer": "adam"})
    return training(model, *words(1024, 128), 32)


TRAININGS: Mapping[str, Callable[[Any], Training]] = {
    f.__name__: f
    for f in (
        boston, pima, mnist, review, cats_dogs, lstm, gru, lstm_stack, conv1d, transformer,
    )
} | {
    "mnist_conv": partial(digits, 64, 3200),
    "vgg16": partial(big_training, vgg16),
    "resnet50": partial(big_training, resnet50),
    **{mlp_name(*sizes): partial(growing_mlp, *sizes) for sizes in GROWING_MLPS},
    **{f"mnist_conv_{batch}": partial(digits, batch, 8 * batch) for batch in GROWING_BATCHES},
}  # fmt: skip
