"""The temperature of tomorrow from ten days of weather: dense, GRU, and GRU with dropout."""

import os

import matplotlib.pyplot as plt
import numpy as np

from keras import layers
from keras.models import Sequential
from keras.optimizers import RMSprop

# A table like that of a weather station, an hour a row: a day's and a year's wave, and noise.
rng = np.random.RandomState(14)
hours = np.arange(1500)
header = ["Date Time", "p (mbar)", "T (degC)", "rh (%)", "wv (m/s)"]
table = np.stack(
    [
        990 + 5 * np.sin(hours / 90) + rng.normal(size=1500),
        8 + 6 * np.sin(hours / 24 * 2 * np.pi) + 4 * np.sin(hours / 200) + rng.normal(size=1500),
        70 - 10 * np.sin(hours / 24 * 2 * np.pi) + rng.normal(size=1500),
        rng.gamma(2.0, size=1500),
    ],
    axis=1,
)
with open("weather.csv", "w") as f:
    f.write(",".join(header) + "\n")
    f.write(
        "\n".join(
            "day %d,%s" % (i, ",".join("%.3f" % v for v in row)) for i, row in enumerate(table)
        )
    )

with open("weather.csv") as f:
    data = f.read()
lines = data.split("\n")
header = lines[0].split(",")
lines = lines[1:]
float_data = np.zeros((len(lines), len(header) - 1))
for i, line in enumerate(lines):
    values = [float(x) for x in line.split(",")[1:]]
    float_data[i, :] = values
temp = float_data[:, 1]
plt.plot(range(len(temp)), temp)
plt.plot(range(240), temp[:240])

mean = float_data[:800].mean(axis=0)
float_data -= mean
std = float_data[:800].std(axis=0)
float_data /= std


def generator(data, lookback, delay, min_index, max_index, shuffle=False, batch_size=128, step=6):
    if max_index is None:
        max_index = len(data) - delay - 1
    i = min_index + lookback
    while 1:
        if shuffle:
            rows = np.random.randint(min_index + lookback, max_index, size=batch_size)
        else:
            if i + batch_size >= max_index:
                i = min_index + lookback
            rows = np.arange(i, min(i + batch_size, max_index))
            i += len(rows)
        samples = np.zeros((len(rows), lookback // step, data.shape[-1]))
        targets = np.zeros((len(rows),))
        for j, row in enumerate(rows):
            indices = range(rows[j] - lookback, rows[j], step)
            samples[j] = data[indices]
            targets[j] = data[rows[j] + delay][1]
        yield samples, targets


lookback, step, delay, batch_size = 120, 4, 24, 64
shared = {"lookback": lookback, "delay": delay, "step": step, "batch_size": batch_size}
train_gen = generator(float_data, min_index=0, max_index=800, shuffle=True, **shared)
val_gen = generator(float_data, min_index=801, max_index=1150, **shared)
test_gen = generator(float_data, min_index=1151, max_index=None, **shared)
val_steps = (1150 - 801 - lookback) // batch_size
test_steps = (len(float_data) - 1151 - lookback) // batch_size


def dense_model():
    model = Sequential()
    model.add(layers.Flatten(input_shape=(lookback // step, float_data.shape[-1])))
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(1))
    return model


def gru_model():
    model = Sequential()
    model.add(layers.GRU(32, input_shape=(None, float_data.shape[-1])))
    model.add(layers.Dense(1))
    return model


def gru_dropout_model():
    model = Sequential()
    model.add(
        layers.GRU(32, dropout=0.2, recurrent_dropout=0.2, input_shape=(None, float_data.shape[-1]))
    )
    model.add(layers.Dense(1))
    return model


np.random.seed(0)
factor = float(os.environ.get("EPOCHS", "1"))
histories = []
for build in (dense_model, gru_model, gru_dropout_model):
    model = build()
    model.compile(optimizer=RMSprop(), loss="mae")
    history = model.fit_generator(
        train_gen,
        steps_per_epoch=max(10, round(500 * factor)),
        epochs=max(2, round(20 * factor)),
        validation_data=val_gen,
        validation_steps=val_steps,
    )
    histories.append(history)
    loss = history.history["loss"]
    val_loss = history.history["val_loss"]
    epochs = range(1, len(loss) + 1)
    plt.figure()
    plt.plot(epochs, loss, "bo", label="Training loss")
    plt.plot(epochs, val_loss, "b", label="Validation loss")
    plt.legend()
    plt.show()
test_loss = model.evaluate_generator(test_gen, steps=test_steps)
