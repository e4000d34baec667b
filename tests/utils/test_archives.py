"""Archives that mean harm."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

from kerata.errors import FileError, InputError
from kerata.utils import archives
from kerata.utils.archives import extract_archive


def tar_of(path, *members, mode="w:gz"):
    """Members: (name, bytes) for files, (name, kind, target) for links and the like."""
    with tarfile.open(path, mode) as tar:
        for name, *rest in members:
            info = tarfile.TarInfo(name)
            if len(rest) == 1:
                info.size = len(rest[0])
                tar.addfile(info, io.BytesIO(rest[0]))
            else:
                info.type, info.linkname = rest
                tar.addfile(info)
    return path


def zip_of(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in members.items():
            z.writestr(name, content)
    return path


def names(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar(tmp_path, mode):
    file = tar_of(
        tmp_path / "a",
        ("d", tarfile.DIRTYPE, ""),
        ("d/x", b"1"),
        ("y", b"22"),
        ("hard", tarfile.LNKTYPE, "d/x"),
        ("d/soft", tarfile.SYMTYPE, "../y"),
        mode=mode,
    )
    extract_archive(file, tmp_path / "out")
    assert names(tmp_path / "out") == ["d", "d/soft", "d/x", "hard", "y"]
    assert (tmp_path / "out/d/soft").read_bytes() == b"22"
    assert (tmp_path / "out/hard").read_bytes() == b"1"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "out"]


def test_zip_replaces_a_folder(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").write_text("")
    extract_archive(zip_of(tmp_path / "a", **{"d/x": b"1", "e/": b""}), tmp_path / "out")
    assert names(tmp_path / "out") == ["d", "d/x", "e"]


HARMFUL = [
    [("../x", b"1")],
    [("/tmp/x", b"1")],
    [("d/../../x", b"1")],
    [("C:/x", b"1")],
    [("a", tarfile.SYMTYPE, "/etc/passwd")],
    [("a", tarfile.SYMTYPE, "../outside")],
    [("a", tarfile.SYMTYPE, ".."), ("a/x", b"1"), ("b", tarfile.SYMTYPE, "a/../..")],
    [("d/e/s", tarfile.SYMTYPE, "../.."), ("d/e/t", tarfile.SYMTYPE, "s/../../x")],
    [("s", tarfile.SYMTYPE, ".."), ("s/t", tarfile.SYMTYPE, "x")],
    [("a", tarfile.LNKTYPE, "/etc/passwd")],
    [("a", tarfile.LNKTYPE, "../outside")],
    [("a", tarfile.FIFOTYPE, "")],
    [("a", tarfile.CHRTYPE, "")],
]


@pytest.mark.parametrize("members", HARMFUL)
def test_harmful_tar(tmp_path, members):
    (tmp_path / "outside").write_text("secret")
    file = tar_of(tmp_path / "a.tar", *members)
    with pytest.raises(FileError):
        extract_archive(file, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar", "outside"]


def test_file_is_not_written_through_a_link(tmp_path):
    (tmp_path / "outside").mkdir()
    file = tar_of(
        tmp_path / "a.tar", ("d", tarfile.SYMTYPE, str(tmp_path / "outside")), ("d/x", b"1")
    )
    with pytest.raises(FileError):
        extract_archive(file, tmp_path / "out")
    assert names(tmp_path / "outside") == []


@pytest.mark.parametrize("name", ["../x", "/x", "..\\x"])
def test_harmful_zip(tmp_path, name):
    with pytest.raises(FileError, match="outside"):
        extract_archive(zip_of(tmp_path / "a", **{name: b"1"}), tmp_path / "out")


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_bomb(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(archives, "ALLOWANCE", 10_000)
    zeros = bytes(3_000_000)
    file = tmp_path / "a"
    if kind == "tar":
        tar_of(file, ("x", zeros))
    else:
        zip_of(file, x=zeros)
    with pytest.raises(FileError, match="bomb"):
        extract_archive(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_damaged(tmp_path):
    file = tar_of(tmp_path / "a", ("x", bytes(range(256)) * 4000))
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(FileError, match="damaged"):
        extract_archive(file, tmp_path / "out")


def test_formats(tmp_path):
    file = zip_of(tmp_path / "a", x=b"1")
    with pytest.raises(FileError, match="no archive"):
        extract_archive(file, tmp_path / "out", "tar")
    with pytest.raises(FileError, match="no archive"):
        extract_archive(file, tmp_path / "out", None)
    with pytest.raises(InputError, match="rar"):
        extract_archive(file, tmp_path / "out", "rar")
    extract_archive(file, tmp_path / "out", ["tar", "zip"])
    assert names(tmp_path / "out") == ["x"]
