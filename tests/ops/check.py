"""One case of an op, checked in every way: value, inferred Spec, unknown axes, compiled, gradient, body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerata import dtypes, ops, tree
from kerata.ops._define import Op
from kerata.spec import KerasTensor, Spec
from support import array, grad, jit


class Case:
    """A call of an op and what to hold against it.

    `ref` is a NumPy function of the same arguments; `grad` asks for the gradient's check; `unknown`
    says whether the op must also infer shapes where first axes are unknown: of all arrays, or of as
    many as the number given.
    """

    def __init__(
        self, op: str, args: tuple, kwargs: dict, ref: Any, grad: bool, tol: float, unknown: int
    ):
        self.op, self.args, self.kwargs = op, args, kwargs
        self.ref, self.grad, self.tol, self.unknown = ref, grad, tol, unknown

    def __repr__(self) -> str:
        def short(v: Any) -> str:
            if isinstance(v, np.ndarray):
                return f"{v.dtype}{list(v.shape)}".replace(" ", "")
            return str(v).replace(" ", "").replace("\n", "")[:30]

        parts = [short(a) for a in self.args] + [f"{k}={short(v)}" for k, v in self.kwargs.items()]
        return f"{self.op}({','.join(parts)})"


def case(
    op: str,
    *args: Any,
    ref: Any = None,
    grad: bool = True,
    tol: float = 1e-5,
    unknown: int = True,
    **kwargs: Any,
) -> Case:
    """A `Case`; further keywords go to the op."""
    return Case(op, args, kwargs, ref, grad, tol, unknown)


def every(cases: list[Case]) -> Any:
    """Parametrize a test by cases."""
    return pytest.mark.parametrize("case", cases, ids=repr)


def is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray)


def leaves(x: Any) -> list[Any]:
    """Tensors of a result, which may be nested."""
    return [v for v in tree.flatten(x) if v is not None]


def arrays(c: Case) -> list[np.ndarray]:
    """The arrays among the arguments, in order."""
    return [x for x in tree.flatten((list(c.args), c.kwargs)) if is_array(x)]


def replaced(c: Case, values: list[Any]) -> tuple[list, dict]:
    """The arguments with other things in the place of the arrays."""
    rest = iter(values)
    return tree.map_structure(lambda x: next(rest) if is_array(x) else x, (list(c.args), c.kwargs))


def call(c: Case, values: list[Any], fn: Callable | None = None) -> Any:
    args, kwargs = replaced(c, values)
    return (fn or found(c.op))(*args, **kwargs)


def found(name: str) -> Any:
    """An op by its dotted name in `kerata.ops`."""
    target: Any = ops
    for part in name.split("."):
        target = getattr(target, part)
    return target


def check(c: Case) -> None:
    """All checks of a case."""
    given = arrays(c)
    out = call(c, given)
    check_value(c, given, out)
    check_spec(c, given, out)
    if c.unknown and given:
        check_unknown(c, given, out)
    check_compiled(c, given, out)
    check_body(c, given, out)
    if c.grad and any(x.dtype.kind == "f" for x in given):
        check_gradient(c, given)


def close(got: Any, want: Any, tol: float, what: str) -> None:
    got, want = array(got), array(want)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, expected {want.shape}"
    if got.dtype.kind in "bui" and want.dtype.kind in "bui":
        np.testing.assert_array_equal(got, want, what)
    else:
        wide = np.complex128 if "c" in got.dtype.kind + want.dtype.kind else np.float64
        np.testing.assert_allclose(
            got.astype(wide), want.astype(wide), rtol=tol, atol=tol, err_msg=what
        )


def is_float(x: Any) -> bool:
    return dtypes.is_float(dtypes._name_of(x.dtype))


def wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def check_value(c: Case, given: list, out: Any) -> None:
    if c.ref is None:
        return
    want = call(c, [wide(x) for x in given], c.ref)
    want = [want] if is_array(want) or np.isscalar(want) else list(want)
    got = leaves(out)
    assert len(got) == len(want), f"{len(got)} results, expected {len(want)}"
    for g, w in zip(got, want):
        close(g, w, c.tol, "value against NumPy")


def specs_of(given: list) -> list[Spec]:
    return [Spec(x.shape, x.dtype) for x in given]


def check_spec(c: Case, given: list, out: Any) -> None:
    if not given:
        return
    for s, o in zip(leaves(call(c, specs_of(given))), leaves(out), strict=True):
        assert isinstance(s, Spec), f"inference gave {type(s)}"
        assert s.shape == tuple(o.shape), f"inferred shape {s.shape}, actual {o.shape}"
        assert s.dtype == dtypes.standardize(o.dtype), f"inferred dtype {s.dtype}, actual {o.dtype}"


def check_unknown(c: Case, given: list, out: Any) -> None:
    count = len(given) if c.unknown is True else c.unknown

    def symbol(i: int, x: np.ndarray) -> KerasTensor:
        first = (None,) if x.ndim > 1 and i < count else x.shape[:1]
        return KerasTensor((*first, *x.shape[1:]), x.dtype)

    symbols = [symbol(i, x) for i, x in enumerate(given)]
    for s, o in zip(leaves(call(c, symbols)), leaves(out), strict=True):
        assert len(s.shape) == len(o.shape), f"with unknown axes {s.shape}, actual {o.shape}"
        fits = all(a is None or a == b for a, b in zip(s.shape, o.shape))
        assert fits, f"with unknown axes {s.shape}, actual {o.shape}"
        assert s.dtype == dtypes.standardize(o.dtype)


def check_compiled(c: Case, given: list, out: Any) -> None:
    if not given:
        return
    compiled = jit(lambda *values: call(c, list(values)))(*given)
    for g, w in zip(leaves(compiled), leaves(out), strict=True):
        assert g.dtype == w.dtype, f"compiled dtype {g.dtype}, eager {w.dtype}"
        close(g, w, max(c.tol, 2e-6), "compiled against eager")


def check_body(c: Case, given: list, out: Any) -> None:
    op = found(c.op)
    if not isinstance(op, Op) or op.primitive or op.resolve() is op.body:
        return
    tensors = [ops.convert_to_tensor(x) for x in given]
    for g, w in zip(leaves(call(c, tensors, op.body)), leaves(out), strict=True):
        assert g.dtype == w.dtype, f"dtype of the body {g.dtype}, of the override {w.dtype}"
        close(g, w, max(c.tol, 1e-5), "body against the engine's own")


def check_gradient(c: Case, given: list) -> None:
    """The derivative along a random direction, against a difference of the reference (in float64)."""
    rng = np.random.RandomState(1)
    floats = [i for i, x in enumerate(given) if x.dtype.kind == "f"]
    ways = {i: rng.randn(*given[i].shape) for i in floats}
    weights: list[np.ndarray] = []

    def total(values: list, fn: Callable | None) -> Any:
        out = call(c, values, fn)
        out = [out] if hasattr(out, "shape") and not isinstance(out, tuple) else leaves(out)
        out = [o for o in out if is_float(o)]
        if not weights:
            weights.extend(np.asarray(rng.randn(*o.shape)) for o in out)
        if fn is not None and fn is c.ref:
            return sum(((o * w.astype(o.dtype)).sum() for o, w in zip(out, weights)), start=0.0)
        parts = [
            ops.sum(ops.multiply(o, ops.cast(w, dtypes.standardize(o.dtype))))
            for o, w in zip(out, weights)
        ]
        return sum(ops.cast(p, "float32") for p in parts)

    def moved(h: Any, kind: Any) -> list:
        return [x + (h * ways[i]).astype(kind) if i in ways else x for i, x in enumerate(given)]

    exact = c.ref is not None
    h, kind = (1e-6, np.float64) if exact else (1e-2, np.float32)
    start = [ops.convert_to_tensor(x) for x in given]

    def along(t: Any) -> Any:
        return total(
            [
                ops.add(
                    x,
                    ops.cast(
                        ops.multiply(t, ways[i].astype("float32")), dtypes.standardize(x.dtype)
                    ),
                )
                if i in ways
                else x
                for i, x in enumerate(start)
            ],
            None,
        )

    gradient = jit(grad(along))(np.float32(0))
    high, low = (
        total([wide(v) if exact else v for v in moved(s, kind)], c.ref or found(c.op))
        for s in (h, -h)
    )
    numeric = (float(high) - float(low)) / (2 * h)
    tolerance = max(c.tol * 30, 3e-4 if exact else 2e-2)
    np.testing.assert_allclose(
        float(gradient),
        numeric,
        rtol=tolerance,
        atol=tolerance,
        err_msg="derivative along a direction",
    )
