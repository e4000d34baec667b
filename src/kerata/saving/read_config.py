"""Configurations of models as files of any era have them, brought into Kerata's own form.

The eras differ in how they write the graph of a functional model, in the names of arguments, and in
what they put beside them. Names of arguments are translated by the tables of `kerata.legacy`; here is
what is no mere name.
"""

from __future__ import annotations

from typing import Any

from ..capture import accepted
from ..errors import FileError
from ..serialization import built_in, custom_object, get_registered_object, is_config, is_safe
from . import op_classes


def to_native(config: Any, old: bool, dropped: dict[str, None] | None = None) -> Any:
    """A configuration, with all in it, as Kerata's ``from_config`` methods take it.

    Args:
        config: What the file holds.
        old: Whether Keras 1 or 2 (or tf_keras) wrote it, rather than Keras 3.
        dropped: Filled with the arguments that are not known and say nothing, as keys.
    """
    dropped = {} if dropped is None else dropped
    if isinstance(config, list):
        return [to_native(v, old, dropped) for v in config]
    if not isinstance(config, dict):
        return config
    out = {k: to_native(v, old, dropped) for k, v in config.items()}
    if not is_config(out) or "config" not in out:
        return out
    out["class_name"] = _class_name(out)
    compiled = out.get("compile_config")
    if isinstance(compiled, dict) and compiled.get("jit_compile") is True:
        # Keras notes what its engine made of "auto"; that of the reader may decide otherwise.
        out["compile_config"] = {**compiled, "jit_compile": "auto"}
    if (
        old
    ):  # layers are built again by the calls of the model; the form differs between the versions
        out.pop("build_config", None)
    inner = out["config"]
    if isinstance(inner, dict):
        if old:
            _rename_activations(inner)
            if not inner.keys().isdisjoint(("implementation", "consume_less")):
                if out["class_name"] in ("GRU", "GRUCell"):  # of the time before there was a choice
                    inner.setdefault("reset_after", False)
        if "input_layers" in inner and "layers" in inner:
            out["config"] = inner = _graph(inner, old)
        fix = _FIXES.get(out["class_name"])
        if fix is not None:
            fix(out, inner)
        _prune(out, inner, dropped)
    return out


def _rename_activations(inner: dict[str, Any]) -> None:
    """What ``hard_sigmoid`` is in Keras 2 has another name in Kerata, as Keras 3 took it for another function."""
    for key in ("activation", "recurrent_activation", "inner_activation"):
        if inner.get(key) == "hard_sigmoid":
            inner[key] = _function("hard_sigmoid_keras2")
        elif inner.get(key) == "hard_sigmoid_keras3":
            inner[key] = "hard_sigmoid"


def _class_name(entry: dict[str, Any]) -> str:
    name = entry["class_name"]
    package, _, plain = name.rpartition(">")
    if (
        package
        and get_registered_object(name) is None
        and built_in(entry.get("module"), plain) is not None
    ):
        return plain
    if name in ("Functional", "Container", "Network", "Model") and "input_layers" in (
        entry["config"] or ()
    ):
        return "Functional"
    return name


def _prune(entry: dict[str, Any], inner: dict[str, Any], dropped: dict[str, None]) -> None:
    """Drop arguments that Kerata's class does not have, where they say nothing."""
    from ..legacy.arguments import knows

    if (entry.get("registered_name") and ">" in str(entry["registered_name"])) or _is_op(entry):
        return
    cls = built_in(entry.get("module"), entry["class_name"])
    known = accepted(cls) if cls is not None and hasattr(cls.__init__, "__wrapped__") else None
    if not known:
        return
    names = [c.__name__ for c in cls.__mro__]
    for key in list(inner):
        if key in known or knows(names, key):
            continue
        if key in _MEANINGLESS.get(cls.__module__.split(".")[1], ()):
            del inner[key]
        elif inner[key] in (None, False, [], {}):
            del inner[key]
            dropped[f"{key} of {cls.__name__}"] = None


# Arguments that files of tf_keras and Keras 2 carry along though they decide nothing.
_MEANINGLESS = {
    "layers": {
        "batch_input_shape", "groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint", "time_major",
        "implementation", "ragged", "input_length", "query_shape", "key_shape", "value_shape",
        "softmax_robust_masking",
    },
    "initializers": {"dtype", "input_axes", "output_axes"},
    "legacy": {"transform_bias"},  # an initial value of Highway
    "losses": {"fn"},
    "metrics": {"fn"},
}  # fmt: skip


# --- single classes -----------------------------------------------------------------------------


def _fix_input(entry: dict[str, Any], inner: dict[str, Any]) -> None:
    inner.pop("trainable", None)
    shape = inner.pop("batch_input_shape", None)
    if shape is not None:
        inner["batch_shape"] = shape


