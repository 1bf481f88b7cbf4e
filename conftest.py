"""Every notebook runs without network: the Python processes that the tests start refuse to leave this machine.

(Those of tests/test_colab.py may: they install the course.)
"""

import os
from pathlib import Path

_folder = str(Path(__file__).parent / "tests" / "no_network")  # holds a sitecustomize.py, which says how
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_folder, os.environ.get("PYTHONPATH")]))
