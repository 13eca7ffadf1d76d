/** A page that needs nothing else: its looks are in it, and it runs nothing. */
import { Html, html } from './html.ts';
import { STYLE } from './style.ts';

/** Returns a page as text. */
export function pageOf(title: string, sections: readonly Html[]): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
${sections}
</main>
</body>
</html>
`.text;
}

/** Returns what is shown once its summary is clicked. */
export function folded(summary: string, ...content: readonly Html[]): Html {
  return html`<details><summary>${summary}</summary>${content}</details>`;
}

/** A table that scrolls by itself where it is wider than the page; a column of text is named `text:...`. */
export function table(caption: string, columns: readonly string[], rows: readonly Html[]): Html {
  const heads = columns.map((column) =>
    column.startsWith('text:')
      ? html`<th scope="col" class="text">${column.slice('text:'.length)}</th>`
      : html`<th scope="col">${column}</th>`,
  );
  return html`<div class="wide" role="region" tabindex="0" aria-label="${caption}"><table><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
