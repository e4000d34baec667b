"""Placeholders, functions, derivatives, variables and the learning phase of keras.backend."""

from __future__ import annotations

import numpy as np
import pytest

import kerata as keras
from kerata import backend as K
from kerata import layers
from kerata.errors import FileError, InputError
from kerata.legacy.notes import _said

rng = np.random.RandomState(3)
X = rng.standard_normal((4, 3)).astype("float32")


@pytest.fixture(autouse=True)
def no_phase():
    yield
    K.clear_session()


def model(**kwargs):
    x = keras.Input((3,))
    h = layers.Dense(4, activation="tanh", name="h")(x)
    h = layers.Dropout(0.5)(h)
    return keras.Model(x, layers.Dense(2, name="out")(h), **kwargs)


# --- function -----------------------------------------------------------------------------------


def test_function_of_an_inner_layer() -> None:
    m = model()
    f = K.function([m.input], [m.get_layer("h").output, m.output])
    inner, out = f([X])
    kernel, bias = m.get_layer("h").get_weights()
    np.testing.assert_allclose(inner, np.tanh(X @ kernel + bias), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(out, m.predict(X, verbose=0), rtol=1e-4, atol=1e-5)


def test_function_sees_weights_change() -> None:
    m = model()
    f = K.function([m.input], [m.output])
    f([X])
    m.set_weights([np.zeros_like(w) for w in m.get_weights()[:3]] + [np.array([1.0, 2.0])])
    np.testing.assert_allclose(f([X])[0], np.tile([1.0, 2.0], (4, 1)))


def test_function_starts_at_an_inner_layer() -> None:
    m = model()
    f = K.function([m.get_layer("h").output], [m.output])
    hidden = np.ones((2, 4), "float32")
    kernel, bias = m.get_layer("out").get_weights()
    np.testing.assert_allclose(f([hidden])[0], hidden @ kernel + bias, rtol=1e-4, atol=1e-5)


def test_function_of_one_input_and_one_output() -> None:
    x = K.placeholder((None, 3))
    assert K.function(x, x * 2.0)(X).shape == (4, 3)
    out = K.function([x], {"double": x * 2.0, "fixed": K.variable([7.0])})([X])
    assert out["fixed"].tolist() == [7.0]
    np.testing.assert_allclose(out["double"], 2 * X)


def test_function_with_the_learning_phase() -> None:
    m = model()
    f = K.function([m.input, K.learning_phase()], [m.layers[2].output, m.layers[1].output])
    dropped, h = f([X, 0])
    np.testing.assert_allclose(dropped, h)
    first, second = f([X, 1])[0], f([X, 1])[0]
    assert (first == 0).any() and (first != second).any()
    np.testing.assert_allclose(first[first != 0], 2 * h[first != 0], rtol=1e-5)


def test_function_with_updates() -> None:
    x, total = K.placeholder((None,)), K.variable(1.0)
    f = K.function([x], [K.sum(x)], updates=[(total, total + K.sum(x))])
    assert f([[1.0, 2.0]])[0] == 3.0
    assert f([[5.0]])[0] == 5.0
    assert K.get_value(total) == 9.0
    step = K.function([x], [K.update_add(total, K.sum(x))])
    assert step([[1.0]])[0] == 10.0
    assert K.get_value(total) == 10.0
    last = K.function([x], [x], updates=[K.moving_average_update(total, K.max(x), 0.5)])
    last([[4.0, 2.0]])
    assert K.get_value(total) == 7.0


def test_results_may_be_changed_in_place() -> None:
    x, v = K.placeholder((None, 3)), K.variable([1.0, 2.0])
    same, value = K.function([x], [x, v])([X])
    same *= 2.0
    value[0] = 9.0
    K.get_value(v)[0] = 9.0
    fixed = K.constant([1.0, 2.0])
    K.get_value(fixed)[0] = 9.0
    assert K.get_value(v).tolist() == K.get_value(fixed).tolist() == [1.0, 2.0]


def test_function_of_variables_alone() -> None:
    v = K.variable([1.0, 2.0])
    f = K.function([], [v, K.constant(3.0)])
    K.set_value(v, [3.0, 4.0])
    assert [o.tolist() for o in f([])] == [[3.0, 4.0], 3.0]


def test_function_sees_variables_inside_of_lambdas() -> None:
    factor = K.variable(2.0)
    x = keras.Input((3,))
    y = layers.Lambda(lambda z: z * factor)(x)
    f = K.function([x], [y])
    np.testing.assert_allclose(f([X])[0], 2 * X)
    K.set_value(factor, 3.0)
    np.testing.assert_allclose(f([X])[0], 3 * X)


def test_a_lambda_may_make_variables() -> None:
    x = keras.Input((3,))
    y = layers.Lambda(lambda z: z * K.variable([1.0, 2.0, 3.0]) + K.zeros((3,)))(x)
    np.testing.assert_allclose(K.function([x], [y])([X])[0], X * [1, 2, 3], rtol=1e-6)
    np.testing.assert_allclose(keras.Model(x, y).predict(X, verbose=0), X * [1, 2, 3], rtol=1e-6)


def test_batch_statistics_move_in_training_alone() -> None:
    x = keras.Input((3,))
    norm = layers.BatchNormalization(momentum=0.5)
    f = K.function([x, K.learning_phase()], [norm(x)])
    f([X, 0])
    assert not norm.moving_mean.numpy().any()
    f([X, 1])
    np.testing.assert_allclose(norm.moving_mean.numpy(), 0.5 * X.mean(0), rtol=1e-4, atol=1e-6)


def test_errors_of_functions() -> None:
    m = model()
    f = K.function([m.input], [m.output])
    with pytest.raises(InputError, match="expected a list of 1 values"):
        f([X, X])
    with pytest.raises(
        InputError, match=r"has the shape \(None, 3\); the value given has \(4, 2\)"
    ):
        f([X[:, :2]])
    with pytest.raises(InputError, match="disconnected"):
        K.function([K.placeholder((None, 3))], [m.output])
    with pytest.raises(InputError, match="inputs must be symbolic"):
        K.function([X], [m.output])
    with pytest.raises(InputError, match="has no value before"):
        K.eval(m.output)


# --- derivatives --------------------------------------------------------------------------------


def test_gradient_with_regard_to_an_input() -> None:
    x = K.placeholder((None, 3))
    loss = K.sum(K.square(x) * [1.0, 2.0, 3.0])
    (grad,) = K.gradients(loss, x)
    assert K.int_shape(grad) == (None, 3)
    np.testing.assert_allclose(K.function([x], [grad])([X])[0], 2 * X * [1, 2, 3], rtol=1e-5)


def test_gradient_with_regard_to_an_inner_layer_and_weights() -> None:
    m = model()
    h, out = m.get_layer("h"), m.get_layer("out")
    grads = K.gradients(m.output[:, 0], [h.output, out.kernel, h.bias, m.input])
    assert all(g is not None for g in grads)
    inner, kernel, bias, outer = K.function([m.input], grads)([X])
    w = out.kernel.numpy()[:, 0]
    hidden = np.tanh(X @ h.kernel.numpy() + h.bias.numpy())
    np.testing.assert_allclose(inner, np.tile(w, (4, 1)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(kernel[:, 0], hidden.sum(0), rtol=1e-4, atol=1e-5)
    assert not kernel[:, 1].any()
    slope = w * (1 - hidden**2)
    np.testing.assert_allclose(bias, slope.sum(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(outer, slope @ h.kernel.numpy().T, rtol=1e-4, atol=1e-5)


def test_gradients_of_what_does_not_depend() -> None:
    a, b = K.placeholder((None, 3)), K.placeholder((None, 3))
    assert K.gradients(K.sum(a), [b, K.variable(1.0)]) == [None, None]
    found = K.gradients(K.sum(a * a), [b, a])
    assert found[0] is None and found[1] is not None


def test_gradient_of_a_gradient() -> None:
    x = K.placeholder((None, 3))
    first = K.gradients(K.sum(x**3), x)[0]
    second = K.gradients(first, x)[0]
    np.testing.assert_allclose(K.function([x], [second])([X])[0], 6 * X, rtol=1e-4, atol=1e-5)


def test_gradient_of_several_losses_through_constants() -> None:
    a, b = K.placeholder((None, 3)), K.placeholder((None, 3))
    loss = [K.sum(a * K.exp(b)), K.sum(a)]
    (grad,) = K.gradients(loss, [a])
    np.testing.assert_allclose(
        K.function([a, b], [grad])([X, 2 * X])[0], np.exp(2 * X) + 1, rtol=1e-4
    )


def test_errors_of_gradients() -> None:
    x = K.placeholder((None, 3))
    with pytest.raises(InputError, match="the loss must be a symbolic tensor"):
        K.gradients(K.constant(1.0), x)
    with pytest.raises(InputError, match="with regard to symbolic tensors"):
        K.gradients(K.sum(x), X)
    whole = K.placeholder((None, 3), dtype="int32")
    with pytest.raises(InputError, match="holds int32"):
        K.gradients(K.sum(K.cast(whole, "float32")), whole)


def test_gradient_penalty_trains_the_weights() -> None:
    x = keras.Input((3,))
    critic = layers.Dense(1, use_bias=False)
    y = critic(x)
    slope = K.gradients(y, x)[0]
    m = keras.Model(x, [y, slope])
    m.compile(keras.optimizers.SGD(0.1), [lambda t, p: 0.0 * K.sum(p), "mse"])
    before = critic.kernel.numpy().copy()
    m.train_on_batch(X, [np.zeros((4, 1)), np.zeros((4, 3))])
    # The mean over 4 samples and 3 columns of w**2 has the derivative 2 w / 3 for each column.
    np.testing.assert_allclose(critic.kernel.numpy(), before * (1 - 0.1 * 2 / 3), rtol=1e-4)


# --- symbolic sizes and saving ------------------------------------------------------------------


def test_sizes_of_symbolic_tensors() -> None:
    x = K.placeholder((None, 5, None))
    n = K.shape(x)
    assert K.int_shape(x) == (None, 5, None)
    assert n.known == [None, 5, None]
    assert int(n[1]) == 5
    y = K.reshape(x, (n[0] * 5, n[2]))
    assert K.int_shape(y) == (None, None)
    assert K.int_shape(K.reshape(x, (-1, K.prod(n[1:2])))) == (None, 5)
    assert K.int_shape(K.random_normal(K.shape(K.placeholder((None, 7))))) == (None, 7)
    assert K.function([x], [y])([np.zeros((2, 5, 3))])[0].shape == (10, 3)


def test_a_model_of_such_functions_saves_and_loads(tmp_path) -> None:
    x = keras.Input((5, 3))
    batch = K.shape(x)[0]
    y = K.reshape(K.softmax(x), (batch * 5, 3))
    y = K.reshape(K.dot(y, K.constant(np.eye(3))) + K.zeros((batch * 5, 3)), (batch, 15))
    y = K.relu(K.batch_dot(y, y, axes=1), alpha=0.1)
    m = keras.Model(x, layers.Dense(2)(y))
    data = rng.standard_normal((4, 5, 3)).astype("float32")
    m.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(
        again.predict(data, verbose=0), m.predict(data, verbose=0), rtol=1e-5
    )


def test_a_model_with_gradients_says_that_it_cannot_be_saved(tmp_path) -> None:
    x = keras.Input((3,))
    m = keras.Model(x, K.gradients(layers.Dense(1)(x), x)[0])
    with pytest.raises(FileError, match="K.gradients"):
        m.save(tmp_path / "m.keras")


def test_a_computed_tensor_as_an_input_of_a_model() -> None:
    left, right = K.placeholder((1, 3)), K.variable(X[:1])
    both = K.concatenate([left, right], axis=0)
    entry = layers.Input(tensor=both)
    y = layers.Dense(2, name="d")(entry)
    m = keras.Model(entry, y)
    out = K.function([left], [m.output])([X[1:2]])[0]
    kernel, bias = m.get_layer("d").get_weights()
    np.testing.assert_allclose(out, X[[1, 0]] @ kernel + bias, rtol=1e-4, atol=1e-5)


# --- variables ----------------------------------------------------------------------------------


def test_variables() -> None:
    v = K.variable(np.ones((2, 3)), name="v")
    assert (K.dtype(v), K.int_shape(v), K.ndim(v), K.count_params(v)) == ("float32", (2, 3), 2, 6)
    assert K.is_variable(v) and K.is_tensor(v) and not K.is_placeholder(v)
    assert K.dtype(K.variable([1], dtype="int32")) == "int32"
    K.batch_set_value([(v, np.zeros((2, 3))), (K.variable(1.0), 2)])
    assert not K.get_value(v).any()
    assert [a.tolist() for a in K.batch_get_value([K.variable(1.0), K.constant([2.0])])] == [
        1.0,
        [2.0],
    ]
    K.update_sub(v, 1.0)
    assert K.eval(v + 1.0).tolist() == [[0.0] * 3] * 2
    assert K.eval(K.eye(2)).tolist() == [[1, 0], [0, 1]]
    assert K.is_variable(K.zeros((2,))) and K.get_value(K.ones((2,), "int32")).dtype == np.int32
    assert K.get_value(0.5) == 0.5
    with pytest.raises(InputError, match="expected a variable"):
        K.set_value(0.5, 1.0)


def test_random_variables_and_tensors() -> None:
    u = K.eval(K.random_uniform_variable((500,), 2.0, 4.0, seed=1))
    n = K.eval(K.random_normal_variable((500,), 5.0, 0.5, seed=1))
    assert u.min() >= 2 and u.max() < 4 and abs(u.mean() - 3) < 0.15
    assert abs(n.mean() - 5) < 0.1 and abs(n.std() - 0.5) < 0.1
    assert abs(K.eval(K.random_normal((1000,), 1.0, 2.0)).std() - 2) < 0.3
    assert set(K.eval(K.random_bernoulli((50,), 0.5)).tolist()) == {0.0, 1.0}
    assert abs(K.eval(K.random_binomial((2000,), 0.2)).mean() - 0.2) < 0.06
    assert abs(K.eval(K.truncated_normal((500,)))).max() <= 2.001
    assert K.eval(K.random_uniform((50,), 0, 5, dtype="int32")).max() <= 4
    dropped = K.eval(K.dropout(K.ones((400,)), 0.25, seed=2))
    assert (
        set(np.unique((3 * dropped).round(2))) == {0.0, 4.0} and 0.65 < (dropped > 0).mean() < 0.85
    )


def test_a_variable_of_a_loss_may_change_between_epochs() -> None:
    weight = K.variable(0.0)
    x = keras.Input((3,))
    m = keras.Model(x, layers.Dense(1, use_bias=False)(x))
    m.compile(keras.optimizers.SGD(0.1), lambda t, p: weight * K.mean(K.square(p - t), axis=-1))
    start = m.get_weights()[0]
    m.fit(X, X[:, :1], epochs=1, verbose=0)
    np.testing.assert_array_equal(m.get_weights()[0], start)
    assert m.evaluate(X, X[:, :1], verbose=0) == 0.0
    K.set_value(weight, 1.0)
    m.fit(X, X[:, :1], epochs=1, verbose=0)
    assert (m.get_weights()[0] != start).all()
    assert m.evaluate(X, X[:, :1], verbose=0) > 0.0


def test_a_variable_of_a_layer_may_change_between_predictions() -> None:
    factor = K.variable(2.0)
    m = keras.Sequential([keras.Input((3,)), layers.Lambda(lambda z: z * factor)])
    np.testing.assert_allclose(m.predict(X, verbose=0), 2 * X)
    K.set_value(factor, 3.0)
    np.testing.assert_allclose(m.predict(X, verbose=0), 3 * X)


# --- phase and settings -------------------------------------------------------------------------


def test_the_learning_phase() -> None:
    drop = layers.Dropout(0.5)
    x = np.ones((50, 2), "float32")
    assert K.learning_phase() == 0
    K.set_learning_phase(1)
    assert K.learning_phase() == 1
    assert (np.asarray(K.eval(drop(x))) == 0).any()
    with K.learning_phase_scope(0):
        assert (np.asarray(K.eval(drop(x))) == 1).all()
    K.clear_session()
    assert K.learning_phase() == 0
    with pytest.raises(InputError, match="expected 0 or 1"):
        K.set_learning_phase(2)


def test_in_train_phase_inside_of_a_model() -> None:
    x = keras.Input((3,))
    inner = layers.Lambda(lambda z: K.in_train_phase(z * 2.0, z))(x)
    outer = K.in_train_phase(x * 3.0, lambda: x)
    m = keras.Model(x, [inner, outer])
    off, on = m(X, training=False), m(X, training=True)
    np.testing.assert_allclose(K.eval(off[0]), X)
    np.testing.assert_allclose(K.eval(on[0]), 2 * X)
    np.testing.assert_allclose(K.eval(off[1]), X)
    np.testing.assert_allclose(K.eval(on[1]), 3 * X)


def test_settings_of_old() -> None:
    assert K.image_dim_ordering() == "tf"
    try:
        K.set_image_dim_ordering("th")
        assert K.image_data_format() == "channels_first"
    finally:
        K.set_image_dim_ordering("tf")
    with pytest.raises(InputError, match="'tf' or 'th'"):
        K.set_image_dim_ordering("channels_last")
    K.reset_uids()
    assert K.get_uid("dense") == 1
    assert K.is_sparse(np.ones(2)) is False


def test_sessions(capsys) -> None:
    _said.clear()
    K.set_session(object())
    K.set_session(object())
    K.manual_variable_initialization(True)
    assert capsys.readouterr().err.count("K.set_session has no effect any more") == 1
    x = K.placeholder((None, 3))
    with K.get_session() as session:
        session.run(None)
        np.testing.assert_allclose(session.run([x * 2.0], feed_dict={x: X})[0], 2 * X)
        np.testing.assert_allclose(session.run(x * 2.0, {x: X}), 2 * X)
        with pytest.raises(InputError, match="no sessions of TensorFlow"):
            session.run(x)
        with pytest.raises(InputError, match="no graph of TensorFlow"):
            session.graph  # noqa: B018


def test_print_tensor(capsys) -> None:
    x = K.placeholder((None, 3))
    K.print_tensor(K.constant([1.0, 2.0]), "x =")
    assert capsys.readouterr().out == "x = [1. 2.]\n"
    y = K.print_tensor(x * 2.0, "inside")
    np.testing.assert_allclose(K.function([x], [y])([X])[0], 2 * X)


# --- recurrent and decoding ---------------------------------------------------------------------

T = rng.standard_normal((2, 4, 3)).astype("float32")
MASK = np.array([[True, True, False, False], [True, False, True, True]])


def _running(x, mask=None, zero=False):
    """Sums of what came so far, by hand."""
    state = np.zeros((2, 3), "float32")
    shown = np.zeros((2, 3), "float32")
    out = []
    for t in range(4):
        there = np.ones((2, 1), bool) if mask is None else mask[:, t, None]
        new = state * 0.5 + x[:, t]
        state = np.where(there, new, state)
        shown = np.where(there, new * 2, 0 * shown if zero else shown)
        out.append(shown)
    return shown, np.stack(out, 1), state


def _step(x, states):
    new = states[0] * 0.5 + x
    return new * 2.0, [new]


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("symbolic", [False, True])
def test_rnn(unroll, mask, symbolic) -> None:
    x = K.placeholder((2, 4, 3)) if symbolic else K.constant(T)
    found = K.rnn(_step, x, [K.zeros((2, 3))], mask=mask, unroll=unroll)
    flat = [found[0], found[1], found[2][0]]
    got = K.function([x], flat)([T]) if symbolic else [K.eval(v) for v in flat]
    for g, w in zip(got, _running(T, mask)):
        np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-6)


def test_rnn_backwards_with_constants_and_lengths() -> None:
    def step(x, states):
        return x + states[0] * states[1], [x + states[0] * states[1]]

    last, every, _ = K.rnn(
        step, K.constant(T), [K.zeros((2, 3))], go_backwards=True, constants=[K.constant(0.5)]
    )
    want = np.zeros((2, 3))
    outs = []
    for t in (3, 2, 1, 0):
        want = T[:, t] + want * 0.5
        outs.append(want)
    np.testing.assert_allclose(K.eval(last), want, rtol=1e-5)
    np.testing.assert_allclose(K.eval(every), np.stack(outs, 1), rtol=1e-5)
    lengths = np.array([2, 4])
    mask = np.arange(4)[None] < lengths[:, None]
    found = K.rnn(
        _step, K.constant(T), [K.zeros((2, 3))], input_length=K.constant(lengths, "int32")
    )
    np.testing.assert_allclose(K.eval(found[1]), _running(T, mask)[1], rtol=1e-5, atol=1e-6)
    zero = K.rnn(_step, K.constant(T), [K.zeros((2, 3))], mask=MASK, zero_output_for_mask=True)
    np.testing.assert_allclose(K.eval(zero[1]), _running(T, MASK, True)[1], rtol=1e-5, atol=1e-6)
    short = K.rnn(_step, K.constant(T), [K.zeros((2, 3))], return_all_outputs=False)
    assert K.int_shape(short[1]) == (2, 1, 3)


def test_ctc_decode() -> None:
    path = [0, 0, 3, 0, 1, 3]  # 3 is blank
    p = np.full((1, 6, 4), 0.02, "float32")
    p[0, np.arange(6), path] = 0.94
    labels, scores = K.ctc_decode(p, np.array([6]))
    assert K.eval(labels[0]).tolist() == [[0, 0, 1, -1, -1, -1]]
    np.testing.assert_allclose(K.eval(scores), [[-6 * np.log(0.94)]], rtol=1e-3)
    labels, scores = K.ctc_decode(p, np.array([6]), greedy=False, beam_width=20, top_paths=2)
    assert len(labels) == 2 and K.eval(scores).shape == (1, 2)
    assert K.eval(labels[0]).tolist() == [[0, 1, -1, -1, -1, -1]]


def test_dense_labels_as_a_sparse_matrix() -> None:
    found = K.ctc_label_dense_to_sparse(np.array([[5, 6, 0], [7, 0, 0]]), np.array([2, 1]))
    assert found.nnz == 3
    assert K.eval(K.to_dense(found)).tolist() == [[5, 6, 0], [7, 0, 0]]
