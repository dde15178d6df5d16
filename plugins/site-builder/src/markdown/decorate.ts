import type { Element, ElementContent, Root } from "hast";
import { isElement, mapElements, textOf } from "./to-hast.ts";

const ALERT = /^\[!(note|tip|important|warning|caution)\][ \t]*\n?/i;

/** What the theme adds to sanitised content: scrollable code and tables, call-outs, names for boxes, no attributes that HTML has given up. */
export function decorate(tree: Root): void {
  mapElements(tree, (element) => {
    const align = element.properties["align"];
    if (align !== undefined) {
      delete element.properties["align"];
      element.properties["className"] = [`align-${align}`];
    }
    switch (element.tagName) {
      case "pre":
        return codeBlock(element);
      case "table":
        return box("div", { className: ["table"], role: "group", ariaLabel: "Table", tabIndex: 0 }, [element]);
      case "blockquote":
        return callOut(element);
      case "input":
        element.properties["ariaLabel"] = element.properties["checked"] ? "Done" : "To do";
        return undefined;
      case "strike":
      case "tt":
        element.tagName = element.tagName === "tt" ? "code" : "s";
        return undefined;
      default:
        return undefined;
    }
  });
}

function codeBlock(pre: Element): Element {
  const code = pre.children.find((child) => isElement(child, "code"));
  const classes = code && isElement(code) ? code.properties["className"] : undefined;
  const language = Array.isArray(classes) ? (classes[0] ?? "").replace(/^language-/, "") : "";
  if (code && isElement(code)) delete code.properties["className"];
  // A block that scrolls must be reachable from the keyboard.
  pre.properties["tabIndex"] = 0;
  return box("div", { className: ["code"], ...(language ? { dataLanguage: language } : {}) }, [pre]);
}

/** `> [!NOTE]` and its sisters. */
function callOut(quote: Element): Element | undefined {
  const first = quote.children.find((child) => isElement(child));
  const text = first && isElement(first, "p") ? first.children[0] : undefined;
  const kind = text?.type === "text" ? ALERT.exec(text.value)?.[1]?.toLowerCase() : undefined;
  if (kind === undefined || text?.type !== "text" || first === undefined || !isElement(first)) return undefined;
  text.value = text.value.replace(ALERT, "");
  const rest =
    textOf(first).trim() === "" && first.children.length === 1
      ? quote.children.filter((child) => child !== first)
      : quote.children;
  const name = kind.charAt(0).toUpperCase() + kind.slice(1);
  const title = box("p", { className: ["call-out-title"] }, [{ type: "text", value: name }]);
  quote.tagName = "div";
  quote.properties = { className: ["call-out", kind], role: "note", ariaLabel: name };
  quote.children = [title, ...rest];
  return quote;
}

export function box(tagName: string, properties: Element["properties"], children: ElementContent[]): Element {
  return { type: "element", tagName, properties, children };
}
