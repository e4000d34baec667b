"""Convolutions and pooling against loops in NumPy, over formats, paddings, strides and dilations."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest

from kerata import ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor, Spec
from ops.check import Case, case, check, every

rng = np.random.RandomState(0)


def several(v, rank):
    return (v,) * rank if isinstance(v, int) else tuple(v)


def last(x, data_format):
    return np.moveaxis(x, 1, -1) if data_format == "channels_first" else x


def back(x, data_format):
    return np.moveaxis(x, -1, 1) if data_format == "channels_first" else x


def windows(x, window, strides, padding, dilation, fill=0.0):
    """All windows: (batch, *places, *window, channels)."""
    rank = len(window)
    strides, dilation = several(strides, rank), several(dilation, rank)
    spans = [(k - 1) * d + 1 for k, d in zip(window, dilation)]
    pads = [(0, 0)]
    for n, span, s in zip(x.shape[1:-1], spans, strides):
        if padding == "same":
            total = max((-(-n // s) - 1) * s + span - n, 0)
            pads.append((total // 2, total - total // 2))
        else:
            pads.append((span - 1, 0) if padding == "causal" else (0, 0))
    x = np.pad(x, [*pads, (0, 0)], constant_values=fill)
    places = [range(0, n - span + 1, s) for n, span, s in zip(x.shape[1:-1], spans, strides)]
    out = np.empty((x.shape[0], *map(len, places), *window, x.shape[-1]), x.dtype)
    for index in itertools.product(*(range(len(p)) for p in places)):
        starts = [p[i] for p, i in zip(places, index)]
        block = tuple(slice(a, a + span, d) for a, span, d in zip(starts, spans, dilation))
        out[(slice(None), *index)] = x[(slice(None), *block)]
    return out


def conv(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    x = last(x, data_format)
    rank, groups = kernel.ndim - 2, x.shape[-1] // kernel.shape[-2]
    w = windows(x, kernel.shape[:-2], strides, padding, dilation_rate)
    axes = list(range(rank + 1, 2 * rank + 2))
    parts = [
        np.tensordot(a, b, (axes, list(range(rank + 1))))
        for a, b in zip(np.split(w, groups, -1), np.split(kernel, groups, -1))
    ]
    return back(np.concatenate(parts, -1), data_format)


def depthwise(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    x = last(x, data_format)
    rank = kernel.ndim - 2
    w = windows(x, kernel.shape[:-2], strides, padding, dilation_rate)
    letters = "hwd"[:rank]
    out = np.einsum(f"b...{letters}c,{letters}cm->b...cm", w, kernel)
    return back(out.reshape(*out.shape[:-2], -1), data_format)


def separable(x, depth, point, strides=1, padding="valid", data_format=None, dilation_rate=1):
    x = depthwise(x, depth, strides, padding, data_format, dilation_rate)
    return conv(x, point, 1, "valid", data_format)


def transposed(
    x, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1
):
    """Every input element adds its kernel to the output; then as much is cut off as padding says."""
    x = last(x, data_format)
    rank = kernel.ndim - 2
    s, d = several(strides, rank), several(dilation_rate, rank)
    extra = (None,) * rank if output_padding is None else several(output_padding, rank)
    spans = [(k - 1) * r + 1 for k, r in zip(kernel.shape, d)]
    full = [(n - 1) * a + span for n, a, span in zip(x.shape[1:-1], s, spans)]
    out = np.zeros((x.shape[0], *full, kernel.shape[-2]), x.dtype)
    for place in itertools.product(*(range(n) for n in x.shape[1:-1])):
        block = tuple(slice(p * a, p * a + span, r) for p, a, span, r in zip(place, s, spans, d))
        out[(slice(None), *block)] += np.einsum("bc,...fc->b...f", x[(slice(None), *place)], kernel)
    for axis, (n, a, span, e) in enumerate(zip(x.shape[1:-1], s, spans, extra), start=1):
        if padding == "valid":
            before, size = 0, (n - 1) * a + span + (max(a - span, 0) if e is None else e)
        elif e is None:
            before, size = span - 1 - min(-(-(a + span - 2) // 2), span - 1), n * a
        else:
            size = (n - 1) * a + span % 2 + e
            before = span - 1 - min(-(-(span + span % 2 - 2 + e) // 2), span - 1)
        lacking = max(before + size - out.shape[axis], 0)
        out = np.pad(out, [(0, lacking if i == axis else 0) for i in range(out.ndim)])
        out = np.take(out, range(before, before + size), axis)
    return back(out, data_format)


def max_pool(x, pool_size, strides=None, padding="valid", data_format=None):
    return pool(np.nanmax, x, pool_size, strides, padding, data_format)


def average_pool(x, pool_size, strides=None, padding="valid", data_format=None):
    return pool(np.nanmean, x, pool_size, strides, padding, data_format)


def pool(combine, x, size, strides, padding, data_format):
    x = last(x, data_format).astype("float64")
    rank = x.ndim - 2
    size = several(size, rank)
    w = windows(x, size, size if strides is None else strides, padding, 1, np.nan)
    return back(combine(w, tuple(range(rank + 1, 2 * rank + 1))), data_format)


def image(rank, channels, data_format="channels_last", size=(7, 6, 5)):
    x = rng.randn(2, *size[:rank], channels)
    return back(x, data_format).astype("float32")


def weights(*shape):
    return rng.randn(*shape).astype("float32")


# A kernel is a weight: of known shape, while the inputs' first axis may be unknown.
layer = functools.partial(case, tol=1e-4, unknown=1)
FORMATS, PADDINGS = ("channels_last", "channels_first"), ("valid", "same")
STEPS = [(1, 1), (2, 1), (1, 2)]
CASES = []
for rank, f, p, (s, d) in itertools.product((1, 2, 3), FORMATS, PADDINGS, STEPS):
    if rank == 3 and (f == "channels_first" or s + d == 2):
        continue
    window = (3, 2, 2)[:rank]
    CASES.append(
        layer(
            "conv", image(rank, 4, f), weights(*window, 4, 2), s, p, f, d, ref=conv, grad=rank < 3
        )
    )
    if rank < 3:
        CASES.append(
            layer(
                "conv", image(rank, 4, f), weights(*window, 2, 6), s, p, f, d, ref=conv, grad=False
            )
        )
        CASES.append(
            layer(
                "depthwise_conv",
                image(rank, 3, f),
                weights(*window, 3, 2),
                s,
                p,
                f,
                d,
                ref=depthwise,
            )
        )
    CASES.append(
        layer(
            "conv_transpose",
            image(rank, 3, f, (4, 3, 3)),
            weights(*window, 2, 3),
            s,
            p,
            None,
            f,
            d,
            ref=transposed,
            grad=rank == 1,
        )
    )
    if d == 1:
        grad = rank == 2 and f == "channels_last"
        CASES.append(case("max_pool", image(rank, 2, f), window, s, p, f, ref=max_pool, grad=grad))
        CASES.append(
            case("average_pool", image(rank, 2, f), window, s, p, f, ref=average_pool, grad=grad)
        )
CASES += [
    layer("conv", image(1, 3), weights(3, 3, 2), 1, "causal", ref=conv),
    layer("conv", image(1, 3), weights(3, 3, 2), 1, "causal", None, 2, ref=conv),
    layer("conv", image(2, 3), weights(3, 2, 3, 2), (2, 3), "same", ref=conv),
    layer("conv", image(2, 4), weights(3, 3, 1, 4), 1, "same", ref=conv),
    layer("separable_conv", image(2, 3), weights(3, 3, 3, 2), weights(1, 1, 6, 4), 2, "same", ref=separable),
    layer("separable_conv", image(1, 3), weights(3, 3, 1), weights(1, 3, 4), ref=separable),
    layer("conv_transpose", image(1, 3), weights(3, 2, 3), 2, "same", 1, ref=transposed),
    layer("conv_transpose", image(1, 3), weights(4, 2, 3), 3, "same", 0, ref=transposed),
    layer("conv_transpose", image(1, 3), weights(4, 2, 3), 3, "same", 2, ref=transposed),
    layer("conv_transpose", image(1, 3), weights(2, 2, 3), 3, "valid", 2, ref=transposed),
    layer("conv_transpose", image(1, 3), weights(2, 2, 3), 3, "valid", ref=transposed),
    layer("conv_transpose", image(2, 3), weights(5, 4, 2, 3), (2, 3), "same", ref=transposed),
    case("max_pool", image(2, 2), 2, ref=max_pool),
    case("average_pool", image(2, 2), 3, (2, 1), "same", ref=average_pool),
    case("max_pool", np.arange(16, dtype="int32").reshape(1, 4, 4, 1), 2, ref=max_pool),
    case("average_pool", np.arange(16, dtype="int32").reshape(1, 4, 4, 1), 2, ref=average_pool),
    case("adaptive_average_pool", image(2, 2), (3, 4)),
    case("adaptive_max_pool", image(1, 2), 3),
    case("space_to_depth", image(2, 3, size=(4, 6)), 2),
    case("depth_to_space", image(2, 8, "channels_first"), 2, "channels_first"),
    case("unfold", image(2, 2, "channels_first"), (2, 3), 1, 1, 2),
    case("fold", weights(1, 12, 9), (6, 7), (2, 3), 1, 0, 2, unknown=False),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


def test_space_to_depth_and_back() -> None:
    x = image(2, 3, size=(4, 6))
    y = ops.space_to_depth(x, 2)
    assert y.shape == (2, 2, 3, 12)
    np.testing.assert_array_equal(np.asarray(y)[0, 0, 0, :3], x[0, 0, 0])
    np.testing.assert_array_equal(ops.depth_to_space(y, 2), x)


def test_fold_is_unfold_transposed() -> None:
    x, y = image(2, 2, "channels_first"), weights(2, 12, 12)
    columns = ops.unfold(x, (2, 3), 1, 1, 2)
    assert columns.shape == y.shape
    again = ops.fold(y, (7, 6), (2, 3), 1, 1, 2)
    assert float(ops.vdot(columns, y)) == pytest.approx(float(ops.vdot(x, again)), rel=1e-4)


def test_adaptive_windows() -> None:
    x = np.arange(5, dtype="float32").reshape(1, 5, 1)
    assert ops.adaptive_average_pool(x, 3)[0, :, 0].tolist() == [0.5, 2.0, 3.5]
    assert ops.adaptive_max_pool(x, 3)[0, :, 0].tolist() == [1.0, 3.0, 4.0]


UNKNOWN = [
    (lambda x: ops.conv(x, weights(3, 3, 3, 8)), (None, None, 28, 3), (None, None, 26, 8)),
    (
        lambda x: ops.conv(x, weights(3, 3, 3, 8), 2, "same"),
        (None, None, None, 3),
        (None, None, None, 8),
    ),
    (lambda x: ops.conv(x, weights(3, 3, 8), 1, "causal"), (None, None, 3), (None, None, 8)),
    (lambda x: ops.max_pool(x, 2), (None, None, 28, 3), (None, None, 14, 3)),
    (
        lambda x: ops.conv_transpose(x, weights(3, 3, 8, 3), 2, "same"),
        (None, 7, None, 3),
        (None, 14, None, 8),
    ),
]


@pytest.mark.parametrize(("fn", "shape", "want"), UNKNOWN)
def test_unknown_axes(fn, shape, want) -> None:
    assert fn(KerasTensor(shape)).shape == want


def test_a_network_that_halves_and_doubles_an_unknown_size_fits_together() -> None:
    x = KerasTensor((None, None, None, 4))
    small = ops.max_pool(ops.conv(x, weights(3, 3, 4, 4), padding="same"), 2)
    large = ops.conv_transpose(small, weights(2, 2, 4, 4), 2, "same")
    assert ops.concatenate([x, large], -1).shape == (None, None, None, 8)


ERRORS = [
    (lambda: ops.conv(image(2, 3), weights(3, 3, 5, 2)), "3 input channels"),
    (lambda: ops.conv(image(1, 3), weights(3, 3, 3, 2)), "needs inputs of 4 axes"),
    (lambda: ops.conv(image(2, 3), weights(9, 9, 3, 2)), "larger than the input"),
    (lambda: ops.max_pool(image(2, 3), 9), "larger than the input"),
    (
        lambda: ops.conv(image(2, 3), weights(3, 3, 3, 2), 2, dilation_rate=2),
        "cannot both be above 1",
    ),
    (lambda: ops.max_pool(image(2, 3), (2, 2, 2)), "pool_size must be"),
    (lambda: ops.depthwise_conv(Spec((1, 4, 4, 3)), weights(2, 2, 4, 1)), "sizes 3 and 4"),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises(ShapeError, match=message):
        fn()


def test_unknown_padding() -> None:
    with pytest.raises(ValueError, match="padding must be one of"):
        ops.conv(image(2, 3), weights(3, 3, 3, 2), padding="full")
