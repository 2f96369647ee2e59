"""The media plane: `contract` is its seam, `engine` its core, `worker` and `in_process` the shells around that."""
