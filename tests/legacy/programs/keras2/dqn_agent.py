"""A DQN agent as reinforcement-learning libraries built theirs: clones, a masked loss as an output, soft updates."""

import warnings
from collections import deque
from copy import deepcopy
from random import sample, seed

import keras.backend as K
import keras.optimizers as optimizers
import numpy as np
from keras.layers import Activation, Dense, Flatten, Input, Lambda
from keras.models import Model, Sequential, model_from_config
from keras.optimizers import Adam


def clone_model(model, custom_objects={}):
    # Requires Keras 1.0.7 since get_config has breaking changes.
    config = {"class_name": model.__class__.__name__, "config": model.get_config()}
    clone = model_from_config(config, custom_objects=custom_objects)
    clone.set_weights(model.get_weights())
    return clone


def clone_optimizer(optimizer):
    if type(optimizer) is str:
        return optimizers.get(optimizer)
    params = dict([(k, v) for k, v in optimizer.get_config().items()])
    config = {"class_name": optimizer.__class__.__name__, "config": params}
    return optimizers.deserialize(config)


def huber_loss(y_true, y_pred, clip_value):
    assert clip_value > 0.0
    x = y_true - y_pred
    if np.isinf(clip_value):
        return 0.5 * K.square(x)
    condition = K.abs(x) < clip_value
    squared_loss = 0.5 * K.square(x)
    linear_loss = clip_value * (K.abs(x) - 0.5 * clip_value)
    return K.switch(condition, squared_loss, linear_loss)


def mean_q(y_true, y_pred):
    return K.mean(K.max(y_pred, axis=-1))


warnings.filterwarnings("ignore")


class Memory(object):
    def __init__(self, limit):
        self.rows = deque(maxlen=limit)

    def append(self, *row):
        self.rows.append(row)

    def sample(self, size):
        return [np.array(column) for column in zip(*sample(list(self.rows), size))]


class DQNAgent(object):
    def __init__(
        self,
        model,
        nb_actions,
        memory,
        gamma=0.9,
        batch_size=16,
        target_model_update=1e-1,
        delta_clip=1.0,
        enable_double_dqn=True,
        enable_dueling_network=False,
        dueling_type="avg",
    ):
        if (
            hasattr(model.output, "__len__")
            and type(model.output) is list
            and len(model.output) > 1
        ):
            raise ValueError("Model has more than one output.")
        if model.output_shape != (None, nb_actions):
            raise ValueError("Model output has invalid shape.")
        self.nb_actions, self.memory, self.gamma, self.batch_size = (
            nb_actions,
            memory,
            gamma,
            batch_size,
        )
        self.target_model_update, self.delta_clip = target_model_update, delta_clip
        self.enable_double_dqn = enable_double_dqn
        self.custom_model_objects = {}
        if enable_dueling_network:
            # get the second last layer of the model, abandon the last layer
            layer = model.layers[-2]
            nb_action = model.output_shape[-1]
            y = Dense(nb_action + 1, activation="linear")(layer.output)
            if dueling_type == "avg":
                outputlayer = Lambda(
                    lambda a: (
                        K.expand_dims(a[:, 0], -1)
                        + a[:, 1:]
                        - K.mean(a[:, 1:], axis=1, keepdims=True)
                    ),
                    output_shape=(nb_action,),
                )(y)
            else:
                outputlayer = Lambda(
                    lambda a: K.expand_dims(a[:, 0], -1) + a[:, 1:], output_shape=(nb_action,)
                )(y)
            model = Model(inputs=model.input, outputs=outputlayer)
        self.model = model
        self.step = 0

    def compile(self, optimizer, metrics=[]):
        metrics += [mean_q]
        # We never train the target model, hence we can set the optimizer and loss arbitrarily.
        self.target_model = clone_model(self.model, self.custom_model_objects)
        self.target_model.compile(optimizer="sgd", loss="mse")
        self.model.compile(optimizer="sgd", loss="mse")

        def clipped_masked_error(args):
            y_true, y_pred, mask = args
            loss = huber_loss(y_true, y_pred, self.delta_clip)
            loss *= mask  # apply element-wise mask
            return K.sum(loss, axis=-1)

        y_pred = self.model.output
        y_true = Input(name="y_true", shape=(self.nb_actions,))
        mask = Input(name="mask", shape=(self.nb_actions,))
        loss_out = Lambda(clipped_masked_error, output_shape=(1,), name="loss")(
            [y_true, y_pred, mask]
        )
        ins = [self.model.input] if type(self.model.input) is not list else self.model.input
        trainable_model = Model(inputs=ins + [y_true, mask], outputs=[loss_out, y_pred])
        assert len(trainable_model.output_names) == 2
        combined_metrics = {trainable_model.output_names[1]: metrics}
        losses = [
            lambda y_true, y_pred: y_pred,  # loss is computed in Lambda layer
            lambda y_true, y_pred: K.zeros_like(y_pred),  # we only include this for the metrics
        ]
        trainable_model.compile(optimizer=optimizer, loss=losses, metrics=combined_metrics)
        self.trainable_model = trainable_model
        self.compiled = True

    def update_target_model(self):
        if self.target_model_update >= 1:
            self.target_model.set_weights(self.model.get_weights())
        else:
            tau = self.target_model_update
            K.batch_set_value(
                [
                    (t, tau * K.get_value(s) + (1.0 - tau) * K.get_value(t))
                    for t, s in zip(self.target_model.weights, self.model.weights)
                ]
            )

    def forward(self, state, eps):
        if np.random.uniform() < eps:
            return np.random.randint(0, self.nb_actions)
        q_values = self.model.predict_on_batch(np.array([state])).flatten()
        assert q_values.shape == (self.nb_actions,)
        return np.argmax(q_values)

    def backward(self):
        state0, action, reward, state1, alive = self.memory.sample(self.batch_size)
        if self.enable_double_dqn:
            q_values = self.model.predict_on_batch(state1)
            actions = np.argmax(q_values, axis=1)
            target_q_values = self.target_model.predict_on_batch(state1)
            q_batch = target_q_values[range(self.batch_size), actions]
        else:
            q_batch = np.max(self.target_model.predict_on_batch(state1), axis=1).flatten()
        targets = np.zeros((self.batch_size, self.nb_actions))
        dummy_targets = np.zeros((self.batch_size,))
        masks = np.zeros((self.batch_size, self.nb_actions))
        Rs = reward + self.gamma * q_batch * alive
        for idx, (target, mask, R, a) in enumerate(zip(targets, masks, Rs, action)):
            target[a] = R
            dummy_targets[idx] = R
            mask[a] = 1.0
        targets = np.array(targets).astype("float32")
        masks = np.array(masks).astype("float32")
        ins = [state0] if type(self.model.input) is not list else state0
        metrics = self.trainable_model.train_on_batch(
            ins + [targets, masks], [dummy_targets, targets]
        )
        metrics = [
            metric for idx, metric in enumerate(metrics) if idx not in (1, 2)
        ]  # throw away individual losses
        self.update_target_model()
        self.step += 1
        return metrics

    @property
    def metrics_names(self):
        # Throw away individual losses and replace output name since this is hidden from the user.
        assert len(self.trainable_model.output_names) == 2
        dummy_output_name = self.trainable_model.output_names[1]
        model_metrics = [
            name for idx, name in enumerate(self.trainable_model.metrics_names) if idx not in (1, 2)
        ]
        return [name.replace(dummy_output_name + "_", "") for name in model_metrics]

    def reset_states(self):
        if self.compiled:
            self.model.reset_states()
            self.target_model.reset_states()


