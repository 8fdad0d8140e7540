/** A page whose texts a browser's translation has replaced, and what loads no script. */

import { Api } from "../fixtures/api.ts";
import { SUBJECT } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

/** How a translator changes a text: it puts another one into its place, at once or in two steps, or moves it into an element. */
const WAYS = ["replaces texts", "inserts and removes texts", "moves texts into elements"];

test.describe("a translator that", () => {
  test.use({ pace: "slow" });

  for (const way of WAYS) {
    test(way, async ({ page, taskPage, home }) => {
      await home.open();
      const api = new Api(page.request);
      const id = await api.start("story", { subject: SUBJECT, player: "Ada" });
      await taskPage.open(id);
      await taskPage.alive();
      await page.evaluate((way) => {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const texts: Text[] = [];
        while (walker.nextNode()) texts.push(walker.currentNode as Text);
        for (const text of texts.filter((text) => !["SCRIPT", "STYLE", "NOSCRIPT"].includes(text.parentElement?.nodeName ?? "") && text.data.trim() !== "")) {
          const font = document.createElement("font");
          font.textContent = `[${text.data}]`;
          if (way === "replaces texts") {
            text.replaceWith(font);
          } else if (way === "inserts and removes texts") {
            text.parentNode?.insertBefore(font, text);
            text.remove();
          } else {
            text.replaceWith(font);
            font.replaceChildren(text);
          }
        }
      }, way);
      const percent = page.locator(".pct");
      const before = await percent.innerText();
      await expect(percent, "the percent goes on").not.toHaveText(before, { timeout: 30_000 });
      await expect(percent).toHaveText(/^\d+ %$/);
      await page.locator("#task-cancel button").click();
      await expect(taskPage.status("Cancelled")).toBeVisible();
      await expect(page.locator("[data-status]").first()).toHaveAttribute("data-status", "cancelled");
      await expect(page.locator("[data-status]").first()).not.toContainText("In progress");
    });
  }
});

test.describe("a page without an island", () => {
  test.use({ expectedErrors: answered(404) });

  test("loads no WASM", async ({ page, home }) => {
    await home.open();
    const api = new Api(page.request);
    const id = await api.start("story", { subject: SUBJECT, player: "Ada" });
    await api.untilEnded(id);
    const loaded: string[] = [];
    page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
    for (const path of [`/tasks/${id}/result`, `/tasks/${id}/files`, "/nothing"]) {
      await page.goto(path, { waitUntil: "networkidle" }).catch(() => null);
      expect(loaded.filter((file) => /\.(wasm|js)$/.test(file)), path).toEqual([]);
    }
    await page.goto(`/tasks/${id}`, { waitUntil: "networkidle" });
    expect(loaded.some((file) => file.endsWith(".wasm")), "a page with one does").toBe(true);
  });
});
