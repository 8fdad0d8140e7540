import { chromium } from "playwright-core";
import { pathToFileURL } from "node:url";
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox","--disable-gpu","--allow-file-access-from-files"] });
const page = await browser.newPage({ viewport: { width: 1900, height: 1000 } });
import { writeFileSync } from "node:fs";
for (const arg of process.argv.slice(2)) {
  const [out, width, ...names] = arg.split(",");
  writeFileSync("/tmp/sheet.html", `<body style="margin:0;display:flex;gap:8px;background:#888;align-items:start">${names.map((n) => `<div style="width:${width}px;max-height:1400px;overflow:hidden"><img src="/tmp/shots/${n}.png" style="width:100%;display:block"></div>`).join("")}</body>`);
  await page.setViewportSize({ width: (Number(width) + 8) * names.length, height: 600 });
  await page.goto("file:///tmp/sheet.html");
  await page.screenshot({ path: `/tmp/sheet-${out}.png`, fullPage: true });
}
await browser.close();
