"""`Bidirectional`: a recurrent layer that reads its input from both ends."""

from __future__ import annotations

from typing import Any

from ... import ops, tree
from ...errors import InputError
from ...serialization import CustomObjectScope
from ..layer import Layer
from ..wrapper import check_layer_given
from .rnn import take_states

_MERGE = ("sum", "mul", "concat", "ave", None)


class Bidirectional(Layer):
    """Two copies of a recurrent layer, one for each direction (Schuster and Paliwal 1997).

    Masked steps give zeros where all outputs are returned.

    Args:
        layer: The layer, an `RNN` or one with its attributes ``go_backwards``,
            ``return_sequences``, ``return_state`` and ``stateful``. It is copied with new weights.
        merge_mode: How the outputs are combined: ``concat``, ``sum``, ``mul``, ``ave``, or ``None``
            to return both.
        weights: Initial weights, those of the forward layer before those of the backward layer.
        backward_layer: The layer for the other direction, where it is not to be a copy.

    Call arguments: those of the layer; ``initial_state`` holds the states of the forward layer,
    then those of the backward layer, as do the states returned.

    >>> from kerata.layers.rnn.recurrent import LSTM
    >>> Bidirectional(LSTM(8, return_sequences=True)).compute_output_shape((None, 10, 3))
    (None, 10, 16)
    """

    supports_masking = True

    def __init__(
        self,
        layer: Layer,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Layer | None = None,
        **kwargs: Any,
    ) -> None:
        check_layer_given(layer, "Bidirectional")
        if backward_layer is not None:
            check_layer_given(backward_layer, "Bidirectional", "backward_layer")
        if merge_mode not in _MERGE:
            raise InputError(
                f"Bidirectional: merge_mode must be one of {_MERGE}; got {merge_mode!r}."
            )
        super().__init__(weights=weights, **kwargs)
        self.merge_mode = merge_mode
        self.forward_layer = _copy(layer, "forward_")
        if backward_layer is None:
            backward_layer = _copy(layer, "backward_", go_backwards=not layer.go_backwards)
        self.backward_layer: Any = backward_layer
        self._check_pair()
        one: Any
        for one in (self.forward_layer, self.backward_layer):
            if hasattr(one, "zero_output_for_mask"):
                one.zero_output_for_mask = one.return_sequences
        self.stateful = self.forward_layer.stateful
        self.return_sequences = self.forward_layer.return_sequences
        self.return_state = self.forward_layer.return_state
        self.input_spec = self.forward_layer.input_spec

    def get_config(self) -> dict[str, Any]:
        """The arguments, without the weights."""
        config = super().get_config()
        config.pop("weights", None)
        return config

    def _check_pair(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise InputError(
                "Bidirectional: layer and backward_layer must differ in go_backwards; "
                f"both have {forward.go_backwards}. Make backward_layer with go_backwards={not forward.go_backwards}."
            )
        for name in ("stateful", "return_sequences", "return_state"):
            a, b = getattr(forward, name), getattr(backward, name)
            if a != b:
                raise InputError(
                    f"Bidirectional: layer has {name}={a} but backward_layer {name}={b}; make them equal."
                )

    @property
    def layer(self) -> Layer:
        """The forward layer."""
        return self.forward_layer

    @property
    def states(self) -> Any:
        """The remembered states of both layers, or None."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return None if forward is None or backward is None else (*forward, *backward)

    def reset_state(self, states: Any = None) -> None:
        """Set the remembered states of both layers to zeros, or to the halves of `states`."""
        half = None if states is None else len(states) // 2
        self.forward_layer.reset_state(states if states is None else states[:half])
        self.backward_layer.reset_state(states if states is None else states[half:])

    reset_states = reset_state

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build both layers."""
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
                layer.built = True

    def __call__(self, sequences: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the layer; ``[sequences, *states]`` is taken apart first."""
        sequences, args, kwargs = take_states(sequences, args, kwargs)
        return super().__call__(sequences, *args, **kwargs)

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None
    ) -> Any:
        """The merged outputs, with all last states if these are wanted."""
        forward_state = backward_state = None
        if initial_state is not None:
            if not isinstance(initial_state, (list, tuple)) or len(initial_state) % 2:
                raise InputError(
                    "Bidirectional: initial_state must be a list of the states of both layers, forward first."
                )
            half = len(initial_state) // 2
            forward_state, backward_state = initial_state[:half], initial_state[half:]
        y = self._run_one(self.forward_layer, sequences, forward_state, mask, training)
        z = self._run_one(self.backward_layer, sequences, backward_state, mask, training)
        states: tuple = ()
        if self.return_state:
            y, *own = y
            z, *others = z
            states = (*own, *others)
        if self.return_sequences:
            z = ops.flip(z, axis=1)
        merged = self._merge(y, z)
        if not self.return_state:
            return merged
        return (*merged, *states) if self.merge_mode is None else (merged, *states)

    def _run_one(self, layer: Any, x: Any, state: Any, mask: Any, training: Any) -> Any:
        kwargs: dict[str, Any] = {}
        if layer._call_signature.training:
            kwargs["training"] = training
        if mask is not None and layer._call_signature.mask:
            kwargs["mask"] = mask
        if state is not None:
            kwargs["initial_state"] = list(state)
        return layer(x, **kwargs)

    def _merge(self, y: Any, z: Any) -> Any:
        if self.merge_mode is None:
            return y, z
        if self.merge_mode == "concat":
            return ops.concatenate([y, z], axis=-1)
        if self.merge_mode == "mul":
            return ops.multiply(y, z)
        total = ops.add(y, z)
        return total if self.merge_mode == "sum" else ops.divide(total, 2)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the steps for each output where all are returned; none for states."""
        mask = tree.flatten(previous_mask)[0] if self.return_sequences else None
        masks = [mask] if self.merge_mode else [mask, mask]
        if self.return_state:
            sizes = [
                tree.flatten(one.state_size) for one in (self.forward_layer, self.backward_layer)
            ]
            masks += [None for size in sizes for _ in size]
        return masks if len(masks) > 1 else masks[0]


def _copy(layer: Any, prefix: str, **changes: Any) -> Any:
    """A layer of the same configuration, with a name of its own and without weights."""
    config = {**layer.get_config(), **changes}
    config["name"] = prefix + layer.name.removeprefix(prefix)
    # A user's classes are at hand here, registered or not.
    with CustomObjectScope({type(one).__name__: type(one) for one in layer._flatten_layers()}):
        return type(layer).from_config(config)
