"""PyMC's progress bars in a notebook: they end at 100 %, leave no gap, and fit a dark page and a narrow one."""

import functools
import os

from helpers.pictures.style import PALE

COLUMNS = "61"  # characters a line: as many as a cell shows on a page 700 pixels wide
STYLES = {  # "none" is the colour of the page's text
    "bar.back": PALE["bar"],
    "bar.pulse": PALE["bar"],
    "progress.percentage": "none",
}


def mend_bars():
    """Mend PyMC's progress bars for the running process; a second call changes nothing.

    Rich, which draws them, skips the last drawing in a notebook, so that a bar stands still up to a tenth of a second
    before its end, and shows an empty line in its place. Its colours are made for white pages, its lines for pages of
    1,000 pixels, and PyMC's columns cut their headings. A reader's own ``JUPYTER_COLUMNS`` and
    ``progressbar_theme=`` win.
    """
    from pymc.progress_bar import CustomProgress, default_progress_theme

    os.environ.setdefault("JUPYTER_COLUMNS", COLUMNS)
    styles = default_progress_theme.styles
    parse = type(styles["bar.back"]).parse
    styles.update({name: parse(style) for name, style in STYLES.items()})
    if not hasattr(CustomProgress.stop, "__wrapped__"):
        CustomProgress.stop = _drawn_last(CustomProgress.stop)
        CustomProgress.make_tasks_table = _columns_as_wide_as_their_text(CustomProgress.make_tasks_table)


def _drawn_last(stop):
    """`stop` after a last drawing in a notebook (a bar that is switched off draws nothing)."""

    @functools.wraps(stop)
    def draw_and_stop(progress):
        if progress.console.is_jupyter:
            progress.refresh()
            progress.console.quiet = True  # of the empty line; PyMC makes a console for each bar
        stop(progress)

    return draw_and_stop


def _columns_as_wide_as_their_text(make_tasks_table):
    """`make_tasks_table`, where the bar gets what the other columns leave (PyMC shares the line out in fixed parts)."""

    @functools.wraps(make_tasks_table)
    def make_table(progress, tasks):
        table = make_tasks_table(progress, tasks)
        if len(table.columns) < 7:  # with all statistics (`progressbar=True`) there is no room for that
            for column in table.columns[1:]:
                column.ratio = None
        return table

    return make_table
