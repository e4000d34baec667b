"""ImageDataGenerator, Tokenizer and their like: the same results as keras-preprocessing 1.1.2."""

from __future__ import annotations

import json
import os
import subprocess

import numpy as np
import pytest

from kerata.preprocessing import image, sequence, text

from . import old_preprocessing, oracle_support

pytestmark = oracle_support.needs_oracle


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with pictures, in which the oracle has written its results."""
    where = tmp_path_factory.mktemp("old")
    rng = np.random.default_rng(0)
    for kind, count in (("cats", 6), ("dogs", 5)):
        os.makedirs(where / "pictures" / kind)
        for i in range(count):
            x = rng.uniform(0, 255, (9 + i, 12, 3))
            image.save_img(where / "pictures" / kind / f"{i}.{'png' if i % 2 else 'jpg'}", x)
    tokenizer = text.Tokenizer(num_words=5)
    tokenizer.fit_on_texts(old_preprocessing.TEXTS)
    (where / "ours.json").write_text(tokenizer.to_json())
    script = oracle_support.HERE / "old_preprocessing.py"
    needs = "import keras_preprocessing, PIL.Image, scipy"
    python = str(oracle_support.interpreter())
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    if subprocess.run([python, "-c", needs], capture_output=True, env=environment).returncode:
        pytest.skip("the oracle's environment has no keras-preprocessing with Pillow: make oracle")
    done = subprocess.run(
        [python, str(script), str(where)], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return where


def test_the_same_results(folder, monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")
    theirs = dict(np.load(folder / "theirs.npz"))
    ours = old_preprocessing.run(image, text, sequence, folder)
    assert ours.keys() == theirs.keys()
    wrong = []
    for name, wanted in theirs.items():
        got = ours[name]
        if wanted.dtype.kind in "US":
            same = got.tolist() == wanted.tolist()
        else:
            span = np.ptp(wanted) if wanted.size else 0
            same = got.shape == wanted.shape and got.dtype == wanted.dtype
            same = same and np.allclose(got, wanted, rtol=0, atol=1e-3 * span + 1e-6)
        if not same:
            wrong.append(
                f"{name}: {got.ravel()[:4]} {got.dtype} not {wanted.ravel()[:4]} {wanted.dtype}"
            )
    assert not wrong, "\n".join(wrong)


def test_tokenizers_are_exchanged(folder):
    theirs = text.tokenizer_from_json((folder / "tokenizer.json").read_text())
    assert theirs.texts_to_sequences(["the cat sat on it"]) == [[2, 1, 4, 1, 1]]
    assert json.loads(theirs.to_json()) == json.loads((folder / "tokenizer.json").read_text())
    ours = text.tokenizer_from_json((folder / "ours.json").read_text())
    read = json.loads((folder / "read.json").read_text())
    assert read == ours.texts_to_sequences(old_preprocessing.TEXTS)
