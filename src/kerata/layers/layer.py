"""`Layer`: state, building, calling, and everything that Keras promises to subclasses."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import config as settings
from .. import dtypes, graph, ops, tree
from ..capture import Configurable
from ..engine import engine, is_foreign, is_module, layer_method, own_variable, to_host
from ..errors import InputError, KerataError, NotBuiltError, ShapeError
from ..rematerialize import layer_call
from ..scope import Binding, Call, get_mask, local, set_mask
from ..spec import KerasTensor, Spec, probe, probing, unprobe
from ..variable import Variable, as_values
from .calls import (
    CallSignature,
    any_symbolic,
    as_shapes,
    call_signature,
    first_leaf,
    shape_parameters,
    shapes_of,
    specs,
    symbols,
)
from .input_spec import check_inputs

# Attributes that hold layers or variables which are not the layer's own.
_UNTRACKED = frozenset(
    {
        "_captured",
        "_inbound_nodes",
        "_losses",
        "_optimizer",
        "optimizer",
        "_graph",
        "_symbolic_losses",
        "_made",
        "_compiled",
        "_carried",
    }
)

_NOTHING = contextlib.nullcontext()
# Types of inputs that need no conversion: the engine's tensors, Specs.
_OWN_TYPES: set[type] = set()
_PLAIN = frozenset({str, int, float, bool, type(None)})


class Layer(graph.Operation, Configurable):
    """A function of tensors with weights: the building block of models.

    Subclasses write ``__init__``, ``build(input_shape)`` where weights depend on the input, and
    ``call(inputs, ...)``; weights come from `add_weight`. ``call`` may take ``training`` and
    ``mask``, which are filled in by the caller's context. Layers and variables kept in attributes,
    also within lists and dicts, are tracked. The configuration is captured from the constructor,
    the output shape found by running ``call`` on shapes; `get_config` and `compute_output_shape`
    may be overridden.

    Args:
        activity_regularizer: Penalty on the output, added to the loss.
        trainable: Whether the weights are trained.
        dtype: dtype or dtype policy of weights and arithmetic.
        autocast: Whether float inputs are cast to the compute dtype.
        name: Unique name; made from the class name by default.
        input_shape: Shape of a sample, for the first layer of a `Sequential`.
        input_dim: The same for samples that are vectors.
        batch_shape: Shape of a batch, for the first layer of a `Sequential`.
        weights: Initial values of the weights.

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(shape=(), initializer="ones", name="factor")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> layer = Scale()
    >>> layer.compute_output_shape((None, 3))
    (None, 3)
    >>> layer.count_params()
    1
    """

    _abstract_config = True
    _training_default: bool | None = None  # of calls from outside that do not say
    supports_masking = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _building(cls.__dict__["build"])  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        batch_shape: Sequence[int | None] | None = None,
        weights: Sequence[Any] | None = None,
    ) -> None:
        graph.Operation.__init__(self, name)
        self.activity_regularizer = _get("regularizers", activity_regularizer)
        self._trainable = bool(trainable)
        self._dtype_policy = self._own_policy = dtypes.policy(dtype)
        self.autocast = autocast
        self.built = False
        self.input_spec: Any = None
        self._losses: list[Any] = []
        self._initial_weights = weights
        if weights is not None:  # state, no part of the configuration
            for _, given in self._captured.values():
                given.pop("weights", None)
        if input_dim is not None and input_shape is None:
            input_shape = (input_dim,)
        if isinstance(input_shape, int):
            input_shape = (input_shape,)
        if input_shape is not None and batch_shape is None:
            batch_shape = (None, *input_shape)
        if batch_shape is not None:
            self._batch_shape = tuple(batch_shape)

    # --- for constructors and build --------------------------------------------------------------

    def adopt(self, arguments: dict[str, Any]) -> None:
        """Set an attribute for each constructor argument, given as ``locals()``.

        Names of activations, initializers, regularizers and constraints become the objects; a
        ``data_format`` of ``None`` the default one.
        """
        for key, value in arguments.items():
            if key in (
                "self",
                "kwargs",
                "__class__",
                "name",
                "trainable",
                "dtype",
                "activity_regularizer",
            ):
                continue
            for suffix, module in _RESOLVED.items():
                if key == suffix or key.endswith("_" + suffix):
                    value = _get(module, value)
            if key == "data_format":
                value = settings.standardize_data_format(value)
            setattr(self, key, value)

    def weight(self, name: str, shape: Sequence[int], **kwargs: Any) -> Variable:
        """A weight with the layer's initializer, regularizer and constraint of that name."""
        for part in ("initializer", "regularizer", "constraint"):
            kwargs.setdefault(part, getattr(self, f"{name}_{part}", None))
        return self.add_weight(shape=shape, name=name, **kwargs)

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: Any = None,
        **kwargs: Any,
    ) -> Variable:
        """Make a weight.

        Args:
            shape: Sizes of the axes; ``()`` by default.
            initializer: Name, instance or function of ``(shape, dtype)``; Glorot uniform for
                floats, zeros for others by default.
            dtype: Name of the dtype; the layer's by default.
            trainable: Whether optimizers change it.
            regularizer: Penalty on it, added to the loss.
            constraint: Projection applied to it after each step.
            name: Last part of its path.
        """
        if isinstance(shape, str):  # Keras 2 took the name first
            shape, name = (name if name is not None else initializer), shape
            initializer = kwargs.pop(
                "init", initializer if not isinstance(initializer, (tuple, list)) else None
            )
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        dtype = dtypes.standardize(dtype) if dtype is not None else self.variable_dtype
        if initializer is None:
            initializer = "glorot_uniform" if dtypes.is_float(dtype) else "zeros"
        variable = Variable(
            _get("initializers", initializer), shape, dtype, trainable, autocast, aggregation,
            name=name, constraint=_get("constraints", constraint),
            regularizer=_get("regularizers", regularizer),
        )  # fmt: skip
        variable.overwrite_with_gradient = overwrite_with_gradient
        variable.path = "/".join([*self._path(), variable.name])
        if not self._trainable:
            variable.trainable = False
        self.__dict__.setdefault("_own_weights", []).append(variable)
        return variable

    def build(self, input_shape: Any = None) -> None:
        """Make the weights. It does so once, before the first ``call``: a layer that is built stays so."""
        self.built = True

    # --- state -----------------------------------------------------------------------------------

    def _own(self, kind: type) -> Iterator[Any]:
        """Objects of a type among the attributes, also within lists, tuples and dicts."""
        for key, value in self.__dict__.items():
            if type(value) not in _PLAIN and key not in _UNTRACKED:
                if isinstance(value, kind):
                    yield value
                elif isinstance(value, (list, tuple, dict)):
                    yield from _find(value, kind)

    @property
    def _layers(self) -> list[Layer]:
        return tree.unique(self._own(Layer))

    @property
    def _own_variables(self) -> list[Variable]:
        return sorted(tree.unique(self._own(Variable)), key=lambda v: not v.can_train)

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> Iterator[Layer]:
        """The layer itself and all below it, each once, parents before children."""
        seen: set[int] = set()
        todo: list[Layer] = [self]
        while todo:
            layer = todo.pop()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            if include_self or layer is not self:
                yield layer
            if recursive or layer is self:
                todo.extend(reversed(layer._layers))

    @property
    def variables(self) -> list[Variable]:
        """All state: weights, and the states of metrics and random generators."""
        out = [*self.weights, *self._carried_below()]
        for layer in self._flatten_layers():
            for metric in layer._own(_metric_class()):
                out.extend(metric.variables)
        return tree.unique(out)

    @property
    def weights(self) -> list[Variable]:
        """The layer's weights and those of the layers in it, in the order of their making."""
        return tree.unique(v for layer in self._flatten_layers() for v in layer._own_variables)

    @property
    def trainable_variables(self) -> list[Variable]:
        """Weights that optimizers change."""
        if not self.trainable:
            return []
        return [v for v in self.weights if v.trainable]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """State that optimizers leave alone."""
        return [*self.non_trainable_weights, *self._carried_below()]

    trainable_weights = trainable_variables

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that optimizers leave alone."""
        train = {id(v) for v in self.trainable_variables}
        return [v for v in self.weights if id(v) not in train]

    def _carried_below(self) -> list[Variable]:
        """State carried from call to call that is no weight: of stateful layers, of random generators."""
        found: list[Variable] = []
        for layer in self._flatten_layers():
            found.extend(tree.flatten(layer.__dict__.get("_carried") or ()))
            found.extend(generator.state for generator in layer._own(ops.random.SeedGenerator))
        return tree.unique(found)

    @property
    def metrics_variables(self) -> list[Variable]:
        """State of the metrics in the layer."""
        return [v for m in self._metrics_below() for v in m.variables]

    @property
    def metrics(self) -> list[Any]:
        """The metrics in the layer and in those below it."""
        return self._metrics_below()

    def _metrics_below(self) -> list[Any]:
        return tree.unique(
            m for layer in self._flatten_layers() for m in layer._own(_metric_class())
        )

    @property
    def trainable(self) -> bool:
        """Whether the weights are trained; setting it sets all layers below."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._flatten_layers():
            layer._trainable = bool(value)
            for v in layer._own_variables:
                v.trainable = bool(value) and v.can_train

    def get_weights(self) -> list[np.ndarray]:
        """Values of the weights as NumPy arrays."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the weights to values in the order of `get_weights`. All fit, or none is set."""
        own = self.weights
        values = [w if hasattr(w, "shape") else np.asarray(w) for w in weights]
        if len(values) != len(own) or any(tuple(w.shape) != v.shape for v, w in zip(own, values)):
            raise ShapeError(_weights_table(self.name, own, values))
        for v, w in zip(own, values):
            v.assign(w)

    def count_params(self) -> int:
        """Number of scalars in the weights."""
        if not self.built and not self.weights:
            raise NotBuiltError(
                f"The layer {self.name!r} is not built yet, its weights are not known. Call it on data or build(input_shape)."
            )
        return sum(v.size for v in self.weights)

    # --- dtypes ----------------------------------------------------------------------------------

    @property
    def dtype_policy(self) -> dtypes.DTypePolicy:
        """The dtype policy."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        self._dtype_policy = self._own_policy = dtypes.policy(value)

    def _choose_policy(self) -> None:
        """Take the policy of this layer out of a map: the layer's path is known where it is built."""
        if isinstance(self._dtype_policy, dtypes.DTypePolicyMap):
            self._own_policy = self._dtype_policy["/".join(self._path())]

    @contextlib.contextmanager
    def _around(self) -> Iterator[None]:
        """Layers that are built in this block have this one's name at the start of their paths."""
        if local.names[-1:] == [self.name]:
            yield
            return
        local.names.append(self.name)
        try:
            yield
        finally:
            local.names.pop()

    def _path(self) -> list[str]:
        """Names of the layers around this one, and its own, while it is built or called."""
        names = local.names
        return list(names) if names and names[-1] == self.name else [*names, self.name]

    @property
    def dtype(self) -> str:
        """dtype of the weights."""
        return self._own_policy.variable_dtype

    variable_dtype = dtype

    @property
    def compute_dtype(self) -> str:
        """dtype of the arithmetic and the outputs."""
        return self._own_policy.compute_dtype

    input_dtype = compute_dtype

    # --- losses ----------------------------------------------------------------------------------

    def add_loss(self, loss: Any, **kwargs: Any) -> None:
        """Add a scalar (or several, or a function giving one) to the loss of this call."""
        for item in loss if isinstance(loss, (list, tuple)) else [loss]:
            if item is not None:
                binding = local.binding
                if binding is not None and binding.take_loss(self, item):
                    continue
                self._losses.append(item)

    def add_metric(
        self, value: Any, name: str | None = None, aggregation: str = "mean", **kwargs: Any
    ) -> None:
        """Follow the mean of a tensor of this call among the metrics of the model."""
        from ..metrics import Mean

        held = self.__dict__.setdefault("_added_metrics", {})
        name = name or getattr(value, "name", None) or f"metric_{len(held)}"
        if name not in held:
            held[name] = Mean(name=name)
        if not isinstance(value, Spec):
            held[name].update_state(value)

    @property
    def losses(self) -> list[Any]:
        """Scalars added in the last call, and the penalties on the trainable weights."""
        out: list[Any] = []
        for layer in self._flatten_layers():
            out.extend(x() if callable(x) else x for x in layer._losses)
        for v in self.trainable_weights:
            if v.regularizer is not None:
                out.append(v.regularizer(v))
        return [x for x in out if not isinstance(x, Spec)]

    def _clear_losses(self) -> None:
        for layer in self._flatten_layers():
            if layer._losses:
                layer._losses = [x for x in layer._losses if callable(x)]

    # --- masks -----------------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Mask of the output: that of the input, unless a subclass says otherwise."""
        return previous_mask

    # --- calling ---------------------------------------------------------------------------------

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation; subclasses write it."""
        raise NotImplementedError(
            f"{type(self).__name__} has no call method: define call(self, inputs)."
        )

    @functools.cached_property
    def _call_signature(self) -> CallSignature:
        return call_signature(type(self).call)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer on tensors, arrays, or symbolic tensors (which records a graph node)."""
        if "_inbound_nodes" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}.__init__ must call super().__init__() first."
            )
        if any_symbolic(args) or (kwargs and any_symbolic(kwargs.values())):
            return self._call_symbolic(args, kwargs)
        return self._run(args, kwargs)

    def _call_symbolic(self, args: tuple, kwargs: dict) -> Any:
        self._build_for(args, kwargs)
        try:
            specs = self._infer(args, kwargs)
        finally:
            self._clear_losses()
        return graph.add_node(self, args, kwargs, specs)

    def _infer(self, args: tuple, kwargs: dict) -> Any:
        cls = type(self)
        if cls.compute_output_spec is not Layer.compute_output_spec:
            return self.compute_output_spec(*args, **kwargs)
        if cls.compute_output_shape is not Layer.compute_output_shape:
            return self._declared_spec(args, kwargs)
        return graph.infer(self._run_abstract, args, kwargs)

    def _run_abstract(self, *args: Any, **kwargs: Any) -> Any:
        """The call on Specs; through the engine's own inference where it uses native functions."""
        try:
            return self._run(args, kwargs)
        except KerataError:
            raise
        except Exception as first:
            try:
                return self._run_native(self._run, args, kwargs)
            except Exception as second:
                raise second from first

    def _run_native(self, fn: Callable, args: tuple, kwargs: dict) -> Any:
        """Specs that ``fn(args, kwargs)`` gives for Specs, found by the engine."""
        flat = tree.flatten((args, kwargs))
        masks = [get_mask(x) for x in flat]
        size = probe()

        def run(*tensors: Any) -> Any:
            given = list(tensors[: len(flat)])
            for x, mask in zip(given, tensors[len(flat) :]):
                if mask is not None:
                    set_mask(x, mask)
            a, k = tree.pack_sequence_as((args, kwargs), given)
            variables = self.variables
            values = [v.value for v in variables]
            # The engine traces here: ops must compute, not infer.
            with probing(None, size), Binding(variables, values, engine().key(0)):
                return fn(a, k)

        return engine().infer(run, [*flat, *masks])

    def _declared_spec(self, args: tuple, kwargs: dict) -> Any:
        shape = self.compute_output_shape(
            *self._shapes(args, kwargs, type(self).compute_output_shape)
        )
        return specs(shape, self.compute_dtype)

    def _run(self, args: tuple, kwargs: dict) -> Any:
        """The call on tensors or Specs."""
        signature = self._call_signature
        if not self.built:
            self._choose_policy()
        args = tuple([self._tensor(a) for a in args])
        if kwargs:
            kwargs = {k: self._tensor(v) for k, v in kwargs.items()}
        place = signature.training_position
        if place < len(args) <= len(signature.names):  # given by place, as what follows it
            kwargs = {**kwargs, **dict(zip(signature.names[place:], args[place:]))}
            args = args[:place]
        if not self.built:
            self._build_for(args, kwargs)
        first, masks = self._fill_masks(signature, args, kwargs)
        outer = local.call
        training = kwargs.get("training")
        if training is None:
            training = self._training_default if outer is None else outer.training
        if signature.training and training is None:
            training = signature.training_default
        if signature.training and (training is not None or signature.training_required):
            kwargs["training"] = training if training is not None else False
        elif "training" in kwargs and not signature.any_keyword:
            del kwargs["training"]
        if outer is None:
            self._clear_losses()
        # A model's ``build`` runs its ``call`` on shapes, with the name there already.
        named = "_building" in self.__dict__ and local.names[-1:] == [self.name]
        if not named:
            local.names.append(self.name)
        try:
            traced = local.binding is not None
            with (
                Call(self, training, self._own_policy.autocast if self.autocast else None),
                engine().named(self.name) if traced else _NOTHING,
            ):
                if self.input_spec is not None:
                    check_inputs(self.input_spec, first, type(self).__name__)
                if self._remat_mode is None:
                    outputs = self.call(*args, **kwargs)
                else:
                    outputs = layer_call(self, args, kwargs)
                if self.activity_regularizer is not None:
                    for x in tree.flatten(outputs):
                        if x is not None:
                            self.add_loss(self.activity_regularizer(x))
        except KerataError as e:
            e.located(self.name)
            raise
        except Exception as e:
            told = engine().explain(e)
            if told is None:
                raise
            error = InputError(told)
            error.located(self.name)
            raise error from e
        finally:
            if not named:
                local.names.pop()
        self._pass_masks(first, masks, outputs)
        return outputs

    def _tensor(self, x: Any) -> Any:
        """An input as a tensor of the compute dtype; integers, Specs of them and others stay."""
        if isinstance(x, (list, tuple)):
            return (
                tree.map_structure(self._tensor, x) if x and hasattr(first_leaf(x), "dtype") else x
            )
        if isinstance(x, dict):
            return {k: self._tensor(v) for k, v in x.items()}
        dtype = getattr(x, "dtype", None)
        if dtype is None or isinstance(x, Variable):
            return x
        if type(x) not in _OWN_TYPES:
            if is_foreign(x) and "string" in str(dtype):
                return to_host(x)
            if is_foreign(x) or (isinstance(x, np.ndarray) and x.dtype.kind in "biufcV"):
                x = engine().asarray(x)
                dtype = x.dtype
            elif not isinstance(x, np.ndarray):
                _OWN_TYPES.add(type(x))
        if self.autocast and dtype != self._own_policy.compute_dtype:
            try:
                kind = dtypes.standardize(dtype)
            except ValueError:
                return x
            if kind != self._own_policy.compute_dtype and dtypes.is_float(kind):
                cast = ops.cast(x, self.compute_dtype)
                set_mask(cast, get_mask(x))
                return cast
        return x

    def _fill_masks(self, signature: CallSignature, args: tuple, kwargs: dict) -> tuple[Any, Any]:
        """Give ``call`` the masks it asks for; return the first input and its mask."""
        first = args[0] if args else kwargs.get(signature.first)
        if not local.masks:
            return first, None
        masks = tree.map_structure(get_mask, first)
        some = masks is not None and any(m is not None for m in tree.flatten(masks))
        if (
            some
            and signature.mask
            and kwargs.get("mask") is None
            and len(args) <= signature.mask_position
        ):
            kwargs["mask"] = masks
        for name in signature.other_masks:
            target = name.removesuffix("_mask")
            if kwargs.get(name) is None and target in signature.names:
                i = signature.names.index(target)
                x = args[i] if i < len(args) else kwargs.get(target)
                found = get_mask(x) if x is not None and not tree.is_nested(x) else None
                if found is not None and len(args) <= signature.names.index(name):
                    kwargs[name] = found
        return first, masks if some else None

    def _pass_masks(self, first: Any, masks: Any, outputs: Any) -> None:
        if not self.supports_masking:
            if masks is not None and type(self).compute_mask is Layer.compute_mask:
                self._warn_mask_lost(outputs)
            if type(self).compute_mask is Layer.compute_mask:
                return
        flat = tree.flatten(outputs)
        if flat and all(get_mask(x) is not None for x in flat):
            return
        new = self.compute_mask(first, masks)
        if new is None:
            return
        if len(flat) == 1:
            new = [new] if not isinstance(new, (list, tuple)) else list(new)
        for x, m in zip(flat, tree.flatten(new)):
            if m is not None and x is not None:
                set_mask(x, m)

    def _warn_mask_lost(self, outputs: Any) -> None:
        if self.__dict__.get("_told_mask") or self._layers or self._call_signature.mask:
            return
        self.__dict__["_told_mask"] = True
        warnings.warn(
            f"Layer {self.name!r} ({type(self).__name__}) does not support masking: the mask of its input ends here.",
            stacklevel=2,
        )

    # --- building --------------------------------------------------------------------------------

    def _build_for(self, args: tuple, kwargs: dict) -> None:
        if self.built:
            return
        self._choose_policy()
        shapes = self._shapes(args, kwargs, type(self).build)
        try:
            if self.input_spec is not None:
                first = args[0] if args else kwargs.get(self._call_signature.first)
                check_inputs(self.input_spec, first, type(self).__name__)
            self.build(*shapes)
        except KerataError as e:
            e.located(self.name)
            raise
        self.built = True

    def _shapes(self, args: tuple, kwargs: dict, target: Callable) -> list[Any]:
        """Shapes of the inputs as the method `target` wants them."""
        signature = self._call_signature
        wanted = shape_parameters(target)
        named = dict(zip(signature.names, args)) | kwargs
        if len(wanted) > 1:
            out = [shapes_of(named.get(w.removesuffix("_shape"))) for w in wanted]
            while out and out[-1] is None:
                out.pop()
            return out
        first = args[0] if args else named.get(signature.first)
        return [shapes_of(first)] if wanted else []

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Shape of the output for the shape of the input, found by running ``call`` on shapes."""
        shapes = [*args, *kwargs.values()]
        inputs = tuple(symbols(s, self.compute_dtype) for s in shapes)
        self._build_for(inputs, {})
        return tree.map_structure(lambda s: s.shape, graph.infer(self._run_abstract, inputs, {}))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Shape and dtype of the output for symbolic inputs."""
        self._build_for(args, kwargs)
        specs = graph.infer(self._run_abstract, args, kwargs)
        return tree.map_structure(lambda s: KerasTensor(unprobe(s.shape), s.dtype), specs)

    # --- pure form -------------------------------------------------------------------------------

    def stateless_call(
        self,
        trainable_variables: Sequence[Any],
        non_trainable_variables: Sequence[Any],
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple:
        """The call as a pure function of the values of the variables.

        Returns ``(outputs, non_trainable_variables)``, with `return_losses` also the losses.
        """
        trained, frozen = self.trainable_variables, self.non_trainable_variables
        for what, given, own in (
            ("trainable_variables", trainable_variables, trained),
            ("non_trainable_variables", non_trainable_variables, frozen),
        ):
            if len(given) != len(own):
                built = "" if self.built else " It is not built yet: call it on data first."
                raise InputError(
                    f"stateless_call of {self.name!r}: {what} has {len(given)} values for {len(own)} variables.{built}"
                )
        names = [*trained, *frozen]
        with Binding(names, as_values([*trainable_variables, *non_trainable_variables])) as run:
            outputs = self(*args, **kwargs)
            losses = self.losses if return_losses else None
        self._clear_losses()
        state = run.result(frozen)
        return (outputs, state, losses) if return_losses else (outputs, state)

    # --- configuration and files -----------------------------------------------------------------

    def _base_config(self) -> dict[str, Any]:
        from ..serialization import serialize_keras_object

        out = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize_keras_object(self._dtype_policy),
        }
        if self.activity_regularizer is not None:
            out["activity_regularizer"] = serialize_keras_object(self.activity_regularizer)
        if "_batch_shape" in self.__dict__:
            out["batch_shape"] = self._batch_shape
        return out

    def _arguments(self, cls: type | None) -> dict[str, Any]:
        out = super()._arguments(cls)
        if "data_format" in out:  # the default may be another one where the configuration is read
            out["data_format"] = self.data_format
        return out

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build_from_config` needs to make the weights."""
        shapes = self.__dict__.get("_build_shapes")
        if not shapes:
            return None
        return {"input_shape": shapes[0]} if len(shapes) == 1 else {"shapes": list(shapes)}

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Make the weights from what `get_build_config` gave."""
        if not config or self.built:
            return
        if "input_shape" in config:
            self.build(as_shapes(config["input_shape"]))
        elif "shapes" in config:
            self.build(*[as_shapes(s) for s in config["shapes"]])
        elif "shapes_dict" in config:
            self.build(**{k: as_shapes(s) for k, s in config["shapes_dict"].items()})
        self.built = True

    def _stored_variables(self) -> dict[str, Variable]:
        """The layer's own variables, not those of layers in it, by their names in files."""
        return {str(i): v for i, v in enumerate(self._own_variables)}

    def save_own_variables(self, store: Any) -> None:
        """Write the layer's own variables, not those of layers in it, into a mapping."""
        for name, v in self._stored_variables().items():
            store[name] = v.host()

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote."""
        own = self._own_variables
        values = [np.asarray(store[k]) for k in sorted(store.keys(), key=int)]
        if len(values) != len(own) or any(tuple(w.shape) != v.shape for v, w in zip(own, values)):
            raise ShapeError(_weights_table(self.name, own, values))
        for v, w in zip(own, values):
            v.assign(w)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    def __setattr__(self, name: str, value: Any) -> None:
        kind = type(value)
        if kind in _PLAIN:
            object.__setattr__(self, name, value)
            return
        if kind in (list, tuple) and value and own_variable(value[0]) is not value[0]:
            value = kind([own_variable(v) for v in value])
        elif is_module(value):
            from .native import TorchModuleWrapper

            value = TorchModuleWrapper(value)
        elif isinstance(value, ops.random.SeedGenerator) and "_name" in self.__dict__:
            value.state.path = f"{self.name}/{name}/{value.state.name}"
        object.__setattr__(self, name, own_variable(value))

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            own = getattr(type(self), name, None)
            if own is not None:  # a property that has failed: its error, not that it is missing
                return own.__get__(self, type(self))
            if name in _OLD_NAMES:
                from ..legacy.methods import attribute

                return attribute(self, name)
            method = layer_method(name)
            if method is not None:
                return functools.partial(method, self)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state["_inbound_nodes"], state["_losses"] = [], []
        state.pop("_call_signature", None)
        return state


# What layers once had, see `legacy.methods`.
_OLD_NAMES = frozenset(
    """
    U W W_constraint W_regularizer add_update add_variable alpha apply atrous_rate b
    b_constraint b_regularizer batch_input_shape border_mode dim_ordering get_input_shape_at
    get_losses_for get_output_shape_at get_output_shape_for get_updates_for inbound_nodes init
    inner_activation inner_init input_shape nb_filter output_dim output_shape p pool_length
    regularizers subsample updates uses_learning_phase
    """.split()
)

_RESOLVED = {
    "activation": "activations",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
}


def _get(module: str, identifier: Any) -> Any:
    """``kerata.<module>.get(identifier)``; the modules stand beside this one and import lazily."""
    if identifier is None and module != "activations":
        return None
    import importlib

    return importlib.import_module(f"..{module}", __package__).get(identifier)


@functools.cache
def _metric_class() -> type:
    from ..metrics import Metric

    return Metric


def _find(value: Any, kind: type) -> Iterator[Any]:
    if isinstance(value, kind):
        yield value
    elif isinstance(value, (list, tuple)):
        for v in value:
            yield from _find(v, kind)
    elif isinstance(value, dict):
        for v in value.values():
            yield from _find(v, kind)


def _building(build: Callable) -> Callable:
    @functools.wraps(build)
    def wrapped(self: Layer, *args: Any, **kwargs: Any) -> None:
        outermost = not self.__dict__.get("_building")
        if outermost and self.built and "_build_done" in self.__dict__:
            return  # built by a call, or an inference of shapes, before: its weights are made
        self.__dict__["_building"] = True
        try:
            # A tensor made in ``build`` is kept as a constant: it must have values, also where the
            # layer is built while shapes are inferred.
            with self._around(), probing(None):
                if outermost:
                    self._choose_policy()
                build(self, *args, **kwargs)
        finally:
            if outermost:
                self.__dict__.pop("_building", None)
        if outermost:
            self._build_shapes = [*args, *kwargs.values()]
            self.built = self._build_done = True
            initial = self.__dict__.get("_initial_weights")
            if initial is not None:
                self.set_weights(initial)
                self._initial_weights = None

    return wrapped


def _weights_table(name: str, own: Sequence[Variable], given: Sequence[Any]) -> str:
    """What each weight expects beside what came."""
    lines = [f"The weights do not fit {name!r}: {len(given)} arrays for {len(own)} weights."]
    for i in range(max(len(own), len(given))):
        want = f"{own[i].path} {own[i].shape}" if i < len(own) else "(no such weight)"
        got = str(tuple(given[i].shape)) if i < len(given) else "missing"
        fits = i < len(own) and i < len(given) and tuple(given[i].shape) == own[i].shape
        if not fits:
            lines.append(f"  {i}: expected {want}, got {got}")
    return "\n".join(lines[:12] + (["  ..."] if len(lines) > 12 else []))
