/** What is said over HTTP where no server of the protocol was asked: an error of JSON-RPC that belongs to no request. */
export function refusal(
  status: number,
  message: string,
  headers: Record<string, string> = {},
  code = -32000,
): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status, headers });
}

/** Calls `over` once: when the body of the response was read to its end, was given up, or there is none. */
export async function whenOver(response: Response, over: () => void): Promise<Response> {
  // An answer in one piece is there already; handed on as a stream it would be sent in pieces.
  if (response.headers.get("content-type")?.includes("event-stream") !== true) {
    try {
      const text = await response.text();
      return new Response(text === "" ? null : text, response);
    } finally {
      over();
    }
  }
  if (response.body === null) {
    over();
    return response;
  }
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        over();
        controller.close();
      } catch (error) {
        over();
        controller.error(error);
      }
    },
    async cancel(reason) {
      over();
      await reader.cancel(reason);
    },
  });
  return new Response(body, response);
}
