"""Charts drawn on the server as SVG text, each with a title, a sentence and a table.

The same drawing serves page, print and mail, so it is complete in itself: presentation attributes only, no script, no
outside font, no class. Pure: no input or output but its own two tables of tiles, no language, no number formatting; all words
come from the caller.
"""

from shared.charts.bullet import Bullet, FundingBullet, Mark, Money, Part, Span
from shared.charts.chart import Amount, Chart, Show, Table
from shared.charts.dots import Dot, DotPlot
from shared.charts.layout import TileMap, layout
from shared.charts.multiples import Small, SmallMultiples
from shared.charts.parts import Basis
from shared.charts.scale import Scale
from shared.charts.spark import Forecast, Moment, Spark
from shared.charts.svg import hatch
from shared.charts.tiles import Legend, Tile, TileGrid
from shared.charts.waterfall import Step, Waterfall

__all__ = [
    "Amount",
    "Basis",
    "Bullet",
    "Chart",
    "Dot",
    "DotPlot",
    "Forecast",
    "FundingBullet",
    "Legend",
    "Mark",
    "Moment",
    "Money",
    "Part",
    "Scale",
    "Show",
    "Small",
    "SmallMultiples",
    "Span",
    "Spark",
    "Step",
    "Table",
    "Tile",
    "TileGrid",
    "TileMap",
    "Waterfall",
    "hatch",
    "layout",
]
