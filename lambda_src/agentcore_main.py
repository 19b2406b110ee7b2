"""What AgentCore Runtime starts of a bundle, at its root: a file, and so no path to a Python."""

from pathlib import Path

from tradewind.agentcore_serving.main import main

if __name__ == "__main__":
    main(Path(__file__).parent)
