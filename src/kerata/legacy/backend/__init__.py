"""``keras.backend`` of Keras 1, 2 and tf.keras: functions on tensors, symbolic or not.

A name is looked for in the table below when ``kerata.backend`` has none of its own; the module that
defines it is imported then. What a function does on a symbolic tensor becomes part of the model's graph.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence
from typing import Any

from ... import config
from ...engine import module_of_library
from .first_names import taking_first_names

_MODULES = {
    "arithmetic": """
        abs square sqrt exp log round sign sin cos tanh sigmoid hard_sigmoid softplus softsign pow clip
        maximum minimum equal not_equal greater greater_equal less less_equal sum prod max min mean var
        std any all logsumexp argmax argmin cumsum cumprod
    """,
    "products": "dot batch_dot older_batch_dot transpose",
    "shapes": """
        shape int_shape get_variable_shape ndim count_params reshape permute_dimensions flatten
        batch_flatten expand_dims squeeze concatenate stack repeat repeat_elements tile reverse gather
        slice one_hot temporal_padding spatial_2d_padding spatial_3d_padding normalize_data_format
        resize_images resize_volumes
    """,
    "variables": """
        variable constant zeros ones eye zeros_like ones_like identity arange random_uniform_variable
        random_normal_variable dtype cast cast_to_floatx is_tensor is_variable is_sparse to_dense eval
        get_value batch_get_value set_value batch_set_value update update_add update_sub
        moving_average_update
    """,
    "random": """
        random_normal random_uniform truncated_normal random_bernoulli random_binomial dropout
    """,
    "nn": """
        relu elu softmax l2_normalize in_top_k bias_add batch_normalization normalize_batch_in_training
        binary_crossentropy binary_focal_crossentropy categorical_crossentropy
        categorical_focal_crossentropy sparse_categorical_crossentropy
    """,
    "convolve": """
        conv1d conv2d conv3d depthwise_conv2d separable_conv1d separable_conv2d conv2d_transpose
        conv3d_transpose pool2d pool3d local_conv1d local_conv2d
    """,
    "recurrent": "rnn",
    "ctc": "ctc_batch_cost ctc_decode",
    "control": "map_fn foldl foldr",
    "phase": """
        learning_phase set_learning_phase learning_phase_scope in_train_phase in_test_phase switch
    """,
    "graph": "placeholder is_placeholder Function function stop_gradient print_tensor",
    "derivatives": "gradients",
    "settings": """
        image_dim_ordering set_image_dim_ordering reset_uids name_scope manual_variable_initialization
        get_session set_session sparse ctc_label_dense_to_sparse
    """,
}

TABLE: dict[str, str] = {
    name: module for module, names in _MODULES.items() for name in names.split()
}
"""Module by name."""

REFUSED: dict[str, str] = {
    "sparse": "tensors are dense; matrices of SciPy's are made dense by K.to_dense",
}
"""Names that raise an error on purpose, and why."""


# What Keras's own file for TensorFlow had imported, and programs took from there.
_OF_TENSORFLOW = {
    "tf": "tensorflow", "control_flow_ops": "tensorflow.python.ops.control_flow_ops",
    "math_ops": "tensorflow.python.ops.math_ops", "functional_ops": "tensorflow.python.ops.functional_ops",
    "tensor_array_ops": "tensorflow.python.ops.tensor_array_ops",
}  # fmt: skip


def old_backend() -> str:
    """What ``K.backend()`` says to programs of Keras 1 and 2: functions are as TensorFlow's were, not as Theano's.

    >>> old_backend()
    'tensorflow'
    """
    return "tensorflow"


_found: dict[str, Any] = {}


def load_all() -> None:
    """Import all modules of the table."""
    for module in _MODULES:
        importlib.import_module(f"{__name__}.{module}")


def resolve(name: str, known: Sequence[str] = ()) -> Any:
    """What a name of the old ``keras.backend`` stands for.

    Args:
        name: The name.
        known: Names that the module has besides, for the error message.

    Raises:
        AttributeError: No era had such a name; the closest one is offered.

    >>> resolve("mean")([1.0, 3.0]).tolist()
    2.0
    """
    if name in TABLE:
        if name not in _found:
            own = getattr(importlib.import_module(f"{__name__}.{TABLE[name]}"), name)
            _found[name] = taking_first_names(name, own)
        return _found[name]
    if name == "experimental":
        return importlib.import_module(f"{__name__}.experimental")
    own = _OF_TENSORFLOW.get(name)
    if own is not None and (found := module_of_library(own)) is not None:
        return found
    if name == "_BACKEND":
        return old_backend()
    if name in ("_EPSILON", "_FLOATX", "_IMAGE_DATA_FORMAT"):
        return getattr(config, name.strip("_").lower())()
    if name in ("tf", "tensorflow", "theano", "T"):
        raise AttributeError(
            f"module 'keras.backend' has no {name!r}: Kerata computes on several engines. Use functions of "
            "keras.backend or keras.ops, or import the library itself."
        )
    near = difflib.get_close_matches(name, [*TABLE, *known], 1)
    hint = f". Did you mean {near[0]!r}?" if near and not name.startswith("_") else ""
    raise AttributeError(f"module 'kerata.backend' has no attribute {name!r}{hint}")


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return resolve(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *TABLE})
