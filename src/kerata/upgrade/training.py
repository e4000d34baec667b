"""Methods of models, what training gives, and functions that are no mere names."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import libcst as cst

from ..legacy import era, methods
from ..legacy.backend.first_names import NAMES, SWAPPED
from .calls import Unclear, split, with_commas
from .facts import Facts, dotted
from .values import code, wrap, write

if TYPE_CHECKING:
    from .rewrite import _Rewriter

_TODAY = {"fit_generator": "fit", "evaluate_generator": "evaluate", "predict_generator": "predict"}
_MODEL_METHODS = frozenset("fit evaluate predict compile train_on_batch test_on_batch".split())
# Arguments of the methods for generators that those for all data have not: the data know them.
_WORKERS = frozenset(
    "max_queue_size max_q_size workers nb_worker nb_workers use_multiprocessing pickle_safe".split()
)
_KEYS = {"acc": "accuracy", "val_acc": "val_accuracy"}


# Arguments of what is no layer, by its name: old and new.
RENAMED = {
    "Tokenizer": {"nb_words": "num_words"},
    "load_data": {"nb_words": "num_words"},
    "to_categorical": {"nb_classes": "num_classes", "y": "x"},
}


def renamed(args: Sequence[cst.Arg], table: dict[str, str]) -> list[cst.Arg]:
    """Arguments with other keywords; one whose new keyword is empty goes.

    >>> found = cst.parse_expression("f(x, nb_epoch=3)").args
    >>> [code(a) for a in renamed(found, {"nb_epoch": "epochs"})]
    ['x, ', 'epochs=3']
    """
    out = []
    for a in args:
        new = table.get(a.keyword.value) if a.keyword is not None else None
        if new:
            out.append(a.with_changes(keyword=cst.Name(new)))
        elif new is None:
            out.append(a)
    return with_commas(out, args) if len(out) < len(args) else out


def method_call(rewriter: _Rewriter, node: cst.Call, updated: cst.Call) -> cst.BaseExpression:
    """The call of a method of a model, as it is spelled today."""
    if not isinstance(updated.func, cst.Attribute):
        return updated
    name = updated.func.attr.value
    try:
        if name in _TODAY:
            return _generator(rewriter, name, node, updated)
        if name == "predict_classes":
            return _classes(rewriter, node, updated)
        if name == "predict_proba":
            return _probabilities(rewriter, node, updated)
    except Unclear as e:
        rewriter._say(node, f"{name}: {e}")
        return updated
    if name == "get" and updated.args:
        return _get(updated, rewriter.facts)
    if name in _MODEL_METHODS:
        table = {**methods.ARGUMENTS["*"], **methods.ARGUMENTS.get(name, {})}
        if name in ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "compile"):
            return updated.with_changes(args=renamed(updated.args, _known(table)))
    return updated


def _known(table: dict[str, str]) -> dict[str, str]:
    """Without the arguments of worker processes, which only data have today."""
    return {old: "" if new in _WORKERS else new for old, new in table.items()}


def _method(func: Any, name: str) -> cst.Attribute:
    return func.with_changes(attr=cst.Name(name))


# --- generators ---------------------------------------------------------------------------------


def _generator(rewriter: _Rewriter, name: str, node: cst.Call, updated: cst.Call) -> cst.Call:
    """``fit_generator(...)`` and its like: the order of their arguments is that of `legacy.methods`."""
    order = list(inspect.signature(getattr(methods, name)).parameters)[1:]
    split(updated.args, {})
    out = []
    for i, a in enumerate(updated.args):
        key = a.keyword.value if a.keyword is not None else order[i] if i < len(order) else ""
        if a.star or not key:
            out.append(a)
            continue
        made = _generator_argument(rewriter, name, key, a, i)
        if made is not None:
            out.append(made)
    args = with_commas(out, updated.args) if out else []
    return updated.with_changes(func=_method(updated.func, _TODAY[name]), args=args)


def _generator_argument(
    rewriter: _Rewriter, method: str, key: str, a: cst.Arg, i: int
) -> cst.Arg | None:
    table = {**methods.ARGUMENTS["*"], **methods.ARGUMENTS.get(_TODAY[method], {})}
    if key == "generator":
        return a if a.keyword is None else a.with_changes(keyword=cst.Name("x"))
    first_era = rewriter.era == 1
    counts = {
        "samples_per_epoch": "steps_per_epoch", "nb_val_samples": "validation_steps", "val_samples": "steps",
    }  # fmt: skip
    if first_era and a.keyword is None and key in ("steps_per_epoch", "validation_steps", "steps"):
        counts[key] = key
    if key in counts:
        value = _batches(rewriter, key, a.value)
        return cst.Arg(value, cst.Name(counts[key]), equal=_EQUAL, comma=a.comma)
    key = table.get(key, key)
    if key in _WORKERS or not key:
        return None
    return a.with_changes(keyword=cst.Name(key), equal=a.equal if a.keyword is not None else _EQUAL)


_EQUAL = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def _batches(rewriter: _Rewriter, key: str, samples: cst.BaseExpression) -> cst.BaseExpression:
    """A number of batches for one of samples, where the data of the call know their batch size."""
    call = rewriter.open_calls[-1] if rewriter.open_calls else None
    data = _data(
        call, "validation_data" if key in ("nb_val_samples", "validation_steps") else "generator"
    )
    size = _batch_size(data)
    if size is not None:
        return cst.parse_expression(f"-(-({code(samples)}) // {size})")
    if data is None or dotted(data) not in rewriter.facts.flows:
        raise Unclear(
            f"{key}= counts samples; give the number of batches, samples // batch_size, as "
            f"{'validation_steps' if 'val' in key else 'steps_per_epoch'}="
        )
    return cst.parse_expression(f"-(-({code(samples)}) // {code(data)}.batch_size)")


def _batch_size(data: cst.BaseExpression | None) -> str | None:
    """The batch size of ``generator.flow(...)`` that stands in the call itself."""
    if not isinstance(data, cst.Call) or not isinstance(data.func, cst.Attribute):
        return None
    place = {"flow": 2, "flow_from_directory": 5}.get(data.func.attr.value)
    if place is None or any(a.star for a in data.args):
        return None
    named = {a.keyword.value: a.value for a in data.args if a.keyword is not None}
    found = named.get("batch_size")
    if found is None and len(data.args) > place and data.args[place].keyword is None:
        found = data.args[place].value
    return "32" if found is None else _operand(found)


def _data(call: cst.Call | None, key: str) -> cst.BaseExpression | None:
    if call is None:
        return None
    named = {a.keyword.value: a.value for a in call.args if a.keyword is not None}
    if key in named:
        return named[key]
    place = 0 if key == "generator" else 5
    return (
        call.args[place].value
        if len(call.args) > place and call.args[place].keyword is None
        else None
    )


# --- predictions --------------------------------------------------------------------------------


def _predict(updated: cst.Call) -> cst.Call:
    func = updated.func
    assert isinstance(func, cst.Attribute)
    return updated.with_changes(func=_method(func, "predict"), lpar=[], rpar=[])


def _classes(rewriter: _Rewriter, node: cst.Call, updated: cst.Call) -> cst.BaseExpression:
    assert isinstance(node.func, cst.Attribute)
    last = rewriter.facts.last.get(dotted(node.func.value) or "")
    if last is None:
        raise Unclear(
            "the model's last layer is not seen here; write np.argmax(model.predict(x), axis=-1), or "
            '(model.predict(x) > 0.5).astype("int32") for a single sigmoid unit'
        )
    units, activation = last
    inner = code(_predict(updated))
    if units == 1 or (units is None and activation == "sigmoid"):
        made: Any = cst.parse_expression(f'({inner} > 0.5).astype("int32")')
    else:
        made = cst.parse_expression(f"{rewriter.imports.need_numpy()}.argmax({inner}, axis=-1)")
    return made.with_changes(lpar=updated.lpar, rpar=updated.rpar)


def _probabilities(rewriter: _Rewriter, node: cst.Call, updated: cst.Call) -> cst.BaseExpression:
    assert isinstance(node.func, cst.Attribute)
    if dotted(node.func.value) in rewriter.facts.models:
        return updated.with_changes(func=_method(updated.func, "predict"))
    raise Unclear(
        "is this a model of Keras? If so, write predict; a classifier of scikit-learn has it"
    )


# --- histories ----------------------------------------------------------------------------------


def _key(node: cst.BaseExpression, facts: Facts) -> cst.BaseExpression | None:
    if not isinstance(node, cst.SimpleString) or "acc" in facts.keys:
        return None
    new = _KEYS.get(str(node.evaluated_value))
    return None if new is None else node.with_changes(value=node.quote + new + node.quote)


def _is_history(node: cst.BaseExpression, facts: Facts) -> bool:
    name = dotted(node)
    if isinstance(node, cst.Attribute) and node.attr.value == "history":
        return True
    return name is not None and (name in facts.histories or name in ("logs", "log"))


def history_key(node: cst.Subscript, facts: Facts) -> cst.Subscript:
    """``history.history["acc"]`` as it is called where the metric is given as ``"accuracy"``."""
    if len(node.slice) != 1 or not _is_history(node.value, facts):
        return node
    index = node.slice[0].slice
    new = _key(index.value, facts) if isinstance(index, cst.Index) else None
    if new is None:
        return node
    return node.with_changes(
        slice=[node.slice[0].with_changes(slice=index.with_changes(value=new))]
    )


def _get(updated: cst.Call, facts: Facts) -> cst.Call:
    func = updated.func
    if not isinstance(func, cst.Attribute) or not _is_history(func.value, facts):
        return updated
    new = _key(updated.args[0].value, facts)
    if new is None:
        return updated
    return updated.with_changes(args=[updated.args[0].with_changes(value=new), *updated.args[1:]])


def monitor(arg: cst.Arg, facts: Facts) -> cst.Arg:
    """``monitor="val_acc"`` as ``"val_accuracy"``."""
    if arg.keyword is None or arg.keyword.value != "monitor":
        return arg
    new = _key(arg.value, facts)
    return arg if new is None else arg.with_changes(value=new)


# --- attributes ---------------------------------------------------------------------------------


def attribute(node: cst.Attribute) -> cst.Attribute:
    """``optimizer.lr`` as ``optimizer.learning_rate``."""
    above = dotted(node.value) or ""
    if node.attr.value == "lr" and above.rpartition(".")[2] in ("optimizer", "opt"):
        if above.endswith(".optimizer"):
            return node.with_changes(attr=cst.Name("learning_rate"))
    return node


def assigned_rate(node: cst.Expr) -> cst.BaseSmallStatement:
    """``model.optimizer.learning_rate.assign(v)`` as an assignment, which serves on every optimizer."""
    call = node.value
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
        return node
    if call.func.attr.value != "assign" or len(call.args) != 1:
        return node
    rate = call.func.value
    if not isinstance(rate, cst.Attribute):
        return node
    if not (dotted(rate) or "").endswith(".optimizer.learning_rate"):
        return node
    return cst.Assign([cst.AssignTarget(rate)], call.args[0].value, semicolon=node.semicolon)


# --- functions ----------------------------------------------------------------------------------


def backend_call(name: str, updated: cst.Call) -> cst.BaseExpression | None:
    """Calls of ``keras.backend`` that are methods and attributes today."""
    args = updated.args
    if any(a.star or a.keyword is not None for a in args):
        return None
    if name == "int_shape" and len(args) == 1:
        return cst.parse_expression(f"tuple({_operand(args[0].value)}.shape)")
    if name == "set_value" and len(args) == 2:
        return cst.parse_expression(f"{_operand(args[0].value)}.assign({code(args[1].value)})")
    return None


def _operand(node: cst.BaseExpression) -> str:
    text = code(node)
    return text if re.fullmatch(r"[\w.\[\]]+", text) or isinstance(node, cst.Call) else f"({text})"


def first_names(name: str, args: Sequence[cst.Arg]) -> Sequence[cst.Arg]:
    """Arguments of a function of ``keras.backend`` by the names, and in the order, of Keras 2.

    >>> found = cst.parse_expression("f(shape=(2,), std=0.1)").args
    >>> [code(a) for a in first_names("random_normal", found)]
    ['shape=(2,), ', 'stddev=0.1']
    """
    args = renamed(args, NAMES.get(name, {}))
    if name in SWAPPED and era.current() == 1:
        order = ("output", "target", "from_logits")
        args = [
            a.with_changes(keyword=cst.Name(order[i]), equal=_EQUAL) if a.keyword is None else a
            for i, a in enumerate(args)
        ]
    return args


def ordering(arg: cst.Arg, constants: dict[str, Any]) -> cst.Arg:
    """``dim_ordering=name``, whose value is not seen, with the word of today for it.

    >>> found = cst.parse_expression("f(dim_ordering=ORDER)").args[0]
    >>> code(ordering(found, {}).value)
    '{"th": "channels_first", "tf": "channels_last"}.get(ORDER, ORDER)'
    """
    old = arg.keyword is not None and arg.keyword.value == "dim_ordering"
    if not old or not isinstance(arg.value, cst.Name) or arg.value.value in {*constants, "None"}:
        return arg.with_changes()
    name = arg.value.value
    made = f'{{"th": "channels_first", "tf": "channels_last"}}.get({name}, {name})'
    return arg.with_changes(value=cst.parse_expression(made))


def shape_of(
    rewriter: _Rewriter, node: cst.Subscript, updated: cst.Subscript
) -> cst.Subscript | None:
    """``K.shape(x)[i]``: a number of ``ops.shape``."""
    if not isinstance(node.value, cst.Call) or not isinstance(updated.value, cst.Call):
        return None
    if len(node.slice) != 1 or not isinstance(node.slice[0].slice, cst.Index):
        return None  # programs compute with several sizes, which today are a plain tuple
    if rewriter.path(node.value.func) != "backend.shape" or len(updated.value.args) != 1:
        return None
    return updated.with_changes(value=updated.value.with_changes(func=rewriter.refer("ops.shape")))


# Keras 1's `mode`, and the function of keras.layers that does it.
_MODES = {
    "sum": "add", "mul": "multiply", "concat": "concatenate", "ave": "average", "max": "maximum",
    "dot": "dot", "cos": "dot",
}  # fmt: skip


def merge(args: Sequence[cst.Arg], constants: dict[str, Any]) -> tuple[str, list[cst.Arg]] | None:
    """``merge(tensors, mode=...)``: the function of today, and its arguments; ``None`` for other modes."""
    from ..legacy.layers import merge as old

    given, named, stars = split(args, constants)
    everything = {**dict(zip(inspect.signature(old).parameters, given)), **named}
    mode = everything.pop("mode", "sum")
    if stars or not isinstance(mode, str) or mode not in _MODES:
        return None
    inputs, axis = everything.pop("inputs", None), everything.pop("concat_axis", None)
    axes = everything.pop("dot_axes", None)
    name = everything.pop("name", None)
    if inputs is None or everything:
        return None
    out: dict[str, Any] = {}
    if mode == "concat" and axis is not None:
        out["axis"] = axis
    if mode in ("dot", "cos"):
        out["axes"] = wrap(cst.parse_expression("-1")) if axes is None else axes
    if mode == "cos":
        out["normalize"] = True
    if name is not None:
        out["name"] = name
    made = [cst.Arg(write(inputs))]
    made += [cst.Arg(write(v), cst.Name(k), equal=_EQUAL) for k, v in out.items()]
    return _MODES[str(mode)], with_commas(made, [cst.Arg(cst.Name("x"))])
