"""Modules of torch as parts of Kerata's layers, and Kerata's layers as modules of torch."""

from __future__ import annotations

import base64
import io
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError, NotBuiltError, ShapeError
from ..variable import Variable
from .torch import NAMES, here
from .torch_replay import native_only

# --- modules of torch inside a layer --------------------------------------------------------------


def is_module(x: Any) -> bool:
    """Whether `x` is a module of torch."""
    return isinstance(x, nn.Module)


def is_lazy(module: nn.Module) -> bool:
    """Whether parameters of a module get their shapes only when it is first called."""
    lazy = nn.modules.lazy.LazyModuleMixin
    return any(isinstance(m, lazy) and m.has_uninitialized_params() for m in module.modules())


def initialize(module: nn.Module, shapes: Sequence[Sequence[int]]) -> None:
    """Call a lazy module on zeros of these shapes, so that its parameters get theirs."""
    modes = _modes(module)
    with native_only(), torch.no_grad():
        module.to(here()).eval()(*(torch.zeros(tuple(s), device=here()) for s in shapes))
    _set_modes(modes)


def adopt(module: nn.Module) -> tuple[dict[str, Variable], dict[str, Variable]]:
    """Variables for the parameters and the buffers of a module, by name.

    Either side sees what the other changes: a variable keeps the module's own tensor.
    """
    module.to(here())
    parameters = {n: _variable_over(p, n, p.requires_grad) for n, p in module.named_parameters()}
    buffers: dict[str, Variable] = {}
    kept: dict[int, Any] = {}
    for name, tensor in list(module.named_buffers(remove_duplicate=False)):
        owner, _, leaf = name.rpartition(".")
        if id(tensor) not in kept:
            # A Parameter, since the engine keeps that object when the value changes.
            kept[id(tensor)] = nn.Parameter(tensor.detach(), requires_grad=False)
            buffers[name] = _variable_over(kept[id(tensor)], name, False)
        module.get_submodule(owner)._buffers[leaf] = kept[id(tensor)]
    return parameters, buffers


def _variable_over(tensor: nn.Parameter, name: str, trainable: bool) -> Variable:
    v = Variable(tensor.detach(), trainable=trainable, name=name.replace(".", "_"))
    v._value, v._start, v._dtype = tensor, None, NAMES[tensor.dtype]
    return v


def run(
    module: nn.Module,
    parameters: dict[str, Variable],
    buffers: dict[str, Variable],
    training: bool | None,
    args: tuple,
    kwargs: dict[str, Any],
) -> Any:
    """Call a module with the values that its variables have here, and note what buffers become."""
    # Copies, since modules change buffers in place and the values may be wanted as they are.
    values = {n: v.value.detach().clone() for n, v in buffers.items()}
    before = dict(values)
    values.update((n, v.value) for n, v in parameters.items())
    modes = _modes(module)
    if training is not None:
        module.train(bool(training))
    try:
        out = torch.func.functional_call(module, values, args, kwargs)
    finally:
        changes = any(m.training for m in module.modules())
        _set_modes(modes)
    for n, v in buffers.items():
        # Kernels do not count all their changes as such; in training any may have changed.
        if changes or values[n] is not before[n] or values[n]._version:
            v.assign(values[n])
    return out


def _modes(module: nn.Module) -> list[tuple[nn.Module, bool]]:
    return [(m, m.training) for m in module.modules()]


def _set_modes(modes: list[tuple[nn.Module, bool]]) -> None:
    for m, training in modes:
        m.training = training


def names(module: nn.Module) -> dict[str, str]:
    """For each name in the module's state the name of the variable: shared tensors have several."""
    first: dict[int, str] = {}
    for name, t in [*module.named_parameters(), *module.named_buffers()]:
        first.setdefault(id(t), name)
    state = module.state_dict(keep_vars=True)
    return {n: first[id(t)] for n, t in state.items() if id(t) in first}


