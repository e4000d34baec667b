"""Native products, softmax and random bits give what JAX gives."""

from __future__ import annotations

import numpy as np
import pytest

import kerata as keras
from kerata import kernels, ops
from kerata.engine import engine
from kernels_support import close, drawn

pytestmark = [
    pytest.mark.engine("jax"),
    pytest.mark.skipif(
        keras.config.backend() != "jax" or not kernels.ready(),
        reason="there are no native kernels here",
    ),
]

if keras.config.backend() == "jax":
    import jax
    import jax.numpy as jnp
    from hypothesis import given, settings
    from hypothesis import strategies as st

    from kerata.kernels import product as pr
    from kerata.kernels import random as kr
    from kerata.kernels import softmax as sm

PRODUCTS = [
    ("ab,bc->ac", (64, 100), (100, 30)),
    ("ab,bc->ca", (64, 100), (100, 30)),
    ("ab,cb->ac", (1, 5000), (64, 5000)),
    ("ba,bc->ac", (5000, 1), (5000, 64)),
    ("ab,bc->ac", (517, 300), (300, 16)),  # few columns: own loops
    ("ab,cb->ac", (515, 300), (10, 300)),
    ("ab,bc->ac", (9, 5000), (5000, 31)),
    ("ab,bc->ca", (700, 100), (100, 3)),
    ("ba,bc->ac", (123, 1001), (123, 16)),
    ("ba,bc->ac", (64, 1000), (64, 32)),
    ("ba,cb->ac", (37, 2001), (19, 37)),
    ("xy,y->x", (300, 200), (200,)),
    ("abx,xyz->abyz", (8, 16, 64), (64, 4, 16)),
    ("abyz,yzx->abx", (8, 16, 4, 16), (4, 16, 64)),
    ("btnh,bsnh->bnts", (4, 32, 4, 16), (4, 40, 4, 16)),
    ("bnts,bsnh->btnh", (4, 4, 32, 40), (4, 40, 4, 16)),
    ("abc,acd->bda", (30, 20, 50), (30, 50, 20)),  # the batch's axis last: XLA's
    ("abcd,abd->c", (5, 7, 1000, 11), (5, 7, 11)),
]


@pytest.mark.parametrize(("subscripts", "a", "b"), PRODUCTS, ids=str)
def test_products(subscripts, a, b):
    terms = pr.parse(subscripts, a, b)
    x, y = drawn(a), drawn(b)
    mine, xla = lambda x, y: pr.einsum(x, y, terms), lambda x, y: jnp.einsum(subscripts, x, y)
    close(mine(x, y), xla(x, y), scale=10)
    ct = drawn(xla(x, y).shape, 2)
    close(*(jax.vjp(f, x, y)[1](ct) for f in (mine, xla)), scale=20)
    close(*(jax.jvp(f, (x, y), (x, y)) for f in (mine, xla)), scale=20)
    for axes, args in (((0, None), (jnp.stack([x, -x]), y)), ((0, 0), (x[None], y[None]))):
        close(*(jax.vmap(f, axes)(*args) for f in (mine, xla)), scale=10)


if keras.config.backend() == "jax":

    @settings(max_examples=30, deadline=None)
    @given(st.data())
    def test_products_of_any_shape(data):
        m, n, k = (data.draw(st.integers(1, 70)) for _ in range(3))
        batch = data.draw(st.integers(1, 3))
        term = lambda letters: "".join(data.draw(st.permutations(letters)))  # noqa: E731
        terms = pr.Terms(term("bmk"), term("bkn"), term("bmn"))
        sizes = {"b": batch, "m": m, "n": n, "k": k}
        x, y = (drawn([sizes[i] for i in t], j) for j, t in enumerate(terms[:2]))
        close(pr.einsum(x, y, terms), pr._reference(x, y, terms=terms), scale=10)


def test_what_is_no_product():
    assert pr.parse("ab,ac->abc", (300, 200), (300, 20)) is None  # nothing is summed
    assert pr.parse("ab,bc->a", (300, 200), (200, 300)) is None  # a letter of one term alone
    assert pr.parse("aa,ab->b", (300, 300), (300, 200)) is None
    assert pr.parse("ab,bc->ac", (300, 1), (200, 300)) is None  # a size to be stretched
    assert pr.parse("...a,ab->...b", (300, 300), (300, 200)) is None
    assert pr.parse("ab,bc->ac", (3, 4), (4, 5)) is None  # too small
    assert pr.matmul_terms((2, 300, 200), (1, 200, 300)) is None
    assert pr.matmul_terms((300,), (300, 200)) is None


@pytest.mark.parametrize(
    "shape", [(5,), (40, 7), (33, 128), (2, 3, 1000), (1, 1), (9, 17)], ids=str
)
def test_softmax(shape):
    x, t = 5 * drawn(shape), drawn(shape, 1)
    x = x.at[..., 0].set(-1e9)

    def loss(f):
        return lambda x: (f(x) ** 2 * t).sum()

    def all_of(f):
        first = jax.grad(loss(f))
        return (
            f(x), jax.jvp(f, (x,), (t,)), first(x), jax.vmap(f)(x[None]),
            jax.grad(lambda x: (first(x) ** 2).sum())(x),
        )  # fmt: skip

    close(all_of(sm.softmax), all_of(jax.nn.softmax), scale=2)


