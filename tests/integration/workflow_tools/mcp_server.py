"""An MCP server written with the library, over standard input and output or HTTP."""

from mcp.server.mcpserver import MCPServer


def made() -> MCPServer:
    """A server."""
    server = MCPServer("test")

    @server.tool()
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    @server.tool()
    def fail(secret: str) -> str:
        """Fails."""
        raise ValueError(f"broken by {secret}")

    return server


if __name__ == "__main__":
    made().run("stdio")
