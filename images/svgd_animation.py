"""Make svgd.gif, the animation of the mixtures for the README: `uv run python images/svgd_animation.py`."""

import io
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image

from helpers.pictures import record, style
from helpers.pictures.particle_frames import Recording, draw_frame, frame_height

PICTURE = Path(__file__).with_name("svgd.gif")
WIDTH, DOTS = 6.0, 100  # inches, and pixels an inch
FRAMES = [*range(20), *range(20, 60, 2), *range(60, 150, 10), 149]  # the journey, then how the particles settle


def draw(run: Recording, k: int) -> Image.Image:
    """Frame `k`."""
    figure, file = plt.figure(figsize=(WIDTH, frame_height(WIDTH)), layout="none"), io.BytesIO()
    draw_frame(figure, WIDTH, run, k)
    figure.savefig(file, dpi=DOTS)
    plt.close(figure)
    return Image.open(file).convert("RGB")


def make(path: Path, frames: list[int]) -> None:
    """Write the frames that are asked for as one GIF."""
    style.apply()
    run = record("banana")
    drawn = [draw(run, k) for k in frames]
    # one set of colours for all frames, so that only what moves is stored
    colours = drawn[len(drawn) // 4].quantize(224, Image.Quantize.MAXCOVERAGE)
    first, *others = (frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in drawn)
    times = [500, *[90] * len(others)]  # milliseconds
    # once: what moves for longer must have a stop
    first.save(path, save_all=True, append_images=others, duration=times)


if __name__ == "__main__":
    make(PICTURE, FRAMES)