def test_softmax_of_what_is_no_number():
    x = drawn((2, 20))
    for bad in (np.nan, np.inf):
        np.testing.assert_array_equal(
            np.isnan(sm.softmax(x.at[0, 3].set(bad))), np.isnan(jax.nn.softmax(x.at[0, 3].set(bad)))
        )
    assert np.isnan(sm.softmax(jnp.full((1, 20), -np.inf))).all()


@pytest.mark.parametrize("shape", [(), (3,), (0, 4), (5000, 7), (3, 1, 40_001)], ids=str)
def test_random_bits_are_those_of_jax(shape):
    key = jax.random.fold_in(jax.random.PRNGKey(3), 77)
    for draw in (jax.random.bits, jax.random.normal, lambda k, s: jax.random.gamma(k, 2.0, s)):
        np.testing.assert_array_equal(draw(kr.wrap(key), shape), draw(key, shape))
    for p in (0.0, 0.3, 0.5, 1.0):
        theirs = jax.random.bernoulli(key, p, shape)
        np.testing.assert_array_equal(kr.bernoulli(key, p, shape), theirs)
        np.testing.assert_array_equal(
            jax.jit(lambda k, p: kr.bernoulli(k, p, shape))(key, p), theirs
        )


def test_random_bits_for_many_keys():
    keys = jax.random.split(jax.random.PRNGKey(1), 4)
    draw = lambda k: jax.random.bits(k, (6,))  # noqa: E731
    np.testing.assert_array_equal(jax.vmap(lambda k: draw(kr.wrap(k)))(keys), jax.vmap(draw)(keys))


def test_draws_are_the_same_without_kernels(monkeypatch):
    draws = []
    for on in ("1", "0"):
        monkeypatch.setenv("KERATA_KERNELS", on)
        keras.utils.set_random_seed(3)
        x = np.ones((50, 20), "float32")
        draws.append(
            [
                ops.random.dropout(x, 0.3),
                ops.random.normal((7, 7)),
                ops.random.shuffle(np.arange(99)),
            ]
        )
    for a, b in zip(*draws):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("rows", "width", "shape"),
    [(1000, 32, (64, 50)), (7, 129, (500,)), (3, 1, (2, 3, 20_000)), (50, 400, (1, 100))],
    ids=str,
)
def test_rows(rows, width, shape):
    """Numbers below 0 count from the end, those too large are none; some occur often."""
    generator = np.random.default_rng(rows)
    ids = generator.integers(-rows, rows, shape).astype("int32")
    ids.flat[::3] = 0
    ids.flat[1::31] = rows
    ids.flat[2::31] = -rows - 1
    table, ct = drawn((rows, width)), drawn((*shape, width), 2)
    xla = lambda t: jnp.take(t, ids, axis=0)  # noqa: E731
    mine = lambda t: ops.take(t, ids, axis=0)  # noqa: E731
    assert "kerata_rows" in str(jax.make_jaxpr(mine)(table))
    np.testing.assert_array_equal(mine(table), xla(table))
    backs = [lambda ct, f=f: jax.vjp(f, table)[1](ct)[0] for f in (mine, xla)]
    close(*(back(ct) for back in backs), scale=20)
    close(*(jax.jvp(f, (table,), (table,)) for f in (mine, xla)))
    close(*(jax.vjp(back, ct)[1](table)[0] for back in backs))
    both, several = jnp.stack([table, -table]), jnp.stack([ct, -ct])
    close(*(jax.vmap(f)(both) for f in (mine, xla)))
    close(*(jax.vmap(back)(several) for back in backs), scale=20)
    picked = jax.vmap(lambda i: ops.take(table, i, axis=0))(jnp.stack([ids, ids]))
    np.testing.assert_array_equal(picked[1], xla(table))


@pytest.mark.parametrize("dtype", ["float32", "uint8", "bool", "bfloat16", "complex64", "int32"])
def test_rows_of_data(dtype):
    """What takes a batch out of the data of `fit`."""
    table = jnp.asarray(np.random.default_rng(0).integers(0, 2, (90, 20, 7, 3)) * 3, dtype)
    order = jnp.asarray(np.random.default_rng(1).permutation(90)[:50].astype("int32"))
    taken = jax.jit(engine().take_rows)
    assert "kerata_rows_picked" in str(jax.make_jaxpr(taken)(table, order))
    np.testing.assert_array_equal(taken(table, order), np.asarray(table)[np.asarray(order)])
    few = jax.make_jaxpr(engine().take_rows)(table[:, 0, 0], order)
    assert "kerata" not in str(few)


def test_rows_of_none():
    empty = jnp.zeros((4, 0), "int32")
    assert ops.take(drawn((5, 3)), empty, axis=0).shape == (4, 0, 3)
