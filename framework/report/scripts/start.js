// Everything is unpacked when the section comes near, so that the page is there before.

async function loaded() {
  const head = JSON.parse(element('chart-head').textContent);
  const tables = ['trades', 'setups', 'lines', ...head.markets.map((_, i) => `market-${i}`)];
  const [trades, setups, lines, ...bars] = await Promise.all(tables.map((name) => unpacked(`packed-${name}`)));
  const markets = head.markets.map((market, i) => ({ ...market, bars: bars[i], levels: resolutions(bars[i]) }));
  const run = { head, trades, setups, lines, markets, chosen: null };
  run.when = (market, row) => moment(markets[market].bars.time[row], markets[market].daily);
  const kinds = distinct(setups.kind);
  run.letters = Object.fromEntries(kinds.map((kind, i) => [kind, letter(i)]));
  run.setupsOf = grouped(setups.market, markets.length);
  run.tradesOf = grouped(trades.market, markets.length).map((rows) => groups(rows, (row) => trades.variant[row]));
  run.tradesBySetup = groups(Array.from(trades.setup.keys()), (row) => trades.setup[row]);
  run.linesOf = groups(Array.from(lines.setup.keys()), (row) => lines.setup[row]);
  return run;
}

function letter(i) {
  const [more, at] = [Math.floor(i / 26), i % 26];
  return `${more ? letter(more - 1) : ''}${String.fromCharCode(65 + at)}`;
}

function groups(rows, of) {
  const made = new Map();
  for (const row of rows) {
    const key = of(row);
    if (!made.has(key)) made.set(key, []);
    made.get(key).push(row);
  }
  return made;
}

function grouped(markets, n) {
  const made = Array.from({ length: n }, () => []);
  markets.forEach((market, row) => made[market].push(row));
  return made;
}

function kindsTold(run) {
  const list = element('chart-kinds');
  for (const [kind, sign] of Object.entries(run.letters)) {
    const item = make('li');
    item.append(make('b', sign, { class: 'letter' }), named(kind));
    list.append(item);
  }
}

// plotly, which its package brings as a script, put into the page as one.
async function library() {
  const script = make('script', new TextDecoder().decode(await inflated('packed-library')));
  document.head.append(script);
  return window.Plotly;
}

async function start() {
  const run = await loaded();
  run.open = (row) => opened(run, row).catch(failed);
  run.drawn = library().then((plotly) => makeChart(run, plotly));
  run.table = makeTable(run);
  kindsTold(run);
  await run.drawn;
}

// A trade's row, or −1 less a setup's: shown on the chart, with its card.
async function opened(run, row) {
  const trade = row >= 0 ? row : run.tradesBySetup.get(-1 - row)?.[0];
  run.chosen = trade ?? null;
  if (trade === undefined) setupCard(run, -1 - row);
  else tradeCard(run, trade);
  rowsOf(run.table);
  const chart = await run.drawn;
  if (trade === undefined) jumpToSetup(chart, -1 - row);
  else jump(chart, trade);
  chart.plot.focus({ preventScroll: true });
  element('chart-box').scrollIntoView({ block: 'start' });
}

function failed(error) {
  for (const id of ['chart-box', 'trades']) element(id).hidden = true;
  element('chart-without').hidden = false;
  element('chart-why').textContent = `${error.name}: ${error.message}`;
}

// Room for what is to come, so that nothing below it moves when it does.
function reserve() {
  const { trades } = JSON.parse(element('chart-head').textContent);
  const row = make('tr');
  row.append(make('td', '…', { style: `height:${Math.min(trades, PAGE) * 30}px` }));
  element('trades-body').append(row);
  for (const id of ['chart-box', 'trades']) element(id).hidden = false;
}

function near() {
  const section = element('chart');
  if (typeof DecompressionStream === 'undefined') {
    failed({ name: 'This browser', message: 'it is too old to unpack them (no DecompressionStream)' });
    return;
  }
  reserve();
  const observer = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    observer.disconnect();
    start().catch(failed);
  }, { rootMargin: '900px' });
  observer.observe(section);
}

near();
