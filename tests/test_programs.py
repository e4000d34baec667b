"""The programs of text books and lectures, in their own spelling, as `kerata run` runs them.

`docs/programs.md` says which program of which document each file holds. A test a program looks at
the variables that it leaves; all are run again, shortened, as `kerata upgrade` spells them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerata import config
from programs_support import PROGRAMS, run_program

pytest.importorskip("matplotlib")
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py"))

# Where a program runs for many epochs, on long texts or with wide layers, the part of it that is
# enough here. Each program reads these from the environment and runs in full without them.
SETTINGS = {
    "imdb_reviews": {"EPOCHS": "0.4"},
    "imdb_reviews_acc": {"EPOCHS": "0.3"},
    "fashion_mnist": {"EPOCHS": "0.4"},
    "california": {"EPOCHS": "0.5"},
    "california_search": {"EPOCHS": "0.03", "N_ITER": "2", "FOLDS": "2"},
    "build_by_arguments": {"EPOCHS": "0.2"},
    "pima": {"EPOCHS": "0.2"},
    "reuters": {"EPOCHS": "0.3"},
    "boston_kfold": {"EPOCHS": "0.1"},
    "boston_history": {"EPOCHS": "0.02"},
    "recurrent_reviews": {"EPOCHS": "0.2", "MAXLEN": "40"},
    "text_generation": {"WIDTH": "24"},
    "weather": {"EPOCHS": "0.1"},
    "conv1d_reviews": {"EPOCHS": "0.2", "MAXLEN": "80"},
    "tensorboard_embeddings": {"EPOCHS": "0.1", "MAXLEN": "80"},
}


# What programs import besides: module and version.
NEEDS = {
    "activation_maps": ("PIL", None),
    "california": ("sklearn", "1.6"),
    "california_search": ("sklearn", "1.6"),
    "cats_and_dogs": ("PIL", None),
    "every_argument": ("PIL", None),
    "frozen_base": ("PIL", None),
}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """Run a program by name in an empty folder; gives its variables."""
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")

    def call(name: str, upgraded: bool = False) -> SimpleNamespace:
        if name in NEEDS:
            module, version = NEEDS[name]
            pytest.importorskip(module, minversion=version)
        settings = SETTINGS.get(name, {}) | ({"EPOCHS": "0.004"} if upgraded else {})
        return run_program(name, monkeypatch, tmp_path, settings, upgraded=upgraded)

    return call


@pytest.fixture
def shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two epochs of every `fit`: compiled steps are those of the whole run, which the disk remembers."""
    monkeypatch.setitem(config._settings["limits"], "MAX_EPOCHS", 2)


def numbers(text: str) -> str:
    """Printed text without the commas inside of numbers."""
    return text.replace(",", "")


def falls(history: Any, key: str = "loss") -> bool:
    """Whether a curve of a `History` ends lower than it began."""
    curve = history.history[key]
    return bool(np.all(np.isfinite(curve)) and curve[-1] < curve[0])


def test_every_program_is_run() -> None:
    tested = {name[5:] for name in globals() if name.startswith("test_")}
    assert tested >= set(NAMES)


def test_programs_are_spelled_as_their_documents_are() -> None:
    for name in NAMES:
        source = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
        assert "kerata" not in source, name
        assert re.search(r"^(from|import) (tensorflow|keras)\b", source, re.MULTILINE), name


def test_first_network(run: Any) -> None:
    seen = run("first_network")
    assert tuple(seen.shape_of_layer) == (2, 32)
    assert seen.model.count_params() == 785 * 32 + 33 * 32
    assert set(seen.history.history) == {"accuracy", "loss"}
    assert seen.history.epoch == [0, 1, 2, 3, 4]


def test_imdb_reviews(run: Any) -> None:
    seen = run("imdb_reviews")
    assert falls(seen.history)
    assert seen.val_acc[-1] > 0.8
    assert seen.results[1] > 0.8
    assert seen.model.count_params() == 160_016 + 272 + 17


