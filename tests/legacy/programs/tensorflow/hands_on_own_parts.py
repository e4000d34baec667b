"""Losses, metrics, layers, cells and models of one's own as 'Hands-On Machine Learning' writes them."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

K = keras.backend
np.random.seed(42)
tf.random.set_seed(42)
X = np.random.randn(64, 4).astype(np.float32)
y = (X[:, :1] * 2 + X[:, 1:2]).astype(np.float32)


class HuberLoss(keras.losses.Loss):
    def __init__(self, threshold=1.0, **kwargs):
        self.threshold = threshold
        super().__init__(**kwargs)

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        linear_loss = self.threshold * tf.abs(error) - self.threshold**2 / 2
        return tf.where(tf.abs(error) < self.threshold, tf.square(error) / 2, linear_loss)

    def get_config(self):
        base_config = super().get_config()
        return {**base_config, "threshold": self.threshold}


class HuberMetric(keras.metrics.Metric):
    def __init__(self, threshold=1.0, **kwargs):
        super().__init__(**kwargs)
        self.threshold = threshold
        self.total = self.add_weight("total", initializer="zeros")
        self.count = self.add_weight("count", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(tf.reduce_sum(tf.abs(y_true - y_pred)))
        self.count.assign_add(tf.cast(tf.size(y_true), tf.float32))

    def result(self):
        return self.total / self.count

    def get_config(self):
        base_config = super().get_config()
        return {**base_config, "threshold": self.threshold}


class MyDense(keras.layers.Layer):
    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)

    def build(self, batch_input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=[batch_input_shape[-1], self.units], initializer="glorot_normal"
        )
        self.bias = self.add_weight(name="bias", shape=[self.units], initializer="zeros")
        super().build(batch_input_shape)

    def call(self, X):
        return self.activation(X @ self.kernel + self.bias)

    def compute_output_shape(self, batch_input_shape):
        return tf.TensorShape(batch_input_shape.as_list()[:-1] + [self.units])

    def get_config(self):
        base_config = super().get_config()
        return {
            **base_config,
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
        }


model = keras.models.Sequential([MyDense(8, activation="relu", input_shape=[4]), MyDense(1)])
model.compile(loss=HuberLoss(2.0), optimizer="nadam", metrics=[HuberMetric(2.0)])
model.fit(X, y, epochs=2)
model.save("my_model.h5")
again = keras.models.load_model(
    "my_model.h5",
    custom_objects={"HuberLoss": HuberLoss, "HuberMetric": HuberMetric, "MyDense": MyDense},
)
assert np.allclose(again.predict(X), model.predict(X), atol=1e-5)
again.fit(X, y, epochs=1)
assert again.loss.threshold == 2.0 and again.metrics[-1].threshold == 2.0


class ReconstructingRegressor(keras.Model):
    def __init__(self, output_dim, **kwargs):
        super().__init__(**kwargs)
        self.hidden = [keras.layers.Dense(8, activation="selu") for _ in range(2)]
        self.out = keras.layers.Dense(output_dim)
        self.reconstruction_mean = keras.metrics.Mean(name="reconstruction_error")

    def build(self, batch_input_shape):
        n_inputs = batch_input_shape[-1]
        self.reconstruct = keras.layers.Dense(n_inputs)
        super().build(batch_input_shape)

    def call(self, inputs, training=None):
        Z = inputs
        for layer in self.hidden:
            Z = layer(Z)
        reconstruction = self.reconstruct(Z)
        recon_loss = tf.reduce_mean(tf.square(reconstruction - inputs))
        self.add_loss(0.05 * recon_loss)
        if training:
            result = self.reconstruction_mean(recon_loss)
            self.add_metric(result)
        return self.out(Z)


model = ReconstructingRegressor(1)
model.compile(loss="mse", optimizer="nadam")
history = model.fit(X, y, epochs=2)
assert history.history["reconstruction_error"][-1] > 0 and len(model.trainable_variables) == 8


class Sampling(keras.layers.Layer):
    def call(self, inputs):
        mean, log_var = inputs
        return K.random_normal(tf.shape(log_var)) * K.exp(log_var / 2) + mean


inputs = keras.layers.Input(shape=[4])
codings_mean = keras.layers.Dense(2)(inputs)
codings_log_var = keras.layers.Dense(2)(inputs)
codings = Sampling()([codings_mean, codings_log_var])
encoder = keras.models.Model(inputs=[inputs], outputs=[codings_mean, codings_log_var, codings])
decoder_inputs = keras.layers.Input(shape=[2])
decoder = keras.models.Model(
    inputs=[decoder_inputs], outputs=[keras.layers.Dense(4)(decoder_inputs)]
)
_, _, codings = encoder(inputs)
vae = keras.models.Model(inputs=[inputs], outputs=[decoder(codings)])
latent_loss = -0.5 * K.sum(
    1 + codings_log_var - K.exp(codings_log_var) - K.square(codings_mean), axis=-1
)
vae.add_loss(K.mean(latent_loss) / 4.0)
vae.compile(loss="mse", optimizer="rmsprop")
vae.fit(X, X, epochs=1, batch_size=24)
assert decoder(tf.random.normal(shape=[3, 2])).numpy().shape == (3, 4)


class LNSimpleRNNCell(keras.layers.Layer):
    def __init__(self, units, activation="tanh", **kwargs):
        super().__init__(**kwargs)
        self.state_size = units
        self.output_size = units
        self.simple_rnn_cell = keras.layers.SimpleRNNCell(units, activation=None)
        self.layer_norm = keras.layers.LayerNormalization()
        self.activation = keras.activations.get(activation)

    def get_initial_state(self, inputs=None, batch_size=None, dtype=None):
        if inputs is not None:
            batch_size = tf.shape(inputs)[0]
            dtype = inputs.dtype
        return [tf.zeros([batch_size, self.state_size], dtype=dtype)]

    def call(self, inputs, states):
        outputs, new_states = self.simple_rnn_cell(inputs, states)
        norm_outputs = self.activation(self.layer_norm(outputs))
        return norm_outputs, [norm_outputs]


class PositionalEncoding(keras.layers.Layer):
    def __init__(self, max_steps, max_dims, dtype=tf.float32, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        p, i = np.meshgrid(np.arange(max_steps), np.arange(max_dims // 2))
        pos_emb = np.empty((1, max_steps, max_dims))
        pos_emb[0, :, ::2] = np.sin(p / 10000 ** (2 * i / max_dims)).T
        pos_emb[0, :, 1::2] = np.cos(p / 10000 ** (2 * i / max_dims)).T
        self.positional_embedding = tf.constant(pos_emb.astype(self.dtype))

    def call(self, inputs):
        shape = tf.shape(inputs)
        return inputs + self.positional_embedding[:, : shape[-2], : shape[-1]]


words = keras.layers.Input(shape=[None], dtype=np.int32)
Z = keras.layers.Embedding(10, 6)(words)
Z = PositionalEncoding(20, max_dims=6)(Z)
Z = keras.layers.Attention(use_scale=True, causal=True)([Z, Z])
Z = keras.layers.RNN(LNSimpleRNNCell(5))(Z)
model = keras.models.Model([words], [Z])
assert model.predict(np.ones((2, 7), np.int32)).shape == (2, 5)
