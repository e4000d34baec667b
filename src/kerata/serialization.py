"""Objects to and from configurations fit for JSON, the registry of custom objects, lookup by name.

The form is that of Keras 3: an object is ``{"module", "class_name", "config", "registered_name"}``
with the public Keras path of built-in classes, so that either library reads what the other wrote.
Reading resolves names to Kerata's own classes and to objects that the caller registered or passed
in. No module that a configuration names is ever imported, and no code in it runs, unless the caller
says ``safe_mode=False``.
"""

from __future__ import annotations

import base64
import contextlib
import difflib
import functools
import importlib
import inspect
import marshal
import re
import threading
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from . import dtypes
from .capture import is_built_in
from .errors import FileError, InputError
from .spec import KerasTensor
from .variable import Variable

_PACKAGE = __name__.rpartition(".")[0]
_PLAIN = (str, int, float, bool)
_REGISTERED: dict[str, Any] = {}
_NAMES: dict[Any, str] = {}


class _Local(threading.local):
    custom: dict[str, Any] | None = None
    safe: bool | None = None
    written: dict[int, Any] | None = None
    read: dict[Any, Any] | None = None
    making = 0


_local = _Local()
_unsafe = False


# --- custom objects -----------------------------------------------------------------------------


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable:
    """Decorator by which a class or function of the user's is found again when a file is loaded.

    It is kept under the name ``package>name``, with the class or function's own name by default.

    >>> @register_keras_serializable("shop")
    ... def double(x):
    ...     return 2 * x
    >>> get_registered_name(double), get_registered_object("shop>double") is double
    ('shop>double', True)
    """

    def register(target: Any) -> Any:
        if inspect.isclass(target) and not hasattr(target, "get_config"):
            raise ValueError(f"{target.__name__} needs a get_config method to be registered.")
        full = f"{package}>{name if name is not None else target.__name__}"
        _REGISTERED[full] = target
        _NAMES[target] = full
        return target

    return register


class CustomObjectScope:
    """Makes classes and functions known by name inside a ``with`` block.

    >>> with CustomObjectScope({"twice": lambda x: 2 * x}):
    ...     get_registered_object("twice")(4)
    8
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None = None) -> None:
        self.custom_objects = dict(custom_objects or {})
        self._outer: list[dict[str, Any] | None] = []

    def __enter__(self) -> CustomObjectScope:
        self._outer.append(_local.custom)
        _local.custom = {**(_local.custom or {}), **self.custom_objects}
        return self

    def __exit__(self, *_: Any) -> None:
        _local.custom = self._outer.pop()


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """The registry of custom objects itself: name to class or function. It may be changed.

    >>> get_custom_objects()["twice"] = lambda x: 2 * x
    >>> get_registered_object("twice")(3)
    6
    >>> del get_custom_objects()["twice"]
    """
    return _REGISTERED


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered, else its own.

    >>> @register_keras_serializable(package="shop")
    ... def twice(x):
    ...     return 2 * x
    >>> get_registered_name(twice)
    'shop>twice'
    """
    try:
        return _NAMES.get(obj) or obj.__name__
    except TypeError:
        return obj.__name__


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """The custom object of that name, from the scope, the registry, or the mappings; or ``None``.

    >>> get_registered_object("nothing") is None
    True
    >>> get_registered_object("f", custom_objects={"f": abs})
    <built-in function abs>
    """
    for place in (_local.custom, _REGISTERED, custom_objects, module_objects):
        if place and name in place:
            return place[name]
    return None


def custom_object(*names: Any) -> Any:
    """A custom object by any of its names, with or without its package."""
    for name in names:
        if isinstance(name, str):
            found = get_registered_object(name)
            if found is None and ">" in name:
                found = get_registered_object(name.rpartition(">")[2])
            if found is not None:
                return found
    return None


# --- state of a reading or writing --------------------------------------------------------------


def enable_unsafe_deserialization() -> None:
    """Let files run the code of lambdas in them, for the rest of the process."""
    global _unsafe
    _unsafe = True


