// The chart's frame: axes, the tests' borders, the chosen trade; and the line of figures above it.

const PAPER = 660; // pixels that a sheet of paper is wide

function layoutOf(chart, scene) {
  const { plot, state } = chart;
  const { colours, market, bars, log, low, high } = scene;
  const width = state.paper ? Math.min(plot.clientWidth, PAPER) : plot.clientWidth;
  const narrow = width < 560;
  const below = Boolean(bars.panel);
  const x = dates(bars.time, scene.first, scene.last, state.to - state.from, Math.max(Math.floor(width / 95), 2));
  const y = prices(low, high, log);
  const quiet = { fixedrange: true, zeroline: false, gridcolor: colours.line, side: 'right', tickfont: { size: 11 } };
  const range = log ? [Math.log10(low), Math.log10(high)] : [low, high];
  return {
    width, height: narrow ? 440 : 560, dragmode: touched() ? false : state.drag, hovermode: 'closest', hoverdistance: 12,
    showlegend: false, margin: { l: 6, r: 58, t: 8, b: 26 }, paper_bgcolor: colours.card, plot_bgcolor: colours.card,
    font: { family: 'system-ui, sans-serif', color: colours.muted, size: 11 },
    hoverlabel: { bgcolor: colours.soft, bordercolor: colours.hold, font: { color: colours.ink, size: 12 }, align: 'left' },
    xaxis: {
      range: [state.from, state.to], tickvals: x.at, ticktext: x.text, gridcolor: colours.line, zeroline: false,
      rangeslider: { visible: false }, anchor: below ? 'y3' : 'y2', tickangle: 0, showgrid: false, type: 'linear',
    },
    yaxis: { ...quiet, domain: [below ? 0.41 : 0.2, 1], type: log ? 'log' : 'linear', range, tickvals: y.at, ticktext: y.text },
    yaxis2: { ...quiet, domain: below ? [0.25, 0.38] : [0, 0.17], nticks: 3, showgrid: false, ...volumeRange(scene) },
    ...(below ? { yaxis3: { ...quiet, domain: [0, 0.21], nticks: 4, ...panelRange(scene) } } : {}),
    shapes: shapesOf(chart, scene), annotations: notesOf(scene, below), barmode: 'overlay', bargap: 0.2,
  };
}

function touched() {
  return matchMedia('(pointer: coarse)').matches;
}

// The ends of what a resolution has in view.
function ends(scene, name) {
  const { level, state } = scene;
  const [a, b] = [Math.max(Math.floor(state.from / level.each), 0), Math.ceil(state.to / level.each) + 1];
  let [low, high] = [Infinity, -Infinity];
  for (const value of level[name].subarray(a, b)) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

function volumeRange(scene) {
  return { range: [0, ends(scene, 'volume')[1] * 1.05 || 1] };
}

function panelRange(scene) {
  const [low, high] = ends(scene, 'panel');
  const levels = partAt(scene.market, scene.state.to)?.levels ?? [];
  const [least, most] = [Math.min(low, ...levels), Math.max(high, ...levels)];
  const room = 0.08 * (most - least || 1);
  return { range: [least - room, most + room] };
}

function partAt(market, row) {
  return market.panel.findLast((part) => part.from <= row) ?? market.panel[0];
}

function notesOf(scene, below) {
  const note = (text, y) => ({
    text: plain(text), xref: 'paper', yref: 'paper', x: 0, y, xanchor: 'left', yanchor: 'bottom', showarrow: false, font: { size: 11 },
  });
  const volume = note(scene.market.volume ? 'volume' : 'volume: not known', below ? 0.375 : 0.165);
  const part = partAt(scene.market, Math.min(scene.state.to, scene.bars.rows - 1));
  return below && part ? [volume, note(part.name, 0.205)] : [volume];
}

// Where tests begin, as far as they are in the drawing, and the time of the trade or setup that was chosen.
function shapesOf(chart, scene) {
  const { state, run } = chart;
  const { colours } = scene;
  const upright = (x, color, dash) => ({
    type: 'line', xref: 'x', yref: 'paper', x0: x, x1: x, y0: 0, y1: 1, line: { color, width: 1, dash }, layer: 'below',
  });
  const shapes = scene.market.tests
    .filter((row) => row >= scene.first && row <= scene.last)
    .map((row) => upright(row - 0.5, colours.line, 'solid'));
  const { chosen, setup } = state;
  if (chosen !== null && run.trades.market[chosen] === state.market) {
    shapes.push({
      type: 'rect', xref: 'x', yref: 'paper', x0: run.trades.entry[chosen] - 0.5, x1: run.trades.exit[chosen] + 0.5,
      y0: 0, y1: 1, fillcolor: colours.soft, line: { width: 0 }, layer: 'below', opacity: 0.9,
    });
  }
  if (setup !== null && run.setups.market[setup] === state.market) shapes.push(upright(run.setups.known[setup], colours.ink, 'dot'));
  return shapes;
}

// The bar's date, prices, volume and panel in words, above the chart.
function readout(chart, row) {
  const { run, state } = chart;
  const { bars, daily } = run.markets[state.market];
  const market = run.markets[state.market];
  const at = Math.min(Math.max(row, 0), bars.rows - 1);
  const parts = ['open', 'high', 'low', 'close'].map((name) => `${name} ${price(bars[name][at])}`);
  if (market.volume) parts.push(`volume ${Number.isNaN(bars.volume[at]) ? NONE : number(bars.volume[at], bars.volume[at] >= 100 ? 0 : 2)}`);
  if (bars.panel) parts.push(`${partAt(market, at).name} ${price(bars.panel[at])}`);
  element('chart-readout').textContent = `${market.symbol} ${moment(bars.time[at], daily)}: ${parts.join(', ')}`;
}
