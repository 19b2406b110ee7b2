"""Bundles signed by AWS Signer before they are deployed, each once for its bytes.

Signer signs an object of a versioned bucket and leaves the signed one in it, under a name of its
own choice. It is kept there under the bundle's hash and the profile's version, too: whoever deploys
the same bundle takes the same signed bytes, and Lambda sees no change where there is none.
https://docs.aws.amazon.com/signer/latest/developerguide/Welcome.html
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli import cdk
from cli.api.aws import aws_failures
from cli.errors import CommandError
from stacks.bundling.archive import Archive
from stacks.bundling.signed import signed_name

if TYPE_CHECKING:
    from cli.console import Steps
    from stacks.settings.environment import Settings
    from stacks.settings.signing import CodeSigningSettings

#: Where in the bucket they are.
_UNSIGNED: Final = "tradewind/unsigned"
_SIGNED: Final = "tradewind/signed"
#: How often, and how many times, a job's end is asked for: ten minutes in all.
_EVERY_S: Final = 2
_TIMES: Final = 300


def signed_context(
    settings: "Settings", clients: Callable[[str], Any], steps: "Steps"
) -> list[str]:
    """What the CDK has to be told to synthesize with signed bundles; they are signed by then.

    Returns:
        Nothing where the settings ask for no signature.

    Raises:
        CommandError: A bundle cannot be built or signed.
    """
    if settings.code_signing is None:
        return []
    from cli.bundles import bundles_of  # noqa: PLC0415  slow to import

    signer = Signer(settings.code_signing, s3=clients("s3"), signer=clients("signer"))
    with aws_failures("The bundles cannot be signed"):
        signer.sign(bundles_of(settings).values(), steps)
    return [f"--context=signed={signer.folder}"]


class Signer:
    """Signs bundles with a profile.

    Args:
        settings: Whose signature, and in which bucket.
        s3: A boto3 client of S3.
        signer: One of Signer.
        folder: Where signed bundles are kept on this machine.
    """

    def __init__(
        self, settings: "CodeSigningSettings", *, s3: Any, signer: Any, folder: Path | None = None
    ) -> None:
        self._settings = settings
        self._s3 = s3
        self._signer = signer
        version = settings.profile_version
        #: Those of this version of the profile.
        self.folder = folder or cdk.PROJECT / ".build" / "signed" / settings.profile / version

    def sign(self, archives: Iterable[Archive], steps: "Steps") -> None:
        """Have in the folder, signed, what is not yet there.

        Raises:
            CommandError: The bucket is not versioned, or Signer did not sign; nothing half is left.
        """
        lacking = {
            archive.sha256: archive
            for archive in archives
            if not (self.folder / signed_name(archive.sha256)).is_file()
        }
        if not lacking:
            return
        self._check_bucket()
        self.folder.mkdir(parents=True, exist_ok=True)
        for archive in lacking.values():
            with steps.step(f"Signing {archive.path.stem.rpartition('-')[0]}") as step:
                kept = f"{_SIGNED}/{self._settings.profile_version}/{signed_name(archive.sha256)}"
                if self._is_there(kept):
                    step.result = "signed before"
                else:
                    self._sign(archive, kept)
                self._fetch(kept, archive.sha256)

    def _check_bucket(self) -> None:
        bucket = self._settings.bucket
        if self._s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
            raise CommandError(
                f"code_signing.bucket: {bucket} keeps no versions, and Signer signs a version; "
                f"aws s3api put-bucket-versioning --bucket {bucket} "
                "--versioning-configuration Status=Enabled"
            )

    def _is_there(self, key: str) -> bool:
        listed = self._s3.list_objects_v2(Bucket=self._settings.bucket, Prefix=key, MaxKeys=1)
        return any(each["Key"] == key for each in listed.get("Contents", ()))

    def _sign(self, archive: Archive, kept: str) -> None:
        bucket = self._settings.bucket
        source = f"{_UNSIGNED}/{signed_name(archive.sha256)}"
        with archive.path.open("rb") as content:
            version = self._s3.put_object(Bucket=bucket, Key=source, Body=content)["VersionId"]
        job = self._signer.start_signing_job(
            source={"s3": {"bucketName": bucket, "key": source, "version": version}},
            destination={"s3": {"bucketName": bucket, "prefix": f"{_SIGNED}/jobs/"}},
            profileName=self._settings.profile,
            profileOwner=self._settings.profile_owner,
        )["jobId"]
        done = self._ended(job)
        signed_with = done["profileVersion"]
        if signed_with != self._settings.profile_version:
            raise CommandError(
                f"code_signing.profile_version_arn: Signer signs with the profile's newest "
                f"version, {signed_with}, and the settings name {self._settings.profile_version}; "
                "name the newest"
            )
        self._s3.copy_object(
            Bucket=bucket,
            Key=kept,
            CopySource={"Bucket": bucket, "Key": done["signedObject"]["s3"]["key"]},
        )

    def _ended(self, job: str) -> Any:
        from botocore.exceptions import WaiterError  # noqa: PLC0415

        try:
            self._signer.get_waiter("successful_signing_job").wait(
                jobId=job, WaiterConfig={"Delay": _EVERY_S, "MaxAttempts": _TIMES}
            )
        except WaiterError as error:
            said = error.last_response
            raise CommandError(
                f"Signer's job {job} is {said.get('status', 'in an unknown state')}: "
                f"{said.get('statusReason', 'it gives no reason')}"
            ) from None
        return self._signer.describe_signing_job(jobId=job)

    def _fetch(self, key: str, sha256: str) -> None:
        there = self.folder / signed_name(sha256)
        # Under a name of this process's own until it is whole.
        half = there.with_suffix(f".{os.getpid()}")
        try:
            with half.open("wb") as file:
                body = self._s3.get_object(Bucket=self._settings.bucket, Key=key)["Body"]
                for part in body.iter_chunks(1 << 20):
                    file.write(part)
            half.replace(there)
        finally:
            half.unlink(missing_ok=True)
