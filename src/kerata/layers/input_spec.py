"""What a layer demands of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import dtypes, tree
from ..errors import DtypeError, ShapeError
from ..spec import probe, shape_of, unprobe


class InputSpec:
    """Demands on one input of a layer: rank, sizes of axes, dtype.

    Args:
        dtype: Name of the dtype demanded.
        shape: Full shape; ``None`` allows any size.
        ndim: Exact number of axes.
        max_ndim, min_ndim: Bounds of it.
        axes: Sizes of single axes, e.g. ``{-1: 64}``.
        allow_last_axis_squeeze: Whether a last axis of size 1 may be missing or too many.
        name: Key of the input in a dict of inputs.
        optional: Whether ``None`` may be given.

    >>> InputSpec(min_ndim=2, axes={-1: 64}).axes
    {-1: 64}
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else dtypes.standardize(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(k): v for k, v in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name, self.optional = name, optional

    def check(self, x: Any, where: str) -> None:
        """Raise an error that names layer, expectation and finding unless `x` fits."""
        if x is None and self.optional:
            return
        got = shape_of(x)
        shown = unprobe(got)
        rank = len(got)
        if self.ndim is not None and rank != self.ndim:
            if not self._squeezable(got):
                raise ShapeError(
                    f"{where} expects an input with {self.ndim} axes, got {rank}: shape {shown}."
                    f"{_rank_hint(self.ndim, rank)}"
                )
        if self.min_ndim is not None and rank < self.min_ndim:
            raise ShapeError(
                f"{where} expects an input with at least {self.min_ndim} axes, got {rank}: shape {shown}."
                f"{_rank_hint(self.min_ndim, rank)}"
            )
        if self.max_ndim is not None and rank > self.max_ndim:
            raise ShapeError(
                f"{where} expects at most {self.max_ndim} axes, got {rank}: shape {shown}."
            )
        for axis, size in self.axes.items():
            if size is None or not -rank <= axis < rank:
                continue
            if got[axis] not in (size, None, probe()):
                raise ShapeError(
                    f"{where} expects size {size} on axis {axis} of its input, got {got[axis]}: shape {shown}. "
                    "The layer was built for another input; check what is fed to it."
                )
        if self.shape is not None:
            for want, have in zip(self.shape, got):
                if want is not None and have not in (want, None, probe()):
                    raise ShapeError(
                        f"{where} expects an input of shape {self.shape}, got {shown}."
                    )
        if self.dtype is not None and dtypes.standardize(x.dtype) != self.dtype:
            raise DtypeError(
                f"{where} expects dtype {self.dtype}, got {dtypes.standardize(x.dtype)}."
            )

    def _squeezable(self, got: Sequence[int | None]) -> bool:
        if not self.allow_last_axis_squeeze or self.ndim is None:
            return False
        return (len(got) == self.ndim + 1 and got[-1] == 1) or (
            len(got) == self.ndim - 1 and bool(self.shape) and self.shape[-1] == 1  # type: ignore[index]
        )

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal specification."""
        return {
            "dtype": self.dtype, "shape": self.shape, "ndim": self.ndim,
            "max_ndim": self.max_ndim, "min_ndim": self.min_ndim, "axes": self.axes,
        }  # fmt: skip

    def __repr__(self) -> str:
        shown = {k: v for k, v in vars(self).items() if v not in (None, False, {})}
        return f"InputSpec({', '.join(f'{k}={v}' for k, v in shown.items())})"


def _rank_hint(want: int, got: int) -> str:
    if want == got + 1:
        return " An axis seems to be missing: a single sample needs a batch axis, x[None]; a grey image a channel axis, x[..., None]."
    if want < got:
        return " Flatten, reshape or pool the input first."
    return ""


def check_inputs(specs: Any, inputs: Any, where: str) -> None:
    """Check the inputs of a layer against its specification, or each against its own."""
    flat_specs = specs if isinstance(specs, (list, tuple)) else tree.flatten(specs)
    flat = tree.flatten(inputs)
    if isinstance(inputs, dict) and all(s.name for s in flat_specs):
        flat = [inputs.get(s.name) for s in flat_specs]
    if len(flat_specs) != len(flat):
        if len(flat_specs) == 1 and len(flat) > 1:
            raise ShapeError(f"{where} expects one input, got {len(flat)}.")
        raise ShapeError(f"{where} expects {len(flat_specs)} inputs, got {len(flat)}.")
    for s, x in zip(flat_specs, flat):
        if s is not None and (hasattr(x, "shape") or x is None):
            s.check(x, where)
