"""What a TwiML request carries (twiml-and-streams 1.4, twilio-conference-api 4.6)."""

from mixminus.twiml.parameters import CallFacts, fallback_request, voice_request

FACTS = CallFacts("CA1", "AC1", "+15005550006", "client:bob", "ringing", "inbound")


def test_every_request_has_these_parameters_and_no_others() -> None:
    assert voice_request(FACTS) == (
        ("CallSid", "CA1"),
        ("AccountSid", "AC1"),
        ("From", "+15005550006"),
        ("To", "client:bob"),
        ("Caller", "+15005550006"),
        ("Called", "client:bob"),
        ("CallStatus", "ringing"),
        ("ApiVersion", "2010-04-01"),
        ("Direction", "inbound"),
    )


def test_what_is_known_is_added() -> None:
    known = CallFacts(
        "CA1",
        "AC1",
        "sip:a@b",
        "sip:c@d",
        "ringing",
        "inbound",
        caller_name="Ann",
        forwarded_from="+1",
        parent_call_sid="CA0",
        answered_by="human",
        sip_call_id="x@y",
        sip_domain="d",
        sip_source_ip="127.0.0.1",
        sip_headers=(("X-Trace", "42"),),
    )
    assert voice_request(known)[9:] == (
        ("CallerName", "Ann"),
        ("ForwardedFrom", "+1"),
        ("ParentCallSid", "CA0"),
        ("AnsweredBy", "human"),
        ("SipCallId", "x@y"),
        ("SipDomain", "d"),
        ("SipSourceIp", "127.0.0.1"),
        ("SipHeader_X-Trace", "42"),
    )


def test_the_verbs_own_parameters_come_last_and_may_be_empty() -> None:
    assert voice_request(FACTS, (("Digits", ""),))[-1] == ("Digits", "")


def test_the_fallback_hears_what_went_wrong() -> None:
    assert fallback_request(FACTS, 12100, "https://a.test/")[-2:] == (
        ("ErrorCode", "12100"),
        ("ErrorUrl", "https://a.test/"),
    )
