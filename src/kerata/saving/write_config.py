"""Configurations of models as other libraries read them: Keras 3's form, and that of Keras 2 for HDF5."""

from __future__ import annotations

import inspect
from typing import Any

from ..capture import _signature, is_built_in
from ..ops import REGISTRY
from ..serialization import built_in, custom_object, is_config
from . import op_classes
from .read_config import TENSORFLOW_LAYERS, tensorflow_name


def to_keras3(config: Any) -> Any:
    """Kerata's configuration of a model, in Keras 3's form: its numbering of calls, its ops' classes."""
    if isinstance(config, (list, tuple)):
        return [to_keras3(v) for v in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "__tuple__" and "items" in config:
        return [to_keras3(v) for v in config["items"]]
    out = {k: to_keras3(v) for k, v in config.items() if k != "_calls"}
    build = out.get("build_config")
    if isinstance(build, dict) and "shapes" in build:  # Keras wants the names of build's arguments
        del out["build_config"]
    if isinstance(out.get("layers"), list):
        for e in out["layers"]:
            _drop_shape(e)
    if "input_layers" in out and "layers" in out:
        nested = {e["name"] for e in out["layers"] if _is_graph(e)}
        out["output_layers"] = _shift(out["output_layers"], nested)
        out["input_layers"] = _shift(out["input_layers"], nested)
        for e in out["layers"]:
            _op_class(e)
    return out


def _drop_shape(entry: Any) -> None:
    """Take out of a layer's arguments the input's shape, which stands in the model's `InputLayer`, too."""
    inner = entry.get("config") if isinstance(entry, dict) else None
    if not isinstance(inner, dict) or entry["class_name"] == "InputLayer":
        return
    cls = layer_class(entry)
    own = (
        _signature(cls).parameters
        if cls is not None and hasattr(cls.__init__, "__wrapped__")
        else {}
    )
    for key in ("batch_shape", "batch_input_shape", "input_shape", "input_dim"):
        if key not in own:
            inner.pop(key, None)


def layer_class(entry: dict[str, Any]) -> Any:
    """The class of a layer's configuration, a custom or a built-in one."""
    name = entry["class_name"]
    return custom_object(entry.get("registered_name"), name) or built_in(
        entry.get("module"), name.rpartition(">")[2]
    )


def _is_graph(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("config"), dict) and "input_layers" in entry["config"]


def _shift(x: Any, nested: Any) -> Any:
    """References to a model's ends, where Keras counts the making of a nested model as a call."""
    if isinstance(x, list) and len(x) == 3 and isinstance(x[0], str):
        return [x[0], x[1] + (x[0] in nested), x[2]]
    if isinstance(x, dict):
        return {k: _shift(v, nested) for k, v in x.items()}
    return [_shift(v, nested) for v in x]


def _op_class(entry: dict[str, Any]) -> None:
    if entry["class_name"] != "OpCall":
        return
    key = entry["config"]["op"]
    for call in entry["inbound_nodes"]:
        found = op_classes.to_class(key, call["args"], call["kwargs"])
        if found is None:
            return
        module, cls, config, call["args"], call["kwargs"] = found
    entry.update(
        module=module, class_name=cls, config={"name": entry["name"], **config}, registered_name=cls
    )


# --- Keras 2 ------------------------------------------------------------------------------------


def to_keras2(config: Any, inner_object: bool = False) -> Any:
    """Kerata's configuration of a model (or of anything in it) as Keras 2 and tf_keras write it in HDF5.

    Only what differs from a constructor's defaults is written, as the versions differ in which
    further arguments they have. An object that is an argument of another, not a layer of a model,
    keeps its module.
    """
    if isinstance(config, (list, tuple)):
        return [to_keras2(v, inner_object) for v in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "__tuple__" and "items" in config:
        return [to_keras2(v, inner_object) for v in config["items"]]
    if not is_config(config):
        return {k: to_keras2(v, inner_object) for k, v in config.items()}
    name, inner = config["class_name"], config["config"]
    if name.startswith("__"):
        return config
    if name in ("function", "type"):
        return inner
    if name == "DTypePolicy":
        policy = inner["name"]
        return (
            {"class_name": "Policy", "config": {"name": policy}}
            if policy.startswith("mixed")
            else policy
        )
    registered = config.get("registered_name")
    out: dict[str, Any] = {"class_name": registered if registered and ">" in registered else name}
    if inner_object and config.get("module"):
        out = {"module": config["module"], "class_name": name, "registered_name": registered}
    if isinstance(inner, dict):
        layers = to_keras2(inner.get("layers"))
        inner = to_keras2(
            {k: v for k, v in _shortened(config, inner).items() if k != "layers"}, inner_object=True
        )
        if layers is not None:
            inner["layers"] = layers
    out["config"] = inner
    for key in ("name", "inbound_nodes"):
        if key in config:
            out[key] = config[key]
    _for_keras2(name, out, config.get("build_config") or {})
    return out


def _shortened(entry: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    cls = built_in(entry.get("module"), entry["class_name"])
    if cls is None or not is_built_in(cls) or not hasattr(cls.__init__, "__wrapped__"):
        return inner
    defaults: dict[str, Any] = {}
    for c in cls.__mro__:
        if "__init__" in c.__dict__ and c is not object and hasattr(c.__init__, "__wrapped__"):
            for p in _signature(c).parameters.values():
                defaults.setdefault(p.name, p.default)
    # The last two have other defaults in tf_keras (ConvLSTM), or none in Keras 3 (AveragePooling).
    keep = ("name", "trainable", "dtype", "learning_rate", "recurrent_activation", "pool_size")
    return {
        k: v
        for k, v in inner.items()
        if k in keep or not _equal(v, defaults.get(k, inspect.Parameter.empty))
    }


def _equal(value: Any, default: Any) -> bool:
    if isinstance(value, (list, tuple)) and isinstance(default, (list, tuple)):
        return list(value) == list(default)
    return type(value) is type(default) and value == default


# Kerata's name of an argument and that of tf_keras.
_OLD_ARGUMENTS = {"LeakyReLU": {"negative_slope": "alpha"}}


def _for_keras2(name: str, entry: dict[str, Any], build: dict[str, Any]) -> None:
    inner = entry["config"]
    if not isinstance(inner, dict):
        return
    for key in ("activation", "recurrent_activation"):
        # Another function in Keras 2; a name that it does not know is better than other numbers.
        if inner.get(key) in ("hard_sigmoid", "hard_sigmoid_keras2"):
            inner[key] = "hard_sigmoid" if inner[key].endswith("2") else "hard_sigmoid_keras3"
    if "batch_shape" in inner:
        inner["batch_input_shape"] = inner.pop("batch_shape")
        inner.pop("input_shape", None)
    for new, old in _OLD_ARGUMENTS.get(name, {}).items():
        if new in inner:
            inner[old] = inner.pop(new)
    if name == "InputLayer":
        inner.pop("trainable", None)
    if name == "MultiHeadAttention" and build.get(
        "shapes"
    ):  # tf_keras makes the weights from these
        query, value, *key = build["shapes"]
        inner.update(query_shape=query, value_shape=value, key_shape=key[0] if key else value)
    if name == "Sequential":
        for key in ("trainable", "dtype", "build_input_shape"):
            inner.pop(key, None)
    if "layers" in inner and "input_layers" in inner:
        inner.pop("dtype", None)
        _old_graph(inner)


def _old_graph(config: dict[str, Any]) -> None:
    """Calls as nested lists; those of a nested model are counted from 1."""
    nested = {e["name"] for e in config["layers"] if _is_graph(e) or _built_sequential(e)}
    for e in config["layers"]:
        _old_op(e)
        e["inbound_nodes"] = [_old_call(e, call, nested) for call in e["inbound_nodes"]]
        if e["class_name"] in TENSORFLOW_LAYERS:
            del e["config"]["arguments"]
    for key in ("input_layers", "output_layers"):
        ends = _shift(config[key], nested)
        config[key] = [ends] if isinstance(ends, list) and isinstance(ends[0], str) else ends


def _built_sequential(entry: dict[str, Any]) -> bool:
    inner = entry["config"]
    if (
        entry["class_name"] != "Sequential"
        or not isinstance(inner, dict)
        or not inner.get("layers")
    ):
        return False
    first = inner["layers"][0]
    return first["class_name"] == "InputLayer" or "batch_input_shape" in first["config"]


def _old_call(entry: dict[str, Any], call: dict[str, Any], nested: set[str]) -> Any:
    args, kwargs = list(call["args"]), dict(call["kwargs"])
    if len(args) > 1:
        kwargs.update(zip(_argument_names(entry)[1:], args[1:]))

    def value(x: Any) -> Any:
        if isinstance(x, dict) and x.get("class_name") == "__keras_tensor__":
            name, n, i = x["config"]["keras_history"]
            return [name, n + (name in nested), i]
        if isinstance(x, dict) and x.get("class_name") == "__tuple__" and "items" in x:
            return [value(v) for v in x["items"]]
        if isinstance(x, (list, tuple)):
            return [value(v) for v in x]
        if is_config(x):
            return x["config"] if x["class_name"] == "__slice__" else to_keras2(x)
        return {k: value(v) for k, v in x.items()} if isinstance(x, dict) else x

    kwargs = {k: value(v) for k, v in kwargs.items() if v is not None}
    first = value(args[0]) if args else value(kwargs.pop(_argument_names(entry)[0]))
    if not (isinstance(first, list) and len(first) == 3 and isinstance(first[0], str)):
        return [[*r, kwargs] for r in first]
    return [*first, kwargs] if entry["class_name"] in TENSORFLOW_LAYERS else [[*first, kwargs]]


def _argument_names(entry: dict[str, Any]) -> list[str]:
    if entry["class_name"] in TENSORFLOW_LAYERS:
        return entry["config"]["arguments"]
    if entry["class_name"] == "OpCall":
        return list(REGISTRY[entry["config"]["op"]].signature.parameters)
    cls = layer_class(entry)
    return list(inspect.signature(cls.call).parameters)[1:] if cls is not None else ["inputs"]


def _old_op(entry: dict[str, Any]) -> None:
    """An op as the layer that tf_keras has for TensorFlow's function of that meaning, if there is one."""
    if entry["class_name"] != "OpCall":
        return
    found = tensorflow_name(entry["config"]["op"])
    if found is None:
        return
    function, names = found
    entry["class_name"] = TENSORFLOW_LAYERS[entry["config"]["op"] == "get_item"]
    entry["config"] = {
        "name": entry["name"], "trainable": True, "dtype": "float32", "function": function, "arguments": names,
    }  # fmt: skip


# --- training -----------------------------------------------------------------------------------


def training_config(model: Any) -> dict[str, Any]:
    """What a whole-model HDF5 file says about how the model was compiled."""
    given = model.get_compile_config()
    optimizer = to_keras2(given.get("optimizer"))
    if is_config(optimizer):  # or else tf_keras takes it for one of before 2.11, with other slots
        optimizer["config"]["is_legacy_optimizer"] = False
    return {
        "loss": to_keras2(given.get("loss")),
        "metrics": to_keras2(given.get("metrics")),
        "weighted_metrics": to_keras2(given.get("weighted_metrics")),
        "loss_weights": given.get("loss_weights"),
        "optimizer_config": optimizer,
    }
