"""A wipe between pictures, for pages that hold everything themselves."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

# What is left of the line: key (a word), title, address of the picture.
Left = tuple[str, str, str]


def wipe_head() -> str:
    """Returns the style and script that a page with `wipe_figure`s needs in its head."""
    return Path(__file__).with_suffix(".html").read_text(encoding="utf-8")


def wipe_figure(
    name: str, size: tuple[int, int], lefts: Sequence[Left], right: tuple[str, str], caption: str = ""
) -> str:
    """Returns a figure: one picture right of a line that can be moved, and one of several left of it.

    Args:
        name: Name of the picture, for those who cannot see it.
        size: Width and height, pixels, as shown.
        lefts: To choose from; with one there is no choice.
        right: Title and address (a `data:` one) of the picture on the right.
        caption: HTML below.
    """
    name = escape(name)
    title, source = right
    images = [
        f'<img data-key="{key}" alt="{name}, {escape(text)}" src="{address}">' for key, text, address in lefts
    ]
    choice = ""
    if len(lefts) > 1:
        buttons = [
            f'<button type="button" data-left="{key}">{escape(text)}</button>' for key, text, _ in lefts
        ]
        choice = f'<div class="group" role="group" aria-label="Left picture">Left {"".join(buttons)}</div>'
    width, height = size
    return f"""<figure style="--width: {width}px; --ratio: {width / height:.4f}">
<div class="frame"><div class="stage"><div class="pair">
{"".join(images)}
<img class="after" alt="{name}, {escape(title)}" src="{source}">
</div></div><div class="edge"></div><div class="knob" aria-hidden="true">&#8596;</div>
<span class="tag left">{escape(lefts[0][1])}</span><span class="tag right">{escape(title)}</span></div>
<div class="bar">{choice}
<input type="range" min="0" max="100" step="0.5" value="50" aria-label="Wipe, {name}">
<button type="button" data-zoom title="Enlarge">Fit</button></div>
{caption}</figure>"""


def render_template(template: Path, parts: dict[str, str]) -> str:
    """Returns the page of a template with `{{key}}` replaced by each part."""
    # In one go: what is filled in may look like a place itself, a file's name for one.
    return re.sub(r"{{(\w+)}}", lambda place: parts[place[1]], template.read_text(encoding="utf-8"))
