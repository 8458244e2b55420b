// How one moves in the chart: buttons, wheel, keys, dragging, marks that are clicked.

function listen(chart) {
  const { plot, state } = chart;
  chart.plotly.newPlot(plot, [], { width: plot.clientWidth, height: 1 }, { displayModeBar: false });
  plot.on('plotly_relayout', (change) => {
    const [from, to] = [change['xaxis.range[0]'], change['xaxis.range[1]']];
    if (from !== undefined) look(chart, state.market, from + 0.5, to + 0.5);
  });
  plot.on('plotly_click', (event) => {
    const row = event.points[0].customdata;
    if (row !== undefined) chart.run.open(row);
  });
  plot.addEventListener('pointermove', (event) => {
    const at = barUnder(chart, event.clientX);
    if (at !== null) readout(chart, at);
  });
  plot.addEventListener('wheel', (event) => wheeled(chart, event), { passive: false });
  plot.addEventListener('keydown', (event) => keyed(chart, event));
  // The wheel belongs to the page until the chart is clicked.
  document.addEventListener('pointerdown', (event) => {
    chart.active = plot.contains(event.target);
    plot.classList.toggle('active', chart.active);
  });
  toggles(chart);
  buttons(chart);
  new ResizeObserver(() => later(chart)).observe(plot);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => later(chart));
  for (const [name, paper] of [['beforeprint', true], ['afterprint', false]]) {
    addEventListener(name, () => {
      state.paper = paper;
      draw(chart);
    });
  }
}

function toggles(chart) {
  const { head } = chart.run;
  const names = ['setups', 'lines', 'linear', ...head.variants.map((name) => `of-${name}`)];
  for (const name of names) element(`chart-${name}`).addEventListener('change', () => later(chart));
  element('chart-drag').addEventListener('change', (event) => {
    chart.state.drag = event.target.checked ? 'zoom' : 'pan';
    later(chart);
  });
  element('chart-market').addEventListener('change', (event) => changed(chart, Number(event.target.value)));
}

// Another market at the same time, as far as it has bars then.
function changed(chart, market) {
  const { run, state } = chart;
  const before = run.markets[state.market].bars.time;
  const after = run.markets[market].bars.time;
  const stamps = [state.from, state.to].map((at) => before[Math.min(Math.max(Math.round(at), 0), before.length - 1)]);
  const [from, to] = stamps.map((stamp) => rowAt(after, stamp));
  look(chart, market, to - from < LEAST ? to - 260 : from, Math.max(to, LEAST));
}

function buttons(chart) {
  for (const button of document.querySelectorAll('[data-range]')) {
    button.addEventListener('click', () => ranged(chart, button.dataset.range));
  }
  for (const button of document.querySelectorAll('[data-move]')) {
    button.addEventListener('click', () => moved(chart, button.dataset.move));
  }
}

// So much time, up to where the view ends.
function ranged(chart, name) {
  const { state, run } = chart;
  const { time, rows } = run.markets[state.market].bars;
  if (name === 'all') {
    look(chart, state.market, 0, rows);
    return;
  }
  const end = Math.min(Math.ceil(state.to), rows);
  look(chart, state.market, rowAt(time, time[end - 1] - RANGES[name]), end);
}

function moved(chart, how) {
  const { state } = chart;
  const span = state.to - state.from;
  const aside = { earlier: -STEPS_ASIDE, later: STEPS_ASIDE }[how];
  if (aside) look(chart, state.market, state.from + 0.5 + aside * span, state.to + 0.5 + aside * span);
  else zoomed(chart, how === 'in' ? 0.5 : 2, (state.from + state.to) / 2);
}

function zoomed(chart, factor, around) {
  const { state } = chart;
  const [from, to] = [state.from, state.to].map((at) => around + (at - around) * factor);
  look(chart, state.market, from + 0.5, to + 0.5);
}

function barUnder(chart, x) {
  const axis = chart.plot._fullLayout?.xaxis;
  if (!axis) return null;
  const at = x - chart.plot.getBoundingClientRect().left - axis._offset;
  if (at < 0 || at > axis._length) return null;
  const [from, to] = axis.range;
  return Math.round(from + (at / axis._length) * (to - from));
}

function wheeled(chart, event) {
  if (!(chart.active || event.ctrlKey || event.metaKey)) return;
  const at = barUnder(chart, event.clientX);
  if (at === null) return;
  event.preventDefault();
  zoomed(chart, Math.exp(Math.max(Math.min(event.deltaY, 300), -300) * 0.0015), at);
}

function keyed(chart, event) {
  const moves = { ArrowLeft: 'earlier', ArrowRight: 'later', '+': 'in', '-': 'out' };
  if (!Object.hasOwn(moves, event.key) || event.target !== chart.plot) return;
  event.preventDefault();
  moved(chart, moves[event.key]);
}

// To a trade: its market, with bars before and after as many again, and its setup with it.
function jump(chart, row) {
  const { run, state } = chart;
  const { trades, setups } = run;
  const setup = trades.setup[row] >= 0 ? trades.setup[row] : null;
  Object.assign(state, { chosen: row, setup });
  const variant = element(`chart-of-${trades.variant[row]}`);
  variant.checked = true;
  const begins = setup === null ? trades.entry[row] : Math.min(begun(run, setup), trades.entry[row]);
  around(chart, trades.market[row], begins, trades.exit[row]);
}

function jumpToSetup(chart, row) {
  const { run, state } = chart;
  Object.assign(state, { chosen: null, setup: row });
  around(chart, run.setups.market[row], begun(run, row), run.setups.known[row]);
}

// The first bar that a setup is made of.
function begun(run, row) {
  const made = run.head.anchors.map((name) => run.setups[`at_${name}`][row]).filter((bar) => bar >= 0);
  const lines = (run.linesOf.get(row) ?? []).map((line) => run.lines.from[line]);
  return Math.max(Math.min(run.setups.known[row], ...made, ...lines), run.setups.known[row] - 300);
}

function around(chart, market, first, last) {
  const room = Math.max(Math.round((last - first) * 0.5), 25);
  look(chart, market, first - room, last + room);
}
