"""The colours, and which text may stand on which of them.

The palette is the UK government's Analysis Function palette with a sequence of one hue. Text is dark grey, dark blue or dark
pink on white; on a coloured tile it is whichever of dark grey and white reads better, and never below 4.5 to 1. The light
colours are for shapes of at least three pixels.
"""

from __future__ import annotations

WHITE = "#FFFFFF"
INK = "#3D3D3D"
BLUE = "#12436D"
PINK = "#801650"
TURQUOISE = "#28A197"
ORANGE = "#F46A25"
PURPLE = "#A285D1"
LIGHT_BLUE = "#6BACE6"
TRACK = "#EDF1F4"
SHADE = "#C9D3DC"
HAIRLINE = "#C4CAD0"
NO_DATA = "#E2E2E2"

STEPS = ("#DCEAF6", "#AED0EE", "#7FB8EA", "#2073BC", "#12436D")
"""Five steps of one hue, light to dark."""

STEP_LINES = ("#AED0EE", "#FFFFFF", "#DCEAF6", "#12436D", "#2073BC")
"""The lines of the hatching on each step; text that reads on the step reads on these too."""


def luminance(colour: str) -> float:
    """The relative luminance of `#RRGGBB` as WCAG defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink_on(fill: str) -> str:
    """The text colour for a filled shape."""
    return max((INK, WHITE), key=lambda ink: contrast(ink, fill))
