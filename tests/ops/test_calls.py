"""Calls of ops: the base class in C and that in Python do the same."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kerata import KerasTensor, Variable, ops
from kerata.ops import _define
from kerata.spec import Spec

NATIVE = _define._Base is not _define._Caller


def bases() -> list[type]:
    return [_define._Caller, *([_define._Base] if NATIVE else [])]


@pytest.fixture(params=bases(), ids=lambda b: b.__module__)
def made(request):
    """An op of one of the bases, and what it was handed on to."""
    seen = []

    class Probe(request.param):
        def _call(self, args, kwargs):
            seen.append(("call", args, kwargs))
            return "call"

        def _recover(self, error, args, kwargs):
            seen.append((error, args, kwargs))
            return "recovered"

    probe = Probe()
    probe.native = lambda *args, **kwargs: ("native", args, kwargs)
    return probe, seen


def test_plain_arguments_go_to_the_engine(made):
    probe, seen = made
    out = probe(1, "x", axis=(0, 1), keepdims=True)
    assert out == ("native", (1, "x"), {"axis": (0, 1), "keepdims": True})
    assert probe() == ("native", (), {}) and not seen


@pytest.mark.parametrize(
    "args",
    [
        (Spec((2,)),), (1, KerasTensor((2,))), ([1, KerasTensor((2,))],), ((Spec((1,)), 2),), ({},),
        ([[1.0], [2.0]],), (Variable([1.0]),),
    ],
    ids=lambda args: type(args[0]).__name__,
)  # fmt: skip
def test_what_has_to_be_looked_at(made, args):
    probe, seen = made
    assert probe(*args, axis=1) == "call" and probe(1, x=args[-1]) == "call"
    assert seen[0][1] is not None and seen[0][2] == {"axis": 1}
    assert seen[1][2]["x"] is args[-1]


def test_the_first_call_finds_the_engines_function(made):
    probe, seen = made
    probe.native = None
    assert probe(1) == "call" and seen == [("call", (1,), {})]


def test_errors_are_handed_on(made):
    probe, seen = made

    def fail(*args, **kwargs):
        raise ValueError("no")

    probe.native = fail
    assert probe(1, y=2) == "recovered"
    error, args, kwargs = seen[0]
    assert isinstance(error, ValueError) and str(error) == "no" and error.__traceback__ is not None
    assert (args, kwargs) == ((1,), {"y": 2})

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    probe.native = stop
    with pytest.raises(KeyboardInterrupt):
        probe(1)
    assert len(seen) == 1


@pytest.mark.skipif(not NATIVE, reason="the native module was not built")
def test_it_keeps_nothing(made):
    probe, _ = made
    x = object()
    before = sys.getrefcount(x)
    for _ in range(100):
        probe(x, [x], a=x)
    assert sys.getrefcount(x) == before
    with pytest.raises(TypeError, match="expected a dict"):
        from kerata.kernels import _calls

        _calls.look_at([int])


def test_calls_are_seen_and_no_longer():
    x = ops.ones((2,))
    seen = []
    with _define.observed(lambda op, *_: seen.append(op.name)):
        ops.add(x, x)
    ops.add(x, x)
    assert seen == ["add"]


def test_turned_off_it_is_python():
    code = (
        "from kerata import ops; from kerata.ops import _define as d;"
        "assert d._Base is d._Caller; print(float(ops.sum(ops.ones((3,)))))"
    )
    environment = os.environ | {"KERATA_KERNELS": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.stdout.strip() == b"3.0", done.stderr
