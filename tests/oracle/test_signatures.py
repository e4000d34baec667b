"""Public functions and constructors take the arguments that Keras 3's take: names, order, defaults."""

from __future__ import annotations

import ast
import json

import pytest
from tools import api

import kerata

from . import oracle_support
from .signatures import parameters, signatures

pytestmark = oracle_support.needs_oracle

# Arguments that ours take as keywords, through the base class.
BASE = {"name", "dtype", "trainable", "activity_regularizer", "autocast", "seed"}

# Where ours differ on purpose: the name, and why.
ALLOWED = {
    "keras.KerasTensor": "there are no ragged tensors",
    "keras.Variable": "no layouts before keras.distribution",
    "keras.saving.save_weights": "no sharded files yet",
    "keras.saving.deserialize_keras_object": "the setting decides where safe_mode is not given",
    "keras.utils.deserialize_keras_object": "the setting decides where safe_mode is not given",
}


@pytest.fixture(scope="session")
def theirs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signatures")
    oracle_support.ask("keras", "signatures", folder)
    return json.loads((folder / "signatures.json").read_text())


def _value(text):
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def _same(a, b):
    """Defaults that mean the same: ``2`` and ``(2, 2)`` for a window."""
    a, b = _value(a), _value(b)
    if isinstance(a, tuple) and isinstance(b, int):
        return all(v == b for v in a)
    return a == b or "object" in (a, b) or a == "required"


def differences(ours, theirs):
    """What differs, in words."""
    plain = [p for p in theirs if p[0] not in ("*", "**", "self")]
    known = {name: default for name, default in ours}
    found = []
    for name, default in plain:
        if name not in known:
            if "**" not in known or name not in BASE:
                found.append(f"no argument {name!r}")
        elif not _same(default, known[name]):
            found.append(f"{name}={known[name]} in place of {default}")
    order = [n for n, _ in ours if n in {p[0] for p in plain}]
    wanted = [n for n, _ in plain if n in known]
    if order != wanted:
        found.append(f"the order is {', '.join(order)}")
    return found


NAMES = [n for n in api.read(api.MODERN) if not api.is_later(n)]


def test_every_name(theirs):
    ours = signatures(kerata, NAMES)
    wrong = {}
    for name in NAMES:
        theirs_of, ours_of = theirs.get(name, {}).get(""), ours.get(name, {}).get("")
        if theirs_of and ours_of and name not in ALLOWED:
            if found := differences(ours_of, theirs_of):
                wrong[name] = found
    assert not wrong, "\n" + "\n".join(f"{k}: {'; '.join(v)}" for k, v in wrong.items())


# Not here: Model.compile names metrics third and loss_weights fourth, as Keras 2 does; it takes either order.
METHODS = """
Model.fit Model.evaluate Model.predict Model.train_on_batch Model.test_on_batch
Model.predict_on_batch Model.summary Model.save Model.save_weights Model.load_weights Model.get_layer
Model.stateless_compute_loss Model.compute_loss Model.compute_metrics Model.get_state_tree
Layer.add_weight Layer.stateless_call Layer.add_loss Optimizer.apply Optimizer.stateless_apply
Optimizer.apply_gradients Metric.stateless_update_state Variable.assign
""".split()


@pytest.mark.parametrize("path", METHODS)
def test_methods(theirs, path):
    owner, method = path.split(".")
    found = differences(
        parameters(getattr(getattr(kerata, owner), method)), theirs[f"keras.{owner}"][method]
    )
    assert not found
