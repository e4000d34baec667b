"""Old argument names and what they are called now. Reached when a constructor meets an unknown name.

The names are those of Keras 1.2, 2 and tf.keras. A table says what is a mere name; functions do what is
more. Arguments by position, whose order has changed, are in `positions`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Collection, Iterator
from typing import Any

from ..errors import InputError
from ..serialization import is_reading
from .notes import note

# By class (any class in the MRO counts): old=new. A name is replaced where the constructor does not know
# it and knows the new one.
_NAMES = """
Layer: batch_input_shape=batch_shape experimental_autocast=autocast
 output_dim=units nb_filter=filters filter_length=kernel_size border_mode=padding dim_ordering=data_format
 subsample=strides subsample_length=strides atrous_rate=dilation_rate bias=use_bias
 init=kernel_initializer inner_init=recurrent_initializer inner_activation=recurrent_activation
 W_regularizer=kernel_regularizer U_regularizer=recurrent_regularizer b_regularizer=bias_regularizer
 W_constraint=kernel_constraint U_constraint=recurrent_constraint b_constraint=bias_constraint
 dropout_W=dropout dropout_U=recurrent_dropout p=rate sigma=stddev
 pool_length=pool_size stride=strides length=size
BatchNormalization: gamma_init=gamma_initializer beta_init=beta_initializer
CategoryEncoding: max_tokens=num_tokens
DepthwiseConv: init=depthwise_initializer
Discretization: bins=bin_boundaries
Embedding: input_length=input_shape init=embeddings_initializer W_regularizer=embeddings_regularizer
 W_constraint=embeddings_constraint
InputLayer: input_shape=shape
LeakyReLU: alpha=negative_slope
Model: input=inputs output=outputs
PReLU: init=alpha_initializer
Identity: scale=gain
Orthogonal: scale=gain
RandomNormal: scale=stddev
L1: l=l1
L2: l=l2
MaxNorm: m=max_value
MinMaxNorm: low=min_value high=max_value
LossScaleOptimizer: optimizer=inner_optimizer opt=inner_optimizer
Optimizer: lr=learning_rate
Attention: causal=use_causal_mask
ReduceLROnPlateau: epsilon=min_delta
"""

# Old arguments that no longer do anything.
_IDLE = """
Layer: dynamic ragged rng_type force_generator
Embedding: sparse
InputLayer: trainable type_spec
Metric: dynamic trainable
MultiHeadAttention: softmax_robust_masking
StringLookup: vocabulary_dtype
RNN: implementation time_major consume_less
RecurrentCell: implementation consume_less
Initializer: dtype
Optimizer: jit_compile is_legacy_optimizer gradient_aggregator gradient_transformers
Nadam: schedule_decay
BatchNormalization: fused virtual_batch_size adjustment
Softmax: robust_masking
TensorBoard: batch_size write_grads embeddings_data
ModelCheckpoint: options
BackupAndRestore: save_before_preemption
"""

# Of these, those that must not have been switched on.
_ONLY_OFF = {
    "time_major": "Swap the axes of batch and time around the layer: Permute, or ops.swapaxes.",
    "ragged": "Pad the sequences and mask them.",
    "type_spec": "Give shape= and dtype=.",
    "gradient_aggregator": "Change the gradients in a train_step, or in apply of an optimizer of your own.",
    "gradient_transformers": "Change the gradients in a train_step, or in apply of an optimizer of your own.",
}


def _table(text: str) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for line in text.strip().splitlines():
        if line.startswith(" "):
            out[next(reversed(out))] += line.split()
        else:
            name, _, rest = line.partition(":")
            out[name] = rest.split()
    return out


RENAMED: dict[str, dict[str, str]] = {
    name: {old: new for old, _, new in (p.partition("=") for p in pairs)}
    for name, pairs in _table(_NAMES).items()
}
"""By class: old name and new."""

DROPPED: dict[str, set[str]] = {name: set(idle) for name, idle in _table(_IDLE).items()}
"""By class: names that are taken and dropped."""

# Names that only Keras 1 had: a call with one of them gives its arguments by position as Keras 1 did, too.
FIRST_ERA = frozenset(
    """
    nb_filter filter_length nb_row nb_col kernel_dim1 kernel_dim2 kernel_dim3 border_mode subsample
    subsample_length dim_ordering bias init inner_init forget_bias_init inner_activation W_regularizer
    U_regularizer b_regularizer W_constraint U_constraint b_constraint dropout_W dropout_U atrous_rate
    p sigma pool_length stride consume_less mode gamma_init beta_init output_dim
    """.split()
)

# Classes whose inputs are sequences, (input_length, input_dim), where `input_length` is no argument.
SEQUENTIAL = frozenset({"RNN", "Conv1D", "LocallyConnected1D", "Recurrent", "TimeDistributedDense"})

Arguments = dict[str, Any]


_unsaid: tuple[str, ...] = ()


@contextlib.contextmanager
def unsaid(names: Collection[str]) -> Iterator[None]:
    """No notes of these names in the block: the program gave their values by position."""
    global _unsaid
    before, _unsaid = _unsaid, (*_unsaid, *names)
    try:
        yield
    finally:
        _unsaid = before


def say(old: str, new: str | None) -> None:
    """Note a translation, unless a file is read: what a file holds is none of the program's making."""
    if not is_reading() and old.partition("=")[0] not in _unsaid:
        note(old, new)


