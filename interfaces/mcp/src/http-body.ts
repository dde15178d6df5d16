import { readRequestBody } from "@modelcontextprotocol/server";
import { refusal } from "./http-answers.ts";

export interface BodyLimits {
  readonly bytes: number;
  /** Arrays and objects inside each other. */
  readonly depth: number;
}

/** The JSON of a request, or why it is refused. */
export async function readJson(
  request: Request,
  { bytes, depth }: BodyLimits,
): Promise<{ readonly json: unknown } | { readonly refused: Response }> {
  const read = await readText(request, bytes).catch(() => undefined);
  if (!read) return { refused: refusal(400, "The request's body could not be read.", {}, -32700) };
  if (read.tooLarge) {
    return { refused: refusal(413, `The request is larger than ${bytes} bytes. Pass files by name.`) };
  }
  if (isDeeper(read.text, depth)) {
    return { refused: refusal(400, `The request is nested more than ${depth} deep.`, {}, -32600) };
  }
  try {
    return { json: JSON.parse(read.text) as unknown };
  } catch {
    return { refused: refusal(400, "The request's body is not JSON.", {}, -32700) };
  }
}

/** A length that is stated is the body's, or the server breaks off; then a server may have a shorter way to the text than a stream. */
async function readText(request: Request, bytes: number): ReturnType<typeof readRequestBody> {
  const length = request.headers.get("content-length");
  if (length === null || !/^\d+$/.test(length)) return readRequestBody(request, bytes);
  if (Number(length) > bytes) return { tooLarge: true };
  return { tooLarge: false, text: await request.text() };
}

/** Looks at the text: whoever walks such a value afterwards would run out of stack. */
function isDeeper(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (inString) {
      if (char === 0x5c) at++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > limit) return true;
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  return false;
}
