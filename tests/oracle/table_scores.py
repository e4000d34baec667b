"""Losses and metrics, as in `table`."""

import numpy as np

from oracle.table_inputs import gradient, set_mask

# Loss | what the targets are | shapes: "rows" (12, 4), "steps" (12, 5, 4); both where nothing is said.
# Each with every reduction, with and without weights, on "steps" also with masks, and with its derivative.
LOSSES = """
MeanSquaredError() | real
MeanAbsoluteError() | real
MeanAbsolutePercentageError() | positive
MeanSquaredLogarithmicError() | positive
Huber() | real
Huber(0.5) | real
LogCosh() | real
CosineSimilarity() | real
CosineSimilarity(axis=1) | real | rows
Poisson() | positive
Hinge() | binary
Hinge() | sign
SquaredHinge() | binary
SquaredHinge() | sign
CategoricalHinge() | one-hot
KLDivergence() | probability
BinaryCrossentropy() | binary
BinaryCrossentropy(label_smoothing=0.1) | binary
BinaryCrossentropy(from_logits=True) | binary
BinaryCrossentropy(True, 0.2) | binary
BinaryCrossentropy(axis=1) | binary | rows
BinaryFocalCrossentropy() | binary
BinaryFocalCrossentropy(apply_class_balancing=True) | binary
BinaryFocalCrossentropy(True, 0.4, 1.5, label_smoothing=0.1) | binary
BinaryFocalCrossentropy(from_logits=True) | binary
BinaryFocalCrossentropy(gamma=0.5, axis=1) | binary | rows
CategoricalCrossentropy() | one-hot
CategoricalCrossentropy(label_smoothing=0.2) | one-hot
CategoricalCrossentropy(from_logits=True) | one-hot
CategoricalCrossentropy(from_logits=True, label_smoothing=0.2) | one-hot
CategoricalCrossentropy(axis=0) | columns | whole
CategoricalFocalCrossentropy() | one-hot
CategoricalFocalCrossentropy(0.5, 1.0, label_smoothing=0.1) | one-hot
CategoricalFocalCrossentropy(from_logits=True) | one-hot
CategoricalFocalCrossentropy([0.1, 0.2, 0.3, 0.4]) | one-hot
CategoricalGeneralizedCrossEntropy() | class
CategoricalGeneralizedCrossEntropy(0.8) | class
SparseCategoricalCrossentropy() | class
SparseCategoricalCrossentropy(from_logits=True) | class
SparseCategoricalCrossentropy(ignore_class=1) | class
SparseCategoricalCrossentropy(from_logits=True, ignore_class=1) | class
SparseCategoricalCrossentropy(True, -1) | class
Dice() | probability | whole
Dice(axis=(1,)) | probability | rows
Dice(axis=(1, 2)) | probability | sums
Tversky() | probability | whole
Tversky(0.3, 0.7) | probability | whole
Tversky(0.3, 0.7, axis=(1,)) | probability | rows
Circle() | embedding | rows
Circle(40.0, 0.2) | embedding | rows
Circle(remove_diagonal=False) | embedding | rows
CTC() | sequence | rows
"""

