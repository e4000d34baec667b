"""Cross-entropies against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from kerata import ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor, Spec
from ops.check import Case, case, check, every
from support import grad

rng = np.random.RandomState(0)
P = rng.uniform(0.05, 0.95, (3, 4)).astype("float32")
Z = (rng.randn(3, 4) * 3).astype("float32")
Y = (rng.rand(3, 4) > 0.5).astype("float32")
ONE = np.eye(4, dtype="float32")[[0, 2, 1]]
IDS = np.array([0, 2, 1], np.int32)
IMAGE = rng.uniform(0.05, 0.95, (2, 5, 3)).astype("float32")
IMAGE_IDS = rng.randint(0, 5, (2, 3)).astype("int32")


def bce(t, x, from_logits=False):
    if from_logits:
        return np.logaddexp(0, x) - x * t
    x = np.clip(x, 1e-7, 1 - 1e-7)
    return -(t * np.log(x) + (1 - t) * np.log(1 - x))


def cce(t, x, from_logits=False, axis=-1):
    logs = (
        scipy.special.log_softmax(x, axis)
        if from_logits
        else np.log(x / x.sum(axis, keepdims=True))
    )
    return -(t * logs).sum(axis)


def scce(t, x, from_logits=False, axis=-1):
    if t.ndim == x.ndim and t.shape[-1] == 1:
        t = t[..., 0]
    codes = np.moveaxis(np.eye(x.shape[axis])[t], -1, axis)
    return cce(codes, x, from_logits, axis)


CASES = [
    case("binary_crossentropy", Y, P, ref=bce),
    case("binary_crossentropy", Y, Z, True, ref=bce),
    case("binary_crossentropy", Y * 0.8 + 0.1, Z * 30, from_logits=True, ref=bce, grad=False),
    case("binary_crossentropy", Y.astype("int32"), P, ref=bce),
    case("categorical_crossentropy", ONE, P, ref=cce),
    case("categorical_crossentropy", ONE, Z, True, ref=cce),
    case("categorical_crossentropy", ONE, P, axis=0, ref=cce, unknown=False),
    case("sparse_categorical_crossentropy", IDS, P, ref=scce),
    case("sparse_categorical_crossentropy", IDS[:, None], Z, True, ref=scce),
    case("sparse_categorical_crossentropy", IMAGE_IDS, IMAGE, axis=1, ref=scce),
]


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
def test_certain_and_wrong_is_finite(name) -> None:
    out = getattr(ops, name)(np.array([[0.0, 1.0]], "float32"), np.array([[1.0, 0.0]], "float32"))
    assert np.isfinite(np.asarray(out)).all()
    assert np.asarray(out).max() == pytest.approx(16.118, abs=0.01)  # -log(1e-7)


def test_gradient_of_logits_stays_finite() -> None:
    z = np.array([[1e4, -1e4, 0.0]], np.float32)
    for name in ("binary_crossentropy", "categorical_crossentropy"):
        target = np.array([[0.0, 1.0, 0.0]], np.float32)
        g = grad(lambda x: ops.sum(getattr(ops, name)(target, x, from_logits=True)))(z)  # noqa: B023
        assert np.isfinite(np.asarray(g)).all()


ERRORS = [
    (lambda: ops.binary_crossentropy(Y, P[:, :2]), r"\(3, 4\) and \(3, 2\)"),
    (lambda: ops.categorical_crossentropy(IDS, P), "same shape"),
    (lambda: ops.sparse_categorical_crossentropy(ONE, P), "use categorical_crossentropy"),
    (lambda: ops.categorical_crossentropy(KerasTensor((None, 3)), Spec((5, 4))), r"\(None, 3\)"),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises(ShapeError, match=message):
        fn()
