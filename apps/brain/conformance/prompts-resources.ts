// The suite's prompts and resources. brains has none of its own yet; these show the server that they would be added to.
import {
  completable,
  inputRequired,
  ResourceTemplate,
  type GetPromptResult,
  type InputRequest,
  type McpServer,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { PIXEL } from "./fixture-data.ts";

type Content = GetPromptResult["messages"][number]["content"];
const user = (...contents: Content[]): GetPromptResult => ({
  messages: contents.map((content) => ({ role: "user", content })),
});
const text = (said: string) => ({ type: "text", text: said }) as const;

export function addPromptsAndResources(mcp: McpServer): void {
  mcp.server.registerCapabilities({ logging: {}, resources: { subscribe: true } });
  addResources(mcp);
  addPrompts(mcp);
}

function addResources(mcp: McpServer): void {
  const said = "This is the content of the static text resource.";
  const watched = "test://watched-resource";
  for (const [name, uri] of [
    ["static-text", "test://static-text"],
    ["watched", watched],
  ] as const) {
    mcp.registerResource(name, uri, { description: "A text", mimeType: "text/plain" }, () => ({
      contents: [{ uri, mimeType: "text/plain", text: said }],
    }));
  }
  const binary = "test://static-binary";
  mcp.registerResource("static-binary", binary, { description: "A picture", mimeType: "image/png" }, () => ({
    contents: [{ uri: binary, mimeType: "image/png", blob: PIXEL }],
  }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  mcp.registerResource("template", template, { description: "By id", mimeType: "application/json" }, (uri, { id }) => {
    const data = { id, templateTest: true, data: `Data for ID: ${String(id)}` };
    return { contents: [{ uri: uri.href, mimeType: "application/json", text: JSON.stringify(data) }] };
  });
  mcp.server.setRequestHandler("resources/subscribe", () => ({}));
  mcp.server.setRequestHandler("resources/unsubscribe", () => ({}));
}

function addPrompts(mcp: McpServer): void {
  const argument = z.string();
  mcp.registerPrompt("test_simple_prompt", { description: "Says a text" }, () =>
    user(text("This is a simple prompt for testing.")),
  );
  const arg1 = completable(argument, (value) => ["paris", "park", "party"].filter((one) => one.startsWith(value)));
  const argsSchema = z.object({ arg1, arg2: argument });
  mcp.registerPrompt("test_prompt_with_arguments", { description: "Says its arguments", argsSchema }, (args) =>
    user(text(`Prompt with arguments: arg1='${args.arg1}', arg2='${args.arg2}'`)),
  );
  const uriSchema = z.object({ resourceUri: argument });
  mcp.registerPrompt("test_prompt_with_embedded_resource", { description: "Embeds", argsSchema: uriSchema }, (args) => {
    const resource = { uri: args.resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." };
    return user({ type: "resource", resource }, text("Please process the embedded resource above."));
  });
  mcp.registerPrompt("test_prompt_with_image", { description: "Shows a picture" }, () =>
    user({ type: "image", data: PIXEL, mimeType: "image/png" }, text("Please analyze the image above.")),
  );
  mcp.registerPrompt("test_input_required_result_prompt", { description: "Asks first" }, (context) => {
    const { user_context: answer } = (context.mcpReq.inputResponses ?? {}) as { user_context?: { content?: object } };
    if (answer) return user(text(JSON.stringify(answer.content)));
    const requestedSchema = { type: "object", properties: { context: { type: "string" } }, required: ["context"] };
    const message = "What context should the prompt use?";
    const asked = { method: "elicitation/create", params: { message, requestedSchema } } as InputRequest;
    return inputRequired({ inputRequests: { user_context: asked } });
  });
}
