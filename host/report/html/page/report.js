// Draws the charts of the page. The data, in the element with the id "data", has for each canvas, by id, a spec
//   kind    "line", "bar", or "spans" (floating bars in rows)
//   x, y    title, scale: linear | log | percent | nines (log10 of 1/(1-q)) | category; min, max, ticks, reach (what
//           the axis has to hold at least)
//   labels  of bars or rows
//   series  name, color (a number, "muted" or "faint"), dash, light, markers, stack, and
//           points [x, y] with an optional band [low, high] each | values | points [from, to, row]
//           of figures also bars ([low, high] or null) and notes of its points; apart: no line between them; hollow,
//           ring, crossed: how its marks look; quiet: not in the legend
//   near    "xy": what is pointed at is the nearest point, not all at one x
//   marks   vertical lines: x, text, kind;   levels: horizontal ones, by their y
'use strict';
(() => {
  const specs = JSON.parse(document.getElementById('data').textContent);
  const root = document.documentElement;
  const dashes = [[], [6, 3], [2, 3], [8, 3, 2, 3], [12, 4], [4, 2, 1, 2]];
  const points = ['circle', 'rect', 'triangle', 'rectRot', 'cross', 'star'];
  const kinds = {fault: '--bad', heal: '--good', reconfigure: '--info', mark: '--muted'};

  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const hue = (color) => (typeof color === 'number' ? css(`--series-${color % 7}`) : css(`--${color}`));
  const faded = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, '0');

  function tick(scale) {
    if (scale === 'nines')
      return (v) => (Number.isInteger(v) ? `${+((1 - 10 ** -v) * 100).toFixed(Math.max(0, v - 2))} %` : '');
    if (scale === 'percent') return (v) => `${+(v * 100).toFixed(2)} %`;
    const short = new Intl.NumberFormat('en', {maximumSignificantDigits: 3, notation: 'compact'});
    if (scale !== 'log') return (v) => short.format(v);
    // 1, 2 and 5 of a decade are enough, unless the axis is shorter than one.
    return function (v) { return this.max < 10 * this.min || /^[125]/.test(v.toExponential()) ? short.format(v) : ''; };
  }

  function axis(of, labels) {
    const out = {
      title: {display: !!of.title, text: of.title, color: css('--muted')},
      grid: {color: css('--grid'), borderColor: css('--rule'), tickLength: 4},
      ticks: {color: css('--muted'), maxRotation: 0},
    };
    if (of.scale === 'category') {
      // Names from records may be long.
      const name = (i) => (labels[i].length > 24 ? labels[i].slice(0, 23) + '…' : labels[i]);
      return Object.assign(out, {type: 'category', labels, ticks: {...out.ticks, autoSkip: false, callback: name}});
    }
    out.type = of.scale === 'log' ? 'logarithmic' : 'linear';
    out.ticks.callback = tick(of.scale);
    if (of.scale === 'nines') out.ticks.stepSize = 1;
    if ('min' in of) out.min = of.min;
    if ('max' in of) out.max = of.max;
    if (of.reach) [out.suggestedMin, out.suggestedMax] = of.reach;
    if (of.ticks) {
      out.afterBuildTicks = (a) => { a.ticks = of.ticks.map((value) => ({value})); };
      out.ticks.callback = tick('linear');
    }
    return out;
  }

  function lines(spec) {
    const out = [];
    for (const s of spec.series) {
      const color = s.light ? faded(hue(s.color), 0.6) : hue(s.color);
      const few = s.markers ?? s.points.filter((p) => p[1] !== null).length < 3;
      const mark = s.ring ? 'circle' : s.crossed ? 'crossRot' : points[(s.dash ?? s.color ?? 0) % points.length];
      out.push({
        label: s.name, data: s.points.map(([x, y]) => ({x, y})), clip: 6, borderColor: color, backgroundColor: color,
        borderWidth: s.color === 'muted' ? 1 : 1.75, tension: 0, spanGaps: false,
        borderDash: dashes[(s.dash ?? (s.color === 'muted' ? 2 : s.color)) % dashes.length],
        pointRadius: s.ring || s.crossed ? 7 : s.hollow ? 3.5 : few ? 3 : 0, pointHitRadius: s.ring || s.crossed ? 0 : 8, pointStyle: mark,
        pointBorderColor: s.crossed ? css('--text') : color, pointBorderWidth: s.hollow ? 1.5 : 1, showLine: !s.apart, quiet: s.quiet, bars: s.bars,
        pointBackgroundColor: s.ring ? 'transparent' : s.hollow ? css('--page') : color, notes: s.notes,
      });
      if (!s.band) continue;
      const edge = (i, fill) => ({
        label: '', data: s.points.map(([x], k) => ({x, y: s.band[k][i]})), borderWidth: 0, pointRadius: 0,
        pointHitRadius: 0, backgroundColor: faded(hue(s.color), 0.16), borderColor: 'transparent', fill,
      });
      out.push(edge(0, false), edge(1, '-1'));
    }
    return out;
  }

  function bars(spec) {
    return spec.series.map((s) => ({
      label: s.name, data: s.values, stack: s.stack, backgroundColor: faded(hue(s.color), s.light ? 0.4 : 1),
      borderColor: hue(s.color), borderWidth: s.light ? 1 : 0, maxBarThickness: 26,
      categoryPercentage: spec.horizontal ? 0.8 : 0.5,
    }));
  }

  function spans(spec) {
    return spec.series.map((s) => ({
      label: s.name, data: s.points.map(([from, to, row]) => ({x: [from, to], y: spec.labels[row]})),
      backgroundColor: hue(s.color), grouped: false, barPercentage: 0.8, categoryPercentage: 1, minBarLength: 1,
    }));
  }

  // Vertical lines with their words beside them, and horizontal levels.
  const marks = {
    id: 'marks',
    afterDatasetsDraw(chart) {
      const {ctx, chartArea: area, scales: {x, y}} = chart;
      const {marks: list = [], levels = []} = chart.options.plugins.marks.of;
      ctx.save();
      ctx.font = `10px ${Chart.defaults.font.family}`;
      ctx.lineWidth = 1;
      const named = list.length <= 24;  // more words than that hide the curves; the table of events has them
      let free = -Infinity;             // where words do not run into the ones before
      for (const mark of list) {
        const at = x.getPixelForValue(mark.x);
        if (!(at >= area.left && at <= area.right)) continue;
        ctx.strokeStyle = ctx.fillStyle = css(kinds[mark.kind] ?? '--muted');
        ctx.setLineDash(mark.kind === 'fault' ? [] : mark.kind === 'heal' ? [4, 3] : [1, 3]);
        ctx.beginPath();
        ctx.moveTo(at, area.top);
        ctx.lineTo(at, area.bottom);
        ctx.stroke();
        if (!named || at < free) continue;
        const words = mark.text.slice(0, 40);
        ctx.save();
        ctx.translate(at + 3, area.top + 4);
        ctx.rotate(Math.PI / 2);
        ctx.setLineDash([]);
        ctx.lineWidth = 3;
        ctx.strokeStyle = css('--page');  // a halo
        ctx.strokeText(words, 0, 0);
        ctx.fillText(words, 0, 0);
        ctx.restore();
        free = at + 13;
      }
      ctx.strokeStyle = css('--muted');
      ctx.setLineDash([2, 3]);
      for (const level of levels) {
        const at = y.getPixelForValue(level);
        ctx.beginPath();
        ctx.moveTo(area.left, at);
        ctx.lineTo(area.right, at);
        ctx.stroke();
      }
      ctx.restore();
    },
  };

  // Intervals of points, cut where the chart ends.
  const bars_of_points = {
    id: 'bars_of_points',
    afterDatasetsDraw(chart) {
      const {ctx, chartArea: area, scales: {y}} = chart;
      const at = (value) => Math.min(area.bottom, Math.max(area.top, y.getPixelForValue(value)));
      ctx.save();
      ctx.lineWidth = 1;
      chart.data.datasets.forEach((set, i) => {
        if (!set.bars) return;
        ctx.strokeStyle = set.borderColor;
        chart.getDatasetMeta(i).data.forEach(({x}, k) => {
          if (!set.bars[k]) return;
          const [low, high] = set.bars[k].map(at);
          ctx.beginPath();
          for (const end of [low, high]) {
            ctx.moveTo(x - 3, end);
            ctx.lineTo(x + 3, end);
          }
          ctx.moveTo(x, low);
          ctx.lineTo(x, high);
          ctx.stroke();
        });
      });
      ctx.restore();
    },
  };

  function draw(canvas, spec) {
    Chart.getChart(canvas)?.destroy();
    const type = spec.kind === 'line' ? 'line' : 'bar';
    const sideways = spec.kind === 'spans' || spec.horizontal;
    const datasets = {line: lines, bar: bars, spans}[spec.kind](spec);
    const stacked = spec.series.some((s) => s.stack);
    const scales = {x: axis(spec.x, spec.labels), y: axis(spec.y, spec.labels)};
    if (stacked) scales.x.stacked = scales.y.stacked = true;
    // Labels, not the index of them, tell rows of spans apart: equal ones must stay two rows.
    if (spec.kind === 'spans') scales.y.labels = spec.labels;
    if (sideways) scales.y.grid.display = false;
    new Chart(canvas, {
      type,
      data: {labels: spec.kind === 'bar' ? spec.labels : undefined, datasets},
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, indexAxis: sideways ? 'y' : 'x',
        devicePixelRatio: Math.max(2, window.devicePixelRatio), parsing: spec.kind !== 'line' ? undefined : false,
        interaction: {mode: 'nearest', intersect: spec.kind !== 'line', axis: sideways || spec.near ? 'xy' : 'x'},
        scales,
        plugins: {
          marks: {of: spec},
          legend: {
            display: datasets.length > 1 || spec.kind === 'spans', align: 'start',
            labels: {color: css('--text'), boxWidth: 22, boxHeight: spec.kind === 'line' ? 0 : 9, padding: 10,
                     filter: (item, of) => item.text !== '' && !of.datasets[item.datasetIndex].quiet},
            onClick: undefined,
          },
          tooltip: {
            filter: (item) => item.dataset.label !== '',
            callbacks: {afterLabel: (item) => item.dataset.notes?.[item.dataIndex] ?? ''},
          },
        },
      },
      plugins: [marks, bars_of_points],
    });
  }

  function draw_all() {
    Chart.defaults.font.family = css('--font');
    Chart.defaults.font.size = 11;
    for (const [id, spec] of Object.entries(specs)) draw(document.getElementById(id), spec);
  }

  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw_all);
  // Paper is white whatever the screen is. The style sheet gives .paper the sizes of print, so that charts are drawn at
  // the size at which they are printed.
  addEventListener('beforeprint', () => { root.classList.add('paper'); draw_all(); });
  addEventListener('afterprint', () => { root.classList.remove('paper'); draw_all(); });
  draw_all();
})();
