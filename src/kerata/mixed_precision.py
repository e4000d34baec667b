"""Mixed precision under the names of Keras 2: policies, and the optimizer that scales the loss.

Computing in 16 bits with weights in 32 bits is a setting: ``set_global_policy("mixed_bfloat16")``, before
the layers are made. With ``mixed_float16``, `Model.compile` scales the loss, too.
"""

from __future__ import annotations

from typing import Any

from .config import dtype_policy, set_dtype_policy
from .dtypes import DTypePolicy
from .optimizers import LossScaleOptimizer

__all__ = [
    "DTypePolicy", "LossScaleOptimizer", "Policy", "dtype_policy", "global_policy", "set_dtype_policy",
    "set_global_policy",
]  # fmt: skip

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy


def __getattr__(name: str) -> Any:
    """Names of Keras 1, 2 and tf.keras."""
    from .doors import old_name

    return old_name(__name__, name, __all__)
