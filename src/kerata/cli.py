"""The command ``kerata``.

``kerata doctor`` says what this installation computes with, and tests it; ``kerata profile`` shows
where the time of a program's training steps goes; ``kerata run`` runs programs for Keras of any era,
and ``kerata upgrade`` rewrites them.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__, config, kernels
from .engine import engine

# What an engine is made of; the first that is installed gives its version.
_DISTRIBUTIONS = {
    "jax": ("jax", "jaxlib"),
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
}
_ENOUGH = 0.9


def main() -> None:
    """Run the command."""
    import click

    @click.group(context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(__version__)
    def kerata() -> None:
        """Deep learning with the Keras API, on JAX, PyTorch or TensorFlow."""

    @kerata.command()
    @click.option("--test/--no-test", default=True, help="Train two small networks (default: yes).")
    def doctor(test: bool) -> None:
        """Say what this installation computes with, and test it in ten seconds."""
        sys.exit(run_doctor(test))

    @kerata.command(
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
    )
    @click.argument("script")
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def profile(script: str, arguments: tuple[str, ...]) -> None:
        """Run a program and show where the time of its training steps goes, layer by layer.

        The first fit of each model ends with a table, as with fit(..., profile=True). What stands
        behind SCRIPT are the program's own arguments.
        """
        sys.exit(run_profile(script, list(arguments)))

    @kerata.command()
    @click.argument("files", nargs=-1, required=True)
    @click.option("--write", is_flag=True, help="Change the files.")
    @click.option("--check", is_flag=True, help="End with status 1 if a file would change.")
    def upgrade(files: tuple[str, ...], write: bool, check: bool) -> None:
        """Rewrite programs and notebooks for Keras of any era in today's spelling, for Kerata.

        Shows the diff, and lists what is left to do by hand with its lines.
        """
        sys.exit(run_upgrade(list(files), write, check))

    @kerata.command(
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
    )
    @click.argument("script")
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def run(script: str, arguments: tuple[str, ...]) -> None:
        """Run a program or notebook for Keras of any era, unchanged.

        keras, tf_keras and tensorflow.keras are Kerata in it. What stands behind SCRIPT are the
        program's own arguments. A program that uses TensorFlow or PyTorch itself gets that engine,
        unless KERATA_ENGINE says another.
        """
        from .runner import run as run_program

        sys.exit(run_program(script, list(arguments)))

    kerata()


def run_upgrade(files: list[str], write: bool = False, check: bool = False) -> int:
    """Show programs in today's spelling, or change them.

    Returns:
        An exit status: 0, 1 if `check` and a file would change, 2 if a file could not be read.
    """
    if importlib.util.find_spec("libcst") is None:
        print("kerata upgrade needs libcst: pip install 'kerata[upgrade]'", file=sys.stderr)
        return 2
    from .upgrade.files import run

    return run(files, write, check)


def run_profile(script: str, arguments: list[str]) -> int:
    """Run a program as Python would, with a profile of each model's first training.

    Args:
        script: The program's file.
        arguments: What it finds in ``sys.argv``.

    Returns:
        An exit status: the program's own, or 1 if it failed or trained nothing.
    """
    from .runner import complain, execute
    from .train.profile import everywhere

    path = Path(script)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        complain(f"{script} {what}. Expected the file of a Python program that calls fit.")
        return 2
    with everywhere() as seen:
        status = execute(
            script, arguments, lambda space: exec(compile(path.read_bytes(), script, "exec"), space)
        )
    if not seen.profiles:
        why = "called fit, but no step was run" if seen.trainings else "never called fit"
        complain(f"{script} {why}: there is nothing to show.")
        return status or 1
    return status


def run_doctor(test: bool = True) -> int:
    """Print what there is, and the results of a test.

    Args:
        test: Whether to train.

    Returns:
        0 if all is well, else 1: an exit status.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in facts().items():
        table.add_row(f"[bold]{name}[/bold]", value)
    console.print(table)
    if not test:
        return 0
    console.print()
    well = True
    for name, run in (("dense", _dense), ("convolution", _convolution)):
        accuracy, seconds, difference = check(run())
        good = accuracy >= _ENOUGH and difference <= 1e-5
        well &= good
        console.print(
            f"{'[green]ok[/green]  ' if good else '[red]FAILED[/red]'} {name}: {accuracy:.1%} of held-out digits "
            f"after {seconds:.1f} s; saved and loaded, predictions differ by {difference:.0e}"
        )
    return int(not well)


def facts() -> dict[str, str]:
    """What there is, by name.

    >>> list(facts())[:3]
    ['kerata', 'python', 'processor']
    """
    name = config.backend()
    others = [f"{n} {v}" for n in _DISTRIBUTIONS if n != name and (v := _version(n)) is not None]
    why = kernels.why_not()
    folder = config.home() / "cache"
    return {
        "kerata": f"{__version__} in {Path(__file__).parent}",
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "processor": f"{os.cpu_count()} cores",
        "engine": f"{name} {_version(name) or ''} (also installed: {', '.join(others) or 'none'})",
        "devices": ", ".join(engine().devices()),
        "dtypes": f"{config.floatx()}, policy {config.dtype_policy().name}",
        "kernels": "on" if not why else f"off: {why}",
        "cache": f"{folder} ({_megabytes(folder):.0f} MB)",
    }


def _version(name: str) -> str | None:
    for distribution in _DISTRIBUTIONS[name]:
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _megabytes(folder: Path) -> float:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6


def check(model: Any) -> tuple[float, float, float]:
    """Train a model on the bundled digits; save and load it.

    Returns:
        The share of right answers, the seconds of the training, and how far predictions of the
        loaded model are from its own.
    """
    from . import datasets, models, utils

    utils.set_random_seed(0)
    (x, y), (held, truth) = datasets.digits.load_data()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    start = time.perf_counter()
    model.fit(x / 16.0, y, batch_size=32, epochs=20, verbose=0)
    seconds = time.perf_counter() - start
    accuracy = model.evaluate(held / 16.0, truth, verbose=0, return_dict=True)["accuracy"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = models.load_model(path)
    few = held[:64] / 16.0
    difference = model.predict(few, verbose=0) - loaded.predict(few, verbose=0)
    return float(accuracy), seconds, float(np.abs(difference).max())


def _dense() -> Any:
    from . import layers, models

    return models.Sequential(
        [
            layers.Input((8, 8)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _convolution() -> Any:
    from . import layers, models

    return models.Sequential(
        [
            layers.Input((8, 8)),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
