"""Welcomes a customer, word by word, in their own language, and knows one who comes back."""

import os
from collections.abc import AsyncIterator
from typing import Any

from bedrock_agentcore import BedrockAgentCoreApp, RequestContext

GREETINGS = {
    "ar": "أهلًا وسهلًا بك",
    "en": "Welcome aboard",
    "hi": "आपका स्वागत है",
    "ja": "ようこそ いらっしゃいませ",
    "sv": "Välkommen ombord, A\N{COMBINING RING ABOVE}sa",
    "vi": "Chào mừng bạn \N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
}
STEPS = ("Read the terms.", "Name who may sign.", "Ask for the first site.")
#: Between the lines of one paragraph, as Unicode has it: in an event, it ends no line.
LINE = "\N{LINE SEPARATOR}"

app = BedrockAgentCoreApp()
# A session has a process of its own on AgentCore; started by hand, one process serves them all.
visits: dict[str | None, int] = {}


@app.entrypoint
async def welcome(payload: dict[str, Any], context: RequestContext) -> AsyncIterator[Any]:
    """Stream a greeting; text is streamed as strings, and the result as the last value."""
    language = payload.get("parameters", {}).get("language", "en")
    if language not in GREETINGS:
        raise ValueError(f"There is no greeting in {language!r}; there is {', '.join(GREETINGS)}.")
    visits[context.session_id] = visit = visits.get(context.session_id, 0) + 1
    for word in GREETINGS[language].split(" "):
        yield f"{word} "
    if visit > 1:
        yield f"(again, for the {visit}. time) "
    yield LINE.join(STEPS)
    yield {"language": language, "visit": visit, "steps": len(STEPS)}


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "8080")))
