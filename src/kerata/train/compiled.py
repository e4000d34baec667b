"""What `Model.compile` sets up: optimizer, losses, metrics, and the programs compiled from them."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from .. import capture, graph, rng, tree
from ..engine import engine, part_of_step
from ..errors import InputError, KerataError
from ..scope import Binding
from ..serialization import serialize_keras_object
from ..spec import KerasTensor, Spec, spec_of
from .objectives import Losses, Metrics
from .step import overrides


class Compiled:
    """The training configuration of one model.

    Args:
        model: The model.
        optimizer, loss, metrics, loss_weights, weighted_metrics: As given to `Model.compile`.
        run_eagerly: Whether steps run in Python.
        auto_scale_loss: Whether a model of the policy ``mixed_float16`` gets a `LossScaleOptimizer`
            around its optimizer.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        loss: Any,
        metrics: Any,
        loss_weights: Any,
        weighted_metrics: Any,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        extra: dict[str, Any] | None = None,
    ) -> None:
        from .. import optimizers
        from ..metrics import Mean

        unknown = set(extra or ()) - {
            "sample_weight_mode",
            "target_tensors",
            "distribute",
            "experimental_run_tf_function",
        }
        if unknown:
            raise TypeError(f"compile has no argument {sorted(unknown)[0]!r}.")
        self.given = {
            "optimizer": optimizer, "loss": loss, "metrics": metrics, "loss_weights": loss_weights,
            "weighted_metrics": weighted_metrics, "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution, "jit_compile": jit_compile,
            **({} if auto_scale_loss else {"auto_scale_loss": False}),
        }  # fmt: skip
        self.optimizer = optimizers.get(optimizer) if optimizer is not None else None
        scaled = isinstance(self.optimizer, optimizers.LossScaleOptimizer)
        halved = model.dtype_policy.name == "mixed_float16"
        if auto_scale_loss and halved and self.optimizer is not None and not scaled:
            self.optimizer = optimizers.LossScaleOptimizer(self.optimizer)
        self.run_eagerly = run_eagerly
        self.fuse = None if jit_compile in ("auto", None) else bool(jit_compile)
        self.loss_tracker = Mean(name="loss")
        self.seed = rng.draw_seed()
        self.steps = 0
        self.programs: dict[Any, Any] = {}
        self._ready: dict[Any, Any] = {}
        self.trainable: Any = None
        if capture.reread is not None:  # a program of Keras 1 or 2
            from ..legacy.frozen import Trainable

            self.trainable = Trainable(model)
        names = model.output_names
        self._make_objectives(names)

    def _make_objectives(self, names: list[str]) -> None:
        given = self.given
        self.output_names = names
        self.losses = (
            Losses(given["loss"], given["loss_weights"], names)
            if given["loss"] is not None
            else None
        )
        self.metrics = Metrics(given["metrics"], given["weighted_metrics"], names)
        if self.losses is not None:
            self.metrics.attach_losses(self.losses)

    def as_compiled(self) -> Any:
        """A context for training: layers may be trainable as they were when the model was compiled."""
        return contextlib.nullcontext() if self.trainable is None else self.trainable.restored()

    def trackers(self) -> list[Any]:
        """The loss tracker, the losses of single outputs, and the metrics."""
        return [
            self.loss_tracker,
            *(self.losses.metrics if self.losses is not None else []),
            *self.metrics.metrics,
        ]

    def total_loss(self, model: Any, y: Any, y_pred: Any, weight: Any) -> Any:
        """Loss of `compile` plus penalties and what layers added."""
        total: Any = None
        with part_of_step("loss"):
            if self.losses is not None:
                total = self.losses(y, y_pred, weight)
            for extra in model.losses:
                if getattr(extra, "shape", ()) != ():
                    from .. import ops

                    extra = ops.mean(extra)
                total = extra if total is None else total + extra
        if total is None:
            raise InputError(
                "There is no loss to train on: give compile(loss=...), or call add_loss in the model or its layers."
            )
        return total

    def update_metrics(self, y: Any, y_pred: Any, weight: Any) -> None:
        """Take a batch into the compiled metrics."""
        if self.metrics.metrics or not self.metrics.built:
            with part_of_step("metrics"):
                self.metrics.update_state(y, y_pred, weight)

    def prepare(self, model: Any, x: Any, y: Any, weight: Any) -> None:
        """Make everything that depends on the data's shapes: weights, slots, metrics' state.

        Runs model and objectives on shapes, which also finds most mistakes in the data.
        """
        signature = _signature((x, y, weight))
        if model.built and signature in self._ready:
            if y is not None:
                self.check_labels(y, self._ready[signature])
            return
        own = any(overrides(model, f"{mode}_step") for mode in ("train", "test"))
        outputs: Any = None
        if _callable_model(model):
            try:
                outputs = self._infer(model, x, y, weight)
            except Exception:
                if not own:
                    raise
                # The step takes the batch apart in its own way: the model need not fit `x` as it is.
        model.built = True
        with self.as_compiled():
            # What a step of the user's own trains is known when it is run.
            known = not own or all(layer.built for layer in model._flatten_layers())
            if self.optimizer is not None and known and model.trainable_variables:
                self.optimizer.build(model.trainable_variables)
        self._ready[signature] = outputs

    def _infer(self, model: Any, x: Any, y: Any, weight: Any) -> Any:
        """Outputs of the model for such data, as Specs; the objectives are made for them."""
        xs, ys, ws = (tree.map_structure(_symbol, part) for part in (x, y, weight))
        try:
            outputs = model._infer_outputs(xs)
        except Exception:
            if not self.run_eagerly:
                raise
            outputs = _outputs_of_values(model, x)
        self._set_output_names(model, outputs)
        if y is not None:
            self.check_labels(y, outputs)
            self.metrics.build(*_as_specs((ys, outputs)))
            self._infer_objectives(model, ys, outputs, ws)
        return outputs

    def _set_output_names(self, model: Any, outputs: Any) -> None:
        if model._graph is not None or model.__dict__.get("_output_names"):
            return
        if isinstance(outputs, dict):
            names = [str(p[0]) for p, _ in tree.flatten_with_path(outputs)]
        else:
            count = len(tree.flatten(outputs))
            names = ["output"] if count == 1 else [f"output_{i + 1}" for i in range(count)]
        model.__dict__["_output_names"] = names
        if names != self.output_names:
            self._make_objectives(names)

    def _infer_objectives(self, model: Any, y: Any, outputs: Any, weight: Any) -> None:
        def update(y: Any, outputs: Any, weight: Any) -> None:
            if self.losses is not None:
                self.losses(y, outputs, weight)
            self.metrics.update_state(y, outputs, weight)

        symbols = tree.map_structure(_symbol_of_spec, outputs)
        known = [v for m in self.trackers() for v in m.variables]
        try:
            # Bound, so that what a metric counts by sizes alone does not count these invented ones.
            with Binding(known, [v.value for v in known]):
                graph.infer(update, (y, symbols, weight), {})
        except KerataError:
            raise
        except Exception:
            # A user's function that cannot run on shapes alone; the compiler will run it.
            return
        finally:
            old = {id(v) for v in known}
            for metric in self.trackers():
                if any(id(v) not in old for v in metric.variables):
                    metric.reset_state()

    def check_labels(self, y: Any, outputs: Any) -> None:
        """Look at host labels for values that the loss cannot take."""
        if (
            self.losses is not None
            and outputs is not None
            and all(isinstance(a, np.ndarray) for a in tree.flatten(y))
        ):
            self.losses.check_labels(y, outputs)

    def get_config(self) -> dict[str, Any]:
        """Arguments of `Model.compile`, fit for JSON."""
        out = {k: serialize_keras_object(v) for k, v in self.given.items()}
        out["optimizer"] = serialize_keras_object(self.optimizer)
        return out


