"""Write the notebooks as JupyterLab would save them, so that opening one changes nothing: `uv run python -m tools.store`.

Run it after `jupyter nbconvert --inplace`: JupyterLab names the kernel, JavaScript writes 2.0 as 2, and Plotly stores a PNG
of what it draws where there is none. A notebook with a claim that does not hold is not stored. (JupyterLab also notes the reader's version of Python, which nobody can know beforehand.)
"""

import base64
import io
import json
import re
import sys
from decimal import Decimal
from pathlib import Path

import nbformat
from PIL import Image

from tools.ledger import claims_of

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("[0-9]*.ipynb"))
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# a number at the end of its line, as Python writes it
SMALL = re.compile(r"(?<=[ \[])-?\d(?:\.\d+)?e-0\d(?=,?$)", re.MULTILINE)
PLOTLY = "application/vnd.plotly.v1+json"


def as_javascript(value):
    """`value` (from JSON) with every number as JavaScript writes it."""
    if isinstance(value, dict):
        return {key: as_javascript(v) for key, v in value.items()}
    if isinstance(value, list):
        return [as_javascript(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else value


def _add_still(data: dict) -> None:
    """Give Plotly a PNG of its figure, made of the figure's JPEG: it shows that, until the mouse comes near."""
    if PLOTLY in data and "image/png" not in data:
        file = io.BytesIO()
        Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))).quantize(32).save(file, "PNG", optimize=True)
        data["image/png"] = base64.b64encode(file.getvalue()).decode()


def as_saved(text: str) -> str:
    """The text of a notebook as JupyterLab saves it."""
    notebook = as_javascript(json.loads(text))
    for output in (output for cell in notebook["cells"] for output in cell.get("outputs", [])):
        _add_still(output.get("data", {}))
    notebook["metadata"]["kernelspec"] = KERNEL
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return SMALL.sub(lambda found: _small(found[0]), text)


def _small(number: str) -> str:
    """A number such as 5e-05 as JavaScript writes it: 0.00005, but 5e-7."""
    return f"{Decimal(number):f}" if number.endswith(("e-05", "e-06")) else number.replace("e-0", "e-")


def broken(text: str) -> list[str]:
    """The words of the claims in a notebook that do not hold."""
    return [
        row["words"] for cell in nbformat.reads(text, as_version=4).cells for row in claims_of(cell) if not row["holds"]
    ]


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:] or NOTEBOOKS):
        text = path.read_text(encoding="utf-8")
        if failed := broken(text):
            sys.exit(f"{path.name} is not stored; these claims do not hold: {'; '.join(failed)}")
        path.write_text(as_saved(text), encoding="utf-8")
