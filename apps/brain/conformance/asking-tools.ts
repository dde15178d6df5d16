// Tools that ask the client something before they answer.
import type { NativeTool } from "@brains/mcp/http";
import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  ProtocolError,
  type CallToolResult,
  type InputRequiredResult,
  type InputRequest,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { CHOICES, DEFAULTS } from "./fixture-data.ts";

type Requests = Record<string, InputRequest>;

const state = createRequestStateCodec({ key: crypto.getRandomValues(new Uint8Array(32)), ttlSeconds: 600 });
const form = (message: string, properties: object, required: readonly string[] = []): InputRequest =>
  ({
    method: "elicitation/create",
    params: { message, requestedSchema: { type: "object", properties, required } },
  }) as InputRequest;
const sample = (prompt: string): InputRequest => ({
  method: "sampling/createMessage",
  params: { messages: [{ role: "user", content: { type: "text", text: prompt } }], maxTokens: 100 },
});
const roots: InputRequest = { method: "roots/list", params: {} };
const name = form("What is your name?", { name: { type: "string" } }, ["name"]);
const confirm = form("Please confirm", { ok: { type: "boolean" } }, ["ok"]);
const say = (answers: unknown): CallToolResult => ({ content: [{ type: "text", text: JSON.stringify(answers) }] });

/** The answers to all of these questions, or nothing as long as one is missing or has no form of an answer. */
function answersTo(asked: Requests, context: ServerContext): Record<string, unknown> | undefined {
  const given: Record<string, unknown> = context.mcpReq.inputResponses ?? {};
  const found = Object.keys(asked).map((key) => [key, given[key]] as const);
  const good = found.every(
    ([, answer]) => typeof answer === "object" && answer !== null && Object.keys(answer).length > 0,
  );
  return good ? Object.fromEntries(found) : undefined;
}

const asks = (tool: string, asked: (args: Record<string, unknown>, context: ServerContext) => Requests): NativeTool =>
  asking(tool, async (args, context) => {
    const inputRequests = asked(args, context);
    const answers = answersTo(inputRequests, context);
    return answers === undefined ? inputRequired({ inputRequests }) : say(answers);
  });
function asking(tool: string, call: NativeTool["call"]): NativeTool {
  return { tool: { name: tool, description: `Fixture ${tool}.`, inputSchema: { type: "object" } }, call };
}

async function verified<T>(context: ServerContext): Promise<T | undefined> {
  const given = context.mcpReq.requestState<string>();
  if (given === undefined) return undefined;
  try {
    return (await state.verify(given, context)) as T;
  } catch {
    throw new ProtocolError(-32602, "The state of this request was changed on the way, or is too old.");
  }
}

/** Questions asked with a state that the client must bring back as it was. */
const asksWithState = (tool: string, inputRequests: Requests): NativeTool =>
  asking(tool, async (_, context) => {
    const known = await verified<string>(context);
    const answers = answersTo(inputRequests, context);
    if (known !== tool || answers === undefined)
      return inputRequired({ inputRequests, requestState: await state.mint(tool) });
    return { content: [{ type: "text", text: `state-ok ${JSON.stringify(answers)}` }] };
  });

const ROUNDS: readonly Requests[] = [
  { step1: form("Step 1: What is your name?", { name: { type: "string" } }, ["name"]) },
  { step2: form("Step 2: What is your favourite colour?", { color: { type: "string" } }, ["color"]) },
];

async function multiRound(context: ServerContext): Promise<CallToolResult | InputRequiredResult> {
  const before = (await verified<unknown[]>(context)) ?? [];
  const answers = answersTo(ROUNDS[before.length] ?? {}, context);
  const known = answers === undefined ? before : [...before, answers];
  const inputRequests = ROUNDS[known.length];
  return inputRequests ? inputRequired({ inputRequests, requestState: await state.mint(known) }) : say(known);
}

export const ASKING: readonly NativeTool[] = [
  asks("test_sampling", ({ prompt }) => ({ answer: sample(String(prompt)) })),
  asks("test_elicitation", ({ message }) => {
    const text = { type: "string", description: "User's response" };
    return { answer: form(String(message), { username: text, email: text }, ["username", "email"]) };
  }),
  asks("test_elicitation_sep1034_defaults", () => ({ answer: form("Please complete", DEFAULTS) })),
  asks("test_elicitation_sep1330_enums", () => ({ answer: form("Please choose", CHOICES) })),
  asks("test_input_required_result_elicitation", () => ({ user_name: name })),
  asks("test_streaming_elicitation", () => ({ user_name: name })),
  asks("test_input_required_result_sampling", () => ({ capital_question: sample("What is the capital of France?") })),
  asks("test_input_required_result_list_roots", () => ({ client_roots: roots })),
  asks("test_input_required_result_capabilities", (_, context): Requests => {
    const envelope: { [CLIENT_CAPABILITIES_META_KEY]?: { elicitation?: object } } = context.mcpReq.envelope ?? {};
    const sampling = { greeting: sample("Say hello") };
    return envelope[CLIENT_CAPABILITIES_META_KEY]?.elicitation ? { ...sampling, user_name: name } : sampling;
  }),
  asksWithState("test_input_required_result_request_state", { confirm }),
  asksWithState("test_input_required_result_tampered_state", { confirm }),
  asksWithState("test_input_required_result_multiple_inputs", {
    user_name: name,
    greeting: sample("Generate a greeting"),
    client_roots: roots,
  }),
  asking("test_input_required_result_multi_round", (_, context) => multiRound(context)),
  asking("test_tool_with_task", async (_, context, shellTool) => {
    const answers = answersTo({ user_name: name }, context) as
      | { user_name: { content?: { name?: string } } }
      | undefined;
    if (answers === undefined) return inputRequired({ inputRequests: { user_name: name } });
    return shellTool("greet_later", { name: answers.user_name.content?.name ?? "nobody" });
  }),
];
