"""The arguments of a tool as a JSON schema that every model service understands. Pure."""

from typing import Any

from mixminus.tools.toolbox import Tool


def parameters(tool: Tool) -> dict[str, Any]:
    """The schema of the arguments, an object. References are replaced by what they name: not every service follows
    them."""
    definitions = tool.schema.get("$defs", {})
    return {
        "type": "object",
        "properties": _inlined(dict(tool.schema.get("properties", {})), definitions),
        "required": list(tool.schema.get("required", [])),
    }


def _inlined(schema: Any, definitions: Any, depth: int = 8) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, definitions, depth) for each in schema]
    if not isinstance(schema, dict) or depth == 0:
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions, depth - 1)
    return {name: _inlined(value, definitions, depth) for name, value in schema.items()}
