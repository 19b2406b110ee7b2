"""Functions that take signed code alone."""

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_

from stacks.settings.signing import CodeSigningSettings


def take_signed_code(stack: Stack, settings: CodeSigningSettings) -> None:
    """Let every function that ``stack`` has by now take only what the settings' profile signed."""
    functions = [node for node in stack.node.find_all() if isinstance(node, lambda_.CfnFunction)]
    if not functions:
        return
    trusted = lambda_.CfnCodeSigningConfig(
        stack,
        "CodeSigning",
        allowed_publishers=lambda_.CfnCodeSigningConfig.AllowedPublishersProperty(
            signing_profile_version_arns=[settings.profile_version_arn]
        ),
        code_signing_policies=lambda_.CfnCodeSigningConfig.CodeSigningPoliciesProperty(
            untrusted_artifact_on_deployment=settings.untrusted.title()
        ),
    )
    for function in functions:
        function.code_signing_config_arn = trusted.attr_code_signing_config_arn
