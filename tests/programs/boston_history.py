"""House prices of Boston: errors of every epoch averaged over the folds, then one last model."""

import os

import matplotlib.pyplot as plt
import numpy as np

from keras import models
from keras import layers
from keras.datasets import boston_housing

(train_data, train_targets), (test_data, test_targets) = boston_housing.load_data()
mean = train_data.mean(axis=0)
std = train_data.std(axis=0)
train_data = (train_data - mean) / std
test_data = (test_data - mean) / std


def build_model():
    model = models.Sequential()
    model.add(layers.Dense(64, activation="relu", input_shape=(train_data.shape[1],)))
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(1))
    model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
    return model


k = 4
num_val_samples = int(len(train_data) / k)
num_epochs = max(2, round(500 * float(os.environ.get("EPOCHS", "1"))))
all_mae_histories = []
for i in range(k):
    print("processing fold #", i, "/", k)
    rows = np.arange(len(train_data))
    fold = (rows >= i * num_val_samples) & (rows < (i + 1) * num_val_samples)
    model = build_model()
    history = model.fit(
        train_data[~fold],
        train_targets[~fold],
        validation_data=(train_data[fold], train_targets[fold]),
        epochs=num_epochs,
        batch_size=1,
        verbose=0,
    )
    mae_history = history.history["val_mean_absolute_error"]
    all_mae_histories.append(mae_history)

average_mae_history = [np.mean([x[i] for x in all_mae_histories]) for i in range(num_epochs)]
plt.plot(range(1, len(average_mae_history) + 1), average_mae_history)
plt.xlabel("Epochs")
plt.ylabel("Validation MAE")
plt.show()
for i in range(k):
    print(all_mae_histories[i].index(min(all_mae_histories[i])), ":", min(all_mae_histories[i]))

model = build_model()
model.fit(train_data, train_targets, epochs=60, batch_size=16, verbose=0)
test_mse_score, test_mae_score = model.evaluate(test_data, test_targets)
