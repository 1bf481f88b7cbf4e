"""The model builders that a chapter shows are the ones that its gold draws were made with."""

from pathlib import Path

import pytest

from tests.support.cells import code_of, definitions

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("notebook", "module", "name"),
    [
        ("06_minibatch_advi", "shop", "purchases"),
        ("07_bnn_moons", "moons", "network"),
        ("10_bnn_regression", "sensor_data", "network"),
    ],
)
def test_chapter_shows_the_very_builder(notebook, module, name):
    shown = definitions(*code_of(ROOT / "notebooks" / f"{notebook}.ipynb"))
    own = definitions((ROOT / "helpers" / "models" / f"{module}.py").read_text(encoding="utf-8"))
    assert name in shown, f"{notebook} does not define {name}"
    assert shown[name] == own[name], f"{name} differs from the helper's"
