/**
 * Runs inside the interpreter before the code, and shows its values from inside: `[true, JSON]` where that is the value, else `[false, text]`. The code
 * may change what this uses (`Array.isArray`, `JSON`), and then misleads about its own values, no more.
 */
export const GUEST = `(() => {
  const plain = (v) => [Object.prototype, null].includes(Object.getPrototypeOf(v));
  const isJson = (v, depth) => {
    if (v === null || typeof v === "string" || typeof v === "boolean") return true;
    if (typeof v === "number") return Number.isFinite(v) && !Object.is(v, -0);
    if (typeof v !== "object" || depth > 100) return false;
    if (Array.isArray(v)) return v.every((one) => isJson(one, depth + 1)) && Object.keys(v).length === v.length;
    return plain(v) && Reflect.ownKeys(v).every((key) => typeof key === "string" && isJson(v[key], depth + 1));
  };
  const list = (open, parts, close) => (parts.length === 0 ? open + close : open + " " + parts.join(", ") + " " + close);
  const some = (parts, size) => (size > 100 ? [...parts, "... " + (size - 100) + " more"] : parts);
  const show = (v, seen) => {
    if (typeof v === "string") return seen.length === 0 ? v : JSON.stringify(v);
    if (typeof v === "bigint") return v + "n";
    if (Object.is(v, -0)) return "-0";
    if (typeof v === "symbol") return String(v);
    if (typeof v === "function") return "[" + (String(v).startsWith("class") ? "class" : "Function") + ": " + (v.name || "(anonymous)") + "]";
    if (typeof v !== "object" || v === null) return String(v);
    if (seen.includes(v)) return "[Circular]";
    if (v instanceof Error) return v.name + ": " + v.message + (v.stack ? "\\n" + v.stack.trimEnd() : "");
    if (v instanceof Date) return Number.isNaN(v.getTime()) ? "Invalid Date" : v.toISOString();
    if (v instanceof RegExp) return String(v);
    if (seen.length > 4) return Array.isArray(v) ? "[Array]" : "[Object]";
    const inner = [...seen, v];
    const of = (one) => show(one, inner);
    if (Array.isArray(v) || ArrayBuffer.isView(v)) {
      const open = Array.isArray(v) ? "[" : v.constructor.name + "(" + v.length + ") [";
      return list(open, some(Array.from(v.slice(0, 100), of), v.length), "]");
    }
    if (v instanceof Map) return list("Map(" + v.size + ") {", some([...v].slice(0, 100).map(([a, b]) => of(a) + " => " + of(b)), v.size), "}");
    if (v instanceof Set) return list("Set(" + v.size + ") {", some([...v].slice(0, 100).map(of), v.size), "}");
    if (v instanceof Promise) return "Promise";
    const keys = Reflect.ownKeys(v);
    const name = plain(v) ? "" : (v.constructor?.name ?? "Object") + " ";
    const part = (key) => (/^[A-Za-z_$][\\w$]*$/.test(String(key)) ? String(key) : typeof key === "symbol" ? "[" + String(key) + "]" : JSON.stringify(key)) + ": " + of(v[key]);
    return list(name + "{", some(keys.slice(0, 100).map(part), keys.length), "}");
  };
  return {
    value: (v) => (isJson(v, 0) ? [true, JSON.stringify(v)] : [false, show(v, [null])]),
    line: (...all) => all.map((v) => show(v, [])).join(" "),
  };
})()`;
