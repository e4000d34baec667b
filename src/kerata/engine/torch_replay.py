"""Recorded functions: the torch operations of a call, derivatives included, played back as they are.

A call of a model runs a few hundred Python functions for each dozen of torch operations. A function
that is compiled is run once with tensors that have no values; what it asks of torch is written down
as a short Python function of nothing but these operations, and later calls run that.
"""

from __future__ import annotations

import contextlib
import logging
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.fx.experimental.proxy_tensor
from torch import Tensor, fx

from ..errors import KerataError
from .complaints import NoValue
from .forms import NUMBERS, fill, slots, take_apart

_log = logging.getLogger("kerata")

# A longer recording would cost more to make than it saves: loops over time run as they are.
LONGEST_UNROLLED = 32


class NotRecordable(Exception):
    """Raised by an op that cannot be, or should not be, part of a recording."""


def asks_for_values(error: BaseException) -> bool:
    """Whether Python code wanted to know the value of a tensor that has none in a recording."""
    return isinstance(error, NoValue) or type(error).__name__ in (
        "DataDependentOutputException",
        "DynamicOutputShapeException",
        "GuardOnDataDependentSymNode",
    )


_strict = False


def is_strict() -> bool:
    """Whether a function is being recorded for Inductor: then it cannot run as it is instead."""
    return _strict


def is_recording() -> bool:
    """Whether a function is being recorded."""
    return torch.fx.experimental.proxy_tensor.get_proxy_mode() is not None


def recording(x: Any) -> bool:
    """Whether `x` has no value, because the function around it is being recorded."""
    return type(x).__name__ == "FakeTensor"


@contextlib.contextmanager
def native_only() -> Iterator[None]:
    """Compute in the block with real tensors, outside of any recording."""
    from torch.utils._python_dispatch import _disable_current_modes

    with _disable_current_modes():
        yield


def _tensor(asarray: Callable) -> Callable:
    """For `take_apart`: tensors as they are wanted in a recording, with their description."""

    def find(x: Any) -> Any:
        if not isinstance(x, Tensor):
            if not isinstance(x, NUMBERS):
                return None
            x = asarray(x)
        if x.requires_grad:
            x = x.detach()
        if not x.is_contiguous():
            x = x.contiguous()
        return x, (x.dtype, x.shape, x.device.type)

    return find


class Replayed:
    """A function whose calls are recorded once for each form of the arguments and played back.

    Args:
        fn: A function of nested tensors, without effects.
        asarray: Makes tensors of NumPy arrays and numbers.
        static: Positions of arguments that are no tensors but part of the form.
        fuse: Whether Inductor compiles the recording.
    """

    def __init__(
        self, fn: Callable, asarray: Callable, static: tuple[int, ...] = (), fuse: bool = False
    ) -> None:
        self.fn, self.tensor, self.static, self.fuse = fn, _tensor(asarray), static, fuse
        self._plays: dict[Any, _Play] = {}

    def __call__(self, *args: Any) -> Any:
        if is_recording() or (torch.is_grad_enabled() and _needs_gradient(args)):
            return self.fn(*args)
        with torch.no_grad():
            _, tensors, play = self._play(args)
            out = play.run(tensors)  # which, where nothing could be recorded, also finds the form
            return fill(play.form, out)

    def _play(self, args: Sequence[Any]) -> tuple[Any, list, _Play]:
        tensors: list[Tensor] = []
        key: list[Any] = []
        form = []
        for i, a in enumerate(args):
            if i in self.static:
                key.append(a)
                form.append(a)
            else:
                form.append(take_apart(a, self.tensor, tensors, key))
        found = tuple(key)
        play = self._plays.get(found)
        if play is None:
            play = self._plays[found] = _record(self.fn, form, tensors, self.tensor, self.fuse)
        return form, tensors, play

    def loop(self, state: Any, start: int, stop: int, data: Sequence[Any]) -> Any:
        """``state = fn(i, state, *data)`` for i from `start` to `stop`."""
        with torch.no_grad():
            while start < stop:
                before = np.int32(start)
                form, tensors, play = self._play((before, state, *data))
                count = sum(1 for _ in slots(form[1]))
                run, same = play.run, play.keeps(tensors[1 : 1 + count])
                for i in range(start, stop):
                    tensors[0] = torch.tensor(i, dtype=torch.int32, device=tensors[0].device)
                    out = run(tensors)
                    start = i + 1
                    if not same:  # a dtype has changed: what comes next is another recording
                        break
                    tensors[1 : 1 + count] = out
                state = fill(play.form, out)
            return state


def _needs_gradient(x: Any) -> bool:
    if isinstance(x, Tensor):
        return x.requires_grad
    if isinstance(x, (list, tuple)):
        return any(_needs_gradient(v) for v in x)
    return isinstance(x, dict) and any(_needs_gradient(v) for v in x.values())


