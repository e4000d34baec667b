"""Programs for Keras, unchanged: ``import keras`` and ``tf.keras`` give Kerata, with the names of every era.

``kerata run PROGRAM`` installs this for a program; a program or notebook does it itself with

    import kerata
    kerata.compat.install()

in front of its own imports.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any

from .errors import InputError
from .legacy import modules
from .legacy.standin import StandIn, explain

__all__ = ["era", "install", "installed", "uninstall"]

# The packages that give Kerata, and the version that each tells for the eras.
_VERSIONS: dict[str, dict[int | None, str]] = {
    "keras": {1: "1.2.2", 2: "2.3.1", None: "3.15.1"},
    "tf_keras": {None: "2.21.0"},
    "tensorflow.keras": {1: "2.1.6-tf", 2: "2.15.0", None: "3.15.1"},
}
_ROOTS = {
    "keras": "keras",
    "tf_keras": "tf_keras",
    "tensorflow.keras": "tensorflow.keras",
    "tensorflow.python.keras": "tensorflow.keras",
    "tensorflow.contrib.keras": "tensorflow.keras",
    "tensorflow.contrib.keras.api.keras": "tensorflow.keras",
    "tensorflow.compat.v1.keras": "tensorflow.keras",
    "tensorflow.compat.v2.keras": "tensorflow.keras",
}


class _Loader(importlib.abc.Loader):
    def __init__(self, path: str, version: str | None) -> None:
        self.path, self.version = path, version

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = modules.Namespace(spec.name, self.path)
        if not self.path:
            module.__dict__["__version__"] = self.version
            module.__dict__["__file__"] = importlib.import_module("kerata").__file__
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        pass


class _StandInLoader(importlib.abc.Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


class _Patching(importlib.abc.Loader):
    """TensorFlow's own loader; afterwards its ``keras`` is Kerata."""

    def __init__(self, loader: Any, finder: _Finder) -> None:
        self.loader, self.finder = loader, finder

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        self.finder.loading = True
        try:
            self.loader.exec_module(module)
        finally:
            self.finder.loading = False
        self.finder.hide()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, number: int | None, stand_in: bool | None) -> None:
        self.era, self.stand_in = number, stand_in
        self.loading = False  # TensorFlow uses parts of the Keras inside it while it is imported
        self.hidden: dict[str, types.ModuleType] = {}
        self.patched: dict[int, tuple[Any, dict[str, Any]]] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        package = name.partition(".")[0]
        if package not in ("keras", "tf_keras", "tensorflow"):
            return None
        if self.loading and package == "tensorflow":
            return None
        root = _root_of(name)
        if root is not None:
            return self._keras(name, root)
        top = sys.modules.get("tensorflow")
        if name == "tensorflow":
            return self._tensorflow()
        if isinstance(top, StandIn):
            return self._below_stand_in(name)
        return None

    def _keras(self, name: str, root: str) -> importlib.machinery.ModuleSpec:
        path = name[len(root) + 1 :]
        if modules.places(path) is None:
            above, _, last = path.rpartition(".")
            # Raised here, as Python would replace the message of an AttributeError by its own. The
            # name is the module's, so that `from keras.layers import Dens` lets it through.
            text = f"No module named {name!r}: {last} is a name in {f'keras.{above}'.rstrip('.')}."
            try:
                modules.look(above, last)
            except AttributeError as e:
                text = str(e).replace("has no name", "has no module or name")
            raise ModuleNotFoundError(text, name=name.rpartition(".")[0])
        versions = _VERSIONS[_ROOTS[root]]
        version = versions.get(self.era, versions[None])
        return importlib.machinery.ModuleSpec(name, _Loader(path, version), is_package=True)

    def _tensorflow(self) -> importlib.machinery.ModuleSpec | None:
        spec = None if self.stand_in is True else _real("tensorflow")
        if spec is not None and spec.loader is not None:
            spec.loader = _Patching(spec.loader, self)
            return spec
        if self.stand_in is False:
            return None
        return importlib.machinery.ModuleSpec("tensorflow", _StandInLoader(), is_package=True)

    def _below_stand_in(self, name: str) -> importlib.machinery.ModuleSpec:
        if any(root.startswith(f"{name}.") for root in _ROOTS):  # tensorflow.python, .compat.v1 ...
            return importlib.machinery.ModuleSpec(name, _StandInLoader(), is_package=True)
        raise ModuleNotFoundError(explain(name), name=name.rpartition(".")[0])

    def patch(self, tensorflow: types.ModuleType) -> None:
        """Let the attributes of a real TensorFlow that mean Keras mean Kerata."""
        keras = importlib.import_module("tensorflow.keras")
        self._replace(tensorflow, "keras", keras)
        for name in ("losses", "metrics", "optimizers", "initializers"):
            if name in vars(tensorflow):
                self._replace(tensorflow, name, getattr(keras, name))
        inner = sys.modules.get("tensorflow.python")
        if inner is not None:
            self._replace(inner, "keras", importlib.import_module("tensorflow.python.keras"))
        for version in ("v1", "v2"):
            old = sys.modules.get(f"tensorflow._api.v2.compat.{version}")
            if old is not None:
                self._replace(old, "keras", keras)
        # Such a program hands data sets to functions of tf.data.
        importlib.import_module("kerata.utils.directories").prefer_tensorflow(True)

    def _replace(self, module: types.ModuleType, name: str, value: Any) -> None:
        self.patched.setdefault(id(module), (module, {}))[1].setdefault(
            name, vars(module).get(name)
        )
        setattr(module, name, value)

    def hide(self) -> None:
        """Take real Keras modules that are imported already out of the way, and mend TensorFlow."""
        for name in [n for n in sys.modules if _root_of(n) is not None]:
            if not isinstance(sys.modules[name], modules.Namespace):
                self.hidden[name] = sys.modules.pop(name)
        tensorflow = sys.modules.get("tensorflow")
        if tensorflow is not None and not isinstance(tensorflow, StandIn):
            self.patch(tensorflow)

    def restore(self) -> None:
        """Undo everything."""
        ours = (modules.Namespace, StandIn)
        for name in [n for n, m in sys.modules.items() if isinstance(m, ours)]:
            del sys.modules[name]
        sys.modules.update(self.hidden)
        if self.patched:
            importlib.import_module("kerata.utils.directories").prefer_tensorflow(False)
        for module, old in self.patched.values():
            for name, value in old.items():
                setattr(module, name, value)


