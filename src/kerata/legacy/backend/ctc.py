"""Connectionist temporal classification (Graves et al. 2006) of probabilities; the last class is blank."""

from __future__ import annotations

from typing import Any

from ... import config, ops
from ...spec import shape_of
from ._define import backend_op

Tensor = Any


def _lengths(x: Any) -> Any:
    """Lengths (batch, 1) or (batch,) as (batch,) whole numbers."""
    return ops.reshape(ops.cast(x, "int32"), (shape_of(x)[0],))


def _logs(y_pred: Any) -> Any:
    return ops.log(ops.add(y_pred, config.epsilon()))


@backend_op
def ctc_batch_cost(
    y_true: Tensor, y_pred: Tensor, input_length: Tensor, label_length: Tensor
) -> Tensor:
    """The loss of each sample, (batch, 1).

    Args:
        y_true: (batch, labels) classes; what lies beyond `label_length` does not matter.
        y_pred: (batch, time, classes) probabilities, as a softmax gives them.
        input_length: (batch, 1) numbers of time steps.
        label_length: (batch, 1) numbers of labels.

    >>> import numpy as np
    >>> p = np.array([[[0.5, 0.5]]], "float32")
    >>> ctc_batch_cost([[0]], p, np.array([[1]]), np.array([[1]])).tolist()
    [[0.6931...]]
    """
    blank = shape_of(y_pred)[-1] - 1
    loss = ops.ctc_loss(
        ops.cast(y_true, "int32"),
        _logs(y_pred),
        _lengths(label_length),
        _lengths(input_length),
        blank,
    )
    return ops.expand_dims(loss, 1)


def ctc_decode(
    y_pred: Tensor,
    input_length: Tensor,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
) -> tuple[list[Tensor], Tensor]:
    """Label sequences out of probabilities.

    Args:
        y_pred: (batch, time, classes) probabilities.
        input_length: (batch,) numbers of time steps.
        greedy: Whether to take the best class of each step, or to search for the best sequences.
        beam_width: How many sequences the search keeps.
        top_paths: How many it returns. As in TensorFlow, equal labels beside each other are merged in
            them even if there was a blank between.

    Returns:
        A list of (batch, time) labels with -1 behind the end, one for each path (one if greedy), and
        scores: (batch, 1) minus the sum of the best logarithms, or (batch, paths) log probabilities.

    >>> labels, scores = ctc_decode([[[0.9, 0.1], [0.1, 0.9], [0.9, 0.1]]], [3])
    >>> labels[0].tolist()
    [[0, 0, -1]]
    """
    labels, scores = _decoded(y_pred, input_length, greedy, beam_width, top_paths)
    return [labels[i] for i in range(1 if greedy else top_paths)], scores


@backend_op
def _decoded(
    y_pred: Tensor, input_length: Tensor, greedy: bool, beam_width: int, top_paths: int
) -> tuple[Tensor, Tensor]:
    """Labels (paths, batch, time) and scores."""
    y_pred = ops.convert_to_tensor(y_pred)
    blank = shape_of(y_pred)[-1] - 1
    strategy = "greedy" if greedy else "beam_search"
    labels, scores = ops.ctc_decode(
        _logs(y_pred), _lengths(input_length), strategy, beam_width, top_paths, True, blank
    )
    return (labels if greedy else _merged(labels)), scores


def _merged(labels: Any) -> Any:
    """Labels without those that are like the one before."""
    time = shape_of(labels)[-1]
    before = ops.pad(labels[..., :-1], ((0, 0), (0, 0), (1, 0)), constant_values=-1)
    drop = ops.logical_or(ops.equal(labels, before), ops.less(labels, 0))
    order = ops.argsort(ops.where(drop, time, ops.arange(time)), -1)
    return ops.take_along_axis(ops.where(drop, -1, labels), order, -1)
