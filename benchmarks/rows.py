"""The rows of the tables: what is measured, beside whom, and what has to be reached."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from made_data import GROWING_BATCHES, GROWING_MLPS, mlp_name

KERAS = ("keras-jax", "keras-tensorflow", "keras-torch", "tf_keras")
TENSORFLOW = ("keras-tensorflow", "tf_keras")
BY_TENSORFLOW_AND_TORCH = (*TENSORFLOW, "torch")
# Numbers of Kerata with and without kernels differ by this much where no kernel is used.
NOISE = 0.05
SCALE = {"µs": 1e6, "ms": 1e3, "s": 1.0, "MB": 1.0}

Medians = dict[str, float]
Targets = dict[str, "tuple[Target, ...]"]


@dataclass(frozen=True)
class Target:
    """At most `most` of the best of some contenders, of all rivals, or of a unit.

    `of` names contenders; an empty one means all rivals, ``None`` the unit itself.
    """

    most: float
    of: tuple[str, ...] | None = ()
    unit: str = ""

    def best(self, medians: Medians) -> tuple[str, float] | None:
        """The best of the contenders that count and have a number, and its number."""
        keys = self.of or [k for k in medians if k not in ("kerata", "no-kernels")]
        found = {k: medians[k] for k in keys if k in medians}
        return min(found.items(), key=lambda item: item[1]) if found else None

    def reached(self, medians: Medians) -> bool | None:
        """Whether it is reached; ``None`` where those to compare with have no number."""
        ours = medians.get("kerata")
        if ours is None:
            return False
        if self.of is None:
            return ours <= self.most
        best = self.best(medians)
        return None if best is None else ours <= self.most * best[1]

    def text(self, titles: dict[str, str]) -> str:
        """The target in words."""
        if self.of is None:
            return f"{self.most:g} {self.unit}"
        names = ", ".join(titles[k] for k in self.of) or "the best"
        return f"{self.most:.3g} of {names}"


@dataclass(frozen=True)
class Row:
    """A row: a workload with its rivals, and the targets for each engine of Kerata's.

    `whole` rows are timed from outside, as a process; one run before fills caches and does not count,
    unless caches are to be empty (`fresh`). `kernels`: whether native kernels can matter. Rows of the
    same `bundle` share a process.
    """

    name: str
    text: str
    unit: str
    group: str
    rivals: tuple[str, ...] = KERAS
    targets: Targets = field(default_factory=dict)
    runs: int = 3
    workload: str = ""
    whole: bool = False
    fresh: bool = False
    kernels: bool = True
    bundle: str = ""

    @property
    def program(self) -> str:
        """What `workloads.py` calls it."""
        return self.workload or self.name

    def rivals_of(self, engine: str) -> tuple[str, ...]:
        """Those that run beside an engine: all beside JAX, else those with the same library."""
        if engine == "jax":
            return (*(("no-kernels",) if self.kernels else ()), *self.rivals)
        same = {"torch": ("keras-torch", "torch"), "tensorflow": TENSORFLOW}[engine]
        return tuple(r for r in self.rivals if r in same)


GROUPS = {
    "steps": "Training steps",
    "calls": "Calls and whole programs",
    "big": "Large networks",
    "growth": "How the time of a step grows",
    "first": "From the start of the process to the end of the first step",
    "memory": "Memory",
}
NO_SLOWER = (Target(1.0), Target(1 + NOISE, ("no-kernels",)))


def at_most(most: float, *of: str) -> tuple[Target, ...]:
    """A target beside the one that holds for all: not slower than any rival, nor without kernels."""
    return (Target(most, of), *NO_SLOWER)


def limit(most: float, unit: str) -> tuple[Target, ...]:
    """A target in a unit, beside that of not being slower than a rival."""
    return (Target(most, None, unit), Target(1.0))


def others(torch: float, tensorflow: float, plain: float | None = None) -> Targets:
    """Targets of the other two engines: of Keras on the same library, and of plain PyTorch."""
    beside = () if plain is None else (Target(plain, ("torch",)),)
    return {
        "torch": (Target(torch, ("keras-torch",)), *beside),
        "tensorflow": (Target(tensorflow, ("keras-tensorflow",)),),
    }


ALL = (*KERAS, "torch", "jax", "sklearn")
NO_SKLEARN = (*KERAS, "torch", "jax")
NO_JAX = (*KERAS, "torch")


def steps() -> list[Row]:
    """Training steps of usual networks."""

    def row(
        name: str, text: str, unit: str, rivals: tuple[str, ...],
        jax: tuple[Target, ...] = NO_SLOWER, more: Targets | None = None, runs: int = 3,
    ) -> Row:  # fmt: skip
        return Row(f"{name}_step", text, unit, "steps", rivals, {"jax": jax} | (more or {}), runs)

    return [
        row("boston", "MLP 13-64-64-1, rmsprop, 404 rows, batch 1", "µs", ALL, at_most(1 / 20, "keras-jax"), others(0.25, 0.20, 1.3), 5),
        row("pima", "MLP 8-12-8-1, adam, batch 10", "µs", ALL, at_most(1 / 10, "keras-jax"), others(0.25, 0.20), 5),
        row("mnist", "MLP 784-512-10, rmsprop, batch 128", "ms", ALL, runs=5),
        row("review", "MLP 10,000-16-16-1, rmsprop, batch 512", "ms", NO_SKLEARN, runs=5),
        row("cats_dogs", "convnet, 150x150x3, batch 20", "ms", NO_SKLEARN, at_most(0.8, *BY_TENSORFLOW_AND_TORCH), others(0.6, 1.0, 1.1)),
        row("mnist_conv", "convnet, 28x28, batch 64", "ms", NO_SKLEARN, at_most(0.8, *BY_TENSORFLOW_AND_TORCH), others(0.6, 1.0, 1.1)),
        row("lstm", "Embedding + LSTM(32), 500 steps, batch 128", "ms", NO_SKLEARN, at_most(0.45), others(0.08, 1.0, 1.1)),
        row("gru", "GRU(32), 240 steps, batch 128", "ms", NO_JAX, at_most(0.45), others(0.6, 1.0)),
        row("lstm_stack", "LSTM(300) twice, 50 steps, batch 30", "ms", NO_JAX, at_most(0.75), others(0.6, 1.0)),
        row("conv1d", "Embedding + Conv1D, 500 steps, batch 128", "ms", NO_JAX, at_most(0.6), others(0.6, 1.0)),
        row("transformer", "two encoder blocks, 128 words, batch 32", "ms", NO_SKLEARN),
        row("gan", "GAN, 28x28, a step of both networks, batch 64", "ms", NO_JAX),
    ]  # fmt: skip


def calls() -> list[Row]:
    """Calls and programs beside the steps of a training."""

    def row(
        name: str, text: str, unit: str, jax: tuple[Target, ...], more: Targets | None = None,
        kernels: bool = True, whole: bool = False,
    ) -> Row:  # fmt: skip
        targets = {"jax": jax} | (more or {})
        return Row(name, text, unit, "calls", KERAS, targets, 5, whole=whole, kernels=kernels)

    def of_texts(name: str, what: str) -> Row:
        text = f"`TextVectorization`: {what} 25,000 texts of 230 words"
        no_slower = (Target(1.0, TENSORFLOW),)
        targets = {"jax": no_slower, "torch": (Target(1.0, None, "s"),), "tensorflow": no_slower}
        return Row(name, text, "s", "calls", TENSORFLOW, targets)

    def old(name: str, text: str, unit: str, most: float) -> Row:
        targets = {"jax": at_most(most, "keras-preprocessing")}
        rivals = ("keras-preprocessing", "tf_keras")
        kernels = name != "tokenizer_call"  # which has none
        return Row(name, text, unit, "calls", rivals, targets, 3, kernels=kernels)

    one: Targets = {
        e: (Target(most, None, "ms"),) for e, most in (("torch", 0.3), ("tensorflow", 0.5))
    }
    return [
        row("epoch_cost", "an epoch beyond its steps, `verbose=0`", "ms", limit(0.5, "ms"), kernels=False),
        row("fit_call", "`fit` of one step on a compiled model", "ms", limit(1.5, "ms"), kernels=False),
        row("predict_one", "`predict` of one row", "ms", limit(0.15, "ms"), one, kernels=False),
        row("pima_program", "whole Pima program as a process, 150 epochs, second run", "s", at_most(1 / 5, "keras-jax"), whole=True),
        old("pictures_batch", "32 JPEGs of 150x150, turned, shifted, sheared, zoomed and flipped by `flow_from_directory`", "ms", 1 / 3),
        old("tokenizer_call", "`Tokenizer`: 25,000 reviews learned and numbered", "s", 1.0),
        row("import_library", "import", "s", limit(0.2, "s"), kernels=False),
        row("import_and_summary", "import, build 20 layers, print the summary", "s", limit(0.3, "s"), kernels=False),
        of_texts("text_adapt", "the vocabulary of"),
        of_texts("text_call", "the indices of"),
    ]  # fmt: skip


def big() -> list[Row]:
    """VGG16 and ResNet-50."""
    return [
        Row(f"{name}_{what}", f"{title}, {text}", "ms", "big", NO_JAX, {"jax": at_most(0.9)}, 2)
        for name, title in (("vgg16", "VGG16"), ("resnet50", "ResNet-50"))
        for what, text in (("predict", "`predict`, batch 8"), ("step", "training step, batch 4"))
    ]


def growth() -> list[Row]:
    """MLPs and a convnet of several sizes."""
    target: Targets = {"jax": NO_SLOWER}
    mlps = [
        Row(
            f"{mlp_name(batch, width, depth)}_step",
            f"MLP, batch {batch}, width {width:,}, {depth} hidden layers",
            "ms",
            "growth",
            ALL,
            target,
            bundle="MLPs",
        )
        for batch, width, depth in GROWING_MLPS
    ]
    return mlps + [
        Row(
            f"mnist_conv_{n}_step", f"convnet, 28x28, batch {n}", "ms", "growth", NO_SKLEARN, target,
            bundle="convnets",
        )
        for n in GROWING_BATCHES
    ]  # fmt: skip


def first() -> list[Row]:
    """Whole processes of one training step, with empty caches and with those of a run before."""
    found = []
    for name, text, rivals in (
        ("pima", "MLP 8-12-8-1", ALL),
        ("mnist_conv", "convnet, 28x28", NO_SKLEARN),
        ("cats_dogs", "convnet, 150x150x3", NO_SKLEARN),
        ("lstm", "Embedding + LSTM(32)", NO_SKLEARN),
        ("transformer", "two encoder blocks", NO_SKLEARN),
    ):
        for run, when, most in (("first", "empty caches", 1.0), ("second", "second run", 0.5)):
            found.append(
                Row(
                    f"{name}_{run}_run", f"{text}, {when}", "s", "first", rivals,
                    {"jax": (Target(most, ("keras-jax",)),)},
                    workload=f"{name}_first_step", whole=True, fresh=run == "first",
                )
            )  # fmt: skip
    return found


def memory() -> list[Row]:
    """Memory of processes."""
    growing = "growth over 500 cycles of build, `fit` and `predict` after the first 50"
    peak = Target(1.0, ("keras-jax",))
    return [
        Row("mnist_conv_resident", "peak of a process that trains the convnet on 28x28", "MB", "memory", NO_SKLEARN, {"jax": (peak,)}),
        Row("memory", growing, "MB", "memory", (), {"jax": (Target(5, None, "MB"),)}, 1, kernels=False),
    ]  # fmt: skip


ROWS = [*steps(), *calls(), *big(), *growth(), *first(), *memory()]


@dataclass
class Result:
    """What the runs of a row gave with one engine: numbers in its unit, and why there are none."""

    row: Row
    engine: str = "jax"
    numbers: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def medians(self) -> Medians:
        """The median of each contender that has numbers."""
        return {key: statistics.median(runs) for key, runs in self.numbers.items() if runs}

    @property
    def ratio(self) -> float | None:
        """Kerata's median over that of the best rival."""
        medians = self.medians
        best = Target(1.0).best(medians)
        if best is None or min(best[1], medians.get("kerata", 0.0)) <= 0:
            return None
        return medians["kerata"] / best[1]

    def missed(self) -> list[Target]:
        """The targets that are not reached."""
        return [t for t in self.row.targets[self.engine] if t.reached(self.medians) is False]

    @property
    def reached(self) -> bool | None:
        """Whether all targets are reached; ``None`` if those to compare with are missing."""
        judged = [t.reached(self.medians) for t in self.row.targets[self.engine]]
        return False if False in judged else (True if True in judged else None)
