"""get_file against a small server on this machine that breaks off, changes its mind, and refuses."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import socket
import tarfile
import threading
from pathlib import Path

import pytest

from kerata.errors import FileError, InputError
from kerata.utils import files
from kerata.utils.files import DownloadError, get_file

BODY = bytes(range(256)) * 1200  # 307,200 bytes


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Server:
    """Serves `body`; `cuts` are the bytes after which the next responses break off."""

    def __init__(self) -> None:
        self.body, self.etag = BODY, '"one"'
        self.cuts: list[int] = []
        self.errors: list[int] = []
        self.ranges: list[str | None] = []
        self.can_resume = True
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                outer.answer(self)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, name: str = "data.bin") -> str:
        return f"http://127.0.0.1:{self.http.server_port}/{name}"

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        if self.errors:
            request.send_error(self.errors.pop(0))
            return
        start = 0
        if asked and self.can_resume and request.headers.get("If-Range", self.etag) == self.etag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        if start >= len(self.body) > 0 and start:
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.body)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header(
                "Content-Range", f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
            )
        if self.etag:
            request.send_header("ETag", self.etag)
        request.send_header("Content-Length", str(len(self.body) - start))
        request.end_headers()
        cut = self.cuts.pop(0) if self.cuts else None
        request.wfile.write(self.body[start:] if cut is None else self.body[start : start + cut])
        if cut is not None:
            request.wfile.flush()
            request.connection.shutdown(socket.SHUT_RDWR)
            request.close_connection = True


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("KERATA_HOME", str(tmp_path / "kerata"))
    monkeypatch.setattr(files, "WAIT", 0.001)
    return tmp_path


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_downloads_once(server, caches):
    path = get_file("d.bin", server.url(), file_hash=sha(BODY))
    assert path == str(caches / "kerata/datasets/d.bin")
    assert Path(path).read_bytes() == BODY
    assert get_file("d.bin", server.url(), file_hash=sha(BODY)) == path
    assert len(server.ranges) == 1
    assert leftovers(Path(path).parent) == ["d.bin"]


def test_name_from_address_and_md5(server, caches):
    path = get_file(origin=server.url("some.npz?x=1"), md5_hash=hashlib.md5(BODY).hexdigest())
    assert path == str(caches / "kerata/datasets/some.npz")
    with pytest.raises(InputError, match="no file name"):
        get_file(origin="http://127.0.0.1/")


def test_force_download(server):
    get_file("d.bin", server.url())
    server.body, server.etag = b"new", '"two"'
    path = get_file("d.bin", server.url(), force_download=True)
    assert Path(path).read_bytes() == b"new"


def test_copy_of_keras_is_used(server, caches):
    there = caches / "keras/datasets/d.bin"
    there.parent.mkdir(parents=True)
    there.write_bytes(BODY)
    assert get_file("d.bin", server.url(), file_hash=sha(BODY)) == str(there)
    there.write_bytes(b"damaged")
    path = get_file("d.bin", server.url(), file_hash=sha(BODY))
    assert path == str(caches / "kerata/datasets/d.bin")
    assert there.read_bytes() == b"damaged"


def test_cache_dir_and_subdir(server, tmp_path):
    path = get_file("d.bin", server.url(), cache_dir=tmp_path / "mine", cache_subdir="sub/deep")
    assert path == str(tmp_path / "mine/sub/deep/d.bin")
    path = get_file("d.bin", server.url(), cache_subdir=str(tmp_path / "absolute"))
    assert path == str(tmp_path / "absolute/d.bin")


def test_resumes_within_a_call(server):
    server.cuts = [100_000, 50_000]
    path = get_file("d.bin", server.url(), file_hash=sha(BODY))
    assert Path(path).read_bytes() == BODY
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_resumes_in_a_later_call(server, caches, monkeypatch):
    monkeypatch.setattr(files, "TRIES", 1)
    server.cuts = [70_000]
    with pytest.raises(DownloadError, match="Could not download d.bin"):
        get_file("d.bin", server.url(), file_hash=sha(BODY))
    folder = caches / "kerata/datasets"
    assert (folder / "d.bin.part").stat().st_size == 70_000
    path = get_file("d.bin", server.url(), file_hash=sha(BODY))
    assert server.ranges == [None, "bytes=70000-"]
    assert Path(path).read_bytes() == BODY
    assert leftovers(folder) == ["d.bin"]


def test_starts_anew_where_the_file_changed(server, monkeypatch):
    monkeypatch.setattr(files, "TRIES", 1)
    server.cuts = [70_000]
    with pytest.raises(DownloadError):
        get_file("d.bin", server.url())
    server.body, server.etag = BODY[::-1], '"two"'
    path = get_file("d.bin", server.url())
    assert Path(path).read_bytes() == BODY[::-1]


def test_starts_anew_without_hash_and_etag(server, caches, monkeypatch):
    monkeypatch.setattr(files, "TRIES", 1)
    server.cuts, server.etag = [70_000], ""
    with pytest.raises(DownloadError):
        get_file("d.bin", server.url())
    assert leftovers(caches / "kerata/datasets") == []


def test_server_that_cannot_resume(server):
    server.can_resume = False
    server.cuts = [100_000]
    assert Path(get_file("d.bin", server.url(), file_hash=sha(BODY))).read_bytes() == BODY


def test_complete_part_file(server, caches):
    folder = caches / "kerata/datasets"
    folder.mkdir(parents=True)
    (folder / "d.bin.part").write_bytes(BODY)
    assert Path(get_file("d.bin", server.url(), file_hash=sha(BODY))).read_bytes() == BODY


def test_wrong_part_file_is_fetched_anew(server, caches):
    folder = caches / "kerata/datasets"
    folder.mkdir(parents=True)
    (folder / "d.bin.part").write_bytes(b"other" * 100)
    assert Path(get_file("d.bin", server.url(), file_hash=sha(BODY))).read_bytes() == BODY
    assert server.ranges == ["bytes=500-", None]


def test_server_errors_are_tried_again(server):
    server.errors = [503, 500, 429]
    assert Path(get_file("d.bin", server.url())).read_bytes() == BODY


def test_missing_at_the_source(server, caches):
    server.errors = [404]
    with pytest.raises(DownloadError, match="404") as e:
        get_file("d.bin", server.url(), file_hash=sha(BODY))
    target = str(caches / "kerata/datasets/d.bin")
    assert server.url() in str(e.value) and target in str(e.value) and sha(BODY) in str(e.value)
    assert len(server.ranges) == 1
    assert leftovers(caches / "kerata/datasets") == []


def test_wrong_hash(server, caches):
    with pytest.raises(FileError, match="hash") as e:
        get_file("d.bin", server.url(), file_hash=sha(b"other"))
    assert server.url() in str(e.value)
    assert leftovers(caches / "kerata/datasets") == []


def test_no_network(caches):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/d.bin"
    with pytest.raises(DownloadError, match="refused") as e:
        get_file("d.bin", url)
    assert isinstance(e.value, OSError)
    assert url in str(e.value) and str(caches / "kerata/datasets/d.bin") in str(e.value)


def test_damaged_copy_survives_a_failed_download(server, caches):
    path = caches / "kerata/datasets/d.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    server.errors = [404]
    with pytest.raises(DownloadError):
        get_file("d.bin", server.url(), file_hash=sha(BODY))
    assert path.read_bytes() == b"old"


def test_file_address(caches, tmp_path):
    source = tmp_path / "a source.txt"
    source.write_text("hello")
    path = get_file(origin=source.as_uri())
    assert path.endswith("a source.txt") and Path(path).read_text() == "hello"
    with pytest.raises(DownloadError, match="no such file"):
        get_file("gone.txt", (tmp_path / "gone.txt").as_uri())


def test_two_at_once(server):
    found: list[str] = []
    server.cuts = [10_000, 10_000, 10_000]

    def load() -> None:
        found.append(get_file("d.bin", server.url(), file_hash=sha(BODY)))

    threads = [threading.Thread(target=load) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 3 and Path(found[0]).read_bytes() == BODY
    assert leftovers(Path(found[0]).parent) == ["d.bin"]


@pytest.mark.parametrize(
    ("fname", "archive", "folder"),
    [
        ("set.tar.gz", "set.tar.gz", "set_extracted"),
        ("set", "set_archive", "set"),
        (None, "data.tgz_archive", "data.tgz"),
    ],
)
def test_extract_names(server, caches, fname, archive, folder):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("inner/a.txt")
        info.size = 2
        tar.addfile(info, io.BytesIO(b"hi"))
    server.body = out.getvalue()
    for _ in range(2):
        path = get_file(fname, server.url("data.tgz"), extract=True, file_hash=sha(server.body))
    assert path == str(caches / "kerata/datasets" / folder)
    assert (Path(path) / "inner/a.txt").read_text() == "hi"
    assert leftovers(Path(path).parent) == sorted([archive, folder])
    assert len(server.ranges) == 1


def test_extract_of_no_archive(server, caches):
    with pytest.raises(FileError, match="no archive"):
        get_file("d.bin", server.url(), extract=True)


def test_bad_arguments():
    with pytest.raises(InputError, match="origin"):
        get_file("a.bin")
    with pytest.raises(InputError, match="is a path"):
        get_file("a/b.bin", "http://127.0.0.1/b")
    with pytest.raises(InputError, match="hash_algorithm"):
        get_file("b.bin", "http://127.0.0.1/b", file_hash="00", hash_algorithm="crc")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_cache(server, caches, monkeypatch):
    (caches / "locked").mkdir(mode=0o500)
    monkeypatch.setenv("KERATA_HOME", str(caches / "locked/kerata"))
    with pytest.raises(DownloadError, match="KERATA_HOME"):
        get_file("d.bin", server.url())


def test_cache_folder_that_cannot_be_made(server, caches, monkeypatch):
    (caches / "a-file").write_text("")
    monkeypatch.setenv("KERATA_HOME", str(caches / "a-file/kerata"))
    with pytest.raises(DownloadError, match="KERATA_HOME"):
        get_file("d.bin", server.url())
