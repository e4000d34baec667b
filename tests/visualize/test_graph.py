"""Drawings of models."""

from __future__ import annotations

import builtins
import inspect
import shutil

import numpy as np
import pytest

from kerata import Input, Model, Sequential, layers, utils
from kerata.errors import InputError, NotBuiltError
from kerata.visualize.graph import model_to_dot, plot_model

pydot = pytest.importorskip("pydot")
needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


def chain(name=None):
    return Sequential(
        [
            Input((4,)),
            layers.Dense(3, activation="relu", name="first"),
            layers.Dense(2, name="last"),
        ],
        name=name,
    )


def branched():
    x = Input((4,), name="in")
    a, b = layers.Dense(3, name="a")(x), layers.Dense(3, name="b")(x)
    return Model(x, [layers.Add(name="sum")([a, b]), a + 1.0])


def nested():
    x = Input((4,), name="outer_in")
    inner_in = Input((2,), name="inner_in")
    inner = Model(inner_in, layers.Dense(1, name="inner_dense")(inner_in), name="inner")
    return Model(x, layers.Dense(5, name="end")(inner(chain("body")(x))))


def boxes(dot):
    """Text of the boxes by their keys, those of frames too."""
    found = {n.get_name(): n.get("label") for n in dot.get_nodes() if n.get_name().isdigit()}
    for frame in dot.get_subgraphs():
        found.update(boxes(frame))
    return found


def arrows(dot):
    names = {key: label.split("<b>")[1].split("</b>")[0] for key, label in boxes(dot).items()}

    def of(graph):
        here = [(names[e.get_source()], names[e.get_destination()]) for e in graph.get_edges()]
        return here + [pair for frame in graph.get_subgraphs() for pair in of(frame)]

    return sorted(of(dot))


def test_sequential():
    dot = model_to_dot(chain(), rankdir="LR", dpi=70)
    assert arrows(dot) == [("first", "last")]
    assert dot.get("rankdir") == "LR" and dot.get("dpi") == 70


def test_functional():
    model = branched()
    op = model._graph.flat_outputs[1]._keras_history[0].name
    expected = [("a", op), ("a", "sum"), ("b", "sum"), ("in", "a"), ("in", "b")]
    assert arrows(model_to_dot(model)) == sorted(expected)


def test_shared_layer_and_sub_model():
    x, y = Input((4,), name="x"), Input((4,), name="y")
    shared = layers.Dense(4, name="shared")
    middle = layers.Subtract(name="difference")([shared(x), shared(y)])
    model = Model([x, y], layers.Dense(1, name="end")(middle))
    assert arrows(model_to_dot(model)) == [
        ("difference", "end"), ("shared", "difference"), ("x", "shared"), ("y", "shared")
    ]  # fmt: skip
    assert arrows(model_to_dot(Model(middle, model.output))) == [("difference", "end")]


def test_nested():
    dot = model_to_dot(nested())
    assert arrows(dot) == [("body", "inner"), ("inner", "end"), ("outer_in", "body")]
    dot = model_to_dot(nested(), expand_nested=True)
    assert [frame.get("label") for frame in dot.get_subgraphs()] == ["body", "inner"]
    assert arrows(dot) == [
        ("first", "last"), ("inner_dense", "end"), ("inner_in", "inner_dense"), ("last", "inner_in"),
        ("outer_in", "first"),
    ]  # fmt: skip


def test_models_in_sequential():
    dot = model_to_dot(
        Sequential([Input((4,)), chain("one"), layers.Dense(4, name="x")]), expand_nested=True
    )
    assert arrows(dot) == [("first", "last"), ("last", "x")]


def test_what_boxes_tell():
    model = chain()
    model.layers[0].trainable = False
    dot = model_to_dot(
        model,
        show_shapes=True,
        show_dtype=True,
        show_layer_names=False,
        show_layer_activations=True,
        show_trainable=True,
    )
    first, last = boxes(dot).values()
    assert "first" not in first and "<b>Dense</b>" in first
    assert "Input shape: <b>(None, 4)</b>" in first and "Output shape: <b>(None, 3)</b>" in first
    assert "Output dtype: <b>float32</b>" in first and "Activation: <b>relu</b>" in first
    assert "Non-trainable" in first and "<b>Trainable</b>" in last
    plain = next(iter(boxes(model_to_dot(model)).values()))
    assert "shape" not in plain and "dtype" not in plain and "(Dense)" in plain


def test_names_are_escaped():
    dot = model_to_dot(Sequential([Input((2,)), layers.Dense(1, name="a<b>&c")]))
    assert "a&lt;b&gt;&amp;c" in next(iter(boxes(dot).values()))


def test_subclassed_model_is_one_box():
    class Own(Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    model(np.zeros((1, 3), "float32"))
    assert len(boxes(model_to_dot(model, show_shapes=True))) == 1


def test_cluster():
    assert isinstance(model_to_dot(chain(), subgraph=True), pydot.Cluster)


def test_errors(monkeypatch, tmp_path):
    with pytest.raises(NotBuiltError, match="built"):
        plot_model(Sequential([layers.Dense(2)]))
    with pytest.raises(InputError, match="layer_range"):
        model_to_dot(chain(), layer_range=["a", "b"])
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ImportError, match="apt install graphviz"):
        plot_model(chain(), tmp_path / "a.png")
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pydot":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install kerata\[plot\]"):
        model_to_dot(chain())


@needs_graphviz
@pytest.mark.parametrize(
    ("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a", b"\x89PNG")]
)
def test_pictures(tmp_path, name, start):
    utils.plot_model(nested(), tmp_path / name, show_shapes=True, expand_nested=True, dpi=50)
    assert (tmp_path / name).read_bytes().startswith(start)


@needs_graphviz
def test_unknown_format(tmp_path):
    with pytest.raises(InputError, match="nonsense"):
        plot_model(chain(), tmp_path / "a.nonsense")


def test_signatures():
    def names(f):
        return list(inspect.signature(f).parameters)

    about = "show_layer_activations show_trainable splines kwargs"
    assert " ".join(names(model_to_dot)) == (
        "model show_shapes show_dtype show_layer_names rankdir expand_nested dpi subgraph " + about
    )
    assert " ".join(names(plot_model)) == (
        "model to_file show_shapes show_dtype show_layer_names rankdir expand_nested dpi " + about
    )
