"""Low-rank adaptation: a frozen weight plus a trained product of two thin matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import InputError, NotBuiltError
from ..variable import Variable
from .layer import Layer


class LoraLayer(Layer):
    """Base of layers whose main weight can be adapted (Hu et al. 2021, "LoRA").

    With it on, the main weight w of shape (..., n) is frozen and `adapted` gives
    ``w + lora_alpha / rank * a @ b`` with the trained a (..., rank) and b (rank, n). Files hold the
    sum, so that they load into a layer without adaptation.
    """

    main_weight = "kernel"
    lora_enabled = False
    lora_rank: int | None = None
    lora_alpha: float | None = None

    def adapted(self) -> Any:
        """The main weight as the layer computes with it."""
        weight = getattr(self, self.main_weight)
        if not self.lora_enabled:
            return weight
        a, b = self._lora_pair()
        delta = ops.multiply(self.lora_alpha / self.lora_rank, ops.matmul(a, b))  # type: ignore[operator]
        return ops.cast(ops.add(weight, delta), self.compute_dtype)

    def _lora_pair(self) -> tuple[Variable, Variable]:
        return tuple(getattr(self, f"lora_{self.main_weight}_{x}") for x in "ab")  # type: ignore[return-value]

    def _start_lora(self) -> None:
        """At the end of ``build``: adapt if the constructor asked for it."""
        if self.lora_rank:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freeze the main weight and train a correction of it, of that rank.

        Args:
            rank: Rank of the correction.
            lora_alpha: Its factor is ``lora_alpha / rank``; `rank` by default.
            a_initializer, b_initializer: Initial values of the two matrices.
        """
        where = f"Layer {self.name!r}"
        weight = self.__dict__.get(self.main_weight)
        if weight is None:
            raise NotBuiltError(f"{where} is not built yet: call it on data before enable_lora.")
        if self.lora_enabled:
            raise InputError(f"{where} has LoRA already: it can be enabled once.")
        if weight.constraint is not None:
            raise InputError(
                f"{where}: LoRA does not go with a constraint on the {self.main_weight}."
            )
        shapes = ((*weight.shape[:-1], rank), (rank, weight.shape[-1]))
        for part, shape, initializer in zip("ab", shapes, (a_initializer, b_initializer)):
            name = f"lora_{self.main_weight}_{part}"
            made = self.add_weight(
                shape=shape, name=name, initializer=initializer, regularizer=weight.regularizer
            )
            setattr(self, name, made)
        weight.can_train = weight.trainable = False
        self.lora_enabled, self.lora_rank = True, rank
        self.lora_alpha = rank if lora_alpha is None else lora_alpha

    def _lasting(self) -> list[Variable]:
        """The variables that stand in files, in the order they were made."""
        thin = {id(v) for v in self._lora_pair()}
        return [v for v in self.__dict__["_own_weights"] if id(v) not in thin]

    def save_own_variables(self, store: Any) -> None:
        """Write the variables, the correction merged into the main weight."""
        if not self.lora_enabled:
            return super().save_own_variables(store)
        main = getattr(self, self.main_weight)
        for i, v in enumerate(self._lasting()):
            store[str(i)] = (
                np.asarray(ops.convert_to_numpy(self.adapted())) if v is main else v.host()
            )
        return None

    def load_own_variables(self, store: Any) -> None:
        """Read the variables; the correction begins again at zero."""
        if not self.lora_enabled:
            return super().load_own_variables(store)
        for i, v in enumerate(self._lasting()):
            v.assign(np.asarray(store[str(i)]))
        b = self._lora_pair()[1]
        b.assign(np.zeros(b.shape, b.dtype))
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor; those of LoRA only where it is on."""
        config = super().get_config()
        for key in ("lora_rank", "lora_alpha"):
            config.pop(key, None)
            if self.lora_rank:
                config[key] = getattr(self, key)
        return config


def no_quantization(value: Any, where: str) -> None:
    """Refuse an argument of Keras whose feature Kerata does not have."""
    if value is not None:
        raise InputError(f"{where}: quantization_config={value!r} is not supported; leave it out.")
