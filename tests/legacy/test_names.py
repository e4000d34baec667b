"""Names and modules of every era: that each is found, refused with a reason, or known to be missing."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np
import pytest
from tools import api, eras

import kerata
from kerata import compat, constraints, layers, losses, optimizers, utils
from kerata.errors import OldNameError, RefusedNameError
from kerata.legacy import modules, names, notes

# Names whose home is a module that some installation of the sources may not have yet.
HOMES = {
    "legacy.backend": ("backend.",),
    "legacy.images": ("preprocessing.image.",),
    "legacy.initializations": ("initializations.",),
    "legacy.layers": ("layers.", "engine.", "legacy.layers.", "experimental."),
    "legacy.enqueuers": ("utils.",),
    "legacy.metrics": ("metrics.",),
    "legacy.regularizers": ("regularizers.",),
    "legacy.scikit_learn": ("wrappers.",),
    "legacy.sequences": ("preprocessing.sequence.",),
    "legacy.text": ("preprocessing.text.",),
}
PENDING = tuple(p for home, fronts in HOMES.items() if modules.module(home) is None for p in fronts)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")


@pytest.fixture(scope="module")
def counted():
    compat.install()
    patch = pytest.MonkeyPatch()
    patch.setenv("KERATA_LEGACY_NOTES", "0")
    yield {era: eras.count(era) for era in api.ERAS}
    patch.undo()
    compat.uninstall()


@pytest.mark.parametrize("era", api.ERAS)
def test_every_name_is_accounted_for(counted, era):
    found = counted[era]
    missing = [n for n in found.missing if not n.partition(".")[2].startswith(PENDING)]
    assert not missing
    assert found.working + len(found.refused) + len(found.missing) == len(api.read(era))
    assert all(len(why) > 10 for why in found.refused.values())
    if not found.missing:
        assert found.share >= eras.WANTED


def test_the_command(capsys, monkeypatch):
    monkeypatch.setattr(
        eras.api, "read", lambda era: ["keras.Model", "keras.estimator.x", "keras.nothing"]
    )
    assert eras.main(["keras-2.2.4", "--missing", "--refused"]) == 1
    lines = capsys.readouterr().out
    assert "keras.nothing" in lines and "keras.estimator.x" in lines and "50.0%" in lines
    assert compat.installed() is None


@pytest.mark.parametrize(
    "path, name, home",
    [
        ("layers.core", "Dense", "layers"),
        ("layers.convolutional", "MaxPooling2D", "layers"),
        ("layers.merging.concatenate", "Concatenate", "layers"),
        ("engine.topology", "Layer", "layers"),
        ("engine.training", "Model", "models"),
        ("src.layers.core.dense", "Dense", "layers"),
        ("_tf_keras.keras.layers", "Dense", "layers"),
        ("api._v2.keras.losses", "Huber", "losses"),
        ("objectives", "mse", "losses"),
        ("optimizer_v2.adam", "Adam", "optimizers"),
        ("experimental", "CosineDecay", "optimizers.schedules"),
        ("utils.np_utils", "to_categorical", "utils"),
        ("callbacks.callbacks", "EarlyStopping", "callbacks"),
        ("layers.experimental.preprocessing", "Rescaling", "layers"),
        ("mixed_precision.experimental", "Policy", "mixed_precision"),
    ],
)
def test_names_of_old_modules_are_the_modern_ones(path, name, home):
    assert modules.look(path, name) is getattr(importlib.import_module(f"kerata.{home}"), name)


def test_modules_that_no_era_had():
    assert modules.places("layers.cor") is None
    assert modules.places("engine") and modules.places("src.engine.anything")
    assert not modules.is_old("layers") and modules.is_old("layers.core")


@pytest.mark.parametrize(
    "module, name, close",
    [
        ("layers", "Dens", "Dense"),
        ("losses", "mean_square_error", "mean_squared_error"),
        ("metrics", "Presicion", "Precision"),
        ("optimizers", "Addam", "Adam"),
        ("utils", "to_categoric", "to_categorical"),
        ("models", "Sequental", "Sequential"),
        ("initializers", "he_norml", "he_normal"),
        ("regularizers", "L1l", "L1"),
        ("constraints", "MaxNrm", "MaxNorm"),
        ("activations", "rellu", "relu"),
        ("saving", "save_modl", "save_model"),
        ("mixed_precision", "Polcy", "Policy"),
    ],
)
def test_a_mistyped_name_gets_the_closest_real_one(module, name, close):
    found = importlib.import_module(f"kerata.{module}")
    with pytest.raises(AttributeError, match=f"'{name}'. Did you mean '{close}'"):
        getattr(found, name)
    assert not hasattr(found, "_private_thing")


def test_old_names_through_the_modern_modules():
    assert optimizers.rmsprop is optimizers.RMSprop
    assert kerata.initializers.normal is kerata.initializers.RandomNormal
    assert kerata.models.Input is layers.Input
    assert kerata.objectives.mse is losses.mean_squared_error
    assert kerata.regularizers.WeightRegularizer is kerata.regularizers.L1L2


def test_notes_and_refusal_of_old_names(monkeypatch, capsys):
    monkeypatch.setattr(notes, "_said", set())
    monkeypatch.delenv("KERATA_LEGACY_NOTES")
    assert optimizers.adam is optimizers.adam is optimizers.Adam
    assert capsys.readouterr().err == "kerata: optimizers.adam is now optimizers.Adam\n"
    with notes.silence():
        assert optimizers.sgd is optimizers.SGD
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("KERATA_LEGACY", "error")
    with pytest.raises(OldNameError, match="kerata upgrade"):
        _ = optimizers.nadam


@pytest.mark.parametrize(
    "path, advice",
    [
        ("estimator.model_to_estimator", "model.fit"),
        ("optimizers.TFOptimizer", "keras.optimizers"),
        ("utils.h5dict", "h5py.File"),
        ("legacy.interfaces.conv2d_args_preprocessor", "leave the decorator away"),
    ],
)
def test_refused_names_say_what_to_use(path, advice):
    with pytest.raises(RefusedNameError, match=advice):
        modules.look(*path.rsplit(".", 1))


def test_every_table_points_at_something():
    for path, places in modules.MODULES.items():
        assert path == path.strip(".") and places.split(), path
    for module, table in names.RENAMED.items():
        for old, new in table.items():
            if new.startswith("legacy.") and modules.module(new.rpartition(".")[0]) is None:
                continue
            assert names.resolve(f"kerata.{module}", old) is not None


# --- what the small functions compute -----------------------------------------------------------


def test_sizes_of_convolutions_are_those_of_the_layers():
    tools = importlib.import_module("kerata.legacy.tools")
    for size in (7, 8):
        for window in (2, 3):
            for stride in (1, 2):
                for padding in ("valid", "same"):
                    x = kerata.KerasTensor((None, size, 1))
                    y = layers.Conv1D(1, window, strides=stride, padding=padding)(x)
                    assert tools.conv_output_length(size, window, padding, stride) == y.shape[1]
                    z = layers.Conv1DTranspose(1, window, strides=stride, padding=padding)(x)
                    assert tools.deconv_length(size, stride, window, padding) == z.shape[1]
    assert tools.normalize_tuple((1, 2), 2, "strides") == (1, 2)
    with pytest.raises(ValueError, match="strides must be"):
        tools.normalize_tuple((1, 2, 3), 2, "strides")


def test_turned_kernels_convolve_where_others_correlate():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=9).astype("float32"), rng.normal(size=3).astype("float32")
    model = kerata.Sequential([layers.Input((9, 1)), layers.Conv1D(1, 3, use_bias=False)])
    model.set_weights([w.reshape(3, 1, 1)])
    utils.convert_all_kernels_in_model(model)
    y = model.predict(x.reshape(1, 9, 1), verbose=0).ravel()
    np.testing.assert_allclose(y, np.convolve(x, w, "valid"), rtol=1e-5)


def test_dense_weights_for_another_layout():
    first = np.random.default_rng(0).normal(size=(1, 2, 3, 4)).astype("float32")  # channels first
    dense = layers.Dense(5)
    before = kerata.ops.convert_to_numpy(dense(first.reshape(1, -1)))
    convert = modules.look("utils.layer_utils", "convert_dense_weights_data_format")
    convert(dense, (3, 4, 2), "channels_last")
    last = first.transpose(0, 2, 3, 1)
    np.testing.assert_allclose(dense(last.reshape(1, -1)), before, rtol=1e-5)


def test_rows_of_an_hdf5_file(tmp_path):
    import h5py

    with h5py.File(tmp_path / "x.h5", "w") as f:
        f["x"] = np.arange(12.0).reshape(6, 2)
    rows = utils.HDF5Matrix(tmp_path / "x.h5", "x", 1, 5, normalizer=lambda x: x * 2)
    assert rows.shape == (4, 2) and rows.ndim == 2 and rows.size == 8 and rows.dtype == "float64"
    np.testing.assert_array_equal(rows[[2, 0, 2]], [[12, 14], [4, 6], [12, 14]])
    np.testing.assert_array_equal(rows[1:3], [[8, 10], [12, 14]])
    np.testing.assert_array_equal(rows[-1], [16, 18])
    model = kerata.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert len(model.fit(rows, np.zeros(4), epochs=2, verbose=0).epoch) == 2
    assert model.predict(rows, verbose=0).shape == (4, 1)


def test_weights_in_groups_of_a_file(tmp_path):
    import h5py

    hdf5 = importlib.import_module("kerata.legacy.hdf5")

    def make():
        return kerata.Sequential(
            [layers.Input((2,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")]
        )

    model, other, third = make(), make(), make()
    with h5py.File(tmp_path / "w.h5", "w") as f:
        hdf5.save_weights_to_hdf5_group(f, model.layers)
        hdf5.save_attributes_to_hdf5_group(f, "kinds", ["x", "y"])
        assert hdf5.load_attributes_from_hdf5_group(f, "kinds") == ["x", "y"]
    with h5py.File(tmp_path / "w.h5") as f:
        hdf5.load_weights_from_hdf5_group(f, other.layers)
        hdf5.load_weights_from_hdf5_group_by_name(f, third.layers[1:])
    for a, b in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(model.get_weights()[2], third.get_weights()[2])
    assert np.any(model.get_weights()[0] != third.get_weights()[0])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_radial_constraint(size):
    w = np.arange(size * size * 2, dtype="float32").reshape(size, size, 1, 2)
    out = np.asarray(kerata.ops.convert_to_numpy(constraints.RadialConstraint()(w)))
    # Rings built from the inside outwards, each around the last.
    start = size // 2
    for channel in range(2):
        k = w[:, :, 0, channel]
        made = np.full((1, 1), k[max(start - 1, 0)][max(start - 1, 0)]) if size % 2 else None
        first = 0
        if made is None:
            made, first = np.full((2, 2), k[start - 1, start - 1]), 1
        for i in range(first, start):
            made = np.pad(made, 1, constant_values=k[start + i, start + i])
        np.testing.assert_array_equal(out[:, :, 0, channel], made)


def test_linear_and_deep_models():
    keras = modules.Namespace("keras", "")
    wide = keras.experimental.LinearModel(kernel_initializer="ones")
    x = np.ones((3, 2), "float32")
    np.testing.assert_allclose(wide(x), [[2.0]] * 3)
    deep = kerata.Sequential([layers.Dense(1, kernel_initializer="ones", use_bias=False)])
    both = keras.experimental.WideDeepModel(wide, deep)
    both.compile(["sgd", "adam"], "mse")
    np.testing.assert_allclose(both.predict(x, verbose=0), [[4.0]] * 3)
    before = deep.get_weights()[0]
    both.fit(x, np.zeros(3), epochs=1, batch_size=3, verbose=0)
    np.testing.assert_allclose(deep.get_weights()[0], before - 0.001, rtol=1e-4)  # a step of Adam
    np.testing.assert_allclose(
        wide.dense_layers[0].get_weights()[0].ravel(), [0.92] * 2, rtol=1e-4
    )  # 1 - 0.01 * 8


def test_sharpness_aware_minimization():
    # loss w**2 at w = 1: the gradient 2 leads to 1 + rho, where it is 2 (1 + rho).
    sam = modules.look("models.experimental", "SharpnessAwareMinimization")
    inner = kerata.Sequential(
        [layers.Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="ones")]
    )
    for parts, factor in ((None, 1), (2, 2)):
        inner.set_weights([np.ones((1, 1))])
        model = sam(inner, rho=0.5, num_batch_splits=parts)
        model.compile(optimizers.SGD(0.1), "mse")
        history = model.fit(np.ones((4, 1)), np.zeros((4, 1)), batch_size=4, verbose=0)
        np.testing.assert_allclose(inner.get_weights()[0], [[1 - factor * 0.1 * 3]], rtol=1e-5)
        np.testing.assert_allclose(history.history["loss"], [2.25], rtol=1e-5)


def test_embeddings_of_a_new_vocabulary(tmp_path):
    (tmp_path / "old.txt").write_text("a\nb\n")
    made = utils.warmstart_embedding_matrix(
        tmp_path / "old.txt", np.array(["b", "c"]), np.array([[1.0], [2.0]]), "zeros"
    )
    assert made.tolist() == [[2.0], [0.0]]
    with pytest.raises(ValueError, match="2 words"):
        utils.warmstart_embedding_matrix(["a", "b"], ["a"], np.zeros((3, 1)))


def test_data_for_tests_can_be_learnt():
    (x, y), (held, truth) = modules.look("utils.test_utils", "get_test_data")(200, 50)
    assert x.shape == (200, 10) and held.shape == (50, 10) and set(y) == {0, 1}
    assert ((held.mean(axis=1) > 0.5) == truth).mean() > 0.9
    (_, y), _ = modules.look("utils.test_utils", "get_test_data")(20, 5, classification=False)
    assert y.shape == (20, 2)