# Functions of losses and metrics, of `y` and `p`; what the targets are.
FUNCTIONS = """
L.mean_squared_error(y, p) | real
L.mean_absolute_error(y, p) | real
L.mean_absolute_percentage_error(y, p) | positive
L.mean_squared_logarithmic_error(y, p) | positive
L.huber(y, p, 0.7) | real
L.log_cosh(y, p) | real
L.cosine_similarity(y, p, 0) | real
L.poisson(y, p) | positive
L.hinge(y, p) | binary
L.squared_hinge(y, p) | binary
L.categorical_hinge(y, p) | one-hot
L.kl_divergence(y, p) | probability
L.binary_crossentropy(y, p, True, 0.1, 0) | binary
L.binary_focal_crossentropy(y, p, True, 0.4, 1.5, False, 0.1, 0) | binary
L.categorical_crossentropy(y, p, True, 0.1) | one-hot
L.categorical_focal_crossentropy(y, p, 0.4, 1.5, True, 0.1) | one-hot
L.categorical_generalized_cross_entropy(y, p, 0.3) | class
L.sparse_categorical_crossentropy(y, p, ignore_class=2) | class
L.dice(y, p, (0,)) | probability
L.tversky(y, p, 0.2, 0.8, (0,)) | probability
L.circle(y, p) | embedding
L.circle(y, p, y[:5], p[:5], False, 60, 0.3) | embedding
L.ctc(y, p) | sequence
M.binary_accuracy(y, p, 0.3) | binary
M.categorical_accuracy(y, p) | one-hot
M.sparse_categorical_accuracy(y, p) | class
M.sparse_categorical_accuracy(y[:, None], p) | class
M.top_k_categorical_accuracy(y, p, 2) | one-hot
M.sparse_top_k_categorical_accuracy(y, p, 2) | class
M.concordance_correlation(y, p, 0) | real
M.pearson_correlation(y, p, 0) | real
"""

