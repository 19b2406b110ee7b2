"""API Gateway's REST APIs as AWS runs them, where MiniStack's are kinder.

MiniStack routes a request, checks API keys, validators, quotas and Lambda authorizers. Here is what
it leaves out: whom a signature must be made for, the leave to invoke a function, limits of time and
size, what counts as an answer, throttling by method, web ACLs, and AWS's own words for a refusal.
"""
