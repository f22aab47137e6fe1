'use strict';
// Draws the figures of the page at the width there is, so that letters keep their size on a phone. Texts get in as text only.
(() => {
  const data = JSON.parse(document.getElementById('figure-data').textContent);
  const space = document.getElementById('space').namespaceURI;
  const ruler = document.createElement('canvas').getContext('2d');
  const family = getComputedStyle(document.body).fontFamily;

  const el = (name, attributes, parent, text) => {
    const node = document.createElementNS(space, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  };
  const html = (name, parent, text, className) => {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    if (className) node.className = className;
    if (parent) parent.append(node);
    return node;
  };
  const isNumber = (value) => Number.isFinite(value) && Math.abs(value) < 1e300;
  const widthOf = (text, size) => { ruler.font = size + 'px ' + family; return ruler.measureText(text).width; };
  const shorten = (text, size, room) => {
    if (widthOf(text, size) <= room) return text;
    let length = text.length;
    while (length > 1 && widthOf(text.slice(0, length) + '…', size) > room) length--;
    return text.slice(0, length) + '…';
  };

  // Numbers.
  const trim = (text) => text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text.replace(/\.?0*e/, 'e').replace('e+', 'e');
  const plain = (value) => {
    const size = Math.abs(value);
    return size !== 0 && (size < 1e-4 || size >= 1e6) ? trim(value.toExponential(2)) : trim(value.toPrecision(4).includes('e') ? String(Math.round(value)) : value.toPrecision(4));
  };
  const short = (value) => {
    for (const [size, unit] of [[1e9, 'B'], [1e6, 'M'], [1e3, 'k']]) if (Math.abs(value) >= size) return trim((value / size).toPrecision(4)) + unit;
    return trim(value.toPrecision(4));
  };
  const write = (value, format) => {
    if (value === Infinity) return 'never';
    if (format === 'percent') return trim((100 * value).toFixed(1)) + ' %';
    return format === 'steps' ? Math.round(value).toLocaleString('en-US') : plain(value);
  };
  const tick = (value, format) => format === 'steps' ? short(value) : write(value, format);

  // Scales.
  const even = (low, high, most) => {
    const least = (high - low) / Math.max(1, most), power = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= least * 0.999);
    const ticks = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)));
    return ticks;
  };
  // The ends are decimal logarithms.
  const decades = (low, high, most) => {
    const first = Math.ceil(low - 1e-9), count = Math.floor(high + 1e-9) - first + 1, room = Math.max(2, most);
    const powers = (start, length) => Array.from({ length }, (_, i) => start + i);
    if (count >= 3) {
      const stride = Math.ceil((high - low) / room);
      return powers(first, count).filter((p) => p % stride === 0).map((p) => Number('1e' + p));
    }
    // Of the labels that fit, those that leave the shortest part of the axis without one.
    const [from, to] = [10 ** low, 10 ** high];
    const within = (multiples) => powers(first - 1, count + 1).flatMap((p) => multiples.map((m) => Number(m + 'e' + p))).filter((v) => v >= from && v <= to);
    const gaps = (values) => values.slice(1).map((v, i) => Math.log10(v / values[i]));
    const longest = (values) => Math.max(...gaps([from, ...values, to]));
    return [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1.5, 2, 3, 4, 6, 8], [1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]].map(within)
      .concat([6, 5, 4, 3, 2, 1].map((n) => even(from, to, n)))
      // One label may be all that fits.
      .flatMap((values) => [values, ...values.map((value) => [value])])
      .filter((values) => Math.min(...gaps(values)) >= (high - low) / room)
      .reduce((best, values) => longest(values) < longest(best) ? values : best);
  };
  const scale = (axis, values, from, to, isLogarithmic, perTick) => {
    const length = Math.abs(to - from), sign = to > from ? 1 : -1;
    if (axis.kind === 'names') {
      const n = axis.names.length;
      return { at: (v) => from + sign * length * (v + 0.5) / n, ticks: axis.names.map((name, i) => [i, name]) };
    }
    const far = axis.hasNever ? 34 : 0, near = isLogarithmic && values.includes(0) ? 22 : 0;
    const put = isLogarithmic ? Math.log10 : (v) => v;
    const shown = values.concat(axis.reach).filter((v) => isNumber(v) && v >= axis.floor && v <= axis.ceiling && (!isLogarithmic || v > 0)).map(put);
    let low = shown.length ? shown.reduce((a, b) => Math.min(a, b)) : 0, high = shown.length ? shown.reduce((a, b) => Math.max(a, b)) : 1;
    const room = high > low ? 0.04 * (high - low) : Math.max(0.1 * Math.abs(low), 0.05);
    low = axis.kind === 'linear' && axis.format === 'steps' && low >= 0 ? Math.max(0, low - room) : low - room; high += room;
    const at = (v) => {
      if (v === Infinity && far) return to - sign * 10;
      if (v === 0 && near) return from + sign * 6;
      const p = isLogarithmic && !(v > 0) ? NaN : put(v);
      return isNumber(p) ? from + sign * (near + (length - far - near) * (p - low) / (high - low)) : NaN;
    };
    const most = (length - far - near) / perTick;
    const found = isLogarithmic ? decades(low, high, most) : even(low, high, most);
    const ticks = found.filter((v) => axis.format !== 'steps' || isLogarithmic || Number.isInteger(v)).map((v) => [v, tick(v, axis.format)]);
    if (!shown.length) ticks.length = 0;
    if (near) ticks.unshift([0, '0']);
    if (far) ticks.push([Infinity, 'never']);
    return { at, ticks };
  };

  // Marks and lines.
  const color = (group) => group < 0 ? 'var(--quiet)' : `var(--c${group % data.colors})`;
  const mark = (parent, [x, y], group, size, shape = data.styles[group].shape, isFull = data.styles[group].isFull) => {
    const r = size / 2;
    const path = {
      circle: `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
      square: `M${-r} ${-r}H${r}V${r}H${-r}Z`,
      up: `M0 ${-r}L${r} ${r}H${-r}Z`,
      down: `M0 ${r}L${r} ${-r}H${-r}Z`,
      diamond: `M0 ${-r}L${r} 0L0 ${r}L${-r} 0Z`,
      cross: `M${-r} ${-r}L${r} ${r}M${r} ${-r}L${-r} ${r}`,
      plus: `M${-r} 0H${r}M0 ${-r}V${r}`,
    }[shape];
    const isOpen = shape === 'cross' || shape === 'plus';
    el('path', { d: path, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, stroke: color(group), 'stroke-width': isOpen ? 2.4 : 1.4, fill: isOpen ? 'none' : isFull ? color(group) : 'var(--paper)' }, parent);
  };
  const pathOf = (points, isStairs) => {
    let d = '', isOn = false, y = 0;
    for (const [px, py] of points) {
      if (!Number.isFinite(px) || !Number.isFinite(py)) { isOn = false; continue; }
      const at = `${px.toFixed(1)} ${py.toFixed(1)}`;
      d += !isOn ? 'M' + at : isStairs ? `L${px.toFixed(1)} ${y.toFixed(1)}L${at}` : 'L' + at;
      isOn = true; y = py;
    }
    return d;
  };
  const frame = (svg, x, y, box, axis) => {
    for (const [value, label] of y.ticks) {
      const at = y.at(value);
      el('line', { class: 'grid', x1: box.left, x2: box.right, y1: at, y2: at }, svg);
      el('text', { class: 'small', x: box.left - 6, y: at + 4, 'text-anchor': 'end' }, svg, label);
    }
    let end = -Infinity;
    const names = axis.kind === 'names', room = names ? (box.right - box.left) / axis.names.length - 4 : Infinity;
    for (const [value, label] of x.ticks) {
      const at = x.at(value), shown = names ? shorten(label, 11, room) : label, half = widthOf(shown, 11) / 2;
      el('line', { class: 'grid', x1: at, x2: at, y1: box.top, y2: box.bottom }, svg);
      if (box.tilt) el('text', { class: 'small', transform: `translate(${at + 4} ${box.bottom + 14}) rotate(-40)`, 'text-anchor': 'end' }, svg, shorten(label, 11, Math.min(box.tilt / 0.65, (at - 4) / 0.77)));
      else if (at - half > end) { el('text', { class: 'small', x: at, y: box.bottom + 16, 'text-anchor': 'middle' }, svg, shown); end = at + half + 4; }
    }
    el('path', { class: 'frame', d: (y.ticks.length ? `M${box.left} ${box.top}V` : `M${box.left} `) + `${box.bottom}H${box.right}` }, svg);
    el('text', { class: 'axis', x: (box.left + box.right) / 2, y: box.bottom + 35, 'text-anchor': 'middle' }, svg, axis.title);
  };
  const dash = (group, look) => look === 'faint' || look === 'thin' ? '' : data.styles[group].dash;
  const sample = (parent) => el('svg', { width: 30, height: 14, 'aria-hidden': 'true' }, parent);
  const swatch = (parent, group, look) => {
    const svg = sample(parent);
    el('line', { x1: 0, x2: 30, y1: 7, y2: 7, stroke: color(group), 'stroke-width': 2, 'stroke-dasharray': dash(group, look) }, svg);
    if (look === 'curve' || look === 'marked') mark(svg, [15, 7], group, 8);
  };
  let clips = 0;
  const clip = (svg, box) => {
    const id = 'clip' + clips++;
    el('rect', { x: box.left, y: box.top - 6, width: box.right - box.left + 6, height: box.bottom - box.top + 6 }, el('clipPath', { id }, svg));
    return el('g', { 'clip-path': `url(#${id})` }, svg);
  };

  const markSpot = (parent, at, spot) => mark(parent, at, spot.group, spot.isOpen ? 13 : 6.5, spot.isOpen ? 'diamond' : 'circle', !spot.isOpen);
  // One point per part of the axis. The parts of different groups are shifted, so that their marks do not overlap.
  const sparse = (points, group, box) => {
    const part = (box.right - box.left) / 7, numberOf = ([px]) => Math.floor((px - box.left) / part - group * 0.382 % 1);
    return points.filter((point, i) => i > 0 && numberOf(point) !== numberOf(points[i - 1]));
  };

  const drawLines = (svg, pane, width, state) => {
    const series = pane.series.filter((s) => !state.hidden.has(s.group));
    // Names that find no room side by side are written aslant.
    const longest = pane.x.kind === 'names' ? Math.max(...pane.x.names.map((name) => widthOf(name, 11))) : 0;
    const tilt = longest > (width - 60) / pane.x.names.length - 4 ? Math.min(110, longest) * 0.65 : 0;
    const height = (width < 520 ? 270 : 350) + tilt, foot = 44 + tilt;
    const isAlong = (v) => v !== null && (!state.logX || v > 0);
    const all = series.flatMap((s) => [s.y, s.low, s.high].flatMap((values) => values.filter((_, i) => isAlong(s.x[i]))));
    const probe = scale(pane.y, all, height - foot, 24, state.logY, 34);
    const box = { left: Math.ceil(Math.max(...probe.ticks.map(([, label]) => widthOf(label, 11)), 16)) + 12, right: width - 12, top: 24, bottom: height - foot, tilt };
    const x = scale(pane.x, series.flatMap((s) => s.x), box.left, box.right, state.logX, 56), y = probe;
    frame(svg, x, y, box, pane.x);
    el('text', { class: 'axis', x: 0, y: 12 }, svg, pane.y.title);
    const inside = clip(svg, box), hits = [];
    if (!y.ticks.length) el('text', { class: 'axis', x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2, 'text-anchor': 'middle' }, svg, 'no finite value');
    for (const { value } of pane.levels) if (Number.isFinite(y.at(value))) el('line', { class: 'level', x1: box.left, x2: box.right, y1: y.at(value), y2: y.at(value) }, inside);
    for (const s of series) {
      if (!s.low.length) continue;
      const edge = (values) => s.x.map((v, i) => [x.at(v), y.at(values[i])]);
      const stairs = (points) => s.look === 'stairs' ? points.flatMap(([px, py], i) => i ? [[px, points[i - 1][1]], [px, py]] : [[px, py]]) : points;
      const low = stairs(edge(s.low)), high = stairs(edge(s.high));
      const both = low.map((p, i) => [p, high[i]]).filter(([a, b]) => [...a, ...b].every(Number.isFinite));
      if (both.length > 1) el('path', { d: pathOf(both.map(([a]) => a).concat(both.map(([, b]) => b).reverse())) + 'Z', fill: color(s.group), 'fill-opacity': 0.15 }, inside);
    }
    const faint = Math.min(0.5, Math.max(0.18, 1.1 / Math.sqrt(Math.max(1, series.filter((s) => s.look === 'faint').length / Math.max(1, series.filter((s) => s.look !== 'faint').length)))));
    for (const s of series) {
      const points = s.x.map((v, i) => [x.at(v), y.at(s.y[i])]);
      const isScattered = pane.x.kind === 'names' && s.look === 'marked';
      if (!isScattered) el('path', { d: pathOf(points, s.look === 'stairs'), fill: 'none', stroke: color(s.group), 'stroke-width': { faint: 1, thin: 1.2 }[s.look] || 2, 'stroke-opacity': s.look === 'faint' ? (s.group < 0 ? 0.6 : faint) : 1, 'stroke-dasharray': dash(s.group, s.look), 'stroke-linejoin': 'round' }, inside);
      const zero = state.logY ? s.y.indexOf(0) : -1;
      if (zero >= 0 && Number.isFinite(points[zero][0])) el('path', { d: 'M-5 -4H5L0 4Z', transform: `translate(${points[zero][0].toFixed(1)} ${points[zero][1].toFixed(1)})`, fill: color(s.group) }, inside);
      const seen = points.filter((point) => point.every(Number.isFinite));
      if (s.look === 'faint' && s.group >= 0 && seen.length) el('circle', { cx: seen.at(-1)[0], cy: seen.at(-1)[1], r: 2, fill: color(s.group), 'fill-opacity': faint }, inside);
      if ((s.look === 'line' || s.look === 'thin') && seen.length <= 2) for (const point of seen) mark(inside, point, s.group, 5, 'square', true);
      if (s.look === 'curve') sparse(seen, s.group, box).forEach((point) => mark(inside, point, s.group, 7));
      if (s.look === 'curve' && seen.length) mark(inside, seen.at(-1), s.group, 11);
      if (s.look === 'faint') continue;
      points.forEach(([px, py], i) => {
        if (!Number.isFinite(px) || !Number.isFinite(py)) return;
        if (s.look === 'marked') mark(inside, [px, py], s.group, 8, s.diverged[i] ? 'cross' : undefined);
        const where = pane.x.kind === 'names' ? '' : `${pane.x.title} ${write(s.x[i], pane.x.format)}`;
        hits.push({ px, py, group: s.group, name: s.name, where, text: write(s.y[i], pane.y.format) + (s.descriptions.length ? ` (${s.descriptions[i]})` : '') });
      });
    }
    for (const spot of pane.spots) { const at = [x.at(spot.x), y.at(spot.y)]; if (at.every(Number.isFinite) && !state.hidden.has(spot.group)) markSpot(inside, at, spot); }
    return { height, hits, byColumn: series.some((s) => s.look !== 'marked' && s.look !== 'faint'), box };
  };

  const drawIntervals = (svg, pane, width) => {
    const box = { left: 8, right: width - 12, top: 8, bottom: 0 }, hits = [], places = [];
    let height = box.top;
    for (const row of pane.rows) {
      const isOneLine = widthOf(row.label, 12) + widthOf(row.text, 12) + 16 < width;
      places.push([height, isOneLine]);
      height += isOneLine ? 42 : 57;
    }
    box.bottom = height;
    const values = pane.rows.flatMap((r) => [r.value, r.low, r.high].concat(r.equal ? [r.equal.item1, r.equal.item2] : [])).concat(pane.zero === null ? [] : [pane.zero]);
    const x = scale(pane.x, values, box.left, box.right, pane.x.kind === 'logarithmic', 64);
    frame(svg, x, { ticks: [], at: () => 0 }, box, pane.x);
    if (pane.zero !== null) el('line', { class: 'zero', x1: x.at(pane.zero), x2: x.at(pane.zero), y1: box.top, y2: box.bottom }, svg);
    const within = (value, end) => Number.isFinite(x.at(value)) ? x.at(value) : end;
    pane.rows.forEach((row, i) => {
      const [top, isOneLine] = places[i], middle = top + (isOneLine ? 29 : 44), ink = row.group < 0 ? 'var(--text)' : color(row.group);
      if (row.equal) el('rect', { x: x.at(row.equal.item1), y: middle - 7, width: x.at(row.equal.item2) - x.at(row.equal.item1), height: 14, fill: 'var(--equal)' }, svg);
      el('text', { class: 'label', x: 0, y: top + 13, 'font-weight': 600 }, svg, shorten(row.label, 12, width));
      el('text', { class: 'label', x: isOneLine ? width - 4 : 0, y: top + (isOneLine ? 13 : 28), 'text-anchor': isOneLine ? 'end' : 'start' }, svg, shorten(row.text, 12, width));
      el('line', { x1: within(row.low, box.left), x2: within(row.high, box.right), y1: middle, y2: middle, stroke: ink, 'stroke-width': 2 }, svg);
      const at = x.at(row.value);
      if (!Number.isFinite(at)) return;
      el('circle', { cx: at, cy: middle, r: 5, fill: row.isFull ? ink : 'var(--paper)', stroke: ink, 'stroke-width': 1.8 }, svg);
      hits.push({ px: at, py: middle, group: row.group, name: row.label, where: '', text: row.text });
    });
    return { height: height + 44, hits, byColumn: false, box };
  };

  const shade = (share) => {
    const stops = data.shades, place = Math.min(1, Math.max(0, share)) * (stops.length - 1), below = Math.min(Math.floor(place), stops.length - 2);
    const part = (hex, i) => parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16);
    return `rgb(${[0, 1, 2].map((i) => Math.round(part(stops[below], i) + (place - below) * (part(stops[below + 1], i) - part(stops[below], i)))).join(' ')})`;
  };
  const drawHeat = (svg, pane, width) => {
    const names = Math.min(width * 0.28, Math.max(...pane.rows.map((name) => widthOf(name, 12))) + 10), cell = (width - names) / pane.columns.length, row = 42, hits = [];
    pane.rows.forEach((name, r) => {
      el('text', { class: 'label', x: 0, y: r * row + 25 }, svg, shorten(name, 12, names - 8));
      pane.cells[r].forEach((content, c) => {
        if (!content) return;
        const x = names + c * cell, isNever = content.shade === null, ink = isNever ? 'var(--text)' : content.shade < 0.55 ? '#ffffff' : '#1a1a1a';
        el('rect', { x: x + 1, y: r * row + 1, width: cell - 2, height: row - 2, fill: isNever ? 'var(--never)' : shade(content.shade) }, svg);
        const put = (text, y, size, weight, fill) => el('text', { x: x + cell / 2, y: r * row + y, 'text-anchor': 'middle', 'font-size': size, 'font-weight': weight, style: 'fill:' + fill }, svg, text);
        put(shorten(content.text, cell < 46 ? 10 : 12, cell), 19, cell < 46 ? 10 : 12, 600, content.isDiverged ? 'var(--warning)' : ink);
        put(content.small, 34, 10, 400, ink);
        hits.push({ px: x + cell / 2, py: r * row + row / 2, group: -1, name: '', where: '', text: content.description });
      });
    });
    const bottom = pane.rows.length * row;
    const step = Math.ceil(Math.max(...pane.columns.map((c) => widthOf(c, 11) + 4)) / cell);
    pane.columns.forEach((label, c) => { if (c % step === 0) el('text', { class: 'small', x: names + (c + 0.5) * cell, y: bottom + 16, 'text-anchor': 'middle' }, svg, label); });
    el('text', { class: 'axis', x: names + (width - names) / 2, y: bottom + 35, 'text-anchor': 'middle' }, svg, pane.xTitle);
    return { height: bottom + 44, hits, byColumn: false, box: { left: names, right: width, top: 0, bottom } };
  };

  const drawTable = (area, pane) => {
    const table = html('table', html('div', area, undefined, 'table')), head = html('tr', html('thead', table)), body = html('tbody', table);
    html('th', head);
    for (const column of pane.columns) html('th', head, column);
    pane.rows.forEach((cells, group) => {
      const row = html('tr', body);
      swatch(html('td', row, undefined, 'swatch'), group, 'curve');
      cells.forEach((cell) => html('td', row, cell, cell.length > 44 ? 'wide' : ''));
    });
  };

  // What is under the pointer.
  const watch = (item, tip, figure) => {
    const svg = item.svg, hair = el('line', { class: 'cross-hair' });
    const hide = () => { tip.hidden = true; hair.remove(); };
    const show = (event) => {
      const drawn = item.drawn;
      const place = svg.getBoundingClientRect(), mx = event.clientX - place.left, my = event.clientY - place.top;
      let found = [];
      if (drawn.byColumn) {
        const nearest = new Map();
        for (const hit of drawn.hits) if (!nearest.has(hit.name) || Math.abs(hit.px - mx) < Math.abs(nearest.get(hit.name).px - mx)) nearest.set(hit.name, hit);
        found = [...nearest.values()].filter((hit) => Math.abs(hit.px - mx) < 40);
      } else {
        const distance = (hit) => Math.hypot(hit.px - mx, hit.py - my);
        const best = drawn.hits.reduce((a, b) => !a || distance(b) < distance(a) ? b : a, null);
        if (best && distance(best) < 48) found = drawn.hits.filter((hit) => Math.abs(hit.px - best.px) < 0.5 && Math.abs(hit.py - best.py) < 0.5).slice(0, 8);
      }
      if (!found.length) return hide();
      const first = found.reduce((a, b) => Math.abs(b.px - mx) < Math.abs(a.px - mx) ? b : a);
      tip.replaceChildren();
      if (first.where) html('div', tip, first.where, 'quiet');
      for (const hit of found) {
        const line = html('div', tip);
        if (hit.group >= 0) { const dot = html('span', line, '● '); dot.style.color = color(hit.group); }
        line.append((hit.name ? hit.name + ': ' : '') + hit.text);
      }
      if (drawn.byColumn) {
        for (const [key, value] of Object.entries({ x1: first.px, x2: first.px, y1: drawn.box.top, y2: drawn.box.bottom })) hair.setAttribute(key, value);
        svg.append(hair);
      }
      tip.hidden = false;
      const around = figure.getBoundingClientRect(), left = place.left - around.left + first.px + 14;
      tip.style.left = Math.max(0, left + tip.offsetWidth > around.width ? left - 28 - tip.offsetWidth : left) + 'px';
      tip.style.top = place.top - around.top + Math.max(0, (drawn.byColumn ? my : first.py) - tip.offsetHeight / 2) + 'px';
    };
    svg.addEventListener('pointermove', show);
    svg.addEventListener('pointerdown', show);
    svg.addEventListener('pointerleave', hide);
  };

  const entry = (parent, text, draw) => {
    const span = html('span', parent);
    draw(sample(span));
    html('span', span, text);
  };
  const checkbox = (parent, text, isOn, change) => {
    const label = html('label', parent), box = document.createElement('input');
    box.type = 'checkbox'; box.checked = isOn;
    box.addEventListener('change', () => change(box.checked));
    label.append(box, ' ' + text);
  };

  const start = (content) => {
    const figure = document.getElementById('figure-' + content.id), hidden = new Set(), tip = html('div', null, undefined, 'tip');
    tip.hidden = true;
    let drawnAt = 0;
    const panes = content.panes.filter((pane) => pane.kind !== 'table').map((pane) => ({ pane, state: { hidden, logX: pane.x && pane.x.kind === 'logarithmic', logY: pane.y && pane.y.kind === 'logarithmic' } }));
    const redraw = () => {
      const width = Math.floor(figure.clientWidth);
      if (width < 50) return;
      drawnAt = width;
      tip.hidden = true;
      for (const item of panes) {
        const { pane, state, svg } = item;
        svg.replaceChildren();
        const drawn = item.drawn = (pane.kind === 'lines' ? drawLines : pane.kind === 'intervals' ? drawIntervals : drawHeat)(svg, pane, width, state);
        svg.setAttribute('width', width); svg.setAttribute('height', drawn.height);
      }
      figure.dataset.drawn = panes.length;
    };
    const looks = new Map(content.panes.flatMap((pane) => pane.series || []).filter((s) => s.group >= 0).map((s) => [s.group, s.look]));
    if (looks.size > 1) {
      const controls = html('div', null, undefined, 'controls');
      figure.querySelector('.panes').before(controls);
      for (const [group, look] of [...looks].sort(([a], [b]) => a - b)) {
        const button = html('button', controls);
        button.type = 'button'; button.setAttribute('aria-pressed', 'true');
        swatch(button, group, look);
        html('span', button, content.groups[group]);
        button.addEventListener('click', () => {
          if (!hidden.delete(group)) hidden.add(group);
          button.setAttribute('aria-pressed', String(!hidden.has(group)));
          redraw();
        });
      }
    }
    const area = figure.querySelector('.panes');
    for (const item of panes) {
      const { pane, state } = item, head = html('div', area, undefined, 'pane-head');
      if (pane.title) html('strong', head, pane.title);
      if (pane.kind === 'lines') {
        for (const level of pane.levels) entry(head, level.text, (svg) => el('line', { class: 'level', x1: 0, x2: 30, y1: 7, y2: 7 }, svg));
        for (const spot of pane.spots) entry(head, spot.text, (svg) => markSpot(svg, [15, 7], spot));
        const canBe = (values) => values.every((v) => v === null || v > 0 || v === Infinity);
        if (pane.x.kind !== 'names' && canBe(pane.series.flatMap((s) => s.x))) checkbox(head, 'log ' + pane.x.title, state.logX, (on) => { state.logX = on; redraw(); });
        if (pane.y.kind !== 'names' && pane.y.format !== 'percent' && canBe(pane.series.flatMap((s) => s.y))) checkbox(head, 'log ' + pane.y.title, state.logY, (on) => { state.logY = on; redraw(); });
      }
      item.svg = el('svg', { class: 'plot', role: 'img', 'aria-label': content.title + (pane.title ? ', ' + pane.title : '') }, area);
    }
    for (const pane of content.panes) if (pane.kind === 'table') drawTable(area, pane);
    figure.append(tip);
    redraw();
    for (const item of panes) watch(item, tip, figure);
    new ResizeObserver(() => { if (Math.floor(figure.clientWidth) !== drawnAt) redraw(); }).observe(figure);
  };
  for (const content of data.figures) start(content);
  document.documentElement.dataset.figures = data.figures.length;
})();