# --- input shapes -------------------------------------------------------------------------------


def _sequence_shape(kwargs: Arguments) -> Arguments:
    """``input_length`` and ``input_dim`` as the ``input_shape`` that they mean."""
    out = {k: v for k, v in kwargs.items() if k not in ("input_length", "input_dim")}
    length, size = kwargs.get("input_length"), kwargs.get("input_dim")
    if length is not None:
        say("input_length=", "part of input_shape=")
    if size is not None and not out.keys() & {"input_shape", "batch_shape", "batch_input_shape"}:
        out["input_shape"] = (length, size)
    return out


def sequence_call(args: tuple, kwargs: Arguments) -> tuple[tuple, Arguments]:
    """Arguments of a layer of sequences, where ``input_dim`` alone is no unknown name.

    >>> sequence_call((8,), {"input_dim": 3})
    ((8,), {'input_shape': (None, 3)})
    """
    return args, _sequence_shape(kwargs)


def _batch_size(kwargs: Arguments) -> Arguments:
    """``batch_size`` beside the shape of a sample as ``batch_shape``."""
    out = dict(kwargs)
    size = out.pop("batch_size")
    if size is None or out.keys() & {"batch_shape", "batch_input_shape"}:
        return out
    if "input_dim" in out and "input_shape" not in out:
        out["input_shape"] = (out.pop("input_dim"),)
    if "input_shape" in out:
        shape = out.pop("input_shape")
        out["batch_shape"] = (size, *((shape,) if isinstance(shape, int) else shape))
        say("batch_size= of a layer", "part of batch_shape=")
    return out


def _input_dtype(kwargs: Arguments) -> Arguments:
    """``input_dtype``: that of a layer that computes with floats; integers are taken as they come."""
    out = dict(kwargs)
    kind = out.pop("input_dtype")
    if kind is not None and "float" in str(kind):
        out.setdefault("dtype", kind)
    say("input_dtype=", "dtype=")
    return out


def _dtype_of_input(kwargs: Arguments) -> Arguments:
    out = dict(kwargs)
    say("input_dtype=", "dtype=")
    return {"dtype": out.pop("input_dtype"), **out}


# --- values -------------------------------------------------------------------------------------

_ORDERINGS = {"th": "channels_first", "tf": "channels_last", "default": None}


def _data_format(value: Any) -> Any:
    return _ORDERINGS.get(value, value) if isinstance(value, str) else value


