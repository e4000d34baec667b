"""dtype names, the one promotion rule, and dtype policies.

Inside Kerata a dtype is its name, a string. Engines convert at their border.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from . import config

BOOL = ("bool",)
UINTS = ("uint8", "uint16", "uint32", "uint64")
INTS = ("int8", "int16", "int32", "int64")
FLOATS = ("float8_e4m3fn", "float8_e5m2", "bfloat16", "float16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
ALL = frozenset(BOOL + UINTS + INTS + FLOATS + COMPLEX + ("string",))

_NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}
_PYTHON = {bool: "bool", int: "int32", str: "string"}
_NAMES: dict[Any, str] = {}


def standardize(dtype: Any, default: str | None = None) -> str:
    """The name of a dtype given as a name, a NumPy or engine dtype, a Python type, or ``None``.

    ``None`` gives `default` or ``floatx()``. 64-bit names narrow unless 64-bit types are on.

    >>> standardize(float), standardize("int64"), standardize(None)
    ('float32', 'int32', 'float32')
    """
    if dtype is None:
        return default or config.floatx()
    try:
        name = _NAMES.get(dtype)
    except TypeError:
        name = None
    if name is None:
        name = _name_of(dtype)
        with contextlib.suppress(TypeError):
            _NAMES[dtype] = name
    if not config.wide():
        return _NARROW.get(name, name)
    return name


def explicit(dtype: Any) -> str:
    """Like `standardize`, for a dtype that a user named: ``float64`` switches 64-bit types on.

    >>> explicit("half")
    'float16'
    """
    if dtype is not None and _name_of(dtype) in ("float64", "complex128"):
        config.enable_wide()
    return standardize(dtype)


def _name_of(dtype: Any) -> str:
    if dtype is float:
        return config.floatx()
    if isinstance(dtype, type) and dtype in _PYTHON:
        return _PYTHON[dtype]
    if isinstance(dtype, str):
        name = dtype
    else:
        name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    name = str(name).removeprefix("torch.").removesuffix("_")
    name = {"half": "float16", "float": "float32", "double": "float64", "long": "int64"}.get(
        name, name
    )
    name = {"int": "int32", "short": "int16", "boolean": "bool", "bool_": "bool"}.get(name, name)
    if name.startswith(("str", "bytes")) or name == "object":
        name = "string"
    if name not in ALL:
        raise ValueError(
            f"Unknown dtype {dtype!r}. Expected a name such as 'float32', 'int32' or 'bool'."
        )
    return name


def is_float(dtype: str) -> bool:
    """Whether the name is that of a floating-point type.

    >>> is_float("bfloat16"), is_float("int32")
    (True, False)
    """
    return dtype in FLOATS


def is_integer(dtype: str) -> bool:
    """Whether the name is that of an integer type (``bool`` is none).

    >>> is_integer("uint8"), is_integer("bool")
    (True, False)
    """
    return dtype in INTS or dtype in UINTS


def is_complex(dtype: str) -> bool:
    """Whether the name is that of a complex type.

    >>> is_complex("complex64"), is_complex("float32")
    (True, False)
    """
    return dtype in COMPLEX


def size(dtype: str) -> int:
    """Bytes of one element.

    >>> size("float32"), size("int8")
    (4, 1)
    """
    if dtype == "bool" or dtype.startswith("float8"):
        return 1
    digits = "".join(c for c in dtype if c.isdigit())
    return int(digits) // 8 if digits else 1


# The promotion lattice, each type with the types directly above it, as in JAX: the least common
# upper bound of two types is their result. Weak (Python scalar) types sit between the kinds.
_ABOVE = {
    "bool": ("weak_int",),
    "weak_int": ("uint8", "int8"),
    "uint8": ("uint16", "int16"),
    "uint16": ("uint32", "int32"),
    "uint32": ("uint64", "int64"),
    "uint64": ("weak_float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("weak_float",),
    "weak_float": ("float8_e4m3fn", "float8_e5m2", "bfloat16", "float16", "weak_complex"),
    "float8_e4m3fn": (),
    "float8_e5m2": (),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "weak_complex": ("complex64",),
    "complex64": ("complex128",),
    "complex128": (),
}


def _upper(name: str) -> frozenset[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        n = todo.pop()
        if n not in found:
            found.add(n)
            todo.extend(_ABOVE[n])
    return frozenset(found)


_UPPER = {name: _upper(name) for name in _ABOVE}
_JOINED: dict[tuple[str, str], str] = {}


def _join(a: str, b: str) -> str:
    if a == b:
        return a
    key = (a, b)
    if key not in _JOINED:
        common = _UPPER[a] & _UPPER[b]
        least = [n for n in common if common <= _UPPER[n]]
        if not least:
            raise ValueError(f"No common dtype for {a} and {b}: cast one of them with ops.cast.")
        _JOINED[key] = least[0]
    return _JOINED[key]


def kind_of(x: Any) -> str:
    """Lattice name of a value's type: a dtype name, or a weak one for a Python scalar.

    >>> kind_of(1), kind_of(True)
    ('weak_int', 'bool')
    """
    t = type(x)
    if t is bool:
        return "bool"
    if t is int:
        return "weak_int"
    if t is float:
        return "weak_float"
    if t is complex:
        return "weak_complex"
    if t is str:
        return standardize(x)
    if isinstance(x, (list, tuple)):
        return result_type(*x) if x else config.floatx()
    return standardize(getattr(x, "dtype", x))


def result_type(*values: Any) -> str:
    """The dtype of an operation on these values, dtype names or Python scalars.

    Integers with floats give the float; Python scalars adapt to the tensors beside them.

    >>> result_type("int32", "bfloat16"), result_type("int32", 1.5), result_type("uint8", "int8")
    ('bfloat16', 'float32', 'int16')
    """
    if not values:
        return config.floatx()
    joined = kind_of(values[0])
    for v in values[1:]:
        joined = _join(joined, kind_of(v))
    if joined.startswith("weak"):
        return {"weak_int": "int32", "weak_float": config.floatx(), "weak_complex": "complex64"}[
            joined
        ]
    return joined if config.wide() else _NARROW.get(joined, joined)


def to_float(dtype: str) -> str:
    """The dtype itself if it is a float or complex type, else ``floatx()``.

    >>> to_float("int32"), to_float("float16")
    ('float32', 'float16')
    """
    return dtype if dtype in FLOATS or dtype in COMPLEX else config.floatx()


class DTypePolicy:
    """The dtypes of a layer: ``compute_dtype`` of its arithmetic, ``variable_dtype`` of its weights.

    `name` is a dtype name, or ``mixed_float16`` / ``mixed_bfloat16`` (compute in 16 bits, keep
    weights in ``float32``); ``None`` for that of the global policy.

    >>> DTypePolicy("mixed_bfloat16").compute_dtype
    'bfloat16'
    """

    quantization_mode: str | None = None

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = policy().plain_name
        if name in ("mixed_float16", "mixed_bfloat16"):
            self.name = name
            self.compute_dtype, self.variable_dtype = name.removeprefix("mixed_"), "float32"
        else:
            self.name = self.compute_dtype = self.variable_dtype = explicit(name)

    @property
    def autocast(self) -> str | None:
        """The dtype to which weights are cast for arithmetic, ``None`` if they have it already."""
        return None if self.compute_dtype == self.variable_dtype else self.compute_dtype

    @property
    def plain_name(self) -> str:
        """The name with which an equal policy is made."""
        return self.name

    def convert_input(self, x: Any, autocast: bool, dtype: Any) -> Any:
        """`x` cast to `dtype` where `autocast` is on and `x` is a float tensor."""
        kind = getattr(x, "dtype", None)
        if not autocast or kind is None or standardize(kind) not in FLOATS:
            return x
        from .ops import cast

        return cast(x, dtype)

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal policy."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """The policy of a configuration written by `get_config`."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.name == other.name  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


