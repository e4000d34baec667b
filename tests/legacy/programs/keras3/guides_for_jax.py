"""Guides for JAX: training loop by stateless calls, custom train_step with state, serialization, custom layers."""

import os

os.environ["KERAS_BACKEND"] = "jax"
import jax
import jax.numpy as jnp
import keras
import numpy as np

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = np.reshape(x_train, (-1, 784)).astype("float32") / 255
x_test = np.reshape(x_test, (-1, 784)).astype("float32") / 255
y_train = keras.utils.to_categorical(y_train)
y_test = keras.utils.to_categorical(y_test)


def get_model():
    inputs = keras.Input(shape=(784,), name="digits")
    x1 = keras.layers.Dense(32, activation="relu")(inputs)
    x1 = keras.layers.Dropout(0.1)(x1)
    x2 = keras.layers.BatchNormalization()(keras.layers.Dense(32, activation="relu")(x1))
    outputs = keras.layers.Dense(10, name="predictions")(x2)
    return keras.Model(inputs=inputs, outputs=outputs)


model = get_model()
batch_size = 32
loss_fn = keras.losses.CategoricalCrossentropy(from_logits=True)
optimizer = keras.optimizers.Adam(learning_rate=1e-3)
train_acc_metric = keras.metrics.CategoricalAccuracy()
val_acc_metric = keras.metrics.CategoricalAccuracy()


def compute_loss_and_updates(trainable_variables, non_trainable_variables, metric_variables, x, y):
    y_pred, non_trainable_variables = model.stateless_call(
        trainable_variables, non_trainable_variables, x, training=True
    )
    loss = loss_fn(y, y_pred)
    metric_variables = train_acc_metric.stateless_update_state(metric_variables, y, y_pred)
    return loss, (non_trainable_variables, metric_variables)


grad_fn = jax.value_and_grad(compute_loss_and_updates, has_aux=True)


@jax.jit
def train_step(state, data):
    trainable_variables, non_trainable_variables, optimizer_variables, metric_variables = state
    x, y = data
    (loss, (non_trainable_variables, metric_variables)), grads = grad_fn(
        trainable_variables, non_trainable_variables, metric_variables, x, y
    )
    trainable_variables, optimizer_variables = optimizer.stateless_apply(
        optimizer_variables, grads, trainable_variables
    )
    return loss, (
        trainable_variables,
        non_trainable_variables,
        optimizer_variables,
        metric_variables,
    )


@jax.jit
def eval_step(state, data):
    trainable_variables, non_trainable_variables, metric_variables = state
    x, y = data
    y_pred, non_trainable_variables = model.stateless_call(
        trainable_variables, non_trainable_variables, x, training=False
    )
    loss = loss_fn(y, y_pred)
    metric_variables = val_acc_metric.stateless_update_state(metric_variables, y, y_pred)
    return loss, (trainable_variables, non_trainable_variables, metric_variables)


optimizer.build(model.trainable_variables)
trainable_variables = model.trainable_variables
non_trainable_variables = model.non_trainable_variables
optimizer_variables = optimizer.variables
metric_variables = train_acc_metric.variables
state = trainable_variables, non_trainable_variables, optimizer_variables, metric_variables
first = None
for epoch in range(2):
    for step in range(0, 512, batch_size):
        data = (x_train[step : step + batch_size], y_train[step : step + batch_size])
        loss, state = train_step(state, data)
        first = float(loss) if first is None else first
_, _, _, metric_variables = state
for variable, value in zip(train_acc_metric.variables, metric_variables):
    variable.assign(value)
print(f"Training loss: {float(loss):.4f}, accuracy: {train_acc_metric.result()}")
assert float(loss) < first
trainable_variables, non_trainable_variables, optimizer_variables, metric_variables = state
for variable, value in zip(model.trainable_variables, trainable_variables):
    variable.assign(value)
for variable, value in zip(model.non_trainable_variables, non_trainable_variables):
    variable.assign(value)
metric_variables = val_acc_metric.variables
state = trainable_variables, non_trainable_variables, metric_variables
loss, state = eval_step(state, (x_test, y_test))
np.testing.assert_allclose(np.asarray(model(x_test)), model.predict(x_test, verbose=0), atol=1e-4)


