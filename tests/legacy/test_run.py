"""``kerata run``: programs and notebooks in the spelling of each era."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from kerata import compat, config, runner
from kerata.legacy import guess


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    yield
    compat.uninstall()


@pytest.fixture
def program(tmp_path, capfd):
    """Run a program of some lines; gives its status, standard output and standard error."""

    def call(text: str, *arguments: str, name: str = "program.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        status = runner.run(str(path), list(arguments))
        out = capfd.readouterr()
        return status, out.out, out.err

    return call


FIRST = """
from __future__ import print_function
import numpy as np
from keras.models import Sequential
from keras.layers.core import Dense, Activation, Dropout
from keras.utils import np_utils
x = np.random.random((40, 8))
y = np_utils.to_categorical(np.random.randint(3, size=40), 3)
model = Sequential()
model.add(Dense(16, input_dim=8))
model.add(Activation('relu'))
model.add(Dropout(0.2))
model.add(Dense(3))
model.add(Activation('softmax'))
model.compile(loss='categorical_crossentropy', optimizer='rmsprop', metrics=['accuracy'], class_mode='categorical')
history = model.fit(x, y, batch_size=10, nb_epoch=2, verbose=0, show_accuracy=True)
def batches():
    while True:
        yield x[:10], y[:10]
more = model.fit_generator(batches(), samples_per_epoch=20, nb_epoch=1, verbose=0, max_q_size=2, nb_worker=1,
                           validation_data=batches(), nb_val_samples=10)
