// The suite's fixtures that brains has no tools of: content of other kinds, and questions to the client in the middle of a call. They show the
// server, its transport and its sessions, not the queue.
import type { NativeTool } from "@brains/mcp/http";
import { MissingRequiredClientCapabilityError, type CallToolResult, type Tool } from "@modelcontextprotocol/server";
import { ASKING } from "./asking-tools.ts";
import { PIXEL, SCHEMA } from "./fixture-data.ts";

const native = (name: string, call: NativeTool["call"], properties: object = {}): NativeTool => ({
  tool: { name, description: `Fixture ${name}.`, inputSchema: { type: "object", properties } as Tool["inputSchema"] },
  call,
});
const says = (name: string, ...content: CallToolResult["content"]): NativeTool =>
  native(name, async () => ({ content }));
const text = (said: string) => ({ type: "text", text: said }) as const;
const image = { type: "image", data: PIXEL, mimeType: "image/png" } as const;
const resource = (uri: string, mimeType: string, said: string) =>
  ({ type: "resource", resource: { uri, mimeType, text: said } }) as const;

export const NATIVE_TOOLS: readonly NativeTool[] = [
  says("test_image_content", image),
  says("test_audio_content", { type: "audio", data: "UklGRiQAAABXQVZFZm10IA==", mimeType: "audio/wav" }),
  says(
    "test_embedded_resource",
    resource("test://embedded-resource", "text/plain", "This is an embedded resource content."),
  ),
  says(
    "test_multiple_content_types",
    text("Multiple content types test:"),
    image,
    resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
  ),
  ...["test_tool_with_logging", "test_logging_tool"].map((name) =>
    native(name, async (_, context) => {
      for (const said of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
        // oxlint-disable-next-line typescript/no-deprecated -- the suite asks for it
        await context.mcpReq.log("info", said);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return { content: [text("logged")] };
    }),
  ),
  native("test_missing_capability", async () => {
    throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
  }),
  {
    tool: {
      name: "json_schema_2020_12_tool",
      description: "Has a schema.",
      inputSchema: SCHEMA as Tool["inputSchema"],
    },
    call: async () => ({ content: [text("fits")] }),
  },
  native("test_argument_in_header", async ({ region }) => ({ content: [text(String(region))] }), {
    region: { type: "string", "x-mcp-header": "Region" },
  }),
  ...ASKING,
];
