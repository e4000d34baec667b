"""Steps and losses of one's own in Keras 3 on JAX: with state, by compute_loss, by add_loss."""
# ruff: noqa: F841

import os

os.environ["KERAS_BACKEND"] = "jax"
import jax
import numpy as np
import keras
from keras import layers, ops, random


class CustomModel(keras.Model):
    def compute_loss_and_updates(
        self, trainable_variables, non_trainable_variables, x, y, training=False
    ):
        y_pred, non_trainable_variables = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=training
        )
        loss = self.compute_loss(x, y, y_pred)
        return loss, (y_pred, non_trainable_variables)

    def train_step(self, state, data):
        trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables = state
        x, y = data
        grad_fn = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
        (loss, (y_pred, non_trainable_variables)), grads = grad_fn(
            trainable_variables, non_trainable_variables, x, y, training=True
        )
        trainable_variables, optimizer_variables = self.optimizer.stateless_apply(
            optimizer_variables, grads, trainable_variables
        )
        new_metrics_vars = []
        logs = {}
        for metric in self.metrics:
            this_metric_vars = metrics_variables[
                len(new_metrics_vars) : len(new_metrics_vars) + len(metric.variables)
            ]
            if metric.name == "loss":
                this_metric_vars = metric.stateless_update_state(this_metric_vars, loss)
            else:
                this_metric_vars = metric.stateless_update_state(this_metric_vars, y, y_pred)
            logs[metric.name] = metric.stateless_result(this_metric_vars)
            new_metrics_vars += this_metric_vars
        state = (
            trainable_variables,
            non_trainable_variables,
            optimizer_variables,
            new_metrics_vars,
        )
        return logs, state

    def test_step(self, state, data):
        x, y = data
        trainable_variables, non_trainable_variables, metrics_variables = state
        y_pred, non_trainable_variables = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=False
        )
        loss = self.compute_loss(x, y, y_pred)
        new_metrics_vars = []
        logs = {}
        for metric in self.metrics:
            this = metrics_variables[
                len(new_metrics_vars) : len(new_metrics_vars) + len(metric.variables)
            ]
            this = (
                metric.stateless_update_state(this, loss)
                if metric.name == "loss"
                else metric.stateless_update_state(this, y, y_pred)
            )
            logs[metric.name] = metric.stateless_result(this)
            new_metrics_vars += this
        return logs, (trainable_variables, non_trainable_variables, new_metrics_vars)


inputs = keras.Input(shape=(32,))
outputs = keras.layers.Dense(1)(inputs)
model = CustomModel(inputs, outputs)
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
x, y = np.random.random((100, 32)), np.random.random((100, 1))
h = model.fit(x, y, epochs=3, validation_split=0.2)
assert set(h.history) >= {"loss", "mae", "val_loss", "val_mae"}, h.history


# distiller
class Distiller(keras.Model):
    def __init__(self, student, teacher):
        super().__init__()
        self.teacher = teacher
        self.student = student

    def compile(
        self, optimizer, metrics, student_loss_fn, distillation_loss_fn, alpha=0.1, temperature=3
    ):
        super().compile(optimizer=optimizer, metrics=metrics)
        self.student_loss_fn = student_loss_fn
        self.distillation_loss_fn = distillation_loss_fn
        self.alpha = alpha
        self.temperature = temperature

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, allow_empty=False):
        teacher_pred = self.teacher(x, training=False)
        student_loss = self.student_loss_fn(y, y_pred)
        distillation_loss = self.distillation_loss_fn(
            ops.softmax(teacher_pred / self.temperature, axis=1),
            ops.softmax(y_pred / self.temperature, axis=1),
        ) * (self.temperature**2)
        return self.alpha * student_loss + (1 - self.alpha) * distillation_loss

    def call(self, x):
        return self.student(x)


