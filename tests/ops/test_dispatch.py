"""How a call finds its way: Specs, symbolic tensors, Variables, lists, the engine; and what it costs."""

from __future__ import annotations

import pathlib
import pickle
import re
import subprocess
import sys
import time

import numpy as np
import pytest

from kerata import dtypes, ops
from kerata.engine import engine
from kerata.errors import ShapeError
from kerata.ops._define import REGISTRY, Op, primitive
from kerata.spec import KerasTensor, Spec
from kerata.variable import Variable


def test_every_primitive_resolves_in_the_engine() -> None:
    missing = [
        n for n, o in REGISTRY.items() if o.primitive and engine().function(o.key, True) is None
    ]
    assert not missing


def test_every_override_is_of_an_op() -> None:
    assert set(engine().OVERRIDES) <= set(REGISTRY)


def test_every_op_is_tested() -> None:
    text = "".join(p.read_text() for p in pathlib.Path(__file__).parent.glob("test_*.py"))
    named = set(re.findall(r"[\w.]+", text.replace("ops.", "").replace("linalg.", "")))
    called: dict[Op, set[str]] = {}
    for n, op in REGISTRY.items():
        called.setdefault(op, set()).update((n, n.replace("_", ".", 1)))
    assert sorted(op.key for op, names in called.items() if not names & named) == []


def test_every_op_says_what_it_does() -> None:
    first = {name: (o.body.__doc__ or "").split("\n\n")[0].rstrip() for name, o in REGISTRY.items()}
    assert [name for name, doc in first.items() if not doc.endswith((".", ":"))] == []
    assert ops.exp.__doc__.split("\n\n")[0] == "e to the power of `x`."
    assert "axis" in str(ops.softmax.signature)


def test_what_kind_of_result() -> None:
    x = np.ones((2, 3), np.float32)
    assert engine().is_tensor(ops.add(x, 1))
    assert type(ops.add(Spec((2, 3)), 1)) is Spec
    symbolic = ops.add(KerasTensor((None, 3)), x[0])
    assert isinstance(symbolic, KerasTensor)
    assert symbolic.shape == (None, 3)
    assert ops.add(Variable(x), 1).tolist() == (x + 1).tolist()
    assert type(ops.add(Variable(x), Spec((3,)))) is Spec


def test_symbolic_call_is_recorded() -> None:
    from kerata.graph import Graph

    a, b = KerasTensor((None, 2)), KerasTensor((None, 2))
    from kerata.graph import Operation, add_node

    for t in (a, b):
        node = Operation("input_" + str(id(t)))
        add_node(node, (), {}, ())
        t._keras_history = (node, 0, 0)
    out = ops.concatenate([a, ops.relu(b) * 2], axis=1)
    run = Graph([a, b], out).run
    values = run([np.ones((1, 2), "float32"), np.array([[-1.0, 1.0]], "float32")])
    assert values.tolist() == [[1, 1, 0, 2]]


LISTS = [
    (lambda: ops.add([1, 2], [3, 4]), [4, 6]),
    (lambda: ops.add(x1=[1.0], x2=2), [3.0]),
    (lambda: ops.sum(x=[1, 2]), 3),
    (lambda: ops.mean([[1, 2], [3, 4]], axis=0), [2.0, 3.0]),
    (lambda: ops.relu([-1.0, 1.0]), [0.0, 1.0]),
    (lambda: ops.relu6(8.0), 6.0),
    (lambda: ops.softmax([[0.0, 0.0]]), [[0.5, 0.5]]),
    (lambda: ops.where([True, False], [1, 2], 0), [1, 0]),
    (lambda: ops.concatenate([[1], [2]]), [1, 2]),
    (lambda: ops.matmul([[1, 2]], [[3], [4]]), [[11]]),
    (lambda: ops.max([[1, 5], [2, 0]], 1), [5, 2]),
    (lambda: ops.reshape([1, 2], (2, 1)), [[1], [2]]),
    (lambda: ops.clip([1, 9], 2, 5), [2, 5]),
    (lambda: ops.take([10, 20], [1]), [20]),
    (lambda: ops.exp(0), 1.0),
    (lambda: ops.logical_and([True], [0]), [False]),
    (lambda: ops.moments([1.0, 3.0], axes=[0])[0], 2.0),
    (lambda: ops.cumsum([1, 2]), [1, 3]),
    (lambda: ops.one_hot([1], 2), [[0.0, 1.0]]),
    (lambda: ops.normalize([3.0, 4.0]), pytest.approx([0.6, 0.8])),
    (
        lambda: ops.binary_crossentropy([1.0], [1.0], from_logits=False),
        pytest.approx([0.0], abs=1e-6),
    ),
    (lambda: ops.stack([1.0, 2.0]), [1.0, 2.0]),
    (lambda: ops.convert_to_tensor([[1, 2]]), [[1, 2]]),
]