def dumps(module: nn.Module) -> str:
    """A module, pickled, as text."""
    buffer = io.BytesIO()
    torch.save(module, buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def loads(text: str) -> nn.Module:
    """The module that `dumps` wrote. Runs what is in it: the caller trusts its source."""
    buffer = io.BytesIO(base64.b64decode(text))
    return torch.load(buffer, map_location=here(), weights_only=False)


# --- what modules of torch have, for layers -------------------------------------------------------


def _weights(layer: Any, recurse: bool = True) -> Iterator[tuple[str, Variable]]:
    """The weights of a layer, each once, with names made of attributes and places as torch does."""
    if not layer.weights and not layer.built:
        raise NotBuiltError(
            f"{layer.name!r} is not built yet, it has no parameters. Call it on data or build(input_shape) first."
        )
    seen: set[int] = set()
    todo = [("", layer)]
    while todo:
        prefix, one = todo.pop()
        used: dict[str, int] = {}
        for v in one._own_variables:
            n = used[v.name] = used.get(v.name, -1) + 1
            if id(v) not in seen:
                seen.add(id(v))
                yield f"{prefix}{v.name}_{n}" if n else f"{prefix}{v.name}", v
        if recurse:
            todo.extend((f"{prefix}{name}.", below) for name, below in reversed(_below(one)))


def _below(layer: Any) -> list[tuple[str, Any]]:
    """The layers in a layer: by the attribute that holds them, else by their place."""
    found: dict[int, str] = {}

    def look(name: str, value: Any) -> None:
        if hasattr(type(value), "_own_variables"):
            found.setdefault(id(value), name)
        elif isinstance(value, (list, tuple)):
            for i, v in enumerate(value):
                look(f"{name}.{i}", v)
        elif isinstance(value, dict):
            for k, v in value.items():
                look(f"{name}.{k}", v)

    for key, value in vars(layer).items():
        if not key.startswith("_"):
            look(key, value)
    return [(found.get(id(x), str(i)), x) for i, x in enumerate(layer._layers)]


def named_parameters(
    layer: Any, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
) -> Iterator[tuple[str, nn.Parameter]]:
    """Names and tensors of the weights that can be trained; a frozen one requires no gradient."""
    for name, v in _weights(layer, recurse):
        if v.can_train:
            yield f"{prefix}.{name}" if prefix else name, v.storage


def parameters(layer: Any, recurse: bool = True) -> Iterator[nn.Parameter]:
    """Tensors of the weights that can be trained, for torch's optimizers."""
    return (p for _, p in named_parameters(layer, recurse=recurse))


def named_buffers(
    layer: Any, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors of the other weights."""
    for name, v in _weights(layer, recurse):
        if not v.can_train:
            yield f"{prefix}.{name}" if prefix else name, v.storage


def buffers(layer: Any, recurse: bool = True) -> Iterator[Tensor]:
    """Tensors of the weights that are not trained."""
    return (b for _, b in named_buffers(layer, recurse=recurse))


def state_dict(
    layer: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
) -> Any:
    """All weights by name, sharing the memory of the layer's."""
    out = OrderedDict() if destination is None else destination
    for name, v in _weights(layer):
        out[prefix + name] = v.storage if keep_vars else v.storage.detach()
    return out


def load_state_dict(layer: Any, state_dict: Any, strict: bool = True, assign: bool = False) -> Any:
    """Take the weights that `state_dict` gave; with `strict` all of them, or none is taken."""
    own = dict(_weights(layer))
    missing = [n for n in own if n not in state_dict]
    unexpected = [n for n in state_dict if n not in own]
    if strict and (missing or unexpected):
        raise InputError(
            f"The state does not fit {layer.name!r}: missing are {missing}, not known are {unexpected}."
        )
    wrong = [
        f"{n}: expected {v.shape}, got {tuple(state_dict[n].shape)}"
        for n, v in own.items()
        if n in state_dict and tuple(state_dict[n].shape) != v.shape
    ]
    if wrong:
        raise ShapeError("\n  ".join([f"The state does not fit {layer.name!r}:", *wrong]))
    for name, v in own.items():
        if name in state_dict:
            v.assign(state_dict[name].detach().clone())
    return nn.modules.module._IncompatibleKeys(missing, unexpected)


def zero_grad(layer: Any, set_to_none: bool = True) -> None:
    """Forget the gradients that ``loss.backward()`` has left in the weights."""
    for v in layer.weights:
        grad = v.storage.grad
        if grad is not None and not set_to_none:
            grad.detach_().zero_()
        elif grad is not None:
            v.storage.grad = None


def to(layer: Any, *args: Any, **kwargs: Any) -> Any:
    """Move the layer's state, and its optimizer's, to a device; returns the layer."""
    device, dtype, _, _ = torch._C._nn._parse_to(*args, **kwargs)
    if dtype is not None:
        raise InputError(
            f"{layer.name!r}: to() moves a layer between devices. Its dtype is chosen when it is made: "
            "Layer(dtype=...), or kerata.config.set_dtype_policy(...)."
        )
    optimizer = getattr(layer, "optimizer", None)
    state = [*layer.variables, *(optimizer.variables if optimizer is not None else ())]
    _move(state, lambda t: t.to(device))
    return layer


def cpu(layer: Any) -> Any:
    """Move the layer's state to the CPU."""
    return to(layer, "cpu")


def cuda(layer: Any, device: Any = None) -> Any:
    """Move the layer's state to a GPU."""
    return to(layer, "cuda" if device is None else torch.device("cuda", device))


def _move(variables: Sequence[Variable], fn: Callable[[Tensor], Tensor]) -> None:
    for v in variables:
        moved = fn(v.storage.detach())
        if moved.dtype is not v.storage.dtype:
            raise InputError(
                f"Weight {v.path!r} cannot become {NAMES.get(moved.dtype, moved.dtype)}: the dtype of a layer is "
                "chosen when it is made, by Layer(dtype=...) or kerata.config.set_dtype_policy(...)."
            )
        grad = v.storage.grad
        v.replace(moved)
        if grad is not None:
            v.storage.grad = fn(grad)


def requires_grad_(layer: Any, requires_grad: bool = True) -> Any:
    """Train the layer's weights, or do not: sets ``trainable``."""
    layer.trainable = bool(requires_grad)
    return layer


def train(layer: Any, mode: bool = True) -> Any:
    """Let calls without a ``training`` argument be training calls (or not); returns the layer."""
    layer._training_default = bool(mode)
    return layer


def eval(layer: Any) -> Any:
    """Let calls without a ``training`` argument be no training calls; returns the layer."""
    return train(layer, False)


# --- a layer as a module of torch -----------------------------------------------------------------


class LayerModule(nn.Module):
    """A layer or model of Kerata's as a module of torch: its weights are the module's parameters.

    Args:
        layer: A built layer or model.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer
        for name, v in _weights(layer):
            parts = name.split(".")
            owner: nn.Module = self
            for part in parts[:-1]:
                if part not in owner._modules:
                    owner._modules[part] = nn.Module()
                owner = owner._modules[part]  # type: ignore[assignment]
            if v.can_train and type(v.storage) is nn.Parameter:
                owner._parameters[parts[-1]] = v.storage
            else:
                if type(v.storage) is not nn.Parameter:  # which stays the same object
                    v._value = nn.Parameter(v.storage.detach(), requires_grad=False)
                owner._buffers[parts[-1]] = v.storage

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer, in training or not as the module is."""
        kwargs.setdefault("training", self.training)
        return self.layer(*args, **kwargs)

    def _apply(self, fn: Callable, recurse: bool = True) -> Any:
        _move(self.layer.weights, fn)
        return self

    def __reduce__(self) -> Any:
        return LayerModule, (self.layer,), {"training": self.training}
