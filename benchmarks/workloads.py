"""What is timed: ``python workloads.py LIBRARY NAME…`` runs them and prints a number for each.

LIBRARY is one with the Keras API (``kerata``, ``keras``, ``tf_keras``) or a file of this folder
(``plain_torch``, ``plain_jax``, ``plain_sklearn``). NAME is a network with ``_step`` (seconds of a
training step), ``_first_step`` (the first one only) or ``_resident`` (MB of memory) behind it, or a
call of its own. A process runs one workload, so that nothing is left over from another; only the
networks that differ in their sizes alone share one.

Nothing but the standard library is imported before the clock of an import runs.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from timing import clock, first_step, median_time, peak_memory, step_seconds

CYCLES = int(os.environ.get("BENCHMARK_CYCLES", "500"))


def big_predict(net: str, library: str) -> float:
    """Seconds of 8 pictures of 224 x 224 x 3 in `predict`."""
    import keras_nets

    return keras_nets.big_predict(getattr(keras_nets, net), importlib.import_module(library))


def pima_model(keras: Any) -> Any:
    """8-12-8-1 with adam."""
    import keras_nets

    return keras_nets.pima_model(keras)


def table(rows: int, columns: int) -> tuple[Any, Any]:
    """Random features and labels."""
    import made_data

    return made_data.table(rows, columns)


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
    return median_time(one, 10)


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


def text_layer(library: str) -> tuple[Any, list[str]]:
    """A layer that makes 230 indices of a text, out of 20,000, and the texts."""
    import made_data

    layers = importlib.import_module(library).layers
    layer = layers.TextVectorization(max_tokens=20_000, output_sequence_length=230)
    return layer, made_data.texts()


def batches_of(texts: list[str]) -> Any:
    """Texts as Keras takes them best."""
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(texts).batch(512)


def text_adapt(library: str) -> float:
    """Seconds to find the vocabulary of all texts."""
    layer, texts = text_layer(library)
    data = texts if library == "kerata" else batches_of(texts)
    return median_time(lambda: layer.adapt(data))


def text_call(library: str) -> float:
    """Seconds to make indices of all texts: Keras in a parallel map, which is its fastest way."""
    import numpy as np

    layer, texts = text_layer(library)
    if library == "kerata":
        layer.adapt(texts)
        return median_time(lambda: np.asarray(layer(texts)))
    import tensorflow as tf

    data = batches_of(texts)
    layer.adapt(data)
    mapped = data.map(layer, num_parallel_calls=tf.data.AUTOTUNE)
    return median_time(lambda: np.concatenate([batch.numpy() for batch in mapped]))


def pictures_batch(library: str) -> float:
    """A batch of `flow_from_directory` with the augmentations that books show, 32 files of 150 x 150."""
    import made_data

    image = importlib.import_module(old_module(library, "image"))
    generator = image.ImageDataGenerator(
        rescale=1.0 / 255, rotation_range=40, width_shift_range=0.2, height_shift_range=0.2,
        shear_range=0.2, zoom_range=0.2, horizontal_flip=True, fill_mode="nearest",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        made_data.jpegs(Path(folder), 320, 150)
        batches = generator.flow_from_directory(
            folder, target_size=(150, 150), batch_size=32, class_mode="binary", seed=0
        )
        batches.next()

        def one_pass() -> None:
            for _ in range(len(batches)):
                batches.next()

        return median_time(one_pass) / len(batches)


def tokenizer_call(library: str) -> float:
    """`fit_on_texts` and `texts_to_sequences` of 25,000 reviews, with 10,000 words kept."""
    import made_data

    text = importlib.import_module(old_module(library, "text"))
    reviews = made_data.texts()

    def call() -> None:
        tokenizer = text.Tokenizer(num_words=10_000)
        tokenizer.fit_on_texts(reviews)
        tokenizer.texts_to_sequences(reviews)

    return median_time(call)


def old_module(library: str, name: str) -> str:
    """Where a module of ``keras.preprocessing`` is in a library."""
    return (
        f"{library}.{name}"
        if library == "keras_preprocessing"
        else f"{library}.preprocessing.{name}"
    )


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


# Calls of libraries with the Keras API.
CALLS: Mapping[str, Callable[[str], float]] = {
    f.__name__: f
    for f in (
        epoch_cost, pima_program, predict_one, fit_call, import_library, import_and_summary, memory,
        gan_step, text_adapt, text_call, pictures_batch, tokenizer_call,
    )
} | {f"{net}_predict": partial(big_predict, net) for net in ("vgg16", "resnet50")}  # fmt: skip

# What is measured of a training, by the end of the workload's name; the longer ends first.
KINDS = {"_first_step": first_step, "_resident": peak_memory, "_step": step_seconds}


def measure(library: str, name: str) -> float:
    """Run the workload; its number."""
    if library.startswith("plain_"):
        plain = importlib.import_module(library)
        if name in plain.CALLS:
            return plain.CALLS[name]()
        make = plain.TRAININGS
    else:
        if name in CALLS:
            return CALLS[name](library)
        import keras_nets

        keras = importlib.import_module(library)
        make = {net: partial(f, keras) for net, f in keras_nets.TRAININGS.items()}
    for end, kind in KINDS.items():
        if name.endswith(end) and name.removesuffix(end) in make:
            return kind(make[name.removesuffix(end)]())
    raise SystemExit(f"{library} has no workload {name}")


if __name__ == "__main__":
    for workload in sys.argv[2:]:
        print(measure(sys.argv[1], workload), flush=True)
