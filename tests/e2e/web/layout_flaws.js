// Every visible piece of text with its rectangle, and what is wrong with it. A font's own box is taller than its line,
// so a quarter is taken off above and below.
() => {
  const flaws = [], pieces = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) flaws.push(`page is ${root.scrollWidth} x ${root.scrollHeight}`);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, text = node.textContent.trim();
    const parent = node.parentElement;
    if (!text || !parent.checkVisibility({ visibilityProperty: true }) || parent.closest('.vh, noscript, script')) continue;
    if (getComputedStyle(parent).clipPath !== 'none') continue;
    if (parent instanceof HTMLElement && parent.scrollWidth > parent.clientWidth + 1 && parent.clientWidth > 0) flaws.push(`"${text}" is cut`);
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) {
      const box = { left: r.left + 1, right: r.right - 1, top: r.top + r.height / 4, bottom: r.bottom - r.height / 4, text, node };
      for (let up = parent; up; up = up.parentElement) {
        const clip = up.getBoundingClientRect();
        if (up !== document.body && getComputedStyle(up).overflow === 'visible' && !up.matches('.panel, .verdict, header')) continue;
        if (box.left < clip.left - 1 || box.right > clip.right + 1 || box.top < clip.top - 1 || box.bottom > clip.bottom + 1)
          flaws.push(`"${text}" leaves ${up.className || up.id || up.tagName}`);
      }
      for (const other of pieces)
        if (other.node !== node && box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom)
          flaws.push(`"${text}" lies on "${other.text}"`);
      pieces.push(box);
    }
  }
  const regions = [...document.querySelectorAll('header, .modes, .stale, .verdict, .picture, .strip, .counters, .rate, .alarms')]
    .filter((one) => one.checkVisibility()).map((one) => [one.className || one.tagName, one.getBoundingClientRect()]);
  regions.forEach(([a, r], i) => regions.slice(i + 1).forEach(([b, q]) => {
    if (r.left < q.right - 1 && q.left < r.right - 1 && r.top < q.bottom - 1 && q.top < r.bottom - 1) flaws.push(`${a} lies on ${b}`);
  }));
  return flaws;
}
