"""Pages of the workflow as HTML."""

import pytest

from raremd.report.pages.markdown import as_table, insert, to_html, write_page

PAGE = "\n".join(
    [
        "# Title & more", "", "Take **5 ps** and `a_b`", "as in [here](x.md).", "",
        *as_table(["cell", "error"], [["`x`", "1.2"], ["–", "**0.3**"]]), "",
        "- one,", "  continued", "- |two| < 3", "",
        "<details><summary>All</summary>", "", "### Deep", "", "</details>", "",
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    "part",
    [
        "<h1>Title &amp; more</h1>",
        '<p>Take <b>5 ps</b> and <code>a_b</code> as in <a href="x.md">here</a>.</p>',
        "<thead><tr><th>cell</th><th>error</th></tr></thead>",
        "<tr><td><code>x</code></td><td>1.2</td></tr>\n<tr><td>–</td><td><b>0.3</b></td></tr>",
        "<ul><li>one,\n  continued</li><li>|two| &lt; 3</li></ul>",
        "<details><summary>All</summary>\n<h3>Deep</h3>\n</details>",
    ],
)
def test_what_pages_hold(part):
    assert part in to_html(PAGE)


def test_nothing_from_elsewhere():
    page = to_html(PAGE)
    assert "http" not in page and "src=" not in page
    assert "<script" not in page, "it would end the script that the report holds it in"


def test_both_files(tmp_path):
    write_page(PAGE, tmp_path / "page.md", tmp_path / "page.html")
    assert (tmp_path / "page.md").read_text() == PAGE
    assert (tmp_path / "page.html").read_text() == to_html(PAGE)


MARKS = "<!-- begin -->", "<!-- end -->"
MARKED = "# Title\n<!-- begin -->\nold\n<!-- end -->\nrest\n"


def test_only_what_is_between_the_marks_is_replaced():
    once = insert(MARKED, "new", MARKS)
    assert once == "# Title\n<!-- begin -->\nnew\n<!-- end -->\nrest\n"
    assert insert(once, "new", MARKS) == once


@pytest.mark.parametrize("page", ["# Title\n", MARKS[0], "\n".join(reversed(MARKS))])
def test_a_page_without_marks_is_refused(page):
    with pytest.raises(ValueError, match="the page has no <!-- begin"):
        insert(page, "new", MARKS)
