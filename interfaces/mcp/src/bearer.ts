import { createHash, timingSafeEqual } from "node:crypto";
import type { Caller } from "@brains/shell";
import { refusal } from "./http-answers.ts";

/** Who holds a token: what the shell's rights are decided by. */
export type TokenHolder = Pick<Caller, "principal" | "role" | "kind">;

/** Whose token this is; undefined if nobody's. Asked for every request, so that a token that was withdrawn ends at once. */
export type VerifyToken = (token: string, request: Request) => Promise<TokenHolder | undefined>;

/** The holder of the request's token, or the refusal. A token counts in the header alone: URLs end up in logs and histories. */
export async function authenticate(
  request: Request,
  verify: VerifyToken,
): Promise<{ readonly holder: TokenHolder } | { readonly refused: Response }> {
  const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const holder = token === undefined ? undefined : await verify(token, request);
  if (holder) return { holder };
  const challenge = token === undefined ? 'Bearer realm="brains"' : 'Bearer realm="brains", error="invalid_token"';
  const message =
    token === undefined
      ? "A token is needed, in the header `Authorization: Bearer …`."
      : "This token is not valid. Read the present one and connect again.";
  return { refused: refusal(401, message, { "WWW-Authenticate": challenge }) };
}

/** Compares in a time that says nothing of where they differ, nor of how long the right one is. */
export function sameToken(given: string, right: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(right));
}
