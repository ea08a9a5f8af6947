// The chart of a results file: one panel a scenario, one bar a target, as SVG that a browser and a README can show.

import { figure } from './table.mjs';
import { median } from './statistics.mjs';

const WIDTH = 860;
const GAP = 28;
const PANEL = (WIDTH - GAP) / 2;
const ROW = 20;
const LABEL = 180;
const VALUE = 62;
const TITLE = 34;

/** No background of its own, and colours for a light and a dark page. */
const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 13px; }
  .unit, .value { fill: #59636e; }
  .peer { fill: #8c959f; }
  .ours { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .unit, .value { fill: #9198a1; }
    .peer { fill: #656c76; }
    .ours { fill: #4493f8; }
  }`;

/**
 * @param {{ scenarios: Record<string, { title: string, kind: string, unit: string, targets: Record<string, any[]> }> }} result
 * @returns {string}
 */
export function chartOf({ scenarios }) {
  const panels = Object.values(scenarios).map(panelOf);
  const parts = [];
  let y = 0;
  for (let index = 0; index < panels.length; index += 2) {
    const pair = panels.slice(index, index + 2);
    pair.forEach(({ body }, column) =>
      parts.push(`<g transform="translate(${column * (PANEL + GAP)} ${y})">${body}</g>`),
    );
    y += Math.max(...pair.map(({ height }) => height));
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">`,
    '<title>What a proxied WebSocket costs, by scenario and proxy; shorter is better</title>',
    `<style>${STYLE}\n</style>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function panelOf({ title, kind, unit, targets }) {
  const bars = Object.entries(targets)
    .map(([label, samples]) => ({ label, value: median(samples.map(({ value }) => value)) }))
    .filter(({ value }) => value > 0);
  const most = Math.max(...bars.map(({ value }) => value));
  const room = PANEL - LABEL - VALUE;
  const rows = bars.map(({ label, value }, index) => {
    const y = TITLE + index * ROW;
    const length = Math.max(1, (value / most) * room).toFixed(1);
    return [
      `<text x="${LABEL - 8}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${label.startsWith('ocelot-') ? 'ours' : 'peer'}" x="${LABEL}" y="${y + 2}" width="${length}" height="${ROW - 5}" rx="2"/>`,
      `<text class="value" x="${(LABEL + Number(length) + 6).toFixed(1)}" y="${y + 13}">${figure(value)}</text>`,
    ].join('');
  });
  const per = kind === 'cpu' ? `CPU µs per ${unit}` : `bytes per ${unit}`;
  const head = `<text class="title" x="0" y="18">${escaped(title)}<tspan class="unit" dx="8" font-weight="400">${per}</tspan></text>`;
  return { body: head + rows.join('\n'), height: TITLE + bars.length * ROW + 14 };
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