def initializer(value: Any) -> Any:
    """An ``init=`` of Keras 1: a name, or a function of the shape (and of a name) that gives values.

    >>> import numpy as np
    >>> initializer(lambda shape, name=None: np.ones(shape))((2,)).tolist()
    [1.0, 1.0]
    """
    if not callable(value) or hasattr(value, "prepare") or isinstance(value, type):
        return value
    try:
        names = inspect.signature(value).parameters
    except (TypeError, ValueError):
        return value
    if "dtype" in names or any(p.kind is p.VAR_KEYWORD for p in names.values()):
        return value
    needed = [p for p in names.values() if p.default is p.empty and p.kind < p.VAR_POSITIONAL]
    more = max(0, len(needed) - 1)

    @functools.wraps(value)
    def made(shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        from ..variable import Variable

        found = value(shape, *[None] * more)  # a name, which Keras 1 gave
        return found.value if isinstance(found, Variable) else found

    return made


def _activation(value: Any) -> Any:
    """Of Keras 1: its ``hard_sigmoid`` was steeper than that of Keras 3."""
    if value != "hard_sigmoid":
        return value
    from .functions import hard_sigmoid_keras2

    return hard_sigmoid_keras2


def _padding(value: Any) -> Any:
    if value == "full":
        raise InputError(
            "border_mode='full' is not there any more. Pad with zeros before: ZeroPadding1D, 2D or 3D by the "
            "window's size less 1, then padding='valid'."
        )
    return value


_VALUES: dict[str, Callable[[Any], Any]] = {
    "dim_ordering": _data_format,
    "border_mode": _padding,
    "init": initializer,
    "inner_init": initializer,
    "gamma_init": initializer,
    "beta_init": initializer,
    "inner_activation": _activation,
}

# --- what is no mere name -----------------------------------------------------------------------


def _kernel_size(kwargs: Arguments) -> Arguments:
    """``nb_row`` and ``nb_col``, or ``kernel_dim1`` to 3, as ``kernel_size``."""
    out = dict(kwargs)
    for names in (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3")):
        given = [n for n in names if n in out]
        if not given:
            continue
        first = [out.pop("kernel_size")] if isinstance(out.get("kernel_size"), int) else []
        sizes = [*first, *(out.pop(n) for n in given)]
        if len(sizes) != len(names):
            raise InputError(
                f"{', '.join(f'{n}=' for n in names)} belong together; got {', '.join(given)} only. "
                f"Give kernel_size={tuple(sizes)} with a size for each axis."
            )
        say(", ".join(f"{n}=" for n in names), "kernel_size=")
        out["kernel_size"] = tuple(sizes)
    return out


def _forget_bias(kwargs: Arguments) -> Arguments:
    out = dict(kwargs)
    value = out.pop("forget_bias_init")
    name = value if isinstance(value, str) else type(value).__name__.lower()
    if name not in ("one", "ones", "zero", "zeros"):
        raise InputError(
            f"forget_bias_init={value!r}: the bias of the forget gate starts with ones or zeros. Give "
            "unit_forget_bias=True or False, and bias_initializer= for all biases."
        )
    say("forget_bias_init=", "unit_forget_bias=")
    out["unit_forget_bias"] = name.startswith("one")
    return out


def _both_kernels(kwargs: Arguments) -> Arguments:
    """``init`` of a separable convolution, which has two kernels."""
    out = dict(kwargs)
    value = initializer(out.pop("init"))
    say("init=", "depthwise_initializer= and pointwise_initializer=")
    return {"depthwise_initializer": value, "pointwise_initializer": value, **out}


def _mode_of_norm(kwargs: Arguments) -> Arguments:
    out = dict(kwargs)
    mode = out.pop("mode")
    ways = {
        1: "normalizes each sample: that is LayerNormalization(axis=-1, epsilon=..., ...).",
        2: "uses the statistics of the batch in testing, too: call the layer with training=True.",
    }
    if mode in ways:
        raise InputError(f"BatchNormalization(mode={mode}) {ways[mode]}")
    say("mode= of BatchNormalization", None)
    return out


def _embedding_dropout(kwargs: Arguments) -> Arguments:
    out = dict(kwargs)
    if out.pop("dropout"):
        say("dropout= of Embedding", "a layer SpatialDropout1D(rate) after it; here it is left out")
    return out


def _scale(kwargs: Arguments) -> Arguments:
    """``scale`` of Keras 1's ``uniform``."""
    out = dict(kwargs)
    scale = out.pop("scale")
    say("scale=", "minval= and maxval=")
    return {"minval": -scale, "maxval": scale, **out}


def _loss_scale(kwargs: Arguments) -> Arguments:
    out = dict(kwargs)
    scale = out.pop("loss_scale")
    say("loss_scale=", "initial_scale= and dynamic=")
    return out if scale == "dynamic" else {"initial_scale": scale, "dynamic": False, **out}


def sides(kwargs: Arguments) -> Arguments:
    """``padding`` of Keras 1's ZeroPadding2D: four numbers, or a dict of them."""
    out = dict(kwargs)
    p = out["padding"]
    if isinstance(p, dict):
        p = [p.get(f"{side}_pad", 0) for side in ("top", "bottom", "left", "right")]
    if isinstance(p, (list, tuple)) and len(p) == 4 and all(isinstance(v, int) for v in p):
        say("four numbers for ZeroPadding2D", "padding=((top, bottom), (left, right))")
        out["padding"] = ((p[0], p[1]), (p[2], p[3]))
    return out


# By class: the argument, and what it makes of all of them. Functions come before names.
_FUNCTIONS: dict[str, dict[str, Callable[[Arguments], Arguments]]] = {
    "SeparableConv": {"init": _both_kernels},
    "BatchNormalization": {"mode": _mode_of_norm},
    "Embedding": {"dropout": _embedding_dropout},
    "InputLayer": {"input_dtype": _dtype_of_input},
    "RandomUniform": {"scale": _scale},
    "LossScaleOptimizer": {"loss_scale": _loss_scale},
    "Layer": {
        "batch_size": _batch_size, "input_dtype": _input_dtype, "forget_bias_init": _forget_bias,
        **dict.fromkeys(("nb_row", "nb_col", "kernel_dim1", "kernel_dim2", "kernel_dim3"), _kernel_size),
    },
}  # fmt: skip


def translate(
    cls: type, args: tuple, kwargs: Arguments, known: Collection[str] | None = None
) -> tuple[tuple, Arguments]:
    """Arguments of a constructor call with old names replaced by their modern ones.

    Args:
        cls: The class.
        args, kwargs: The arguments.
        known: Names that the constructor takes, which stay. Where they are given, an old name is
            replaced only by one of them.

    Raises:
        InputError: An old argument has a value that can no longer be had.

    >>> class Optimizer: pass
    >>> translate(Optimizer, (), {"lr": 0.1})
    ((), {'learning_rate': 0.1})
    """
    old = [k for k in kwargs if known is None or k not in known]
    given: tuple[str, ...] = ()
    if args and not FIRST_ERA.isdisjoint(old):
        from .positions import first_reading, say_order

        read = first_reading(cls, args, kwargs)
        if read is not None:
            say_order(cls, args, read)
            given, args, kwargs = tuple(read)[: len(args)], (), read
    with unsaid(given):
        return args, _by_name([c.__name__ for c in cls.__mro__], kwargs, known)


def _by_name(names: list[str], kwargs: Arguments, known: Collection[str] | None) -> Arguments:
    if "input_length" in kwargs and not SEQUENTIAL.isdisjoint(names):
        kwargs = _sequence_shape(kwargs)
    for key, fn in [(k, f) for n in names for k, f in _FUNCTIONS.get(n, {}).items()]:
        if key in kwargs and (known is None or key not in known):
            kwargs = fn(kwargs)
    out: Arguments = {}
    for key, value in kwargs.items():
        if known is not None and key in known:
            out[key] = value
        elif any(key in DROPPED.get(n, ()) for n in names):
            _drop(key, value)
        else:
            _rename(names, key, value, known, out, kwargs)
    return out


def _drop(key: str, value: Any) -> None:
    way = _ONLY_OFF.get(key)
    if way is not None and value not in (None, False):
        raise InputError(f"{key}={value!r} is not there any more. {way}")
    say(f"{key}=", None)


def _rename(
    names: list[str], key: str, value: Any, known: Collection[str] | None, out: Arguments, given: Arguments
) -> None:  # fmt: skip
    found = [RENAMED[n][key] for n in names if key in RENAMED.get(n, ())]
    new = next((n for n in found if known is None or n in known), key)
    if new != key:
        if new in out or new in given:
            raise TypeError(f"{key}= is the old name of {new}=, which is given, too. Give one.")
        say(f"{key}=", f"{new}=")
        value = modern_value(key, value)
    out[new] = value


def modern_value(key: str, value: Any) -> Any:
    """The value of an argument of the old name `key`, as it is today.

    >>> modern_value("dim_ordering", "th")
    'channels_first'
    """
    return _VALUES[key](value) if key in _VALUES else value


def renamed(kwargs: Arguments, table: dict[str, str]) -> Arguments:
    """Arguments of a function with old names replaced.

    >>> renamed({"nb_classes": 3}, {"nb_classes": "num_classes"})
    {'num_classes': 3}
    """
    for old in table.keys() & kwargs.keys():
        say(f"{old}=", f"{table[old]}=")
    return {table.get(k, k): v for k, v in kwargs.items()}


def takes_dim_ordering(function: Callable) -> Callable:
    """Let a function with `data_format` take Keras 1's ``dim_ordering`` of the same meaning.

    >>> takes_dim_ordering(lambda data_format: data_format)(dim_ordering="tf")
    'channels_last'
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if "dim_ordering" in kwargs:
            say("dim_ordering=", "data_format=")
            kwargs["data_format"] = modern_value("dim_ordering", kwargs.pop("dim_ordering"))
        return function(*args, **kwargs)

    return call


def knows(names: Collection[str], key: str) -> bool:
    """Whether `translate` does something about an argument of a class with these names in its hierarchy.

    >>> knows(["Dense", "Layer"], "W_regularizer"), knows(["Dense", "Layer"], "units")
    (True, False)
    """
    return any(key in table.get(n, ()) for table in (RENAMED, DROPPED, _FUNCTIONS) for n in names)
