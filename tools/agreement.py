"""Whether a program trains alike on all engines: ``python tools/agreement.py [programs…]``.

Each program of `tests/programs/` runs with each engine in a process of its own, three epochs of every
`fit`, from one seed, with portable random numbers, so that dropout counts, too. Compared are the
weights that training starts from (they must be equal bit for bit) and the losses of all epochs.
Where these are further apart than the limit, the program is run again with the first engine from
weights that are one rounding away: what moves by itself as far as that cannot agree better.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
EPOCHS = 3
LIMIT = 1e-4


def record(name: str, nudge: int = 0) -> dict[str, Any]:
    """Run a program with the engine in use; gives the losses and a digest of the first weights.

    With `nudge` (a seed) the weights before the first `fit` are moved to a neighbouring number each.
    """
    sys.path.insert(0, str(ROOT / "tests"))
    import pytest

    import test_programs
    from kerata import config
    from kerata.errors import KerataError
    from kerata.train import loop
    from programs_support import run_program

    config.set_portable_random(True)
    losses: list[float] = []
    digests: list[str] = []
    fit = loop.fit

    def shortened(model: Any, *args: Any, epochs: int, initial_epoch: int, **kwargs: Any) -> Any:
        if model.built:
            values = b"".join(v.host().tobytes() for v in model.weights)
            digests.append(hashlib.sha256(values).hexdigest())
            if nudge and len(digests) == 1:
                ways = np.random.default_rng(nudge)
                model.set_weights(
                    [
                        np.nextafter(w, w + ways.choice([-1, 1], w.shape).astype(w.dtype))
                        for w in model.get_weights()
                    ]
                )
        last = min(epochs, initial_epoch + EPOCHS)
        history = fit(model, *args, epochs=last, initial_epoch=initial_epoch, **kwargs)
        for key in ("loss", "val_loss"):
            losses.extend(float(v) for v in history.history.get(key, []))
        for values in history.history.values():  # programs draw as many as they asked for
            values.extend(values[-1:] * (epochs - last))
        return history

    loop.fit = shortened
    error = ""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        try:
            run_program(name, patch, Path(folder), test_programs.SETTINGS.get(name, {}))
        except KerataError as e:  # one of them holds a mistake on purpose
            error = str(e)
    # Later fits start from weights that were trained, where engines differ by rounding.
    return {"losses": losses, "start": digests[:1], "error": error}


def of_engine(name: str, engine: str, python: str, nudge: int = 0) -> dict[str, Any]:
    """`record` in a process of its own."""
    env = dict(os.environ, KERATA_ENGINE=engine, MPLBACKEND="agg")
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "src"), env.get("PYTHONPATH")]))
    done = subprocess.run(
        [python, __file__, "--record", name, "--nudge", str(nudge)],
        env=env,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{name} failed with {engine}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def distance(a: dict[str, Any], b: dict[str, Any]) -> float:
    """The largest difference of two runs' losses, relative where they are above 1."""
    if len(a["losses"]) != len(b["losses"]) or (a["start"], a["error"]) != (b["start"], b["error"]):
        return float("inf")
    pairs = zip(a["losses"], b["losses"], strict=True)
    return max((abs(x - y) / max(1.0, abs(x)) for x, y in pairs), default=0.0)


def main() -> int:
    """Compare, print a table; gives 1 where runs differ by more than the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="program")
    parser.add_argument(
        "--record", metavar="program", help="run one program and print what it gave"
    )
    parser.add_argument("--nudge", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--engines", nargs="+", default=["jax", "torch", "tensorflow"])
    for engine in ("jax", "torch", "tensorflow"):
        parser.add_argument(f"--python-{engine}", default=sys.executable)
    given = parser.parse_args()
    if given.record:
        out = record(given.record, given.nudge)
        print()
        print(json.dumps(out))
        return 0
    names = given.names or sorted(p.stem for p in (ROOT / "tests" / "programs").glob("*.py"))
    first, *others = given.engines
    print(f"| program | losses | {' | '.join(f'{e} from {first}' for e in others)} | |", flush=True)
    print("|---|---:|" + "---:|" * len(others) + "---|")
    missed = 0
    for name in names:
        pythons = {e: getattr(given, f"python_{e}") for e in given.engines}
        runs = {e: of_engine(name, e, python) for e, python in pythons.items()}
        far = [distance(runs[first], runs[e]) for e in others]
        shown = " | ".join(f"{d:.1e}" for d in far)
        remark = ""
        if max(far) > LIMIT:
            nudged = [of_engine(name, first, pythons[first], seed) for seed in range(1, 4)]
            own = max(distance(runs[first], {**n, "start": runs[first]["start"]}) for n in nudged)
            remark = f"{first} from itself, first weights one rounding away: {own:.1e}"
            missed += max(far) > own
        print(f"| {name} | {len(runs[first]['losses'])} | {shown} | {remark} |", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
