"""Test conference flows with virtual phones: real SIP and audio, in memory and virtual time or over loopback.

See docs/testing.md. What is named here is for everybody; the modules hold the rest.
"""

from mixminus.testing.agent_call import AgentCall
from mixminus.testing.agent_server import AgentServer
from mixminus.testing.call import Call
from mixminus.testing.call_state import CallState, Ended, Party
from mixminus.testing.errors import CallRefused, ClipError, PhoneError, WrongMoment
from mixminus.testing.incoming_call import IncomingCall
from mixminus.testing.listening import Leak, Matrix, leaks, measure_matrix
from mixminus.testing.loopback_network import LoopbackNetwork
from mixminus.testing.memory_network import Conditions, MemoryNetwork
from mixminus.testing.network import Network
from mixminus.testing.outgoing_call import OutgoingCall
from mixminus.testing.palette import PALETTE
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.transfer import Transfer
from mixminus.testing.virtual_time import Deadlock, TooLong, VirtualTimeLoop, run_virtual
from mixminus.testing.webhook_app import WebhookApp, WebhookRequest

__all__ = [
    "PALETTE",
    "AgentCall",
    "AgentServer",
    "Call",
    "CallRefused",
    "CallState",
    "ClipError",
    "Conditions",
    "Deadlock",
    "Ended",
    "IncomingCall",
    "Leak",
    "LoopbackNetwork",
    "Matrix",
    "MemoryNetwork",
    "Network",
    "OutgoingCall",
    "Party",
    "PhoneError",
    "TooLong",
    "Transfer",
    "VirtualPhone",
    "VirtualTimeLoop",
    "WebhookApp",
    "WebhookRequest",
    "WrongMoment",
    "leaks",
    "measure_matrix",
    "run_virtual",
]
