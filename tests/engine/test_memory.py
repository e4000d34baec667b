"""What an engine does where the system's limits are near."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.engine("jax")

MANY = """
import numpy as np
from kerata import Input, Sequential, layers
from kerata.engine import jax, memory

memory._MOST_MAPS = {most}  # as if Linux allowed a few thousand
counts, model = [], None
for i in range({models}):
    first, model = model, Sequential([Input((3,)), layers.Dense(2 + i % 7), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    counts.append(open("/proc/self/maps").read().count("\\n"))
    if first is not None:
        first.predict(np.ones((2, 3)), verbose=0)
print(max(counts))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
def test_many_models_in_a_process_stay_below_the_limit() -> None:
    def most(share: float) -> int:
        code = MANY.format(most=share, models=60)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return int(done.stdout.splitlines()[-1])

    with open("/proc/sys/vm/max_map_count") as f:
        allowed = int(f.read())
    limit = 1500 / allowed
    assert most(limit) < 0.75 * most(1.0)


def test_programs_compute_the_same_after_room_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    from kerata.engine import jax as engine

    double = engine.compile(lambda x: 2 * x)
    before = double(np.ones(3))
    monkeypatch.setattr(engine, "has_too_many_maps", lambda: True)
    engine.make_room()
    np.testing.assert_array_equal(double(np.ones(3)), before)
