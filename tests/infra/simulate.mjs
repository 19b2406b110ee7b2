// Evaluates IAM requests against identity policies with an IAM simulator.
//
// Standard input: a JSON list of {policies, action, resource, account, context}. Standard output: a
// JSON list of {result, error}, in order: "Allowed", "ImplicitlyDenied", "ExplicitlyDenied", or null
// where the simulator finds a policy or the request not possible.
import { runSimulation } from "@cloud-copilot/iam-simulate";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);

const answers = [];
for (const { policies, action, resource, account, context } of JSON.parse(Buffer.concat(chunks))) {
  const answer = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${account}:role/agent`,
        action,
        resource: { resource, accountId: account },
        contextVariables: context,
      },
      identityPolicies: policies.map((policy, index) => ({ name: `policy${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  answers.push(answer);
}
process.stdout.write(JSON.stringify(answers));
