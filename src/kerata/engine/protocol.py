"""What an engine module offers: the whole contract between Kerata and a tensor library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .profiling import Trace


class Engine(Protocol):
    """Functions that an engine's module defines.

    Ops are looked up by `function`: first among the module's own functions (for a composite op only
    there), then by name in the tensor library's namespaces. Dtypes are names at this border.
    """

    name: str
    TENSOR_TYPES: tuple[type, ...]
    """The library's classes of tensors; they get the attribute ``_keras_mask``."""

    # tensors
    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        """`x` as a tensor."""

    def place(self, make: Callable[[], Any], dtype: str | None = None) -> Any:
        """What `make` gives as a concrete tensor on the device, also while a function is being traced."""

    def to_numpy(self, x: Any) -> Any:
        """A tensor as a NumPy array (may share memory)."""

    def is_tensor(self, x: Any) -> bool:
        """Whether `x` is a tensor of this engine."""

    def is_tracing(self, x: Any) -> bool:
        """Whether `x` has no value, because the function around it is being compiled."""

    def known_sizes(self, sizes: Any) -> list[int] | None:
        """The numbers in a tensor of sizes, or in a list with such tensors, that a graph knows already."""

    def unknown_sizes(self, sizes: Any) -> Any:
        """The same as a tensor whose value is a shape, where the engine can draw numbers of such a shape."""

    def block(self, x: Any) -> Any:
        """Wait until the computation of `x` has ended."""

    def function(self, name: str, primitive: bool) -> Callable | None:
        """The engine's own function for the op, or ``None`` to run a composite op's body."""

    def infer(self, fn: Callable, specs: Sequence[Any]) -> Any:
        """Specs of what `fn`, which may call native functions, returns for tensors like `specs`."""

    # variables
    def hold(self, value: Any, variable: Any) -> Any:
        """What a `Variable` keeps for this value, for instance a variable of the library's own."""

    def held(self, storage: Any) -> Any:
        """The tensor that a variable keeps; derivatives and tapes of the library see it read."""

    def plain(self, storage: Any) -> Any:
        """The value that a variable keeps, which no later change of it reaches."""

    def change(self, storage: Any, value: Any) -> Any:
        """What a variable keeps after it has taken another value."""

    def mark(self, storage: Any, variable: Any) -> None:
        """Tell the library whether the variable is to be trained, where it wants to know."""

    # derivation
    def value_and_grad(self, fn: Callable, has_aux: bool = False) -> Callable:
        """A function giving ``(value, gradients)`` with regard to its first argument, a list."""

    def custom_gradient(self, fn: Callable) -> Callable:
        """`fn` returns ``(value, backward)``; the result uses ``backward`` as its derivative."""

    def jvp(self, fun: Callable, primals: Any, tangents: Any, has_aux: bool = False) -> Any:
        """The value of a function and its change along tangents."""

    def vmap(self, fn: Callable, in_axes: Any = 0) -> Callable:
        """`fn` mapped over a leading axis."""

    def checkpoint(self, fn: Callable) -> Callable:
        """`fn`, of tensors and giving nested tensors, with its inner values recomputed for the gradient."""

    # compilation
    def compile(
        self,
        fn: Callable,
        static: Sequence[int] = (),
        donate: Sequence[int] = (),
        fuse: bool | None = None,
    ) -> Callable:
        """A compiled version of a pure function of nested tensors.

        `fuse` asks for the library's optimizing compiler (XLA, Inductor) or forbids it; ``None``
        uses it where that pays.
        """

    def compile_loop(self, step: Callable, fuse: bool | None = None) -> Callable:
        """A compiled ``run(state, start, stop, *data)`` of ``state = step(i, state, *data)``."""

    def direct(self, fn: Callable, fuse: bool | None = None) -> Callable | None:
        """`fn`, which changes variables, made ready to be called again and again.

        For steps in which a user asks the library itself for derivatives with regard to variables;
        ``None`` where the library knows no variables.
        """

    def together(self, tensors: Sequence[Any]) -> Any:
        """Tensors of one dtype as one value on which arithmetic is cheaper, or ``None``.

        Iterating over it gives its tensors.
        """

    def take_rows(self, x: Any, rows: Any) -> Any:
        """Rows of `x` by numbers that are in range."""

    def slice_rows(self, x: Any, start: Any, size: int) -> Any:
        """`size` rows of `x` from a row known at run time."""

    # control
    def cond(self, pred: Any, true_fn: Callable, false_fn: Callable) -> Any:
        """The value of one of two functions."""

    def while_loop(
        self, cond: Callable, body: Callable, loop_vars: Any, maximum_iterations: Any
    ) -> Any:
        """`body` applied while `cond` holds."""

    def scan(self, f: Callable, init: Any, xs: Any, length: Any, reverse: bool, unroll: Any) -> Any:
        """A loop along the first axis that carries a state and stacks outputs."""

    # randomness
    def key(self, seed: int) -> Any:
        """A random key."""

    def fold(self, key: Any, n: Any) -> Any:
        """A new key out of a key and a number."""

    def random(
        self, distribution: str, key: Any, shape: tuple[int, ...], dtype: str, *parameters: Any
    ) -> Any:
        """Numbers of a distribution; the parameters are those of the op of that name."""

    def calls(self) -> Any:
        """In a function being compiled that may change variables the number of its calls, else ``None``."""

    # profiles
    def profile(
        self,
        compiled: Callable[[int], Any] | None,
        plain: Callable[[int], Any],
        steps: int,
        seconds: float,
    ) -> Trace:
        """Where the time of some steps goes.

        `compiled` runs so many steps through functions of `compile` or `compile_loop` that have not
        run yet, and returns what they compute; ``None`` where they cannot be compiled. `plain` runs
        them as they stand, for libraries that cannot look into their compiled functions. At most
        `steps` are measured, and fewer where they would take more than about `seconds`.
        """

    def enable_determinism(self) -> None:
        """Compute only in ways that give the same bits in every run."""

    # errors
    def named(self, layer: str) -> Any:
        """A context in which operations of a function being compiled bear the name of a layer."""

    def explain(self, error: BaseException) -> str | None:
        """What an error of the library's means to a user, where its own words do not say that."""

    # devices
    def devices(self) -> list[str]:
        """Names of the devices."""

    def device(self, name: str) -> Any:
        """A context in which new tensors are placed on the named device."""