class Corridor(object):
    """Five places in a row; the reward is at the right end."""

    def reset(self):
        self.place = 2
        return self.state()

    def state(self):
        return np.eye(5, dtype="float32")[self.place].reshape(1, 5)

    def move(self, action):
        self.place += 1 if action else -1
        return self.state(), float(self.place == 4), self.place in (0, 4)


np.random.seed(1)
seed(1)
nb_actions = 2
model = Sequential()
model.add(Flatten(input_shape=(1, 5)))
model.add(Dense(16))
model.add(Activation("relu"))
model.add(Dense(nb_actions))
model.add(Activation("linear"))

agent = DQNAgent(model, nb_actions, Memory(200), enable_dueling_network=True)
agent.compile(Adam(lr=1e-2), metrics=["mae"])
agent.model._make_predict_function()
environment = Corridor()
history = []
for episode in range(25):
    state, done = environment.reset(), False
    while not done:
        action = agent.forward(state, eps=0.5)
        following, reward, done = environment.move(action)
        agent.memory.append(state, action, reward, following, 1.0 - done)
        state = following
        if len(agent.memory.rows) >= 32:
            history.append(agent.backward())
agent.reset_states()

print(dict(zip(agent.metrics_names, history[-1])))
q = agent.model.predict(np.eye(5, dtype="float32").reshape(5, 1, 5))
assert agent.metrics_names == ["loss", "mae", "mean_q"], agent.metrics_names
assert len(history[-1]) == 3 and agent.step == len(history)
assert q[3, 1] > q[3, 0] and q[2, 1] > q[2, 0], q
gap = max(
    np.abs(a - b).max() for a, b in zip(agent.model.get_weights(), agent.target_model.get_weights())
)
assert 0 < gap < 0.5
copied = clone_optimizer(agent.trainable_model.optimizer)
assert (
    copied is not agent.trainable_model.optimizer
    and abs(float(K.get_value(copied.lr)) - 1e-2) < 1e-7
)

# A policy by K.function: updates of an optimizer for a loss with placeholders.
action = K.placeholder(shape=(None, 2))
advantages = K.placeholder(shape=(None,))
actor = Sequential(
    [
        Dense(8, input_dim=5, activation="tanh", kernel_initializer="he_uniform"),
        Dense(2, activation="softmax", kernel_initializer="he_uniform"),
    ]
)
good_prob = K.sum(action * actor.output, axis=1)
eligibility = K.log(good_prob + 1e-10) * K.stop_gradient(advantages)
entropy = K.sum(actor.output * K.log(actor.output + 1e-10), axis=1)
loss = -K.sum(eligibility) + 0.01 * K.sum(entropy)
updates = Adam(lr=0.05).get_updates(actor.trainable_weights, [], loss)
train = K.function([actor.input, action, advantages], [loss], updates=updates)
states = np.eye(5, dtype="float32")
losses = [train([states, np.eye(2)[[1] * 5], np.ones(5)])[0] for _ in range(20)]
assert losses[-1] < 0.5 * losses[0]
assert (actor.predict(states)[:, 1] > 0.7).all()
