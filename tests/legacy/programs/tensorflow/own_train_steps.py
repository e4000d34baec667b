"""Collaborative filtering, endpoint layers, trainer pattern, quantile of train_step, memory-efficient embeddings."""

import pandas as pd
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

rng = np.random.RandomState(0)
df = pd.DataFrame({"userId": rng.randint(1, 20, 300), "movieId": rng.randint(100, 130, 300)})
df["rating"] = 1 + (df.userId % 3) + (df.movieId % 3)
user_ids = df["userId"].unique().tolist()
user2user_encoded = {x: i for i, x in enumerate(user_ids)}
movie_ids = df["movieId"].unique().tolist()
movie2movie_encoded = {x: i for i, x in enumerate(movie_ids)}
df["user"] = df["userId"].map(user2user_encoded)
df["movie"] = df["movieId"].map(movie2movie_encoded)
num_users = len(user2user_encoded)
num_movies = len(movie2movie_encoded)
df["rating"] = df["rating"].values.astype(np.float32)
min_rating = min(df["rating"])
max_rating = max(df["rating"])
df = df.sample(frac=1, random_state=42)
x = df[["user", "movie"]].values
y = df["rating"].apply(lambda x: (x - min_rating) / (max_rating - min_rating)).values
train_indices = int(0.9 * df.shape[0])
x_train, x_val, y_train, y_val = (
    x[:train_indices],
    x[train_indices:],
    y[:train_indices],
    y[train_indices:],
)
EMBEDDING_SIZE = 8


class RecommenderNet(keras.Model):
    def __init__(self, num_users, num_movies, embedding_size, **kwargs):
        super(RecommenderNet, self).__init__(**kwargs)
        self.num_users = num_users
        self.num_movies = num_movies
        self.embedding_size = embedding_size
        self.user_embedding = layers.Embedding(
            num_users,
            embedding_size,
            embeddings_initializer="he_normal",
            embeddings_regularizer=keras.regularizers.l2(1e-6),
        )
        self.user_bias = layers.Embedding(num_users, 1)
        self.movie_embedding = layers.Embedding(
            num_movies,
            embedding_size,
            embeddings_initializer="he_normal",
            embeddings_regularizer=keras.regularizers.l2(1e-6),
        )
        self.movie_bias = layers.Embedding(num_movies, 1)

    def call(self, inputs):
        user_vector = self.user_embedding(inputs[:, 0])
        user_bias = self.user_bias(inputs[:, 0])
        movie_vector = self.movie_embedding(inputs[:, 1])
        movie_bias = self.movie_bias(inputs[:, 1])
        dot_user_movie = tf.tensordot(user_vector, movie_vector, 2)
        x = dot_user_movie + user_bias + movie_bias
        return tf.nn.sigmoid(x)


model = RecommenderNet(num_users, num_movies, EMBEDDING_SIZE)
model.compile(loss=tf.keras.losses.BinaryCrossentropy(), optimizer=keras.optimizers.Adam(lr=0.01))
history = model.fit(
    x=x_train, y=y_train, batch_size=64, epochs=4, verbose=1, validation_data=(x_val, y_val)
)
assert history.history["loss"][-1] < history.history["loss"][0]
user_movie_array = np.hstack(([[0]] * 5, np.array([[i] for i in range(5)])))
ratings = model.predict(user_movie_array).flatten()
top_ratings_indices = ratings.argsort()[-10:][::-1]
model.summary()

# --- trainer pattern -------------------------------------------------------------------------------
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0


