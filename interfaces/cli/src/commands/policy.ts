import type { PolicyReply } from "@brains/shell";
import { callVerb } from "../call.ts";
import { usageError } from "../cli-error.ts";
import { text, type Action } from "../command.ts";
import { judgementLines, policyLines } from "../render/policy.ts";

/** `policy`: the rules. `policy test -- cmd args…`: which of them decides about this command; nothing runs. */
export const policy: Action = async (context, { args: [action, command, ...args], options }) => {
  if (action !== undefined && action !== "test")
    throw usageError(`There is no policy ${action}. To ask about a command: policy test -- ${action} …`);
  if (action === "test" && command === undefined)
    throw usageError("Which command? Write it behind two dashes: policy test -- git status");
  const env = options.env === undefined ? [] : [options.env].flat().map(String);
  const session = await context.session({ plugins: false });
  const reply = await callVerb<PolicyReply>(session, "policy", { command, args, cwd: text(options.cwd), env });
  const { kind, ...data } = reply;
  context.output.show(kind, data, (layout) =>
    reply.kind === "policy" ? policyLines(reply, layout) : judgementLines(reply, layout),
  );
  return 0;
};
