"""Which module may import which, and what ``import kerata`` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import kerata

ROOT = Path(kerata.__file__).parent

# From low to high: a module imports only from lines above its own, or from its own line.
ORDER = """
config
doors
errors
dtypes tree
spec scope rng capture
variable
graph
serialization
kernels
engine
rematerialize
ops
activations initializers regularizers constraints
losses
metrics
optimizers
layers
models
train
saving
preprocessing datasets utils wrappers
visualize
legacy
backend callbacks random dtype_policies mixed_precision
compat
runner
upgrade
cli
__main__
"""
RANK = {name: i for i, line in enumerate(ORDER.split("\n")) for name in line.split()}
TOP = len(RANK)

# Imports from a higher module, inside a function: who, of whom, and why there is no better way.
UPWARD = {
    ("doors", "legacy"): "the door to names of earlier eras, opened when a modern one fails",
    ("capture", "serialization"): "get_config writes arguments, which may be any objects",
    ("capture", "legacy"): "the door to old argument names, opened when a modern one fails",
    ("dtypes", "ops"): "a policy casts tensors, as Keras's does",
    ("variable", "engine"): "a value reaches the engine when it is first read, not when it is made",
    ("serialization", "engine"): "a tensor in a configuration becomes one of the engine in use",
    ("engine", "ops"): "an engine's own version of an op shares the body's rules for shapes",
    ("spec", "legacy"): "functions of other libraries on symbolic tensors become ops",
    ("engine", "legacy"): "functions of TensorFlow on symbolic tensors become ops",
    (
        "layers",
        "legacy",
    ): "old names, arguments and attributes; input_dim of sequence layers changes a whole call",
    ("preprocessing", "legacy"): "the door to ImageDataGenerator, Tokenizer and their like",
    ("utils", "legacy"): "nb_classes of to_categorical",
    ("wrappers", "legacy"): "nb_epoch, as fit's epochs were called, gets a line",
    ("saving", "legacy"): "files of Keras 1 and 2 name arguments as those did",
    (
        "config",
        "serialization",
    ): "whether files may run code is a setting, obeyed where files are read",
    ("config", "engine"): "determinism is a setting that an engine already loaded has to obey",
    ("config", "dtypes"): "the default dtype policy is a setting, its class is not",
    ("models", "legacy"): "the door to old methods of models",
    ("graph", "legacy"): "what nodes told of themselves in Keras 1 and 2",
    ("initializers", "legacy"): "functions of the shape alone, as Keras 2 called them",
    (
        "optimizers",
        "legacy",
    ): "optimizers written with get_updates, and methods that optimizers had",
    (
        "train",
        "legacy",
    ): "layers are as trainable as when a program of Keras 1 or 2 compiled the model",
    ("variable", "legacy"): "the door to old methods of variables",
    ("models", "train"): "fit, evaluate and predict are methods of the model",
    ("train", "saving"): "a callback writes checkpoints that load_model reads",
    ("models", "saving"): "save and load_weights are methods of the model",
}

# What may be imported at the top of a module besides the standard library.
LIGHT = {"numpy"}
# Single files that may import more, as nothing imports them before it is needed: the library, and why.
LATE = {
    "wrappers/_estimators.py": ("sklearn", "its classes are the bases of the wrappers"),
    "wrappers/_wrapper.py": ("sklearn", "its classes are the bases of the wrappers"),
    "wrappers/scikit_learn.py": ("sklearn", "its classes are the bases of the wrappers"),
}


class Import(NamedTuple):
    file: str
    line: int
    source: str
    target: str
    inside: bool


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return parts[0]


def targets(node: ast.AST, file: Path) -> list[str]:
    """Absolute names that an import statement of `file` names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert isinstance(node, ast.ImportFrom)
    if not node.level:
        return [node.module or ""]
    package = ["kerata", *file.relative_to(ROOT).parts[:-1]]
    base = package[: len(package) - node.level + 1]
    base += node.module.split(".") if node.module else []
    if base == ["kerata"]:
        return [f"kerata.{alias.name}" for alias in node.names]
    return [".".join(base)]


