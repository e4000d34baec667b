"""Methods, attributes and arguments that models and layers once had.

Reached when a model or layer has no attribute of a name, or one of its methods no argument of a name.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
from collections.abc import Callable
from typing import Any

from .. import tree
from ..errors import InputError
from ..scope import training
from .layer_weights import Declared
from .nodes import mask_at, only_mask, outbound_nodes
from .notes import note
from .totals import MetricTensors, sample_weights, targets, total_loss

# --- arguments ----------------------------------------------------------------------------------

# By method: old=new; a name alone has no effect any more. Those of "*" hold for all.
_ARGUMENTS = """
*: nb_epoch=epochs max_q_size=max_queue_size nb_worker=workers nb_workers=workers
 pickle_safe=use_multiprocessing show_accuracy
evaluate: val_samples=steps
predict: val_samples=steps
compile: class_mode theano_mode experimental_steps_per_execution=steps_per_execution options run_metadata
train_on_batch: accuracy
test_on_batch: accuracy
"""


def _table(text: str) -> dict[str, dict[str, str]]:
    out: dict[str, dict[str, str]] = {}
    last = ""
    for line in text.strip().splitlines():
        name, _, rest = line.rpartition(":")
        last = name or last
        pairs = (pair.partition("=") for pair in rest.split())
        out.setdefault(last, {}).update({old: new for old, _, new in pairs})
    return out


ARGUMENTS = _table(_ARGUMENTS)
"""By method: old argument and new one, empty where there is none."""


def modern(method: str, given: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a method of models with old names replaced; others stay as they are.

    >>> modern("fit", {"nb_epoch": 3, "show_accuracy": True, "shuffle": False})
    {'epochs': 3, 'shuffle': False}
    """
    table = {**ARGUMENTS["*"], **ARGUMENTS.get(method, {})}
    out: dict[str, Any] = {}
    for old, value in given.items():
        new = table.get(old)
        if new is None:
            out[old] = value
            continue
        note(f"{old}= of {method}", f"{new}=" if new else None)
        if new:
            out[new] = value
    return out


def _batches(x: Any, samples: int, what: str) -> tuple[Any, int]:
    """The data, and the number of its batches that have so many samples between them."""
    size = getattr(x, "batch_size", None)
    if size is None and hasattr(x, "__getitem__") and hasattr(x, "__len__"):
        size = _rows(x[0])
    if size is None and hasattr(x, "__next__"):
        first = next(x)
        size, x = _rows(first), itertools.chain([first], x)
    if not size:
        raise InputError(
            f"{what} counts samples, and these data do not tell how many are in a batch. Give the number of batches: "
            "steps_per_epoch, validation_steps, or steps."
        )
    return x, math.ceil(samples / int(size))


def _rows(batch: Any) -> int:
    return len(next(a for a in tree.flatten(batch) if a is not None))


# --- training on generators ---------------------------------------------------------------------


def _era() -> int | None:
    from . import modules

    found = modules.module("legacy.era")
    return None if found is None else found.current()


def _of_second_era(*names: str) -> Callable:
    """For a method that takes numbers of batches: one given by its name of Keras 2 is never one of samples."""

    def decorate(method: Callable) -> Callable:
        @functools.wraps(method)
        def call(model: Any, *args: Any, **kwargs: Any) -> Any:
            return method(
                model, *args, **kwargs, _first=_era() == 1 and kwargs.keys().isdisjoint(names)
            )

        return call

    return decorate


@_of_second_era("steps_per_epoch", "validation_steps")
def fit_generator(
    model: Any,
    generator: Any,
    steps_per_epoch: int | None = None,
    epochs: int = 1,
    verbose: Any = 1,
    callbacks: Any = None,
    validation_data: Any = None,
    validation_steps: int | None = None,
    validation_freq: Any = 1,
    class_weight: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    shuffle: bool = True,
    initial_epoch: int = 0,
    _first: bool = False,
    **kwargs: Any,
) -> Any:
    """``fit`` with a generator or `Sequence`; in Keras 1 lengths were given in samples."""
    first = _first
    generator, steps_per_epoch = _in_batches(
        generator,
        kwargs.pop("samples_per_epoch", None),
        steps_per_epoch,
        first,
        "samples_per_epoch",
    )
    samples = kwargs.pop("nb_val_samples", None)
    if samples is not None or (first and validation_steps is not None):
        if validation_data is not None and not isinstance(validation_data, tuple):
            validation_data, validation_steps = _in_batches(
                validation_data, samples, validation_steps, first, "nb_val_samples"
            )
        else:
            validation_steps = None
    kwargs = modern("fit", kwargs)
    given = {
        "steps_per_epoch": steps_per_epoch, "epochs": epochs, "verbose": verbose, "callbacks": callbacks,
        "validation_data": validation_data, "validation_steps": validation_steps,
        "validation_freq": validation_freq, "class_weight": class_weight, "max_queue_size": max_queue_size,
        "workers": workers, "use_multiprocessing": use_multiprocessing, "shuffle": shuffle,
        "initial_epoch": initial_epoch,
    }  # fmt: skip
    return model.fit(generator, **{**given, **kwargs})


