"""Signed code by setting: every function takes it, and what is deployed is what was signed."""

import dataclasses
import json
from pathlib import Path

import pytest

from stacks.bundling.archive import Archive, file_sha256
from stacks.bundling.errors import NotSigned
from stacks.bundling.fixed_bundle import FixedBundle
from stacks.bundling.signed import SignedBundles, signed_name
from stacks.settings.environment import Settings
from stacks.settings.signing import CodeSigningSettings
from tests.infra.assembly import Assembly
from tests.infra.conftest import Synthesize
from tests.sample_agents import SAMPLES
from tradewind.contracts.names import SWEEP

PROFILE = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/ours/AbCdE12345"
SIGNING = CodeSigningSettings(profile_version_arn=PROFILE, bucket="code")


@pytest.fixture(scope="module")
def signed(synthesize: Synthesize, dev_settings: Settings) -> Assembly:
    return synthesize(dev_settings.model_copy(update={"code_signing": SIGNING}))


def test_without_the_setting_there_is_none_of_it(dev: Assembly) -> None:
    assert "CodeSigning" not in json.dumps([dev.agents, dev.api])


def test_every_function_takes_what_the_profile_signed_and_nothing_else(signed: Assembly) -> None:
    for template in (signed.agents, signed.api):
        resources = template["Resources"]
        ((config, trusted),) = (
            (name, resource["Properties"])
            for name, resource in resources.items()
            if resource["Type"] == "AWS::Lambda::CodeSigningConfig"
        )
        assert trusted["AllowedPublishers"] == {"SigningProfileVersionArns": [PROFILE]}
        assert trusted["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}
        functions = [each for each in resources.values() if each["Type"] == "AWS::Lambda::Function"]
        assert functions
        for function in functions:
            assert function["Properties"]["CodeSigningConfigArn"] == {
                "Fn::GetAtt": [config, "CodeSigningConfigArn"]
            }


def test_a_stack_without_functions_has_no_more_than_before(signed: Assembly) -> None:
    assert "CodeSigning" not in json.dumps([signed.state, signed.observability])


def test_what_is_deployed_is_what_was_signed(tmp_path: Path, one_bundle: FixedBundle) -> None:
    built = one_bundle.archive
    bundles = SignedBundles(one_bundle, tmp_path)
    with pytest.raises(NotSigned, match="The sweep bundle has changed"):
        bundles.core_bundle(SWEEP, "arm64", 50)
    signed = tmp_path / signed_name(built.sha256)
    signed.write_bytes(b"signed")
    expected = dataclasses.replace(built, path=signed, sha256=file_sha256(signed))
    assert bundles.core_bundle(SWEEP, "arm64", 50) == expected
    assert bundles.bundle(SAMPLES["terrain"], "arm64", 50) == expected
    changed = FixedBundle(Archive(path=built.path, sha256="1" * 64, packages={}))
    with pytest.raises(NotSigned):
        SignedBundles(changed, tmp_path).bundle(SAMPLES["terrain"], "arm64", 50)
