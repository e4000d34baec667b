"""The base of all metrics: numbers followed over many batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import config, dtypes, graph
from ..capture import Configurable
from ..scope import Binding
from ..variable import Variable, as_values


class Metric(Configurable):
    """A number that is followed over many batches.

    Subclasses make their state with `add_variable`, change it in ``update_state`` by ``assign``, and
    give its value in ``result``. Variables and metrics kept in attributes belong to the state. Where
    the state's shape depends on the data, it is made at the first update, from shapes alone.

    Args:
        dtype: dtype of the state, a name or a policy; ``floatx()`` by default.
        name: Name of the metric; made from the class name by default.

    >>> from kerata import ops
    >>> class Largest(Metric):
    ...     def __init__(self, name="largest", dtype=None):
    ...         super().__init__(name=name, dtype=dtype)
    ...         self.seen = self.add_variable((), "zeros", name="seen")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.seen.assign(ops.maximum(self.seen, ops.max(y_pred)))
    ...     def result(self):
    ...         return self.seen.value
    >>> metric = Largest()
    >>> metric.update_state([0.0], [3.0])
    >>> float(metric([0.0], [2.0]))
    3.0
    """

    _direction: str | None = None
    # Arguments that earlier versions of Keras do not know: written only where they are not default.
    _later: dict[str, Any] = {}
    _given_name: str | None = None

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or graph.auto_name(graph.snake(type(self).__name__))
        self._dtype_policy = dtypes.policy(dtype or config.floatx())
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """dtype of the state."""
        return self._dtype_policy.compute_dtype

    # --- state -----------------------------------------------------------------------------------

    def add_variable(
        self,
        shape: Sequence[int] | int = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Make a variable of the metric's state.

        Args:
            shape: Sizes of the axes.
            initializer: Name, instance or function of ``(shape, dtype)``; zeros by default.
            dtype: Name of the dtype; ``floatx()`` by default.
            name: Last part of its path.
        """
        self._check_started()
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        kind = dtypes.standardize(dtype)
        if initializer is None or initializer == "zeros":
            variable = Variable(np.zeros(shape, kind), dtype=kind, trainable=False, name=name)
        else:
            from .. import initializers

            made = initializers.get(initializer)
            variable = Variable(made, shape, kind, trainable=False, name=name)
        variable.aggregation = aggregation
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        name: Any = None,
        **kwargs: Any,
    ) -> Variable:
        """`add_variable` under its earlier name; the name may come first, as it did then."""
        if isinstance(shape, str):
            name, shape = shape, (name if name is not None else ())
            if isinstance(initializer, (tuple, list)):
                shape, initializer = initializer, None
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """All state: the metric's own, then that of metrics kept in attributes."""
        self._check_started()
        out = {id(v): v for v in self._variables}
        inner: list[Metric] = []
        for value in self.__dict__.values():
            for found in _state(value):
                if isinstance(found, Variable):
                    out.setdefault(id(found), found)
                else:
                    inner.append(found)
        for metric in inner:
            out.update({id(v): v for v in metric.variables})
        return list(out.values())

    def _check_started(self) -> None:
        if "_variables" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}.__init__ must call super().__init__() first."
            )

    def _build_for(self, y_true: Any, y_pred: Any) -> None:
        """Make the state that depends on the shapes of the data, given as tensors or Specs."""

    # --- use -------------------------------------------------------------------------------------

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch into the state; subclasses write it."""
        raise NotImplementedError(f"{type(self).__name__} needs a method update_state.")

    def result(self) -> Any:
        """The value for all batches since the last reset; subclasses write it."""
        raise NotImplementedError(f"{type(self).__name__} needs a method result.")

    def reset_state(self) -> None:
        """Start anew: zero in every variable."""
        if (
            type(self).reset_states is not Metric.reset_states
            and type(self).reset_state is Metric.reset_state
        ):
            self.reset_states()  # a subclass written for the earlier name
        else:
            self._zero()

    def reset_states(self) -> None:
        """`reset_state` under its earlier name."""
        if type(self).reset_state is not Metric.reset_state:
            self.reset_state()
        else:
            self._zero()

    def _zero(self) -> None:
        for v in self.variables:
            v.assign(np.zeros(v.shape, v.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch into the state and give the value so far."""
        self._check_started()
        self.update_state(*args, **kwargs)
        return self.result()

    # --- the same as pure functions --------------------------------------------------------------

    def stateless_update_state(
        self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any
    ) -> list[Any]:
        """New values of `variables` after an update that starts from those given."""
        with self._bound(metric_variables) as run:
            self.update_state(*args, **kwargs)
            return run.result()

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """The value for given values of `variables`."""
        with self._bound(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[Any]:
        """Values of `variables` after a reset."""
        with self._bound([v.value for v in self.variables]) as run:
            self.reset_state()
            return run.result()

    def _bound(self, values: Sequence[Any]) -> Binding:
        variables = self.variables
        if len(values) != len(variables):
            raise ValueError(
                f"The metric {self.name!r} has {len(variables)} variables "
                f"({', '.join(v.name for v in variables)}), got {len(values)} values."
            )
        return Binding(variables, as_values(values))

    # --- configuration ---------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Arguments with which `from_config` makes an equal metric, without its state."""
        out = super().get_config()
        if "name" in out:
            out["name"] = self._given_name or self.name
        if "dtype" in out:
            out["dtype"] = self.dtype
        return {k: v for k, v in out.items() if k not in self._later or v != self._later[k]}

    def _rename(self, name: str) -> None:
        """Go by another name from now on, which is that of its values in logs, not of its maker."""
        self._given_name = self._given_name or self.name
        self.name = name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _state(value: Any) -> Iterator[Any]:
    """Variables and metrics in an attribute's value."""
    if isinstance(value, (Variable, Metric)):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _state(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _state(item)
