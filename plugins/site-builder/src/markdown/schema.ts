import type { Options as Schema } from "rehype-sanitize";

const NAMES =
  "a abbr b blockquote br cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p picture pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul var wbr";

/** Elements whose text is not for readers: they go with what is in them. Other unknown elements go, their text stays. */
const STRIPPED =
  "script style template iframe noscript noembed noframes title textarea select option object embed svg math head xmp plaintext";
const OTHER =
  "address applet area article aside audio base basefont bdi bdo bgsound big blink body button canvas caption center col colgroup data datalist dialog dir fieldset font footer form frame frameset header hgroup html input keygen label legend link listing main map marquee menu meta meter nav nobr optgroup output param portal progress search slot track video";

/**
 * What raw HTML in a note may be. No scripts, styles, forms, frames or event handlers; addresses only http, https and mailto.
 * Ids are kept as written here and made unique when the page is put together.
 */
export const schema: Schema = {
  tagNames: NAMES.split(" "),
  strip: STRIPPED.split(" "),
  clobber: [],
  clobberPrefix: "",
  ancestors: { tbody: ["table"], td: ["table"], th: ["table"], thead: ["table"], tfoot: ["table"], tr: ["table"] },
  protocols: { href: ["http", "https", "mailto"], src: ["http", "https"], cite: ["http", "https"] },
  required: { input: { disabled: true, type: "checkbox" } },
  attributes: {
    "*": ["id", "title", "lang", "dir"],
    a: ["href", "name", "dataFootnoteRef", "dataFootnoteBackref", "ariaLabel", ["className", "data-footnote-backref"]],
    blockquote: ["cite"],
    code: [["className", /^language-[\w+#.-]{1,40}$/]],
    details: ["open"],
    div: [["align", "left", "center", "right"]],
    h2: [["className", "sr-only"]],
    img: ["src", "alt", ["width", /^\d{1,5}$/], ["height", /^\d{1,5}$/]],
    input: [["disabled", true], ["type", "checkbox"], "checked"],
    li: [
      ["className", "task-list-item"],
      ["value", /^-?\d{1,9}$/],
    ],
    ol: [["start", /^-?\d{1,9}$/], "reversed", ["className", "contains-task-list"]],
    p: [["align", "left", "center", "right"]],
    section: ["dataFootnotes", ["className", "footnotes"]],
    td: [["align", "left", "center", "right"], "colSpan", "rowSpan"],
    th: [["align", "left", "center", "right"], "colSpan", "rowSpan", ["scope", "row", "col", "rowgroup", "colgroup"]],
    ul: [["className", "contains-task-list"]],
  },
};

/** Elements of HTML that are not for notes. Names that are neither here nor allowed are no HTML. */
export const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(`${STRIPPED} ${OTHER}`.split(" "));

export const ALLOWED_NAMES: ReadonlySet<string> = new Set(schema.tagNames);
