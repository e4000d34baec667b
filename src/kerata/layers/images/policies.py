"""Layers made of others: a pipeline, and random choices among augmentations."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import ops, tree
from ...engine import engine
from ...scope import get_mask
from ...spec import probe
from ..layer import Layer
from . import colour, warps
from .base import DataLayer, Factor, ImageLayer, Size, SpatialLayer, Transformation, factor_range
from .filters import RandomSharpness
from .histograms import AutoContrast, Equalization


class Pipeline(DataLayer):
    """Layers one after the other: like a `Sequential`, but of anything, such as dicts of images.

    Args:
        layers: The layers.
        name: Its name.

    >>> import numpy as np
    >>> from kerata.layers import CenterCrop, Rescaling
    >>> Pipeline([CenterCrop(1, 1), Rescaling(0.5)])(np.arange(9.0).reshape(3, 3, 1)).tolist()
    [[[2.0]]]
    """

    _training_default = True

    def __init__(self, layers: Sequence[Layer], name: str | None = None) -> None:
        super().__init__(name=name)
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers."""
        return self._pipeline_layers

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        for layer in self._pipeline_layers:
            signature, given = layer._call_signature, {}
            if signature.mask:
                given["mask"] = mask
            if signature.training:
                given["training"] = training
            inputs = layer(inputs, **given)
            mask = tree.map_structure(get_mask, inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments: the layers and the name."""
        config = super().get_config()
        return {key: config[key] for key in ("name", "layers")}


class _Policy(SpatialLayer):
    """Base of layers that choose among augmentations, of one strength, at random.

    A choice holds for the whole batch, what the chosen layer draws for each image on its own.
    """

    factor: tuple[float, float]
    value_range: Any

    def _make(self, names: Sequence[str]) -> None:
        """Make the layers to choose from."""
        both: dict[str, Any] = {"data_format": self.data_format, "dtype": self.dtype_policy}
        both["bounding_box_format"] = self.bounding_box_format
        warp = both | {"interpolation": self.interpolation}
        ranged = both | {"value_range": self.value_range}
        f = self.factor
        bits = max(1, int(8 * f[1]))
        made: dict[str, Callable[[], ImageLayer]] = {
            "random_shear": lambda: warps.RandomShear(f, f, **warp),
            "random_translation": lambda: warps.RandomTranslation(f, f, **warp),
            "random_rotation": lambda: warps.RandomRotation(f, **warp),
            "random_brightness": lambda: colour.RandomBrightness(f, **ranged),
            "random_color_degeneration": lambda: colour.RandomColorDegeneration(f, **ranged),
            "random_contrast": lambda: colour.RandomContrast(f, **ranged),
            "random_sharpness": lambda: RandomSharpness(f, **ranged),
            "random_posterization": lambda: colour.RandomPosterization(bits, **ranged),
            "solarization": lambda: colour.Solarization(f, f, **ranged),
            "auto_contrast": lambda: AutoContrast(**ranged),
            "equalization": lambda: Equalization(**ranged),
        }
        self._parts = {name: made[name]() for name in names}

    def _drawn(self, size: Size, seed: Any) -> dict[str, Transformation]:
        return {name: part._draw(size, seed) for name, part in self._parts.items()}

    def _chosen(self, index: Any, drawn: dict[str, Any], shape: Any, method: str, x: Any) -> Any:
        """`x` after the method of the part with this number; the number after the last leaves it alone."""
        branches: list[Callable[[Any], Any]] = [
            functools.partial(
                _applied, getattr(part, method), {**drawn[name], "input_shape": shape}
            )
            for name, part in self._parts.items()
        ]
        branches.append(lambda v: v)
        if _has_value(index):  # nothing is being compiled: only one branch is worth looking at
            return branches[int(ops.convert_to_numpy(index))](x)
        return ops.switch(index, branches, x)


def _has_value(x: Any) -> bool:
    return probe() is None and not engine().is_tracing(x)


def _applied(method: Callable, transformation: Transformation, x: Any) -> Any:
    """The result, in the dtypes of `x`: branches of a choice must agree."""
    out = method(x, transformation)
    return tree.map_structure(lambda a, b: ops.cast(a, ops.dtype(b)), out, x)


class RandAugment(_Policy):
    """In training, applies a few augmentations that are chosen at random (Cubuk et al. 2020).

    Each of the `num_ops` choices is one of eleven, for the whole batch: shear, translation, rotation,
    brightness, colour degeneration, contrast, sharpness, posterization, solarization, automatic contrast
    and equalization. What these draw, they draw for each image. Masks and bounding boxes go with images.

    Args:
        value_range: The least and the greatest value of a pixel.
        num_ops: Number of augmentations.
        factor: Their strength, from 0 to 1: a pair, or `f` for ``(0, f)``.
        interpolation: How images are warped: ``bilinear`` or ``nearest``.
        seed: An int for a repeatable sequence.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> tuple(RandAugment(seed=1)(np.full((2, 4, 4, 3), 100.0), training=True).shape)
    (2, 4, 4, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Factor = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range, self.num_ops = value_range, num_ops
        self.factor = factor_range(factor, (0, 1), "RandAugment: factor")
        self.interpolation = interpolation
        self._seed(seed)
        self._make(_ALL)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        return {
            "layer_idxes": ops.random.randint((self.num_ops,), 0, len(self._parts), seed=seed),
            "transforms": self._drawn(size, seed),
        }

    def _through(self, method: str, x: Any, transformation: Transformation) -> Any:
        shape, drawn = transformation["input_shape"], transformation["transforms"]
        for i in range(self.num_ops):
            index = transformation["layer_idxes"][i]
            x = self._chosen(index, drawn, shape, method, x)
        return x

    def _change(self, images: Any, transformation: Transformation) -> Any:
        return self._through("transform_images", images, transformation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """The masks, moved as the images are."""
        if not self._acts(transformation, training):
            return segmentation_masks
        masks = ops.convert_to_tensor(segmentation_masks)
        return self._through("transform_segmentation_masks", masks, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """The boxes, moved as the images are."""
        if not self._acts(transformation, training):
            return bounding_boxes
        return self._through("transform_bounding_boxes", bounding_boxes, transformation)


class AugMix(_Policy):
    """In training, mixes images with what several chains of random augmentations make of them.

    A chain has `chain_depth` links, each one of the augmentations or none; their results are averaged
    with weights of a Dirichlet distribution, and with the image itself with one of a beta distribution
    (Hendrycks et al. 2020). Choices and weights hold for the whole batch. Masks are mixed alike;
    bounding boxes stay where they are.

    Args:
        value_range: The least and the greatest value of a pixel.
        num_chains: Number of chains.
        chain_depth: Number of links.
        factor: Strength of the augmentations, from 0 to 1: a pair, or `f` for ``(0, f)``.
        alpha: Parameter of both distributions.
        all_ops: Whether brightness, colour degeneration, contrast and sharpness are among the
            augmentations, which the common tests of robustness use, too.
        interpolation: How images are warped: ``bilinear`` or ``nearest``.
        seed: An int for a repeatable sequence.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> tuple(AugMix(seed=1)(np.full((2, 4, 4, 3), 100.0), training=True).shape)
    (2, 4, 4, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Factor = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_range
        self.num_chains, self.chain_depth = num_chains, chain_depth
        self.factor = factor_range(factor, (0, 1), "AugMix: factor")
        self.alpha, self.all_ops, self.interpolation = alpha, all_ops, interpolation
        self._seed(seed)
        self._make([n for n in _ALL if all_ops or n not in _TESTED])

    def _draw(self, size: Size, seed: Any) -> Transformation:
        alpha, steps = float(self.alpha), self.num_chains * self.chain_depth
        gammas = ops.random.gamma((self.num_chains,), alpha, seed=seed)
        many = self._drawn(size._replace(batch=size.batch * steps), seed)
        return {
            "chain_mixing_weights": gammas / ops.sum(gammas),
            "weight_sample": ops.random.beta((), alpha, alpha, seed=seed),
            "layer_idxes": ops.random.randint((steps,), 0, len(self._parts) + 1, seed=seed),
            "transforms": tree.map_structure(
                lambda x: ops.reshape(x, (steps, size.batch, *ops.shape(x)[1:])), many
            ),
        }

    def _mixed(self, method: str, x: Any, transformation: Transformation) -> Any:
        """All chains, one link after the other in one loop: a chain begins with `x` itself."""
        steps, shape = self.num_chains * self.chain_depth, transformation["input_shape"]
        kind = ops.dtype(x)
        weights = ops.cast(transformation["chain_mixing_weights"], kind)
        # What a link adds to the sum: the weight of its chain at the chain's end, nothing before.
        ends = np.arange(1, steps + 1) % self.chain_depth == 0
        shares = ops.where(ends, ops.repeat(weights, self.chain_depth), ops.cast(0, kind))
        begins = np.arange(steps) % self.chain_depth == 0
        links = {
            "index": transformation["layer_idxes"],
            "begins": ops.convert_to_tensor(begins),
            "share": shares,
            "drawn": transformation["transforms"],
        }

        def link(carry: tuple[Any, Any], one: dict[str, Any]) -> tuple[tuple[Any, Any], None]:
            current, total = carry
            current = ops.where(one["begins"], x, current)
            current = self._chosen(one["index"], one["drawn"], shape, method, current)
            return (current, total + current * one["share"]), None

        carry = (x, ops.zeros_like(x))
        if _has_value(links["index"]):
            for i in range(steps):
                carry, _ = link(carry, tree.map_structure(lambda v, i=i: v[i], links))
        else:
            carry, _ = ops.scan(link, carry, links)
        total = carry[1]
        weight = ops.cast(transformation["weight_sample"], kind)
        return weight * x + (1.0 - weight) * total

    def _change(self, images: Any, transformation: Transformation) -> Any:
        out = self._mixed("transform_images", images, transformation)
        return ops.clip(out, *self.value_range)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """The masks, moved and mixed as the images are: floats."""
        if not self._acts(transformation, training):
            return segmentation_masks
        masks = ops.cast(segmentation_masks, self.compute_dtype)
        return self._mixed("transform_segmentation_masks", masks, transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """The boxes, as they are."""
        return bounding_boxes


_TESTED = (
    "random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness",
)  # fmt: skip
_ALL = (
    "random_shear", "random_translation", "random_rotation", *_TESTED,
    "random_posterization", "solarization", "auto_contrast", "equalization",
)  # fmt: skip
