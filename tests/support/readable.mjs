// What keeps a person from reading a page, as far as a browser can tell.

/** Runs in the page, and so stands alone. `width` is the screen's; a page that is too wide makes its own window wider. */
export function complaints(width) {
  const SMALLEST = 11;
  const CONTRAST = 4.5;
  const found = [];
  const short = (text) => JSON.stringify(text.trim().replace(/\s+/g, " ").slice(0, 60));

  // Colours as numbers, whatever their notation; those below shine through.
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const blend = (colours) => {
    pen.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
    }
    return pen.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([red, green, blue]) => {
    const linear = [red, green, blue].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const contrast = (element, colour) => {
    const below = [];
    for (let at = element; at; at = at.parentElement) below.unshift(getComputedStyle(at).backgroundColor);
    const [paper, ink] = [blend(["white", ...below]), blend(["white", ...below, colour])].map(luminance);
    return (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
  };

  const whole = document.documentElement.scrollWidth;
  if (whole > width || innerWidth > width) found.push(`the page is ${Math.max(whole, innerWidth)} px wide`);
  if (document.title.includes("broken out")) found.push("text of a report ran as a script");

  // Text: large enough, dark enough, and, where it does not scroll, within its page.
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const { data, parentElement: element } = nodes.currentNode;
    const shown = element.checkVisibility() && !element.closest(".hidden, .skip, title, desc");
    if (!data.trim() || !shown) continue;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement;
    const size = parseFloat(style.fontSize) * (drawn ? element.getScreenCTM().a : 1);
    if (size < SMALLEST) found.push(`${size.toFixed(1)} px are too small: ${short(data)}`);
    const ratio = contrast(element, drawn ? style.fill : style.color);
    if (ratio < CONTRAST) found.push(`a contrast of ${ratio.toFixed(2)} is too weak: ${short(data)}`);
    const range = document.createRange();
    range.selectNodeContents(nodes.currentNode);
    const { left, right } = range.getBoundingClientRect();
    const scrolls = element.closest(".scroll");
    const end = scrolls?.getBoundingClientRect().right ?? width;
    if (element.closest(".badge") && right > end) found.push(`a judgement is out of sight: ${short(data)}`);
    if (!scrolls && (left < 0 || right > width)) found.push(`cut off at ${left.toFixed()} to ${right.toFixed()}: ${short(data)}`);
  }

  // Charts: there, with something in them, and no label over another.
  for (const figure of document.querySelectorAll("figure")) {
    const charts = [...figure.querySelectorAll("svg[role=img]")].filter((chart) => chart.checkVisibility());
    const name = short(figure.querySelector("figcaption").textContent);
    if (charts.length !== 1 && !figure.querySelector(".empty")) found.push(`${charts.length} charts are shown of ${name}`);
    for (const chart of charts) {
      const box = chart.getBoundingClientRect();
      if (box.width < 200 || box.height < 30) found.push(`${name} is ${box.width} × ${box.height} px`);
      const marks = [...chart.querySelectorAll(".line, .bar, rect.bad, .dot")].map((mark) => mark.getBoundingClientRect());
      if (!marks.some((mark) => mark.width + mark.height > 1)) found.push(`nothing is drawn in ${name}`);
      const labels = [...chart.querySelectorAll("text")].map((label) => [label.textContent, label.getBoundingClientRect()]);
      labels.forEach(([text, a], at) => {
        if (a.left < box.left - 1 || a.right > box.right + 1) found.push(`${short(text)} stands out of ${name}`);
        for (const [other, b] of labels.slice(at + 1)) {
          const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          // A line's box is higher than its letters.
          if (across > 0 && down > 4) found.push(`${short(text)} stands over ${short(other)} in ${name}`);
        }
      });
    }
  }
  return found;
}
