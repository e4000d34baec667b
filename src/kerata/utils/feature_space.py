"""`FeatureSpace`: the columns of a table as numbers for a model, each in the way that fits it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import dtypes, graph, ops, tree
from ..capture import Configurable
from ..errors import InputError, NotBuiltError
from ..layers import (
    CategoryEncoding,
    Concatenate,
    Discretization,
    HashedCrossing,
    Hashing,
    Input,
    IntegerLookup,
    Layer,
    Normalization,
    Rescaling,
    StringLookup,
)
from ..layers.data_layer import DataLayer
from ..layers.preprocessing.encoding import as_tensor
from ..layers.preprocessing.strings import array_of
from ..spec import KerasTensor, Spec
from ..train.data.stream import is_tf_dataset


def _check_mode(mode: str, allowed: tuple[str, ...]) -> None:
    if mode not in allowed:
        raise InputError(
            f"FeatureSpace: unknown output_mode={mode!r}. Expected one of {', '.join(map(repr, allowed))}."
        )


class Cross(Configurable):
    """A combination of features that are hashed together; see `FeatureSpace.cross`."""

    def __init__(
        self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> None:
        _check_mode(output_mode, ("int", "one_hot"))
        self.feature_names, self.crossing_dim = tuple(feature_names), crossing_dim
        self.output_mode = output_mode

    @property
    def name(self) -> str:
        """The names of the features, joined by ``_X_``."""
        return "_X_".join(self.feature_names)


class Feature(Configurable):
    """A column: its dtype, the layer that prepares it, and how the result is encoded."""

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        _check_mode(output_mode, ("int", "one_hot", "float"))
        self.dtype, self.output_mode = dtype, output_mode
        self.preprocessor = _object(preprocessor)


class TFDIdentity(Layer):
    """Passes numbers on, as floats. The name is the one that files of Keras use."""

    def call(self, x: Any) -> Any:
        return ops.cast(as_tensor(x), self.compute_dtype)


class TFDConcat(Concatenate):
    """Joins the features. The name is the one that files of Keras use."""


class FeatureSpace(DataLayer):
    """The columns of a table, given as a dict of arrays, as one vector for each row, or a dict of them.

    Kinds of features, each also as a name with the defaults:

    - ``FeatureSpace.float(name=None)``: as it is.
    - ``float_rescaled(scale=1.0, offset=0.0, name=None)``: times scale, plus offset.
    - ``float_normalized(name=None)``: mean 0 and variance 1.
    - ``float_discretized(num_bins, bin_boundaries=None, output_mode="one_hot", name=None)``.
    - ``integer_categorical``, ``string_categorical(max_tokens=None, num_oov_indices=1,
      output_mode="one_hot", name=None)``: by a vocabulary.
    - ``integer_hashed``, ``string_hashed(num_bins, output_mode="one_hot", name=None)``: by a hash.
    - ``feature(dtype, preprocessor, output_mode)``: by a layer of yours.

    `adapt` finds vocabularies, means and bins in data. The result is made by calling the object: on a
    dict of arrays, inside ``tf.data``'s ``map``, or as the first layers of a model, by `get_inputs` and
    `get_encoded_features`.

    Args:
        features: Kinds of the features by their names.
        output_mode: ``concat`` for one vector, of all features in the order of their names and then
            of all crosses; or ``dict``.
        crosses: Tuples of names of features to be crossed: `HashedCrossing`; or what
            ``FeatureSpace.cross(feature_names, crossing_dim, output_mode)`` gives.
        crossing_dim: Number of bins of the crosses that do not say.
        hashing_dim: Number of bins of hashed features that do not say.
        num_discretization_bins: Number of bins of discretized features that do not say.
        name: Name of the layer.

    >>> space = FeatureSpace({"age": "float_normalized", "color": "string_categorical"})
    >>> data = {"age": [20.0, 40.0], "color": ["red", "blue"]}
    >>> space.adapt(data)
    >>> [[round(v, 3) for v in row] for row in space(data).tolist()]
    [[-1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]
    """

    runs_on_host = True

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Sequence[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not features:
            raise InputError("FeatureSpace: features is empty. Expected a dict of names and kinds.")
        _check_mode(output_mode, ("concat", "dict"))
        self.output_mode, self.crossing_dim, self.hashing_dim = (
            output_mode,
            crossing_dim,
            hashing_dim,
        )
        self.num_discretization_bins = num_discretization_bins
        self.features = {k: self._feature(k, v) for k, v in features.items()}
        self.crosses = [self._cross(c) for c in crosses or ()]
        self.inputs = {k: Input((1,), dtype=f.dtype, name=k) for k, f in self.features.items()}
        self.preprocessors = {k: f.preprocessor for k, f in self.features.items()}
        self.crossers = {c.name: HashedCrossing(c.crossing_dim, name=c.name) for c in self.crosses}
        self.one_hot_encoders: dict[str, CategoryEncoding] = {}
        self.concat = TFDConcat(axis=-1)
        self.encoded_features: Any = None
        self._is_adapted = False

    # --- kinds of features ------------------------------------------------------------------------

    @classmethod
    def cross(
        cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> Cross:
        """Features to be hashed together into `crossing_dim` bins, as ``one_hot`` or ``int``."""
        return Cross(feature_names, crossing_dim, output_mode=output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A column of a dtype that a layer prepares; `output_mode` is ``int``, ``one_hot`` or ``float``."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Numbers as they are."""
        layer = TFDIdentity(dtype="float32", name=_named(name, "float"))
        return Feature("float32", layer, "float")

    @classmethod
    def float_rescaled(
        cls, scale: builtins.float = 1.0, offset: builtins.float = 0.0, name: str | None = None
    ) -> Feature:
        """Numbers times `scale`, plus `offset`."""
        layer = Rescaling(scale, offset, name=_named(name, "float_rescaled"))
        return Feature("float32", layer, "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Numbers brought to mean 0 and variance 1."""
        return Feature("float32", Normalization(-1, name=_named(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(
        cls, num_bins: int | None, bin_boundaries: Any = None, output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:  # fmt: skip
        """Numbers by the bin they fall in; the boundaries are given, or found by `adapt`."""
        layer = Discretization(
            bin_boundaries=bin_boundaries,
            num_bins=None if bin_boundaries is not None else num_bins,
            name=_named(name, "float_discretized"),
        )
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls, max_tokens: int | None = None, num_oov_indices: int = 1, output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:  # fmt: skip
        """Integers by their place in a vocabulary, which `adapt` finds."""
        layer = IntegerLookup(max_tokens, num_oov_indices, name=_named(name, "integer_categorical"))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls, max_tokens: int | None = None, num_oov_indices: int = 1, output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:  # fmt: skip
        """Strings by their place in a vocabulary, which `adapt` finds."""
        layer = StringLookup(max_tokens, num_oov_indices, name=_named(name, "string_categorical"))
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Strings by their hash."""
        return Feature("string", Hashing(num_bins, name=_named(name, "string_hashed")), output_mode)

    @classmethod
    def integer_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Integers by their hash."""
        layer = Hashing(num_bins, name=_named(name, "integer_hashed"))
        return Feature("int32", layer, output_mode)

    def _feature(self, name: str, given: Any) -> Feature:
        made = _object(given)
        if isinstance(made, Feature):
            return made
        kinds: dict[Any, Callable[[], Feature]] = {
            "float": lambda: self.float(name=name),
            "float_rescaled": lambda: self.float_rescaled(name=name),
            "float_normalized": lambda: self.float_normalized(name=name),
            "float_discretized": lambda: self.float_discretized(self.num_discretization_bins, name=name),
            "integer_categorical": lambda: self.integer_categorical(name=name),
            "string_categorical": lambda: self.string_categorical(name=name),
            "integer_hashed": lambda: self.integer_hashed(self.hashing_dim, name=name),
            "string_hashed": lambda: self.string_hashed(self.hashing_dim, name=name),
        }  # fmt: skip
        if not isinstance(made, str) or made not in kinds:
            raise InputError(
                f"FeatureSpace: unknown kind {made!r} of feature {name!r}. Expected one of "
                f"{', '.join(map(repr, kinds))}, or what FeatureSpace.feature(...) gives."
            )
        return kinds[made]()

    def _cross(self, given: Any) -> Cross:
        made = _object(given)
        if not isinstance(made, Cross):
            made = Cross(made, self.crossing_dim)
        unknown = [k for k in made.feature_names if k not in self.features]
        if unknown:
            raise InputError(
                f"FeatureSpace: the cross {made.feature_names} names {unknown}, which are no features; there are "
                f"{list(self.features)}."
            )
        return made

    # --- adapt ------------------------------------------------------------------------------------

    def _adaptable(self) -> list[str]:
        def learns(layer: Any) -> bool:
            lookup = getattr(layer, "_lookup_layer", layer)
            given = (
                getattr(layer, "input_mean", None) is not None
                or getattr(lookup, "_given", False)
                or (isinstance(layer, Discretization) and layer.num_bins is None)
            )
            return hasattr(layer, "adapt") and not given

        return [k for k, layer in self.preprocessors.items() if learns(layer)]

    def adapt(self, dataset: Any) -> None:
        """Find the vocabularies, means and bins of the features.

        Args:
            dataset: A dict of arrays or lists; or batches of dicts: a ``tf.data.Dataset``, a
                `PyDataset`, a generator. Of ``(x, y)`` pairs x is taken.
        """
        if not isinstance(dataset, Mapping):
            if isinstance(dataset, (str, bytes, np.ndarray)) or not (
                hasattr(dataset, "__iter__") or hasattr(dataset, "__getitem__")
            ):
                raise InputError(
                    f"FeatureSpace.adapt takes a dict of arrays, or batches of such dicts; got {type(dataset).__name__}."
                )
            if hasattr(dataset, "__next__"):
                dataset = list(dataset)
        for name in self._adaptable():
            layer = self.preprocessors[name]
            if isinstance(dataset, Mapping):
                layer.adapt(_column(dataset, name))
            else:
                layer.adapt(_column(batch, name) for batch in _dicts(dataset))
        self._is_adapted, self.encoded_features = True, None
        self.one_hot_encoders.clear()
        self.get_encoded_features()
        self.built = True

    def _need_adapted(self) -> None:
        if not self._is_adapted and self._adaptable():
            raise NotBuiltError(
                f"FeatureSpace: the features {self._adaptable()} need to see data first: call adapt(data)."
            )
        self._is_adapted = True

    # --- encoding ---------------------------------------------------------------------------------

    def get_inputs(self) -> dict[str, KerasTensor]:
        """The symbolic inputs, by feature, for a functional model."""
        self._need_adapted()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """The symbolic result for `get_inputs`: the start of a functional model."""
        self._need_adapted()
        if self.encoded_features is None:
            self.encoded_features = self._encode(self.inputs)
        return self.encoded_features

    def _tensor(self, x: Any) -> Any:
        return x  # the layers inside know what to do with strings

    def call(self, data: Any) -> Any:
        self._need_adapted()
        if not isinstance(data, Mapping):
            raise InputError(
                f"A FeatureSpace is called on a dict of features, got {type(data).__name__}."
            )
        missing = [k for k in self.features if k not in data]
        if missing:
            raise InputError(
                f"FeatureSpace: the data lack the features {missing}; got {list(data)}."
            )
        values = {
            k: data[k] if isinstance(data[k], Spec) else _host(data[k]) for k in self.features
        }
        single = all(not v.shape for v in values.values())
        out = self._encode({k: _rows(v) for k, v in values.items()})
        return tree.map_structure(lambda x: ops.squeeze(x, 0), out) if single else out

    def _encode(self, data: Mapping[str, Any]) -> Any:
        made = {k: self.preprocessors[k](data[k]) for k in data}
        crossed = {
            c.name: self.crossers[c.name]([made[k] for k in c.feature_names]) for c in self.crosses
        }
        modes = {k: f.output_mode for k, f in self.features.items()}
        modes.update({c.name: c.output_mode for c in self.crosses})
        out: dict[str, Any] = {}
        for name, x in [*sorted(made.items()), *sorted(crossed.items())]:
            out[name] = self._encoder(name, x)(x) if modes[name] == "one_hot" else x
            if self.output_mode == "concat" and not dtypes.is_float(_dtype(out[name])):
                raise InputError(
                    f"FeatureSpace: the feature {name!r} is {_dtype(out[name])} and cannot be joined with the others. "
                    "Use output_mode='one_hot' for it, or output_mode='dict' for the FeatureSpace."
                )
        if self.output_mode == "dict":
            return out
        return self.concat(list(out.values())) if len(out) > 1 else next(iter(out.values()))

    def _encoder(self, name: str, x: Any) -> CategoryEncoding:
        if name in self.one_hot_encoders:
            return self.one_hot_encoders[name]
        if not dtypes.is_integer(_dtype(x)):
            raise InputError(
                f"FeatureSpace: the feature {name!r} has output_mode='one_hot', for which its layer must give "
                f"integers; it gives {_dtype(x)}. Use output_mode='float'."
            )
        count = _categories(self.preprocessors.get(name) or self.crossers[name])
        if count is None:
            raise InputError(
                f"FeatureSpace: how many categories the feature {name!r} has is not known from its layer. Use "
                "output_mode='int', and encode it in the layer."
            )
        encoder = CategoryEncoding(count, "multi_hot")
        self.one_hot_encoders[name] = encoder
        return encoder

    # --- files ------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments, the features with their layers."""
        from ..serialization import serialize_keras_object

        return {
            "features": serialize_keras_object(self.features), "output_mode": self.output_mode,
            "crosses": serialize_keras_object(self.crosses), "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim, "num_discretization_bins": self.num_discretization_bins,
        }  # fmt: skip

    def get_build_config(self) -> dict[str, Any]:
        """What the layers of the features need to be built."""
        return {k: layer.get_build_config() or {} for k, layer in self.preprocessors.items()}

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build the layers of the features."""
        for name, part in (config or {}).items():
            layer = self.preprocessors[name]
            if part and not layer.built:
                layer.build_from_config(part)
        self._is_adapted = self.built = True

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Write it to a ``.keras`` file, which ``models.load_model`` reads."""
        from ..saving import save_model

        save_model(self, filepath, overwrite)


def _object(given: Any) -> Any:
    """An object, of which a configuration may be given."""
    if isinstance(given, dict) and "class_name" in given:
        from ..serialization import deserialize_keras_object

        return deserialize_keras_object(given)
    return given


def _named(name: str | None, kind: str) -> str:
    return f"{name or graph.auto_name(kind)}_preprocessor"


def _dtype(x: Any) -> str:
    return dtypes.standardize(x.dtype)


def _host(x: Any) -> Any:
    """Data of a feature with a shape."""
    return x if hasattr(x, "shape") and not isinstance(x, np.generic) else array_of(x)


def _rows(x: Any) -> Any:
    """Data of a feature as (batch, ...), with at least two axes."""
    rank = len(x.shape)
    return x if rank > 1 else ops.reshape(x, (-1, 1)) if isinstance(x, Spec) else array_of(x).reshape(-1, 1)  # fmt: skip


def _column(data: Any, name: str) -> np.ndarray:
    if not isinstance(data, Mapping) or name not in data:
        got = list(data) if isinstance(data, Mapping) else type(data).__name__
        raise InputError(f"FeatureSpace.adapt: the data lack the feature {name!r}; got {got}.")
    return _rows(_host(data[name]))


def _dicts(dataset: Any) -> Iterator[Any]:
    """The batches of a data set, without labels."""
    if is_tf_dataset(dataset):
        first: list[Any] = tree.flatten(dataset.element_spec)
        dataset = dataset.batch(256) if len(first[0].shape) == 0 else dataset
    rows: Iterable[Any] = dataset
    if (
        hasattr(dataset, "__len__")
        and not isinstance(dataset, (list, tuple))
        and hasattr(dataset, "__getitem__")
    ):
        rows = map(dataset.__getitem__, range(len(dataset)))  # fmt: skip
    for batch in rows:
        yield batch[0] if isinstance(batch, (list, tuple)) else batch


def _categories(layer: Any) -> int | None:
    """How many different integers a layer gives."""
    if isinstance(layer, (IntegerLookup, StringLookup)):
        return layer.vocabulary_size()
    if isinstance(layer, Discretization):
        return layer.num_bins or len(layer.bin_boundaries or ()) + 1
    if isinstance(layer, (Hashing, HashedCrossing)):
        return layer.num_bins
    return getattr(layer, "num_tokens", None)
