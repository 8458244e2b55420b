// The table of all trades: sorted, filtered, a page at a time.

const PAGE = 50;

// What a trader wants of a trade: its name, what it is sorted by, what is written.
function columnsOf(run) {
  const { trades: t, head } = run;
  const figure = (key, label, write) => ({ key, label, num: true, by: (row) => t[key][row], text: (row) => write(t[key][row]) });
  const word = (key, label, names) => {
    const text = (row) => named(t[key][row], names);
    return { key, label, by: text, text };
  };
  const time = (key, label) => ({
    key, label, by: (row) => run.markets[t.market[row]].bars.time[t[key][row]], text: (row) => run.when(t.market[row], t[key][row]),
  });
  const symbol = (row) => head.markets[t.market[row]].symbol;
  return [
    word('variant', 'Variant'), { key: 'symbol', label: 'Symbol', by: symbol, text: symbol }, word('kind', 'Kind'),
    word('direction', 'Side'), time('entry', 'Entry'), figure('entry_price', 'at', price), time('exit', 'Exit'),
    figure('exit_price', 'at', price), word('exit_reason', 'Ended by', head.exits), figure('r', 'R', risks),
    figure('mae', 'MAE', reach), figure('mfe', 'MFE', reach), figure('bars', 'Bars', count),
    { ...figure('ambiguous', 'Ambiguous', () => ''), num: false, text: (row) => (t.ambiguous[row] ? 'yes' : '') },
  ];
}

