"""Files of weights: names and suffixes, what does not fit, matching by name."""

import json

import h5py
import numpy as np
import pytest

import kerata as keras
from kerata import layers as L
from kerata.errors import FileError, InputError, NotBuiltError, ShapeError


def model(*units, names=None):
    names = names or [None] * len(units)
    return keras.Sequential(
        [keras.Input((4,)), *(L.Dense(u, name=n) for u, n in zip(units, names))]
    )


def equal(a, b):
    return all(np.array_equal(v, w) for v, w in zip(a.get_weights(), b.get_weights()))


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5", ".hdf5", ".keras", ".ckpt", "", ".best"])
def test_any_suffix_works(suffix, tmp_path):
    a, b = model(3, 2), model(3, 2)
    path = tmp_path / f"w{suffix}"
    a.save_weights(path)
    b.load_weights(path)
    assert equal(a, b)
    assert path.exists()
    with h5py.File(path) as file:
        assert ("layer_names" in file.attrs) == (suffix in (".h5", ".hdf5"))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_weights_out_of_a_whole_model(suffix, tmp_path):
    a, b = model(3, 2), model(3, 2)
    a.save(tmp_path / f"m{suffix}")
    b.load_weights(tmp_path / f"m{suffix}")
    assert equal(a, b)


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5"])
@pytest.mark.parametrize(
    "units, told",
    [
        ((3, 5), ["mismatched", "(3, 2)", "(3, 5)"]),
        ((3,), ["unexpected", "(3, 2)"]),
        ((3, 2, 2), ["missing", "(2, 2)"]),
        ((7, 2), ["mismatched", "(4, 7)", "(4, 3)", "(7, 2)"]),
    ],
)
def test_weights_that_do_not_fit_change_nothing(units, told, suffix, tmp_path):
    path = tmp_path / f"w{suffix}"
    model(3, 2).save_weights(path)
    other = model(*units)
    before = other.get_weights()
    with pytest.raises(ShapeError) as e:
        other.load_weights(path)
    for part in [*told, str(path), "skip_mismatch=True"]:
        assert part in str(e.value)
    assert all(np.array_equal(v, w) for v, w in zip(before, other.get_weights()))


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5"])
def test_mismatches_can_be_skipped(suffix, tmp_path):
    a, b = model(3, 2), model(3, 5)
    a.save_weights(tmp_path / f"w{suffix}")
    before = b.get_weights()
    with pytest.warns(UserWarning, match="mismatched"):
        b.load_weights(tmp_path / f"w{suffix}", skip_mismatch=True)
    assert np.array_equal(b.get_weights()[0], a.get_weights()[0])
    assert np.array_equal(b.get_weights()[2], before[2])


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5"])
def test_by_name(suffix, tmp_path):
    a = model(3, 2, names=["one", "two"])
    b = model(3, 3, 2, names=["one", "new", "two_b"])
    a.save_weights(tmp_path / f"w{suffix}")
    before = b.get_weights()
    b.load_weights(tmp_path / f"w{suffix}", by_name=True)
    assert np.array_equal(b.get_weights()[0], a.get_weights()[0])
    assert all(np.array_equal(v, w) for v, w in zip(b.get_weights()[2:], before[2:]))
    c = model(7, names=["one"])
    with pytest.raises(ShapeError, match="mismatched"):
        c.load_weights(tmp_path / f"w{suffix}", by_name=True)


def test_a_layers_own_state_decides_whether_it_fits(tmp_path):
    class Counting(L.Layer):
        def build(self, input_shape):
            self.total = self.add_weight(shape=(2,), name="total", initializer="ones")

        def call(self, x):
            return x

        def save_own_variables(self, store):
            store["total"] = self.total.numpy() * 2

        def load_own_variables(self, store):
            if store["total"].max() > 10:
                raise ValueError("too many")
            self.total.assign(store["total"] / 2)

    def make():
        return keras.Sequential([keras.Input((4,)), L.Dense(2), Counting()])

    a, b = make(), make()
    a.layers[1].total.assign([3.0, 4.0])
    a.save_weights(tmp_path / "w.weights.h5")
    b.load_weights(tmp_path / "w.weights.h5")
    assert b.layers[1].total.numpy().tolist() == [3.0, 4.0]
    a.layers[1].total.assign([30.0, 4.0])
    a.layers[0].kernel.assign(np.ones((4, 2)))
    a.save_weights(tmp_path / "w.weights.h5")
    before = b.get_weights()
    with pytest.raises(ShapeError, match="too many"):
        b.load_weights(tmp_path / "w.weights.h5")
    assert all(np.array_equal(v, w) for v, w in zip(before, b.get_weights()))


def test_optimizer_state_travels_with_the_weights(tmp_path):
    x, y = np.ones((8, 4), "float32"), np.ones((8, 2), "float32")
    a, b = model(3, 2), model(3, 2)
    for m in (a, b):
        m.compile(optimizer="adam", loss="mse")
    a.fit(x, y, epochs=2, verbose=0)
    a.save_weights(tmp_path / "w.weights.h5")
    b.load_weights(tmp_path / "w.weights.h5")
    assert int(b.optimizer.iterations) == int(a.optimizer.iterations) > 0
    a.fit(x, y, verbose=0)
    b.fit(x, y, verbose=0)
    assert equal(a, b)


