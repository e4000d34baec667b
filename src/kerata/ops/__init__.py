"""Functions of tensors: NumPy's and those of neural networks, on tensors, arrays and symbols alike.

Each is written once and runs on every engine; given a `KerasTensor` it becomes a node of a model.
"""

from __future__ import annotations

from . import arrange as _arrange
from . import control as _control
from . import convolve as _convolve
from . import create as _create
from . import ctc as _ctc
from . import filters as _filters
from . import image, linalg, nn, numpy, random
from . import index as _index
from . import loss as _loss
from . import math as _math
from . import product as _product
from . import recurrent as _recurrent
from . import reduce as _reduce
from . import spectral as _spectral
from . import warp as _warp
from ._define import REGISTRY
from .arrange import ndim, shape, size
from .control import custom_gradient
from .linalg import jvp
from .math import convert_to_numpy, dtype, is_tensor
from .product import vectorize

globals().update(
    {name: op for name, op in REGISTRY.items() if not name.startswith(("image_", "random_"))}
)