_finder: _Finder | None = None


def _root_of(name: str) -> str | None:
    """The longest of the packages that a module's name stands in."""
    found = [r for r in _ROOTS if name == r or name.startswith(f"{r}.")]
    return max(found, key=len) if found else None


def _real(name: str) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        if isinstance(finder, _Finder) or not hasattr(finder, "find_spec"):
            continue
        spec = finder.find_spec(name, None)
        if spec is not None:
            return spec
    return None


def install(era: int | None = None, tensorflow: bool | None = None) -> None:
    """Let ``keras``, ``tf_keras`` and ``tensorflow.keras`` give Kerata from now on.

    All their modules of every era can be imported: ``keras.layers.core``, ``keras.engine.topology``,
    ``tensorflow.python.keras`` and so on. Classes are those of Kerata itself. A TensorFlow that is
    installed stays what it is but for ``tensorflow.keras``. Without one, ``tensorflow`` is a small module
    that holds ``keras``, and explains of everything else that TensorFlow is missing.

    Args:
        era: The era of the program, where it is known: 1, 2 or 3. It decides between the readings of
            calls that mean different things in two eras, and what ``keras.__version__`` says.
        tensorflow: Whether the small module stands in for ``tensorflow``; by default where TensorFlow is
            not installed.

    Raises:
        InputError: There is no such era.

    >>> install()
    >>> from keras.layers.core import Dense
    >>> import keras, kerata
    >>> Dense is kerata.layers.Dense, keras.__version__
    (True, '3.15.1')
    >>> uninstall()
    """
    global _finder
    if era not in (None, 1, 2, 3):
        raise InputError(f"The era of a program is 1, 2, 3 or None, got {era!r}.")
    uninstall()
    _finder = _Finder(era, tensorflow)
    sys.meta_path.insert(0, _finder)
    _tell_era(era)
    _finder.hide()


def uninstall() -> None:
    """Give the names back: what is imported afterwards is what is installed. Does nothing if nothing is.

    >>> uninstall(); installed() is None
    True
    """
    global _finder
    if _finder is None:
        return
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    _finder.restore()
    _finder = None
    _tell_era(None)


def tell_tensorflow(is_it: bool) -> None:
    """Say whether the program's Keras is tf.keras, which reads some calls otherwise than Keras 2 did."""
    if _finder is not None:
        _tell_era(_finder.era, is_it)


def installed() -> Any:
    """What `install` has put in front of the import system, ``None`` if it was not called.

    >>> installed() is None
    True
    """
    return _finder


def era() -> int | None:
    """The era that `install` was told: 1, 2, 3, or ``None``.

    >>> era() is None
    True
    """
    return _finder.era if _finder is not None else None


def _tell_era(number: int | None, tensorflow: bool = False) -> None:
    reading = modules.module("legacy.era")
    if reading is not None:
        reading.set_era(number, tensorflow)
