from tests.tools.tool_world import BEGINNING, Node, call

from mixminus.tools.errors import ToolError
from mixminus.tools.invocation import Invocation, Outcome
from mixminus.tools.io.rerun import rerun_dry, rerun_real
from mixminus.tools.replay import recorded, unanswered
from mixminus.tools.toolbox import Effect, Toolbox


class Shop:
    def __init__(self, price: int = 10) -> None:
        self.price = price
        self.sold: list[str] = []

    def box(self) -> Toolbox:
        tools = Toolbox()

        @tools.tool(Effect.READS, volatile=["at"])
        def price(invocation: Invocation, thing: str) -> dict[str, object]:
            """Tell a price."""
            if thing == "moon":
                raise ToolError("not for sale")
            off = 1 if invocation.state.get("loyal") else 0
            return {"price": self.price - off, "at": id(invocation)}

        @tools.tool(Effect.ONCE)
        def buy(invocation: Invocation, thing: str) -> str:
            """Buy a thing."""
            invocation.state["loyal"] = True
            self.sold.append(thing)
            return f"bought {thing}"

        return tools


async def a_session(node: Node, shop: Shop) -> None:
    async with node.running(shop.box()) as tools:
        await tools.invoke(call("price", key="1", thing="tea"))
        await tools.invoke(call("buy", key="2", thing="tea"))
        await tools.invoke(call("price", key="3", thing="tea"))
        await tools.invoke(call("price", key="4", thing="moon"))
        await tools.invoke(call("steal", key="5", thing="moon"))


async def test_replay_equals_the_record_when_nothing_changed(node: Node) -> None:
    shop = Shop()
    await a_session(node, shop)
    node = Node(node.path)
    async with node.running(shop.box()) as tools:
        record = recorded(await node.store.rows("CA1"))
        assert [each.answer.outcome for each in record][-1] is Outcome.REFUSED
        assert await rerun_dry(shop.box(), record, node.world) == []
        assert shop.sold == ["tea"]
        session, differences = await rerun_real(tools, record, "CA1", BEGINNING)
        assert differences == []
        assert shop.sold == ["tea", "tea"]
        assert await node.store.state(session) == {"loyal": True}


async def test_a_dry_replay_gives_each_tool_the_state_of_its_moment(node: Node) -> None:
    await a_session(node, Shop())
    dearer = Shop(price=12)
    async with Node(node.path).store as store:
        rows = await store.rows("CA1")
        differences = await rerun_dry(dearer.box(), recorded(rows), node.world)
        assert await store.rows("CA1") == rows
    assert [(found.then, found.now) for found in differences] == [
        ('{"price":10}', '{"price":12}'),
        ('{"price":9}', '{"price":11}'),
    ]
    assert dearer.sold == []


async def test_a_tool_that_is_gone_is_a_difference(node: Node) -> None:
    shop = Shop()
    await a_session(node, shop)
    async with Node(node.path).store as store:
        found = await rerun_dry(shop.box().only(["price"]), recorded(await store.rows("CA1")), node.world)
    assert [(each.call.tool, each.now) for each in found] == [("buy", "there is no such tool")]


async def test_what_was_begun_and_never_answered_is_told(node: Node) -> None:
    await a_session(node, Shop())
    async with Node(node.path).store as store:
        await store.claim(call("buy", key="9", thing="salt"), "dead", lease_s=10)
        assert [row.key for row in unanswered(await store.rows("CA1"))] == ["9"]