def _fix_axis(entry: dict[str, Any], inner: dict[str, Any]) -> None:
    axis = inner.get("axis")
    if isinstance(axis, (list, tuple)) and len(axis) == 1:
        inner["axis"] = axis[0]


def _fix_reduction(entry: dict[str, Any], inner: dict[str, Any]) -> None:
    if inner.get("reduction") in ("auto", "sum_over_nonzero_weights"):
        inner["reduction"] = "sum_over_batch_size"
    if (
        "fn" in inner
        and entry["class_name"] in ("MeanMetricWrapper", "LossFunctionWrapper")
        and isinstance(inner["fn"], str)
    ):
        inner["fn"] = _function(inner["fn"])


def _function(name: str) -> dict[str, Any]:
    return {
        "module": "builtins",
        "class_name": "function",
        "config": name,
        "registered_name": "function",
    }


def _fix_lambda(entry: dict[str, Any], inner: dict[str, Any]) -> None:
    """Keras 2 kept compiled code in a list, and the name of a function as it is."""
    function, name = inner.get("function"), inner.get("name")
    if isinstance(function, list):
        function = inner["function"] = _code(function)
    elif isinstance(function, str):
        inner["function"] = _function(function)
    if isinstance(function, dict) and function.get("class_name") == "__lambda__":
        if custom_object(name) is not None:
            inner["function"] = _function(str(name))
            _without_code(inner)
        elif is_safe():
            raise FileError(
                f"The function of the Lambda layer {name!r} is a lambda, kept as compiled code that would run on this "
                "machine. If you trust the file's source, load it with safe_mode=False; or pass the function by the "
                f"layer's name: custom_objects={{{name!r}: lambda x: ...}}."
            )
    kind = inner.pop("output_shape_type", None)
    if kind == "lambda" and isinstance(inner.get("output_shape"), list):
        if is_safe() or not isinstance(inner["output_shape"][0], str):
            inner["output_shape"] = None  # the shape is found by the function itself
        else:
            inner["output_shape"] = _code(inner["output_shape"])
    for key in ("function_type", "module", "output_shape_module"):
        inner.pop(key, None)


def _code(value: list[Any]) -> dict[str, Any]:
    return {"class_name": "__lambda__", "config": {"value": value}}


def _without_code(inner: dict[str, Any]) -> None:
    """Leave out what else of a Lambda layer is code: the shape is found by the function itself."""
    for key in ("output_shape", "mask"):
        value = inner.get(key)
        if isinstance(value, dict) and value.get("class_name") == "__lambda__":
            inner[key] = None
    if inner.get("output_shape_type") == "lambda":
        inner["output_shape"] = None


def _fix_bidirectional(entry: dict[str, Any], inner: dict[str, Any]) -> None:
    inner.pop("num_constants", None)


_FIXES = {
    "InputLayer": _fix_input,
    "BatchNormalization": _fix_axis,
    "Lambda": _fix_lambda,
    "Bidirectional": _fix_bidirectional,
    "MeanMetricWrapper": _fix_reduction,
    "LossFunctionWrapper": _fix_reduction,
} | dict.fromkeys(
    (
        "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
        "SparseCategoricalCrossentropy", "MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError", "Huber", "LogCosh", "KLDivergence", "Poisson", "CosineSimilarity", "Hinge",
        "SquaredHinge", "CategoricalHinge",
    ),
    _fix_reduction,
)  # fmt: skip


# --- graphs -------------------------------------------------------------------------------------


def _graph(config: dict[str, Any], old: bool) -> dict[str, Any]:
    """Calls as ``args`` and ``kwargs``, numbered from 0 for each layer; ops as ops."""
    out = dict(config)
    entries = [dict(e) for e in config["layers"]]
    out["layers"] = entries
    by_name = {e["name"]: e for e in entries}
    if old:
        offsets = _offsets(config, by_name)
        for e in entries:
            e["inbound_nodes"] = [_old_call(n, by_name, offsets) for n in e["inbound_nodes"]]
        ends = offsets
    else:
        ends = {e["name"]: 1 for e in entries if "input_layers" in (e["config"] or ())}
    for key in ("input_layers", "output_layers"):
        moved = _map_references(config[key], lambda r: [r[0], r[1] - ends.get(r[0], 0), r[2]])
        out[key] = moved[0] if old and len(moved) == 1 and _is_reference(moved[0]) else moved
    for e in entries:
        _op_entry(e)
    return out


def _is_reference(x: Any) -> bool:
    return (
        isinstance(x, (list, tuple)) and len(x) in (3, 4) and isinstance(x[0], str)
        and isinstance(x[1], int) and isinstance(x[2], int)
    )  # fmt: skip


