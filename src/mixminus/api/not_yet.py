"""Parameters that are accepted, checked where their range is known, and not carried out yet: the one list of them."""

from collections.abc import Mapping
from typing import Final

_NO_CARRIER: Final = "belongs to Twilio's carrier business"
_MACHINE: Final = "machine detection comes with the audio analysis"

_LEG: Final = {
    "Byoc": _NO_CARRIER,
    "CallReason": _NO_CARRIER,
    "CallToken": _NO_CARRIER,
    "ClientNotificationUrl": "there are no push notifications: clients are registered",
    "MachineDetection": _MACHINE,
    "MachineDetectionTimeout": _MACHINE,
    "MachineDetectionSpeechThreshold": _MACHINE,
    "MachineDetectionSpeechEndThreshold": _MACHINE,
    "MachineDetectionSilenceTimeout": _MACHINE,
}

_NUMBER: Final = {
    "AddressSid": _NO_CARRIER,
    "ApiVersion": "there is one version",
    "BundleSid": _NO_CARRIER,
    "EmergencyAddressSid": _NO_CARRIER,
    "EmergencyStatus": _NO_CARRIER,
    "IdentitySid": _NO_CARRIER,
    "TrunkSid": "trunks are configured, not provisioned",
    "VoiceReceiveMode": "there is no fax",
}

NOT_YET: Final[Mapping[str, Mapping[str, str]]] = {
    "POST /Calls": _LEG
    | {"AsyncAmd": _MACHINE, "AsyncAmdStatusCallback": _MACHINE, "AsyncAmdStatusCallbackMethod": _MACHINE},
    "POST /Participants": _LEG | {"AmdStatusCallback": _MACHINE, "AmdStatusCallbackMethod": _MACHINE},
    "POST /IncomingPhoneNumbers": _NUMBER | {"AreaCode": "numbers are not bought: name the PhoneNumber"},
    "POST /IncomingPhoneNumbers/{Sid}": _NUMBER | {"AccountSid": "there is one account"},
    "GET /IncomingPhoneNumbers": {"Beta": _NO_CARRIER, "Origin": _NO_CARRIER},
    "POST /Applications": {"ApiVersion": "there is one version"},
}
"""Operation to parameter to the reason."""
