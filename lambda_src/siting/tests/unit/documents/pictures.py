"""Small PNGs to stand in for charts."""

import struct
import zlib


def png(width_px: int = 90, height_px: int = 50) -> bytes:
    """A grey picture."""
    rows = zlib.compress(b"".join(b"\0" + b"\x99" * width_px for _ in range(height_px)))
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )
