"""Stored studies: what is read is what was made."""

import numpy as np
import pytest

from helpers.models import function_study, label_study, one_way_study, sensor_controls, sensor_study

MODULES = function_study, label_study, one_way_study, sensor_controls, sensor_study
STUDIES = [
    *((module.load, module.FILE, module.FILE.stem) for module in MODULES),
    (one_way_study.sliders, one_way_study.SLIDERS, "one_way_study"),
]


@pytest.mark.parametrize(("load", "file", "maker"), STUDIES, ids=[file.stem for _, file, _ in STUDIES])
def test_a_changed_file_is_refused(load, file, maker, tmp_path):
    with np.load(file) as stored:
        arrays = dict(stored)
    first = next(name for name in arrays if name != "made")
    arrays[first].flat[0] = np.nextafter(arrays[first].flat[0], np.float32(np.inf))
    np.savez_compressed(tmp_path / "other.npz", **arrays)
    with pytest.raises(ValueError, match=f"other.npz is not the file that was made: run python -m tools.{maker}$"):
        load(tmp_path / "other.npz")
