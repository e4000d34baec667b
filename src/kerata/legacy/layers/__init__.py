"""Layers of Keras 1, 2 and tf.keras that Keras 3 has not. Each module is imported when it is needed."""

from __future__ import annotations

import importlib
from typing import Any

# Module: the names in it.
_MODULES = {
    "convolutions": (
        "AtrousConv1D AtrousConv2D AtrousConvolution1D AtrousConvolution2D Convolution1D Convolution2D "
        "Convolution3D Deconv2D Deconv3D Deconvolution2D Deconvolution3D SeparableConvolution2D"
    ),
    "dense": "Highway MaxoutDense ParametricSoftplus RandomFourierFeatures SReLU TimeDistributedDense",
    "local": "LocallyConnected1D LocallyConnected2D",
    "merging": "Merge merge",
    "others": (
        "DenseFeatures DynamicEmbedding DynamicLookup PreprocessingLayer RandomHeight RandomWidth "
        "SequenceFeatures SyncBatchNormalization"
    ),
    "recurrent": (
        "AbstractRNNCell ConvLSTM2DCell ConvRNN2D ConvRecurrent2D CuDNNGRU CuDNNLSTM PeepholeLSTMCell "
        "Recurrent time_distributed_dense"
    ),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