class MyTrainer(keras.Model):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.loss1 = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.loss1_metric = keras.metrics.Mean(name="sparse_categorical_crossentropy")
        self.loss2 = keras.losses.MeanAbsoluteError()
        self.accuracy = keras.metrics.SparseCategoricalAccuracy()

    @property
    def metrics(self):
        return [self.loss1_metric, self.accuracy]

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self.model(x, training=True)
            loss_value = self.loss1(y, y_pred)
        trainable_vars = self.model.trainable_variables
        gradients = tape.gradient(loss_value, trainable_vars)
        self.optimizer.apply_gradients(zip(gradients, trainable_vars))
        self.accuracy.update_state(y, y_pred)
        self.loss1_metric.update_state(loss_value)
        return {"loss1": self.loss1_metric.result(), "accuracy": self.accuracy.result()}

    def test_step(self, data):
        x, y = data
        y_pred = self.model(x, training=False)
        loss_value = self.loss1(y, y_pred)
        self.accuracy.update_state(y, y_pred)
        self.loss1_metric.update_state(loss_value)
        return {"loss": self.loss1_metric.result(), "accuracy": self.accuracy.result()}

    def call(self, x):
        return self.model(x)


def get_small_classifier():
    return keras.Sequential(
        [
            keras.layers.Flatten(input_shape=(28, 28)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10),
        ]
    )


trainer_1 = MyTrainer(get_small_classifier())
trainer_1.compile(
    optimizer=keras.optimizers.legacy.Adam() if hasattr(keras.optimizers, "legacy") else "adam"
)
h = trainer_1.fit(x_train, y_train, epochs=3, validation_data=(x_test, y_test))
assert "val_loss" in h.history and h.history["accuracy"][-1] > h.history["accuracy"][0]
trainer_1.evaluate(x_test, y_test)
trainer_1.predict(x_test[:2])


# --- compiled_loss, compiled_metrics of TF 2.2 to 2.15 -----------------------------------------------
class CustomModel(keras.Model):
    def train_step(self, data):
        if len(data) == 3:
            x, y, sample_weight = data
        else:
            sample_weight = None
            x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compiled_loss(
                y, y_pred, sample_weight=sample_weight, regularization_losses=self.losses
            )
        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        self.optimizer.apply_gradients(zip(gradients, trainable_vars))
        self.compiled_metrics.update_state(y, y_pred, sample_weight=sample_weight)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        self.compiled_metrics.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


inputs = keras.Input(shape=(32,))
outputs = keras.layers.Dense(1, kernel_regularizer="l2")(inputs)
model = CustomModel(inputs, outputs)
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
x = np.random.random((200, 32))
y = np.random.random((200, 1))
h = model.fit(x, y, epochs=3)
assert set(h.history) == {"loss", "mae"} and h.history["loss"][-1] < h.history["loss"][0]
sw = np.random.random((200, 1))
model.fit(x, y, sample_weight=sw, epochs=2)
res = model.evaluate(x, y)
pred = model.predict(x)
np.testing.assert_allclose(res[1], np.abs(pred - y).mean(), rtol=1e-3)
assert res[0] > np.square(pred - y).mean()


class CustomModel2(keras.Model):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = keras.losses.mean_squared_error(y, y_pred)
        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        self.optimizer.apply_gradients(zip(gradients, trainable_vars))
        self.loss_tracker.update_state(loss)
        self.mae_metric.update_state(y, y_pred)
        return {"loss": self.loss_tracker.result(), "mae": self.mae_metric.result()}

    @property
    def metrics(self):
        return [self.loss_tracker, self.mae_metric]


inputs = keras.Input(shape=(32,))
model = CustomModel2(inputs, keras.layers.Dense(1)(inputs))
model.compile(optimizer="adam")
h = model.fit(x, y, epochs=3)
assert h.history["mae"][-1] < h.history["mae"][0]

# minimize, raw variables
w = tf.Variable([5.0, -3.0])
opt = tf.keras.optimizers.SGD(learning_rate=0.1)
for _ in range(30):
    opt.minimize(lambda: tf.reduce_sum(w**2), var_list=[w])
assert float(tf.reduce_sum(w**2)) < 1e-3
b = tf.Variable(2.0)
opt = tf.keras.optimizers.Adam(0.1)
for _ in range(50):
    with tf.GradientTape() as tape:
        loss = (b - 1.0) ** 2
    opt.apply_gradients([(tape.gradient(loss, b), b)])
assert abs(float(b) - 1) < 0.3
