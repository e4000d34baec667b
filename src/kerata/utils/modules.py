"""Models as parts of programs written for an engine's own library."""

from __future__ import annotations

from typing import Any

from ..engine import native


def torch_module(layer: Any) -> Any:
    """A layer or model as a ``torch.nn.Module``. Needs the torch engine.

    The layer's weights are the module's parameters and buffers; both sides share them. So it can be
    a part of other modules, as in ``torch.nn.Sequential(torch_module(model), torch.nn.Linear(8, 1))``,
    and be trained by torch's optimizers. ``module.train()`` and ``module.eval()`` decide whether its
    calls are training calls. The layer itself stays in ``module.layer``.

    Args:
        layer: A built layer or model.

    Raises:
        InputError: Another engine is in use.
        NotBuiltError: The layer has no weights yet.

    >>> module = torch_module(model)  # doctest: +SKIP
    >>> torch.optim.SGD(module.parameters(), lr=0.1)  # doctest: +SKIP
    """
    return native("torch", "torch_module").LayerModule(layer)
