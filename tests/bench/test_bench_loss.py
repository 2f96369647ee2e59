"""The ledger of `bench.loss`: what it reads, and that it convicts."""

from bench.loss import Callers, Ledger, faults, lossy

METRICS = """# HELP mixminus_live_calls Calls that have not ended
mixminus_live_calls 0.0
mixminus_live_conferences 0.0
mixminus_sip_dialogs 0.0
mixminus_sip_transactions 0.0
mixminus_media_legs 0.0
mixminus_media_rooms 0.0
mixminus_tasks 3.0
mixminus_calls_total{direction="inbound",status="completed"} 7.0
process_open_fds 40.0
process_resident_memory_bytes 1e+08
mixminus_media_process_open_fds 20.0
mixminus_media_process_resident_memory_bytes 1e+08
"""
SCREEN = """                                 Messages  Retrans   Timeout   Unexp.    Lost
      INVITE ---------->         20        15        1                   13
         180 <----------         14        0         0         0         6
         183 <----------         0         0         0         0
  Successful call        |        0                  |       17
  Failed call            |        0                  |        3
"""


def ledger(**changed: float) -> Ledger:
    return Ledger({**Ledger.of(METRICS).figures, **changed})


def convicted(after: Ledger, status: int = 0, open_records: int = 0) -> list[str]:
    return list(faults(ledger(), ledger(), after, [Callers(status, SCREEN)], open_records, 1_000))


def test_a_node_that_forgot_everything_is_acquitted() -> None:
    assert convicted(ledger()) == []
    assert convicted(ledger(process_resident_memory_bytes=1.05e8)) == []


def test_whatever_is_left_is_a_fault() -> None:
    assert convicted(ledger(mixminus_sip_dialogs=1)) == ["1 sip_dialogs are left"]
    assert convicted(ledger(mixminus_media_legs=2)) == ["2 media_legs are left"]
    assert convicted(ledger(mixminus_tasks=4)) == ["1 more tasks run than before"]
    assert convicted(ledger(mixminus_media_process_open_fds=21)) == ["1 more files are open than before"]
    assert convicted(ledger(process_resident_memory_bytes=1.5e8)) == ["memory grew by 50.0 MB in the second half"]
    assert convicted(ledger(), open_records=1) == ["1 records say that a call goes on"]
    assert convicted(ledger(), status=1) == ["SIPp ended with 1, 3 calls failed"]


def test_what_sipp_lost_and_repeated_is_read_from_its_screen() -> None:
    callers = Callers(0, SCREEN)
    assert (callers.sum("Lost"), callers.sum("Retrans"), callers.failed) == (19, 15, 3)


def test_every_message_of_a_scenario_may_be_lost() -> None:
    assert lossy('<send>\n<recv response="200"/>', 2.0) == '<send lost="2">\n<recv lost="2" response="200"/>'
    assert lossy("<send>", 0.0) == "<send>"
