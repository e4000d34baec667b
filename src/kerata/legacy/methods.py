"""Methods that models once had. Reached when a model has no attribute of that name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def fit_generator(
    model: Any,
    generator: Any,
    steps_per_epoch: int | None = None,
    epochs: int = 1,
    verbose: Any = 1,
    callbacks: Any = None,
    validation_data: Any = None,
    validation_steps: int | None = None,
    validation_freq: Any = 1,
    class_weight: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    shuffle: bool = True,
    initial_epoch: int = 0,
) -> Any:
    """``fit`` with a generator or `Sequence`."""
    return model.fit(
        generator, steps_per_epoch=steps_per_epoch, epochs=epochs, verbose=verbose, callbacks=callbacks,
        validation_data=validation_data, validation_steps=validation_steps, validation_freq=validation_freq,
        class_weight=class_weight, max_queue_size=max_queue_size, workers=workers,
        use_multiprocessing=use_multiprocessing, shuffle=shuffle, initial_epoch=initial_epoch,
    )  # fmt: skip


def evaluate_generator(
    model: Any,
    generator: Any,
    steps: int | None = None,
    callbacks: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: Any = 0,
) -> Any:
    """``evaluate`` with a generator or `Sequence`."""
    return model.evaluate(
        generator, steps=steps, callbacks=callbacks, max_queue_size=max_queue_size, workers=workers,
        use_multiprocessing=use_multiprocessing, verbose=verbose,
    )  # fmt: skip


def predict_generator(
    model: Any,
    generator: Any,
    steps: int | None = None,
    callbacks: Any = None,
    max_queue_size: int = 10,
    workers: int = 1,
    use_multiprocessing: bool = False,
    verbose: Any = 0,
) -> Any:
    """``predict`` with a generator or `Sequence`."""
    return model.predict(
        generator, steps=steps, callbacks=callbacks, max_queue_size=max_queue_size, workers=workers,
        use_multiprocessing=use_multiprocessing, verbose=verbose,
    )  # fmt: skip


def predict_classes(model: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
    """Class of each row: the largest output, or whether the only one passes 0.5."""
    y = model.predict(x, batch_size=batch_size, verbose=verbose)
    return y.argmax(axis=-1) if y.shape[-1] > 1 else (y > 0.5).astype("int32")


def predict_proba(model: Any, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
    """Outputs for each row; the same as ``predict``."""
    return model.predict(x, batch_size=batch_size, verbose=verbose)


METHODS: dict[str, Callable] = {
    f.__name__: f
    for f in (fit_generator, evaluate_generator, predict_generator, predict_classes, predict_proba)
}
