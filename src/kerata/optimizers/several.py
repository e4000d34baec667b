"""`MultiOptimizer`: different optimizers for different variables of a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any

from ..capture import Configurable
from ..errors import InputError
from ..variable import Variable
from .base import Optimizer
from .scaling import LossScaleOptimizer


class OptimizerMap(MutableMapping):
    """Optimizers by the paths of variables.

    A key is a path such as ``"dense/kernel"``, or a regular expression that matches whole paths, such as
    ``"encoder/.*"``. What has no key gets the default.

    Args:
        default_optimizer: The optimizer of all other variables.
        optimizer_map: A dict of optimizers.

    Raises:
        InputError: Something in it is no optimizer, or one that wraps others.

    >>> from kerata import optimizers
    >>> by_path = OptimizerMap(optimizers.SGD(name="rest"), {"encoder/.*": optimizers.Adam(name="coder")})
    >>> by_path["encoder/dense/kernel"].name, by_path["dense/kernel"].name
    ('coder', 'rest')
    """

    def __init__(
        self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None
    ) -> None:
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise InputError(f"optimizer_map must be a dict of optimizers, got {optimizer_map!r}.")
        self._default_optimizer = _plain(default_optimizer)
        self._optimizer_map: dict[str, Optimizer] = {}
        self.update(optimizer_map or {})

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer of variables that no key matches."""
        return self._default_optimizer

    def __getitem__(self, key: str) -> Optimizer:
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        found = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(found) > 1:
            raise InputError(
                f"Several keys of the OptimizerMap match {key!r}: {found}. Make them exclude each other."
            )
        return self._optimizer_map[found[0]] if found else self.default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if not isinstance(key, str):
            raise InputError(f"A key of an OptimizerMap must be a string, got {key!r}.")
        if key in self._optimizer_map:
            raise InputError(
                f"The OptimizerMap has {key!r} already, for {self._optimizer_map[key]!r}: delete that first."
            )
        self._optimizer_map[key] = _plain(optimizer)

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __contains__(self, key: object) -> bool:
        return key in self._optimizer_map

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def __call__(self, variable: Variable) -> Optimizer:
        """The optimizer of a variable."""
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal map."""
        from ..serialization import serialize_keras_object

        return {
            "default_optimizer": serialize_keras_object(self._default_optimizer),
            "optimizer_map": serialize_keras_object(self._optimizer_map),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> OptimizerMap:
        """A map out of a configuration that `get_config` wrote."""
        from ..serialization import custom_object_scope, deserialize_arguments

        with custom_object_scope(custom_objects):
            return cls(**deserialize_arguments(config))


def _plain(optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise InputError(f"An OptimizerMap holds optimizers, got {optimizer!r}.")
    if isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        raise InputError(
            f"A {type(optimizer).__name__} cannot be one of several optimizers. A LossScaleOptimizer goes "
            "around the MultiOptimizer."
        )
    return optimizer


class MultiOptimizer(Optimizer):
    """Several optimizers, each for variables of its own.

    The parts have learning rates and numbers of steps of their own (`optimizers`); the whole has no
    learning rate, so that callbacks which change one do not work with it.

    Args:
        optimizer_map: An `OptimizerMap`, or a function that gives the optimizer of a variable, the same
            object for variables that are to share one.
        loss_scale_factor: Factor of the loss, in place of those of the parts.
        name: Name of the optimizer.

    >>> from kerata import Variable, optimizers
    >>> a, b = Variable([1.0], name="a"), Variable([1.0], name="b")
    >>> by_name = OptimizerMap(optimizers.SGD(0.5), {"b": optimizers.SGD(0.25)})
    >>> MultiOptimizer(by_name).apply([[1.0], [1.0]], [a, b])
    >>> float(a.numpy()[0]), float(b.numpy()[0])
    (0.5, 0.75)
    """

    def __init__(
        self, optimizer_map: OptimizerMap | Callable[[Variable], Optimizer], loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        if not callable(optimizer_map):
            raise InputError(
                "MultiOptimizer needs an OptimizerMap, or a function that gives the optimizer of a "
                f"variable, got {optimizer_map!r}."
            )
        self._optimizer_map = optimizer_map
        self._inner_optimizers: list[Optimizer] = []
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in [*optimizer_map.values(), optimizer_map.default_optimizer]:
                self._add(optimizer)

    def _add(self, optimizer: Optimizer) -> int:
        """Place of an optimizer among the parts."""
        for i, known in enumerate(self._inner_optimizers):
            if known is optimizer:
                return i
        _plain(optimizer).loss_scale_factor = self.loss_scale_factor
        self._inner_optimizers.append(optimizer)
        self.use_ema = self.use_ema or optimizer.use_ema
        return len(self._inner_optimizers) - 1

    # --- state -----------------------------------------------------------------------------------

    @property
    def optimizers(self) -> list[Optimizer]:
        """The parts; those that a function gives are known once the optimizer is built."""
        return self._inner_optimizers

    @property
    def variables(self) -> list[Variable]:
        """All state: the number of steps, a learning rate without meaning, then that of the parts."""
        return [*self._tracked, *(v for o in self._inner_optimizers for v in o.variables)]

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state for these variables; done by the first `apply` where it is not called."""
        if self.built:
            return
        self._trainable_variables = list(variables)
        places = [self._add(self._optimizer_map(v)) for v in variables]
        self._places = {id(v): i for v, i in zip(self._trainable_variables, places)}
        for i, optimizer in enumerate(self._inner_optimizers):
            own = [v for v in self._trainable_variables if self._places[id(v)] == i]
            if own:
                optimizer.build(own)
        self.built = True

    @property
    def loss_scale_factor(self) -> float | None:
        """Factor of the loss, taken out of the gradients again by the parts."""
        return self._loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: float | None) -> None:
        self._loss_scale_factor = value
        for optimizer in self.__dict__.get("_inner_optimizers", ()):
            optimizer.loss_scale_factor = value

    @property
    def learning_rate(self) -> Any:
        """There is none: each of `optimizers` has its own."""
        raise AttributeError(
            "A MultiOptimizer has no learning rate: each of its parts, in the attribute optimizers, has one."
        )

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise AttributeError(
            "A MultiOptimizer has no learning rate to set: set it of a part, in the attribute optimizers."
        )

    lr = learning_rate

    @property
    def rates(self) -> list[Any]:
        """What the learning rates are read from."""
        return [rate for o in self._inner_optimizers for rate in o.rates]

    # --- updating --------------------------------------------------------------------------------

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One step of each part with the gradients of its variables.

        Args:
            grads: A gradient for each variable; those that are ``None`` leave theirs as it is.
            trainable_variables: The variables; those of `build` by default.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_of(grads, trainable_variables)
        for i, part in self._shares(variables).items():
            pairs = [(grads[k], variables[k]) for k in part if grads[k] is not None]
            self._inner_optimizers[i].apply([g for g, _ in pairs], [v for _, v in pairs])
        self._iterations.assign(self._iterations.value + 1)

    def _shares(self, variables: Sequence[Any]) -> dict[int, list[int]]:
        """Numbers of the variables by the place of their optimizer."""
        shares: dict[int, list[int]] = {}
        for k, v in enumerate(variables):
            self._get_variable_index(v)  # an error that says what to do, where it is not known
            shares.setdefault(self._places[id(v)], []).append(k)
        return shares

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Put the moving averages in place of the weights of the parts that keep them."""
        var_list = list(var_list)
        for i, part in self._shares(var_list).items():
            self._inner_optimizers[i].finalize_variable_values([var_list[k] for k in part])

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Let these variables, and those whose name holds one of these texts, not decay."""
        for optimizer in self._inner_optimizers:
            optimizer.exclude_from_weight_decay(var_list, var_names)

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal optimizer, the configurations of the parts among them."""
        config = Configurable.get_config(self)
        return {**config, "name": self.name, "loss_scale_factor": self.loss_scale_factor}
