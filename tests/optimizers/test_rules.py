"""Every rule with every option, five steps of it, against NumPy by the formulas of the papers."""

import numpy as np
import pytest

from kerata import optimizers
from kerata.dtypes import standardize as standardize_dtype
from kerata.variable import Variable


def sgd(o):
    def step(g, w, s, t, lr):
        if not o.momentum:
            return w - lr * g
        s["m"] = o.momentum * s.get("m", 0) - lr * g
        return w + (o.momentum * s["m"] - lr * g if o.nesterov else s["m"])

    return step


def rmsprop(o):
    def step(g, w, s, t, lr):
        s["v"] = o.rho * s.get("v", 0) + (1 - o.rho) * g**2
        v = s["v"]
        if o.centered:
            s["g"] = o.rho * s.get("g", 0) + (1 - o.rho) * g
            v = v - s["g"] ** 2
        move = lr * g / np.sqrt(v + o.epsilon)
        s["m"] = o.momentum * s.get("m", 0) + move
        return w - s["m"]

    return step


def adagrad(o):
    def step(g, w, s, t, lr):
        s["a"] = s.get("a", o.initial_accumulator_value) + g**2
        return w - lr * g / np.sqrt(s["a"] + o.epsilon)

    return step


def adadelta(o):
    def step(g, w, s, t, lr):
        s["a"] = o.rho * s.get("a", 0) + (1 - o.rho) * g**2
        move = np.sqrt(s.get("d", 0) + o.epsilon) / np.sqrt(s["a"] + o.epsilon) * g
        s["d"] = o.rho * s.get("d", 0) + (1 - o.rho) * move**2
        return w - lr * move

    return step


def adam(o):
    def step(g, w, s, t, lr):
        s["m"] = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
        s["v"] = o.beta_2 * s.get("v", 0) + (1 - o.beta_2) * g**2
        v = s["v"]
        if o.amsgrad:
            v = s["h"] = np.maximum(s.get("h", 0), v)
        alpha = lr * np.sqrt(1 - o.beta_2**t) / (1 - o.beta_1**t)
        return w - alpha * s["m"] / (np.sqrt(v) + o.epsilon)

    return step


def adamax(o):
    def step(g, w, s, t, lr):
        s["m"] = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
        s["u"] = np.maximum(o.beta_2 * s.get("u", 0), np.abs(g))
        return w - lr * s["m"] / ((1 - o.beta_1**t) * (s["u"] + o.epsilon))

    return step


def nadam(o):
    def mu(t):
        return o.beta_1 * (1 - 0.5 * 0.96**t)

    def step(g, w, s, t, lr):
        s["p"] = s.get("p", 1) * mu(t)
        s["m"] = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
        s["v"] = o.beta_2 * s.get("v", 0) + (1 - o.beta_2) * g**2
        m = mu(t + 1) * s["m"] / (1 - s["p"] * mu(t + 1)) + (1 - mu(t)) * g / (1 - s["p"])
        return w - lr * m / (np.sqrt(s["v"] / (1 - o.beta_2**t)) + o.epsilon)

    return step


def lion(o):
    def step(g, w, s, t, lr):
        m = s.get("m", 0)
        s["m"] = o.beta_2 * m + (1 - o.beta_2) * g
        return w - lr * np.sign(o.beta_1 * m + (1 - o.beta_1) * g)

    return step


def ftrl(o):
    """By the closed form: the weight that minimizes the sum of all linear losses and penalties."""
    p, l1, l2 = -o.learning_rate_power, o.l1_regularization_strength, o.l2_regularization_strength

    def step(g, w, s, t, lr):
        n = s.get("n", o.initial_accumulator_value)
        s["n"] = n + g**2
        sigma = (s["n"] ** p - n**p) / lr
        s["z"] = s.get("z", 0) + g + 2 * o.l2_shrinkage_regularization_strength * w - sigma * w
        curvature = (o.beta + s["n"] ** p) / lr + 2 * l2
        z = s["z"]
        return np.where(np.abs(z) <= l1, 0, -(z - np.sign(z) * l1) / curvature)

    return step


def lamb(o):
    def step(g, w, s, t, lr):
        s["m"] = o.beta_1 * s.get("m", 0) + (1 - o.beta_1) * g
        s["v"] = o.beta_2 * s.get("v", 0) + (1 - o.beta_2) * g**2
        u = s["m"] / (1 - o.beta_1**t) / (np.sqrt(s["v"] / (1 - o.beta_2**t)) + o.epsilon)
        return w - lr * np.linalg.norm(w) / np.linalg.norm(u) * u

    return step


