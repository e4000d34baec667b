"""Layers, metrics and optimizers that Keras 3 has not, written once for Kerata and tf_keras."""

import types

import numpy as np

from oracle import table
from oracle.table_inputs import arrays

LAYERS = """
LocallyConnected1D(4, 3, strides=2) | (7, 3)
LocallyConnected1D(4, 3, activation='tanh', use_bias=False) | (7, 3)
LocallyConnected1D(4, 3, strides=2, implementation=2, padding='same') | (7, 3)
LocallyConnected1D(4, 3, strides=2, implementation=3, padding='same') | (7, 3)
LocallyConnected1D(4, 4, implementation=3) | (7, 3)
LocallyConnected1D(2, 3, data_format='channels_first', implementation=2) | (3, 7)
LocallyConnected2D(3, (2, 3), strides=(2, 1)) | (5, 6, 2)
LocallyConnected2D(3, (2, 3), implementation=2, padding='same') | (5, 6, 2)
LocallyConnected2D(3, (2, 3), strides=2, implementation=3, padding='same') | (5, 6, 2)
LocallyConnected2D(3, (2, 3), data_format='channels_first') | (2, 5, 6)
LocallyConnected2D(3, (2, 3), data_format='channels_first', implementation=2) | (2, 5, 6)
LocallyConnected2D(3, (2, 3), data_format='channels_first', implementation=3) | (2, 5, 6)
ThresholdedReLU(0.7) | (6,)
RandomFourierFeatures(5, scale=1.5, trainable=True) | (4,)
RandomFourierFeatures(5, 'laplacian') | (4,)
"""

METRICS = """
MeanRelativeError(normalizer=[0.5, 1.0, 0.0, 2.0]) | real
MeanRelativeError(normalizer=[0.5, 1.0, 0.0, 2.0]) | probability
"""

# Those of tf_keras.optimizers.legacy, with the decay of Keras 2.
OPTIMIZERS = """
SGD(0.1, decay=0.5)
SGD(0.1, momentum=0.9, nesterov=True, decay=0.1)
Adam(0.1, decay=0.3)
Adamax(0.1, decay=0.3)
"""


def cudnn_case(keras, cudnn, name):
    """A layer with CuDNN's weights; tf_keras, which runs it on graphics cards only, converts them."""
    gates = {"LSTM": 4, "GRU": 3}[name]
    x, kernel, recurrent, bias = arrays(
        8, [(2, 5, 3), (3, 4 * gates), (4, 4 * gates), (8 * gates,)], 0.5
    )
    weights = [kernel, recurrent, bias]
    if cudnn is None:
        from tf_keras.src.saving.legacy.hdf5_format import _convert_rnn_weights

        layer = getattr(keras.layers, name)(4, return_sequences=True)
        layer(x)
        weights = _convert_rnn_weights(layer, weights)
    else:
        layer = getattr(cudnn, f"CuDNN{name}")(4, return_sequences=True)
        layer(x)
    layer.set_weights(weights)
    return [np.asarray(layer(x))]


def layer_case(keras, call, shape):
    """Outputs, their shape, and the weights after one step."""
    return table.trained_layer(keras, call, arrays(1, [(4, *eval(shape))], 1.0))[1]


def metric_case(keras, call, kind):
    """Results after a batch and after two."""
    y, p = arrays(4, [(12, 4), (12, 4)], 1.0)
    if kind == "probability":
        y, p = np.abs(np.round(y)), np.abs(p)
    metric = eval("M." + call, {"M": keras.metrics})
    found = []
    for rows in (slice(5), slice(5, None)):
        metric.update_state(y[rows], p[rows])
        found.append(np.asarray(metric.result()))
    return found


def names():
    """``(kind, case)`` of everything in the tables."""
    kinds = {"layer": LAYERS, "metric": METRICS, "optimizer": OPTIMIZERS, "cudnn": "LSTM\nGRU"}
    return [(kind, call, rest) for kind, text in kinds.items() for call, rest in table.cases(text)]


def run(keras, kind, call, rest, old=None):
    """Arrays of one case. `old` holds Kerata's classes of earlier eras, ``layers`` and ``metrics``."""
    if kind == "cudnn":
        return cudnn_case(keras, old and old.layers, call)
    layers, metrics, optimizers = keras.layers, keras.metrics, keras.optimizers.legacy
    name = call.partition("(")[0]
    if kind == "layer":
        places = [old and old.layers, keras.layers, getattr(keras.layers, "experimental", None)]
        layers = next(p for p in places if hasattr(p, name))
    elif kind == "metric" and old is not None:
        metrics = old.metrics
    shim = types.SimpleNamespace(
        Input=keras.Input, Model=keras.Model, Sequential=keras.Sequential, layers=layers, metrics=metrics,
        optimizers=keras.optimizers,
    )  # fmt: skip
    if kind == "optimizer":
        own = {n: getattr(optimizers, n) for n in ("SGD", "Adam", "Adamax")}
        shim.layers = keras.layers
        shim.optimizers = types.SimpleNamespace(**own, schedules=keras.optimizers.schedules)
        return table.optimizer_case(shim, call)
    return {"layer": layer_case, "metric": metric_case}[kind](shim, call, rest)
