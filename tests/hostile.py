"""The most hostile environment there is: what real shells hold, and what leads a program astray."""

import json
from pathlib import Path
from typing import Final

#: An address that is nobody's, by its standard, so that a packet to it goes nowhere.
ELSEWHERE: Final = "192.0.2.1"

HOSTILE: Final = {
    "AWS_PROFILE": "nobody",
    "AWS_DEFAULT_PROFILE": "nobody",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_ENDPOINT_URL": f"https://{ELSEWHERE}",
    "AWS_ENDPOINT_URL_S3": f"https://{ELSEWHERE}",
    "AWS_ENDPOINT_URL_LAMBDA": f"https://{ELSEWHERE}",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_SESSION_TOKEN": "somebody's",
    "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/elsewhere",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "AWS_CA_BUNDLE": "/nowhere",
    "AWS_REGION": "eu-west-1",
    "AWS_MAX_ATTEMPTS": "many",
    "HTTP_PROXY": f"http://{ELSEWHERE}:3128",
    "HTTPS_PROXY": f"http://{ELSEWHERE}:3128",
    "ALL_PROXY": f"http://{ELSEWHERE}:3128",
    "http_proxy": f"http://{ELSEWHERE}:3128",
    "https_proxy": f"http://{ELSEWHERE}:3128",
    "all_proxy": f"http://{ELSEWHERE}:3128",
    "NO_PROXY": "example.com",
    "no_proxy": "example.com",
    "NODE_OPTIONS": "--no-such-option",
    "NODE_ENV": "production",
    "NODE_PATH": "/nowhere",
    "PYTHONHOME": "/nowhere",
    "PYTHONPATH": "/nowhere",
    "PYTHONSTARTUP": "/nowhere",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "VIRTUAL_ENV": "/nowhere",
    "CDK_HOME": "/nowhere",
    "CDK_OUTDIR": "/nowhere",
    "CDK_DEFAULT_ACCOUNT": "111111111111",
    "CDK_DEFAULT_REGION": "eu-west-1",
    "CDK_TOOLKIT_STACK_NAME": "Elsewhere",
    "CDK_CONTEXT_JSON": '{"env": "prod"}',
    "JSII_NODE": "/nowhere",
    "JSII_RUNTIME": "/nowhere",
    "npm_config_omit": "dev",
    "npm_config_global": "true",
    "UV_TARGET": "/nowhere",
    "UV_NO_BINARY": "1",
    "UV_SYSTEM_PYTHON": "1",
    "PIP_TARGET": "/nowhere",
    "PIP_USER": "1",
    "FORCE_COLOR": "1",
    "CLICOLOR_FORCE": "1",
    "CI": "true",
    # Settings of MiniStack, of which the embedded AWS is made.
    "SERVICES": "s3",
    "PERSIST_STATE": "1",
    "LAMBDA_EXECUTOR": "docker",
}


def make_hostile_home(home: Path) -> dict[str, str]:
    """Fill ``home`` with files that programs read unasked; returns an environment with it."""
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text(
        f"[default]\nregion = eu-west-1\nendpoint_url = https://{ELSEWHERE}\n"
        "use_fips_endpoint = true\n"
    )
    (home / ".npmrc").write_text("omit=dev\nglobal=true\n")
    astray = {
        "profile": "nobody",
        "context": {"env": "prod"},
        "app": "false",
        "output": "/nowhere",
        "proxy": f"http://{ELSEWHERE}:3128",
        "toolkitStackName": "Elsewhere",
    }
    (home / ".cdk.json").write_text(json.dumps(astray))
    return {**HOSTILE, "HOME": str(home), "AWS_CONFIG_FILE": str(home / ".aws" / "config")}
