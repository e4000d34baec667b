"""What a program's source tells before it runs: its era, and the engine that it needs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

# Words that only programs of an era use, the earliest era first.
_WORDS = (
    (
        1,
        r"nb_epoch|border_mode|samples_per_epoch|nb_val_samples|nb_worker|nb_filter|dim_ordering|"
        r"W_regularizer|b_regularizer|U_regularizer|W_constraint|inner_activation|dropout_W|"
        r"TimeDistributedDense|MaxoutDense|AtrousConvolution2D|keras\.(?:objectives|initializations)|"
        r"keras\.layers\.containers|show_accuracy|forget_bias_init",
    ),
    (3, r"\bkeras\.ops\b|from keras import (?:\w+, )*ops\b|\bkeras\.(?:random|saving|tree)\b|KERAS_BACKEND.*jax"),
    (
        2,
        r"np_utils|generic_utils|layers\.(?:core|convolutional|recurrent|embeddings|normalization|"
        r"advanced_activations|merge|wrappers|noise|pooling|local)\b|fit_generator|predict_generator|"
        r"evaluate_generator|predict_classes|predict_proba|keras\.engine\b|"
        r"wrappers\.scikit_learn|ImageDataGenerator|multi_gpu_model|CuDNN(?:LSTM|GRU)|[(,]\s*lr\s*=|"
        r"[(,]\s*decay\s*=|keras\.preprocessing\.text|experimental\.preprocessing|input_length\s*=|"
        r"\bK\.(?:set_session|get_session|int_shape|learning_phase|set_learning_phase|variable|placeholder|"
        r"function|gradients|mean|sum|square|sqrt|exp|log|dot|batch_dot|expand_dims|squeeze|reshape|cast|"
        r"get_value|set_value|eval|shape|concatenate|random_normal|binary_crossentropy|maximum|clip|abs)\(",
    ),
)  # fmt: skip


# Arguments that Keras 1 had not and refused: beside them, its words are names of the program's own, or what
# Keras 2 still took.
_NOT_FIRST = (
    r"[(,]\s*(?:epochs|steps_per_epoch|validation_steps|kernel_size|data_format|return_state|recurrent_dropout|"
    r"recurrent_activation|(?:kernel|recurrent|bias|embeddings)_(?:initializer|regularizer|constraint))\s*=|"
    r"[(,]\s*padding\s*=\s*[\"'](?:same|valid|causal)|image_data_format|"
    r"tensorflow(?:\.\w+)*\.keras|tensorflow import keras|\btf\.keras"
)


def era_of(source: str) -> int | None:
    """The era of a program by the words in it, ``None`` where nothing tells.

    >>> era_of("model.fit(x, y, nb_epoch=3)"), era_of("from keras.utils import np_utils"), era_of("x = 1")
    (1, 2, None)
    >>> era_of("nb_epoch = 3; model.fit(x, y, epochs=nb_epoch)")
    2
    """
    for number, words in _WORDS:
        if re.search(words, source):
            return 2 if number == 1 and re.search(_NOT_FIRST, source) else number
    return None


def is_tensorflow(source: str) -> bool:
    """Whether the Keras of a program is tf.keras (or tf_keras).

    >>> is_tensorflow("from tensorflow.keras import layers"), is_tensorflow("import keras")
    (True, False)
    """
    if re.search(r"^\s*(?:from|import)\s+keras\b", source, re.MULTILINE):
        return False
    return bool(
        re.search(
            r"tensorflow(?:\.python)?\.keras|\btf\.keras|tf_keras|tensorflow import keras", source
        )
    )


def backend_of(source: str) -> str | None:
    """The engine that a program chooses by ``os.environ["KERAS_BACKEND"]`` itself.

    >>> backend_of("os.environ['KERAS_BACKEND'] = 'theano'")
    'theano'
    """
    found = re.search(r"""KERAS_BACKEND["']\s*\]?\s*[=,]\s*["'](\w+)["']""", source)
    return found[1] if found else None


def libraries(tree: ast.AST) -> set[str]:
    """Tensor libraries that a program uses itself: of ``tensorflow``, ``torch`` and ``jax``.

    What is under ``tf.keras`` does not count, nor do names that tell something of TensorFlow only, such as
    ``tf.__version__``.

    >>> libraries(ast.parse("import tensorflow as tf; tf.keras.layers.Dense(1); print(tf.__version__)"))
    set()
    >>> libraries(ast.parse("import tensorflow as tf; tf.constant(1)"))
    {'tensorflow'}
    """
    found: set[str] = set()
    names: set[str] = set()  # what TensorFlow itself is called
    for node in ast.walk(tree):
        for module, bound in _imports(node):
            root = module.partition(".")[0]
            if root in ("torch", "jax"):
                found.add(root)
            elif module == "tensorflow":
                names.add(bound)
            elif root == "tensorflow" and not _is_keras(module) and module not in _HARMLESS:
                found.add(root)
    if "tensorflow" not in found and (any(_native(tree, names)) or any(_behind_backend(tree))):
        found.add("tensorflow")
    return found


# What programs took of TensorFlow from `keras.backend`, whose file imports it.
_BEHIND = frozenset("tf control_flow_ops functional_ops math_ops tensor_array_ops".split())


def _behind_backend(tree: ast.AST) -> Iterator[bool]:
    """Uses of TensorFlow as ``K.tf``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _BEHIND:
            if isinstance(node.value, ast.Name) and node.value.id in ("K", "KTF", "backend"):
                yield True


_HARMLESS = frozenset({"tensorflow.__version__"})
_QUESTIONS = frozenset({"__version__", "keras", "get_logger", "logging"})


def _is_keras(module: str) -> bool:
    return ".keras" in module


def _imports(node: ast.AST) -> Iterable[tuple[str, str]]:
    """Modules (or names of modules) that a statement imports, with what they are called."""
    if isinstance(node, ast.Import):
        for a in node.names:
            yield a.name, a.asname or a.name.partition(".")[0]
            if a.name.startswith("tensorflow.") and a.asname is None:
                yield "tensorflow", "tensorflow"
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for a in node.names:
            full = f"{node.module}.{a.name}"
            yield (
                (full if node.module.startswith("tensorflow") else node.module),
                a.asname or a.name,
            )


def _native(tree: ast.AST, names: set[str]) -> Iterator[bool]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in names and node.attr not in _QUESTIONS:
                yield True
