"""The public names of Keras that Kerata has: ``python -m tools.api [--missing] [--era ERA]``.

Prints, for each namespace, how many names the era's Keras has, how many of them Kerata has, how many
behave differently on purpose (`DIFFERENT`), and how many belong to parts that are not built yet
(`LATER`). Ends with 1 if a name outside these parts is missing. That a name is there says nothing of
what it does: that is for ``make oracle``.

The lists in `names/` were read off the installed packages.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

NAMES = Path(__file__).parent / "names"
ERAS = sorted(p.stem for p in NAMES.glob("*.txt"))
MODERN = "keras-3.15.1"

# Namespaces, and single names, of parts that are still to be built.
LATER = (
    "keras.applications",
    "keras.distribution",
    "keras.quantizers",
    "keras.distillation",
    "keras.export",
    "keras.visualization",
    "keras.Quantizer",
    "keras.dtype_policies.AWQDTypePolicy",
    "keras.dtype_policies.GPTQDTypePolicy",
    "keras.dtype_policies.Int4DTypePolicy",
    "keras.dtype_policies.QuantizedDTypePolicy",
    "keras.dtype_policies.QuantizedFloat8DTypePolicy",
)

# Names that do something else than in Keras, and why.
_DENSE = "sparse=True gives the same values in a dense tensor, on every engine"
_OWN = "gives Kerata's own data set, which has tf.data's methods; format='tf.data' or 'torch' for the libraries'"
_MENDED = "does what Keras 3.15.1 documents and does not do, see tests/oracle/table_images.py"
DIFFERENT: dict[str, str] = {
    "keras.Model": "compile names metrics third and loss_weights fourth, as Keras 2, and takes either order by place",
    "keras.KerasTensor": "there are no ragged tensors",
    "keras.ops.image.gaussian_blur": "follows image_data_format where data_format is not given",
    "keras.ops.image.affine_transform": "the last two numbers of a transform count as 0, as documented",
    "keras.ops.image.elastic_transform": "moves along x and along y are drawn apart",
    "keras.config.enable_flash_attention": "acts on PyTorch; with JAX and TensorFlow scores are always computed",
    "keras.config.disable_flash_attention": "acts on PyTorch; with JAX and TensorFlow scores are always computed",
    "keras.tree.map_structure_up_to": "None is a leaf of the shallow structure, as documented",
    "keras.saving.deserialize_keras_object": "the setting decides where safe_mode is not given",
    "keras.layers.CategoryEncoding": _DENSE,
    "keras.layers.Discretization": f"{_DENSE}; adapt looks at the whole of an array at once",
    "keras.layers.Hashing": _DENSE,
    "keras.layers.HashedCrossing": _DENSE,
    "keras.layers.IntegerLookup": _DENSE,
    "keras.layers.StringLookup": f"{_DENSE}; invert=True gives NumPy strings",
    "keras.layers.TextVectorization": f"{_DENSE}; ragged=True is refused, as by Keras on JAX",
    "keras.wrappers.SKLearnClassifier": "decision_function of two classes has shape (n,), as in scikit-learn",
    "keras.layers.RandomCrop": _MENDED,
    "keras.layers.RandomPerspective": _MENDED,
    "keras.layers.RandomShear": _MENDED,
    "keras.layers.RandomSaturation": _MENDED,
    "keras.layers.RandomBrightness": _MENDED,
    "keras.layers.AutoContrast": _MENDED,
    "keras.layers.Solarization": _MENDED,
    "keras.layers.MixUp": _MENDED,
    "keras.utils.image_dataset_from_directory": _OWN,
    "keras.utils.text_dataset_from_directory": _OWN,
    "keras.utils.audio_dataset_from_directory": f"{_OWN}; ragged=True gives arrays of arrays",
    "keras.utils.timeseries_dataset_from_array": _OWN,
}


class Namespace(NamedTuple):
    """What Kerata has of a namespace; lists of names without the namespace."""

    name: str
    wanted: list[str]
    missing: list[str]
    later: list[str]
    different: list[str]


def read(era: str) -> list[str]:
    """The public names of an era, with their namespace: ``keras.layers.Dense``."""
    lines = (NAMES / f"{era}.txt").read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def found(name: str) -> bool:
    """Whether Kerata has a name of Keras's."""
    here = importlib.import_module("kerata")
    path = here.__name__
    for part in name.split(".")[1:]:
        path = f"{path}.{part}"
        try:
            here = getattr(here, part)
        except AttributeError:
            try:
                here = importlib.import_module(path)
            except ImportError:
                return False
    return True


def is_later(name: str) -> bool:
    """Whether a name belongs to a part that is still to be built."""
    return any(name == part or name.startswith(f"{part}.") for part in LATER)


def compare(era: str = MODERN) -> Iterator[Namespace]:
    """Each namespace of an era beside Kerata."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in read(era):
        groups[name.rpartition(".")[0]].append(name)
    for namespace, names in sorted(groups.items()):
        absent = [n for n in names if not found(n)]
        short = lambda chosen: [n.rpartition(".")[2] for n in chosen]  # noqa: E731
        yield Namespace(
            namespace,
            short(names),
            short(n for n in absent if not is_later(n)),
            short(n for n in absent if is_later(n)),
            short(n for n in names if n in DIFFERENT and n not in absent),
        )


def main(given: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="The public names of Keras that Kerata has.")
    parser.add_argument("--era", choices=ERAS, default=MODERN)
    parser.add_argument("--missing", action="store_true", help="list the names that are missing")
    known = parser.parse_args(given)
    rows = list(compare(known.era))
    width = max(len(r.name) for r in rows)
    heads = ("wanted", "present", "different", "later", "missing")
    print(f"{known.era:{width}}", *(f"{h:>9}" for h in heads))
    total = [0] * len(heads)
    for row in rows:
        absent = len(row.missing) + len(row.later)
        counts = [len(row.wanted), len(row.wanted) - absent, len(row.different), len(row.later)]
        counts.append(len(row.missing))
        total = [a + b for a, b in zip(total, counts)]
        print(f"{row.name:{width}}", *(f"{n:9}" for n in counts))
    print(f"{'all':{width}}", *(f"{n:9}" for n in total))
    wanted = total[0] - total[3]
    print(
        f"\n{100 * total[1] / wanted:.1f} % of {wanted} names outside the parts still to be built"
    )
    if known.missing:
        for row in rows:
            if row.missing:
                print(f"{row.name}: {' '.join(row.missing)}")
    for name, reason in DIFFERENT.items():
        print(f"{name} differs: {reason}")
    return int(total[4] > 0)


if __name__ == "__main__":
    sys.exit(main())
