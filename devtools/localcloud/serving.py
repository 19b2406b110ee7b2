"""MiniStack, what it lacks, and the stand-ins of Bedrock and of public data, put together."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config as ClientConfig
from hypercorn.asyncio import serve as serve_http
from hypercorn.config import Config
from ministack import app as ministack
from ministack.core import lambda_runtime

from devtools.localcloud.account import Account
from devtools.localcloud.bedrock import BedrockStandIn, RealBedrock
from devtools.localcloud.code_store import CodeStore
from devtools.localcloud.execution import DURABLE_RUNTIME, RUNTIME, Warden
from devtools.localcloud.extension import (
    access,
    access_keys,
    account_limits,
    aliases,
    async_invocation,
    calls,
    clock_control,
    encryption,
    functions,
    leading_keys,
    log_metrics,
    metric_store,
    missing_objects,
    payloads,
    response_streams,
    schedules,
    service_metrics,
    versions,
)
from devtools.localcloud.extension.agentcore.artifacts import Artifacts
from devtools.localcloud.extension.agentcore.install import AgentCore
from devtools.localcloud.extension.alarm_evaluation import AlarmEvaluation
from devtools.localcloud.extension.clock import Clock
from devtools.localcloud.extension.cloudformation import install as cloudformation
from devtools.localcloud.extension.codedeploy import install as codedeploy
from devtools.localcloud.extension.durable import install as durable
from devtools.localcloud.extension.gateway import install as gateway
from devtools.localcloud.geodata import GeodataStandIn
from devtools.localcloud.lifecycle import CALLS_FILE, DURABLE_LAMBDA_RUNTIME, LAMBDA_RUNTIME
from devtools.localcloud.running import ACCOUNT_ID, REGION, Running, start_time
from devtools.localcloud.tls import TlsFiles

#: Requests still open when the server is told to stop get this long to end. Clients' idle
#: connections would keep it waiting for as long as they stay open.
_DRAIN_S = 0.3


async def serve(home: Path, tls: TlsFiles, gateway: socket.socket) -> None:
    """Serve on ``gateway`` until SIGTERM or SIGINT, and say so in ``home``.

    Raises:
        ValueError: The real model service is asked for and there are no credentials for it.
    """
    stopping = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)

    access.close_back_doors()
    access_key, secret_key = access.create_operator()
    stand_in = BedrockStandIn(
        authorizer=access.MiniStackAuthorizer(),
        tls=tls,
        region=REGION,
        account=ACCOUNT_ID,
        upstream=_real_bedrock(),
        observe=service_metrics.publish_model_call,
        withheld=lambda: Account.of(home).models_without_access,
    )
    stand_in.start()
    geodata = GeodataStandIn(tls=tls)
    geodata.start()
    warden = Warden()
    try:
        running = Running(
            endpoint_url=f"https://127.0.0.1:{gateway.getsockname()[1]}",
            bedrock_endpoint_url=stand_in.endpoint_url,
            bedrock_admin_url=stand_in.admin_url,
            ca_bundle=str(tls.ca),
            account_id=ACCOUNT_ID,
            region=REGION,
            access_key=access_key,
            secret_key=secret_key,
            pid=os.getpid(),
            started=start_time(os.getpid()) or 0,
        )
        _extend(home, running, geodata, warden)
        queues = asyncio.create_task(service_metrics.publish_queues())
        await _serve_http(home / "running.json", running, tls, gateway, stopping)
        queues.cancel()
    finally:
        lambda_runtime.reset()
        stand_in.stop()
        geodata.stop()
        warden.end()


def _extend(home: Path, running: Running, geodata: GeodataStandIn, warden: Warden) -> None:
    """Add what MiniStack lacks."""
    endpoints = {
        "AWS_ENDPOINT_URL": running.endpoint_url,
        "AWS_ENDPOINT_URL_BEDROCK": running.bedrock_endpoint_url,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": running.bedrock_endpoint_url,
        "AWS_CA_BUNDLE": running.ca_bundle,
        # Public data services, which the agents reach without an AWS client.
        "OVERPASS_URL": geodata.overpass_url,
        "WIND_DATA_URL": geodata.wind_data_url,
        "SSL_CERT_FILE": running.ca_bundle,
    }
    code = CodeStore(home / "code")
    runtimes = {RUNTIME: LAMBDA_RUNTIME}
    if (DURABLE_LAMBDA_RUNTIME / "python").exists():
        runtimes[DURABLE_RUNTIME] = DURABLE_LAMBDA_RUNTIME
    functions.install(functions.Surroundings(runtimes, warden, code, endpoints))
    # Scripts that lie on this machine for another emulator are not ours to run.
    ministack._collect_scripts = lambda *_folders: []
    access_keys.install()
    account_limits.install(home)
    async_invocation.install()
    aliases.install()
    versions.install()
    durable.install()
    encryption.install()
    leading_keys.install()
    log_metrics.install()
    metric_store.install()
    missing_objects.install()
    calls.CallRecord(home / CALLS_FILE).install()
    payloads.install()
    response_streams.install()
    gateway.install()
    schedules.install()
    service_metrics.install()
    AgentCore(Artifacts(runtimes, code), warden, endpoints).install()
    clock = Clock()
    deployments = codedeploy.install(clock)
    clock_control.install(clock, AlarmEvaluation(clock, deployments.watched_alarms))
    clock.start()
    cloudformation.install(_clients(running), code, lambda: bool(deployments.active()))


async def _serve_http(
    running_path: Path,
    running: Running,
    tls: TlsFiles,
    gateway: socket.socket,
    stopping: asyncio.Event,
) -> None:
    config = Config()
    config.bind = [f"fd://{gateway.detach()}"]
    config.certfile, config.keyfile = str(tls.certificate), str(tls.key)
    config.keep_alive_timeout = 75

    async def announce_and_wait() -> None:
        # Called once the server is listening; when it returns, the server shuts down.
        running.write(running_path)
        await stopping.wait()
        running_path.unlink(missing_ok=True)

    server = asyncio.ensure_future(
        serve_http(ministack.app, config, shutdown_trigger=announce_and_wait)
    )
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({server, stopped}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({server}, timeout=_DRAIN_S)
    if server.done():
        server.result()


def _real_bedrock() -> RealBedrock | None:
    """The way to the real model service with the developer's own credentials, where asked for."""
    if os.environ.get("TRADEWIND_REAL_BEDROCK") != "1":
        return None
    return RealBedrock(botocore.session.get_session(), REGION)


def _clients(running: Running) -> Callable[[str], Any]:
    """Clients of this AWS for its own use, made when first asked for."""
    session = botocore.session.get_session()
    # Beside a developer's own settings, which are there for the real model service only.
    config = ClientConfig(proxies={}, use_fips_endpoint=False, use_dualstack_endpoint=False)

    @cache
    def client(service: str) -> Any:
        return session.create_client(
            service,
            config=config,
            region_name=running.region,
            endpoint_url=(
                running.bedrock_endpoint_url if service == "bedrock" else running.endpoint_url
            ),
            verify=running.ca_bundle,
            aws_access_key_id=running.access_key,
            aws_secret_access_key=running.secret_key,
        )

    return client
