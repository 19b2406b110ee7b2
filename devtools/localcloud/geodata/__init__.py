"""A stand-in for the public map and weather services, with self-made data in their shape."""

from devtools.localcloud.geodata.faults import Fault, FaultKind
from devtools.localcloud.geodata.server import Asked, GeodataStandIn

__all__ = ["Asked", "Fault", "FaultKind", "GeodataStandIn"]
