// What is drawn over the candles: setups, their lines, the accounts' trades.

const FEW = 80; // setups and trades of a variant that are drawn at once
const LINED = 40; // setups whose lines are drawn at once
const SHAPES = { aggressive: 'circle', conservative: 'diamond' };
const BENT = 16; // pieces of a line that is straight on a log axis only

// Plotly reads some HTML in what it writes.
function plain(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

// So many of the rows, evenly spread, and `kept` always.
function spread(rows, most, kept) {
  if (rows.length <= most) return rows;
  const chosen = new Set(Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)]));
  return rows.filter((row) => chosen.has(row) || row === kept);
}

function scatter(more) {
  return { type: 'scatter', hoverinfo: 'skip', mode: 'lines', connectgaps: false, x: [], y: [], ...more };
}

function push(trace, points) {
  for (const [x, y] of points) {
    trace.x.push(x);
    trace.y.push(y);
  }
  trace.x.push(null);
  trace.y.push(null);
}

// A line between two points, as long as it is in sight of a drawing that ends somewhere.
function between(from, fromPrice, to, toPrice, log) {
  if (log || fromPrice === toPrice) return [[from, fromPrice], [to, toPrice]];
  return Array.from({ length: BENT + 1 }, (_, i) => {
    const part = i / BENT;
    return [from + part * (to - from), fromPrice * (toPrice / fromPrice) ** part];
  });
}

// Lines, edges and levels of the setups, and what joins a divergence's two swings.
function lineTraces(run, setups, bars, colours, log) {
  const pair = colours.pair;
  const solid = scatter({ line: { color: pair, width: 1.6 } });
  const flat = scatter({ line: { color: pair, width: 1.4, dash: 'dash' } });
  const swings = scatter({ mode: 'lines+markers', line: { color: pair, width: 2 }, marker: { size: 5, color: pair } });
  const below = scatter({ ...swings, x: [], y: [], yaxis: 'y3' });
  const { setups: table, lines } = run;
  for (const row of setups) {
    for (const line of run.linesOf.get(row) ?? []) {
      const level = lines.from_price[line] === lines.to_price[line];
      const ends = [lines.from[line], lines.from_price[line], lines.to[line], lines.to_price[line]];
      push(level ? flat : solid, between(...ends, log));
    }
    const side = table.direction[row] === 'short' ? bars.high : bars.low;
    const at = ['left_price', 'right_price'].map((name) => table[`at_${name}`]?.[row] ?? -1);
    if (at.every((bar) => bar >= 0)) push(swings, at.map((bar) => [bar, side[bar]]));
    const lower = ['left', 'right'].map((name) => [table[`at_${name}_osc`]?.[row] ?? -1, table[`below_${name}`][row]]);
    if (lower.every(([bar, value]) => bar >= 0 && !Number.isNaN(value))) push(below, lower);
  }
  return [solid, flat, swings, ...(bars.panel ? [below] : [])];
}

// A letter of its kind where each setup was known, below a long's bar and above a short's; grey where it was vetoed.
function setupTrace(run, setups, bars, colours, beside) {
  const { setups: table } = run;
  const colour = setups.map((row) => (table.veto[row] ? colours.muted : colours.pair));
  const y = setups.map((row) => {
    const short = table.direction[row] === 'short';
    return beside((short ? bars.high : bars.low)[table.known[row]], short);
  });
  return scatter({
    mode: 'markers+text', x: setups.map((row) => table.known[row]), y, customdata: setups.map((row) => -1 - row),
    text: setups.map((row) => run.letters[table.kind[row]]), textfont: { size: 9, color: colour },
    marker: { symbol: 'circle-open', size: 14, color: colour, line: { width: 1.2 } },
    hoverinfo: 'text', hovertext: setups.map((row) => plain(setupSaid(run, row))),
  });
}

function setupSaid(run, row) {
  const { setups: table } = run;
  const veto = table.veto[row] ? `, vetoed: ${table.veto[row]}` : '';
  return `${named(table.kind[row])}, known ${run.when(table.market[row], table.known[row])}${veto}`;
}

// A variant's entries (filled), exits (crossed), the way between, stops and targets as long as they stood.
function tradeTraces(run, variant, rows, colours, chosen) {
  const { trades: table } = run;
  const colour = colours[variant] ?? colours.ink;
  const shape = SHAPES[variant] ?? 'square';
  const line = (dash, width) => scatter({ line: { color: colour, width, dash } });
  const [stops, targets, ways] = [line('dash', 1.5), line('dot', 1.5), line('solid', 1)];
  for (const row of rows) {
    const [from, to] = [table.entry[row] - 0.5, table.exit[row] + 0.5];
    for (const [trace, name] of [[stops, 'stop'], [targets, 'target']]) {
      if (!Number.isNaN(table[name][row])) push(trace, [[from, table[name][row]], [to, table[name][row]]]);
    }
    push(ways, [[table.entry[row], table.entry_price[row]], [table.exit[row], table.exit_price[row]]]);
  }
  const marks = (name, symbol, ring) => scatter({
    mode: 'markers', x: rows.map((row) => table[name][row]), y: rows.map((row) => table[`${name}_price`][row]),
    customdata: rows, hoverinfo: 'text', hovertext: rows.map((row) => plain(tradeSaid(run, row, name))),
    marker: {
      symbol, color: colour, size: rows.map((row) => (row === chosen ? 15 : 10)), line: { width: 1.4, color: ring },
    },
  });
  return [stops, targets, ways, marks('entry', shape, colours.card), marks('exit', `${shape}-x-open`, colour)];
}

function tradeSaid(run, row, name) {
  const { trades: table } = run;
  const when = run.when(table.market[row], table[name][row]);
  const head = `${named(table.variant[row])} ${table.direction[row]}, ${name} ${when} at ${price(table[`${name}_price`][row])}`;
  if (name === 'entry') return `${head}, stop ${price(table.stop[row])}, target ${price(table.target[row])}`;
  return `${head}, ${named(table.exit_reason[row], run.head.exits)}: ${risks(table.r[row])}`;
}
