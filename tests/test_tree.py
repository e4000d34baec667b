"""Nested structures: what Keras's tree (on optree) does, one case after the other."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple

import pytest

from kerata import tree

Pair = namedtuple("Pair", "a b")
Other = namedtuple("Other", "a b")


def both(a, b):
    return (a, b)


FLATTEN = [
    (3, [3]),
    (None, [None]),
    ([1, (2, [3]), None], [1, 2, 3, None]),
    ({"b": 1, "a": 2}, [2, 1]),
    (OrderedDict(b=1, a=2), [1, 2]),
    (defaultdict(list, b=1, a=2), [2, 1]),
    (Pair(1, {"z": 2}), [1, 2]),
    (deque([1, [2]]), [1, 2]),
    ({"b": 1, 2: 2}, [2, 1]),
    ([], []),
]


@pytest.mark.parametrize(("structure", "leaves"), FLATTEN)
def test_flatten_and_pack(structure, leaves) -> None:
    assert tree.flatten(structure) == leaves
    packed = tree.pack_sequence_as(structure, iter(leaves))
    assert packed == structure and type(packed) is type(structure)
    assert [leaf for _, leaf in tree.flatten_with_path(structure)] == leaves


def test_packing_keeps_what_containers_have() -> None:
    assert list(tree.pack_sequence_as(OrderedDict(b=0, a=0), [1, 2]).items()) == [
        ("b", 1),
        ("a", 2),
    ]
    assert tree.pack_sequence_as(defaultdict(list, b=0), [1]).default_factory is list
    assert tree.pack_sequence_as(deque([0], maxlen=3), [1]).maxlen == 3
    for structure, flat, error in (([1, 2], [1], ValueError), (1, [1, 2], ValueError)):
        with pytest.raises(error, match="leaves"):
            tree.pack_sequence_as(structure, flat)
    with pytest.raises(TypeError):
        tree.pack_sequence_as([1], 5)


def test_is_nested() -> None:
    for x in ([], (), {}, deque(), Pair(1, 2), OrderedDict(), [1]):
        assert tree.is_nested(x)
    for x in (1, None, "ab", {1}, range(3)):
        assert not tree.is_nested(x)


def test_map_structure() -> None:
    assert tree.map_structure(both, [1, {"a": 2}], [3, OrderedDict(a=4)]) == [(1, 3), {"a": (2, 4)}]
    assert tree.map_structure(both, Pair(1, 2), Pair(3, 4)) == Pair((1, 3), (2, 4))
    out = tree.map_structure(both, OrderedDict(b=1, a=2), {"a": 1, "b": 2})
    assert list(out.items()) == [("b", (1, 2)), ("a", (2, 1))]
    assert tree.map_structure(both, deque([1], 4), deque([2])) == deque([(1, 2)], 4)
    assert tree.map_structure(lambda x: x, [None, 1]) == [None, 1]
    assert tree.map_structure(str, [None, 1]) == ["None", "1"]
    assert tree.map_structure(str, [None, 1], none_is_leaf=False) == [None, "1"]
    assert tree.map_structure(both, [None], [None], none_is_leaf=False) == [None]


DIFFERENT = [
    ([1], (1,)),
    ([1, 2], [1]),
    ([1, [2]], [1, 2]),
    ([1, 2], [1, [2]]),
    (Pair(1, 2), (1, 2)),
    (Pair(1, 2), Other(1, 2)),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, [1]),
    (deque([1]), [1]),
    (1, [1]),
]


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_structures_that_differ(a, b) -> None:
    for first, second in ((a, b), (b, a)):
        with pytest.raises(ValueError, match="Structures differ"):
            tree.map_structure(both, first, second)
        with pytest.raises(ValueError, match="Structures differ"):
            tree.assert_same_structure(first, second)


def test_none_is_a_structure_where_it_is_no_leaf() -> None:
    for a, b in (([None], [1]), ([1], [None])):
        tree.map_structure(both, a, b)
        with pytest.raises(ValueError, match="NoneType"):
            tree.map_structure(both, a, b, none_is_leaf=False)


def test_nothing_to_map() -> None:
    with pytest.raises(ValueError, match="at least one"):
        tree.map_structure(str)
    with pytest.raises(ValueError, match="at least one"):
        tree.map_structure_up_to([1], str)
    with pytest.raises(TypeError):
        tree.map_structure(3, [1])


def test_map_alike() -> None:
    assert tree.map_alike(both, [1, (2,)], (3, [4])) == [(1, 3), ((2, 4),)]
    assert tree.map_alike(both, [1], [[2, 3]]) == [(1, [2, 3])]
    with pytest.raises(ValueError, match="Structures differ"):
        tree.map_alike(both, [1], [1, 2])


def test_map_structure_up_to() -> None:
    up_to = tree.map_structure_up_to
    assert up_to([0, None], len, [[1, 1], [2]]) == [2, 1]
    assert up_to([0, [0, 0]], str, [[1, 1], [2, 2]]) == ["[1, 1]", ["2", "2"]]
    assert up_to(Pair(0, 0), both, Pair([1], 2), Pair(3, [4])) == Pair(([1], 3), (2, [4]))
    assert up_to({"a": 0}, both, {"a": [1]}, {"a": {"z": 1}}) == {"a": ([1], {"z": 1})}
    assert up_to(0, len, [1, 2]) == 2
    for shallow in ((0, 0), [0], [0, [0, 0]], {"a": 0}):
        with pytest.raises(ValueError, match="Structures differ"):
            up_to(shallow, str, [1, 2])


def test_map_shape_structure() -> None:
    shapes = {"a": (1, None), "b": [(2,), [3, 4]], "c": ()}
    assert tree.map_shape_structure(len, shapes) == {"a": 2, "b": [1, 2], "c": 0}
    assert tree.map_shape_structure(lambda s: s, OrderedDict(a=(1,))) == OrderedDict(a=(1,))
    assert tree.map_shape_structure(str, [3, "a"]) == ["3", "a"]


def test_paths() -> None:
    structure = [Pair([1], 2), OrderedDict(b=[1], a=None)]
    paths = [((0, 0, 0), 1), ((0, 1), 2), ((1, "b", 0), 1), ((1, "a"), None)]
    assert tree.flatten_with_path(structure) == paths
    tree.assert_same_paths([1, {"a": 1}], (1, OrderedDict(a=2)))
    tree.assert_same_paths(Pair(1, 2), Other(3, 4))
    with pytest.raises(ValueError, match=r"only in a \(1, 'a'\); only in b \(1, 'b'\)"):
        tree.assert_same_paths([1, {"a": 1}], (1, {"b": 2}))


def test_check_types_is_over() -> None:
    with pytest.warns(DeprecationWarning, match="assert_same_paths"):
        tree.assert_same_structure([1], [2], check_types=False)


def test_traverse_order() -> None:
    seen: list = []
    structure = [(1, Pair(2, 3)), {"b": 4, "a": 5}, OrderedDict(d=6, c=7)]
    assert tree.traverse(seen.append, structure) == structure
    assert seen == [
        structure, (1, Pair(2, 3)), 1, Pair(2, 3), 2, 3, {"b": 4, "a": 5}, 5, 4,
        OrderedDict(d=6, c=7), 6, 7,
    ]  # fmt: skip
    seen.clear()
    tree.traverse(seen.append, [(1, 2), {"a": 4}], top_down=False)
    assert seen == [1, 2, (1, 2), 4, {"a": 4}, [(1, 2), {"a": 4}]]


def test_traverse_replaces() -> None:
    def without_two(x):
        return tree.MAP_TO_NONE if x == 2 else None

    assert tree.traverse(without_two, [1, (2,)]) == [1, (None,)]
    assert tree.traverse(without_two, [1, (2,)], top_down=False) == [1, (None,)]
    assert tree.traverse(lambda x: [9] if isinstance(x, dict) else None, {"a": 1}) == [9]
    grown = tree.traverse(lambda x: x + 1 if isinstance(x, int) else None, Pair(1, deque([2])))
    assert grown == Pair(2, deque([3]))


def test_lists_to_tuples() -> None:
    out = tree.lists_to_tuples([Pair([1], 2), OrderedDict(a=[1]), deque([[3]])])
    assert out == (Pair((1,), 2), OrderedDict(a=(1,)), deque([(3,)]))
    assert type(out[0]) is Pair and type(out[1]) is OrderedDict
