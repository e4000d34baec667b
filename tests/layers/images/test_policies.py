"""Pipelines, RandAugment, AugMix."""

from __future__ import annotations

import numpy as np
import pytest

import kerata
from kerata import layers
from layers.check import close, twin
from support import array

X = np.random.default_rng(0).uniform(0, 255, (2, 5, 6, 3)).astype("float32")


def test_pipeline():
    layer = layers.Pipeline(
        [layers.CenterCrop(3, 4), layers.RandomFlip(seed=1), layers.Rescaling(0.5)]
    )
    close(layer(X, training=False), X[:, 1:4, 1:5] / 2)
    y = array(layer(X))
    assert {tuple(np.sort(i.ravel()).round(3)) for i in y} == {
        tuple(np.sort((i / 2).ravel()).round(3)) for i in X[:, 1:4, 1:5]
    }
    assert layer.layers[0].height == 3
    other = twin(layer)
    assert [type(x).__name__ for x in other.layers] == ["CenterCrop", "RandomFlip", "Rescaling"]
    close(other(X, training=False), layer(X, training=False))
    assert layer.compute_output_shape((None, 5, 6, 3)) == (None, 3, 4, 3)


def test_rand_augment_is_one_of_its_parts():
    layer = layers.RandAugment(num_ops=1, factor=(0.4, 0.4), seed=1)
    seen = set()
    for _ in range(25):
        drawn = layer.get_random_transformation(X)
        index = int(array(drawn["layer_idxes"])[0])
        name = list(layer._parts)[index]
        seen.add(name)
        want = layer._parts[name].transform_images(
            X, {**drawn["transforms"][name], "input_shape": X.shape}
        )
        close(layer.transform_images(X, drawn), want, {"atol": 1e-3})
    assert len(seen) >= 7


def test_aug_mix_is_a_mixture_of_chains():
    layer = layers.AugMix(num_chains=2, chain_depth=2, seed=1)
    drawn = layer.get_random_transformation(X)
    index, parts = array(drawn["layer_idxes"]), list(layer._parts.items())
    total = np.zeros_like(X)
    for chain in range(2):
        image = X
        for link in range(2):
            step = 2 * chain + link
            if index[step] < len(parts):
                name, part = parts[int(index[step])]
                one = {k: v[step] for k, v in drawn["transforms"][name].items()}
                image = array(part.transform_images(image, {**one, "input_shape": X.shape}))
        total += image * array(drawn["chain_mixing_weights"])[chain]
    share = float(array(drawn["weight_sample"]))
    want = np.clip(share * X + (1 - share) * total, 0, 255)
    close(layer.transform_images(X, drawn), want, {"rtol": 1e-4, "atol": 1e-2})
    assert abs(float(array(drawn["chain_mixing_weights"]).sum()) - 1) < 1e-5
    other = twin(layer)
    assert (other.num_chains, other.chain_depth, other.seed) == (2, 2, 1)
    assert other.compute_output_shape((None, 5, 6, 3)) == (None, 5, 6, 3)
    fewer = layers.AugMix(all_ops=False)
    assert len(fewer._parts) == 7 and "random_contrast" not in fewer._parts


def test_aug_mix_without_strength_keeps_images_near():
    layer = layers.AugMix(num_chains=1, chain_depth=1, factor=0.0, all_ops=False, seed=3)
    seen = [array(layer(X, training=True)) for _ in range(4)]
    assert all(y.shape == X.shape and y.min() >= 0 and y.max() <= 255 for y in seen)


@pytest.mark.parametrize("make", [
    lambda: [layers.RandomFlip(), layers.RandomRotation(0.1), layers.RandomContrast(0.2)],
    lambda: [layers.RandAugment(num_ops=1), layers.CutMix()],
    lambda: [layers.AugMix(num_chains=1, chain_depth=2, all_ops=False)],
])  # fmt: skip
def test_inside_a_model(make):
    """Training compiled, with augmentation; prediction without it."""
    model = kerata.Sequential(
        [kerata.Input((5, 6, 3)), *make(), layers.GlobalAveragePooling2D(), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    before = array(model(X / 255))
    history = model.fit(X / 255, np.zeros((2, 1)), epochs=2, batch_size=2, verbose=0)
    assert np.all(np.isfinite(history.history["loss"]))
    after = model.predict(X / 255, verbose=0)
    assert after.shape == before.shape
    close(model.predict(X / 255, verbose=0), after)