@pytest.mark.parametrize(("fn", "want"), LISTS)
def test_lists_and_numbers(fn, want) -> None:
    assert fn().tolist() == want


def test_list_of_tensors_is_one_tensor() -> None:
    parts = [ops.ones(2), Variable([2.0, 3.0]), np.zeros(2, "float32")]
    assert ops.convert_to_tensor([parts[0], parts[2]]).shape == (2, 2)
    assert ops.stack(parts).tolist() == [[1, 1], [2, 3], [0, 0]]


def test_no_64_bit_types_slip_in() -> None:
    x = np.ones((2, 2))  # float64
    for out in (
        ops.add(x, x), ops.sum(x), ops.convert_to_tensor(x), ops.matmul(x, x), ops.cast(x, "int64"),
        ops.argmax(x), ops.arange(3), ops.cumsum(np.array([1, 2])), ops.where(x > 0, x, 0), ops.stack([x, x]),
    ):  # fmt: skip
        assert dtypes.size(ops.dtype(out)) == 4
    assert ops.add(Spec((2,), "int64"), 1).dtype == "int32"


def test_64_bit_types_where_they_are_asked_for() -> None:
    code = """
import numpy as np
from kerata import config, ops
config.set_floatx("float64")
x = np.full((3,), 1 / 3)
def dtype(*of):
    return {ops.dtype(x) for x in of}
assert dtype(ops.add(x, 1), ops.softmax(x), ops.zeros(2), ops.mean(np.array([1, 2], "int32")),
             ops.exp(np.ones(2, "int32")), ops.random.normal((2,), seed=1)) == {"float64"}
assert float(ops.sum(ops.convert_to_tensor([1 / 3]))) == 1 / 3
assert dtype(ops.argmax(x), ops.sum(np.ones(2, bool)), ops.sum(np.ones(2, "int32"))) == {"int32"}
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_errors_speak_of_shapes() -> None:
    with pytest.raises(ShapeError, match=r"add: shapes \(2, 3\) and \(4, 5\)"):
        ops.add(np.ones((2, 3)), np.ones((4, 5)))
    with pytest.raises(TypeError):
        ops.add(1)


def test_ops_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(ops.relu)) is ops.relu
    assert pickle.loads(pickle.dumps(ops.image.resize)) is ops.image.resize


def test_a_name_is_defined_once() -> None:
    def exp(x):
        return x

    with pytest.raises(ValueError, match="twice"):
        primitive(exp)


def test_modules() -> None:
    assert ops.nn.relu is ops.relu
    assert ops.numpy.add is ops.add
    assert ops.linalg.norm is ops.norm
    assert ops.numpy.shape((2, 3)) == (2,)
    assert isinstance(ops.random.normal, Op)
    assert not hasattr(ops, "resize")
    assert "relu" in dir(ops)


def test_importing_ops_loads_no_engine() -> None:
    code = "import sys; from kerata import ops; ops.relu(ops.add); assert not {'jax', 'torch', 'tensorflow'} & set(sys.modules)"
    code = code.replace(
        "ops.relu(ops.add)", "from kerata.spec import Spec; ops.softmax(Spec((2,)) + 1)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_call_costs_little_beyond_the_engine() -> None:
    x = ops.ones(3)
    native = ops.add.resolve()

    def best(fn) -> float:
        times = []
        for _ in range(30):
            start = time.perf_counter()
            for _ in range(100):
                fn(x, x)
            times.append((time.perf_counter() - start) / 100)
        return min(times)

    assert best(ops.add) - best(native) < 4e-6
