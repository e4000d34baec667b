"""Functions of ``keras.backend`` and what does the same today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import libcst as cst

from .values import code

# old name: new path, then its arguments in order as old=new (or one name, where it stayed); name:value adds
# an argument that used to be the default.
_TWINS = """
abs: ops.abs x
square: ops.square x
sqrt: ops.sqrt x
exp: ops.exp x
log: ops.log x
round: ops.round x
sign: ops.sign x
sin: ops.sin x
cos: ops.cos x
tanh: ops.tanh x
sigmoid: ops.sigmoid x
softplus: ops.softplus x
softsign: ops.softsign x
pow: ops.power x=x1 a=x2
clip: ops.clip x min_value=x_min max_value=x_max
maximum: ops.maximum x=x1 y=x2
minimum: ops.minimum x=x1 y=x2
equal: ops.equal x=x1 y=x2
not_equal: ops.not_equal x=x1 y=x2
greater: ops.greater x=x1 y=x2
greater_equal: ops.greater_equal x=x1 y=x2
less: ops.less x=x1 y=x2
less_equal: ops.less_equal x=x1 y=x2
sum: ops.sum x axis keepdims
prod: ops.prod x axis keepdims
max: ops.max x axis keepdims
min: ops.min x axis keepdims
mean: ops.mean x axis keepdims
var: ops.var x axis keepdims
std: ops.std x axis keepdims
any: ops.any x axis keepdims
all: ops.all x axis keepdims
logsumexp: ops.logsumexp x axis keepdims
argmax: ops.argmax x axis:-1
argmin: ops.argmin x axis:-1
cumsum: ops.cumsum x axis:0
cumprod: ops.cumprod x axis:0
dot: ops.dot x=x1 y=x2
transpose: ops.transpose x
reshape: ops.reshape x shape=newshape
permute_dimensions: ops.transpose x pattern=axes
flatten: ops.ravel x
expand_dims: ops.expand_dims x axis:-1
squeeze: ops.squeeze x axis
concatenate: ops.concatenate tensors=xs axis:-1
stack: ops.stack x axis
repeat_elements: ops.repeat x rep=repeats axis
tile: ops.tile x n=repeats
reverse: ops.flip x axes=axis
gather: ops.take reference=x indices axis:0
zeros_like: ops.zeros_like x dtype name=
ones_like: ops.ones_like x dtype name=
ndim: ops.ndim x
cast: ops.cast x dtype
arange: ops.arange start stop step dtype
one_hot: ops.one_hot indices=x num_classes
stop_gradient: ops.stop_gradient variables=variable
softmax: ops.softmax x axis
elu: ops.elu x alpha
relu: activations.relu x alpha=negative_slope max_value threshold
get_value: ops.convert_to_numpy x
eval: ops.convert_to_numpy x
random_normal: random.normal shape mean stddev dtype seed
random_uniform: random.uniform shape minval maxval dtype seed
truncated_normal: random.truncated_normal shape mean stddev dtype seed
binary_crossentropy: ops.binary_crossentropy target output from_logits
variable: Variable value=initializer dtype name
"""


class Twin(NamedTuple):
    """A function of today: its path, its arguments by the names and in the order of old, added values."""

    path: str
    names: dict[str, str]
    added: dict[str, str]


def _twins() -> dict[str, Twin]:
    out = {}
    for line in _TWINS.strip().splitlines():
        old, _, rest = line.partition(": ")
        path, *words = rest.split()
        names, added = {}, {}
        for word in words:
            name, sep, new = word.partition("=")
            name, _, value = name.partition(":")
            names[name] = new if sep else name
            if value:
                added[name] = value
        out[old] = Twin(path, names, added)
    return out


TWINS = _twins()
"""By name of ``keras.backend``: the function that does the same."""

# What never gives a number below zero: K.sqrt took such for zero, which ops.sqrt does not.
_NOT_BELOW_ZERO = frozenset("square abs exp var std sigmoid softplus epsilon relu".split())


def call(name: str, args: Sequence[cst.Arg]) -> tuple[str, list[cst.Arg]] | None:
    """The call of today that does what a call of ``keras.backend`` did, ``None`` where there is none.

    Args:
        name: The function.
        args: Its arguments.

    Returns:
        The path of a function of Kerata, and its arguments.

    >>> path, args = call("mean", cst.parse_expression("f(x, 1)").args)
    >>> path, [code(a.value) for a in args]
    ('ops.mean', ['x', '1'])
    """
    if any(a.star for a in args):
        return None
    twin = TWINS.get(name)
    if twin is None or len(args) > len(twin.names):
        return None
    order = list(twin.names)
    given, out = set(), []
    for i, arg in enumerate(args):
        old = order[i] if arg.keyword is None else arg.keyword.value
        if old not in twin.names:
            return None
        given.add(old)
        new = twin.names[old]
        if new:
            out.append(arg if arg.keyword is None else arg.with_changes(keyword=cst.Name(new)))
    added = [
        cst.Arg(cst.parse_expression(v), cst.Name(twin.names[k]), equal=_EQUAL)
        for k, v in twin.added.items()
        if k not in given
    ]
    if added and out and not isinstance(out[-1].comma, cst.Comma):
        out[-1] = out[-1].with_changes(comma=_COMMA)
    return twin.path, [*out, *added]


_EQUAL = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
_COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def above_zero(node: cst.BaseExpression) -> bool:
    """Whether an expression is seen not to be below zero."""
    if isinstance(node, cst.Call):
        name = code(node.func).rpartition(".")[2]
        if name in _NOT_BELOW_ZERO:
            return True
        if name in ("sum", "mean", "max", "min") and node.args:
            return above_zero(node.args[0].value)
        if name == "maximum":
            return any(above_zero(a.value) for a in node.args)
    if isinstance(node, (cst.Integer, cst.Float)):
        return True
    if isinstance(node, cst.BinaryOperation) and isinstance(
        node.operator, (cst.Add, cst.Multiply, cst.Divide)
    ):
        return above_zero(node.left) and above_zero(node.right)
    return False
