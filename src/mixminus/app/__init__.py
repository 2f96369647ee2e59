"""The use cases, where features meet."""
