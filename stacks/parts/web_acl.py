"""What stands before the REST API: a limit by address, and AWS's managed rules."""

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

#: AWS's rule groups, and those of their rules that only count. A body is a question in people's
#: own words, parsed as JSON and never as markup, a path or a command: a question about a script
#: tag, or one longer than 8 KB, is no attack.
_MANAGED: Final[Mapping[str, tuple[str, ...]]] = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesCommonRuleSet": (
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "SizeRestrictions_BODY",
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": (
        "JavaDeserializationRCE_BODY",
        "Log4JRCE_BODY",
        "ReactJSRCE_BODY",
    ),
}


class WebAcl(Construct):
    """A web ACL on stages: what comes from one address is counted over all of them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        stage_arns: Mapping[str, str],
        requests_per_address: int,
    ) -> None:
        super().__init__(scope, construct_id)
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            name=name,
            scope="REGIONAL",
            default_action={"allow": {}},
            visibility_config=_visible(name),
            rules=[
                _rule(
                    0,
                    "RequestsPerAddress",
                    action={"block": {}},
                    statement={
                        "rateBasedStatement": {
                            "limit": requests_per_address,
                            "aggregateKeyType": "IP",
                        }
                    },
                ),
                *(
                    _rule(
                        priority,
                        group,
                        # What the group says.
                        overrideAction={"none": {}},
                        statement={
                            "managedRuleGroupStatement": {
                                "vendorName": "AWS",
                                "name": group,
                                "ruleActionOverrides": [
                                    {"name": rule, "actionToUse": {"count": {}}} for rule in counted
                                ],
                            }
                        },
                    )
                    for priority, (group, counted) in enumerate(_MANAGED.items(), 1)
                ),
            ],
        )
        for place, stage_arn in stage_arns.items():
            wafv2.CfnWebACLAssociation(
                self, place, resource_arn=stage_arn, web_acl_arn=acl.attr_arn
            )


def _rule(priority: int, name: str, **what: Any) -> dict[str, Any]:
    return {"name": name, "priority": priority, "visibilityConfig": _visible(name), **what}


def _visible(name: str) -> dict[str, Any]:
    return {
        "cloudWatchMetricsEnabled": True,
        "metricName": name,
        # Samples would keep headers of requests, signatures among them.
        "sampledRequestsEnabled": False,
    }
