"""The promotion rule against JAX's, over all pairs; names; policies."""

from __future__ import annotations

import itertools
import subprocess
import sys

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from kerata import config, dtypes
from kerata.spec import Spec

NARROW = [
    "bool", "uint8", "uint16", "uint32", "int8", "int16", "int32", "bfloat16", "float16", "float32", "complex64",
]  # fmt: skip
SCALARS = [True, 2, 0.5, 1j]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(NARROW, NARROW)))
def test_pair(a, b) -> None:
    assert dtypes.result_type(a, b) == str(jnp.promote_types(a, b))
    assert dtypes.result_type(
        Spec((2,), a), np.zeros(1, b if b != "bfloat16" else ml_dtypes.bfloat16)
    ) == (dtypes.result_type(a, b))


@pytest.mark.parametrize("a", NARROW)
def test_python_numbers_adapt(a) -> None:
    for s in SCALARS:
        assert dtypes.result_type(a, s) == str(jnp.result_type(jnp.zeros((), a), s))
        assert dtypes.result_type(s, a) == dtypes.result_type(a, s)


def test_wide_pairs() -> None:
    code = f"""
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
from kerata import config, dtypes
config.enable_wide()
names = {[*NARROW, "int64", "uint64", "float64", "complex128"]}
for a in names:
    for b in names:
        # With uint64 no signed integer fits: JAX's default float is float64 here, Kerata's floatx().
        signed = {{"uint64"}} < {{a, b}} and {{a, b}} & {{"int8", "int16", "int32", "int64"}}
        want = "float32" if signed else str(jnp.promote_types(a, b))
        assert dtypes.result_type(a, b) == want, (a, b)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_three_at_once() -> None:
    for a, b, c in itertools.product(NARROW[::2], NARROW[1::3], SCALARS):
        assert dtypes.result_type(a, b, c) == str(
            jnp.result_type(jnp.zeros((), a), jnp.zeros((), b), c)
        )


def test_float8_needs_a_cast() -> None:
    assert dtypes.result_type("float8_e4m3fn", 1.0) == "float8_e4m3fn"
    with pytest.raises(ValueError, match="cast"):
        dtypes.result_type("float8_e4m3fn", "float16")


NAMES = [
    ("float32", "float32"), (np.float32, "float32"), (np.dtype("int8"), "int8"), (float, "float32"), (int, "int32"),
    (bool, "bool"), (np.bool_, "bool"), (jnp.bfloat16, "bfloat16"), (jnp.zeros(1).dtype, "float32"), ("half", "float16"),
    ("double", "float32"), ("int64", "int32"), ("uint64", "uint32"), (None, "float32"), (np.dtype("U3"), "string"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "name"), NAMES)
def test_name(given, name) -> None:
    assert dtypes.standardize(given) == name


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match="Unknown dtype"):
        dtypes.standardize("float31")


def test_to_float_follows_floatx() -> None:
    assert (dtypes.to_float("int32"), dtypes.to_float("float16"), dtypes.to_float("bool")) == (
        "float32",
        "float16",
        "float32",
    )
    config.set_floatx("bfloat16")
    try:
        assert dtypes.to_float("int32") == "bfloat16"
        assert dtypes.result_type(1.0) == "bfloat16"
    finally:
        config.set_floatx("float32")


def test_sizes() -> None:
    assert [
        dtypes.size(d) for d in ("bool", "int8", "bfloat16", "float32", "complex64", "float8_e5m2")
    ] == [1, 1, 2, 4, 8, 1]
