"""One text, three answers: a number, one class of several, yes or no; losses by list and by name."""

import numpy as np

from keras import layers
from keras import Input
from keras.models import Model

vocabulary_size, num_groups, length = 500, 10, 120
rng = np.random.RandomState(18)
posts = rng.randint(1, vocabulary_size, size=(96, length))
age_targets = rng.randint(18, 80, size=96).astype("float32")
income_targets = np.eye(num_groups, dtype="float32")[rng.randint(0, num_groups, size=96)]
member_targets = rng.randint(0, 2, size=96)

posts_input = Input(shape=(None,), dtype="int32", name="posts")
embedded_posts = layers.Embedding(vocabulary_size, 16)(posts_input)
x = layers.Conv1D(16, 5, activation="relu")(embedded_posts)
x = layers.MaxPooling1D(5)(x)
x = layers.Conv1D(16, 5, activation="relu")(x)
x = layers.Conv1D(16, 5, activation="relu")(x)
x = layers.GlobalMaxPooling1D()(x)
x = layers.Dense(16, activation="relu")(x)
age_prediction = layers.Dense(1, name="age")(x)
income_prediction = layers.Dense(num_groups, activation="softmax", name="income")(x)
member_prediction = layers.Dense(1, activation="sigmoid", name="member")(x)
model = Model(posts_input, [age_prediction, income_prediction, member_prediction])

model.compile(
    optimizer="rmsprop",
    loss=["mse", "categorical_crossentropy", "binary_crossentropy"],
    loss_weights=[0.25, 1.0, 10.0],
)
by_list = model.fit(posts, [age_targets, income_targets, member_targets], epochs=2, batch_size=32)

model.compile(
    optimizer="rmsprop",
    loss={"age": "mse", "income": "categorical_crossentropy", "member": "binary_crossentropy"},
    loss_weights={"age": 0.25, "income": 1.0, "member": 10.0},
    metrics={"income": "acc", "member": "acc"},
)
by_name = model.fit(
    posts,
    {"age": age_targets, "income": income_targets, "member": member_targets},
    epochs=2,
    batch_size=32,
)
age, income, member = model.predict(posts)
