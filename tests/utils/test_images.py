"""Pictures in files and as arrays; resizing on the host."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from kerata import config, ops, preprocessing, utils
from kerata.errors import FileError, InputError, ShapeError
from kerata.utils import images
from support import tensor

Image = pytest.importorskip("PIL.Image")
X = np.random.default_rng(0).uniform(0, 255, (9, 7, 3)).astype("float32")


def test_arrays_and_pictures() -> None:
    whole = np.random.default_rng(1).integers(0, 256, (5, 4, 3)).astype("uint8")
    img = utils.array_to_img(whole, scale=False)
    assert (img.size, img.mode) == ((4, 5), "RGB")
    back = utils.img_to_array(img)
    assert back.dtype == "float32"
    np.testing.assert_array_equal(back, whole)
    first = utils.img_to_array(img, data_format="channels_first", dtype="uint8")
    np.testing.assert_array_equal(first, whole.transpose(2, 0, 1))
    again = utils.array_to_img(first, data_format="channels_first", scale=False)
    np.testing.assert_array_equal(np.asarray(again), whole)
    grey = utils.array_to_img(np.array([[[-1.0], [0.0]], [[1.0], [3.0]]]))
    assert grey.mode == "L" and np.asarray(grey).tolist() == [[0, 63], [127, 255]]
    assert utils.img_to_array(grey).shape == (2, 2, 1)
    assert utils.array_to_img(np.full((1, 1, 1), 999.0), scale=False).mode == "I"
    assert utils.array_to_img(np.zeros((2, 2, 4))).mode == "RGBA"
    for shape in ((2, 2), (2, 2, 2)):
        with pytest.raises(ShapeError):
            utils.array_to_img(np.zeros(shape))
    with pytest.raises(ShapeError, match="2 or 3 axes"):
        utils.img_to_array(np.zeros((1, 2, 2, 3)))


def test_files(tmp_path: Path) -> None:
    whole = np.random.default_rng(1).integers(0, 256, (6, 8, 4)).astype("uint8")
    path = tmp_path / "a.png"
    utils.save_img(path, whole, scale=False)
    np.testing.assert_array_equal(np.asarray(utils.load_img(path, "rgba")), whole)
    np.testing.assert_array_equal(np.asarray(utils.load_img(str(path))), whole[..., :3])
    assert utils.load_img(path, "grayscale").mode == "L"
    assert utils.load_img(path, target_size=(3, 4)).size == (4, 3)
    near = utils.load_img(path, target_size=(3, 4), interpolation="nearest")
    np.testing.assert_array_equal(np.asarray(near), whole[1::2, 1::2, :3])
    kept = utils.load_img(path, target_size=(6, 6), keep_aspect_ratio=True)
    np.testing.assert_array_equal(np.asarray(kept), whole[:, 1:7, :3])
    with pytest.warns(UserWarning, match="no transparency"):
        utils.save_img(tmp_path / "a.jpg", whole)
    assert utils.load_img(io.BytesIO((tmp_path / "a.jpg").read_bytes())).mode == "RGB"
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(FileError, match=r"b\.png is no picture"):
        utils.load_img(tmp_path / "b.png")
    with pytest.raises(InputError, match="color_mode"):
        utils.load_img(path, "cmyk")
    with pytest.raises(InputError, match="interpolation"):
        utils.load_img(path, target_size=(2, 2), interpolation="cubic")
    with pytest.raises(TypeError, match="path must be"):
        utils.load_img(3)


def test_default_format_of_data() -> None:
    config.set_image_data_format("channels_first")
    try:
        assert utils.img_to_array(Image.new("RGB", (4, 2))).shape == (3, 2, 4)
    finally:
        config.set_image_data_format("channels_last")


@pytest.mark.parametrize("method", ["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"])
@pytest.mark.parametrize("size", [(4, 5), (9, 14), (20, 3)])
def test_resample_as_the_op(method: str, size: tuple[int, int]) -> None:
    want = ops.image.resize(tensor(X), size, interpolation=method)
    np.testing.assert_allclose(images.resample(X, *size, method), want, atol=2e-3)


def direct(x: np.ndarray, new: int, weigh) -> np.ndarray:
    """Rows of a resized picture by the definition of a filter: weighted means of all old rows."""
    out = []
    for i in range(new):
        centre = (i + 0.5) * len(x) / new
        w = np.array([weigh(j, centre, len(x) / new) for j in range(len(x))])
        out.append(np.tensordot(w / w.sum(), x, 1))
    return np.stack(out)


def gaussian(j: int, centre: float, scale: float) -> float:
    d = abs(j + 0.5 - centre)
    return np.exp(-(d**2) / (2 * 0.5**2)) if d < 1.5 else 0


def mitchell(j: int, centre: float, scale: float) -> float:
    d = abs(j + 0.5 - centre)
    if d < 1:
        return (7 * d**3 - 12 * d**2 + 16 / 3) / 6
    return (-7 / 3 * d**3 + 12 * d**2 - 20 * d + 32 / 3) / 6 if d < 2 else 0


def overlap(j: int, centre: float, scale: float) -> float:
    return max(0.0, min(j + 1, centre + scale / 2) - max(j, centre - scale / 2))


@pytest.mark.parametrize(
    ("method", "weigh"), [("gaussian", gaussian), ("mitchellcubic", mitchell), ("area", overlap)]
)
@pytest.mark.parametrize("size", [(4, 5), (9, 14), (20, 3)])
def test_resample_by_definition(method: str, weigh, size: tuple[int, int]) -> None:
    want = direct(direct(X, size[0], weigh).swapaxes(0, 1), size[1], weigh).swapaxes(0, 1)
    np.testing.assert_allclose(images.resample(X, *size, method), want, rtol=1e-4, atol=2e-3)


def test_fit_into() -> None:
    out = images.fit_into(np.ones((4, 8, 1)), 6, 6, "bilinear")
    want = np.zeros((6, 6, 1))
    want[1:4] = 1  # 3 rows in the middle of 6, with more room below
    np.testing.assert_allclose(out, want, atol=1e-6)


def test_smart_resize() -> None:
    x = np.zeros((4, 10, 1), "float32")
    x[:, 3:7] = 1
    out = preprocessing.image.smart_resize(x, (2, 2))
    assert type(out) is np.ndarray and out.tolist() == [[[1], [1]], [[1], [1]]]
    batch = preprocessing.image.smart_resize(tensor(x.transpose(2, 0, 1)[None]), (2, 2), data_format="channels_first")  # fmt: skip
    assert tuple(batch.shape) == (1, 1, 2, 2) and not isinstance(batch, np.ndarray)
    with pytest.raises(InputError, match="size must be"):
        preprocessing.image.smart_resize(x, (2, 2, 2))
    with pytest.raises(ShapeError, match="expected"):
        preprocessing.image.smart_resize(x[0], (2, 2))
