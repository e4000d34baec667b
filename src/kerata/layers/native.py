"""Layers around functions, modules and files of an engine's own library."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import rng, tree
from ..engine import engine, native
from ..errors import FileError, InputError, ShapeError
from ..ops.random import SeedGenerator, draw_key
from ..serialization import deserialize_arguments, is_safe
from ..spec import Spec
from ..variable import Variable
from .calls import as_shapes, shapes_of, specs, symbols
from .layer import Layer


class _Native(Layer):
    """Base of layers that compute with functions of the engine's library only."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The library's result; its shape where only shapes are known."""
        if any(isinstance(x, Spec) for x in tree.flatten((args, kwargs))):
            return self._run_native(lambda a, k: self._compute(*a, **k), args, kwargs)
        return self._compute(*args, **kwargs)

    def _compute(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


# --- JAX ----------------------------------------------------------------------------------------


class JaxLayer(_Native):
    """A layer that calls a function written for JAX. Needs the JAX engine.

    `call_fn` takes, in any order and by these names, ``inputs`` and as many of ``params``,
    ``state``, ``rng`` and ``training`` as it likes; it returns the outputs, with ``state`` the pair
    of outputs and new state. `init_fn` takes ``inputs`` (arrays of ones) and perhaps ``rng`` and
    ``training``; it returns the parameters, where `call_fn` has ``state`` the pair of parameters and
    state. ``rng`` of `call_fn` is a key in training and ``None`` otherwise.

    The arrays in the parameters become trainable weights, those in the state non-trainable ones.

    Args:
        call_fn: The function.
        init_fn: Makes the parameters when the layer is built.
        params: The parameters, any pytree, where `init_fn` is not to make them.
        state: The same for the state.
        seed: Seed of the keys.
        native_serialization_platforms: Kept for the configuration; it says nothing to JAX.

    Raises:
        InputError: Another engine is in use, or a function takes other arguments.

    >>> layer = JaxLayer(lambda params, inputs: inputs * params, params=2.0)
    >>> layer(engine().asarray([1.0, 2.0])).tolist()
    [2.0, 4.0]
    """

    def __init__(
        self,
        call_fn: Callable,
        init_fn: Callable | None = None,
        params: Any = None,
        state: Any = None,
        seed: int | None = None,
        native_serialization_platforms: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        native("jax", type(self).__name__)
        super().__init__(**kwargs)
        self.call_fn, self.init_fn = call_fn, init_fn
        self.native_serialization_platforms = native_serialization_platforms
        known = ("params", "state", "rng", "inputs", "training")
        self.call_fn_arguments = _arguments_of(call_fn, "call_fn", known)
        if init_fn is not None:
            self.init_fn_arguments = _arguments_of(
                init_fn, "init_fn", ("rng", "inputs", "training")
            )
        elif params is None and state is None and {"params", "state"} & {*self.call_fn_arguments}:
            raise InputError(
                f"{type(self).__name__}: call_fn takes params or state, which nothing makes: give an init_fn, or "
                "params and state. A layer that was given its parameters is loaded from a file only with an init_fn."
            )
        self.seed_generator = SeedGenerator(seed) if "rng" in self.call_fn_arguments else None
        self._forms: dict[str, Any] = {}
        self._hold("params", params, trainable=True)
        self._hold("state", state, trainable=False)
        self.built = params is not None or state is not None

    @property
    def _jax(self) -> Any:
        return native("jax", type(self).__name__)

    def _hold(self, what: str, values: Any, trainable: bool) -> None:
        """Make weights of the arrays in a structure; other leaves stay."""
        leaves, form = self._jax.flatten(values)
        made = [
            self._weight_of(name, leaf, trainable) if self._jax.is_value(leaf) else leaf
            for name, leaf in leaves
        ]
        self._forms[what] = form
        setattr(self, f"tracked_{what}", made)

    def _weight_of(self, name: str, value: Any, trainable: bool) -> Variable:
        value = engine().asarray(value)
        kind = engine().to_numpy(value).dtype.kind
        return self.add_weight(
            shape=value.shape,
            initializer=lambda shape, dtype=None: value,
            dtype=None if kind in "fV" else value.dtype,  # floats in the layer's own
            trainable=trainable and kind in "fVc",
            name=name,
        )

    @property
    def params(self) -> Any:
        """The parameters in their structure, with weights as leaves."""
        return self._jax.unflatten(self._forms["params"], self.tracked_params)

    @property
    def state(self) -> Any:
        """The state in its structure, with weights as leaves."""
        return self._jax.unflatten(self._forms["state"], self.tracked_state)

    # --- random keys, for subclasses to override -------------------------------------------------

    def _get_init_seed(self) -> Any:
        """A new key for `init_fn`."""
        return engine().key(rng.draw_seed())

    def _get_init_rng(self) -> Any:
        """The ``rng`` of `init_fn`: a key, or a structure of keys."""
        return self._get_init_seed()

    def _get_call_seed(self) -> Any:
        """A new key for `call_fn`."""
        return draw_key(self.seed_generator)

    def _get_call_rng(self, training: bool) -> Any:
        """The ``rng`` of `call_fn`: a key in training, else ``None``."""
        return self._get_call_seed() if training else None

    # --- building and calling --------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Let `init_fn` make the parameters for inputs of ones, an unknown axis having size 1."""
        wanted = {"params", "state"} & {*self.call_fn_arguments}
        if not wanted or self.tracked_params or self.tracked_state:
            return
        inputs = tree.map_structure(
            lambda s: self._jax.ones([1 if d is None else d for d in s.shape]),
            symbols(input_shape, self.compute_dtype),
        )
        given = {"inputs": inputs, "training": True}
        if "rng" in self.init_fn_arguments:
            given["rng"] = self._get_init_rng()
        chosen = [given[a] for a in self.init_fn_arguments]
        made = self._jax.at_once(lambda: self.init_fn(*chosen))  # type: ignore[misc]
        params, state = made if "state" in wanted else (made, None)
        self._hold("params", params, trainable=True)
        self._hold("state", state, trainable=False)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """What `call_fn` gives."""
        return super().call(inputs, training=training)

    def _compute(self, inputs: Any, training: bool = False) -> Any:
        args = []
        for name in self.call_fn_arguments:
            if name in ("params", "state"):
                args.append(self._values(name))
            elif name == "rng":
                args.append(self._get_call_rng(training))
            else:
                args.append(inputs if name == "inputs" else training)
        outputs = self.call_fn(*args)
        if "state" not in self.call_fn_arguments:
            return outputs
        outputs, state = outputs
        self._assign_state(state)
        return outputs

    def _values(self, what: str) -> Any:
        leaves = getattr(self, f"tracked_{what}")
        values = [v.value if isinstance(v, Variable) else v for v in leaves]
        return self._jax.unflatten(self._forms[what], values)

    def _assign_state(self, state: Any) -> None:
        leaves, form = self._jax.flatten(state)
        if form != self._forms["state"]:
            raise InputError(
                f"{type(self).__name__}: call_fn returned a state of another structure than the one it was "
                f"initialised with: {form} instead of {self._forms['state']}."
            )
        for v, (_, value) in zip(self.tracked_state, leaves):
            if isinstance(v, Variable):
                v.assign(value)

    def _arguments(self, cls: type | None) -> dict[str, Any]:
        # Values of weights are in the weights' file, not in the configuration.
        out = super()._arguments(cls)
        return {k: v for k, v in out.items() if k not in ("params", "state", "variables")}


