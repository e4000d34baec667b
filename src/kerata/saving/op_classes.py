"""The classes that stand for ops in the files of Keras 3, and which arguments their constructors take.

Where a functional model calls an op, Keras writes an object of a class of its own, made with some of
the op's arguments and called with the others. The table has these classes, module by module, each as
``op=Class(constructor arguments)``; the class is the op's name in camel case where it is left out.
"""

from __future__ import annotations

import functools
import inspect
import re
from typing import Any

from ..ops import REGISTRY

_TABLE = {
    "nn": """
        relu relu6 sigmoid sparse_sigmoid softplus softsign soft_shrink(threshold) sparse_plus
        silu squareplus(b) log_sigmoid leaky_relu(negative_slope) hard_sigmoid hard_silu
        elu(alpha) selu gelu(approximate) celu(alpha) glu(axis) tanh_shrink hard_tanh
        hard_shrink(threshold) threshold(threshold,default_value) softmax(axis) log_softmax(axis)
        sparsemax(axis) max_pool(pool_size,strides,padding,data_format)
        adaptive_max_pool(output_size,data_format)
        average_pool(pool_size,strides,padding,data_format)
        adaptive_average_pool(output_size,data_format)
        conv(strides,padding,data_format,dilation_rate)
        depthwise_conv(strides,padding,data_format,dilation_rate)
        separable_conv(strides,padding,data_format,dilation_rate)
        conv_transpose(strides,padding,output_padding,data_format,dilation_rate)
        one_hot(num_classes,axis,dtype,sparse) binary_crossentropy(from_logits)
        categorical_crossentropy(from_logits,axis)
        sparse_categorical_crossentropy(from_logits,axis) multi_hot(num_classes,axis,dtype,sparse)
        moments(axes,keepdims,synchronized) batch_normalization=BatchNorm(axis,epsilon)
        ctc_loss=CTCLoss(mask_index)
        ctc_decode=CTCDecode(strategy,beam_width,top_paths,merge_repeated,mask_index)
        normalize(axis,order,epsilon) psnr=PSNR(max_val)
        dot_product_attention(is_causal,flash_attention,attn_logits_soft_cap)
        rms_normalization=RMSNorm(axis,epsilon)
        layer_normalization=LayerNorm(axis,epsilon,rms_scaling) polar
        unfold(kernel_size,dilation,padding,stride)
        fold(output_size,kernel_size,dilation,padding,stride)
        depth_to_space(block_size,data_format) space_to_depth(block_size,data_format)
    """,
    "numpy": """
        rot90(k,axes) absolute fabs add all(axis,keepdims) allclose=AllClose(rtol,atol,equal_nan)
        angle any(axis,keepdims) amax(axis,keepdims) amin(axis,keepdims) append(axis)
        arange(dtype) arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax(axis,keepdims)
        argmin(axis,keepdims) argsort(axis) array(dtype) view(dtype) average(axis) heaviside
        bincount(weights,minlength,sparse) bitwise_and bitwise_invert bitwise_not bitwise_or
        bitwise_xor bitwise_left_shift left_shift bitwise_right_shift right_shift
        broadcast_to(shape) cbrt ceil clip(x_min,x_max) concatenate(axis) conjugate copy cos cosh
        count_nonzero(axis) cross(axisa,axisb,axisc,axis) cumprod(axis,dtype) cumsum(axis,dtype)
        deg2rad rad2deg diag(k) diagflat(k) diagonal(offset,axis1,axis2) digitize dot dstack
        einsum(subscripts) empty_like(dtype) equal exp exp2 expand_dims(axis) expm1 flip(axis)
        fliplr flipud floor full(shape,dtype) full_like(dtype) gcd get_item greater greater_equal
        hstack hsplit(indices_or_sections) hypot imag i0 isclose(equal_nan) isfinite
        isin=IsIn(assume_unique,invert) isinf isnan isneginf isposinf isreal kron lcm ldexp less
        less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or
        matmul max(axis,keepdims,initial) maximum fmax median(axis,keepdims) meshgrid(indexing)
        min(axis,keepdims,initial) minimum fmin mod fmod moveaxis(source,destination)
        nanargmax(axis,keepdims) nanargmin(axis,keepdims) nancumsum(axis,dtype)
        nancumprod(axis,dtype) nanmax(axis,keepdims) nanmean(axis,keepdims)
        nanmedian(axis,keepdims) nanmin(axis,keepdims) nanpercentile(axis,method,keepdims)
        nanprod(axis,keepdims) nanquantile(axis,method,keepdims) nanstd(axis,keepdims)
        nansum(axis,keepdims) nanvar(axis,keepdims) nan_to_num(nan,posinf,neginf) ndim nonzero
        not_equal ones_like(dtype) zeros_like(dtype) outer percentile(axis,method,keepdims)
        prod(axis,keepdims,dtype) ptp(axis,keepdims) quantile(axis,method,keepdims) ravel
        unravel_index(shape) real reciprocal repeat(repeats,axis) reshape(newshape)
        roll(shift,axis) round(decimals) searchsorted=SearchSorted(side) sign signbit sin sinc
        sinh size sort(axis) split(indices_or_sections,axis) stack(axis) std(axis,keepdims)
        swapaxes(axis1,axis2) take(axis) take_along_axis(axis) tan tanh tensordot(axes)
        tile(repeats) trace(offset,axis1,axis2) tril(k) triu(k) trunc vdot inner vstack
        vsplit(indices_or_sections) where subtract multiply divide divide_no_nan true_divide power
        negative nextafter square sqrt squeeze(axis) transpose(axes) trapezoid(x,dx,axis)
        mean(axis,keepdims) vander(N,increasing) var(axis,keepdims) sum(axis,keepdims)
        floor_divide logical_xor corrcoef correlate(mode) slogdet argpartition(kth,axis)
        histogram(bins,range) array_split(indices_or_sections,axis)
        unique(sorted,return_index,return_inverse,return_counts,axis,size,fill_value)
        dsplit(indices_or_sections) pad(pad_width,mode) diff(n,axis)
        linspace(num,endpoint,retstep,dtype,axis)
    """,
    "math": """
        segment_sum(num_segments,sorted) segment_max(num_segments,sorted)
        segment_min(num_segments,sorted) segment_prod(num_segments,sorted) top_k(k,sorted)
        in_top_k(k) logsumexp(axis,keepdims) cdist=CDist
        extract_sequences(sequence_length,sequence_stride) fft=FFT fft2=FFT2 ifft2=IFFT2
        stft=STFT(sequence_length,sequence_stride,fft_length,window,center)
        istft=ISTFT(sequence_length,sequence_stride,fft_length,length,window,center)
        rfft=RFFT(fft_length) irfft=IRFFT(fft_length) rsqrt erf erfc erfinv logdet view_as_complex
        view_as_real
    """,
    "linalg": """
        cholesky(upper) cholesky_inverse(upper) det eig eigh inv lu_factor norm(ord,axis,keepdims)
        qr(mode) solve solve_triangular(lower) svd=SVD(full_matrices,compute_uv) lstsq(rcond)
        matrix_rank(tol) pinv(rcond)
    """,
    "image": """
        rgb_to_grayscale=RGBToGrayscale(data_format) rgb_to_hsv=RGBToHSV(data_format)
        hsv_to_rgb=HSVToRGB(data_format)
        resize(size,interpolation,antialias,crop_to_aspect_ratio,pad_to_aspect_ratio,fill_mode,fill_value,data_format)
        affine_transform(interpolation,fill_mode,fill_value,data_format)
        extract_patches_3d=ExtractPatches(size,strides,dilation_rate,padding,data_format)
        extract_patches(size,strides,dilation_rate,padding,data_format)
        map_coordinates(order,fill_mode,fill_value)
        pad_images(top_padding,left_padding,bottom_padding,right_padding,target_height,target_width,data_format)
        crop_images(top_cropping,left_cropping,bottom_cropping,right_cropping,target_height,target_width,data_format)
        perspective_transform(interpolation,fill_value,data_format)
        gaussian_blur(kernel_size,sigma,data_format)
        elastic_transform(alpha,sigma,interpolation,fill_mode,fill_value,seed,data_format)
        scale_and_translate(spatial_dims,method,antialias) sobel_edges(data_format)
        ssim=SSIM(max_val,filter_size,filter_sigma,k1,k2,data_format)
    """,
    "einops": """
        rearrange
    """,
    "core": """
        scatter(shape) scatter_update(reduction) slice(shape) slice_update stop_gradient
        unstack(num,axis) cast(dtype) saturate_cast(dtype)
    """,
}


