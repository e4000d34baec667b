"""The familiar table of a model's layers, as text and for notebooks."""

from __future__ import annotations

import html
import shutil
import textwrap
from collections.abc import Sequence
from typing import Any

from .. import dtypes, graph, tree
from ..spec import KerasTensor


def readable_bytes(n: int) -> str:
    """Bytes in the unit that reads best.

    >>> readable_bytes(3_276_800)
    '3.12 MB'
    """
    value, unit = float(n), "B"
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if value < 1024 or unit == "TB":
            break
        value /= 1024
    return f"{value:.2f} {unit}"


def _weight_bytes(variables: Sequence[Any]) -> int:
    return sum(v.size * dtypes.size(v.dtype) for v in variables)


def _output_shape(operation: Any) -> str:
    nodes = operation._inbound_nodes
    if not nodes:
        return "?"
    shapes = [x.shape for x in nodes[-1].outputs]
    shown = ", ".join(str(s) for s in shapes)
    return shown if len(shapes) == 1 else f"[{shown}]"


def _connected_to(operation: Any, inside: set[int]) -> str:
    names = []
    for node in operation._inbound_nodes:
        if id(node) in inside:
            for x in node.inputs:
                source, call, index = x._keras_history
                names.append(f"{source.name}[{call}][{index}]")
    return ", ".join(names)


def _is_chain(model: Any) -> bool:
    if model._graph is None or type(model).__name__ == "Sequential":
        return True
    return all(
        len(n.inputs) <= 1 and len(n.operation._inbound_nodes) <= 1 for n in model._graph.nodes
    ) and len(model._graph.flat_outputs) == 1  # fmt: skip


def _rows(
    model: Any, expand: bool, trainable: bool, connected: bool, depth: int = 0
) -> list[list[str]]:
    from .sequential import Sequential

    inside = {id(n) for n in model._graph.nodes} if model._graph is not None else set()
    if isinstance(model, Sequential) or model._graph is None:
        operations: list[Any] = list(model.layers)
    else:
        operations = list(model._graph.operations)
    rows = []
    for o in operations:
        is_layer = not isinstance(o, graph.OpCall)
        cls = type(o).__name__ if is_layer else o.op.name.title().replace("_", "")
        built = not is_layer or o.built or bool(o.weights)
        params = f"{sum(v.size for v in o.weights):,}" if is_layer and built else "0"
        if is_layer and not built:
            params = "0 (unbuilt)"
        row = [f"{'    ' * depth}{'└ ' if depth else ''}{o.name} ({cls})", _output_shape(o), params]
        if connected:
            row.append(_connected_to(o, inside) or "-")
        if trainable:
            own = o.weights if is_layer else []
            row.append("-" if not own else ("Y" if o.trainable_weights else "N"))
        rows.append(row)
        if expand and is_layer and hasattr(o, "layers") and hasattr(o, "_graph"):
            rows.extend(_rows(o, expand, trainable, connected, depth + 1))
    return rows


def _totals(model: Any) -> list[str]:
    train, frozen = model.trainable_weights, model.non_trainable_weights
    optimizer = model.optimizer
    slots = (
        list(optimizer.variables)
        if optimizer is not None and getattr(optimizer, "built", False)
        else []
    )

    def line(title: str, variables: Sequence[Any]) -> str:
        n = sum(v.size for v in variables)
        return f" {title}: {n:,} ({readable_bytes(_weight_bytes(variables))})"

    lines = [
        line("Total params", [*train, *frozen, *slots]),
        line("Trainable params", train),
        line("Non-trainable params", frozen),
    ]
    if slots:
        lines.append(line("Optimizer params", slots))
    return lines


def _table(model: Any, expand: bool, trainable: bool) -> tuple[list[str], list[list[str]]]:
    connected = not _is_chain(model)
    head = ["Layer (type)", "Output Shape", "Param #"]
    if connected:
        head.append("Connected to")
    if trainable:
        head.append("Trainable")
    return head, _rows(model, expand, trainable, connected)


