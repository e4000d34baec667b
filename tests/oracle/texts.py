"""Models of layers with vocabularies, written once for Kerata and Keras 3, to be exchanged as files."""

import numpy as np

DOCUMENTS = ["a b b", "c b b", "c d b"]
WORDS = [["a", "b", "b"], ["", "q", "b"]]
TABLE = {
    "size": [0.0, 0.1, 0.2, 0.3],
    "word": ["zero", "one", "two", "zero"],
    "count": [0, 1, 2, 3],
    "level": [0.0, 1.0, 2.0, 3.0],
}

# Call of the layer; what it is adapted to; what it is called on.
LAYERS = """
TextVectorization(output_mode='tf_idf') | DOCUMENTS | ['b b zz d']
TextVectorization(ngrams=2, output_sequence_length=5, max_tokens=7) | DOCUMENTS | ['b b zz d']
StringLookup(num_oov_indices=2, mask_token='') | WORDS | [['b', 'zz', '']]
StringLookup(output_mode='tf_idf') | [['a', 'b', 'b'], ['c', 'q', 'b']] | [['b', 'zz', '']]
IntegerLookup(output_mode='count', max_tokens=9, pad_to_max_tokens=True) | [[1, 2, 2], [2, 3, 3]] | [[2, 2, 8]]
IntegerLookup(vocabulary=[4, 5], mask_token=0) | None | [[5, 0, 8]]
Discretization(num_bins=3) | np.arange(30.0) | [[2.0, 12.0, 28.0]]
Hashing(7, salt=3, mask_value='') | None | [['a', '', 'b']]
"""


def kinds():
    """``(number, call, data to adapt to, data to call on)`` of every case."""
    names = {"np": np, "DOCUMENTS": DOCUMENTS, "WORDS": WORDS}
    for i, line in enumerate(LAYERS.strip().splitlines()):
        call, adapt, data = line.split(" | ")
        yield f"layer{i}", call, eval(adapt, names), np.array(eval(data, names))


def layer_model(keras, call, adapt, data):
    layer = eval("L." + call, {"L": keras.layers})
    if adapt is not None:
        layer.adapt(adapt)
    dtype = {"U": "string", "f": "float32", "i": "int64"}[data.dtype.kind]
    return keras.Sequential([keras.Input(data.shape[1:], dtype=dtype), layer])


def feature_space(keras):
    made = keras.utils.FeatureSpace
    space = made(
        {
            "size": "float_normalized",
            "word": "string_categorical",
            "count": made.integer_categorical(max_tokens=4),
            "level": made.float_discretized(3),
        },
        crosses=[("word", "count"), made.cross(("word", "level"), crossing_dim=4)],
    )
    space.adapt(TABLE)
    return space


def write(keras, folder):
    """Save every model, with what its layer gives."""
    for name, call, adapt, data in kinds():
        model = layer_model(keras, call, adapt, data)
        model.save(str(folder / f"{name}.keras"))
        np.save(folder / f"{name}.npy", np.asarray(model.layers[-1](data)))
    space = feature_space(keras)
    space.save(str(folder / "space.keras"))
    np.save(folder / "space.npy", np.asarray(space(TABLE)))


def read(keras, folder):
    """What the layers of saved models give, by name."""
    load = keras.models.load_model
    out = {n: np.asarray(load(str(folder / f"{n}.keras")).layers[-1](d)) for n, _, _, d in kinds()}
    return {**out, "space": np.asarray(load(str(folder / "space.keras"))(TABLE))}