def schedule_free(o):
    def step(g, y, s, t, lr):
        """The mean of all `z` is kept here, and not computed back from `y`."""
        lr = lr * min(1, t / o.warmup_steps) if o.warmup_steps else lr
        s["v"] = o.beta_2 * s.get("v", 0) + (1 - o.beta_2) * g**2
        z, x = s.get("z", s["start"]), s.get("x", s["start"])
        x = x + (y - ((1 - o.beta_1) * z + o.beta_1 * x)) / o.beta_1  # what changed y from outside
        s["z"] = z - lr * g / (np.sqrt(s["v"] / (1 - o.beta_2**t)) + o.epsilon)
        s["x"] = x + (s["z"] - x) / t
        return (1 - o.beta_1) * s["z"] + o.beta_1 * s["x"]

    return step


def adafactor(o):
    def rms(x):
        return np.sqrt((x**2).mean())

    def step(g, w, s, t, lr):
        beta = 1 - t**o.beta_2_decay
        square = g**2 + o.epsilon_1
        if g.ndim > 1:
            s["r"] = beta * s.get("r", 0) + (1 - beta) * square.sum(-1)
            s["c"] = beta * s.get("c", 0) + (1 - beta) * square.sum(-2)
            v = s["r"][..., :, None] * s["c"][..., None, :] / s["r"].sum(-1)[..., None, None]
        else:
            v = s["v"] = beta * s.get("v", 0) + (1 - beta) * square
        u = g / np.sqrt(v)
        u = u / max(1, rms(u) / o.clip_threshold)
        return w - max(o.epsilon_2, rms(w)) * min(lr, t**-0.5) * u

    return step


def muon(o):
    by_adam = adam(type("", (), {"beta_1": o.adam_beta_1, "beta_2": o.adam_beta_2, "epsilon": o.epsilon, "amsgrad": False}))  # fmt: skip

    def step(g, w, s, t, lr):
        if g.ndim != 2:
            return by_adam(g, w, s, t, lr * o.adam_lr_ratio)
        s["m"] = o.momentum * s.get("m", 0) + g
        m = g + o.momentum * s["m"] if o.nesterov else s["m"]
        left, values, right = np.linalg.svd(m, full_matrices=False)
        values = values / (np.linalg.norm(m) + 1e-7)
        for _ in range(o.ns_steps):  # the polynomial acts on the singular values
            values = o.muon_a * values + o.muon_b * values**3 + o.muon_c * values**5
        scale = 1 if o.rms_rate is None else o.rms_rate * np.sqrt(max(g.shape))
        return w - lr * scale * (left * values) @ right

    return step


RULES = [
    ("SGD", {}, sgd), ("SGD", {"momentum": 0.9}, sgd), ("SGD", {"momentum": 0.9, "nesterov": True}, sgd),
    ("RMSprop", {}, rmsprop), ("RMSprop", {"momentum": 0.5}, rmsprop),
    ("RMSprop", {"centered": True, "rho": 0.8}, rmsprop), ("RMSprop", {"centered": True, "momentum": 0.2}, rmsprop),
    ("Adagrad", {}, adagrad), ("Adagrad", {"initial_accumulator_value": 0.5}, adagrad),
    ("Adadelta", {"learning_rate": 1.0}, adadelta), ("Adam", {}, adam), ("Adam", {"amsgrad": True}, adam),
    ("AdamW", {}, adam), ("Adamax", {}, adamax), ("Nadam", {}, nadam),
    ("Lion", {}, lion), ("Lion", {"beta_1": 0.5, "beta_2": 0.8}, lion), ("Ftrl", {}, ftrl),
    ("Ftrl", {"l1_regularization_strength": 0.5, "l2_regularization_strength": 0.1, "beta": 0.3}, ftrl),
    ("Ftrl", {"learning_rate_power": -0.8, "l2_shrinkage_regularization_strength": 0.1}, ftrl),
    ("Lamb", {}, lamb), ("Lamb", {"beta_1": 0.5}, lamb), ("ScheduleFreeAdamW", {}, schedule_free),
    ("ScheduleFreeAdamW", {"beta_1": 0.7, "warmup_steps": 3}, schedule_free), ("Adafactor", {}, adafactor),
    ("Adafactor", {"beta_2_decay": -0.5, "clip_threshold": 0.5, "epsilon_2": 2.0}, adafactor),
    ("Muon", {}, muon), ("Muon", {"nesterov": False, "ns_steps": 3, "rms_rate": None}, muon),
    ("Muon", {"adam_lr_ratio": 0.5, "momentum": 0.8, "adam_weight_decay": 0.1}, muon),
]  # fmt: skip
OPTIONS = [
    {}, {"clipnorm": 0.5}, {"clipvalue": 0.1}, {"global_clipnorm": 0.7}, {"weight_decay": 0.01},
    {"gradient_accumulation_steps": 2}, {"use_ema": True, "ema_momentum": 0.9},
    {"use_ema": True, "ema_overwrite_frequency": 2}, {"loss_scale_factor": 4.0}, {"decay": 0.1},
]  # fmt: skip