class _Play:
    """A recording, or the function itself where it cannot be recorded."""

    def __init__(self, run: Callable[[Sequence[Tensor]], list[Tensor]], form: Any = None) -> None:
        self.run, self.form = run, form
        self.like: list[tuple] | None = None

    def keeps(self, tensors: Sequence[Tensor]) -> bool:
        """Whether the results have the shapes and dtypes of these tensors, one for one."""
        return self.like == [(t.dtype, t.shape) for t in tensors]


def _record(fn: Callable, form: Any, tensors: list, tensor: Callable, fuse: bool) -> _Play:
    from torch.fx.experimental.proxy_tensor import make_fx

    play = _Play(lambda t: [])

    def flat(*given: Tensor) -> list[Tensor]:
        out: list[Tensor] = []
        play.form = take_apart(fn(*fill(form, given)), tensor, out, [])
        play.like = [(t.dtype, t.shape) for t in out]
        return out

    global _strict
    before, _strict = _strict, fuse
    try:
        graph = make_fx(flat, tracing_mode="fake", _allow_non_fake_inputs=True)(*tensors)
    except KerataError:
        raise
    except Exception as e:
        if fuse:
            raise
        _log.debug("%s runs step by step: %s", getattr(fn, "__name__", fn), e)
        play.run = lambda given: flat(*given)
        return play
    finally:
        _strict = before
    _tidy(graph)
    if fuse:
        from torch._inductor import compile as fused

        made = fused(graph, list(tensors))
        play.run = lambda given: list(made(*given))
    else:
        play.run = written(graph)
    return play


def _tidy(graph: fx.GraphModule) -> None:
    """Leave out what only differentiation needed, and what nothing uses."""
    idle = (torch.ops.aten.detach.default, torch.ops.aten.alias.default)
    for node in list(graph.graph.nodes):
        if node.op == "call_function" and node.target in idle:
            node.replace_all_uses_with(node.args[0])
            graph.graph.erase_node(node)
    graph.graph.eliminate_dead_code()
    _fold(graph)
    graph.graph.eliminate_dead_code()
    graph.recompile()


# Of their first argument these want to know the shape only.
_SHAPED = tuple(
    getattr(torch.ops.aten, n).default
    for n in ("ones_like", "zeros_like", "full_like", "new_zeros", "new_ones")
)
_LARGEST_CONSTANT = 4096


def _fold(graph: fx.GraphModule) -> None:
    """Compute once what does not depend on the arguments, such as the derivative of a mean."""
    nodes = [n for n in graph.graph.nodes if n.op == "call_function"]
    if any(getattr(getattr(n.target, "_schema", None), "is_mutable", False) for n in nodes):
        return
    known: dict[fx.Node, Tensor] = {}
    for node in nodes:
        free = node.all_input_nodes[1:] if node.target in _SHAPED else node.all_input_nodes
        value = node.meta.get("val")
        small = isinstance(value, Tensor) and value.numel() <= _LARGEST_CONSTANT
        if not small or not isinstance(node.target, torch._ops.OpOverload):
            continue
        if all(n in known for n in free):
            with native_only():
                known[node] = node.target(
                    *fx.map_arg(node.args, lambda n: _stand_in(n, known)),
                    **fx.map_arg(node.kwargs, lambda n: _stand_in(n, known)),
                )
    for i, (node, value) in enumerate(known.items()):
        if any(user not in known for user in node.users):
            graph.register_buffer(f"_folded{i}", value.contiguous(), persistent=False)
            with graph.graph.inserting_before(node):
                node.replace_all_uses_with(graph.graph.get_attr(f"_folded{i}"))


def _stand_in(node: fx.Node, known: dict[fx.Node, Tensor]) -> Tensor:
    if node in known:
        return known[node]
    value = node.meta["val"]
    return torch.empty(value.shape, dtype=value.dtype, device=value.device)


def written(graph: fx.GraphModule) -> Callable[[Sequence[Tensor]], list[Tensor]]:
    """A recording as a Python function of a list of tensors."""
    scope: dict[str, Any] = {}
    names: dict[fx.Node, str] = {}
    lines: list[str] = []
    last = _last_uses(graph)
    inputs = 0

    def text(x: Any) -> str:
        if isinstance(x, fx.Node):
            return names[x]
        if isinstance(x, (list, tuple)):
            return "[" + ", ".join(text(v) for v in x) + "]"
        if x is None or isinstance(x, (bool, int)):
            return repr(x)
        key = f"c{len(scope)}"
        scope[key] = x
        return key

    for i, node in enumerate(graph.graph.nodes):
        if node.op == "placeholder":
            names[node] = f"a[{inputs}]"
            inputs += 1
        elif node.op == "get_attr":
            names[node] = f"k{i}"
            scope[names[node]] = getattr(graph, str(node.target))
        elif node.op == "call_function":
            parts = [text(a) for a in node.args]
            parts += [f"{k}={text(v)}" for k, v in node.kwargs.items()]
            names[node] = f"v{i}"
            if node.target is operator.getitem:
                lines.append(f"v{i} = {parts[0]}[{parts[1]}]")
            else:
                # The C++ function behind the object that looks up a kernel by its arguments.
                scope[f"f{i}"] = getattr(node.target, "_op", node.target)
                lines.append(f"v{i} = f{i}({', '.join(parts)})")
            done = [names[n] for n in last.get(node, ()) if names[n].startswith("v")]
            if done:
                lines.append(" = ".join(done) + " = None")
        elif node.op == "output":
            lines.append("return " + text(node.args[0]))
    source = "def run(a):\n " + "\n ".join(lines)
    exec(compile(source, "<recorded by kerata>", "exec"), scope)
    return scope["run"]


