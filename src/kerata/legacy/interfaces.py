"""``keras.legacy.interfaces``: decorators that let Keras 2 take arguments of Keras 1.

Kerata translates arguments itself, so that they leave functions as they are.
"""

from __future__ import annotations

from typing import Any, TypeVar

F = TypeVar("F")

__all__ = [
    f"legacy_{name}"
    for name in (
        "add_weight_support conv1d_support conv2d_support conv3d_support convlstm2d_support "
        "deconv2d_support dense_support dropout_support embedding_support gaussiandropout_support "
        "gaussiannoise_support generator_methods_support get_updates_support global_pooling_support "
        "input_support model_constructor_support pooling1d_support pooling2d_support pooling3d_support "
        "prelu_support recurrent_support separable_conv2d_support upsampling2d_support upsampling3d_support "
        "zeropadding2d_support batchnorm_support lambda_support spatialdropout1d_support "
        "spatialdropoutNd_support upsampling1d_support"
    ).split()
]


def _unchanged(function: F) -> F:
    """The function itself.

    >>> _unchanged(len)([1])
    1
    """
    return function


def __getattr__(name: str) -> Any:
    if name in __all__:
        return _unchanged
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