def _arguments_of(fn: Callable, what: str, known: Sequence[str]) -> list[str]:
    """Names of a function's arguments, all of them among `known`, ``inputs`` one of them."""
    names = list(inspect.signature(fn).parameters)
    wrong = [n for n in names if n not in known]
    if wrong or "inputs" not in names:
        raise InputError(
            f"JaxLayer: {what} must take 'inputs', and besides only "
            f"{', '.join(repr(k) for k in known if k != 'inputs')}; it takes {names}."
        )
    return names


class FlaxLayer(JaxLayer):
    """A layer around a module of Flax (``flax.linen``). Needs the JAX engine and Flax.

    The collection ``params`` becomes trainable weights, all others (running statistics, say)
    non-trainable ones. The random stream ``dropout`` is there in training.

    Args:
        module: The module.
        method: What to call: a method of the module, or a function whose first argument is the
            module; ``__call__`` by default. It takes ``inputs`` and perhaps ``training``.
        variables: Collections of variables as ``module.init`` returns them, where they are not to
            be made anew.

    >>> from flax import linen  # doctest: +SKIP
    >>> FlaxLayer(linen.Dense(4))(ops.ones((2, 3))).shape  # doctest: +SKIP
    (2, 4)
    """

    def __init__(
        self,
        module: Any,
        method: Callable | None = None,
        variables: Any = None,
        **kwargs: Any,
    ) -> None:
        try:
            from flax.linen import DenyList
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                "FlaxLayer needs Flax: pip install flax", name="flax"
            ) from None
        mutable = DenyList(["params"])

        def apply(params: Any, state: Any, rng: Any, inputs: Any, **more: Any) -> Any:
            held = {**(params or {}), **(state or {})}
            return module.apply(held, inputs, rngs=rng, method=method, mutable=mutable, **more)

        def init(rng: Any, inputs: Any, **more: Any) -> Any:
            return _split(module.init(rng, inputs, method=method, **more))

        call_fn: Callable = lambda params, state, rng, inputs: apply(params, state, rng, inputs)  # noqa: E731
        init_fn: Callable = lambda rng, inputs: init(rng, inputs)  # noqa: E731
        if "training" in inspect.signature(method or module.__call__).parameters:
            call_fn = lambda params, state, rng, inputs, training: apply(  # noqa: E731
                params, state, rng, inputs, training=training
            )
            init_fn = lambda rng, inputs, training: init(rng, inputs, training=training)  # noqa: E731
        params, state = (None, None) if variables is None else _split(variables)
        super().__init__(call_fn=call_fn, init_fn=init_fn, params=params, state=state, **kwargs)
        self.module, self.method = module, method

    def _get_init_rng(self) -> Any:
        return {"params": self._get_init_seed(), "dropout": self._get_init_seed()}

    def _get_call_rng(self, training: bool) -> Any:
        return {"dropout": self._get_call_seed()} if training else {}

    def _arguments(self, cls: type | None) -> dict[str, Any]:
        out = super()._arguments(cls)
        if getattr(self.method, "__self__", None) is self.module and self.method is not None:
            out["method"] = self.method.__name__
        return out

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer of a configuration that `get_config` wrote."""
        arguments = deserialize_arguments(config)
        if isinstance(arguments.get("method"), str):
            arguments["method"] = getattr(arguments["module"], arguments["method"])
        return cls(**arguments)


def _split(variables: Any) -> tuple[Any, Any]:
    """Flax's collections as parameters and state."""
    params = {k: v for k, v in variables.items() if k == "params"}
    return params, {k: v for k, v in variables.items() if k != "params"}


