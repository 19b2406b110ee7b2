from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from devtools.localcloud.extension.cloudformation.completions import COMPLETIONS, NotKept
from devtools.localcloud.extension.cloudformation.properties import NATIVE, refused


class TestRefused:
    def test_a_property_that_is_not_listed_is_named(self) -> None:
        given = {"BucketName": "b", "AccelerateConfiguration": {}}
        assert list(refused(given, NATIVE["AWS::S3::Bucket"])) == ["AccelerateConfiguration"]

    def test_a_nested_property_is_named_with_its_path(self) -> None:
        given = {"Code": {"ZipFile": "", "ImageUri": "x"}}
        assert list(refused(given, NATIVE["AWS::Lambda::Function"])) == ["Code.ImageUri"]

    def test_below_a_property_without_a_list_anything_goes(self) -> None:
        given = {"AssumeRolePolicyDocument": {"Statement": [{"Anything": 1}]}}
        assert list(refused(given, NATIVE["AWS::IAM::Role"])) == []

    def test_no_property_is_both_left_to_ministack_and_completed(self) -> None:
        twice = {
            (resource_type, name)
            for resource_type, completions in COMPLETIONS.items()
            for name in completions
            if name in NATIVE[resource_type]
        }
        assert twice == set()


class FakeService:
    """Takes any setting; ``forgets`` says which of its fields it does not keep."""

    def __init__(self, forgets: Sequence[str] = ()) -> None:
        self.forgets = forgets
        self.lifecycle: dict[str, Any] = {}
        self.deleted = False

    def put_bucket_lifecycle_configuration(
        self,
        Bucket: str,  # noqa: N803
        LifecycleConfiguration: dict[str, Any],  # noqa: N803
    ) -> None:
        self.lifecycle = {
            "Rules": [
                {name: value for name, value in rule.items() if name not in self.forgets}
                for rule in LifecycleConfiguration["Rules"]
            ]
        }

    def get_bucket_lifecycle_configuration(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        return {"ResponseMetadata": {}, **self.lifecycle}

    def delete_bucket_lifecycle(self, Bucket: str) -> None:  # noqa: N803
        self.deleted = True


class TestLifecycle:
    completion = COMPLETIONS["AWS::S3::Bucket"]["LifecycleConfiguration"]
    rule: ClassVar = {
        "Id": "expire",
        "Status": "Enabled",
        "ExpirationInDays": 30,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }

    def test_rules_are_translated_for_the_api(self) -> None:
        service = FakeService()
        self.completion.set(lambda _: service, "bucket", {"Rules": [self.rule]})
        assert service.lifecycle["Rules"] == [
            {
                "ID": "expire",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "Expiration": {"Days": 30},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            }
        ]

    def test_a_service_that_keeps_less_than_it_was_told_fails(self) -> None:
        service = FakeService(forgets=["AbortIncompleteMultipartUpload"])
        with pytest.raises(NotKept, match="DaysAfterInitiation"):
            self.completion.set(lambda _: service, "bucket", {"Rules": [self.rule]})

    def test_a_field_without_a_translation_is_refused_by_name(self) -> None:
        rule = {**self.rule, "TagFilters": []}
        with pytest.raises(ValueError, match="TagFilters"):
            self.completion.set(lambda _: FakeService(), "bucket", {"Rules": [rule]})

    def test_a_dropped_property_is_deleted(self) -> None:
        service = FakeService()
        self.completion.clear(lambda _: service, "bucket", {"Rules": [self.rule]})
        assert service.deleted


def test_a_new_bucket_takes_no_access_control_but_private() -> None:
    completion = COMPLETIONS["AWS::S3::Bucket"]["AccessControl"]
    with pytest.raises(ValueError, match="PublicRead"):
        completion.set(lambda _: None, "bucket", "PublicRead")
