"""CodeDeploy for Lambda: deployments that shift an alias between versions of its function.

refusal.py      what is refused, in AWS's terms
traffic.py      deployment configurations: which share of the traffic goes where, and when
appspec.py      the document that says what to deploy, and which hooks to ask
records.py      what there is: applications, groups, deployments
permissions.py  what the service role must be allowed, and the callers
functions.py    aliases and hooks, as a deployment uses them
shift.py        a deployment, from its start to its end
service.py      starts and stops deployments, and rolls back
api.py          the operations of the API
resources.py    the types of CloudFormation
alias_update.py an alias of a template that is updated by a deployment
install.py      puts all of it in MiniStack's place
"""
