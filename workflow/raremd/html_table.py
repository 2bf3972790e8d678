"""A table as one HTML file that sorts itself and needs no network."""

from __future__ import annotations

import html

import pandas as pd

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 14px sans-serif; margin: 1em; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: 0.25em 0.8em; border-bottom: 1px solid #ccc; text-align: left; }}
th {{ cursor: pointer; background: #eee; position: sticky; top: 0; white-space: nowrap; }}
th[aria-sort=ascending]::after {{ content: " \\2191"; }}
th[aria-sort=descending]::after {{ content: " \\2193"; }}
</style>
</head>
<body>
<p>{title}: click a heading to sort.</p>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
<script>
const headings = document.querySelectorAll("th");
headings.forEach((heading, column) => heading.addEventListener("click", () => {{
  const up = heading.getAttribute("aria-sort") !== "ascending";
  headings.forEach(other => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  const body = document.querySelector("tbody");
  const text = row => row.cells[column].textContent;
  const order = (a, b) => Number(a) - Number(b) || a.localeCompare(b);
  [...body.rows].sort((a, b) => (up ? 1 : -1) * order(text(a), text(b)))
    .forEach(row => body.append(row));
}}));
</script>
</body>
</html>
"""


def sortable(table: pd.DataFrame, title: str) -> str:
    """The page, as text.

    Parameters
    ----------
    table : pandas.DataFrame
    title : str
    """

    def cells(values: list[object], tag: str) -> str:
        texts = (f"{v:g}" if isinstance(v, float) else str(v) for v in values)
        return "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts)

    rows = (f"<tr>{cells(list(row), 'td')}</tr>" for row in table.itertuples(index=False))
    head = cells(list(table.columns), "th")
    return _PAGE.format(title=html.escape(title), head=head, body="\n".join(rows))
