"""Files: the diff, --check, --write in one stroke, notebooks with their outputs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("libcst")

from kerata.upgrade import files

OLD = "from keras.layers.core import Dense\nd = Dense(output_dim=3)\n"
NEW = "from kerata.layers import Dense\nd = Dense(units=3)\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "old.py"
    path.write_text(OLD)
    return path


def test_shows_the_diff_and_changes_nothing(program: Path, capsys: pytest.CaptureFixture) -> None:
    assert files.run([str(program)], write=False, check=False) == 0
    out, err = capsys.readouterr()
    assert "\n-d = Dense(output_dim=3)\n" in out and "\n+d = Dense(units=3)\n" in out
    assert "1 would change" in err
    assert program.read_text() == OLD


def test_check(program: Path) -> None:
    assert files.run([str(program)], write=False, check=True) == 1
    program.write_text(NEW)
    assert files.run([str(program)], write=False, check=True) == 0


def test_write_keeps_mode_and_leaves_nothing_else(program: Path) -> None:
    program.chmod(0o750)
    assert files.run([str(program)], write=True, check=False) == 0
    assert program.read_text() == NEW
    assert program.stat().st_mode & 0o777 == 0o750
    assert os.listdir(program.parent) == ["old.py"]
    assert files.run([str(program)], write=True, check=True) == 0


def test_write_that_fails_leaves_the_old_file(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        files.replace(program, NEW)
    assert program.read_text() == OLD
    assert os.listdir(program.parent) == ["old.py"]


def test_line_endings_stay(program: Path) -> None:
    program.write_bytes(OLD.replace("\n", "\r\n").encode())
    files.run([str(program)], write=True, check=False)
    assert program.read_bytes() == NEW.replace("\n", "\r\n").encode()


def test_what_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "bad.py").write_bytes(b"\xff\xfe")
    (tmp_path / "bad.ipynb").write_text("[]")
    names = [str(tmp_path / n) for n in ("none.py", "bad.py", "bad.ipynb")] + [str(tmp_path)]
    assert files.run(names, write=True, check=False) == 2
    err = capsys.readouterr().err
    assert all(n in err for n in names) and "no notebook" in err and "is a folder" in err


def test_python_2_is_said_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "two.py"
    path.write_text("import keras\nprint 'x'\n")
    assert files.run([str(path)], write=True, check=True) == 0
    assert f"{path}:2: this is Python 2" in capsys.readouterr().err
    assert path.read_text() == "import keras\nprint 'x'\n"


def cell(source: list[str], kind: str = "code") -> dict:
    out = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        out |= {"execution_count": 1, "outputs": [{"output_type": "stream", "text": ["keras é\n"]}]}
    return out


def test_notebook_cell_by_cell_with_outputs(tmp_path: Path) -> None:
    cells = [
        cell(["# keras.layers.core\n"], "markdown"),
        cell(
            [
                "%matplotlib inline\n",
                "from keras.layers.core import Dense\n",
                "from keras.utils import np_utils",
            ]
        ),
        cell(["!pip install keras\n", "d = Dense(output_dim=3)\n", "print?"]),
        cell(["%%bash\n", "pip install keras"]),
        cell(["y = np_utils.to_categorical([1])\n", "x = 7 \\\n", "% 4"]),
        cell(["from keras.layers import Dense\n", "print 'x'"]),
        cell(["z = 3"]),
    ]
    content = {"cells": cells, "metadata": {"k": "v"}, "nbformat": 4, "nbformat_minor": 4}
    path = tmp_path / "old.ipynb"
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
    found = files.read(path)
    new = json.loads(found.after)
    assert [c["source"] for c in new["cells"]] == [
        ["# keras.layers.core\n"],
        ["%matplotlib inline\n", "import kerata as keras\n", "from kerata.layers import Dense"],
        ["!pip install keras\n", "d = Dense(units=3)\n", "print?"],
        ["%%bash\n", "pip install keras"],
        ["y = keras.utils.to_categorical([1])\n", "x = 7 \\\n", "% 4"],
        ["from keras.layers import Dense\n", "print 'x'"],
        ["z = 3"],
    ]
    assert [c.get("outputs") for c in new["cells"]] == [c.get("outputs") for c in cells]
    assert new["metadata"] == {"k": "v"}
    assert found.after.splitlines()[0:2] == text.splitlines()[0:2] and "é" in found.after
    assert any("cell 5" in x for x in found.left)
    assert "+d = Dense(units=3)" in files.difference(found)


def test_a_modern_notebook_stays_as_it_is_written(tmp_path: Path) -> None:
    text = json.dumps({"cells": [cell(["import kerata\n"])], "nbformat": 4}) + "\n\n"
    path = tmp_path / "new.ipynb"
    path.write_text(text)
    assert files.read(path).after == text


def test_command(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from kerata import cli

    monkeypatch.setattr(sys, "argv", ["kerata", "upgrade", "--check", str(program)])
    with pytest.raises(SystemExit) as e:
        cli.main()
    assert e.value.code == 1


def test_command_without_libcst(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    import importlib.util

    from kerata import cli

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cli.run_upgrade(["x.py"]) == 2
    assert "kerata[upgrade]" in capsys.readouterr().err
