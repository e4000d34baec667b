"""What networks learn: a worked example by hand, XOR, and known results on real data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerata import Sequential, datasets, layers, ops, optimizers, utils
from programs_support import run_program

# A network of two inputs, two hidden and two output units, all sigmoid, and one sample of it.
INPUT = np.array([[0.1, 0.5]])
TARGET = np.array([[0.05, 0.95]])
HIDDEN = np.array([[0.04, 0.12], [0.12, 0.08]])
HIDDEN_BIAS = np.array([0.40, 0.40])
OUTPUT = np.array([[0.24, 0.28], [0.32, 0.20]])
OUTPUT_BIAS = np.array([0.36, 0.36])
RATE = 0.5


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def half_squared_error(y_true: Any, y_pred: Any) -> Any:
    return ops.sum(0.5 * ops.square(y_true - y_pred), axis=-1)


def one_step_by_hand() -> tuple[np.ndarray, np.ndarray, float, list[np.ndarray]]:
    """Forward and back by the chain rule: hidden and output values, error, weights after a step."""
    hidden = sigmoid(INPUT @ HIDDEN + HIDDEN_BIAS)
    output = sigmoid(hidden @ OUTPUT + OUTPUT_BIAS)
    error = float((0.5 * (TARGET - output) ** 2).sum())
    at_output = (output - TARGET) * output * (1 - output)
    at_hidden = (at_output @ OUTPUT.T) * hidden * (1 - hidden)
    return (
        hidden,
        output,
        error,
        [
            HIDDEN - RATE * INPUT.T @ at_hidden,
            HIDDEN_BIAS - RATE * at_hidden[0],
            OUTPUT - RATE * hidden.T @ at_output,
            OUTPUT_BIAS - RATE * at_output[0],
        ],
    )


def worked_network(loss: Any) -> Sequential:
    model = Sequential(
        [
            layers.Dense(2, activation="sigmoid", input_shape=(2,)),
            layers.Dense(2, activation="sigmoid"),
        ]
    )
    model.set_weights([HIDDEN, HIDDEN_BIAS, OUTPUT, OUTPUT_BIAS])
    model.compile(optimizer=optimizers.SGD(learning_rate=RATE), loss=loss)
    return model


def test_worked_example_by_hand() -> None:
    hidden, output, error, (kernel1, _, kernel2, _) = one_step_by_hand()
    assert hidden[0].round(9).tolist() == [0.613962657, 0.611114647]
    assert output[0].round(9).tolist() == [0.668832137, 0.657941101]
    assert round(error, 9) == 0.234125807
    # Corrected weights printed with the example, as far as they follow from its numbers.
    assert kernel1[0, 1].round(9) == 0.119635010
    assert kernel1[1, 1].round(9) == 0.078175051
    assert kernel2[1, 0].round(9) == 0.278117666
    assert kernel2[0, 1].round(9) == 0.300177638
    assert kernel2[1, 1].round(9) == 0.220084039


# Half the sum over two outputs is their mean squared error.
@pytest.mark.parametrize("loss", [half_squared_error, "mse"])
def test_worked_example_by_fit(loss: Any) -> None:
    _, output, error, corrected = one_step_by_hand()
    model = worked_network(loss)
    assert np.allclose(model.predict(INPUT, verbose=0), output, atol=1e-7)
    history = model.fit(INPUT, TARGET, epochs=1, batch_size=1, verbose=0)
    assert history.history["loss"][0] == pytest.approx(error, abs=1e-7)
    for value, expected in zip(model.get_weights(), corrected, strict=True):
        assert np.allclose(value, expected, atol=1e-7)


def test_worked_example_goes_on_to_learn() -> None:
    model = worked_network("mse")
    model.fit(INPUT, TARGET, epochs=5000, verbose=0)
    assert np.allclose(model.predict(INPUT, verbose=0), TARGET, atol=0.02)


CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
XOR = np.array([0, 1, 1, 0], "float32")


def learn_xor(*hidden: layers.Layer) -> np.ndarray:
    utils.set_random_seed(3)
    model = Sequential([layers.Input((2,)), *hidden, layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=optimizers.Adam(0.05), loss="binary_crossentropy")
    model.fit(CORNERS, XOR, epochs=600, batch_size=4, verbose=0)
    return model.predict(CORNERS, verbose=0)[:, 0]


def test_xor_is_learned_by_hidden_units() -> None:
    assert np.abs(learn_xor(layers.Dense(8, activation="tanh")) - XOR).max() < 0.05


def test_xor_is_not_learned_by_a_perceptron() -> None:
    answers = learn_xor()
    assert ((answers > 0.5) == XOR).mean() <= 0.75
    assert np.allclose(answers, 0.5, atol=0.1)


def test_pima(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The table is not scaled, so much hangs on the start: with any library some seeds end at 65 %,
    # units dead, and the good ones at about 78 %. Nine seeds show that the usual one does well.
    pytest.importorskip("matplotlib")
    reached = []
    for seed in range(9):
        seen = run_program("pima", monkeypatch, tmp_path, {}, seed)
        assert len(seen.history.epoch) == 150
        reached.append(seen.scores[1])
    assert np.median(reached) > 0.72
    assert 0.77 <= max(reached) <= 0.82


def test_boston_by_folds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    seen = run_program("boston_kfold", monkeypatch, tmp_path, {})
    assert len(seen.history.epoch) == 100
    assert 2.2 <= np.mean(seen.all_scores) <= 3.0


def fashion_is_here() -> bool:
    places = (
        Path.home() / ".keras" / "datasets" / "fashion-mnist",
        Path("/usr/share/datasets/fashion-mnist"),
    )
    return any((place / "train-images-idx3-ubyte.gz").exists() for place in places)


@pytest.mark.skipif(not fashion_is_here(), reason="Fashion-MNIST is not installed")
def test_fashion_mnist() -> None:
    (x, y), _ = datasets.fashion_mnist.load_data()
    x = x.astype("float32") / 255
    utils.set_random_seed(1)
    model = Sequential(
        [
            layers.Flatten(input_shape=[28, 28]),
            layers.Dense(300, activation="relu"),
            layers.Dense(100, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    history = model.fit(
        x[5000:], y[5000:], epochs=5, validation_data=(x[:5000], y[:5000]), verbose=0
    )
    assert history.history["val_accuracy"][-1] > 0.86


def trained_weights(seed: int) -> list[np.ndarray]:
    utils.set_random_seed(seed)
    rng = np.random.RandomState(0)
    x, y = rng.normal(size=(70, 5)), rng.randint(0, 3, size=70)
    model = Sequential(
        [
            layers.Dense(16, activation="relu", input_shape=(5,)),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(x, y, epochs=3, batch_size=16, validation_split=0.2, verbose=0)
    return model.get_weights()


def test_same_seed_gives_the_same_bits() -> None:
    first, again, other = trained_weights(5), trained_weights(5), trained_weights(6)
    for a, b in zip(first, again, strict=True):
        assert a.tobytes() == b.tobytes()
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))