FloatDTypePolicy = DTypePolicy


class DTypePolicyMap(DTypePolicy, MutableMapping):
    """Policies of layers by their paths, to be given as ``dtype`` of a layer or a model.

    A key is the path of a layer, such as ``"attention/query"``, or a regular expression that matches
    whole paths, such as ``"encoder/.*"``. Layers without a key have the default. A path is that with
    which the names of the layer's weights begin; a layer knows it once it is built.

    Args:
        default_policy: Policy of all other layers; the global one by default.
        policy_map: A dict of policies, or of their names.

    Raises:
        ValueError: The default is a map itself, or several keys match a path.

    >>> by_path = DTypePolicyMap("float32", {"encoder/.*": "mixed_bfloat16"})
    >>> by_path["encoder/dense"], by_path["dense"]
    (<DTypePolicy "mixed_bfloat16">, <DTypePolicy "float32">)
    """

    def __init__(
        self, default_policy: Any = None, policy_map: dict[str, Any] | None = None
    ) -> None:
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(f"policy_map must be a dict of policies, got {policy_map!r}.")
        self._given_default = default_policy
        self.default_policy = policy(default_policy)
        if isinstance(self.default_policy, DTypePolicyMap):
            if default_policy is not None:
                raise ValueError(
                    "The default of a DTypePolicyMap must be a policy, it is a map, too."
                )
            self.default_policy = self.default_policy.default_policy
        self._policy_map: dict[str, DTypePolicy] = {}
        self.update(policy_map or {})

    @property
    def name(self) -> str:  # type: ignore[override]
        """The default's name, marked as that of a map."""
        return f"map_{self.default_policy.name}"

    @property
    def plain_name(self) -> str:
        """The default's name."""
        return self.default_policy.name

    @property
    def compute_dtype(self) -> str:  # type: ignore[override]
        """The default's."""
        return self.default_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:  # type: ignore[override]
        """The default's."""
        return self.default_policy.variable_dtype

    def __getitem__(self, key: str) -> DTypePolicy:
        if key in self._policy_map:
            return self._policy_map[key]
        found = [pattern for pattern in self._policy_map if re.fullmatch(pattern, key)]
        if len(found) > 1:
            raise ValueError(
                f"Several keys of the DTypePolicyMap match {key!r}: {found}. Make them exclude each other."
            )
        return self._policy_map[found[0]] if found else self.default_policy

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self._policy_map:
            raise ValueError(
                f"The DTypePolicyMap has {key!r} already, for {self._policy_map[key]!r}: delete that first."
            )
        self._policy_map[key] = policy(value)

    def __delitem__(self, key: str) -> None:
        del self._policy_map[key]

    def __contains__(self, key: object) -> bool:
        return key in self._policy_map

    def __len__(self) -> int:
        return len(self._policy_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._policy_map)

    def __bool__(self) -> bool:
        return True

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal map; a default that was not given stays the global policy."""
        given = self._given_default
        return {
            "default_policy": None if given is None else self.default_policy,
            "policy_map": dict(self._policy_map),
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicyMap) and (
            (self.default_policy, self._policy_map) == (other.default_policy, other._policy_map)
        )

    __hash__ = DTypePolicy.__hash__

    def __repr__(self) -> str:
        entries = {k: v.name for k, v in self._policy_map.items()}
        return f"<DTypePolicyMap default_policy={self.default_policy.name}, mapping={entries}>"


def policy(value: Any = None) -> DTypePolicy:
    """The policy for a layer's ``dtype`` argument: a policy, a name, a config, or the global one.

    >>> policy("mixed_float16").variable_dtype
    'float32'
    """
    if isinstance(value, DTypePolicy):
        return value
    if value is None:
        return config._settings["dtype_policy"] or DTypePolicy(config.floatx())
    if isinstance(value, dict):
        inner = value.get("config", value)
        return (DTypePolicyMap if "policy_map" in inner else DTypePolicy).from_config(inner)
    return DTypePolicy(value if isinstance(value, str) else explicit(value))


def set_policy(value: Any) -> None:
    """Make a policy the default of layers built from now on.

    >>> set_policy("mixed_float16")
    >>> policy().compute_dtype
    'float16'
    >>> set_policy("float32")
    """
    config._settings["dtype_policy"] = policy(value)
