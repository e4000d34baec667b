"""`ImageDataGenerator` of Keras 1 and 2, held against SciPy, NumPy's generator and Pillow."""

from __future__ import annotations

import itertools
import os

import numpy as np
import pytest
from scipy import ndimage

import kerata as keras
from kerata.errors import DtypeError, FileError, InputError, ShapeError
from kerata.kernels import host
from kerata.legacy.images import filling, geometry
from kerata.legacy.images import warp as warping
from kerata.preprocessing import image

MODES = ["constant", "nearest", "reflect", "wrap"]
PARAMS = [
    {"theta": 33.0},
    {"tx": 3.4, "ty": -2.6},
    {"tx": 2.0, "ty": 0.0},
    {"shear": 25.0},
    {"zx": 0.4, "zy": 0.7},
    {"zx": 3.1, "zy": 2.2},
    {"theta": -170.0, "tx": 40.0, "ty": -55.0, "shear": 10.0, "zx": 1.3, "zy": 0.8},
]


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")


@pytest.fixture(params=["native", "numpy"])
def way(request, monkeypatch):
    """The kernel, where it was built, and NumPy's version of it."""
    if request.param == "numpy":
        monkeypatch.setattr(warping.native, "_function", lambda: None)
    elif host.function("kerata_warp") is None:
        pytest.skip("no native kernels")
    return request.param


def by_scipy(x, params, mode="nearest", cval=0.0, order=1):
    """The formula of keras-preprocessing, channel by channel; channels last."""
    t, s = np.deg2rad(params.get("theta", 0)), np.deg2rad(params.get("shear", 0))
    turn = np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])
    shift = np.array([[1, 0, params.get("tx", 0)], [0, 1, params.get("ty", 0)], [0, 0, 1]])
    shear = np.array([[1, -np.sin(s), 0], [0, np.cos(s), 0], [0, 0, 1]])
    zoom = np.diag([params.get("zx", 1), params.get("zy", 1), 1.0])
    h, w = x.shape[0] / 2 + 0.5, x.shape[1] / 2 + 0.5
    to, back = (
        np.array([[1, 0, h], [0, 1, w], [0, 0, 1]]),
        np.array([[1, 0, -h], [0, 1, -w], [0, 0, 1]]),
    )
    m = to @ turn @ shift @ shear @ zoom @ back
    planes = [
        ndimage.affine_transform(x[..., k], m[:2, :2], m[:2, 2], order=order, mode=mode, cval=cval)
        for k in range(x.shape[-1])
    ]
    return np.stack(planes, -1)


def picture(h=13, w=17, channels=3, dtype="float32", seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (h, w, channels)).astype(dtype)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("params", PARAMS, ids=lambda p: "-".join(p))
def test_warp_is_scipys(params, mode, way):
    for channels, order in ((3, 1), (1, 1), (4, 1), (2, 1), (3, 0)):
        x = picture(channels=channels)
        ours = image.apply_affine_transform(x, **params, fill_mode=mode, cval=7.0, order=order)
        wanted = by_scipy(x, params, mode, 7.0, order)
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, wanted, atol=0.02, err_msg=f"{channels} {order}")


def test_other_orders_dtypes_and_layouts(way):
    params = {"theta": 20.0, "tx": 1.5}
    x = picture()
    np.testing.assert_allclose(
        image.apply_affine_transform(x, **params, order=3), by_scipy(x, params, order=3), atol=0.02
    )
    double = picture(dtype="float64")
    out = image.apply_affine_transform(double, **params)
    assert out.dtype == np.float64
    np.testing.assert_allclose(out, by_scipy(double, params), rtol=1e-12)
    whole = picture(dtype="uint8")
    np.testing.assert_array_equal(
        image.apply_affine_transform(whole, **params), by_scipy(whole, params)
    )
    first = image.apply_affine_transform(
        x.transpose(2, 0, 1), **params, row_axis=1, col_axis=2, channel_axis=0
    )
    np.testing.assert_allclose(first.transpose(1, 2, 0), by_scipy(x, params), atol=0.02)
    one = np.ones((1, 1, 3), "float32")
    for mode in MODES[1:]:
        assert (
            image.apply_affine_transform(one, tx=5, zx=2, fill_mode=mode).tolist() == one.tolist()
        )
    assert image.apply_affine_transform(x) is x


