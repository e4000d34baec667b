"""Data sets of pictures, texts and sounds in folders; windows of series."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

import kerata as keras
from kerata import layers, preprocessing, utils
from kerata.errors import FileError, InputError
from kerata.utils.audio_dataset import read_wav, resample

Image = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of 6 pictures of one colour each, one of them in a folder further down."""
    root = tmp_path_factory.mktemp("pictures")
    for c, name in enumerate(("cats", "dogs")):
        (root / name / "more").mkdir(parents=True)
        for i in range(6):
            folder = root / name / "more" if i == 5 else root / name
            colour = (100 * c + i, 10, 20)
            Image.new("RGB", (8, 6), colour).save(folder / f"{i}.{'bmp' if i % 2 else 'PNG'}")
    (root / "cats" / "note.txt").write_text("no picture")
    (root / ".hidden").mkdir()
    return root


def read(data) -> tuple[np.ndarray, np.ndarray]:
    xs, ys = zip(*data)
    return np.concatenate(xs), np.concatenate(ys)


def test_pictures(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = utils.image_dataset_from_directory(
        pictures, image_size=(4, 5), batch_size=5, shuffle=False
    )
    assert capsys.readouterr().out.strip() == "Found 12 files belonging to 2 classes."
    assert data.class_names == ["cats", "dogs"] and len(data) == 3
    assert data.file_paths[0] == str(pictures / "cats" / "0.PNG")
    assert data.file_paths[5] == str(pictures / "cats" / "more" / "5.bmp")
    x, y = read(data)
    assert (x.shape, x.dtype, y.dtype) == ((12, 4, 5, 3), "float32", "int32")
    assert y.tolist() == [0] * 6 + [1] * 6
    # Each picture has the colour that its file was given.
    order = [100 * c + i for c in range(2) for i in range(6)]
    np.testing.assert_allclose(x[:, 0, 0], [(r, 10, 20) for r in order], atol=1e-4)
    assert [len(b) for b, _ in data] == [5, 5, 2]


def test_shuffling_and_splits(pictures: Path) -> None:
    options = {"image_size": (2, 2), "batch_size": 4, "seed": 5, "validation_split": 0.25, "verbose": False}  # fmt: skip
    train, held = utils.image_dataset_from_directory(pictures, subset="both", **options)
    assert len(train.file_paths) == 9 and len(held.file_paths) == 3
    assert not set(train.file_paths) & set(held.file_paths)
    alone = utils.image_dataset_from_directory(pictures, subset="validation", **options)
    assert alone.file_paths == held.file_paths
    # The order of the files is NumPy's for the seed, as in Keras.
    plain = utils.image_dataset_from_directory(pictures, shuffle=False, verbose=False).file_paths
    np.random.RandomState(5).shuffle(plain)
    assert train.file_paths + held.file_paths == plain
    first, second = (read(train)[0][:, 0, 0, 0].tolist() for _ in range(2))
    assert first != second and sorted(first) == sorted(second)
    labels = {p: ("dogs" in p) * 1 for p in train.file_paths}
    x, y = read(train)
    assert all((r >= 100) == bool(c) for r, c in zip(x[:, 0, 0, 0], y)) and sum(y) == sum(
        labels.values()
    )


@pytest.mark.parametrize(
    ("mode", "shape", "dtype"),
    [("int", (12,), "int32"), ("binary", (12, 1), "float32"), ("categorical", (12, 2), "float32")],
)
def test_label_modes(pictures: Path, mode: str, shape: tuple, dtype: str) -> None:
    data = utils.image_dataset_from_directory(
        pictures, label_mode=mode, image_size=(2, 2), shuffle=False, verbose=False
    )
    y = read(data)[1]
    assert (y.shape, y.dtype) == (shape, dtype)
    classes = y.argmax(-1) if mode == "categorical" else y.ravel()
    assert classes.tolist() == [0] * 6 + [1] * 6


def test_labels_given_or_none(pictures: Path) -> None:
    common = {"image_size": (2, 2), "shuffle": False, "verbose": False}
    own = list(range(12))
    data = utils.image_dataset_from_directory(pictures, labels=own, **common)
    assert read(data)[1].tolist() == own and data.class_names == [str(i) for i in own]
    none = utils.image_dataset_from_directory(pictures, labels=None, **common)
    assert next(iter(none)).shape == (12, 2, 2, 3) and none.class_names is None
    other = utils.image_dataset_from_directory(pictures, class_names=["dogs", "cats"], **common)
    assert read(other)[1].tolist() == [0] * 6 + [1] * 6
    assert read(other)[0][0, 0, 0, 0] == 100
    single = utils.image_dataset_from_directory(pictures, batch_size=None, **common)
    x, y = next(iter(single))
    assert x.shape == (2, 2, 3) and y.shape == () and len(single) == 12


def test_colours_and_shapes(pictures: Path) -> None:
    def first(**options):
        data = utils.image_dataset_from_directory(pictures, labels=None, shuffle=False, verbose=False, **options)  # fmt: skip
        return next(iter(data))

    assert first(color_mode="grayscale", image_size=(3, 3)).shape == (12, 3, 3, 1)
    assert first(color_mode="rgba", image_size=3).shape == (12, 3, 3, 4)
    assert first(data_format="channels_first", image_size=(2, 3)).shape == (12, 3, 2, 3)
    padded = first(pad_to_aspect_ratio=True, image_size=(8, 8))
    assert padded[0, 0].max() == 0 and padded[0, 4].max() == 20 and padded[0, 7].max() == 0
    assert first(crop_to_aspect_ratio=True, image_size=(3, 3), interpolation="area")[0].min() == 0
    assert (
        len(preprocessing.image_dataset_from_directory(pictures, format="grain", verbose=False))
        == 1
    )


def test_grain_form(pictures: Path) -> None:
    data = utils.image_dataset_from_directory(
        pictures, image_size=(2, 2), format="grain", shuffle=False, verbose=False
    )
    assert next(iter(data.map(lambda pair: pair[1])))[-1] == 1


def test_training_on_pictures(pictures: Path) -> None:
    data = utils.image_dataset_from_directory(pictures, image_size=(4, 4), batch_size=4, seed=1, verbose=False)  # fmt: skip
    model = keras.Sequential(
        [
            layers.Input((4, 4, 3)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(2, "softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(data.cache(), epochs=30, verbose=0)
    assert model.evaluate(data, verbose=0, return_dict=True)["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "all"}, "labels='all'"),
        ({"labels": [1, 2]}, "2 entries for 12 files"),
        ({"label_mode": "floats"}, "label_mode"),
        ({"class_names": ["birds"]}, "folders in"),
        ({"labels": None, "class_names": ["cats"]}, "labels='inferred' only"),
        ({"label_mode": "binary", "class_names": ["cats"]}, "exactly 2 classes"),
        ({"color_mode": "hsv"}, "color_mode"),
        ({"image_size": (1, 2, 3)}, "image_size"),
        ({"interpolation": "fancy"}, "interpolation"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "exclude each other"),
        ({"format": "numpy"}, "format="),
        ({"validation_split": 2.0, "subset": "both"}, "between 0 and 1"),
        ({"validation_split": 0.2}, "go together"),
        ({"validation_split": 0.2, "subset": "test"}, "subset="),
        ({"validation_split": 0.2, "subset": "both"}, "give a seed"),
    ],
)
def test_errors(pictures: Path, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        utils.image_dataset_from_directory(pictures, verbose=False, **options)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="There is no folder"):
        utils.image_dataset_from_directory(tmp_path / "none")
    with pytest.raises(FileError, match=r"No text files .* must end with one of \.txt"):
        utils.text_dataset_from_directory(tmp_path, labels=None, verbose=False)


def test_texts(tmp_path: Path) -> None:
    for name, text in (("neg", "bad"), ("pos", "schön")):
        (tmp_path / name).mkdir()
        for i in range(3):
            (tmp_path / name / f"{i}.txt").write_text(f"{text} {i}", encoding="utf-8")
    data = utils.text_dataset_from_directory(tmp_path, batch_size=4, shuffle=False, verbose=False)
    texts, labels = read(data)
    assert texts.tolist() == ["bad 0", "bad 1", "bad 2", "schön 0", "schön 1", "schön 2"]
    assert labels.tolist() == [0, 0, 0, 1, 1, 1] and data.class_names == ["neg", "pos"]
    short = preprocessing.text_dataset_from_directory(
        tmp_path, labels=None, max_length=4, shuffle=False, verbose=False
    )
    assert next(iter(short)).tolist() == ["bad "] * 3 + ["schö"] * 3


def save_wav(path: Path, x: np.ndarray, rate: int, bits: int = 16) -> None:
    values = np.round(x * (2 ** (bits - 1) - 1)).astype("int64")
    raw = b"".join(int(v).to_bytes(bits // 8, "little", signed=True) for v in values.ravel())
    if bits == 8:
        raw = (values.ravel() + 128).astype("uint8").tobytes()
    with wave.open(str(path), "wb") as f:
        f.setnchannels(x.shape[1])
        f.setsampwidth(bits // 8)
        f.setframerate(rate)
        f.writeframes(raw)


def tone(seconds: float, rate: int, pitch: float, channels: int = 1) -> np.ndarray:
    t = np.arange(int(seconds * rate)) / rate
    return np.repeat(0.5 * np.sin(2 * np.pi * pitch * t)[:, None], channels, 1)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_wav(tmp_path: Path, bits: int) -> None:
    x = tone(0.01, 8000, 440, channels=2)
    save_wav(tmp_path / "a.wav", x, 8000, bits)
    found, rate = read_wav(tmp_path / "a.wav")
    assert rate == 8000 and found.dtype == "float32"
    np.testing.assert_allclose(found, x, atol=2.5 / 2 ** min(bits - 1, 20))
    (tmp_path / "b.wav").write_bytes(b"RIFFxxxxWAVE")
    with pytest.raises(FileError, match="no samples"):
        read_wav(tmp_path / "b.wav")


def test_resampling() -> None:
    for old, new in ((8000, 16000), (16000, 8000), (44100, 16000)):
        want = tone(0.2, new, 440)
        found = resample(tone(0.2, old, 440).astype("float32"), old, new)
        assert len(found) == len(want)
        inner = slice(len(want) // 5, -len(want) // 5)
        np.testing.assert_allclose(found[inner], want[inner], atol=1e-3)
    # What the lower rate cannot hold is gone.
    high = resample(tone(0.2, 16000, 6000).astype("float32"), 16000, 8000)
    assert np.abs(high[400:-400]).max() < 1e-3


def test_sounds(tmp_path: Path) -> None:
    for i, name in enumerate(("high", "low")):
        (tmp_path / name).mkdir()
        for n in (100, 160):
            save_wav(tmp_path / name / f"{n}.wav", tone(n / 8000, 8000, 400 * (i + 1)), 8000)
    common = {"shuffle": False, "verbose": False}
    x, y = next(iter(utils.audio_dataset_from_directory(tmp_path, **common)))
    assert x.shape == (4, 160, 1) and y.tolist() == [0, 0, 1, 1]
    assert not x[0, 100:].any() and x[1, 100:].any()
    x, _ = next(
        iter(utils.audio_dataset_from_directory(tmp_path, output_sequence_length=120, **common))
    )
    assert x.shape == (4, 120, 1) and not x[0, 100:].any()
    x, _ = next(iter(utils.audio_dataset_from_directory(tmp_path, ragged=True, **common)))
    assert [len(s) for s in x] == [100, 160, 100, 160]
    x, _ = next(iter(utils.audio_dataset_from_directory(tmp_path, sampling_rate=4000, **common)))
    assert x.shape == (4, 80, 1)
    parts = utils.audio_dataset_from_directory(
        tmp_path, validation_split=0.5, subset="both", **common
    )
    assert isinstance(parts, tuple) and [len(p.file_paths) for p in parts] == [2, 2]
    with pytest.raises(InputError, match="exclude"):
        utils.audio_dataset_from_directory(tmp_path, ragged=True, output_sequence_length=2)
    with pytest.raises(InputError, match="sampling_rate"):
        utils.audio_dataset_from_directory(tmp_path, sampling_rate=0.5)


def test_series() -> None:
    data = utils.timeseries_dataset_from_array(
        np.arange(99), None, 10, sequence_stride=3, sampling_rate=2, batch_size=5
    )
    x = np.concatenate(list(data))
    assert len(data) == 6 and x[0].tolist() == list(range(0, 20, 2))
    assert x[1, 0] == 3 and x[-1].tolist() == list(range(78, 98, 2)) and len(x) == 27
    series = np.random.default_rng(0).standard_normal((40, 2))
    pairs = utils.timeseries_dataset_from_array(
        series[:-4], series[4:, 0], 4, start_index=3, end_index=30
    )
    ((windows, targets),) = pairs
    assert windows.shape == (24, 4, 2)
    np.testing.assert_array_equal(windows[2], series[5:9])
    np.testing.assert_array_equal(targets[2], series[9, 0])
    mixed = utils.timeseries_dataset_from_array(
        np.arange(50), np.arange(50), 3, shuffle=True, seed=1
    )
    (a, b), (c, d) = next(iter(mixed)), next(iter(mixed))
    assert a[:, 0].tolist() == b.tolist() != d.tolist() and sorted(b) == sorted(d) == list(
        range(48)
    )
    assert c[:, 2].tolist() == [v + 2 for v in d]
    one = preprocessing.timeseries_dataset_from_array(np.arange(5), None, 2, batch_size=None)
    assert [x.tolist() for x in one] == [[0, 1], [1, 2], [2, 3], [3, 4]] and len(one) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampling_rate": 0}, "sampling_rate"),
        ({"sequence_stride": 20}, "sequence_stride"),
        ({"start_index": 12}, "start_index"),
        ({"end_index": 11}, "end_index"),
        ({"start_index": 5, "end_index": 4}, "above start_index"),
        ({"format": "x"}, "format="),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_errors_of_series(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        utils.timeseries_dataset_from_array(np.arange(10), None, 2, **options)


@pytest.mark.engine("tensorflow")
def test_programs_that_use_tensorflow_get_its_data_sets() -> None:
    tf = pytest.importorskip("tensorflow")
    from kerata import compat

    compat.install()
    try:
        made = utils.timeseries_dataset_from_array(np.arange(6.0), np.arange(6), 3, batch_size=2)
        both = tf.data.Dataset.zip((made, made))
        assert int(tf.data.experimental.cardinality(both)) == 2
    finally:
        compat.uninstall()
    made = utils.timeseries_dataset_from_array(np.arange(6.0), None, 3)
    assert not isinstance(made, tf.data.Dataset)