# Metric | what the targets are | weights. Streamed over three batches without weights, and with those
# named: "row", one for each of (12, 4); "each", one for each of its values; "steps", weights of shape
# (12, 5) for (12, 5, 4); "mask", these and a mask on the predictions.
METRICS = """
Mean() | values | row each
Sum() | values | row each
MeanMetricWrapper(M.mean_squared_error) | real | row steps mask
MeanMetricWrapper(M.huber, 'h', delta=0.3) | real | row steps
MeanSquaredError() | real | row steps mask
MeanAbsoluteError() | real | row steps mask
MeanAbsolutePercentageError() | positive | row steps mask
MeanSquaredLogarithmicError() | positive | row steps
RootMeanSquaredError() | real | row each
CosineSimilarity() | real | row steps mask
CosineSimilarity(axis=1) | real | row
LogCoshError() | real | row steps
R2Score() | real | row
R2Score(None) | real | row
R2Score('variance_weighted_average') | real | row
R2Score(num_regressors=2) | real | row
PearsonCorrelation() | real | row
PearsonCorrelation(axis=0) | real |
ConcordanceCorrelation() | real | row
Accuracy() | class-class | row
Accuracy() | hits | row
BinaryAccuracy() | binary | row steps mask
BinaryAccuracy(threshold=0.4) | binary | row
CategoricalAccuracy() | one-hot | row steps mask
SparseCategoricalAccuracy() | class | row steps mask
TopKCategoricalAccuracy(2) | one-hot | row steps
SparseTopKCategoricalAccuracy(2) | class | row steps
SparseTopKCategoricalAccuracy(2, from_sorted_ids=True) | sorted | row
BinaryCrossentropy() | binary | row steps mask
BinaryCrossentropy(from_logits=True) | binary | row
BinaryCrossentropy(label_smoothing=0.2) | binary | row
CategoricalCrossentropy() | one-hot | row steps mask
CategoricalCrossentropy(from_logits=True, label_smoothing=0.1) | one-hot | row
SparseCategoricalCrossentropy() | class | row steps mask
SparseCategoricalCrossentropy(from_logits=True) | class | row
SparseCategoricalCrossentropy(ignore_class=1) | class | row
KLDivergence() | probability | row steps
Poisson() | positive | row steps
Hinge() | binary | row steps
Hinge() | sign | row
SquaredHinge() | binary | row steps
CategoricalHinge() | one-hot | row steps
Precision() | binary | row each
Precision([0.2, 0.4]) | binary | row each
Precision(top_k=2) | binary | row each
Precision(0.2, 3, 1) | binary | row
Recall() | binary | row each
Recall(thresholds=0.3) | binary | row each
Recall(top_k=2, class_id=0) | binary | row
TruePositives() | binary | row each
TruePositives([0.1, 0.2, 0.3]) | binary | row each
TrueNegatives(thresholds=[0.2, 0.7]) | binary | row each
FalsePositives() | binary | row each
FalsePositives(0.25) | binary | row each
FalseNegatives() | binary | row each
FalseNegatives([0.2, 0.7]) | binary | row each
AUC() | binary | row each
AUC(50, 'PR') | binary | row each
AUC(50, 'PR', 'minoring') | binary | row
AUC(50, 'PR', 'majoring') | binary | row
AUC(50, summation_method='minoring') | binary | row
AUC(50, summation_method='majoring') | binary | row
AUC(50, 'PRGAIN') | binary | row
AUC(thresholds=[0.1, 0.3, 0.35, 0.6]) | binary | row each
AUC(40, multi_label=True) | binary | row
AUC(40, 'PR', multi_label=True, num_labels=4) | binary | row
AUC(40, multi_label=True, label_weights=[0.1, 0.2, 0.3, 0.4]) | binary | row
AUC(40, from_logits=True) | logits | row each
PrecisionAtRecall(0.5) | binary | row each
PrecisionAtRecall(0.3, 20, 1) | binary | row
RecallAtPrecision(0.5) | binary | row each
RecallAtPrecision(0.4, 20, 1) | binary | row
SensitivityAtSpecificity(0.5) | binary | row each
SensitivityAtSpecificity(0.3, 20, 1) | binary | row
SpecificityAtSensitivity(0.5) | binary | row each
SpecificityAtSensitivity(0.3, 1) | binary | row each
F1Score() | one-hot | row
F1Score('macro') | one-hot | row
F1Score('micro', 0.3) | one-hot | row
F1Score('weighted') | one-hot | row
FBetaScore() | one-hot | row
FBetaScore('macro', 0.5, 0.4) | one-hot | row
FBetaScore('weighted', 2.0) | one-hot | row
FBetaScore('micro', 2.0, 0.2) | binary | row
IoU(4, [0, 2]) | class-class |
IoU(4, [0, 2], dtype='float32') | class-class | row
IoU(4, [1, 3], ignore_class=2) | class-class |
IoU(4, [1], sparse_y_pred=False) | class |
IoU(4, [1, 2], sparse_y_true=False) | one-hot-class |
BinaryIoU() | binary |
BinaryIoU([1], 0.3, dtype='float32') | binary | each
MeanIoU(4) | class-class |
MeanIoU(4, dtype='float32') | class-class | row
MeanIoU(4, ignore_class=0, sparse_y_pred=False) | class |
OneHotIoU(4, [0, 1]) | one-hot |
OneHotIoU(4, [0, 3], ignore_class=3, dtype='float32') | one-hot | row
OneHotIoU(4, [2], sparse_y_pred=True) | one-hot-class |
OneHotMeanIoU(4) | one-hot |
OneHotMeanIoU(4, ignore_class=1, dtype='float32') | one-hot | row
"""

