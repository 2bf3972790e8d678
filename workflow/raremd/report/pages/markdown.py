"""Pages that the workflow writes: Markdown tables, and the pages as HTML for the report.

Only what these pages hold is understood: headings, tables, flat lists, paragraphs, bold, code,
links, and lines of HTML that begin with ``<``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, groupby
from pathlib import Path

from raremd.io.storage import write_text

STYLE = """\
<style>
.page { font: 14px/1.45 sans-serif; margin: 1em; max-width: 100em; }
.page table { font: inherit; border-collapse: collapse; margin: 0.7em 0; }
.page p, .page li { max-width: 60em; }
.page th, .page td { padding: 0.2em 0.7em; border-bottom: 1px solid #ccc; text-align: left; }
.page th { cursor: pointer; background: #eee; vertical-align: bottom; }
.page .scroll { overflow-x: auto; max-width: 100%; }
.page .scroll :is(th, td) { white-space: nowrap; }
.page .scroll :is(th, td).long { white-space: normal; min-width: 20em; }
.page img { max-width: 100%; height: auto; }
.page code { background: #f3f3f3; padding: 0 0.2em; }
.page th[aria-sort=ascending]::after { content: " \\2191"; }
.page th[aria-sort=descending]::after { content: " \\2193"; }
</style>
"""
SORT = """\
const heading = event.target.closest("th");
if (heading) {
  const table = heading.closest("table"), column = heading.cellIndex;
  const up = heading.getAttribute("aria-sort") !== "ascending";
  table.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  const text = row => row.cells[column].textContent;
  const order = (a, b) => parseFloat(a) - parseFloat(b) || a.localeCompare(b);
  [...table.tBodies[0].rows].sort((a, b) => (up ? 1 : -1) * order(text(a), text(b)))
    .forEach(row => table.tBodies[0].append(row));
}
"""
"""What a click does. An attribute, as the report has no place for scripts of its first page."""

WIDTH, TWO_SCREENS, FIGURE = 100, 100, 25
"""Letters of a line, lines that a page may take before its details, and those of a figure."""
MORE = "The rest follows under Details."
LONG = 40
"""Letters of a cell of a table up to which it is not broken into lines."""


def as_table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [list(heading), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return [f"| {' | '.join(line)} |" for line in lines]


def height(lines: Iterable[str]) -> int:
    """Lines on the screen, where long ones go on in the next and a figure takes many."""
    return sum(
        FIGURE if line.startswith("![") else -(-max(1, len(line)) // WIDTH) for line in lines
    )


def before_details(
    head: Sequence[str], sections: Sequence[Sequence[str]]
) -> tuple[list[str], list[str]]:
    """Lines of the sections that fit on two screens after the head, and those of the others."""
    room = TWO_SCREENS - height([*head, "", MORE, ""])
    n = sum(taken <= room for taken in accumulate(map(height, sections)))
    shown, left = (list(chain.from_iterable(part)) for part in (sections[:n], sections[n:]))
    return shown + ["", MORE, ""] * bool(left), left


def to_html(text: str) -> str:
    """A page that needs no network and whose tables sort by a click on a heading.

    Without a head of its own, so that it can also stand in another page.
    """
    body = "\n".join(_blocks(text.splitlines()))
    start = f'<meta charset="utf-8">\n{STYLE}<div class="page" onclick="{html.escape(SORT)}">'
    return f"{start}\n{body}\n</div>\n"


def write_page(text: str, markdown: Path | str, page: Path | str) -> None:
    """The same as Markdown and as HTML."""
    for path, content in ((markdown, text), (page, to_html(text))):
        write_text(path, content)


def _kind(line: str) -> str:
    starts = {"#": "heading", "|": "table", "- ": "list", "<": "raw", " ": "list"}
    found = (kind for start, kind in starts.items() if line.startswith(start))
    return next(found, "paragraph" if line.strip() else "nothing")


def _blocks(lines: list[str]) -> Iterator[str]:
    for kind, group in groupby(lines, _kind):
        block = list(group)
        if kind == "heading":
            for line in block:
                level = len(line) - len(line.lstrip("#"))
                yield f"<h{level}>{_inline(line[level:].strip())}</h{level}>"
        elif kind == "table":
            yield from _table(block)
        elif kind == "list":
            items = "\n".join(block).removeprefix("- ").split("\n- ")
            yield "<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in items) + "</ul>"
        elif kind == "paragraph":
            yield f"<p>{_inline(' '.join(block))}</p>"
        elif kind == "raw":
            yield from block


def _table(lines: list[str]) -> Iterator[str]:
    heading, _, *rows = ([c.strip() for c in line.strip("|").split("|")] for line in lines)
    yield '<div class="scroll"><table>'
    yield f"<thead><tr>{_cells(heading, 'th')}</tr></thead>"
    yield "<tbody>"
    yield from (f"<tr>{_cells(row, 'td')}</tr>" for row in rows)
    yield "</tbody></table></div>"


def _cells(values: list[str], tag: str) -> str:
    words = ' class="long"'
    return "".join(f"<{tag}{words * (len(v) > LONG)}>{_inline(v)}</{tag}>" for v in values)


def _inline(text: str) -> str:
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text)
    return re.sub(r"\[([^]]+)\]\(([^)\s]+)\)", r'<a href="\2">\1</a>', text)


def insert(page: str, text: str, marks: tuple[str, str]) -> str:
    """A page with the text between two marks replaced.

    Raises
    ------
    ValueError
        If the page has no such marks.
    """
    first, last = marks
    before, begin, rest = page.partition(first)
    _, end, after = rest.partition(last)
    if not (begin and end):
        raise ValueError(f"the page has no {first} before {last}")
    return f"{before}{first}\n{text}\n{last}{after}"
