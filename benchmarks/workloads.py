"""The programs that are timed, each written once and run with either library.

``python workloads.py LIBRARY NAME`` runs one of them with ``kerata`` or ``keras`` and prints what it
measured as the last line, a number. A process runs one workload: nothing is left over from another.
"""

from __future__ import annotations

import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Workload = Callable[[str], float]
clock = time.perf_counter

# Fits of this many epochs are timed, this many times; the median counts.
REPEATS = int(os.environ.get("BENCHMARK_REPEATS", "3"))
CYCLES = int(os.environ.get("BENCHMARK_CYCLES", "500"))


def median_time(call: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Median seconds of a call."""
    times = []
    for _ in range(repeats):
        start = clock()
        call()
        times.append(clock() - start)
    return statistics.median(times)


def mlp(keras: Any, sizes: list[int], last: str | None, **compiled: Any) -> Any:
    """A compiled chain of dense layers: input width, hidden widths with relu, output width."""
    model = keras.Sequential([keras.Input((sizes[0],))])
    for width in sizes[1:-1]:
        model.add(keras.layers.Dense(width, activation="relu"))
    model.add(keras.layers.Dense(sizes[-1], activation=last))
    model.compile(**compiled)
    return model


def pima_model(keras: Any) -> Any:
    """8-12-8-1 with adam."""
    return mlp(
        keras,
        [8, 12, 8, 1],
        "sigmoid",
        optimizer="adam",
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )


def table(rows: int, columns: int, classes: int = 2) -> tuple[Any, Any]:
    """Random features, float32, and labels."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, columns), dtype=np.float32)
    return x, rng.integers(0, classes, size=rows).astype("float32")


def step(model: Any, x: Any, y: Any, batch: int, epochs: int) -> float:
    """Seconds of a training step: a whole `fit`, its epochs' ends included, over its steps."""
    model.fit(x, y, epochs=2, batch_size=batch, verbose=0)
    steps = epochs * -(-len(x) // batch)
    return median_time(lambda: model.fit(x, y, epochs=epochs, batch_size=batch, verbose=0)) / steps


def boston_step(library: str) -> float:
    """13-64-64-1, rmsprop, 404 rows, one row a step."""
    keras = importlib.import_module(library)
    x, y = table(404, 13)
    model = mlp(keras, [13, 64, 64, 1], None, optimizer="rmsprop", loss="mse", metrics=["mae"])
    return step(model, x, y, batch=1, epochs=10)


def pima_step(library: str) -> float:
    """8-12-8-1, adam, 768 rows, ten rows a step."""
    keras = importlib.import_module(library)
    x, y = table(768, 8)
    return step(pima_model(keras), x, y, batch=10, epochs=20)


def mnist_step(library: str) -> float:
    """784-512-10, rmsprop, 128 rows a step."""
    keras = importlib.import_module(library)
    x, y = table(12_800, 784, classes=10)
    model = mlp(
        keras,
        [784, 512, 10],
        "softmax",
        optimizer="rmsprop",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return step(model, x, y, batch=128, epochs=3)


def review_step(library: str) -> float:
    """10,000-16-16-1, rmsprop, 512 rows of zeros and ones a step."""
    keras = importlib.import_module(library)
    x, y = reviews()
    model = mlp(
        keras,
        [10_000, 16, 16, 1],
        "sigmoid",
        optimizer="rmsprop",
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    return step(model, x, y, batch=512, epochs=3)


def images(rows: int, side: int, depth: int, classes: int) -> tuple[Any, Any]:
    """Random pictures, channels last, and labels."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, side, side, depth), dtype=np.float32)
    return x, rng.integers(0, classes, size=rows).astype("float32")


def words(rows: int, steps: int) -> tuple[Any, Any]:
    """Random texts of 10,000 words and labels."""
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.integers(0, 10_000, (rows, steps)).astype("int32"), rng.integers(0, 2, rows).astype(
        "float32"
    )


def reviews() -> tuple[Any, Any]:
    """Reviews as which of 10,000 words they hold, and labels."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = np.zeros((5120, 10_000), np.float32)
    np.put_along_axis(x, rng.integers(0, 10_000, size=(5120, 120)), 1, axis=1)
    return x, rng.integers(0, 2, size=5120).astype("float32")


def sequences() -> tuple[Any, Any]:
    """Random sequences of 240 steps and 14 features, and numbers."""
    import numpy as np

    x = np.random.default_rng(0).standard_normal((1024, 240, 14), dtype=np.float32)
    return x, x[:, 0, 0]


def letters() -> tuple[Any, Any]:
    """Texts of 50 of 60 letters as vectors, and a letter each."""
    import numpy as np

    x = np.eye(60, dtype=np.float32)[np.random.default_rng(0).integers(0, 60, (240, 50))]
    return x, x[:, 0]


def chain(keras: Any, layers: list[Any], **compiled: Any) -> Any:
    """A compiled model of layers one after the other."""
    model = keras.Sequential(layers)
    model.compile(**compiled)
    return model


def cats_dogs_step(library: str) -> float:
    """Convnet 32-64-128-128 on pictures of 150 x 150 x 3, rmsprop, 20 a step."""
    keras = importlib.import_module(library)
    k = keras.layers
    layers = [keras.Input((150, 150, 3))]
    for filters in (32, 64, 128, 128):
        layers += [k.Conv2D(filters, 3, activation="relu"), k.MaxPooling2D(2)]
    layers += [k.Flatten(), k.Dense(512, activation="relu"), k.Dense(1, activation="sigmoid")]
    model = chain(
        keras, layers, optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"]
    )
    x, y = images(160, 150, 3, 2)
    return step(model, x, y, batch=20, epochs=1)


def mnist_conv_step(library: str) -> float:
    """Convnet 32-64-64 on pictures of 28 x 28, rmsprop, 64 a step."""
    keras = importlib.import_module(library)
    k = keras.layers
    layers = [
        keras.Input((28, 28, 1)),
        k.Conv2D(32, 3, activation="relu"), k.MaxPooling2D(2),
        k.Conv2D(64, 3, activation="relu"), k.MaxPooling2D(2),
        k.Conv2D(64, 3, activation="relu"), k.Flatten(),
        k.Dense(64, activation="relu"), k.Dense(10, activation="softmax"),
    ]  # fmt: skip
    model = chain(
        keras,
        layers,
        optimizer="rmsprop",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    x, y = images(3200, 28, 1, 10)
    return step(model, x, y, batch=64, epochs=1)


def lstm_step(library: str) -> float:
    """Embedding(10000, 32), LSTM(32), Dense on texts of 500 words, rmsprop, 128 a step."""
    keras = importlib.import_module(library)
    k = keras.layers
    layers = [
        keras.Input((500,)), k.Embedding(10_000, 32), k.LSTM(32), k.Dense(1, activation="sigmoid"),
    ]  # fmt: skip
    model = chain(
        keras, layers, optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"]
    )
    x, y = words(1024, 500)
    return step(model, x, y, batch=128, epochs=1)


def gru_step(library: str) -> float:
    """GRU(32), Dense on 240 steps of 14 features, rmsprop and mae, 128 a step."""
    keras = importlib.import_module(library)
    k = keras.layers
    model = chain(
        keras, [keras.Input((240, 14)), k.GRU(32), k.Dense(1)], optimizer="rmsprop", loss="mae"
    )
    x, y = sequences()
    return step(model, x, y, batch=128, epochs=1)


def lstm_stack_step(library: str) -> float:
    """LSTM(300) twice, Dense(60, softmax) on 50 steps of 60 letters, adam, 30 a step."""
    keras = importlib.import_module(library)
    k = keras.layers
    layers = [
        keras.Input((50, 60)),
        k.LSTM(300, return_sequences=True), k.LSTM(300), k.Dense(60, activation="softmax"),
    ]  # fmt: skip
    model = chain(keras, layers, optimizer="adam", loss="categorical_crossentropy")
    x, y = letters()
    return step(model, x, y, batch=30, epochs=1)


def conv1d_step(library: str) -> float:
    """Embedding(10000, 128), Conv1D(32, 7), pooling by 5, Conv1D(32, 7), maximum, 500 words, 128 a step."""
    keras = importlib.import_module(library)
    k = keras.layers
    layers = [
        keras.Input((500,)), k.Embedding(10_000, 128),
        k.Conv1D(32, 7, activation="relu"), k.MaxPooling1D(5),
        k.Conv1D(32, 7, activation="relu"), k.GlobalMaxPooling1D(), k.Dense(1),
    ]  # fmt: skip
    model = chain(
        keras, layers, optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"]
    )
    x, y = words(1024, 500)
    return step(model, x, y, batch=128, epochs=1)


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


def forward(model: Any, batch: int) -> float:
    """Seconds of a batch of pictures in `predict`."""
    x, _ = images(3 * batch, 224, 3, 2)
    model.predict(x, batch_size=batch, verbose=0)
    return median_time(lambda: model.predict(x, batch_size=batch, verbose=0)) / 3


def training(keras: Any, model: Any, batch: int) -> float:
    """Seconds of a training step on pictures of 1,000 classes."""
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = images(3 * batch, 224, 3, 1000)
    return step(model, x, y, batch=batch, epochs=1)


def vgg16_predict(library: str) -> float:
    """VGG16, 8 pictures of 224 x 224 x 3."""
    return forward(vgg16(importlib.import_module(library)), 8)


def vgg16_step(library: str) -> float:
    """VGG16, SGD with momentum, 4 pictures a step."""
    keras = importlib.import_module(library)
    return training(keras, vgg16(keras), 4)


def resnet50_predict(library: str) -> float:
    """ResNet-50, 8 pictures of 224 x 224 x 3."""
    return forward(resnet50(importlib.import_module(library)), 8)


def resnet50_step(library: str) -> float:
    """ResNet-50, SGD with momentum, 4 pictures a step."""
    keras = importlib.import_module(library)
    return training(keras, resnet50(keras), 4)


def transformer_step(library: str) -> float:
    """Two encoder blocks (width 64, 4 heads, inner 128) over 128 words, Adam, 32 a step."""
    keras = importlib.import_module(library)
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
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    x, y = words(1024, 128)
    return step(model, x, y, batch=32, epochs=1)


def gan_step(library: str) -> float:
    """A step of a GAN on 28 x 28 pictures: `train_on_batch` of the discriminator and of the generator."""
    import numpy as np

    keras = importlib.import_module(library)
    k = keras.layers
    discriminator = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            k.Conv2D(64, 3, strides=2, padding="same"), k.LeakyReLU(), k.Dropout(0.4),
            k.Conv2D(64, 3, strides=2, padding="same"), k.LeakyReLU(), k.Dropout(0.4),
            k.Flatten(), k.Dense(1, activation="sigmoid"),
        ]
    )  # fmt: skip
    adam = keras.optimizers.Adam
    discriminator.compile(optimizer=adam(2e-4, 0.5), loss="binary_crossentropy")
    generator = keras.Sequential(
        [
            keras.Input((100,)), k.Dense(128 * 49), k.LeakyReLU(), k.Reshape((7, 7, 128)),
            k.Conv2DTranspose(128, 4, strides=2, padding="same"), k.LeakyReLU(),
            k.Conv2DTranspose(128, 4, strides=2, padding="same"), k.LeakyReLU(),
            k.Conv2D(1, 7, padding="same", activation="sigmoid"),
        ]
    )  # fmt: skip
    discriminator.trainable = False
    both = keras.Sequential([generator, discriminator])
    both.compile(optimizer=adam(2e-4, 0.5), loss="binary_crossentropy")
    rng = np.random.default_rng(0)
    real = rng.random((64, 28, 28, 1), dtype=np.float32)
    labels = np.concatenate([np.ones((64, 1), np.float32), np.zeros((64, 1), np.float32)])

    def one() -> None:
        noise = rng.standard_normal((64, 100), dtype=np.float32)
        fake = generator.predict_on_batch(noise)
        discriminator.train_on_batch(np.concatenate([real, fake]), labels)
        both.train_on_batch(noise, labels[:64])

    one()
    return median_time(one, 30)


def epoch_cost(library: str) -> float:
    """Seconds of an epoch beyond its steps.

    The time of an epoch is a line over its number of steps; the cost is where the line begins.
    """
    keras = importlib.import_module(library)
    model = pima_model(keras)
    epochs = 40
    times = {}
    for steps in (10, 80):
        x, y = table(10 * steps, 8)
        model.fit(x, y, epochs=2, batch_size=10, verbose=0)

        def fit(x: Any = x, y: Any = y, epochs: int = epochs) -> None:
            model.fit(x, y, epochs=epochs, batch_size=10, verbose=0)

        times[steps] = (median_time(fit) - median_time(lambda: fit(epochs=1))) / (epochs - 1)
    slope = (times[80] - times[10]) / 70
    return max(times[10] - 10 * slope, 0.0)


def fit_call(library: str) -> float:
    """Seconds of a `fit` call of one step on a compiled and warm model."""
    keras = importlib.import_module(library)
    model = pima_model(keras)
    x, y = table(10, 8)
    model.fit(x, y, epochs=1, batch_size=10, verbose=0)
    return median_time(lambda: model.fit(x, y, epochs=1, batch_size=10, verbose=0), 50)


def predict_one(library: str) -> float:
    """Seconds of a `predict` call for one row, after the first."""
    keras = importlib.import_module(library)
    model = pima_model(keras)
    x, _ = table(1, 8)
    model.predict(x, verbose=0)
    return median_time(lambda: model.predict(x, verbose=0), 200)


def import_library(library: str) -> float:
    """Seconds of the import in a fresh interpreter."""
    start = clock()
    importlib.import_module(library)
    return clock() - start


def import_and_summary(library: str) -> float:
    """Seconds to import, build a chain of 20 layers and print its summary."""
    start = clock()
    keras = importlib.import_module(library)
    model = keras.Sequential([keras.Input((32,))])
    for _ in range(20):
        model.add(keras.layers.Dense(32, activation="relu"))
    model.summary()
    return clock() - start


def pima_program(library: str) -> float:
    """The program as it is written in text books, 150 epochs; timed from outside, as a process."""
    import numpy as np

    keras = importlib.import_module(library)
    start = clock()
    data = Path(__file__).parent.parent / "tests" / "data" / "pima-indians-diabetes.csv"
    dataset = np.loadtxt(data, delimiter=",")
    x, y = dataset[:, 0:8], dataset[:, 8]
    model = keras.Sequential()
    model.add(keras.Input((8,)))
    model.add(keras.layers.Dense(12, activation="relu"))
    model.add(keras.layers.Dense(8, activation="relu"))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(x, y, epochs=150, batch_size=10, verbose=0)
    scores = model.evaluate(x, y, verbose=0)
    print(f"accuracy {scores[1]:.2%}")
    return clock() - start


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def memory(library: str) -> float:
    """Growth of resident memory in MB over cycles of build, fit and predict, after the first 50."""
    keras = importlib.import_module(library)
    x, y = table(40, 8)
    after_start = 0
    for cycle in range(CYCLES):
        if cycle == min(50, CYCLES // 2):
            after_start = resident()
        model = pima_model(keras)
        model.fit(x, y, epochs=1, batch_size=10, verbose=0)
        model.predict(x[:1], verbose=0)
    return (resident() - after_start) / 1e6


WORKLOADS: dict[str, Workload] = {
    f.__name__: f
    for f in (
        boston_step,
        pima_step,
        epoch_cost,
        pima_program,
        predict_one,
        fit_call,
        mnist_step,
        review_step,
        import_library,
        import_and_summary,
        memory,
    )
}

# Those by which engines are compared, in `engines.py`.
MORE: dict[str, Workload] = {
    f.__name__: f
    for f in (
        cats_dogs_step,
        mnist_conv_step,
        lstm_step,
        gru_step,
        lstm_stack_step,
        conv1d_step,
        vgg16_predict,
        vgg16_step,
        resnet50_predict,
        resnet50_step,
        transformer_step,
        gan_step,
    )
}


def main(library: str, name: str) -> None:
    """Run the workload and print its number as the last line."""
    if library == "plain_torch":
        import plain_torch

        print(plain_torch.WORKLOADS[name]())
    else:
        print((WORKLOADS | MORE)[name](library))


if __name__ == "__main__":
    main(*sys.argv[1:])
