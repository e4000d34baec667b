"""Layers for texts and categories, as in `table`."""

import numpy as np

from oracle.table_inputs import arrays

# Layer; what it is adapted to, if anything; its input.
PREPROCESSING = """
CategoryEncoding(5) | | INTS
CategoryEncoding(5, 'one_hot') | | INTS
CategoryEncoding(5, 'count') | | INTS
CategoryEncoding(5, output_mode='one_hot') | | INTS[:, :1]
CategoryEncoding(5, output_mode='multi_hot') | | 2
CategoryEncoding(num_tokens=5, output_mode='one_hot') | | 2
Discretization([0.0, 0.5]) | | REALS
Discretization([0.0, 0.5], output_mode='one_hot') | | REALS
Discretization([0.0, 0.5], output_mode='multi_hot') | | REALS
Discretization([0.0, 0.5], output_mode='count') | | REALS
Discretization(num_bins=5) | REALS | REALS
Discretization(num_bins=7, epsilon=0.05) | iter(np.split(MANY, 4)) | REALS
Discretization(num_bins=3, epsilon=0.1) | MANY | REALS
Hashing(3) | | WORDS
Hashing(1000) | | WORDS
Hashing(1000, salt=[133, 137]) | | WORDS
Hashing(1000, salt=5, mask_value='b') | | WORDS
Hashing(7, mask_value='b', output_mode='count') | | WORDS
Hashing(7, output_mode='one_hot') | | WORDS[:, :1]
Hashing(9999) | | INTS * 123457
Hashing(99, mask_value=0) | | INTS
Hashing(99) | | REALS * 1000
HashedCrossing(1000) | | (WORDS[:, 0], INTS[:, 0])
HashedCrossing(num_bins=1000) | | (WORDS[:, :1], WORDS[:, 1:2])
HashedCrossing(10, output_mode='one_hot') | | (WORDS[:, :1], WORDS[:, 1:2], INTS[:, 2:])
StringLookup() | WORDS | WORDS[::-1]
StringLookup(max_tokens=3) | WORDS | WORDS
StringLookup(num_oov_indices=5, mask_token='b') | WORDS[:1] | WORDS
StringLookup(num_oov_indices=5, salt=[7, 9]) | WORDS[:1] | WORDS
StringLookup(num_oov_indices=0) | WORDS | WORDS
StringLookup(vocabulary=['b', 'dd']) | | WORDS
StringLookup(vocabulary=['', '[UNK]', 'b', 'dd'], mask_token='') | | WORDS
StringLookup(output_mode='one_hot') | WORDS | WORDS[:, :1]
StringLookup(output_mode='multi_hot', mask_token='b') | WORDS | WORDS
StringLookup(output_mode='count', max_tokens=12, pad_to_max_tokens=True) | WORDS | WORDS
StringLookup(output_mode='tf_idf') | WORDS | WORDS
StringLookup(output_mode='tf_idf', max_tokens=12, pad_to_max_tokens=True) | WORDS | WORDS
StringLookup(output_mode='tf_idf', vocabulary=['b', 'dd'], idf_weights=[0.5, 1.5]) | | WORDS
IntegerLookup() | INTS | INTS + 1
IntegerLookup(mask_token=0, max_tokens=4) | INTS | INTS
IntegerLookup(vocabulary=[3, 1], num_oov_indices=3) | | INTS - 2
IntegerLookup(vocabulary=[3, 1], num_oov_indices=3, oov_method='farmhash') | | INTS - 2
IntegerLookup(vocabulary=[3, 1], num_oov_indices=4, oov_method='farmhash', salt=2) | | INTS - 2
IntegerLookup(vocabulary=[3, 1], invert=True) | | INTS
IntegerLookup(output_mode='multi_hot') | INTS | INTS
IntegerLookup(output_mode='count', mask_token=1) | INTS | INTS
IntegerLookup(output_mode='tf_idf') | INTS | INTS
TextVectorization() | TEXTS | TEXTS
TextVectorization(max_tokens=6) | np.array(TEXTS)[:, None] | TEXTS[::-1]
TextVectorization(output_sequence_length=3) | iter([TEXTS[:2], TEXTS[2:]]) | TEXTS
TextVectorization(standardize=None) | TEXTS | TEXTS
TextVectorization(standardize='lower') | TEXTS | TEXTS
TextVectorization(standardize='strip_punctuation') | TEXTS | TEXTS
TextVectorization(split='character', max_tokens=20) | TEXTS | TEXTS
TextVectorization(split=None) | TEXTS | TEXTS
TextVectorization(ngrams=2) | TEXTS | TEXTS
TextVectorization(ngrams=(1, 3)) | TEXTS | TEXTS
TextVectorization(output_mode='multi_hot') | TEXTS | TEXTS
TextVectorization(output_mode='count', ngrams=2) | TEXTS | TEXTS
TextVectorization(output_mode='tf_idf') | TEXTS | TEXTS
TextVectorization(output_mode='tf_idf', max_tokens=40, pad_to_max_tokens=True) | TEXTS | TEXTS
TextVectorization(vocabulary=['a', 'film']) | | TEXTS
"""


_TEXTS = [
    "A film, a FILM!",
    'no  good\tfilm; it\'s "bad"',
    "",
    "caf\u00e9 \u00c9t\u00e9 (good)\nfilm film",
]


def preprocessing_case(keras, call, rest):
    """The output, and the vocabulary or the boundaries."""
    adapt, _, data = rest.partition("|")
    names = {
        "np": np,
        "INTS": np.array([[3, 1, 4], [1, 5, 3], [2, 6, 3]]),
        "REALS": arrays(7, [(4, 3)])[0],
        "MANY": arrays(8, [(800,)])[0],
        "WORDS": np.array([["b", "ccc", "b"], ["dd", "a", "ccc"], ["\u00ea" * 40, "x" * 70, "b"]]),
        "TEXTS": _TEXTS,
    }
    layer = eval("L." + call, {"L": keras.layers})
    if adapt.strip():
        layer.adapt(eval(adapt.strip(), names))
    out = [np.asarray(layer(eval(data.strip(), names)))]
    if hasattr(layer, "get_vocabulary"):
        text = "\n".join(map(str, layer.get_vocabulary()))
        out.append(np.array([ord(c) for c in text]))
    if hasattr(layer, "bin_boundaries"):
        out.append(np.asarray(layer.bin_boundaries))
    return out


KINDS = {"preprocessing": (PREPROCESSING, preprocessing_case)}
