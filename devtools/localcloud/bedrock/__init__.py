"""A stand-in for Bedrock's runtime API that speaks the real protocol, with a scripted model."""

from devtools.localcloud.bedrock.admin import StandInAdmin
from devtools.localcloud.bedrock.auth import Authorizer, Principal
from devtools.localcloud.bedrock.authorizer import Identity, Statement, StaticAuthorizer
from devtools.localcloud.bedrock.faults import Fault, FaultKind
from devtools.localcloud.bedrock.relay import RealBedrock
from devtools.localcloud.bedrock.server import BedrockStandIn
from devtools.localcloud.bedrock.service import Observation, RecordedPrompt
from devtools.localcloud.bedrock.stats import ConnectionStats, Stats, Traffic

__all__ = [
    "Authorizer",
    "BedrockStandIn",
    "ConnectionStats",
    "Fault",
    "FaultKind",
    "Identity",
    "Observation",
    "Principal",
    "RealBedrock",
    "RecordedPrompt",
    "StandInAdmin",
    "Statement",
    "StaticAuthorizer",
    "Stats",
    "Traffic",
]