function make(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function makeTable(run) {
  const table = { run, columns: columnsOf(run), key: 'entry', down: false, page: 0, rows: [], all: [], words: null };
  table.all = Array.from({ length: run.trades.rows }, (_, row) => row);
  heads(table);
  filters(table);
  element('trades-before').addEventListener('click', () => turn(table, -1));
  element('trades-after').addEventListener('click', () => turn(table, 1));
  element('trades-filter').addEventListener('submit', (event) => event.preventDefault());
  element('trades-clear').addEventListener('click', () => cleared(table));
  element('trades-filter').addEventListener('input', () => refresh(table));
  refresh(table);
  return table;
}

function heads(table) {
  const line = element('trades-head');
  for (const column of table.columns) {
    const head = make('th', undefined, { scope: 'col', 'data-key': column.key, ...(column.num ? { class: 'num' } : {}) });
    const button = make('button', column.label, { type: 'button', title: `sort by ${column.label === 'at' ? `${column.key.replace('_', ' ')}` : column.label.toLowerCase()}` });
    button.addEventListener('click', () => {
      table.down = table.key === column.key ? !table.down : false;
      table.key = column.key;
      table.page = 0;
      refresh(table, true);
    });
    head.append(button);
    line.append(head);
  }
}

function filters(table) {
  const { run } = table;
  const { trades: t, head } = run;
  const values = {
    variant: head.variants, symbol: head.markets.map((market) => market.symbol), kind: distinct(t.kind),
    direction: distinct(t.direction), window: head.windows.map((one) => one.number),
  };
  for (const [name, many] of Object.entries(values)) {
    const select = element(`trades-by-${name}`);
    for (const value of many) select.append(make('option', named(`${value}`) || 'not known', { value }));
  }
}

function distinct(values) {
  return [...new Set(values)].sort();
}

// The tests that the filters make; none for a filter that is not set.
function asked(table) {
  const { trades: t, head } = table.run;
  const of = (name) => element(`trades-by-${name}`).value;
  const tests = [];
  for (const name of ['variant', 'kind', 'direction']) {
    if (of(name) !== 'all') tests.push((row) => t[name][row] === of(name));
  }
  if (of('symbol') !== 'all') tests.push((row) => head.markets[t.market[row]].symbol === of('symbol'));
  if (of('window') !== 'all') tests.push((row) => `${t.window[row]}` === of('window'));
  if (of('result') === 'open') tests.push((row) => t.exit_reason[row] === 'open');
  else if (of('result') !== 'all') {
    const won = of('result') === 'won';
    tests.push((row) => t.exit_reason[row] !== 'open' && t.pnl[row] > 0 === won);
  }
  const text = element('trades-text').value.trim().toLowerCase();
  if (text) {
    table.words ??= table.all.map((row) => table.columns.map((column) => column.text(row)).join(' ').toLowerCase());
    tests.push((row) => text.split(/\s+/).every((part) => table.words[row].includes(part)));
  }
  return tests;
}

// sorted: only the order has changed.
function refresh(table, sorted = false) {
  const tests = asked(table);
  if (!sorted) table.page = 0;
  const column = table.columns.find((one) => one.key === table.key);
  const by = new Map(table.all.map((row) => [row, column.by(row)]));
  table.rows = table.all.filter((row) => tests.every((test) => test(row)));
  table.rows.sort((a, b) => ordered(by.get(a), by.get(b), table.down) || a - b);
  for (const head of element('trades-head').children) {
    const mine = head.dataset.key === table.key;
    head.setAttribute('aria-sort', mine ? (table.down ? 'descending' : 'ascending') : 'none');
  }
  tally(table, tests.length > 0);
  rowsOf(table);
}

// What is not a number comes last either way.
function ordered(a, b, down) {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  const sign = a < b ? -1 : a > b ? 1 : 0;
  return down ? -sign : sign;
}

// How many are shown, and the mean of R over those of them that are closed and have one, as in the figures above.
function tally(table, subset) {
  const { trades: t } = table.run;
  const r = table.rows.filter((row) => t.exit_reason[row] !== 'open' && !Number.isNaN(t.r[row])).map((row) => t.r[row]);
  const mean = r.length ? risks(r.reduce((sum, one) => sum + one, 0) / r.length) : NONE;
  const of = subset ? ` of ${count(table.all.length)}` : '';
  const closed = `mean R of the closed ones ${mean} (n${THIN}=${THIN}${count(r.length)})`;
  const warning = subset ? '. A chosen subset: what is picked after the fact proves nothing about the rule.' : ', all variants together.';
  element('trades-tally').textContent = `${count(table.rows.length)}${of} ${table.all.length === 1 ? 'trade' : 'trades'}, ${closed}${warning}`;
}

function turn(table, by) {
  table.page += by;
  rowsOf(table);
}

function rowsOf(table) {
  const { rows, columns, run } = table;
  const pages = Math.max(Math.ceil(rows.length / PAGE), 1);
  table.page = Math.min(Math.max(table.page, 0), pages - 1);
  const from = table.page * PAGE;
  const body = element('trades-body');
  body.replaceChildren(...rows.slice(from, from + PAGE).map((row) => line(table, columns, run, row)));
  element('trades-page').textContent = rows.length ? `${count(from + 1)} to ${count(Math.min(from + PAGE, rows.length))}` : 'none';
  element('trades-before').disabled = table.page === 0;
  element('trades-after').disabled = table.page === pages - 1;
}

function line(table, columns, run, row) {
  const made = make('tr', undefined, { 'data-trade': row });
  columns.forEach((column, i) => {
    const cell = make(i ? 'td' : 'th', i ? column.text(row) : undefined, column.num ? { class: 'num' } : {});
    if (!i) {
      const button = make('button', undefined, { type: 'button', class: 'row', title: 'show on the chart, and why' });
      button.append(make('i', undefined, { class: `swatch ${run.trades.variant[row]}`, 'aria-hidden': 'true' }), column.text(row));
      cell.setAttribute('scope', 'row');
      cell.append(button);
    }
    made.append(cell);
  });
  made.addEventListener('click', () => run.open(row));
  made.classList.toggle('chosen', row === run.chosen);
  return made;
}

function cleared(table) {
  element('trades-filter').reset();
  refresh(table);
}

// The page of the table that holds a trade; what hides it is set back.
function reveal(table, row) {
  if (!table.rows.includes(row)) cleared(table);
  table.page = Math.floor(table.rows.indexOf(row) / PAGE);
  rowsOf(table);
  const shown = element('trades-body').querySelector(`[data-trade="${row}"]`);
  shown.scrollIntoView({ block: 'center' });
  shown.querySelector('button').focus({ preventScroll: true });
}