def _callable_model(model: Any) -> bool:
    from ..models.model import Model

    return model._graph is not None or type(model).call is not Model.call


def _outputs_of_values(model: Any, x: Any) -> Any:
    """Specs of a model's outputs by a call on a row of data: for one whose code asks for values."""
    before = [(v, v.state()) for v in model.variables]
    try:
        outputs = model(tree.map_structure(lambda a: engine().asarray(a[:1]), x), training=False)
    finally:
        for v, value in before:
            v.restore(value)
        model._clear_losses()
    specs = tree.map_structure(spec_of, outputs)
    return tree.map_structure(lambda s: Spec((None, *s.shape[1:]), s.dtype), specs)


def _signature(data: Any) -> Any:
    leaves = tuple(
        (p, getattr(a, "shape", (0,))[1:], str(getattr(a, "dtype", "")))
        for p, a in tree.flatten_with_path(data)
    )
    return leaves


def _symbol(a: Any) -> Any:
    return None if a is None else KerasTensor((None, *a.shape[1:]), _dtype(a))


def _symbol_of_spec(s: Any) -> Any:
    return KerasTensor(s.shape, s.dtype) if isinstance(s, Spec) else s


def _as_specs(x: Any) -> Any:
    return tree.map_structure(lambda s: Spec(s.shape, s.dtype) if isinstance(s, Spec) else s, x)


def _dtype(a: Any) -> str:
    from ..dtypes import standardize

    return standardize(a.dtype)
