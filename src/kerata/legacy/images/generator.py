"""`ImageDataGenerator`: pictures transformed at random, and normalised, while a model trains."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import config
from ...errors import InputError, ShapeError
from ..arguments import takes_dim_ordering
from ..notes import note
from .arrays import NumpyArrayIterator
from .colours import apply_brightness_shift, apply_channel_shift
from .dataframe import DataFrameIterator
from .directory import DirectoryIterator
from .filling import each
from .geometry import apply_affine_transform, draw_zoom, flip_axis, map_of
from .warp import check_mode, quick, warp

# Functions of these packages draw nothing and may run in several threads; nothing is known of others.
_PURE = ("kerata", "keras", "tf_keras", "numpy")


class ImageDataGenerator:
    """Batches of pictures, each transformed at random when it is needed.

    `flow`, `flow_from_directory` and `flow_from_dataframe` give iterators for ``fit``, ``evaluate`` and
    ``predict``. Given the same seed they draw what keras-preprocessing 1.1.2 draws, in its order, and the
    pictures are the same to rounding. Several threads decode and transform them.

    Args:
        featurewise_center: Subtract the mean that `fit` has found, of each channel.
        samplewise_center: Subtract the mean of each picture.
        featurewise_std_normalization: Divide by the standard deviation that `fit` has found.
        samplewise_std_normalization: Divide each picture by its standard deviation.
        zca_whitening: Multiply by the matrix that decorrelates the pixels of the data given to `fit` and
            brings all their variances to 1, of all such matrices the one that changes the pictures least.
        zca_epsilon: What is added to variances before their roots are divided by.
        rotation_range: Angles are drawn from plus/minus this, in degrees.
        width_shift_range: Below 1 a share of the width, from 1 on a number of pixels, shifts being drawn from
            plus/minus this; a whole number for whole pixels below it; or a list of shifts to choose from.
        height_shift_range: The same for the height.
        brightness_range: (least, greatest) factor of brightness. Pictures are stretched to 0 ... 255 then.
        shear_range: Angles of the shear are drawn from plus/minus this, in degrees.
        zoom_range: (least, greatest) factor, or a number z for (1 - z, 1 + z).
        channel_shift_range: What is added to all values is drawn from plus/minus this.
        fill_mode: What lies around a picture: ``constant``, ``nearest``, ``reflect`` or ``wrap``.
        cval: Value around it, for ``constant``.
        horizontal_flip: Turn half of the pictures left to right.
        vertical_flip: Turn half of the pictures upside down.
        rescale: Factor of all values, applied after the transforms.
        preprocessing_function: Applied to each picture after the transforms, before `rescale`.
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
        validation_split: Share of the data that ``subset="validation"`` gives.
        interpolation_order: Order of the spline between pixels, 0 to 5.
        dtype: dtype of the batches; ``floatx()`` by default.

    >>> turn = ImageDataGenerator(horizontal_flip=True, rescale=0.5)
    >>> batches = turn.flow(np.ones((3, 2, 2, 1)), [0, 1, 2], batch_size=2, shuffle=False)
    >>> x, y = next(batches)
    >>> x.ravel().tolist(), y.tolist()
    ([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [0, 1])
    """

    @takes_dim_ordering
    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Any = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Any = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ) -> None:
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = _pair(brightness_range, "brightness_range")
        self.shear_range = shear_range
        self.zoom_range = _zooms(zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.data_format = config.standardize_data_format(data_format)
        self._validation_split = validation_split
        self.interpolation_order = interpolation_order
        self.dtype = dtype or config.floatx()
        axes = (3, 1, 2) if self.data_format == "channels_last" else (1, 2, 3)
        self.channel_axis, self.row_axis, self.col_axis = axes
        self.mean: np.ndarray | None = None
        self.std: np.ndarray | None = None
        self.principal_components: np.ndarray | None = None
        self._check()

    def _check(self) -> None:
        check_mode(self.fill_mode, "ImageDataGenerator")
        share = self._validation_split
        if share and not 0 < share < 1:
            raise InputError(f"validation_split must be between 0 and 1; got {share!r}.")
        if self.preprocessing_function is not None and not callable(self.preprocessing_function):
            raise InputError(
                f"preprocessing_function must be a function; got {self.preprocessing_function!r}."
            )
        if self.zca_whitening:
            self._imply("zca_whitening", "featurewise_center", True)
            self._imply("zca_whitening", "featurewise_std_normalization", False)
        if self.featurewise_std_normalization:
            self._imply("featurewise_std_normalization", "featurewise_center", True)
        if self.samplewise_std_normalization:
            self._imply("samplewise_std_normalization", "samplewise_center", True)

    def _imply(self, cause: str, name: str, value: bool) -> None:
        if bool(getattr(self, name)) != value:
            warnings.warn(f"{cause}=True implies {name}={value}.", stacklevel=4)
            setattr(self, name, value)

    # --- iterators ---------------------------------------------------------------------------------

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
    ) -> NumpyArrayIterator:
        """Batches out of pictures in memory; `NumpyArrayIterator` has the arguments.

        Returns:
            An iterator of ``(x, y)``; of ``x`` without `y`, of ``(x, y, sample_weight)`` with weights.
        """
        return NumpyArrayIterator(
            x, y, self, batch_size, shuffle, sample_weight, seed, self.data_format, save_to_dir,
            save_prefix, save_format, subset, ignore_class_split, self.dtype,
        )  # fmt: skip

    def flow_from_directory(
        self,
        directory: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Batches out of a folder with one folder for each class; `DirectoryIterator` has the arguments.

        Returns:
            An iterator of ``(x, y)``, of ``x`` with ``class_mode=None``.
        """
        return DirectoryIterator(
            directory, self, target_size, color_mode, classes, class_mode, batch_size, shuffle, seed,
            self.data_format, save_to_dir, save_prefix, save_format, follow_links, subset,
            interpolation, keep_aspect_ratio, self.dtype,
        )  # fmt: skip

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Batches out of pictures that a table names; `DataFrameIterator` has the arguments.

        Returns:
            An iterator of ``(x, y)``, of ``x`` with ``class_mode=None``, of ``(x, y, weight)`` with weights.
        """
        for name in kwargs:
            if name not in ("has_ext", "sort", "drop_duplicates"):
                raise TypeError(
                    f"flow_from_dataframe() got an unexpected keyword argument {name!r}"
                )
            note(f"flow_from_dataframe({name}=)", None)
        if class_mode == "other":
            note('class_mode="other"', 'class_mode="raw"')
            class_mode = "raw"
        return DataFrameIterator(
            dataframe, directory, self, x_col, y_col, weight_col, target_size, color_mode, classes,
            class_mode, batch_size, shuffle, seed, self.data_format, save_to_dir, save_prefix,
            save_format, subset, interpolation, keep_aspect_ratio, self.dtype, validate_filenames,
        )  # fmt: skip

    # --- transforms --------------------------------------------------------------------------------

    def get_random_transform(self, img_shape: Any, seed: int | None = None) -> dict[str, Any]:
        """Parameters of a transform, drawn from NumPy's global generator.

        Args:
            img_shape: Shape of the picture.
            seed: What the generator is seeded with before.

        Returns:
            ``theta``, ``tx``, ``ty``, ``shear``, ``zx``, ``zy``, ``flip_horizontal``, ``flip_vertical``,
            ``channel_shift_intensity`` and ``brightness``.

        >>> ImageDataGenerator(width_shift_range=[3]).get_random_transform((8, 8, 1), seed=0)["ty"] in (3, -3)
        True
        """
        if seed is not None:
            np.random.seed(seed)
        # The order of these draws is that of keras-preprocessing: seeds mean the same in both.
        theta = _around_zero(self.rotation_range)
        tx = _shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = _around_zero(self.shear_range)
        zx, zy = draw_zoom(self.zoom_range)
        left, up = np.random.random() < 0.5, np.random.random() < 0.5
        added = _around_zero(self.channel_shift_range) if self.channel_shift_range else None
        factors = self.brightness_range
        return {
            "theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy,
            "flip_horizontal": left and bool(self.horizontal_flip),
            "flip_vertical": up and bool(self.vertical_flip),
            "channel_shift_intensity": added,
            "brightness": None if factors is None else np.random.uniform(*factors),
        }  # fmt: skip

    def apply_transform(self, x: Any, transform_parameters: Mapping[str, Any]) -> np.ndarray:
        """A picture transformed by given parameters.

        Args:
            x: One picture.
            transform_parameters: Some of those that `get_random_transform` gives.

        >>> ImageDataGenerator().apply_transform(np.array([[[1.0], [2.0]]]), {"flip_horizontal": True}).tolist()
        [[[2.0], [1.0]]]
        """
        row, col, channel = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        names = ("theta", "tx", "ty", "shear", "zx", "zy")
        given = {k: transform_parameters[k] for k in names if k in transform_parameters}
        x = apply_affine_transform(
            x, **given, row_axis=row, col_axis=col, channel_axis=channel, fill_mode=self.fill_mode,
            cval=self.cval, order=self.interpolation_order,
        )  # fmt: skip
        if transform_parameters.get("flip_horizontal"):
            x = flip_axis(x, col)
        if transform_parameters.get("flip_vertical"):
            x = flip_axis(x, row)
        return self._colour(x, transform_parameters)

    def _colour(self, x: np.ndarray, params: Mapping[str, Any]) -> np.ndarray:
        if params.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, params["channel_shift_intensity"], self.channel_axis - 1)
        if params.get("brightness") is not None:
            channel = self.channel_axis - 1
            x = apply_brightness_shift(np.moveaxis(x, channel, -1), params["brightness"])
            x = np.moveaxis(x, -1, channel)
        return x

    def random_transform(self, x: Any, seed: int | None = None) -> np.ndarray:
        """A picture transformed by parameters drawn at random.

        >>> ImageDataGenerator().random_transform(np.array([[[1.0], [2.0]]]), seed=1).tolist()
        [[[1.0], [2.0]]]
        """
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def standardize(self, x: np.ndarray) -> np.ndarray:
        """Pictures normalised as the constructor says. The array itself is changed; give a copy to keep it.

        Args:
            x: One picture, or a batch, which then counts as one for what is done by sample.

        >>> ImageDataGenerator(samplewise_center=True).standardize(np.array([[[1.0], [3.0]]])).tolist()
        [[[-1.0], [1.0]]]
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + 1e-6
        if self.featurewise_center and self._fitted("featurewise_center", self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._fitted(
            "featurewise_std_normalization", self.std
        ):
            x /= self.std + 1e-6  # type: ignore[operator]
        if self.zca_whitening and self._fitted("zca_whitening", self.principal_components):
            flat = x.reshape(-1, int(np.prod(x.shape[-3:])))
            x = (flat @ self.principal_components).reshape(x.shape)
        return x

    def _fitted(self, name: str, found: np.ndarray | None) -> bool:
        if found is None:
            warnings.warn(
                f"{name}=True has no effect before the generator has seen data: call fit(x).",
                stacklevel=3,
            )
        return found is not None

    # --- statistics of the data --------------------------------------------------------------------

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find the mean, the standard deviation and the whitening matrix of data, as far as they are needed.

        Args:
            x: Pictures, an array with 4 axes. `rescale` is applied to them.
            augment: Whether to take pictures transformed at random.
            rounds: How often each is taken, then.
            seed: What NumPy's global generator is seeded with before.

        Raises:
            ShapeError: `x` is no array with 4 axes.
        """
        x = np.array(x, dtype=self.dtype)
        if x.ndim != 4:
            raise ShapeError(f"fit needs pictures, an array with 4 axes; got the shape {x.shape}.")
        if x.shape[self.channel_axis] not in (1, 3, 4):
            warnings.warn(
                f"Pictures have 1, 3 or 4 channels; x has the shape {x.shape}, so {x.shape[self.channel_axis]} of "
                f"them with data_format={self.data_format!r}.",
                stacklevel=2,
            )
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            x *= self.rescale
        if augment:
            x = self._augmented(x, rounds)
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = _mean(x, axes, np.positive)
            x -= self.mean
        if self.featurewise_std_normalization:
            # The rest of the mean, from its rounding, changes nothing here: x is centred.
            self.std = np.sqrt(_mean(x, axes, np.square))
            x /= self.std + 1e-6
        if self.zca_whitening:
            self.principal_components = _whitening(x.reshape(len(x), -1), self.zca_epsilon)

    def _augmented(self, x: np.ndarray, rounds: int) -> np.ndarray:
        out = np.zeros((rounds * len(x), *x.shape[1:]), x.dtype)
        params = [self.get_random_transform(x.shape[1:]) for _ in out]

        def one(i: int) -> None:
            out[i] = self.apply_transform(x[i % len(x)], params[i])

        each(one, len(out))
        return out

    # --- whole batches -----------------------------------------------------------------------------

    def draws_first(self) -> bool:
        """Whether the parameters of a whole batch may be drawn before its pictures are transformed."""
        methods = ("get_random_transform", "apply_transform", "standardize")
        own = all(
            getattr(type(self), name) is getattr(ImageDataGenerator, name)
            and name not in vars(self)
            for name in methods
        )
        function = self.preprocessing_function
        module = (getattr(function, "__module__", None) or "").partition(".")[0]
        return own and (function is None or module in _PURE)

    def write(self, x: np.ndarray, params: Mapping[str, Any], out: np.ndarray) -> None:
        """Write a picture, transformed and normalised, to a row of a batch.

        Args:
            x: The picture, in uint8 or the dtype in which it is transformed.
            params: As `get_random_transform` gives them.
            out: Where it goes.
        """
        plain = x.dtype in (np.uint8, np.float32) and out.dtype == np.float32
        if not plain or not quick(x.dtype, self.interpolation_order, self.fill_mode):
            x = x.astype(np.float32 if x.dtype == np.uint8 else x.dtype)
            out[...] = self.standardize(self.apply_transform(x, params))
            return
        coloured = params["channel_shift_intensity"] is not None or params["brightness"] is not None
        scale = self.rescale if self.rescale and self._only_rescales() and not coloured else None
        self._move(x, params, out, 1.0 if scale is None else float(scale))
        if coloured:
            out[...] = self._colour(out, params)
        if scale is None:
            done = self.standardize(out)
            if done is not out:
                out[...] = done

    def _only_rescales(self) -> bool:
        return self.preprocessing_function is None and not (
            self.samplewise_center
            or self.samplewise_std_normalization
            or self.featurewise_center
            or self.featurewise_std_normalization
            or self.zca_whitening
        )

    def _move(
        self, x: np.ndarray, params: Mapping[str, Any], out: np.ndarray, scale: float
    ) -> None:
        """Everything that moves pixels, and the scale, in one go."""
        x = np.moveaxis(x, self.channel_axis - 1, -1)
        out = np.moveaxis(out, self.channel_axis - 1, -1)
        if params["flip_horizontal"]:
            out = out[:, ::-1]
        if params["flip_vertical"]:
            out = out[::-1]
        found = map_of(params, x.shape[0], x.shape[1])
        if found is not None:
            warp(x, out, *found, self.interpolation_order, self.fill_mode, self.cval, scale)
        elif scale != 1:
            np.multiply(x, np.float32(scale), out=out, dtype=np.float32)
        else:
            out[...] = x


def _around_zero(most: float) -> float:
    return np.random.uniform(-most, most) if most else 0


def _shift(given: Any, size: int) -> float:
    """A shift in pixels, drawn as the argument says that gave it."""
    several = np.ndim(given) == 1
    if not (len(given) if several else given):
        return 0
    if several or (isinstance(given, (int, np.integer)) and given > 0):
        drawn = np.random.choice(given) * np.random.choice([-1, 1])
    else:
        drawn = np.random.uniform(-given, given)
    return drawn * size if np.max(given) < 1 else drawn


def _pair(given: Any, name: str) -> Any:
    if given is None or (isinstance(given, (tuple, list)) and len(given) == 2):
        return given
    raise InputError(f"{name}={given!r}; expected (least, greatest).")


def _zooms(given: Any) -> list[float]:
    if isinstance(given, (int, float, np.number)):
        return [1 - given, 1 + given]
    numbers = isinstance(given, (tuple, list, np.ndarray)) and len(given) == 2
    if numbers and all(isinstance(z, (int, float, np.number)) for z in given):
        return list(given)
    raise InputError(f"zoom_range={given!r}; expected a number, or (least, greatest).")


def _mean(x: np.ndarray, axes: tuple[int, ...], of: np.ufunc) -> np.ndarray:
    """The mean of a function of the values over `axes`, summed up in float64, without a copy of all."""
    total: Any = 0.0
    for start in range(0, len(x), 1024):
        total = total + of(x[start : start + 1024], dtype="float64").sum(axis=axes, keepdims=True)
    return (total / math.prod(x.shape[a] for a in axes))[0].astype(x.dtype)


def _whitening(flat: np.ndarray, epsilon: float) -> np.ndarray:
    """``U (S + epsilon)^-1/2 U^T`` of the covariance ``U S U^T`` (ZCA; Bell and Sejnowski 1997)."""
    # In float32 the least variances would be noise greater than the usual epsilon.
    covariance = np.zeros((flat.shape[1],) * 2)
    for start in range(0, len(flat), 1024):
        part = flat[start : start + 1024].astype("float64")
        covariance += part.T @ part
    values, vectors = np.linalg.eigh(covariance / len(flat))
    whole = (vectors / np.sqrt(np.abs(values) + epsilon)) @ vectors.T
    return whole.astype(flat.dtype)