def net(n, name):
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(n, (3, 3), strides=(2, 2), padding="same"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.MaxPooling2D(pool_size=(2, 2), strides=(1, 1), padding="same"),
            layers.Flatten(),
            layers.Dense(10),
        ],
        name=name,
    )


(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = np.reshape(x_train.astype("float32") / 255.0, (-1, 28, 28, 1))[:256]
y_train = y_train[:256]
teacher, student = net(8, "teacher"), net(4, "student")
student_scratch = keras.models.clone_model(student)
teacher.compile(
    optimizer=keras.optimizers.Adam(),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=[keras.metrics.SparseCategoricalAccuracy()],
)
teacher.fit(x_train, y_train, epochs=2)
distiller = Distiller(student=student, teacher=teacher)
distiller.compile(
    optimizer=keras.optimizers.Adam(),
    metrics=[keras.metrics.SparseCategoricalAccuracy()],
    student_loss_fn=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    distillation_loss_fn=keras.losses.KLDivergence(),
    alpha=0.1,
    temperature=10,
)
before = [w.copy() for w in teacher.get_weights()]
h = distiller.fit(x_train, y_train, epochs=3)
assert h.history["sparse_categorical_accuracy"][-1] > h.history["sparse_categorical_accuracy"][0]
print([np.abs(a - b).max() for a, b in zip(before, teacher.get_weights())])
distiller.evaluate(x_train, y_train)


# VAE with add_loss
class Sampling(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        batch = ops.shape(z_mean)[0]
        dim = ops.shape(z_mean)[1]
        epsilon = keras.random.normal(shape=(batch, dim), seed=self.seed_generator)
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon


class VAE(keras.Model):
    def __init__(
        self, original_dim, intermediate_dim=16, latent_dim=4, name="autoencoder", **kwargs
    ):
        super().__init__(name=name, **kwargs)
        self.original_dim = original_dim
        self.proj = layers.Dense(intermediate_dim, activation="relu")
        self.dense_mean = layers.Dense(latent_dim)
        self.dense_log_var = layers.Dense(latent_dim)
        self.sampling = Sampling()
        self.decoder = keras.Sequential(
            [
                layers.Dense(intermediate_dim, activation="relu"),
                layers.Dense(original_dim, activation="sigmoid"),
            ]
        )

    def call(self, inputs):
        x = self.proj(inputs)
        z_mean, z_log_var = self.dense_mean(x), self.dense_log_var(x)
        z = self.sampling((z_mean, z_log_var))
        reconstructed = self.decoder(z)
        kl_loss = -0.5 * ops.mean(z_log_var - ops.square(z_mean) - ops.exp(z_log_var) + 1)
        self.add_loss(kl_loss)
        return reconstructed


flat = x_train.reshape(-1, 784)
vae = VAE(784)
optimizer = keras.optimizers.Adam(learning_rate=1e-3)
vae.compile(optimizer, loss=keras.losses.MeanSquaredError())
h = vae.fit(flat, flat, epochs=3, batch_size=64)
assert h.history["loss"][-1] < h.history["loss"][0]


# a GAN written as a stateless loop would be; a siamese by compute_loss
class Triplet(keras.Model):
    def __init__(self, embedding, margin=0.5):
        super().__init__()
        self.embedding = embedding
        self.margin = margin

    def call(self, inputs):
        a, p, n = inputs
        ea, ep, en = self.embedding(a), self.embedding(p), self.embedding(n)
        return ops.sum(ops.square(ea - ep), -1), ops.sum(ops.square(ea - en), -1)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        ap, an = y_pred
        return ops.mean(ops.maximum(ap - an + self.margin, 0.0))


emb = keras.Sequential(
    [
        layers.Input((784,)),
        layers.Dense(16, activation="relu"),
        layers.Dense(8),
        layers.UnitNormalization(),
    ]
)
order = np.argsort(y_train)
a = flat[order][:-1]
p = flat[order][1:]
n = flat[order][::-1][:-1]
t = Triplet(emb)
t.compile(optimizer="adam")
h = t.fit([a, p, n], epochs=3, batch_size=32)
assert h.history["loss"][-1] < h.history["loss"][0]


class UNetData(keras.utils.PyDataset):
    def __init__(self, n, batch_size, **kwargs):
        super().__init__(**kwargs)
        self.n, self.batch_size = n, batch_size

    def __len__(self):
        return self.n // self.batch_size

    def __getitem__(self, idx):
        r = np.random.RandomState(idx)
        y = (r.rand(self.batch_size, 16, 16, 1) > 0.5).astype("uint8")
        return y.repeat(3, -1).astype("float32"), y


i = keras.Input((16, 16, 3))
x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(i)
x = layers.Conv2DTranspose(8, 3, padding="same", activation="relu")(x)
x = layers.UpSampling2D(2)(x)
x = layers.concatenate([x, i])
unet = keras.Model(i, layers.Conv2D(2, 3, activation="softmax", padding="same")(x))
unet.compile(
    optimizer=keras.optimizers.Adam(1e-2),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.MeanIoU(num_classes=2, sparse_y_pred=False)],
)
h = unet.fit(UNetData(16, 4, workers=2), epochs=4, validation_data=UNetData(8, 4), verbose=2)
assert h.history["loss"][-1] < h.history["loss"][0]


# GPT in ops
def causal_attention_mask(batch_size, n_dest, n_src, dtype):
    i = ops.arange(n_dest)[:, None]
    j = ops.arange(n_src)
    m = i >= j - n_src + n_dest
    mask = ops.cast(m, dtype)
    mask = ops.reshape(mask, [1, n_dest, n_src])
    mult = ops.concatenate([ops.expand_dims(batch_size, -1), ops.convert_to_tensor([1, 1])], 0)
    return ops.tile(mask, mult)


class TransformerBlock(layers.Layer):
    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1):
        super().__init__()
        self.att = layers.MultiHeadAttention(num_heads, embed_dim)
        self.ffn = keras.Sequential(
            [layers.Dense(ff_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.layernorm1 = layers.LayerNormalization(epsilon=1e-6)
        self.dropout1 = layers.Dropout(rate)

    def call(self, inputs):
        input_shape = ops.shape(inputs)
        batch_size = input_shape[0]
        seq_len = input_shape[1]
        attention_output = self.att(inputs, inputs, use_causal_mask=True)
        attention_output = self.dropout1(attention_output)
        out1 = self.layernorm1(inputs + attention_output)
        return out1 + self.ffn(out1)


class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen, vocab_size, embed_dim):
        super().__init__()
        self.token_emb = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.pos_emb = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

    def call(self, x):
        maxlen = ops.shape(x)[-1]
        positions = ops.arange(0, maxlen, 1)
        return self.token_emb(x) + self.pos_emb(positions)


inputs = layers.Input(shape=(10,), dtype="int32")
x = TokenAndPositionEmbedding(10, 20, 16)(inputs)
x = TransformerBlock(16, 2, 16)(x)
outputs = layers.Dense(20)(x)
gpt = keras.Model(inputs=inputs, outputs=[outputs, x])
gpt.compile("adam", loss=[keras.losses.SparseCategoricalCrossentropy(from_logits=True), None])
seq = (np.arange(64)[:, None] + np.arange(11)) % 20
h = gpt.fit(seq[:, :-1], seq[:, 1:], epochs=3, batch_size=16, verbose=2)
assert h.history["loss"][-1] < h.history["loss"][0]
logits, indices = ops.top_k(
    ops.convert_to_tensor(gpt.predict(seq[:1, :-1])[0][0][-1]), k=5, sorted=True
)
preds = keras.activations.softmax(ops.expand_dims(logits, 0))[0]
assert abs(float(np.sum(np.asarray(preds))) - 1) < 1e-5
