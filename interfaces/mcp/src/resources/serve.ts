import { isCodedError, type Caller, type JobReply, type Shell } from "@brains/shell";
import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
  UriTemplate,
  type McpServer,
  type ReadResourceResult,
} from "@modelcontextprotocol/server";
import { plainJson } from "../plain-text.ts";
import { shellData, type ShellData } from "../shell-data.ts";
import { MOST_BYTES, outputContents, outputPage } from "./output.ts";
import { presentWork, recentBatches, recentJobs } from "./recent.ts";
import { batchResource, jobResource } from "./work-view.ts";
import { workUri, type WorkUri } from "./work-uri.ts";

const JSON_TYPE = "application/json";

/** The SDK matches a query only when it has every variable, in order. */
const OUTPUT = Object.assign(new UriTemplate("job://{id}/output{?after,bytes}"), {
  match(uri: string): Record<string, string> | null {
    const [path = "", query = ""] = uri.split("?", 2);
    const work = workUri(path);
    return work?.part === "output" ? { id: work.id, query } : null;
  },
});

/** Work as resources: how it stands, what it wrote, what came of it. */
export function serveResources(mcp: McpServer, shell: Shell, caller: Caller): void {
  const data = shellData(shell, caller);
  const jobIds = { complete: { id: (typed: string) => recentJobs(data, typed) } };
  const listed = (kind: "job" | "batch") => async () => ({ resources: (await presentWork(data))[kind] });
  const job = new ResourceTemplate("job://{id}", { ...jobIds, list: listed("job") });
  const jobText = "How a job stands, its error or result, its steps, and where its output is. Say its number as {id}.";
  mcp.registerResource("job", job, { title: "Job", description: jobText, mimeType: JSON_TYPE }, (uri) =>
    read(data, uri.href),
  );
  const output = new ResourceTemplate(OUTPUT, { ...jobIds, list: undefined });
  const outputText = `The end of what a job wrote, 8 KB unless \`bytes\` asks for up to ${MOST_BYTES}; with \`after\` the page behind that cursor.`;
  mcp.registerResource(
    "output",
    output,
    { title: "Output of a job", description: outputText, mimeType: "text/plain" },
    (uri) => read(data, uri.href),
  );
  const result = new ResourceTemplate("job://{id}/result", { ...jobIds, list: undefined });
  const resultText = "The whole result of a job, however long.";
  mcp.registerResource(
    "result",
    result,
    { title: "Result of a job", description: resultText, mimeType: JSON_TYPE },
    (uri) => read(data, uri.href),
  );
  const batch = new ResourceTemplate("batch://{id}", {
    complete: { id: (typed) => recentBatches(data, typed) },
    list: listed("batch"),
  });
  const batchText = "How a batch stands: counts, first failures, its jobs.";
  mcp.registerResource("batch", batch, { title: "Batch", description: batchText, mimeType: JSON_TYPE }, (uri) =>
    read(data, uri.href),
  );
}

async function read(data: ShellData, uri: string): Promise<ReadResourceResult> {
  const [path = "", query = ""] = uri.split("?", 2);
  const work = workUri(path);
  if (!work || (query !== "" && work.part !== "output")) throw new ResourceNotFoundError(uri);
  try {
    return { contents: await contents(data, work, uri, new URLSearchParams(query)) };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    if (error.code.endsWith("NOT_FOUND")) throw new ResourceNotFoundError(uri);
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `${error.code}: ${error.message}`);
  }
}

async function contents(
  data: ShellData,
  work: WorkUri,
  uri: string,
  query: URLSearchParams,
): Promise<ReadResourceResult["contents"]> {
  if (work.part === "output") {
    const page = { after: query.get("after") ?? undefined, bytes: bytesOf(query.get("bytes")) };
    return outputContents(uri, await outputPage(data, work.id, page));
  }
  const reply = await data<JobReply>("job", { id: work.id });
  if (reply.kind === "request" || reply.kind !== work.kind) throw new ResourceNotFoundError(uri);
  if (work.part === "state") {
    return [json(uri, reply.kind === "job" ? jobResource(reply) : batchResource(reply))];
  }
  // Not said to be absent: whoever may not have it learns nothing of it either.
  if (reply.kind === "batch" || reply.job.withheld === true || reply.job.result === undefined) {
    throw new ResourceNotFoundError(uri);
  }
  return [json(uri, reply.job.result)];
}

function json(uri: string, value: unknown): ReadResourceResult["contents"][number] {
  return { uri, mimeType: JSON_TYPE, text: JSON.stringify(plainJson(value)) };
}

function bytesOf(given: string | null): number | undefined {
  if (given === null) return undefined;
  const bytes = Number(given);
  if (Number.isInteger(bytes) && bytes >= 1 && bytes <= MOST_BYTES) return bytes;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, `bytes is a number from 1 to ${MOST_BYTES}.`);
}
