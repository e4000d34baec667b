"""Cases of the preprocessing of Keras 1 and 2, for Kerata and for keras-preprocessing 1.1.2.

``python old_preprocessing.py FOLDER`` runs them in the oracle's environment, on the pictures in
FOLDER/pictures, and writes FOLDER/theirs.npz.
"""

import json
import random
import sys
import warnings
from pathlib import Path

import numpy as np

# Arguments of `ImageDataGenerator`; all with a seed of their own.
GENERATORS = """
{}
dict(rescale=1 / 255, rotation_range=40, width_shift_range=0.2, height_shift_range=0.2, shear_range=0.2, zoom_range=0.2, horizontal_flip=True)
dict(rotation_range=180, fill_mode='reflect', horizontal_flip=True, vertical_flip=True)
dict(rotation_range=90, fill_mode='wrap', zoom_range=(0.2, 3.0))
dict(rotation_range=90, fill_mode='constant', cval=50.0, shear_range=30)
dict(width_shift_range=5, height_shift_range=[-3, 4])
dict(width_shift_range=2.5, height_shift_range=[0.1, 0.3], fill_mode='wrap')
dict(channel_shift_range=60.0, rescale=0.01)
dict(brightness_range=(0.3, 1.8), rotation_range=20)
dict(samplewise_center=True, samplewise_std_normalization=True, zoom_range=0.3)
dict(interpolation_order=0, rotation_range=45)
dict(interpolation_order=3, rotation_range=45)
dict(rotation_range=45, dtype='float64')
dict(preprocessing_function=lambda x: x * np.random.uniform(0.5, 1), rotation_range=10)
dict(data_format='channels_first', rotation_range=45, horizontal_flip=True)
dict(featurewise_center=True, featurewise_std_normalization=True, rotation_range=5)
dict(featurewise_center=True, zca_whitening=True, zca_epsilon=0.1, rescale=1 / 255)
""".strip().splitlines()

# Arguments of `flow_from_directory`.
FOLDERS = """
dict(class_mode='binary')
dict(class_mode='sparse', color_mode='grayscale', batch_size=4)
dict(class_mode='categorical', shuffle=False, interpolation='bilinear')
dict(class_mode='input', color_mode='rgba', subset='training')
dict(class_mode=None, classes=['dogs', 'cats'], subset='validation')
""".strip().splitlines()

TEXTS = [
    "The cat sat on the mat. The end?",
    "a Dog -- (big!) sat",
    "mat\tdog\ndog",
    "",
    "it's mine",
]
TOKENIZERS = """
{}
dict(num_words=4)
dict(num_words=4, oov_token='<unk>')
dict(oov_token='dog', lower=False)
dict(char_level=True)
dict(filters='aeiou', split='t')
""".strip().splitlines()


def generators(image, folder):
    """Batches of pictures in memory, by both ways to ask for them."""
    rng = np.random.default_rng(0)
    for line in GENERATORS:
        kwargs = eval(line)  # these lines are ours
        x = rng.uniform(0, 255, (7, 10, 14, 3)).astype("float32")
        x = x.transpose(0, 3, 1, 2) if "data_format" in kwargs else x
        generator = image.ImageDataGenerator(**kwargs)
        generator.fit(x, augment=len(kwargs) > 1, rounds=2, seed=1)
        batches = generator.flow(x, np.arange(7), batch_size=3, seed=11)
        for step in range(4):
            got, y = next(batches)
            yield f"{line} {step} x", got
            yield f"{line} {step} y", y
        np.random.seed(5)
        batches = generator.flow(x, batch_size=4)
        for step in (0, 1):
            yield f"{line} unseeded {step}", batches[step]


def folders(image, folder):
    """Batches of pictures in files."""
    generator = image.ImageDataGenerator(
        rotation_range=30,
        zoom_range=0.2,
        horizontal_flip=True,
        rescale=1 / 255,
        validation_split=0.4,
    )
    for line in FOLDERS:
        kwargs = {"target_size": (11, 12), "batch_size": 3, "seed": 2} | eval(line)
        batches = generator.flow_from_directory(str(folder / "pictures"), **kwargs)
        yield f"{line} names", np.array(batches.filenames)
        for step in range(4):
            got = next(batches)
            for i, part in enumerate(got if isinstance(got, tuple) else [got]):
                yield f"{line} {step} {i}", part


