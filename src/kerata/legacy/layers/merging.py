"""``Merge`` and ``merge``: several tensors, or models, made one, as in Keras 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import tree
from ...errors import InputError
from ...layers import merging
from ...layers.layer import Layer
from ...models import Model, Sequential

_MODES = ("sum", "mul", "concat", "ave", "dot", "cos", "max")


class Merge(Layer):
    """Merges a list of tensors, or the outputs of a list of models.

    Args:
        layers: Models, or layers that know the shape of their input, whose outputs are merged. As the
            first layer of a `Sequential` this makes a model that takes the inputs of them all in a
            list.
        mode: ``sum``, ``mul``, ``concat``, ``ave``, ``dot``, ``cos``, ``max``, or a function of the list
            of tensors.
        concat_axis: Axis of ``concat``.
        dot_axes: Axis, or pair of axes, of ``dot`` and ``cos``.
        output_shape: Shape of a sample of the output, where `mode` is a function; not needed.
        output_mask: A mask, or a function ``(inputs, mask)`` of one, where `mode` is a function.
        arguments: More keyword arguments of that function.
        node_indices, tensor_indices: Taken and not used.

    >>> from kerata import ops
    >>> Merge(mode="sum")([ops.array([1.0, 2.0]), ops.array([3.0, 4.0])]).tolist()
    [4.0, 6.0]
    """

    supports_masking = True

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        mode: str | Callable = "sum",
        concat_axis: int = -1,
        dot_axes: Any = -1,
        output_shape: Any = None,
        output_mask: Any = None,
        arguments: dict[str, Any] | None = None,
        node_indices: Any = None,
        tensor_indices: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(mode) and mode not in _MODES:
            raise InputError(
                f"Merge: mode must be one of {', '.join(_MODES)} or a function, got {mode!r}."
            )
        if layers is not None and len(layers) < 2:
            raise InputError(f"Merge needs at least two layers to merge, got {len(layers)}.")
        self.branches = list(layers or [])
        self.mode, self.concat_axis, self.dot_axes = mode, concat_axis, dot_axes
        self.output_mask, self.arguments = output_mask, arguments or {}
        self._merger = None if callable(mode) else self._make_merger()

    def _make_merger(self) -> Layer:
        axes = self.dot_axes
        axes = tuple(axes) if isinstance(axes, (list, tuple)) else axes
        make: dict[Any, Callable[[], Layer]] = {
            "sum": merging.Add, "mul": merging.Multiply, "ave": merging.Average, "max": merging.Maximum,
            "concat": lambda: merging.Concatenate(axis=self.concat_axis),
            "dot": lambda: merging.Dot(axes), "cos": lambda: merging.Dot(axes, normalize=True),
        }  # fmt: skip
        return make[self.mode]()

    # --- models ----------------------------------------------------------------------------------

    def _own_branches(self) -> list[Any]:
        """The branches, each once: one that stands twice has one input."""
        return list({id(b): b for b in self.branches}.values())

    def own_inputs(self) -> list[Any]:
        """Symbolic inputs for all branches, with which a `Sequential` begins.

        They are the branches' own: where a branch also stands within another one, both take the same input.

        Raises:
            InputError: A branch does not know the shape of its input.
        """
        if not self.branches:
            raise InputError("Merge as the first layer of a Sequential needs the models to merge.")
        for branch in self._own_branches():
            if self._inputs_of(branch)[0] is branch:
                raise InputError(
                    f"Merge: the branch {branch.name!r} does not know the shape of its input. Give its first layer "
                    "input_shape= or input_dim=."
                )
        return self._all_inputs()

    def _all_inputs(self) -> list[Any]:
        return tree.unique(x for branch in self._own_branches() for x in self._inputs_of(branch))

    def _inputs_of(self, branch: Any) -> list[Any]:
        """Inputs of a branch; the branch itself stands for one that is not known yet."""
        from ...layers import Input

        if isinstance(branch, Model) and branch._graph is not None:
            return branch.inputs
        known = self.__dict__.setdefault("_made_inputs", {})
        if id(branch) in known:
            return known[id(branch)]
        if "_batch_shape" in branch.__dict__ and not isinstance(branch, Sequential):
            made = [Input(batch_shape=branch._batch_shape, dtype=branch.input_dtype)]
            return known.setdefault(id(branch), made)
        return [branch]

    def _branch_outputs(self, inputs: Any) -> list[Any]:
        given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        wanted = self._all_inputs()
        if len(given) != len(wanted):
            names = ", ".join(repr(b.name) for b in self._own_branches())
            raise InputError(
                f"Merge: the branches {names} take {len(wanted)} inputs, got {len(given)}."
            )
        values = {id(k): v for k, v in zip(wanted, given)}
        found: dict[int, Any] = {}
        for branch in self._own_branches():
            taken = [values[id(k)] for k in self._inputs_of(branch)]
            found[id(branch)] = branch(taken if len(taken) > 1 else taken[0])
        return [found[id(b)] for b in self.branches]

    # --- computing -------------------------------------------------------------------------------

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The merged tensor."""
        tensors = self._branch_outputs(inputs) if self.branches else inputs
        if self._merger is not None:
            return self._merger(tensors)
        return self.mode(tensors, **self.arguments)  # type: ignore[operator]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """That of the layer which merges today, or `output_mask`."""
        if self._merger is None:
            return (
                self.output_mask(inputs, mask) if callable(self.output_mask) else self.output_mask
            )
        if self.branches or mask is None:
            return None
        return self._merger.compute_mask(inputs, mask)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer out of a configuration, of Kerata or of Keras 1."""
        config = dict(config)
        for key in ("mode_type", "output_shape_type", "output_mask_type"):
            kind = config.pop(key, None)
            name = key.removesuffix("_type")
            if kind == "lambda" and isinstance(config.get(name), list):
                config[name] = {"class_name": "__lambda__", "config": {"value": config[name]}}
            elif kind == "function" and isinstance(config.get(name), str):
                config[name] = {
                    "module": "builtins", "class_name": "function", "config": config[name],
                    "registered_name": "function",
                }  # fmt: skip
        made = super().from_config(config)
        made._join_branches()
        return made

    def _join_branches(self) -> None:
        """Let a branch of the name of a model within another be that model: it was, before it was written."""
        for i, branch in enumerate(self.branches):
            others = [x for b in self.branches[:i] for x in b._flatten_layers()]
            same = (x for x in others if x.name == branch.name and type(x) is type(branch))
            self.branches[i] = next(same, branch)


def merge(
    inputs: Sequence[Any],
    mode: str | Callable = "sum",
    concat_axis: int = -1,
    dot_axes: Any = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict[str, Any] | None = None,
    name: str | None = None,
) -> Any:
    """`Merge` as a function of tensors.

    >>> from kerata import ops
    >>> merge([ops.array([[1.0]]), ops.array([[2.0]])], mode="concat").tolist()
    [[1.0, 2.0]]
    """
    layer = Merge(
        None, mode, concat_axis, dot_axes, output_shape, output_mask, arguments, name=name
    )
    return layer(list(inputs))


def mask_of_all(masks: Sequence[Any]) -> Any:
    """The mask of merged tensors as Keras 1 and 2 made it: true where all masks are that there are.

    >>> from kerata import ops
    >>> mask_of_all([ops.array([True, False]), None]).tolist()
    [True, False]
    """
    from ... import ops

    there = [m for m in masks if m is not None]
    out = there[0] if there else None
    for m in there[1:]:
        out = ops.logical_and(out, m)
    return out
