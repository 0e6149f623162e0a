"""What errors say to a person, and which codes they leave with."""

import pytest

from campaign.core import errors

CODES = [
    (errors.CampaignError("x"), 1, 500),
    (errors.Invalid("zone", "Seul", "is no zone"), 2, 422),
    (errors.NotFound("account", "kr"), 3, 404),
    (errors.Forbidden("x"), 4, 403),
    (errors.Conflict("x"), 5, 409),
    (errors.LeaseLost("x"), 5, 409),
    (errors.Held("x"), 7, 423),
    (errors.Refused("x"), 1, 502),
    (errors.RateLimited("x", retry_after=1), 1, 502),
    (errors.Unavailable("x"), 1, 502),
    (errors.Unauthorized("x"), 4, 502),
    (errors.Uncertain("x"), 6, 502),
]


@pytest.mark.parametrize(("error", "exit_code", "status_code"), CODES, ids=[type(row[0]).__name__ for row in CODES])
def test_each_kind_has_its_exit_code_and_its_status(
    error: errors.CampaignError, exit_code: int, status_code: int
) -> None:
    assert (exit_code, status_code) == (error.exit_code, error.status_code)


def test_an_invalid_value_names_field_value_and_rule() -> None:
    assert "--at '2026-13-01': must be a date" == str(errors.Invalid("--at", "2026-13-01", "must be a date"))


def test_several_findings_stand_one_a_line() -> None:
    findings = [errors.Invalid("a", 1, "must be 2"), errors.Invalid("b", None, "must be given")]
    many = errors.ManyInvalid(findings)

    assert "a 1: must be 2\nb None: must be given" == str(many)
    assert (tuple(findings), "a", 2) == (many.findings, many.field, many.exit_code)


def test_what_is_not_found_comes_with_a_hint() -> None:
    assert "post 'P99': not found; list them" == str(errors.NotFound("post", "P99", "list them"))
    assert "post 'P99': not found" == str(errors.NotFound("post", "P99"))


def test_an_outcome_keeps_what_the_platform_said() -> None:
    error = errors.RateLimited("later", retry_after=30.0, body={"error": "Throttled"})

    assert (429, 30.0, {"error": "Throttled"}, "later") == (error.status, error.retry_after, error.body, str(error))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("서울", "'서울'"),
        ("a\nb", "'a\\nb'"),
        ("a\r\x1b[31mb", "'a\\r\\x1b[31mb'"),
        ("a\u2028b", "'a\\u2028b'"),
        ("\ud800", "'\\ud800'"),
        (7, "7"),
        (["a"], "['a']"),
        ("x" * 78, "'" + "x" * 78 + "'"),
        ("x" * 79, "'" + "x" * 77 + "…'"),
    ],
)
def test_a_value_is_shown_on_one_line_and_shortened(value: object, text: str) -> None:
    assert text == errors.shown(value)
    assert 80 >= len(errors.shown(value))
    errors.shown(value).encode()
