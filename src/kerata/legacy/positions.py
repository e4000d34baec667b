"""Arguments by position, as earlier eras ordered them.

A call of old is recognized by what only its era had: names of arguments, or values that do not fit the
modern order (a name of an initializer where an activation is expected). Where both readings fit, the era
decides, if it is known.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..capture import _signature, accepted
from ..errors import InputError
from ..serialization import is_reading
from . import era
from .arguments import RENAMED, modern_value, sides, translate, unsaid
from .notes import note

_TAIL = "W_regularizer b_regularizer activity_regularizer W_constraint b_constraint bias"
_RECURRENT = "W_regularizer U_regularizer b_regularizer dropout_W dropout_U"

# Keras 1: by class, its arguments in order.
_FIRST = f"""
Dense: output_dim init activation weights {_TAIL} input_dim
Conv1D: nb_filter filter_length init activation weights border_mode subsample_length {_TAIL} input_dim input_length
Conv2D: nb_filter nb_row nb_col init activation weights border_mode subsample dim_ordering {_TAIL}
Conv3D: nb_filter kernel_dim1 kernel_dim2 kernel_dim3 init activation weights border_mode subsample dim_ordering {_TAIL}
SeparableConv2D: nb_filter nb_row nb_col init activation weights border_mode subsample depth_multiplier dim_ordering
AtrousConvolution1D: nb_filter filter_length init activation weights border_mode subsample_length atrous_rate {_TAIL}
AtrousConvolution2D: nb_filter nb_row nb_col init activation weights border_mode subsample atrous_rate dim_ordering {_TAIL}
Deconvolution2D: nb_filter nb_row nb_col output_shape init activation weights border_mode subsample dim_ordering {_TAIL}
LocallyConnected1D: nb_filter filter_length init activation weights border_mode subsample_length {_TAIL} input_dim input_length
LocallyConnected2D: nb_filter nb_row nb_col init activation weights border_mode subsample dim_ordering {_TAIL}
ConvLSTM2D: nb_filter nb_row nb_col init inner_init forget_bias_init activation inner_activation dim_ordering border_mode subsample {_RECURRENT}
SimpleRNN: output_dim init inner_init activation {_RECURRENT}
GRU: output_dim init inner_init activation inner_activation {_RECURRENT}
LSTM: output_dim init inner_init forget_bias_init activation inner_activation {_RECURRENT}
Embedding: input_dim output_dim init input_length W_regularizer activity_regularizer W_constraint mask_zero weights dropout
BatchNormalization: epsilon mode axis momentum weights beta_init gamma_init gamma_regularizer beta_regularizer
MaxPooling1D: pool_length stride border_mode
AveragePooling1D: pool_length stride border_mode
MaxPooling2D: pool_size strides border_mode dim_ordering
AveragePooling2D: pool_size strides border_mode dim_ordering
MaxPooling3D: pool_size strides border_mode dim_ordering
AveragePooling3D: pool_size strides border_mode dim_ordering
PReLU: init weights shared_axes
Dropout: p noise_shape seed
"""

# Keras 1 and 2, but not tf.keras.
_SECOND = """
SGD: lr momentum decay nesterov
RMSprop: lr rho epsilon decay
Adagrad: lr epsilon decay
Adadelta: lr rho epsilon decay
Adam: lr beta_1 beta_2 epsilon decay amsgrad
Adamax: lr beta_1 beta_2 epsilon decay
Nadam: lr beta_1 beta_2 epsilon schedule_decay
ModelCheckpoint: filepath monitor verbose save_best_only save_weights_only mode period
TensorBoard: log_dir histogram_freq batch_size write_graph write_grads write_images embeddings_freq
"""

# Defaults of theirs that others have replaced.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "Adadelta": {"learning_rate": 1.0},
    "Adagrad": {"learning_rate": 0.01},
    "Adamax": {"learning_rate": 0.002},
    "Nadam": {"learning_rate": 0.002},
    "GRU": {"reset_after": False},
    "GRUCell": {"reset_after": False},
}


def _orders(text: str) -> dict[str, list[str]]:
    lines = (line.partition(": ") for line in text.strip().splitlines())
    return {name: order.split() for name, _, order in lines}


FIRST, SECOND = _orders(_FIRST), _orders(_SECOND)


def _order(table: dict[str, list[str]], cls: type) -> tuple[str, list[str]] | None:
    return next(((c.__name__, table[c.__name__]) for c in cls.__mro__ if c.__name__ in table), None)


# --- which values can be what -------------------------------------------------------------------


def _whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _initializer(value: Any) -> bool:
    if not isinstance(value, str):
        return value is None or callable(value)
    from .. import initializers

    return value in initializers._TABLE


def _activation(value: Any) -> bool:
    if not isinstance(value, str):
        return value is None or callable(value)
    return not _initializer(value) or value == "linear"


_FITS: dict[str, Any] = {
    **dict.fromkeys(("nb_row", "nb_col", "kernel_dim1", "kernel_dim2", "kernel_dim3"), _whole),
    **dict.fromkeys(("filter_length", "output_dim", "nb_filter", "input_dim"), _whole),
    **dict.fromkeys(("init", "inner_init", "forget_bias_init", "beta_init", "gamma_init"), _initializer),
    **dict.fromkeys(("activation", "inner_activation"), _activation),
    "weights": lambda v: v is None or isinstance(v, (list, tuple, np.ndarray)),
    "border_mode": lambda v: v in ("valid", "same", "full"),
    "epsilon": lambda v: v is None or isinstance(v, float),
    "mode": lambda v: v in (0, 1, 2, "auto", "min", "max"),
}  # fmt: skip


def _named(order: list[str], args: tuple, kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments by name, or ``None`` where they do not fit the order."""
    given = dict(zip(order, args))
    if len(args) > len(order) or given.keys() & kwargs.keys():
        return None
    if not all(_FITS[k](v) for k, v in given.items() if k in _FITS):
        return None
    return {**given, **kwargs}


