"""Optimizers and callbacks of repositories: get_updates of Keras 2, cyclical rates, snapshots, a search for the rate."""

import math

import keras.backend as K
import numpy as np
from keras.callbacks import Callback, LambdaCallback, LearningRateScheduler, ModelCheckpoint
from keras.layers import BatchNormalization, Dense, Input
from keras.legacy import interfaces
from keras.models import Model, load_model
from keras.optimizers import Optimizer, SGD


class Padam(Optimizer):
    """Partially adaptive momentum estimation optimizer."""

    def __init__(
        self,
        lr=1e-1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        decay=0.0,
        amsgrad=False,
        partial=1.0 / 8.0,
        **kwargs,
    ):
        super(Padam, self).__init__(**kwargs)
        with K.name_scope(self.__class__.__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")
            self.beta_1 = K.variable(beta_1, name="beta_1")
            self.beta_2 = K.variable(beta_2, name="beta_2")
            self.decay = K.variable(decay, name="decay")
        if epsilon is None:
            epsilon = K.epsilon()
        self.epsilon = epsilon
        self.partial = partial
        self.initial_decay = decay
        self.amsgrad = amsgrad

    @interfaces.legacy_get_updates_support
    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]

        lr = self.lr
        if self.initial_decay > 0:
            lr = lr * (1.0 / (1.0 + self.decay * K.cast(self.iterations, K.dtype(self.decay))))

        t = K.cast(self.iterations, K.floatx()) + 1
        lr_t = lr * (K.sqrt(1.0 - K.pow(self.beta_2, t)) / (1.0 - K.pow(self.beta_1, t)))

        ms = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        vs = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        if self.amsgrad:
            vhats = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        else:
            vhats = [K.zeros(1) for _ in params]
        self.weights = [self.iterations] + ms + vs + vhats

        for p, g, m, v, vhat in zip(params, grads, ms, vs, vhats):
            m_t = (self.beta_1 * m) + (1.0 - self.beta_1) * g
            v_t = (self.beta_2 * v) + (1.0 - self.beta_2) * K.square(g)
            if self.amsgrad:
                vhat_t = K.maximum(vhat, v_t)
                denom = K.sqrt(vhat_t) + self.epsilon
                self.updates.append(K.update(vhat, vhat_t))
            else:
                denom = K.sqrt(v_t) + self.epsilon
            self.updates.append(K.update(m, m_t))
            self.updates.append(K.update(v, v_t))
            new_p = p - (lr_t * (m_t / (denom ** (self.partial * 2))))
            # Apply constraints.
            if getattr(p, "constraint", None) is not None:
                new_p = p.constraint(new_p)
            self.updates.append(K.update(p, new_p))
        return self.updates

    def get_config(self):
        config = {
            "lr": float(K.get_value(self.lr)),
            "beta_1": float(K.get_value(self.beta_1)),
            "beta_2": float(K.get_value(self.beta_2)),
            "decay": float(K.get_value(self.decay)),
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
            "partial": self.partial,
        }
        base_config = super(Padam, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


class AdamW(Optimizer):
    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        weight_decay=1e-4,
        epsilon=None,
        decay=0.0,
        **kwargs,
    ):
        super(AdamW, self).__init__(**kwargs)
        with K.name_scope(self.__class__.__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.learning_rate = K.variable(learning_rate, name="lr")
            self.beta_1 = K.variable(beta_1, name="beta_1")
            self.beta_2 = K.variable(beta_2, name="beta_2")
            self.decay = K.variable(decay, name="decay")
            self.wd = K.variable(weight_decay, name="weight_decay")
        self.epsilon = K.epsilon() if epsilon is None else epsilon
        self.initial_decay = decay

    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        wd, lr = self.wd, self.learning_rate
        t = K.cast(self.iterations, K.floatx()) + 1
        lr_t = lr * (K.sqrt(1.0 - K.pow(self.beta_2, t)) / (1.0 - K.pow(self.beta_1, t)))
        ms = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        vs = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        self.weights = [self.iterations] + ms + vs
        for p, g, m, v in zip(params, grads, ms, vs):
            m_t = (self.beta_1 * m) + (1.0 - self.beta_1) * g
            v_t = (self.beta_2 * v) + (1.0 - self.beta_2) * K.square(g)
            p_t = p - lr_t * m_t / (K.sqrt(v_t) + self.epsilon) - lr * wd * p
            self.updates.append(K.update(m, m_t))
            self.updates.append(K.update(v, v_t))
            self.updates.append(K.update(p, p_t))
        return self.updates


class RAdam(Optimizer):
    """Rectified Adam: which rule holds depends on the step."""

    def __init__(self, lr=1e-2, beta_1=0.9, beta_2=0.99, warmup=3.0, **kwargs):
        super(RAdam, self).__init__(**kwargs)
        self.iterations = K.variable(0, dtype="int64", name="iterations")
        self.lr = K.variable(lr, name="lr")
        self.beta_1 = K.variable(beta_1, name="beta_1")
        self.beta_2 = K.variable(beta_2, name="beta_2")
        self.warmup = warmup

    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        t = K.cast(self.iterations, K.floatx()) + 1
        lr = K.switch(t <= self.warmup, self.lr * (t / self.warmup), self.lr * K.ones_like(t))
        beta_1_t, beta_2_t = K.pow(self.beta_1, t), K.pow(self.beta_2, t)
        sma_inf = 2.0 / (1.0 - self.beta_2) - 1.0
        sma_t = sma_inf - 2.0 * t * beta_2_t / (1.0 - beta_2_t)
        for i, (p, g) in enumerate(zip(params, grads)):
            m = K.zeros(K.int_shape(p), dtype=K.dtype(p), name="m_" + str(i))
            v = K.zeros(K.int_shape(p), dtype=K.dtype(p), name="v_" + str(i))
            m_t = (self.beta_1 * m) + (1.0 - self.beta_1) * g
            v_t = (self.beta_2 * v) + (1.0 - self.beta_2) * K.square(g)
            m_corr_t = m_t / (1.0 - beta_1_t)
            v_corr_t = K.sqrt(v_t / (1.0 - beta_2_t))
            r_t = K.sqrt(
                K.maximum(
                    (sma_t - 4.0)
                    / (sma_inf - 4.0)
                    * (sma_t - 2.0)
                    / (sma_inf - 2.0)
                    * sma_inf
                    / sma_t,
                    0.0,
                )
            )
            p_t = K.switch(sma_t > 5, r_t * m_corr_t / (v_corr_t + K.epsilon()), m_corr_t)
            self.updates += [(m, m_t), (v, v_t), (p, p - lr * p_t)]
        return self.updates


class AdditionalUpdatesOptimizer(Optimizer):
    def __init__(self, optimizer, additional_updates):
        super(AdditionalUpdatesOptimizer, self).__init__()
        self.optimizer = optimizer
        self.additional_updates = additional_updates

    def get_updates(self, params, loss):
        updates = self.optimizer.get_updates(params=params, loss=loss)
        updates += self.additional_updates
        self.updates = updates
        return self.updates

    def get_config(self):
        return self.optimizer.get_config()


class CyclicLR(Callback):
    def __init__(self, base_lr=0.001, max_lr=0.006, step_size=2000.0, mode="triangular"):
        super(CyclicLR, self).__init__()
        self.base_lr, self.max_lr, self.step_size, self.mode = base_lr, max_lr, step_size, mode
        self.scale_fn = lambda x: 1.0 if mode == "triangular" else 1 / (2.0 ** (x - 1))
        self.clr_iterations = 0.0
        self.trn_iterations = 0.0
        self.history = {}

    def clr(self):
        cycle = np.floor(1 + self.clr_iterations / (2 * self.step_size))
        x = np.abs(self.clr_iterations / self.step_size - 2 * cycle + 1)
        return self.base_lr + (self.max_lr - self.base_lr) * np.maximum(0, (1 - x)) * self.scale_fn(
            cycle
        )

    def on_train_begin(self, logs={}):
        logs = logs or {}
        if self.clr_iterations == 0:
            K.set_value(self.model.optimizer.lr, self.base_lr)
        else:
            K.set_value(self.model.optimizer.lr, self.clr())

    def on_batch_end(self, epoch, logs=None):
        logs = logs or {}
        self.trn_iterations += 1
        self.clr_iterations += 1
        self.history.setdefault("lr", []).append(K.get_value(self.model.optimizer.lr))
        self.history.setdefault("iterations", []).append(self.trn_iterations)
        for k, v in logs.items():
            self.history.setdefault(k, []).append(v)
        K.set_value(self.model.optimizer.lr, self.clr())


class SnapshotModelCheckpoint(Callback):
    def __init__(self, nb_epochs, nb_snapshots, fn_prefix="Model"):
        super(SnapshotModelCheckpoint, self).__init__()
        self.check = nb_epochs // nb_snapshots
        self.fn_prefix = fn_prefix

    def on_epoch_end(self, epoch, logs={}):
        if epoch != 0 and (epoch + 1) % self.check == 0:
            filepath = self.fn_prefix + "-%d.h5" % ((epoch + 1) // self.check)
            self.model.save_weights(filepath, overwrite=True)


class LRFinder(object):
    def __init__(self, model):
        self.model = model
        self.losses = []
        self.lrs = []
        self.best_loss = 1e9

    def on_batch_end(self, batch, logs):
        lr = K.get_value(self.model.optimizer.lr)
        self.lrs.append(lr)
        loss = logs["loss"]
        self.losses.append(loss)
        if batch > 5 and (math.isnan(loss) or loss > self.best_loss * 4):
            self.model.stop_training = True
            return
        if loss < self.best_loss:
            self.best_loss = loss
        lr = lr * self.lr_mult
        K.set_value(self.model.optimizer.lr, lr)

    def find(self, x_train, y_train, start_lr, end_lr, batch_size=64, epochs=1, **kw_fit):
        N = x_train[0].shape[0] if isinstance(x_train, list) else x_train.shape[0]
        num_batches = epochs * N / batch_size
        self.lr_mult = (float(end_lr) / float(start_lr)) ** (float(1) / float(num_batches))
        initial_weights = self.model.get_weights()
        self.model.save_weights("tmp.h5")
        original_lr = K.get_value(self.model.optimizer.lr)
        K.set_value(self.model.optimizer.lr, start_lr)
        callback = LambdaCallback(on_batch_end=lambda batch, logs: self.on_batch_end(batch, logs))
        self.model.fit(
            x_train, y_train, batch_size=batch_size, epochs=epochs, callbacks=[callback], **kw_fit
        )
        self.model.set_weights(initial_weights)
        self.model.load_weights("tmp.h5")
        K.set_value(self.model.optimizer.lr, original_lr)


class Progress(Callback):
    """What callbacks of old asked of the training."""

    def on_train_begin(self, logs={}):
        self.epochs = self.params["epochs"]
        self.samples = (
            self.params["samples"] if "samples" in self.params else self.params["nb_sample"]
        )
        self.names = self.params["metrics"]
        self.seen = 0

    def on_batch_end(self, batch, logs={}):
        self.seen += logs.get("size", 0)


def make_model(optimizer):
    inputs = Input((8,))
    x = Dense(16, activation="relu")(inputs)
    x = BatchNormalization(axis=-1)(x)
    model = Model(inputs, Dense(3, activation="softmax")(x))
    model.compile(optimizer, "categorical_crossentropy", metrics=["acc"])
    return model


np.random.seed(0)
x = np.random.normal(size=(96, 8)).astype("float32")
y = np.eye(3)[x[:, :3].argmax(1)]

for optimizer in [
    Padam(lr=0.1, amsgrad=True, decay=1e-3, clipnorm=5.0),
    AdamW(0.02, weight_decay=1e-3),
    RAdam(0.03),
    AdditionalUpdatesOptimizer(SGD(0.3, momentum=0.9), []),
]:
    model = make_model(optimizer)
    history = model.fit(x, y, batch_size=16, epochs=6, verbose=0).history
    print(
        type(optimizer).__name__,
        history["loss"][0],
        history["loss"][-1],
        int(K.get_value(optimizer.iterations)),
    )
    assert history["loss"][-1] < 0.75 * history["loss"][0], (type(optimizer).__name__, history)

padam = Padam(lr=0.05)
model = make_model(padam)
clr = CyclicLR(base_lr=0.01, max_lr=0.1, step_size=3.0)
progress = Progress()
model.fit(
    x,
    y,
    batch_size=16,
    epochs=2,
    callbacks=[clr, progress, SnapshotModelCheckpoint(2, 1)],
    verbose=0,
)
assert len(clr.history["lr"]) == 12 and abs(max(clr.history["lr"]) - 0.1) < 1e-6
assert abs(clr.history["lr"][0] - 0.01) < 1e-7 and int(K.get_value(padam.iterations)) == 12
print("progress", progress.seen, progress.epochs, progress.samples, progress.params)
assert progress.seen == 192 and progress.epochs == 2 and progress.samples == 96

model.save("padam.h5")
again = load_model("padam.h5", custom_objects={"Padam": Padam})
assert isinstance(again.optimizer, Padam) and abs(again.optimizer.partial - 0.125) < 1e-9
assert np.allclose(again.predict(x), model.predict(x), atol=1e-6)

finder = LRFinder(model)
before = model.get_weights()
finder.find(x, y, 0.0001, 1.0, 16, 2, verbose=0)
assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
assert finder.lrs[0] < 0.00011 and finder.lrs[-1] > 10 * finder.lrs[0]

# Gradients of the weights, by the loss that compile has made.
plain = make_model("sgd")
weights = plain.trainable_weights
gradients = plain.optimizer.get_gradients(plain.total_loss, weights)
input_tensors = [plain.inputs[0], plain.sample_weights[0], plain.targets[0], K.learning_phase()]
get_gradients = K.function(inputs=input_tensors, outputs=gradients)
found = get_gradients([x, np.ones(len(x)), y, 0])
assert [g.shape for g in found] == [w.shape for w in plain.get_weights()[:2]] + [
    (16,),
    (16,),
    (16, 3),
    (3,),
], [g.shape for g in found]
assert np.abs(found[0]).max() > 0