def _last_uses(graph: fx.GraphModule) -> dict[fx.Node, list[fx.Node]]:
    """For each operation the tensors that nothing needs after it."""
    last: dict[fx.Node, fx.Node] = {}
    for node in graph.graph.nodes:
        for used in node.all_input_nodes:
            last[used] = node
    ends: dict[fx.Node, list[fx.Node]] = {}
    for used, node in last.items():
        if used.op == "call_function" and node.op != "output":
            ends.setdefault(node, []).append(used)
    return ends


class Many:
    """Tensors as one value: arithmetic acts on all of them in one call of torch (``torch._foreach``).

    So an optimizer's rule, which is written for one weight, updates all weights at once.
    """

    __slots__ = ("tensors",)

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.tensors = list(tensors)

    @property
    def dtype(self) -> torch.dtype:
        """The dtype that all of them have."""
        return self.tensors[0].dtype

    def to(self, dtype: torch.dtype) -> Many:
        """The tensors in another dtype."""
        return Many([t.to(dtype) for t in self.tensors])

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.tensors)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        return _on_many(getattr(func, "__name__", str(func)), func, args, kwargs or {})

    def __add__(self, other: Any) -> Many:
        return _on_many("add", torch.add, (self, other), {})

    def __sub__(self, other: Any) -> Many:
        return _on_many("sub", torch.sub, (self, other), {})

    def __rsub__(self, other: Any) -> Many:
        return _on_many("add", torch.add, (-self, other), {})

    def __mul__(self, other: Any) -> Many:
        return _on_many("mul", torch.mul, (self, other), {})

    def __truediv__(self, other: Any) -> Many:
        return _on_many("div", torch.div, (self, other), {})

    def __rtruediv__(self, other: Any) -> Many:
        return _on_many(
            "mul", torch.mul, (_on_many("reciprocal", torch.reciprocal, (self,), {}), other), {}
        )

    def __pow__(self, other: Any) -> Many:
        return _on_many("pow", torch.pow, (self, other), {})

    def __neg__(self) -> Many:
        return _on_many("neg", torch.neg, (self,), {})

    __radd__ = __add__
    __rmul__ = __mul__


_FOREACH = set(
    """add sub mul div maximum minimum pow sqrt rsqrt abs neg sign exp log reciprocal clamp_max
clamp_min""".split()
)
_ALIASES = {"multiply": "mul", "subtract": "sub", "divide": "div", "true_divide": "div", "negative": "neg",
            "absolute": "abs", "sgn": "sign"}  # fmt: skip


def _on_many(name: str, func: Any, args: tuple, kwargs: dict) -> Any:
    name = _ALIASES.get(name, name)
    if name in ("add", "mul", "maximum", "minimum") and not isinstance(args[0], Many):
        args = (args[1], args[0])
    if name == "square":
        return Many(torch._foreach_mul(args[0].tensors, args[0].tensors))
    if name in _FOREACH and isinstance(args[0], Many) and not kwargs:
        found = _foreach(name, args)
        if found is not None:
            return Many(found)
    lists = [a.tensors if isinstance(a, Many) else None for a in args]
    count = len(next(v for v in lists if v is not None))
    return Many(
        [
            func(*(a if v is None else v[i] for a, v in zip(args, lists)), **kwargs)
            for i in range(count)
        ]
    )


def _foreach(name: str, args: tuple) -> Any:
    first, *rest = args
    if not rest:
        return getattr(torch, f"_foreach_{name}")(first.tensors)
    other = rest[0]
    if isinstance(other, Many):
        return getattr(torch, f"_foreach_{name}")(first.tensors, other.tensors)
    if isinstance(other, Tensor):
        if name == "sub":
            return torch._foreach_add(first.tensors, other, alpha=-1)
        if name not in ("add", "mul", "div"):
            return None
        return getattr(torch, f"_foreach_{name}")(first.tensors, other)
    return getattr(torch, f"_foreach_{name}")(first.tensors, other)
