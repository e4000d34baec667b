"""`Model`: a layer that can be trained, saved and looked at. Functional where it is given tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import capture, graph, ops, tree
from ..capture import is_built_in
from ..engine import engine, foreign_call
from ..errors import InputError, NotBuiltError, ShapeError
from ..layers.calls import shapes_of, symbols
from ..layers.layer import Layer
from ..scope import get_mask, set_mask
from ..spec import KerasTensor, Spec, probe, unprobe
from .layer_list import LayerList
from .states import StateMethods
from .training import TrainingMethods

# What models once had, see `legacy.methods`.
_OLD_NAMES = frozenset(
    """
    _collected_trainable_weights _feed_inputs _feed_sample_weights _feed_targets
    _make_predict_function _make_test_function _make_train_function compiled_loss
    compiled_metrics container_nodes
    evaluate_generator fit_generator flattened_layers input_layers metrics_tensors output_layers
    predict_classes predict_generator predict_proba reset_states sample_weights state_updates
    stateful targets to_yaml total_loss
    """.split()
)


class Model(TrainingMethods, StateMethods, Layer):
    """Layers joined into something that can be trained, evaluated, used and saved.

    With `inputs` and `outputs` the model is functional: it computes the outputs from the inputs
    along the calls that connect them. Without them a subclass defines ``call``.

    Args:
        inputs: Symbolic tensors from `Input`, alone or in a list or dict; any inner tensor of
            another model also serves.
        outputs: Symbolic tensors computed from them.
        name: Name of the model.

    >>> from kerata import Input, layers
    >>> x = Input((4,))
    >>> model = Model(x, layers.Dense(2)(x))
    >>> model.output_shape, model.count_params()
    ((None, 2), 10)
    """

    _abstract_config = True
    FRONT = "kerata.front"
    """Key of data that have passed the layers which run on the host, see `train.front`."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Model:
        """A `Functional` where `Model` itself is called with tensors."""
        functional = cls is Model and (
            args or not kwargs.keys().isdisjoint(("inputs", "outputs", "input", "output"))
        )
        return object.__new__(Functional if functional else cls)

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._graph: graph.Graph | None = None
        self._compiled: Any = None
        self._symbolic_losses: list[KerasTensor] = []
        self.stop_training = False
        if (inputs is None) != (outputs is None):
            raise InputError("A functional model needs both inputs and outputs.")
        if inputs is not None:
            self._set_graph(graph.Graph(inputs, outputs))

    def _set_graph(self, made: graph.Graph) -> None:
        self._graph = made
        self._check_names()
        self.built = True

    def _check_names(self) -> None:
        seen: dict[str, Any] = {}
        for layer in self._graph.operations:  # type: ignore[union-attr]
            if seen.setdefault(layer.name, layer) is not layer:
                raise InputError(
                    f"The name {layer.name!r} is used {_count(self._graph, layer.name)} times in the model. "
                    "All layer names must be unique: give these layers other names."
                )

    # --- structure -------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, from the inputs to the outputs; of a subclassed model those in its attributes."""
        if self._graph is not None:
            gone = self.__dict__.get("_taken_out", ())
            found = (o for o in self._graph.operations if isinstance(o, Layer) and o not in gone)
            return LayerList(found, self)
        return self._attribute_layers()

    def _attribute_layers(self) -> list[Layer]:
        return tree.unique(self._own(Layer))

    @property
    def _layers(self) -> list[Layer]:
        if self._graph is None:
            return self._attribute_layers()
        return tree.unique([*self.layers, *self._attribute_layers()])

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name or at an index."""
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise InputError(f"There is no layer {index}: the model has {len(layers)} layers.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        from ..capture import unknown_argument

        raise InputError(
            unknown_argument(f"Model {self.name!r}", str(name), [x.name for x in layers]).replace(
                "argument", "layer"
            )
        )

    def _need_graph(self, what: str) -> graph.Graph:
        if self._graph is None:
            raise NotBuiltError(
                f"The model {self.name!r} has no defined {what} yet. Give the first layer an input shape, or call "
                "the model on data; a subclassed model has none."
            )
        return self._graph

    @property
    def input(self) -> Any:
        """Symbolic input or inputs."""
        return self._need_graph("input").inputs

    @property
    def output(self) -> Any:
        """Symbolic output or outputs."""
        return self._need_graph("output").outputs

    @property
    def inputs(self) -> list[KerasTensor]:
        """Symbolic inputs as a flat list."""
        return self._need_graph("input").flat_inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """Symbolic outputs as a flat list."""
        return self._need_graph("output").flat_outputs

    @outputs.setter
    def outputs(self, value: Any) -> None:
        from ..legacy.methods import set_outputs

        set_outputs(self, value)

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or shapes of the inputs in their structure."""
        return tree.map_structure(lambda x: x.shape, self.input)

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or shapes of the outputs in their structure."""
        return tree.map_structure(lambda x: x.shape, self.output)

    @property
    def input_names(self) -> list[str]:
        """Names of the input layers."""
        return [graph.node_of(x).operation.name for x in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: dict keys, or the names of the layers that make them."""
        if self._graph is None:
            return self.__dict__.get("_output_names") or ["output"]
        if isinstance(self._graph.outputs, dict):
            return [str(p[0]) for p, _ in tree.flatten_with_path(self._graph.outputs)]
        names: list[str] = []
        for x in self.outputs:
            name = graph.node_of(x).operation.name
            n = names.count(name)
            names.append(name if not n else f"{name}_{n}")
        return names

    # --- calling ---------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model like a layer, also on tensors of a ``tf.data`` pipeline."""
        infer = self.compute_output_spec
        done, outputs = foreign_call(super().__call__, infer, args, kwargs, own=True)
        return outputs if done else super().__call__(*args, **kwargs)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Run the graph; subclassed models override this."""
        if self._graph is None:
            raise NotImplementedError(
                f"{type(self).__name__} has no call method: define call(self, inputs), or give the constructor "
                "inputs and outputs."
            )
        if type(inputs) is dict and self.FRONT in inputs:
            return self.__dict__["_front"].rest.run(inputs[self.FRONT])
        flat = self._standardize(inputs)
        if mask is not None:
            for x, m in zip(flat, tree.flatten(mask)):
                set_mask(x, m)
        if not self._symbolic_losses:
            return self._graph.run(flat)
        return self._run_with_losses(flat)

    def _run_with_losses(self, flat: list[Any]) -> Any:
        g = self._need_graph("output")
        full = self.__dict__.get("_loss_graph")
        if full is None:
            made = graph.Graph(g.flat_inputs, [*g.flat_outputs, *self._symbolic_losses])
            full = self.__dict__["_loss_graph"] = made
        values = full.run(flat)
        n = len(g.flat_outputs)
        for x, name in zip(values[n:], self.__dict__["_symbolic_names"]):
            if name is None:
                Layer.add_loss(self, _mean(x))
            else:
                Layer.add_metric(self, x, name=name)
        out = values[:n]
        single = isinstance(g.outputs, KerasTensor)
        return out[0] if single else tree.pack_sequence_as(g.outputs, out)

    def add_loss(self, loss: Any, inputs: Any = None, **kwargs: Any) -> None:
        """Add to the loss: a scalar of this call, a function, or a symbolic tensor of the graph."""
        self._add_symbolic([x for x in tree.flatten(loss) if isinstance(x, KerasTensor)], None)
        super().add_loss([x for x in tree.flatten(loss) if not isinstance(x, KerasTensor)])

    def add_metric(
        self, value: Any, name: str | None = None, aggregation: str = "mean", **kwargs: Any
    ) -> None:
        """Follow the mean of a tensor of this call, or of a symbolic tensor of the graph."""
        if isinstance(value, KerasTensor):
            self._add_symbolic([value], name or "metric")
        super().add_metric(value, name, aggregation, **kwargs)

    def _add_symbolic(self, tensors: list[KerasTensor], name: str | None) -> None:
        self._symbolic_losses.extend(tensors)
        self.__dict__.setdefault("_symbolic_names", []).extend([name] * len(tensors))
        self.__dict__.pop("_loss_graph", None)

    def _standardize(self, inputs: Any) -> list[Any]:
        """The given inputs as a flat list in the order, rank and dtype of the graph's inputs."""
        wanted = self._graph.flat_inputs  # type: ignore[union-attr]
        structure = self._graph.inputs  # type: ignore[union-attr]
        if isinstance(inputs, dict):
            keys = list(structure) if isinstance(structure, dict) else self.input_names
            if isinstance(structure, dict):
                keys = [p[0] for p, _ in tree.flatten_with_path(structure)]
            missing = [k for k in keys if k not in inputs]
            if missing:
                raise InputError(
                    f"Model {self.name!r} misses the input{'s' * (len(missing) > 1)} {', '.join(map(repr, missing))}; "
                    f"got a dict with the keys {list(inputs)}."
                )
            flat = tree.flatten([inputs[k] for k in keys])
        else:
            flat = tree.flatten(inputs)
        if len(flat) != len(wanted):
            raise ShapeError(
                f"Model {self.name!r} expects {len(wanted)} input{'s' * (len(wanted) > 1)} "
                f"({', '.join(self.input_names)}), got {len(flat)}."
            )
        return [self._fit_input(x, k) for x, k in zip(flat, wanted)]

    def _fit_input(self, x: Any, wanted: KerasTensor) -> Any:
        if not hasattr(x, "shape"):
            x = engine().asarray(x)
        rank, target = len(x.shape), len(wanted.shape)
        mask = get_mask(x)
        if rank == target + 1 and x.shape[-1] == 1:
            x = ops.reshape(x, x.shape[:-1])
        elif rank == target - 1 and wanted.shape[-1] == 1:
            x = ops.reshape(x, (*x.shape, 1))
        p = probe()
        fits = len(x.shape) == target and all(
            w is None or g is None or w == g or g == p for g, w in zip(x.shape, wanted.shape)
        )
        if not fits and not (capture.reread is not None and _but_ones(x.shape, wanted.shape)):
            name = graph.node_of(wanted).operation.name
            raise ShapeError(
                f"Model {self.name!r} expects its input {name!r} to have the shape {wanted.shape}, got "
                f"{unprobe(x.shape)}.{_shape_hint(wanted.shape, x.shape)}"
            )
        if _name(x.dtype) != wanted.dtype:
            x = (
                Spec(x.shape, wanted.dtype)
                if isinstance(x, Spec)
                else engine().asarray(x, wanted.dtype)
            )
        if mask is not None:
            set_mask(x, mask)
        return x

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Masks of the outputs are those that the inner layers gave."""
        return None

    def build(self, input_shape: Any = None) -> None:
        """Make the weights of a subclassed model by a run on shapes."""
        if self._graph is not None or input_shape is None:
            self.built = True
            return
        self._infer_outputs(symbols(input_shape, self.compute_dtype))

    def _build_for(self, args: tuple, kwargs: dict) -> None:
        own = not is_built_in(next(c for c in type(self).__mro__ if "build" in c.__dict__))
        if len(args) > 1 and self._graph is None and not self.built and not own:
            # ``build`` is told of the first input only; the call that follows makes the weights.
            self._choose_policy()
            self.built = True
            return
        super()._build_for(args, kwargs)

    def _infer_outputs(self, *inputs: Any) -> Any:
        """Specs of the outputs for symbolic inputs; makes all weights that are not there yet."""
        definer = next(c for c in type(self).__mro__ if "build" in c.__dict__)
        if not is_built_in(definer) and "_building" not in self.__dict__:
            self._build_for(inputs, {})  # it makes the layers that `call` uses
        self.built = True
        self.__dict__.setdefault("_build_shapes", [shapes_of(x) for x in inputs])  # files need them
        try:
            return graph.infer(self._run_abstract, tuple(inputs), {})
        finally:
            self._clear_losses()

    # --- looking at it ---------------------------------------------------------------------------

    def freeze(self, until: Any = None) -> None:
        """Make the layers before `until` untrainable, and that one and those after it trainable.

        For transfer learning: train the new top of a network first, then more and more of it. Compiled
        settings stay; the next `fit` takes notice. Frozen batch normalizations use their running moments.

        Args:
            until: The first layer to be trained, by itself, its name, or its number in `layers`. All
                layers are frozen for ``None``.

        >>> from kerata import Sequential, layers
        >>> model = Sequential([layers.Input((2,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")])
        >>> model.freeze(until="b")
        >>> [layer.name for layer in model.layers if layer.trainable]
        ['b']
        """
        known = self.layers
        if until is None:
            at = len(known)
        elif isinstance(until, int):
            at = known.index(self.get_layer(index=until if until >= 0 else len(known) + until))
        else:
            name = until if isinstance(until, str) else until.name
            at = known.index(self.get_layer(name))
        for i, layer in enumerate(known):
            layer.trainable = i >= at

    def unfreeze(self) -> None:
        """Make all layers trainable.

        >>> from kerata import Sequential, layers
        >>> model = Sequential([layers.Input((2,)), layers.Dense(3)])
        >>> model.freeze()
        >>> model.unfreeze()
        >>> len(model.trainable_weights)
        2
        """
        for layer in self.layers:
            layer.trainable = True

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print a table of the layers with their output shapes and numbers of parameters."""
        from .summary import summary_text

        text = summary_text(
            self, line_length, positions, expand_nested, show_trainable, layer_range
        )
        if print_fn is None:
            print(text)
            return
        for line in text.splitlines():
            print_fn(line)

    def _repr_html_(self) -> str:
        from .summary import summary_html

        return summary_html(self)

    def count_params(self) -> int:
        """Number of scalars in the weights."""
        if not self.weights and not self.built:
            raise NotBuiltError(
                f"The model {self.name!r} is not built yet; call it on data or give it an input shape."
            )
        return sum(v.size for v in self.weights)

    # --- configuration and files -----------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The architecture, fit for JSON."""
        from .functional import functional_config

        if self._graph is not None and _config_from_graph(type(self)):
            return functional_config(self)
        if not _config_from_graph(type(self)):
            return super().get_config()
        return {}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """The model of a configuration that `get_config` wrote."""
        from ..serialization import custom_object_scope
        from .functional import functional_from_config

        with custom_object_scope(custom_objects or {}):
            if "layers" in config and "input_layers" in config:
                return functional_from_config(cls, config)
            return super().from_config(config)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as a JSON text, in the form of Keras 3."""
        from ..saving import model_to_json

        return model_to_json(self, **kwargs)

    def save(
        self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Save architecture, weights and training state: ``.keras``, or ``.h5`` of old."""
        from .. import saving

        saving.save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(
        self,
        filepath: Any,
        overwrite: bool = True,
        max_shard_size: float | None = None,
        **kwargs: Any,
    ) -> None:
        """Save the weights; with `max_shard_size`, in files of so many gigabytes and an index."""
        from .. import saving

        saving.save_weights(self, filepath, overwrite, max_shard_size, **kwargs)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> Any:
        """Load weights saved by `save_weights` or in a model file; ``by_name`` matches layer names."""
        from .. import saving

        return saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in _OLD_NAMES:
            from ..legacy.methods import attribute

            return attribute(self, name)
        return super().__getattr__(name)

    def __getstate__(self) -> dict[str, Any]:
        if self._graph is None:
            state = super().__getstate__()
            state["_compiled"] = None
            return state
        return {
            "config": self.get_config(), "weights": [v.host() for v in self.weights],
            "compile": self.get_compile_config(),
        }  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "config" not in state or "weights" not in state:
            self.__dict__.update(state)
            return
        made = type(self).from_config(state["config"])
        made.set_weights(state["weights"])
        self.__dict__.update(made.__dict__)
        if state["compile"]:
            self.compile_from_config(state["compile"])


class Functional(Model):
    """What ``Model(inputs, outputs)`` makes: a model that is a graph of layers and nothing else.

    >>> from kerata import layers
    >>> x = layers.Input((3,))
    >>> isinstance(Model(x, layers.Dense(2)(x)), Functional)
    True
    """

    _abstract_config = True


def _config_from_graph(cls: type) -> bool:
    """Whether a class has no constructor of its own, so that its graph is its configuration."""
    own_init = next(c for c in cls.__mro__ if "__init__" in c.__dict__)
    return is_built_in(own_init)


def _count(g: Any, name: str) -> int:
    return sum(o.name == name for o in g.operations)


def _name(dtype: Any) -> str:
    from ..dtypes import standardize

    return standardize(dtype)


def _mean(x: Any) -> Any:
    from .. import ops

    return ops.mean(x)


def _but_ones(shape: Any, wanted: Any) -> bool:
    """Whether shapes differ by axes of size 1 only: models of Keras 1 and 2 were called on such tensors, too."""
    return [d for d in unprobe(shape)[1:] if d != 1] == [d for d in wanted[1:] if d != 1]


def _shape_hint(want: Sequence[int | None], got: Sequence[int | None]) -> str:
    if len(got) == len(want) - 1:
        if tuple(want[1:]) == tuple(got):
            return " A batch axis is missing: a single sample goes in as x[None]."
        if want[-1] == 1:
            return " The channel axis is missing: x[..., None]."
        return " An axis is missing."
    known = [d for d in want[1:] if d is not None]
    if len(got) > len(want) and len(want) == 2 and known:
        product = 1
        for d in got[1:]:
            product *= d or 1
        if product == known[0]:
            return f" Flatten each sample first: x.reshape(len(x), {known[0]})."
    if len(got) == len(want) and sorted(map(str, got[1:])) == sorted(map(str, want[1:])):
        return " The axes are in another order: check image_data_format or transpose the data."
    return " Check the data, or the shape given to Input."