def imports(file: Path) -> list[Import]:
    found: list[Import] = []

    def walk(node: ast.AST, inside: bool) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for target in targets(node, file):
                where = str(file.relative_to(ROOT))
                found.append(Import(where, node.lineno, module_name(file), target, inside))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            walk(child, inside or function)

    walk(ast.parse(file.read_text(encoding="utf-8")), False)
    return found


ALL = [i for file in sorted(ROOT.rglob("*.py")) for i in imports(file)]
OWN = [
    i
    for i in ALL
    if i.target.startswith("kerata.")
    and i.target != "kerata.__version__"
    and i.source != "__init__"
]
FOREIGN = [i for i in ALL if i.target.split(".")[0] != "kerata"]


def test_every_module_has_a_place():
    names = {module_name(file) for file in ROOT.rglob("*.py")} - {"__init__"}
    assert names - RANK.keys() == set(), "add the module to ORDER"


def test_direction():
    wrong, used = [], set()
    for i in OWN:
        target = i.target.split(".")[1]
        if target == i.source or RANK.get(target, TOP) <= RANK[i.source]:
            continue
        used.add((i.source, target))
        if not i.inside or (i.source, target) not in UPWARD:
            wrong.append(f"{i.file}:{i.line} imports {i.target}")
    assert not wrong, "\n".join(["higher modules imported by lower ones:", *wrong])
    assert set(UPWARD) - used == set(), "exceptions that nothing needs any more"


def test_engines_stay_behind_their_door():
    libraries = {"jax", "jaxlib", "torch", "tensorflow"}
    wrong = [
        f"{i.file}:{i.line} imports {i.target}"
        for i in FOREIGN
        if i.target.split(".")[0] in libraries
        and i.source not in ("engine", "kernels")
        # Data that a user hands over in another library's form is not computed with.
        and not (i.inside and i.target.split(".")[0] != "jax" and i.source in ("train", "utils"))
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_heavy_at_the_top():
    wrong = [
        f"{i.file}:{i.line} imports {i.target}"
        for i in FOREIGN
        if not i.inside
        and i.source not in ("engine", "kernels")
        # The whole of it works on libcst's trees, and only the command imports it.
        and not (i.source == "upgrade" and i.target.split(".")[0] == "libcst")
        and i.target.split(".")[0] not in sys.stdlib_module_names | LIGHT
        and i.target.split(".")[0] != LATE.get(i.file, ("",))[0]
    ]
    assert not wrong, "\n".join(["import these inside functions:", *wrong])


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


HEAVY = "jax torch tensorflow scipy sklearn h5py pandas matplotlib pooch rich requests".split()


@pytest.mark.parametrize(
    "code",
    [
        "import kerata",
        "from kerata import Variable, datasets, preprocessing, utils; utils.to_categorical([1])",
        "import kerata; assert not hasattr(kerata.layers.Dense(1), 'nothing')",
        "from kerata import layers, models, optimizers, losses, metrics, callbacks, wrappers",
        "import kerata\nm = kerata.Sequential([kerata.Input((4,)), kerata.layers.Dense(2)])\nm.count_params()",
    ],
)
def test_no_engine_is_imported(code):
    out = run(f"{code}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])")
    assert out == ""


def test_import_is_quick():
    code = (
        "import numpy\nfrom time import process_time as t\na = t()\nimport kerata\nprint(t() - a)"
    )
    assert min(float(run(code)) for _ in range(3)) < 0.05


def test_a_modern_program_imports_nothing_of_legacy() -> None:
    code = """
import sys, numpy as np, kerata as keras
from kerata import layers
model = keras.Sequential([layers.Input((4, 3)), layers.Conv1D(2, 2), layers.LSTM(2), layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
model.fit(np.zeros((4, 4, 3)), np.zeros((4, 1)), verbose=0, validation_split=0.5)
model.evaluate(np.zeros((4, 4, 3)), np.zeros((4, 1)), verbose=0)
model.predict(np.zeros((4, 4, 3)), verbose=0)
model.summary(print_fn=lambda line: None)
print([name for name in sys.modules if name.startswith("kerata.legacy")])
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