import kerata
print(len(history.history['acc']), sorted(more.history), model.predict_classes(x, verbose=0).shape, kerata.compat.era())
"""

SECOND = """
import numpy as np, keras
from keras.models import Sequential, Model
from keras.layers import Input
from keras.layers.convolutional import Conv2D, MaxPooling2D
from keras.layers.core import Flatten, Dense
from keras.optimizers import Adam
from keras.engine.topology import Layer
import keras.backend as K
K.clear_session()
a = Input(shape=(8, 8, 1))
x = MaxPooling2D((2, 2))(Conv2D(4, (3, 3), padding='same', activation='relu')(a))
model = Model(a, Dense(2, activation='softmax')(Flatten()(x)))
model.compile(Adam(lr=0.01), 'sparse_categorical_crossentropy', metrics=['acc'])
h = model.fit(np.ones((8, 8, 8, 1)), np.zeros((8, 1)), epochs=2, verbose=0, validation_split=0.25)
print(sorted(h.history), keras.__version__, model.layers[1].output_shape, isinstance(model.layers[1], Layer))
print(model.evaluate_generator(iter([(np.ones((8, 8, 8, 1)), np.zeros((8, 1)))]), steps=1)[1])
"""

TENSORFLOW = """
from tensorflow.keras import layers, models
from tensorflow.keras.preprocessing.sequence import pad_sequences
from tensorflow.python.keras.layers import Dense
x = pad_sequences([[1, 2], [3]], maxlen=3)
model = models.Sequential([layers.Embedding(5, 4), layers.LSTM(3), Dense(1, activation='sigmoid')])
model.compile(optimizer='adam', loss='binary_crossentropy', metrics=['accuracy'])
model.fit(x, x[:, -1] > 2, verbose=0)
print(model.predict(x, verbose=0).shape)
"""

THIRD = """
import keras
from keras import ops
model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
print(float(ops.sum(ops.ones((2, 2)))), keras.__version__, model.output_shape)
"""


@pytest.mark.parametrize(
    "text, expected",
    [
        (FIRST, "2 ['accuracy', 'loss', 'val_accuracy', 'val_loss'] (40,) 1"),
        (SECOND, "2.3.1 (None, 8, 8, 4) True"),
        (TENSORFLOW, "(2, 1)"),
        (THIRD, "4.0 3.15.1 (None, 1)"),
    ],
)
def test_programs_of_each_era(program, text, expected):
    status, out, err = program(text)
    assert status == 0, err
    assert expected in out


def test_a_program_runs_as_python_would_run_it(program):
    (status, out, err) = program(
        """
        import sys, os, __main__, pickle
        class Thing: pass
        if __name__ == "__main__":
            assert __main__.Thing is Thing and pickle.loads(pickle.dumps(Thing)) is Thing
            print(os.path.basename(__file__), sys.argv[1:], os.path.samefile(sys.path[0], os.path.dirname(__file__)))
            sys.exit(3)
        """,
        "--rate", "5",
    )  # fmt: skip
    assert status == 3 and out == "program.py ['--rate', '5'] True\n", err


def test_names_that_numpy_once_had(program):
    status, out, err = program(
        "import numpy as np\nx = np.zeros(3, dtype=np.float)\nprint(np.int(2), np.asscalar(x[:1]), np.Inf, np.product([2, 3]))"
    )
    assert status == 0, err
    assert out == "2 0.0 inf 6\n"
    assert not hasattr(np, "float")


def test_errors_begin_in_the_program(program):
    status, _, err = program("import keras\ndef f():\n    keras.layers.Dense('a')\nf()\n")
    assert status == 1
    assert err.startswith("Traceback") and err.splitlines()[1].strip().startswith("File")
    assert "program.py" in err.splitlines()[1] and "runner.py" not in err
    status, _, err = program("print 'hello'\n")
    assert status == 1 and "Python 2" in err
    status, _, err = program("import sys\nsys.exit('no data')\n")
    assert status == 1 and err == "no data\n"


def test_no_program(capsys, tmp_path):
    assert runner.run(str(tmp_path / "none.py"), []) == 2
    assert runner.run(str(tmp_path), []) == 2
    (tmp_path / "n.ipynb").write_text("{")
    assert runner.run(str(tmp_path / "n.ipynb"), []) == 2
    err = capsys.readouterr().err
    assert "does not exist" in err and "is a folder" in err and "is no notebook" in err


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "source": c.splitlines(keepends=True)} for c in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": ["# Title"]}, *made]})


def test_a_notebook(program):
    text = notebook(
        "%matplotlib inline\n!pip install keras\nimport keras\nx = 7 % 4",
        "%%time\ny = x + 1\ny",
        "%%bash\nls",
        "files = !ls\nif y:\n    %run other.py\nkeras.layers.Dense?",
        "display('shown'); 5;",
        "import os\nprint(keras.layers.Dense(y).units, __name__)",
    )
    status, out, err = program(text, name="n.ipynb")
    assert status == 0, err
    assert out == "4\nshown\n4 __main__\n"
    for line in ("!pip install keras", "%%bash ...", "files = !ls", "%run other.py", "Dense?"):
        assert line in err
    assert "matplotlib" not in err


def test_an_error_in_a_notebook_names_the_cell(program):
    status, _, err = program(notebook("a = 1", "b = 2\n1 / 0"), name="n.ipynb")
    assert status == 1 and "n.ipynb [cell 2]" in err and "1 / 0" in err and "runner.py" not in err


@pytest.mark.parametrize(
    "source, libraries",
    [
        ("import tensorflow as tf\ntf.keras.layers", set()),
        ("import tensorflow as tf\ntf.keras.layers, tf.__version__", set()),
        ("import tensorflow as tf\ntf.constant(1)", {"tensorflow"}),
        ("from tensorflow import keras", set()),
        ("from tensorflow.keras import layers", set()),
        ("import tensorflow.keras.backend as K", set()),
        ("from tensorflow import data", {"tensorflow"}),
        ("from tensorflow.python.ops import math_ops", {"tensorflow"}),
        ("import tensorflow.compat.v1 as tf", {"tensorflow"}),
        ("import torch.nn as nn", {"torch"}),
        ("from jax import numpy", {"jax"}),
        ("import numpy", set()),
    ],
)
def test_libraries_of_a_program(source, libraries):
    assert guess.libraries(ast.parse(source)) == libraries


def test_the_engine_of_a_program(monkeypatch):
    installed = {"tensorflow", "torch", "jax"}
    monkeypatch.setattr(runner.importlib.util, "find_spec", lambda name: name in installed or None)

    def chosen(libraries, own=None, **environment):
        for name in ("KERATA_ENGINE", "KERAS_BACKEND"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setitem(config._settings, "engine", None)
        runner._choose_engine(libraries, own)
        return os.environ.get("KERATA_ENGINE") or config._settings["engine"]

    assert chosen({"tensorflow"}) == "tensorflow"
    assert chosen({"torch"}) == "torch"
    assert chosen({"torch", "jax"}) == "jax"
    assert chosen(set()) is None
    assert chosen({"tensorflow"}, KERAS_BACKEND="torch") is None
    assert chosen({"tensorflow"}, KERATA_ENGINE="jax") == "jax"
    assert chosen(set(), "torch") is None  # read when the program has set it
    monkeypatch.setattr(config, "_from_file", lambda key: None)
    assert chosen(set(), "theano") == "jax"
    installed.clear()
    assert chosen({"tensorflow"}) is None


@pytest.mark.parametrize(
    "source, era",
    [
        ("Convolution2D(8, 3, 3, border_mode='same')", 1),
        ("model.fit(x, y, nb_epoch=2)", 1),
        ("import keras.backend as K\nK.int_shape(x)", 2),
        ("Adam(lr=0.1)", 2),
        ("lr = 0.1\nAdam(learning_rate=lr)", None),
        ("from keras import layers, ops", 3),
        ("import keras\nkeras.ops.sum(x)", 3),
        ("nb_epoch = 5\nmodel.fit(x, y, epochs=nb_epoch)", 2),
        ("model.fit_generator(g, samples_per_epoch=64, epochs=2)", 2),
        ("nb_epoch = 5\nfrom tensorflow.keras import layers", 2),
        ("import keras", None),
    ],
)
def test_the_era_of_a_program(source, era):
    assert guess.era_of(source) == era


def test_the_command(tmp_path):
    (tmp_path / "p.py").write_text(
        "import keras, sys\nprint(keras.layers.Dense.__module__, sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-m", "kerata", "run", str(tmp_path / "p.py"), "-v", "--epochs", "1"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "kerata.layers.core ['-v', '--epochs', '1']\n"
