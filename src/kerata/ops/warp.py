"""Images sampled at other places: transforms, distortions, scaling; part of ``ops.image``.

An image is a table of pixels here; each place asks for the rows of the pixels around it. All is made
of gathers and arithmetic, so it compiles, and has derivatives by pixels and places.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from .. import dtypes
from ..errors import ShapeError
from ..spec import Spec, normalize_axis, unprobe
from . import math, reduce
from ._define import Tensor, dtype_of, op, shape_of, tensor
from .arrange import as_sizes, concatenate, expand_dims, known, moveaxis, reshape, squeeze, stack
from .create import arange, ones_like, zeros_like
from .filters import gaussian_blur
from .image import FILTERS, as_given, axes_of, batch_last
from .index import get_item, take
from .linalg import solve
from .product import tensordot
from .random import normal

ORDERS = {"nearest": 0, "bilinear": 1}
FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")

# Places beyond this have no pixel near them; as int32 they and their doubles do not overflow.
_FAR = 1e8


def _checked(what: str, name: str, value: Any, allowed: Sequence[Any]) -> None:
    if value not in allowed:
        raise ValueError(f"{what}: {name} must be one of {tuple(allowed)}, got {value!r}.")


def _abstract(*xs: Any) -> bool:
    return any(isinstance(x, Spec) for x in xs)


# --- sampling -----------------------------------------------------------------------------------


def _mirrored(i: Any, n: int) -> Any:
    """Places 0 1 .. n-1 n-2 .. 1 0 1 ..., for any whole number."""
    return math.absolute(math.subtract(math.mod(math.add(i, n - 1), max(2 * n - 2, 1)), n - 1))


def _existing(i: Any, n: int, fill_mode: str) -> Any:
    """The index of the pixel that stands at place `i` of an axis continued by the fill mode."""
    if fill_mode == "wrap":
        return math.mod(i, n)
    if fill_mode == "mirror":
        return _mirrored(i, n)
    if fill_mode == "reflect":
        twice = _mirrored(math.add(math.multiply(i, 2), 1), 2 * n + 1)
        return math.floor_divide(math.subtract(twice, 1), 2)
    return math.clip(i, 0, n - 1)


def _rounded(x: Any) -> Any:
    """Nearest whole numbers, halves away from zero (`round` takes the even one)."""
    size = math.absolute(x)
    whole = math.floor(size)
    up = math.cast(math.greater_equal(math.subtract(size, whole), 0.5), dtype_of(x))
    return math.multiply(math.sign(x), math.add(whole, up))


def _neighbours(place: Any, n: int, order: int, fill_mode: str) -> list[tuple[Any, Any, Any]]:
    """Pixels around a place along one axis: index, whether it is inside, and its share."""
    place = math.clip(place, -_FAR, _FAR)
    if order == 0:
        near = [(math.cast(_rounded(place), "int32"), None)]
    else:
        below = math.floor(place)
        share = math.subtract(place, below)
        i = math.cast(below, "int32")
        near = [(i, math.subtract(1.0, share)), (math.add(i, 1), share)]
    out = []
    for i, share in near:
        inside = None
        if fill_mode == "constant":
            inside = math.logical_and(math.greater_equal(i, 0), math.less(i, n))
        out.append((_existing(i, n, fill_mode), inside, share))
    return out


def sample(
    table: Any,
    sizes: Sequence[int],
    places: Sequence[Any],
    order: int,
    fill_mode: str,
    fill_value: Any,
    start: Any = None,
) -> Any:
    """Values at places between pixels.

    `table` has a row for each pixel of axes of the `sizes` given; `places` are coordinates, a tensor
    for each axis, that broadcast together; `start` is what comes before these axes: the number of
    the image. The rows of the table may have an axis of their own.
    """
    kind = dtype_of(table)
    compute = dtypes.result_type(kind, *(dtype_of(p) for p in places))
    fill = math.cast(tensor(fill_value, kind), compute)
    around = [_neighbours(p, n, order, fill_mode) for p, n in zip(places, sizes)]
    total: Any = None
    for corner in itertools.product(*around):
        row, inside, share = start, None, None
        for (i, here, part), n in zip(corner, sizes):
            row = i if row is None else math.add(math.multiply(row, n), i)
            inside = here if inside is None else math.logical_and(inside, here)
            share = part if share is None else math.multiply(share, part)
        value = math.cast(take(table, row, 0), compute)
        wide = len(shape_of(table)) > 1
        if inside is not None:
            value = math.where(expand_dims(inside, -1) if wide else inside, value, fill)
        if share is not None:
            value = math.multiply(value, expand_dims(share, -1) if wide else share)
        total = value if total is None else math.add(total, value)
    return math.cast(_rounded(total) if dtypes.is_integer(kind) else total, kind)


def _places(x: Any) -> Any:
    """Coordinates in a float type that can tell the pixels of an image apart."""
    kind = "float64" if dtype_of(x) == "float64" else "float32"
    return math.cast(x, kind)


def sample_images(
    what: str,
    images: Any,
    places: Sequence[Any],
    interpolation: str,
    fill_mode: str,
    fill_value: Any,
    data_format: str | None,
) -> Any:
    """Images at ``places = (y, x)``, each of shape (batch or 1, height, width)."""
    batch = batch_last(images, data_format, what)
    count, height, width, depth = shape_of(batch)
    n = shape_of(places[0])[0]
    if n not in (1, count):
        raise ShapeError(
            f"{what}: {n} transforms for {count} images; give one for each image, or one for all."
        )
    out = sample(
        reshape(batch, (count * height * width, depth)),
        (height, width),
        places,
        ORDERS[interpolation],
        fill_mode,
        fill_value,
        reshape(arange(count, dtype="int32"), (count, 1, 1)),
    )
    return as_given(out, images, data_format, what)


@op
def map_coordinates(
    inputs: Tensor,
    coordinates: Tensor,
    order: int,
    fill_mode: str = "constant",
    fill_value: Any = 0,
) -> Tensor:
    """Values of `inputs` at places between its elements.

    `coordinates` has a row for each axis of `inputs`: shape (rank, *shape of the result). `order` 0
    takes the nearest element, 1 interpolates linearly. Beyond the edges stands, by `fill_mode`:
    ``constant`` `fill_value`, ``nearest`` the edge, ``wrap`` the other end, ``mirror`` (c b | a b c)
    and ``reflect`` (b a | a b c) the mirror image.

    >>> map_coordinates([10.0, 20.0, 30.0], [[0.5, 1.25]], order=1).tolist()
    [15.0, 22.5]
    """
    rank, shape = len(shape_of(inputs)), shape_of(coordinates)
    if len(shape) < 2 or shape[0] != rank:
        raise ShapeError(
            f"map_coordinates: inputs of {rank} axes need coordinates of shape ({rank}, ...), "
            f"got {unprobe(shape)}."
        )
    _checked("map_coordinates", "order", order, (0, 1))
    _checked("map_coordinates", "fill_mode", fill_mode, FILL_MODES)
    if _abstract(inputs, coordinates):
        return Spec(shape[1:], dtype_of(inputs))
    at = _places(coordinates)
    places = [get_item(at, i) for i in range(rank)]
    return sample(reshape(inputs, (-1,)), shape_of(inputs), places, order, fill_mode, fill_value)


# --- transforms ---------------------------------------------------------------------------------


@op
def affine_transform(
    images: Tensor,
    transform: Tensor,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: Any = 0,
    data_format: str | None = None,
) -> Tensor:
    """Images shifted, scaled, turned or sheared.

    `transform` is (8,) for all images or (batch, 8), each ``[a0, a1, a2, b0, b1, b2, 0, 0]``: the
    pixel (x, y) of the result is taken from ``(a0 x + a1 y + a2, b0 x + b1 y + b2)`` of the image.
    The last two numbers, which would make it projective, count as zero. `interpolation` is
    ``nearest`` or ``bilinear``; for `fill_mode` see `map_coordinates`.

    >>> one_to_the_left = [1.0, 0, 1, 0, 1, 0, 0, 0]
    >>> affine_transform([[[1.0], [2.0], [3.0]]], one_to_the_left).tolist()
    [[[2.0], [3.0], [0.0]]]
    """
    h, w, _ = axes_of(images, data_format, "affine_transform")
    _checked("affine_transform", "interpolation", interpolation, tuple(ORDERS))
    _checked("affine_transform", "fill_mode", fill_mode, FILL_MODES)
    given = shape_of(transform)
    if len(given) not in (1, 2) or (known(given[-1]) and given[-1] != 8):
        raise ShapeError(
            f"affine_transform: transform must be (8,) or (batch, 8), got {unprobe(given)}."
        )
    if _abstract(images, transform):
        return Spec(shape_of(images), dtype_of(images))
    t = reshape(_places(transform), (-1, 8, 1, 1))
    a0, a1, a2, b0, b1, b2 = (get_item(t, (slice(None), i)) for i in range(6))
    x, y = _grid(shape_of(images)[h], shape_of(images)[w], dtype_of(t))
    places = [_plane(b0, b1, b2, x, y), _plane(a0, a1, a2, x, y)]
    return sample_images(
        "affine_transform", images, places, interpolation, fill_mode, fill_value, data_format
    )


def _grid(height: int, width: int, dtype: str) -> tuple[Any, Any]:
    """x as a row, y as a column."""
    x, y = arange(width, dtype=dtype), arange(height, dtype=dtype)
    return reshape(x, (1, width)), reshape(y, (height, 1))


def _plane(a: Any, b: Any, c: Any, x: Any, y: Any) -> Any:
    """``a x + b y + c``."""
    return math.add(math.add(math.multiply(a, x), math.multiply(b, y)), c)


@op
def perspective_transform(
    images: Tensor,
    start_points: Tensor,
    end_points: Tensor,
    interpolation: str = "bilinear",
    fill_value: Any = 0,
    data_format: str | None = None,
) -> Tensor:
    """Images as seen from another point: four points moved, straight lines kept straight.

    `start_points` and `end_points` are (4, 2) or (batch, 4, 2), points as (x, y): what is at the
    first ones in `images` is at the second ones in the result. What comes from outside the image is
    `fill_value`.

    >>> corners = [[0.0, 0.0], [2, 0], [0, 2], [2, 2]]
    >>> moved = [[1.0, 0.0], [3, 0], [1, 2], [3, 2]]
    >>> perspective_transform([[[1.0], [2.0], [3.0]]], corners, moved, "nearest").tolist()
    [[[0.0], [1.0], [2.0]]]
    """
    what = "perspective_transform"
    h, w, _ = axes_of(images, data_format, what)
    _checked(what, "interpolation", interpolation, tuple(ORDERS))
    first, second = shape_of(start_points), shape_of(end_points)
    for name, points in (("start_points", first), ("end_points", second)):
        if len(points) not in (2, 3) or tuple(points[-2:]) != (4, 2):
            raise ShapeError(
                f"{what}: {name} must be (4, 2) or (batch, 4, 2), got {unprobe(points)}."
            )
    if len(first) != len(second):
        raise ShapeError(
            f"{what}: start_points and end_points must have the same shape, got {unprobe(first)} "
            f"and {unprobe(second)}."
        )
    if _abstract(images, start_points, end_points):
        return Spec(shape_of(images), dtype_of(images))
    t = homography(_places(start_points), _places(end_points))
    x, y = _grid(shape_of(images)[h], shape_of(images)[w], dtype_of(t))
    parts = [reshape(v, (-1, 1, 1)) for v in _columns(t)]
    below = _plane(parts[6], parts[7], 1.0, x, y)
    places = [
        math.divide(_plane(parts[i], parts[i + 1], parts[i + 2], x, y), below) for i in (3, 0)
    ]
    return sample_images(what, images, places, interpolation, "constant", fill_value, data_format)


def _columns(x: Any) -> list[Any]:
    """The slices along the last axis."""
    return [get_item(x, (..., i)) for i in range(shape_of(x)[-1])]


def homography(start: Any, end: Any) -> Any:
    """Eight numbers a..h, (batch, 8), such that ((ax + by + c)/k, (dx + ey + f)/k) with
    k = gx + hy + 1 is a point of `start` for the point (x, y) of `end`: a linear equation each for x
    and y of the four points.
    """
    start, end = (reshape(v, (-1, 4, 2)) for v in (start, end))
    (u, v), (x, y) = _columns(start), _columns(end)
    none, one = zeros_like(x), ones_like(x)
    rows = []
    for to, terms in ((u, [x, y, one, none, none, none]), (v, [none, none, none, x, y, one])):
        lost = math.negative(to)
        rows.append(stack([*terms, math.multiply(lost, x), math.multiply(lost, y)], -1))
    right = expand_dims(concatenate([u, v], -1), -1)
    return squeeze(solve(concatenate(rows, 1), right), -1)


@op
def elastic_transform(
    images: Tensor,
    alpha: Any = 20.0,
    sigma: Any = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: Any = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Tensor:
    """Images distorted as if printed on rubber (Simard, Steinkraus and Platt, 2003).

    Each pixel is moved along both axes by random numbers of the normal distribution times `sigma`,
    smoothed by a Gaussian of that deviation, times `alpha`. For `interpolation` and `fill_mode` see
    `affine_transform`.

    >>> import numpy as np
    >>> tuple(elastic_transform(np.ones((8, 9, 3), "float32"), seed=1).shape)
    (8, 9, 3)
    """
    what = "elastic_transform"
    h, w, _ = axes_of(images, data_format, what)
    _checked(what, "interpolation", interpolation, tuple(ORDERS))
    _checked(what, "fill_mode", fill_mode, FILL_MODES)
    shape = shape_of(images)
    if _abstract(images):
        return Spec(shape, dtype_of(images))
    count, height, width = shape[0] if len(shape) == 4 else 1, shape[h], shape[w]
    size = int(6 * float(sigma)) | 1
    noise = normal((2 * count, height, width, 1), dtype="float32", seed=seed)
    moves = gaussian_blur(
        math.multiply(noise, sigma), (size, size), (sigma, sigma), "channels_last"
    )
    moves = math.multiply(reshape(moves, (2, count, height, width)), math.cast(alpha, "float32"))
    x, y = _grid(height, width, "float32")
    places = [math.add(y, get_item(moves, 0)), math.add(x, get_item(moves, 1))]
    return sample_images(what, images, places, interpolation, fill_mode, fill_value, data_format)


# --- scaling ------------------------------------------------------------------------------------

_METHODS = {
    **dict.fromkeys(("linear", "bilinear", "trilinear"), "bilinear"),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), "bicubic"),
    **{name: name for name in ("lanczos3", "lanczos5")},
}


@op
def scale_and_translate(
    images: Tensor,
    output_shape: Any,
    scale: Tensor,
    translation: Tensor,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Tensor:
    """A tensor scaled and shifted along some axes: place p goes to ``p * scale + translation``.

    `scale` and `translation` have a number for each axis in `spatial_dims`; the centre of the first
    pixel is at 0.5. `output_shape` is that of the whole result, zero where nothing comes to lie.
    `method` is ``linear``, ``cubic`` (Keys, 1981), ``lanczos3`` or ``lanczos5``; with `antialias` the
    filter widens where an axis shrinks.

    >>> scale_and_translate([1.0, 2.0, 3.0], (3,), [1.0], [1.0], (0,), "linear").tolist()
    [0.0, 1.0, 2.0]
    """
    _checked("scale_and_translate", "method", method, tuple(_METHODS))
    old, new, kind = shape_of(images), as_sizes(output_shape), dtypes.to_float(dtype_of(images))
    if len(old) != len(new):
        raise ShapeError(
            f"scale_and_translate: output_shape {unprobe(new)} has not the {len(old)} axes of images "
            f"{unprobe(old)}."
        )
    axes = [normalize_axis(int(a), len(old), "spatial_dims") for a in spatial_dims]
    for name, numbers in (("scale", scale), ("translation", translation)):
        if tuple(shape_of(numbers)) != (len(axes),):
            raise ShapeError(
                f"scale_and_translate: {name} needs a number for each of the {len(axes)} "
                f"spatial_dims, got the shape {unprobe(shape_of(numbers))}."
            )
    if _abstract(images, scale, translation):
        return Spec(new, kind)
    x = math.cast(images, kind)
    factors, shifts = _places(scale), _places(translation)
    for k, axis in enumerate(axes):
        shares = _shares(
            old[axis], new[axis], get_item(factors, k), get_item(shifts, k), method, antialias
        )
        x = moveaxis(tensordot(x, math.cast(shares, kind), ([axis], [0])), -1, axis)
    return x


def _shares(old: int, new: int, scale: Any, shift: Any, method: str, antialias: bool) -> Any:
    """Shares (old, new) of old pixels in new ones, which sum to 1 for each of these, or are 0."""
    kind = dtype_of(scale)
    step = math.reciprocal(scale)
    ends = math.add(arange(new, dtype=kind), 0.5)
    centres = math.subtract(math.multiply(math.subtract(ends, shift), step), 0.5)
    pixels = reshape(arange(old, dtype=kind), (old, 1))
    distance = math.absolute(math.subtract(centres, pixels))
    if antialias:
        distance = math.divide(distance, math.maximum(step, 1.0))
    weights = FILTERS[_METHODS[method]](distance, math)
    total = reduce.sum(weights, 0, keepdims=True)
    # Below this a sum is what rounding left over.
    fits = math.greater(math.absolute(total), 1000 * 2.0**-23)
    weights = math.where(fits, math.divide(weights, math.where(fits, total, 1)), 0)
    inside = math.logical_and(
        math.greater_equal(centres, -0.5), math.less_equal(centres, old - 0.5)
    )
    return math.where(inside, weights, 0)
