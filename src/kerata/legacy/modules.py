"""Module paths of every era of Keras, and where their names live now.

`MODULES` is the one table. A path is written without the package in front (``layers.core`` is
``keras.layers.core``, ``tf_keras.layers.core`` and ``tensorflow.keras.layers.core``); its value names
the modules of Kerata in which names are looked up, in this order.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.util
import sys
import types
from typing import Any

from . import era
from .names import RENAMED, legacy_names, refusal, resolve
from .notes import note

_ROOT = __name__.partition(".")[0]

# Modules that Keras 3 has, too.
PUBLIC = frozenset(
    """
    activations applications backend callbacks config constraints datasets datasets.boston_housing
    datasets.california_housing datasets.cifar10 datasets.cifar100 datasets.digits datasets.fashion_mnist
    datasets.imdb datasets.mnist datasets.reuters distillation distribution dtype_policies export
    initializers layers legacy.saving losses metrics mixed_precision models ops ops.image ops.linalg ops.nn
    ops.numpy optimizers optimizers.legacy optimizers.schedules preprocessing preprocessing.image
    preprocessing.sequence preprocessing.text quantizers random regularizers saving tree utils
    utils.bounding_boxes utils.legacy utils.np_utils visualization visualize wrappers wrappers.scikeras
    wrappers.scikit_learn
    """.split()
)

_LAYERS = "layers legacy.layers"

# Names that mean something else in Keras 1 and 2: what they meant.
OTHERWISE = {("backend", "backend"): "legacy.backend.old_backend"}

# Old path: modules of Kerata that hold its names.
MODULES: dict[str, str] = {
    "__internal__": "legacy.internal",
    "applications.imagenet_utils": "legacy.pictures",
    "__internal__.backend": "backend",
    "__internal__.layers": "legacy.internal layers",
    "__internal__.losses": "legacy.internal losses",
    "__internal__.models": "legacy.internal models",
    "__internal__.optimizers": "legacy.internal optimizers",
    "__internal__.utils": "legacy.internal utils",
    "backend.cntk_backend": "backend",
    "backend.common": "backend",
    "backend.experimental": "legacy.backend.experimental backend",
    "backend.load_backend": "backend",
    "backend.tensorflow_backend": "backend",
    "backend.theano_backend": "backend",
    "backend_config": "backend",
    "callbacks.callbacks": "callbacks",
    "callbacks.experimental": "callbacks legacy.callbacks",
    "callbacks.tensorboard_v1": "callbacks",
    "callbacks.tensorboard_v2": "callbacks",
    "callbacks_v1": "callbacks",
    "datasets.cifar": "legacy.datasets",
    "datasets.data_utils": "utils",
    "dtensor": "legacy.internal",
    "dtensor.experimental": "legacy.internal",
    "dtensor.experimental.optimizers": "legacy.internal",
    "engine": "layers models legacy.engine",
    "engine.base_layer": "layers legacy.engine",
    "engine.base_layer_utils": "legacy.engine",
    "engine.base_layer_v1": "layers legacy.engine",
    "engine.base_preprocessing_layer": "legacy.layers layers",
    "engine.compile_utils": "legacy.engine",
    "engine.data_adapter": "utils legacy.engine",
    "engine.functional": "models legacy.engine",
    "engine.input_layer": "layers legacy.engine",
    "engine.input_spec": "layers legacy.engine",
    "engine.keras_tensor": "legacy.engine",
    "engine.network": "legacy.engine models",
    "engine.node": "legacy.engine",
    "engine.saving": "saving models legacy.hdf5 legacy.engine",
    "engine.sequential": "models",
    "engine.topology": "layers models legacy.engine legacy.hdf5",
    "engine.training": "models legacy.engine",
    "engine.training_arrays": "legacy.engine",
    "engine.training_generator": "legacy.engine",
    "engine.training_utils": "legacy.engine",
    "engine.training_v1": "models legacy.engine",
    "estimator": "legacy.internal",
    "experimental": "legacy.experimental optimizers.schedules layers",
    "initializations": "legacy.initializations",
    "initializers.initializers": "initializers",
    "initializers.initializers_v1": "initializers",
    "initializers.initializers_v2": "initializers",
    "layers.activation": _LAYERS,
    "layers.advanced_activations": _LAYERS,
    "layers.attention": _LAYERS,
    "layers.containers": "models legacy.engine",
    "layers.convolutional": _LAYERS,
    "layers.convolutional_recurrent": _LAYERS,
    "layers.core": _LAYERS,
    "layers.cudnn_recurrent": _LAYERS,
    "layers.dense_attention": _LAYERS,
    "layers.embeddings": _LAYERS,
    "layers.experimental": _LAYERS,
    "layers.experimental.preprocessing": _LAYERS,
    "layers.kernelized": _LAYERS,
    "layers.local": _LAYERS,
    "layers.locally_connected": _LAYERS,
    "layers.merge": _LAYERS,
    "layers.merging": _LAYERS,
    "layers.multi_head_attention": _LAYERS,
    "layers.noise": _LAYERS,
    "layers.normalization": _LAYERS,
    "layers.pooling": _LAYERS,
    "layers.preprocessing": _LAYERS,
    "layers.recurrent": _LAYERS,
    "layers.recurrent_v2": _LAYERS,
    "layers.regularization": _LAYERS,
    "layers.reshaping": _LAYERS,
    "layers.rnn": _LAYERS,
    "layers.serialization": _LAYERS,
    "layers.wrappers": _LAYERS,
    "legacy": "legacy.internal",
    "legacy.interfaces": "legacy.interfaces",
    "legacy.layers": "legacy.layers layers",
    "legacy.models": "models legacy.engine",
    "legacy_tf_layers": "layers",
    "metrics.base_metric": "metrics",
    "metrics.experimental": "metrics",
    "metrics.metrics": "metrics",
    "mixed_precision.experimental": "mixed_precision",
    "mixed_precision.loss_scale_optimizer": "mixed_precision",
    "mixed_precision.policy": "mixed_precision",
    "models.experimental": "models legacy.models",
    "objectives": "losses",
    "optimizer_v1": "optimizers",
    "optimizer_v2": "optimizers optimizers.schedules",
    "optimizers.experimental": "optimizers",
    "optimizers.optimizer_experimental": "optimizers",
    "optimizers.optimizer_v1": "optimizers",
    "optimizers.optimizer_v2": "optimizers optimizers.schedules",
    "optimizers.schedules.learning_rate_schedule": "optimizers.schedules",
    "premade": "legacy.experimental",
    "preprocessing.dataset_utils": "utils",
    "preprocessing.image_dataset": "preprocessing",
    "preprocessing.text_dataset": "preprocessing",
    "preprocessing.timeseries": "preprocessing",
    "saving.hdf5_format": "legacy.hdf5 saving",
    "saving.legacy": "saving",
    "saving.model_config": "models",
    "saving.save": "saving",
    "utils.all_utils": "utils",
    "utils.conv_utils": "legacy.tools",
    "utils.data_utils": "utils legacy.tools",
    "utils.dataset_utils": "utils",
    "utils.experimental": "utils",
    "utils.generic_utils": "utils legacy.tools",
    "utils.image_utils": "utils",
    "utils.io_utils": "utils legacy.tools",
    "utils.layer_utils": "utils legacy.tools",
    "utils.losses_utils": "losses legacy.internal",
    "utils.multi_gpu_utils": "utils",
    "utils.np_utils": "utils.np_utils utils legacy.tools",
    "utils.test_utils": "legacy.tools",
    "utils.tf_utils": "legacy.internal",
    "utils.training_utils": "utils",
    "utils.vis_utils": "utils",
    "utils.visualize_util": "utils",
    "utils.visualize_utils": "utils",
}

# Modules below one that hold the same names: files that Keras 2.5 to 2.15 let users reach.
_FILES: dict[str, str] = {
    "applications": (
        "convnext densenet efficientnet efficientnet_v2 imagenet_utils inception_resnet_v2 inception_v3 mobilenet "
        "mobilenet_v2 mobilenet_v3 mobilenetv2 music_tagger_crnn nasnet regnet resnet resnet50 resnet_rs resnet_v2 "
        "vgg16 vgg19 xception"
    ),
    "layers.activation": "elu leaky_relu prelu relu softmax thresholded_relu",
    "layers.attention": "additive_attention attention multi_head_attention",
    "layers.convolutional": (
        "conv1d conv1d_transpose conv2d conv2d_transpose conv3d conv3d_transpose depthwise_conv1d "
        "depthwise_conv2d separable_conv1d separable_conv2d"
    ),
    "layers.core": "activation dense einsum_dense embedding identity lambda_layer masking",
    "layers.locally_connected": "locally_connected1d locally_connected2d",
    "layers.merging": "add average base_merge concatenate dot maximum minimum multiply subtract",
    "layers.normalization": (
        "batch_normalization batch_normalization_v1 group_normalization layer_normalization "
        "spectral_normalization unit_normalization"
    ),
    "layers.pooling": (
        "average_pooling1d average_pooling2d average_pooling3d global_average_pooling1d "
        "global_average_pooling2d global_average_pooling3d global_max_pooling1d global_max_pooling2d "
        "global_max_pooling3d max_pooling1d max_pooling2d max_pooling3d"
    ),
    "layers.preprocessing": (
        "category_encoding discretization hashed_crossing hashing image_preprocessing integer_lookup normalization "
        "string_lookup text_vectorization"
    ),
    "layers.regularization": (
        "activity_regularization alpha_dropout dropout gaussian_dropout gaussian_noise spatial_dropout1d "
        "spatial_dropout2d spatial_dropout3d"
    ),
    "layers.reshaping": (
        "cropping1d cropping2d cropping3d flatten permute repeat_vector reshape up_sampling1d up_sampling2d "
        "up_sampling3d zero_padding1d zero_padding2d zero_padding3d"
    ),
    "layers.rnn": (
        "abstract_rnn_cell base_rnn base_wrapper bidirectional conv_lstm1d conv_lstm2d conv_lstm3d cudnn_gru "
        "cudnn_lstm gru gru_v1 lstm lstm_v1 simple_rnn stacked_rnn_cells time_distributed"
    ),
    "optimizer_v2": (
        "adadelta adagrad adam adamax ftrl gradient_descent learning_rate_schedule nadam optimizer_v2 rmsprop"
    ),
    "optimizers.optimizer_experimental": "adadelta adagrad adam adamw optimizer rmsprop sgd",
    "optimizers.optimizer_v2": (
        "adadelta adagrad adam adamax ftrl gradient_descent learning_rate_schedule nadam optimizer_v2 rmsprop"
    ),
    "saving.legacy": "hdf5_format model_config save serialization",
}  # fmt: skip

# More places for modules that Keras 3 has, behind the module itself.
_MORE = {
    "preprocessing.image": "legacy.images",
    "preprocessing.sequence": "legacy.sequences",
    "preprocessing.text": "legacy.text",
}

# Other names of the package itself, as they stand in front of a path.
_ALIASES = ("_tf_keras.keras", "api._v1.keras", "api._v2.keras", "api", "src")


def standard(path: str) -> tuple[str, bool]:
    """A path without other names of the package in front, and whether it was an internal one.

    >>> standard("src.layers.core.dense"), standard("_tf_keras.keras.layers"), standard("layers")
    (('layers.core.dense', True), ('layers', False), ('layers', False))
    """
    for alias in _ALIASES:
        if path == alias or path.startswith(f"{alias}."):
            rest, inner = standard(path[len(alias) + 1 :])
            return rest, inner or alias == "src"
    return path, False


def places(path: str) -> tuple[str, ...] | None:
    """Modules of Kerata in which the names of a module live; ``None`` if no era had such a module.

    >>> places("layers.core"), places("losses"), places("layers.corr")
    (('layers', 'legacy.layers'), ('losses',), None)
    """
    path, inner = standard(path)
    return _places(path, inner)


@functools.cache
def _places(path: str, inner: bool) -> tuple[str, ...] | None:
    if not path or path in ("_tf_keras", "api._v1", "api._v2"):
        return ("",)
    found = MODULES.get(path)
    if found is None and path in PUBLIC:
        found = f"{path} {_MORE.get(path, '')}"
    above, _, last = path.rpartition(".")
    if found is None and last in _FILES.get(above, "").split():
        return _places(above, inner)
    if found is not None:
        return tuple(found.split())
    # Where Keras keeps its own files changes with every version: what is below a known module is its.
    return _places(above, True) if inner and above else None


def is_old(path: str) -> bool:
    """Whether a module is one that Keras 3 no longer has."""
    path, inner = standard(path)
    return bool(path) and not inner and path not in PUBLIC


@functools.cache
def module(place: str) -> Any:
    """A module of Kerata by its path, ``None`` where this installation has none of that name."""
    name = f"{_ROOT}.{place}" if place else _ROOT
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as e:
        if not name.startswith(str(e.name)):
            raise
        return None


def look(path: str, name: str) -> Any:
    """What a name of a module of any era stands for.

    Args:
        path: The module, such as ``"layers.core"``.
        name: The name in it.

    Raises:
        AttributeError: No era had such a name there (the closest is offered), or Kerata has no
            such thing on purpose, which the message explains.

    >>> look("layers.core", "Dense").__name__, look("engine.topology", "Input").__name__
    ('Dense', 'Input')
    """
    refused: AttributeError | None = None
    if era.current() in (1, 2) and (standard(path)[0], name) in OTHERWISE:
        home, _, name = OTHERWISE[standard(path)[0], name].rpartition(".")
        return getattr(module(home), name)
    for place in places(path) or ():
        home = module(place)
        if home is None and name not in RENAMED.get(place, ()):
            continue
        try:
            value = getattr(home, name)
        except AttributeError as e:
            if name not in RENAMED.get(place, ()):
                refused = refused or (e if _is_refusal(e) else None)
                continue
            # The module has a door of its own, or none.
            return resolve(f"{_ROOT}.{place}", name)
        if _is_public(home, name, value):
            if is_old(path) and not place.startswith("legacy"):
                note(f"keras.{path}", f"keras.{place}".rstrip("."))
            return value
    why = refusal(f"{standard(path)[0]}.{name}".lstrip("."))
    if refused is not None:
        raise refused
    if why is not None:
        raise why
    raise AttributeError(unknown(path, name))


def _is_refusal(e: AttributeError) -> bool:
    return hasattr(e, "located")


def _is_public(home: Any, name: str, value: Any) -> bool:
    if isinstance(
        value, types.ModuleType
    ):  # of others `keras.backend` has but what it took of TensorFlow
        return home is module("backend") and value.__name__.partition(".")[0] == "tensorflow"
    if name in getattr(home, "__all__", ()):
        return True
    origin = getattr(value, "__module__", None) or _ROOT
    return str(origin).partition(".")[0] == _ROOT or (
        not name.startswith("_") and origin == "builtins"
    )


def unknown(path: str, name: str) -> str:
    """Message for a name that a module never had, with the closest one that it has.

    >>> unknown("layers.core", "Dens")
    "module 'keras.layers.core' has no name 'Dens'. Did you mean 'Dense'?"
    """
    full = f"keras.{path}".rstrip(".")
    near = difflib.get_close_matches(name, [*names(path), *submodules(path)], 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"module {full!r} has no name {name!r}.{hint}"


def submodules(path: str) -> list[str]:
    """Names of the modules directly below a path.

    >>> submodules("wrappers"), submodules("legacy")
    (['scikeras', 'scikit_learn'], ['interfaces', 'layers', 'models', 'saving'])
    """
    front = f"{standard(path)[0]}." if standard(path)[0] else ""
    known = [*PUBLIC, *MODULES]
    below = {p[len(front) :].partition(".")[0] for p in known if p.startswith(front)}
    return sorted(below.union(_FILES.get(standard(path)[0], "").split()))


def names(path: str) -> list[str]:
    """The names of a module of any era that Kerata has, without refused ones."""
    found: set[str] = set()
    for place in places(path) or ():
        home = module(place)
        if home is None:
            continue
        own = getattr(home, "__all__", None) or [n for n in dir(home) if not n.startswith("_")]
        found.update(own, legacy_names(place))
    found -= {n for n in found if n.startswith("_")}
    return sorted(found)


class Namespace(types.ModuleType):
    """A module of an earlier era: its names are looked up in Kerata's modules.

    Args:
        name: The module's name, such as ``keras.layers.core``.
        path: The same without the package.

    >>> Namespace("keras.layers.core", "layers.core").Dense.__name__
    'Dense'
    """

    def __new__(cls, name: str, path: str, doc: str | None = None) -> Namespace:
        """One that is a function, too, where a function has the name of the module."""
        return super().__new__(_Called if path in _FUNCTIONS else cls)

    def __init__(self, name: str, path: str, doc: str | None = None) -> None:
        super().__init__(name, doc)
        self.__dict__["_kerata_path"] = path

    def __getattr__(self, name: str) -> Any:
        path = self.__dict__["_kerata_path"]
        if name == "__all__":
            return self._star()
        if name.startswith("__") and name != "__internal__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        below = f"{path}.{name}".lstrip(".")
        if places(below) is not None and not (standard(path)[1] and _is_name(path, name)):
            value: Any = self._below(name, below)
        else:
            value = look(path, name)
        if isinstance(value, (type, types.FunctionType, types.ModuleType)):
            self.__dict__[name] = value
        return value

    def _below(self, name: str, path: str) -> Any:
        full = f"{self.__name__}.{name}"
        if sys.modules.get(self.__name__) is self:
            return importlib.import_module(full)
        return Namespace(full, path)

    def _star(self) -> list[str]:
        """What ``import *`` takes. Old names among them are not announced, as the program may not use them."""
        from . import notes

        path = self.__dict__["_kerata_path"]
        out = []
        with notes.silence():
            for name in names(path):
                try:
                    getattr(self, name)
                except (AttributeError, ImportError):
                    continue
                out.append(name)
        return out

    def __dir__(self) -> list[str]:
        path = self.__dict__["_kerata_path"]
        return sorted({*self.__dict__, *names(path), *submodules(path)})

    def __reduce__(self) -> Any:
        return _restored, (self.__name__, self.__dict__["_kerata_path"])


# Modules in whose place, in the package around them, a function of the same name stood.
_FUNCTIONS = frozenset({"layers.merge"})


class _Called(Namespace):
    """``keras.layers.merge``: the module with ``Add`` and others, and the function of Keras 1."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        above, _, name = self.__dict__["_kerata_path"].rpartition(".")
        return look(above, name)(*args, **kwargs)


def _is_name(path: str, name: str) -> bool:
    """Whether an internal module has a name of its own, which is not that of a file below it."""
    try:
        look(path, name)
    except AttributeError:
        return False
    return True


def _restored(name: str, path: str) -> Any:
    """A pickled `Namespace` in another process, where nothing may be installed yet."""
    if name.partition(".")[0] == _ROOT:
        return Namespace(name, path)
    compat = importlib.import_module(f"{_ROOT}.compat")
    if compat.installed() is None:
        compat.install()
    return importlib.import_module(name)
