"""A stand-in for Bedrock's runtime API that speaks the real protocol, with a scripted model."""

from localcloud.bedrock.admin import StandInAdmin
from localcloud.bedrock.auth import Authorizer, Principal
from localcloud.bedrock.authorizer import Identity, Statement, StaticAuthorizer
from localcloud.bedrock.faults import Fault, FaultKind
from localcloud.bedrock.relay import RealBedrock
from localcloud.bedrock.server import BedrockStandIn
from localcloud.bedrock.service import Observation, RecordedPrompt
from localcloud.bedrock.stats import ConnectionStats, Stats, Traffic

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