def test_imdb_reviews_acc(run: Any) -> None:
    seen = run("imdb_reviews_acc")
    assert sorted(seen.keys) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert seen.acc == seen.history_dict["accuracy"]
    assert seen.val_acc == seen.history_dict["val_accuracy"]
    assert falls(seen.history)
    assert seen.predictions.shape == (100, 1)
    assert seen.predictions.dtype == np.float32


def test_fashion_mnist(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen = run("fashion_mnist")
    assert seen.weights.shape == (784, 300)
    assert not seen.biases.any()
    assert falls(seen.history)
    assert seen.y_proba.shape == (3, 10)
    assert np.allclose(seen.y_proba.sum(axis=1), 1, atol=1e-5)
    printed = numbers(capsys.readouterr().out)
    assert "266610" in printed and "235500" in printed


def test_california_search(run: Any) -> None:
    pytest.importorskip("scipy")
    seen = run("california_search")
    assert seen.y_pred.shape == (3,) and np.isfinite(seen.mse_test) and seen.mse_test < 0
    assert set(seen.best) == {"n_hidden", "n_neurons", "learning_rate"}
    scores = seen.rnd_search_cv.cv_results_["mean_test_score"]
    assert scores.shape == (2,) and seen.rnd_search_cv.best_score_ == scores.max() < 0
    dense = [layer for layer in seen.model.layers if hasattr(layer, "units")]
    assert len(dense) == seen.best["n_hidden"] + 1
    np.testing.assert_allclose(
        seen.rnd_search_cv.score(seen.X_test, seen.y_test), -seen.mse_best, rtol=1e-4
    )


def test_california(run: Any) -> None:
    seen = run("california")
    assert falls(seen.history)
    assert isinstance(seen.mse_test, float)
    assert seen.y_pred.shape == (3, 1)


def test_wide_and_deep(run: Any) -> None:
    seen = run("wide_and_deep")
    for history in (seen.one_input, seen.two_inputs, seen.two_outputs, seen.subclassed):
        assert falls(history)
    assert np.array_equal(seen.by_list, seen.by_name)
    weighted = 0.9 * seen.main_loss + 0.1 * seen.aux_loss
    assert seen.total_loss == pytest.approx(weighted, rel=1e-4)
    assert seen.y_pred_main.shape == seen.y_pred_aux.shape == (50, 1)
    assert seen.sub_main.shape == seen.sub_aux.shape == (50, 1)


def test_save_and_load(run: Any, tmp_path: Path) -> None:
    seen = run("save_and_load")
    assert np.allclose(seen.before, seen.after, atol=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(seen.kept, seen.restored, strict=True))
    assert seen.best == pytest.approx(min(seen.history.history["val_loss"]), rel=1e-4)
    assert any(tmp_path.glob("my_keras_weights.ckpt*"))


def test_build_by_arguments(run: Any) -> None:
    seen = run("build_by_arguments")
    assert set(seen.scores) == {0, 1, 2}
    assert all(np.isfinite(score) for score in seen.scores.values())


def test_mnist_dense(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen = run("mnist_dense")
    assert "407050" in numbers(capsys.readouterr().out)
    assert seen.predicted_results.shape == (100, 10)
    assert seen.test_acc > 0.9


def test_mnist_np_utils(run: Any) -> None:
    seen = run("mnist_np_utils")
    assert seen.predictions.shape == (10,)
    assert np.issubdtype(seen.predictions.dtype, np.integer)
    assert np.array_equal(seen.predictions, seen.model.predict(seen.X, verbose=0).argmax(axis=1))
    assert falls(seen.train_history) and falls(seen.train_history, "val_loss")
    assert np.abs(seen.model.get_weights()[0]).max() < 1


def test_mnist_functional(run: Any) -> None:
    seen = run("mnist_functional")
    assert seen.chain_parameters == seen.model.count_params() == 785 * 32 + 33 * 10
    assert falls(seen.history)
    assert float(seen.model.optimizer.learning_rate) == pytest.approx(0.001)


def test_layer_lists(run: Any) -> None:
    seen = run("layer_lists")
    assert tuple(seen.first_shape) == (None, 32)
    assert np.allclose(seen.probabilities.sum(axis=1), 1, atol=1e-5)
    assert not seen.kernels["zeros"].any() and (seen.kernels["ones"] == 1).all()
    assert (seen.kernels["constant"] == 0.5).all()
    assert np.array_equal(seen.kernels["identity"], np.eye(40))
    assert np.abs(seen.kernels["truncated"]).max() <= 0.1 + 1e-6
    assert np.abs(seen.kernels["uniform"]).max() <= 0.05 + 1e-6
    assert np.abs(seen.kernels["xavier"]).max() <= np.sqrt(6 / 80) + 1e-6
    assert seen.kernels["xavier normal"].std() == pytest.approx(np.sqrt(2 / 80), rel=0.1)
    assert (np.linalg.norm(seen.kernel, axis=0) <= 1 + 1e-5).all()
    assert (seen.bias >= 0).all()


def test_one_hot(run: Any) -> None:
    seen = run("one_hot")
    assert np.array_equal(seen.b, np.eye(9))
    assert seen.labels.argmax(axis=1).tolist() == [0, 2, 1, 2, 0]
    assert seen.labels.shape == (5, 3)


def test_batch_methods(run: Any) -> None:
    seen = run("batch_methods")
    assert len(seen.first) == len(seen.result) == 2
    assert seen.last[0] < seen.first[0]
    assert seen.answers.shape == (7, 1)
    assert seen.scores == pytest.approx(seen.last, rel=1e-4)
    assert np.allclose(seen.predictions[:7], seen.answers, atol=1e-6)


def test_optimizers_in_use(run: Any) -> None:
    seen = run("optimizers_in_use")
    assert len(seen.losses) == 11
    for name, (first, second) in seen.losses.items():
        assert second <= first, name


def test_pima(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen = run("pima")
    assert falls(seen.history)
    assert f"{seen.scores[1] * 100:.2f}%" in capsys.readouterr().out
    assert seen.scores[1] > 0.6


def test_reuters(run: Any) -> None:
    seen = run("reuters")
    assert np.array_equal(seen.one_hot_train_labels, seen.by_hand)
    assert falls(seen.history)
    assert len(seen.acc) == len(seen.val_acc) == 6
    assert seen.predictions.shape == (230, 46)
    assert seen.total == pytest.approx(1, abs=1e-4)


def test_reuters_sparse(run: Any) -> None:
    seen = run("reuters_sparse")
    wide, narrow = seen.results[64], seen.results[4]
    assert wide[0] < narrow[0]


def test_boston_kfold(run: Any) -> None:
    seen = run("boston_kfold")
    assert seen.train_data.shape == (404, 13) and seen.test_data.shape == (102, 13)
    assert np.allclose(seen.train_targets[:3], [15.2, 42.3, 50.0])
    assert len(seen.all_scores) == 4
    assert np.mean(seen.all_scores) < 4
    assert falls(seen.history, "val_mae")


def test_boston_history(run: Any) -> None:
    seen = run("boston_history")
    assert len(seen.average_mae_history) == 10
    assert seen.mae_history == seen.history.history["val_mae"]
    assert seen.test_mae_score < 4.5


def test_regularized(run: Any) -> None:
    seen = run("regularized")
    assert falls(seen.history)
    assert 0 < seen.penalty < seen.evaluated[0]


def test_convnet_tensorboard(run: Any, tmp_path: Path) -> None:
    seen = run("convnet_tensorboard")
    assert len(seen.history.history["val_loss"]) == 2
    assert list((tmp_path / "Logs" / seen.MODEL_NAME).rglob("events.out.tfevents*"))


def test_mnist_convnet(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen = run("mnist_convnet")
    assert "93322" in numbers(capsys.readouterr().out)
    assert tuple(seen.shape_of_features) == (None, 3, 3, 64)
    assert seen.test_acc > 0.9
    assert seen.loaded_loss == pytest.approx(seen.test_loss, rel=1e-5)
    assert seen.loaded_acc == pytest.approx(seen.test_acc, rel=1e-6)


def test_pictures_by_generator(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen = run("pictures_by_generator")
    assert len(seen.acc) == len(seen.val_acc) == 4
    assert min(seen.val_loss) < 0.75
    # The checkpoint says where it saved.
    assert f"{seen.MODEL_NAME}.model.hdf5" in capsys.readouterr().out
    assert seen.answers.shape == (40, 1)


def test_activation_maps(run: Any) -> None:
    seen = run("activation_maps")
    assert len(seen.activations) == len(seen.grids) == 8
    assert seen.activations[0].shape == (1, 148, 148, 16)
    assert seen.activations[7].shape == (1, 7, 7, 32)


def test_frozen_base(run: Any) -> None:
    seen = run("frozen_base")
    assert (seen.trainable_before, seen.trainable_after) == (10, 4)
    same = [np.array_equal(a, b) for a, b in zip(seen.base_before, seen.base_frozen, strict=True)]
    assert all(same)
    same = [np.array_equal(a, b) for a, b in zip(seen.base_frozen, seen.base_tuned, strict=True)]
    assert same == [True] * 4 + [False] * 2
    assert falls(seen.on_features) and falls(seen.frozen)
    assert np.isfinite(seen.tuned.history["val_loss"]).all() and seen.test_acc >= 0.4


def test_embedding_flatten(run: Any) -> None:
    seen = run("embedding_flatten")
    assert seen.model.count_params() == 80_161
    assert seen.history.history["val_acc"][-1] > 0.6


def test_pretrained_embedding(run: Any) -> None:
    seen = run("pretrained_embedding")
    assert len(seen.word_index) == 23 and len(seen.embeddings_index) == 22
    assert not seen.embedding_matrix[seen.word_index["it"]].any()
    assert np.array_equal(seen.vectors_after, seen.embedding_matrix.astype("float32"))
    assert falls(seen.history)
    assert seen.same


def test_recurrent_reviews(run: Any) -> None:
    seen = run("recurrent_reviews")
    assert tuple(seen.last_only) == (None, 32)
    assert tuple(seen.all_times) == (None, None, 32)
    assert falls(seen.histories["SimpleRNN"]) and falls(seen.histories["LSTM"])


def test_text_generation(run: Any, tmp_path: Path) -> None:
    seen = run("text_generation")
    assert len(seen.written) == 20
    assert set(seen.written) <= set(seen.unique_chars)
    assert (tmp_path / "tide.model.hdf5").stat().st_size > 0


def test_weather(run: Any) -> None:
    seen = run("weather")
    assert all(falls(history) for history in seen.histories)
    assert np.isfinite(seen.test_loss)


def test_recurrent_stacks(run: Any) -> None:
    seen = run("recurrent_stacks")
    assert falls(seen.both_history) and falls(seen.conv_history) and falls(seen.review_history)
    assert np.isfinite(seen.stacked_history.history["loss"]).all()


def test_conv1d_reviews(run: Any) -> None:
    seen = run("conv1d_reviews")
    assert seen.model.count_params() == 1_315_937
    assert np.isfinite(seen.val_loss).all()


def test_functional_minimal(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen = run("functional_minimal")
    assert "3466" in numbers(capsys.readouterr().out)
    assert seen.short.count_params() == seen.short.layers[1].count_params() == 33 * 32
    assert np.isfinite(seen.score)
    assert len(seen.config["layers"]) == 4


def test_question_answering(run: Any) -> None:
    seen = run("question_answering")
    assert falls(seen.by_list) and falls(seen.by_name)


def test_question_answering_swapped(run: Any) -> None:
    with pytest.raises(Exception, match=r"(?s)embedding.*swapped"):
        run("question_answering_swapped")


def test_multi_output(run: Any) -> None:
    seen = run("multi_output")
    assert falls(seen.by_list)
    keys = set(seen.by_name.history)
    assert {"loss", "age_loss", "income_loss", "member_loss"} <= keys
    assert seen.by_name.history["income_acc"] == seen.by_name.history["income_accuracy"]
    assert seen.age.shape == seen.member.shape == (96, 1)
    assert seen.income.shape == (96, 10)


def test_graphs_of_layers(run: Any) -> None:
    seen = run("graphs_of_layers")
    assert tuple(seen.block.shape) == (None, 8, 8, 32)
    assert tuple(seen.half_size.shape) == (None, 4, 4, 16)
    assert np.isfinite(seen.history.history["loss"]).all()


def test_siamese(run: Any) -> None:
    seen = run("siamese")
    assert [w.shape for w in seen.weights_of_lstm] == [(8, 64), (16, 64), (64,)]
    assert len(seen.model.weights) == 5
    assert len(seen.depth.weights) == 4
    assert np.isfinite(seen.distance.history["loss"]).all()


def test_callbacks_in_use(run: Any, tmp_path: Path) -> None:
    seen = run("callbacks_in_use")
    assert seen.best_loss == pytest.approx(min(seen.early.history["val_loss"]), rel=1e-4)
    rates = next(v for k, v in seen.reduced.history.items() if k in ("lr", "learning_rate"))
    assert np.allclose(rates, [1e-3, 1e-3, 1e-4, 1e-5], rtol=1e-4)
    assert [event for event in seen.seen if event[0] == "epoch"] == [("epoch", i) for i in range(3)]
    assert sum(event[0] == "batch" for event in seen.seen) == 15
    assert seen.seen[-1] == ("end",)
    lines = (tmp_path / "training.csv").read_text().splitlines()
    assert lines[0].split(",")[0] == "epoch" and len(lines) == 4
    assert len(list(tmp_path.glob("weights.0[123]-*.hdf5"))) == 3
    assert len(seen.history.epoch) == 3


def test_activation_logger(run: Any, tmp_path: Path) -> None:
    seen = run("activation_logger")
    assert len(seen.losses.losses) == 3 * 2
    with np.load(tmp_path / "activations_at_epoch_2.npz") as stored:
        assert [stored[name].shape for name in stored.files] == [(1, 7), (1, 3)]


def test_tensorboard_embeddings(run: Any, tmp_path: Path) -> None:
    seen = run("tensorboard_embeddings")
    assert list((tmp_path / "logs").rglob("events.out.tfevents*"))
    assert len(seen.history.history["val_acc"]) == 2


def test_normalized_and_separable(run: Any) -> None:
    seen = run("normalized_and_separable")
    assert len(seen.before) == 4
    assert not any(np.array_equal(a, b) for a, b in zip(seen.before, seen.after, strict=True))
    assert np.isfinite(seen.history.history["loss"]).all()


def test_logic_gates(run: Any) -> None:
    seen = run("logic_gates")
    assert seen.both == [0, 0, 0, 1]
    assert seen.either == [0, 1, 1, 1]
    assert seen.negation == [1, 0]
    assert seen.alike == [1, 0, 0, 1]


def test_rnn_by_hand(run: Any) -> None:
    seen = run("rnn_by_hand")
    assert np.allclose(seen.from_layer, seen.final_output_sequence, atol=1e-4)


def test_cats_and_dogs(run: Any) -> None:
    seen = run("cats_and_dogs")
    assert seen.data_batch.shape == (10, 32, 32, 3) and seen.labels_batch.shape == (10,)
    assert seen.data_batch.min() >= 0 and seen.data_batch.max() <= 1
    assert not np.array_equal(seen.augmented[0], seen.augmented[1])
    assert falls(seen.history)
    assert len(seen.val_acc) == 5 and seen.test_acc > 0.6
    best = min(seen.plain.history["val_loss"])
    assert seen.plain_loss == pytest.approx(best, rel=1e-4)


def test_augmented_arrays(run: Any) -> None:
    seen = run("augmented_arrays")
    assert falls(seen.history) and seen.batches == 6
    assert seen.scores[1] > 0.8


def test_tokenized(run: Any) -> None:
    seen = run("tokenized")
    assert seen.sequences == [[1, 2, 3, 4, 1, 5], [1, 6, 7, 8, 9]]
    assert seen.tokenizer.word_docs["the"] == 2 and seen.word_index["cheese"] == 9
    assert seen.one_hot_results.shape == (2, 1000)
    assert seen.one_hot_results[1][:10].tolist() == [0, 1, 0, 0, 0, 0, 1, 1, 1, 1]
    assert seen.matrices["count"][0][1] == 2
    assert seen.matrices["freq"][1][1] == pytest.approx(1 / 5)
    assert seen.results.shape == (2, 50, 101) and seen.results.sum() == 24 + 25


def test_backend_functions(run: Any) -> None:
    seen = run("backend_functions")
    x = seen.start
    right = {
        "reshape": x.reshape(3, 2),
        "log": np.log(x),
        "square": x**2,
        "concatenate": np.concatenate([x, x], axis=-1),
        "flatten": x.ravel(),
        "exp": np.exp(x),
        "abs": x,
    }
    assert seen.values.keys() == right.keys()
    for name, value in right.items():
        np.testing.assert_allclose(seen.values[name], value, rtol=1e-5, err_msg=name)
    assert not seen.afterwards.any() and seen.afterwards.shape == (2, 3)
    t = np.log(1 + ((seen.data.sum(axis=1, keepdims=True) + 2) / 2) ** 2) * np.ones((5, 3))
    np.testing.assert_allclose(seen.answers, np.concatenate([np.exp(-t), t], axis=1), rtol=1e-4)


def test_core_layers(run: Any) -> None:
    seen = run("core_layers")
    assert [tuple(s) for s in seen.shapes[3:9]] == [
        (None, 3, 4), (None, 4, 3), (None, 4, 3), (None, 12), (None, 12), (None, 5, 12),
    ]  # fmt: skip
    assert falls(seen.history)
    y, p = seen.y, seen.outputs
    right = {
        "mean_squared_error": (y - p) ** 2,
        "mean_absolute_error": np.abs(y - p),
        "mean_squared_logarithmic_error": (np.log1p(y) - np.log1p(p)) ** 2,
        "hinge": np.maximum(0, 1 - np.where(y == 0, -1, 1) * p),
        "binary_crossentropy": -np.where(y == 1, np.log(p), np.log(1 - p)),
        "categorical_crossentropy": -np.log(seen.probabilities[np.arange(64), seen.classes]),
    }
    for name, values in right.items():
        assert seen.errors[name] == pytest.approx(values.mean(), rel=1e-4), name
    names = ("categorical_crossentropy", "sparse_categorical_crossentropy")
    assert seen.errors[names[0]] == pytest.approx(seen.errors[names[1]], rel=1e-5)
    assert np.isfinite(seen.errors["mean_absolute_percentage_error"])


def test_callback_paths(run: Any, tmp_path: Path) -> None:
    seen = run("callback_paths")
    assert falls(seen.history)
    assert seen.recorded.history["loss"] == seen.history.history["loss"]
    assert seen.begun == [0, 1, 2] == seen.history.epoch
    assert float(seen.model.optimizer.learning_rate) == pytest.approx(1.25e-4, rel=1e-4)
    assert len(list(tmp_path.glob("weights.0[123]-*.hdf5"))) == 3
    assert len((tmp_path / "training.csv").read_text().splitlines()) == 4
    assert list((tmp_path / "logs").rglob("events.out.tfevents*"))


def test_every_argument(run: Any) -> None:
    seen = run("every_argument")
    assert seen.sequences.tolist() == [[1, 2, 3], [0, 4, 5], [0, 0, 6]]
    assert seen.one_hot.argmax(axis=1).tolist() == [0, 2, 1]
    assert seen.labels == {
        "categorical": (4, 2), "binary": (4,), "sparse": (4,), "input": (4, 16, 16, 3),
    }  # fmt: skip
    assert seen.class_indices == {"bright": 0, "dark": 1}
    assert falls(seen.from_folder) and seen.without_labels.shape == (12, 2)
    assert 0 <= seen.accuracy <= 1
    assert seen.history.epoch == [1, 2] and len(seen.scores) == 2
    assert seen.answers.shape == (48, 1)
    assert tuple(seen.fixed_shape) == (32, 6, 8)
    assert np.allclose(seen.once, seen.anew) and not np.allclose(seen.once, seen.twice)


@pytest.mark.engine("jax")  # the text is the same with the others
@pytest.mark.parametrize("name", [n for n in NAMES if not n.endswith("_swapped")])
def test_upgraded(
    name: str, run: Any, shortened: None, monkeypatch: pytest.MonkeyPatch, recwarn: Any
) -> None:
    pytest.importorskip("libcst")
    monkeypatch.setenv("KERATA_LEGACY", "error")
    run(name, upgraded=True)
