"""The inner loops, compiled: arrays in, arrays changed, nothing allocated.

In the order of a tick: `udp.receive`, `accept`, `playout`, `mix`, `record`, `packetise`, `udp.send`.
"""
