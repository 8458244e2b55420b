// Why this trade: the setup's conditions and their values, and what became of it.

const SIDES = { '-1': 'against the setup', 0: 'neither way', 1: 'with the setup' };

function pairs(rows) {
  const list = make('dl', undefined, { class: 'pairs' });
  for (const [name, value] of rows) {
    const pair = make('div');
    pair.append(make('dt', name), make('dd', value));
    list.append(pair);
  }
  return list;
}

function part(title, ...content) {
  const made = make('div', undefined, { class: 'part' });
  made.append(make('h4', title), ...content);
  return made;
}

function action(text, done) {
  const button = make('button', text, { type: 'button', class: 'plain' });
  button.addEventListener('click', done);
  return button;
}

// A trade's card.
function tradeCard(run, row) {
  const { trades: t, head } = run;
  const market = head.markets[t.market[row]];
  const parts = [part('The trade', pairs(tradeRows(run, row)))];
  const setup = t.setup[row];
  if (setup >= 0) parts.push(...setupParts(run, setup, t.variant[row]));
  else parts.push(part('Its setup', make('p', `${capital('known')} before this window’s test began, so it is not among the setups of the tests.`)));
  parts.push(windowPart(run, t.window[row]));
  const kind = t.kind[row] ? `${capital(named(t.kind[row]))}, ` : '';
  card('Why this trade', `${kind}${market.symbol}, ${t.direction[row]}, ${named(t.variant[row])}: ${risks(t.r[row])}`, parts, [
    action('Back to its row', () => reveal(run.table, row)),
  ]);
}

// The card of a setup that no account traded.
function setupCard(run, row) {
  const { setups: s, head } = run;
  const parts = [...setupParts(run, row, null), windowPart(run, s.window[row])];
  card('Why no trade', `${capital(named(s.kind[row]))}, ${head.markets[s.market[row]].symbol}, ${s.direction[row]}: not traded by any account`, parts, []);
}

function card(why, title, parts, actions) {
  const box = element('trade-card');
  const grid = make('div', undefined, { class: 'parts' });
  grid.append(...parts);
  const bar = make('p');
  bar.append(...actions, action('Close', () => {
    box.hidden = true;
  }));
  box.replaceChildren(make('p', why, { class: 'eyebrow' }), make('h3', title), grid, bar);
  box.hidden = false;
}

function tradeRows(run, row) {
  const { trades: t, head } = run;
  const when = (name) => run.when(t.market[row], t[name][row]);
  const rows = [
    ['signal, at the close of', when('signal')],
    ['entry', `${when('entry')} at ${price(t.entry_price[row])}`],
    ['stop', price(t.stop[row])],
    ['target', Number.isNaN(t.target[row]) ? 'none' : price(t.target[row])],
    ['exit', `${when('exit')} at ${price(t.exit_price[row])}`],
    ['ended by', named(t.exit_reason[row], head.exits)],
    ['result', `${risks(t.r[row])}, ${money(t.pnl[row])} in money`],
    ['furthest against it, for it', `${reach(t.mae[row])}, ${reach(t.mfe[row])}`],
    ['bars held', count(t.bars[row])],
    ['fees', number(t.fees[row], 2)],
  ];
  if (t.carry[row]) rows.push(['funding, borrowing', number(-t.carry[row], 2, true)]);
  if (t.ambiguous[row]) rows.push(['ambiguous', 'a bar held stop and target both, and nothing tells which came first']);
  return rows;
}

function setupParts(run, row, variant) {
  const { setups: s, head } = run;
  const when = (bar) => run.when(s.market[row], bar);
  const rows = [['known at the close of', when(s.known[row])]];
  for (const name of head.anchors) if (s[`at_${name}`][row] >= 0) rows.push([named(name), when(s[`at_${name}`][row])]);
  rows.push(['must not break', price(s.stop[row])]);
  if (!Number.isNaN(s.target[row])) rows.push(['target of its own', price(s.target[row])]);
  if (s.veto[row]) rows.push(['vetoed', s.veto[row]]);
  const parts = [part('Its setup', pairs(rows))];
  const groups = { setup: 'Conditions', higher: 'Higher timeframe', context: 'Context', confluence: 'What other rules say' };
  for (const [group, title] of Object.entries(groups)) {
    const features = head.features.filter((one) => one.group === group).map((one) => [one.label, featureSaid(one, s[one.name][row])]);
    if (features.length) parts.push(part(title, pairs(features)));
  }
  const others = head.variants.filter((name) => name !== variant);
  if (!s.veto[row]) parts.push(...others.map((name) => otherPart(run, row, name)));
  return parts;
}

function featureSaid(feature, value) {
  if (Number.isNaN(value)) return 'not known';
  if (feature.form === 'flag') return value ? 'yes' : 'no';
  if (feature.form === 'side') return SIDES[value] ?? price(value);
  return feature.form === 'whole' ? count(value) : price(value);
}

// What another variant made of the same setup, by itself, and whether its account traded it too.
function otherPart(run, row, name) {
  const { setups: s, head } = run;
  const value = (key) => s[`${name}_${key}`][row];
  const made = [];
  if (value('fate') !== 'entered') made.push(make('p', `Not entered: ${named(value('fate'), head.fates)}.`));
  else {
    const when = (key) => run.when(s.market[row], value(key));
    made.push(pairs([
      ['entry', `${when('entry')} at ${price(value('entry_price'))}`],
      ['stop, target', `${price(value('stop'))}, ${Number.isNaN(value('target')) ? 'none' : price(value('target'))}`],
      ['exit', `${when('exit')} at ${price(value('exit_price'))}`],
      ['ended by', named(value('exit_reason'), head.exits)],
      ['result', risks(value('r'))],
    ]));
    const also = run.tradesBySetup.get(row)?.find((trade) => run.trades.variant[trade] === name);
    if (also === undefined) made.push(make('p', 'By itself; its account did not trade it.', { class: 'quiet' }));
    else made.push(action('Its trade in the account', () => run.open(also)));
  }
  return part(`${capital(named(name))}, the same setup by itself`, ...made);
}

function windowPart(run, number) {
  const window = run.head.windows.find((one) => one.number === number);
  const told = ([name, value, searched]) => [searched ? `${name} (searched)` : name, value];
  return part(`Parameters of window ${number}`, make('p', `Test from ${window.from} to ${window.to}.`, { class: 'quiet' }), pairs(window.parameters.map(told)));
}
