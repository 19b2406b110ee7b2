from siting.wind.errors import WindError
from tradewind.contracts.errors import ToolInputError


def test_what_the_domain_refuses_is_input_that_a_model_can_change() -> None:
    # Which fails no request: see `tradewind.run.tools.reports_failures`.
    assert issubclass(WindError, ToolInputError)
    assert WindError("The boundary crosses itself.").code == ToolInputError.code
