from pathlib import Path

import pytest

from devtools.localcloud.execution import Function, process_environment


@pytest.fixture
def function() -> Function:
    return Function(
        name="siting",
        version="7",
        handler="app.handler",
        memory_mb=512,
        timeout_s=9,
        region="us-east-1",
        code=Path("/code"),
        log_group="/aws/lambda/siting",
        log_stream="2026/01/01/[7]abc",
        log_format="JSON",
        log_level=None,
        snapshot=False,
        variables={"GREETING": "hello"},
        credentials={"AWS_ACCESS_KEY_ID": "ASIA"},
        endpoints={"AWS_ENDPOINT_URL": "https://127.0.0.1:1"},
    )


def environment_of(function: Function) -> dict[str, str]:
    return process_environment(function, "127.0.0.1:9", Path("/runtime"), Path("/scratch"))


def test_nothing_of_this_process_is_passed_on(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "secret")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert not {"MINE", "AWS_PROFILE", "VIRTUAL_ENV"} & set(environment_of(function))


def test_what_lambda_gives_is_there(function: Function) -> None:
    environment = environment_of(function)
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "siting"
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "7"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/siting"
    assert environment["AWS_LAMBDA_LOG_STREAM_NAME"] == "2026/01/01/[7]abc"
    assert environment["AWS_LAMBDA_LOG_FORMAT"] == "JSON"
    assert environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert environment["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-east-1"
    assert environment["LAMBDA_TASK_ROOT"] == "/code"
    assert environment["_HANDLER"] == "app.handler"
    assert environment["TZ"] == ":UTC"


def test_the_bundle_comes_before_the_runtime_and_nothing_else_is_on_the_path(
    function: Function,
) -> None:
    assert environment_of(function)["PYTHONPATH"] == "/code:/runtime"


def test_the_functions_own_variables_are_there_but_reserved_ones_stay(function: Function) -> None:
    ours = {"GREETING": "hello", "AWS_REGION": "elsewhere", "_HANDLER": "other"}
    environment = environment_of(Function(**{**vars(function), "variables": ours}))
    assert environment["GREETING"] == "hello"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["_HANDLER"] == "app.handler"


def test_what_leads_to_this_cloud_overrides_the_functions_own(function: Function) -> None:
    own = {"OVERPASS_URL": "https://overpass.example/api"}
    here = {"OVERPASS_URL": "https://127.0.0.1:2", "SSL_CERT_FILE": "/tls/ca.pem"}
    environment = environment_of(
        Function(**{**vars(function), "variables": own, "endpoints": here})
    )
    assert environment["OVERPASS_URL"] == "https://127.0.0.1:2"
    assert environment["SSL_CERT_FILE"] == "/tls/ca.pem"


def test_a_log_level_is_given_only_where_one_is_set(function: Function) -> None:
    assert "AWS_LAMBDA_LOG_LEVEL" not in environment_of(function)
    set_to_warn = Function(**{**vars(function), "log_level": "WARN"})
    assert environment_of(set_to_warn)["AWS_LAMBDA_LOG_LEVEL"] == "WARN"


def test_the_developers_home_is_out_of_reach(function: Function) -> None:
    environment = environment_of(function)
    assert environment["HOME"] == environment["TMPDIR"] == "/scratch"
