"""Files whose weights have the layout of an earlier era, made by hand as these wrote them."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from kerata import Input, Sequential, layers
from kerata.errors import ShapeError
from kerata.legacy import layers as old
from layers.check import close

RANDOM = np.random.default_rng(0)


def data(*shape):
    return RANDOM.standard_normal(shape).astype("float32")


def write(path, groups, version, backend="tensorflow"):
    """A file of weights: a group for each layer."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [n.encode() for n in groups]
        file.attrs["keras_version"], file.attrs["backend"] = version.encode(), backend.encode()
        for name, arrays in groups.items():
            group = file.create_group(name)
            names = [f"{name}_w{i}" for i in range(len(arrays))]
            group.attrs["weight_names"] = [n.encode() for n in names]
            for n, a in zip(names, arrays):
                group[n] = a


def loaded(layer, shape, arrays, folder, version="1.2.2", backend="tensorflow"):
    model = Sequential([Input(shape), layer])
    write(folder / "w.h5", {layer.name: arrays}, version, backend)
    model.load_weights(folder / "w.h5")
    return model.get_weights()


def gates(names, features, units):
    return {g: (data(features, units), data(units, units), data(units)) for g in names}


def test_lstm_of_keras_1(tmp_path):
    parts = gates("icfo", 3, 4)
    flat = [a for g in "icfo" for a in parts[g]]
    got = loaded(layers.LSTM(4), (5, 3), flat, tmp_path)
    for i in range(3):
        close(got[i], np.concatenate([parts[g][i] for g in "ifco"], axis=-1))


def test_gru_and_bidirectional_of_keras_1(tmp_path):
    parts = gates("zrh", 3, 4)
    flat = [a for g in "zrh" for a in parts[g]]
    got = loaded(layers.GRU(4, reset_after=False), (5, 3), flat, tmp_path)
    for i in range(3):
        close(got[i], np.concatenate([parts[g][i] for g in "zrh"], axis=-1))
    both = loaded(
        layers.Bidirectional(layers.GRU(4, reset_after=False)), (5, 3), flat + flat, tmp_path
    )
    assert len(both) == 6
    for a, b in zip(both, got + got):
        close(a, b)


def test_convolutions_of_keras_1(tmp_path):
    kernel, bias = data(3, 1, 2, 4), data(4)
    close(loaded(layers.Conv1D(4, 3), (8, 2), [kernel, bias], tmp_path)[0], kernel[:, 0])
    filters_first = kernel.transpose(3, 2, 0, 1)
    got = loaded(layers.Conv1D(4, 3), (8, 2), [filters_first, bias], tmp_path)[0]
    close(got, kernel[:, 0])
    kernel = data(4, 3, 2, 2)  # filters, channels, rows, columns; 3 x 3 x ... would fit by chance
    layer = layers.Conv2D(4, 2, data_format="channels_first")
    got = loaded(layer, (3, 8, 8), [kernel, bias], tmp_path)[0]
    close(got, np.einsum("fcij->ijcf", kernel))
    kernel = data(2, 2, 3, 4)
    got = loaded(layers.Conv2D(4, 2), (8, 8, 3), [kernel, bias], tmp_path)[0]
    close(got, kernel)


def test_kernels_of_theano_are_turned(tmp_path):
    kernel, bias = data(3, 2, 1, 4), data(4)
    got = loaded(layers.Conv2D(4, (3, 2)), (8, 8, 1), [kernel, bias], tmp_path, "2.1.0", "theano")
    close(got[0], kernel[::-1, ::-1])
    got = loaded(layers.Dense(2), (3,), [k := data(3, 2), data(2)], tmp_path, "2.1.0", "theano")
    close(got[0], k)


@pytest.mark.parametrize("name, n", [("LSTM", 4), ("GRU", 3)])
def test_cudnn_and_others_read_each_others_weights(name, n, tmp_path):
    x = data(2, 5, 3)
    cudnn = getattr(old, f"CuDNN{name}")(4)
    cudnn(x)
    cudnn.set_weights([data(*w.shape) for w in cudnn.get_weights()])
    plain = getattr(layers, name)(4)
    model = Sequential([Input((5, 3)), plain])
    write(tmp_path / "c.h5", {"a": cudnn.get_weights()}, "2.2.4")
    model.load_weights(tmp_path / "c.h5")
    close(plain(x), cudnn(x))
    other = getattr(old, f"CuDNN{name}")(4)
    model = Sequential([Input((5, 3)), other])
    write(tmp_path / "p.h5", {other.name: plain.get_weights()}, "2.2.4")
    model.load_weights(tmp_path / "p.h5", by_name=True)
    close(other(x), cudnn(x))
    both = layers.Bidirectional(getattr(layers, name)(4))
    model = Sequential([Input((5, 3)), both])
    write(tmp_path / "b.h5", {"a": [*cudnn.get_weights(), *cudnn.get_weights()]}, "2.2.4")
    model.load_weights(tmp_path / "b.h5")
    close(both.forward_layer(x), cudnn(x))


def test_what_does_not_fit_is_told_as_before(tmp_path):
    with pytest.raises(ShapeError, match="mismatched"):
        loaded(layers.LSTM(4), (5, 3), [data(3, 12), data(3, 12), data(12)], tmp_path, "2.2.4")
