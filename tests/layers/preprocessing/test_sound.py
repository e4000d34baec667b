"""Spectra of sound, held against NumPy's Fourier transform."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import config, layers
from kerata.errors import DtypeError, InputError, ShapeError
from layers.check import check_layer

SIGNALS = np.random.default_rng(0).normal(size=(2, 40, 3)).astype("float32")


def transform(signals, frame, step, size, window):
    """(batch, time, channels) as complex (batch, frames, frequencies, channels).

    The layer's frequencies are evenly spread from 0 to the highest, as are those of an FFT.
    """
    starts = range(0, signals.shape[1] - frame + 1, step)
    frames = np.stack([signals[:, s : s + frame] for s in starts], 1) * window[:, None]
    return np.fft.rfft(frames.astype(np.float64), size, axis=2)


def hann(n):
    """Symmetric, divided by its norm."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / (n - 1))
    return window / np.sqrt((window**2).sum())


DOUBLED = np.array([1, *[2] * 7, 1])[:, None]
VALUES = {
    "log": lambda z: np.log(np.maximum(np.sqrt(np.maximum(abs(z) ** 2, 1e-7)), 1e-7)),
    "magnitude": lambda z: np.sqrt(np.maximum(abs(z) ** 2, 1e-7)),
    "psd": lambda z: abs(z) ** 2 * DOUBLED,
    "real": np.real,
    "imag": np.imag,
    "angle": np.angle,
    "stft": lambda z: np.concatenate([z.real, z.imag], 2),
}


@pytest.mark.parametrize("mode", VALUES)
def test_modes(mode):
    z = transform(SIGNALS, 12, 5, 16, hann(12))
    layer = layers.STFTSpectrogram(mode, 12, 5, 16, expand_dims=True)
    out = np.asarray(layer(SIGNALS))
    want = VALUES[mode](z)
    if (
        mode == "angle"
    ):  # the parts of the first and last frequency that are 0 are so up to rounding
        out, want = out[:, :, 1:-1], want[:, :, 1:-1]
    np.testing.assert_allclose(out, want, atol=1e-4)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("expand", [False, True])
def test_layouts(data_format, expand):
    z = np.abs(transform(SIGNALS, 16, 8, 16, np.full(16, 1 / 16)))
    want = np.sqrt(np.maximum(z**2, config.epsilon()))  # (batch, frames, frequencies, channels)
    arguments = {
        "mode": "magnitude", "frame_length": 16, "window": None, "scaling": "spectrum",
        "expand_dims": expand, "data_format": data_format,
    }  # fmt: skip
    data = SIGNALS if data_format == "channels_last" else np.swapaxes(SIGNALS, 1, 2)
    want = want / (1 / 16)  # a window of None is not scaled
    if not expand:
        want = np.moveaxis(want, 3, 2).reshape(2, 4, 27)
        want = want if data_format == "channels_last" else np.swapaxes(want, 1, 2)
    elif data_format == "channels_first":
        want = np.moveaxis(want, 3, 1)
    tolerance = {"rtol": 1e-3, "atol": 1e-3}
    check_layer(layers.STFTSpectrogram, arguments, data=data, expected=want, tolerance=tolerance, gradients=False)  # fmt: skip


def test_padding_and_defaults():
    layer = layers.STFTSpectrogram(frame_length=20)
    assert layer.compute_output_shape((None, 100, 2)) == (None, 9, 2 * 17)
    layer = layers.STFTSpectrogram(frame_length=20, padding="same", mode="stft")
    assert layer.compute_output_shape((None, 101, 1)) == (None, 11, 34)
    assert [w.shape for w in layer.weights] == [(20, 1, 17)] * 2
    assert len(layers.STFTSpectrogram("real").get_weights()) == 0


def mels(signals, size, step, rate, bins, low, high):
    """Energies in bands by loops over frames and bands."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    padded = np.pad(signals.astype(np.float64), [(0, 0), (size // 2, size // 2)], "reflect")
    frames = [padded[:, s : s + size] for s in range(0, padded.shape[1] - size + 1, step)]
    power = np.abs(np.fft.rfft(np.stack(frames, 1) * window)) ** 2

    def mel(f):
        return 2595 * np.log10(1 + f / 700)

    edges = np.interp(np.arange(bins + 2), [0, bins + 1], [mel(low), mel(high)])
    heights = mel(np.arange(size // 2 + 1) * rate / size)
    bands = np.stack([np.interp(heights, edges[i : i + 3], [0, 1, 0]) for i in range(bins)])
    bands[:, 0] = 0
    return np.einsum("bfk,mk->bmf", power, bands)


SOUND = np.random.default_rng(1).normal(size=(2, 300)).astype("float32")


def test_mel():
    energies = mels(SOUND, 64, 20, 1000, 10, 20.0, 500)
    arguments = {"fft_length": 64, "sequence_stride": 20, "num_mel_bins": 10, "sampling_rate": 1000}
    flat = layers.MelSpectrogram(**arguments, power_to_db=False)
    np.testing.assert_allclose(np.asarray(flat(SOUND)), energies, rtol=2e-3, atol=1e-3)
    want = 10 * np.log10(energies / 3)
    want = np.maximum(want, want.max() - 25)
    check_layer(
        layers.MelSpectrogram, {**arguments, "ref_power": 3.0, "top_db": 25.0}, data=SOUND, gradients=False,
        expected=want, tolerance={"atol": 0.02},
    )  # fmt: skip
    root = layers.MelSpectrogram(**arguments, power_to_db=False, mag_exp=1.0)
    assert np.asarray(root(SOUND)).max() < energies.max()


def test_one_signal():
    layer = layers.MelSpectrogram(64, 16, num_mel_bins=5)
    assert layer(SOUND[0]).shape == (5, 19) == layer.compute_output_shape((300,))
    assert layer.compute_output_shape((None, 300)) == (None, 5, 19)
    assert np.asarray(layer(SOUND[0])).max() - np.asarray(layer(SOUND[0])).min() <= 80


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: layers.STFTSpectrogram("power"), InputError, "'magnitude'"),
        (lambda: layers.STFTSpectrogram(scaling="x"), InputError, "scaling"),
        (lambda: layers.STFTSpectrogram(padding="causal"), InputError, "padding"),
        (lambda: layers.STFTSpectrogram(frame_length=4, frame_step=5), InputError, "frame_step"),
        (lambda: layers.STFTSpectrogram(frame_length=4, fft_length=2), InputError, "fft_length"),
        (lambda: layers.STFTSpectrogram(window="round"), ValueError, "round"),
        (lambda: layers.STFTSpectrogram()(np.ones((1, 300, 1), "int32")), DtypeError, "floats"),
        (lambda: layers.STFTSpectrogram()(np.ones((1, 300))), ShapeError, "3"),
        (lambda: layers.MelSpectrogram(16, sequence_length=17), InputError, "sequence_length"),
        (lambda: layers.MelSpectrogram()(np.ones((2, 2, 4000))), ShapeError, "time"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()
