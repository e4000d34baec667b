"""Layers for images and functions of bounding boxes, written once for Kerata and Keras 3: see `table`."""

import numpy as np

# Layers for images, in training, with nothing left to chance: on four images of 9 by 12 with
# pixels from 0 to 255, or to 1. With "boxes" also bounding boxes and masks. Left out, as Keras 3.15.1 is
# wrong there: boxes in `RandomCrop` (x and y are taken for each other), `RandomPerspective` (the result is in
# another format than asked for), `RandomShear` of images that are not square and masks in `MixUp`;
# `RandomSaturation` above 0.5 with values to 255 (it gives negative colours); `AutoContrast` with channels first;
# `Solarization` with a lower bound above 0 (which is not multiplied by 255); uint8 with `RandomBrightness`.
IMAGES = """
CenterCrop(4, 7) | 255
CenterCrop(9, 12) | 255
CenterCrop(12, 10) | 255
CenterCrop(5, 30) | 255
CenterCrop(4, 7, bounding_box_format='xyxy') | 255 boxes
CenterCrop(12, 10, bounding_box_format='xywh') | 255 boxes
CenterCrop(4, 7, data_format='channels_first') | 255 first
RandomCrop(9, 12) | 255
RandomCrop(9, 5) | 255
RandomCrop(14, 10) | 255
AutoContrast() | 255
AutoContrast((0, 1)) | 1
Equalization() | 255
Equalization(bins=40) | 255
Equalization((0, 1)) | 1
Equalization(data_format='channels_first') | 255 first
ContrastLimitedAdaptiveHistogramEqualization() | 255
ContrastLimitedAdaptiveHistogramEqualization(clip_limit=1.5, tile_grid_size=(3, 2)) | 255
ContrastLimitedAdaptiveHistogramEqualization((0, 1), tile_grid_size=(2, 5)) | 1
ContrastLimitedAdaptiveHistogramEqualization(data_format='channels_first') | 255 first
Solarization() | 255
Solarization((0, 0), (0, 0), (0, 1)) | 1
RandomBrightness((0.3, 0.3)) | 255
RandomBrightness((-0.4, -0.4), (0, 1)) | 1
RandomContrast((-0.4, 0.4)) | 255
RandomContrast((-0.4, 0.4), data_format='channels_first') | 255 first
RandomGrayscale(1.0) | 255
RandomGrayscale(1.0, 'channels_first') | 255 first
RandomInvert((1.0, 1.0)) | 255
RandomInvert((1.0, 1.0), (0, 1)) | 1
RandomPosterization((3, 3)) | 255
RandomPosterization(1, (0, 1)) | 1
RandomColorDegeneration((0.4, 0.4)) | 255
RandomColorDegeneration((-0.4, -0.4), (0, 1)) | 1
RandomSaturation((0.3, 0.3)) | 255
RandomSaturation((0.8, 0.8), (0, 1)) | 1
RandomHue((1.0, 1.0)) | 255
RandomHue((0.0, 0.0), data_format='channels_first') | 255 first
RandomColorJitter((0, 255), (0.1, 0.1), (-0.2, 0.2), (0.3, 0.3), (1.0, 1.0)) | 255
RandomSharpness((0.1, 0.1)) | 255
RandomSharpness((0.9, 0.9), data_format='channels_first') | 255 first
RandomGaussianBlur((1.0, 1.0), 5, (0.7, 0.7), data_format='channels_last') | 255
RandomErasing((1.0, 1.0), (1.0, 1.0), 7) | 255
RandomFlip(seed=1) | none
RandomRotation((0.1, 0.1)) | 255
RandomRotation((-0.3, -0.3), 'constant', 'nearest', fill_value=5.0) | 255
RandomRotation((0.2, 0.2), 'wrap', data_format='channels_first') | 255 first
RandomRotation((0.2, 0.2), bounding_box_format='xyxy') | 255 boxes
RandomShear(0.0, 0.0) | 255
RandomTranslation((0.2, 0.2), (-0.3, -0.3)) | 255
RandomTranslation((0.2, 0.2), (-0.3, -0.3), 'nearest', 'nearest') | 255
RandomTranslation((-0.2, -0.2), (0.1, 0.1), 'constant', bounding_box_format='xywh') | 255 boxes
RandomZoom((0.3, 0.3)) | 255
RandomZoom((-0.3, -0.3), (0.2, 0.2), 'wrap') | 255
RandomZoom((-0.3, -0.3), bounding_box_format='xyxy') | 255 boxes
RandomPerspective((1.0, 1.0), 0.0) | 255
RandomElasticTransform(0.0) | 255
MaxNumBoundingBoxes(3, bounding_box_format='xyxy') | 255 boxes
MaxNumBoundingBoxes(1, 7, bounding_box_format='xyxy') | 255 boxes
"""

# What the factors of layers for images become.
FACTORS = """
RandomBrightness(0.3)
RandomBrightness((0.5, -0.2))
RandomContrast(0.3)
RandomContrast((0.1, 0.4))
RandomColorDegeneration(0.3)
RandomSaturation(0.3)
RandomHue(0.3)
RandomSharpness(0.3)
RandomInvert(0.3)
RandomPosterization(5)
RandomPosterization((2, 6))
RandomErasing(0.3)
RandomRotation(0.3)
RandomRotation((-0.1, 0.3))
RandomGaussianBlur(0.3)
RandomPerspective(0.3)
RandomElasticTransform(0.3)
CutMix(0.3)
RandAugment(factor=0.3)
AugMix(factor=0.3)
"""

