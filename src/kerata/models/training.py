"""The methods of a model that train, evaluate and use it; the work is done in `train`."""

from __future__ import annotations

import functools
import inspect
import numbers
from collections.abc import Callable
from typing import Any

from .. import tree
from ..errors import NotBuiltError
from ..scope import feeding, results_only
from ..variable import StatelessScope
from .metric_names import MetricNames


def _numbers(x: Any) -> bool | None:
    """Whether `x` is a number, or some nested, as weights of losses are; ``None`` if it holds nothing."""
    leaves = [v for v in tree.flatten(x) if v is not None]
    if not leaves:
        return None
    return all(isinstance(v, numbers.Real) or getattr(v, "shape", None) == () for v in leaves)


def takes_old_names(method: Callable) -> Callable:
    """Let a method take arguments under names of earlier eras, too; a modern call costs a look at its names."""
    known = frozenset(inspect.signature(method).parameters)

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not known.issuperset(kwargs):
            from ..legacy.methods import modern

            kwargs = modern(method.__name__, kwargs)
        return method(self, *args, **kwargs)

    return call


class TrainingMethods:
    """What `Model` takes from here: compile, fit, evaluate, predict and what belongs to them."""

    name: str
    built: bool
    trainable_variables: list[Any]
    _compiled: Any

    @takes_old_names
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str | None = "auto",
        auto_scale_loss: bool = True,
        **kwargs: Any,
    ) -> None:
        """Say how the model is to be trained.

        Given by place, `metrics` and `loss_weights` may come in either order, Keras 2's or Keras 3's:
        numbers are weights.

        Args:
            optimizer: Name or instance.
            loss: Name, instance or function ``(y_true, y_pred)``; for several outputs a list or a
                dict by output name.
            metrics: List of names, instances or functions; for several outputs a list of lists or
                a dict. ``"accuracy"`` means the accuracy that suits the loss and the output.
            loss_weights: Factors of the outputs' losses.
            weighted_metrics: Metrics to which sample weights apply.
            run_eagerly: Run step by step in Python, for debugging.
            steps_per_execution: Accepted; Kerata compiles whole runs of steps anyway.
            jit_compile: Whether the library's optimizing compiler takes the whole step: XLA with
                TensorFlow, Inductor with torch; JAX always does. ``"auto"`` where that is faster.
            auto_scale_loss: Whether a model of the policy ``mixed_float16`` gets a
                `LossScaleOptimizer` around its optimizer.
        """
        from ..train.compiled import Compiled

        for own in ("_optimizer", "_loss_given"):  # what was set by hand before
            self.__dict__.pop(own, None)
        if _numbers(metrics) or (not metrics and _numbers(loss_weights) is False):
            metrics, loss_weights = loss_weights, metrics
        self._compiled = Compiled(
            self, optimizer, loss, metrics, loss_weights, weighted_metrics, run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution, jit_compile=jit_compile,
            auto_scale_loss=auto_scale_loss, extra=kwargs,
        )  # fmt: skip

    def _need_compiled(self, what: str) -> Any:
        if self._compiled is None:
            raise NotBuiltError(
                f"Call compile(optimizer, loss) before {what}: model {self.name!r} is not compiled."
            )
        return self._compiled

    @property
    def optimizer(self) -> Any:
        """The optimizer given to `compile`."""
        own = self.__dict__.get("_optimizer")
        return own if own is not None else (self._compiled.optimizer if self._compiled else None)

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        self.__dict__["_optimizer"] = value

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self._compiled is not None

    @property
    def loss(self) -> Any:
        """The loss as given to `compile`."""
        if "_loss_given" in self.__dict__:
            return self.__dict__["_loss_given"]
        return self._compiled.given["loss"] if self._compiled else None

    @loss.setter
    def loss(self, value: Any) -> None:
        self.__dict__["_loss_given"] = value

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run in Python rather than compiled."""
        return bool(self._compiled and self._compiled.run_eagerly)

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._need_compiled("run_eagerly").run_eagerly = bool(value)

    @property
    def metrics(self) -> list[Any]:
        """The loss tracker, the compiled metrics, and those kept in layers."""
        held = self._metrics_below()
        return tree.unique([*(self._compiled.trackers() if self._compiled else []), *held])

    @property
    def metrics_names(self) -> list[str]:
        """Names of the values that `evaluate` returns."""
        return MetricNames((m.name for m in self.metrics), self)

    @property
    def metrics_variables(self) -> list[Any]:
        """State of all metrics."""
        return tree.unique(v for m in self.metrics for v in m.variables)

    def reset_metrics(self) -> None:
        """Set all metrics to their start."""
        for m in self.metrics:
            m.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Values of all metrics by name."""
        out: dict[str, Any] = {}
        for m in self.metrics:
            value = m.result()
            out.update(value if isinstance(value, dict) else {m.name: value})
        return out

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on one batch ``(x, y, sample_weight)``; subclasses may override it.

        State is changed by assignment; the training loop compiles the step as a pure function.
        """
        from ..train import step

        step.train_update(self, data)
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation on one batch; subclasses may override it."""
        from ..train import step

        step.test_update(self, data)
        return self.get_metrics_result()

    def predict_step(self, data: Any) -> Any:
        """Predictions for one batch; subclasses may override it."""
        from ..train.data import unpack_x_y_sample_weight

        model: Any = self
        with results_only():
            return model(unpack_x_y_sample_weight(data)[0], training=False)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The total loss: that of `compile`, plus penalties and `add_loss`; may be overridden."""
        compiled = self._need_compiled("compute_loss")
        if x is None or self._graph is None:
            return compiled.total_loss(self, y, y_pred, sample_weight)
        outputs = list(zip(tree.flatten(y_pred), self._graph.flat_outputs))
        with feeding(self._graph.flat_inputs, lambda: self._standardize(x), outputs):
            return compiled.total_loss(self, y, y_pred, sample_weight)

    def stateless_compute_loss(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        metrics_variables: Any,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tuple[Any, tuple[Any, Any, Any]]:
        """`compute_loss` as a pure function of the values of the variables.

        Returns the loss and ``(trainable_variables, non_trainable_variables, metrics_variables)`` as
        they are afterwards.
        """
        model: Any = self
        others = tree.unique([*model.non_trainable_variables, *model.metrics_variables])
        pairs = [
            *zip(model.trainable_variables, trainable_variables, strict=True),
            *zip(model.non_trainable_variables, non_trainable_variables, strict=True),
            *zip(model.metrics_variables, metrics_variables, strict=True),
        ]
        with StatelessScope(pairs) as scope:
            loss = self.compute_loss(x, y, y_pred, sample_weight, training)
        after = {id(v): scope.get_current_value(v) for v in others}
        return loss, (
            trainable_variables,
            [after[id(v)] for v in model.non_trainable_variables],
            [after[id(v)] for v in model.metrics_variables],
        )

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Update the compiled metrics and return all values; may be overridden."""
        self._need_compiled("compute_metrics").update_metrics(y, y_pred, sample_weight)
        return self.get_metrics_result()

    @takes_old_names
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        profile: bool = False,
        debug_nan: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Train for a number of epochs; returns the `History`.

        Args:
            x: Array, list or dict of arrays, DataFrame, generator, `PyDataset`, or any iterable of batches.
            y: Targets, where `x` does not bring them.
            batch_size: Rows a step (32 by default).
            epochs: Number of passes over the data (the last epoch's number, with `initial_epoch`).
            verbose: 0 silent, 1 progress bar, 2 one line an epoch, ``"auto"`` 1.
            callbacks: Callbacks to be called along the way.
            validation_split: Share of the rows, the last ones, held out for validation.
            validation_data: ``(x, y)``, ``(x, y, sample_weight)`` or a data set.
            shuffle: Whether rows are drawn in a new order each epoch.
            class_weight: Factor of the loss for each class.
            sample_weight: Factor of the loss for each row.
            initial_epoch: Number of epochs that count as done.
            steps_per_epoch: Batches that make an epoch.
            validation_steps: Batches that make a validation.
            validation_batch_size: Rows a validation step.
            validation_freq: Validate every so many epochs, or in the epochs of a list.
            profile: Measure where the time of a step goes, layer by layer; a table is printed after
                the training, and its numbers are in ``history.profile``. The training stays the same.
            debug_nan: Look at loss and weights after every step. Where they become NaN or infinite, the step is
                taken back and `NanError` says in which layer and op that began. Steps take longer.
        """  # fmt: skip
        from ..train import loop

        with self._need_compiled("fit").as_compiled():
            return loop.fit(
                self, x, y, batch_size=batch_size, epochs=epochs, verbose=verbose, callbacks=callbacks,
                validation_split=validation_split, validation_data=validation_data, shuffle=shuffle,
                class_weight=class_weight, sample_weight=sample_weight, initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch, validation_steps=validation_steps,
                validation_batch_size=validation_batch_size, validation_freq=validation_freq,
                profile=profile, debug_nan=debug_nan, **kwargs,
            )  # fmt: skip

    @takes_old_names
    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto",
                 sample_weight: Any = None, steps: int | None = None, callbacks: Any = None,
                 return_dict: bool = False, profile: bool = False, **kwargs: Any) -> Any:  # fmt: skip
        """Loss and metrics on data: a number, a list in the order of `metrics_names`, or a dict.

        With `profile` a table is printed of where the time of a step goes, layer by layer.
        """
        from ..train import loop

        return loop.evaluate(
            self, x, y, batch_size=batch_size, verbose=verbose, sample_weight=sample_weight, steps=steps,
            callbacks=callbacks, return_dict=return_dict, profile=profile, **kwargs,
        )  # fmt: skip

    @takes_old_names
    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None,
                callbacks: Any = None, **kwargs: Any) -> Any:  # fmt: skip
        """Predictions for all rows, as NumPy arrays in the structure of the outputs."""
        from ..train import loop

        return loop.predict(
            self,
            x,
            batch_size=batch_size,
            verbose=verbose,
            steps=steps,
            callbacks=callbacks,
            **kwargs,
        )

    @takes_old_names
    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None,
                       return_dict: bool = False, **kwargs: Any) -> Any:  # fmt: skip
        """One training step on one batch; returns loss and metrics."""
        from ..train import loop

        return loop.train_on_batch(self, x, y, sample_weight, class_weight, return_dict, **kwargs)

    @takes_old_names
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False,
                      **kwargs: Any) -> Any:  # fmt: skip
        """Loss and metrics on one batch."""
        from ..train import loop

        return loop.test_on_batch(self, x, y, sample_weight, return_dict, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Predictions for one batch."""
        from ..train import loop

        return loop.predict_on_batch(self, x)

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile_from_config` needs, fit for JSON."""
        return self._compiled.get_config() if self._compiled else None

    def compile_from_config(self, config: dict[str, Any] | None) -> None:
        """Compile as the model was that gave the configuration."""
        from ..serialization import deserialize_keras_object

        if not config:
            return
        config = {k: deserialize_keras_object(v) for k, v in config.items()}
        self.compile(**config)
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)
