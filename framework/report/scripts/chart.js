// The chart: what of a market is in view, drawn by plotly, and how one moves in it.

const LEAST = 15; // bars in a view
const RANGES = { year: 365.25 * DAY, quarter: 91.3 * DAY, month: 30.4 * DAY };
const STEPS_ASIDE = 0.6; // of a view, by which a button moves it

function element(id) {
  return document.getElementById(id);
}

// The page's own colours as they are now; for paper those of the light scheme, which stand in the first rule.
function palette(paper) {
  const style = paper ? document.styleSheets[0].cssRules[0].style : getComputedStyle(document.documentElement);
  const names = ['ink', 'muted', 'line', 'card', 'aggressive', 'conservative', 'pair', 'candle', 'soft', 'hold'];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function makeChart(run, plotly) {
  const plot = element('chart-plot');
  const state = { market: 0, from: 0, to: 1, chosen: null, setup: null, paper: false, drag: 'pan', waiting: 0 };
  const chart = { plot, state, run, plotly, active: false };
  const first = run.markets[0].bars.rows;
  look(chart, 0, first - Math.min(first, 260), first);
  listen(chart);
  return chart;
}

// Shows the bars from … to of a market, as far as there are any.
function look(chart, market, from, to) {
  const { state, run } = chart;
  const n = run.markets[market].bars.rows;
  const span = Math.max(Math.min(to - from, n), Math.min(LEAST, n));
  const middle = (from + to) / 2;
  const begin = Math.min(Math.max(middle - span / 2, 0), n - span);
  Object.assign(state, { market, from: begin - 0.5, to: begin + span - 0.5 });
  element('chart-market').value = `${market}`;
  later(chart);
}

function later(chart) {
  const { state } = chart;
  if (!state.waiting) state.waiting = requestAnimationFrame(() => {
    state.waiting = 0;
    draw(chart);
  });
}

function draw(chart) {
  const { state, run, plot, plotly } = chart;
  const scene = sceneOf(run, state);
  const { traces, told } = tracesOf(scene);
  const config = { displayModeBar: false, scrollZoom: false, doubleClick: false, staticPlot: false };
  plotly.react(plot, traces, layoutOf(chart, scene), config);
  element('chart-told').textContent = told;
  readout(chart, Math.min(Math.floor(state.to), scene.bars.rows - 1));
}

// Everything that drawing needs to know of what is in view.
function sceneOf(run, state) {
  const market = run.markets[state.market];
  const { bars } = market;
  const [span, n] = [state.to - state.from, bars.rows];
  const first = Math.max(Math.floor(state.from - span / 2), 0);
  const last = Math.min(Math.ceil(state.to + span / 2), n - 1);
  const level = resolution(market.levels, first, last);
  const log = !element('chart-linear').checked;
  const [low, high] = heights(run, state, level, log);
  const colours = palette(state.paper);
  const within = log ? Math.log(high / low) : high - low;
  // A place beside a bar, far enough from it for a mark: as far in every view.
  const beside = (at, above) => (log ? at * Math.exp((above ? 0.035 : -0.035) * within) : at + (above ? 0.035 : -0.035) * within);
  return { run, state, market, bars, first, last, level, log, low, high, colours, beside };
}

// The lowest and highest price in view, with stops, targets and marks that do not press the bars flat.
function heights(run, state, level, log) {
  const [from, to] = [state.from, state.to].map((at) => at / level.each);
  const [a, b] = [Math.max(Math.floor(from), 0), Math.min(Math.ceil(to), level.open.length - 1) + 1];
  let low = Infinity;
  let high = 0;
  for (let i = a; i < b; i += 1) {
    low = Math.min(low, level.low[i]);
    high = Math.max(high, level.high[i]);
  }
  const [ratio, least, most] = [high / low, low, high];
  const near = (value) => value >= least / Math.max(ratio ** 0.5, 1.02) && value <= most * Math.max(ratio ** 0.5, 1.02);
  if (state.chosen !== null) {
    for (const name of ['entry_price', 'exit_price', 'stop', 'target']) {
      const value = run.trades[name][state.chosen];
      if (near(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
  }
  const room = Math.max((high / low) ** 0.08, 1.01);
  return log ? [low / room, high * room] : [Math.max(low - 0.08 * (high - low || high), 0), high + 0.08 * (high - low || high)];
}

function candleTrace(scene) {
  const { level, colours } = scene;
  const a = Math.floor(scene.first / level.each);
  const b = Math.min(Math.ceil((scene.last + 1) / level.each), level.open.length);
  const cut = (name) => Array.from(level[name].subarray(a, b));
  const middle = (level.each - 1) / 2;
  const x = Array.from({ length: b - a }, (_, i) => Math.min((a + i) * level.each + middle, scene.bars.rows - 0.5));
  const line = { color: colours.candle, width: 1 };
  const candles = {
    type: 'candlestick', x, open: cut('open'), high: cut('high'), low: cut('low'), close: cut('close'), hoverinfo: 'skip',
    increasing: { line, fillcolor: colours.card }, decreasing: { line, fillcolor: colours.candle }, whiskerwidth: 0,
  };
  const volume = { type: 'bar', x, y: cut('volume'), yaxis: 'y2', hoverinfo: 'skip', marker: { color: colours.hold, line: { width: 0 } } };
  const traces = [candles, volume];
  if (level.panel) {
    traces.push(levelTrace(scene), scatter({ x, y: cut('panel'), yaxis: 'y3', line: { color: colours.candle, width: 1.3 } }));
  }
  return traces;
}

// The panel's levels, each as long as its window is.
function levelTrace(scene) {
  const trace = scatter({ yaxis: 'y3', line: { color: scene.colours.line, width: 1 } });
  const parts = scene.market.panel;
  parts.forEach((part, i) => {
    const [from, to] = [Math.max(part.from, scene.first), Math.min(parts[i + 1]?.from ?? scene.bars.rows, scene.last + 1)];
    for (const value of from < to ? part.levels : []) push(trace, [[from - 0.5, value], [to - 0.5, value]]);
  });
  return trace;
}

function inView(scene, rows, from, to) {
  return rows.filter((row) => to[row] >= scene.state.from && from[row] <= scene.state.to);
}

function tracesOf(scene) {
  const { run, state, bars, colours, log } = scene;
  const traces = candleTrace(scene);
  const told = [];
  const { known } = run.setups;
  const seen = inView(scene, run.setupsOf[state.market], known, known);
  const setups = element('chart-setups').checked ? spread(seen, FEW, state.setup) : seen.filter((row) => row === state.setup);
  told.push(drawnOf(setups.length, seen.length, 'setup'));
  const lined = element('chart-lines').checked && setups.length <= LINED ? setups : setups.filter((row) => row === state.setup);
  traces.push(...lineTraces(run, lined, bars, colours, log), setupTrace(run, setups, bars, colours, scene.beside));
  if (lined.length < setups.length && element('chart-lines').checked) told.push(`lines only where ${LINED} or fewer are in view`);
  for (const variant of run.head.variants) {
    const rows = inView(scene, run.tradesOf[state.market].get(variant) ?? [], run.trades.entry, run.trades.exit);
    const shown = element(`chart-of-${variant}`).checked ? spread(rows, FEW, state.chosen) : [];
    traces.push(...tradeTraces(run, variant, shown, colours, state.chosen));
    told.push(drawnOf(shown.length, rows.length, `${named(variant)} trade`));
  }
  const each = scene.level.each > 1 ? ` A candle is ${scene.level.each} bars.` : '';
  const more = told.some((text) => text.includes('spread')) ? ' Zoom in to see all.' : '';
  return { traces, told: `In view: ${told.join(', ')}.${each}${more}` };
}

function drawnOf(drawn, all, word) {
  if (drawn === all || all === 0) return plural(all, word);
  return drawn ? `${count(drawn)} of ${plural(all, word)}, evenly spread` : `${plural(all, word)}, not drawn`;
}
