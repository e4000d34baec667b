"""The state of a model from outside: nested dicts of values, and steps as functions of a batch iterator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..errors import InputError
from ..variable import StatelessScope, Variable


class StateMethods:
    """What `Model` takes from here."""

    name: str
    trainable_variables: list[Any]
    non_trainable_variables: list[Any]
    metrics_variables: list[Any]
    optimizer: Any
    _compiled: Any
    _need_compiled: Callable[[str], Any]

    # --- state trees -----------------------------------------------------------------------------

    def _state_groups(self) -> dict[str, Sequence[Variable]]:
        optimizer = self.optimizer
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": [] if optimizer is None else optimizer.variables,
            "metrics_variables": self.metrics_variables,
        }

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """All variables as nested dicts by the parts of their paths, for checkpoint libraries.

        Args:
            value_format: What the leaves are: ``"backend_tensor"`` or ``"numpy_array"``.

        >>> from kerata import Sequential, layers
        >>> model = Sequential([layers.Input((2,)), layers.Dense(1, name="out")], name="net")
        >>> model.compile("sgd", "mse")
        >>> sorted(model.get_state_tree()["trainable_variables"]["net"]["out"])
        ['bias', 'kernel']
        """
        if value_format not in ("backend_tensor", "numpy_array"):
            raise InputError(
                f"value_format must be 'backend_tensor' or 'numpy_array', got {value_format!r}."
            )
        out: dict[str, Any] = {}
        for group, variables in self._state_groups().items():
            out[group] = {}
            for path, v in _by_path(variables).items():
                *outer, last = path.split("/")
                here = out[group]
                for part in outer:
                    here = here.setdefault(part, {})
                here[last] = v.numpy() if value_format == "numpy_array" else v.value
        return out

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Assign what `get_state_tree` gave, or part of it: groups and paths may be left out.

        Nothing is assigned if a path or a shape does not fit.
        """
        groups = self._state_groups()
        found: list[tuple[Variable, Any]] = []
        for group, values in state_tree.items():
            if group not in groups:
                raise InputError(
                    f"set_state_tree: no group {group!r}; there are {', '.join(groups)}."
                )
            known = _by_path(groups[group])
            for parts, value in tree.flatten_with_path(values):
                path = "/".join(map(str, parts))
                if path not in known:
                    raise InputError(
                        f"set_state_tree: model {self.name!r} has no variable {path!r} among its {group}."
                    )
                if np.shape(value) != known[path].shape:
                    raise InputError(
                        f"set_state_tree: {path!r} has shape {known[path].shape}, got {np.shape(value)}."
                    )
                found.append((known[path], value))
        for v, value in found:
            v.assign(value)

    def compute_loss_and_updates(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        metrics_variables: Sequence[Any],
        x: Any,
        y: Any,
        sample_weight: Any,
        training: bool = False,
        optimizer_variables: Sequence[Any] | None = None,
    ) -> tuple[Any, tuple]:
        """Loss of a batch as a pure function, ready for ``jax.value_and_grad(..., has_aux=True)``.

        Returns ``(loss, (loss, y_pred, non_trainable_variables, metrics_variables))``; the first is
        scaled where the optimizer (whose `optimizer_variables` are then needed) scales losses.
        """
        from ..train.step import loss_of

        model: Any = self
        groups = [
            (model.trainable_variables, trainable_variables),
            (model.non_trainable_variables, non_trainable_variables),
            (model.metrics_variables, metrics_variables),
        ]
        if optimizer_variables is not None:
            groups.append((self.optimizer.variables, optimizer_variables))
        with StatelessScope([p for own, values in groups for p in zip(own, values)]) as scope:
            y_pred = model(x, training=training)
            loss = loss_of(model, x, y, y_pred, sample_weight, training)
            scale = getattr(self.optimizer, "scale_loss", None)
            scaled = scale(loss) if training and scale is not None else loss
        model._clear_losses()
        frozen, metrics = ([scope.get_current_value(v) for v in own] for own, _ in groups[1:3])
        return scaled, (loss, y_pred, frozen, metrics)

    # --- steps as functions ----------------------------------------------------------------------

    @property
    def jit_compile(self) -> Any:
        """What `compile` was told of the library's optimizing compiler."""
        return self._compiled.given["jit_compile"] if self._compiled else None

    @jit_compile.setter
    def jit_compile(self, value: Any) -> None:
        compiled = self._need_compiled("jit_compile")
        compiled.given["jit_compile"] = value
        compiled.fuse = None if value in ("auto", None) else bool(value)
        compiled.programs.clear()

    @property
    def steps_per_execution(self) -> int:
        """What `compile` was told; Kerata decides itself how many steps a call runs."""
        return self._compiled.given["steps_per_execution"] if self._compiled else 1

    @steps_per_execution.setter
    def steps_per_execution(self, value: int) -> None:
        self._need_compiled("steps_per_execution").given["steps_per_execution"] = value

    def make_train_function(self, force: bool = False) -> Callable[[Iterator[Any]], dict[str, Any]]:
        """The function that takes the next batch of an iterator, trains on it and returns the logs.

        It goes on from the metrics' state, as a step within an epoch does. `force` is accepted.
        """
        return self.train_function

    def make_test_function(self, force: bool = False) -> Callable[[Iterator[Any]], dict[str, Any]]:
        """The function that takes the next batch of an iterator, evaluates it and returns the logs."""
        return self.test_function

    def make_predict_function(self, force: bool = False) -> Callable[[Iterator[Any]], Any]:
        """The function that takes the next batch of an iterator and returns its predictions."""
        return self.predict_function

    def train_function(self, iterator: Iterator[Any]) -> dict[str, Any]:
        """Train on the next batch of an iterator; see `make_train_function`."""
        return self._on_next("train", iterator)

    def test_function(self, iterator: Iterator[Any]) -> dict[str, Any]:
        """Evaluate the next batch of an iterator; see `make_test_function`."""
        return self._on_next("test", iterator)

    def predict_function(self, iterator: Iterator[Any]) -> Any:
        """Predictions for the next batch of an iterator."""
        from ..train import loop
        from ..train.data import unpack_x_y_sample_weight

        return loop.predict_on_batch(self, unpack_x_y_sample_weight(next(iterator))[0])

    def _on_next(self, mode: str, iterator: Iterator[Any]) -> dict[str, Any]:
        from ..train import loop
        from ..train.data import unpack_x_y_sample_weight

        self._need_compiled(f"{mode}_function")
        x, y, weight = unpack_x_y_sample_weight(next(iterator))
        run = loop.train_on_batch if mode == "train" else loop.test_on_batch
        more: Any = {"class_weight": None} if mode == "train" else {}
        return run(self, x, y, weight, return_dict=True, reset_metrics=False, **more)


def _by_path(variables: Sequence[Variable]) -> dict[str, Variable]:
    out: dict[str, Variable] = {}
    for v in variables:
        if v.path in out:
            raise InputError(
                f"Two variables have the path {v.path!r}, so no tree can hold both: give the layers different names."
            )
        out[v.path] = v
    return out