def test_sources_and_targets_may_be_views(way):
    x = picture(dtype="uint8")
    big = np.zeros((2, 13, 17, 3), "float32")
    found = geometry.map_of({"theta": 10.0}, 13, 17)
    warping.warp(x[:, ::-1], big[1][::-1], *found, scale=0.5)
    wanted = by_scipy(x[:, ::-1].astype("float32"), {"theta": 10.0})[::-1] * 0.5
    np.testing.assert_allclose(big[1], wanted, atol=0.01)
    assert not big[0].any()


def test_random_functions_draw_from_numpy():
    x = picture()
    axes = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
    np.random.seed(5)
    theta = np.random.uniform(-30, 30)
    tx, ty = np.random.uniform(-0.2, 0.2) * 13, np.random.uniform(-0.1, 0.1) * 17
    shear = np.random.uniform(-20, 20)
    zx, zy = np.random.uniform(0.5, 1.5, 2)
    added = np.random.uniform(-40, 40)
    factor = np.random.uniform(0.5, 1.5)
    np.random.seed(5)
    for ours, wanted in (
        (image.random_rotation(x, 30, **axes), by_scipy(x, {"theta": theta})),
        (image.random_shift(x, 0.1, 0.2, **axes), by_scipy(x, {"tx": tx, "ty": ty})),
        (image.random_shear(x, 20, **axes), by_scipy(x, {"shear": shear})),
        (image.random_zoom(x, (0.5, 1.5), **axes), by_scipy(x, {"zx": zx, "zy": zy})),
        (image.random_channel_shift(x, 40, 2), np.clip(x + added, x.min(), x.max())),
    ):
        np.testing.assert_allclose(ours, wanted, atol=0.02)
    stretched = ((x - x.min()) / (x.max() - x.min()) * 255).astype("uint8")
    np.testing.assert_allclose(
        image.random_brightness(x, (0.5, 1.5)), np.clip(stretched * factor, 0, 255), atol=1
    )


def test_brightness_without_stretching():
    x = np.array([[[100.0], [200.0]]], "float32")
    assert image.apply_brightness_shift(x, 0.5, scale=False).ravel().tolist() == [50, 100]
    assert image.apply_brightness_shift(x, 0.2).ravel().tolist() == [0, 51]
    beyond = image.apply_brightness_shift(np.array([[[-1.0], [1.0]]]), 1.0, scale=False)
    assert beyond.ravel().tolist() == [-1, 1]


def test_flip_and_old_arguments(tmp_path):
    assert image.flip_axis(np.arange(6).reshape(2, 3), 0).tolist() == [[3, 4, 5], [0, 1, 2]]
    path = tmp_path / "a.png"
    image.save_img(path, picture(4, 5))
    assert image.load_img(path, grayscale=True).mode == "L"
    assert image.load_img(path, False, "rgba", (2, 3)).mode == "RGBA"
    assert image.load_img(path, "grayscale").size == (5, 4)
    os.makedirs(tmp_path / "deep")
    image.save_img(tmp_path / "deep" / "B.JPG", picture(4, 5))
    (tmp_path / "c.txt").write_text("x")
    names = sorted(os.path.relpath(p, tmp_path) for p in image.list_pictures(tmp_path))
    assert names == ["a.png", "deep/B.JPG"]
    assert image.list_pictures(tmp_path, "jpg") == [str(tmp_path / "deep" / "B.JPG")]


# --- drawing ------------------------------------------------------------------------------------------


def test_draws_come_in_the_old_order():
    generator = image.ImageDataGenerator(
        rotation_range=40, width_shift_range=0.2, height_shift_range=5, shear_range=0.3,
        zoom_range=[0.8, 1.1], channel_shift_range=9.0, brightness_range=(0.5, 2.0),
        horizontal_flip=True, vertical_flip=True,
    )  # fmt: skip
    got = generator.get_random_transform((10, 20, 3), seed=3)
    np.random.seed(3)
    assert got["theta"] == np.random.uniform(-40, 40)
    assert got["tx"] == np.random.choice(5) * np.random.choice([-1, 1])
    assert got["ty"] == np.random.uniform(-0.2, 0.2) * 20
    assert got["shear"] == np.random.uniform(-0.3, 0.3)
    assert [got["zx"], got["zy"]] == np.random.uniform(0.8, 1.1, 2).tolist()
    assert got["flip_horizontal"] == (np.random.random() < 0.5)
    assert got["flip_vertical"] == (np.random.random() < 0.5)
    assert got["channel_shift_intensity"] == np.random.uniform(-9, 9)
    assert got["brightness"] == np.random.uniform(0.5, 2.0)


