"""`Sequential`: a chain of layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import graph
from ..errors import InputError, KerataError, NotBuiltError
from ..layers.layer import Layer
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..spec import KerasTensor, unprobe
from .model import Model


class Sequential(Model):
    """Layers applied one after the other.

    The model is built at once where the shape of the input is known (an `Input` as the first layer,
    or ``input_shape`` of the first layer), else when it first meets data.

    Args:
        layers: The layers; more come by `add`.
        name: Name of the model.

    >>> from kerata import Input, layers
    >>> model = Sequential([Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
    >>> model.output_shape, model.count_params()
    ((None, 1), 49)
    """

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        self.__dict__.update(_chain=[], _trail=[], _chain_names=set(), _assumed=False)
        for layer in layers or []:
            self.add(layer)

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Append a layer."""
        from ..layers import InputLayer

        if isinstance(layer, KerasTensor):
            origin = layer._keras_history and layer._keras_history[0]
            if not isinstance(origin, InputLayer):
                raise InputError(
                    "Only Input tensors can be added to a Sequential model, not the outputs of layers."
                )
            layer = origin
        if not isinstance(layer, Layer):
            if not callable(layer) or isinstance(layer, type):
                what = (
                    f"the class {layer.__name__} itself: add an instance, {layer.__name__}(...)"
                    if isinstance(layer, type)
                    else repr(layer)
                )
                raise InputError(f"A Sequential model takes layers; got {what}.")
            from ..layers import Lambda

            layer = Lambda(
                layer, name=graph.auto_name(getattr(layer, "__name__", "lambda").strip("<>"))
            )
        if layer.name in self._chain_names:
            raise InputError(
                f"All layers of a Sequential model need their own names; {layer.name!r} is there already. "
                "Give the layer another name=."
            )
        if isinstance(layer, InputLayer):
            if self._chain:
                raise InputError(
                    f"An input must come first; the model has {len(self._chain)} layers already."
                )
            self._trail.append(layer.output)
        self._chain.append(layer)
        self._extend(layer)
        self._chain_names.add(layer.name)
        self._changed()

    def _extend(self, layer: Layer) -> None:
        """Carry the symbolic tensor through a new layer, where there is one."""
        from ..layers import InputLayer

        if isinstance(layer, InputLayer):
            return
        if not self._trail and len(self._chain) == 1:
            self._begin(layer)
        if not self._trail:
            return
        try:
            with self._around():
                self._trail.append(layer(self._trail[-1]))
        except KerataError:
            if self._assumed:  # built when it meets data, then
                self._trail.clear()
                return
            self._chain.pop()
            raise
        except Exception:
            self._chain.pop()
            raise

    def _begin(self, layer: Layer) -> None:
        """Make the input that the first layer asks for, or is known to take."""
        from ..layers import Input

        shape, dtype = getattr(layer, "usual_input", (None, None))
        if hasattr(layer, "own_inputs"):
            self._trail.append(layer.own_inputs())
        elif "_batch_shape" in layer.__dict__:
            self._trail.append(
                Input(batch_shape=layer._batch_shape, dtype=dtype or layer.input_dtype)
            )
        elif isinstance(layer, Model) and layer._graph is not None and len(layer.inputs) == 1:
            x = layer.inputs[0]
            self._trail.append(Input(batch_shape=x.shape, dtype=x.dtype))
        elif shape is not None:
            self._trail.append(Input(shape, dtype=dtype))
            self.__dict__["_assumed"] = True

    def pop(self, rebuild: bool = True) -> Layer:
        """Remove the last layer and return it."""
        if not self._chain:
            raise InputError("There is no layer to remove.")
        layer = self._chain.pop()
        self._chain_names.discard(layer.name)
        if self._trail:
            self._trail.pop()
        self._changed()
        return layer

    def _changed(self) -> None:
        self._graph = None
        self.__dict__.pop("_programs", None)
        self.__dict__.pop("_loss_graph", None)
        self.built = len(self._trail) > 1

    @property
    def _graph(self) -> graph.Graph | None:  # type: ignore[override]
        # Made when something asks for it, so that adding n layers costs n steps.
        state = self.__dict__
        if state.get("_made") is None and len(state.get("_trail", ())) > 1:
            state["_made"] = graph.Graph(state["_trail"][0], state["_trail"][-1])
        return state.get("_made")

    @_graph.setter
    def _graph(self, value: graph.Graph | None) -> None:
        self.__dict__["_made"] = value

    @property
    def layers(self) -> list[Layer]:
        """The layers without the input."""
        from ..layers import InputLayer

        return [x for x in self._chain if not isinstance(x, InputLayer)]

    @property
    def _layers(self) -> list[Layer]:
        extra = (
            [x for x in self._attribute_layers() if not any(x is y for y in self._chain)]
            if len(self._chain) < 64
            else []
        )
        return [*self.layers, *extra]

    def build(self, input_shape: Any = None) -> None:
        """Build for the shape of a batch; its first size does not count."""
        from ..layers import Input

        if self._trail:
            self.built = True
            return
        if not self._chain:
            raise NotBuiltError(f"The model {self.name!r} has no layers yet: add(...) some.")
        if input_shape is None:
            raise NotBuiltError(f"The model {self.name!r} needs an input shape to be built.")
        shape = unprobe(input_shape)
        self._start(Input(batch_shape=(None, *shape[1:]), dtype=self.compute_dtype))

    def _start(self, x: KerasTensor) -> None:
        trail = [x]
        with self._around():
            for layer in self._chain:
                trail.append(layer(trail[-1]))
        self.__dict__.update(_trail=trail, _assumed=False)
        self._changed()

    def _build_for(self, args: tuple, kwargs: dict) -> None:
        from ..layers import Input

        x: Any = args[0] if args else kwargs.get("inputs")
        if self.built or not hasattr(x, "shape"):
            return
        if not self._chain:
            raise NotBuiltError(f"The model {self.name!r} has no layers yet: add(...) some.")
        shape = unprobe(x.shape)
        self._start(Input(batch_shape=(None, *shape[1:]), dtype=_dtype(x)))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Apply the layers in turn."""
        from ..layers import Input

        if self._assumed and self._trail and len(inputs.shape) != len(self._trail[0].shape):
            self._start(Input(batch_shape=(None, *unprobe(inputs.shape)[1:]), dtype=_dtype(inputs)))
        if self._graph is not None:
            return super().call(inputs, training=training, mask=mask)
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Name and layers."""
        from ..layers import InputLayer

        chain = list(self._chain)
        single = self._trail and isinstance(self._trail[0], KerasTensor)
        if single and not isinstance(chain[0], InputLayer):
            chain.insert(0, self._trail[0]._keras_history[0])
        config: dict[str, Any] = {
            "name": self.name, "trainable": self.trainable, "dtype": serialize_keras_object(self._dtype_policy),
            "layers": [serialize_keras_object(x) for x in chain],
        }  # fmt: skip
        if single:
            config["build_input_shape"] = self._trail[0].shape
        return config

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """The model of a configuration; a bare list of layers is taken too."""
        from ..layers import InputLayer
        from ..serialization import custom_object_scope

        entries = config if isinstance(config, list) else config["layers"]
        name = None if isinstance(config, list) else config.get("name")
        with custom_object_scope(custom_objects or {}):
            made = [deserialize_keras_object(e) for e in entries]
        model = cls(name=name)
        if isinstance(config, dict) and config.get("dtype") is not None:
            model.dtype_policy = config["dtype"]
        for layer in made:
            model.add(layer)
        shape = None if isinstance(config, list) else config.get("build_input_shape")
        if shape and not model._trail and not any(isinstance(x, InputLayer) for x in made):
            model.build(tuple(shape))
        if isinstance(config, dict) and config.get("trainable") is False:
            model.trainable = False
        return model


def _dtype(x: Any) -> str:
    from ..dtypes import standardize

    return standardize(x.dtype)
