"""``keras.backend.experimental``: the generator of random numbers, which is always the same one here."""

from __future__ import annotations

from ..notes import note


def is_tf_random_generator_enabled() -> bool:
    """Whether each layer has a random generator of its own: it has.

    >>> is_tf_random_generator_enabled()
    True
    """
    return True


def enable_tf_random_generator() -> None:
    """Nothing to do: layers have generators of their own."""
    note("K.experimental.enable_tf_random_generator", None)


def disable_tf_random_generator() -> None:
    """No effect: layers have generators of their own."""
    note("K.experimental.disable_tf_random_generator", None)