@pytest.mark.parametrize(
    "given, found",
    [
        (0, {0}), (0.0, {0}), ([], {0}), (3, {-2, -1, 0, 1, 2}), ([4, -7], {4, -4, 7, -7}),
        ([-0.5, 0.5], {-5, 5}), (np.array([1, 2]), {1, 2, -1, -2}),
    ],
)  # fmt: skip
def test_shifts(given, found):
    generator = image.ImageDataGenerator(height_shift_range=given)
    np.random.seed(0)
    drawn = {float(generator.get_random_transform((10, 10, 1))["tx"]) for _ in range(80)}
    assert drawn == {float(x) for x in found}


def test_shifts_by_floats_are_shares_below_one_and_pixels_above():
    np.random.seed(0)
    for given, most in ((0.5, 5), (1.0, 1), (3.0, 3)):
        generator = image.ImageDataGenerator(height_shift_range=given)
        drawn = [abs(generator.get_random_transform((10, 10, 1))["tx"]) for _ in range(60)]
        assert most * 0.8 < max(drawn) <= most


def test_transforms_in_turn(way):
    x = picture()
    params = {
        "theta": 15.0, "zx": 0.9, "zy": 1.2, "channel_shift_intensity": 30.0, "flip_horizontal": True,
        "flip_vertical": True,
    }  # fmt: skip
    wanted = by_scipy(x, params)
    wanted = np.clip(wanted + 30, wanted.min(), wanted.max())[::-1, ::-1]
    generator = image.ImageDataGenerator()
    np.testing.assert_allclose(generator.apply_transform(x, params), wanted, atol=0.02)
    first = image.ImageDataGenerator(data_format="channels_first")
    out = first.apply_transform(x.transpose(2, 0, 1), params)
    np.testing.assert_allclose(out.transpose(1, 2, 0), wanted, atol=0.02)


