"""A page as a tree of elements, and what tests read off it: the rows of a table as numbers, and that they sum."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from shared.testing.apps import Running

VOID = {"meta", "link", "input", "br", "img", "path", "circle", "line", "polyline", "rect", "polygon", "use"}


@dataclass
class Node:
    """An element: its name, attributes and children; texts are strings."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Node | str] = field(default_factory=list["Node | str"])

    def all(self, tag: str = "", **wanted: str) -> list[Node]:
        """Every element inside with a name and some attributes, in order."""
        found: list[Node] = []
        for child in self.children:
            if isinstance(child, Node):
                fits = all(child.attributes.get(name.replace("_", "-")) == value for name, value in wanted.items())
                found += [child] if fits and tag in ("", child.tag) else []
                found += child.all(tag, **wanted)
        return found

    def one(self, tag: str = "", **wanted: str) -> Node:
        (found,) = self.all(tag, **wanted)
        return found

    @property
    def text(self) -> str:
        words = "".join(child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(words.split())


class Tree(HTMLParser):
    """Builds the elements of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open[-1].tag == tag, f"{tag} closes {self._open[-1].tag}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


async def page(country: Running, path: str, status: int = 200, **parameters: str) -> Node:
    answer = await country.client.get(path, params=parameters, headers={"accept": "text/html"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return Tree(answer.text).root


def amount(cell: Node) -> int:
    """A cell as a number; what nobody reported adds nothing."""
    words = cell.text.replace(".", "")
    return 0 if words == "chưa có số liệu" else int(words.replace("\N{MINUS SIGN}", "-"))


def lines(section: Node) -> dict[str, list[int]]:
    """The rows of a section's table of parts, by key."""
    table = section.one("table", **{"class": "parts"})
    return {
        str(row.attributes["data-key"]): [amount(cell) for cell in row.all("td")]
        for row in table.all("tr")
        if "data-key" in row.attributes
    }


def assert_sums(section: Node) -> list[int]:
    """The rows of the page sum to its total row, and the page says that it checked. Returns the total."""
    rows = lines(section)
    total = rows.pop("total")
    assert [sum(column) for column in zip(*rows.values(), strict=True)] == total
    checks = [each.attributes["data-agree"] for each in section.all("p") if "data-agree" in each.attributes]
    assert checks == (["yes"] if any(total) else checks[:1])
    assert "no" not in checks
    return total
