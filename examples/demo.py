"""Recognize handwritten digits: train two networks, save them, load them, draw what they learned.

Run it with ``make demo``, or ``python examples/demo.py [FOLDER]``. The data comes with Kerata: 1,797
images of 8 x 8 pixels, written by 13 people. No network is needed, and it takes less than a minute.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws into files, needs no screen
import matplotlib.pyplot as plt
import numpy as np

import kerata as keras
from kerata import layers

# The share of held-out images that each network has to get right.
GOALS = {"convnet": 0.98, "mlp": 0.96}


def load_digits() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Images from 0 (paper) to 1 (ink), to train with and to test with, and the digits they show."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    return (x_train / 16.0, y_train), (x_test / 16.0, y_test)


def build_mlp() -> keras.Model:
    """A multilayer perceptron: it sees 64 numbers and knows nothing of which pixels are neighbours."""
    return keras.Sequential(
        [
            layers.Input((8, 8)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="mlp",
    )


def build_convnet() -> keras.Model:
    """A convolutional network: it looks for the same small strokes all over the image."""
    return keras.Sequential(
        [
            layers.Input((8, 8)),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ],
        name="convnet",
    )


def train(model: keras.Model, x: np.ndarray, y: np.ndarray) -> keras.callbacks.History:
    """Fit the model; a tenth of the training images is kept aside to watch it with."""
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    return model.fit(x, y, epochs=30, batch_size=32, validation_split=0.1)


def save_and_reload(model: keras.Model, x: np.ndarray, folder: Path) -> bool:
    """Save in both formats, load both files, and see whether they predict what the model does."""
    expected = model.predict(x, verbose=0)
    agree = True
    for suffix in (".keras", ".h5"):
        path = folder / f"{model.name}{suffix}"
        model.save(path)
        loaded = keras.models.load_model(path)
        difference = float(np.abs(loaded.predict(x, verbose=0) - expected).max())
        agree = agree and difference < 1e-5
        print(f"  {path.name}: predictions differ by at most {difference:.1e}")
    return agree


def draw_curves(histories: dict[str, keras.callbacks.History], path: Path) -> None:
    """Loss and accuracy over the epochs, of all networks, into one picture."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2))
    for axis, key in zip(axes, ("loss", "accuracy"), strict=True):
        for color, (name, history) in enumerate(histories.items()):
            epochs = range(1, len(history.epoch) + 1)
            curves = history.history
            axis.plot(epochs, curves[key], color=f"C{color}", label=f"{name}, training")
            axis.plot(epochs, curves[f"val_{key}"], f"C{color}--", label=f"{name}, validation")
        axis.set_xlabel("epoch")
        axis.set_ylabel(key)
        axis.grid(alpha=0.3)
        axis.legend()
    axes[0].set_yscale("log")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_predictions(model: keras.Model, x: np.ndarray, y: np.ndarray, path: Path) -> None:
    """A page of held-out images with the digits that the model reads: mistakes first, in red."""
    probabilities = model.predict(x, verbose=0)
    answers = probabilities.argmax(axis=1)
    mistakes_first = np.argsort(answers == y, kind="stable")[:48]
    figure, axes = plt.subplots(6, 8, figsize=(8, 7.6))
    for axis, i in zip(axes.flat, mistakes_first, strict=True):
        right = answers[i] == y[i]
        title = f"{answers[i]} ({probabilities[i, answers[i]]:.0%})"
        axis.imshow(x[i], cmap="gray_r", vmin=0, vmax=1)
        axis.set_title(
            title if right else f"{title}, is {y[i]}",
            fontsize=8,
            color="black" if right else "red",
        )
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(folder: Path) -> int:
    """Run it all; gives 0 if both networks reached their goals and came back from disk unchanged."""
    start = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = load_digits()
    print(f"{len(x_train)} images to train with, {len(x_test)} held out\n")

    success = True
    histories = {}
    for model in (build_mlp(), build_convnet()):
        histories[model.name] = train(model, x_train, y_train)
        _, accuracy = model.evaluate(x_test, y_test, verbose=0)
        goal = GOALS[model.name]
        success = success and accuracy >= goal
        print(f"\n{model.name}: {accuracy:.2%} of the held-out images are right (goal: {goal:.0%})")
        success = save_and_reload(model, x_test, folder) and success
        draw_predictions(model, x_test, y_test, folder / f"{model.name}_predictions.png")
        print()
    draw_curves(histories, folder / "learning_curves.png")

    print(f"Files in {folder.resolve()}:")
    for path in sorted(folder.iterdir()):
        print(f"  {path.name}")
    print(f"{'Done' if success else 'FAILED'} after {time.perf_counter() - start:.0f} seconds.")
    return 0 if success else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output")))
