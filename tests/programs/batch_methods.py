"""Training by hand, one batch at a time, every argument said."""

import numpy as np

from keras.layers import Dense
from keras.models import Sequential

rng = np.random.RandomState(6)
x = rng.normal(size=(320, 4)).astype("float32")
y = (x[:, 0] * x[:, 1] > 0).astype("float32")

model = Sequential()
model.add(Dense(16, input_dim=4, activation="relu"))
model.add(Dense(1, activation="sigmoid"))
model.compile(
    optimizer="adam",
    loss="binary_crossentropy",
    metrics=["accuracy"],
    loss_weights=None,
    sample_weight_mode=None,
    weighted_metrics=None,
    target_tensors=None,
)

first = model.test_on_batch(x, y, sample_weight=None)
for _ in range(10):
    for start in range(0, 320, 32):
        rows = slice(start, start + 32)
        result = model.train_on_batch(
            x[rows], y[rows], class_weight={0: 1.0, 1: 1.0}, sample_weight=None
        )
last = model.test_on_batch(x, y)
answers = model.predict_on_batch(x[:7])
scores = model.evaluate(x, y, batch_size=32, verbose=1, sample_weight=None)
predictions = model.predict(x, batch_size=32, verbose=0)
