"""Errors that say what was expected, what came, where in the model, and what to do."""

from __future__ import annotations


class KerataError(Exception):
    """Base of Kerata's own errors. `where` collects the layer path as the error travels up."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where: list[str] = []

    def located(self, name: str) -> None:
        """Note that the error passed through the layer `name` (called from inner to outer)."""
        self.where.insert(0, name)

    def __str__(self) -> str:
        if not self.where:
            return self.message
        return f"In layer {'/'.join(self.where)!r}: {self.message}"


class ShapeError(KerataError, ValueError):
    """Shapes that do not fit together."""


class DtypeError(KerataError, TypeError):
    """Dtypes that do not fit together."""


class InputError(KerataError, ValueError):
    """Data or arguments that a model cannot take."""


class NotBuiltError(KerataError, ValueError):
    """A question that only a built (or compiled) model can answer."""


class NanError(KerataError, FloatingPointError):
    """Numbers of a training that have become NaN or infinite, and where that began."""


class FileError(KerataError, ValueError):
    """A model file that is damaged, foreign, or would run code."""


class OldNameError(KerataError, TypeError):
    """A name or argument of an earlier era where such are refused (``KERATA_LEGACY=error``)."""


class RefusedNameError(KerataError, AttributeError):
    """A name of an earlier era that Kerata leaves out on purpose; the message says what to use."""


class SymbolsWantedError(InputError):
    """A function that works on the graph of a model, and was called on values or mere shapes."""
