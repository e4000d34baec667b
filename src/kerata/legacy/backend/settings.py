"""Settings, names, and what there was of TensorFlow's sessions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import config, graph, scope
from ...errors import InputError
from ..notes import note

_ORDERINGS = {"tf": "channels_last", "th": "channels_first"}


def image_dim_ordering() -> str:
    """``tf`` where channels come last, ``th`` where they come first: as Keras 1 called it.

    >>> image_dim_ordering()
    'tf'
    """
    return "tf" if config.image_data_format() == "channels_last" else "th"


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Choose where channels are: ``tf``, last, or ``th``, first.

    >>> set_image_dim_ordering("tf")
    """
    if dim_ordering not in _ORDERINGS:
        raise InputError(f"set_image_dim_ordering: expected 'tf' or 'th', got {dim_ordering!r}.")
    note("K.set_image_dim_ordering", "K.set_image_data_format")
    config.set_image_data_format(_ORDERINGS[dim_ordering])


def reset_uids() -> None:
    """Start the numbering of automatic names anew.

    >>> reset_uids()
    """
    graph.reset_names()


class name_scope(scope.name_scope):
    """A block that puts a name, or several with ``/`` between them, in front of variables' paths.

    >>> from kerata import Variable
    >>> with name_scope("encoder/first"):
    ...     Variable(0.0, name="scale").path
    'encoder/first/scale'
    """

    def __init__(self, name: str) -> None:
        *around, last = [part for part in str(name).split("/") if part] or ["scope"]
        super().__init__(last, override_parent="/".join([*scope.local.names, *around]))


def manual_variable_initialization(value: bool) -> None:
    """Did away with the first values of variables; they have them when they are first read.

    >>> manual_variable_initialization(False)
    """
    note("K.manual_variable_initialization", None)


class Session:
    """What stands for a session of TensorFlow 1: `run` evaluates symbolic tensors.

    >>> Session().run(None) is None
    True
    """

    def run(self, fetches: Any, feed_dict: Any = None, **kwargs: Any) -> Any:
        """Values of symbolic tensors or variables, for values of symbolic inputs.

        Raises:
            InputError: An object of TensorFlow's own is among them.
        """
        from .graph import Function

        if fetches is None or (isinstance(fetches, (list, tuple)) and not fetches):
            return None
        feeds = dict(feed_dict or {})
        try:
            return Function(list(feeds), fetches)(list(feeds.values()))
        except (InputError, TypeError) as e:
            raise InputError(
                "There are no sessions of TensorFlow in Kerata: session.run evaluates tensors of Kerata's "
                "models only. Use K.function, or model.predict; first values of variables need no run."
            ) from e

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: Any) -> None:
        """Nothing is open."""

    @property
    def graph(self) -> Any:
        """There is no graph of TensorFlow's."""
        raise InputError(
            "There is no graph of TensorFlow in Kerata. Models run from any thread as they are: leave out "
            "`with graph.as_default():` and `tf.get_default_graph()`."
        )


def get_session(op_input_list: Any = ()) -> Session:
    """What stands for the session, of which there is none.

    >>> type(get_session()).__name__
    'Session'
    """
    note("K.get_session", None)
    return Session()


def set_session(session: Any) -> None:
    """Took a session; devices and memory are the engine's affair.

    >>> set_session(None)
    """
    note("K.set_session", None)


def sparse(*args: Any, **kwargs: Any) -> Any:
    """Refused: tensors are dense.

    >>> sparse(np.eye(2))
    Traceback (most recent call last):
    ...
    kerata.errors.InputError: ...
    """
    raise InputError(
        "Kerata has no sparse tensors. A dense one computes the same: K.to_dense(x), or x.toarray() of SciPy's."
    )


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> Any:
    """Label sequences as a sparse matrix of SciPy's, of the labels within the lengths.

    >>> ctc_label_dense_to_sparse(np.array([[1, 2], [3, 0]]), np.array([2, 1])).toarray().tolist()
    [[1, 2], [3, 0]]
    """
    from scipy.sparse import coo_array

    from .variables import get_value

    values = np.asarray(get_value(labels))
    lengths = np.asarray(get_value(label_lengths)).reshape(-1)
    inside = np.arange(values.shape[1])[None] < lengths[:, None]
    rows, columns = np.nonzero(inside)
    return coo_array((values[inside], (rows, columns)), shape=values.shape)