SETTINGS = {
    "plain": {},
    "rescaled": {"rescale": 1 / 255, "horizontal_flip": True},
    "documents": {
        "rescale": 1 / 255, "rotation_range": 40, "width_shift_range": 0.2, "height_shift_range": 0.2,
        "shear_range": 0.2, "zoom_range": 0.2, "horizontal_flip": True, "fill_mode": "nearest",
    },
    "coloured": {"channel_shift_range": 20.0, "brightness_range": (0.5, 1.5), "rescale": 0.1},
    "centred": {"samplewise_std_normalization": True, "samplewise_center": True, "rotation_range": 9},
    "spline": {"rotation_range": 9, "interpolation_order": 3},
    "function": {"preprocessing_function": lambda x: x * np.random.uniform(0.5, 1), "zoom_range": 0.3},
    "double": {"rotation_range": 9, "dtype": "float64"},
    "first": {"rotation_range": 30, "vertical_flip": True, "data_format": "channels_first"},
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_batches_are_what_single_pictures_give(name, way):
    generator = image.ImageDataGenerator(**SETTINGS[name])
    shape = (5, 3, 9, 8) if name == "first" else (5, 9, 8, 3)
    x = np.random.default_rng(1).uniform(0, 255, shape).astype(generator.dtype)
    kept = x.copy()
    batches = generator.flow(x, np.arange(5), batch_size=3, seed=4)
    for step in range(3):
        got, y = next(batches)
        np.random.seed(4 + step)
        if step in (0, 2):
            order = np.random.permutation(5)
        rows = order[:3] if step != 1 else order[3:]
        wanted = [generator.standardize(generator.random_transform(x[i].copy())) for i in rows]
        assert y.tolist() == rows.tolist()
        assert got.dtype == generator.dtype
        np.testing.assert_allclose(got, np.stack(wanted), rtol=1e-5, atol=0.02)
    np.testing.assert_array_equal(x, kept)


def test_methods_of_subclasses_are_used():
    class Mine(image.ImageDataGenerator):
        def get_random_transform(self, img_shape, seed=None):
            return {"tx": 1.0}

        def standardize(self, x):
            return x + 1000

    x = picture()[None]
    got = next(Mine().flow(x, shuffle=False))
    np.testing.assert_allclose(got[0], by_scipy(x[0], {"tx": 1.0}) + 1000, atol=0.02)


def test_numbers_of_batches_and_orders():
    x = np.arange(7.0).reshape(7, 1, 1, 1)
    batches = image.ImageDataGenerator().flow(x, batch_size=3, shuffle=False)
    assert len(batches) == 3 and isinstance(batches, keras.utils.Sequence)
    assert [batches[i].ravel().tolist() for i in range(3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert batches[-1].ravel().tolist() == [6]
    assert [next(batches).size for _ in range(4)] == [3, 3, 1, 3]
    assert batches.batch_index == 1 and batches.total_batches_seen == 8
    batches.reset()
    assert next(batches).ravel().tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="3 batches"):
        batches[3]
    assert [b.size for b in itertools.islice(batches, 3)] == [3, 1, 3]
    shuffled = image.ImageDataGenerator().flow(x, batch_size=7)
    np.random.seed(8)
    wanted = [np.random.permutation(7).tolist() for _ in range(2)]
    np.random.seed(8)
    first = shuffled[0].ravel().tolist()
    np.random.seed(8)
    np.random.permutation(7)
    shuffled.on_epoch_end()
    assert [first, shuffled.index_array.tolist()] == wanted


def test_set_random_seed_is_enough():
    x = np.random.default_rng(0).normal(size=(8, 6, 6, 3))

    def epoch():
        keras.utils.set_random_seed(3)
        batches = image.ImageDataGenerator(rotation_range=90).flow(x, batch_size=3)
        return np.concatenate([batches[i] for i in range(3)])

    np.testing.assert_array_equal(epoch(), epoch())


def test_what_goes_with_pictures():
    x, other = np.zeros((4, 2, 2, 3)), np.arange(4)
    flow = image.ImageDataGenerator().flow
    (images, with_it), y, weight = flow((x, other), other * 2, 2, False, sample_weight=other * 3)[1]
    assert (images.shape, with_it.tolist()) == ((2, 2, 2, 3), [2, 3])
    assert (y.tolist(), weight.tolist()) == ([4, 6], [6, 9])
    several = flow([x, [other, other + 1]], batch_size=3, shuffle=False)[0]
    assert [part.shape for part in several] == [(3, 2, 2, 3), (3,), (3,)]


def test_parts_of_arrays():
    x, y = np.arange(10.0).reshape(10, 1, 1, 1), np.arange(10) % 2
    generator = image.ImageDataGenerator(validation_split=0.25)
    parts = {
        name: generator.flow(x, y, 20, False, sample_weight=np.arange(10), subset=name)[0]
        for name in ("training", "validation")
    }
    assert parts["validation"][0].ravel().tolist() == [0, 1]
    assert parts["training"][0].ravel().tolist() == list(range(2, 10))
    assert parts["training"][2].tolist() == list(range(2, 10))
    with pytest.raises(InputError, match="other classes"):
        generator.flow(x, np.sort(y), subset="training")
    generator.flow(x, np.sort(y), subset="training", ignore_class_split=True)


# --- statistics ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [True, False])
def test_fit_finds_mean_and_deviation(last):
    x = np.random.default_rng(0).normal(120, 40, (30, 4, 5, 3)).astype("float32")
    data = x if last else x.transpose(0, 3, 1, 2)
    generator = image.ImageDataGenerator(
        featurewise_center=True, featurewise_std_normalization=True, rescale=0.5,
        data_format="channels_last" if last else "channels_first",
    )  # fmt: skip
    generator.fit(data)
    half = x.astype("float64") / 2
    np.testing.assert_allclose(generator.mean.ravel(), half.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(generator.std.ravel(), half.std((0, 1, 2)), rtol=1e-5)
    out = next(generator.flow(data, batch_size=30))
    axes = (0, 1, 2) if last else (0, 2, 3)
    np.testing.assert_allclose(out.mean(axes), 0, atol=1e-4)
    np.testing.assert_allclose(out.std(axes), 1, atol=1e-4)
    assert data[0, 0, 0, 0] == x[0, 0, 0, 0]


def test_whitened_pixels_do_not_correlate():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 12)) @ rng.normal(size=(12, 12))
    generator = image.ImageDataGenerator(featurewise_center=True, zca_whitening=True)
    x = x.reshape(400, 2, 2, 3).astype("float32")
    generator.fit(x)
    out = next(generator.flow(x, batch_size=400)).reshape(400, 12)
    np.testing.assert_allclose(out.T @ out / 400, np.eye(12), atol=0.05)
    np.testing.assert_allclose(
        generator.principal_components, generator.principal_components.T, atol=1e-4
    )


def test_fit_on_augmented_pictures():
    x = np.stack([picture(6, 6, 1, seed=i) for i in range(3)])
    generator = image.ImageDataGenerator(featurewise_center=True, height_shift_range=2)
    generator.fit(x, augment=True, rounds=2, seed=9)
    np.random.seed(9)
    taken = [
        by_scipy(x[i], {"tx": np.random.choice(2) * np.random.choice([-1, 1]), **_two_flips()})
        for _ in range(2)
        for i in range(3)
    ]
    np.testing.assert_allclose(generator.mean.ravel(), np.mean(taken), rtol=1e-4)


def _two_flips():
    np.random.random(2)
    return {}


def test_standardize_works_in_place_and_says_what_is_missing():
    generator = image.ImageDataGenerator(samplewise_center=True, rescale=2.0)
    x = np.array([[[1.0], [3.0]]])
    assert generator.standardize(x) is x and x.ravel().tolist() == [-2, 2]
    with pytest.warns(UserWarning, match=r"call fit\(x\)"):
        image.ImageDataGenerator(featurewise_center=True).standardize(x)
    with pytest.warns(UserWarning, match="featurewise_center=True"):
        assert image.ImageDataGenerator(featurewise_std_normalization=True).featurewise_center
    with pytest.warns(UserWarning, match="implies featurewise_center"):
        image.ImageDataGenerator(zca_whitening=True)


# --- folders and tables -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Five cats and four dogs, each of one grey that tells which it is."""
    for kind, count in (("cats", 5), ("dogs", 4)):
        os.makedirs(tmp_path / kind / "more")
        for i in range(count):
            grey = np.full((6, 8, 3), 20 * i + (120 if kind == "dogs" else 0), "uint8")
            inner = tmp_path / kind / ("more" if i == 3 else "")
            image.save_img(inner / f"{i}.png", grey, scale=False)
    (tmp_path / "cats" / "notes.txt").write_text("no picture")
    return tmp_path


def test_folders_are_classes(folder, capsys):
    it = image.ImageDataGenerator(rescale=0.05).flow_from_directory(
        folder, target_size=(3, 4), batch_size=4, shuffle=False
    )
    assert "Found 9 images belonging to 2 classes." in capsys.readouterr().out
    assert it.class_indices == {"cats": 0, "dogs": 1}
    assert it.classes.tolist() == it.labels.tolist() == [0] * 5 + [1] * 4
    assert it.filenames[3:5] == ["cats/4.png", "cats/more/3.png"]
    assert it.filepaths[0] == str(folder / "cats" / "0.png")
    assert (it.samples, it.num_classes, it.image_shape, len(it)) == (9, 2, (3, 4, 3), 3)
    x, y = it[1]
    assert x.shape == (4, 3, 4, 3) and x.dtype == y.dtype == np.float32
    np.testing.assert_allclose(x[:, 0, 0, 0], [3, 6, 7, 8], rtol=1e-6)
    assert y.tolist() == [[1, 0], [0, 1], [0, 1], [0, 1]]


def test_kinds_of_targets_and_of_colours(folder):
    flow = image.ImageDataGenerator().flow_from_directory
    kwargs = {"target_size": (3, 4), "batch_size": 9, "shuffle": False}
    for mode in ("binary", "sparse"):
        assert flow(folder, class_mode=mode, **kwargs)[0][1].tolist() == [0.0] * 5 + [1.0] * 4
    assert flow(folder, class_mode=None, **kwargs)[0].shape == (9, 3, 4, 3)
    x, y = flow(folder, class_mode="input", **kwargs)[0]
    assert y is not x and (x == y).all()
    x, y = flow(folder, classes=["dogs", "cats"], class_mode="sparse", **kwargs)[0]
    assert y.tolist() == [0.0] * 4 + [1.0] * 5 and x[0, 0, 0, 0] == 120
    grey = flow(folder, color_mode="grayscale", class_mode=None, **kwargs)[0]
    assert grey.shape == (9, 3, 4, 1) and grey[6, 0, 0, 0] == 140
    rgba = flow(folder, color_mode="rgba", class_mode=None, **kwargs)[0]
    assert rgba.shape == (9, 3, 4, 4) and (rgba[..., 3] == 255).all()
    first = image.ImageDataGenerator(data_format="channels_first")
    assert first.flow_from_directory(folder, **kwargs).image_shape == (3, 3, 4)
    assert first.flow_from_directory(folder, class_mode=None, **kwargs)[0].shape == (9, 3, 3, 4)


def test_parts_of_folders(folder):
    generator = image.ImageDataGenerator(validation_split=0.4)
    parts = [
        generator.flow_from_directory(folder, target_size=(3, 4), subset=name).filenames
        for name in ("validation", "training")
    ]
    assert parts[0] == ["cats/0.png", "cats/1.png", "dogs/0.png"]
    assert len(parts[1]) == 6 and not set(parts[0]) & set(parts[1])


def test_aspect_ratio_is_kept(tmp_path):
    os.makedirs(tmp_path / "a")
    x = np.zeros((4, 12, 3), "uint8")
    x[:, 4:8] = 200
    image.save_img(tmp_path / "a" / "x.png", x, scale=False)
    kwargs = {"target_size": (2, 2), "class_mode": None}
    flow = image.ImageDataGenerator().flow_from_directory
    assert flow(tmp_path, keep_aspect_ratio=True, **kwargs)[0].min() == 200
    assert flow(tmp_path, interpolation="box", **kwargs)[0].min() < 200


def test_pictures_are_saved(folder, tmp_path):
    target = tmp_path / "out"
    it = image.ImageDataGenerator().flow_from_directory(
        folder, (3, 4), batch_size=5, shuffle=False, save_to_dir=target, save_prefix="p",
        save_format="jpeg", seed=0,
    )  # fmt: skip
    it[0]
    assert sorted(name.split("_")[1] for name in os.listdir(target)) == list("01234")
    assert all(n.startswith("p_") and n.endswith(".jpeg") for n in os.listdir(target))
    image.ImageDataGenerator().flow(
        np.zeros((2, 3, 3, 1)), save_to_dir=target, save_prefix="q"
    ).next()
    assert sum(n.startswith("q_") and n.endswith(".png") for n in os.listdir(target)) == 2


def table(folder):
    names = ["cats/0.png", "dogs/1.png", "cats/2.png", "nothing.png"]
    return {
        "filename": names,
        "class": ["cat", "dog", "cat", "dog"],
        "many": [["cat"], ["cat", "dog"], ["dog"], ["cat"]],
        "x": [1.0, 2.0, 3.0, 4.0],
        "y": [5, 6, 7, 8],
    }


@pytest.mark.parametrize("kind", ["pandas", "dict"])
def test_tables(folder, kind):
    rows = table(folder)
    if kind == "pandas":
        rows = pytest.importorskip("pandas").DataFrame(rows)
    flow = image.ImageDataGenerator().flow_from_dataframe
    kwargs = {"directory": folder, "target_size": (3, 4), "shuffle": False}
    with pytest.warns(UserWarning, match="1 of 4 paths"):
        it = flow(rows, **kwargs)
    assert it.class_indices == {"cat": 0, "dog": 1} and it.labels == [0, 1, 0]
    x, y = it[0]
    assert x[:, 0, 0, 0].tolist() == [0, 140, 40] and y.tolist() == [[1, 0], [0, 1], [1, 0]]
    with pytest.warns(UserWarning):
        x, y, w = flow(rows, class_mode="binary", weight_col="x", **kwargs)[0]
        assert (y.tolist(), w.tolist()) == ([0, 1, 0], [1, 2, 3])
        assert flow(rows, y_col="many", **kwargs)[0][1].tolist() == [[1, 0], [1, 1], [0, 1]]
        raw = flow(rows, y_col=["x", "y"], class_mode="raw", **kwargs)[0][1]
        assert raw.tolist() == [[1, 5], [2, 6], [3, 7]]
        several = flow(rows, y_col=["x", "class"], class_mode="multi_output", **kwargs)[0][1]
        assert [part.tolist() for part in several] == [[1, 2, 3], ["cat", "dog", "cat"]]
        assert flow(rows, y_col="y", class_mode="other", **kwargs)[0][1].tolist() == [5, 6, 7]
        assert flow(rows, classes=["dog"], **kwargs).filenames == ["dogs/1.png"]
        assert flow(rows, y_col="many", classes=["dog"], **kwargs).labels == [[0], [0]]
        assert flow(rows, class_mode=None, has_ext=True, **kwargs)[0].shape == (3, 3, 4, 3)
    split = image.ImageDataGenerator(validation_split=0.4).flow_from_dataframe
    with pytest.warns(UserWarning):
        assert split(rows, subset="validation", **kwargs).filenames == ["cats/0.png"]
    assert len(split(rows, validate_filenames=False, **kwargs).filenames) == 4


def test_tables_that_are_wrong(folder):
    flow = image.ImageDataGenerator().flow_from_dataframe
    good = {k: v[:3] for k, v in table(folder).items()}
    for error, match, kwargs in (
        (InputError, "no column 'nothing'", {"x_col": "nothing"}),
        (DtypeError, "classes, as text.*row 0 is 5", {"y_col": "y"}),
        (DtypeError, "paths", {"x_col": "y"}),
        (DtypeError, "weights", {"weight_col": "class"}),
        (DtypeError, "list of columns", {"y_col": "x", "class_mode": "multi_output"}),
        (InputError, "2 classes; there are 1", {"classes": ["cat"], "class_mode": "binary"}),
        (InputError, "class_mode='words'", {"class_mode": "words"}),
        (TypeError, "colour", {"colour": 1}),
    ):
        with pytest.raises(error, match=match):
            flow(good, folder, **kwargs)


# --- bad input ----------------------------------------------------------------------------------------


def test_broken_pictures_are_named(folder):
    (folder / "dogs" / "1.png").write_bytes((folder / "dogs" / "1.png").read_bytes()[:45])
    (folder / "dogs" / "2.png").write_bytes(b"nonsense")
    flow = image.ImageDataGenerator(rotation_range=3).flow_from_directory
    it = flow(folder, (3, 4), batch_size=9, shuffle=False)
    with pytest.raises(FileError, match=r"dogs/1\.png"):
        it[0]
    it = flow(folder, (3, 4), batch_size=1, shuffle=False)
    with pytest.raises(FileError, match=r"dogs/2\.png"):
        it[7]
    os.remove(folder / "dogs" / "0.png")
    with pytest.raises(FileNotFoundError, match=r"dogs/0\.png"):
        it[5]


def test_empty_folders(tmp_path):
    flow = image.ImageDataGenerator().flow_from_directory
    with pytest.raises(FileError, match="no folder .*nowhere"):
        flow(tmp_path / "nowhere")
    with pytest.warns(UserWarning, match="holds no folders"):
        flow(tmp_path)
    for name in "abc":
        os.makedirs(tmp_path / name)
    with pytest.warns(UserWarning, match=r"No pictures .*\['a', 'b', 'c'\]"):
        it = flow(tmp_path)
    assert len(it) == 0
    with pytest.raises(InputError, match="no samples"):
        next(it)
    for name in "abc":
        image.save_img(tmp_path / name / "x.png", np.zeros((2, 2, 3)))
    with pytest.warns(UserWarning, match="'binary' with 3 classes"):
        flow(tmp_path, class_mode="binary")
    with pytest.warns(UserWarning, match=r"\['d'\]"):
        flow(tmp_path, classes=["a", "d"])


@pytest.mark.parametrize(
    "error, match, kwargs",
    [
        (InputError, "zoom_range", {"zoom_range": (1, 2, 3)}),
        (InputError, "zoom_range", {"zoom_range": "big"}),
        (InputError, "brightness_range", {"brightness_range": 0.5}),
        (InputError, "fill_mode='mist'", {"fill_mode": "mist"}),
        (InputError, "validation_split", {"validation_split": 2}),
        (InputError, "a function", {"preprocessing_function": "vgg16"}),
        (ValueError, "data_format", {"data_format": "rows"}),
    ],
)
def test_wrong_settings(error, match, kwargs):
    with pytest.raises(error, match=match):
        image.ImageDataGenerator(**kwargs)


def test_wrong_data(folder):
    generator = image.ImageDataGenerator()
    x = np.zeros((4, 2, 2, 3))
    for error, match, call in (
        (InputError, "x has 4 pictures, y has 3 rows", lambda: generator.flow(x, [1, 2, 3])),
        (InputError, "sample_weight has 1", lambda: generator.flow(x, sample_weight=[1])),
        (InputError, "of 3 parts", lambda: generator.flow([x, x, x])),
        (ShapeError, "4 axes", lambda: generator.flow(x[0])),
        (ShapeError, "4 axes", lambda: generator.fit(x[0])),
        (InputError, "subset='test'", lambda: generator.flow(x, subset="test")),
        (InputError, "validation_split", lambda: generator.flow(x, subset="validation")),
        (InputError, "batch_size", lambda: generator.flow(x, batch_size=0)),
        (
            InputError,
            "validation_split",
            lambda: generator.flow_from_directory(folder, subset="validation"),
        ),
        (
            InputError,
            "class_mode='words'.*'sparse'",
            lambda: generator.flow_from_directory(folder, class_mode="words"),
        ),
        (InputError, "color_mode", lambda: generator.flow_from_directory(folder, color_mode="x")),
        (InputError, "target_size", lambda: generator.flow_from_directory(folder, 150)),
        (ShapeError, "3 axes", lambda: image.apply_affine_transform(x, theta=1)),
        (InputError, "fill_mode", lambda: image.random_shear(x[0], 1, fill_mode="mist")),
        (InputError, "zoom_range", lambda: image.random_zoom(x[0], 0.2)),
    ):
        with pytest.raises(error, match=match):
            call()
    with pytest.warns(UserWarning, match="2 of them"):
        generator.flow(np.zeros((4, 2, 2, 2)))


def test_threads_raise_the_first_error():
    done = []

    def work(i):
        if i % 3 == 2:
            raise ValueError(i)
        done.append(i)

    with pytest.raises(ValueError, match="2"):
        filling.each(work, 3)
    filling.each(done.append, 0)
    assert sorted(done) == [0, 1]


# --- models -------------------------------------------------------------------------------------------


def small_net(shape, units, activation, loss):
    model = keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Flatten(),
            keras.layers.Dense(units, activation=activation),
        ]
    )
    model.compile("sgd", loss, metrics=["accuracy"])
    return model


