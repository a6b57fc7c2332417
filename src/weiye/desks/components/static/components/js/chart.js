// Charts: loaded only by pages that have one. The table behind a chart is in the page already;
// this draws its figures: <figure data-chart="bar|line"> <table>…</table> </figure>.
(() => {
  "use strict";
  const style = () => getComputedStyle(document.documentElement);
  const colour = (name) => style().getPropertyValue(name).trim();
  const number = (text) => {
    const found = text.replace(/[,，%\s]/g, "");
    return found === "" || found === "—" ? null : Number(found);
  };

  const read = (table) => {
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
    return { heads, names: rows.map((row) => row[0]), series: heads.slice(1).map((name, n) => ({ name, values: rows.map((row) => number(row[n + 1])) })) };
  };

  const DASHES = ["solid", "dashed", "dotted"];
  const draw = (figure) => {
    const table = figure.querySelector("table");
    const box = figure.querySelector("[data-chart-box]");
    const { names, series } = read(table);
    const kind = figure.dataset.chart;
    const colours = [colour("--wy-blue"), colour("--wy-soft"), colour("--wy-green")];
    const big = document.documentElement.classList.contains("wy-large") ? 18 : 13;
    const text = { color: colour("--wy-ink"), fontSize: big, fontFamily: getComputedStyle(document.body).fontFamily };
    box.hidden = false;
    const chart = echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: "svg" });
    const target = Number(figure.dataset.target);
    chart.setOption({
      animation: false,
      aria: { enabled: false },
      color: colours,
      textStyle: text,
      grid: { left: 8, right: 24, top: series.length > 1 ? 40 : 24, bottom: 8, containLabel: true },
      legend: series.length > 1 ? { top: 0, left: 0, textStyle: text } : undefined,
      // Drawn into the picture: a floating box would need inline styles.
      tooltip: { trigger: "axis", renderMode: "richText", textStyle: { fontSize: big } },
      xAxis: { type: "category", data: names, axisLabel: { ...text, hideOverlap: true }, axisLine: { lineStyle: { color: colour("--wy-field-line") } } },
      yAxis: { type: "value", axisLabel: text, splitLine: { lineStyle: { color: colour("--wy-line") } } },
      series: series.map(({ name, values }, n) => ({
        name, type: kind, data: values, barMaxWidth: 40, symbolSize: 7,
        lineStyle: { width: 2.5, type: DASHES[n % 3] },
        label: { show: names.length <= 12 && series.length === 1, position: "top", ...text },
        markLine: n === 0 && target ? { symbol: "none", silent: true, lineStyle: { color: colour("--wy-red"), type: "dashed" }, label: { ...text, color: colour("--wy-red"), position: "insideEndTop", formatter: `目标 ${target}` }, data: [{ yAxis: target }] } : undefined,
      })),
    }, true);
    chart.resize();
  };

  const figures = [...document.querySelectorAll("[data-chart]")];
  figures.forEach(draw);
  const again = () => figures.forEach(draw);
  addEventListener("resize", again);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
})();
