// The process of one execution in QuickJS: an interpreter in WebAssembly that has the language, `console`, and nothing else.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { EvalFlags, type JSValueHandle, QuickJS } from "quickjs-wasi";
import { codeFrame } from "./frame.ts";
import { GUEST } from "./guest.ts";
import type { Outcome, Trouble } from "./outcome.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { readTask } from "./result-file.ts";
import { outcomeOfText, outcomeOfValue } from "./value.ts";

/** The name of the code in the interpreter's stacks. */
const NAME = "code";
/** Below what the interpreter itself takes of the host's stack, which would end it without a word. */
const STACK_BYTES = 256 * 1024;
const PENDING = 0;
const NEVER: Trouble = {
  name: "Error",
  message: "The code awaits something that can no longer come: in this sandbox nothing happens by itself.",
};

const task = readTask();
const code = prepare(task.source, task.language);
if ("trouble" in code) {
  task.report({ error: code.trouble });
  process.exitCode = 1;
} else {
  const trouble = await run(code);
  if (trouble !== undefined) {
    task.report({ error: trouble });
    process.exitCode = 1;
  }
}

async function run(prepared: Prepared): Promise<Trouble | undefined> {
  const vm = await QuickJS.create({
    wasm: readFileSync(createRequire(import.meta.url).resolve("quickjs-wasi/quickjs.wasm")),
    memoryLimit: task.memory,
    maxStackSize: STACK_BYTES,
    moduleLoader: {
      load: (name) => {
        throw new Error(`There is nothing to import in this sandbox, so not ${name} either.`);
      },
    },
  });
  const guest = vm.evalCode(GUEST);
  addConsole(vm, guest.getProp("line"));
  try {
    const promise = vm.evalCode(prepared.js, NAME, EvalFlags.TYPE_MODULE);
    vm.executePendingJobs();
    if (promise.promiseState === PENDING) return NEVER;
    const settled = await vm.resolvePromise(promise);
    if ("error" in settled) return troubleOf(vm.dump(settled.error), prepared);
    const { exportName, note } = prepared;
    const value = exportName === undefined ? undefined : settled.value.getProp(exportName);
    task.report(value === undefined ? { note } : outcomeOf(vm, guest.getProp("value"), value));
    return undefined;
  } catch (error) {
    return troubleOf(error, prepared);
  }
}

function outcomeOf(vm: QuickJS, show: JSValueHandle, value: JSValueHandle): Outcome {
  if (value.isUndefined) return outcomeOfValue(undefined);
  const [json, text] = vm.dump(vm.callFunction(show, vm.undefined, value)) as [boolean, string];
  return json ? outcomeOfValue(JSON.parse(text)) : outcomeOfText(text);
}

function addConsole(vm: QuickJS, line: JSValueHandle): void {
  const stdout = process.stdout.write.bind(process.stdout);
  const stderr = process.stderr.write.bind(process.stderr);
  const object = vm.newObject();
  for (const name of ["log", "info", "debug", "warn", "error"]) {
    const write = name === "warn" || name === "error" ? stderr : stdout;
    const log = vm.newFunction(name, (...values: JSValueHandle[]) => {
      write(`${vm.callFunction(line, vm.undefined, ...values).toString()}\n`);
      return vm.undefined;
    });
    vm.setProp(object, name, log);
  }
  vm.setProp(vm.global, "console", object);
}

function troubleOf(error: unknown, { source, original }: Prepared): Trouble {
  if (!(error instanceof Error)) return { name: "Thrown", message: String(error) };
  const { name, message, stack = "" } = error;
  const places = [...stack.matchAll(/(?:at (.+) \()?\bcode:(\d+):(\d+)/g)].map(([, method, line, column]) => ({
    method,
    ...original({ line: Number(line), column: Number(column) }),
  }));
  const [first] = places;
  return {
    name,
    message,
    line: first?.line,
    column: first?.column,
    frame: first && codeFrame(source, first.line, first.column),
    stack: places.map(({ method, line, column }) => `at ${method ?? "code"} (code:${line}:${column})`),
  };
}