# Functions of `utils.bounding_boxes` on `a` and `b`, boxes as corners, `r`, shares of the sides, and `one`.
BOXES = """
convert_format(a, 'xyxy', 'yxyx')
convert_format(a, 'xyxy', 'xywh')
convert_format(a, 'xyxy', 'center_xywh')
convert_format(a, 'xyxy', 'center_yxhw')
convert_format(a, 'xyxy', 'rel_xyxy', 30, 40)
convert_format(a, 'xyxy', 'rel_yxyx', 30, 40)
convert_format(a, 'xyxy', 'rel_xywh', 30, 40)
convert_format(a, 'xyxy', 'rel_center_xywh', 30, 40)
convert_format(a, 'yxyx', 'xywh')
convert_format(a, 'xywh', 'center_xywh')
convert_format(a, 'center_xywh', 'yxyx')
convert_format(a, 'center_yxhw', 'rel_xywh', 30, 40)
convert_format(r, 'rel_xyxy', 'center_yxhw', 30, 40)
convert_format(r, 'rel_yxyx', 'xyxy', 30, 40)
convert_format(r, 'rel_xywh', 'xyxy', 30, 40)
convert_format(r, 'rel_center_xywh', 'rel_yxyx', 30, 40)
clip_to_image_size({'boxes': a, 'labels': one}, 20, 15)['boxes']
clip_to_image_size({'boxes': a, 'labels': one}, 20, 15)['labels']
clip_to_image_size({'boxes': r * 1.5, 'labels': one}, bounding_box_format='rel_xyxy')['boxes']
compute_iou(a, b, 'xyxy')
compute_iou(a[0], b[0], 'yxyx')
compute_iou(r, r[:, ::-1], 'rel_xyxy', image_shape=(30, 40, 3))
compute_iou(a[0] - 12, b[0], 'xyxy', use_masking=True, mask_val=-2)
compute_ciou(a, b[:, :4], 'xyxy')
compute_ciou(a, b[:, :4], 'center_xywh')
crop(a, 3, 4, 12, 10)
pad(a, 3, 4)
encode_box_to_deltas(a, b[:, :4], 'xyxy', 'xyxy')
encode_box_to_deltas(a, r, 'xyxy', 'rel_xyxy', 'center_xywh', [0.1, 0.1, 0.2, 0.2], (30, 40, 3))
decode_deltas_to_boxes(a, r, 'xyxy', 'xywh')
decode_deltas_to_boxes(a, r, 'xyxy', 'rel_yxyx', 'center_xywh', [0.1, 0.1, 0.2, 0.2], (30, 40, 3))
decode_deltas_to_boxes({'P3': a}, {'P3': r}, 'center_yxhw', 'xyxy')['P3']
affine_transform(a, 20 * one[:, 0], 0.1 * one[:, 0], -0.2 * one[:, 0], one[:, 0], 10 * one[:, 0], 5 * one[:, 0], 30, 40)
affine_transform(a, -70 * one[:, 0], 0 * one[:, 0], 0 * one[:, 0], 1.5 * one[:, 0], 0 * one[:, 0], 0 * one[:, 0], 30, 40, 0.2, 0.7)
"""


def image_case(keras, call, kind):
    """Images, boxes and masks after a layer."""
    layer = eval("L." + call, {"L": keras.layers})
    # Of this seed no value lies half-way between two whole numbers after equalization.
    x = np.random.RandomState(11).randint(0, 256, (4, 9, 12, 3)).astype("float32")
    x = x / 255 if kind.startswith("1") else x
    x = x.transpose(0, 3, 1, 2) if "first" in kind else x
    if "none" in kind:
        return [np.asarray(layer(x, training=False))]
    if "boxes" not in kind:
        return [np.asarray(layer(x, training=True))]
    boxes = np.random.RandomState(8).uniform(1, 5, (4, 2, 4)).astype("float32")
    boxes[..., 2:] += boxes[..., :2]
    data = {
        "images": x,
        "segmentation_masks": x[..., :1],
        "bounding_boxes": {"boxes": boxes, "labels": np.arange(8).reshape(4, 2)},
    }
    out = layer(data, training=True)
    found = out["bounding_boxes"]
    return [np.asarray(v) for v in (out["images"], found["boxes"], found["labels"])]


def factor_case(keras, call, _=""):
    layer = eval("L." + call, {"L": keras.layers})
    return [np.asarray(layer.factor, "float32")]


def boxes_case(keras, call, _=""):
    numbers = np.random.RandomState(9)
    a, b = (numbers.uniform(0, 12, (2, n, 4)).astype("float32") for n in (4, 5))
    for boxes in (a, b):
        boxes[..., 2:] += boxes[..., :2] + 0.5
    scope = {"a": a, "b": b, "r": a / 40, "one": np.ones((2, 4), "float32")}
    return [np.asarray(eval("U." + call, {"U": keras.utils.bounding_boxes, **scope}))]


KINDS = {
    "image": (IMAGES, image_case),
    "factor": (FACTORS, factor_case),
    "boxes": (BOXES, boxes_case),
}
