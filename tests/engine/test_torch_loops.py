"""Training loops written for torch, and models as modules of torch."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import kerata as keras
from kerata import layers
from kerata.errors import InputError, NotBuiltError, ShapeError

pytestmark = pytest.mark.engine("torch")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


@pytest.fixture(autouse=True)
def derivatives():
    torch = pytest.importorskip("torch")
    with torch.enable_grad():
        yield torch


def network():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(8, "relu"),
            layers.BatchNormalization(momentum=0.5),
            layers.Dense(1),
        ]
    )


def test_backward_and_an_optimizer_of_kerata(derivatives):
    torch = derivatives
    model, optimizer = network(), keras.optimizers.Adam(0.05)
    loss_fn, metric = keras.losses.MeanSquaredError(), keras.metrics.MeanAbsoluteError()
    x, y, losses = torch.tensor(X), torch.tensor(Y), []
    for _ in range(10):
        predictions = model(x, training=True)
        loss = loss_fn(y, predictions)
        model.zero_grad()
        loss.backward()
        weights = [v for v in model.trainable_weights]
        gradients = [v.value.grad for v in weights]
        with torch.no_grad():
            optimizer.apply(gradients, weights)
        metric.update_state(y, predictions)
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert not metric.result().requires_grad and float(metric.result()) > 0
    metric.reset_state()
    assert float(metric.result()) == 0
    assert int(optimizer.iterations) == 10
    assert np.abs(model.layers[1].moving_mean.numpy()).max() > 0


def test_the_loop_is_the_one_of_fit(derivatives):
    torch = derivatives
    by_hand, by_fit = network(), network()
    by_fit.compile(keras.optimizers.SGD(0.1), "mse")
    by_fit.fit(X, Y, batch_size=32, epochs=3, verbose=0, shuffle=False)
    optimizer = keras.optimizers.SGD(0.1)
    for _ in range(3):
        loss = torch.nn.functional.mse_loss(by_hand(X, training=True), torch.tensor(Y))
        by_hand.zero_grad()
        loss.backward()
        with torch.no_grad():
            optimizer.apply(
                [v.value.grad for v in by_hand.trainable_weights], by_hand.trainable_weights
            )
    for a, b in zip(by_hand.get_weights(), by_fit.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_an_optimizer_of_torch(derivatives):
    torch = derivatives
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(10):
        loss = torch.nn.functional.mse_loss(model(X, training=True), torch.tensor(Y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    before = model.predict(X, verbose=0)
    assert np.allclose(before, model(X, training=False).detach().numpy(), atol=1e-5)


def test_frozen_weights_require_no_gradient(derivatives):
    torch = derivatives
    model = network()
    assert all(p.requires_grad for p in model.parameters())
    model.layers[0].trainable = False
    assert [p.requires_grad for p in model.parameters()] == [False] * 2 + [True] * 4
    before = model.layers[0].kernel.numpy()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(X, training=True).square().mean().backward()
    optimizer.step()
    assert (model.layers[0].kernel.numpy() == before).all()
    model.requires_grad_(False)
    assert model.trainable_weights == []


def test_state_goes_from_model_to_model(derivatives):
    a, b = network(), network()
    b.set_weights([w + 1 for w in a.get_weights()])
    state = a.state_dict()
    assert list(state)[:4] == ["0.kernel", "0.bias", "1.gamma", "1.beta"]
    assert [n for n, _ in a.named_buffers()] == ["1.moving_mean", "1.moving_variance"]
    assert "matched" in str(b.load_state_dict(state))
    assert all((x == y).all() for x, y in zip(a.get_weights(), b.get_weights()))
    with pytest.raises(InputError, match="missing are"):
        b.load_state_dict({})
    assert b.load_state_dict({}, strict=False).missing_keys == list(state)
    with pytest.raises(ShapeError, match=r"0\.bias: expected \(8,\)"):
        b.load_state_dict({**state, "0.bias": state["2.bias"]})


def test_names_follow_attributes(derivatives):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [layers.Dense(2), layers.Dense(2)]
            self.head = layers.Dense(1)

        def call(self, x):
            return self.head(self.blocks[1](self.blocks[0](x)))

    net = Net()
    with pytest.raises(NotBuiltError, match="not built"):
        list(net.parameters())
    net(X)
    names = [n for n, _ in net.named_parameters()]
    assert names[:2] == ["blocks.0.kernel", "blocks.0.bias"] and names[-1] == "head.bias"


def test_moving_and_modes(derivatives):
    torch = derivatives
    model = network()
    kept = list(model.parameters())
    assert model.to("cpu") is model and model.cpu() is model
    assert all(a is b for a, b in zip(kept, model.parameters()))
    with pytest.raises(InputError, match="dtype"):
        model.to(torch.float16)
    drop = layers.Dropout(0.5)
    x = torch.ones(100)
    assert (drop(x) == 1).all()
    assert (drop.train()(x) != 1).any() and (drop.eval()(x) == 1).all()
    assert (drop(x, training=True) != 1).any()


def test_unknown_attributes_stay_unknown():
    with pytest.raises(AttributeError, match="'Dense' object has no attribute 'parametres'"):
        _ = layers.Dense(1).parametres
    with pytest.raises(AttributeError, match="never been called"):
        _ = layers.Dense(1).input


def test_a_model_within_modules(derivatives):
    torch = derivatives
    model = network()
    net = torch.nn.Sequential(keras.utils.torch_module(model), torch.nn.Linear(1, 1))
    names = [n for n, _ in net.named_parameters()]
    assert names[0] == "0.0.kernel" and names[-1] == "1.bias" and len(names) == 8
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    losses = []
    for _ in range(20):
        loss = torch.nn.functional.mse_loss(net(torch.tensor(X)), torch.tensor(Y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    moving = model.layers[1].moving_mean.numpy()
    assert np.abs(moving).max() > 0
    assert (net.state_dict()["0.1.moving_mean"].numpy() == moving).all()
    net.eval()
    out = net(torch.tensor(X))
    assert (net(torch.tensor(X)) == out).all()  # no longer training
    twin = copy.deepcopy(net)
    assert twin[0].layer is not model and torch.equal(twin(torch.tensor(X)), out)
    net.load_state_dict({k: v * 0 for k, v in net.state_dict().items()})
    assert all((w == 0).all() for w in model.get_weights())
    net.to("cpu")
    assert model.layers[0].kernel.storage is net[0].get_parameter("0.kernel")


class Own(keras.Model):
    """The training step as Keras's guide for torch has it."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)
        self.tracker = keras.metrics.Mean(name="loss")
        self.mae = keras.metrics.MeanAbsoluteError(name="mae")

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        import torch

        x, y = data
        y_pred = self(x, training=True)
        loss = keras.losses.MeanSquaredError()(y, y_pred)
        self.zero_grad()
        loss.backward()
        weights = [v for v in self.trainable_weights]
        gradients = [v.value.grad for v in weights]
        with torch.no_grad():
            self.optimizer.apply(gradients, weights)
        self.tracker.update_state(loss)
        self.mae.update_state(y, y_pred)
        return {"loss": self.tracker.result(), "mae": self.mae.result()}

    @property
    def metrics(self):
        return [self.tracker, self.mae]