# --- PyTorch ------------------------------------------------------------------------------------


class TorchModuleWrapper(_Native):
    """A layer around a ``torch.nn.Module``. Needs the torch engine.

    The module's parameters are the layer's weights and its buffers (running statistics, say) the
    non-trainable ones; module and layer share them. Parameters of lazy modules are made when the
    layer is built. A module that is set as an attribute of a layer or model is wrapped so by itself.
    Without a ``training`` argument, as in a plain call from outside, the module runs
    in its own mode, which is training unless ``module.eval()`` was called.

    The module is pickled into the configuration: a file with such a layer loads only with
    ``safe_mode=False``.

    Args:
        module: The module.
        output_shape: Shape of the output, batch axis included, where it cannot be found by a call.

    Raises:
        InputError: Another engine is in use, or `module` is no module.
        FileError: A configuration is loaded in safe mode.

    >>> import torch  # doctest: +SKIP
    >>> TorchModuleWrapper(torch.nn.Linear(3, 4))(ops.ones((2, 3))).shape  # doctest: +SKIP
    torch.Size([2, 4])
    """

    def __init__(
        self, module: Any, name: str | None = None, output_shape: Any = None, **kwargs: Any
    ) -> None:
        torch = native("torch", type(self).__name__)
        super().__init__(name=name, **kwargs)
        if not torch.is_module(module):
            raise InputError(f"TorchModuleWrapper: module must be an nn.Module, got {module!r}.")
        self.__dict__["module"] = module  # which as an attribute would be wrapped
        self.output_shape = output_shape
        if not torch.is_lazy(module):
            self._adopt()

    @property
    def _torch(self) -> Any:
        return native("torch", type(self).__name__)

    def _adopt(self) -> None:
        self._parameters, self._buffers = self._torch.adopt(self.module)
        for v in [*self._parameters.values(), *self._buffers.values()]:
            v.path = f"{self.name}/{v.name}"
            v.trainable = v.can_train and self._trainable
        self.built = True

    def build(self, *input_shapes: Any) -> None:
        """Give a lazy module its parameters, by a call on zeros; an unknown axis has size 1."""
        shapes = tree.flatten(symbols(list(input_shapes), self.compute_dtype))
        self._torch.initialize(
            self.module, [[1 if d is None else d for d in s.shape] for s in shapes]
        )
        self._adopt()

    def _shapes(self, args: tuple, kwargs: dict, target: Callable) -> list[Any]:
        return [shapes_of(a) for a in args]

    def call(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """What the module gives."""
        return super().call(*args, training=training, **kwargs)

    def _compute(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        return self._torch.run(self.module, self._parameters, self._buffers, training, args, kwargs)

    def _infer(self, args: tuple, kwargs: dict) -> Any:
        if self.output_shape is None:
            return super()._infer(args, kwargs)
        return specs(as_shapes(self.output_shape), self.compute_dtype)

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote."""
        own = self._stored_variables()
        names = [k.decode() if isinstance(k, bytes) else k for k in store.keys()]  # noqa: SIM118
        values = {n: np.asarray(store[n]) for n in names}
        if values.keys() != own.keys() or any(values[n].shape != v.shape for n, v in own.items()):
            raise ShapeError(
                f"The weights do not fit the module of {self.name!r}: expected "
                f"{ {n: v.shape for n, v in own.items()} }, got { {n: v.shape for n, v in values.items()} }."
            )
        for name, v in own.items():
            v.assign(values[name])

    def _stored_variables(self) -> dict[str, Variable]:
        # Under the names of the module's ``state_dict``; tied tensors have several.
        held = {**self._parameters, **self._buffers} if self.built else {}
        return {n: held[first] for n, first in self._torch.names(self.module).items() if held}

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor, the module as pickled text."""
        return {
            **self._base_config(),
            "module": self._torch.dumps(self.module),
            "output_shape": self.output_shape,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None, safe_mode: bool | None = None
    ) -> Any:
        """The layer of a configuration that `get_config` wrote; refused in safe mode."""
        _refuse_in_safe_mode(
            safe_mode,
            f"{cls.__name__} holds a pickled torch module, and unpickling can run any code",
        )
        arguments = deserialize_arguments(config)
        module = native("torch", cls.__name__).loads(arguments.pop("module"))
        return cls(module, **arguments)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.built:  # the copies of module and variables share nothing yet
            before = {**self._parameters, **self._buffers}
            self._adopt()
            for name, v in {**self._parameters, **self._buffers}.items():
                v.assign(before[name].host())


# --- TensorFlow ---------------------------------------------------------------------------------


class TFSMLayer(_Native):
    """A layer that calls a function of a TensorFlow SavedModel. Needs the TensorFlow engine.

    The variables that the function reads are the layer's weights. A SavedModel holds graphs that
    can read and write files, so a Kerata file that names one loads only with ``safe_mode=False``.

    Args:
        filepath: Folder of the SavedModel.
        call_endpoint: The function to call: an attribute of the SavedModel, or a signature (such as
            ``"serving_default"``). It takes one argument, a tensor or a structure of tensors.
        call_training_endpoint: The function to call in training, if that is another one.
        trainable: Whether the weights are trained.

    Raises:
        InputError: Another engine is in use, or the SavedModel has no such function.
        FileError: A configuration is loaded in safe mode.

    >>> layer = TFSMLayer("saved_model", call_endpoint="serving_default")  # doctest: +SKIP
    """

    def __init__(
        self,
        filepath: Any,
        call_endpoint: str = "serve",
        call_training_endpoint: str | None = None,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        tensorflow = native("tensorflow", type(self).__name__)
        super().__init__(trainable=trainable, name=name, dtype=dtype)
        self.filepath = str(filepath)
        self.call_endpoint = call_endpoint
        self.call_training_endpoint = call_training_endpoint
        self._loaded = tensorflow.load(filepath)
        self.call_endpoint_fn = self._endpoint(call_endpoint)
        functions = [self.call_endpoint_fn]
        if call_training_endpoint:
            self.call_training_endpoint_fn = self._endpoint(call_training_endpoint)
            functions.append(self.call_training_endpoint_fn)
        self._loaded_variables = tensorflow.adopt(functions)
        for v in self._loaded_variables:
            v.path = f"{self.name}/{v.name}"
            v.trainable = v.can_train and self._trainable
        self.built = True

    def _endpoint(self, name: str) -> Callable:
        tensorflow = native("tensorflow", type(self).__name__)
        found = tensorflow.endpoint(self._loaded, name)
        if found is None:
            raise InputError(
                f"The SavedModel {self.filepath!r} has no function {name!r}. It has: "
                f"{', '.join(tensorflow.endpoints(self._loaded)) or 'none'}; choose one by call_endpoint."
            )
        return found

    def call(self, inputs: Any, training: bool = False, **kwargs: Any) -> Any:
        """What the function of the SavedModel gives."""
        return super().call(inputs, training=training, **kwargs)

    def _compute(self, inputs: Any, training: bool = False, **kwargs: Any) -> Any:
        other = training and self.call_training_endpoint
        fn = self.call_training_endpoint_fn if other else self.call_endpoint_fn
        tensorflow = native("tensorflow", type(self).__name__)
        return tensorflow.run(fn, self._loaded_variables, (inputs,), kwargs)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor; the SavedModel is named, not held."""
        return {
            **self._base_config(),
            "filepath": self.filepath,
            "call_endpoint": self.call_endpoint,
            "call_training_endpoint": self.call_training_endpoint,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None, safe_mode: bool | None = None
    ) -> Any:
        """The layer of a configuration that `get_config` wrote; refused in safe mode."""
        _refuse_in_safe_mode(
            safe_mode, f"{cls.__name__} names a SavedModel, and the graphs in one can run any code"
        )
        return cls(**deserialize_arguments(config))


def _refuse_in_safe_mode(safe_mode: bool | None, what: str) -> None:
    if is_safe() if safe_mode is None else safe_mode:
        raise FileError(
            f"{what}. If you trust its source, load with safe_mode=False, or call "
            "kerata.config.enable_unsafe_deserialization()."
        )