_REDUCTIONS = ["sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None]
_BATCHES = [slice(0, 5), slice(5, 9), slice(9, 12)]
_MASK = np.random.RandomState(42).uniform(size=(12, 5)) > 0.3


def _targets(kind, lead):
    """Labels and predictions with the leading axes given."""
    rng = np.random.RandomState(41)
    logits = rng.standard_normal((*lead, 4)).astype("float32")
    share = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    real = rng.standard_normal((*lead, 4)).astype("float32")
    classes, others = rng.randint(0, 4, (2, *lead)).astype("int32")
    binary = (rng.uniform(size=(*lead, 4)) > 0.5).astype("float32")
    one_hot = np.eye(4, dtype="float32")[classes]
    return {
        "real": (real, logits),
        "values": (real,),
        "positive": (np.abs(real) + 0.1, np.abs(logits) + 0.1),
        "binary": (binary, share),
        "logits": (binary, logits),
        "sign": (2 * binary - 1, logits),
        "one-hot": (one_hot, share),
        "columns": (np.eye(len(real), 4, dtype="float32"), share / share.sum(0)),
        "class": (classes, share),
        "class-class": (classes, others),
        "one-hot-class": (one_hot, others),
        "hits": (binary, np.where(logits > 0, binary, 1 - binary)),
        "sorted": (classes, np.argsort(-share).astype("float32")),
        "probability": (share[::-1].copy(), share),
        "embedding": (classes, logits),
        "sequence": (rng.randint(1, 7, (lead[0], 2)), _steps(rng, lead[0])),
    }[kind]


def _steps(rng, n):
    return rng.standard_normal((n, 6, 7)).astype("float32")


def _weights(shape):
    """From 0 to 2, some of them 0."""
    return np.where(_MASK.ravel()[: np.prod(shape)], np.linspace(0, 2, np.prod(shape)), 0).reshape(
        shape
    ).astype("float32")  # fmt: skip


def _reduced(loss, y, p, weights):
    """The loss with every reduction and each of some weights."""
    out = []
    for reduction in _REDUCTIONS:
        loss.reduction = reduction
        out += [np.asarray(loss(y, p, sample_weight=w)) for w in weights]
    return out


def loss_case(keras, call, rest):
    kind, _, forms = (part.strip() for part in rest.partition("|"))
    out = []
    loss = eval("L." + call, {"L": keras.losses})
    if forms in ("", "rows", "whole"):
        y, p = _targets(kind, (12,))
        weights = [None, *([] if forms == "whole" else [_weights((12,)), _weights((12, 1))])]
        loss = eval("L." + call, {"L": keras.losses})
        out.append(gradient(keras, lambda p: loss(y, p), p))
        # Keras takes a column of weights for a matrix of them where the loss is no vector.
        out += _reduced(loss, y, p, weights if kind != "sequence" else weights[:2])
    if forms in ("", "sums"):
        y, p = _targets(kind, (12, 5))
        loss = eval("L." + call, {"L": keras.losses})
        out.append(gradient(keras, lambda p: loss(y, p), p))
        steps = [None, _weights((12,))] if forms else [None, _weights((12, 5)), _weights((12, 1))]
        out += _reduced(loss, y, p, steps)
        if not forms:
            out += _reduced(loss, y, set_mask(keras, p, _MASK), [None, _weights((12, 5))])
    return out


def function_case(keras, call, kind):
    y, p = _targets(kind, (12,))
    names = {"L": keras.losses, "M": keras.metrics, "y": y, "p": p}
    return [np.asarray(eval(call, names))]


def _streamed(keras, metric, data, weight, mask=None):
    """Results after each of three batches, after a reset, and after one more batch."""
    out = []
    for batch in [*_BATCHES, None, _BATCHES[1]]:
        if batch is None:
            metric.reset_state()
        else:
            parts = [np.ascontiguousarray(x[batch]) for x in data]
            if mask is not None:
                parts[1] = set_mask(keras, parts[1], mask[batch])
            given = {} if weight is None else {"sample_weight": weight[batch]}
            metric.update_state(*parts, **given)
        out.append(np.asarray(metric.result()))
    return out


def metric_case(keras, call, rest):
    kind, _, modes = (part.strip() for part in rest.partition("|"))
    rows = _targets(kind, (12,))
    runs = [(rows, None, None)]
    for mode in modes.split():
        lead = (12, 5) if mode in ("steps", "mask") else (12,)
        data = _targets(kind, lead)
        shape = data[0].shape if mode == "each" else lead
        runs.append((data, _weights(shape), _MASK if mode == "mask" else None))
    out = []
    for data, weight, mask in runs:
        metric = eval("M." + call, {"M": keras.metrics})
        out += _streamed(keras, metric, data, weight, mask)
    return out


KINDS = {
    "loss": (LOSSES, loss_case),
    "score": (FUNCTIONS, function_case),
    "metric": (METRICS, metric_case),
}