def test_cats_and_dogs(folder):
    keras.utils.set_random_seed(0)
    train = image.ImageDataGenerator(
        rescale=1.0 / 255, rotation_range=40, width_shift_range=0.2, height_shift_range=0.2,
        shear_range=0.2, zoom_range=0.2, horizontal_flip=True, fill_mode="nearest",
    ).flow_from_directory(folder, target_size=(8, 8), batch_size=3, class_mode="binary")  # fmt: skip
    held = image.ImageDataGenerator(rescale=1.0 / 255).flow_from_directory(
        folder, target_size=(8, 8), batch_size=4, class_mode="binary", shuffle=False
    )
    model = small_net((8, 8, 3), 1, "sigmoid", "binary_crossentropy")
    history = model.fit_generator(
        train, steps_per_epoch=4, epochs=3, validation_data=held, validation_steps=2, verbose=0,
        workers=4, use_multiprocessing=True,
    )  # fmt: skip
    assert len(history.history["val_loss"]) == 3
    assert train.total_batches_seen == 12
    assert model.predict_generator(held).shape == (9, 1)
    whole = np.concatenate([held[i][0] for i in range(3)])
    np.testing.assert_allclose(
        model.predict(held, verbose=0), model.predict(whole, verbose=0), rtol=1e-5
    )
    loss, _ = model.evaluate_generator(held, steps=3)
    assert np.isfinite(loss)


