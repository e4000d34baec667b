"""Ops, as in `table`."""

import numpy as np

# Calls of `ops` on the arrays that `_op_arguments` names. Left out: `image.gaussian_blur` without a
# data_format, which Keras 3.15.1 on JAX takes for channels_first whatever the setting is; affine
# transforms whose last two numbers are not 0, which it multiplies by the number of the channel, against
# its documentation; one transform for several images, which it refuses; `elastic_transform`, random;
# pieces of signals without overlap, a place covered by all the pieces, and a centred `fft_length` of 1, for which
# `stft` and `istft` of 3.15.1 on JAX lose numbers or take another distance than the one given.
OPS = """
image.rgb_to_hsv(x)
image.rgb_to_hsv(first[0], data_format='channels_first')
image.hsv_to_rgb(x)
image.rgb_to_grayscale(x[..., :1])
image.affine_transform(x, turn)
image.affine_transform(x, turn, 'nearest', 'reflect')
image.affine_transform(x, turn, fill_mode='nearest')
image.affine_transform(x, turn, fill_mode='wrap')
image.affine_transform(x, turn, fill_mode='mirror')
image.affine_transform(first, turn, fill_value=0.5, data_format='channels_first')
image.affine_transform(x[0], turn[0], interpolation='nearest', fill_value=0.5)
image.affine_transform(whole, turn)
image.map_coordinates(x[0], places, 0, 'reflect')
image.map_coordinates(x[0], places, 1)
image.map_coordinates(x[0], places, 1, 'mirror')
image.map_coordinates(whole[0], places, 1, 'wrap')
image.map_coordinates(row, [[-0.5, 0.5, 1.5, 2.5, 5.5]], 0, fill_value=2.0)
image.perspective_transform(x, corners, moved)
image.perspective_transform(x[0], corners[0], moved[0], 'nearest', 0.5)
image.perspective_transform(first, corners, moved, data_format='channels_first')
image.gaussian_blur(x, data_format='channels_last')
image.gaussian_blur(x, (5, 2), (0.7, 1.9), 'channels_last')
image.gaussian_blur(first[1], (3, 7), (2.0, 0.5), 'channels_first')
image.scale_and_translate(x, (2, 9, 5, 3), numbers[:2], numbers[2:4], (1, 2), 'linear')
image.scale_and_translate(x, (2, 9, 5, 3), numbers[:2], numbers[2:4], (1, 2), 'bicubic', antialias=False)
image.scale_and_translate(x, (2, 9, 5, 3), numbers[:2], numbers[2:4], (1, 2), 'lanczos3')
image.scale_and_translate(x[0], (4, 5, 3), numbers[:2], numbers[2:4], (0, -2), 'lanczos5', antialias=False)
image.extract_patches(x, 3)
image.extract_patches(x, (2, 3), (1, 2), padding='same')
image.extract_patches(x, 2, 1, 2)
image.extract_patches(first[0], 3, 1, data_format='channels_first')
image.extract_patches(volume, (2, 1, 3))
image.extract_patches_3d(volume, 2, (1, 2, 1), padding='same')
image.extract_patches_3d(volume[0], 2)
image.sobel_edges(x)
image.sobel_edges(first, 'channels_first')
image.ssim(x, y, filter_size=5)
image.ssim(first, first * 0.5, 2.0, 3, 0.8, 0.02, 0.05, 'channels_first')
image.ssim(x[0], y[0], filter_size=7)
fft((x[0, 0], y[0, 0]))
fft2((x, y))
ifft2((x, y))
rfft(signal)
rfft(signal, 16)
rfft(signal, fft_length=33)
irfft((x[0], y[0]))
irfft((x[0], y[0]), 7)
extract_sequences(signal, 5, 3)
extract_sequences(whole[0, 0, :, 0], 3, 2)
stft(signal, 5, 3, 8)
stft(signal, 6, 2, 7, 'hamming', False)
stft(signal, 5, 2, 6, row[:5])
stft(signal[0], 6, 4, 6, None)
istft((frames[0], frames[1]), 5, 3, 8)
istft((frames[0], frames[1]), 6, 2, 8, 11, 'hamming')
istft((frames[0], frames[1]), 8, 3, 8, 17, None, False)
istft((frames[0], frames[1]), 5, 2, 8, window=row[:5] + 1.0)
view(row, 'int32')
view(x, 'uint8')
view(whole[..., :2], 'int16')
rearrange(x, 'b h w c -> b c h w')
rearrange(x, 'b (h1 h) w c -> (b h1) h (w c)', h1=2)
rearrange(x, 'b (h h1) w c -> h w (c h1 b)', h1=4)
"""


def _op_arguments():
    rng = np.random.RandomState(7)
    x, y = rng.rand(2, 2, 8, 7, 3).astype("float32")
    corners = np.array([[0, 0], [6, 0], [0, 7], [6, 7]], "float32")
    turn = [[0.91, 0.32, -1.2, -0.22, 1.11, 0.7, 0, 0], [1.4, 0.01, 0.3, 0.12, 0.62, -2.3, 0, 0]]
    return {
        "x": x,
        "y": y,
        "first": np.moveaxis(x, -1, 1).copy(),
        "whole": (x * 255).astype("uint8"),
        "volume": rng.rand(2, 4, 5, 6, 2).astype("float32"),
        "signal": rng.randn(2, 21).astype("float32"),
        "frames": rng.randn(2, 3, 6, 5).astype("float32"),
        "row": rng.rand(6).astype("float32"),
        "turn": np.array(turn, "float32"),
        "places": rng.uniform(-9, 14, (3, 4, 6)).astype("float32"),
        "corners": np.stack([corners, corners]),
        "moved": corners + rng.uniform(-1, 1, (2, 4, 2)).astype("float32"),
        "numbers": np.array([1.64, 0.55, -0.3, 1.4], "float32"),
    }


def op_case(keras, call, _=""):
    names = {k: keras.ops.convert_to_tensor(v) for k, v in _op_arguments().items()}
    out = eval("ops." + call, {"ops": keras.ops, **names})
    out = out if isinstance(out, (list, tuple)) else [out]
    return [np.asarray(keras.ops.convert_to_numpy(v)) for v in out]


KINDS = {"op": (OPS, op_case)}