# --- custom train_step ---------------------------------------------------------------------------
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
        (trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables) = (
            state
        )
        x, y = data
        grad_fn = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
        (loss, (y_pred, non_trainable_variables)), grads = grad_fn(
            trainable_variables,
            non_trainable_variables,
            x,
            y,
            training=True,
        )
        (trainable_variables, optimizer_variables) = self.optimizer.stateless_apply(
            optimizer_variables, grads, trainable_variables
        )
        new_metrics_vars, logs = [], []
        for metric in self.metrics:
            this_metric_vars = metrics_variables[
                len(new_metrics_vars) : len(new_metrics_vars) + len(metric.variables)
            ]
            if metric.name == "loss":
                this_metric_vars = metric.stateless_update_state(this_metric_vars, loss)
            else:
                this_metric_vars = metric.stateless_update_state(this_metric_vars, y, y_pred)
            logs = metric.stateless_result(this_metric_vars)
            new_metrics_vars += this_metric_vars
        state = (
            trainable_variables,
            non_trainable_variables,
            optimizer_variables,
            new_metrics_vars,
        )
        logs = {m.name: m.result() for m in self.metrics}
        return logs, state

    def test_step(self, state, data):
        x, y = data
        (trainable_variables, non_trainable_variables, metrics_variables) = state
        y_pred, non_trainable_variables = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=False
        )
        loss = self.compute_loss(x, y, y_pred)
        new_metrics_vars = []
        for metric in self.metrics:
            this_metric_vars = metrics_variables[
                len(new_metrics_vars) : len(new_metrics_vars) + len(metric.variables)
            ]
            if metric.name == "loss":
                this_metric_vars = metric.stateless_update_state(this_metric_vars, loss)
            else:
                this_metric_vars = metric.stateless_update_state(this_metric_vars, y, y_pred)
            metric.stateless_result(this_metric_vars)
            new_metrics_vars += this_metric_vars
        state = (trainable_variables, non_trainable_variables, new_metrics_vars)
        return {m.name: m.result() for m in self.metrics}, state


inputs = keras.Input(shape=(32,))
outputs = keras.layers.Dense(1)(inputs)
model = CustomModel(inputs, outputs)
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
x = np.random.random((256, 32))
y = np.random.random((256, 1))
h = model.fit(x, y, epochs=4)
print(h.history)
model.evaluate(x, y)
assert h.history["loss"][-1] < h.history["loss"][0]


class CustomModel3(keras.Model):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")
        self.loss_fn = keras.losses.MeanSquaredError()

    def compute_loss_and_updates(
        self, trainable_variables, non_trainable_variables, x, y, training=False
    ):
        y_pred, non_trainable_variables = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=training
        )
        loss = self.loss_fn(y, y_pred)
        return loss, (y_pred, non_trainable_variables)

    def train_step(self, state, data):
        (trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables) = (
            state
        )
        x, y = data
        grad_fn = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
        (loss, (y_pred, non_trainable_variables)), grads = grad_fn(
            trainable_variables, non_trainable_variables, x, y, training=True
        )
        (trainable_variables, optimizer_variables) = self.optimizer.stateless_apply(
            optimizer_variables, grads, trainable_variables
        )
        loss_tracker_vars = metrics_variables[: len(self.loss_tracker.variables)]
        mae_metric_vars = metrics_variables[len(self.loss_tracker.variables) :]
        loss_tracker_vars = self.loss_tracker.stateless_update_state(loss_tracker_vars, loss)
        mae_metric_vars = self.mae_metric.stateless_update_state(mae_metric_vars, y, y_pred)
        logs = {}
        logs[self.loss_tracker.name] = self.loss_tracker.stateless_result(loss_tracker_vars)
        logs[self.mae_metric.name] = self.mae_metric.stateless_result(mae_metric_vars)
        new_metrics_vars = loss_tracker_vars + mae_metric_vars
        state = (
            trainable_variables,
            non_trainable_variables,
            optimizer_variables,
            new_metrics_vars,
        )
        return logs, state

    @property
    def metrics(self):
        return [self.loss_tracker, self.mae_metric]


inputs = keras.Input(shape=(32,))
model = CustomModel3(inputs, keras.layers.Dense(1)(inputs))
model.compile(optimizer="adam")
h = model.fit(x, y, epochs=5)
assert h.history["mae"][-1] < h.history["mae"][0]


