"""What CodeDeploy's service role must be allowed, and on which resource its callers' requests are.

Sources: the managed policies reference for ``AWSCodeDeployRoleForLambda`` and its ``Limited`` form;
the service authorization reference for the resources. Who reports a hook's status names the
deployment only, and is asked for leave on its group.
"""

import json
from typing import Any, Final

from ministack.core import iam_actions
from ministack.services import iam

from devtools.localcloud.extension.access import trusts
from devtools.localcloud.extension.codedeploy.records import ARN, Records
from devtools.localcloud.running import ACCOUNT_ID

SERVICE: Final = "codedeploy.amazonaws.com"


def install(records: Records) -> None:
    """Make MiniStack check the requests' permissions, and know the managed policies."""
    iam_actions.SERVICE_TO_IAM_NAMESPACE["codedeploy"] = "codedeploy"
    resource_of = iam_actions.extract_resource_arn

    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any
    ) -> str:
        if service == "codedeploy":
            return _resource(body, records)
        resource: str = resource_of(service, method, path, headers, body, *rest)
        return resource

    iam_actions.extract_resource_arn = extract_resource_arn
    shared = ["cloudwatch:DescribeAlarms", "lambda:UpdateAlias", "lambda:GetAlias"]
    shared.append("lambda:GetProvisionedConcurrencyConfig")
    _add_policy("AWSCodeDeployRoleForLambdaLimited", shared)
    _add_policy("AWSCodeDeployRoleForLambda", [*shared, "sns:Publish"])


def trusts_codedeploy(role_arn: str) -> bool:
    """Whether there is such a role, and CodeDeploy may take it on."""
    return trusts(role_arn, SERVICE, {"aws:SourceAccount": ACCOUNT_ID})


def _resource(body: bytes, records: Records) -> str:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return "*"
    if deployment := records.deployments.get(str(request.get("deploymentId"))):
        return deployment.group.arn
    if arn := request.get("ResourceArn") or request.get("resourceArn"):
        return str(arn)
    application = request.get("applicationName")
    group = request.get("deploymentGroupName") or request.get("currentDeploymentGroupName")
    if application and group:
        return f"{ARN}:deploymentgroup:{application}/{group}"
    if application:
        return f"{ARN}:application:{application}"
    config = request.get("deploymentConfigName")
    return f"{ARN}:deploymentconfig:{config}" if config else "*"


def _add_policy(name: str, actions: list[str]) -> None:
    read = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"]}
    tagged = {"StringEquals": {"s3:ExistingObjectTag/UseWithCodeDeploy": "true"}}
    hooks = "arn:aws:lambda:*:*:function:CodeDeployHook_*"
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": "*"},
        {**read, "Resource": "arn:aws:s3:::*/CodeDeploy/*"},
        {**read, "Resource": "*", "Condition": tagged},
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": hooks},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    record = iam._make_aws_managed_record(f"service-role/{name}", document)
    iam._aws_managed_policies[record["Arn"]] = record
