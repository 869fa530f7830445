"""What several of these tests begin with."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.copy_streams import Scene

from streams.copier import Plan


@pytest.fixture
def scene_of(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Make live copiers without a broker; their workers end with the test."""
    scenes = []

    def build(plan: Plan, name: str = "s", **fields: Any) -> Scene:
        scenes.append(Scene(plan, tmp_path / f"{name}.db", **fields))
        return scenes[-1]

    yield build
    for scene in scenes:
        scene.close()
