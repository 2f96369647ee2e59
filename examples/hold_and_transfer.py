"""A warm transfer of a live call, step by step, with nothing but the official Twilio SDK.

    export TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=…
    export API_URL=http://127.0.0.1:8080        # a Mixminus node; leave it out for Twilio's cloud
    export CALLER_ID=+15550001000               # the number that agents see
    python examples/hold_and_transfer.py ROOM customer ana ben client:ben

ROOM is the name of a live conference (examples/contact_center.py names them call-CA…). The participant labelled
`customer` talks with the one labelled `ana`; afterwards it talks with `ben`, who is rung at `client:ben`.
"""

import os
import sys
import time
from collections.abc import Callable

from twilio.rest import Client
from twilio.rest.api.v2010.account.conference import ConferenceInstance

RING_S = 20
BRIEFING_S = 10.0


def warm_transfer(
    client: Client,
    room: str,
    *,
    customer: str,
    from_agent: str,
    to_agent: str,
    address: str,
    caller_id: str,
    wait: Callable[[float], object] = time.sleep,
) -> bool:
    """Hold the customer, brief the next agent, hand over. False: nobody answered, and all is as before.

    Participants are named by their labels. *wait* lets tests pass the time.
    """
    conference = client.conferences.list(friendly_name=room, status="in-progress", limit=1)[0]
    conference.participants(customer).update(hold=True)  # from now on nothing of ours reaches the customer
    conference.participants.create(from_=caller_id, to=address, label=to_agent, timeout=RING_S)
    answered = comes_in(conference, to_agent, wait)
    if answered:
        wait(BRIEFING_S)
    conference.participants(customer).update(hold=False)
    if answered:
        conference.participants(from_agent).delete()
    return answered


def comes_in(conference: ConferenceInstance, label: str, wait: Callable[[float], object]) -> bool:
    """Wait until the participant is connected; False when it is gone instead."""
    while True:
        found = [leg for leg in conference.participants.list() if leg.label == label]
        if not found or found[0].status == "connected":
            return bool(found)
        wait(0.2)


def main() -> None:
    room, customer, from_agent, to_agent, address = sys.argv[1:]
    client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
    if "API_URL" in os.environ:
        client.api.base_url = os.environ["API_URL"]
    done = warm_transfer(
        client,
        room,
        customer=customer,
        from_agent=from_agent,
        to_agent=to_agent,
        address=address,
        caller_id=os.environ["CALLER_ID"],
    )
    print(f"{customer} talks with {to_agent if done else from_agent}")


if __name__ == "__main__":
    main()
