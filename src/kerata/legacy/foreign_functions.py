"""Functions of NumPy, TensorFlow and PyTorch and the ops that do the same.

Each table is a line of entries ``function=op(arguments)``: the library's name of the function, the
key of the op, and the library's names of the arguments in the op's order. Where the op is left out it
has the function's own name. They serve model files (tf_keras writes the names of TensorFlow's
functions) and calls of such functions on symbolic tensors.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple


class Twin(NamedTuple):
    """An op that does what a function of another library does."""

    op: str
    arguments: tuple[str, ...]
    defaults: dict[str, Any]

    def ordered(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any] | None:
        """Arguments of a call in the op's order; ``None`` if there are some that the op does not have.

        >>> table("tensorflow")["math.argmax"].ordered(["x"], {})
        ['x', 0]
        """
        if len(args) > len(self.arguments):
            return None
        given = {k: v for k, v in kwargs.items() if v is not None and k not in _IGNORED}
        given = self.defaults | given | dict(zip(self.arguments, args))
        if not given.keys() <= set(self.arguments):
            return None
        if self.op == "split" and isinstance(given.get("num_or_size_splits"), (list, tuple)):
            sizes = given["num_or_size_splits"]  # the op cuts at places
            given["num_or_size_splits"] = list(itertools.accumulate(sizes[:-1]))
        if self.op == "norm" and given.get("ord") == "euclidean":
            given["ord"] = None
        if given.get("approximate") == "none":  # PyTorch's word
            given["approximate"] = False
        last = max((i for i, n in enumerate(self.arguments) if n in given), default=-1)
        return [given.get(n) for n in self.arguments[: last + 1]]


# Arguments that say nothing about the result.
_IGNORED = frozenset({"name", "out", "inplace", "_stacklevel"})

# What a function takes an argument to be that is not given, where the op takes it otherwise.
_DEFAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "tensorflow": {
        "math.argmax": {"axis": 0}, "math.argmin": {"axis": 0}, "gather": {"axis": 0},
        "nn.gelu": {"approximate": False},
    },
    "numpy": {},
    "torch": {"leaky_relu": {"negative_slope": 0.01}, "gelu": {"approximate": False}},
}  # fmt: skip


_TABLES = {
    "tensorflow": """
    math.add=add(x,y) __operators__.add=add(x,y) math.subtract=subtract(x,y) math.multiply=multiply(x,y)
    math.divide=divide(x,y) math.truediv=divide(x,y) math.pow=power(x,y) math.maximum=maximum(x,y)
    math.minimum=minimum(x,y) linalg.matmul=matmul(a,b) concat=concatenate(values,axis) stack=stack(values,axis)
    math.reduce_sum=sum(input_tensor,axis,keepdims) math.reduce_mean=mean(input_tensor,axis,keepdims)
    math.reduce_max=max(input_tensor,axis,keepdims) math.reduce_min=min(input_tensor,axis,keepdims)
    math.reduce_prod=prod(input_tensor,axis,keepdims) reshape=reshape(tensor,shape) transpose=transpose(a,perm)
    expand_dims=expand_dims(input,axis) squeeze=squeeze(input,axis) cast=cast(x,dtype) math.abs=abs(x)
    math.negative=negative(x) math.exp=exp(x) math.log=log(x) math.sqrt=sqrt(x) math.square=square(x)
    math.rsqrt=rsqrt(x) math.sign=sign(x) math.tanh=tanh(x) math.sigmoid=sigmoid(x) math.sin=sin(x) math.cos=cos(x)
    nn.relu=relu(features) nn.relu6=relu6(features) nn.elu=elu(features) nn.selu=selu(features)
    nn.softmax=softmax(logits,axis) nn.softplus=softplus(features) nn.gelu=gelu(features,approximate)
    nn.silu=silu(features) nn.l2_normalize=normalize(x,axis) clip_by_value=clip(t,clip_value_min,clip_value_max)
    math.argmax=argmax(input,axis) where=where(condition,x,y) __operators__.getitem=get_item(tensor,slice_spec)
    math.argmin=argmin(input,axis) math.reduce_any=any(input_tensor,axis,keepdims)
    math.reduce_all=all(input_tensor,axis,keepdims) math.reduce_std=std(input_tensor,axis,keepdims)
    math.reduce_variance=var(input_tensor,axis,keepdims)
    math.reduce_logsumexp=logsumexp(input_tensor,axis,keepdims) math.floordiv=floor_divide(x,y)
    math.floormod=mod(x,y) math.mod=mod(x,y) math.floor=floor(x) math.ceil=ceil(x) math.round=round(x) math.tan=tan(x)
    math.sinh=sinh(x) math.cosh=cosh(x) math.asin=arcsin(x) math.acos=arccos(x) math.atan=arctan(x)
    math.atan2=arctan2(y,x) math.asinh=arcsinh(x) math.acosh=arccosh(x) math.atanh=arctanh(x) math.erf=erf(x)
    math.log1p=log1p(x) math.expm1=expm1(x) math.reciprocal=reciprocal(x) math.softplus=softplus(features)
    math.is_nan=isnan(x) math.is_inf=isinf(x) math.is_finite=isfinite(x) math.equal=equal(x,y)
    math.not_equal=not_equal(x,y) math.less=less(x,y) math.less_equal=less_equal(x,y) math.greater=greater(x,y)
    math.greater_equal=greater_equal(x,y) math.logical_and=logical_and(x,y) math.logical_or=logical_or(x,y)
    math.logical_not=logical_not(x) math.logical_xor=logical_xor(x,y) math.divide_no_nan=divide_no_nan(x,y)
    math.top_k=top_k(input,k,sorted) math.softmax=softmax(logits,axis) math.log_softmax=log_softmax(logits,axis)
    math.l2_normalize=normalize(x,axis) linalg.l2_normalize=normalize(x,axis) math.sin=sin(x)
    nn.log_softmax=log_softmax(logits,axis) nn.leaky_relu=leaky_relu(features,alpha) nn.tanh=tanh(x)
    nn.sigmoid=sigmoid(x) nn.softsign=softsign(features) nn.swish=silu(features) nn.top_k=top_k(input,k,sorted)
    zeros_like=zeros_like(input,dtype) ones_like=ones_like(input,dtype)
    gather=take(params,indices,axis) tile=tile(input,multiples) reverse=flip(tensor,axis) norm=norm(tensor,ord,axis,keepdims)
    linalg.norm=norm(tensor,ord,axis,keepdims) tensordot=tensordot(a,b,axes) linalg.tensordot=tensordot(a,b,axes)
    stop_gradient=stop_gradient(input) broadcast_to=broadcast_to(input,shape) one_hot=one_hot(indices,depth,axis,dtype)
    linalg.trace=trace(x) linalg.inv=inv(input) linalg.det=det(input) linalg.diag_part=diagonal(input) split=split(value,num_or_size_splits,axis)
    roll=roll(input,shift,axis) sort=sort(values,axis) argsort=argsort(values,axis) repeat=repeat(input,repeats,axis)
    math.cumsum=cumsum(x,axis) math.cumprod=cumprod(x,axis)
    image.rgb_to_grayscale=image_rgb_to_grayscale(images) unstack=unstack(value,num,axis)
    """,
    "numpy": """
    absolute(x) conjugate(x) conj=conjugate(x) remainder=mod(x1,x2) matmul(x1,x2)
    float_power=power(x1,x2) rint=round(x) around=round(a,decimals) round=round(a,decimals)
    reshape(a,shape) transpose(a,axes) permute_dims=transpose(a,axes) clip(a,a_min,a_max)
    squeeze(a,axis) expand_dims(a,axis) concatenate(arrays,axis) concat=concatenate(arrays,axis)
    stack(arrays,axis) amax=max(a,axis,keepdims) amin=min(a,axis,keepdims) sum(a,axis,keepdims)
    mean(a,axis,keepdims) std(a,axis,keepdims) var(a,axis,keepdims) max(a,axis,keepdims)
    min(a,axis,keepdims) prod(a,axis,keepdims) any(a,axis,keepdims) all(a,axis,keepdims)
    argmax(a,axis,keepdims) argmin(a,axis,keepdims) where(condition,x,y) dot(a,b) tile(A,reps)
    repeat(a,repeats,axis) flip(m,axis) roll(a,shift,axis) sort(a,axis) argsort(a,axis) cumsum(a,axis)
    cumprod(a,axis) take(a,indices,axis) zeros_like(a,dtype) ones_like(a,dtype) ravel(a)
    linalg.norm=norm(x,ord,axis,keepdims) linalg.inv=inv(a) linalg.det=det(a) moveaxis(a,source,destination)
    swapaxes(a,axis1,axis2) squeeze(a,axis) tensordot(a,b,axes) outer(a,b) pad(array,pad_width,mode)
    """,
    "torch": """
    cat=concatenate(tensors,dim) concat=concatenate(tensors,dim) stack=stack(tensors,dim) sum=sum(input,dim,keepdim)
    mean=mean(input,dim,keepdim) amax=max(input,dim,keepdim)
    amin=min(input,dim,keepdim) prod=prod(input,dim,keepdim) argmax=argmax(input,dim,keepdim)
    argmin=argmin(input,dim,keepdim) matmul=matmul(input,other) mm=matmul(input,mat2) bmm=matmul(input,mat2)
    add=add(input,other) sub=subtract(input,other) mul=multiply(input,other) div=divide(input,other)
    pow=power(input,exponent) maximum=maximum(input,other) minimum=minimum(input,other) clamp=clip(input,min,max)
    clip=clip(input,min,max) reshape=reshape(input,shape) squeeze=squeeze(input,dim) unsqueeze=expand_dims(input,dim)
    transpose=swapaxes(input,dim0,dim1) permute=transpose(input,dims) flip=flip(input,dims) abs=absolute(input)
    exp=exp(input) log=log(input) log1p=log1p(input) expm1=expm1(input) sqrt=sqrt(input) rsqrt=rsqrt(input)
    square=square(input) neg=negative(input) sign=sign(input) sin=sin(input) cos=cos(input) tanh=tanh(input)
    sigmoid=sigmoid(input) relu=relu(input) softmax=softmax(input,dim) log_softmax=log_softmax(input,dim)
    floor=floor(input) ceil=ceil(input) round=round(input) where=where(condition,input,other) eq=equal(input,other)
    ne=not_equal(input,other) lt=less(input,other) le=less_equal(input,other) gt=greater(input,other)
    ge=greater_equal(input,other) zeros_like=zeros_like(input) ones_like=ones_like(input) softplus=softplus(input)
    silu=silu(input) gelu=gelu(input,approximate) elu=elu(input,alpha) selu=selu(input) leaky_relu=leaky_relu(input,negative_slope)
    cumsum=cumsum(input,dim) erf=erf(input) logsumexp=logsumexp(input,dim,keepdim) cumprod=cumprod(input,dim)
    """,
}


@functools.cache
def table(library: str) -> dict[str, Twin]:
    """All functions of a library's table, by name.

    >>> table("tensorflow")["math.reduce_mean"]
    Twin(op='mean', arguments=('input_tensor', 'axis', 'keepdims'), defaults={})
    """
    found = {}
    for entry in _TABLES[library].split():
        left, _, names = entry.rstrip(")").partition("(")
        function, _, op = left.partition("=")
        defaults = _DEFAULTS[library].get(function, {})
        found[function] = Twin(op or function, tuple(names.split(",")), defaults)
    return found
