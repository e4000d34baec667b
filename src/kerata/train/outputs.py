"""The outputs of a model in one order, and what is given per output put into that order."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

from .. import tree
from ..errors import InputError


class Outputs:
    """How many outputs a model has, what they are called, and how they are nested.

    Predictions, labels, weights, losses and metrics come as a single thing, a list, a dict by name,
    or nested as the model's outputs are. Here each becomes a list with one entry per output.

    Args:
        names: Names of the outputs in the order of the model; ``None`` where they have none.
        y_pred: Predictions, or Specs of them, in the model's structure.

    >>> outputs = Outputs(["a", "b"], [0.1, 0.2])
    >>> outputs.labels({"b": 2, "a": 1})
    [1, 2]
    >>> outputs.spread({"b": "mse"}, "loss", lambda x: isinstance(x, str))
    [None, 'mse']
    """

    def __init__(self, names: Sequence[str] | None, y_pred: Any) -> None:
        flat = tree.flatten(y_pred)
        self.count = len(flat)
        self.names = list(names) if names is not None and len(names) == self.count else None
        order = list(range(self.count))
        if isinstance(y_pred, dict) and not any(tree.is_nested(v) for v in y_pred.values()):
            keys = tree.flatten(dict(zip(y_pred, y_pred))) if y_pred else []
            if self.names is not None and set(self.names) == set(keys):
                order = [keys.index(n) for n in self.names]
            else:
                self.names = [str(k) for k in keys]
        self._order = order  # position among the outputs -> place among the flat leaves
        places = [order.index(i) for i in range(self.count)]
        self._form = tree.pack_sequence_as(y_pred, places)
        self._shape = tree.map_structure(lambda _: None, y_pred)

    @property
    def labelled(self) -> list[str]:
        """Names for messages."""
        return self.names or [f"output {i + 1}" for i in range(self.count)]

    def predictions(self, y_pred: Any) -> list[Any]:
        """Predictions in the order of the outputs."""
        flat = tree.flatten(y_pred)
        return [flat[i] for i in self._order]

    # --- labels and sample weights ---------------------------------------------------------------

    def labels(self, y: Any, needed: Sequence[int] | None = None, what: str = "y") -> list[Any]:
        """Labels in the order of the outputs, ``None`` where there are none.

        `needed` lists the outputs with a loss: labels may be given for these only.
        """
        if y is None:
            return [None] * self.count
        if not tree.is_nested(y):
            flat = [y]
        elif isinstance(y, dict) and self.names is not None and not self._nested_alike(y):
            return self._by_name(y, what)
        else:
            flat = tree.flatten(y)
            if len(flat) == self.count and (isinstance(y, dict) or self._nested_alike(y)):
                flat = self.predictions(y)
        if len(flat) == self.count:
            return flat
        if needed is not None and len(flat) == len(needed):
            out: list[Any] = [None] * self.count
            for place, item in zip(needed, flat):
                out[place] = item
            return out
        raise InputError(
            f"{what} has {_number(len(flat), 'array')}, the model {_number(self.count, 'output')}: "
            f"{self.labelled}. Give one array per output, as a list in this order or as a dict by name."
        )

    def _nested_alike(self, y: Any) -> bool:
        try:
            tree.map_alike(lambda *_: None, self._shape, y)
        except (ValueError, TypeError):
            return False
        return tree.is_nested(self._shape) and isinstance(y, dict) == isinstance(self._shape, dict)

    def _by_name(self, given: dict, what: str) -> list[Any]:
        names = self.names or []
        self._known(given, what)
        return [given.get(n) for n in names]

    def _known(self, given: dict, what: str) -> None:
        names = self.names or []
        for key in given:
            if key not in names:
                close = difflib.get_close_matches(str(key), names, 1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                raise InputError(f"{what} names {key!r}, the model's outputs are {names}.{hint}")

    def weights(self, sample_weight: Any) -> list[Any]:
        """Sample weights in the order of the outputs; a single array holds for all of them."""
        if sample_weight is None:
            return [None] * self.count
        if not tree.is_nested(sample_weight):
            return [sample_weight] * self.count
        if not isinstance(sample_weight, dict) and len(tree.flatten(sample_weight)) == 1:
            return tree.flatten(sample_weight) * self.count
        return self.labels(sample_weight, what="sample_weight")

    # --- what compile is given -------------------------------------------------------------------

    def spread(self, given: Any, what: str, is_leaf: Callable[[Any], bool]) -> list[Any]:
        """An entry per output out of an argument of `compile`.

        A single leaf holds for all outputs; a dict goes by name, outputs that it leaves out get
        ``None``; a list goes by order; anything else must be nested as the outputs are. An entry
        may itself be a list of leaves.
        """
        out: list[Any] = [None] * self.count
        if given is None:
            return out
        if is_leaf(given):
            return [given] * self.count
        flat_form = not tree.is_nested(self._form) or self.count == len(self._form)
        if isinstance(given, dict):
            if flat_form or (self.names is not None and set(given) <= set(self.names)):
                if self.names is None and self.count == 1:
                    return list(given.values())
                return self._by_name(given, what)
        elif flat_form:
            return self._by_order(list(given), what)
        self._place(given, self._form, what, is_leaf, out)
        return out

    def _by_order(self, given: list[Any], what: str) -> list[Any]:
        if self.count == 1:
            return [given[0] if len(given) == 1 else given]
        if len(given) != self.count:
            raise InputError(
                f"{what} has {_number(len(given), 'entry')}, the model {_number(self.count, 'output')}: "
                f"{self.labelled}. Give one entry per output, None for an output without any."
            )
        return given

    def _place(self, given: Any, form: Any, what: str, is_leaf: Callable, out: list[Any]) -> None:
        if given is None:
            return
        if not tree.is_nested(form):
            out[form] = given
        elif is_leaf(given):
            for i in tree.flatten(form):
                out[i] = given
        elif isinstance(form, dict) and isinstance(given, dict) and set(given) <= set(form):
            for key, item in given.items():
                self._place(item, form[key], what, is_leaf, out)
        elif not isinstance(form, dict) and not isinstance(given, dict) and len(given) == len(form):
            for item, part in zip(given, form):
                self._place(item, part, what, is_leaf, out)
        else:
            raise InputError(
                f"{what} must be nested as the model's outputs are: "
                f"{tree.map_structure(lambda i: self.labelled[i], self._form)}; got {given!r}."
            )


def _number(n: int, of: str) -> str:
    plural = of[:-1] + "ies" if of.endswith("y") and of != "array" else of + "s"
    return f"{n} {of if n == 1 else plural}"