def first_reading(cls: type, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """A call's arguments by name as Keras 1 ordered them; ``None`` where it could not take them.

    >>> from kerata.layers import Dense
    >>> first_reading(Dense, (8, "uniform", "relu"), {})
    {'output_dim': 8, 'init': 'uniform', 'activation': 'relu'}
    >>> first_reading(Dense, (8, "relu"), {}) is None
    True
    """
    found = _order(FIRST, cls)
    if found is None or not args:
        return None
    order = found[1]
    windows = [n for n in order[1:4] if n in ("nb_row", "nb_col") or n.startswith("kernel_dim")]
    if windows and not all(n in kwargs for n in windows[max(0, len(args) - 1) :]):
        return None  # the window's sizes are not all there: kernel_size is the second argument
    return _named(order, args, kwargs)


# --- calls where the era is known ---------------------------------------------------------------


def reread(cls: type, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Arguments of a constructor as the current era read them: see `era.set_era`.

    Raises:
        InputError: Keras 2 and tf.keras differ about them, and it is not known which of them it was.
    """
    if is_reading():
        return args, kwargs
    args, kwargs = era.alone(cls, args, kwargs)
    names = [c.__name__ for c in cls.__mro__]
    read = None
    if era.current() == 1 and args:
        read = first_reading(cls, args, kwargs)
    if read is None and era.old_defaults():
        second = _order(SECOND, cls)
        read = _named(second[1], args, kwargs) if second is not None and args else None
    if read is not None:
        if not _same_order(cls, args, read):
            args, kwargs = (), by_name(cls, args, read)
    elif era.current() == 2:
        args = _window(cls, args, kwargs)
    if "ZeroPadding2D" in names and (args or "padding" in kwargs):
        args, kwargs = (), sides({**dict(zip(("padding", "data_format"), args)), **kwargs})
    args, kwargs = _steeper(names, args, kwargs)
    return args, _with_defaults(cls, names, args, kwargs)


def _same_order(cls: type, args: tuple, read: dict[str, Any]) -> bool:
    """Whether the arguments of today begin in this order, with these values: a call needs no change."""
    old = list(read)[: len(args)]
    if any(modern_value(o, v) is not v for o, v in zip(old, args)):
        return False
    modern = list(_signature(cls).parameters)[1 : 1 + len(old)]
    renamed = [RENAMED[c.__name__] for c in cls.__mro__ if c.__name__ in RENAMED]
    return len(modern) == len(old) and all(
        o == m or any(t.get(o) == m for t in renamed) for o, m in zip(old, modern)
    )


def say_order(cls: type, args: tuple, read: dict[str, Any]) -> None:
    """Note that the arguments of a call stand in an order of old."""
    if not is_reading() and not _same_order(cls, args, read):
        note(f"the order of arguments of {cls.__name__}(...)", "another: give them by name")


def by_name(cls: type, args: tuple, read: dict[str, Any]) -> dict[str, Any]:
    """What a reading of a call gives, by the names of today."""
    say_order(cls, args, read)
    with unsaid(list(read)[: len(args)]):
        return translate(cls, (), read, accepted(cls))[1]


def _window(cls: type, args: tuple, kwargs: dict[str, Any]) -> tuple:
    """``Conv2D(64, 3, 3)``: of Keras 2 a window of 3 x 3, of tf.keras one that moves by 3."""
    found = _order(FIRST, cls)
    if found is None or len(args) < 3 or not all(_whole(v) for v in args[:3]):
        return args
    name, order = found
    n = sum(o in ("nb_row", "nb_col") or o.startswith("kernel_dim") for o in order[1:4])
    sizes = args[1 : 1 + n]
    if n < 2 or len(sizes) < n or not all(_whole(v) for v in sizes) or era.in_tensorflow():
        return args
    shown = ", ".join(map(str, args))
    if len(args) > 1 + n or kwargs.keys() & {"padding", "strides", "data_format"}:
        raise InputError(
            f"{name}({shown}, ...) has two readings: of Keras 2, {name}({args[0]}, kernel_size={sizes}); of tf.keras, "
            f"{name}({args[0]}, kernel_size={args[1]}, strides={args[2]}). Write the one that is meant."
        )
    note(f"{name}(filters, rows, columns)", f"{name}(filters, (rows, columns))")
    return (args[0], tuple(sizes))


def _steeper(names: list[str], args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """``hard_sigmoid`` by name is the function of Keras 1 and 2."""
    from .functions import hard_sigmoid_keras2

    keys = ("activation", "recurrent_activation", "inner_activation")
    found = [k for k in keys if isinstance(kwargs.get(k), str) and kwargs[k] == "hard_sigmoid"]
    if found:
        kwargs = {**kwargs, **dict.fromkeys(found, hard_sigmoid_keras2)}
    if "Activation" in names and args and isinstance(args[0], str) and args[0] == "hard_sigmoid":
        args = (hard_sigmoid_keras2, *args[1:])
    return args, kwargs


_HARD = ("LSTM", "GRU", "ConvLSTM2D")


def _with_defaults(
    cls: type, names: list[str], args: tuple, kwargs: dict[str, Any]
) -> dict[str, Any]:
    if not era.old_defaults():
        return kwargs
    old = dict(next((_DEFAULTS[n] for n in names if n in _DEFAULTS), {}))
    if "CuDNNGRU" in names:
        old.pop("reset_after", None)
    if "learning_rate" in old and (args or "lr" in kwargs):
        del old["learning_rate"]
    if era.current() == 1 and any(n in _HARD for n in names) and "inner_activation" not in kwargs:
        from .functions import hard_sigmoid_keras2

        old["recurrent_activation"] = hard_sigmoid_keras2
    return {**old, **kwargs}
