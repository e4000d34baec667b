"""Archives that came over the network, unpacked without trust in what they say."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

from ..errors import FileError, InputError

ALLOWANCE = 1 << 30
"""Bytes that any archive may unpack to."""
RATIO = 100
"""Beyond that, bytes that it may unpack to per byte of its own."""
_COST = 512
_DAMAGE = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError),
    *(IsADirectoryError, NotADirectoryError, FileExistsError),  # one name for two things
)
_CHUNK = 1 << 20


def extract_archive(
    file: str | os.PathLike, folder: str | os.PathLike, archive_format: Any = "auto"
) -> None:
    """Unpack a tar or zip archive into `folder`, which appears whole or not at all.

    Refused are names and links that lead out of the folder, devices, and archives that unpack to
    more than `ALLOWANCE` and `RATIO` times their own size. A folder of that name is replaced.

    Args:
        file: The archive; its form is told by its content.
        folder: Where to unpack to.
        archive_format: ``"tar"`` (also compressed), ``"zip"``, a list of them, ``"auto"`` for both.
    """
    file, folder = Path(file), Path(folder)
    formats = _formats(archive_format)
    if "tar" in formats and tarfile.is_tarfile(file):
        unpack: Any = _unpack_tar
    elif "zip" in formats and zipfile.is_zipfile(file):
        unpack = _unpack_zip
    else:
        raise FileError(
            f"{file} is no archive of the form {' or '.join(formats) or 'None'}: nothing to extract."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        new = staging / "new"
        new.mkdir()
        unpack(file, _Target(new, file))
        if folder.exists():
            folder.rename(staging / "old")
        new.rename(folder)
    except _DAMAGE as e:
        raise FileError(f"The archive {file} is damaged: {e}. Delete it and fetch it again.") from e
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _formats(archive_format: Any) -> tuple[str, ...]:
    if archive_format == "auto":
        return ("tar", "zip")
    formats = (archive_format,) if isinstance(archive_format, str) else tuple(archive_format or ())
    unknown = [f for f in formats if f not in ("tar", "zip")]
    if unknown:
        raise InputError(
            f"archive_format {unknown[0]!r}; expected 'auto', 'tar', 'zip' or a list of them."
        )
    return formats


class _Target:
    """The folder being filled, and what may still be written to it."""

    def __init__(self, root: Path, archive: Path) -> None:
        self.root, self.archive = root, archive
        self.limit = self.left = ALLOWANCE + RATIO * archive.stat().st_size

    def path(self, name: str) -> Path:
        """Where the member called `name` goes."""
        pure = PurePosixPath(name.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or PureWindowsPath(name).drive:
            raise FileError(
                f"The archive {self.archive} is unsafe: {name!r} lies outside of its folder."
            )
        return self.root.joinpath(*pure.parts)

    def spend(self, size: int) -> None:
        """Count bytes that are about to be written."""
        self.left -= size
        if self.left < 0:
            raise FileError(
                f"The archive {self.archive} unpacks to more than {self.limit:,} bytes, "
                f"{RATIO} times its own size and more: refused as a decompression bomb."
            )

    def folder(self, name: str) -> None:
        """Make a folder."""
        self.spend(_COST)
        self.path(name).mkdir(parents=True, exist_ok=True)

    def write(self, name: str, content: IO[bytes]) -> None:
        """Make a file."""
        self.spend(_COST)
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            while chunk := content.read(_CHUNK):
                self.spend(len(chunk))
                out.write(chunk)

    def link(self, name: str, to: str) -> None:
        """Make a symbolic link, once all files are there so that none is written through it."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._inside(path.parent, name, to)
        path.unlink(missing_ok=True)
        path.symlink_to(to)

    def check_links(self, links: Iterable[tuple[str, str]]) -> None:
        """Refuse links that lead out, alone or one through another."""
        for name, to in links:
            self._inside(self.path(name), name, to)

    def _inside(self, path: Path, name: str, to: str) -> None:
        root = os.path.realpath(self.root)
        real = os.path.realpath(path)
        if os.path.isabs(to) or (real != root and not real.startswith(root + os.sep)):
            raise FileError(
                f"The archive {self.archive} is unsafe: the link {name!r} leads out, to {to!r}."
            )


def _unpack_tar(file: Path, target: _Target) -> None:
    links: list[tuple[str, str]] = []
    with tarfile.open(file) as archive:
        for member in archive:
            if member.isdir():
                target.folder(member.name)
            elif member.isfile():
                content = archive.extractfile(member)
                assert content is not None
                target.write(member.name, content)
            elif member.islnk():
                _copy_linked(target, member)
            elif member.issym():
                target.spend(_COST)
                links.append((member.name, member.linkname))
            else:
                raise FileError(
                    f"The archive {file} is unsafe: {member.name!r} is a device or pipe."
                )
    for name, to in links:
        target.link(name, to)
    target.check_links(links)


def _copy_linked(target: _Target, member: tarfile.TarInfo) -> None:
    # A hard link is a second name of a member that came before it.
    source = target.path(member.linkname)
    if not source.is_file():
        raise FileError(
            f"The archive {target.archive} is damaged: {member.name!r} links to nothing."
        )
    with source.open("rb") as content:
        target.write(member.name, content)


def _unpack_zip(file: Path, target: _Target) -> None:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.is_dir():
                target.folder(member.filename)
                continue
            with archive.open(member) as content:
                target.write(member.filename, content)
