"""Files of models with vocabularies, exchanged with Keras 3 in both directions."""

from __future__ import annotations

import numpy as np

import kerata as keras

from . import oracle_support, texts

pytestmark = oracle_support.needs_oracle


def test_exchange(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    texts.write(keras, ours)
    oracle_support.ask("keras", "write_texts", theirs)
    oracle_support.ask("keras", "read_texts", ours)
    read = {"ours": dict(np.load(ours / "read.npz")), "theirs": texts.read(keras, theirs)}
    for kind, folder in (("ours", ours), ("theirs", theirs)):
        for name, got in read[kind].items():
            np.testing.assert_allclose(got, np.load(folder / f"{name}.npy"), rtol=1e-5, err_msg=f"{kind} {name}")  # fmt: skip
    for name, got in read["theirs"].items():
        np.testing.assert_allclose(np.load(ours / f"{name}.npy"), got, rtol=1e-5, atol=1e-6)
