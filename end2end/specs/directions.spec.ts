/** Names and texts in right-to-left scripts stand in their own direction, the page around them in its. */

import type { Locator } from "@playwright/test";

import { Api } from "../fixtures/api.ts";
import { Commands } from "../fixtures/commands.ts";
import { expect, test } from "../fixtures/test.ts";

/** A name in Hebrew that ends in a bracket, which would go to the wrong side. */
const NAME = "\u05de\u05d2\u05d3\u05dc\u05d5\u05e8 (1)";
const TEXT = `${NAME}\n\nThe light was lit.\n\n- ${NAME}\n- two\n`;

const commands = new Commands(
  `[commands.keep]
title = "Keep"
argv = ["sh", "-c", 'cp "$FROM"/text.md "$PARAM_NAME.md"']
set_env = { FROM = "{config_dir}" }
results = ["*"]
[commands.keep.params.name]
type = "text"
required = true
env = "PARAM_NAME"
`,
  { "text.md": TEXT },
);

/** The direction of the element that a locator finds. */
async function direction(locator: Locator): Promise<string> {
  return await locator.first().evaluate((element) => getComputedStyle(element).direction);
}

/** Whether the text of a block begins at its right edge. */
async function beginsRight(block: Locator): Promise<boolean> {
  return await block.first().evaluate((element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const [text, box] = [range.getBoundingClientRect(), element.getBoundingClientRect()];
    return box.right - text.right < text.left - box.left;
  });
}

test.use({ settings: commands.settings });

for (const javaScriptEnabled of [true, false]) {
  test(`${javaScriptEnabled ? "with" : "without"} JavaScript`, async ({ browser, server, home, page }) => {
    await home.open();
    const api = new Api(page.request);
    const id = await api.start("keep", { name: NAME });
    await api.untilEnded(id);
    const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled, storageState: await page.context().storageState() });
    const tab = await context.newPage();

    await tab.goto("/tasks");
    await expect(tab.locator(".rows a").first()).toHaveAttribute("dir", "auto");
    expect(await direction(tab.locator(".rows .badge"))).toBe("ltr");

    await tab.goto(`/tasks/${id}`);
    await expect(tab.getByRole("heading", { level: 1 })).toHaveAttribute("dir", "auto");
    expect(await direction(tab.locator(".input bdi").filter({ hasText: NAME }))).toBe("rtl");
    expect(await direction(tab.locator(".files a").filter({ hasText: NAME }))).toBe("rtl");
    expect(await direction(tab.locator(".files small"))).toBe("ltr");

    await tab.locator(".files a").filter({ hasText: NAME }).first().click();
    expect(await direction(tab.getByRole("heading", { level: 1 }))).toBe("rtl");
    const text = tab.locator(".rendered");
    expect(await beginsRight(text.locator("p").filter({ hasText: NAME }))).toBe(true);
    expect(await beginsRight(text.locator("p").filter({ hasText: "The light" }))).toBe(false);
    await context.close();
  });
}
