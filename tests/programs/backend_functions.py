"""Functions of keras.backend on variables and inside a network, initializers by class, an Average."""

import numpy as np

import keras
from keras import backend as K
from keras.layers import Dense, Input, Lambda
from keras.models import Model

start = np.arange(1.0, 7.0).reshape(2, 3)
x = K.variable(start)
values = {
    "reshape": K.eval(keras.backend.reshape(x, (3, 2))),
    "log": K.eval(keras.backend.log(x)),
    "square": K.eval(keras.backend.square(x)),
    "concatenate": K.eval(keras.backend.concatenate([x, x], axis=-1)),
    "flatten": K.eval(keras.backend.flatten(x)),
    "exp": K.eval(keras.backend.exp(x)),
    "abs": K.eval(keras.backend.abs(-x)),
}
keras.backend.set_value(x, np.zeros((2, 3)))
afterwards = K.get_value(x)

left = Input(shape=(4,))
right = Input(shape=(4,))
dense = Dense(
    3, kernel_initializer=keras.initializers.Ones(), bias_initializer=keras.initializers.Zeros()
)
shifted = Dense(3, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(value=2))
averaged = keras.layers.Average()([dense(left), shifted(right)])
logs = Lambda(lambda t: K.log(1.0 + K.square(K.abs(t))))(averaged)
both = Lambda(lambda t: K.concatenate([K.exp(-t), t], axis=-1))(logs)
model = Model(inputs=[left, right], outputs=both)
data = np.random.RandomState(25).normal(size=(5, 4))
answers = model.predict([data, data])
