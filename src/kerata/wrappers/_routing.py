"""Parameters of an estimator on their way to the functions they are for.

A name with a prefix says where it goes: ``model__units`` to the function that builds the model,
``optimizer__learning_rate`` to the optimizer, ``callbacks__0__patience`` to the first callback. What
is given as a class (or, for optimizers and losses, by name) is made with what its prefix brings.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InputError

# Where a prefix can point to.
PREFIXES = ("model", "fit", "predict", "score", "compile", "optimizer", "loss", "metrics", "callbacks")  # fmt: skip


def routed(params: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The parameters with a prefix, without it.

    >>> routed({"units": 3, "model__units": 4, "model__a__b": 5}, "model")
    {'units': 4, 'a__b': 5}
    """
    start = prefix + "__"
    return {k[len(start) :]: v for k, v in params.items() if k.startswith(start)}


def arguments(function: Callable) -> tuple[set[str], bool]:
    """Names that a function can be given, and whether it takes any others too.

    >>> names, others = arguments(lambda units, rate=0.1, **more: None)
    >>> sorted(names), others
    (['rate', 'units'], True)
    """
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return set(), False
    named = {p.name for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    return named - {"self"}, any(p.kind is p.VAR_KEYWORD for p in found)


def made(item: Any, params: Mapping[str, Any], inherited: Mapping[str, Any] | None = None) -> Any:
    """Objects in place of classes, each made with its parameters.

    Args:
        item: A class, or a list or dict of such; anything else stays what it is.
        params: Parameters: by name for all classes in `item`, with the position or key in front for
            one of them; an argument that is a class itself has its own behind its name.
        inherited: Parameters of what `item` is in, which the item's own replace.

    Raises:
        InputError: There are parameters for something that is no class.

    >>> class A:
    ...     def __init__(self, x=0):
    ...         self.x = x
    >>> [a.x for a in made([A, A], {"x": 1, "1__x": 2})]
    [1, 2]
    """
    plain = {k: v for k, v in params.items() if "__" not in k}
    given = {**(inherited or {}), **plain}
    if isinstance(item, (list, tuple)):
        return [made(one, routed(params, str(i)), given) for i, one in enumerate(item)]
    if isinstance(item, Mapping):
        return {key: made(one, routed(params, str(key)), given) for key, one in item.items()}
    if not inspect.isclass(item):
        if plain:
            raise InputError(
                f"There are parameters for {item!r}, which is made already: {plain}. "
                "Give its class (or, of an optimizer or loss, its name) instead."
            )
        return item
    values = {k: made(v, routed(params, k)) for k, v in given.items()}
    # Positional arguments have numbers for names.
    ordered = [values.pop(k) for k in sorted((k for k in values if k.isdigit()), key=int)]
    return item(*ordered, **values)


def optimizer(given: Any, params: Mapping[str, Any]) -> Any:
    """An optimizer of a name, class or instance, with no state of another training.

    >>> optimizer("sgd", {"learning_rate": 0.5, "momentum": 0.9}).momentum
    0.9
    """
    from .. import optimizers

    if isinstance(given, str):
        given = type(optimizers.get(given))
    if isinstance(given, optimizers.Optimizer) and not params:
        return type(given).from_config(given.get_config())
    return made(given, params)


def loss(given: Any, params: Mapping[str, Any]) -> Any:
    """A loss of a name, class or instance; a name alone stays one.

    >>> loss("binary_crossentropy", {"from_logits": True}).get_config()["from_logits"]
    True
    """
    if isinstance(given, str) and params:
        given = _loss_class(given)
    return made(given, params)


def _loss_class(name: str) -> Any:
    """The class of a loss that may be named as a function is."""
    from .. import losses

    found = losses.get(name)
    if isinstance(found, losses.Loss):
        return type(found)
    title = found.__name__.title().replace("_", "").lower()
    for other in dir(losses):
        if other.lower() == title and inspect.isclass(getattr(losses, other)):
            return getattr(losses, other)
    raise InputError(f"The loss {name!r} is a function, which takes no parameters beforehand.")


def metrics(given: Any, params: Mapping[str, Any]) -> Any:
    """Metrics in a list, or the dict they are given in; classes are made."""
    if given is not None and not isinstance(given, (list, tuple, Mapping)):
        given = [given]
    return made(given, params)


def callbacks(params: Mapping[str, Any], stage: str) -> list[Any]:
    """The callbacks for ``"fit"`` or ``"predict"``: general ones, then those of the stage alone.

    >>> from kerata.callbacks import EarlyStopping
    >>> found = callbacks({"callbacks": {"stop": EarlyStopping}, "callbacks__stop__patience": 3}, "fit")
    >>> found[0].patience
    3
    """
    out: list[Any] = []
    for name in ("callbacks", f"{stage}__callbacks"):
        given = made(params.get(name), routed(params, name))
        pending = [given]
        while pending:
            one = pending.pop(0)
            if isinstance(one, Mapping):
                one = list(one.values())
            if isinstance(one, (list, tuple)):
                pending = [*one, *pending]
            elif one is not None:
                out.append(one)
    return out
