"""How much of each era of Keras runs: ``python -m tools.eras [--missing] [--refused] [ERA ...]``.

Every name of an era's public API (`names/`) is imported as a program would, ``import
keras.layers.core``, through `kerata.compat`. A name works, is refused on purpose (with an error that says
what to use, for the reasons printed), or is missing. That a name is there says nothing of what it does:
that is for the tests. Ends with 1 if less than 98 % of the names that are not refused work.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections import Counter
from typing import NamedTuple

from . import api

WANTED = 0.98


class Era(NamedTuple):
    """What there is of an era: numbers of names, refused ones with the reason, missing ones."""

    name: str
    listed: int
    working: int
    refused: dict[str, str]
    missing: list[str]

    @property
    def share(self) -> float:
        """Share of the names that work among those not refused."""
        return self.working / max(1, self.listed - len(self.refused))


def state(name: str) -> str | None:
    """``None`` if a name can be imported, ``""`` if it is missing, else why it is refused.

    Args:
        name: With the package in front, such as ``keras.layers.core.Dense``.
    """
    from kerata.errors import RefusedNameError
    from kerata.legacy import modules

    package, _, path = name.partition(".")
    place, _, last = path.rpartition(".")
    try:
        home = importlib.import_module(f"{package}.{place}" if place else package)
        getattr(home, last)
    except (ImportError, AttributeError):
        try:
            modules.look(place, last)
        except RefusedNameError as e:
            return str(e).partition(" is not in Kerata: ")[2]
        except AttributeError:
            pass
        return ""
    return None


def count(era: str) -> Era:
    """Try every name of an era."""
    names = api.read(era)
    states = {n: state(n) for n in names}
    refused = {n: why for n, why in states.items() if why}
    missing = [n for n, why in states.items() if why == ""]
    return Era(era, len(names), len(names) - len(refused) - len(missing), refused, missing)


def main(given: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How much of each era of Keras runs.")
    parser.add_argument("era", nargs="*", choices=[*api.ERAS, []], help="all by default")
    parser.add_argument("--missing", action="store_true", help="list the names that are missing")
    parser.add_argument("--refused", action="store_true", help="list the names that are refused")
    known = parser.parse_args(given)
    os.environ["KERATA_LEGACY_NOTES"] = "0"
    from kerata import compat

    compat.install()
    try:
        eras = [count(e) for e in known.era or api.ERAS]
    finally:
        compat.uninstall()
    heads = ("listed", "working", "refused", "missing")
    width = max(len(e.name) for e in eras)
    print(f"{'':{width}}", *(f"{h:>9}" for h in heads), "  of those not refused")
    for e in eras:
        counts = (e.listed, e.working, len(e.refused), len(e.missing))
        print(f"{e.name:{width}}", *(f"{c:9}" for c in counts), f"{e.share:10.1%}")
    print("\nrefused on purpose, by reason:")
    reasons = Counter(why for e in eras for why in e.refused.values())
    for why, n in reasons.most_common():
        print(f"{n:6}  {why}")
    for e in eras:
        for title, names, shown in (
            ("missing", e.missing, known.missing),
            ("refused", list(e.refused), known.refused),
        ):
            if shown and names:
                print(f"\n{e.name}, {title}:", *names, sep="\n  ")
    return int(any(e.share < WANTED for e in eras))


if __name__ == "__main__":
    sys.exit(main())
