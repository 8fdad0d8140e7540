/** The smallest client there can be: a form and a timer that asks every two seconds, without cookie and headers. */

import { readFileSync } from "node:fs";

import type { Page } from "@playwright/test";

import { SUBJECT, type Server } from "../fixtures/server.ts";
import { answered, expect, test } from "../fixtures/test.ts";

const CLIENT = readFileSync(new URL("../fixtures/simple-client.html", import.meta.url), "utf8");

/** Opens the client as a page of the server's own. */
async function open(page: Page, server: Server): Promise<void> {
  await page.route("**/simple-client.html", async (route) => await route.fulfill({ contentType: "text/html", body: CLIENT }));
  await page.goto(`${server.url}/simple-client.html`);
}

async function create(page: Page, subject: string): Promise<void> {
  await page.getByLabel("Subject").fill(subject);
  await page.getByLabel("Player").fill("Ada");
  await page.getByRole("button", { name: "Create" }).click();
}

test.describe("a steady story", () => {
  test.use({ pace: "steady" });

  test("is started, followed by the id that the start gave, and seen to its end", async ({ page, server }) => {
    const cookies: string[] = [];
    page.on("request", (request) => {
      const cookie = request.headers()["cookie"];
      if (cookie !== undefined && request.url().includes("/api/")) cookies.push(cookie);
    });
    await open(page, server);
    await create(page, SUBJECT);
    await expect(page.locator("#message")).toHaveText("Story creation started");
    await expect(page.locator("#status")).toHaveText("running", { timeout: 30_000 });
    await expect(page.locator("#step")).toHaveText(/^[1-5] of 5: /);
    await expect(page.locator("#status")).toHaveText("completed", { timeout: 60_000 });
    await expect(page.locator("#message")).toHaveText(/^Story creation completed: \d+ chapters, \d+ words$/);
    await expect(page.locator("#step")).toHaveText("5 of 5: Finalizing");
    await expect(page.locator("progress")).toHaveJSProperty("value", 100);
    const seen: { status: string; progress: number }[] = await page.evaluate("seen");
    const progress = seen.map((answer) => answer.progress);
    expect(progress, "the bar never goes back").toEqual([...progress].sort((a, b) => a - b));
    expect(cookies, "no cookie is sent").toEqual([]);
    expect(await page.context().cookies(), "and none is set").toEqual([]);
  });
});

test.describe("a slow story", () => {
  test.use({ pace: "slow" });

  test("is cancelled while it runs", async ({ page, server }) => {
    await open(page, server);
    await create(page, SUBJECT);
    await expect(page.locator("#status")).toHaveText("running", { timeout: 30_000 });
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect(page.locator("#status")).toHaveText("cancelled", { timeout: 30_000 });
    await expect(page.locator("#message")).toHaveText("Story creation was cancelled");
  });
});

test.describe("what cannot be started", () => {
  test.use({ expectedErrors: answered(400) });

  test("is said with its reason", async ({ page, server }) => {
    await open(page, server);
    await create(page, "nothing");
    await expect(page.locator("#message")).toHaveText("400 Research file not found");
    await create(page, "");
    await expect(page.locator("#message")).toHaveText(/^400 .*subject/);
  });
});