@contextlib.contextmanager
def reading(
    custom_objects: Mapping[str, Any] | None = None, safe_mode: bool | None = None
) -> Iterator[None]:
    """Custom objects and safety for all that is deserialized in the block, at any depth."""
    before, _local.safe = _local.safe, _local.safe if safe_mode is None else safe_mode
    try:
        with CustomObjectScope(custom_objects):
            yield
    finally:
        _local.safe = before


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """In the block an object that occurs twice is written, and read back, as one."""
    before = _local.written, _local.read
    _local.written, _local.read = {}, {}
    try:
        yield
    finally:
        _local.written, _local.read = before


def is_safe() -> bool:
    """Whether code inside configurations is refused."""
    return not _unsafe if _local.safe is None else _local.safe


def is_reading() -> bool:
    """Whether an object is being made from a configuration, rather than by a program's call."""
    return _local.making > 0


# --- writing ------------------------------------------------------------------------------------


def serialize_keras_object(obj: Any) -> Any:
    """`obj` as plain values fit for JSON.

    Numbers, strings and nested lists, tuples and dicts of them stay as they are. Arrays, tensors,
    slices, functions, dtypes and objects with a ``get_config`` become dicts with a ``class_name``.

    >>> serialize_keras_object({"a": (1, np.float32(2))})
    {'a': (1, 2.0)}
    >>> serialize_keras_object(slice(1, None))
    {'class_name': '__slice__', 'config': {'start': 1, 'stop': None, 'step': None}}
    """
    if obj is None or isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, (list, tuple)):
        items = [serialize_keras_object(v) for v in obj]
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, dict):
        return {k: serialize_keras_object(v) for k, v in obj.items()}
    special = _serialize_value(obj)
    if special is not None:
        return special[0]
    if isinstance(obj, type) or inspect.isroutine(obj) or not hasattr(obj, "get_config"):
        return _serialize_function(obj)
    return _serialize_instance(obj)


def _serialize_value(obj: Any) -> tuple[Any] | None:
    """The form of a value that is neither plain nor an object with a configuration, in a tuple."""
    if isinstance(obj, np.generic):
        return (obj.item(),)
    if isinstance(obj, np.ndarray):
        if obj.ndim == 0:
            return (obj.item(),)
        return (_special("numpy", value=obj.tolist(), dtype=dtypes.standardize(obj.dtype)),)
    if isinstance(obj, np.dtype):
        return (obj.name,)
    if isinstance(obj, KerasTensor):
        history = obj._keras_history
        place = None if history is None else [history[0].name, *history[1:]]
        return (
            _special("keras_tensor", shape=list(obj.shape), dtype=obj.dtype, keras_history=place),
        )
    if isinstance(obj, bytes):
        return (_special("bytes", value=obj.decode("utf-8")),)
    if isinstance(obj, slice):
        parts = {k: serialize_keras_object(getattr(obj, k)) for k in ("start", "stop", "step")}
        return (_special("slice", **parts),)
    if obj is Ellipsis:
        return (_special("ellipsis"),)
    if isinstance(obj, Variable) or _is_tensor(obj):
        value = obj.numpy() if isinstance(obj, Variable) else np.asarray(obj)
        return (_special("tensor", value=value.tolist(), dtype=dtypes.standardize(obj.dtype)),)
    return None


