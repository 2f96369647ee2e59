"""Where a transfer may lead: the numbers and users of this node, by the rules that hold for everybody's calls."""

import re
from typing import Final
from urllib.parse import urlencode

from mixminus.base.settings import Settings
from mixminus.sip.contract import Referred
from mixminus.sip.messages.uri import AddressError, Uri, called_number

_NUMBER: Final = re.compile(r"\+?[0-9]{2,15}")


def destination(referred: Referred, settings: Settings) -> str | None:
    """A `To` for the address of a REFER; None: it leads nowhere.

    A phone writes the host by which it knows us, which need not be one that we know; so the user part decides, as in
    an INVITE. Only hosts that the settings list are called as addresses of their own: else a transfer would be a way
    round the rules about numbers, straight to a carrier's gateway that trusts us.
    """
    try:
        uri = Uri.parse(referred.target)
    except AddressError:
        return None
    if uri.scheme != "tel" and uri.host in settings.transfer_hosts:
        query = urlencode(dict(referred.headers))
        return f"{referred.target}?{query}" if query else referred.target
    user = called_number(referred.target)
    if user in settings.users:
        return f"client:{user}"
    return user if _NUMBER.fullmatch(user) else None