@pytest.mark.parametrize("eagerly", [False, True])
def test_own_step_of_torch_under_fit(eagerly):
    keras.utils.set_random_seed(1)
    model = Own()
    model.compile(keras.optimizers.SGD(0.1), run_eagerly=eagerly)
    history = model.fit(X, Y, batch_size=8, epochs=4, verbose=0).history
    keras.utils.set_random_seed(1)
    plain = keras.Sequential([layers.Dense(1)])
    plain.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    want = plain.fit(X, Y, batch_size=8, epochs=4, verbose=0).history
    np.testing.assert_allclose(history["loss"], want["loss"], rtol=1e-4)
    np.testing.assert_allclose(history["mae"], want["mae"], rtol=1e-4)
    assert int(model.optimizer.iterations) == 16
    assert np.isfinite(model.predict(X, verbose=0)).all()


def test_two_optimizers_in_one_step():
    class Pair(keras.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = (
                keras.Sequential([layers.Dense(4)]),
                keras.Sequential([layers.Dense(1)]),
            )

        def compile(self, first, second):
            super().compile()
            self.first, self.second = first, second

        def train_step(self, data):
            import torch

            x, y = data
            loss = torch.nn.functional.mse_loss(self.b(self.a(x)), y)
            self.zero_grad()
            loss.backward()
            with torch.no_grad():
                for optimizer, part in ((self.first, self.a), (self.second, self.b)):
                    weights = part.trainable_weights
                    optimizer.apply([v.value.grad for v in weights], weights)
            return {"loss": loss}

    model = Pair()
    model.compile(keras.optimizers.Adam(0.05), keras.optimizers.SGD(0.05))
    loss = model.fit(X, Y, batch_size=8, epochs=10, verbose=0).history["loss"]
    assert loss[-1] < loss[0] and int(model.first.iterations) == int(model.second.iterations) == 40


def test_a_mistake_in_an_own_step_is_told():
    class Wrong(Own):
        def train_step(self, data):
            return {"loss": self.dense.kernel.nothing}

    model = Wrong()
    model.compile("sgd")
    with pytest.raises(AttributeError, match="nothing"):
        model.fit(X, Y, verbose=0)
