"""How trunks want numbers written."""

import pytest

from mixminus.base.number_rules import BadRule, compiled, rewritten


@pytest.mark.parametrize(
    ("rules", "number", "written"),
    [
        ((), "+4930123456", "+4930123456"),
        (("plain",), "+4930123456", "4930123456"),
        (("plain",), "110", "110"),
        (("international 00",), "+4930123456", "004930123456"),
        (("international 00",), "030123456", "030123456"),
        (("national +49 0",), "+4930123456", "030123456"),
        (("national +1",), "+15550001111", "5550001111"),
        (("national +49 0", "international 00"), "+15550001111", "0015550001111"),
        (("national +49 0", "international 00"), "+4930123456", "030123456"),
        (("strip 3",), "+4930123456", "30123456"),
        (("prepend 9",), "+4930", "9+4930"),
        ((r"replace ^\+49(\d+)$ 0$1",), "+4930123456", "030123456"),
        ((r"replace ^\+49(\d+)$ 0$1",), "+15550001111", "+15550001111"),
        ((r"replace \D",), "+49-30", "49-30"),
        ((r"replace ^\+(\d\d)(.*) $2;cc=$1",), "+4930", "30;cc=49"),
    ],
)
def test_rules_are_applied_one_after_another(rules: tuple[str, ...], number: str, written: str) -> None:
    assert rewritten(number, rules) == written


@pytest.mark.parametrize(
    "rule",
    ["", "shout", "strip", "strip x", "strip ²", "plain now", "prepend", "national", "replace ( x", "replace (a) $2"],
)
def test_what_is_no_rule_is_refused_when_it_is_read(rule: str) -> None:
    with pytest.raises(BadRule):
        compiled(rule)