def _in_batches(
    data: Any, samples: int | None, steps: int | None, first: bool, what: str
) -> tuple[Any, int | None]:
    """Data and number of batches; the number is one of samples where its name or the era says so."""
    if samples is None and first:
        samples, steps = steps, None
    if samples is None:
        return data, steps
    note(f"{what}=", "a number of batches (steps)")
    return _batches(data, samples, what)


@_of_second_era("steps")
def evaluate_generator(
    model: Any,
    generator: Any,
    steps: int | None = None,
    callbacks: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: Any = 0,
    **kwargs: Any,
) -> Any:
    """``evaluate`` with a generator or `Sequence`."""
    return _on_generator(model.evaluate, model, generator, steps, kwargs, dict(
        callbacks=callbacks, max_queue_size=max_queue_size, workers=workers,
        use_multiprocessing=use_multiprocessing, verbose=verbose,
    ))  # fmt: skip


@_of_second_era("steps")
def predict_generator(
    model: Any,
    generator: Any,
    steps: int | None = None,
    callbacks: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: Any = 0,
    **kwargs: Any,
) -> Any:
    """``predict`` with a generator or `Sequence`."""
    return _on_generator(model.predict, model, generator, steps, kwargs, dict(
        callbacks=callbacks, max_queue_size=max_queue_size, workers=workers,
        use_multiprocessing=use_multiprocessing, verbose=verbose,
    ))  # fmt: skip


def _on_generator(
    method: Any, model: Any, generator: Any, steps: Any, kwargs: dict, given: dict
) -> Any:
    generator, steps = _in_batches(
        generator,
        kwargs.pop("val_samples", None),
        steps,
        kwargs.pop("_first", False),
        "val_samples",
    )
    if isinstance(given["callbacks"], int):  # Keras 2.0 to 2.2: max_queue_size stood there
        given["callbacks"] = None
    kwargs = modern(method.__name__, kwargs)
    return method(generator, steps=steps, **{**given, **kwargs})


