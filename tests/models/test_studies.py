"""Stored studies: what is read is what was made."""

import numpy as np
import pytest

from helpers.models import label_study, sensor_controls, sensor_study

STUDIES = {"label_study": label_study, "sensor_controls": sensor_controls, "sensor_study": sensor_study}


@pytest.mark.parametrize("name", STUDIES)
def test_a_changed_file_is_refused(name, tmp_path):
    with np.load(STUDIES[name].FILE) as stored:
        arrays = dict(stored)
    first = next(name for name in arrays if name != "made")
    arrays[first].flat[0] = np.nextafter(arrays[first].flat[0], np.float32(np.inf))
    np.savez_compressed(tmp_path / "other.npz", **arrays)
    with pytest.raises(ValueError, match=f"other.npz is not the file that was made: run python -m tools.{name}$"):
        STUDIES[name].load(tmp_path / "other.npz")
