"""The runtime that Tradewind deploys: agents on one pooled Bedrock client per process."""
