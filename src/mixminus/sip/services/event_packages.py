"""What can be subscribed to: event packages, and the bodies of their NOTIFYs (RFC 4235, RFC 3842).

Bodies are whole states, never differences: a NOTIFY that was lost or overtaken is healed by the next.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree

from mixminus.sip.contract import LampDialog

_NOT_IN_XML: Final = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may contain, even escaped."""
_DIALOG_INFO: Final = "urn:ietf:params:xml:ns:dialog-info"


@dataclass(frozen=True, slots=True)
class Package:
    """One event package; `body` is given the resource's URI, the version, and what is known of its calls."""

    name: str
    content_type: str
    body: Callable[[str, int, tuple[LampDialog, ...]], bytes]
    is_private: bool
    """Whether a user may only ask about itself."""


def dialog_info(entity: str, version: int, dialogs: tuple[LampDialog, ...]) -> bytes:
    """RFC 4235 4.1. A lamp needs to know that somebody talks, not with whom: neither the other party nor tags (with
    which a call could be taken over, RFC 3891) are told.
    """
    root = ElementTree.Element(
        "dialog-info", {"xmlns": _DIALOG_INFO, "version": str(version), "state": "full", "entity": _text(entity)}
    )
    for dialog in dialogs:
        direction = "initiator" if dialog.called_by_user else "recipient"
        entry = ElementTree.SubElement(root, "dialog", {"id": _text(dialog.id), "direction": direction})
        ElementTree.SubElement(entry, "state").text = dialog.state.value
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def no_messages(entity: str, _version: int, _dialogs: tuple[LampDialog, ...]) -> bytes:
    """RFC 3842 5.2. There are no voice mailboxes here, so that lamp is dark."""
    account = re.sub(r"[\x00-\x20\x7f]", "", entity)
    return f"Messages-Waiting: no\r\nMessage-Account: {account}\r\nVoice-Message: 0/0 (0/0)\r\n".encode()


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("", text)


PACKAGES: Final[Mapping[str, Package]] = {
    package.name: package
    for package in (
        Package("dialog", "application/dialog-info+xml", dialog_info, is_private=False),
        Package("message-summary", "application/simple-message-summary", no_messages, is_private=True),
    )
}
ALLOW_EVENTS: Final = ("Allow-Events", ", ".join(PACKAGES))
