"""Saving and serialization: whole models, weights, configurations, and objects of one's own in all of them.

Run it with ``python examples/saving_and_serialization.py``; it takes some seconds.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import kerata as keras
from kerata import layers, ops

register = keras.saving.register_keras_serializable(package="shapes")


@register
def bent(x: Any) -> Any:
    """A function as an activation: files know it by its registered name."""
    return ops.where(x > 0, x, 0.1 * ops.square(x))


@register
class Wrapped(layers.Layer):
    """A layer around a layer, which is an argument of the constructor."""

    def __init__(self, inner: Any, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner, self.factor = inner, factor

    def call(self, inputs: Any) -> Any:
        """The inner layer's outputs, times the factor."""
        return self.factor * self.inner(inputs)

    def get_config(self) -> dict[str, Any]:
        """Inner objects are serialized, and read again by `from_config`."""
        inner = keras.saving.serialize_keras_object(self.inner)
        return {**super().get_config(), "inner": inner, "factor": self.factor}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Wrapped:
        """The layer of a configuration."""
        inner = keras.saving.deserialize_keras_object(config.pop("inner"))
        return cls(inner, **config)


@register
class Named(layers.Layer):
    """Keeps words in a file of the archive, and its number of calls beside the weights."""

    def __init__(self, words: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words, self.note = words, np.zeros(1)

    def call(self, inputs: Any) -> Any:
        """Nothing happens."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Without the words."""
        return {"name": self.name}

    def save_assets(self, inner_path: str) -> None:
        """Write the words."""
        (Path(inner_path) / "words.txt").write_text(self.words)

    def load_assets(self, inner_path: str) -> None:
        """Read them."""
        self.words = (Path(inner_path) / "words.txt").read_text()

    def save_own_variables(self, store: Any) -> None:
        """Write the note beside the weights."""
        super().save_own_variables(store)
        store["note"] = self.note

    def load_own_variables(self, store: Any) -> None:
        """Read it."""
        self.note = np.array(store["note"])


@register
class Pair(keras.Model):
    """A model with arguments of its own for ``compile``."""

    def __init__(self, units: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first, self.second = layers.Dense(units, activation=bent), layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        """One after the other."""
        return self.second(self.first(inputs))

    def compile(self, optimizer: Any, distance: Any) -> None:
        """Compile with a loss under another name."""
        super().compile(optimizer=optimizer, loss=distance)
        self.distance = distance

    def get_compile_config(self) -> dict[str, Any]:
        """What the file is to know of it."""
        return {"optimizer": self.optimizer, "distance": self.distance}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Read that."""
        read = keras.saving.deserialize_keras_object
        self.compile(**{k: read(v) for k, v in config.items()})


rng = np.random.default_rng(1)
x = rng.normal(size=(256, 3)).astype("float32")
y = (x[:, :1] * x[:, 1:2]).astype("float32")


def same(a: keras.Model, b: keras.Model) -> bool:
    """Whether two models predict the same."""
    return np.allclose(a.predict(x, verbose=0), b.predict(x, verbose=0), atol=1e-6)


def make_model() -> keras.Model:
    """Objects of all kinds in a graph."""
    inputs = keras.Input(shape=(3,))
    hidden = Wrapped(layers.Dense(16, activation=bent), factor=0.5)(inputs)
    named = Named("fox and hare", name="named")(hidden)
    model = keras.Model(inputs, layers.Dense(1, kernel_regularizer="l2")(named))
    model.compile("adam", "mse", metrics=["mae"])
    return model


def main(folder: Path) -> int:
    """Every way there is; gives the number of models that came back as they were."""
    keras.utils.set_random_seed(1)
    model = make_model()
    model.get_layer("named").note += 7
    model.fit(x, y, epochs=3, verbose=0)
    back = []

    model.save(folder / "whole.keras")
    loaded = keras.models.load_model(folder / "whole.keras")
    assert loaded.get_layer("named").words == "fox and hare"
    assert loaded.get_layer("named").note.tolist() == [7]
    back.append(loaded)
    for m in (model, loaded):  # the optimizer's state came along: training goes on alike
        m.fit(x, y, epochs=2, shuffle=False, verbose=0)
    assert same(model, loaded) and int(loaded.optimizer.iterations) == 40

    model.save_weights(folder / "model.weights.h5")
    for other in (
        keras.models.model_from_json(model.to_json()),
        keras.Model.from_config(model.get_config()),
        keras.models.clone_model(model),
    ):
        assert not same(model, other)  # an architecture has no weights
        other.load_weights(folder / "model.weights.h5")
        back.append(other)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    back.append(copy)
    assert all(same(model, other) for other in back)

    pair = Pair(6)
    pair.compile("sgd", keras.losses.Huber(0.5))
    pair.fit(x, y, verbose=0)
    pair.save(folder / "pair.keras")
    loaded = keras.models.load_model(folder / "pair.keras")
    assert same(pair, loaded) and loaded.distance.get_config()["delta"] == 0.5
    loaded.fit(x, y, verbose=0)

    # A class that is not registered is named when the file is read.
    class Twice(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return 2 * inputs

    strange = keras.Sequential([keras.Input((3,)), Twice()])
    strange.save(folder / "strange.keras")
    try:
        keras.models.load_model(folder / "strange.keras")
    except (TypeError, ValueError) as error:
        print("without its class:", str(error).splitlines()[0])
    else:
        raise AssertionError("An unknown class was read.")
    known = keras.models.load_model(folder / "strange.keras", custom_objects={"Twice": Twice})
    assert same(strange, known)
    return len(back) + 2


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        print(f"{main(Path(made))} models came back as they were")
