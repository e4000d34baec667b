"""Numbers that the cases are run on, and derivatives, which the libraries have no common name for."""

import numpy as np


def arrays(seed, shapes, scale=1.0):
    rng = np.random.RandomState(seed)
    return [(scale * rng.standard_normal(s)).astype("float32") for s in shapes]


def gradient(keras, f, x):
    """Derivative by `x` of the sum of ``f(x)``, its elements times factors from 0.5 to 1.5."""

    def total(x):
        y = f(x)
        factors = np.linspace(0.5, 1.5, int(np.prod(y.shape)), dtype="float32")
        return keras.ops.sum(keras.ops.multiply(y, factors.reshape(y.shape)))

    x = keras.ops.convert_to_tensor(x)
    if keras.__name__ == "keras":
        import jax

        return np.asarray(jax.grad(total)(x))
    from kerata.engine import engine

    _, found = engine().value_and_grad(lambda xs: total(xs[0]))([x])
    return np.asarray(keras.ops.convert_to_numpy(found[0]))


def set_mask(keras, x, mask):
    """`x` as a tensor with a mask attached to it, as a layer gives it."""
    x = keras.ops.convert_to_tensor(x)
    if keras.__name__ == "keras":
        from keras.src.backend import set_keras_mask as attach
    else:
        from kerata.scope import set_mask as attach
    attach(x, keras.ops.convert_to_tensor(mask))
    return x
