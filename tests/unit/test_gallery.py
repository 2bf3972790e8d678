"""The gallery: a figure of each kind, with the report's own caption."""

from pathlib import Path

import pytest

from raremd.report.pages import gallery

REPORT = Path(gallery.__file__).parents[3] / "report"


def test_the_first_system_that_has_a_kind_shows_it():
    figures = ["claims", "a_interval", "b_interval", "b_dimension", "b_dimension_interval"]
    assert gallery.chosen(figures, ["a", "b"]) == {
        "claims": "claims",
        "dimension": "b_dimension",
        "interval": "a_interval",
        "dimension_interval": "b_dimension_interval",
    }


@pytest.mark.parametrize("kind", gallery.KINDS)
def test_every_kind_has_a_caption_of_the_report_and_a_sentence(kind):
    text = (REPORT / f"{gallery.KINDS[kind].caption}.rst").read_text()
    said = gallery.caption(text, kind, f"four_state_{kind}", {})
    assert not any(mark in said for mark in ("{", "``", "\\|", "\n"))
    if kind != "claims":
        assert "four_state" in said
    assert gallery.KINDS[kind].read.count(".") == 1


def test_a_caption_tells_the_factor_and_what_is_open():
    text = (REPORT / "factor.rst").read_text()
    assert "against the saving interval," in gallery.caption(text, "interval", "a_interval", {})
    plain = gallery.caption(text, "dimension", "a_dimension", {})
    numbered = gallery.caption(text, "dimension", "a_dimension", {"kmeans_20": 20})
    assert "Open and half open marks" in numbered and "open marks" not in plain


def test_the_page_names_its_run():
    shown = {"cost": "a_cost"}
    text = gallery.page(shown, {"cost": "Of a."}, {"study": "config.yaml", "commit": "123"})
    assert "a run of `config.yaml` at commit `123`" in text
    assert "![Cost and accuracy](gallery/a_cost.png)" in text
    assert "cheaper.** Of a." in text
