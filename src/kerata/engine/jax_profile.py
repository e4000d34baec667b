"""Where the time of a compiled step goes: XLA's trace, joined with the names in XLA's programs."""

from __future__ import annotations

import contextlib
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.extend.backend

from .profiling import Operation, Trace, warm_up

# Instructions that run others, whose times are told as well.
_CONTAINERS = frozenset({"while", "call", "conditional"})

# Instructions that XLA rewrites without keeping their names, and what these were.
_RENAMED = {"dot": "dot_general", "convolution": "conv_general_dilated"}

_COMPUTATION = re.compile(r"^(?:ENTRY )?%?([\w.\-]+) .*\{$")
# `%name = shape opcode(...`; the shape may be a tuple, with spaces and comments in it.
_INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?([\w.\-]+) = (?:\(.*?\)|\S+) ([\w\-]+)\(")
_OPERAND = re.compile(r"%([\w.\-]+)")
_NAME = re.compile(r'op_name="([^"]*)"')
_TARGET = re.compile(r'custom_call_target="([^"]*)"')
_CALLED = re.compile(r"(?:body|condition|to_apply|calls|_computation)=%?([\w.\-]+)")
# A scope in a name: `dense`, `jvp(dense)`, `transpose(jvp(dense))`; `jit(relu)` is none.
_SCOPE = re.compile(r"^(?:\w+\()*([^()]*)\)*$")


class _Instruction(NamedTuple):
    opcode: str
    path: str
    target: str = ""  # of a call of a native kernel

    @property
    def what(self) -> str:
        """A name that tells what it does."""
        name = self.path.rpartition("/")[2]
        return self.target or name if name in ("", "ffi_call") else name


class _Event(NamedTuple):
    module: str
    name: str
    start: float
    end: float


def profile(compiled: Callable | None, steps: int, seconds: float) -> Trace:
    """See `Engine.profile`."""
    if compiled is None:
        return Trace([], 0.0, 0.0, 0, 0.0, "steps of JAX that run eagerly have no names of layers")

    def run(n: int) -> None:
        jax.block_until_ready(compiled(n))

    with _names_kept():
        compile_seconds, steps = warm_up(run, steps, seconds)
    with tempfile.TemporaryDirectory(prefix="kerata-profile-") as folder:
        with jax.profiler.trace(folder):
            start = time.perf_counter()
            run(steps)
            wall = time.perf_counter() - start
        events = list(_events(Path(folder)))
    operations, spans = _join(events)
    # The clocks differ a little; the operations are all within the steps.
    return Trace(operations, min(_union(spans), wall), wall, steps, compile_seconds)


@contextlib.contextmanager
def _names_kept() -> Iterator[None]:
    """Have the cache on disk tell programs apart that differ in the names of layers only."""
    option = "jax_compilation_cache_include_metadata_in_key"
    before = getattr(jax.config, option)
    jax.config.update(option, True)
    try:
        yield
    finally:
        jax.config.update(option, before)


def _events(folder: Path) -> Iterator[_Event]:
    """The runs of instructions in a trace, on a device if there is one, else on the processor."""
    for file in folder.rglob("*.xplane.pb"):
        planes = list(jax.profiler.ProfileData.from_file(str(file)).planes)
        devices = [p for p in planes if p.name.startswith("/device:")]
        for plane in devices or planes:
            ends: dict[Any, float] = {}
            found: list[tuple[_Event, Any]] = []
            for line in plane.lines:
                if line.name == "python":
                    continue
                for event in line.events:
                    stats = dict(event.stats)
                    end = event.start_ns + event.duration_ns
                    if "hlo_op" in stats:
                        name, module = str(stats["hlo_op"]), str(stats.get("hlo_module", ""))
                        found.append((_Event(module, name, event.start_ns, end), stats.get("_p")))
                    elif event.name.startswith("end: "):
                        ends[stats.get("_c")] = end
            for one, mark in found:
                # What works in other threads ends when its "end:" says so.
                yield one._replace(end=max(one.end, ends.get(mark, 0.0) if mark else 0.0))


def _join(events: list[_Event]) -> tuple[list[Operation], list[tuple[float, float]]]:
    """Operations with their scopes, and when they ran."""
    names: dict[str, set[str]] = defaultdict(set)
    for e in events:
        names[e.module].add(e.name)
    programs = {module: _program(module, wanted) for module, wanted in names.items()}
    spent: dict[tuple[str, str], float] = defaultdict(float)
    spans = []
    for e in events:
        instruction = programs[e.module].get(e.name)
        if instruction is not None and instruction.opcode in _CONTAINERS:
            continue
        path = "" if instruction is None else instruction.path
        what = "" if instruction is None else instruction.what
        spent[what or re.sub(r"[.\d]+$", "", e.name), path] += (e.end - e.start) * 1e-9
        spans.append((e.start, e.end))
    return [
        Operation(what, _scopes(path), "transpose(" in path, seconds)
        for (what, path), seconds in spent.items()
    ], spans


def _program(module: str, wanted: set[str]) -> dict[str, _Instruction]:
    """Instructions of the program of that name, the one that has most of those wanted."""
    best: dict[str, _Instruction] = {}
    for executable in jax.extend.backend.get_backend().live_executables():  # the newest first
        for found in executable.hlo_modules():
            if found.name == module:
                instructions = read_program(found.to_string())
                if len(wanted & instructions.keys()) > len(wanted & best.keys()):
                    best = instructions
    return best


def read_program(text: str) -> dict[str, _Instruction]:
    """Instructions by name, each with the scopes that it stands in.

    Args:
        text: A program as XLA prints it.

    >>> read_program('ENTRY %main () -> f32[] {\\n  %add.1 = f32[] add(%a, %b), metadata={op_name="jit(f)/dense/add"}\\n}')
    {'add.1': _Instruction(opcode='add', path='jit(f)/dense/add', target='')}
    """
    out: dict[str, _Instruction] = {}
    inside: dict[str, str] = {}  # the computation that an instruction stands in
    caller: dict[str, str] = {}  # the instruction that runs a computation
    first: dict[str, str] = {}  # the first name within a computation
    users: dict[str, list[tuple[str, int]]] = defaultdict(
        list
    )  # and the place of the operand there
    parameters: dict[tuple[str, int], str] = {}  # of computations, by number
    runs: dict[str, str] = {}  # the computation that a fusion runs
    here = ""
    for line in text.splitlines():
        head = _COMPUTATION.match(line)
        if head:
            here = head[1]
            continue
        found = _INSTRUCTION.match(line)
        if found is None:
            continue
        key, opcode = found[1], found[2]
        name, target = _NAME.search(line), _TARGET.search(line)
        path = name[1].split(";")[0] if name and "/" in name[1] else ""
        operands = line[found.end() : line.find(")", found.end())]
        if opcode == "parameter":
            parameters[here, int(operands)] = key
        for i, operand in enumerate(_OPERAND.findall(operands)):
            users[operand].append((key, i))
        if path:
            first.setdefault(here, path)
        for called in _CALLED.findall(line):
            caller[called] = key
            runs[key] = called
            path = path or first.get(called, "")  # computations stand above what calls them
        inside[key] = here
        out[key] = _Instruction(opcode, path, target[1] if target else "")
    for key, one in out.items():
        if not one.path and one.opcode in _RENAMED:
            out[key] = one._replace(path=_from_users(key, out, users, parameters, runs))
    for key, one in out.items():
        # What XLA has added itself, copies mostly, belongs to the loop around it.
        seen = key
        while not out[seen].path and inside[seen] in caller:
            seen = caller[inside[seen]]
        if not one.path and out[seen].path:
            out[key] = one._replace(path=out[seen].path.rpartition("/")[0] + f"/{one.opcode}")
    return out


def _from_users(
    key: str,
    out: dict[str, _Instruction],
    users: dict[str, list[tuple[str, int]]],
    parameters: dict[tuple[str, int], str],
    runs: dict[str, str],
) -> str:
    """The name of an instruction that XLA has put in the place of another one.

    The new one has none, but what brings its result into the shape of the old one bears the old
    one's name: in a fusion, or as an instruction of its own.
    """
    for user, place in users[key]:
        within = users[parameters.get((runs.get(user, ""), place), "")]
        for other in (user, *(u for u, _ in within)):
            path = out[other].path
            if path.rpartition("/")[2].startswith(_RENAMED[out[key].opcode]):
                return path
    return ""


def _scopes(path: str) -> tuple[str, ...]:
    """Names of the scopes in a path of XLA's.

    >>> _scopes("jit(many)/while/body/transpose(jvp(model))/dense/jit(relu)/mul")
    ('while', 'body', 'model', 'dense')
    """
    parts = [_SCOPE.match(p) for p in path.split("/")[:-1] if not p.startswith(("jit(", "pjit("))]
    return tuple([p[1] for p in parts if p and p[1]])


def _union(spans: list[tuple[float, float]]) -> float:
    """Seconds that intervals of nanoseconds cover together.

    >>> round(_union([(0, 2e9), (1e9, 3e9), (5e9, 6e9)]), 3)
    4.0
    """
    total, reached = 0.0, 0.0
    for start, end in sorted(spans):
        if end > reached:
            total += end - max(start, reached)
            reached = end
    return total * 1e-9
