"""Rows of a table by their numbers (an embedding), as a JAX primitive whose transpose adds rows up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.interpreters import ad, batching

from .primitive import primitive, shape_of


def take(table: Any, ids: Any) -> Any:
    """Rows of `table` (rows, width) for `ids` of any shape, as `jax.numpy.take` along axis 0.

    Numbers below 0 count from the end; where there is no such row the result is NaN.
    """
    return _rows.bind(table, ids, absent=float("nan"))


def pick(table: Any, rows: Any) -> Any:
    """Rows of a tensor of any dtype and rank, whose numbers (a vector) are known to be in range.

    Data that is no one's derivative: there is none of this.
    """
    return _picked.bind(table, rows)


def _reference_picked(table: Any, rows: Any) -> Any:
    return table.at[rows].get(mode="promise_in_bounds")


def _shape_picked(table: Any, rows: Any) -> Any:
    return jax.core.ShapedArray((*rows.shape, *table.shape[1:]), table.dtype)


def _lower_picked(ctx: Any, table: Any, rows: Any) -> Any:
    return jax.ffi.ffi_lowering("kerata_rows_picked")(ctx, table, rows)


def _reference(table: Any, ids: Any, *, absent: float) -> Any:
    return table.at[ids].get(mode="fill", fill_value=absent)


def _reference_added(values: Any, ids: Any, *, rows: int) -> Any:
    table = jnp.zeros((rows, values.shape[-1]), values.dtype)
    return table.at[ids].add(values, mode="drop")


def _shape(table: Any, ids: Any, *, absent: float) -> Any:
    return jax.core.ShapedArray((*ids.shape, table.shape[1]), table.dtype)


def _shape_added(values: Any, ids: Any, *, rows: int) -> Any:
    return jax.core.ShapedArray((rows, values.shape[-1]), values.dtype)


def _lower(ctx: Any, table: Any, ids: Any, *, absent: float) -> Any:
    return jax.ffi.ffi_lowering("kerata_rows")(ctx, table, ids, absent=np.float32(absent))


def _lower_added(ctx: Any, values: Any, ids: Any, *, rows: int) -> Any:
    return jax.ffi.ffi_lowering("kerata_rows_added")(ctx, values, ids)


_rows = primitive("kerata_rows", _reference, _shape, _lower, ("absent",))
_picked = primitive("kerata_rows_picked", _reference_picked, _shape_picked, _lower_picked)
_added = primitive("kerata_rows_added", _reference_added, _shape_added, _lower_added, ("rows",))

# A row that is not there moves nothing.
ad.defjvp(_rows, lambda dt, table, ids, *, absent: _rows.bind(dt, ids, absent=0.0), None)
ad.defjvp(_added, lambda dv, values, ids, *, rows: _added.bind(dv, ids, rows=rows), None)
ad.primitive_transposes[_rows] = lambda ct, table, ids, *, absent: [
    _added.bind(ct, ids, rows=shape_of(table)[0]),
    None,
]
ad.primitive_transposes[_added] = lambda ct, values, ids, *, rows: [
    _rows.bind(ct, ids, absent=0.0),
    None,
]


def _mapped(args: Sequence, dims: Sequence, *, absent: float) -> Any:
    table, ids = args
    if dims[0] is None:
        return _rows.bind(table, jnp.moveaxis(ids, dims[1], 0), absent=absent), 0
    return jax.vmap(partial(_reference, absent=absent), dims)(table, ids), 0


def _mapped_added(args: Sequence, dims: Sequence, *, rows: int) -> Any:
    return jax.vmap(partial(_reference_added, rows=rows), dims)(*args), 0


batching.primitive_batchers[_rows] = _mapped
batching.primitive_batchers[_added] = _mapped_added
