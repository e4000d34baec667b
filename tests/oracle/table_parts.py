"""What layers and optimizers are made of, as in `table`: initializers, regularizers, constraints,
activations and schedules."""

import numpy as np

from oracle.table_inputs import arrays, gradient

# Initializers without chance: shape; dtype.
INITIALIZERS = """
Zeros() | (3, 4) | None
Zeros() | () | 'int32'
Ones() | (2, 3, 4) | None
Ones() | (3,) | 'bool'
Ones() | (2, 2) | 'float16'
Constant() | (2,) | None
Constant(0.3) | (2, 3) | None
Constant(-7) | (3,) | 'int32'
Constant(2.5) | () | 'float16'
Identity() | (3, 3) | None
Identity(0.5) | (2, 4) | None
Identity(3.0) | (4, 2) | 'float16'
STFT() | (8, 1, 5) | None
STFT('imag') | (8, 1, 5) | None
STFT('real', 'hamming', 'spectrum', True) | (8, 1, 9) | None
STFT('imag', 'blackman', None, True) | (7, 1, 5) | None
STFT(window=None) | (6, 1, 5) | None
STFT(window=[0.1, 0.5, 1.0, 0.5, 0.1], scaling='density') | (5, 1, 4) | None
"""

# Initializers by chance: their moments and quantiles. Shape; dtype. Left out: whole numbers, which
# Keras 3.15.1 on JAX refuses, and normal numbers in float16, which end at 2.7 standard deviations there.
RANDOM = """
RandomNormal() | (512, 512) | None
RandomNormal(0.5, 0.2) | (3, 3, 64, 128) | None
RandomNormal(-1.0, 2.0) | (512, 512) | None
TruncatedNormal() | (512, 512) | None
TruncatedNormal(0.5, 0.2) | (3, 3, 64, 128) | None
RandomUniform() | (512, 512) | None
RandomUniform(0.0, 3.0) | (3, 3, 64, 128) | None
RandomUniform(-2.0, -1.0) | (512, 512) | 'float16'
GlorotNormal() | (512, 512) | None
GlorotNormal() | (3, 3, 64, 128) | None
GlorotUniform() | (512, 512) | None
GlorotUniform() | (3, 3, 64, 128) | None
GlorotUniform() | (4096,) | None
HeNormal() | (256, 1024) | None
HeNormal() | (3, 3, 64, 128) | None
HeUniform() | (256, 1024) | None
HeUniform() | (3, 3, 64, 128) | None
LecunNormal() | (1024, 256) | None
LecunNormal() | (5, 64, 128) | None
LecunUniform() | (1024, 256) | None
LecunUniform() | (2, 3, 3, 32, 64) | 'float16'
VarianceScaling() | (1024, 256) | None
VarianceScaling(2.0, 'fan_out', 'uniform') | (1024, 256) | None
VarianceScaling(0.5, 'fan_avg', 'untruncated_normal') | (3, 3, 64, 128) | None
VarianceScaling(3.0, 'fan_in', 'truncated_normal') | (3, 3, 64, 128) | None
VarianceScaling(1.0, 'fan_in', 'normal') | (512, 512) | None
VarianceScaling(input_axes=(0, 1), output_axes=(2,)) | (16, 32, 256) | None
VarianceScaling(1.0, 'fan_avg', 'uniform', input_axes=(0,), output_axes=(1, 2)) | (64, 8, 128) | None
GlorotUniform(input_axes=(0,), output_axes=(1, 2)) | (64, 8, 128) | None
HeNormal(input_axes=(0, 1), output_axes=(2,)) | (16, 32, 256) | None
"""

# Initializers whose product with themselves is known. Shape; dtype.
ORTHOGONAL = """
Orthogonal() | (5, 5) | None
Orthogonal() | (7, 4) | None
Orthogonal(1.7) | (4, 7) | None
Orthogonal() | (3, 2, 4, 8) | None
Orthogonal(0.5) | (2, 2, 2, 9) | None
"""

# Shape of what is penalized.
REGULARIZERS = """
L1() | (4, 3)
L1(0.3) | (3, 3, 2, 4)
L2() | (4, 3)
L2(0.3) | (3, 3, 2, 4)
L1L2() | (4, 3)
L1L2(0.1, 0.2) | (4, 3)
L1L2(l2=0.2) | (5,)
L1L2(l1=0.2) | (5,)
OrthogonalRegularizer() | (4, 3)
OrthogonalRegularizer(0.5, 'columns') | (4, 3)
OrthogonalRegularizer(2.0, mode='rows') | (3, 6)
"""

# Shape of what is projected.
CONSTRAINTS = """
MaxNorm() | (5, 4)
MaxNorm(0.7) | (5, 4)
MaxNorm(0.7, 1) | (5, 4)
MaxNorm(0.7, [0, 1]) | (5, 4)
MaxNorm(0.7, [0, 1, 2]) | (3, 3, 2, 4)
MaxNorm(0.7, -1) | (4,)
NonNeg() | (5, 4)
UnitNorm() | (5, 4)
UnitNorm(1) | (5, 4)
UnitNorm([0, 1, 2]) | (3, 3, 2, 4)
MinMaxNorm() | (5, 4)
MinMaxNorm(1.8, 2.2) | (5, 4)
MinMaxNorm(1.8, 2.2, 0.3) | (5, 4)
MinMaxNorm(0.5, 0.6, 0.9, [0, 1]) | (3, 3, 2, 4)
MinMaxNorm(0.1, 2.0, axis=1) | (5, 4)
"""

