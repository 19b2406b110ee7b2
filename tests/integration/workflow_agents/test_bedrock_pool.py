"""Models, parts and connections are made once and used again: counted on the wire."""

from devtools.localcloud.bedrock import BedrockStandIn
from tests.integration.callers import REGION
from tests.integration.workflow_agents.conftest import Run, chain, workflow
from tradewind.workflow_agents.models import BedrockClients, ModelPool


def test_a_chain_of_ten_makes_one_part_one_model_and_one_connection(
    run: Run, standin: BedrockStandIn, clients: BedrockClients
) -> None:
    result, agents = run(chain(10))
    assert result.text.startswith("[scripted model]")
    assert result.spent.steps == 10
    assert result.spent.tokens > 0
    counted = agents.statistics
    assert (counted.parts_made, counted.part_hits) == (1, 9)
    assert (counted.models_made, counted.model_hits) == (1, 9)
    assert clients.pool(REGION).creations == 1
    assert (standin.stats().requests, standin.stats().connections_opened) == (10, 1)


def test_a_hundred_tasks_over_five_configurations_make_five_models(
    run: Run, standin: BedrockStandIn, clients: BedrockClients, pool: ModelPool
) -> None:
    agents = {
        f"a{n}": {"prompt": "You are one.", "inference": {"temperature": n / 10}} for n in range(5)
    }
    tasks = [{"id": f"t{n}", "agent": f"a{n % 5}", "input": f"task {n}"} for n in range(100)]
    _, made = run(
        workflow("workflow", {"tasks": tasks}, agents=agents, runtime={"max_parallel": 10})
    )
    assert (made.statistics.models_made, made.statistics.model_hits) == (5, 95)
    assert (pool.misses, pool.hits, len(pool)) == (5, 95, 5)
    assert clients.pool(REGION).creations == 1
    assert standin.stats().requests == 100
    assert standin.stats().connections_opened <= 10


def test_the_next_run_finds_models_and_connections(
    run: Run, standin: BedrockStandIn, clients: BedrockClients
) -> None:
    run(chain(1))
    _, agents = run(chain(1))
    assert (agents.statistics.models_made, agents.statistics.model_hits) == (0, 1)
    assert standin.stats().connections_opened == 1


def test_what_the_file_says_of_sampling_reaches_the_model(
    run: Run, standin: BedrockStandIn
) -> None:
    run(chain(1, runtime={"temperature": 0.3, "top_p": 0.8, "max_tokens": 77}))
    run(chain(1))
    with_all, without = [prompt.request["inferenceConfig"] for prompt in standin.prompts()]
    assert with_all == {"temperature": 0.3, "topP": 0.8, "maxTokens": 77}
    assert without == {"maxTokens": 4096}