def test_augmented_arrays_train_the_same_twice():
    x = np.random.default_rng(0).uniform(0, 255, (10, 6, 6, 3)).astype("float32")
    y = np.eye(2)[np.arange(10) % 2]

    def train():
        keras.utils.set_random_seed(5)
        generator = image.ImageDataGenerator(
            featurewise_center=True, featurewise_std_normalization=True, rotation_range=20,
            width_shift_range=0.2, height_shift_range=0.2, horizontal_flip=True,
        )  # fmt: skip
        generator.fit(x)
        model = small_net((6, 6, 3), 2, "softmax", "categorical_crossentropy")
        flow = generator.flow(x, y, batch_size=4)
        history = model.fit(flow, steps_per_epoch=len(x) / 5, epochs=4, verbose=0)
        return history.history["loss"]

    first = train()
    assert first == train() and first[-1] != first[0]


def test_a_loop_of_ones_own():
    generator = image.ImageDataGenerator(zoom_range=0.2)
    args = {"batch_size": 2, "seed": 1}
    pictures, masks = np.ones((4, 5, 5, 3)), np.ones((4, 5, 5, 1))
    pairs = zip(generator.flow(pictures, **args), generator.flow(masks, **args))
    for x, mask in itertools.islice(pairs, 5):
        np.testing.assert_array_equal(x[..., :1], mask)


@pytest.mark.parametrize("old, new", [("tf", "channels_last"), ("th", "channels_first")])
def test_the_order_of_axes_as_keras_1_called_it(old, new):
    generator = image.ImageDataGenerator(dim_ordering=old, horizontal_flip=True)
    assert (generator.data_format, generator.horizontal_flip) == (new, True)
    with pytest.raises(TypeError, match="dim_order"):
        image.ImageDataGenerator(dim_order=old)