# Values and derivatives. `sparsemax` is left out: what Keras 3.15.1 gives does not sum to 1.
ACTIVATIONS = """
celu(x)
celu(x, 0.3)
elu(x)
elu(x, 0.4)
exponential(x)
gelu(x)
gelu(x, approximate=True)
glu(x)
glu(x, 0)
hard_shrink(x)
hard_shrink(x, 1.2)
hard_sigmoid(x)
hard_silu(x)
hard_swish(x)
hard_tanh(x)
leaky_relu(x)
leaky_relu(x, 0.05)
linear(x)
log_sigmoid(x)
log_softmax(x)
log_softmax(x, 0)
mish(x)
relu(x)
relu(x, 0.1)
relu(x, max_value=1.5)
relu(x, threshold=0.4)
relu(x, 0.2, 1.5, 0.4)
relu(x, 0.2, 1.5)
relu(x, 0.2, threshold=-0.4)
relu6(3 * x)
selu(x)
sigmoid(x)
silu(x)
soft_shrink(x)
soft_shrink(x, 1.2)
softmax(x)
softmax(x, 0)
softmax(x, (0, 1))
softplus(x)
softsign(x)
sparse_plus(x)
sparse_sigmoid(x)
squareplus(x)
squareplus(x, 1.5)
swish(x)
tanh(x)
tanh_shrink(x)
threshold(x, 0.3, -2.0)
"""

# Rates at step 0, at and around the boundaries, and past the end.
SCHEDULES = """
ExponentialDecay(0.1, 10, 0.5)
ExponentialDecay(0.1, 10, 0.5, staircase=True)
ExponentialDecay(0.1, 4, 1.2)
PiecewiseConstantDecay([5, 10], [1.0, 0.5, 0.1])
PiecewiseConstantDecay([0, 5, 21], [1.0, 0.5, 0.1, 0.01])
PiecewiseConstantDecay([9.5], [0.3, 0.2])
PolynomialDecay(0.1, 10)
PolynomialDecay(0.1, 10, 0.01, 2.0)
PolynomialDecay(0.1, 10, 0.01, power=0.5)
PolynomialDecay(0.1, 5, 0.01, cycle=True)
PolynomialDecay(0.1, 5, 0.01, 3.0, True)
InverseTimeDecay(0.1, 10, 0.5)
InverseTimeDecay(0.1, 5, 2.0, staircase=True)
CosineDecay(0.1, 10)
CosineDecay(0.1, 10, 0.2)
CosineDecay(0.0, 10, warmup_target=0.3, warmup_steps=5)
CosineDecay(0.1, 12, 0.1, warmup_target=0.3, warmup_steps=10)
CosineDecay(0.1, 10, warmup_steps=5)
CosineDecayRestarts(0.1, 5)
CosineDecayRestarts(0.1, 5, 1.0)
CosineDecayRestarts(0.1, 4, 1.5, 0.8, 0.1)
CosineDecayRestarts(0.1, 3, t_mul=2.0, m_mul=1.1)
"""

_STEPS = [*range(24), 25, 30, 40, 62, 100, 1000]


def _draw(keras, call, rest):
    names = {"I": keras.initializers}
    shape, dtype = (eval(part) for part in rest.split("|"))
    return np.asarray(keras.ops.convert_to_numpy(eval("I." + call, names)(shape, dtype=dtype)))


def initializer_case(keras, call, rest):
    return [_draw(keras, call, rest)]


def random_case(keras, call, rest):
    """Moments and quantiles in units of the standard deviation; the empty array has the dtype."""
    drawn = _draw(keras, call, rest)
    x = drawn.astype("float64").ravel()
    std = x.std()
    body = np.quantile(x, [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98])
    moments = [x.mean() / std, np.log(std), *(body / std)]
    # The least and the greatest of normal numbers vary far more than their quantiles.
    ends = [x.min() / std / 20, x.max() / std / 20]
    return [np.array([*moments, *ends]), np.array(drawn.shape), np.zeros(0, drawn.dtype)]


def orthogonal_case(keras, call, rest):
    """Products of the rows or columns, and the shape."""
    drawn = _draw(keras, call, rest)
    q = drawn.reshape(-1, drawn.shape[-1])
    return [q @ q.T if q.shape[0] < q.shape[1] else q.T @ q, np.array(drawn.shape)]


def regularizer_case(keras, call, shape):
    """The penalty and its derivative."""
    x = arrays(31, [eval(shape)])[0]
    x = keras.ops.convert_to_tensor(x)
    penalty = eval("R." + call, {"R": keras.regularizers})
    return [np.asarray(penalty(x)), gradient(keras, penalty, x)]


def constraint_case(keras, call, shape):
    w = arrays(32, [eval(shape)])[0]
    return [np.asarray(eval("C." + call, {"C": keras.constraints})(w))]


def activation_case(keras, call, _=""):
    """Values and derivatives at float32, and values at float16."""
    function = eval("lambda x: A." + call, {"A": keras.activations})
    x = arrays(33, [(4, 6)], 2.0)[0]
    half = function(keras.ops.convert_to_tensor(x.astype("float16")))
    return [np.asarray(function(x)), gradient(keras, function, x), np.asarray(half)]


def schedule_case(keras, call, _=""):
    """Rates of the schedule and of one made from its configuration."""
    schedule = eval("S." + call, {"S": keras.optimizers.schedules})
    again = type(schedule).from_config(schedule.get_config())
    return [np.array([float(s(step)) for step in _STEPS]) for s in (schedule, again)]


KINDS = {
    "initializer": (INITIALIZERS, initializer_case),
    "random": (RANDOM, random_case),
    "orthogonal": (ORTHOGONAL, orthogonal_case),
    "regularizer": (REGULARIZERS, regularizer_case),
    "constraint": (CONSTRAINTS, constraint_case),
    "activation": (ACTIVATIONS, activation_case),
    "schedule": (SCHEDULES, schedule_case),
}