def test_optimizer_of_another_kind_starts_anew(tmp_path):
    a, b = model(3), model(3)
    a.compile(optimizer="adam", loss="mse")
    b.compile(optimizer=keras.optimizers.SGD(momentum=0.5), loss="mse")
    a.save_weights(tmp_path / "w.weights.h5")
    with pytest.warns(UserWarning, match="fresh state"):
        b.load_weights(tmp_path / "w.weights.h5")
    assert equal(a, b)


def test_half_precision(tmp_path):
    def make():
        return keras.Sequential(
            [keras.Input((4,)), L.Dense(3, dtype="bfloat16"), L.Dense(2, dtype="mixed_float16")]
        )

    a, b = make(), make()
    a.predict(np.ones((2, 4)), verbose=0)
    for suffix in (".weights.h5", ".h5"):
        a.save_weights(tmp_path / f"w{suffix}")
        b.load_weights(tmp_path / f"w{suffix}")
        assert [v.dtype for v in b.weights] == ["bfloat16", "bfloat16", "float32", "float32"]
        assert equal(a, b)


def test_names_beyond_the_limit_of_hdf5(tmp_path):
    names = [f"{'x' * 300}{i}" for i in range(260)]
    a, b = model(*[4] * 260, names=names), model(*[4] * 260, names=names)
    a.save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5") as file:
        assert "layer_names" not in file.attrs and "layer_names1" in file.attrs
    b.load_weights(tmp_path / "w.h5")
    assert equal(a, b)


def test_errors(tmp_path):
    with pytest.raises(NotBuiltError, match="not built"):
        keras.Sequential([L.Dense(2)]).load_weights(tmp_path / "none.h5")
    with pytest.raises(FileNotFoundError):
        model(2).load_weights(tmp_path / "none.h5")
    with pytest.raises(TypeError, match="by_names"):
        model(2).load_weights(tmp_path / "none.h5", by_names=True)
    model(2).save_weights(tmp_path / "w.h5")
    with pytest.raises(FileError, match="holds weights, no model"):
        keras.models.load_model(tmp_path / "w.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["numbers"] = np.arange(3)
    with pytest.raises(FileError, match="holds weights, no model"):
        keras.models.load_model(tmp_path / "other.h5")
    with pytest.raises(ShapeError, match="missing"):
        model(2).load_weights(tmp_path / "other.h5")


# --- several files ------------------------------------------------------------------------------

GB = 1024**3


def stored_bytes(path):
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda _, v: found.append(getattr(v, "nbytes", 0)))
    return sum(found)


def test_files_of_limited_size(tmp_path):
    a, b = model(3, 2, 5), model(3, 2, 5)
    a.compile("adam", "mse")
    a.train_on_batch(np.ones((2, 4), "float32"), np.ones((2, 5), "float32"))
    a.save_weights(tmp_path / "m.weights.json", max_shard_size=90 / GB)
    index = json.loads((tmp_path / "m.weights.json").read_text())
    places = index["weight_map"]
    # 12, 3 and 6 numbers of 4 bytes; there is no room for 2 more.
    assert places["/layers/dense/vars"] == "m_00000.weights.h5"
    assert places["/layers/dense_1/vars"] == ["m_00000.weights.h5", "m_00001.weights.h5"]
    sizes = [stored_bytes(path) for path in sorted(tmp_path.glob("m_*.weights.h5"))]
    assert all(0 < n <= 90 for n in sizes) and sum(sizes) == index["metadata"]["total_size"]
    b.compile("adam", "mse")
    b.load_weights(tmp_path / "m.weights.json")
    assert equal(a, b)
    assert all(np.array_equal(v, w) for v, w in zip(a.optimizer.variables, b.optimizer.variables))


def test_files_of_limited_size_by_another_name(tmp_path):
    a, b = model(3, names=["one"]), model(3, names=["one"])
    a.save_weights(tmp_path / "m.weights.h5", max_shard_size=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.weights.json", "m_00000.weights.h5"]
    b.load_weights(tmp_path / "m.weights.json", by_name=True)
    assert equal(a, b)


def test_errors_of_several_files(tmp_path):
    a, path = model(3, 2), tmp_path / "m.weights.json"
    with pytest.raises(InputError, match=r"\.weights\.json"):
        a.save_weights(tmp_path / "m.h5", max_shard_size=1)
    with pytest.raises(InputError, match="dense.*max_shard_size"):
        a.save_weights(path, max_shard_size=20 / GB)
    assert not path.exists()
    a.save_weights(path, max_shard_size=50 / GB)
    with pytest.raises(FileExistsError):
        a.save_weights(path, overwrite=False, max_shard_size=1)
    with pytest.raises(ShapeError, match="mismatched"):
        model(3, 4).load_weights(path)
    before = path.read_text()
    path.write_text(before.replace("m_00001", "../m_00001"))
    with pytest.raises(FileError, match="outside of its folder"):
        a.load_weights(path)
    path.write_text("[1]")
    with pytest.raises(FileError, match="no index"):
        a.load_weights(path)
    path.write_text(before)
    (tmp_path / "m_00001.weights.h5").unlink()
    with pytest.raises(FileError, match="m_00001.*missing"):
        a.load_weights(path)
    with pytest.raises(FileNotFoundError):
        a.load_weights(tmp_path / "none.weights.json")