@functools.cache
def _entries() -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Module, class and constructor arguments by the op's key."""
    out = {}
    for module, text in _TABLE.items():
        for name, cls, arguments in re.findall(r"(\w+)(?:=(\w+))?(?:\(([\w,]*)\))?", text):
            key = f"image_{name}" if module == "image" else name
            camel = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
            out[key] = (
                f"keras.src.ops.{module}",
                cls or camel,
                tuple(a for a in arguments.split(",") if a),
            )
    return out


# A class of two ops stands for the later one when it is read.
@functools.cache
def _by_class() -> dict[tuple[str, str], str]:
    return {(module.rpartition(".")[2], cls): key for key, (module, cls, _) in _entries().items()}


def to_class(
    key: str, args: list, kwargs: dict[str, Any]
) -> tuple[str, str, dict, list, dict] | None:
    """Module, class, constructor arguments and the two kinds of call arguments for the call of an op.

    ``None`` where Keras has no such class, or it does not take these arguments.
    """
    entry = _entries().get(key)
    op = REGISTRY.get(key)
    if entry is None or op is None:
        return None
    module, cls, names = entry
    bound = op.signature.bind(*args, **kwargs)
    bound.apply_defaults()
    config: dict[str, Any] = {}
    call: list[Any] = []
    named: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        parameter = op.signature.parameters[name]
        if name in names:
            config[name] = value
        elif parameter.kind is parameter.VAR_POSITIONAL:
            call.extend(value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            named.update(value)
        else:
            call.append(value)
            if value == parameter.default and name not in ("x1", "x2"):
                call.pop()
    if key == "image_extract_patches_3d" and isinstance(config["size"], int):
        config["size"] = [config["size"]] * 3  # by which Keras tells it from `extract_patches`
    return (
        (module, cls, config, call, named)
        if set(config) == set(names) & set(op.signature.parameters)
        else None
    )


def key_of(module: str, cls: str) -> str | None:
    """Key of the op for a class of Keras; its module is not known (``""``) in HDF5 files."""
    if module:
        return _by_class().get((module.rpartition(".")[2], cls))
    return next((key for (_, name), key in _by_class().items() if name == cls), None)


def index_tuple(index: Any) -> Any:
    """An index ``x[a, b]``, a list in JSON, as the tuple that it was."""
    return {"class_name": "__tuple__", "items": index} if isinstance(index, list) else index


def from_class(
    module: str, cls: str, config: dict[str, Any], args: list, kwargs: dict
) -> tuple[str, list, dict] | None:
    """Key, arguments and keyword arguments of the op call for an object of Keras's class."""
    key = key_of(module, cls)
    op = REGISTRY.get(key) if key else None
    if op is None:
        return None
    if key == "get_item" and len(args) > 1:
        args = [args[0], index_tuple(args[1])]
    names = _entries()[key][2]  # type: ignore[index]
    free = [p for p in op.signature.parameters.values() if p.name not in names]
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in free):
        return key, [*(config[n] for n in names if n in config), *args], dict(kwargs)  # type: ignore[return-value]
    given = {p.name: a for p, a in zip(free, args)} | kwargs
    given |= {k: v for k, v in config.items() if k in op.signature.parameters and k != "name"}
    positional: list[Any] = []
    for name in op.signature.parameters:
        if name not in given:
            break
        positional.append(given.pop(name))
    return key, positional, given  # type: ignore[return-value]
