"""Names that users import, and where they find them."""

from __future__ import annotations

import importlib
import types

import pytest
from tools import api

import kerata
from kerata import utils


@pytest.mark.parametrize("name", sorted(kerata.__all__))
def test_top_level(name):
    value = getattr(kerata, name)
    if name in kerata._MODULES:
        assert isinstance(value, types.ModuleType) and value.__name__ == f"kerata.{name}"


@pytest.mark.parametrize("name", sorted(utils.__all__))
def test_utils(name):
    assert getattr(utils, name) is not None


def test_unknown_names():
    with pytest.raises(AttributeError, match="Did you mean 'Sequential'"):
        _ = kerata.Sequental
    with pytest.raises(AttributeError, match="nothing"):
        _ = utils.nothing
    assert not hasattr(kerata, "__wrapped__")


@pytest.mark.parametrize(
    "statement",
    [
        "from kerata.callbacks import EarlyStopping, ModelCheckpoint",
        "from kerata.utils import np_utils, to_categorical, plot_model, Sequence",
        "from kerata.utils.np_utils import *\nto_categorical",
        "from kerata.models import Sequential, Model",
        "from kerata.preprocessing.sequence import pad_sequences",
        "from kerata.datasets import mnist, imdb\nmnist.load_data",
        "import kerata.backend as K\nK.clear_session(); K.floatx()",
        "import kerata as keras\nkeras.datasets.digits, keras.random.normal, keras.preprocessing.sequence",
        "import kerata\nkerata.utils.np_utils.to_categorical",
    ],
)
def test_statements(statement):
    exec(statement, {})


def test_backend():
    backend = importlib.import_module("kerata.backend")
    backend.clear_session()
    assert [backend.get_uid(name) for name in ("thing", "thing", "other")] == [1, 2, 1]
    assert backend.is_float_dtype("float16") and not backend.is_float_dtype("int8")
    assert backend.is_int_dtype("uint8") and not backend.is_int_dtype("bool")
    assert backend.is_keras_tensor(kerata.KerasTensor((1,))) and not backend.is_keras_tensor(1)
    assert backend.standardize_dtype("half") == "float16"
    assert backend.result_type("int32", "float32") == "float32"
    with backend.device("cpu:0"):
        assert kerata.ops.ones((2,)).shape == (2,)


def test_dir():
    assert {"Model", "layers", "__version__"} <= set(dir(kerata))
    assert "get_file" in dir(utils)


def test_the_names_of_keras():
    missing = {row.name: row.missing for row in api.compare() if row.missing}
    assert not missing
    assert set(api.DIFFERENT) <= set(api.read(api.MODERN))


def test_the_table_of_names(capsys):
    assert api.main([]) == 0
    text = capsys.readouterr().out
    assert "100.0 % of" in text and "keras.Model differs: compile names" in text
