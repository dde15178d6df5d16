import { type ComponentChild, h } from "preact";
import { renderToString } from "preact-render-to-string";
import type { NavigationItem, PageLink, Surroundings } from "../build/navigation.ts";
import type { PageHeading } from "../markdown/headings.ts";
import { relativeLink } from "../plan/routes.ts";

/** Everything that a page shows besides its body; plain data, so that it can be compared. */
export interface PageFrame extends Surroundings {
  readonly site: {
    readonly title: string;
    readonly description?: string | undefined;
    readonly lang: string;
    readonly style: string;
  };
  readonly file: string;
  readonly title: string;
  readonly description?: string | undefined;
  /** Absolute address of the page, where the site's is known. */
  readonly canonical?: string | undefined;
}

export interface PageContent {
  readonly html: string;
  readonly titleId: string;
  readonly headings: readonly PageHeading[];
}

/** Nothing but the site's own style and pictures may load; whatever slipped through sanitising cannot run. */
const policy = (styles: string) =>
  `default-src 'none'; style-src ${styles}; img-src 'self' https: http:; base-uri 'none'; form-action 'none'`;

export function renderPage(frame: PageFrame, content: PageContent): string {
  const to = (file: string) => relativeLink(frame.file, file);
  const isHome = frame.file === "index.html";
  // The home page is an overview already.
  const listed = isHome ? [] : content.headings.filter((heading) => heading.level <= 3);
  const main = h(
    "main",
    { id: "content", class: listed.length > 1 ? "with-toc" : undefined },
    h(
      "header",
      { class: "page-header" },
      frame.breadcrumbs.length > 0 && breadcrumbs(frame.breadcrumbs, to),
      h("h1", { id: content.titleId }, frame.title),
    ),
    listed.length > 1 && onThisPage(listed),
    h("div", { class: "page-body", dangerouslySetInnerHTML: { __html: content.html } }),
    (frame.previous || frame.next) && neighbours(frame, to),
  );
  return document(
    frame,
    isHome ? "home" : undefined,
    h("link", { rel: "stylesheet", href: `${to("style.css")}?${frame.site.style}` }),
    h("a", { class: "skip", href: "#content" }, "Skip to the content"),
    h(
      "div",
      { class: "frame" },
      siteHeader(frame, to("index.html"), isHome),
      h(
        "nav",
        { id: "navigation", "aria-label": "Site" },
        h("details", { class: "menu" }, h("summary", null, "Menu"), items(frame.navigation, to)),
      ),
      main,
      siteFooter(),
    ),
  );
}

/** Served for any address, so it carries its style and links from the root of the server. */
export function renderNotFound(site: PageFrame["site"], style: string, home: string): string {
  const frame: PageFrame = { site, file: "404.html", title: "Page not found", navigation: [], breadcrumbs: [] };
  return document(
    frame,
    "not-found",
    h("style", { dangerouslySetInnerHTML: { __html: style } }),
    h(
      "div",
      { class: "frame" },
      siteHeader(frame, home, false),
      h(
        "main",
        { id: "content" },
        h("h1", null, "Page not found"),
        h("p", null, "There is no page at this address. It may have been moved or renamed."),
        h("p", null, h("a", { href: home }, `Go to the start of ${site.title}`)),
      ),
      siteFooter(),
    ),
  );
}

function document(
  frame: PageFrame,
  bodyClass: string | undefined,
  style: ComponentChild,
  ...body: ComponentChild[]
): string {
  const { site, title } = frame;
  const full = title === site.title ? title : `${title} · ${site.title}`;
  const description = frame.description ?? site.description;
  const page = h(
    "html",
    { lang: site.lang },
    h(
      "head",
      null,
      h("meta", { charset: "utf-8" }),
      h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      h("meta", {
        "http-equiv": "Content-Security-Policy",
        content: policy(frame.file === "404.html" ? "'unsafe-inline'" : "'self'"),
      }),
      h("meta", { name: "color-scheme", content: "light dark" }),
      h("title", null, full),
      description && h("meta", { name: "description", content: description }),
      h("meta", { property: "og:title", content: full }),
      description && h("meta", { property: "og:description", content: description }),
      frame.canonical && h("link", { rel: "canonical", href: frame.canonical }),
      style,
    ),
    h("body", { class: bodyClass }, ...body),
  );
  return `<!doctype html>\n${renderToString(page)}\n`;
}

type ToFile = (file: string) => string;

function siteHeader({ site }: PageFrame, home: string, isHome: boolean): ComponentChild {
  return h(
    "header",
    { class: "site-header" },
    h("a", { class: "brand", href: home, "aria-current": isHome ? "page" : undefined }, site.title),
    site.description && h("span", { class: "tagline" }, site.description),
  );
}

function siteFooter(): ComponentChild {
  return h("footer", { class: "site-footer" }, h("p", null, "Built with brains"));
}

function items(list: readonly NavigationItem[], to: ToFile): ComponentChild {
  return h(
    "ul",
    null,
    list.map((item) =>
      h(
        "li",
        { key: item.file ?? item.title },
        item.file === undefined ? h("span", null, item.title) : navigationLink(item, to),
        item.children && items(item.children, to),
      ),
    ),
  );
}

function navigationLink({ file = "", title, current }: NavigationItem, to: ToFile): ComponentChild {
  return h("a", { href: to(file), "aria-current": current ? "page" : undefined }, title);
}

function breadcrumbs(list: readonly PageLink[], to: ToFile): ComponentChild {
  const entries = list.map(({ title, file }) => h("li", { key: file }, h("a", { href: to(file) }, title)));
  return h("nav", { class: "breadcrumbs", "aria-label": "You are here" }, h("ol", null, entries));
}

function onThisPage(headings: readonly PageHeading[]): ComponentChild {
  const entries = headings.map(({ id, text, level }) =>
    h("li", { key: id, class: `level-${level}` }, h("a", { href: `#${encodeURIComponent(id)}` }, text)),
  );
  return h(
    "nav",
    { id: "on-this-page", "aria-label": "On this page" },
    h("details", { class: "menu" }, h("summary", null, "On this page"), h("ul", null, entries)),
  );
}

function neighbours({ previous, next }: PageFrame, to: ToFile): ComponentChild {
  const link = (rel: string, label: string, target: PageLink | undefined): ComponentChild =>
    target &&
    h(
      "a",
      { rel, class: rel, href: to(target.file) },
      h("span", { class: "direction" }, label),
      h("span", { class: "name" }, target.title),
    );
  return h(
    "nav",
    { class: "neighbours", "aria-label": "Previous and next page" },
    link("prev", "Previous", previous),
    link("next", "Next", next),
  );
}
