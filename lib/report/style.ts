/** The report's looks: one column on a phone, light and dark as the reader's system is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f6f8fa; --line: #d0d7de; --ink: #1b1f24; --quiet: #57606a; --faint: #6e7781;
  --own: #0a5cb8; --before: #a04c00; --good: #11632b; --good-card: #e6f6ea; --bad: #a40e26; --bad-card: #ffecee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0f1318; --card: #181e25; --line: #343c46; --ink: #e8ecf0; --quiet: #a5aeb8; --faint: #8d96a0;
    --own: #6fb2ff; --before: #f2a65a; --good: #7ee29a; --good-card: #11271a; --bad: #ff9aa5; --bad-card: #331519;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0; }
h2 { font-size: 20px; margin: 44px 0 4px; }
h3 { font-size: 15px; margin: 0 0 4px; }
p { margin: 4px 0; max-width: 75ch; }
.quiet { color: var(--quiet); font-size: 14px; }
.mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 14px; overflow-wrap: anywhere; }
.verdict { margin: 20px 0 8px; padding: 16px 20px; border: 1px solid var(--line); border-left: 6px solid var(--faint); border-radius: 8px; background: var(--card); }
.verdict.good { border-left-color: var(--good); background: var(--good-card); }
.verdict.warn { border-left-color: var(--before); }
.verdict.bad { border-left-color: var(--bad); background: var(--bad-card); }
.verdict h2 { margin: 0; font-size: 24px; }
.verdict.good h2 { color: var(--good); }
.verdict.warn h2 { color: var(--before); }
.verdict.bad h2 { color: var(--bad); }
.verdict ul { margin: 8px 0 0; padding-left: 20px; }
.verdict li { margin: 4px 0; overflow-wrap: anywhere; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 20px; margin-top: 12px; }
figure { margin: 0; padding: 12px; border: 1px solid var(--line); border-radius: 8px; min-width: 0; }
figcaption { font-size: 14px; }
svg { --plot-background: var(--paper); display: block; width: 100%; height: auto; max-width: 460px; margin: 0 auto; }
.wide { overflow-x: auto; margin-top: 12px; border: 1px solid var(--line); border-radius: 8px; }
.wide:focus-visible, summary:focus-visible { outline: 3px solid var(--own); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; text-align: right; white-space: nowrap; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--quiet); font-weight: 600; background: var(--card); }
th:first-child { position: sticky; left: 0; background: var(--paper); min-width: min(14ch, 40vw); max-width: min(32ch, 45vw); white-space: normal; overflow-wrap: anywhere; }
thead th:first-child { background: var(--card); }
tr.quiet th { font-weight: 400; color: var(--quiet); padding-left: 24px; }
th:first-child, td.text, th.text { text-align: left; }
td.text { white-space: normal; min-width: 16ch; }
tbody th { font-weight: 600; }
small { color: var(--quiet); font-size: 13px; font-weight: 400; }
.own { color: var(--own); } .before { color: var(--before); } .good { color: var(--good); } .bad { color: var(--bad); }
.key { display: inline-block; width: 22px; border-top: 3px solid var(--own); vertical-align: middle; margin: 0 6px 3px 0; }
.key.dashed { border-top: 3px dashed var(--before); }
details { margin-top: 12px; }
summary { cursor: pointer; color: var(--quiet); font-size: 14px; }
dl { display: grid; grid-template-columns: minmax(9ch, max-content) 1fr; gap: 4px 20px; margin: 12px 0 0; font-size: 14px; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 48px; padding-top: 12px; border-top: 1px solid var(--line); }
@media print { main { max-width: none; } figure, .wide { break-inside: avoid; } }
`;
