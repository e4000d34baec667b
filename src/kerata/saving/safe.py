"""Writing that loses nothing, and reading that trusts nothing.

A file is written beside its target and takes the target's name only when all of it is on the disk.
What is read is checked first: that it is what it claims, that nothing in it points outside, and that
it does not grow out of proportion.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ..errors import FileError

# A member or array larger than this must not be stored in less than a hundredth of its size.
_FLOOR = 64 * 2**20
_RATIO = 100


# --- writing ------------------------------------------------------------------------------------


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str], overwrite: bool = True) -> Iterator[IO[bytes]]:
    """A file to write to, which becomes `path` when the block ends well; else nothing is changed.

    Args:
        path: Where the file is to be. Missing folders are made.
        overwrite: Whether a file of that name may be replaced.

    Raises:
        FileExistsError: It exists, and `overwrite` is off.
        OSError: The disk is full, the folder is read-only, ...; a file that was there is untouched.
    """
    target = Path(os.path.realpath(os.fspath(path)))
    if target.is_dir():
        raise IsADirectoryError(
            errno.EISDIR, f"{path} is a folder: give the name of a file in it", str(path)
        )
    if not overwrite and target.exists():
        raise FileExistsError(
            errno.EEXIST, f"{path} exists already; pass overwrite=True to replace it", str(path)
        )
    part = target.with_name(f".{target.name[:60]}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), "w+b")
    except OSError as e:
        raise _told(e, path) from e
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _keep_mode(target, part)
        os.replace(part, target)
        _sync_folder(target.parent)
    except OSError as e:
        raise _told(e, path) from e
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _keep_mode(target: Path, part: Path) -> None:
    with contextlib.suppress(OSError):
        os.chmod(part, target.stat().st_mode & 0o777)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_REASONS = {
    errno.ENOSPC: "the disk is full. Free some space or save elsewhere",
    errno.EDQUOT: "the disk quota is used up. Free some space or save elsewhere",
    errno.EROFS: "the file system is read-only. Save elsewhere",
    errno.EACCES: "there is no permission to write there. Save elsewhere",
    errno.EPERM: "there is no permission to write there. Save elsewhere",
    errno.ENOTDIR: "a part of the path is a file, not a folder. Save elsewhere",
}


def _told(e: OSError, path: Any) -> OSError:
    reason = _REASONS.get(e.errno or 0, e.strerror or str(e))
    return type(e)(
        e.errno,
        f"{path} could not be written: {reason}. A file of that name is as it was",
        str(path),
    )


# --- reading ------------------------------------------------------------------------------------

_MAGIC = (
    (b"PK\x03\x04", 0, "zip"),
    (b"\x89HDF\r\n\x1a\n", 0, "hdf5"),
    (b"TFL3", 4, "a TensorFlow Lite model"),
    (b"GGUF", 0, "a GGUF file"),
    (b"\x80", 0, "a Python pickle"),
    (b"\x93NUMPY", 0, "a NumPy array"),
    (b"\x1f\x8b", 0, "a gzip file"),
    (b"{", 0, "a JSON text: if it is an architecture, use models.model_from_json"),
    (b"<", 0, "an HTML or XML text; a download may have failed"),
)


def kind_of(path: str | os.PathLike[str]) -> str:
    """``"zip"`` or ``"hdf5"``, whichever the file's first bytes say, whatever its name.

    Raises:
        FileNotFoundError: There is no such file.
        FileError: It is something else; the message says what, where that can be told.
    """
    path = Path(path)
    if path.is_dir():
        what = (
            "a TensorFlow SavedModel folder" if (path / "saved_model.pb").exists() else "a folder"
        )
        raise FileError(f"{path} is {what}, not a model file. Kerata reads .keras and .h5 files.")
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, _missing(path), str(path))
    with open(path, "rb") as f:
        start = f.read(16)
    if not start:
        raise FileError(f"{path} is empty: the program that wrote it may have been stopped.")
    for magic, offset, kind in _MAGIC:
        if start[offset : offset + len(magic)] == magic:
            if kind in ("zip", "hdf5"):
                return kind
            raise FileError(f"{path} is not a model file: it looks like {kind}.")
    raise FileError(
        f"{path} is not a model file: it is neither a zip archive (.keras) nor HDF5 (.h5)."
    )


def _missing(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"No such folder: {folder}"
    near = sorted(p.name for p in folder.iterdir() if p.suffix in (".keras", ".h5", ".hdf5"))[:6]
    return f"There is no file {path.name!r}" + (
        f" in {folder}; there are: {', '.join(near)}" if near else ""
    )


class Archive:
    """A zip file of which single members are read into memory after a look at their sizes."""

    def __init__(self, source: Any, name: str) -> None:
        self.name = name
        try:
            self.zip = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, OSError, EOFError) as e:
            raise FileError(f"{name} is damaged or cut short: {e}. Copy or save it anew.") from e
        self.members = {i.filename: i for i in self.zip.infolist()}

    def read(self, member: str) -> bytes:
        """The content of one member.

        Raises:
            FileError: It is missing, damaged, or out of proportion.
        """
        info = self.members.get(member)
        if info is None:
            inside = ", ".join(sorted(self.members)[:5]) or "nothing"
            raise FileError(
                f"{self.name} is no Keras model: it has no {member}. It holds: {inside}."
            )
        if info.file_size > _FLOOR and info.file_size > _RATIO * max(info.compress_size, 1):
            raise FileError(
                f"{self.name}: {member} claims to unpack from {info.compress_size:,} to {info.file_size:,} bytes. "
                "Such a file is made to fill the memory; it is not read."
            )
        try:
            return self.zip.read(info)
        except (
            zipfile.BadZipFile,
            EOFError,
            OSError,
            RuntimeError,
            NotImplementedError,
            ValueError,
        ) as e:
            raise FileError(
                f"{self.name}: {member} is damaged: {e}. Copy or save the file anew."
            ) from e

    def extract(self, prefix: str, folder: Path) -> None:
        """Write the members below `prefix` into `folder`, and nowhere else."""
        for name in self.members:
            if not name.startswith(prefix) or name.endswith("/"):
                continue
            target = inside(folder, name.removeprefix(prefix), self.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.read(name))

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: Any) -> None:
        self.zip.close()


def inside(folder: Path, name: str, file: str) -> Path:
    """The path of `name` in `folder`, if it does not lead out of it."""
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        raise FileError(f"{file} holds a path that leads outside of it ({name!r}). It is not read.")
    return folder.joinpath(*parts)


@contextlib.contextmanager
def open_hdf5(source: Any, name: str) -> Iterator[Any]:
    """An HDF5 file (a path or bytes) opened for reading.

    Raises:
        FileError: It is damaged or cut short, or becomes so while it is read.
    """
    import h5py

    try:
        file = h5py.File(io.BytesIO(source) if isinstance(source, bytes) else source, "r")
    except (OSError, ValueError) as e:
        raise FileError(f"{name} is damaged, cut short, or no HDF5 file: {_first_line(e)}.") from e
    with file:
        yield file


def _first_line(e: Exception) -> str:
    return str(e).strip().split("\n")[0].rstrip(".")


def child(group: Any, key: str, name: str) -> Any:
    """A member of an HDF5 group that is stored in the same file; ``None`` if there is none.

    `key` may be a path of several names.

    Raises:
        FileError: It is a link to elsewhere.
    """
    import h5py

    for part in key.split("/"):
        if part in ("", ".", "..") or not isinstance(group, h5py.Group):
            return None
        link = group.get(part, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise FileError(f"{name}: {part!r} is a link to elsewhere. It is not followed.")
        try:
            group = group[part]
        except (KeyError, OSError, RuntimeError) as e:
            raise FileError(f"{name}: {part!r} is damaged: {_first_line(e)}.") from e
    return group


def array(dataset: Any, name: str) -> Any:
    """The array that an HDF5 data set holds.

    Raises:
        FileError: Its data lie outside of the file, are damaged, or out of proportion.
    """
    import h5py
    import numpy as np

    if not isinstance(dataset, h5py.Dataset):
        raise FileError(
            f"{name}: an array is expected at {getattr(dataset, 'name', '?')!r}, there is none."
        )
    if dataset.external or dataset.is_virtual:
        raise FileError(
            f"{name}: the data of {dataset.name!r} lie in another file. It is not read."
        )
    size = dataset.dtype.itemsize * int(np.prod(dataset.shape, dtype=np.float64))
    if size > _FLOOR and size > _RATIO * max(dataset.id.get_storage_size(), 1):
        raise FileError(
            f"{name}: {dataset.name!r} claims {size:,} bytes but stores {dataset.id.get_storage_size():,}. "
            "Such a file is made to fill the memory; it is not read."
        )
    try:
        value = dataset[()]
    except (OSError, RuntimeError, ValueError) as e:
        raise FileError(
            f"{name}: {dataset.name!r} is damaged: {_first_line(e)}. Copy or save the file anew."
        ) from e
    kind = dataset.attrs.get("dtype")
    if kind is not None and str(kind).startswith(("bfloat16", "float8")):
        import ml_dtypes

        value = np.asarray(value).view(getattr(ml_dtypes, str(kind)))
    return value
