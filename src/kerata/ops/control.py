"""Control flow that can be compiled: conditions, loops, maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import tree
from ..engine import engine
from ..errors import ShapeError
from ..spec import Spec, normalize_axis, unprobe
from ._define import Tensor, closed_op, closed_primitive, dtype_of, shape_of
from .arrange import concatenate, flip, reshape, stack
from .index import get_item


def _specs(x: Any) -> Any:
    def spec(v: Any) -> Any:
        return v if isinstance(v, Spec) else Spec(shape_of(v), dtype_of(v))

    return tree.map_structure(lambda v: None if v is None else spec(v), x)


def _agree(what: str, a: Any, b: Any) -> None:
    flat_a, flat_b = tree.flatten(a), tree.flatten(b)
    if len(flat_a) != len(flat_b):
        raise ShapeError(
            f"{what} must return the same structure: {len(flat_a)} against {len(flat_b)} tensors."
        )
    for p, q in zip(flat_a, flat_b):
        if p is None and q is None:
            continue
        if p is None or q is None or len(p.shape) != len(q.shape) or p.dtype != q.dtype:
            raise ShapeError(f"{what} must return tensors of one shape and dtype, got {p} and {q}.")


@closed_primitive
def cond(pred: Tensor, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """The result of `true_fn` where `pred` holds, else that of `false_fn`; both of one structure.

    In compiled code both are traced and one is run.
    """
    first, second = _specs(true_fn()), _specs(false_fn())
    _agree("The two functions of ops.cond", first, second)
    return first


@closed_primitive
def switch(index: Tensor, branches: Sequence[Callable], *operands: Any) -> Any:
    """The result of ``branches[index](*operands)``; the index is held within the range."""
    results = [_specs(b(*operands)) for b in branches]
    for r in results[1:]:
        _agree("The branches of ops.switch", results[0], r)
    return results[0]


@closed_primitive
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """``loop_vars = body(*loop_vars)`` as long as ``cond(*loop_vars)`` holds.

    Shapes and dtypes of the variables must stay the same.
    """
    return _specs(loop_vars)


@closed_primitive
def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """``val = body_fun(i, val)`` for i from `lower` to, without, `upper`."""
    return _specs(init_val)


def _slice(x: Any) -> Any:
    return tree.map_structure(
        lambda v: None if v is None else Spec(shape_of(v)[1:], dtype_of(v)), x
    )


def _length(what: str, xs: Any, length: int | None = None) -> Any:
    for v in tree.flatten(xs):
        if v is not None:
            if not shape_of(v):
                raise ShapeError(f"{what}: what is mapped over needs a first axis, got a scalar.")
            n = shape_of(v)[0]
            return n if length is None else length
    if length is None:
        raise ShapeError(f"{what}: give length, as there is nothing to take it from.")
    return length


def _stacked(n: Any, specs: Any) -> Any:
    return tree.map_structure(lambda s: None if s is None else Spec((n, *s.shape), s.dtype), specs)


@closed_primitive
def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """A loop along the first axis of `xs` that carries a state and stacks what it gives.

    ``carry, y = f(carry, x)`` for each slice `x`, from the last one if `reverse`. Returns the last
    carry and the stack of `y`.
    """
    n = _length("scan", xs, length)
    carry, y = f(_specs(init), _slice(xs))
    carry, start = _specs(carry), _specs(init)
    if len(tree.flatten(carry)) != len(tree.flatten(start)):
        raise ShapeError("scan: the carry that f returns must have the structure of init.")
    for a, b in zip(tree.flatten(carry), tree.flatten(start)):
        if a is not None and b is not None and len(a.shape) != len(b.shape):
            raise ShapeError(
                f"scan: the carry must keep its shape, init has {unprobe(b.shape)}, f returns {unprobe(a.shape)}."
            )
    return carry, _stacked(n, _specs(y))


@closed_primitive
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """`f` of each slice along the first axis, one after the other; the results stacked."""
    return _stacked(_length("map", xs), _specs(f(_slice(xs))))


@closed_primitive
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """`function` of each slice along the first axis, all at once; the results stacked."""
    return _stacked(_length("vectorized_map", elements), _specs(function(_slice(elements))))


@closed_op
def associative_scan(
    f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """All partial results ``f(f(x0, x1), x2) ...`` along `axis` of an associative `f`, in log steps."""
    if any(isinstance(v, Spec) for v in tree.flatten(elems)):
        return _specs(elems)
    flipped = (lambda v: flip(v, axis)) if reverse else (lambda v: v)
    out = _partial(f, tree.map_structure(flipped, elems), axis)
    return tree.map_structure(flipped, out)


def _partial(f: Callable, elems: Any, axis: int) -> Any:
    # The pairs' results, scanned, are every second result; one more f gives those between.
    n = shape_of(tree.flatten(elems)[0])[axis]
    if n < 2:
        return elems

    def every(start: int, stop: int | None, step: int, x: Any) -> Any:
        return tree.map_structure(lambda v: _cut(v, axis, slice(start, stop, step)), x)

    odd = _partial(f, f(every(0, n - 1, 2, elems), every(1, None, 2, elems)), axis)
    half = (n - 1) // 2
    first, later = every(0, 1, 1, elems), every(2, None, 2, elems)
    even = tree.map_structure(
        lambda a, b: concatenate([a, b], axis), first, f(every(0, half, 1, odd), later)
    ) if half else first  # fmt: skip
    return tree.map_structure(lambda a, b: _woven(a, b, axis), even, odd)


def _woven(even: Any, odd: Any, axis: int) -> Any:
    shape = list(shape_of(even))
    axis = normalize_axis(axis, len(shape))
    n = shape_of(odd)[axis]
    pairs = stack([_cut(even, axis, slice(0, n)), odd], axis + 1)
    pairs = reshape(pairs, [*shape[:axis], 2 * n, *shape[axis + 1 :]])
    return concatenate([pairs, _cut(even, axis, slice(n, None))], axis)


def _cut(x: Any, axis: int, part: slice) -> Any:
    axis = normalize_axis(axis, len(shape_of(x)))
    return get_item(x, (*(slice(None),) * axis, part))


def custom_gradient(f: Callable) -> Callable:
    """`f` with a derivative of its own: it returns its value and a function from upstream gradients
    to those of its arguments.

    The backward function may take ``(*args, upstream=...)`` or the upstream gradient alone.

    >>> from kerata import ops
    >>> @custom_gradient
    ... def plain_round(x):
    ...     return ops.round(x), lambda upstream: upstream  # as if it did nothing
    >>> plain_round(ops.array([1.6])).tolist()
    [2.0]
    """
    compiled: list[Callable] = []

    def call(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(a, Spec) for a in tree.flatten((args, kwargs))):
            return f(*args, **kwargs)[0]
        if not compiled:
            compiled.append(engine().custom_gradient(f))
        return compiled[0](*args, **kwargs)

    call.__name__, call.__doc__ = getattr(f, "__name__", "call"), f.__doc__
    return call
