"""Event files, read back by TensorBoard's own reader."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest

import kerata as keras
from callbacks_support import FakeModel, train
from kerata.errors import InputError
from kerata.train.callbacks.events import EventWriter, crc32c, png

pytest.importorskip("tensorboard")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read(folder):
    """Everything in a folder of event files, none of it left out by sampling."""
    everything = dict.fromkeys(("scalars", "histograms", "images", "tensors"), 0)
    return EventAccumulator(str(folder), size_guidance=everything).Reload()


def values(events, tag):
    return [(e.step, e.value) for e in events.Scalars(tag)]


def texts(events, tag):
    return [e.tensor_proto.string_val[0].decode() for e in events.Tensors(tag)]


# --- the format -----------------------------------------------------------------------------------


def test_values_are_read_as_written(tmp_path):
    writer = EventWriter(tmp_path / "deep" / "run")
    writer.scalar("a/b", 0.25, 3)
    writer.scalar("a/b", float("nan"), 2**40)
    writer.scalar("a/b", 1e300, 5)
    writer.text("words", "äöü *bold*", 7)
    writer.close()
    events = read(tmp_path / "deep" / "run")
    (s1, v1), (s2, v2), (_, v3) = values(events, "a/b")
    assert (s1, v1, s2) == (3, 0.25, 2**40) and np.isnan(v2) and v3 == float("inf")
    assert texts(events, "words") == ["äöü *bold*"]
    metadata = events.SummaryMetadata("words")
    assert metadata.plugin_data.plugin_name == "text"


def test_histogram(tmp_path):
    writer = EventWriter(tmp_path)
    writer.histogram("h", np.array([0.0, 1.0, 1.0, 2.0, np.nan, np.inf]), 1, buckets=2)
    writer.histogram("h", np.array([np.nan]), 2)
    writer.histogram("constant", np.ones((3, 3)), 1)
    writer.flush()
    events = read(tmp_path)
    (h,) = events.Histograms("h")
    v = h.histogram_value
    assert (v.min, v.max, v.num, v.sum, v.sum_squares) == (0, 2, 4, 4, 6)
    assert list(v.bucket_limit) == [1, 2] and list(v.bucket) == [1, 3]
    assert sum(events.Histograms("constant")[0].histogram_value.bucket) == 9


def test_picture(tmp_path):
    from PIL import Image

    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3) * 50
    writer = EventWriter(tmp_path)
    writer.image("i", pixels, 1)
    writer.close()
    (image,) = read(tmp_path).Images("i")
    assert (image.height, image.width) == (2, 3)
    assert np.array(Image.open(io.BytesIO(image.encoded_image_string))).tolist() == pixels.tolist()
    assert png(pixels).startswith(b"\x89PNG")


def test_checksums():
    # Test vectors of RFC 3720, appendix B.4.
    assert crc32c(bytes(32)) == 0x8A9136AA and crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_strict_reader_accepts_the_records(tmp_path):
    writer = EventWriter(tmp_path)
    writer.scalar("a", 1.0, 1)
    writer.close()
    content = next(tmp_path.iterdir()).read_bytes()
    position, count = 0, 0
    while position < len(content):
        (length,) = struct.unpack_from("<Q", content, position)
        position += 12 + length + 4
        count += 1
    assert position == len(content) and count == 2  # the version of the format, and the value


# --- the callback ---------------------------------------------------------------------------------

LOGS = [{"loss": 2.0, "acc": 0.5, "val_loss": 3.0}, {"loss": 1.0, "acc": 0.75, "val_loss": 2.0}]


def test_values_of_epochs(tmp_path):
    train([keras.callbacks.TensorBoard(tmp_path, write_graph=False)], LOGS)
    training, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    assert values(training, "epoch_loss") == [(0, 2.0), (1, 1.0)]
    assert values(training, "epoch_acc") == [(0, 0.5), (1, 0.75)]
    assert values(training, "epoch_learning_rate")[0] == (0, pytest.approx(0.1))
    assert values(validation, "epoch_loss") == [(0, 3.0), (1, 2.0)]
    assert set(training.Tags()["scalars"]) == {"epoch_loss", "epoch_acc", "epoch_learning_rate"}


def test_values_of_batches(tmp_path):
    train(
        [keras.callbacks.TensorBoard(tmp_path, write_graph=False, update_freq=2)], LOGS, batches=3
    )
    assert [s for s, _ in values(read(tmp_path / "train"), "batch_loss")] == [0, 2, 4]
    train(
        [keras.callbacks.TensorBoard(tmp_path / "b", write_graph=False, update_freq="batch")],
        LOGS,
        batches=3,
    )
    assert len(values(read(tmp_path / "b" / "train"), "batch_acc")) == 6


def test_speed(tmp_path):
    board = keras.callbacks.TensorBoard(tmp_path, write_graph=False, write_steps_per_second=True)
    train([board], LOGS)
    assert values(read(tmp_path / "train"), "epoch_steps_per_second")[0][1] > 0


def test_evaluation(tmp_path):
    model = FakeModel()
    model.optimizer.iterations = np.array(7)
    calls = keras.callbacks.CallbackList([keras.callbacks.TensorBoard(tmp_path)], model=model)
    calls.on_test_begin()
    calls.on_test_end({"loss": 0.5})
    assert values(read(tmp_path / "validation"), "evaluation_loss_vs_iterations") == [(7, 0.5)]


def test_bad_arguments(tmp_path):
    with pytest.raises(InputError, match="update_freq"):
        keras.callbacks.TensorBoard(tmp_path, update_freq="epochs")
    with pytest.warns(UserWarning, match="profile_batch"):
        keras.callbacks.TensorBoard(tmp_path, profile_batch=2)


def small_model():
    model = keras.Sequential(
        [
            keras.layers.Embedding(6, 3, name="embed"),
            keras.layers.Flatten(),
            keras.layers.Dense(1, name="out"),
        ]
    )
    model.build((None, 2))
    model.compile("sgd", "mse")
    return model


def fit(model, board, epochs=2):
    model.fit(
        np.array([[0, 1], [2, 3]]), np.zeros((2, 1)), epochs=epochs, verbose=0, callbacks=[board]
    )


def test_histograms_pictures_and_texts_of_a_model(tmp_path):
    model = small_model()
    fit(model, keras.callbacks.TensorBoard(tmp_path, histogram_freq=2, write_images=True), epochs=3)
    events = read(tmp_path / "train")
    tags = events.Tags()
    paths = [v.path for v in model.weights]
    assert sorted(tags["histograms"]) == sorted(f"{p}/histogram" for p in paths)
    assert sorted(tags["images"]) == sorted(f"{p}/image" for p in paths)
    assert [h.step for h in events.Histograms(f"{paths[0]}/histogram")] == [0, 2]
    summary, architecture = (
        texts(events, "model_summary")[0],
        texts(events, "model_architecture")[0],
    )
    assert "embed" in summary and "Total params" in summary
    assert json.loads(architecture)["class_name"] == "Sequential"


def test_embeddings(tmp_path):
    from google.protobuf import text_format
    from tensorboard.plugins.projector import projector_config_pb2

    (tmp_path / "words.tsv").write_text("\n".join("abcdef"))
    model = small_model()
    fit(
        model,
        keras.callbacks.TensorBoard(
            tmp_path, embeddings_freq=1, embeddings_metadata={"embed": "words.tsv"}
        ),
    )
    config = text_format.Parse(
        (tmp_path / "projector_config.pbtxt").read_text(), projector_config_pb2.ProjectorConfig()
    )
    (entry,) = config.embeddings
    assert (entry.tensor_name, entry.tensor_path, entry.metadata_path) == (
        "embed",
        "embed.tsv",
        "words.tsv",
    )
    saved = np.loadtxt(tmp_path / "embed.tsv", delimiter="\t")
    assert np.allclose(saved, model.layers[0].weights[0].numpy(), rtol=1e-5)


def test_one_file_of_labels_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.tsv").write_text("\n".join("abcdef"))
    fit(
        small_model(),
        keras.callbacks.TensorBoard("logs", embeddings_freq=1, embeddings_metadata="words.tsv"),
    )
    assert str(tmp_path / "words.tsv") in (tmp_path / "logs" / "projector_config.pbtxt").read_text()


def test_embeddings_errors(tmp_path):
    def board(metadata):
        return keras.callbacks.TensorBoard(
            tmp_path, embeddings_freq=1, embeddings_metadata=metadata
        )

    with pytest.raises(InputError, match=r"names \['out'\].*It has: \['embed'\]"):
        fit(small_model(), board({"out": "words.tsv"}))
    with pytest.raises(InputError, match="'missing.tsv' is neither"):
        fit(small_model(), board("missing.tsv"))


def test_old_arguments_are_taken(tmp_path):
    board = keras.callbacks.TensorBoard(
        tmp_path, batch_size=16, write_grads=True, embeddings_layer_names=["embed"]
    )
    assert board.embeddings_layer_names == ["embed"]
