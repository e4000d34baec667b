"""Sounds in folders as a data set, and reading WAV files."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileError, InputError
from .dataset import Dataset
from .directories import Request, from_directory


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Batches of the sounds in a folder, a folder of its own for each class.

    WAV files (whole numbers of 8 to 32 bits, or floats) are read when the data set is iterated over,
    by threads. Neither TensorFlow nor tensorflow-io is needed.

    Args:
        directory, labels, label_mode, class_names: As in `image_dataset_from_directory`, like
            the next.
        batch_size, shuffle, seed, validation_split, subset: Batches and parts of the data.
        follow_links, verbose: Which files, and whether to say how many.
        sampling_rate: Samples a second to which all sounds are brought; by default as in the files.
        output_sequence_length: Samples to which sounds are cut or filled with zeros; by default
            each batch is as long as its longest sound.
        ragged: Whether sounds keep their lengths: a batch is an array of arrays.

    Returns:
        A data set of (sounds, labels), or of sounds alone: float32 (batch, samples, channels) from
        -1 to 1. For ``subset="both"`` a pair of data sets.

    >>> import tempfile, wave
    >>> folder = tempfile.mkdtemp()
    >>> with wave.open(f"{folder}/0.wav", "wb") as file:
    ...     file.setparams((1, 2, 8000, 0, "NONE", ""))
    ...     file.writeframes(np.array([0, 16384, -32768], "<i2").tobytes())
    >>> data = audio_dataset_from_directory(folder, labels=None, verbose=False)
    >>> [x.tolist() for x in data]
    [[[[0.0], [0.5], [-1.0]]]]
    """
    request = Request(
        "sound", (".wav",), directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, verbose,
    )  # fmt: skip
    request.check()
    if ragged and output_sequence_length is not None:
        raise InputError("ragged and output_sequence_length exclude each other.")
    rate = sampling_rate
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int) or rate <= 0):
        raise InputError(f"sampling_rate must be a whole number above 0; got {rate!r}.")
    length = output_sequence_length

    def load(path: str) -> np.ndarray:
        sound: Any
        sound, own = read_wav(path)
        if length is not None:  # of the samples in the file, as in Keras
            sound = np.pad(sound[:length], ((0, max(0, length - len(sound))), (0, 0)))
        return sound if sampling_rate is None else resample(sound, own, sampling_rate)

    def join(data: Dataset, size: int) -> Dataset:
        return data.map(_boxed).batch(size).map(_unboxed) if ragged else data.padded_batch(size)

    found = from_directory(request, load, join)
    return tuple(found) if isinstance(found, list) else found


def _boxed(sound: np.ndarray, *label: Any) -> Any:
    """The sound as one object, so that sounds of different lengths stand in one array."""
    box = np.empty((1,), object)
    box[0] = sound
    return (box, *label) if label else box


def _unboxed(sounds: np.ndarray, *labels: Any) -> Any:
    return (sounds[:, 0], *labels) if labels else sounds[:, 0]


def read_wav(path: Any) -> tuple[np.ndarray, int]:
    """Samples, float32 (samples, channels) from -1 to 1, and their number in a second."""
    data = Path(path).read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise FileError(f"{path} is no WAV file.")
    form: tuple[int, int, int, int] | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt " and len(body) >= 16:
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if kind == 0xFFFE and len(body) >= 26:  # the kind is the start of a longer name
                (kind,) = struct.unpack_from("<H", body, 24)
            form = (kind, channels, rate, bits)
        elif name == b"data" and form is not None:
            return _samples(body, form, path), form[2]
        at += 8 + size + size % 2
    raise FileError(f"{path} is damaged: it has no samples.")


def _samples(body: bytes, form: tuple[int, int, int, int], path: Any) -> np.ndarray:
    kind, channels, _, bits = form
    width = bits // 8
    whole = len(body) // (width * channels or 1) * width * channels
    raw = np.frombuffer(body[:whole], np.uint8)
    x: Any
    if kind == 3 and bits in (32, 64):
        x = raw.view(f"<f{width}").astype(np.float32)
    elif kind == 1 and bits == 8:
        x = (raw.astype(np.float32) - 128) / 128
    elif kind == 1 and bits in (16, 32):
        x = (raw.view(f"<i{width}") / 2.0 ** (bits - 1)).astype(np.float32)
    elif kind == 1 and bits == 24:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)
        x = (wide.view("<i4")[:, 0] / 2.0**31).astype(np.float32)
    else:
        raise FileError(
            f"{path}: WAV files of kind {kind} with {bits} bits are not supported; expected whole numbers of "
            "8, 16, 24 or 32 bits, or floats."
        )
    return x.reshape(-1, channels)


def resample(sound: np.ndarray, old: int, new: int) -> np.ndarray:
    """A sound (samples, channels) with `new` samples a second in place of `old`.

    Band-limited interpolation (Smith and Gossett 1984): a sinc under a Kaiser window, 32 zeros to
    each side, cut off at the lower of the two Nyquist frequencies.

    >>> resample(np.ones((100, 1), np.float32), 100, 50).shape
    (50, 1)
    """
    if old == new:
        return sound
    common = gcd(old, new)
    up, down = new // common, old // common
    count = -(-len(sound) * up // down)
    cut = min(1.0, new / old) * 0.97
    reach = int(np.ceil(32 / cut))
    taps = np.arange(-reach, reach + 1)
    padded = np.pad(sound.astype(np.float32), ((reach, reach + 1), (0, 0)))
    out = np.empty((count, sound.shape[1]), np.float32)
    for phase in range(min(up, count)):
        place = phase * down / up
        distance = taps - (place - int(place))
        window = np.i0(12 * np.sqrt(np.maximum(0, 1 - (distance / (reach + 1)) ** 2))) / np.i0(12)
        weights = cut * np.sinc(cut * distance) * window
        weights = (weights / weights.sum()).astype(np.float32)
        starts = np.arange(phase, count, up) * down // up
        for channel in range(sound.shape[1]):
            rows = np.lib.stride_tricks.sliding_window_view(padded[:, channel], len(taps))
            out[phase::up, channel] = rows[starts] @ weights
    return out