# --- layers ------------------------------------------------------------------------------------------
class Linear(keras.layers.Layer):
    def __init__(self, units=32, input_dim=32):
        super().__init__()
        self.w = self.add_weight(
            shape=(input_dim, units), initializer="random_normal", trainable=True
        )
        self.b = self.add_weight(shape=(units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return keras.ops.matmul(inputs, self.w) + self.b


class ComputeSum(keras.layers.Layer):
    def __init__(self, input_dim):
        super().__init__()
        self.total = self.add_weight(initializer="zeros", shape=(input_dim,), trainable=False)

    def call(self, inputs):
        self.total.assign_add(keras.ops.sum(inputs, axis=0))
        return self.total


my_sum = ComputeSum(2)
y1 = my_sum(keras.ops.ones((2, 2)))
print(y1.numpy() if hasattr(y1, "numpy") else np.asarray(y1))
y1 = my_sum(keras.ops.ones((2, 2)))
assert np.asarray(y1).tolist() == [4, 4]


class Sampling(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        batch = keras.ops.shape(z_mean)[0]
        dim = keras.ops.shape(z_mean)[1]
        epsilon = keras.random.normal(shape=(batch, dim), seed=self.seed_generator)
        return z_mean + keras.ops.exp(0.5 * z_log_var) * epsilon


class VAE(keras.Model):
    def __init__(self, original_dim, **kwargs):
        super().__init__(**kwargs)
        self.enc = keras.layers.Dense(16, activation="relu")
        self.mean = keras.layers.Dense(4)
        self.log_var = keras.layers.Dense(4)
        self.sampling = Sampling()
        self.dec = keras.layers.Dense(original_dim, activation="sigmoid")

    def call(self, inputs):
        x = self.enc(inputs)
        z_mean, z_log_var = self.mean(x), self.log_var(x)
        z = self.sampling((z_mean, z_log_var))
        kl_loss = -0.5 * keras.ops.mean(
            z_log_var - keras.ops.square(z_mean) - keras.ops.exp(z_log_var) + 1
        )
        self.add_loss(kl_loss)
        return self.dec(z)


vae = VAE(784)
vae.compile(keras.optimizers.Adam(1e-2), loss=keras.losses.MeanSquaredError())
h = vae.fit(x_train, x_train, epochs=2, batch_size=64)
assert h.history["loss"][-1] < h.history["loss"][0]


class CustomDropout(keras.layers.Layer):
    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs, training=None):
        if training:
            return keras.random.dropout(inputs, rate=self.rate, seed=self.seed_generator)
        return inputs


# --- serialization -------------------------------------------------------------------------------------
@keras.saving.register_keras_serializable(package="MyLayers")
class CustomLayer(keras.layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {"factor": self.factor}


@keras.saving.register_keras_serializable(package="my_package", name="custom_fn")
def custom_fn(x):
    return x**2


class LayerWithCustomBuild(keras.layers.Layer):
    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, inputs):
        return keras.ops.matmul(inputs, self.w) + self.b

    def get_config(self):
        return dict(units=self.units, **super().get_config())

    def build(self, input_shape, layer_init):
        self.layer_init = layer_init
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer=self._init_of("w"), trainable=True
        )
        self.b = self.add_weight(shape=(self.units,), initializer=layer_init, trainable=True)

    def _init_of(self, _):
        return self.layer_init

    def get_build_config(self):
        return {"layer_init": self.layer_init, "input_shape": self._shape}

    def build_from_config(self, config):
        self._shape = config["input_shape"]
        self.build(config["input_shape"], config["layer_init"])


custom_layer = LayerWithCustomBuild(units=16)
custom_layer._shape = (8,)
custom_layer.build(input_shape=(8,), layer_init="random_normal")
serialized_layer = keras.layers.serialize(custom_layer)
with keras.saving.custom_object_scope({"LayerWithCustomBuild": LayerWithCustomBuild}):
    new_layer = keras.layers.deserialize(serialized_layer)
assert new_layer.w.shape == (8, 16)


@keras.saving.register_keras_serializable(package="my_custom_package")
class LayerWithCustomVariable(keras.layers.Dense):
    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)

    def build(self, input_shape):
        super().build(input_shape)
        self.my_variable = self.add_weight(
            shape=(self.units,), initializer="random_normal", trainable=False
        )

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store["variables"] = self.my_variable.numpy()

    def load_own_variables(self, store):
        self.my_variable.assign(store["variables"])
        for i, v in enumerate(self.weights):
            v.assign(store[f"{i}"])

    def call(self, inputs):
        dense_out = super().call(inputs)
        return dense_out + self.my_variable


inputs = keras.Input((4,))
net = keras.Model(inputs, custom_fn(CustomLayer(2.0)(LayerWithCustomVariable(1)(inputs))))
net.compile(optimizer="adam", loss="mean_squared_error")
d = np.random.random((8, 4))
net.fit(d, np.random.random((8, 1)), verbose=0)
net.save("custom_vars_model.keras")
restored = keras.models.load_model("custom_vars_model.keras")
np.testing.assert_allclose(net.predict(d), restored.predict(d), rtol=1e-5)


class CustomModelC(keras.Model):
    def __init__(self, hidden_units):
        super().__init__()
        self.hidden_units = hidden_units
        self.dense_layers = [keras.layers.Dense(u) for u in hidden_units]

    def call(self, inputs):
        x = inputs
        for layer in self.dense_layers:
            x = layer(x)
        return x

    def get_config(self):
        return {"hidden_units": self.hidden_units}

    def compile(self, optimizer, loss_fn, metrics):
        super().compile(optimizer=optimizer, metrics=metrics, loss=loss_fn)
        self.loss_fn = loss_fn

    def get_compile_config(self):
        return {"model_optimizer": self.optimizer, "loss_fn": self.loss_fn}

    def compile_from_config(self, config):
        config = keras.utils.deserialize_keras_object(config)
        self.compile(
            optimizer=config["model_optimizer"], loss_fn=config["loss_fn"], metrics=["mae"]
        )


m = CustomModelC([16, 1])
m.compile("adam", keras.losses.MeanSquaredError(), ["mae"])
m.fit(d, np.random.random((8, 1)), verbose=0)
m.save("c.keras")
m2 = keras.models.load_model("c.keras", custom_objects={"CustomModelC": CustomModelC})
np.testing.assert_allclose(m.predict(d), m2.predict(d), rtol=1e-5)
config = m.get_config()
assert CustomModelC.from_config(config).hidden_units == [16, 1]
