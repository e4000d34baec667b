"""TensorBoard: values, histograms, texts and word vectors for the program of that name."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ..data.source import whole_number
from ..notices import warn_user
from .base import Callback
from .events import EventWriter
from .rates import learning_rate

_PROJECTOR = "projector_config.pbtxt"


class TensorBoard(Callback):
    """Writes event files that ``tensorboard --logdir logs`` shows.

    Values of training go to ``train`` and those of validation to ``validation`` in the folder, as
    ``epoch_loss``, ``batch_loss`` and so on.

    Args:
        log_dir: The folder.
        histogram_freq: Epochs between histograms of all weights; 0 for none.
        write_graph: Write the model's summary and architecture as texts.
        write_images: Write weights as pictures, too, with the histograms.
        write_steps_per_second: Write how many steps a second ran.
        update_freq: ``"epoch"``, or also the values of ``"batch"`` or of every so many batches.
        profile_batch: Taken for programs that profile; there is no profile.
        embeddings_freq: Epochs between saves of the vectors of `Embedding` layers; 0 for none.
        embeddings_metadata: File with a label for each vector (one a line), or a dict of such files
            by name of the layer.
        embeddings_layer_names: The layers to save; by default all `Embedding` layers.

    >>> import tempfile
    >>> import numpy as np
    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> folder = tempfile.mkdtemp()
    >>> board = TensorBoard(folder)
    >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[board])
    >>> os.listdir(folder)
    ['train']
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
        *,
        embeddings_layer_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        if isinstance(update_freq, str) and update_freq not in ("epoch", "batch"):
            raise InputError(
                f"update_freq must be 'epoch', 'batch' or a number of batches, got {update_freq!r}."
            )
        self.update_freq: Any = 1 if update_freq == "batch" else update_freq
        if self.update_freq == "epoch":
            self._idle_hooks = frozenset({"on_train_batch_end"})
        else:
            self.update_freq = whole_number(self.update_freq, "update_freq") or 1
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self.embeddings_layer_names = embeddings_layer_names
        if profile_batch:
            warn_user("TensorBoard: profile_batch is not supported, no profile is written.")
        self._train = EventWriter(Path(self.log_dir) / "train")
        self._validation = EventWriter(Path(self.log_dir) / "validation")
        self._described: Any = None
        self._batches = 0
        self._epoch_start = 0.0

    def set_model(self, model: Any) -> None:
        """Take the model, and find the files that go with its embeddings."""
        super().set_model(model)
        if self.embeddings_freq:
            self._metadata_files()

    def on_train_begin(self, logs: Any = None) -> None:
        """Write the texts on the model."""
        if self.write_graph and self._described is not self.model:
            self._described = self.model
            self._describe()
        if self.embeddings_freq:
            self._configure_projector()

    def on_train_end(self, logs: Any = None) -> None:
        """Close the files."""
        self._train.close()
        self._validation.close()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the time."""
        self._epoch_start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Write the values of a batch."""
        step = self._batches
        self._batches += 1
        if self.update_freq == "epoch" or step % self.update_freq:
            return
        for name, value in _numbers(logs):
            self._train.scalar(f"batch_{name}", value, step)

    def on_test_end(self, logs: Any = None) -> None:
        """Write the values of an evaluation against the number of updates."""
        iterations = getattr(getattr(self.model, "optimizer", None), "iterations", None)
        if iterations is None or not logs:
            return
        step = int(np.asarray(iterations.numpy() if hasattr(iterations, "numpy") else iterations))
        for name, value in _numbers(logs):
            self._validation.scalar(f"evaluation_{name}_vs_iterations", value, step)
        self._validation.flush()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write what there is to write on an epoch."""
        values = dict(_numbers(logs))
        if self.write_steps_per_second:
            self._write_speed(epoch)
        if getattr(getattr(self.model, "optimizer", None), "learning_rate", None) is not None:
            values.setdefault("learning_rate", learning_rate(self.model, "TensorBoard"))
        for name, value in values.items():
            if name.startswith("val_"):
                self._validation.scalar(f"epoch_{name[4:]}", value, epoch)
            else:
                self._train.scalar(f"epoch_{name}", value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings()
        self._train.flush()
        self._validation.flush()

    def _write_speed(self, epoch: int) -> None:
        steps = (self.params or {}).get("steps")
        spent = time.perf_counter() - self._epoch_start
        if steps and spent > 0:
            self._train.scalar("epoch_steps_per_second", steps / spent, epoch)

    # --- the model --------------------------------------------------------------------------------

    def _describe(self) -> None:
        lines: list[str] = []
        try:
            self.model.summary(print_fn=lambda text, *_, **__: lines.append(str(text)))
            self._train.text("model_summary", _as_code("\n".join(lines)), 0)
        except (ValueError, AttributeError):
            return  # a subclassed model that has not seen data has no summary yet
        try:
            text = json.dumps(json.loads(self.model.to_json()), indent=1)
        except Exception:  # a model may hold what has no configuration; its summary is there
            return
        self._train.text("model_architecture", _as_code(text), 0)

    def _write_weights(self, epoch: int) -> None:
        for variable in self.model.weights:
            values = np.asarray(variable.numpy(), np.float64)
            name = getattr(variable, "path", None) or variable.name
            self._train.histogram(f"{name}/histogram", values, epoch)
            if self.write_images and values.size:
                self._train.image(f"{name}/image", _picture(values), epoch)

    # --- embeddings -------------------------------------------------------------------------------

    def _embeddings(self) -> list[Any]:
        chosen = self.embeddings_layer_names
        if chosen:
            return [layer for layer in _layers(self.model) if layer.name in chosen]
        return [
            layer
            for layer in _layers(self.model)
            if any(c.__name__ == "Embedding" for c in type(layer).__mro__)
        ]

    def _metadata_files(self) -> dict[str, str]:
        """Files of labels by name of the layer."""
        given = self.embeddings_metadata
        if not given:
            return {}
        names = [layer.name for layer in self._embeddings()]
        if not isinstance(given, Mapping):
            given = dict.fromkeys(names, given)
        unknown = [k for k in given if k not in names]
        if unknown:
            raise InputError(
                f"embeddings_metadata names {unknown}, which are no Embedding layers of the model. It has: {names}."
            )
        return {name: self._find_file(os.fspath(path)) for name, path in given.items() if path}

    def _find_file(self, path: str) -> str:
        if os.path.exists(os.path.join(self.log_dir, path)):
            return path
        if os.path.exists(path):
            return os.path.abspath(path)
        raise InputError(
            f"The file of embeddings_metadata {path!r} is neither in {self.log_dir!r} nor in the current folder."
        )

    def _configure_projector(self) -> None:
        files = self._metadata_files()
        text = ""
        for layer in self._embeddings():
            text += "embeddings {\n"
            text += f"  tensor_name: {_quoted(layer.name)}\n  tensor_path: {_quoted(_vectors_file(layer))}\n"
            if layer.name in files:
                text += f"  metadata_path: {_quoted(files[layer.name])}\n"
            text += "}\n"
        os.makedirs(self.log_dir, exist_ok=True)
        Path(self.log_dir, _PROJECTOR).write_text(text)

    def _write_embeddings(self) -> None:
        for layer in self._embeddings():
            if not layer.weights:
                continue
            vectors = np.asarray(layer.weights[0].numpy(), np.float32)
            path = Path(self.log_dir, _vectors_file(layer))
            temporary = path.with_suffix(".part")
            np.savetxt(temporary, vectors, fmt="%.6g", delimiter="\t")
            os.replace(temporary, path)


def _vectors_file(layer: Any) -> str:
    return layer.name.replace("/", "_").replace(":", "_") + ".tsv"


def _layers(model: Any) -> Iterator[Any]:
    for layer in getattr(model, "layers", ()):
        yield layer
        yield from _layers(layer)


def _numbers(logs: Any) -> Iterator[tuple[str, float]]:
    for name, value in (logs or {}).items():
        if np.ndim(value) == 0 and not isinstance(value, str):
            yield name, float(value)


def _picture(values: np.ndarray) -> np.ndarray:
    """Weights as grey levels, from the least (black) to the greatest, of shape ``(height, width)``."""
    values = np.nan_to_num(values)
    grid = values.reshape(1, -1) if values.ndim < 2 else values.reshape(-1, values.shape[-1])
    if grid.shape[0] > grid.shape[1]:
        grid = grid.T
    low, high = grid.min(), grid.max()
    return np.round((grid - low) / ((high - low) or 1.0) * 255).astype(np.uint8)


def _as_code(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())


def _quoted(text: str) -> str:
    return json.dumps(text)