def predict_classes(model: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
    """Class of each row: the largest output, or whether the only one passes 0.5."""
    note("predict_classes(x)", "predict(x).argmax(axis=-1), or predict(x) > 0.5 for one output")
    y = model.predict(x, batch_size=batch_size, verbose=verbose)
    return y.argmax(axis=-1) if y.shape[-1] > 1 else (y > 0.5).astype("int32")


def predict_proba(model: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
    """Outputs for each row; the same as ``predict``."""
    note("predict_proba", "predict")
    return model.predict(x, batch_size=batch_size, verbose=verbose)


# --- text ---------------------------------------------------------------------------------------


def to_yaml(model: Any, **kwargs: Any) -> str:
    """The architecture as YAML (or JSON, which is YAML, too, where PyYAML is not installed)."""
    config = json.loads(model.to_json())
    try:
        import yaml
    except ImportError:
        return json.dumps(config, indent=1)
    return yaml.safe_dump(config, **{"sort_keys": False, **kwargs})


def model_from_yaml(yaml_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model of a text that ``to_yaml`` wrote, of any era. Tags that would run code are refused.

    >>> from kerata import Input, Sequential, layers
    >>> model = Sequential([Input((2,)), layers.Dense(3)])
    >>> model_from_yaml(to_yaml(model)).output_shape
    (None, 3)
    """
    from ..models import model_from_json

    try:
        config = json.loads(yaml_string)
    except ValueError:
        config = _read_yaml(yaml_string)
    return model_from_json(json.dumps(config), custom_objects=custom_objects)


def _read_yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise ImportError("model_from_yaml needs PyYAML: pip install pyyaml", name="yaml") from None

    class Loader(yaml.SafeLoader):
        """Data only; tuples and texts with the tags that Python 2 and 3 gave them."""

    for tag, construct in (
        ("tuple", Loader.construct_sequence), ("unicode", Loader.construct_scalar),
        ("str", Loader.construct_scalar),
    ):  # fmt: skip
        Loader.add_constructor(f"tag:yaml.org,2002:python/{tag}", construct)
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as e:
        first = str(e).partition("\n")[0]
        raise InputError(
            f"This is no YAML of a model, or it holds code, which is not run: {first}."
        ) from e


# --- attributes of layers -----------------------------------------------------------------------


def _shape(what: str) -> Callable[[Any], Any]:
    def shapes(layer: Any) -> Any:
        # AttributeError where the layer has not been called, or at several shapes.
        nodes = layer._inbound_nodes
        found = [
            tree.map_structure(lambda x: x.shape, getattr(n, f"{what}_structure")) for n in nodes
        ]
        if not found:
            if layer.__dict__.get("_build_shapes") and what == "input":
                return layer._build_shapes[0]
            raise AttributeError(
                f"The layer {layer.name!r} has never been called on a symbolic input and thus has no {what}_shape."
            )
        if any(f != found[0] for f in found):
            raise AttributeError(
                f"The layer {layer.name!r} was called on inputs of several shapes and thus has no single "
                f"{what}_shape: use get_{what}_shape_at(node_index)."
            )
        return found[0]

    return shapes


def _at(what: str) -> Callable[[Any, int], Any]:
    def shape_at(layer: Any, node_index: int) -> Any:
        """Shape at one of the layer's calls."""
        node = layer._inbound_nodes[node_index]
        return tree.map_structure(lambda x: x.shape, getattr(node, f"{what}_structure"))

    return shape_at


def _none_for(layer: Any, inputs: Any = None) -> list[Any]:
    """Nothing: losses and updates are not listed by the inputs that they depend on."""
    return []


def _add_update(layer: Any, updates: Any, inputs: Any = None) -> None:
    """Carry out updates that are functions; the others, made with `K.update`, have been already."""
    several = isinstance(updates, (list, tuple)) and not _is_pair(updates)
    for update in updates if several else [updates]:
        if callable(update):
            update()
        elif _is_pair(update) and training():  # they were part of the training step alone
            update[0].assign(update[1])


def _is_pair(x: Any) -> bool:
    return isinstance(x, tuple) and len(x) == 2 and hasattr(x[0], "assign")


def _batch_input_shape(layer: Any) -> Any:
    shape = layer.__dict__.get("_batch_shape")
    if shape is None:
        shape = _shape("input")(layer)
    return shape


# Attributes of Keras 1 and where their values are now, the first that the layer has.
_RENAMED = {
    "W": "kernel embeddings", "U": "recurrent_kernel", "b": "bias", "output_dim": "units output_dim",
    "nb_filter": "filters", "subsample": "strides", "border_mode": "padding", "dim_ordering": "data_format",
    "p": "rate", "alpha": "negative_slope", "inner_activation": "recurrent_activation",
    "init": "kernel_initializer", "inner_init": "recurrent_initializer", "pool_length": "pool_size",
    "atrous_rate": "dilation_rate", "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer", "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint", "filter_length": "kernel_size", "nb_row": "kernel_size",
    "nb_col": "kernel_size", "stride": "strides", "subsample_length": "strides",
}  # fmt: skip

# Of these, numbers where today there is a tuple; the others are numbers for layers of sequences only.
_PLACES = {"nb_row": 0, "nb_col": 1, "filter_length": 0, "subsample_length": 0, "stride": 0}
_SINGLE = frozenset({"atrous_rate", "pool_length"})


def _renamed(name: str) -> Callable[[Any], Any]:
    def value(layer: Any) -> Any:
        state = {**vars(type(layer)), **layer.__dict__}
        for new in _RENAMED[name].split():
            if new in state:
                note(f"{type(layer).__name__}.{name}", f".{new}")
                return _as_it_was(name, getattr(layer, new))
        raise AttributeError(f"{type(layer).__name__!r} object has no attribute {name!r}")

    return value


def _as_it_was(name: str, value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    if name in _PLACES:
        return value[_PLACES[name]]
    return value[0] if name in _SINGLE and len(value) == 1 else value


LAYER_VALUES: dict[str, Callable[[Any], Any]] = {
    "_non_trainable_weights": lambda layer: Declared(layer, False),
    "_outbound_nodes": outbound_nodes,
    "_trainable_weights": lambda layer: Declared(layer, True),
    "batch_input_shape": _batch_input_shape,
    "inbound_nodes": lambda layer: layer._inbound_nodes,
    "input_mask": only_mask("inputs"),
    "input_shape": _shape("input"),
    "outbound_nodes": outbound_nodes,
    "output_mask": only_mask("outputs"),
    "output_shape": _shape("output"),
    "regularizers": lambda layer: [],
    "updates": lambda layer: [],
    "uses_learning_phase": lambda layer: False,
    **{name: _renamed(name) for name in _RENAMED},
}
"""Attributes that layers had, as functions of the layer."""

LAYER_METHODS: dict[str, Callable] = {
    "add_update": _add_update,
    "add_variable": lambda layer, *args, **kwargs: layer.add_weight(*args, **kwargs),
    "apply": lambda layer, *args, **kwargs: layer(*args, **kwargs),
    "get_input_mask_at": mask_at("inputs"),
    "get_input_shape_at": _at("input"),
    "get_losses_for": _none_for,
    "get_output_mask_at": mask_at("outputs"),
    "get_output_shape_at": _at("output"),
    "get_output_shape_for": lambda layer, shape: layer.compute_output_shape(shape),
    "get_updates_for": _none_for,
}
"""Methods that layers had."""


# --- attributes of models -----------------------------------------------------------------------


def _input_layers(model: Any) -> list[Any]:
    from ..graph import node_of

    return [node_of(x).operation for x in model.inputs]


def _output_layers(model: Any) -> list[Any]:
    from ..graph import node_of

    return [node_of(x).operation for x in model.outputs]


def _ready(model: Any, *args: Any, **kwargs: Any) -> None:
    """Nothing: functions are compiled when they are first called."""


def reset_states(model: Any) -> None:
    """Set the states that stateful layers remember to zeros, those of models within the model, too."""
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()


def _stateful(model: Any) -> bool:
    return any(getattr(layer, "stateful", False) for layer in model.layers)


def _compiled(name: str) -> Callable[[Any], Any]:
    def value(model: Any) -> Any:
        from . import compiled

        return getattr(compiled, name)(model)

    return value


MODEL_VALUES: dict[str, Callable[[Any], Any]] = {
    "compiled_loss": _compiled("compiled_loss"),
    "compiled_metrics": _compiled("compiled_metrics"),
    "container_nodes": lambda model: {
        id(n) for layer in model.layers for n in layer._inbound_nodes
    },
    "flattened_layers": lambda model: model.layers,
    "input_layers": _input_layers,
    "metrics_tensors": MetricTensors,
    "output_layers": _output_layers,
    "state_updates": lambda model: [],
    "stateful": _stateful,
    "_collected_trainable_weights": lambda model: model.trainable_weights,
    "_feed_inputs": lambda model: model.inputs,
    "_feed_sample_weights": sample_weights,
    "_feed_targets": targets,
    "sample_weights": sample_weights,
    "targets": targets,
    "total_loss": total_loss,
}
"""Attributes that models had, as functions of the model."""

METHODS: dict[str, Callable] = {
    **{
        f.__name__: f
        for f in (
            fit_generator, evaluate_generator, predict_generator, predict_classes, predict_proba,
            reset_states, to_yaml,
        )
    },
    **dict.fromkeys(
        ("_make_train_function", "_make_test_function", "_make_predict_function"),
        _ready,
    ),
}  # fmt: skip
"""Methods that models had."""


def take_out(model: Any, layer: Any) -> None:
    """Take a layer out of a model from whose list of layers it was popped.

    A `Sequential` then ends before it. Another model still computes the same; it only lists the layer no
    longer, until its ``outputs`` are set.

    Raises:
        InputError: It is not the last layer of a `Sequential`.
    """
    note(
        "model.layers.pop()",
        "model.pop() of a Sequential, Model(model.input, layer.output) of others",
    )
    if not hasattr(model, "_chain"):
        model.__dict__.setdefault("_taken_out", []).append(layer)
    elif model._chain and model._chain[-1] is layer:
        model.pop()
    else:
        raise InputError(
            f"Only the last layer of a Sequential model can be taken out, {layer.name!r} is another. Make a new model "
            "of the layers that are to stay: Sequential([...])."
        )


def set_outputs(model: Any, outputs: Any) -> None:
    """Let a functional model end at other tensors of its graph, as ``model.outputs = [...]`` once did.

    Raises:
        InputError: It is a `Sequential`, which ends at its last layer.
    """
    from ..graph import Graph

    flat = tree.flatten(outputs)
    if [id(x) for x in flat] == [id(x) for x in model.outputs]:
        return
    if hasattr(model, "_chain"):
        raise InputError(
            "A Sequential model ends at its last layer. Use pop() or add(...), or Model(model.inputs, outputs)."
        )
    inputs = model._need_graph("outputs").inputs
    note("model.outputs = ...", "Model(model.input, ...)")
    model._set_graph(Graph(inputs, flat[0] if len(flat) == 1 else flat))
    for name in ("_programs", "_loss_graph", "_taken_out"):
        model.__dict__.pop(name, None)


def attribute(item: Any, name: str) -> Any:
    """The value of an attribute that a layer or model once had.

    Raises:
        AttributeError: It never had such an attribute, or this one has no value for it.
    """
    from ..models import Model

    if isinstance(item, Model):
        if name in METHODS:
            return functools.partial(METHODS[name], item)
        if name in MODEL_VALUES:
            return MODEL_VALUES[name](item)
    if name in LAYER_METHODS:
        return functools.partial(LAYER_METHODS[name], item)
    if name in LAYER_VALUES:
        return LAYER_VALUES[name](item)
    raise AttributeError(f"{type(item).__name__!r} object has no attribute {name!r}")