def functions(image, folder):
    """Single functions, with channels last."""
    x = np.random.default_rng(3).uniform(0, 255, (9, 12, 3)).astype("float32")
    axes = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
    np.random.seed(7)
    yield "random_rotation", image.random_rotation(x, 50, **axes)
    yield "random_shift", image.random_shift(x, 0.3, 0.2, **axes, fill_mode="wrap")
    yield "random_shear", image.random_shear(x, 30, **axes, fill_mode="reflect")
    yield "random_zoom", image.random_zoom(x, (0.4, 2.0), **axes, fill_mode="constant", cval=9)
    yield "random_channel_shift", image.random_channel_shift(x, 70, 2)
    yield "random_brightness", image.random_brightness(x, (0.2, 2.0))
    yield "flip_axis", image.flip_axis(x, 1)


def words(text, folder):
    """Everything that a tokenizer gives."""
    for line in TOKENIZERS:
        t = text.Tokenizer(**eval(line))
        t.fit_on_texts(TEXTS)
        sequences = t.texts_to_sequences([*TEXTS, "unknown cat"])
        yield f"{line} sequences", np.array(json.dumps(sequences))
        yield f"{line} texts", np.array(t.sequences_to_texts(sequences))
        for mode in ("binary", "count", "freq", "tfidf"):
            yield f"{line} {mode}", t.texts_to_matrix(TEXTS, mode)
        config = t.get_config()
        for name in ("word_docs", "index_docs"):  # in the order of a set of strings
            config[name] = json.dumps(json.loads(config[name]), sort_keys=True)
        yield f"{line} config", np.array(json.dumps(config, sort_keys=True))
    yield "md5", np.array(text.hashing_trick("The cat saw the dog.", 1000, "md5"))
    yield "words", np.array(text.text_to_word_sequence("A-b c, D", split="."))


def series(sequence, folder):
    """Skip-grams and windows."""
    yield "table", sequence.make_sampling_table(50)
    numbers = [3, 1, 0, 4, 1, 5, 9, 2, 6]
    for kwargs in (
        {},
        {"negative_samples": 2.5, "window_size": 2},
        {"categorical": True, "seed": 4},
    ):
        random.seed(6)
        table = None if kwargs else sequence.make_sampling_table(10, 1e-2)
        for i, part in enumerate(sequence.skipgrams(numbers, 10, sampling_table=table, **kwargs)):
            yield f"skipgrams {kwargs} {i}", np.array(part)
    data = np.arange(60.0).reshape(30, 2)
    for kwargs in ({}, {"sampling_rate": 3, "stride": 2, "reverse": True}, {"shuffle": True}):
        np.random.seed(8)
        batches = sequence.TimeseriesGenerator(data, data[:, 0], 7, batch_size=5, **kwargs)
        for i in range(len(batches)):
            yield f"windows {kwargs} {i} x", batches[i][0]
            yield f"windows {kwargs} {i} y", batches[i][1]


def run(image, text, sequence, folder):
    """Arrays by the name of the case."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            name: np.asarray(value)
            for cases, module in (
                (generators, image), (folders, image), (functions, image), (words, text),
                (series, sequence),
            )
            for name, value in cases(module, folder)
        }  # fmt: skip


if __name__ == "__main__":
    sys.modules["tensorflow"] = None  # it would only make the iterators Sequences, and takes long
    from keras_preprocessing import image, sequence, text

    # Their own affine_transformations are the reference for what `image` does not list.
    where = Path(sys.argv[1])
    np.savez(where / "theirs.npz", **run(image, text, sequence, where))
    tokenizer = text.Tokenizer(num_words=5, oov_token="?")
    tokenizer.fit_on_texts(TEXTS)
    (where / "tokenizer.json").write_text(tokenizer.to_json())
    ours = text.tokenizer_from_json((where / "ours.json").read_text())
    (where / "read.json").write_text(json.dumps(ours.texts_to_sequences(TEXTS)))
