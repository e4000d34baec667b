"""Sound as pictures of its frequencies: `STFTSpectrogram` and `MelSpectrogram`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import config as settings
from ... import ops
from ...errors import DtypeError, InputError, ShapeError
from ...initializers import STFT
from ..data_layer import DataLayer
from ..input_spec import InputSpec
from ..layer import Layer
from .encoding import as_tensor

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


class STFTSpectrogram(Layer):
    """The short-time Fourier transform of signals, by convolution kernels that can be trained.

    Input: float (batch, time, channels), or (batch, channels, time) with ``channels_first``. Output:
    (batch, frames, channels * frequencies), with `expand_dims` (batch, frames, frequencies, channels);
    with ``channels_first`` (batch, channels * frequencies, frames) and (batch, channels, frames,
    frequencies). There are ``fft_length // 2 + 1`` frequencies, twice as many with mode ``stft``.

    Args:
        mode: ``log`` (of the magnitude), ``magnitude``, ``psd`` (power spectral density, one-sided),
            ``real``, ``imag``, ``angle``, or ``stft`` (real parts, then imaginary ones).
        frame_length: Numbers in a frame.
        frame_step: Numbers between the starts of frames; half of `frame_length` by default.
        fft_length: Size of the transform, at least `frame_length`; the next power of two by default.
        window: Name of a window function (``hann``, ``hamming``, ...), an array, or ``None``.
        periodic: Whether the window is periodic rather than symmetric.
        scaling: ``density``, ``spectrum`` or ``None``: how the window is scaled.
        padding: ``valid`` or ``same``.
        expand_dims: Whether frequencies and channels have axes of their own.
        data_format: ``channels_last`` or ``channels_first``.

    >>> layer = STFTSpectrogram("magnitude", frame_length=16, frame_step=8)
    >>> tone = np.cos(2 * np.pi * np.arange(64) / 4).reshape(1, 64, 1)  # a quarter of the rate
    >>> layer.compute_output_shape(tone.shape), ops.argmax(layer(tone), -1).tolist()
    ((1, 7, 9), [[4, 4, 4, 4, 4, 4, 4]])
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value, allowed in (
            ("mode", mode, _MODES),
            ("scaling", scaling, ("density", "spectrum", None)),
            ("padding", padding, ("valid", "same")),
        ):
            if value not in allowed:
                raise InputError(
                    f"STFTSpectrogram: unknown {name}={value!r}. Expected one of {', '.join(map(repr, allowed))}."
                )
        if frame_step is not None and not 1 <= frame_step <= frame_length:
            raise InputError(
                f"STFTSpectrogram: frame_step must be from 1 to frame_length={frame_length}, got {frame_step}."
            )
        if fft_length is not None and fft_length < frame_length:
            raise InputError(
                f"STFTSpectrogram: fft_length={fft_length} must not be less than frame_length={frame_length}."
            )
        self.adopt(locals())
        self._step = frame_step or max(frame_length // 2, 1)
        self._size = fft_length or 2 ** math.ceil(math.log2(frame_length))
        self._real, self._imag = (
            STFT(part, window, scaling, periodic) for part in ("real", "imag")
        )
        self._real._window(frame_length)  # one that does not exist is an error now, not in build
        self.input_spec = InputSpec(ndim=3)

    def build(self, input_shape: Sequence[int | None]) -> None:
        shape = (self.frame_length, 1, self._size // 2 + 1)
        if self.mode != "imag":
            self.real_kernel = self.add_weight(
                shape=shape, initializer=self._real, name="real_kernel"
            )
        if self.mode != "real":
            self.imag_kernel = self.add_weight(
                shape=shape, initializer=self._imag, name="imag_kernel"
            )

    def call(self, inputs: Any) -> Any:
        kind = ops.dtype(inputs)
        if kind not in ("bfloat16", "float16", "float32", "float64"):
            raise DtypeError(f"STFTSpectrogram takes floats, got {kind}. Use ops.cast.")
        if self.data_format == "channels_last":
            inputs = ops.swapaxes(inputs, 1, 2)
        real = imag = None
        if self.mode != "imag":
            real = self._transform(inputs, self.real_kernel)
        if self.mode != "real":
            imag = self._transform(inputs, self.imag_kernel)
        return self._arranged(self._value(real, imag))

    def _transform(self, signals: Any, kernel: Any) -> Any:
        """(batch, channels, time) as (batch, channels, frames, frequencies)."""
        batch, channels, time = ops.shape(signals)
        rows = ops.reshape(signals, (-1, time, 1))
        out = ops.conv(
            rows, ops.cast(kernel, ops.dtype(rows)), self._step, self.padding, "channels_last"
        )
        frames, frequencies = ops.shape(out)[1:]
        return ops.reshape(out, (batch, channels, frames, frequencies))

    def _value(self, real: Any, imag: Any) -> Any:
        if self.mode in ("real", "imag"):
            return real if imag is None else imag
        if self.mode == "angle":
            return ops.arctan2(imag, real)
        if self.mode == "stft":
            return ops.concatenate([real, imag], axis=-1)
        power = ops.add(ops.square(real), ops.square(imag))
        if self.mode == "psd":
            # All frequencies but the first and the last stand for their negatives, too.
            n = self._size // 2 + 1
            twice = np.ones(n, "float32")
            twice[1 : n - 1] = 2
            return ops.multiply(power, ops.cast(twice, ops.dtype(power)))
        least = settings.epsilon()
        magnitude = ops.sqrt(ops.maximum(power, least))
        return (
            magnitude if self.mode == "magnitude" else ops.log(ops.maximum(magnitude, least))
        )  # fmt: skip

    def _arranged(self, x: Any) -> Any:
        """(batch, channels, frames, frequencies) in the order that was asked for."""
        last = self.data_format == "channels_last"
        if self.expand_dims:
            return ops.transpose(x, (0, 2, 3, 1)) if last else x
        batch, channels, frames, frequencies = ops.shape(x)
        if last:
            x = ops.transpose(x, (0, 2, 1, 3))
            return ops.reshape(x, (batch, frames, channels * frequencies))
        x = ops.transpose(x, (0, 1, 3, 2))
        return ops.reshape(x, (batch, channels * frequencies, frames))


class MelSpectrogram(DataLayer):
    """The energy of a signal over time in bands that are equally wide to the ear.

    Input: signals (time,) or (batch, time). Output: (..., num_mel_bins, frames), in decibels.

    The bands are triangles on the mel scale, ``1127 * log(1 + f / 700)`` for f in hertz, as in the
    Hidden Markov Model Toolkit.

    Args:
        fft_length: Size of the Fourier transforms.
        sequence_stride: Numbers between the middles of frames.
        sequence_length: Size of the window; `fft_length` by default.
        window: ``hann``, ``hamming``, an array, or ``None``.
        sampling_rate: Numbers in a second of the signal.
        num_mel_bins: Number of bands.
        min_freq, max_freq: Where the lowest band begins and the highest ends, in hertz; half of
            `sampling_rate` by default.
        power_to_db: Whether to give decibels.
        top_db: How far below the largest value they go at most.
        mag_exp: Power of the magnitude: 2 for energies.
        min_power: Least energy; also of `ref_power`.
        ref_power: Energy of 0 dB.

    >>> layer = MelSpectrogram(num_mel_bins=20, sampling_rate=8000, fft_length=256, sequence_stride=128)
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(4000) / 8000)
    >>> layer.compute_output_shape(tone.shape), ops.argmax(layer(tone)[:, 16]).tolist()
    ((20, 32), 9)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self.sequence_length = sequence_length or fft_length
        self.max_freq = max_freq or int(sampling_rate / 2)
        if fft_length < self.sequence_length:
            raise InputError(
                f"MelSpectrogram: fft_length={fft_length} must not be less than sequence_length={sequence_length}."
            )

    def call(self, inputs: Any) -> Any:
        kind = self.compute_dtype if self.compute_dtype == "float64" else "float32"
        x = ops.cast(as_tensor(inputs), kind)
        if len(ops.shape(x)) not in (1, 2):
            raise ShapeError(
                f"MelSpectrogram takes signals of the shape (time,) or (batch, time), got {ops.shape(x)}."
            )
        real, imag = ops.stft(
            x, self.sequence_length, self.sequence_stride, self.fft_length, self.window, True
        )  # fmt: skip
        power = ops.add(ops.square(real), ops.square(imag))
        spectrum = power if self.mag_exp == 2 else ops.power(ops.sqrt(power), self.mag_exp)
        bands = self.linear_to_mel_weight_matrix(
            self.num_mel_bins, self.fft_length // 2 + 1, self.sampling_rate, self.min_freq, self.max_freq, kind
        )  # fmt: skip
        mels = ops.matmul(spectrum, bands)
        if self.power_to_db:
            mels = self._decibels(mels)
        return ops.cast(ops.swapaxes(mels, -1, -2), self.compute_dtype)

    def _decibels(self, energies: Any) -> Any:
        reference = 10 * math.log10(max(abs(self.ref_power), self.min_power))
        values = ops.multiply(10.0, ops.log10(ops.maximum(energies, self.min_power)))
        values = ops.subtract(values, reference)
        return ops.maximum(values, ops.subtract(ops.max(values), self.top_db))

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: float = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: str = "float32",
    ) -> np.ndarray:
        """The matrix (spectrogram bins, mel bins) that takes a spectrum to energies in bands.

        Args:
            num_mel_bins: Number of bands.
            num_spectrogram_bins: Number of frequencies, from 0 to half of the sampling rate.
            sampling_rate: Numbers in a second of the signal.
            lower_edge_hertz, upper_edge_hertz: Where the lowest band begins and the highest ends.
            dtype: dtype of the matrix.

        >>> bands = MelSpectrogram().linear_to_mel_weight_matrix(2, 5, 8000, 0.0, 4000.0)
        >>> [[round(v, 2) for v in row] for row in bands.tolist()]
        [[0.0, 0.0], [0.6, 0.4], [0.0, 0.87], [0.0, 0.38], [0.0, 0.0]]
        """
        frequencies = _mel(np.linspace(0.0, sampling_rate / 2, num_spectrogram_bins))[:, None]
        edges = np.linspace(_mel(lower_edge_hertz), _mel(upper_edge_hertz), num_mel_bins + 2)
        low, middle, high = edges[:-2], edges[1:-1], edges[2:]
        rising = (frequencies - low) / (middle - low)
        falling = (high - frequencies) / (high - middle)
        bands = np.maximum(0.0, np.minimum(rising, falling))
        bands[0] = 0.0  # the constant part of the signal is in no band
        return bands.astype(dtype)


def _mel(hertz: Any) -> Any:
    return 1127.0 * np.log(1.0 + np.asarray(hertz, np.float64) / 700.0)