def clipped(o, grads):
    if o.clipnorm:
        return [g * o.clipnorm / max(np.linalg.norm(g), o.clipnorm) for g in grads]
    if o.global_clipnorm:
        norm = np.sqrt(sum((g**2).sum() for g in grads))
        return [g * min(1, o.global_clipnorm / norm) for g in grads]
    return [np.clip(g, -o.clipvalue, o.clipvalue) for g in grads] if o.clipvalue else grads


def simulate(o, rule, weights, batches):
    """The weights after all batches, in float64, by the formulas."""
    weights = [w.astype("float64") for w in weights]
    slots, averages, held = [{"start": w} for w in weights], [None] * len(weights), []
    steps = o.gradient_accumulation_steps or 1
    rate = float(o.learning_rate)
    for i, grads in enumerate(batches):
        grads = [g.astype("float64") / (o.loss_scale_factor or 1) for g in grads]
        held.append(grads)
        if len(held) == steps:
            grads, held = clipped(o, [sum(gs) / steps for gs in zip(*held)]), []
            lr = rate / (1 + o.decay * i)
            for k, g in enumerate(grads):
                decay = (
                    o.weight_decay
                    if g.ndim == 2
                    else getattr(o, "adam_weight_decay", o.weight_decay)
                )
                w = weights[k] * (1 - lr * (decay or 0))
                weights[k] = rule(g, w, slots[k], i // steps + 1, lr)
        if o.use_ema:
            share = o.ema_momentum if i // steps else 0.0
            averages = [
                w if a is None else share * a + (1 - share) * w for a, w in zip(averages, weights)
            ]
            if o.ema_overwrite_frequency and (i // steps + 1) % o.ema_overwrite_frequency == 0:
                weights = list(averages)
    return weights


def data():
    rng = np.random.default_rng(3)
    arrays = [[rng.standard_normal(s).astype("float32") for s in ((3, 2), (2,))] for _ in range(6)]
    return arrays[0], arrays[1:]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(
    "name, arguments, rule", RULES, ids=lambda x: x if isinstance(x, str) else ""
)
def test_rule(name, arguments, rule, options):
    weights, batches = data()
    optimizer = getattr(optimizers, name)(**{"learning_rate": 0.05, **arguments, **options})
    variables = [Variable(w) for w in weights]
    optimizer.build(variables)
    want = simulate(optimizer, rule(optimizer), weights, batches)
    for grads in batches:
        optimizer.apply(grads, variables)
    for v, w in zip(variables, want):
        np.testing.assert_allclose(v.numpy(), w, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize(
    "name",
    ["SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "AdamW", "Adamax", "Nadam", "Lion", "Ftrl", "Lamb",
     "ScheduleFreeAdamW", "Adafactor", "Muon"],
)  # fmt: skip
def test_compiled_step_equals_eager(name):
    from kerata.engine import engine

    weights, batches = data()
    make = getattr(optimizers, name)
    eager, pure = [Variable(w) for w in weights], [Variable(w) for w in weights]
    a, b = make(0.05, clipnorm=1.0), make(0.05, clipnorm=1.0)
    a.build(eager)
    b.build(pure)
    step = engine().compile(b.stateless_apply)
    state, values = [v.value for v in b.variables], [v.value for v in pure]
    for grads in batches:
        a.apply(grads, eager)
        values, state = step(state, grads, values)
    for v, w in zip(eager, values):
        np.testing.assert_allclose(v.numpy(), w, rtol=1e-6, atol=1e-7)
    assert int(state[0]) == 5
    np.testing.assert_array_equal(
        pure[0].numpy(), weights[0]
    )  # the variables themselves are untouched


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_low_precision_stays_in_its_dtype(dtype):
    v = Variable(np.ones(4, "float32"), dtype=dtype)
    optimizer = optimizers.Adam(0.1)
    optimizer.apply([np.ones(4, "float32")], [v])
    assert v.dtype == dtype and standardize_dtype(v.value.dtype) == dtype
    assert {x.dtype for x in optimizer.variables[2:]} == {dtype}
    np.testing.assert_allclose(v.numpy().astype("float32"), 0.9, rtol=1e-2)
