"""Integrations whose answer streams: ``responseTransferMode`` is ``STREAM``."""

from devtools.localcloud.extension.gateway.errors import Response, misconfigured
from devtools.localcloud.extension.gateway.proxy_call import ProxyCall


async def dispatch(call: ProxyCall) -> Response:
    """Answer a request through a streaming integration.

    Function, permission and the sizes of request and event have been checked.
    """
    response: Response = misconfigured()
    return response