def _map_references(x: Any, fn: Any) -> Any:
    if _is_reference(x):
        return fn(x)
    if isinstance(x, (list, tuple)):
        return [_map_references(v, fn) for v in x]
    if isinstance(x, dict):
        return {k: _map_references(v, fn) for k, v in x.items()}
    return x


def _offsets(config: dict[str, Any], by_name: dict[str, dict]) -> dict[str, int]:
    """By how much the numbers of calls are off: Keras 2 counted a nested model's own making as one."""
    largest: dict[str, int] = {}

    def note(r: Any) -> Any:
        if r[0] in by_name:
            largest[r[0]] = max(largest.get(r[0], 0), r[1])
        if len(r) == 4:
            _map_references(r[3], note)
        return r

    for e in config["layers"]:
        _map_references(e["inbound_nodes"], note)
    _map_references(config["output_layers"], note)
    return {
        name: 1 for name, n in largest.items() if n and n >= len(by_name[name]["inbound_nodes"])
    }


def _old_call(node: Any, by_name: dict[str, dict], offsets: dict[str, int]) -> dict[str, Any]:
    """A call out of Keras 2's nested lists ``[layer, call, output, keyword arguments]``."""
    kwargs: dict[str, Any] = {}

    def tensor(r: Any) -> dict[str, Any]:
        history = [r[0], r[1] - offsets.get(r[0], 0), r[2]]
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": None, "dtype": None, "keras_history": history},
        }

    def value(x: Any) -> Any:
        if _is_constant(x):
            if len(x) == 4:
                kwargs.update(x[3])
            return x[2]
        if _is_reference(x) and x[0] in by_name:
            if len(x) == 4 and isinstance(x[3], dict):
                kwargs.update({k: value(v) for k, v in x[3].items() if v is not None})
            return tensor(x)
        if isinstance(x, (list, tuple)):
            return [value(v) for v in x]
        if isinstance(x, dict):
            return {k: value(v) for k, v in x.items()}
        return x

    first = value(node)
    if isinstance(first, list) and len(first) == 1:
        first = first[0]
    return {"args": [first], "kwargs": kwargs}


def _is_constant(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and len(x) >= 3 and x[0] == "_CONSTANT_VALUE"


def _is_op(entry: dict[str, Any]) -> bool:
    """Whether an entry is an op's object of Keras 3, some of which are called like layers and metrics."""
    module = entry.get("module") or ""
    if module:
        return ".ops." in module and module.startswith("keras")
    return "trainable" not in entry["config"] and bool(op_classes.key_of("", entry["class_name"]))


def _op_entry(entry: dict[str, Any]) -> None:
    """An op's object of Keras 3, or a TensorFlow function of tf_keras, as a call of Kerata's op."""
    module, cls = entry.get("module") or "", entry["class_name"]
    if _is_op(entry):
        find = op_classes.from_class
    elif cls in TENSORFLOW_LAYERS:
        find = _tensorflow_op
    else:
        return
    config = {k: v for k, v in entry["config"].items() if k != "name"}
    name, key = entry["name"], None
    for call in entry["inbound_nodes"]:
        found = find(module, cls, config, call["args"], call["kwargs"])
        if found is None:
            what = config.get("function", cls)
            raise FileError(f"The model calls {what!r} at {name!r}, for which Kerata has no op.")
        key, call["args"], call["kwargs"] = found
    entry.update(
        module="kerata.graph",
        class_name="OpCall",
        config={"name": name, "op": key},
        registered_name=None,
    )


TENSORFLOW_LAYERS = ("TFOpLambda", "SlicingOpLambda")


def tensorflow_name(key: str) -> tuple[str, list[str]] | None:
    """TensorFlow's function for an op, and the names of its arguments."""
    from ..legacy.foreign_functions import table

    for function, twin in table("tensorflow").items():
        if twin.op == key:
            return function, list(twin.arguments)
    return None


def _tensorflow_op(
    module: str, cls: str, config: dict, args: list, kwargs: dict
) -> tuple[str, list, dict] | None:
    from ..legacy.foreign_functions import table

    twin = table("tensorflow").get(config.get("function", ""))
    if twin is None:
        return None
    ordered = twin.ordered(args, kwargs)
    if ordered is None:
        return None
    if twin.op == "get_item":
        ordered[1] = _slices(ordered[1])
    return twin.op, ordered, {}


def _slices(spec: Any) -> Any:
    """Index of ``x[...]`` as tf_keras writes it: dicts for slices."""
    if isinstance(spec, dict) and spec.keys() == {"start", "stop", "step"}:
        return {"class_name": "__slice__", "config": spec}
    if isinstance(spec, list):
        return op_classes.index_tuple([_slices(s) for s in spec])
    return spec
