"""A model drawn as the graph of its layers, by Graphviz."""

from __future__ import annotations

import html
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError, NotBuiltError
from ..graph import Node, OpCall
from ..models import Sequential


class _Show(NamedTuple):
    """What the box of a layer tells."""

    names: bool
    shapes: bool
    dtype: bool
    activations: bool
    trainable: bool


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """The graph of a model's layers in Graphviz's language, as an object of pydot.

    A subclassed model is one box, as its calls are known only to its code.

    Args:
        model: A built model.
        show_shapes: Tell the shapes of inputs and outputs.
        show_dtype: Tell the dtypes of outputs.
        show_layer_names: Tell the names of layers beside their classes.
        rankdir: ``"TB"`` draws from top to bottom, ``"LR"`` from left to right.
        expand_nested: Draw the layers of inner models, in frames.
        dpi: Resolution of the picture, in dots per inch.
        subgraph: Give a ``pydot.Cluster``, to stand in another graph, not a ``pydot.Dot``.
        show_layer_activations: Tell the activation functions.
        show_trainable: Tell whether weights are trainable.
        splines: Form of the lines: ``"ortho"``, ``"curved"``, ``"polyline"``, ``"spline"``, ``"line"``.

    Raises:
        NotBuiltError: The model is not built yet.
        ImportError: pydot is not installed.

    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((3,)), layers.Dense(2, name="out")])
    >>> "out" in model_to_dot(model).to_string()
    True
    """
    if kwargs:
        raise InputError(f"model_to_dot has no argument {next(iter(kwargs))!r}.")
    if not model.built:
        raise NotBuiltError(
            f"The model {model.name!r} cannot be drawn before it is built: give its first layer an input "
            "shape, or call the model on a batch of data."
        )
    pydot = _pydot()
    show = _Show(show_layer_names, show_shapes, show_dtype, show_layer_activations, show_trainable)
    if subgraph:
        return _cluster(pydot, model, show, expand_nested)
    dot = pydot.Dot(rankdir=rankdir, concentrate=True, dpi=dpi, splines=splines)
    dot.set_node_defaults(shape="plain", fontname="Helvetica")
    dot.set_edge_defaults(penwidth="2")
    _fill(pydot, dot, model, show, expand_nested)
    return dot


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw the graph of a model's layers into a file.

    Args:
        model: A built model.
        to_file: Path of the picture; its suffix, such as ``.png``, ``.svg`` or ``.pdf``, chooses the
            format (PNG without one).
        show_shapes: As in `model_to_dot`, and so are the arguments after it.

    Returns:
        The picture for a notebook, where IPython is installed; else ``None``.

    Raises:
        ImportError: pydot, or Graphviz itself, is not installed.

    >>> plot_model(model, "model.png", show_shapes=True)  # doctest: +SKIP
    """
    dot = model_to_dot(
        model,
        show_shapes,
        show_dtype,
        show_layer_names,
        rankdir,
        expand_nested,
        dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
        **kwargs,
    )
    if shutil.which("dot") is None:
        raise ImportError(
            "plot_model needs Graphviz's program `dot`, which is not on the PATH. Install it with "
            "`apt install graphviz`, `brew install graphviz`, or from https://graphviz.org/download/."
        )
    path = Path(to_file)
    form = path.suffix[1:].lower() or "png"
    try:
        picture = _drawn(dot, form)
    except Exception as e:  # pydot's errors differ by its version
        raise InputError(f"Graphviz could not draw {path} in the format {form!r}: {e}") from e
    path.write_bytes(picture)
    return None if form == "pdf" else _for_notebook(path)


def _drawn(dot: Any, form: str) -> bytes:
    """The picture; some versions of Graphviz break down over the right angles of graphs with many branches."""
    try:
        return dot.create(format=form)
    except Exception:
        if dot.get("splines") != "ortho":
            raise
        dot.set("splines", "true")
        return dot.create(format=form)


def _pydot() -> Any:
    try:
        import pydot
    except ImportError as e:
        raise ImportError(
            "Drawing a model needs pydot, which is not installed: pip install kerata[plot]"
        ) from e
    return pydot


def _for_notebook(path: Path) -> Any:
    try:
        from IPython.display import SVG, Image
    except ImportError:
        return None
    return SVG(filename=str(path)) if path.suffix == ".svg" else Image(filename=str(path))


# --- the graph ----------------------------------------------------------------------------------


def _cluster(pydot: Any, model: Any, show: _Show, expand: bool) -> Any:
    frame = pydot.Cluster(
        f"{id(model)}",
        label=html.escape(model.name),
        labeljust="l",
        style="dashed",
        fontname="Helvetica",
    )
    _fill(pydot, frame, model, show, expand)
    return frame


def _fill(pydot: Any, dot: Any, model: Any, show: _Show, expand: bool) -> None:
    """Put a model's boxes and arrows into a graph."""
    boxes = _boxes(model)
    inside = {id(n) for n in model._graph.nodes} if model._graph is not None else None
    for box in boxes:
        if expand and box is not model and _is_expandable(box):
            dot.add_subgraph(_cluster(pydot, box, show, expand))
        else:
            dot.add_node(pydot.Node(_key(box), label=_label(box, show, inside)))
    seen: set[tuple[str, str]] = set()
    for source, target in _arrows(model, boxes, expand):
        ends = _key(source), _key(target)
        if ends not in seen:
            seen.add(ends)
            dot.add_edge(pydot.Edge(*ends))