def _special(name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": f"__{name}__", "config": config}


def _is_tensor(obj: Any) -> bool:
    if not hasattr(obj, "shape") or not hasattr(obj, "dtype") or hasattr(obj, "get_config"):
        return False
    return hasattr(obj, "__array__")


def _serialize_function(obj: Any) -> dict[str, Any]:
    if getattr(obj, "__name__", None) == "<lambda>":
        warnings.warn(
            "A lambda is being saved as compiled code. The file will load only with safe_mode=False, and only "
            "under the same version of Python. Use a named, registered function instead.",
            stacklevel=4,
        )
        return _special("lambda", **dump_function(obj))
    if not hasattr(obj, "__name__"):
        raise TypeError(
            f"{obj!r} of {type(obj)} cannot be saved: its class needs a get_config method."
        )
    kind = "type" if isinstance(obj, type) else "function"
    return {
        "module": "builtins",
        "class_name": kind,
        "config": get_registered_name(obj),
        "registered_name": kind,
    }


def _serialize_instance(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    module: str | None
    module, name = public_name(cls)
    registered = None
    if not is_built_in(cls) or cls in _NAMES:
        module, name = cls.__module__, cls.__name__
        module = None if module == "__main__" else module
        registered = get_registered_name(cls)
    elif str(module).startswith("keras.src"):
        registered = name
    config = obj.get_config()
    if not isinstance(config, dict):
        raise TypeError(f"{cls.__name__}.get_config must return a dict, it returned {config!r}.")
    out = {
        "module": module,
        "class_name": name,
        "config": {k: serialize_keras_object(v) for k, v in config.items()},
        "registered_name": registered,
    }
    for part in ("build_config", "compile_config"):
        extra = getattr(obj, f"get_{part}", None)
        extra = extra() if extra is not None else None
        if extra is not None:
            out[part] = {k: serialize_keras_object(v) for k, v in extra.items()}
    _note_written(obj, out)
    return out


def _note_written(obj: Any, config: dict[str, Any]) -> None:
    if _local.written is not None:
        # The object is held, so that its id is not given to another one meanwhile.
        _local.written[id(obj)] = obj
        config["shared_object_id"] = id(obj)


def serialize_shared(obj: Any) -> Any:
    """Like `serialize_keras_object`; what occurs more than once is marked, to be read back as one."""
    with sharing():
        config = serialize_keras_object(obj)
    counts = Counter(_shared_ids(config))
    return _without_single(config, counts)


def _shared_ids(x: Any) -> Iterator[int]:
    if isinstance(x, dict):
        if "shared_object_id" in x:
            yield x["shared_object_id"]
        x = x.values()
    elif not isinstance(x, (list, tuple)):
        return
    for v in x:
        yield from _shared_ids(v)


def _without_single(x: Any, counts: Counter[int]) -> Any:
    if isinstance(x, dict):
        single = counts.get(x.get("shared_object_id", 0)) == 1
        return {
            k: _without_single(v, counts)
            for k, v in x.items()
            if not (single and k == "shared_object_id")
        }
    if isinstance(x, (list, tuple)):
        return type(x)(_without_single(v, counts) for v in x)
    return x


# Classes whose public place is not the package they are written in.
_PUBLIC = {
    "Sequential": "keras",
    "Model": "keras",
    "Functional": "keras.src.models.functional",
    "DTypePolicy": "keras",
    "DTypePolicyMap": "keras.dtype_policies",
    "SeedGenerator": "keras.random",
    "FeatureSpace": "keras.utils",
    **dict.fromkeys(
        ("Cross", "Feature", "TFDConcat", "TFDIdentity"),
        "keras.src.layers.preprocessing.feature_space",
    ),
}
_KINDS = (
    "layers", "models", "initializers", "regularizers", "constraints", "activations", "losses", "metrics",
    "optimizers", "optimizers.schedules", "callbacks", "random", "dtypes", "utils.feature_space",
    # Of earlier eras; looked at where no other has the name.
    "legacy.layers", "legacy.metrics", "legacy.regularizers", "legacy.constraints", "legacy.models",
    "legacy.experimental", "legacy.schedules",
)  # fmt: skip
_FUNCTIONS = (
    "activations",
    "losses",
    "metrics",
    "initializers",
    "regularizers",
    "constraints",
    "ops",
    "legacy.functions",
    "legacy.metrics",
)


def public_name(cls: type) -> tuple[str, str]:
    """The module and name under which Keras exports its class of the name of a built-in one.

    >>> from kerata.dtypes import DTypePolicy
    >>> public_name(DTypePolicy)
    ('keras', 'DTypePolicy')
    """
    name = cls.__dict__.get("_public_name") or cls.__name__
    if name in _PUBLIC:
        return _PUBLIC[name], name
    parts = cls.__module__.split(".")[1:]
    parts = parts[1:] if parts[:1] == ["legacy"] else parts
    kind = parts[0] if parts else ""
    if "schedules" in parts:
        kind = "optimizers.schedules"
    return (f"keras.{kind}" if kind else "keras"), name


# --- reading ------------------------------------------------------------------------------------


def deserialize_keras_object(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool | None = None,
    **kwargs: Any,
) -> Any:
    """The object that a configuration describes; the inverse of `serialize_keras_object`.

    Args:
        config: What `serialize_keras_object` gave, or the form of an earlier Keras.
        custom_objects: Classes and functions by the names that the configuration uses.
        safe_mode: Refuse lambdas, whose code would run. True by default.

    Raises:
        InputError: A class or function is not known.
        FileError: A lambda, in safe mode.

    >>> deserialize_keras_object({"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "int32"}})
    array([1, 2], dtype=int32)
    """
    module_objects = kwargs.get("module_objects")
    with reading({**(module_objects or {}), **(custom_objects or {})}, safe_mode):
        if isinstance(config, str):
            found = custom_object(config)
            return config if found is None else found
        return _read(config)


def deserialize_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor call with the configurations among them turned into objects."""
    return {k: _read(v) for k, v in config.items()}


def is_config(x: Any) -> bool:
    """Whether `x` is the configuration of an object."""
    return (
        isinstance(x, dict)
        and isinstance(x.get("class_name"), str)
        and ("config" in x or "items" in x)
    )


def _read(config: Any) -> Any:
    if isinstance(config, (list, tuple)):
        items = [_read(v) for v in config]
        return tuple(items) if isinstance(config, tuple) else items
    if not isinstance(config, dict):
        return config
    if not is_config(config):
        return {k: _read(v) for k, v in config.items()}
    return _read_object(config)


def _read_object(config: dict[str, Any], first: Mapping[str, Any] | None = None) -> Any:
    """The object of a configuration with a ``class_name``; its class is looked up in `first`, too."""
    name = config["class_name"]
    reader = _SPECIAL.get(name)
    if reader is not None:
        return reader(config.get("config", config.get("items")))
    inner = config.get("config")
    if name in ("function", "type"):
        return _find(inner, config, first)
    if inner is None:
        inner = {}
    if not isinstance(inner, dict) and not isinstance(inner, list):
        raise InputError(f"The configuration of a {name} must be a dict, got {inner!r}.")
    shared = config.get("shared_object_id")
    if shared is not None and _local.read is not None and shared in _local.read:
        return _local.read[shared]
    cls = _find(name, config, first)
    if not isinstance(cls, type):
        return cls
    made = _instance(cls, inner, config)
    if shared is not None and _local.read is not None:
        _local.read[shared] = made
    return made


def _instance(cls: type, inner: Any, config: dict[str, Any]) -> Any:
    from_config = getattr(cls, "from_config", None)
    if from_config is None:
        raise InputError(
            f"{cls.__name__} has no from_config method: it cannot be made from a configuration."
        )
    _local.making += 1
    try:
        made = from_config(inner)
    except TypeError as e:
        e.add_note(
            f"This came while making a {cls.__name__} from its configuration. Objects that get_config of a class "
            "of your own puts into the configuration must be turned back in its from_config."
        )
        raise
    finally:
        _local.making -= 1
    build = config.get("build_config")
    if build and not getattr(made, "built", True):
        made.build_from_config(build)
        made.built = True
    compiled = config.get("compile_config")
    if compiled and hasattr(made, "compile_from_config"):
        made.compile_from_config(compiled)
    return made


def _find(name: Any, config: dict[str, Any], first: Mapping[str, Any] | None = None) -> Any:
    """The class or function that a configuration names: a custom one, or one of Kerata's own."""
    if not isinstance(name, str):
        raise InputError(f"A class or function must be named by a string, got {name!r}.")
    registered = config.get("registered_name")
    found = custom_object(registered if registered not in ("function", "type") else None, name)
    if found is None and first is not None:
        found = in_table(name, first)
    if found is None:
        functions = config["class_name"] in ("function", "type")
        found = built_in(config.get("module"), name, functions=functions)
    if found is None:
        what = "function" if config["class_name"] == "function" else "class"
        raise InputError(
            f"Unknown {what} {registered if registered and '>' in str(registered) else name!r}. "
            "Nothing is imported on a file's word: register it with "
            "@kerata.saving.register_keras_serializable(), or pass custom_objects={'"
            + name
            + "': ...}."
        )
    return found


# Names of earlier eras, or of Keras's insides, and Kerata's class.
_RENAMED = {
    "Policy": "DTypePolicy",
    "PolicyV1": "DTypePolicy",
    "FloatDTypePolicy": "DTypePolicy",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "DenseV2": "Dense",
    "NormalizationV2": "Normalization",
}


def built_in(module: str | None, name: str, functions: bool = False) -> Any:
    """Kerata's own class (or function) for a Keras path, of any era; ``None`` if there is none.

    >>> built_in("keras.src.dtype_policies.dtype_policy", "DTypePolicy").__name__
    'DTypePolicy'
    """
    if not name.isidentifier() or name.startswith("_"):
        return None
    name = _RENAMED.get(name, name)
    parts = [
        p
        for p in (module or "").split(".")
        if p not in ("keras", "src", "tf_keras", "tensorflow", _PACKAGE)
    ]
    kinds = _FUNCTIONS if functions else _KINDS
    near = [k for k in kinds if k.rpartition(".")[2] in parts]
    near = near[::-1] if "schedules" in parts else near
    for kind in [*near, *(k for k in kinds if k not in near)]:
        found = _public(kind, name, functions)
        if found is not None:
            return found
    return None


_NOT_IN_MODELS = frozenset({"get", "serialize", "deserialize", "lookup"})


def _public(kind: str, name: str, functions: bool) -> Any:
    """A class with a configuration, or with `functions` also a function of tensors, of one module."""
    try:
        module = importlib.import_module(f"{_PACKAGE}.{kind}")
        found = getattr(module, name, None)
    except ImportError:
        return None
    if isinstance(found, type):
        return found if is_built_in(found) and hasattr(found, "from_config") else None
    if not functions or not callable(found) or name in _NOT_IN_MODELS:
        return None
    return found if (getattr(found, "__module__", "") or "").startswith(_PACKAGE + ".") else None


def _read_tensor(config: dict[str, Any]) -> Any:
    from .engine import engine

    return engine().asarray(config["value"], dtypes.standardize(config["dtype"]))


def _read_numpy(config: dict[str, Any]) -> np.ndarray:
    return np.array(config["value"], dtype=config["dtype"])


def _read_keras_tensor(config: dict[str, Any]) -> KerasTensor:
    tensor = KerasTensor(config["shape"], config["dtype"])
    tensor._pre_serialization_keras_history = config["keras_history"]  # type: ignore[attr-defined]
    return tensor


def _read_lambda(config: Any) -> Callable:
    code = config.get("code") if isinstance(config, dict) else None
    if isinstance(code, Code):  # the configuration has not left this process
        return code.function
    if is_safe():
        raise FileError(
            "The configuration holds a lambda, as compiled code that would run on this machine. If you trust its "
            "source, load with safe_mode=False; better, save a named and registered function instead of a lambda."
        )
    return load_function(config)


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "__keras_tensor__": _read_keras_tensor,
    "__tensor__": _read_tensor,
    "__numpy__": _read_numpy,
    "__ndarray__": _read_numpy,
    "__bytes__": lambda c: c["value"].encode("utf-8"),
    "__ellipsis__": lambda c: Ellipsis,
    "__slice__": lambda c: slice(*(_read(c[k]) for k in ("start", "stop", "step"))),
    "__tuple__": lambda c: tuple(_read(v) for v in c),
    "TensorShape": lambda c: tuple(c),
    "__lambda__": _read_lambda,
}


# --- code of lambdas ----------------------------------------------------------------------------


class Code(str):
    """The code of a function as text, which knows the function as long as it is in no file."""

    function: Any

    def __new__(cls, text: str, function: Any) -> Code:
        made = super().__new__(cls, text)
        made.function = function
        return made

    def __reduce__(self) -> Any:
        return str, (str(self),)

    def __deepcopy__(self, memo: Any) -> Code:
        return self


def dump_function(fn: Any) -> dict[str, Any]:
    """A Python function as compiled code, in the form that Keras writes for lambdas."""
    code = base64.encodebytes(marshal.dumps(fn.__code__)).decode("ascii")
    closure = [c.cell_contents for c in fn.__closure__] if fn.__closure__ else None
    defaults = list(fn.__defaults__) if fn.__defaults__ else None
    return {
        "code": Code(code, fn),
        "defaults": serialize_keras_object(defaults),
        "closure": serialize_keras_object(closure),
    }


def load_function(config: Any) -> Callable:
    """The function that `dump_function`, or Keras of any era, wrote. The caller trusts its source."""
    if isinstance(config, dict):
        config = (
            config["value"]
            if "value" in config
            else [config.get(k) for k in ("code", "defaults", "closure")]
        )
    if isinstance(config, str):
        config = [config, None, None]
    code, defaults, closure = config[0], config[1], config[2]
    try:
        compiled = marshal.loads(base64.b64decode(code))
    except (ValueError, EOFError, TypeError) as e:
        raise FileError(
            f"The code of a lambda cannot be read ({e}): it was written by another version of Python. "
            "Pass the function by the name of its Lambda layer in custom_objects, or rebuild the model in code and "
            "load its weights only."
        ) from e
    if not isinstance(compiled, types.CodeType):
        raise FileError("The code of a lambda is no code. The file is damaged.")
    names = importlib.import_module(_PACKAGE)
    scope = {
        "__builtins__": __builtins__,
        "keras": names,
        "kerata": names,
        "np": np,
        "K": importlib.import_module(f"{_PACKAGE}.backend"),
    }
    cells = tuple(types.CellType(_read(v)) for v in closure) if closure else None
    defaults = tuple(_read(d) for d in defaults) if defaults else None
    return types.FunctionType(compiled, scope, compiled.co_name, defaults, cells)


# --- lookup by name -----------------------------------------------------------------------------


def lookup(kind: str, identifier: Any, table: Mapping[str, Any]) -> Any:
    """What `identifier` means: the shared ``get`` of initializers, losses, optimizers and so on.

    Args:
        kind: What is sought, for the error message: ``"initializer"``, ``"loss"``, ...
        identifier: ``None``; a name in any spelling (custom objects come first); a class, which is
            instantiated; a configuration of any era; or an instance or function, taken as it is.
        table: Classes and functions by name.

    Raises:
        InputError: The name is not known; the closest one is offered.

    >>> class HeNormal: pass
    >>> found = lookup("initializer", "he_normal", {"HeNormal": HeNormal})
    >>> type(found).__name__
    'HeNormal'
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        found = custom_object(identifier)
        if found is None:
            found = in_table(identifier, table)
        if found is None:
            found = _of_old(kind, identifier)
        if found is None:
            raise InputError(unknown_name(kind, identifier, table))
        return found() if isinstance(found, type) else found
    if isinstance(identifier, type):
        return identifier()
    if isinstance(identifier, dict):
        return _from_dict(kind, identifier, table)
    if callable(identifier) or hasattr(identifier, "get_config"):
        return identifier
    raise InputError(
        f"This is no {kind}: {identifier!r}. Give a name, an object, a class, or a function."
    )


def _from_dict(kind: str, config: dict[str, Any], table: Mapping[str, Any]) -> Any:
    if is_config(config):
        name = config["class_name"]
        known = (
            name in ("function", "type")
            or name in _SPECIAL
            or custom_object(config.get("registered_name"), name)
        )
        if (
            not known
            and in_table(name, table) is None
            and built_in(config.get("module"), name) is None
        ):
            raise InputError(unknown_name(kind, name, table))
        found = _read_object(config, table)
        return found() if isinstance(found, type) else found
    if isinstance(config.get("name"), str):  # Keras 1
        cls = in_table(config["name"], table) or _of_old(kind, config["name"])
        if cls is not None:
            return cls(**{k: v for k, v in config.items() if k != "name"})
    raise InputError(
        f"This is no configuration of a {kind}: {config!r}. It needs 'class_name' and 'config'."
    )


def _of_old(kind: str, name: str) -> Any:
    """A class or function of an earlier era, such as the metric ``fmeasure``; ``None`` if there is none."""
    if kind not in ("metric", "regularizer", "constraint") or not name.isidentifier():
        return None
    return _public(f"legacy.{kind}s", name, True)


def in_table(name: str, table: Mapping[str, Any]) -> Any:
    """What a table has under a name in any spelling, or ``None``."""
    found = table.get(name)
    if found is None:
        found = table.get(_RENAMED.get(name, name))
    if found is None:
        wanted = _folded(name)
        found = next((v for k, v in table.items() if _folded(k) == wanted), None)
    return found


@functools.lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def unknown_name(kind: str, name: str, known: Any) -> str:
    """Message for a name that is not known, with the closest that is and the way to add it."""
    folded = {_folded(k): k for k in known}
    close = difflib.get_close_matches(_folded(name), list(folded), 1)
    hint = (
        f" Did you mean {folded[close[0]]!r}?"
        if close
        else f" Known are: {', '.join(sorted(known))}."
    )
    return (
        f"Unknown {kind} {name!r}.{hint} One of your own is passed as an object, or found by name after "
        "@kerata.saving.register_keras_serializable()."
    )
