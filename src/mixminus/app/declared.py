"""Numbers and applications that the configuration file declares: made at the start, kept as declared."""

from dataclasses import replace

from mixminus.app.exchange import Exchange
from mixminus.base.errors import MixminusError
from mixminus.base.settings import DeclaredApplication, DeclaredNumber, Settings
from mixminus.base.sids import APPLICATION, PHONE_NUMBER
from mixminus.base.types import Sid
from mixminus.calls.records import ApplicationRecord, NumberRecord, VoiceInstructions
from mixminus.store.contract import Is, Where


class UnknownApplication(MixminusError):
    """A declared number names an application that is not declared."""


async def declare(node: Exchange, settings: Settings) -> None:
    """Make or update them. Raises `UnknownApplication`."""
    applications = {
        declared.friendly_name: await _declare_application(node, declared) for declared in settings.applications
    }
    for number in settings.numbers:
        if number.application is not None and number.application not in applications:
            raise UnknownApplication(
                f"The number {number.phone_number} names the application {number.application!r}: "
                f"add [applications.{number.application}] to mixminus.toml."
            )
        await _declare_number(node, number, applications.get(number.application or ""))


async def _declare_application(node: Exchange, declared: DeclaredApplication) -> Sid:
    known = await node.store.query(ApplicationRecord, Where("friendly_name", Is.EQUAL, declared.friendly_name))
    now = node.clock.utc()
    record = known[0] if known else _new_application(node, declared)
    voice = VoiceInstructions(declared.voice_url, declared.voice_method)
    await node.store.save(replace(record, voice=voice, date_updated=now))
    return record.sid


def _new_application(node: Exchange, declared: DeclaredApplication) -> ApplicationRecord:
    now = node.clock.utc()
    return ApplicationRecord(node.sids.new(APPLICATION), node.account_sid, declared.friendly_name, now, now)


async def _declare_number(node: Exchange, declared: DeclaredNumber, application: Sid | None) -> None:
    known = await node.store.query(NumberRecord, Where("phone_number", Is.EQUAL, declared.phone_number))
    now, name = node.clock.utc(), declared.phone_number
    sid = node.sids.new(PHONE_NUMBER)
    record = known[0] if known else NumberRecord(sid, node.account_sid, name, name, now, now)
    voice = VoiceInstructions(declared.voice_url, declared.voice_method)
    await node.store.save(replace(record, voice=voice, voice_application_sid=application, date_updated=now))
