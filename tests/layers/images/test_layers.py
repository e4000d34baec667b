"""What holds of every layer for images: shapes, dtypes, compilation, configurations, kinds of data."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import config, dtypes, layers, ops
from kerata.errors import InputError, ShapeError
from layers.check import check_layer, close, twin
from support import array

X = np.random.default_rng(0).uniform(0, 255, (2, 5, 6, 3)).astype("float32")

# Layer, its arguments, and the size of its results where that differs.
RANDOM = [
    (layers.RandomBrightness, {"factor": 0.4}),
    (layers.RandomContrast, {"factor": 0.4}),
    (layers.RandomColorDegeneration, {"factor": 0.5}),
    (
        layers.RandomColorJitter,
        {"value_range": (0, 1), "brightness_factor": 0.1, "hue_factor": 0.3},
    ),
    (layers.RandomGrayscale, {"factor": 0.5}),
    (layers.RandomHue, {"factor": 0.3}),
    (layers.RandomInvert, {"factor": (0.4, 0.6)}),
    (layers.RandomPosterization, {"factor": (2, 7)}),
    (layers.RandomSaturation, {"factor": (0.2, 0.9), "value_range": (0, 1)}),
    (layers.Solarization, {"addition_factor": 0.3, "threshold_factor": 0.5}),
    (layers.RandomSharpness, {"factor": 0.9}),
    (layers.RandomGaussianBlur, {"kernel_size": (3, 5)}),
    (layers.Equalization, {"bins": 64}),
    (layers.RandomCrop, {"height": 3, "width": 4}),
    (layers.RandomFlip, {}),
    (layers.RandomErasing, {"fill_value": (1, 2, 3)}),
    (layers.MixUp, {"alpha": 0.5}),
    (layers.CutMix, {}),
    (layers.RandomRotation, {"factor": 0.2, "fill_mode": "constant", "fill_value": 7.0}),
    (layers.RandomShear, {"x_factor": 0.3, "y_factor": (0.1, 0.2), "fill_mode": "nearest"}),
    (layers.RandomTranslation, {"height_factor": 0.2, "width_factor": (0.1, 0.3)}),
    (layers.RandomZoom, {"height_factor": 0.3, "fill_mode": "wrap"}),
    (layers.RandomPerspective, {"factor": (0.5, 1.0), "scale": 0.6}),
    (layers.RandomElasticTransform, {"factor": (0.9, 1.0)}),
    (layers.RandAugment, {"num_ops": 1, "interpolation": "nearest"}),
]
FIXED = [
    (layers.CenterCrop, {"height": 3, "width": 4}),
    (layers.AutoContrast, {}),
    (layers.ContrastLimitedAdaptiveHistogramEqualization, {"tile_grid_size": (2, 3)}),
    (layers.MaxNumBoundingBoxes, {"max_number": 3}),
]
ALL = RANDOM + FIXED
SIZES = {"RandomCrop": (3, 4), "CenterCrop": (3, 4)}


def seeded(cls, arguments):
    plain = (layers.Equalization, layers.CenterCrop, *(c for c, _ in FIXED))
    return arguments if cls in plain else {**arguments, "seed": 3}


def name_of(x):
    return x.__name__ if isinstance(x, type) else ""


@pytest.mark.parametrize("cls, arguments", ALL, ids=name_of)
def test_layer(cls, arguments):
    # Values up to 1 where rounding would otherwise be larger than what the checks allow.
    fine = cls in (layers.RandomColorJitter, layers.RandomSaturation, layers.RandomPerspective)
    out = check_layer(
        cls, seeded(cls, arguments), data=X / 255 if fine else X, call={"training": True}, gradients=False, trains=False,
        expected_dtype="float32",
    )  # fmt: skip
    assert out.shape == (2, *SIZES.get(cls.__name__, (5, 6)), 3)


@pytest.mark.parametrize("cls, arguments", RANDOM[::2], ids=name_of)
def test_nothing_happens_outside_training(cls, arguments):
    layer = cls(**arguments)
    close(layer(X, training=False), X)
    data = {"images": X, "labels": np.eye(2, dtype="float32"), "segmentation_masks": X[..., :1]}
    found = layer(data, training=False)
    assert set(found) == set(data)
    for key, value in found.items():
        close(value, data[key])


def some(*classes):
    return pytest.mark.parametrize(
        "cls, arguments", [(c, a) for c, a in ALL if c in classes], ids=name_of
    )


@pytest.mark.parametrize("cls, arguments", ALL, ids=name_of)
def test_whole_numbers(cls, arguments):
    layer = cls(**seeded(cls, arguments))
    whole = X.astype("uint8")
    keeps = cls in (layers.MaxNumBoundingBoxes, layers.ContrastLimitedAdaptiveHistogramEqualization)
    for training in (True, False):
        y = array(layer(whole, training=training))
        assert y.dtype == ("uint8" if keeps else "float32")
        assert y.min() >= -0.01 and y.max() <= 255.01


@some(layers.RandomHue, layers.RandomGaussianBlur, layers.CutMix, layers.RandomErasing,
      layers.RandomRotation, layers.RandomPosterization, layers.RandAugment)  # fmt: skip
def test_half_precision(cls, arguments):
    layer = cls(**seeded(cls, arguments), dtype="mixed_bfloat16")
    y = layer(X, training=True)
    assert dtypes.standardize(y.dtype) == "bfloat16" and tuple(y.shape) == X.shape
    assert layer(layers.Input((5, 6, 3)), training=True).dtype == "bfloat16"
    full = cls(**seeded(cls, arguments))(X, training=True)
    near = (
        np.abs(array(ops.cast(y, "float32")) - array(full)) < 9
    )  # of 255: 8 bits, some operations
    assert cls in (layers.RandomPosterization, layers.RandAugment) or near.mean() > 0.9


@some(layers.RandomContrast, layers.RandomInvert, layers.CutMix, layers.RandomShear, layers.RandomCrop,
      layers.CenterCrop, layers.RandomSharpness)  # fmt: skip
def test_single_images(cls, arguments):
    layer = cls(**seeded(cls, arguments))
    size = SIZES.get(cls.__name__, (5, 6))
    data = {"images": X[0], "labels": np.ones(3, "float32"), "segmentation_masks": X[0, ..., :1]}
    found = layer(data, training=True)
    assert tuple(found["images"].shape) == (*size, 3) and tuple(found["labels"].shape) == (3,)
    assert tuple(found["segmentation_masks"].shape) == (*size, 1)


@some(layers.RandomContrast, layers.RandomGrayscale, layers.RandomHue, layers.RandomSaturation,
      layers.RandomSharpness, layers.RandomGaussianBlur, layers.Equalization, layers.RandomCrop,
      layers.RandomFlip, layers.RandomErasing, layers.CutMix, layers.RandomTranslation,
      layers.RandomPerspective, layers.CenterCrop, layers.AutoContrast,
      layers.ContrastLimitedAdaptiveHistogramEqualization)  # fmt: skip
def test_channels_first(cls, arguments):
    """The same numbers as with the channels last, moved."""
    last, first = (
        cls(**seeded(cls, arguments), data_format=f) for f in ("channels_last", "channels_first")
    )
    want = array(last(X, training=True))
    found = array(first(X.transpose(0, 3, 1, 2), training=True))
    close(found.transpose(0, 2, 3, 1), want, {"rtol": 1e-4, "atol": 1e-2})


SMALL = [(cls, a) for cls, a in RANDOM if cls not in (layers.RandAugment,)]


@pytest.mark.parametrize("cls, arguments", SMALL, ids=name_of)
def test_seeds(cls, arguments):
    if cls is layers.Equalization:
        pytest.skip("draws nothing")
    a, b = (cls(**arguments, seed=5) for _ in range(2))
    first, second = (array(layer(X, training=True)) for layer in (a, b))
    np.testing.assert_array_equal(first, second)
    again = [array(a(X, training=True)) for _ in range(8)]
    assert any(not np.array_equal(first, y) for y in again), "every call draws the same"


MOVING = [
    (layers.RandomFlip, {"seed": 2}),
    (layers.RandomCrop, {"height": 3, "width": 4, "seed": 2}),
    (layers.CenterCrop, {"height": 3, "width": 4}),
    (layers.RandomTranslation, {"height_factor": 0.4, "width_factor": 0.3, "seed": 2}),
    (layers.RandomRotation, {"factor": 0.3, "seed": 2}),
    (layers.RandomShear, {"x_factor": 0.3, "y_factor": 0.3, "seed": 2}),
    (layers.RandomZoom, {"height_factor": 0.3, "seed": 2}),
    (layers.RandomPerspective, {"seed": 2}),
    (layers.RandomElasticTransform, {"seed": 2}),
    (layers.CutMix, {"seed": 2}),
    (layers.RandAugment, {"factor": 0.3, "num_ops": 1, "seed": 2}),
]


@pytest.mark.parametrize("cls, arguments", [*MOVING[:3], *MOVING[4:5], *MOVING[8:]], ids=name_of)
def test_masks_move_with_images(cls, arguments):
    """Of a mask that equals the image, each pixel is near that of the result."""
    flat = np.zeros((2, 12, 12), "uint8")
    flat[:, 3:9, 3:9] = 200
    arguments = {"interpolation": "nearest", **arguments} if "Random" in cls.__name__ and cls not in (
        layers.RandomFlip, layers.RandomCrop
    ) else arguments  # fmt: skip
    data = {"images": np.repeat(flat[..., None], 3, -1), "segmentation_masks": flat}
    found = cls(**arguments)(data, training=True)
    masks, images = array(found["segmentation_masks"]), array(found["images"])
    assert masks.dtype == "uint8" and masks.shape == images.shape[:-1]
    assert set(np.unique(masks)) <= {0, 200}
    if cls is not layers.RandAugment:
        np.testing.assert_array_equal(masks, images[..., 0].round())


@pytest.mark.parametrize("cls, arguments", MOVING[:8], ids=name_of)
def test_boxes_move_with_images(cls, arguments):
    """A bright box in an image: after it was moved, the pixels that are bright lie in the moved box."""
    from kerata.utils import bounding_boxes as boxes

    size, n, style = 40, 6, "rel_yxyx"
    images = np.zeros((n, size, size + 8, 1), "float32")
    images[:, 14:24, 15:28] = 255
    corners = np.tile(np.array([15.0, 14.0, 28.0, 24.0], "float32"), (n, 1, 1))
    given = array(boxes.convert_format(corners, "xyxy", style, size, size + 8))
    changed = {"height": 20, "width": 30} if "height" in arguments else {}
    extra = {"fill_mode": "constant"} if hasattr(cls, "_options") else {}
    layer = cls(**{**arguments, **changed, **extra}, bounding_box_format=style)
    data = {"images": images, "bounding_boxes": {"boxes": given, "labels": np.ones((n, 1), int)}}
    found = layer(data, training=True)
    bright = array(found["images"])[..., 0] > 128
    height, width = bright.shape[1:]
    moved = boxes.convert_format(found["bounding_boxes"]["boxes"], style, "xyxy", height, width)
    for picture, box in zip(bright, array(moved)[:, 0]):
        rows, columns = np.nonzero(picture)
        want = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        # Pixels have an extent that corners of boxes have not: one on each side.
        np.testing.assert_allclose(box, want, atol=1.6)


def test_other_keys_and_the_given_dict_stay():
    data = {"images": X, "name": "a", "labels": np.arange(2)}
    found = layers.RandomFlip()(data, training=True)
    assert (
        found["name"] == "a" and data["images"] is X and set(data) == {"images", "name", "labels"}
    )


def test_lists_of_boxes_are_filled_up():
    lists = {"boxes": [[[0, 0, 2, 2]], [[1, 1, 3, 4], [0, 0, 1, 1]]], "labels": [[4], [5, 6]]}
    layer = layers.RandomBrightness(0.1, bounding_box_format="xyxy")
    found = layer({"images": X, "bounding_boxes": lists})["bounding_boxes"]
    assert array(found["boxes"]).shape == (2, 2, 4)
    assert array(found["labels"]).tolist() == [[4, -1], [5, 6]]


def test_errors():
    flip = layers.RandomFlip()
    with pytest.raises(ShapeError, match="batch, height, width, channels"):
        flip(np.zeros((3, 3), "float32"))
    with pytest.raises(InputError, match="'images' is missing"):
        flip({"labels": np.zeros(3)})
    with pytest.raises(InputError, match="bounding_box_format"):
        flip(
            {
                "images": X,
                "bounding_boxes": {"boxes": np.zeros((2, 1, 4)), "labels": np.zeros((2, 1))},
            }
        )
    boxed = layers.RandomFlip(bounding_box_format="xyxy")
    with pytest.raises(InputError, match="'boxes' and 'labels'"):
        boxed({"images": X, "bounding_boxes": {"boxes": np.zeros((2, 1, 4))}})
    with pytest.raises(ShapeError, match="batch, n, 4"):
        boxed(
            {
                "images": X,
                "bounding_boxes": {"boxes": np.zeros((2, 4, 1)), "labels": np.zeros((2, 4))},
            }
        )
    for make in (
        lambda: layers.RandomBrightness(2.0),
        lambda: layers.RandomContrast(-1.0),
        lambda: layers.RandomShear(-0.1),
        lambda: layers.RandomZoom(-1.0),
        lambda: layers.RandomTranslation((0.1, 0.2, 0.3), 0.1),
        lambda: layers.RandomGaussianBlur(kernel_size=4),
        lambda: layers.RandomErasing(fill_value="black"),
        lambda: layers.RandomFlip("sideways"),
        lambda: layers.RandomRotation(0.1, fill_mode="mirror"),
        lambda: layers.RandomPerspective(scale=2),
        lambda: layers.CenterCrop(0, 3),
        lambda: layers.AutoContrast(255),
        lambda: layers.MixUp(alpha=0),
    ):
        with pytest.raises(InputError):
            make()
    with pytest.raises(TypeError, match="facto"):
        layers.RandomHue(facto=0.3)


def test_masks_and_boxes_that_cannot_be():
    boxes = {"boxes": np.zeros((2, 1, 4)), "labels": np.zeros((2, 1))}
    for cls in (layers.CutMix, layers.RandomElasticTransform):
        with pytest.raises(InputError, match="cannot change bounding boxes"):
            cls(bounding_box_format="xyxy")({"images": X, "bounding_boxes": boxes}, training=True)


def test_defaults_of_the_data_format_are_saved():
    before = config.image_data_format()
    try:
        config.set_image_data_format("channels_first")
        layer = layers.RandomFlip()
    finally:
        config.set_image_data_format(before)
    assert twin(layer).data_format == "channels_first"
