"""``optimizers.legacy``: the optimizers under the names that programs for TensorFlow 2.11 and later use.

They are the same as those of `optimizers`, which take the arguments of old, ``lr`` and ``decay``, too.

>>> adam = Adam(lr=0.01, decay=0.5)
>>> round(float(adam.learning_rate), 4), adam.decay
(0.01, 0.5)
"""

from __future__ import annotations

from .adaptive import Adam, Adamax, Nadam
from .base import Optimizer
from .descent import SGD, Adadelta, Adagrad, Ftrl, RMSprop

__all__ = [
    "SGD", "Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "Optimizer", "RMSprop",
]  # fmt: skip