def summary_text(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> str:
    """The table of `Model.summary` as text."""
    if not model.built and not model.weights and not getattr(model, "layers", None):
        return f'Model: "{model.name}"\n (no layers yet)'
    head, rows = _table(model, expand_nested, show_trainable)
    if layer_range:
        rows = _between(rows, layer_range)
    widths = _widths(head, rows, line_length, positions)
    lines = [f'Model: "{model.name}"']
    lines.append("┏" + "┳".join("━" * (w + 2) for w in widths) + "┓")
    lines.extend(_draw(head, widths, "┃"))
    lines.append("┡" + "╇".join("━" * (w + 2) for w in widths) + "┩")
    rule = "├" + "┼".join("─" * (w + 2) for w in widths) + "┤"
    for i, row in enumerate(rows):
        if i:
            lines.append(rule)
        lines.extend(_draw(row, widths, "│"))
    lines.append("└" + "┴".join("─" * (w + 2) for w in widths) + "┘")
    return "\n".join([*lines, *_totals(model)])


def draw_table(head: list[str], groups: list[list[list[str]]]) -> list[str]:
    """Lines of a table in the manner of the summary, a rule between groups of rows.

    The first column is text, the others are numbers.

    >>> print(*draw_table(["layer", "ms"], [[["dense", "1.5"]]]), sep="\\n")
    ┏━━━━━━━┳━━━━━┓
    ┃ layer ┃  ms ┃
    ┡━━━━━━━╇━━━━━┩
    │ dense │ 1.5 │
    └───────┴─────┘
    """
    rows = [head, *(row for group in groups for row in group)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]

    def line(row: list[str], bar: str) -> str:
        cells = [
            f" {c:<{w}} " if i == 0 else f" {c:>{w}} " for i, (c, w) in enumerate(zip(row, widths))
        ]
        return bar + bar.join(cells) + bar

    def rule(left: str, stroke: str, middle: str, right: str) -> str:
        return left + middle.join(stroke * (w + 2) for w in widths) + right

    lines = [rule("┏", "━", "┳", "┓"), line(head, "┃"), rule("┡", "━", "╇", "┩")]
    for i, group in enumerate(g for g in groups if g):
        if i:
            lines.append(rule("├", "─", "┼", "┤"))
        lines += [line(row, "│") for row in group]
    return [*lines, rule("└", "─", "┴", "┘")]


def _between(rows: list[list[str]], span: Sequence[str]) -> list[list[str]]:
    names = [r[0].split(" (")[0].strip() for r in rows]
    try:
        first, last = names.index(span[0]), names.index(span[1])
    except ValueError:
        raise ValueError(f"layer_range names no layers of the model: {list(span)}.") from None
    return rows[first : last + 1]


def _widths(
    head: list[str], rows: list[list[str]], line_length: int | None, positions: Any
) -> list[int]:
    natural = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    least = [26, 22, 10, 16, 9]
    natural = [max(n, least[i]) for i, n in enumerate(natural)]
    limit = line_length or max(shutil.get_terminal_size((98, 24)).columns, 98)
    if positions:
        ends = [int(p * limit) if p <= 1 else int(p) for p in positions[: len(head)]]
        starts = [0, *ends[:-1]]
        return [max(8, e - s - 3) for s, e in zip(starts, ends)]
    while sum(natural) + 3 * len(natural) + 1 > limit and max(natural) > 12:
        natural[natural.index(max(natural))] -= 1
    return natural


def _draw(cells: list[str], widths: list[int], bar: str) -> list[str]:
    """A row, its cells wrapped to their widths; numbers to the right."""
    wrapped = [textwrap.wrap(c, w) or [""] for c, w in zip(cells, widths)]
    lines = []
    for k in range(max(len(w) for w in wrapped)):
        parts = []
        for j, (chunks, w) in enumerate(zip(wrapped, widths)):
            text = chunks[k] if k < len(chunks) else ""
            parts.append(f" {text:>{w}} " if j == 2 else f" {text:<{w}} ")
        lines.append(bar + bar.join(parts) + bar)
    return lines


def summary_html(model: Any) -> str:
    """The table of `Model.summary` for a notebook."""
    head, rows = _table(model, False, False)
    cells = "".join(f"<th style='text-align:left'>{html.escape(h)}</th>" for h in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in r) + "</tr>" for r in rows
    )
    totals = "<br>".join(html.escape(t.strip()) for t in _totals(model))
    return (
        f"<p><b>Model: &quot;{html.escape(model.name)}&quot;</b></p><table><thead><tr>{cells}</tr></thead>"
        f"<tbody>{body}</tbody></table><p>{totals}</p>"
    )


def source_inputs(tensor: KerasTensor) -> list[KerasTensor]:
    """Input tensors from which a symbolic tensor is computed (Keras's ``get_source_inputs``).

    >>> from kerata import layers
    >>> x = layers.Input((3,))
    >>> source_inputs(layers.Dense(2)(x))[0] is x
    True
    """
    seen: set[int] = set()
    found: list[KerasTensor] = []
    todo = [tensor]
    while todo:
        t = todo.pop()
        if id(t) in seen:
            continue
        seen.add(id(t))
        node = graph.node_of(t)
        if node.is_input:
            found.append(t)
        todo.extend(reversed(tree.flatten(node.inputs)))
    return found
