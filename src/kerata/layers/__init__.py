"""Layers: functions of tensors with weights, which models are built from.

Each module is imported when one of its names is first asked for.
"""

from __future__ import annotations

import importlib
from typing import Any

# Module: the public names in it.
_MODULES: dict[str, str] = {
    "activation": "Activation ELU LeakyReLU PReLU ReLU Softmax ThresholdedReLU",
    "core": "Dense EinsumDense Embedding Identity Lambda Masking ReversibleEmbedding",
    "images.colour": (
        "RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomGrayscale "
        "RandomHue RandomInvert RandomPosterization RandomSaturation Solarization"
    ),
    "images.crops": "CenterCrop MaxNumBoundingBoxes RandomCrop RandomFlip",
    "images.filters": "RandomGaussianBlur RandomSharpness",
    "images.histograms": "AutoContrast ContrastLimitedAdaptiveHistogramEqualization Equalization",
    "images.mixing": "CutMix MixUp RandomErasing",
    "images.policies": "AugMix Pipeline RandAugment",
    "images.warps": (
        "RandomElasticTransform RandomPerspective RandomRotation RandomShear RandomTranslation RandomZoom"
    ),
    "input_layer": "Input InputLayer",
    "input_spec": "InputSpec",
    "layer": "Layer",
    "merging": (
        "Add Average Concatenate Dot Maximum Minimum Multiply Subtract "
        "add average concatenate dot maximum minimum multiply subtract"
    ),
    "native": "FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper",
    "normalization": (
        "BatchNormalization GroupNormalization LayerNormalization RMSNormalization "
        "SpectralNormalization UnitNormalization"
    ),
    "regularization": (
        "ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise "
        "SpatialDropout1D SpatialDropout2D SpatialDropout3D"
    ),
    "reshaping": (
        "Cropping1D Cropping2D Cropping3D Flatten Permute RepeatVector Reshape "
        "UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D"
    ),
    "scaling": "Normalization Rescaling Resizing",
    "attention": ("AdditiveAttention Attention GroupQueryAttention MultiHeadAttention"),
    "conv": (
        "Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose "
        "Convolution1DTranspose Convolution2DTranspose Convolution3DTranspose DepthwiseConv1D DepthwiseConv2D "
        "SeparableConv1D SeparableConv2D SeparableConvolution1D"
    ),
    "pooling": (
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D "
        "AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D "
        "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D "
        "GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D "
        "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D "
        "MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D"
    ),
    "preprocessing.discretize": "Discretization",
    "preprocessing.encoding": "CategoryEncoding",
    "preprocessing.hashing": "HashedCrossing Hashing",
    "preprocessing.integer_lookup": "IntegerLookup",
    "preprocessing.sound": "MelSpectrogram STFTSpectrogram",
    "preprocessing.string_lookup": "StringLookup",
    "preprocessing.text": "TextVectorization",
    "rnn.bidirectional": "Bidirectional",
    "rnn.cells": "GRUCell LSTMCell SimpleRNNCell StackedRNNCells",
    "rnn.conv_lstm": "ConvLSTM1D ConvLSTM2D ConvLSTM3D",
    "rnn.recurrent": "GRU LSTM SimpleRNN",
    "rnn.rnn": "RNN",
    "rnn.time_distributed": "TimeDistributed",
    "wrapper": "Wrapper",
    # Names of Keras 1 that Keras 3 has kept: they are called in the old way, too.
    ".legacy.layers": "Convolution1D Convolution2D Convolution3D SeparableConvolution2D",
}

_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = ["deserialize", "serialize", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    module = _HOME.get(name)
    if module is None:
        from ..doors import old_name

        return old_name(__name__, name, _HOME)
    found = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOME))


def serialize(layer: Any) -> dict[str, Any]:
    """The configuration of a layer.

    >>> serialize(__getattr__("Flatten")(name="f"))["class_name"]
    'Flatten'
    """
    from ..serialization import serialize_keras_object

    return serialize_keras_object(layer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer of a configuration that `serialize` gave.

    >>> deserialize({"class_name": "Flatten", "config": {"name": "f"}}).name
    'f'
    """
    from ..serialization import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects)
