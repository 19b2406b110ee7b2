"""Workflows past one Lambda: the engine on AWS's SDK for durable functions.

Nobody else imports the SDK.
"""
