"""Ten kinds of clothing: 300-100-10 on 28 x 28 pictures, plain SGD."""

import os

import matplotlib.pyplot as plt

from tensorflow import keras

fashion_mnist = keras.datasets.fashion_mnist
(X_train_full, y_train_full), (X_test, y_test) = fashion_mnist.load_data()
print(X_train_full.shape, X_train_full.dtype)

held_out = len(X_train_full) // 12
X_valid, X_train = X_train_full[:held_out] / 255.0, X_train_full[held_out:] / 255.0
y_valid, y_train = y_train_full[:held_out], y_train_full[held_out:]
X_test = X_test / 255.0

plt.imshow(X_train[0], cmap="binary")
plt.axis("off")
plt.show()

class_names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
class_names += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]

model = keras.models.Sequential()
model.add(keras.layers.Flatten(input_shape=[28, 28]))
model.add(keras.layers.Dense(300, activation="relu"))
model.add(keras.layers.Dense(100, activation="relu"))
model.add(keras.layers.Dense(10, activation="softmax"))
model.summary()

hidden1 = model.layers[1]
weights, biases = hidden1.get_weights()

model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
history = model.fit(
    X_train,
    y_train,
    epochs=max(3, round(30 * float(os.environ.get("EPOCHS", "1")))),
    validation_data=(X_valid, y_valid),
)

plt.figure(figsize=(8, 5))
for name, values in history.history.items():
    plt.plot(values, label=name)
plt.legend()
plt.grid(True)
plt.gca().set_ylim(0, 1)
plt.show()

X_new = X_test[:3]
y_proba = model.predict(X_new)
print(y_proba.round(2), [class_names[i] for i in y_proba.argmax(axis=1)])
