"""Callbacks that write down what happened: History, BaseLogger, CSVLogger, RemoteMonitor."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..logs import Logs
from ..notices import warn_user
from .base import Callback


class History(Callback):
    """Values of every epoch; `fit` returns one.

    Attributes:
        history: Lists of values by name; old and new names find the same list.
        epoch: Numbers of the epochs.
        profile: Where the time of a step went, after ``fit(..., profile=True)``: a
            `train.profile.Profile`, else ``None``.

    >>> h = History()
    >>> h.on_train_begin()
    >>> h.on_epoch_end(0, {"loss": 0.5, "acc": 0.75})
    >>> h.history["accuracy"], list(h.history), h.epoch
    ([0.75], ['loss', 'acc'], [0])
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: Logs = Logs()
        self.epoch: list[int] = []
        self.profile: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Start to count epochs."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Take the values of an epoch."""
        self.epoch.append(epoch)
        kinds = getattr(logs, "kinds", None)
        if kinds:
            self.history.kinds = kinds
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self


class BaseLogger(Callback):
    """Averages over an epoch, for programs that build on it.

    The values that Kerata gives to hooks are averages over the samples of the epoch already, so
    this callback has nothing left to compute. It keeps them, for subclasses, in `totals`.

    Args:
        stateful_metrics: Taken for old programs.

    >>> BaseLogger(stateful_metrics=["lr"]).stateful_metrics
    {'lr'}
    """

    def __init__(self, stateful_metrics: Iterable[str] | None = None) -> None:
        super().__init__()
        self.stateful_metrics = set(stateful_metrics or ())
        self.totals: dict[str, Any] = {}
        self.seen = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Forget the last epoch."""
        self.totals, self.seen = {}, 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep the values of the epoch."""
        self.totals = {k: v for k, v in (logs or {}).items() if not k.startswith("val_")}
        self.seen = (self.params or {}).get("samples") or 0


class CSVLogger(Callback):
    """Writes one row for each epoch to a text file.

    The columns are ``epoch`` and the names of the first epoch's values in alphabetical order; a file that is appended to keeps
    the columns that it has. A value that an epoch lacks is written as ``NA``.

    Args:
        filename: The file.
        separator: What stands between columns.
        append: Go on with an existing file instead of replacing it.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "log.csv")
    >>> log = CSVLogger(path)
    >>> log.on_train_begin()
    >>> log.on_epoch_end(0, {"loss": 0.5})
    >>> log.on_train_end()
    >>> with open(path) as file:
    ...     file.read().split()
    ['epoch,loss', '0,0.5']
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Empty the file, or read its columns."""
        import csv

        path = Path(self.filename)
        self.keys = None
        if self.append and path.exists():
            with path.open(newline="") as f:
                header = next(csv.reader(f, delimiter=self.sep), [])
            self.keys = header[1:] if header[:1] == ["epoch"] else None
        else:
            path.write_text("")
        self._header_due = self.keys is None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a row."""
        import csv

        logs = Logs(logs or {})
        if self.keys is None:
            self.keys = sorted(logs)
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.sep, lineterminator="\n")
        if self._header_due:
            writer.writerow(["epoch", *self.keys])
            self._header_due = False
        writer.writerow([epoch, *(_cell(logs.get(k, "NA")) for k in self.keys)])
        # Opened for each row: what is written is on disk whatever happens to the training.
        with open(self.filename, "a", newline="") as f:
            f.write(text.getvalue())


def _cell(value: Any) -> Any:
    if isinstance(value, str) or np.ndim(value) == 0:
        return value
    return f"[{', '.join(map(str, np.ravel(value)))}]"


class RemoteMonitor(Callback):
    """Sends the values of each epoch to a server, by HTTP POST.

    Args:
        root: Address of the server.
        path: Path on it.
        field: Name of the form field that holds the values as JSON.
        headers: Extra HTTP headers.
        send_as_json: Send a JSON body instead of a form.

    >>> RemoteMonitor(root="http://localhost:9000").root
    'http://localhost:9000'
    """

    timeout = 10.0

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Send the values; a server that cannot be reached gives a warning."""
        from urllib.parse import urlencode
        from urllib.request import Request, urlopen

        values: dict[str, Any] = {"epoch": epoch}
        values.update(
            {k: v.tolist() if hasattr(v, "tolist") else v for k, v in (logs or {}).items()}
        )
        text = json.dumps(values)
        if self.send_as_json:
            body, kind = text.encode(), "application/json"
        else:
            body, kind = urlencode({self.field: text}).encode(), "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        try:
            with urlopen(Request(self.root + self.path, body, headers), timeout=self.timeout):
                pass
        except (OSError, ValueError) as e:
            warn_user(f"RemoteMonitor could not reach {self.root}{self.path}: {e}")
