"""Global settings: float type, epsilon, image data format, engine, seeds of the host generator.

The lowest module of the package: everything may import it, it imports nothing of Kerata.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_FLOATS = ("bfloat16", "float16", "float32", "float64")
_FORMATS = ("channels_last", "channels_first")
_ENGINES = ("jax", "torch", "tensorflow")

_settings: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "dtype_policy": None,
    "wide": False,
    "interactive_logging": True,
    "traceback_filtering": True,
    "portable_random": False,
    "engine": None,
    "flash_attention": None,
    "limits": {},
    "deterministic": False,
}


def home() -> Path:
    """Folder of Kerata's settings and caches: ``$KERATA_HOME``, else ``~/.kerata``.

    >>> home().is_absolute()
    True
    """
    return Path(os.environ.get("KERATA_HOME") or Path.home() / ".kerata")


def floatx() -> str:
    """Name of the default float type.

    >>> floatx()
    'float32'
    """
    return _settings["floatx"]


def set_floatx(value: str) -> None:
    """Set the default float type: ``bfloat16``, ``float16``, ``float32`` or ``float64``.

    ``float64`` switches 64-bit arithmetic on for the rest of the process.

    >>> set_floatx("float16")
    >>> floatx()
    'float16'
    >>> set_floatx("float32")
    """
    if value not in _FLOATS:
        raise ValueError(f"Unknown floatx {value!r}. Expected one of {_FLOATS}.")
    _settings["floatx"] = value
    if value == "float64":
        enable_wide()


def wide() -> bool:
    """Whether 64-bit types are in use (else ``int64`` means ``int32``, ``float64`` ``float32``).

    >>> wide() in (True, False)
    True
    """
    return _settings["wide"]


def enable_wide() -> None:
    """Compute in 64-bit types where they are asked for. Cannot be undone in a process.

    >>> enable_wide()  # doctest: +SKIP
    >>> wide()  # doctest: +SKIP
    True
    """
    _settings["wide"] = True


def dtype_policy() -> Any:
    """The dtype policy of layers that are given none.

    >>> dtype_policy().name
    'float32'
    """
    from . import dtypes

    return dtypes.policy()


def set_dtype_policy(policy: Any) -> None:
    """Set the dtype policy of layers made from now on: a name such as ``mixed_bfloat16``, or a policy.

    >>> set_dtype_policy("mixed_bfloat16")
    >>> dtype_policy().compute_dtype
    'bfloat16'
    >>> set_dtype_policy("float32")
    """
    from . import dtypes

    dtypes.set_policy(policy)


def enable_unsafe_deserialization() -> None:
    """Let files that hold code run it from now on, as with ``safe_mode=False``. Only for trusted files.

    >>> enable_unsafe_deserialization()  # doctest: +SKIP
    """
    from . import serialization

    serialization.enable_unsafe_deserialization()


def epsilon() -> float:
    """The small constant that keeps divisions and logarithms finite (default 1e-7).

    >>> epsilon()
    1e-07
    """
    return _settings["epsilon"]


def set_epsilon(value: float) -> None:
    """Set the small constant used in divisions and logarithms.

    >>> set_epsilon(1e-5)
    >>> epsilon()
    1e-05
    >>> set_epsilon(1e-7)
    """
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """Default place of the channel axis: ``channels_last`` or ``channels_first``.

    >>> image_data_format()
    'channels_last'
    """
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Set the default place of the channel axis.

    >>> set_image_data_format("channels_first")
    >>> image_data_format()
    'channels_first'
    >>> set_image_data_format("channels_last")
    """
    _settings["image_data_format"] = standardize_data_format(data_format)


def standardize_data_format(value: str | None) -> str:
    """The data format, or the default one for ``None``; an error for anything else.

    >>> standardize_data_format("Channels_First")
    'channels_first'
    """
    if value is None:
        return _settings["image_data_format"]
    value = str(value).lower()
    if value not in _FORMATS:
        raise ValueError(f"Unknown data_format {value!r}. Expected one of {_FORMATS}.")
    return value


