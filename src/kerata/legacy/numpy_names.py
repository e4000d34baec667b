"""Names that NumPy had when programs of Keras 1 and 2 were written, and has no longer."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

# old=new, both of NumPy.
_RENAMED = """
    float_=float64 complex_=complex128 string_=bytes_ unicode_=str_ bool8=bool_ int0=intp uint0=uintp
    longfloat=longdouble singlecomplex=complex64 cfloat=complex128 clongfloat=clongdouble
    Inf=inf Infinity=inf infty=inf PINF=inf NaN=nan NAN=nan
    product=prod cumproduct=cumprod sometrue=any alltrue=all round_=round row_stack=vstack trapz=trapezoid
    mat=asmatrix
"""


def _in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    return np.isin(np.asarray(ar1).ravel(), ar2, assume_unique=assume_unique, invert=invert)


_OWN: dict[str, Any] = {
    "int": int, "float": float, "bool": bool, "complex": complex, "object": object, "str": str,
    "long": int, "unicode": str, "object0": np.object_, "NINF": -np.inf, "warnings": warnings,
    "asscalar": lambda a: np.asarray(a).item(), "alen": lambda a: len(np.atleast_1d(a)),
    "asfarray": lambda a, dtype=np.float64: np.asarray(a, dtype=dtype), "msort": lambda a: np.sort(a, axis=0),
    "in1d": _in1d,
}  # fmt: skip


def missing() -> dict[str, Any]:
    """The names that this NumPy has not, with what they stand for.

    >>> found = missing()
    >>> found.get("float", float) is float, "array" in found
    (True, False)
    """
    known = set(dir(np))
    pairs = (pair.partition("=") for pair in _RENAMED.split())
    table = {old: getattr(np, new) for old, _, new in pairs if new in known}
    return {name: value for name, value in {**table, **_OWN}.items() if name not in known}


@contextlib.contextmanager
def given_back() -> Iterator[None]:
    """A context in which NumPy has these names again.

    >>> with given_back():
    ...     np.asscalar(np.ones(1))
    1.0
    """
    names = missing()
    for name, value in names.items():
        setattr(np, name, value)
    try:
        yield
    finally:
        for name in names:
            np.__dict__.pop(name, None)
