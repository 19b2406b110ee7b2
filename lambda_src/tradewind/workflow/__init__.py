"""Workflows: several agents' work, written as one file.

It runs wherever its agents can be called: nothing here imports AWS or an agent framework.
"""
