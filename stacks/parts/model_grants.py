"""What a role may call of models: a policy of its own for each, so that a change is no outage.

CloudFormation makes the policy of a new model before it updates what depends on it, and removes the
old model's in its clean-up, when ``live`` has moved. A grant inside the role would be exchanged
first, while the version that is still live calls the model before.
"""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Stack, Tags
from aws_cdk import aws_bedrock as bedrock
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks import names
from stacks.parts.bedrock_access import invoke_grants
from stacks.parts.statements import allow
from stacks.settings.model import ModelChoice, ModelSettings
from stacks.settings.region import partition_of
from tradewind.contracts.names import OptionalEnvVar

#: The tags that bills tell agents apart by.
AGENT_TAG: Final = f"{names.PROJECT}-agent"
ENVIRONMENT_TAG: Final = f"{names.PROJECT}-environment"


class ModelGrants(Construct):
    """The policies, and application inference profiles, of one agent's role.

    What uses the role depends on this construct.

    Attributes:
        variables: What the process is told of how it calls its model.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        role: iam.Role,
        agent: str,
        place: str,
        environment: str,
        models: ModelSettings,
    ) -> None:
        """Grant every model that the settings name.

        Args:
            scope: Where it is.
            construct_id: Its id.
            role: Whose policies they become.
            agent: Whose role it is.
            place: Where the agent runs, at most three characters; the same one may run in two.
            environment: The environment's name.
            models: The model, and the former ones.
        """
        super().__init__(scope, construct_id)
        profiles: dict[str, str] = {}
        for choice in models.granted:
            if choice.application_profile is not None:
                profiles[choice.digest] = choice.application_profile
            elif choice.profile_per_agent:
                profiles[choice.digest] = self._profile(choice, agent, place, environment)
            self._policy(choice, role, profiles.get(choice.digest))
        self.variables: Mapping[str, str] = _variables(
            models, profiles.get(models.digest), Stack.of(self).account
        )

    def _policy(self, choice: ModelChoice, role: iam.Role, profile: str | None) -> None:
        account = Stack.of(self).account
        iam.Policy(
            self,
            f"Model{choice.digest}",
            roles=[role],
            statements=[
                allow(grant.actions, grant.resources, grant.conditions)
                for grant in invoke_grants(
                    choice.model,
                    account=account,
                    application_profile=profile,
                    guardrail=choice.guardrail_in(account),
                )
            ],
        )

    def _profile(self, choice: ModelChoice, agent: str, place: str, environment: str) -> str:
        """Make the agent's own profile of a model; return its ARN.

        What it is made from cannot change, and its name is taken while the one before is there: the
        model is in both the resource's id and the name.
        """
        stack, model = Stack.of(self), choice.model
        owner, kind = (
            (stack.account, "inference-profile")
            if model.kind == "profile"
            else ("", "foundation-model")
        )
        whose = f"arn:{partition_of(model.region)}:bedrock:{model.region}:{owner}"
        profile = bedrock.CfnApplicationInferenceProfile(
            self,
            f"Profile{choice.digest}",
            inference_profile_name=names.model_profile_name(
                environment, agent, place, choice.digest
            ),
            model_source=bedrock.CfnApplicationInferenceProfile.InferenceProfileModelSourceProperty(
                copy_from=f"{whose}:{kind}/{model.model_id}"
            ),
        )
        Tags.of(profile).add(AGENT_TAG, agent)
        Tags.of(profile).add(ENVIRONMENT_TAG, environment)
        return profile.attr_inference_profile_arn


def _variables(models: ModelSettings, profile: str | None, account: str) -> dict[str, str]:
    variables: dict[str, str] = {}
    if profile is not None:
        variables[OptionalEnvVar.APPLICATION_PROFILE] = profile
    guardrail = models.guardrail_in(account)
    if guardrail is not None:
        variables[OptionalEnvVar.GUARDRAIL] = f"{guardrail.arn}:{guardrail.version}"
    return variables
