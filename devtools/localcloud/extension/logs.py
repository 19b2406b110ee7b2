"""A function's log stream in CloudWatch Logs, written in its role's name as Lambda does."""

import secrets
import time
from datetime import UTC, datetime

from ministack.services import cloudwatch_logs

from devtools.localcloud.extension.access import role_may
from devtools.localcloud.running import ACCOUNT_ID, REGION


class LogStream:
    """The one stream of an execution environment."""

    def __init__(self, group: str, version: str, role_arn: str) -> None:
        self.group = group
        self.name = f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{secrets.token_hex(16)}"
        self._role_arn = role_arn

    def write(self, line: str) -> None:
        """Append an event. Without the permission it is lost, as on AWS."""
        stream = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{self.group}:log-stream:{self.name}"
        if not (self._exists(stream) and role_may(self._role_arn, "logs:PutLogEvents", stream)):
            return
        event = {"timestamp": int(time.time() * 1000), "message": line}
        cloudwatch_logs._put_log_events(
            {"logGroupName": self.group, "logStreamName": self.name, "logEvents": [event]}
        )

    def _exists(self, stream_arn: str) -> bool:
        """Make the group and the stream where they are missing and the role may."""
        if self.group not in cloudwatch_logs._log_groups:
            group_arn = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{self.group}"
            if not role_may(self._role_arn, "logs:CreateLogGroup", group_arn):
                return False
            cloudwatch_logs._create_log_group({"logGroupName": self.group})
        if self.name not in cloudwatch_logs._log_groups[self.group]["streams"]:
            if not role_may(self._role_arn, "logs:CreateLogStream", stream_arn):
                return False
            cloudwatch_logs._create_log_stream(
                {"logGroupName": self.group, "logStreamName": self.name}
            )
        return True
