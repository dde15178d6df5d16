import type { ToolInfo } from "@brains/shell";
import { printable } from "../text/printable.ts";
import { wrap } from "../text/width.ts";
import type { Field } from "../arguments.ts";
import type { Layout } from "./layout.ts";
import { pairs, table } from "./table.ts";

function firstSentence(text: string): string {
  return /^[^\n]*?[.](?=\s|$)/.exec(text)?.[0] ?? text.split("\n")[0] ?? "";
}

export function toolTable(tools: readonly ToolInfo[], layout: Layout): string[] {
  return table(
    tools,
    [
      { title: "TOOL", cell: (tool) => ({ text: tool.short ?? tool.name, tone: "cyan" }) },
      { title: "PLUGIN", cell: (tool) => ({ text: tool.plugin, tone: "dim" }) },
      { title: "WHAT IT DOES", cell: (tool) => firstSentence(tool.description), min: 20 },
    ],
    layout,
  );
}

function flagOf(field: Field): string {
  if (field.kind === "boolean") return `--${field.flag}`;
  const value =
    field.choices === undefined
      ? `<${field.kind === "array" ? `${field.item}…` : field.kind}>`
      : `<${field.choices.join("|")}>`;
  return `--${field.flag} ${value}`;
}

function exampleValue(field: Field): string {
  if (field.kind === "boolean") return "";
  if (field.choices?.[0] !== undefined) return ` ${field.choices[0]}`;
  return field.kind === "number" ? " 1" : field.kind === "object" || field.kind === "json" ? " '{}'" : " …";
}

/** `tools <name>`: how it is called. */
export function toolLines(tool: ToolInfo, fields: readonly Field[], layout: Layout): string[] {
  const { style } = layout;
  const command = `${layout.prefix === "/" ? "" : "brains run "}${tool.short ?? tool.name}`;
  const required = fields.filter((field) => field.required).map((field) => ` --${field.flag}${exampleValue(field)}`);
  const optional = fields.find((field) => !field.required);
  const lines = [
    ` ${style.bold(tool.name)}   ${style.dim(`needs the role ${tool.role}`)}`,
    ...tool.description
      .split("\n")
      .flatMap((line) => wrap(printable(line), Math.min(layout.width, 100) - 2))
      .map((line) => ` ${line}`),
    "",
    ` ${style.dim("Examples")}`,
    `   ${command}${required.join("")}`,
  ];
  if (optional !== undefined)
    lines.push(`   ${command}${required.join("")} --${optional.flag}${exampleValue(optional)}`);
  if (layout.prefix !== "/") lines.push(`   ${command}${required.join("")} --wait`);
  if (fields.length > 0) {
    lines.push("", ` ${style.dim("Fields")}`);
    lines.push(
      ...pairs(
        fields.map((field) => {
          const facts = [
            field.description ?? "",
            field.required ? "required" : "",
            field.default === undefined ? "" : `default ${JSON.stringify(field.default)}`,
          ].filter((fact) => fact !== "");
          return [flagOf(field), facts.join(" · ") || " "] as const;
        }),
        layout,
      ).map((line) => `  ${line}`),
    );
  }
  return lines;
}
