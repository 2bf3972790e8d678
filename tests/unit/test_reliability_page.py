"""The page of reliability stands for the tests as they are."""

import re

import reliability_table as page


def test_each_flawed_input_has_its_row():
    rows = page.kept(page.PAGE.read_text())
    for section, attempts in page.of_library().items():
        named = [re.match(r"\| (.+?) \|", row)[1] for row in rows[section]]
        assert named == list(attempts), "python tests/reliability_table.py writes the page again"


def test_without_reports_their_rows_stay():
    text = page.PAGE.read_text()
    assert page.written(page.kept(text)) == text


def test_a_report_gives_its_rows(tmp_path):
    report = tmp_path / "faults.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="faults.test_kill" name="test_killed_alone">'
        '<properties><property name="seen" value="/tmp/x/pytest-1/test_0/a: b|c"/></properties>'
        '</testcase><testcase classname="faults.test_refusals" name="test_refused[misspelt_key]">'
        '<properties><property name="seen" value="no"/></properties><failure/></testcase>'
        "</testsuite></testsuites>"
    )
    assert list(page.reported(report)) == [
        (page.FAULTS, "| kill: killed alone | passed | a: b\\|c |"),
        (page.INPUTS, "| misspelt key | FAILED | no |"),
    ]