def enable_interactive_logging() -> None:
    """Print progress to standard output (the default).

    >>> enable_interactive_logging()
    >>> is_interactive_logging_enabled()
    True
    """
    _settings["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Send progress to the ``logging`` module instead of standard output.

    >>> disable_interactive_logging()
    >>> is_interactive_logging_enabled()
    False
    >>> enable_interactive_logging()
    """
    _settings["interactive_logging"] = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress goes to standard output.

    >>> is_interactive_logging_enabled()
    True
    """
    return _settings["interactive_logging"]


def enable_traceback_filtering() -> None:
    """Hide Kerata's own frames in tracebacks (kept for compatibility).

    >>> enable_traceback_filtering()
    >>> is_traceback_filtering_enabled()
    True
    """
    _settings["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    """Show every frame in tracebacks.

    >>> disable_traceback_filtering()
    >>> is_traceback_filtering_enabled()
    False
    >>> enable_traceback_filtering()
    """
    _settings["traceback_filtering"] = False


def is_traceback_filtering_enabled() -> bool:
    """Whether Kerata's own frames are hidden in tracebacks.

    >>> is_traceback_filtering_enabled()
    True
    """
    return _settings["traceback_filtering"]


def portable_random() -> bool:
    """Whether random numbers are drawn in the way that is the same on every engine.

    >>> portable_random()
    False
    """
    return _settings["portable_random"]


def set_portable_random(value: bool) -> None:
    """Draw the same random numbers for a seed on every engine, slower than by the engine's own generator.

    Holds for models compiled from now on: dropout and noise in training, ``kerata.random``. Initial
    weights and the order of data are the same on all engines in any case.

    >>> set_portable_random(True)
    >>> from kerata import random
    >>> [round(v, 4) for v in random.uniform((3,), seed=7).tolist()]
    [0.1428, 0.4489, 0.7357]
    >>> set_portable_random(False)
    """
    _settings["portable_random"] = bool(value)


def enable_flash_attention() -> None:
    """Let attention be computed without its matrix of scores where the engine can (the default).

    PyTorch can; with JAX and TensorFlow the scores are computed in any case.

    >>> enable_flash_attention(); is_flash_attention_enabled()
    """
    _settings["flash_attention"] = None


def disable_flash_attention() -> None:
    """Have attention computed by way of its matrix of scores.

    So it is with JAX and TensorFlow in any case, and with PyTorch from the next call on.

    >>> disable_flash_attention(); is_flash_attention_enabled()
    False
    >>> enable_flash_attention()
    """
    _settings["flash_attention"] = False


def is_flash_attention_enabled() -> bool | None:
    """False after `disable_flash_attention`; None, as in Keras, where the engine is free to choose.

    >>> is_flash_attention_enabled() is None
    True
    """
    return _settings["flash_attention"]


def enable_determinism() -> None:
    """Have the engine choose only ways of computing that give the same bits in every run.

    With ``utils.set_random_seed`` a program then gives the same numbers each time on one machine. On a
    CPU it does so anyway; on a GPU it costs speed. Call it before the first tensor.

    >>> enable_determinism()  # doctest: +SKIP
    """
    _settings["deterministic"] = True
    if _settings.get("engine_loaded"):
        from .engine import engine

        engine().enable_determinism()


def is_determinism_enabled() -> bool:
    """Whether `enable_determinism` has been called.

    >>> is_determinism_enabled()
    False
    """
    return _settings["deterministic"]


def is_nnx_enabled() -> bool:
    """Whether layers are modules of Flax NNX: never, as Kerata's are not.

    >>> is_nnx_enabled()
    False
    """
    return False


def _limit(name: str) -> int | None:
    limits = _settings["limits"]
    if name not in limits:
        found = os.environ.get(f"KERATA_{name}") or os.environ.get(f"KERAS_{name}")
        limits[name] = _checked_limit(name.lower(), int(found) if found else None)
    return limits[name]


def _checked_limit(name: str, value: int | None) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"{name} must be a whole number of at least 1, or None; got {value!r}.")
    return value


def max_epochs() -> int | None:
    """The most epochs that ``fit`` runs, None for no limit. See `set_max_epochs`.

    >>> max_epochs() is None
    True
    """
    return _limit("MAX_EPOCHS")


def set_max_epochs(max_epochs: int | None) -> None:
    """Limit the epochs of every ``fit``, to try out a program; None lifts the limit.

    The environment variables ``KERATA_MAX_EPOCHS`` and ``KERAS_MAX_EPOCHS`` do the same.

    >>> set_max_epochs(2)
    >>> from kerata.config import max_epochs
    >>> max_epochs()
    2
    >>> set_max_epochs(None)
    """
    _settings["limits"]["MAX_EPOCHS"] = _checked_limit("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most steps of an epoch, None for no limit. See `set_max_steps_per_epoch`.

    >>> max_steps_per_epoch() is None
    True
    """
    return _limit("MAX_STEPS_PER_EPOCH")


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limit the steps of an epoch of ``fit``, and of ``evaluate`` and ``predict``; None lifts the limit.

    The environment variables ``KERATA_MAX_STEPS_PER_EPOCH`` and ``KERAS_MAX_STEPS_PER_EPOCH`` do the
    same.

    >>> set_max_steps_per_epoch(3)
    >>> from kerata.config import max_steps_per_epoch
    >>> max_steps_per_epoch()
    3
    >>> set_max_steps_per_epoch(None)
    """
    _settings["limits"]["MAX_STEPS_PER_EPOCH"] = _checked_limit(
        "max_steps_per_epoch", max_steps_per_epoch
    )


def backend() -> str:
    """Name of the tensor engine: ``KERATA_ENGINE``, else ``KERAS_BACKEND``, else the settings file.

    Read once; ``set_backend`` may set it before the first tensor.

    >>> backend().islower()
    True
    """
    if _settings["engine"] is None:
        name = os.environ.get("KERATA_ENGINE") or os.environ.get("KERAS_BACKEND")
        _settings["engine"] = _check_engine(
            name or _from_file("engine") or _from_file("backend") or "jax"
        )
    return _settings["engine"]


def set_backend(backend: str) -> None:
    """Choose the tensor engine. Possible until the first tensor is made.

    >>> set_backend(backend())
    """
    name = _check_engine(backend)
    if _settings.get("engine_loaded") and name != _settings["engine"]:
        raise RuntimeError(
            f"The engine cannot change from {_settings['engine']!r} to {name!r}: tensors exist already. "
            "Set KERATA_ENGINE or call set_backend before the first one."
        )
    _settings["engine"] = name


def _check_engine(name: str) -> str:
    if name not in _ENGINES:
        raise ValueError(f"Unknown engine {name!r}. Kerata has: {', '.join(_ENGINES)}.")
    return name


def _from_file(key: str) -> Any:
    try:
        return json.loads((home() / "config.json").read_text()).get(key)
    except (OSError, ValueError, AttributeError):
        return None
