"""Single sigmoid units as logical gates, their weights set by hand, and XNOR out of three of them."""

import numpy as np

from keras.layers import Dense
from keras.models import Sequential

corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def unit(weights, bias):
    model = Sequential()
    model.add(Dense(1, input_dim=len(weights), activation="sigmoid"))
    model.set_weights([np.array(weights, "float32").reshape(-1, 1), np.array([bias], "float32")])
    return model


def table(model, inputs=corners):
    return model.predict(inputs, verbose=0).round().astype(int).ravel().tolist()


both = table(unit([20, 20], -30))
either = table(unit([20, 20], -10))
negation = table(unit([-20], 10), np.array([[0], [1]]))

xnor = Sequential()
xnor.add(Dense(2, input_dim=2, activation="sigmoid"))  # AND, and neither
xnor.add(Dense(1, activation="sigmoid"))  # OR of the two
xnor.set_weights(
    [
        np.array([[20, -20], [20, -20]]),
        np.array([-30, 10]),
        np.array([[20], [20]]),
        np.array([-10]),
    ]
)
alike = table(xnor)