def _key(operation: Any) -> str:
    return str(id(operation))


def _is_expandable(operation: Any) -> bool:
    return getattr(operation, "_graph", None) is not None


def _boxes(model: Any) -> list[Any]:
    if isinstance(model, Sequential):
        return model.layers
    return [model] if model._graph is None else model._graph.operations


def _arrows(model: Any, boxes: list[Any], expand: bool) -> Iterator[tuple[Any, Any]]:
    """Pairs of boxes between which a tensor passes."""
    if isinstance(model, Sequential):
        for source, target in pairwise(boxes):
            yield _last(source, 0, expand), _first(target, 0, expand)
    elif model._graph is not None:
        given = {id(x) for x in model._graph.flat_inputs}
        for node in model._graph.nodes:
            # Where a model begins at another's inner tensor, what leads to that is not part of it.
            if all(id(x) in given for x in node.outputs):
                continue
            for i, x in enumerate(node.inputs):
                source, _, index = x._keras_history  # type: ignore[misc]
                yield _last(source, index, expand), _first(node.operation, i, expand)


def _last(operation: Any, output: int, expand: bool) -> Any:
    """The box that an output comes from: of an expanded model, the layer in it."""
    while expand and _is_expandable(operation):
        operation, _, output = operation.outputs[output]._keras_history
    return operation


def _first(operation: Any, given: int, expand: bool) -> Any:
    """The box that an input goes to: of an expanded model, the layer in it."""
    while expand and _is_expandable(operation):
        if isinstance(operation, Sequential):
            operation = operation.layers[0]
        else:
            operation = operation.inputs[given]._keras_history[0]
    return operation


# --- the boxes ----------------------------------------------------------------------------------


def _label(operation: Any, show: _Show, inside: set[int] | None) -> str:
    """A layer's box: a table in Graphviz's HTML."""
    node = _node_of(operation, inside)
    cells = list(_cells(operation, show, node))
    span = max(1, len(cells))
    kind = operation.op.name if isinstance(operation, OpCall) else type(operation).__name__
    title = f"<b>{_text(operation.name)}</b> ({kind})" if show.names else f"<b>{kind}</b>"
    rows = [_row(_cell(f'<font color="white" point-size="16">{title}</font>', "black", span))]
    activation = getattr(operation, "activation", None)
    if show.activations and activation is not None:
        name = getattr(activation, "name", None) or getattr(activation, "__name__", str(activation))
        rows.append(_row(_cell(f"Activation: <b>{_text(name)}</b>", "white", span)))
    if cells:
        rows.append(_row("".join(cells)))
    table = '<table border="0" cellborder="1" bgcolor="black" cellpadding="10">'
    return f"<{table}{''.join(rows)}</table>>"


def _cells(operation: Any, show: _Show, node: Node | None) -> Iterator[str]:
    if show.shapes:
        if node is None or not node.is_input:
            yield _cell(f"Input shape: <b>{_shapes(node.inputs if node else None)}</b>", "white")
        yield _cell(f"Output shape: <b>{_shapes(node.outputs if node else None)}</b>", "white")
    if show.dtype:
        dtypes = ", ".join(dict.fromkeys(x.dtype for x in node.outputs)) if node else "?"
        yield _cell(f"Output dtype: <b>{dtypes}</b>", "white")
    if show.trainable and getattr(operation, "weights", None):
        color, text = (
            ("forestgreen", "Trainable") if operation.trainable else ("firebrick", "Non-trainable")
        )
        yield _cell(f'<font color="white"><b>{text}</b></font>', color)


def _node_of(operation: Any, inside: set[int] | None) -> Node | None:
    """The call of a layer that its box describes: the first one within the model."""
    nodes = operation._inbound_nodes
    return next((n for n in nodes if inside is None or id(n) in inside), None)


def _shapes(tensors: list[Any] | None) -> str:
    return ", ".join(_text(x.shape) for x in tensors) if tensors else "?"


def _text(x: Any) -> str:
    return html.escape(str(x))


def _cell(content: str, color: str, span: int = 1) -> str:
    return f'<td bgcolor="{color}" colspan="{span}">{content}</td>'


def _row(cells: str) -> str:
    return f"<tr>{cells}</tr>"
