// Who may see and do what. The only place where roles are compared.
import { ROLES } from "@brains/plugin";
import type { Caller, Role } from "@brains/plugin";
import type { Origin } from "@brains/job-queue/handler";
import { BrainsError } from "./errors.ts";

/** Interfaces at whose other end a person sits. Every other one counts as a model's, unless the caller says otherwise. */
const PERSON_INTERFACES = new Set(["cli", "repl", "web", "matrix", "test"]);

export interface Requirement {
  readonly name: string;
  readonly role: Role;
  readonly audience: "person" | "model" | "both";
  readonly visibility: "public" | "admin";
}

function hasRole(caller: Pick<Caller, "role">, least: Role): boolean {
  return ROLES.indexOf(caller.role) >= ROLES.indexOf(least);
}

export function isPerson(caller: Caller): boolean {
  return (caller.kind ?? (PERSON_INTERFACES.has(caller.interface) ? "person" : "model")) === "person";
}

/** Why this caller may not call the tool, or undefined if it may. */
export function refusal(tool: Requirement, caller: Caller): string | undefined {
  if (tool.visibility === "admin" && !hasRole(caller, "admin")) return `${tool.name} is for admins`;
  if (!hasRole(caller, tool.role)) return `${tool.name} needs the role ${tool.role}, and the caller is ${caller.role}`;
  if (tool.audience === "person" && !isPerson(caller))
    return `${tool.name} is for persons: answer in a terminal with \`brains\``;
  if (tool.audience === "model" && isPerson(caller)) return `${tool.name} is for models`;
  return undefined;
}

/** Whether the caller may answer requests at all. */
export function decides(caller: Caller): boolean {
  return isPerson(caller) && hasRole(caller, "approver");
}

/**
 * Everybody with a role sees all work of the brain: labels, states, progress, errors, logs. What went in and came out (`data`, `result`) is shown to
 * whoever started the work, and to approvers and admins.
 */
export function seesContent(caller: Caller, origin: Origin | undefined): boolean {
  return hasRole(caller, "approver") || (origin !== undefined && origin.principal === caller.principal);
}

/** One person under several identities (`interface:principal`) is one principal: the `people` map of the config, turned around. */
export function joinIdentities(people: Readonly<Record<string, readonly string[]>>): (caller: Caller) => Caller {
  const names = new Map(Object.entries(people).flatMap(([name, ids]) => ids.map((id) => [id, name] as const)));
  return (caller) => {
    // The prompt and a single command are the same terminal.
    const place = caller.interface === "repl" ? "cli" : caller.interface;
    const name = names.get(`${place}:${caller.principal}`);
    return name === undefined ? caller : { ...caller, principal: name };
  };
}

export function checkCaller(caller: Caller): void {
  if (typeof caller?.principal !== "string" || caller.principal === "" || typeof caller.interface !== "string") {
    throw new BrainsError("INVALID_INPUT", "A caller needs a principal and an interface.");
  }
  if (!ROLES.includes(caller.role)) {
    throw new BrainsError(
      "INVALID_INPUT",
      `"${caller.role as string}" is no role. The roles are: ${ROLES.join(", ")}.`,
    );
  }
}

/** The caller as stored on what it starts. */
export function originOf(caller: Caller): Origin {
  const { principal, role, conversation, reply } = caller;
  return { principal, role, interface: caller.interface, conversation, reply };
}

/** Work acts with the rights of whoever started it, but never as a person: a job cannot answer its own question. */
export function callerOfOrigin(origin: Origin): Caller {
  const role = ROLES.find((name) => name === origin.role) ?? "viewer";
  const { principal, conversation, reply } = origin;
  return { principal, role, interface: origin.interface ?? "job", kind: "model", conversation, reply };
}
