// What the pages do beside being read: the list of contents at the side, and formulas. Nothing is fetched from
// another host.

function list_contents() {
  const list = document.querySelector("#toc");
  const headings = document.querySelectorAll("main .contents h2, main .section.level2 > h2, main .row main h2");
  if (!list) return;
  const links = document.createElement("ul");
  links.className = "nav flex-column";
  for (const heading of headings) {
    const section = heading.closest("[id]");
    if (!section || heading.closest("aside")) continue;
    const copy = heading.cloneNode(true);
    copy.querySelectorAll("a.anchor").forEach((anchor) => anchor.remove());
    const link = document.createElement("a");
    link.href = "#" + section.id;
    link.className = "nav-link";
    link.textContent = copy.textContent.trim();
    links.appendChild(document.createElement("li")).appendChild(link);
  }
  list.appendChild(links);
}

// Formulas come as \( \) in the text, or by themselves as \[ \] from pandoc and $$ $$ from help pages.
const delimiters = /\\\(([\s\S]+?)\\\)|\\\[([\s\S]+?)\\\]|\$\$([\s\S]+?)\$\$/g;

function draw_formulas() {
  if (typeof katex === "undefined") return;
  const walker = document.createTreeWalker(document.querySelector("main") || document.body, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.parentElement.closest("pre, code, script") && node.data.search(delimiters) >= 0) nodes.push(node);
  }
  for (const node of nodes) {
    const parts = document.createDocumentFragment();
    let end = 0;
    for (const match of node.data.matchAll(delimiters)) {
      parts.append(node.data.slice(end, match.index));
      const formula = parts.appendChild(document.createElement("span"));
      katex.render(match[1] || match[2] || match[3], formula, { displayMode: !match[1], throwOnError: false });
      end = match.index + match[0].length;
    }
    parts.append(node.data.slice(end));
    node.replaceWith(parts);
  }
}

document.addEventListener("DOMContentLoaded", () => {
  list_contents();
  draw_formulas();
});
